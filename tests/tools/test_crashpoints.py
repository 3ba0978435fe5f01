"""`kassalab crashpoints`: a slice of all cuts of a day in every run of the tests, and what it catches."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from reference.runtime.chance import generator
from tools.cli import run
from tools.crashpoints.cuts import Kind, Left, Part, Victim
from tools.crashpoints.day import Day
from tools.crashpoints.enumeration import Case, Recording, Result, Trip, record, trips
from tools.crashpoints.images import reordered, torn
from tools.crashpoints.shop import Flaws
from tools.crashpoints.workers import hush

RECEIPTS = 8
"""A short day: everything that can be cut is in it."""
SLICE = 60
SEED = 3


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    hush()
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def recording() -> Recording:
    hush()
    return record(Day(SEED, RECEIPTS), Flaws())


def tried(recording: Recording, cases: list[Case], *, brown_outs: bool = False) -> Result:
    result = Result()
    for some in trips(cases):
        start = recording.checkpoints[some[0].step]
        result.add(Trip(recording.day, start, some, recording.flaws, brown_outs).run())
    return result


def sample(recording: Recording, count: int, name: str) -> list[Case]:
    chance = generator(SEED, name)
    return sorted(chance.sample(recording.singles, count), key=lambda case: case.number)


def test_everything_is_cut(recording: Recording) -> None:
    """Every APDU and every durable write of every part, and whoever can go down there."""
    assert [case.number for case in recording.cases] == list(range(1, len(recording.cases) + 1))
    assert len(recording.cases) > 2500
    found = {
        (case.target.moment.kind, case.target.moment.part, case.target.victim) for case in recording.cases
    }
    assert {(Kind.WRITE, part, Victim(part.value)) for part in Part} <= found
    assert {victim for _, _, victim in found} == set(Victim)
    steps = {case.step for case in recording.cases}
    assert steps == set(range(len(recording.day.steps)))
    registers = [
        case.target
        for case in recording.cases
        if case.target.moment.name == "RECEIPT_REGISTER" and case.target.moment.kind is Kind.REPLY
    ]
    assert len(registers) == 3 * (RECEIPTS + 1), "each sale and the refund, three victims each"
    assert {case.target.left for case in recording.cases} == set(Left)


def test_the_same_seed_is_the_same_day(recording: Recording) -> None:
    again = record(Day(SEED, RECEIPTS), Flaws())
    assert again.cases == recording.cases
    other = record(Day(SEED + 1, RECEIPTS), Flaws())
    assert other.day.orders != recording.day.orders


def test_a_slice_of_all_cuts(recording: Recording) -> None:
    """UZ-USB-02, UZ-SVC-02, UZ-DEV-03; all of them: `kassalab crashpoints`"""
    cases = sample(recording, SLICE, "slice")
    result = tried(recording, cases)
    assert result.findings == []
    assert sorted(result.tried + result.missed) == [case.number for case in cases]
    assert len(result.missed) < SLICE / 10


def test_recoveries_that_are_cut_in_their_turn(recording: Recording) -> None:
    result = tried(recording, sample(recording, 12, "brown-outs"), brown_outs=True)
    assert result.findings == []
    assert result.brown_outs > 0


def at(recording: Recording, kind: Kind, name: str, victim: Victim, left: Left = Left.WHOLE) -> list[Case]:
    """Cuts at moments of that name in the sales and what follows them, three at most."""
    found = [
        case
        for case in recording.cases
        if case.step > 1
        and (case.target.moment.kind, case.target.moment.name, case.target.victim, case.target.left)
        == (kind, name, victim, left)
    ]
    return found[:3]


CAUGHT = (
    (Flaws(module=("answer-before-commit",)), Kind.COMMAND, "GET_DATA_CPLC", Victim.MODULE),
    (Flaws(module=("repeat-not-recognised",)), Kind.REPLY, "RECEIPT_REGISTER", Victim.MODULE),
    (Flaws(drive=("no-recovery",)), Kind.REPLY, "RECEIPT_REGISTER", Victim.SHOP),
    (Flaws(drive=("register-twice",)), Kind.ANSWER, "Receipt/RegisterTXID", Victim.DRIVE),
    (Flaws(drive=("second-ack-is-failure",)), Kind.REPLY, "ACK", Victim.DRIVE),
    (Flaws(operator=("stored-twice",)), Kind.ANSWER, "answer", Victim.OPERATOR),
)


@pytest.mark.parametrize(("flaws", "kind", "name", "victim"), CAUGHT, ids=lambda value: str(value)[:60])
def test_a_part_that_is_wrong_is_caught(
    recording: Recording, flaws: Flaws, kind: Kind, name: str, victim: Victim
) -> None:
    """The same cuts find nothing in sound parts, and something in these."""
    wrong = record(Day(SEED, RECEIPTS), flaws)
    assert at(recording, kind, name, victim)
    assert tried(recording, at(recording, kind, name, victim)).findings == []
    assert tried(wrong, at(wrong, kind, name, victim)).findings


def test_a_trip_can_travel(recording: Recording) -> None:
    (case,) = sample(recording, 1, "traveller")
    trip = Trip(recording.day, recording.checkpoints[case.step], [case])
    assert pickle.loads(pickle.dumps(trip)).run() == Result([case.number])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cuts.json"
    words = ["crashpoints", "--receipts", str(RECEIPTS), "--seed", str(SEED), "--jobs", "1"]
    assert run([*words, "--only", "700", "--json", str(file)]) == 0
    said = capsys.readouterr().out
    assert "700 at sale" in said
    assert "sound" in said
    values = json.loads(file.read_text())
    assert (values["tried"], values["findings"]) == (1, [])
    assert run([*words, "--only", "0"]) == 2
    assert "cuts have numbers 1 to" in capsys.readouterr().err
    assert run([*words, "--defect", "module:kind"]) == 2


def test_the_command_names_what_it_finds(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["crashpoints", "--receipts", str(RECEIPTS), "--jobs", "1", "--defect", "module:empty-z-closes"]
    assert run([*words, "--only", "1"]) == 0
    assert run([*words, "--defect", "drive:answer-not-stored"]) == 1
    assert "goes wrong without any cut" in capsys.readouterr().out


def test_images_of_a_write_in_work() -> None:
    before, after = {"a": b"0000000000", "b": b"x"}, {"a": b"0012345670", "b": b"x", "c": b"new!"}
    assert torn(before, after) == {"a": b"0012300000", "b": b"x", "c": b"ne\0\0"}
    assert reordered(before, after) == {"a": b"0000045670", "b": b"x", "c": b"\0\0w!"}
