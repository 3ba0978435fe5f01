"""Result codes and device states, typed anew from kz-ofd §5.2 and §15.5."""

from __future__ import annotations

import pytest

from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.dialects import SUPPORTED, dialect_for
from reference.protocol.kz.results import RESULTS, Reaction, ResultCode, result_row, result_text

# code, name in 2.0.3, reaction to a new document, to a queued one
REACTIONS = [
    (0, "OK", "DONE", "DONE"),
    (1, "UNKNOWN_ID", "HALT", "HALT"),
    (2, "INVALID_TOKEN", "TOKEN_INVALID", "TOKEN_INVALID"),
    (3, "PROTOCOL_ERROR", "HALT", "BLOCK_QUEUE"),
    (4, "UNKNOWN_COMMAND", "HALT", "BLOCK_QUEUE"),
    (5, "UNSUPPORTED_COMMAND", "HALT", "BLOCK_QUEUE"),
    (6, "INVALID_CONFIGURATION", "HALT", "BLOCK_QUEUE"),
    (7, "SSL_IS_NOT_ALLOWED", "GO_OFFLINE", "GO_OFFLINE"),
    (8, "INVALID_REQUEST_NUMBER", "NEXT_NUMBER", "BLOCK_QUEUE"),
    (9, "INVALID_RETRY_REQUEST", "NEXT_NUMBER", "BLOCK_QUEUE"),
    (10, "CANT_CANCEL_TICKET", "SHOW", "NONE"),
    (11, "OPEN_SHIFT_TIMEOUT_EXPIRED", "CLOSE_SHIFT", "NONE"),
    (12, "INVALID_LOGIN_PASSWORD", "SHOW", "NONE"),
    (13, "INCORRECT_REQUEST_DATA", "DROP", "BLOCK_QUEUE"),
    (14, "NOT_ENOUGH_CASH", "DROP", "BLOCK_QUEUE"),
    (15, "BLOCKED", "SERVER_BLOCK", "SERVER_BLOCK"),
    (16, "SHIFT_ALREADY_OPENED", "SHOW", "BLOCK_QUEUE"),
    (17, "SAME_TAXPAYER_AND_CUSTOMER", "DROP", "BLOCK_QUEUE"),
    (18, "ELEMENT_NOT_FOUND_BY_BARCODE", "SHOW", "NONE"),
    (254, "SERVICE_TEMPORARILY_UNAVAILABLE", "REPEAT", "REPEAT"),
    (255, "UNKNOWN_ERROR", "REPEAT", "REPEAT"),
]


@pytest.mark.parametrize(("code", "name", "new", "queued"), REACTIONS)
def test_a_code_has_its_name_and_reactions(code: int, name: str, new: str, queued: str) -> None:
    row = result_row(code, 203)
    assert (row.code, row.name, row.new, row.queued) == (code, name, Reaction[new], Reaction[queued])
    assert row.clause == f"RC-{code}"
    assert ResultCode[name] == code
    assert all(row.texts)


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_rows_of_a_version_are_its_enum(version: int) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    rows = {row.wire_name: row.code.value for row in RESULTS if row.first <= version <= row.last}
    declared = dict(dialect.messages.ResultTypeEnum.items())
    # 2.0.2's proto lists 16, which its text lacks; 12 stays in every enum.
    assert rows == declared


def test_18_and_19_mean_what_the_version_says() -> None:
    assert result_row(18, 203).name == "ELEMENT_NOT_FOUND_BY_BARCODE"
    assert result_row(18, 204).name == "DEREGISTERED"
    assert result_row(18, 204).new is Reaction.SERVER_BLOCK
    assert result_row(19, 204).texts.ru == "Касса отключена"
    assert result_text(18, 203) == "Товар в НКТ отсутствует"
    assert result_text(18, 204) == "Касса снята с учета"
    assert ResultCode.DEREGISTERED == 18


def test_a_code_outside_the_version_or_any_table_still_has_a_row() -> None:
    assert result_row(19, 202).name == "DISCONNECTED"
    assert result_row(17, 124).name == "SAME_TAXPAYER_AND_CUSTOMER"
    assert result_row(77, 203).name == "UNKNOWN_ERROR"
    assert result_row(13, 999).name == "INCORRECT_REQUEST_DATA"


# state, answer to 124…203, answer to 204, activated by a document
ANSWERS = [
    ("DRAFT", 1, 1, False),
    ("WAIT_REG", 1, 1, False),
    ("REG_REFUSED", 1, 1, False),
    ("REG_NO_TARIFF", 15, 19, False),
    ("READY", None, None, True),
    ("ACTIVE", None, None, False),
    ("SUSPENDED", None, None, True),
    ("BLOCKED_MONEY", 15, 15, False),
    ("BLOCKED_OFD", 15, 15, False),
    ("WAIT_REREG", None, None, False),
    ("WAIT_DEREG", 15, 19, False),
    ("DEREGISTERED", 15, 18, False),
]


@pytest.mark.parametrize(("state", "old", "new", "activates"), ANSWERS)
def test_a_state_answers_on_the_wire(state: str, old: int | None, new: int | None, activates: bool) -> None:
    row = STATES[DeviceState[state]]
    assert [row.answer(version) for version in (124, 125, 200, 201, 202, 203)] == [old] * 6
    assert row.answer(204) == new
    assert row.activates is activates
    assert all(row.label)


def test_every_state_stands_once() -> None:
    assert list(STATES) == list(DeviceState)
    assert len(STATES) == len(ANSWERS)
