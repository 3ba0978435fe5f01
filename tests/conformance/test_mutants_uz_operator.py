"""A judge is worth what it finds: every deliberate mistake of the operator fails a case about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.lab import Lab
from ofd_mock.defects import DEFECTS
from tests.conformance.module_lab import outcomes, story
from tests.conformance.operator_lab import SUITE, judged, operator

CATCHERS: dict[str, tuple[str, ...]] = {
    "ack-before-commit": ("once.known-at-once", "durable.killed-after-acknowledging"),
    "ack-missing": ("files.mixed", "files.thirty-two"),
    "ack-of-other-terminal": ("ack.bytes.purchase", "shift.taken"),
    "acks-reversed": ("files.mixed", "files.thirty-two", "ack.each-its-own"),
    "any-version": ("files.wrong-version.purchase", "files.wrong-version.zreport"),
    "blocked-refuses-sync": ("standing.blocked-asks",),
    "body-unchecked": ("body.byte-in-the-middle", "body.hash.one-bit", "body.disagrees.cash"),
    "check-page-ignores-sign": ("check.wrong.sign", "payment.wrong.sign"),
    "conflict-acknowledged": ("once.conflict.cash", "files.conflict-in-a-message", "walk.long"),
    "crc-unchecked": ("frame.wrong-checksum", "frame.checksum.content-changed"),
    "first-ack-for-all": ("ack.each-its-own", "files.thirty-two"),
    "foreign-files": ("receipt.header.of-another-terminal", "shift.forged.of-another-terminal"),
    "not-active-with-acks": ("standing.blocked.unpaid", "order.block-before-files"),
    "order-demanded": ("once.any-order", "once.gaps"),
    "pos-unlock-stays": ("sync.pos-unlock", "sync.pos-unlock-with-lock"),
    "production-served": ("standing.stranger.module", "order.terminal-before-files"),
    "record-uncompared": ("body.disagrees.time-later", "body.disagrees.vat"),
    "repeat-refused": ("once.repeated", "lost-answer.after-storing"),
    "short-never-completed": ("once.short-and-full.short-first", "check.short"),
    "short-overwrites-full": ("once.short-and-full.full-first", "walk.long"),
    "signature-unchecked": ("receipt.header.signature-bit", "receipt.short.signature-bit"),
    "stored-twice": ("once.stored-once", "files.same-twice-in-a-message"),
    "sums-unchecked": ("sums.wrong.paid-10001-more", "sums.wrong.discount-above-price"),
    "sync-ignores-lock": ("sync.state-page.lock", "sync.state-page.unlock"),
    "sync-with-old-challenge": ("sync.fresh-challenge", "sync.with-receipts"),
    "tags-dropped": ("files.tags", "connection.byte-by-byte"),
    "takes-33-files": ("files.thirty-three", "order.count-before-terminal"),
    "type-unchecked": ("receipt.type.purchase-as-advance", "receipt.type.credit-as-purchase"),
    "utc-in-files": ("ack.operator-time", "sync.time", "once.fresh-acknowledgement"),
    "verify-accepts-refunds": ("sign.not-of-a-sale.refund",),
    "verify-ignores-sign": ("sign.wrong.sign-zero", "sign.every-digit", "sign.mixed-up"),
    "z-conflict-acknowledged": ("shift.conflict.sales", "shift.conflict.open-time"),
    "z-stored-twice": ("shift.repeated",),
}
"""The cases that are about each mistake. Others may fail beside them; these must."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with operator(tmp_path_factory.mktemp("mutants")) as running:
        yield running


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(DEFECTS)


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(lab: Lab, name: str) -> None:
    wanted = {f"{SUITE}.{case}" for case in CATCHERS[name]}
    record = judged(lab, sorted(wanted), defects=[name])
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, f"{DEFECTS[name].sentence} {found}\n{story(record, 'pass')}"


def test_the_same_cases_pass_without_the_mistakes(lab: Lab) -> None:
    wanted = {f"{SUITE}.{case}" for cases in CATCHERS.values() for case in cases}
    lab.control("operator").reset()
    record = judged(lab, sorted(wanted))
    assert set(outcomes(record)) == {"pass"}, story(record, "fail", "inconclusive", "tool-error")
