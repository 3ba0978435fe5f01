"""`kassalab bench links`: APDU round trips a second over every cable, beside the cable's own echo.

The command is GET_INFO, over the links that drive and judge use. Each cable and its echo are measured in
turn, chunk by chunk, so that a busy moment meets both.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import threading
import tty
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import usb.core
import usb.util

from reference.links.link import Link
from reference.links.pcsc import PcscLink, scard
from reference.links.urls import UsbPlace, make_link
from reference.links.usb_ccid import UsbCcidLink
from reference.protocol.usb.ccid import PC_to_RDR_XfrBlock, RDR_to_PC_DataBlock
from reference.protocol.uz import apdu
from reference.protocol.uz.values import TASHKENT
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, real_elapsed
from reference.runtime.faults import FaultPoints
from simulator.exchanges import FAULT_ACTIONS, FAULT_POINTS
from simulator.flash import NoFlash
from simulator.rack import Rack
from simulator.settings import ModuleSettings
from simulator.shells.pyusb_backend import LocalBackend, local_backend
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, ONE_SLOT, VENDOR
from tools.bench.children import BenchError, child, host_port
from tools.bench.figures import Figure, at_least, shown
from tools.bench.uz_module import OPENED, in_process, module_arguments
from tools.pcsc_stand import ReaderEntry, StandError, free_port, pcsc_stand

CHUNKS: Final = 9
"""Chunks of each of the two; the first of each is not counted."""
COMMANDS: Final = 500
NAIVE_COMMANDS: Final = 5
"""Without quick acknowledgement a command takes about 45 ms."""
READER: Final = "Bench"
UNIT: Final = "APDU/s"
_INFO: Final = apdu.get_info().encode()

Work = Callable[[int], None]
"""Makes so many round trips."""


def figures(folder: Path) -> Iterator[Figure]:
    """Every figure, as each is ready; temporary files go below `folder`. BenchError without pcscd."""
    yield in_process()
    yield over_pyusb()
    with child("simulator", _arguments(folder / "module"), folder / "module.log") as addresses:
        yield over_tcp(addresses["module"], folder)
        yield over_usbip(addresses["usbip"], folder)
        yield over_terminal(addresses["serial"])
    yield from over_pcsc(folder)


def over_tcp(address: str, folder: Path) -> Figure:
    """The length-byte link; its floor is the same socket calls against a bare echo of frames."""
    with opened(make_link(f"tcp://{address}")) as link, _echoing(link, folder) as echo:
        value, floor = in_turn(asking(link), echo)
    return at_least("link: TCP", value, UNIT, 8_000, floor)


def over_pyusb() -> Figure:
    """PyUSB and our CCID host against the emulated key in one process; its floor is the same two PyUSB calls
    against a backend that knows its answer."""
    backend, bare = _local(), _local()
    try:
        with opened(UsbCcidLink(UsbPlace(VENDOR, ONE_SLOT), backend=backend)) as link:
            value, floor = in_turn(asking(link), _pyusb_echo(bare, link.transmit(_INFO)))
    finally:
        backend.close()
        bare.close()
    return at_least("link: PyUSB in process", value, UNIT, 10_000, floor)


def over_usbip(address: str, folder: Path) -> Figure:
    """The same over USB/IP; an APDU is two transfers, so its floor is half the rate of a bare echo."""
    with (
        opened(make_link(f"usb:{VENDOR:04x}:{ONE_SLOT:04x}?usbip={address}")) as link,
        _echoing(link, folder) as echo,
    ):
        value, floor = in_turn(asking(link), lambda times: echo(2 * times))
    return at_least("link: USB/IP over TCP", value, UNIT, 4_000, floor)


def over_terminal(path: str) -> Figure:
    """A serial reader at a pseudo-terminal, shown for scale: the least is a byte there and back."""
    with opened(make_link(f"serial:{path}")) as link, _terminal_echo() as echo:
        value, floor = in_turn(asking(link), echo)
    return shown("link: serial reader on a pseudo-terminal", value, UNIT, floor)


def over_pcsc(folder: Path) -> Iterator[Figure]:
    """Through pcscd and vpcd, as a program on pyscard has it and as our link.

    The floor is the least card there can be, in the reader's other slot. Then the emulator as a naive stack
    would have it, in a pcscd of its own.
    """
    try:
        with _cards(folder / "quick") as port:
            bare = [f"127.0.0.1:{port + 1}", "--answer-bytes", str(_answer_size())]
            with child("tools.bench.bare_card", bare, folder / "bare.log"):
                quick, linked = _quick(), _linked()
        yield quick
        yield linked
        with _cards(folder / "naive", "--no-vpcd-quick-ack"), opened(_card(0)) as link:
            naive = statistics.median(_rate(asking(link), NAIVE_COMMANDS) for _ in range(CHUNKS))
        yield shown("link: the same without quick acknowledgement", naive, UNIT, linked.value)
    except StandError as error:
        raise BenchError(f"a card in pcscd: {error}") from error


def _quick() -> Figure:
    """What any program has: pyscard's own calls, in its own thread."""
    with _program(_card(0)) as asks, _program(_card(1), select=False) as least:
        value, floor = in_turn(asks, least)
    return at_least("link: pcscd and vpcd", value, UNIT, 5_000, floor)


def _linked() -> Figure:
    """What `module:pcsc:` has: it calls in a thread of its own, so that it can leave a stuck call."""
    with opened(_card(0)) as link, opened(_card(1), select=False) as bare:
        value, floor = in_turn(asking(link), asking(bare))
    return shown("link: the same through module:pcsc", value, UNIT, floor)


@contextmanager
def _program(card: PcscLink, *, select: bool = True) -> Iterator[Work]:
    """GET_INFO to a card by pyscard alone; BenchError when pcscd or the module refuses it."""
    pcsc = scard()
    context = _granted(card, pcsc.SCardEstablishContext(pcsc.SCARD_SCOPE_USER))[0]
    connecting = pcsc.SCardConnect(context, card.reader, pcsc.SCARD_SHARE_SHARED, pcsc.SCARD_PROTOCOL_T1)
    handle = _granted(card, connecting)[0]

    def exchange(command: Sequence[int]) -> list[int]:
        answer: list[int] = _granted(card, pcsc.SCardTransmit(handle, pcsc.SCARD_PCI_T1, command))[0]
        return answer

    def ask(times: int) -> None:
        command = list(_INFO)
        for _ in range(times):
            answer = exchange(command)
        if answer[-2:] != [0x90, 0x00]:
            raise BenchError(f"{card.name}: GET_INFO was answered {bytes(answer).hex()}")

    try:
        if select:
            exchange(list(apdu.select().encode()))
        yield ask
    finally:
        pcsc.SCardDisconnect(handle, pcsc.SCARD_UNPOWER_CARD)
        pcsc.SCardReleaseContext(context)


def _granted(card: PcscLink, result: Sequence[Any]) -> Sequence[Any]:
    """What a call of pyscard gave beside its status; BenchError when it was refused."""
    if result[0] != scard().SCARD_S_SUCCESS:
        raise BenchError(f"{card.name}: {scard().SCardGetErrorMessage(result[0])}")
    return result[1:]


@contextmanager
def _cards(folder: Path, *options: str) -> Iterator[int]:
    """A pcscd with two slots and a module in the first; gives the port where a card for it dials."""
    port = free_port()
    with pcsc_stand(folder, [ReaderEntry.vpcd(port, READER)]):
        arguments = [*_bare_arguments(folder / "module"), "--vpcd", f"127.0.0.1:{port}", *options]
        with child("simulator", arguments, folder / "module.log"):
            yield port


def _card(slot: int) -> PcscLink:
    """The card of a slot, once pcscd has seen it."""
    link = PcscLink(f"{READER} 00 0{slot}")
    pause = threading.Event()
    for _ in range(200):
        if link.presence() is not None:
            return link
        pause.wait(0.05)
    raise BenchError(f"{link.name}: no card")


# --- measuring --------------------------------------------------------------------------------------------


def in_turn(work: Work, echo: Work) -> tuple[float, float]:
    """Median rates of both, chunk by chunk in turn."""
    values, floors = [], []
    for _ in range(CHUNKS):
        values.append(_rate(work, COMMANDS))
        floors.append(_rate(echo, COMMANDS))
    return statistics.median(values[1:]), statistics.median(floors[1:])


def _rate(work: Work, times: int) -> float:
    start = real_elapsed()
    work(times)
    return times / (real_elapsed() - start)


def asking(link: Link) -> Work:
    """GET_INFO again and again; BenchError when the module refuses it."""

    def ask(times: int) -> None:
        for _ in range(times):
            answer = link.transmit(_INFO)
        if answer[-2:] != b"\x90\x00":
            raise BenchError(f"{link.name}: GET_INFO was answered {answer.hex()}")

    return ask


@contextmanager
def opened(link: Link, *, select: bool = True) -> Iterator[Link]:
    """A link with power and the applet selected."""
    link.open()
    try:
        answer = link.transmit(apdu.select().encode()) if select else b"\x90\x00"
        if answer != b"\x90\x00":
            raise BenchError(f"{link.name}: SELECT was answered {answer.hex()}")
        yield link
    finally:
        link.close()


# --- what is measured, and its floors ---------------------------------------------------------------------


def _bare_arguments(folder: Path) -> list[str]:
    return [*module_arguments(folder), "--volatile"]


def _arguments(folder: Path) -> list[str]:
    return [*_bare_arguments(folder), "--usbip-port", "0", "--serial", "auto"]


def _local() -> LocalBackend:
    clock = LabClock.private(OPENED.replace(tzinfo=TASHKENT)).part("module")
    rack = Rack(NoFlash(), clock, generator(1, "bench"))
    rack.fill([ModuleSettings(start_locked=False)])
    return local_backend(rack, FaultPoints(FAULT_POINTS, clock, "module", FAULT_ACTIONS), clock)


def _answer_size() -> int:
    backend = _local()
    try:
        with opened(UsbCcidLink(UsbPlace(VENDOR, ONE_SLOT), backend=backend)) as link:
            return len(link.transmit(_INFO))
    finally:
        backend.close()


@contextmanager
def _echoing(link: Link, folder: Path) -> Iterator[Work]:
    """Round trips of frames as long as the module's, on a bare socket to a bare server."""
    size = len(link.transmit(_INFO))
    frame = bytes((len(_INFO),)) + _INFO
    with (
        child("tools.bench.echo", ["--answer-bytes", str(size)], folder / "echo.log") as addresses,
        socket.create_connection(host_port(addresses["echo"]), 15) as bare,
    ):
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def echo(times: int) -> None:
            for _ in range(times):
                bare.sendall(frame)
                missing = 1 + size
                while missing:
                    missing -= len(bare.recv(256))

        yield echo


class _Knowing:
    """A PyUSB backend like another one, but whose bulk transfers end at once with the same answer."""

    def __init__(self, other: LocalBackend, answer: bytes) -> None:
        self._other = other
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)

    def bulk_write(self, _handle: Any, _ep: int, _intf: int, data: array[int], _timeout: int) -> int:
        return len(data)

    def bulk_read(self, _handle: Any, _ep: int, _intf: int, buff: array[int], _timeout: int) -> int:
        memoryview(buff).cast("B")[: len(self._answer)] = self._answer
        return len(self._answer)


def _pyusb_echo(backend: LocalBackend, answer: bytes) -> Work:
    """A write and a read through PyUSB for each round trip."""
    message = RDR_to_PC_DataBlock(abData=answer).encode()
    device = usb.core.find(idVendor=VENDOR, backend=_Knowing(backend, message))
    device.set_configuration()
    buffer = usb.util.create_buffer(320)
    command = PC_to_RDR_XfrBlock(abData=_INFO).encode()

    def echo(times: int) -> None:
        for _ in range(times):
            device.write(BULK_OUT, command)
            device.read(BULK_IN, buffer)

    return echo


@contextmanager
def _terminal_echo() -> Iterator[Work]:
    """A byte there and back on a pseudo-terminal, which `cat` gives back; twice, as T=0 takes two."""
    master, slave = os.openpty()
    tty.setraw(slave)
    with subprocess.Popen(["cat"], stdin=slave, stdout=slave) as cat:

        def echo(times: int) -> None:
            for _ in range(2 * times):
                os.write(master, b"x")
                os.read(master, 1)

        yield echo
        cat.terminate()
    os.close(slave)
    os.close(master)
