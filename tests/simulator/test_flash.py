"""The flash: nothing answered is lost, whatever byte the power goes at (UZ-DEV-03, FM-S-08, EM-06)."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.standin import SyncFlags
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import JournalError, TornWriteError
from simulator import changes
from simulator.changes import decode_change, encode_change
from simulator.exchanges import FAULT_ACTIONS, FAULT_POINTS
from simulator.flash import FILE_NAME, Flash, NoFlash
from simulator.keeping import pieces
from simulator.rack import Rack
from tests.simulator.card import DAY, OK, SECOND, Card, block, settings

SECRET = b"k" * 32


# --- records ----------------------------------------------------------------------------------------------

EXAMPLES = [
    changes.Born(b"t" * 8, b"s" * 32, b"f" * 18, b"{}"),
    changes.Opened(b"t" * 8),
    changes.Closed(b"t" * 8, b"b" * 88, b"s" * 64),
    changes.Registered(3, 10**15, b"t" * 87, b"", b"c" * 32, b"b" * 128, b"s" * 64),
    changes.ReceiptAcknowledged(10**15),
    changes.ZAcknowledged(32766, b"t" * 8),
    changes.Synced(1, 0, b"t" * 8),
    changes.PosLocked(SECRET),
    changes.ChallengeUsed(),
    changes.Rescanned(b""),
    changes.TaxpayerSet(b"123456789"),
    changes.LockSet(1),
    changes.KeptState(1, 2, 3, 4, 5, 0xFFFF, 7, 8, 9, 10, 11, 12, 13, b"l" * 8, b"", SECRET, b""),
    changes.KeptZ(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, b"o" * 8, b"", b"", b"b", b"s"),
    changes.KeptReceipt(3, 4, b"t" * 68, b"123456", b"c", b"b", b"s"),
]


@pytest.mark.parametrize("change", EXAMPLES, ids=lambda change: type(change).__name__)
@pytest.mark.parametrize("module", [0, 1, 65_535])
def test_records_round_trip(change, module):
    assert decode_change(encode_change(module, change)) == (module, change)


def test_every_change_has_an_example():
    assert {type(change) for change in EXAMPLES} == set(changes._ENCODERS)


@given(st.binary(max_size=40))
def test_other_bytes_are_no_record(data):
    with contextlib.suppress(ValueError):
        assert encode_change(*decode_change(data)) == data


def test_a_record_with_more_behind_it_is_none():
    with pytest.raises(ValueError, match="expected"):
        decode_change(encode_change(0, changes.Opened(b"t" * 8)) + b"\0")


# --- a working day, cut at every byte ---------------------------------------------------------------------


def working_day(card: Card, watch) -> None:
    """Everything a module keeps happens at least once; `watch(command or None)` after each step."""
    card.sync(SyncFlags.CHANGE_LOCK)
    watch("unlock")
    card.open()
    watch("open")
    for step in range(4):
        card.sell(1000 + step, 20, 3, type=step % 3)
        watch("sell")
    card.refund(500)
    watch("refund")
    card.sell(expected=StatusWord.DATETIME_IS_IN_THE_PAST, time=card.now)
    watch("refused")
    card.ack(2)
    watch("ack")
    card.close()
    closed = card.now
    watch("close")
    card.ack_z(closed)
    watch("ack z")
    card.send(apdu.pos_lock(SECRET), OK)
    watch("bind")
    challenge, _ = card.send(apdu.pos_challenge(), OK)
    card.send(apdu.pos_auth(SECRET, challenge), OK)
    card.open()
    watch("open 2")
    card.sync(SyncFlags.UNDO_POS_LOCK, time=card.now + DAY)
    card.now += DAY
    watch("sync")
    card.sell(7)
    watch("sell in a freed block")
    card.rack.set_taxpayer(card.slot, "123456789")
    watch("taxpayer")


def states_of(folder: Path) -> list:
    rack = Rack(Flash(folder), LabClock.private().part("module"), Random(1))
    try:
        return [list(pieces(slot.module.state)) for slot in rack.slots]
    finally:
        rack.store.close()


def test_every_cut_of_a_working_day_gives_the_last_whole_state(tmp_path):
    folder = tmp_path / "module"
    card = Card(Flash(folder), start_locked=True, blocks=7)
    path = folder / FILE_NAME
    known = [(path.stat().st_size, list(pieces(card.state)))]

    def watch(_step: str) -> None:
        known.append((path.stat().st_size, list(pieces(card.state))))

    working_day(card, watch)
    card.rack.store.close()
    data = path.read_bytes()
    assert len({size for size, _ in known}) > 12
    cut = tmp_path / "cut"
    cut.mkdir()
    for size in range(known[0][0], len(data) + 1):
        (cut / FILE_NAME).write_bytes(data[:size])
        expected = [state for end, state in known if end <= size][-1]
        assert states_of(cut) == [expected], f"cut at byte {size}"


def test_a_cut_before_the_first_module_is_whole_leaves_none(tmp_path):
    Card(Flash(tmp_path / "whole")).rack.store.close()
    data = (tmp_path / "whole" / FILE_NAME).read_bytes()
    cut = tmp_path / "cut"
    cut.mkdir()
    for size in range(len(data)):
        (cut / FILE_NAME).write_bytes(data[:size])
        assert states_of(cut) == []


def test_a_flipped_bit_ends_the_history_there(tmp_path):
    card = Card(Flash(tmp_path))
    card.open()
    before = (tmp_path / FILE_NAME).stat().st_size
    state = list(pieces(card.state))
    card.sell()
    card.rack.store.close()
    data = bytearray((tmp_path / FILE_NAME).read_bytes())
    data[before + 20] ^= 4
    (tmp_path / FILE_NAME).write_bytes(bytes(data))
    assert states_of(tmp_path) == [state]


# --- torn and failing writes in a running module ----------------------------------------------------------


def faulty(folder: Path, **given) -> tuple[Card, FaultPoints]:
    clock = LabClock.private().part("module")
    faults = FaultPoints(FAULT_POINTS, clock, "module", FAULT_ACTIONS)
    return Card(Flash(folder, faults), **given), faults


@pytest.mark.parametrize("kept", [0, 1, 8, 100, 300])
def test_a_torn_write_is_as_if_the_command_had_never_been(tmp_path, kept):
    card, faults = faulty(tmp_path)
    card.open()
    card.sell()
    before = list(pieces(card.state))
    faults.add(point="flash.write", action="torn", value=str(kept))
    command = apdu.receipt_register(block(card.now + SECOND, 9)).encode()
    with pytest.raises(TornWriteError):
        card.raw(command)
    assert list(pieces(card.state)) == before
    card.rack.recover()
    assert list(pieces(card.state)) == before
    assert card.raw(command)[-2:] == b"\x90\x00"
    assert card.memory().receipt_seq == 2
    card.rack.store.close()
    assert states_of(tmp_path) == [list(pieces(card.state))]


@pytest.mark.parametrize("action", ["torn", "reordered", "lost-last"])
def test_brown_outs_in_a_row(tmp_path, action):
    """UZ-DEV-03: the power fails at every write of twenty recoveries in a row, and then the sale goes on"""
    card, faults = faulty(tmp_path)
    card.open()
    card.sell()
    before = list(pieces(card.state))
    faults.add(point="flash.write", action=action, count=None)
    command = apdu.receipt_register(block(card.now + SECOND, 9)).encode()
    with pytest.raises(TornWriteError):
        card.raw(command)
    for _ in range(20):
        card.rack.recover()
        with pytest.raises(JournalError):
            card.raw(command)
    assert faults.rules()[0].hits > 20
    faults.clear()
    card.rack.recover()
    assert list(pieces(card.state)) == before
    assert card.raw(command)[-2:] == b"\x90\x00"
    assert card.memory().receipt_seq == 2
    card.rack.store.close()
    assert states_of(tmp_path) == [list(pieces(card.state))]


def test_a_write_torn_after_its_last_byte_counts_after_recovery(tmp_path):
    """The record is whole on the disk, only nobody was told: the host repeats and gets its answer."""
    card, faults = faulty(tmp_path)
    card.open()
    faults.add(point="flash.write", action="torn", value="100000")
    command = apdu.receipt_register(block(card.now + SECOND, 9)).encode()
    with pytest.raises(TornWriteError):
        card.raw(command)
    card.rack.recover()
    assert card.memory().receipt_seq == 1
    assert card.raw(command)[-2:] == b"\x90\x00"
    assert card.memory().receipt_seq == 1


@pytest.mark.parametrize("point", ["flash.write", "flash.sync"])
def test_a_full_or_failing_disk_answers_nothing_and_recovers(tmp_path, point):
    card, faults = faulty(tmp_path)
    card.open()
    before = list(pieces(card.state))
    faults.add(point=point, action="error")
    command = apdu.receipt_register(block(card.now + SECOND, 9)).encode()
    with pytest.raises(JournalError):
        card.raw(command)
    assert list(pieces(card.state)) == before
    card.rack.recover()
    card.raw(command)
    assert card.memory().receipt_seq == 1


def test_a_disk_that_stays_broken_refuses_every_change_and_heals(tmp_path):
    card, faults = faulty(tmp_path)
    card.open()
    rule = faults.add(point="flash.sync", action="error", count=None)
    command = apdu.receipt_register(block(card.now + SECOND, 9)).encode()
    for _ in range(3):
        with pytest.raises(JournalError):
            card.raw(command)
        card.rack.recover()
        assert card.memory().receipt_seq in (0, 1), "questions are answered all the while"
    faults.remove(rule.id)
    assert card.raw(command)[-2:] == b"\x90\x00"
    assert card.memory().receipt_seq == 1
    state = list(pieces(card.state))
    card.rack.store.close()
    assert states_of(tmp_path) == [state]


@pytest.mark.parametrize("action", ["error", "torn"])
def test_a_compaction_that_fails_costs_no_answer(tmp_path, monkeypatch, action):
    monkeypatch.setattr("simulator.flash.COMPACT_FROM", 5_000)
    card, faults = faulty(tmp_path, blocks=4)
    card.open()
    faults.add(point="flash.write", action=action, match={"stage": "rewrite"}, count=2)
    for _ in range(60):
        card.ack(card.sell(1).receipt_seq)
    assert faults.rules()[0].hits >= 1
    assert card.memory().receipt_seq == 60
    state = list(pieces(card.state))
    card.rack.store.close()
    assert states_of(tmp_path) == [state]


def test_a_module_ahead_of_its_flash_is_not_compacted(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.flash.COMPACT_FROM", 1_000)
    card = Card(Flash(tmp_path), defects=("answer-before-commit",), blocks=4)
    card.open()
    for _ in range(20):
        card.ack(card.sell(1).receipt_seq)
    card.rack.power_cut(card.slot)
    card.send(apdu.select(), OK)
    assert (card.memory().receipt_seq, card.memory().receipts_count) == (20, 1)
    card.rack.store.close()


# --- compaction -------------------------------------------------------------------------------------------


def test_compaction_keeps_every_module_as_it_is(tmp_path):
    rack = Rack(Flash(tmp_path), LabClock.private().part("module"), Random(1))
    rack.fill([settings(terminal=f"ZZ{index:012}", blocks=6) for index in range(3)])
    card = Card(NoFlash())
    card.rack = rack
    for slot in rack.slots:
        rack.exchange(slot, apdu.select().encode())
    working_day_on = list(rack.slots)
    for slot in working_day_on:
        for step, command in enumerate(
            (
                apdu.zreport_open(card.now + SECOND),
                apdu.receipt_register(block(card.now + 2 * SECOND, 5)),
                apdu.receipt_register(block(card.now + 3 * SECOND, 6)),
            )
        ):
            assert rack.exchange(slot, command.encode())[-2:] == b"\x90\x00", step
    before = [list(pieces(slot.module.state)) for slot in rack.slots]
    rack.store.compact(rack.states, now=True)
    assert rack.exchange(rack.slots[0], apdu.zreport_close(card.now + 4 * SECOND).encode()) == OK.wire
    after = [list(pieces(slot.module.state)) for slot in rack.slots]
    assert after[1:] == before[1:]
    rack.store.close()
    assert states_of(tmp_path) == after


def test_history_is_dropped_when_it_is_most_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.flash.COMPACT_FROM", 20_000)
    card = Card(Flash(tmp_path), blocks=4)
    card.open()
    sizes = []
    for _ in range(400):
        number = card.sell(1).receipt_seq
        card.ack(number)
        sizes.append((tmp_path / FILE_NAME).stat().st_size)
    assert max(sizes) < 40_000
    assert any(later < earlier for earlier, later in itertools.pairwise(sizes))
    state = list(pieces(card.state))
    card.rack.store.close()
    assert states_of(tmp_path) == [state]


def test_a_file_full_of_live_records_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.flash.COMPACT_FROM", 2_000)
    card = Card(Flash(tmp_path), blocks=100)
    card.open()
    inode = (tmp_path / FILE_NAME).stat().st_ino
    for _ in range(50):
        card.sell()
    assert (tmp_path / FILE_NAME).stat().st_ino == inode
    card.rack.store.close()


# --- restart ----------------------------------------------------------------------------------------------


def test_a_folder_can_move_to_another_host(tmp_path):
    card = Card(Flash(tmp_path / "a"), start_locked=True, blocks=7)
    working_day(card, lambda _step: None)
    state = list(pieces(card.state))
    card.rack.store.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert states_of(tmp_path / "b") == [state]


def test_two_processes_cannot_have_the_same_module(tmp_path):
    card = Card(Flash(tmp_path))
    with pytest.raises(JournalError, match="in use"):
        Flash(tmp_path)
    card.rack.store.close()


def test_the_public_questions_answer_alike_after_a_restart(tmp_path):
    card = Card(Flash(tmp_path), start_locked=True, blocks=7)
    working_day(card, lambda _step: None)
    questions = [
        apdu.get_info(), apdu.get_fiscal_memory_info(), apdu.get_unack_zreports(), apdu.get_zreport_info(0),
        apdu.get_zreport_info(1), apdu.get_zreport_file(1), apdu.pos_challenge(),
        *(apdu.get_receipt_info(index, b"\x0c\x01\x02\x04") for index in range(5)),
        *(apdu.get_receipt_file(index) for index in range(5)),
    ]  # fmt: skip
    before = [card.send(question) for question in questions]
    card.rack.store.close()
    card.rack = Rack(Flash(tmp_path), card.clock, Random(5))
    card.send(apdu.select(), OK)
    assert [card.send(question) for question in questions] == before


def test_a_flash_without_its_first_module_is_refused(tmp_path):
    flash = Flash(tmp_path)
    list(flash.read())
    card = Card(NoFlash())
    for change in pieces(card.state):
        flash.append(1, change)
    flash.commit()
    flash.close()
    with pytest.raises(ValueError, match="module 0"):
        states_of(tmp_path)


def test_no_flash_keeps_nothing():
    store = NoFlash()
    card = Card(store)
    card.open()
    store.reopen()
    store.compact(card.rack.states, now=True)
    store.close()
    assert list(store.read()) == []
