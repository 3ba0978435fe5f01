"""The serial shells: a GemPC Twin at a pseudo-terminal, and the framing of TCP for whoever opens `socket://`.

`TwinReader` is a serial reader with the module as its card: frames of reference.protocol.usb.gempc come in at
the master side of a pseudo-terminal, CCID messages go to a `Reader`, answers leave behind the echo of their
command. It speaks at TPDU level, as that device does. Everything happens in the loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path
from typing import Final

import structlog

from reference.protocol.usb import gempc
from reference.protocol.usb.ccid import PC_to_RDR_Abort
from reference.protocol.usb.ccid_notices import RDR_to_PC_NotifySlotChange
from reference.protocol.usb.descriptors import CcidFeatures
from reference.protocol.usb.errors import SerialError
from reference.runtime.faults import FaultRule
from simulator.cable_points import BYTES
from simulator.exchanges import Exchanges
from simulator.rack import Slot
from simulator.shells.reader import Reader
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.tcp import ModulePort

AUTO: Final = "auto"
"""Instead of a path: whatever name the system gives."""
GAP: Final = 1.0
"""Real seconds of silence inside a frame after which the rest is asked for anew, with all of it."""

FIRMWARE: Final = b"\x02"
"""Escape command: which firmware the reader has."""
TELL_CHANGES: Final = b"\x01\x01"
"""Escape command, with 01 or 00 behind it: whether the reader tells unasked that the card came or went."""
_AT_ONCE: Final = 4096
_SLOT: Final = 5
_SEQ: Final = 6
_NOISE: Final = bytes.fromhex("00ff5500aa")
"""What a bad line says between frames."""

_log = structlog.get_logger("serial")


class TwinReader:
    """A module in a serial reader of its own. `unplug` pulls the reader's cable, `plug` puts it back.

    `path` is a link that is made to the terminal, so that it keeps its name when it is plugged in again; with
    None the name is the system's and may be another each time.
    """

    kind = "serial"

    def __init__(self, slot: Slot, exchanges: Exchanges, path: Path | None, *, atr: bytes) -> None:
        self.slot = slot
        self.reader = Reader([slot], exchanges, ReaderSettings(CcidFeatures.TPDU_LEVEL, atr=atr))
        self.reader.on_change = self._card_changed
        self.reader.escape = self._escape
        self._telling = False
        self._path = path
        self._name = ""
        self._line: _Line | None = None

    @property
    def address(self) -> str:
        """The terminal that a host opens."""
        return str(self._path) if self._path is not None else self._name

    @property
    def plugged(self) -> bool:
        """Whether there is a terminal to open."""
        return self._line is not None

    @property
    def connected(self) -> bool:
        """Whether a host has the card under power now."""
        return any(icc.active for icc in self.reader.iccs)

    async def plug(self) -> None:
        """Be there: a new terminal, the card in the reader without power. OSError when `path` is taken."""
        if self._line is not None:
            return
        line = _Line(self)
        try:
            if self._path is not None:
                with contextlib.suppress(FileNotFoundError):
                    if self._path.is_symlink():
                        self._path.unlink()
                self._path.symlink_to(line.name)
        except OSError:
            line.close()
            raise
        self._name, self._line = line.name, line

    def unplug(self) -> None:
        """Be gone: a host that has the terminal open gets a hang-up, the module loses its power."""
        line, self._line = self._line, None
        if line is None:
            return
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self.reader.reset()
        line.close()

    def cut(self) -> None:
        """The card loses its power and is mute until it is powered up again; the reader stays."""
        self.reader.mute()

    def _escape(self, command: bytes) -> bytes | None:
        """What this family of readers answers besides CCID; None for no command."""
        if command == FIRMWARE:
            return b"Kassalab Twin"
        if command[:-1] == TELL_CHANGES and command[-1] in (0, 1):
            self._telling = bool(command[-1])
            return b""
        return None

    def sent(self, line: _Line, frame: bytes) -> None:
        """An answer is ready: send it, as the fault rules let it pass."""
        points = self.reader.exchanges.faults
        rule = None
        if points.armed(BYTES):
            rule = points.hit(
                BYTES, frame=frame.hex(), terminal=self.slot.terminal, module=str(self.slot.index)
            )
        if rule is None:
            line.send(frame)
        else:
            self._disturb(line, frame, rule)

    def _disturb(self, line: _Line, frame: bytes, rule: FaultRule) -> None:
        match rule.action:
            case "unplug":
                line.send(frame[: len(frame) // 2])
                self.unplug()
                if rule.delay:
                    exchanges = self.reader.exchanges
                    exchanges.after(rule.delay, lambda: _plugged(exchanges, self))
            case "stall":
                line.send(gempc.NAK_FRAME)
            case "short":
                line.send(frame[: len(frame) // 2])
            case "babble":
                line.send(_NOISE + frame)
            case "duplicate":
                line.send(frame + frame)
            case "freeze":
                self.reader.freeze(rule.delay or None)
                line.send(frame)
            case "delay":
                self.reader.exchanges.after(rule.delay, lambda: line.send(frame))

    def _card_changed(self, notice: bytes) -> None:
        if self._line is not None and self._telling:
            (slot, *_) = RDR_to_PC_NotifySlotChange.decode(notice).slots(1)
            present = slot[0]
            self._line.send(gempc.CARD_PRESENT if present else gempc.CARD_ABSENT)


class _Line:
    """The device's end of one pseudo-terminal."""

    def __init__(self, device: TwinReader) -> None:
        self._device = device
        self._reader = device.reader
        self._loop = asyncio.get_running_loop()
        # The host's end is kept open here, too: else the line would break whenever a host closes it.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.name = os.ttyname(self._slave)
        self._splitter = gempc.Splitter()
        self._last = b""
        self._outbox = bytearray()
        self._gap: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._master, self._receive)

    def close(self) -> None:
        """Hang up; what was not sent is lost."""
        if self._gap is not None:
            self._gap.cancel()
        if self._master >= 0:
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    def send(self, data: bytes) -> None:
        """Write now what the terminal takes, the rest when a host has read some."""
        if self._master < 0:
            return
        self._outbox += data
        if len(self._outbox) == len(data):
            self._write()

    def _write(self) -> None:
        try:
            written = os.write(self._master, self._outbox)
        except BlockingIOError:
            written = 0
        del self._outbox[:written]
        if self._outbox:
            self._loop.add_writer(self._master, self._write)
        else:
            self._loop.remove_writer(self._master)

    def _receive(self) -> None:
        try:
            data = os.read(self._master, _AT_ONCE)
        except BlockingIOError:
            return
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        self._splitter.feed(data)
        while self._master >= 0:
            try:
                frame = self._splitter.next()
            except SerialError as error:
                _log.info("frame refused", text=str(error))
                self.send(gempc.NAK_FRAME)
                continue
            if frame is None:
                break
            self._take(frame)
        self._gap = self._loop.call_later(GAP, self._start_anew)

    def _take(self, frame: gempc.Frame) -> None:
        if isinstance(frame, gempc.Nak):
            self.send(self._last)
        elif isinstance(frame, bytes):
            self.send(gempc.seal(frame))  # the echo
            if frame[0] == PC_to_RDR_Abort.TYPE and len(frame) > _SEQ:
                self._reader.abort(frame[_SLOT], frame[_SEQ])  # there is no control pipe for the other half
            self._reader.handle(frame, self._answer)

    def _answer(self, message: bytes) -> None:
        self._last = gempc.seal(message)
        self._device.sent(self, self._last)

    def _start_anew(self) -> None:
        if self._splitter.begun:
            self._splitter = gempc.Splitter()
            self.send(gempc.NAK_FRAME)


def _plugged(exchanges: Exchanges, device: TwinReader) -> None:
    exchanges.spawn(device.plug())


class SocketPort:
    """One more TCP port of a module, for a host that knows serial ports only and opens `socket://`.

    The framing and everything else is that of `simulator.shells.tcp`.
    """

    kind = "serial-tcp"

    def __init__(self, slot: Slot, exchanges: Exchanges, host: str, port: int) -> None:
        self.slot = slot
        self._endpoint = (host, port)
        self._port = ModulePort(slot, exchanges)

    @property
    def address(self) -> str:
        """`host:port` of the listening socket."""
        host, port = self._port.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def plugged(self) -> bool:
        """Whether hosts can connect."""
        return self._port.plugged

    @property
    def connected(self) -> bool:
        """Whether a host has the module now."""
        return self._port.connected

    async def plug(self) -> None:
        """Listen, at first at the port asked for, later where it listened before."""
        if self._port.address[0]:
            await self._port.plug()
        else:
            await self._port.listen(*self._endpoint)

    def unplug(self) -> None:
        """Close the socket and drop who is connected."""
        self._port.unplug()

    def cut(self) -> None:
        """Drop the connection, if any."""
        self._port.cut()
