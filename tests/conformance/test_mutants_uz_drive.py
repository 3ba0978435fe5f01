"""A judge is worth what it finds: every deliberate mistake of the reference drive fails a case about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.lab import Lab
from reference.drive.defects import DEFECTS
from tests.conformance.drive_lab import PARTS, SUITE, judged, shop
from tests.conformance.labs import outcomes, story

CATCHERS: dict[str, str] = {
    "accepts-iso-t": "rule.iso-time",
    "ack-not-handed-over": "sync.states",
    "address-not-sticky": "sender.sticky-address",
    "answer-not-stored": "sync.states",
    "batch-of-33": "sync.thirty-three",
    "block-ignored": "sender.blocked",
    "case-matters": "transport.path-case.*",
    "difference-limit-9999": "rule.taken.received-10000-*",
    "error-without-reason": "transport.error-body",
    "errors-with-200": "transport.error-body",
    "foreign-module-taken": "cable.other-module",
    "form-body-ignored": "transport.items-count-in.form",
    "gettxid-not-idempotent": "steps.equal-content",
    "gettxid-registers": "steps.first-spends-nothing",
    "gives-up": "once.closed-after-storing",
    "index-ignored": "transport.parameters.query",
    "items-count-unchecked": "sync.items-count.*-fullreceipts",
    "lost-answer-doubles": "once.closed-after-storing",
    "misdirected-ack-believed": "once.healed.*",
    "misspelling-corrected": "payload.memory",
    "no-recovery": "steps.unfinished.*",
    "past-time-not-checked": "steps.past-time.*",
    "pos-auth-ignored": "pos-lock.header.*",
    "qr-disordered": "proof.qr",
    "qr-in-utc": "proof.chain",
    "refund-not-checked": "refund.unknown.*",
    "register-twice": "steps.register-twice",
    "rejected-resent": "sync.verdict.reject",
    "second-ack-is-failure": "sync.reset",
    "sends-newest-first": "sync.limits.*",
    "shifts-not-sent": "sync.shifts",
    "short-for-full": "sync.short-not-needed",
    "sign-as-number": "payload.registered",
    "txid-deleted-after-failure": "steps.register-again-after-refusal",
    "txid-of-any-module": "steps.txid-of-other-module",
}
"""Mistake → cases, all of which it must fail."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("mutants")) as running:
        yield running


def renew(lab: Lab, *defects: str) -> None:
    """New parts behind a new drive with these mistakes, which the judge keeps when it resets the drive."""
    for part in PARTS:
        settings = {"defects": list(defects)} if part == "drive" else {}
        lab.control(part).reset(**settings)


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(DEFECTS)


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(lab: Lab, name: str) -> None:
    renew(lab, name)
    record = judged(lab, [f"{SUITE}.{CATCHERS[name]}"], processes=False)
    found = outcomes(record)
    assert set(found) == {"fail"}, f"{DEFECTS[name].sentence} {found}\n{story(record, *found)}"


def test_the_same_cases_pass_without_the_mistakes(lab: Lab) -> None:
    renew(lab)
    record = judged(lab, sorted({f"{SUITE}.{cases}" for cases in CATCHERS.values()}), processes=False)
    assert set(outcomes(record)) == {"pass"}, story(record, "fail", "inconclusive", "tool-error")
