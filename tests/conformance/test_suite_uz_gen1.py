"""The suites of generation 1 against the reference drive: in its lab, and with the wire alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from conformance.cases import load_suites
from conformance.drivers import gen1
from conformance.drivers.gen1 import Gen1Driver, Json, after
from conformance.drivers.gen1_communicator import CommunicatorDriver
from conformance.drivers.gen1_rpc import RpcDriver
from conformance.lab import Lab
from conformance.session import Session
from tests.conformance.drive_lab import SLOWLY
from tests.conformance.gen1_lab import SUITES, judged, shop, target_of
from tests.conformance.labs import outcomes, story
from tests.waiting import PATIENCE

FEWEST = {"drive-rpc": 80, "drive-qpos": 25, "drive-communicator": 25}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("shop"), rate=SLOWLY) as running:
        yield running


@pytest.fixture
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A drive that nobody resets, its module unlocked as the guide says."""
    with shop(tmp_path_factory.mktemp("strangers")) as running:
        running.control("operator").do("unlock")
        drive = running.addresses["drive"]["drive"]
        (module,) = httpx.post(f"{drive}/FiscalDrive/List", timeout=PATIENCE).json()
        assert (
            httpx.post(f"{drive}/FiscalDrive/State/Sync/{module['FactoryID']}", timeout=PATIENCE).text == "OK"
        )
        yield running


@pytest.mark.parametrize("kind", SUITES)
def test_every_case_passes(lab: Lab, kind: str) -> None:
    record = judged(lab, kind)
    found = outcomes(record)
    assert set(found) == {"pass"}, story(record, *(set(found) - {"pass"}))
    assert len(found["pass"]) >= FEWEST[kind]


@pytest.mark.parametrize("kind", SUITES)
def test_the_wire_alone_fails_nothing(strangers: Lab, kind: str) -> None:
    record = judged(strangers, kind, controls=(), vendor=True)
    found = outcomes(record)
    assert set(found) <= {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))
    assert len(found["pass"]) >= FEWEST[kind] * 2 // 3


def test_a_till_that_names_no_time_waits_for_its_clock(
    strangers: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run has left the module's last operation far ahead, and nobody here can move the clock."""
    session = Session(target_of(strangers, "drive-rpc", controls=(), vendor=True), strangers)
    with closing(session), closing(RpcDriver(session, session.tap, None)) as till:
        ahead = session.clock.tashkent() + timedelta(seconds=63)
        assert till.open(after(ahead)).error == {}
    monkeypatch.setattr(gen1, "_MOST_LEAD", 57)
    record = judged(strangers, "drive-qpos", ["uz.qpos.shift.close.empty"], controls=(), vendor=True)
    assert outcomes(record) == {"pass": ["uz.qpos.shift.close.empty"]}, story(record)


@pytest.mark.parametrize(
    ("driver", "case", "late"),
    [
        (RpcDriver, "uz.rpc1.sending.unsent", "GetUnsentCount"),
        (RpcDriver, "uz.rpc1.sending.unsent", "GetReceiptCount"),
        (CommunicatorDriver, "uz.communicator.state.acknowledged", "getReceiptCount"),
        (CommunicatorDriver, "uz.communicator.state.acknowledged", "getUnsentCount"),
        (CommunicatorDriver, "uz.communicator.state.acknowledged", "getAckCount"),
    ],
)
def test_counts_may_fall_one_after_the_other(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, driver: type[Gen1Driver], case: str, late: str
) -> None:
    """A service that stores what became of a receipt a moment after its module let go of it, or before."""
    kind = next(kind for kind, suite in SUITES.items() if case.startswith(suite))
    call: Callable[..., Any] = driver.call  # type: ignore[attr-defined]
    old: list[Json] = []

    def late_by_three(till: Gen1Driver, method: str, /, **fields: object) -> Any:
        answer = call(till, method, **fields)
        if method.lower() == "resendunsent":
            old.extend([{"TerminalID": {"ZZ000000000000": 1}, "Count": 1}] * 3)
        if method != late or not old:
            return answer
        name = "message" if driver is CommunicatorDriver else "result"
        return replace(answer, body=answer.body | {name: old.pop()})

    monkeypatch.setattr(driver, "call", late_by_three)
    record = judged(lab, kind, [case])
    assert (outcomes(record), old) == ({"pass": [case]}, []), story(record)


@pytest.mark.parametrize("suite", SUITES.values())
def test_texts_are_whole_sentences(suite: str) -> None:
    for case in load_suites([suite]):
        if case.id.startswith(f"{suite}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert not text[0].islower() or text.startswith("`"), (case.id, text)
                assert "{key}" not in text, case.id


def test_every_rule_of_generation_1_is_judged() -> None:
    registry = load_suites([*SUITES.values()])
    own = [case for case in registry if case.id.startswith(tuple(f"{suite}." for suite in SUITES.values()))]
    cited = {clause for case in own for clause in case.clauses}
    rules = {f"G1-T-{number:02}" for number in range(1, 11)} | {
        f"G1-R-{number:02}" for number in range(1, 10)
    }
    rules |= {f"G1-Z-{number:02}" for number in range(1, 10)} | {f"QP-{number:02}" for number in range(1, 5)}
    rules |= {f"EP-{number:02}" for number in range(1, 5)} | {"S-3.2", "S-3.3", "S-3.4", "S-3.5", "S-9.1"}
    rules |= {"HB-01", "HB-02", "HB-10", "HB-12", "HB-13", "HB-14", "HB-16", "HB-17", "HB-18"}
    assert sorted(rules - cited) == []
