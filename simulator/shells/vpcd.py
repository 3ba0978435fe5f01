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
from simulator.cable_points import FRAME
from simulator.exchanges import Exchanges
from simulator.rack import Slot
from simulator.shells.card_faults import disturbed

DEFAULT_PORT: Final = 35963
"""Where Debian's vpcd waits for its first card; the second reader of a driver waits one port higher."""
READERS_PER_DRIVER: Final = 2
AWAY: Final = 1.0
"""Real seconds out of the reader before it is dialled again: pcscd looks for cards every 0.4 s, and one that
is back before it was missed stays lost to it."""
NOTICED: Final = 3.0
"""Real seconds at most until a driver sees a card that is put in."""
RETRY: Final = 0.25
"""Real seconds between two tries while nobody listens."""

_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)
_LENGTH: Final = 2
MUTE: Final = b"\x00"
"""What the driver is sent for a card that says nothing: less than a status word and no ATR. The driver itself
waits for good behind a frame of no bytes."""

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
        self._back = 0.0
        self._settled = asyncio.Event()
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
        """Go into the reader as soon as there is one; nothing to do when it is in.

        This takes until the driver has seen the card or nobody is there, NOTICED at most.
        """
        if self._dialling is None:
            self._dialling = self.exchanges.spawn(self._dial())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), NOTICED)

    def unplug(self) -> None:
        """Leave the reader: the driver sees no card, the module has no power."""
        dialling, self._dialling = self._dialling, None
        if dialling is not None:
            dialling.cancel()
        self._settled.clear()
        if self._line is not None:
            self._line.drop()

    def cut(self) -> None:
        """Lose the power for a moment: the chip is mute until it is powered up again."""
        if self._line is not None:
            self._line.lose_power()

    def noticed(self) -> None:
        """The driver has asked for the ATR, as it does when it looks for a card."""
        if not self._settled.is_set():
            self._settled.set()

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        reported = False
        if not self._back:
            self._back = loop.time() + AWAY  # this process may be the one before, started again in no time
        while True:
            await asyncio.sleep(max(0.0, self._back - loop.time()))
            line = _Line(self)
            try:
                await loop.create_connection(lambda line=line: line, *self._endpoint)  # type: ignore[misc]
                self._line, reported = line, False
                await line.lost.wait()
            except OSError as error:
                if not reported:
                    _log.info("no reader yet", address=self.address, text=str(error))
                reported = True
                self._settled.set()
                self._back = loop.time() + RETRY
            finally:
                if self._line is line:
                    self._line = None
                    self._settled.clear()
                    self._back = loop.time() + AWAY
                line.drop()


class _Line(asyncio.Protocol):
    """One stay in the reader. Frames that come while a command is at work wait in the inbox."""

    __slots__ = (
        "_asked",
        "_busy",
        "_card",
        "_inbox",
        "_powered",
        "_refused",
        "_socket",
        "_transport",
        "_turn",
        "_working",
        "lost",
    )

    def __init__(self, card: VpcdCard) -> None:
        self.lost = asyncio.Event()
        self._card = card
        self._inbox = bytearray()
        self._asked = False
        self._busy = False
        self._working = False
        self._powered = False
        self._refused = False
        self._turn = 0
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

    def lose_power(self) -> None:
        """Be mute until the driver gives power anew; that is the answer to a command at work, too."""
        self._power_off()
        if self._busy:
            self._turn += 1
            if self._asked:
                self._send(MUTE)
            self._go_on()

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
            self._send(MUTE if self._refused else self._card.atr)
            self._refused = False
            self._card.noticed()
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
            self._send(MUTE)
            return
        self._busy = self._asked = True
        self._turn = turn = self._turn + 1
        card = self._card
        exchanges, slot, apdu = card.exchanges, card.slot, without_le(apdu)

        def done(answer: bytes | None) -> None:
            self._done(turn, answer)

        rule = exchanges.hit(FRAME, slot, apdu)
        if rule is None:
            exchanges.submit(slot, apdu, done)
        else:
            disturbed(exchanges, slot, apdu, done, rule, _InReader(card))

    def _done(self, turn: int, answer: bytes | None) -> None:
        if turn != self._turn:
            return  # the power went meanwhile, and the driver has been told
        if answer is None:
            self.lose_power()
            return
        self._send(answer)
        self._go_on()

    def _go_on(self) -> None:
        self._busy = self._asked = False
        if self._inbox and not self._working:
            self._work()
            self._acknowledge_quickly()

    def _send(self, data: bytes) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write(len(data).to_bytes(_LENGTH, "big") + data)

    def _power_on(self) -> None:
        self._powered = self._busy = True
        turn = self._turn = self._turn + 1

        def ready() -> None:
            if turn == self._turn:
                self._go_on()

        def refused() -> None:
            if turn == self._turn:
                self._power_off()
                self._refused = True
                self._go_on()

        self._card.exchanges.power_on(self._card.slot, ready, refused)

    def _power_off(self) -> None:
        if self._powered:
            self._powered = False
            self._card.exchanges.power_off(self._card.slot)


class _InReader:
    """A fault rule's hands on the card."""

    def __init__(self, card: VpcdCard) -> None:
        self._card = card

    def take_out(self) -> None:
        self._card.unplug()

    def put_back(self) -> None:
        self._card.exchanges.spawn(self._card.plug())

    def freeze(self, _seconds: float | None) -> None:
        """A card cannot freeze a reader that is a program."""


def without_le(apdu: bytes) -> bytes:
    """The command without the one Le byte that shells other than TCP tolerate (uz-fiscal FM-S-10)."""
    return apdu[:-1] if len(apdu) > 5 and len(apdu) == 6 + apdu[4] else apdu
