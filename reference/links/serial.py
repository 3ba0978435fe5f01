"""Serial cables: a CCID reader that speaks GemPC Twin's frames on a tty, and the emulator's own frames on
`socket://`.

CCID messages go down framed and come up unframed; a frame whose check byte is wrong is asked for again, as
the other side may ask us.
"""

from __future__ import annotations

import contextlib
from typing import Final

import serial

from reference.links.ccid_host import CcidHost
from reference.links.errors import LinkError, LinkLost, LinkTimeout, NoModule
from reference.links.patience import SLICE, Patience, PatienceSpent
from reference.links.tcp import TIMEOUT, TcpLink
from reference.protocol.usb.ccid import COMMANDS
from reference.protocol.usb.descriptors import CcidDescriptor, CcidFeatures
from reference.protocol.usb.errors import SerialError
from reference.protocol.usb.gempc import NAK_FRAME, Nak, Splitter, seal
from reference.runtime.clock import PartClock

BAUD: Final = 9600
"""What the reader begins with."""
REPEATS: Final = 3
"""How often a frame is sent or asked for again before the line counts as broken."""
READER: Final = CcidDescriptor(
    dwProtocols=0x03,
    dwFeatures=CcidFeatures.TPDU_LEVEL | CcidFeatures.AUTO_VOLTAGE,
    dwMaxCCIDMessageLength=271,
)
"""A serial reader has no descriptors; this is what every host of one takes for granted."""


class SerialCcidLink:
    """A module in a serial reader at `port`, a device file."""

    def __init__(self, port: str, *, clock: PartClock | None = None, timeout: float = TIMEOUT) -> None:
        self.port = port
        self._clock = clock
        self._timeout = timeout
        self._line: _Line | None = None
        self._host: CcidHost | None = None
        self._seq = 0

    @property
    def name(self) -> str:
        """`serial:` and the device file."""
        return f"serial:{self.port}"

    def open(self) -> bytes:
        """Open the port and power the card. NoModule when either is not there; LinkTimeout by silence."""
        self.close()
        try:
            return self._attach().power_on()
        except LinkTimeout:
            self._drop()
            raise
        except LinkLost as error:
            self._drop()
            raise NoModule(str(error)) from error
        except LinkError:
            self._drop()
            raise

    def transmit(self, command: bytes) -> bytes:
        """One exchange; ValueError for bytes that T=0 cannot carry."""
        if self._host is None:
            raise LinkLost(f"{self.name}: not connected")
        try:
            return self._host.transmit(command)
        except LinkError:
            self._drop()
            raise

    def close(self) -> None:
        """Power the card down and let go of the port."""
        if self._host is not None:
            with contextlib.suppress(LinkError):
                self._host.power_off()
        self._drop()

    def presence(self) -> str | None:
        """Whether the port is there with a card in its reader, without powering it; see watch.py."""
        self.close()
        try:
            return self.port if self._attach().present() else None
        except LinkTimeout:
            raise
        except LinkError:
            return None
        finally:
            self._drop()

    def _attach(self) -> CcidHost:
        self._line = _Line(self.port, self.name, self._clock, self._timeout)
        self._host = CcidHost(self._line, READER, 0, self.name, self._seq)
        return self._host

    def _drop(self) -> None:
        if self._host is not None:
            self._seq = self._host.seq
        line, self._line, self._host = self._line, None, None
        if line is not None:
            line.close()


class _Line:
    """CCID messages over a tty."""

    def __init__(self, port: str, name: str, clock: PartClock | None, timeout: float) -> None:
        self._name = name
        self._clock = clock
        self._timeout = timeout
        self._patience = Patience(clock, timeout)
        self._frames = Splitter()
        self._sent = b""
        self._repeats = 0
        self._heard = False
        try:
            self._port = serial.Serial(port, BAUD, timeout=SLICE, write_timeout=timeout, exclusive=True)
            self._port.reset_input_buffer()
        except (OSError, ValueError) as error:
            raise NoModule(f"{name}: {error}") from error

    def send(self, message: bytes) -> None:
        """Send one frame. LinkLost when the line is gone, LinkTimeout when it takes no more bytes."""
        self._patience = Patience(self._clock, self._timeout)
        self._sent = seal(message)
        self._repeats = 0
        self._heard = False
        self._write(self._sent)

    def receive(self) -> bytes:
        """The next answer: our own frame that comes back is passed over."""
        if self._heard:
            self._extended()
        while True:
            try:
                frame = self._frames.next()
            except SerialError as error:
                self._again(NAK_FRAME, str(error))
                continue
            if frame is None:
                self._frames.feed(self._read())
            elif isinstance(frame, Nak):
                self._again(self._sent, "the reader asks for the frame again and again")
            elif isinstance(frame, bytes) and frame[0] not in COMMANDS:
                self._heard = True
                return frame

    def close(self) -> None:
        """Let go of the port."""
        with contextlib.suppress(OSError):
            self._port.close()

    def _extended(self) -> None:
        """A reader that asks for more time again and again ends the span, too, as silence does (EM-03)."""
        try:
            self._patience.wait()
        except PatienceSpent as error:
            raise LinkTimeout(f"{self._name}: {error}") from error

    def _again(self, data: bytes, why: str) -> None:
        self._repeats += 1
        if self._repeats > REPEATS:
            raise LinkLost(f"{self._name}: {why}")
        self._write(data)

    def _write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise LinkTimeout(f"{self._name}: {error}") from error
        except OSError as error:
            raise LinkLost(f"{self._name}: {error}") from error

    def _read(self) -> bytes:
        """At least one byte."""
        try:
            while True:
                data: bytes = self._port.read(max(1, self._port.in_waiting))
                if data:
                    return data
                self._patience.wait()
        except PatienceSpent as error:
            raise LinkTimeout(f"{self._name}: {error}") from error
        except (OSError, TypeError) as error:
            # pyserial meets a port that vanishes under it with a TypeError.
            raise LinkLost(f"{self._name}: {error}") from error


class SerialSocketLink(TcpLink):
    """The emulator's length-byte frames through a serial port that is served over TCP (uz-fiscal §7)."""

    @property
    def name(self) -> str:
        """`serial:socket://host:port`."""
        return f"serial:socket://{self.endpoint}"
