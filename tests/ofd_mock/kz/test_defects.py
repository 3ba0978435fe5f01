"""Every deliberate mistake shows on the wire in a probe of its own, and the correct operator passes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.kz.defects import DEFECTS, UnknownDefectError, rules_with_defects
from ofd_mock.kz.settings import KzSettings
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.money import MAX_TIYN
from tests.ofd_mock.kz.counter import (
    INN,
    NOW,
    TOKEN,
    Answer,
    Counter,
    closing,
    deposit,
    line,
    offline,
    ticket,
)


def _x(counter: Counter) -> Any:
    return counter.report(ReportKind.X).report


def _refused(counter: Counter, **header: Any) -> Answer:
    return counter.send(replace(ticket(), total=1), **header)


def _repeat(counter: Counter, **changed: Any) -> tuple[Answer, Answer]:
    first = counter.send(ticket(), reqnum=5)
    again = counter.send(replace(ticket(), **changed), offline() if changed else None, token=TOKEN, reqnum=5)
    return first, again


def _sold(counter: Counter, **changed: Any) -> Any:
    counter.send(replace(ticket(100_50, taken=200_00, change=99_50), **changed))
    return next(row for row in _x(counter).tickets if row.operation == 2)


def _storno(counter: Counter) -> int:
    items = (line(100_00, "E"), line(50_00), line(100_00, "E", type=2))
    counter.send(ticket(50_00, items=items))
    return int(_x(counter).operations[0].count)


def _late(counter: Counter, seconds: int, **changed: Any) -> int:
    counter.send(ticket())
    counter.now = NOW + timedelta(hours=24, seconds=seconds)
    return counter.send(replace(ticket(time=counter.now), **changed)).code


def _bought(counter: Counter) -> int:
    counter.send(deposit(100_00))
    counter.send(ticket(10_00, operation=0))
    return int(counter.send(closing()).report.revenue)


def _after_z(counter: Counter) -> Any:
    counter.send(ticket())
    counter.send(closing())
    return _x(counter)


def _other_ids(counter: Counter) -> bool:
    return any(counter.system().outcome.answered_id is not None for _ in range(8))


def _wrap(counter: Counter) -> int:
    counter.send(ticket(), reqnum=5)
    counter.send(ticket(), reqnum=6)
    return counter.send(ticket(), reqnum=5).code


def _corrected(counter: Counter) -> int:
    _refused(counter, reqnum=5)
    return counter.send(ticket(), reqnum=5).code


def _repeat_sign(counter: Counter) -> bool:
    first, again = _repeat(counter)
    return first.sign == again.sign


def _other_command(counter: Counter) -> int:
    counter.send(ticket(), reqnum=5)
    return counter.send(closing(), token=TOKEN, reqnum=5).code


def _twice(counter: Counter) -> int:
    _repeat(counter)
    return counter.device.documents


def _blocked(counter: Counter) -> int:
    counter.change(state=DeviceState.BLOCKED_OFD)
    return counter.system().code


def _withdrawn(counter: Counter) -> int:
    counter.send(deposit(100_00))
    return counter.send(deposit(100_00, kind=1)).code


def _survives(counter: Counter) -> int:
    counter.send(ticket())
    with counter.ledger.reading() as other:
        return int(other.exec_driver_sql("select count(*) from kz_documents").scalar_one())


PROBES: dict[str, tuple[Callable[[Counter], Any], Any]] = {
    "refusal-issues-token": (lambda one: one.system(token=7).token, 7),
    "repeat-counted": (_twice, 1),
    "repeat-new-sign": (_repeat_sign, True),
    "repeat-refused": (lambda one: _repeat(one)[1].code, 0),
    "repeat-by-body": (lambda one: _repeat(one, offline_number=8)[1].code, 0),
    "reqnum-history": (_wrap, 0),
    "refusal-uses-reqnum": (_corrected, 0),
    "retry-command-ignored": (_other_command, 9),
    "token-zero-served": (lambda one: one.system(token=0).code, 2),
    "service-rotates": (lambda one: one.system().token, TOKEN),
    "storno-counted": (_storno, 2),
    "buy-in-revenue": (_bought, -10_00),
    "non-nullable-reset": (lambda one: len(_after_z(one).non_nullable), 1),
    "offline-count-forgotten": (lambda one: _sold(one, offline_number=3).offline_count, 1),
    "change-forgotten": (lambda one: _sold(one).change_sum, 99_50),
    "coins-lost": (lambda one: _sold(one).sum, 100_50),
    "sums-overflow": (lambda one: [one.send(deposit(MAX_TIYN)).code for _ in range(2)][1], 13),
    "cash-reset": (lambda one: _after_z(one).cash, 100_00),
    "shift-not-counted": (lambda one: _after_z(one).shift_number, 2),
    "limit-at-24": (lambda one: _late(one, 0), 0),
    "limit-for-resent": (lambda one: _late(one, 1, offline_number=9), 0),
    "limit-ignored": (lambda one: _late(one, 1), 11),
    "cash-at-equal": (_withdrawn, 0),
    "total-unchecked": (lambda one: _refused(one).code, 13),
    "customer-unchecked": (lambda one: one.send(replace(ticket(), customer_iin=INN)).code, 17),
    "block-ignored": (_blocked, 15),
    "text-missing": (lambda one: bool(one.system(token=7).text), True),
    "command-zero": (lambda one: one.info(token=7).command, Command.INFO),
    "other-device-answer": (_other_ids, False),
    "ack-before-commit": (_survives, 1),
}


def test_every_defect_has_a_probe() -> None:
    assert set(PROBES) == set(DEFECTS)
    assert len(DEFECTS) >= 15
    for defect in DEFECTS.values():
        assert defect.sentence
        assert defect.clause.startswith("kz-ofd ")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Counter]]:
    made: list[Counter] = []

    def make(**settings: Any) -> Counter:
        folder = tmp_path / str(len(made))
        made.append(Counter(folder, **settings))
        return made[-1]

    yield make
    for one in made:
        one.ledger.catch_up()
        one.ledger.engine.dispose()


@pytest.mark.parametrize("name", sorted(PROBES))
def test_defect_shows(fresh: Callable[..., Counter], name: str) -> None:
    probe, right = PROBES[name]
    assert probe(fresh()) == right
    assert probe(fresh(defects=(name,))) != right


def test_unknown_defect() -> None:
    with pytest.raises(UnknownDefectError, match="no-such"):
        rules_with_defects(KzSettings(defects=("no-such",)))


def test_defects_together(fresh: Callable[..., Counter]) -> None:
    counter = fresh(defects=("limit-at-24", "text-missing"))
    assert _late(counter, 0) == 11
    assert not counter.system(token=7).text
