"""Fault points: which hits a rule acts on, how long it lives, and what a wrong rule is told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.runtime.clock import LabClock, real_elapsed
from reference.runtime.faults import FaultPoints, FaultRule, FaultRuleError
from tests.runtime.children import run
from tests.waiting import quick_once

KNOWN = {"apdu.command": "before execution", "apdu.reply": "before the answer", "flash.write": "torn write"}
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def lab() -> LabClock:
    return LabClock.private(START, rate=0)


@pytest.fixture
def faults(lab: LabClock) -> FaultPoints:
    return FaultPoints(KNOWN, lab.part("module"), "module", {"flash.write": ("torn",)})


def pattern(faults: FaultPoints, hits: int, point: str = "apdu.command", **context: str) -> str:
    return "".join("x" if faults.hit(point, **context) else "." for _ in range(hits))


def test_nothing_goes_wrong_without_rules(faults: FaultPoints):
    assert faults.hit("apdu.command", terminal="ZZ000000000000") is None
    assert faults.rules() == []
    assert faults.known == KNOWN


def test_rule_acts_once_by_default_and_says_what_it_did(faults: FaultPoints):
    rule = faults.add(point="apdu.reply", action="sw", value="9010", delay=1.5)
    assert rule == FaultRule("1", "apdu.reply", "sw", value="9010", delay=1.5)
    acted = faults.hit("apdu.reply")
    assert acted == FaultRule("1", "apdu.reply", "sw", value="9010", delay=1.5, hits=1, over=True)
    assert faults.hit("apdu.reply") is None
    assert faults.hit("apdu.command") is None
    assert faults.rules() == [acted]


def test_a_point_is_armed_while_a_rule_may_act_there(faults: FaultPoints):
    assert not faults.armed("apdu.reply")
    faults.add(point="apdu.reply", action="sw")
    assert faults.armed("apdu.reply")
    assert not faults.armed("apdu.command")
    faults.hit("apdu.reply")
    assert not faults.armed("apdu.reply")
    with pytest.raises(KeyError):
        faults.armed("apdu.nowhere")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "x....."),
        ({"count": 3}, "xxx..."),
        ({"count": None}, "xxxxxx"),
        ({"skip": 2}, "..x..."),
        ({"skip": 2, "count": 2}, "..xx.."),
        ({"skip": 4, "count": None}, "....xx"),
        ({"probability": 0, "count": None}, "......"),
    ],
)
def test_skip_and_count(faults: FaultPoints, fields: Mapping[str, object], expected: str):
    faults.add(point="apdu.command", action="drop", **fields)
    assert pattern(faults, 6) == expected


def test_probability_is_rolled_from_the_rules_seed(lab: LabClock):
    def rolled(seed: int) -> str:
        faults = FaultPoints(KNOWN, lab.part("module"), "module")
        faults.add(point="apdu.command", action="drop", probability=0.25, count=None, seed=seed)
        return pattern(faults, 400)

    assert rolled(1) == rolled(1) != rolled(2)
    assert 60 < rolled(1).count("x") < 140


@pytest.mark.parametrize(
    ("match", "context", "acts"),
    [
        ({}, {}, True),
        ({"command": "0017*"}, {"command": "00170000AB"}, True),
        ({"command": "00a4*"}, {"command": "00A40400"}, True),
        ({"command": "00A4*"}, {"command": "00a40400"}, True),
        ({"command": "0017*"}, {"command": "00A4"}, False),
        ({"command": "0017"}, {"command": "001700"}, False),
        ({"terminal": "zz*01"}, {"terminal": "ZZ000000000001"}, True),
        ({"terminal": "ZZ?0000000000[12]"}, {"terminal": "ZZ000000000002"}, True),
        ({"terminal": "*"}, {"command": "00"}, False),
        ({"terminal": "*", "type": "receipt"}, {"terminal": "ZZ", "type": "Receipt", "seq": "4"}, True),
        ({"terminal": "*", "type": "receipt"}, {"terminal": "ZZ", "type": "zreport"}, False),
        ({"seq": "4"}, {"seq": 4}, True),
    ],
)
def test_match(faults: FaultPoints, match: Mapping[str, str], context: Mapping[str, str], acts: bool):
    faults.add(point="apdu.command", action="drop", match=match)
    assert (faults.hit("apdu.command", **context) is not None) == acts


def test_hits_that_do_not_match_are_not_skipped_or_counted(faults: FaultPoints):
    faults.add(point="apdu.command", action="drop", match={"command": "0017*"}, skip=1)
    for _ in range(5):
        assert faults.hit("apdu.command", command="00A4") is None
    assert faults.hit("apdu.command", command="0017") is None
    assert faults.hit("apdu.command", command="0017") is not None


def test_oldest_rule_that_acts_wins(faults: FaultPoints):
    faults.add(point="apdu.command", action="drop", skip=1)
    faults.add(point="apdu.command", action="delay", count=None)
    acted = [faults.hit("apdu.command") for _ in range(3)]
    assert [rule and rule.action for rule in acted] == ["delay", "drop", "delay"]


def test_rule_lives_its_lab_seconds(lab: LabClock, faults: FaultPoints):
    faults.add(point="apdu.command", action="drop", count=None, seconds=60)
    lab.part("module").set_skew(3600)
    lab.advance(59.9)
    assert faults.hit("apdu.command") is not None
    assert not faults.rules()[0].over
    lab.advance(0.1)
    assert faults.hit("apdu.command") is None
    assert faults.rules()[0].over
    assert faults.rules()[0].hits == 1


def test_rules_are_taken_away(faults: FaultPoints):
    first = faults.add(point="apdu.command", action="drop", count=None)
    second = faults.add(point="apdu.command", action="delay", count=None)
    faults.remove(first.id)
    acted = faults.hit("apdu.command")
    assert acted is not None
    assert acted.id == second.id
    with pytest.raises(KeyError):
        faults.remove(first.id)
    faults.clear()
    assert faults.rules() == []
    assert faults.hit("apdu.command") is None


def test_rule_that_is_over_can_be_taken_away(faults: FaultPoints):
    rule = faults.add(point="apdu.command", action="drop")
    assert faults.hit("apdu.command")
    faults.remove(rule.id)
    assert faults.rules() == []


def test_ids_are_chosen_or_given(faults: FaultPoints):
    faults.add(point="apdu.command", action="drop", id="2")
    assert faults.add(point="apdu.command", action="drop").id == "1"
    assert faults.add(point="apdu.command", action="drop").id == "3"
    with pytest.raises(FaultRuleError, match="id: must not be in use, not '3'"):
        faults.add(point="apdu.command", action="drop", id="3")


def test_rule_is_laid_again_as_it_was(faults: FaultPoints):
    rule = faults.add(point="apdu.command", action="drop", match={"terminal": "ZZ*"})
    assert faults.hit("apdu.command", terminal="ZZ1")
    faults.clear()
    again = faults.add(rule)
    assert again == rule
    assert faults.hit("apdu.command", terminal="ZZ1")
    assert faults.add(rule, id="other", action="delay") == FaultRule(
        "other", "apdu.command", "delay", match={"terminal": "ZZ*"}
    )


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        (
            {"point": "apdu.comand"},
            "point",
            "must be one of apdu.command, apdu.reply, flash.write",
        ),
        ({"point": ""}, "point", "must not be empty"),
        ({"point": None}, "point", "must be a text"),
        ({"action": "Drop it"}, "action", "must be a word of small letters"),
        (
            {"point": "flash.write", "action": "drop"},
            "action",
            "at flash.write must be one of crash, torn",
        ),
        ({"skip": -1}, "skip", "must not be negative"),
        ({"skip": 1.5}, "skip", "must be a whole number"),
        ({"skip": True}, "skip", "must be a whole number"),
        ({"count": 0}, "count", "must be at least 1, or null for always"),
        ({"count": "2"}, "count", "must be a whole number"),
        ({"probability": 1.01}, "probability", "must lie between 0 and 1"),
        ({"probability": float("nan")}, "probability", "must be a finite number"),
        ({"seed": "x"}, "seed", "must be a whole number"),
        ({"match": ["terminal"]}, "match", "must map context names to globs"),
        ({"match": {"terminal": 5}}, "match.terminal", "must be a text"),
        ({"seconds": 0}, "seconds", "must be more than 0"),
        ({"seconds": -1}, "seconds", "must lie between 0 and"),
        ({"delay": float("inf")}, "delay", "must be a finite number"),
        ({"value": 9010}, "value", "must be a text"),
        ({"id": "a/b"}, "id", "must be 1 to 64 letters"),
        ({"chance": 25}, "chance", "is no field of a fault rule, which has id, point, action, skip"),
        ({"hits": 1}, "hits", "is no field of a fault rule"),
    ],
)
def test_wrong_rules_are_told_field_and_rule(
    faults: FaultPoints, fields: Mapping[str, object], field: str, text: str
):
    with pytest.raises(FaultRuleError) as refused:
        faults.add(**({"point": "apdu.command", "action": "drop"} | fields))
    assert refused.value.field == field
    assert text in refused.value.rule
    assert str(refused.value).startswith(f"{field}: {refused.value.rule}, not ")
    assert faults.rules() == []


@pytest.mark.parametrize("missing", ["point", "action"])
def test_point_and_action_must_be_given(faults: FaultPoints, missing: str):
    fields = {"point": "apdu.command", "action": "drop"}
    del fields[missing]
    with pytest.raises(FaultRuleError, match=f"{missing}: must be given"):
        faults.add(**fields)


def test_part_without_points_says_so(lab: LabClock):
    with pytest.raises(FaultRuleError, match=r"must be one of \(no points\)"):
        FaultPoints({}, lab.part("pos"), "pos").add(point="x", action="drop")


def test_unknown_point_in_the_part_itself_is_a_mistake(faults: FaultPoints):
    with pytest.raises(KeyError):
        faults.hit("apdu.comand")


def test_ids_chosen_do_not_meet_ids_given(faults: FaultPoints):
    for given_id in ("1", "2", "4"):
        faults.add(point="apdu.command", action="drop", id=given_id)
    assert [faults.add(point="apdu.command", action="drop").id for _ in range(2)] == ["3", "5"]


def test_threads_share_the_count(faults: FaultPoints):
    faults.add(point="apdu.command", action="drop", count=100, skip=50)
    acted: list[FaultRule] = []

    def strike() -> None:
        acted.extend(rule for _ in range(200) if (rule := faults.hit("apdu.command")) is not None)

    threads = [threading.Thread(target=strike) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(rule.hits for rule in acted) == list(range(1, 101))


def test_crash_ends_the_process_at_once():
    script = """
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
faults = FaultPoints({"apdu.reply": ""}, LabClock.private().part("module"), "module")
faults.add(point="apdu.reply", action="crash", skip=1)
try:
    print(faults.hit("apdu.reply"), flush=True)
    faults.hit("apdu.reply")
finally:
    print("still here", flush=True)
"""
    done = run(script)
    assert (done.returncode, done.stdout) == (137, "None\n")


@given(st.integers(0, 5), st.none() | st.integers(1, 5), st.integers(0, 20))
def test_hits_follow_skip_and_count(skip: int, count: int | None, strikes: int):
    faults = FaultPoints(KNOWN, LabClock.private(START, rate=0).part("module"), "module")
    faults.add(point="apdu.command", action="drop", skip=skip, count=count)
    acted = max(0, strikes - skip) if count is None else min(count, max(0, strikes - skip))
    assert pattern(faults, strikes) == ("." * skip + "x" * acted + "." * strikes)[:strikes]
    assert faults.rules()[0].hits == acted


def test_hit_without_rules_is_cheap(faults: FaultPoints):
    faults.add(point="apdu.reply", action="drop", count=None)
    rounds = 5000

    def spent() -> float:
        before = real_elapsed()
        for _ in range(rounds):
            faults.hit("apdu.command", terminal="ZZ000000000000", command="00170000")
        return (real_elapsed() - before) / rounds

    quick_once(spent, 2e-6)
