"""Whole bodies: vectors both ways, unknown commands and enum numbers, hybrids with bare strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.kz.dialects import Dialect, dialect_for
from reference.protocol.kz.envelope import (
    bare_strings,
    encode_response,
    enum_number,
    new_response,
    read_request,
    read_response,
    refusal,
    set_enum_number,
)
from reference.protocol.kz.errors import BodyError, RangeError
from reference.protocol.kz.message_json import fill_from_json, message_to_json
from tests.protocol.kz.vectors import VECTORS


def dialect(version: int = 203) -> Dialect:
    found = dialect_for(version)
    assert found is not None
    return found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_decodes_to_its_json_and_encodes_to_its_bytes(vector: dict) -> None:
    tables = dialect(vector["dialect"]).messages
    kind = getattr(tables, vector["message_type"])
    message = kind.FromString(bytes.fromhex(vector["body_hex"]))
    assert message_to_json(message) == vector["message"]
    again = kind()
    fill_from_json(again, vector["message"])
    assert again.SerializeToString().hex() == vector["body_hex"]


def test_json_holds_lists_bytes_and_text_that_is_no_utf8() -> None:
    tables = dialect().messages
    response = tables.Response(command="COMMAND_TICKET")
    response.ticket.qr_code = b"\x00\xff"
    response.auth.roles.extend([1, 3])
    value = message_to_json(response)
    assert value == {
        "command": "COMMAND_TICKET",
        "ticket": {"qr_code": "00ff"},
        "auth": {"roles": ["USER_ROLE_PAYMASTER", "USER_ROLE_ADMINISTRATOR"]},
    }
    again = tables.Response()
    fill_from_json(again, value)
    assert again == response
    assert message_to_json(tables.Operator.FromString(b"\x12\x01\xff")) == {"name": "�"}
    items = tables.TicketRequest()
    fill_from_json(items, {"items": [{"type": "ITEM_TYPE_DISCOUNT"}, {}]})
    assert len(items.items) == 2


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"nothing": 1}, "nothing"),
        ({"command": "COMMAND_DANCE"}, "command"),
        ({"ticket": {"amounts": {"total": {"bills": -1}}}}, "ticket.amounts.total.bills"),
        ({"ticket": {"items": 5}}, "ticket.items"),
        ({"ticket": 5}, "ticket"),
    ],
)
def test_json_that_fits_no_message_names_its_field(value: dict, field: str) -> None:
    with pytest.raises(RangeError) as caught:
        fill_from_json(dialect().messages.Request(), value)
    assert caught.value.field == field


@pytest.mark.parametrize("version", [124, 202, 203, 204])
@pytest.mark.parametrize("command", [0, 1, 7, 9, 100, 127, 128, 65536, 2**31])
def test_every_command_number_is_read_and_repeated(version: int, command: int) -> None:
    body = refusal(dialect(version), command, 4)
    assert body[0] == 8
    assert read_response(dialect(version), body).command == command
    assert read_request(dialect(version), body[: body.index(b"\x12")]).command == command
    result = read_response(dialect(version), body).message.result
    assert result.result_code == 4
    assert result.result_text == "Ошибка протокола, обратитесь в сервисную службу"


def test_a_good_answer_has_no_text_unless_asked() -> None:
    assert not new_response(dialect(), 0).result.HasField("result_text")
    assert new_response(dialect(), 0, "Да").result.result_text == "Да"
    assert new_response(dialect(), 13, "иначе").result.result_text == "иначе"
    response = new_response(dialect(), 0)
    response.command = 5
    assert encode_response(1, response).hex() == "080112020800"


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\x08",
        b"\x12\x05",
        b"\x0b",
        b"\x12\x02\x4a\x05",
        b"\x0f",
        b"\x32\x01\x08",
        b"\x08" + b"\xff" * 11,
    ],
)
def test_a_body_that_is_no_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError):
        read_request(dialect(), body)
    with pytest.raises(BodyError):
        read_response(dialect(), body)


def test_garbage_costs_no_more_than_it_is_worth() -> None:
    with pytest.raises(BodyError, match="fields"):
        read_request(dialect(), b"\x10\x00" * 10_001 + b"\xff")


def test_a_broken_part_of_124_is_refused_too() -> None:
    with pytest.raises(BodyError):
        read_request(dialect(124), hybrid(124, b"941240000193") + b"\x32\x01\x08")


def test_a_bare_string_survives_among_fields_of_every_wire_type() -> None:
    body = hybrid(203, b"941240000193") + b"\xf1\x01" + bytes(8) + b"\xf5\x01" + bytes(4)
    assert bare_strings(read_request(dialect(), body).message.ticket.extension_options) == ("941240000193",)


def test_an_empty_body_has_no_command() -> None:
    assert read_request(dialect(), b"").command is None


@given(st.binary(max_size=60))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        command = read_request(dialect(), body).command
    except BodyError:
        return
    assert command is None or command >= 0


def hybrid(version: int, text: bytes) -> bytes:
    """A TICKET request with a plain string in ExtensionOptions 3 (kz-ofd §12.1) among other fields."""
    tables = dialect(version).messages
    request = tables.Request(command=1)
    request.ticket.operation = 2
    request.ticket.extension_options.customer_email = "a@b.kz"
    request.ticket.offline_ticket_number = 7
    options = request.ticket.extension_options.SerializeToString() + b"\x1a" + bytes([len(text)]) + text
    request.ticket.ClearField("extension_options")
    part = request.ticket.SerializeToString()
    inner = part[:2] + b"\x4a" + bytes([len(options)]) + options + part[2:]
    return b"\x08\x01\x12" + bytes([len(inner)]) + inner + b"\x32\x02\x38\x01"


@pytest.mark.parametrize("version", [124, 125, 202, 203, 204])
@pytest.mark.parametrize(
    "text", [b"941240000193", b"990101300012", b"000000000000", b"888888888888", b"\xff\xfe"]
)
def test_a_bare_string_where_pairs_belong_survives(version: int, text: bytes) -> None:
    envelope = read_request(dialect(version), hybrid(version, text))
    assert envelope.command == 1
    ticket = envelope.message.ticket
    assert (ticket.operation, ticket.offline_ticket_number) == (2, 7)
    assert ticket.extension_options.customer_email == "a@b.kz"
    assert envelope.message.service.get_reg_info
    assert bare_strings(ticket.extension_options) == (text.decode("utf-8", "replace"),)


def test_a_pair_beside_a_bare_string_stays_a_pair() -> None:
    options = b"\x1a\x06\x0a\x01a\x12\x01b" + b"\x1a\x0c941240000193"
    part = b"\x4a" + bytes([len(options)]) + options
    body = b"\x08\x01\x12" + bytes([len(part)]) + part
    extension = read_request(dialect(), body).message.ticket.extension_options
    assert [(pair.key, pair.value) for pair in extension.auxiliary] == [("a", "b"), ("", "941240000193")]
    assert bare_strings(extension) == ("941240000193",)


def test_pairs_with_keys_are_no_bare_strings() -> None:
    options = dialect().messages.TicketRequest.ExtensionOptions()
    options.auxiliary.add(key="a", value="b")
    assert bare_strings(options) == ()
    assert bare_strings(dialect(124).messages.TicketRequest.ExtensionOptions()) == ()


def test_enum_numbers_outside_the_version_are_kept() -> None:
    payment = dialect(124).messages.TicketRequest.Payment()
    assert enum_number(payment, "type") is None
    set_enum_number(payment, "type", 4)
    assert not payment.HasField("type")
    assert payment.SerializeToString().hex() == "0804"
    assert enum_number(payment, "type") == 4
    set_enum_number(payment, "type", 1)
    assert enum_number(payment, "type") == 1
