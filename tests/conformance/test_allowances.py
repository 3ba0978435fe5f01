"""What an owner allows a run: capability files, the budget of receipts, and acts of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.bench import given
from conformance.budget import Budget
from conformance.capability_file import CapabilityFileError, Claim, Claims, read_claims, written
from conformance.cases import CAPABILITIES, Registry
from conformance.context import Context
from conformance.events import Direction, EventStream, Layer, Recorder, RunRecord
from conformance.outcomes import Outcome
from conformance.prompts import Prompter, ScriptedPrompter
from conformance.runner import Runner, RunSettings
from conformance.session import Session
from conformance.targets import parse_target
from conformance.verdicts import NotApplicable
from reference.protocol.uz import apdu

REGISTER = bytes.fromhex("0017000044") + bytes(68)


def file(folder: Path, text: str) -> Path:
    path = folder / "capabilities.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_owner_forbids_vouches_and_leaves_open(tmp_path: Path) -> None:
    claims = read_claims(
        file(
            tmp_path,
            'target = "module"\nreceipts = 12\n[capabilities]\n'
            'power = "no"\ntest-keys = "yes"\nraw-link = "unknown"\n',
        )
    )
    assert claims == Claims(
        "module", {"power": Claim.NO, "test-keys": Claim.YES, "raw-link": Claim.UNKNOWN}, 12
    )
    assert claims.applied({"power", "raw-link"}) == {"raw-link", "test-keys"}
    assert claims.applied(()) == {"test-keys"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("target = ", "is no TOML"),
        ('[capabilities]\npower = "no"', "target is the name or kind of a target"),
        ('target = "module"\nreceipts = -1', "receipts is a whole number from 0, not -1"),
        ('target = "module"\nreceipts = true', "receipts is a whole number from 0, not True"),
        ('target = "module"\ncolour = "red"', "unknown field 'colour'"),
        ('target = "module"\n[capabilities]\nwings = "yes"', "there is no capability 'wings'"),
        (
            'target = "module"\n[capabilities]\npower = true',
            "power is yes, no or unknown, in quotes, not True",
        ),
        ('target = "module"\n[capabilities]\nclock = "yes"', "clock cannot be claimed, it has to be found"),
        ('target = "module"\ncapabilities = 1', "capabilities is a table"),
    ],
)
def test_wrong_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(CapabilityFileError, match=problem) as refused:
        read_claims(file(tmp_path, text))
    assert "capabilities.toml" in str(refused.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CapabilityFileError, match=r"none\.toml cannot be read"):
        read_claims(tmp_path / "none.toml")


def test_written_file_is_read_again(tmp_path: Path) -> None:
    claims = Claims('the "old" module', {"power": Claim.NO}, 7)
    text = written(claims.target, {"raw-link"}, {"raw-link", "test-keys"}, claims, 5)
    again = read_claims(file(tmp_path, text))
    assert (again.target, again.receipts) == (claims.target, 7)
    assert again.claims == {name: claims.claims.get(name, Claim.UNKNOWN) for name in CAPABILITIES}
    assert 'used = ["raw-link", "test-keys"]' in text
    assert "registered = 5" in text
    assert 'raw-link = "unknown"  # in this run: yes;' in text


def test_budget_stops_before_the_bytes_go_out() -> None:
    budget = Budget(2)
    for _ in range(2):
        budget.watch(Layer.APDU, Direction.SENT, REGISTER)
    for layer, raw in (
        (Layer.APDU, apdu.get_info().encode()),
        (Layer.HTTP, b"GET /FiscalDrive/Receipt/RegisterTXID/"),
        (Layer.CONTROL, REGISTER),
    ):
        budget.watch(layer, Direction.SENT, raw)
    budget.watch(Layer.APDU, Direction.RECEIVED, REGISTER)
    assert budget.spent == 2
    for layer, raw in (
        (Layer.APDU, REGISTER),
        (Layer.APDU, bytes.fromhex("0003000008") + bytes(8)),
        (Layer.HTTP, b"POST /FiscalDrive/Receipt/RegisterTXID/UZ1 HTTP/1.1\r\n"),
        (Layer.HTTP, b"POST /FiscalDrive/ZReport/Open/UZ1 HTTP/1.1\r\n"),
    ):
        with pytest.raises(NotApplicable, match="budget of 2 receipts and shifts is used up"):
            budget.watch(layer, Direction.SENT, raw)
    assert budget.spent == 2


def test_no_limit_counts_on() -> None:
    budget = Budget()
    for _ in range(5):
        budget.watch(Layer.APDU, Direction.SENT, REGISTER)
    assert budget.spent == 5


def judged(registry: Registry, session: Session) -> RunRecord:
    recorder = Recorder()
    stream = EventStream([recorder], lambda: "2026-07-01T04:00:00.000+00:00")
    Runner(registry.book, stream, RunSettings(3)).run([session], list(registry))
    return recorder.record


def prompted(
    registry: Registry, port: int, prompter: Prompter | None, claims: Claims | None = None
) -> RunRecord:
    (session,) = given([parse_target(f"operator:tcp://127.0.0.1:{port}")], seconds=20)
    session.claims = claims
    if prompter is not None:
        session.prompter = prompter
    return judged(registry, session)


@pytest.fixture
def asking(registry: Registry) -> Registry:
    def asks(ctx: Context) -> None:
        ctx.check("pulled", ctx.ask_person("Pull the cable", ("pulled", "none")), "answer")

    registry.case(
        "uz.operator.person.pulls",
        target="operator",
        clauses=["OF-13"],
        needs=["person"],
        description="A person pulls.",
        expectation="It is pulled.",
    )(asks)
    return registry


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("pulled", Outcome.PASS), ("none", Outcome.FAIL), (None, Outcome.INCONCLUSIVE)],
)
def test_what_the_person_says_is_recorded(
    asking: Registry, operator_port: int, answer: str | None, outcome: Outcome
) -> None:
    record = prompted(asking, operator_port, ScriptedPrompter(lambda _text, _answers: answer))
    (case,) = record.cases
    assert case.verdict is not None
    assert case.verdict.outcome is outcome
    told = [step.text for step in case.steps]
    assert told[0] == "asked a person: Pull the cable"
    assert ("the person answered: pulled" in told) == (answer == "pulled")


def test_without_anybody_the_case_does_not_apply(asking: Registry, operator_port: int) -> None:
    (case,) = prompted(asking, operator_port, None).cases
    assert case.verdict is not None
    assert case.verdict.outcome is Outcome.NOT_APPLICABLE
    assert "person" in case.verdict.message


def test_owner_who_forbids_the_person_is_obeyed(asking: Registry, operator_port: int) -> None:
    claims = Claims("operator", {"person": Claim.NO})
    prompter = ScriptedPrompter(lambda _text, answers: answers[0])
    (case,) = prompted(asking, operator_port, prompter, claims).cases
    assert case.verdict is not None
    assert case.verdict.outcome is Outcome.NOT_APPLICABLE
