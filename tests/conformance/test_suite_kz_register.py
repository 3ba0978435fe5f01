"""The register suite against the reference register: in its lab, and with the keys and the wire alone."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.drivers.kz_keys import HttpKeys, Pressed
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_stand import OfdStand
from conformance.events import RunRecord
from conformance.lab import Lab
from reference.protocol.kz.frames import Frame
from reference.protocol.kz.results import RESULTS
from tests.conformance.kz_register_lab import SUITE, judged, shop, suite
from tests.conformance.labs import outcomes, story

FEWEST = 400
FEWEST_BY_KEYS = 140
PROGRAM = """
import json, sys, urllib.request
base, word = sys.argv[1:]
order = json.load(sys.stdin)
gets = {
    "state": "/keys/state",
    "documents": "/keys/documents?after={after}&limit={limit}",
    "tape": "/keys/documents/{number}/tape?width={width}",
}
body = None if word in gets else json.dumps(order).encode()
path = gets[word].format(**order) if word in gets else f"/keys/{word}"
asked = urllib.request.Request(base + path, body, {"Content-Type": "application/json"})
with urllib.request.urlopen(asked) as answer:
    text = answer.read().decode()
print(json.dumps(text) if word == "tape" else text)
"""
"""A vendor's program: one key a run, the order on stdin, the answer on stdout."""


class Person:
    """Answers the judge's questions by pressing the keys of the register that stands there."""

    def __init__(self, register: HttpKeys) -> None:
        self.register = register
        self.pressed: Pressed | None = None

    def __call__(self, question: str) -> str:
        if question.startswith("Please"):
            self.pressed = self._press(question)
            return ""
        pressed = self.pressed
        document = pressed.document if pressed else None
        for asked, answer in {
            "Was it done": pressed.outcome if pressed else "",
            "Which result code": "" if pressed is None or pressed.code is None else str(pressed.code),
            "What text": pressed.text if pressed else "",
            "Fiscal sign": str(document["sign"]) if document else "",
            "Which total": f"{document['total'] / 100:.2f}" if document else "",
            "Does the paper": "y" if document and document["autonomous"] else "n",
            "Which mode": self.register.state().mode,
        }.items():
            if question.startswith(asked):
                return answer
        raise AssertionError(question)

    def _press(self, question: str) -> Pressed:
        if "type in the token" in question:
            return self.register.press("token", {"token": int(re.findall(r"token (\d+)", question)[0])})
        if "ask the OFD for information" in question:
            return self.register.press("info", {})
        assert "sell: 1.000 × Нан at 100.00" in question, question
        return self.register.press("sell", sale())


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("register")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(lab: Lab) -> RunRecord:
    return judged(lab)


def own_cases() -> set[str]:
    return {case.id for case in suite() if case.id.startswith(f"{SUITE}.")}


def test_every_case_passes(whole: RunRecord) -> None:
    found = outcomes(whole)
    assert set(found) == {"pass"}, story(whole, *(set(found) - {"pass"}))
    assert set(found["pass"]) == own_cases()
    assert len(found["pass"]) >= FEWEST


def test_a_run_puts_everything_back(lab: Lab, whole: RunRecord) -> None:
    assert whole.ended is not None
    assert whole.ended.stopped == ""
    control = lab.control("register")
    assert control.faults()["rules"] == []
    clock = control.clock()
    assert clock["rate"] == 1
    assert clock["parts"]["register"] == {"skew": 0.0, "drift": 0.0}


def test_first_request_may_come_late(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register that has begun, but did not get to its INFO when the keys are pressed."""
    read = OfdStand._handle
    late = threading.Event()

    def read_late(stand: OfdStand, connection: socket.socket, frame: Frame, number: int) -> bool:
        late.wait(0.5)
        return read(stand, connection, frame, number)

    monkeypatch.setattr(OfdStand, "_handle", read_late)
    case = "kz.register.start.nothing-before-info"
    record = judged(lab, [case])
    assert outcomes(record) == {"pass": [case]}, story(record)


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A register that nobody resets: it knows its ID and RNM, a token will be typed in."""
    known = ("--device-id", "4931", "--token", "77", "--rnm", "600400112233")
    with shop(tmp_path_factory.mktemp("strangers"), *known) as running:
        yield running


def test_keys_and_wire_alone_fail_nothing(strangers: Lab) -> None:
    record = judged(strangers, control=False, processes=False, vendor=True)
    found = outcomes(record)
    assert set(found) == {"pass", "not-applicable"}, story(record, *(set(found) - {"pass", "not-applicable"}))
    assert set(found["not-applicable"]) == {case for case in own_cases() if suite()[case].needs}
    assert len(found["pass"]) >= FEWEST_BY_KEYS


def test_register_without_control_dials_its_own_operator_again(strangers: Lab) -> None:
    keys = HttpKeys(strangers.addresses["register"]["register"], lambda *_: None)
    try:
        keys.press("address", {"server": "127.0.0.1:7007"})
        record = judged(strangers, ["kz.register.frame.x-203"], control=False, processes=False, vendor=True)
        assert set(outcomes(record)) == {"pass"}, story(record, "fail", "inconclusive", "not-applicable")
        assert keys.state().told("server") == "127.0.0.1:7007"
    finally:
        keys.close()


def test_a_program_is_as_good_as_http(strangers: Lab, tmp_path: Path) -> None:
    """A vendor's command line around the same register: what it passes over HTTP it passes here."""
    program = tmp_path / "keys.py"
    program.write_text(PROGRAM, encoding="utf-8")
    address = f"command:{sys.executable} {program} {strangers.addresses['register']['register']}"
    terms = [f"{SUITE}.ticket.change", f"{SUITE}.tape.online-address", f"{SUITE}.code.13-sell"]
    record = judged(strangers, terms, address=address, control=False, processes=False, vendor=True)
    assert outcomes(record) == {"pass": sorted(terms)}, story(
        record, "fail", "not-applicable", "inconclusive"
    )


def test_a_person_can_press_the_keys(strangers: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody at the register, whose hands are a thread that reads questions and presses keys over HTTP."""
    register = HttpKeys(strangers.addresses["register"]["register"], lambda *_: None)
    monkeypatch.setattr("conformance.drivers.kz_person.console", Person(register))
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    register.press("address", {"server": place})
    record = judged(
        strangers,
        [f"{SUITE}.ticket.one-line"],
        address="person:",
        control=False,
        processes=False,
        vendor=True,
        options={"listen": place, "test": "yes"},
    )
    register.close()
    assert outcomes(record) == {"pass": [f"{SUITE}.ticket.one-line"]}, story(record, *outcomes(record))


def test_texts_are_whole_sentences() -> None:
    for case in suite():
        if case.id.startswith(f"{SUITE}."):
            for text in (case.description, case.expectation):
                assert text.endswith("."), (case.id, text)
                assert not text[0].islower(), (case.id, text)
                assert "{key}" not in text, case.id


def test_every_result_code_is_answered_to_a_register() -> None:
    cited = {clause for case in suite() if case.id.startswith(f"{SUITE}.") for clause in case.clauses}
    assert {f"KZ-RC-{row.code.value}" for row in RESULTS if row.code} - cited == set()


def test_every_rule_of_the_register_is_judged() -> None:
    """Modes, queue, limits, tokens and the header; what binds the server alone is left out."""
    cited = {clause for case in suite() if case.id.startswith(f"{SUITE}.") for clause in case.clauses}
    rules = {f"KZ-MD-{n:02}" for n in range(1, 13)} | {f"KZ-OQ-{n}" for n in range(1, 15)} - {"KZ-OQ-12"}
    rules |= {f"KZ-H72-{n:02}" for n in range(1, 6)} | {f"KZ-H24-{n:02}" for n in (1, 2, 3, 5)}
    rules |= {f"KZ-TK-{n}" for n in (1, 2, 4)} | {f"KZ-QR-{n:02}" for n in range(1, 6)}
    rules |= {f"KZ-HD-{n}" for n in (0, 2, 4, 8, 12, 16)} | {f"KZ-CM-{n}" for n in (*range(9), 100)}
    assert sorted(rules - cited) == []
