from __future__ import annotations

import struct
from pathlib import Path

import pytest

from conformance.events import Direction, Exchange, Layer
from conformance.replay.nature import compare, nature
from conformance.replay.resend import Replayed, ReplayError, kinds_of, replay, second_lab
from conformance.replay.steering import moves_time
from conformance.replay.tokens import Tokens
from reference.protocol.kz.frames import APPCODE
from tests.conformance.replay.recorded import WIRE_CASES, record


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "module.jsonl"
    assert record(path, WIRE_CASES).exit_code == 0
    return path


def _again(path: Path, *defects: tuple[str, str], kind: str = "module") -> Replayed:
    kinds, started = kinds_of(path)
    assert kinds == {kind: kind}
    with second_lab(kind, started, defects) as session:
        session.open()
        try:
            return replay(path, kind, session)
        finally:
            session.close()


def test_a_fresh_lab_of_the_same_seed_answers_the_same(recorded: Path) -> None:
    replayed = _again(recorded)
    assert len(replayed.cases) > 50
    assert replayed.compared > 1500
    assert [(case.case_id, case.differing) for case in replayed.cases if case.different] == []


def test_a_mistake_shows_as_a_difference(recorded: Path) -> None:
    replayed = _again(recorded, ("module", "second-open-accepted"))
    assert replayed.different
    case = next(each for each in replayed.cases if each.case_id == "uz.module.shift.open-twice")
    field = next(each for answer in case.differing for each in answer.fields if not each.nature)
    assert (field.path, field.was) == ("answer", "answer 9022 - ZREPORT_IS_NOT_CLOSED")
    assert field.now == "answer 9000 - NO_ERROR"


@pytest.mark.parametrize(
    ("kind", "select", "mistake"),
    [
        ("operator", ("uz.operator.files", "uz.operator.ack", "uz.operator.sync"), "acks-reversed"),
        ("drive", ("uz.drive.steps.e*", "uz.drive.steps.past-time"), "gettxid-not-idempotent"),
        (
            "operator-kz",
            ("kz.operator.repeat", "kz.operator.connection", "kz.operator.at-once", "kz.operator.limit"),
            "limit-ignored",
        ),
    ],
)
def test_an_equal_product_shows_nothing_unexplained_and_a_wrong_one_does(
    kind: str, select: tuple[str, ...], mistake: str, tmp_path: Path
) -> None:
    path = tmp_path / "recorded.jsonl"
    assert record(path, select).exit_code == 0
    equal = _again(path, kind=kind)
    assert equal.compared > 50
    assert [(case.case_id, case.differing) for case in equal.cases if case.different] == []
    assert _again(path, (kind, mistake), kind=kind).different


def _answer(layer: Layer, raw: bytes) -> Exchange:
    return Exchange("t", "c", "2026-07-01T04:00:00.000+00:00", layer, Direction.RECEIVED, raw, b"")


def test_what_differs_by_nature_is_told_apart() -> None:
    was = _answer(Layer.HTTP, b'HTTP/1.1 200 OK\r\nDate: then\r\n\r\n{"Time": "1", "Sum": 1}')
    now = _answer(Layer.HTTP, b'HTTP/1.1 200 OK\r\ndate: now\r\n\r\n{"Time": "2", "Sum": 2}')
    assert [(each.path, each.nature) for each in compare(was, now)] == [
        ("headers/date", "time"),
        ("JSON/Time", "time"),
        ("JSON/Sum", ""),
    ]
    assert compare(was, was) == []


def test_addresses_and_lengths_differ_by_nature_and_nothing_beside_them_does() -> None:
    was = _answer(Layer.CONTROL, b'{"text": "refused at 127.0.0.1:4001", "size": 1, "sign": "a", "sum": 1}')
    now = _answer(Layer.CONTROL, b'{"text": "refused at 127.0.0.1:39999", "size": 2, "sign": "b", "sum": 1}')
    assert {each.path: each.nature for each in compare(was, now)} == {
        "text": "place",
        "size": "length",
        "sign": "sign",
    }
    other = _answer(Layer.CONTROL, b'{"text": "taken at 127.0.0.1:39999", "size": 2, "sign": "b", "sum": 1}')
    assert {each.path: each.nature for each in compare(was, other)} == {
        "text": "",
        "size": "",
        "sign": "sign",
    }


def _frame(token: int, reqnum: int = 1, size: int = 18) -> bytes:
    return struct.pack("<HHIIIH", APPCODE, 203, size, 4931, token, reqnum)


def test_a_request_bears_the_token_that_the_second_operator_gave() -> None:
    tokens = Tokens()
    tokens.learn(_frame(111), _frame(999))
    tokens.learn_told({"devices": [{"id": 1, "token": 5}]}, {"devices": [{"id": 1, "token": 6}]})
    assert tokens.in_place(_frame(111)) == _frame(999)
    assert tokens.in_place(_frame(5, 2) + _frame(112)) == _frame(6, 2) + _frame(112)
    assert tokens.in_place(_frame(111)[:14]) == _frame(111)[:14]
    assert tokens.in_place(b"no frame at all") == b"no frame at all"


def test_only_what_moves_the_clock_needs_no_time_of_then() -> None:
    moving = _answer(Layer.CONTROL, b'POST http://127.0.0.1:1/control/clock {"advance": 60}')
    reading = _answer(Layer.CONTROL, b"GET http://127.0.0.1:1/control/clock")
    selling = _answer(Layer.HTTP, b"POST http://127.0.0.1:1/control/clock {}")
    assert [moves_time(each) for each in (moving, reading, selling)] == [True, False, False]


def test_a_time_of_a_module_is_never_excused() -> None:
    assert nature(Layer.APDU, "a1 FiscalMemoryInfo/last_operation") == ""
    assert nature(Layer.MESSAGE, "acks/[0]/body/time") == "time"
    assert nature(Layer.APDU, "a3 ReceiptInfo/fiscal_sign") == "sign"
    assert nature(Layer.HTTP, "JSON/[0]/ReaderName") == "place"


def test_an_unknown_wire_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"event": "Exchange", "target": "smoke", "case_id": "connection-1", '
        '"lab_time": "2026-07-01T04:00:00+00:00", "layer": "link", "direction": "sent", "raw": "00"}\n'
    )
    with pytest.raises(ReplayError, match="'smoke' is no target or wire"):
        kinds_of(path)
