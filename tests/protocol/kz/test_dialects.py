"""Commands × versions, typed anew from kz-ofd §3.1."""

from __future__ import annotations

import pytest

from reference.protocol.kz.dialects import (
    BORROWED,
    COMMANDS,
    DOCUMENTS,
    SUPPORTED,
    Command,
    Rotation,
    Serving,
    dialect_for,
    fallback_dialect,
)

VERSIONS = (124, 125, 200, 201, 202, 203, 204)
# command: one letter a version; s = served, 5 and 4 = the refusal
SERVINGS = {
    0: "sssssss",
    1: "sssssss",
    2: "sssssss",
    3: "sssssss",
    4: "sssssss",
    5: "sssssss",
    6: "sssssss",
    7: "sssss55",
    8: "sssssss",
    9: "4444444",
    10: "4444444",
    99: "4444444",
    100: "444444s",
    101: "444444s",
    102: "4444444",
    126: "4444444",
    127: "5555555",
    128: "4444444",
    70000: "4444444",
}


@pytest.mark.parametrize("command", SERVINGS)
def test_each_version_serves_its_commands(command: int) -> None:
    letters = {Serving.SERVED: "s", Serving.UNSUPPORTED: "5", Serving.UNKNOWN: "4"}
    got = ""
    for version in VERSIONS:
        dialect = dialect_for(version)
        assert dialect is not None
        got += letters[dialect.serving(command)]
    assert got == SERVINGS[command]


def test_the_numbers_and_parts_of_the_commands() -> None:
    assert [
        (row.command.name, code, row.request_part, row.answer_parts) for code, row in COMMANDS.items()
    ] == [
        ("SYSTEM", 0, "", ("service",)),
        ("TICKET", 1, "ticket", ("ticket",)),
        ("CLOSE_SHIFT", 2, "close_shift", ("report",)),
        ("REPORT", 3, "report", ("report",)),
        ("NOMENCLATURE", 4, "nomenclature", ("nomenclature",)),
        ("INFO", 5, "", ("report", "service")),
        ("MONEY_PLACEMENT", 6, "money_placement", ()),
        ("CANCEL_TICKET", 7, "", ()),
        ("AUTH", 8, "auth", ("auth",)),
        ("OPEN_SHIFT", 9, "", ()),
        ("QR_GENERATE", 100, "qr", ("qr",)),
        ("QR_GET_STATUS", 101, "qr", ("qr",)),
        ("RESERVED", 127, "", ()),
    ]
    assert {1, 2, 6, 7} == DOCUMENTS
    assert COMMANDS[Command.TICKET].clause == "CM-1"


def test_only_documents_and_reserved_may_change_the_token() -> None:
    assert {code for code, row in COMMANDS.items() if row.rotation is Rotation.YES} == {*DOCUMENTS, 127}
    assert all(COMMANDS[code].rotation is Rotation.NEVER for code in (0, 3, 8))


def test_old_versions_borrow_the_tables_of_202_and_keep_their_number() -> None:
    for version in (125, 200, 201):
        dialect = dialect_for(version)
        assert dialect is not None
        assert (dialect.version, dialect.tables) == (version, 202)
    assert BORROWED.keys() == {125, 200, 201}
    assert SUPPORTED == (124, 202, 203, 204)
    assert dialect_for(205) is dialect_for(0) is dialect_for(123) is None
    assert fallback_dialect().version == 203


def test_every_command_of_a_version_stands_in_its_enum() -> None:
    for version in SUPPORTED:
        dialect = dialect_for(version)
        assert dialect is not None
        values = dialect.messages.CommandTypeEnum.items()
        served = {code for code in COMMANDS if dialect.serving(code) is not Serving.UNKNOWN}
        assert served - {number for _, number in values} == ({7} if version == 204 else set())
        for name, number in values:
            assert name == f"COMMAND_{Command(number).name}"


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_named_fields_are_in_the_tables(version: int) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    for field in (
        f"TicketRequest.Tax.{dialect.tax_type_field}",
        f"ZXReport.Tax.{dialect.tax_type_field}",
        f"MoneyPlacementRequest.{dialect.placement_time_field}",
        f"OrgRegInfo.{dialect.org_inn_field}",
        f"OrgRegInfo.{dialect.org_okved_field}",
        f"BindedTaxation.{dialect.binded_taxation_field}",
        f"BindedTaxation.BindedTax.{dialect.binded_tax_field}",
    ):
        assert dialect.has(field), field
