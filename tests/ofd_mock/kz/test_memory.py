"""What the writer remembers, skips and leaves to a thread changes nothing that anybody can see."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ofd_mock.kz import checkpoint
from reference.protocol.kz.device_states import DeviceState
from reference.runtime.chance import generator
from tests.ofd_mock.kz.counter import ID, Counter, ticket
from tests.waiting import eventually


def sell(counter: Counter, number: int) -> int:
    return int(counter.send(ticket(100_00 + number, time=counter.now, printed_number=number)).code)


def test_what_others_write_is_seen_at_once(counter: Counter) -> None:
    """By the control API of this process, and by another process on the same file."""
    assert [sell(counter, number) for number in (1, 2, 3)] == [0, 0, 0]
    counter.change(state=DeviceState.BLOCKED_OFD)
    assert sell(counter, 4) == 15
    other = counter.opened()
    for state, code in ((DeviceState.ACTIVE, 0), (DeviceState.BLOCKED_MONEY, 15)) * 2:
        other.change(ID, lambda device, state=state: replace(device, state=state))
        assert sell(counter, 5 + counter.device.documents) == code
    other.close()


def test_a_twin_is_found_whoever_took_its_like(counter: Counter) -> None:
    """kz-ofd §4.5: by this process, by an earlier one, and with a number below the highest."""
    number, other = 7, 9
    assert [sell(counter, number), sell(counter, other)] == [0, 0]
    before = counter.findings()
    sell(counter, number)
    found = counter.findings()[len(before) :]
    assert found
    counter.ledger.close()
    counter.ledger = counter.opened()
    mark = len(counter.findings())
    sell(counter, number)
    assert counter.findings()[mark:] == found
    sell(counter, 8)
    assert counter.findings()[mark + len(found) :] == []


def test_signs_stay_unique_when_chance_repeats_itself(counter: Counter) -> None:
    for number in range(1, 11):
        counter.desk.chance.signs = generator(1, "the same again")
        assert sell(counter, number) == 0
    documents = counter.documents()
    assert len({row["sign"] for row in documents}) == 10
    assert [row["number"] for row in documents] == list(range(1, 11))


def test_the_log_moves_into_the_file_beside_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "_AFTER", 10)
    counter = Counter(tmp_path)
    copy = tmp_path / "copy.sqlite"
    number = 0

    def moved() -> bool:
        nonlocal number
        number += 1
        assert sell(counter, number) == 0
        shutil.copyfile(tmp_path / "ledger.sqlite", copy)
        with closing(sqlite3.connect(copy)) as alone:
            try:
                return bool(alone.execute("select count(*) from kz_documents").fetchone()[0])
            except sqlite3.DatabaseError:
                return False  # copied while pages of it were moved

    eventually(moved, 20)
    assert [row["number"] for row in counter.documents()] == list(range(1, 1 + len(counter.documents())))
    counter.ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as whole:
        assert whole.execute("pragma integrity_check").fetchone() == ("ok",)
        assert whole.execute("select count(*) from kz_documents").fetchone() == (number,)
