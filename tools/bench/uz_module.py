"""Figures of the fiscal module: one command in process, one receipt after the other, and a fleet at once."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from reference.protocol.uz import apdu, gost, standin
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import TASHKENT, encode_bcd8
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, real_elapsed
from simulator.flash import NoFlash
from simulator.rack import Rack
from simulator.settings import ModuleSettings
from tools.bench.children import BenchError, child, host_port
from tools.bench.figures import Figure, at_least, at_least_or_share, at_most_times
from tools.bench.lockstep import connect_all, rate

OPENED = datetime(2026, 1, 1, 9, 0, 0)
ANSWER_BYTES = 79
"""An answer to RECEIPT_REGISTER: terminal, number, time, sign and cipher key in TLV, and the status word."""
MODULES = 64
RECEIPTS_A_ROUND = 120
ROUNDS = 5


def register_frames(first: int, count: int) -> list[bytes]:
    """RECEIPT_REGISTER commands number `first`…, a second apart from the opening on; 87-byte blocks."""
    frames = []
    for number in range(first, first + count):
        block = TotalBlock(
            items_hash=gost.digest(encode_bcd8(number)),
            cash=500_000,
            card=0,
            vat=53_571,
            time=OPENED + timedelta(seconds=1 + number),
            type=0,
            operation=0,
            items_count=1,
            extra=b"\x04\x11" + b"01905001001000000",
        )
        frames.append(apdu.receipt_register(block.encode()).encode())
    return frames


def in_process(rounds: int = ROUNDS) -> Figure:
    """GET_INFO in process, commands a second; the floor is a bare look-up of the same bytes."""
    rack = Rack(
        NoFlash(), LabClock.private(OPENED.replace(tzinfo=TASHKENT)).part("module"), generator(1, "bench")
    )
    rack.fill([ModuleSettings(start_locked=False)])
    slot = rack.slots[0]
    rack.exchange(slot, apdu.select().encode())

    def module(frame: bytes) -> bytes:
        return rack.exchange(slot, frame)

    command = apdu.get_info().encode()
    if module(command)[-2:] != b"\x90\x00":
        raise BenchError("GET_INFO was refused")
    value = _rate(lambda: module(command), 20_000, rounds)
    table = {command: module(command)}
    floor = _rate(lambda: table.get(command), 20_000, rounds)
    return at_least("module: GET_INFO in process", value, "commands/s", 60_000, floor)


def _rate(call: Callable[[], object], times: int, rounds: int) -> float:
    def once() -> float:
        start = real_elapsed()
        for _ in range(times):
            call()
        return times / (real_elapsed() - start)

    once()
    return statistics.median(once() for _ in range(rounds))


def serial(folder: Path, record: int, chunks: int = 25, receipts: int = 60) -> Figure:
    """One receipt after the other through TCP with durable flash, beside sync + signature + round trip.

    The four are measured in turn, chunk by chunk, so that a busy moment meets all of them. `record` is what
    one registration adds to the flash, from `record_bytes`.
    """
    frames = register_frames(1, receipts * (chunks + 1))
    sync = _Sync(folder / "floor.bin", record)
    sign = _Sign()
    with (
        child("tools.bench.echo", ["--answer-bytes", str(ANSWER_BYTES)], folder / "echo.log") as echo,
        child("simulator", module_arguments(folder / "serial"), folder / "serial.log") as module,
        _dial(echo["echo"]) as bare,
        _dial(module["module"]) as link,
    ):
        _read(link)
        _prepare(link)
        floors, values = [], []
        for start in range(0, len(frames), receipts):
            chunk = frames[start : start + receipts]
            floors.append(_mean(sync, receipts) + _mean(sign, receipts) + _each(bare, chunk))
            values.append(_each(link, chunk))
    sync.close()
    value, floor = (statistics.median(seconds[1:]) * 1e6 for seconds in (values, floors))
    return at_most_times("module: one durable registration over TCP", value, "µs", floor, 2.0)


def fleet(folder: Path, record: int, rounds: int = ROUNDS) -> Figure:
    """64 modules at once, durable registrations a second, beside an echo with the same group commit."""
    return asyncio.run(_fleet(folder, record, rounds))


async def _fleet(folder: Path, record: int, rounds: int) -> Figure:
    work = [register_frames(1 + number * RECEIPTS_A_ROUND, RECEIPTS_A_ROUND) for number in range(rounds + 1)]
    arguments = ["--answer-bytes", str(ANSWER_BYTES), "--record-bytes", str(record), "--dir", str(folder)]
    with child("tools.bench.echo", arguments, folder / "fleet-echo.log") as addresses:
        clients = await connect_all([addresses["echo"]] * MODULES, greeted=False, accepts=lambda _: True)
        floors = [await rate(clients, [frames] * MODULES) for frames in work]
    fleet_arguments = [*module_arguments(folder / "fleet"), "--modules", str(MODULES)]
    with child("simulator", fleet_arguments, folder / "fleet.log") as addresses:
        places = [address for name, address in addresses.items() if name.startswith("module")]
        clients = await connect_all(places, greeted=True, accepts=lambda answer: answer[-2:] == b"\x90\x00")
        await rate(clients, [[command.encode() for command in _opening()]] * MODULES)
        rates = [await rate(clients, [frames] * MODULES) for frames in work]
    return at_least_or_share(
        f"module: {MODULES} modules at once, durable",
        statistics.median(rates[1:]),
        "registrations/s",
        goal=8_000,
        floor=statistics.median(floors[1:]),
        share=0.5,
    )


def module_arguments(folder: Path) -> list[str]:
    """Options of an unlocked module of the largest size, kept in `folder`, whose last operation is OPENED."""
    return [
        *("--port", "0", "--control-port", "0", "--dir", str(folder), "--seed", "1", "--no-start-locked"),
        *("--blocks", "32767", "--last-operation", OPENED.isoformat(" ")),
    ]


def _opening() -> list[apdu.Command]:
    return [apdu.select(), apdu.zreport_open(OPENED + timedelta(seconds=1))]


def _prepare(link: socket.socket) -> None:
    for command in _opening():
        answer = _ask(link, command.encode())
        if answer[-2:] != b"\x90\x00":
            raise BenchError(f"{command.title} was answered {answer.hex()}")


def _dial(address: str) -> socket.socket:
    link = socket.create_connection(host_port(address), 15)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _each(link: socket.socket, frames: list[bytes]) -> float:
    """Real seconds for one of `frames`, the mean over all."""
    start = real_elapsed()
    for frame in frames:
        answer = _ask(link, frame)
    taken = (real_elapsed() - start) / len(frames)
    if answer[-2:] not in (b"\x90\x00", b"\x00\x00"):
        raise BenchError(f"the last command was answered {answer.hex()}")
    return taken


def _ask(link: socket.socket, frame: bytes) -> bytes:
    link.sendall(bytes((len(frame),)) + frame)
    return _read(link)


def _read(link: socket.socket) -> bytes:
    data = link.recv(256)
    while data and len(data) <= data[0]:
        data += link.recv(256)
    if not data:
        raise BenchError("the module closed the connection")
    return data[1:]


def record_bytes(folder: Path) -> int:
    """Flash bytes one registration takes: what the module's file grows by."""
    place = folder / "size"
    with (
        child("simulator", module_arguments(place), folder / "size.log") as addresses,
        _dial(addresses["module"]) as link,
    ):
        _read(link)
        _prepare(link)
        before = _flash_bytes(place)
        for frame in register_frames(2, 8):
            _ask(link, frame)
        return (_flash_bytes(place) - before) // 8


def _flash_bytes(folder: Path) -> int:
    """Bytes of records; what stands ready behind them is zeros."""
    return sum(len(file.read_bytes().rstrip(b"\0")) for file in folder.rglob("flash.journal"))


class _Sync:
    """Appending `size` bytes to a file and one fdatasync."""

    def __init__(self, path: Path, size: int) -> None:
        self._data = bytes(size)
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self) -> None:
        os.write(self._handle, self._data)
        os.fdatasync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


class _Sign:
    """One ECDSA P-256 signature over a receipt's record."""

    def __init__(self) -> None:
        self._key = standin.module_keys("ZZ000000000000").signing
        self._record = bytes(128)

    def __call__(self) -> None:
        self._key.sign(self._record, ec.ECDSA(hashes.SHA256()))


def _mean(work: Callable[[], None], times: int) -> float:
    """Real seconds of one `work()`, the mean over `times`."""
    start = real_elapsed()
    for _ in range(times):
        work()
    return (real_elapsed() - start) / times
