"""The intake as a process: it ends with its operator, and the operator goes on without it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from ofd_mock.kz import intake_process as module
from reference.protocol.kz.dialects import Command
from tests.ofd_mock.kz.bench import Bench, Wire, running
from tests.ofd_mock.kz.counter import ticket
from tests.ofd_mock.kz.test_crash import Child
from tests.waiting import PATIENCE, eventually

SYSTEM = int(Command.SYSTEM)
MANY = 400


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path) as made:
        yield made


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
    return found


def alive(pid: int) -> bool:
    """Whether it still runs, which one that nobody has buried does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0] != "Z"
    return False


def test_another_intake_takes_the_place_of_one_that_ended(bench: Bench) -> None:
    """Connections are lost, the port is not, and neither is what was sold."""
    wire = bench.register()
    assert wire.ask(ticket(time=bench.process.operator.time))[0] == 0
    for _ in range(3):
        intake = bench.process.server.intake
        before = intake.pid
        os.kill(before, signal.SIGKILL)
        with suppress(ConnectionResetError):
            assert wire.receive() is None
        wire.close()
        assert wire.ask(ticket(time=bench.process.operator.time))[0] == 0
        assert intake.pid != before
        assert not alive(before)
    assert bench.process.ledger.counts()["documents"] == 4
    eventually(lambda: len(bench.process.server._connections) == 1)
    wire.close()


def test_what_is_settled_when_the_intake_ends_is_repeated(bench: Bench) -> None:
    """The register that got no answer asks again by the same pair, and is answered from the store."""
    wire = bench.register()
    body = wire.body(ticket(time=bench.process.operator.time))
    bench.process.faults.add(point="ofd-kz.after-commit", action="delay", delay=5.0, count=1)
    wire.send(wire.frame(body, 7))
    eventually(lambda: bench.process.ledger.counts()["documents"] == 1)
    os.kill(bench.process.server.intake.pid, signal.SIGKILL)
    with suppress(ConnectionResetError):
        assert wire.receive() is None
    wire.close()
    bench.clock.advance(6)
    wire.send(wire.frame(body, 7))
    frame = wire.receive()
    assert frame is not None
    assert wire.decode(frame).result.result_code == 0
    assert bench.process.ledger.counts()["documents"] == 1
    wire.close()


def test_an_intake_that_never_begins_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MODULE", "ofd_mock.kz.no_such_intake")
    lost: list[int] = []

    async def run() -> int:
        intake = module.IntakeProcess(lambda _: None, lambda: lost.append(1))
        port = await intake.start("127.0.0.1", 0)
        async with asyncio.timeout(PATIENCE):
            while not lost:
                await asyncio.sleep(0.01)
        await intake.stop()
        return port

    port = asyncio.run(run())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), PATIENCE)
    assert lost == [1]


def test_it_ends_with_a_killed_operator(tmp_path: Path) -> None:
    """Nobody is left that listens: the port is free for the next operator."""
    child = Child(tmp_path)
    made = child.order("provision")
    [intake] = children(child.process.pid)
    wires = [Wire(child.port, made["id"], made["token"]) for _ in range(5)]
    assert [wire.ask(SYSTEM)[0] for wire in wires] == [0] * 5
    os.kill(intake, signal.SIGTERM)
    assert wires[0].ask(SYSTEM)[0] == 0, "only its operator ends it"
    child.process.kill()
    child.wait()
    eventually(lambda: not alive(intake))
    for wire in wires:
        with suppress(ConnectionResetError):
            assert wire.receive() is None
        wire.close()
    with socket.create_server(("127.0.0.1", child.port)):
        pass


def test_it_ends_with_an_operator_that_is_told_to(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.order("provision")
    [intake] = children(child.process.pid)
    child.process.terminate()
    assert child.wait() == 0
    assert not alive(intake)


def test_many_connections(bench: Bench) -> None:
    """Hundreds stay, all are answered, all idle ones are closed by one jump of lab time."""
    made = bench.order("provision", count=MANY)["devices"]
    with ExitStack() as stack:
        wires = [Wire(bench.port, one["id"], one["token"]) for one in made]
        for wire in wires:
            stack.callback(wire.close)
            wire.connect()
        document = ticket(time=bench.process.operator.time)
        for _ in range(3):
            for wire in wires:
                wire.send(wire.frame(wire.body(document)))
            for wire in wires:
                frame = wire.receive()
                assert frame is not None
                assert wire.decode(frame).result.result_code == 0
                wire.token = frame.header.token
        assert bench.process.ledger.counts()["documents"] == 3 * MANY
        eventually(lambda: len(bench.process.server._idle) == MANY)
        bench.clock.advance(31)
        assert [wire.receive() for wire in wires] == [None] * MANY


def test_it_finds_its_modules_wherever_the_operator_stands(tmp_path: Path) -> None:
    """A part is started in a folder of its own, with whatever PYTHONPATH."""
    (tmp_path / "lab").mkdir()
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setattr(os, "environ", environ)
        with running(tmp_path / "lab") as bench:
            wire = bench.register()
            assert wire.ask(SYSTEM)[0] == 0
            wire.close()
