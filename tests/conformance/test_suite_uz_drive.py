"""The drive suite against the reference drive: in its lab, and with the wire alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from conformance.events import RunRecord
from conformance.lab import Lab
from tests.conformance.drive_lab import PARTS, SLOWLY, SUITE, judged, shop, suite
from tests.conformance.labs import outcomes, story
from tests.waiting import PATIENCE

FEWEST = 65
SINGLE_MODULE = "uz.drive.transport.several-modules"
"""Needs two modules; the lab has one."""
ON_THE_WIRE = ("steps", "sync", "refund", "payload", "outage", "walk.seed-1")
"""Subjects that keep books of what is held and sent: where a leftover of an earlier case would show."""
TOO_LATE = {
    *(f"uz.drive.outage.{key}" for key in ("age.48h-and-a-second", "age.49h", "shift.open", "shift.close")),
    *("uz.drive.outage.state-of-sending", "uz.drive.payload.memory", "uz.drive.payload.file"),
    *("uz.drive.payload.sync.receipts", "uz.drive.payload.sync.shifts"),
    *("uz.drive.payload.receipt", "uz.drive.habit.row-of-five", "uz.drive.rule.many-items"),
    *("uz.drive.proof.no-sign.advance", "uz.drive.proof.no-sign.credit", "uz.drive.refund.unknown.not-sent"),
    *(f"uz.drive.sync.limits.{key}" for key in ("one", "two", "thirty-two")),
    *(f"uz.drive.sync.{key}" for key in ("paging", "resend-without-ack", "reset", "shifts", "states")),
    *("uz.drive.sync.shift-before-receipts", "uz.drive.sync.thirty-three"),
    *(f"uz.drive.transport.parameters.{key}" for key in ("form", "query", "get-query", "json")),
    *("uz.drive.transport.parameters.json-other-case", "uz.drive.transport.names-of-json"),
    *(f"uz.drive.walk.seed-{seed}" for seed in (1, 2, 3)),
}
"""What cannot be seen where files have left before the case could look; any of them may be inconclusive."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("shop"), rate=SLOWLY) as running:
        yield running


@pytest.fixture(scope="module")
def whole(lab: Lab) -> RunRecord:
    return judged(lab)


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A drive that nobody resets and that sends only when told, its module unlocked as the guide says."""
    with shop(tmp_path_factory.mktemp("strangers"), "--no-auto-send") as running:
        unlock(running)
        yield running


@pytest.fixture(scope="module", params=["0", "5"])
def sending(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A drive that nobody resets and that sends by itself, so many lab seconds after a sale."""
    with shop(tmp_path_factory.mktemp("sending"), "--send-delay", request.param) as running:
        unlock(running)
        yield running


def unlock(lab: Lab) -> None:
    """Unlock the module as the guide says."""
    lab.control("operator").do("unlock")
    drive = lab.addresses["drive"]["drive"]
    (module,) = httpx.post(f"{drive}/FiscalDrive/List", timeout=PATIENCE).json()
    assert httpx.post(f"{drive}/FiscalDrive/State/Sync/{module['FactoryID']}", timeout=PATIENCE).text == "OK"


def own_cases() -> set[str]:
    return {case.id for case in suite() if case.id.startswith(f"{SUITE}.")}


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass", "not-applicable"}, story(whole, *(set(found) - {"pass", "not-applicable"}))
    assert found["not-applicable"] == [SINGLE_MODULE]
    assert set(found["pass"]) == own_cases() - {SINGLE_MODULE}
    assert len(found["pass"]) >= FEWEST


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    assert whole.ended.stopped == ""
    for part in PARTS:
        assert lab.control(part).faults()["rules"] == [], part
    clock = lab.control("drive").clock()
    assert clock["rate"] == SLOWLY
    assert {each["drift"] for each in clock["parts"].values()} == {0}
    assert lab.control("drive").state()["settings"]["auto_send"] is True


@pytest.mark.parametrize("vendor", [True, False])
def test_the_wire_alone_fails_nothing(strangers: Lab, vendor: bool) -> None:
    terms = [f"{SUITE}.{subject}" for subject in ON_THE_WIRE]
    record = judged(strangers, terms, controls=(), processes=False, vendor=vendor)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))
    beyond = {case.id for case in suite() if case.needs - {"card"}}
    assert set(found["not-applicable"]) <= beyond | {"uz.drive.steps.future-checked-first"}
    assert len(found["pass"]) >= FEWEST


@pytest.mark.parametrize("vendor", [True, False])
def test_a_drive_that_sends_by_itself_fails_nothing_on_the_wire(sending: Lab, vendor: bool) -> None:
    """Files leave while a case counts them (G2-S-17): what was not seen is not a fault."""
    record = judged(sending, controls=(), processes=False, vendor=vendor)
    found = outcomes(record)
    wrong = set(found) - {"pass", "not-applicable", "inconclusive"}
    assert wrong <= {"informational"}, story(record, *wrong)
    assert set(found.get("inconclusive", [])) <= TOO_LATE, story(record, "inconclusive")
    assert len(found["pass"]) >= FEWEST


def test_the_operator_behind_a_strangers_drive_fails_nothing(strangers: Lab) -> None:
    terms = [f"{SUITE}.{subject}" for subject in ("once", "pos-lock", "error", "proof", "clock")]
    record = judged(strangers, terms, controls=("operator",), processes=False, vendor=True)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))


def test_two_modules_are_told_apart(tmp_path: Path) -> None:
    with shop(tmp_path, modules=2) as lab:
        record = judged(lab, [SINGLE_MODULE, f"{SUITE}.payload.list"])
    assert outcomes(record) == {"pass": ["uz.drive.payload.list", SINGLE_MODULE]}, story(
        record, "fail", "tool-error", "inconclusive", "not-applicable"
    )


def test_texts_are_whole_sentences() -> None:
    for case in suite():
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id


def test_every_rule_of_the_rest_dialect_is_judged() -> None:
    """Clauses of §4 and habits that concern REST; HB-01 and HB-02 are of the first generation's clients."""
    cited = {clause for case in suite() if case.id.startswith(f"{SUITE}.") for clause in case.clauses}
    rules = {f"G2-T-{n:02}" for n in range(1, 11)} | {f"G2-S-{n:02}" for n in range(1, 21)}
    rules |= {f"G2-P-{n:02}" for n in range(1, 7)} | {f"HB-{n:02}" for n in range(3, 19)}
    rules |= {f"RC-{n:02}" for n in range(4, 15)} | {f"CL-{n:02}" for n in range(1, 10)} | {"TM-02"}
    assert sorted(rules - cited) == []
