"""The journal: what was committed is there after any cut, flip, kill, full disk or half-done compaction."""

from __future__ import annotations

import errno
import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.runtime import journal_disk
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import (
    MAX_PAYLOAD,
    GroupCommit,
    Journal,
    JournalError,
    TornWriteError,
    journal_actions,
    journal_points,
)
from tests.runtime.children import child, hear, run, say
from tests.waiting import PATIENCE, eventually

RECORDS = [b"first", b"", b"\0" * 40, "чек № 3".encode(), bytes(range(256)), b"last"]
HEADER = b"KASJRNL\0" + struct.pack("<II", 1, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flash.journal"


@pytest.fixture
def faults() -> FaultPoints:
    part = LabClock.private().part("module")
    return FaultPoints(journal_points("flash.write"), part, "module", journal_actions("flash.write"))


def written(path: Path, records: list[bytes]) -> bytes:
    """Write the records to a new journal; the bytes of its file."""
    with Journal(path) as journal:
        for record in records:
            journal.append(record)
        journal.commit()
    return path.read_bytes()


def recovered(path: Path) -> list[bytes]:
    with Journal(path) as journal:
        return list(journal.recover())


def encoded(record: bytes) -> bytes:
    length = struct.pack("<I", len(record))
    return length + struct.pack("<I", zlib.crc32(length + record)) + record


# Form


def test_file_is_a_header_and_checksummed_records(path: Path):
    assert written(path, RECORDS) == HEADER + b"".join(map(encoded, RECORDS))
    assert recovered(path) == RECORDS


def test_committed_records_follow_those_recovered(path: Path):
    written(path, [b"one"])
    with Journal(path) as journal:
        assert list(journal.recover()) == [b"one"]
        assert journal.append(b"two") == 1
        assert journal.append(b"three") == 2
        assert journal.committed == 0
        assert journal.size == path.stat().st_size + len(encoded(b"two") + encoded(b"three"))
        journal.commit()
        assert journal.committed == 2
        assert journal.size == path.stat().st_size
        assert list(journal.recover()) == [b"one", b"two", b"three"]
    assert recovered(path) == [b"one", b"two", b"three"]


def test_one_commit_is_one_write_and_one_sync(path: Path, monkeypatch: pytest.MonkeyPatch):
    calls: list[str] = []
    pwrite, fdatasync = os.pwrite, os.fdatasync
    journal = Journal(path)
    monkeypatch.setattr(os, "pwrite", lambda *a: calls.append("write") or pwrite(*a))
    monkeypatch.setattr(os, "fdatasync", lambda fd: calls.append("sync") or fdatasync(fd))
    for record in RECORDS:
        journal.append(record)
    assert calls == []
    journal.commit()
    assert calls == ["write", "sync"]
    journal.commit()
    assert calls == ["write", "sync"]
    assert journal.syncs == 1
    journal.close()


def test_short_writes_are_finished(path: Path, monkeypatch: pytest.MonkeyPatch):
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: pwrite(fd, bytes(data)[:7], at))
    assert written(path, RECORDS)[16:] == b"".join(map(encoded, RECORDS))


def test_what_was_not_committed_is_not_there(path: Path):
    with Journal(path) as journal:
        journal.append(b"kept")
        journal.commit()
        journal.append(b"lost")
    assert recovered(path) == [b"kept"]


def test_large_records(path: Path):
    large = bytes(MAX_PAYLOAD)
    written(path, [b"a", large, b"b"])
    assert recovered(path) == [b"a", large, b"b"]
    with Journal(path) as journal, pytest.raises(JournalError, match="at most 16777216 bytes, not 16777217"):
        journal.append(bytes(MAX_PAYLOAD + 1))


# Recovery


def test_every_cut_leaves_the_records_before_it(path: Path):
    content = written(path, RECORDS)
    ends = [len(HEADER)]
    for record in RECORDS:
        ends.append(ends[-1] + len(encoded(record)))
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends[1:])
        with Journal(path) as journal:
            assert list(journal.recover()) == RECORDS[:whole], cut
            assert journal.dropped == max(0, cut - ends[whole])
            journal.append(b"after")
            journal.commit()
        assert recovered(path) == [*RECORDS[:whole], b"after"], cut


def test_every_flipped_byte_of_the_tail_is_noticed(path: Path):
    content = written(path, RECORDS)
    tail = len(content) - len(encoded(RECORDS[-1])) - len(encoded(RECORDS[-2]))
    for position in range(tail, len(content)):
        for flip in (0x01, 0x80, 0xFF):
            flipped = bytearray(content)
            flipped[position] ^= flip
            path.write_bytes(flipped)
            kept = 4 if position < tail + len(encoded(RECORDS[-2])) else 5
            assert recovered(path) == RECORDS[:kept], position
            assert recovered(path) == RECORDS[:kept], position


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8), st.data())
def test_any_damage_leaves_the_records_before_it(tmp_path: Path, records: list[bytes], data: st.DataObject):
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    content = bytearray(written(path, records))
    start = data.draw(st.integers(len(HEADER), len(content)))
    content[start:] = data.draw(st.binary(max_size=80))
    path.write_bytes(content)
    found = recovered(path)
    before = HEADER
    whole = 0
    for record in records:
        before += encoded(record)
        whole += len(before) <= start
    assert found[:whole] == records[:whole]
    assert recovered(path) == found


@pytest.mark.parametrize("tail", [bytes(8), bytes(4096), b"\xff" * 8, struct.pack("<II", MAX_PAYLOAD + 1, 0)])
def test_tails_that_are_no_records_are_cut(path: Path, tail: bytes):
    content = written(path, RECORDS)
    path.write_bytes(content + tail)
    assert recovered(path) == RECORDS
    assert path.read_bytes() == content


def test_appending_before_recovery_is_refused(path: Path):
    written(path, RECORDS)
    with Journal(path) as journal:
        with pytest.raises(JournalError, match="must be recovered before"):
            journal.append(b"x")
        next(journal.recover())
        with pytest.raises(JournalError, match="must be recovered before"):
            journal.append(b"x")
        assert list(journal.recover()) == RECORDS
        journal.append(b"x")


def test_damage_to_committed_records_is_not_cut_in_a_running_journal(path: Path):
    written(path, RECORDS)
    with Journal(path) as journal:
        list(journal.recover())
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(len(HEADER) + 9)
            file.write(b"#")
        with pytest.raises(JournalError, match="committed record at byte 16 is damaged"):
            list(journal.recover())
        assert path.stat().st_size == size


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"SQLite format 3\0 and more", "is not a journal"),
        (b"x", "is not a journal"),
        (b"KASJRNL\0" + struct.pack("<II", 2, 0), "has format 2, only 1 is known"),
    ],
)
def test_other_files_are_left_alone(path: Path, content: bytes, text: str):
    path.write_bytes(content)
    with pytest.raises(JournalError, match=text):
        Journal(path)
    assert path.read_bytes() == content


def test_journal_has_one_owner(path: Path):
    with Journal(path), pytest.raises(JournalError, match="is in use"):
        Journal(path)
    Journal(path).close()


def test_opener_overtaken_by_a_compaction_takes_the_new_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    written(path, [b"old"])
    flock = journal_disk.fcntl.flock

    def overtaken(fd: int, how: int) -> None:
        flock(fd, how)
        monkeypatch.setattr(journal_disk.fcntl, "flock", flock)
        new = path.with_suffix(".other")
        written(new, [b"new"])
        new.replace(path)

    monkeypatch.setattr(journal_disk.fcntl, "flock", overtaken)
    assert recovered(path) == [b"new"]


def test_killed_process_has_lost_nothing_it_acknowledged(path: Path):
    script = """
import sys
from reference.runtime.journal import Journal
journal = Journal(sys.argv[1])
number = len(list(journal.recover()))
while True:
    for _ in range(number % 3 + 1):
        journal.append(f"record {number} ".encode() * (number % 50))
        number += 1
    journal.commit()
    print(number, flush=True)
"""
    acknowledged = 0
    for turn in range(5):
        with child(script, path) as writer:
            for _ in range(60 + 37 * turn):
                acknowledged = int(hear(writer))
            writer.kill()
            assert writer.stdout is not None
            for line in writer.stdout:
                if line.endswith("\n"):
                    acknowledged = int(line)
        found = recovered(path)
        assert len(found) >= acknowledged
        assert found == [f"record {number} ".encode() * (number % 50) for number in range(len(found))]


# Failures


@pytest.mark.parametrize(
    ("point", "value", "code"),
    [
        ("flash.write", "", errno.ENOSPC),
        ("flash.write", "EIO", errno.EIO),
        ("flash.sync", "", errno.EIO),
        ("flash.sync", "ENOSPC", errno.ENOSPC),
    ],
)
def test_failed_commit_ends_the_journal(path: Path, faults: FaultPoints, point: str, value: str, code: int):
    journal = Journal(path, faults, "flash.write")
    journal.append(b"kept")
    journal.commit()
    faults.add(point=point, action="error", value=value)
    journal.append(b"doubtful")
    with pytest.raises(JournalError, match="records may not be durable") as failed:
        journal.commit()
    assert isinstance(failed.value.__cause__, OSError)
    assert failed.value.__cause__.errno == code
    for act in (lambda: journal.append(b"x"), journal.commit, lambda: list(journal.recover())):
        with pytest.raises(JournalError, match="records may not be durable"):
            act()
    assert journal.committed == 1
    journal.close()
    assert recovered(path)[0] == b"kept"


def test_full_disk_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(path)
    monkeypatch.setattr(os, "pwrite", _raise(OSError(errno.ENOSPC, "No space left on device")))
    journal.append(b"x")
    with pytest.raises(JournalError, match="No space left on device"):
        journal.commit()
    monkeypatch.undo()
    with pytest.raises(JournalError, match="No space left on device"):
        journal.append(b"y")
    journal.close()


def test_interrupted_commit_ends_the_journal(path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(path)
    monkeypatch.setattr(os, "fdatasync", _raise(KeyboardInterrupt()))
    journal.append(b"x")
    with pytest.raises(KeyboardInterrupt):
        journal.commit()
    monkeypatch.undo()
    with pytest.raises(JournalError):
        journal.append(b"y")
    journal.close()


@pytest.mark.parametrize(
    ("value", "kept"), [("0", 0), ("1", 1), ("8", 8), ("20", 20), ("", 25), ("9999", 50)]
)
def test_torn_write_keeps_what_the_rule_says(path: Path, faults: FaultPoints, value: str, kept: int):
    journal = Journal(path, faults, "flash.write")
    journal.append(b"before")
    journal.commit()
    size = path.stat().st_size
    faults.add(point="flash.write", action="torn", value=value, match={"file": "flash.*", "stage": "commit"})
    journal.append(b"a" * 17)
    journal.append(b"b" * 17)
    with pytest.raises(TornWriteError, match=f"{kept} of 50 bytes written"):
        journal.commit()
    with pytest.raises(JournalError):
        journal.commit()
    assert path.stat().st_size == size + kept
    journal.close()
    assert recovered(path) == [b"before", b"a" * 17, b"b" * 17][: 1 + kept // 25]


@pytest.mark.parametrize(
    ("action", "value", "kept"),
    [("reordered", "", 25), ("reordered", "8", 42), ("reordered", "0", 50), ("lost-last", "", 0)],
)
def test_bytes_may_reach_the_disk_in_any_order(
    path: Path, faults: FaultPoints, action: str, value: str, kept: int
):
    journal = Journal(path, faults, "flash.write", reserve=4096)
    journal.append(b"before")
    journal.commit()
    faults.add(point="flash.write", action=action, value=value)
    journal.append(b"a" * 17)
    journal.append(b"b" * 17)
    with pytest.raises(TornWriteError, match=f"{kept} of 50 bytes written"):
        journal.commit()
    journal.close()
    # The first record is not whole, so the second does not count though every byte of it may be there.
    whole = [b"a" * 17, b"b" * 17] if value == "0" else []
    assert recovered(path) == [b"before", *whole]
    again = Journal(path)
    assert list(again.recover()) == [b"before", *whole]
    again.append(b"after")
    again.commit()
    again.close()
    assert recovered(path) == [b"before", *whole, b"after"]


def test_slow_disk_is_slow_in_lab_time(path: Path):
    lab = LabClock.private(rate=0)
    faults = FaultPoints(journal_points(), lab.part("module"), "module")
    journal = Journal(path, faults)
    faults.add(point="journal.sync", action="delay", delay=30)
    journal.append(b"x")
    thread = threading.Thread(target=journal.commit)
    thread.start()
    eventually(lambda: lab.wakes._wakers)
    lab.advance(29)
    thread.join(0.02)
    assert thread.is_alive()
    lab.advance(1)
    thread.join(PATIENCE)
    assert journal.committed == 1
    journal.close()


def test_action_the_disk_does_not_know_is_refused(path: Path):
    faults = FaultPoints(journal_points(), LabClock.private().part("module"), "module")
    faults.add(point="journal.write", action="drop")
    journal = Journal(path, faults)
    journal.append(b"x")
    with pytest.raises(JournalError, match=r"journal\.write has no action 'drop'"):
        journal.commit()
    journal.close()


def test_points_must_be_in_the_table(path: Path):
    faults = FaultPoints({"flash.write": ""}, LabClock.private().part("module"), "module")
    with pytest.raises(KeyError):
        Journal(path, faults)
    journal = Journal(path, faults, "flash.write")
    journal.append(b"x")
    journal.commit()
    journal.rewrite([b"y"])
    journal.close()
    assert recovered(path) == [b"y"]
    assert (
        set(journal_points("store"))
        == {"store", "store.sync", "store.rename"}
        == set(journal_actions("store"))
    )


def test_closed_journal_takes_nothing(path: Path):
    journal = Journal(path)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.append(b"x")
    with pytest.raises(JournalError, match="is closed"):
        journal.commit()


# Compaction


def test_rewrite_replaces_the_records(path: Path):
    written(path, RECORDS)
    with Journal(path) as journal:
        list(journal.recover())
        journal.append(b"pending")
        journal.rewrite(record for record in (b"one", b"two"))
        assert journal.committed == 1
        assert journal.size == path.stat().st_size == len(HEADER + encoded(b"one") + encoded(b"two"))
        journal.append(b"three")
        journal.commit()
        with pytest.raises(JournalError, match="is in use"):
            Journal(path)
    assert recovered(path) == [b"one", b"two", b"three"]
    assert list(path.parent.iterdir()) == [path]


def test_rewrite_of_many_megabytes(path: Path):
    records = [bytes([number]) * 300_000 for number in range(20)]
    with Journal(path) as journal:
        journal.rewrite(records)
        assert journal.size == path.stat().st_size
    assert recovered(path) == records


@pytest.mark.parametrize("point", ["flash.write", "flash.sync", "flash.rename"])
def test_rewrite_that_fails_leaves_the_old_records_in_force(path: Path, faults: FaultPoints, point: str):
    journal = Journal(path, faults, "flash.write")
    journal.append(b"old")
    journal.commit()
    faults.add(point=point, action="error", match={"stage": "rewrite"})
    with pytest.raises(JournalError, match="is not rewritten"):
        journal.rewrite([b"new"])
    assert list(path.parent.iterdir()) == [path]
    journal.append(b"later")
    journal.commit()
    journal.close()
    assert recovered(path) == [b"old", b"later"]


def test_rewrite_whose_records_fail_leaves_the_old_ones(path: Path):
    def broken():
        yield b"new"
        raise RuntimeError("no more")

    with Journal(path) as journal:
        journal.append(b"old")
        with pytest.raises(RuntimeError, match="no more"):
            journal.rewrite(broken())
        journal.append(b"later")
        journal.commit()
    assert recovered(path) == [b"old", b"later"]
    assert list(path.parent.iterdir()) == [path]


def test_rewrite_torn_by_a_loss_of_power(path: Path, faults: FaultPoints):
    journal = Journal(path, faults, "flash.write")
    journal.append(b"old")
    journal.commit()
    faults.add(point="flash.write", action="torn", match={"stage": "rewrite"})
    with pytest.raises(TornWriteError):
        journal.rewrite([b"new"] * 10)
    with pytest.raises(JournalError):
        journal.append(b"x")
    assert path.with_name("flash.journal.new").exists()
    journal.close()
    assert recovered(path) == [b"old"]
    assert list(path.parent.iterdir()) == [path]


def test_new_name_that_may_not_last_ends_the_journal(path: Path, faults: FaultPoints):
    journal = Journal(path, faults, "flash.write")
    faults.add(point="flash.sync", action="error", match={"stage": "folder"})
    with pytest.raises(JournalError, match="the new file's name may not be durable"):
        journal.rewrite([b"new"])
    with pytest.raises(JournalError, match="the new file's name may not be durable"):
        journal.append(b"x")
    journal.close()
    assert recovered(path) == [b"new"]


CRASHING_REWRITE = """
import sys
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import Journal, journal_points
path, point, action, stage, skip, value = sys.argv[1:]
faults = FaultPoints(journal_points(), LabClock.private().part("module"), "module")
journal = Journal(path, faults)
list(journal.recover())
faults.add(point=point, action=action, match={"stage": stage}, skip=int(skip), value=value)
journal.rewrite([b"%d" % number * 300_000 for number in range(10)])
"""


@pytest.mark.parametrize(
    ("point", "action", "stage", "skip", "value", "after"),
    [
        ("journal.write", "crash", "rewrite", 0, "", "old"),
        ("journal.write", "torn-crash", "rewrite", 0, "0", "old"),
        ("journal.write", "torn-crash", "rewrite", 0, "5", "old"),
        ("journal.write", "torn-crash", "rewrite", 0, "500000", "old"),
        ("journal.write", "crash", "rewrite", 1, "", "old"),
        ("journal.write", "torn-crash", "rewrite", 2, "16", "old"),
        ("journal.sync", "crash", "rewrite", 0, "", "old"),
        ("journal.rename", "crash", "rewrite", 0, "", "old"),
        ("journal.sync", "crash", "folder", 0, "", "new"),
    ],
)
def test_crash_at_any_step_of_a_rewrite_leaves_all_old_or_all_new(
    path: Path, point: str, action: str, stage: str, skip: int, value: str, after: str
):
    written(path, RECORDS)
    done = run(CRASHING_REWRITE, path, point, action, stage, str(skip), value)
    assert done.returncode == 137, done.stderr
    new = [b"%d" % number * 300_000 for number in range(10)]
    assert recovered(path) == (RECORDS if after == "old" else new)
    assert list(path.parent.iterdir()) == [path]


def test_process_torn_while_committing_has_its_earlier_records(path: Path):
    script = """
import sys
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import Journal, journal_points
faults = FaultPoints(journal_points(), LabClock.private().part("module"), "module")
journal = Journal(sys.argv[1], faults)
faults.add(point="journal.write", action="torn-crash", value="13", skip=3)
for number in range(10):
    journal.append(b"record %d" % number)
    journal.commit()
    print(number, flush=True)
"""
    done = run(script, path)
    assert (done.returncode, done.stdout) == (137, "0\n1\n2\n")
    assert recovered(path) == [b"record 0", b"record 1", b"record 2"]


# Group commit


def test_waiting_threads_share_one_sync(path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(path)
    group = GroupCommit(journal)
    syncs: list[int] = []
    busy, go_on = threading.Event(), threading.Event()
    fdatasync = os.fdatasync

    def slow(fd: int) -> None:
        syncs.append(fd)
        busy.set()
        assert go_on.wait(PATIENCE)
        fdatasync(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda record=record: numbers.append(group.append_and_wait(record)))
        for record in (b"%d" % number for number in range(33))
    ]
    threads[0].start()
    assert busy.wait(PATIENCE)
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: journal._appended == 33)
    assert numbers == []
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(syncs) == journal.syncs == 2
    assert sorted(numbers) == list(range(1, 34))
    journal.close()
    assert sorted(recovered(path)) == sorted(b"%d" % number for number in range(33))


def test_failure_reaches_every_waiting_thread(path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(path)
    group = GroupCommit(journal)
    group.append_and_wait(b"durable")
    busy, go_on = threading.Event(), threading.Event()

    def failing(_fd: int) -> None:
        busy.set()
        assert go_on.wait(PATIENCE)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    told: list[str] = []

    def wait_for(record: bytes) -> None:
        try:
            group.append_and_wait(record)
        except JournalError as error:
            told.append(str(error))

    threads = [threading.Thread(target=wait_for, args=(b"%d" % number,)) for number in range(16)]
    threads[0].start()
    assert busy.wait(PATIENCE)
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: journal._appended == 17)
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(told) == 16
    assert all("Input/output error" in text for text in told)
    with pytest.raises(JournalError, match="Input/output error"):
        group.append_and_wait(b"later")
    journal.close()


def test_threads_that_write_during_a_rewrite_lose_nothing(path: Path):
    journal = Journal(path)
    group = GroupCommit(journal)
    lock = threading.Lock()
    state: list[bytes] = []

    def write(letter: bytes) -> None:
        for number in range(40):
            record = letter + b"%d" % number
            with lock:
                state.append(record)
                appended = journal.append(record)
            if journal.committed < appended:
                journal.commit()
            group.append_and_wait(b"")

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for _ in range(10):
        with lock:
            journal.rewrite(list(state))
    for thread in threads:
        thread.join(PATIENCE)
    journal.close()
    assert [record for record in recovered(path) if record] == state
    assert len(state) == 120


def test_threads_of_a_killed_process_have_lost_nothing_acknowledged(path: Path):
    script = """
import sys, threading
from reference.runtime.journal import GroupCommit, Journal
group = GroupCommit(Journal(sys.argv[1]))
out = threading.Lock()
def write(name):
    number = 0
    while True:
        group.append_and_wait(b"%d:%d" % (name, number))
        with out:
            print(f"{name}:{number}", flush=True)
        number += 1
for name in range(8):
    threading.Thread(target=write, args=(name,), daemon=True).start()
sys.stdin.readline()
"""
    with child(script, path) as writer:
        acknowledged = {hear(writer) for _ in range(400)}
        writer.kill()
        assert writer.stdout is not None
        acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
    assert acknowledged <= {record.decode() for record in recovered(path)}


def test_second_process_is_refused_until_the_first_is_gone(path: Path):
    script = """
import sys
from reference.runtime.journal import Journal
journal = Journal(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""
    with child(script, path) as owner:
        assert hear(owner) == "open"
        with pytest.raises(JournalError, match="is in use"):
            Journal(path)
        say(owner, "end")
        owner.wait(PATIENCE)
        Journal(path).close()


def _raise(error: BaseException):
    def raising(*_args: object) -> None:
        raise error

    return raising
