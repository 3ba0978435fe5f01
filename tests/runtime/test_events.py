"""The event log: numbered, in lab time, never waiting for the disk, there again after a restart."""

from __future__ import annotations

import enum
import errno
import json
import math
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.runtime.clock import LabClock
from reference.runtime.events import EventLog, json_safe
from reference.runtime.journal import Journal, JournalError
from tests.runtime.children import child, hear
from tests.waiting import PATIENCE, eventually

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Colour(enum.IntEnum):
    RED = 1


@dataclass
class Account:
    sale: int
    extra: bytes


@pytest.fixture
def lab() -> LabClock:
    return LabClock.private(START, rate=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.journal"


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch):
    """An fdatasync that waits for `go_on` and tells when it is `busy`."""

    class Disk:
        busy = threading.Event()
        go_on = threading.Event()
        syncs = 0

    disk = Disk()
    fdatasync = os.fdatasync

    def slow(fd: int) -> None:
        disk.syncs += 1
        disk.busy.set()
        assert disk.go_on.wait(PATIENCE)
        fdatasync(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    return disk


def kept(path: Path) -> list[dict[str, object]]:
    with Journal(path) as journal:
        return [json.loads(record) for record in journal.recover()]


def test_event_has_number_lab_time_part_kind_and_data(lab: LabClock):
    part = lab.part("drive")
    part.set_skew(3600)
    log = EventLog(None, part, "drive")
    assert log.number == 0
    assert log.record("receipt.registered", kind="sale", n=5, seq=17, sign=b"\x01\xab") == 1
    lab.advance(1.5)
    assert log.record("receipt.sent") == 2
    assert log.since(0, 10) == [
        {
            "n": 1,
            "time": "2026-03-01T09:30:00+00:00",
            "part": "drive",
            "kind": "receipt.registered",
            "data": {"kind": "sale", "n": 5, "seq": 17, "sign": "01ab"},
        },
        {
            "n": 2,
            "time": "2026-03-01T09:30:01.500000+00:00",
            "part": "drive",
            "kind": "receipt.sent",
            "data": {},
        },
    ]
    log.flush()
    log.close()


def test_since_pages_through_what_is_kept(lab: LabClock):
    log = EventLog(None, lab, "operator", capacity=50)
    assert log.since(0) == log.last(5) == []
    for number in range(1, 121):
        assert log.record("tick", number=number) == number

    def numbers(events: list[dict[str, object]]) -> list[object]:
        return [event["n"] for event in events]

    assert numbers(log.since(0, 5)) == [71, 72, 73, 74, 75]
    assert numbers(log.since(75, 3)) == [76, 77, 78]
    assert numbers(log.since(118, 100)) == [119, 120]
    assert numbers(log.since(120, 100)) == numbers(log.since(500, 100)) == numbers(log.since(0, 0)) == []
    assert numbers(log.since(0, -1)) == []
    assert numbers(log.last(3)) == [118, 119, 120]
    assert numbers(log.last(1000)) == list(range(71, 121))
    assert log.number == 120


def test_restart_goes_on_counting(lab: LabClock, path: Path):
    first = EventLog(path, lab, "module")
    for number in range(10):
        first.record("tick", number=number)
    events = first.since(0, 100)
    first.close()
    lab.advance(5)
    again = EventLog(path, lab, "module")
    assert again.since(0, 100) == events
    assert again.record("started") == 11
    again.close()
    assert [event["n"] for event in kept(path)] == list(range(1, 12))


def test_record_does_not_wait_for_the_disk(lab: LabClock, path: Path, slow_disk):
    slow_disk.go_on.set()
    log = EventLog(path, lab, "module")
    slow_disk.go_on.clear()
    log.record("first")
    assert slow_disk.busy.wait(PATIENCE)
    for number in range(500):
        log.record("more", number=number)
    assert log.number == 501
    assert len(log.since(0, 1000)) == 501
    flushed = threading.Event()
    waiter = threading.Thread(target=lambda: (log.flush(), flushed.set()))
    waiter.start()
    assert not flushed.wait(0.05)
    slow_disk.go_on.set()
    assert flushed.wait(PATIENCE)
    assert slow_disk.syncs == 2
    log.close()
    assert len(kept(path)) == 501


def test_flush_brings_events_to_disk_for_good(path: Path):
    script = """
import sys
from reference.runtime.clock import LabClock
from reference.runtime.events import EventLog
log = EventLog(sys.argv[1], LabClock.private(), "module")
for number in range(50):
    log.record("tick", number=number)
log.flush()
print("flushed", flush=True)
sys.stdin.readline()
"""
    with child(script, path) as writer:
        assert hear(writer) == "flushed"
        writer.kill()
        writer.wait(PATIENCE)
        assert [event["data"] for event in kept(path)] == [{"number": number} for number in range(50)]


def test_threads_get_numbers_of_their_own(lab: LabClock, path: Path):
    log = EventLog(path, lab, "module")
    numbers: list[int] = []

    def note() -> None:
        numbers.extend([log.record("tick") for _ in range(200)])

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert sorted(numbers) == list(range(1, 801))
    assert [event["n"] for event in kept(path)] == list(range(1, 801))


def test_failed_disk_is_told_and_stops_nothing(lab: LabClock, path: Path, monkeypatch: pytest.MonkeyPatch):
    log = EventLog(path, lab, "module")
    log.record("durable")
    log.flush()

    def failing(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", failing)
    log.record("lost")
    with pytest.raises(JournalError, match="No space left on device"):
        log.flush()
    assert log.record("later") == 4
    assert [event["kind"] for event in log.since(0, 10)] == ["durable", "lost", "events.failed", "later"]
    assert "No space left on device" in log.since(2, 1)[0]["data"]["text"]
    with pytest.raises(JournalError, match="No space left on device"):
        log.flush()
    with pytest.raises(JournalError, match="No space left on device"):
        log.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_broken_writer_is_told_too(lab: LabClock, path: Path, monkeypatch: pytest.MonkeyPatch):
    log = EventLog(path, lab, "module")

    def broken(_journal: Journal) -> None:
        raise MemoryError

    monkeypatch.setattr(Journal, "commit", broken)
    log.record("lost")
    with pytest.raises(JournalError, match="MemoryError"):
        log.flush()
    with pytest.raises(JournalError, match="MemoryError"):
        log.close()


def test_closed_log_keeps_nothing_more_on_disk(lab: LabClock, path: Path):
    log = EventLog(path, lab, "module")
    log.record("one")
    log.close()
    log.record("two")
    with pytest.raises(JournalError, match="events of module are closed"):
        log.flush()
    assert [event["kind"] for event in kept(path)] == ["one"]
    log.close()


def test_log_on_disk_is_compacted_to_what_is_kept(lab: LabClock, path: Path):
    log = EventLog(path, lab, "module", capacity=20, compact_at=8000)
    for number in range(1000):
        log.record("tick", number=number)
        if number % 10 == 9:
            log.flush()
        assert path.stat().st_size < 12_000
    log.flush()
    ring = log.last(20)
    log.close()
    assert kept(path)[-20:] == ring
    again = EventLog(path, lab, "module", capacity=20)
    assert again.last(20) == ring
    assert again.record("started") == 1001
    again.close()


def test_log_of_large_events_is_not_compacted_all_the_time(
    lab: LabClock, path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = EventLog(path, lab, "module", capacity=100, compact_at=1000)
    rewrites: list[int] = []
    rewrite = Journal.rewrite

    def counted(journal: Journal, records: Iterable[bytes]) -> None:
        rewrites.append(journal.size)
        rewrite(journal, records)

    monkeypatch.setattr(Journal, "rewrite", counted)
    for _ in range(500):
        log.record("tick")
        log.flush()
    log.close()
    assert 4 <= len(rewrites) <= 12, rewrites


def test_file_of_another_program_is_refused(lab: LabClock, path: Path):
    path.write_bytes(b"something else entirely")
    with pytest.raises(JournalError, match="is not a journal"):
        EventLog(path, lab, "module")


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (Colour.RED, "RED"),
        (2.5, 2.5),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ("чек", "чек"),
        (b"\x8d\x05", "8d05"),
        (bytearray(b"\x01"), "01"),
        (memoryview(b"\x02"), "02"),
        (START, "2026-03-01T09:30:00+00:00"),
        (date(2026, 3, 1), "2026-03-01"),
        (timedelta(seconds=90), "0:01:30"),
        (Path("/x"), "/x"),
        ((1, [b"\xff", {3, 1}]), [1, ["ff", [1, 3]]]),
        ({1: {"a": b"\0"}}.items(), [[1, {"a": "00"}]]),
        ({5: Account(3, b"\x09")}, {"5": {"sale": 3, "extra": "09"}}),
        (Account, str(Account)),
        (JournalError("torn"), "torn"),
    ],
)
def test_values_in_json_terms(value: object, safe: object):
    assert json_safe(value) == safe
    json.dumps(json_safe(value), allow_nan=False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=10,
    )
)
def test_any_value_can_be_recorded(value: object):
    log = EventLog(None, LabClock.private(START, rate=0), "module")
    log.record("value", value=value)
    (event,) = log.since(0, 1)
    assert json.loads(json.dumps(event, allow_nan=False)) == event


def test_text_with_lone_surrogates_survives_the_disk(lab: LabClock, path: Path):
    log = EventLog(path, lab, "module")
    log.record("name", text="\udce9 чек")
    events = log.since(0, 1)
    log.close()
    again = EventLog(path, lab, "module")
    assert again.since(0, 1) == events
    again.close()


def test_events_of_a_killed_process_are_whole(path: Path):
    script = """
import sys
from reference.runtime.clock import LabClock
from reference.runtime.events import EventLog
log = EventLog(sys.argv[1], LabClock.private(), "module", compact_at=20_000, capacity=50)
number = 0
while True:
    number = log.record("tick", text="x" * (number % 200))
    if number % 50 == 0:
        log.flush()
        print(number, flush=True)
"""
    for _ in range(3):
        with child(script, path) as writer:
            for _ in range(30):
                flushed = int(hear(writer))
            writer.kill()
            writer.wait(PATIENCE)
        numbers = [event["n"] for event in kept(path)]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert numbers[-1] >= flushed


def test_waiting_for_an_event_from_another_thread(lab: LabClock):
    log = EventLog(None, lab, "module")
    threading.Thread(target=lambda: log.record("tick")).start()
    assert eventually(lambda: log.since(0, 1))[0]["kind"] == "tick"


def test_lists_of_events_of_an_older_journal_are_found_again(lab: LabClock, path: Path):
    old = [{"n": n, "time": "t", "part": "operator", "kind": "request", "data": {}} for n in (1, 2)]
    with Journal(path) as journal:
        journal.recover()
        journal.append(json.dumps(old).encode())
        journal.commit()
    log = EventLog(path, lab, "operator")
    assert log.since(0) == old
    assert log.record("more") == 3
    log.close()
