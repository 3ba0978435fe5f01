"""The module against a clerk's paper, command by command, over restarts (UZ-DEV-03, UZ-SHF, UZ-OFF)."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command
from reference.protocol.uz.standin import AckKind, SyncFlags
from reference.protocol.uz.values import encode_bcd8, encode_time
from simulator.flash import Flash
from simulator.rack import Rack
from tests.simulator.card import START, Card, block
from tests.simulator.model import TWO_DAYS, Paper, PaperReceipt

SECRET = b"\x07" * 32
STEPS = st.one_of(
    st.sampled_from([-5, 0, 1, 1, 1, 2, 3600, 86_400, TWO_DAYS - 1, TWO_DAYS, TWO_DAYS + 1]),
    st.integers(1, 100_000),
)
SUMS = st.sampled_from([0, 1, 5, 10, 500, 700])


class ModuleAndPaper(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.registered: list[PaperReceipt] = []

    @initialize(blocks=st.integers(2, 12), operations=st.integers(2, 6), cash=st.sampled_from([1500, 10**9]))
    def make(self, blocks: int, operations: int, cash: int) -> None:
        self.card = Card(Flash(self.path), blocks=blocks, limits={"z_operations": operations, "z_cash": cash})
        self.paper = Paper(blocks, operations, cash)

    def teardown(self) -> None:
        if hasattr(self, "card"):
            self.card.rack.store.close()
        self.folder.cleanup()

    def time(self, seconds: int):
        return START + timedelta(seconds=seconds)

    def expect(self, command: Command, word: int) -> bytes:
        return self.card.send(command, word)[0]

    @rule(step=STEPS)
    def open(self, step: int) -> None:
        time = self.paper.last + step
        self.expect(apdu.zreport_open(self.time(time)), self.paper.open(time))

    @rule(step=STEPS)
    def close(self, step: int) -> None:
        time = self.paper.last + step
        self.expect(apdu.zreport_close(self.time(time)), self.paper.close(time))

    @rule(
        step=STEPS,
        cash=SUMS,
        card=SUMS,
        vat=SUMS,
        type_=st.sampled_from([0, 0, 0, 1, 2]),
        operation=st.sampled_from([0, 0, 1]),
    )
    def register(self, step: int, cash: int, card: int, vat: int, type_: int, operation: int) -> None:
        time = self.paper.last + step
        raw = block(self.time(time), cash, card, vat, type=type_, operation=operation)
        row = PaperReceipt(0, time, cash, card, vat, type_, operation, raw)
        before = self.paper.number
        word = self.paper.register(row)
        data = self.expect(apdu.receipt_register(raw), word)
        if self.paper.number > before:
            self.registered.append(row)
            assert data[12:22] == b"\x02\x08" + encode_bcd8(self.paper.number)

    @rule(data=st.data())
    def register_again(self, data: st.DataObject) -> None:
        if self.registered:
            row = data.draw(st.sampled_from(self.registered))
            self.expect(apdu.receipt_register(row.raw), self.paper.register(row))

    @rule(data=st.data(), hint=st.sampled_from([None, 0, 1, 5]))
    def acknowledge(self, data: st.DataObject, hint: int | None) -> None:
        number = data.draw(st.integers(1, max(1, self.paper.number)))
        file = standin.make_ack_file(AckKind.RECEIPT, self.card.terminal, encode_bcd8(number), START)
        self.expect(apdu.ack(file, hint), self.paper.acknowledge(number))

    @rule()
    def acknowledge_all(self) -> None:
        for number in list(self.paper.held):
            file = standin.make_ack_file(AckKind.RECEIPT, self.card.terminal, encode_bcd8(number), START)
            self.expect(apdu.ack(file), self.paper.acknowledge(number))

    @rule(data=st.data())
    def acknowledge_z(self, data: st.DataObject) -> None:
        closings = [z.closed for z in self.paper.zs if z.closed is not None]
        if closings:
            closed = data.draw(st.sampled_from(closings))
            id8 = encode_time(self.time(closed))
            file = standin.make_ack_file(AckKind.ZREPORT, self.card.terminal, id8, START)
            self.expect(apdu.ack(file), self.paper.acknowledge_z(closed))

    @rule(
        step=st.integers(-100, 200_000), lock=st.sampled_from([None, None, True, False]), undo=st.booleans()
    )
    def sync(self, step: int, lock: bool | None, undo: bool) -> None:
        flags = SyncFlags.UNDO_POS_LOCK if undo else SyncFlags.NONE
        if lock is not None:
            flags |= SyncFlags.CHANGE_LOCK | (SyncFlags.LOCKED if lock else SyncFlags.NONE)
        time = max(0, self.paper.last + step)
        self.paper.sync(time, lock, undo)
        self.card.sync(flags, self.time(time))

    @rule()
    def bind(self) -> None:
        self.expect(apdu.pos_lock(SECRET), 0x9092 if self.paper.secret else 0x9000)
        self.paper.secret = True

    @rule()
    def authenticate(self) -> None:
        challenge = self.expect(apdu.pos_challenge(), 0x9000)
        self.expect(apdu.pos_auth(SECRET, challenge), 0x9000 if self.paper.secret else 0x9093)
        self.paper.authenticated = self.paper.secret

    @rule()
    def rescan(self) -> None:
        self.expect(apdu.receipt_rescan(), 0x9000)

    @rule(compact=st.booleans())
    def lose_power_and_start_anew(self, compact: bool) -> None:
        if compact:
            self.card.rack.store.compact(self.card.rack.states, now=True)
        before = self.card.kept()
        self.card.rack.store.close()
        self.card.rack = Rack(Flash(self.path), self.card.clock, Random(99))
        assert self.card.kept() == before
        self.card.send(apdu.select(), 0x9000)
        self.paper.authenticated = False

    @invariant()
    def memory_info_agrees(self) -> None:
        if not hasattr(self, "paper"):
            return
        paper, memory = self.paper, self.card.memory()
        assert memory.receipt_seq == paper.number
        assert memory.last_operation == self.time(paper.last)
        oldest = min((row.time for row in paper.held.values()), default=None)
        assert memory.first_unacknowledged == (None if oldest is None else self.time(oldest))
        assert (memory.zreports_count, memory.receipts_count) == (len(paper.zs), len(paper.held))
        assert (memory.zreports_allocated, memory.receipts_allocated) == (len(paper.zs), paper.receipt_blocks)
        for what in ("cash", "card", "vat"):
            account = getattr(memory, what)
            assert (account.sale, account.refund) == (paper.lifetime(what, 0), paper.lifetime(what, 1))
        info = self.card.info()
        assert (info.locked, info.pos_locked, info.pos_auth) == (
            paper.locked, paper.secret, paper.authenticated,
        )  # fmt: skip

    @invariant()
    def z_reports_agree(self) -> None:
        zs = self.paper.zs if hasattr(self, "paper") else []
        for index, z in enumerate(reversed(zs)):
            info = self.card.z(index)
            assert (info.sales, info.refunds) == (z.count(0), z.count(1))
            assert (info.cash.sale, info.card.refund) == (z.total("cash", 0), z.total("card", 1))
            assert info.close_time == (None if z.closed is None else self.time(z.closed))
            assert (info.acknowledged is not None) == z.acknowledged
            numbers = [row.number for row in z.rows] or [0]
            assert (info.first_receipt, info.last_receipt) == (numbers[0], numbers[-1])
        if zs:
            waiting = [
                index for index, z in enumerate(reversed(zs)) if z.closed is not None and not z.acknowledged
            ]
            answer = self.card.send(apdu.get_unack_zreports(), 0x9000)[0]
            assert list(apdu.decode_indexes(answer)) == waiting[-16:]

    @invariant()
    def held_receipts_agree(self) -> None:
        held = self.paper.held if hasattr(self, "paper") else {}
        for index, number in enumerate(sorted(held, reverse=True)):
            row = held[number]
            info = self.card.receipt(index)
            assert (info.receipt_seq, info.time) == (number, self.time(row.time))
            assert (info.cash, info.card, info.vat) == (row.cash, row.card, row.vat)
            assert (info.fiscal_sign is None) == (row.type != 0)
            record = standin.open_receipt_file(self.card.file(index))
            assert record.items_hash == row.raw[:32]


ModuleAndPaper.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestModuleAndPaper = ModuleAndPaper.TestCase
