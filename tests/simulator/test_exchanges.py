"""From frame to answer: one commit a turn, nothing answered before it, every fault (EM-07, FM-S-08)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.objects import FiscalMemoryInfo
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import JournalError, TornWriteError
from simulator.changes import Change
from simulator.exchanges import FAULT_ACTIONS, FAULT_POINTS, Exchanges, describe
from simulator.flash import Flash, NoFlash
from simulator.process import Failing
from simulator.rack import Rack
from simulator.settings import SettingsError
from tests.simulator.card import SECOND, START, block
from tests.simulator.served import modules, serving
from tests.waiting import eventually

OPEN = apdu.zreport_open(START + SECOND).encode()
SELL = apdu.receipt_register(block(START + 2 * SECOND, 5)).encode()
MEMORY = apdu.get_fiscal_memory_info().encode()
SELECT = apdu.select().encode()


class Watched(NoFlash):
    """A store that writes down what happens to it, and fails when told to."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.kept: list[tuple[int, Change]] = []
        self.fresh: list[tuple[int, Change]] = []
        self.failure: JournalError | None = None

    def read(self) -> Iterator[tuple[int, Change]]:
        return iter(self.kept)

    def append(self, module: int, change: Change) -> None:
        self.fresh.append((module, change))

    def commit(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.log.append(f"commit {len(self.fresh)}")
        self.kept += self.fresh
        self.fresh = []

    def reopen(self) -> None:
        self.log.append("reopen")
        self.fresh = []


class Bench:
    def __init__(self, count: int = 1) -> None:
        self.lab = LabClock.private()
        clock = self.lab.part("module")
        self.store = Watched()
        self.faults = FaultPoints(FAULT_POINTS, clock, "module", FAULT_ACTIONS)
        self.rack = Rack(self.store, clock, Random(3))
        self.rack.fill(modules(count))
        self.exchanges = Exchanges(self.rack, self.faults, clock)
        for slot in self.rack.slots:
            self.rack.exchange(slot, SELECT)
            self.rack.exchange(slot, OPEN)
        self.store.log.clear()

    def submit(self, command: bytes, index: int = 0) -> None:
        def done(answer: bytes | None) -> None:
            self.store.log.append("power gone" if answer is None else f"answer {answer[-2:].hex()}")

        self.exchanges.submit(self.rack.slots[index], command, done)


def run(test) -> None:
    asyncio.run(test)


def test_one_commit_for_all_of_a_turn_and_answers_only_after_it():
    async def check() -> None:
        bench = Bench(5)
        for index in range(5):
            bench.submit(SELL, index)
        assert bench.store.log == []
        await asyncio.sleep(0)
        assert bench.store.log == ["commit 5", *["answer 9000"] * 5]

    run(check())


def test_a_question_is_answered_at_once():
    async def check() -> None:
        bench = Bench()
        bench.submit(MEMORY)
        assert bench.store.log == ["answer 9000"]

    run(check())


def test_a_question_to_a_module_with_unsafe_changes_waits_for_them():
    async def check() -> None:
        bench = Bench(2)
        bench.submit(SELL)
        bench.submit(MEMORY, 1)
        assert bench.store.log == ["answer 9000"], "another module has nothing to wait for"
        bench.submit(MEMORY)
        assert bench.store.log == ["answer 9000", "commit 1", "answer 9000", "answer 9000"]
        await asyncio.sleep(0)
        assert len(bench.store.log) == 4

    run(check())


def test_a_host_that_is_alone_need_not_wait_for_others():
    async def check() -> None:
        bench = Bench(2)
        bench.exchanges.power_on(bench.rack.slots[0], lambda: None, lambda: None)
        bench.submit(SELECT)
        bench.submit(SELL)
        assert bench.store.log[-2:] == ["commit 1", "answer 9000"]
        bench.exchanges.power_on(bench.rack.slots[1], lambda: None, lambda: None)
        bench.submit(apdu.receipt_register(block(START + 3 * SECOND, 5)).encode())
        assert bench.store.log[-1] == "answer 9000"
        assert bench.store.log.count("commit 1") == 1
        await asyncio.sleep(0)
        assert bench.store.log.count("commit 1") == 2

    run(check())


def test_refusals_that_change_nothing_need_no_commit():
    async def check() -> None:
        bench = Bench()
        bench.submit(b"\x00\x03\x00\x00\x00")
        bench.submit(b"")
        assert bench.store.log == ["answer 6700", "answer 6700"]

    run(check())


def test_closing_lets_go_what_is_decided():
    async def check() -> None:
        bench = Bench()
        bench.submit(SELL)
        bench.exchanges.close()
        assert bench.store.log == ["commit 1", "answer 9000"]

    run(check())


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(JournalError("disk full"), "answer 6f00"), (TornWriteError("cut"), "power gone")],
)
def test_nobody_is_told_that_it_worked_when_the_flash_fails(failure, outcome):
    async def check() -> None:
        bench = Bench(2)
        bench.store.failure = failure
        bench.submit(SELL)
        bench.submit(SELL, 1)
        await asyncio.sleep(0)
        assert bench.store.log == ["reopen", outcome, outcome]
        assert [slot.module.state.sequence for slot in bench.rack.slots] == [0, 0]
        bench.submit(SELECT)
        bench.submit(SELL)
        await asyncio.sleep(0)
        assert bench.store.log[-1] == "answer 9000"

    run(check())


def test_a_mistake_of_the_emulator_costs_one_answer(monkeypatch):
    async def check() -> None:
        bench = Bench()
        monkeypatch.setattr(
            "simulator.module.Module.decide", lambda *_args, **_kw: (_ for _ in ()).throw(IndexError("bug"))
        )
        bench.submit(SELL)
        assert bench.store.log == ["answer 6f00"]

    run(check())


def test_transact_for_shells_that_wait():
    async def check() -> None:
        bench = Bench()
        slot = bench.rack.slots[0]
        assert (await bench.exchanges.transact(slot, SELL) or b"")[-2:] == b"\x90\x00"
        bench.faults.add(point="apdu.reply", action="drop")
        assert await bench.exchanges.transact(slot, MEMORY) is None

    run(check())


# --- fault points -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "sequence"), [("apdu.command", 0), ("apdu.commit", 0), ("apdu.reply", 1)])
def test_dropped_before_in_and_after_the_command(tmp_path, point, sequence):
    """Before: not executed. Commit: decided, nothing kept. Reply: executed, answer lost."""
    with serving(tmp_path) as served:
        host = served.host(select=True)
        host.ask(OPEN)
        served.process.faults.add(point=point, action="drop", match={"apdu": "001700*"})
        host.write(bytes((len(SELL),)) + SELL)
        assert host.gone()
        host.close()
        with served.host(select=True) as host:
            memory = FiscalMemoryInfo.decode(host.ask(MEMORY)[:-2])
            assert memory.receipt_seq == sequence
            assert host.ask(SELL)[-2:] == b"\x90\x00", "the same registration again"
            assert FiscalMemoryInfo.decode(host.ask(MEMORY)[:-2]).receipt_seq == 1


@pytest.mark.parametrize(("point", "kept"), [("apdu.command", 0), ("apdu.commit", 0), ("apdu.reply", 1)])
def test_a_status_word_instead_of_the_answer(point, kept):
    async def check() -> None:
        bench = Bench()
        bench.faults.add(point=point, action="sw", value="6f00")
        bench.submit(SELL)
        await asyncio.sleep(0)
        assert bench.store.log[-1] == "answer 6f00"
        assert bench.rack.slots[0].module.state.sequence == kept
        bench.faults.add(point=point, action="sw", value="no word")
        bench.submit(SELL)
        await asyncio.sleep(0)
        assert bench.store.log[-1] == "answer 6f00"

    run(check())


@pytest.mark.parametrize("point", ["link.latency", "apdu.command", "apdu.commit", "apdu.reply"])
def test_delays_are_lab_time(point):
    async def check() -> None:
        bench = Bench()
        bench.lab.set_rate(0)
        bench.faults.add(point=point, action="delay", delay=5)
        bench.submit(SELL)
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert "answer 9000" not in bench.store.log
        bench.lab.advance(5)
        for _ in range(100):
            await asyncio.sleep(0.01)
            if "answer 9000" in bench.store.log:
                break
        assert bench.store.log[-1] == "answer 9000"

    run(check())


def test_what_is_delayed_is_forgotten_when_the_power_goes():
    async def check() -> None:
        bench = Bench()
        bench.faults.add(point="apdu.commit", action="delay", delay=5)
        slot = bench.rack.slots[0]
        bench.submit(SELL)
        bench.exchanges.power_on(slot, lambda: None, lambda: None)
        bench.exchanges.power_off(slot)
        bench.lab.advance(10)
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert bench.store.log == []
        assert slot.module.state.sequence == 0

    run(check())


def test_the_nth_command_of_one_module_only():
    async def check() -> None:
        bench = Bench(2)
        bench.faults.add(
            point="apdu.command",
            action="drop",
            skip=1,
            match={"terminal": "ZZ000000000001", "command": "GET_*"},
        )
        for index in (0, 0, 1, 1, 1):
            bench.submit(MEMORY, index)
        assert bench.store.log == [*["answer 9000"] * 3, "power gone", "answer 9000"]

    run(check())


def test_seeded_chance_repeats():
    async def check() -> list[str]:
        bench = Bench()
        bench.faults.add(point="apdu.command", action="drop", probability=0.5, seed=11, count=None)
        for _ in range(40):
            bench.submit(MEMORY)
        return bench.store.log

    first, second = asyncio.run(check()), asyncio.run(check())
    assert first == second
    assert 8 < first.count("power gone") < 32


def test_a_connection_can_be_refused_or_slow():
    with serving() as served:
        served.process.faults.add(point="link.connect", action="drop")
        host = served.host(wait_for_atr=False)
        assert host.gone()
        host.close()
        served.process.faults.add(point="link.connect", action="delay", delay=3600)
        host = served.host(wait_for_atr=False)
        eventually(lambda: served.process.ports[0].connected)
        served.lab.advance(3600)
        assert host.read_frame().hex().startswith("3b8f")
        host.close()


def test_torn_flash_write_in_a_served_module(tmp_path):
    with serving(tmp_path) as served:
        host = served.host(select=True)
        host.ask(OPEN)
        served.process.faults.add(point="flash.write", action="torn", value="37")
        host.write(bytes((len(SELL),)) + SELL)
        assert host.gone()
        host.close()
        with served.host(select=True) as host:
            assert FiscalMemoryInfo.decode(host.ask(MEMORY)[:-2]).receipt_seq == 0
            assert host.ask(SELL)[-2:] == b"\x90\x00"


# --- --fail-apdu ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "rules"),
    [
        ("before", [("apdu.command", 0.25)]),
        ("after", [("apdu.reply", 0.25)]),
        ("random", [("apdu.command", 0.125), ("apdu.reply", 0.125 / 0.875)]),
    ],
)
def test_fail_apdu_becomes_fault_rules(point, rules):
    failing = Failing.checked("0017", 25, point)
    with serving(failing=failing, latency=0.002) as served:
        laid = {rule.id: rule for rule in served.process.faults.rules()}
        latency = laid.pop("latency")
        assert (latency.point, latency.action, latency.delay, latency.count) == (
            "link.latency",
            "delay",
            0.002,
            None,
        )
        assert [(rule.point, rule.probability) for rule in laid.values()] == rules
        assert all(rule.match == {"apdu": "0017*"} and rule.action == "drop" for rule in laid.values())


@pytest.mark.parametrize(("apdu_", "chance"), [("001", 50), ("xx", 50), ("00", -1), ("00", 101)])
def test_fail_apdu_that_cannot_be(apdu_, chance):
    with pytest.raises(SettingsError):
        Failing.checked(apdu_, chance, "before")


def test_a_quarter_of_the_registrations_fail_and_all_get_through(tmp_path):
    """The vendor's example: --fail-apdu 001700 --fail-chance 25. A host that repeats loses nothing."""
    with serving(tmp_path, failing=Failing("001700", 25.0), seed=5) as served:
        host = served.host(select=True)
        host.ask(OPEN)
        losses = 0
        for step in range(60):
            command = apdu.receipt_register(block(START + (2 + step) * SECOND, 5))
            while True:
                try:
                    assert host.ask(command)[-2:] == b"\x90\x00"
                    break
                except ConnectionError:
                    losses += 1
                    host.close()
                    host = served.host(select=True)
        assert FiscalMemoryInfo.decode(host.ask(MEMORY)[:-2]).receipt_seq == 60
        host.close()
        assert 5 < losses < 45


# --- words for people -------------------------------------------------------------------------------------


def test_an_exchange_in_words():
    assert describe(OPEN, StatusWord.NO_ERROR.wire) == {
        "command": "ZREPORT_OPEN",
        "apdu": OPEN.hex(),
        "answer": "9000",
        "status": "9000 - NO_ERROR",
    }
    assert describe(b"\x00", b"\x67\x00")["command"].startswith("command: command has 1 bytes")


def test_a_flash_is_used_where_there_is_one(tmp_path):
    with serving(tmp_path) as served:
        assert isinstance(served.process.rack.store, Flash)
    with serving(tmp_path / "v", volatile=True) as served:
        assert isinstance(served.process.rack.store, NoFlash)
