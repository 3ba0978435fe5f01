"""Several events recorded at once are events like any other to whoever asks for them."""

from __future__ import annotations

from pathlib import Path

from reference.runtime.clock import LabClock
from reference.runtime.events import EventLog
from tests.runtime.test_events import lab as lab
from tests.runtime.test_events import path as path


def test_many_at_once_are_numbered_one_by_one_and_found_again(lab: LabClock, path: Path):
    log = EventLog(path, lab, "operator")
    log.record("before")
    log.record_all("request", ("place", "found"), [f"[{place},[{place}]]" for place in range(3)])
    log.record_all("request", ("place",), [])
    log.record("after")
    assert [(one["n"], one["kind"]) for one in log.since(0)] == [
        (1, "before"),
        (2, "request"),
        (3, "request"),
        (4, "request"),
        (5, "after"),
    ]
    assert [one["data"] for one in log.since(1, 3)] == [{"place": n, "found": [n]} for n in range(3)]
    assert [(one["n"], one["data"].get("place")) for one in log.last(3)] == [(3, 1), (4, 2), (5, None)]
    assert log.since(3, 1)[0] == {
        "n": 4,
        "time": log.since(1, 1)[0]["time"],
        "part": "operator",
        "kind": "request",
        "data": {"place": 2, "found": [2]},
    }
    before = log.since(0)
    log.flush()
    log.close()
    again = EventLog(path, lab, "operator")
    assert again.since(0) == before
    assert again.record("more") == 6
    again.close()


def test_many_at_once_are_kept_when_the_journal_is_written_anew(lab: LabClock, path: Path):
    log = EventLog(path, lab, "operator", capacity=5, compact_at=1)
    for turn in range(4):
        log.record_all("request", ("turn", "place"), [f"[{turn},{place}]" for place in range(4)])
        log.flush()
    told = log.since(0)
    assert [one["n"] for one in told] == [12, 13, 14, 15, 16]
    assert told[0]["data"] == {"turn": 2, "place": 3}
    log.close()
    again = EventLog(path, lab, "operator")
    assert again.since(11) == told
    again.close()


def test_what_came_many_at_once_leaves_one_by_one(lab: LabClock):
    log = EventLog(None, lab, "operator", capacity=3)
    log.record_all("request", ("place",), [f"[{place}]" for place in range(4)])
    assert [one["n"] for one in log.since(0)] == [2, 3, 4]
    log.record("after")
    assert [one["n"] for one in log.since(0)] == [3, 4, 5]
    assert [one["n"] for one in log.since(3, 1)] == [4]
    assert [one["n"] for one in log.last(2)] == [4, 5]
    for _ in range(3):
        log.record("after")
    assert [(one["n"], one["kind"]) for one in log.since(0)] == [(n, "after") for n in (6, 7, 8)]
    assert log.since(8) == log.since(0, 0) == []
