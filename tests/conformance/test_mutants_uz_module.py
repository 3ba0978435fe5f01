"""A judge is worth what it finds: every deliberate mistake of the emulated module fails a case about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.lab import Lab
from simulator.defects import DEFECTS
from tests.conformance.module_lab import SUITE, judged, outcomes, simulator, story

CATCHERS: dict[str, tuple[str, ...]] = {
    "ack-hint-trusted": ("acks.hints",),
    "ack-moves-time": ("acks.not-in-time",),
    "answer-before-commit": ("power.cut-after-answer",),
    "bcd-digits-reversed": ("receipts.numbers",),
    "cash-card-swapped-in-z": ("shift.totals", "shift.totals-by-hand"),
    "closed-z-takes-receipts": ("shift.register-closed",),
    "empty-z-closes": ("shift.close-empty",),
    "equal-time-accepted": ("time.past.register-equal", "time.past.open-equal", "time.past.close-equal"),
    "far-future-accepted": ("time.too-far.register-plus-1-s", "time.closed-for-three-days"),
    "far-future-early": ("time.two-days.register-exactly", "time.two-days-over.year"),
    "first-unacknowledged-stale": ("acks.receipt", "outage.partly-sent"),
    "foreign-ack-accepted": ("acks.other-terminal.receipt", "acks.other-terminal.shift"),
    "freed-blocks-not-reused": ("memory.reuse", "memory.guide-example"),
    "lock-flag-inverted": ("identity.new-module-lock.locked",),
    "lock-ignored-on-close": ("sync.locked-trade",),
    "locked-hides-info": ("identity.new-module-lock.locked",),
    "no-items-accepted": ("bad-blocks.items.0",),
    "number-spent-on-refusal": ("receipts.numbers", "outage.49h"),
    "number-spent-when-locked": ("sync.locked-trade",),
    "numbers-restart-per-z": ("receipts.numbers", "shift.numbers"),
    "offline-limit-early": ("outage.boundary.register-172799",),
    "offline-limit-late": ("outage.boundary.register-172801",),
    "offline-limit-missing": ("outage.49h", "outage.boundary.open-172801"),
    "pos-auth-reusable": ("pos-lock.one-proof-one-operation",),
    "pos-challenge-kept": ("pos-lock.one-proof-one-operation",),
    "receipt-file-number-ignored": ("reading.receipt-file-by-number",),
    "refund-checked-in-z": ("sums.refund-over-shifts",),
    "refund-counted-as-sale": ("receipts.kind.purchase-refund", "shift.totals-by-hand"),
    "refund-pooled": ("sums.cash-and-card-apart",),
    "refund-unlimited": ("sums.refund-of-more.cash", "sums.refund-first"),
    "repeat-not-recognised": ("repeat.last.at-once", "power.register.before-the-answer"),
    "repeated-ack-accepted": ("acks.repeated.receipt", "acks.repeated.shift"),
    "second-open-accepted": ("shift.open-twice",),
    "sign-for-advance": ("receipts.kind.advance-sale", "receipts.kind.credit-refund"),
    "sign-reused-after-power-cut": ("receipts.signs",),
    "sync-replay-accepted": ("sync.repeated",),
    "sync-turns-time-back": ("sync.time-back.one-day",),
    "tag-filter-ignored": ("objects.tags-alone.memory", "objects.tags-listed.info"),
    "unknown-type-accepted": ("bad-blocks.kind.type-3",),
    "unsigned-ack-accepted": ("acks.forged.signature-end", "acks.wrong-hand.unknown-key"),
    "vat-not-accumulated": ("shift.totals",),
    "z-index-from-oldest": ("reading.shift-indexes",),
    "z-totals-carried-over": ("shift.starts-at-zero",),
}
"""The cases that are about each mistake. Others may fail beside them; these must."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with simulator(tmp_path_factory.mktemp("mutants")) as running:
        yield running


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(DEFECTS)


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(lab: Lab, name: str) -> None:
    wanted = {f"{SUITE}.{case}" for case in CATCHERS[name]}
    record = judged(lab, sorted(wanted), defects=[name])
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, (
        f"{DEFECTS[name].description} {found}\n{story(record, 'pass')}"
    )


def test_the_same_cases_pass_without_the_mistakes(lab: Lab) -> None:
    wanted = {f"{SUITE}.{case}" for cases in CATCHERS.values() for case in cases}
    lab.control("module").reset()
    record = judged(lab, sorted(wanted))
    assert set(outcomes(record)) == {"pass"}, story(record, "fail", "inconclusive", "tool-error")
