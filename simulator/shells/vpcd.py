"""The PC/SC shell: a client of vsmartcard's virtual reader driver, vpcd (requirement HAR-02).

The driver, loaded by pcscd, listens; a card dials it, and being connected is lying in the reader. Frames come
in through `_Line`: two length bytes, then an APDU, or one control byte for power and ATR. `VpcdCard` is the
hand that puts the card in, pulls it out, and puts it in again whenever pcscd has been away. Commands go to
`simulator.exchanges`, answers come back by callback in the same thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from enum import IntEnum
from typing import Final

import structlog

from reference.protocol.uz.apdu import ATR_ISO
from simulator.exchanges import Exchanges
from simulator.rack import Slot

DEFAULT_PORT: Final = 35963
"""Where Debian's vpcd waits for its first card; the second reader of a driver waits one port higher."""
READERS_PER_DRIVER: Final = 2
PAUSE: Final = 0.05
"""Real seconds between being thrown out of the reader and dialling again."""
RETRY: Final = 0.25
"""Real seconds between two tries while nobody listens."""

_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)
_LENGTH: Final = 2

_log = structlog.get_logger("vpcd")


class Control(IntEnum):
    """A frame of one byte is no APDU, but one of these."""

    OFF = 0
    ON = 1
    RESET = 2
    ATR = 4


class VpcdCard:
    """One module as a card in a reader of pcscd. `unplug` pulls it out, `plug` puts it back.

    `quick_ack` False leaves acknowledgements to the system, which costs 40 ms a command: the driver sends a
    frame in two pieces and the second waits for the first one's acknowledgement.
    """

    kind = "vpcd"

    def __init__(
        self,
        slot: Slot,
        exchanges: Exchanges,
        host: str,
        port: int,
        *,
        atr: bytes = ATR_ISO,
        quick_ack: bool = True,
    ) -> None:
        self.slot = slot
        self.exchanges = exchanges
        self._endpoint = (host, port)
        self.atr = atr
        self.quick_ack = quick_ack and _QUICK_ACK is not None
        self._line: _Line | None = None
        self._dialling: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where the driver is expected."""
        host, port = self._endpoint
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def plugged(self) -> bool:
        """Whether the card is in its reader, or would be if pcscd were there."""
        return self._dialling is not None

    @property
    def connected(self) -> bool:
        """Whether a driver holds the card now."""
        return self._line is not None

    async def plug(self) -> None:
        """Go into the reader as soon as there is one; nothing to do when it is in."""
        if self._dialling is None:
            self._dialling = self.exchanges.spawn(self._dial())

    def unplug(self) -> None:
        """Leave the reader: the driver sees no card, the module has no power."""
        dialling, self._dialling = self._dialling, None
        if dialling is not None:
            dialling.cancel()
        self.cut()

    def cut(self) -> None:
        """Lose contact for a moment, as a loss of power does; the card comes back by itself."""
        if self._line is not None:
            self._line.drop()

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        reported = False
        while True:
            line = _Line(self)
            try:
                await loop.create_connection(lambda line=line: line, *self._endpoint)  # type: ignore[misc]
                self._line, reported = line, False
                await line.lost.wait()
                pause = PAUSE
            except OSError as error:
                if not reported:
                    _log.info("no reader yet", address=self.address, text=str(error))
                reported, pause = True, RETRY
            finally:
                self._line = None
                line.drop()
            await asyncio.sleep(pause)


class _Line(asyncio.Protocol):
    """One stay in the reader. Frames that come while a command is at work wait in the inbox."""

    __slots__ = ("_busy", "_card", "_inbox", "_powered", "_socket", "_transport", "_working", "lost")

    def __init__(self, card: VpcdCard) -> None:
        self.lost = asyncio.Event()
        self._card = card
        self._inbox = bytearray()
        self._busy = False
        self._working = False
        self._powered = False
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._card.quick_ack:
            self._socket = connection
        self._acknowledge_quickly()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = self._socket = None
        self._power_off()
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        if not self._busy and not self._working:
            self._work()
        self._acknowledge_quickly()

    def drop(self) -> None:
        """Lose contact without a farewell; what was not sent is lost."""
        if self._transport is not None:
            self._transport.abort()

    def _acknowledge_quickly(self) -> None:
        """The system forgets this wish with everything it sends, so it is renewed before each receive."""
        if self._socket is not None and _QUICK_ACK is not None:
            with contextlib.suppress(OSError):  # the line broke meanwhile: connection_lost is on its way
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def _work(self) -> None:
        inbox = self._inbox
        self._working = True
        while not self._busy and len(inbox) >= _LENGTH and self._transport is not None:
            end = _LENGTH + int.from_bytes(inbox[:_LENGTH], "big")
            if len(inbox) < end:
                break
            frame = bytes(inbox[_LENGTH:end])
            del inbox[:end]
            if len(frame) == 1:
                self._obey(frame[0])
            else:
                self._command(frame)
        self._working = False

    def _obey(self, control: int) -> None:
        if control == Control.ATR:
            self._send(self._card.atr)
        elif control == Control.ON:
            if not self._powered:
                self._power_on()
        elif control == Control.OFF:
            self._power_off()
        elif control == Control.RESET:
            self._power_off()
            self._power_on()
        else:
            _log.warning("unknown control byte", control=control)

    def _command(self, apdu: bytes) -> None:
        if not self._powered:
            # A chip without power says nothing, and silence is no answer this wire has.
            _log.warning("command without power", apdu=apdu.hex())
            self.drop()
            return
        self._busy = True
        card = self._card
        card.exchanges.submit(card.slot, without_le(apdu), self._done)

    def _done(self, answer: bytes | None) -> None:
        if answer is None:
            self.drop()
            return
        self._send(answer)
        self._go_on()

    def _go_on(self) -> None:
        self._busy = False
        if self._inbox and not self._working:
            self._work()
            self._acknowledge_quickly()

    def _send(self, data: bytes) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(len(data).to_bytes(_LENGTH, "big") + data)

    def _power_on(self) -> None:
        self._powered = self._busy = True
        self._card.exchanges.power_on(self._card.slot, self._go_on, self.drop)

    def _power_off(self) -> None:
        if self._powered:
            self._powered = False
            self._card.exchanges.power_off(self._card.slot)


def without_le(apdu: bytes) -> bytes:
    """The command without the one Le byte that shells other than TCP tolerate (uz-fiscal FM-S-10)."""
    return apdu[:-1] if len(apdu) > 5 and len(apdu) == 6 + apdu[4] else apdu
