"""The generated modules are what the compiler makes of the texts, and the texts what the versions say."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError

from reference.protocol.kz.dialects import SUPPORTED, dialect_for
from reference.protocol.kz.proto import kkm124_pb2, kkm202_pb2, kkm203_pb2, kkm204_pb2
from tools import protoc

MODULES = {124: kkm124_pb2, 202: kkm202_pb2, 203: kkm203_pb2, 204: kkm204_pb2}


def test_committed_modules_hold_the_descriptors_of_the_texts(tmp_path: Path) -> None:
    fresh = {file.name: file for file in protoc.describe(tmp_path).file}
    assert len(fresh) == len(MODULES)
    for module in MODULES.values():
        committed = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(committed)
        expected = fresh[committed.name]
        _strip_json_names(expected.message_type)
        _strip_json_names(committed.message_type)
        assert committed == expected, f"{committed.name}: run python -m tools.protoc"


def test_generating_writes_a_module_and_a_stub_for_each_text(tmp_path: Path) -> None:
    assert protoc.main(["--into", str(tmp_path)]) == 0
    written = sorted(path.name for path in tmp_path.rglob("*_pb2.py*"))
    assert written == sorted(f"kkm{version}_pb2{end}" for version in SUPPORTED for end in (".py", ".pyi"))
    committed = protoc.CHECKOUT / protoc.FOLDER
    for path in tmp_path.rglob("*_pb2.pyi"):
        assert path.read_text() == (committed / path.name).read_text(), (
            f"{path.name}: run python -m tools.protoc"
        )


def test_a_text_that_does_not_compile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(protoc.GenerationError):
        protoc.generate(tmp_path / "missing")


@pytest.mark.parametrize(
    ("version", "messages", "fields"), [(124, 61, 237), (202, 65, 292), (203, 70, 327), (204, 70, 319)]
)
def test_a_version_has_its_number_of_messages_and_fields(version: int, messages: int, fields: int) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    assert len(dialect.fields) == fields
    assert len({field.rpartition(".")[0] for field in dialect.fields}) == messages


@pytest.mark.parametrize(
    ("version", "present", "absent"),
    [
        (124, "TicketRequest.Operator.code", "Operator.code"),
        (124, "TicketRequest.printed_document_number", "TicketRequest.parent_ticket"),
        (202, "OrgRegInfo.tenantId", "OrgRegInfo.address_kz"),
        (202, "MoneyPlacementRequest.operator", "TicketRequest.Payment.card_payment_fields"),
        (203, "TicketRequest.parent_ticket", "Request.qr"),
        (204, "MoneyPlacementRequest.date_time", "MoneyPlacementRequest.datetime"),
        (204, "OrgRegInfo.iin", "ZXReport.annulled_tickets"),
    ],
)
def test_versions_differ_as_the_tables_say(version: int, present: str, absent: str) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    assert dialect.has(present)
    assert not dialect.has(absent)


def test_tag_6_of_the_organisation_changes_its_type_between_202_and_203() -> None:
    body = kkm202_pb2.OrgRegInfo(tenantId=1).SerializeToString()
    assert body == bytes.fromhex("3001")
    assert kkm203_pb2.OrgRegInfo.FromString(body).address_kz == ""
    assert kkm203_pb2.OrgRegInfo.FromString(body).SerializeToString() == body


@pytest.mark.parametrize("module", MODULES.values(), ids=[f"v{version}" for version in MODULES])
def test_nothing_is_required_by_the_parser(module: object) -> None:
    request = module.Request  # type: ignore[attr-defined]
    assert not request.FromString(b"").HasField("command")
    assert request.FromString(b"\x12\x00").HasField("ticket")
    with pytest.raises(DecodeError):
        request.FromString(b"\x12\x05")


def _strip_json_names(messages: object) -> None:
    for message in messages:  # type: ignore[attr-defined]
        for field in message.field:
            field.ClearField("json_name")
        _strip_json_names(message.nested_type)
