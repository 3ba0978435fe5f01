"""The journal with zeros ready behind its last record: as durable as without, and no larger than promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import Journal, TornWriteError, journal_actions, journal_points

RESERVE = 96
RECORDS = [b"first", b"", b"\0" * 40, "чек № 3".encode(), bytes(range(256)), b"\0" * 9, b"last"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flash.journal"


def written(path: Path, records: list[bytes], reserve: int = RESERVE) -> tuple[bytes, list[int]]:
    """Commit the records one by one; the file's bytes and where each record ended."""
    ends = []
    with Journal(path, reserve=reserve) as journal:
        for record in records:
            journal.append(record)
            journal.commit()
            ends.append(journal.size)
    return path.read_bytes(), ends


def recovered(path: Path) -> tuple[list[bytes], int]:
    with Journal(path, reserve=RESERVE) as journal:
        return list(journal.recover()), journal.dropped


def test_records_stand_before_zeros_and_are_all_recovered(path: Path) -> None:
    data, ends = written(path, RECORDS)
    assert data[ends[-1] :].strip(b"\0") == b""
    assert len(data) <= ends[-1] + RESERVE
    assert recovered(path) == (RECORDS, 0)
    assert path.stat().st_size == ends[-1]


def test_a_commit_that_fits_changes_no_file_size(path: Path) -> None:
    with Journal(path, reserve=RESERVE) as journal:
        journal.append(b"one")
        journal.commit()
        size = path.stat().st_size
        journal.append(b"two")
        journal.commit()
        assert path.stat().st_size == size
        journal.append(bytes(RESERVE))
        journal.commit()
        assert path.stat().st_size > size
    assert recovered(path)[0] == [b"one", b"two", bytes(RESERVE)]


def test_every_cut_leaves_the_records_before_it(path: Path) -> None:
    data, ends = written(path, RECORDS)
    for cut in range(16, len(data)):
        path.write_bytes(data[:cut])
        assert recovered(path)[0] == RECORDS[: sum(end <= cut for end in ends)]


def test_every_cut_of_the_last_write_inside_the_reserve_is_noticed(path: Path) -> None:
    """What a loss of power leaves there: the beginning of a record, and zeros behind it."""
    data, ends = written(path, RECORDS)
    for kept in range(ends[-2], ends[-1]):
        path.write_bytes(data[:kept] + bytes(len(data) - kept))
        assert recovered(path)[0] == RECORDS[:-1]


def test_writing_goes_on_after_recovery_and_after_a_rewrite(path: Path) -> None:
    written(path, RECORDS)
    with Journal(path, reserve=RESERVE) as journal:
        assert list(journal.recover()) == RECORDS
        journal.append(b"more")
        journal.commit()
        journal.rewrite([b"all in one"])
        journal.append(b"and after")
        journal.commit()
    assert recovered(path) == ([b"all in one", b"and after"], 0)


def test_a_file_with_a_reserve_is_read_without_one(path: Path) -> None:
    written(path, RECORDS)
    with Journal(path) as journal:
        assert list(journal.recover()) == RECORDS


def test_what_was_torn_counts_as_dropped_and_zeros_do_not(path: Path) -> None:
    clock = LabClock.private().part("module")
    faults = FaultPoints(journal_points("flash.write"), clock, "module", journal_actions("flash.write"))
    with Journal(path, faults, "flash.write", RESERVE) as journal:
        journal.append(b"whole")
        journal.commit()
        faults.add(point="flash.write", action="torn", value="10")
        journal.append(b"torn record")
        with pytest.raises(TornWriteError):
            journal.commit()
    assert recovered(path) == ([b"whole"], 10)
