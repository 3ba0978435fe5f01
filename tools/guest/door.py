"""Runs inside the guest: a TCP port that leads to the card in its reader, by the guest's own PC/SC.

Outside it looks like a module on TCP (uz-fiscal §7): connecting powers the card up and shows its ATR, then
frames of one length byte and an APDU go each way, and hanging up powers it down. `scan HEX…` sends these
commands to the card of every reader instead. Between stand libpcsclite,
pcscd, libccid and the kernel, all as Debian ships them. Nothing but the standard library is there to import.
"""

from __future__ import annotations

import ctypes
import select
import socket
import sys
from contextlib import suppress
from typing import Final

PORT: Final = 4387
SUCCESS: Final = 0
SCOPE_SYSTEM: Final = 2
SHARE_EXCLUSIVE: Final = 1
PROTOCOL_T0: Final = 1
PROTOCOL_T1: Final = 2
UNPOWER_CARD: Final = 2
ATR_SIZE: Final = 33
ANSWER_SIZE: Final = 65_538
LIBRARY: Final = "libpcsclite.so.1"
PNP: Final = rb"\\?PnP?\Notification"
"""The name under which PC/SC tells of readers that come and go."""
PATIENCE_MILLISECONDS: Final = 120_000
"""Long enough for a reader that pcscd gave up and that the cable pulls and puts back, on a busy machine."""
LOOK_MILLISECONDS: Final = 250


class PcscError(Exception):
    """PC/SC refused; the text is its own."""


class _IoRequest(ctypes.Structure):
    _fields_ = (("dwProtocol", ctypes.c_ulong), ("cbPciLength", ctypes.c_ulong))


class _ReaderState(ctypes.Structure):
    _fields_ = (
        ("szReader", ctypes.c_char_p),
        ("pvUserData", ctypes.c_void_p),
        ("dwCurrentState", ctypes.c_ulong),
        ("dwEventState", ctypes.c_ulong),
        ("cbAtr", ctypes.c_ulong),
        ("rgbAtr", ctypes.c_ubyte * ATR_SIZE),
    )


class Pcsc:
    """PC/SC by its C functions (PC/SC part 5)."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.pcsc_stringify_error.restype = ctypes.c_char_p
        self._context = ctypes.c_long()
        self._begin()

    def card(self) -> Card:
        """The card in the first reader; PcscError when there is none for PATIENCE_MILLISECONDS.

        A reader that was pulled and put back is enumerated first: till then PC/SC says now this, now that. It
        may even connect to the reader that is gone, whose card it had powered; so the card is powered anew
        before anybody hears of it, which only one that is there can be.
        """
        for _ in range(PATIENCE_MILLISECONDS // LOOK_MILLISECONDS):
            try:
                return self.fresh_card()
            except PcscError:
                self.wait_for_readers(LOOK_MILLISECONDS)
                self.begin_anew()
        return self.fresh_card()

    def fresh_card(self) -> Card:
        """The card in the first reader, powered up just now."""
        card = self.connect(self.reader())
        try:
            card.power_cycle()
        except PcscError:
            with suppress(PcscError):
                card.close()
            raise
        return card

    def wait_for_readers(self, milliseconds: int) -> None:
        """Until one comes or goes, at most so long."""
        state = _ReaderState(szReader=PNP)
        try:
            self.call(
                "SCardGetStatusChange", self._context, ctypes.c_ulong(milliseconds), ctypes.byref(state), 1
            )
        except PcscError:
            # A time that is over is told so, too, and a service that is gone at once.
            select.select((), (), (), milliseconds / 1000)

    def begin_anew(self) -> None:
        """Another context: a service that was begun anew does not know the one before."""
        with suppress(PcscError):
            self.close()
        with suppress(PcscError):
            self._begin()

    def _begin(self) -> None:
        self.call("SCardEstablishContext", SCOPE_SYSTEM, None, None, ctypes.byref(self._context))

    def reader(self) -> str:
        """Name of the first reader; PcscError when there is none."""
        return self.readers()[0]

    def readers(self) -> list[str]:
        """Names of all readers; PcscError when there is none."""
        size = ctypes.c_ulong()
        self.call("SCardListReaders", self._context, None, None, ctypes.byref(size))
        names = ctypes.create_string_buffer(size.value)
        self.call("SCardListReaders", self._context, None, names, ctypes.byref(size))
        return [name.decode() for name in names.raw.split(b"\0") if name]

    def connect(self, reader: str) -> Card:
        """The card in the reader, powered up and nobody else's."""
        handle, protocol = ctypes.c_long(), ctypes.c_ulong()
        self.call(
            "SCardConnect",
            *(self._context, reader.encode(), SHARE_EXCLUSIVE, PROTOCOL_T0 | PROTOCOL_T1),
            *(ctypes.byref(handle), ctypes.byref(protocol)),
        )
        return Card(self, handle, protocol.value)

    def close(self) -> None:
        """Give the context back; pcscd has only so many."""
        self.call("SCardReleaseContext", self._context)

    def call(self, name: str, *arguments: object) -> None:
        """One function of the library; PcscError with its own text when it refuses."""
        code = getattr(self._library, name)(*arguments) & 0xFFFFFFFF
        if code != SUCCESS:
            text = self._library.pcsc_stringify_error(ctypes.c_long(code)).decode()
            raise PcscError(f"{name}: {text} ({code:08X})")


class Card:
    """One connected card."""

    def __init__(self, pcsc: Pcsc, handle: ctypes.c_long, protocol: int) -> None:
        self._pcsc = pcsc
        self._handle = handle
        self.protocol = protocol

    def atr(self) -> bytes:
        """Its answer to reset."""
        name, atr = ctypes.create_string_buffer(256), ctypes.create_string_buffer(ATR_SIZE)
        size, state, protocol = ctypes.c_ulong(256), ctypes.c_ulong(), ctypes.c_ulong()
        length = ctypes.c_ulong(ATR_SIZE)
        places = (size, state, protocol)
        self._pcsc.call(
            "SCardStatus", self._handle, name, *map(ctypes.byref, places), atr, ctypes.byref(length)
        )
        return atr.raw[: length.value]

    def power_cycle(self) -> None:
        """Take the card's power and give it back; PcscError when it does not answer to reset."""
        protocol = ctypes.c_ulong()
        self._pcsc.call(
            "SCardReconnect",
            *(self._handle, SHARE_EXCLUSIVE, PROTOCOL_T0 | PROTOCOL_T1, UNPOWER_CARD, ctypes.byref(protocol)),
        )
        self.protocol = protocol.value

    def transmit(self, command: bytes) -> bytes:
        """The answer to one command."""
        answer, size = ctypes.create_string_buffer(ANSWER_SIZE), ctypes.c_ulong(ANSWER_SIZE)
        head = _IoRequest(self.protocol, ctypes.sizeof(_IoRequest))
        self._pcsc.call(
            "SCardTransmit",
            *(self._handle, ctypes.byref(head), command, ctypes.c_ulong(len(command)), None),
            *(answer, ctypes.byref(size)),
        )
        return answer.raw[: size.value]

    def close(self) -> None:
        """Power the card down."""
        self._pcsc.call("SCardDisconnect", self._handle, UNPOWER_CARD)


def serve(port: int) -> None:
    """Let in one connection after another."""
    with socket.create_server(("0.0.0.0", port)) as server:  # noqa: S104 - the guest has no other neighbour
        say("the door is open")
        while True:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    carry(connection)
                except (PcscError, OSError) as error:
                    say(f"{error}")


def carry(connection: socket.socket) -> None:
    """One power-up of the card for one connection."""
    pcsc = Pcsc()
    try:
        serve_card(connection, pcsc.card())
    finally:
        pcsc.close()


def serve_card(connection: socket.socket, card: Card) -> None:
    """Show the ATR, then answer frame after frame until the other side hangs up."""
    try:
        atr = card.atr()
        connection.sendall(bytes((len(atr),)) + atr)
        with connection.makefile("rb") as stream:
            while size := stream.read(1):
                command = stream.read(size[0])
                if len(command) < size[0]:
                    return
                answer = card.transmit(command)
                connection.sendall(bytes((len(answer),)) + answer)
    finally:
        card.close()


def scan(commands: list[bytes]) -> None:
    """Let the card in every reader answer these, and print a line for each reader."""
    pcsc = Pcsc()
    for reader in pcsc.readers():
        card = pcsc.connect(reader)
        said = [card.atr(), *(card.transmit(command) for command in commands)]
        card.close()
        say("|".join([reader, *(answer.hex() for answer in said)]))
    pcsc.close()


def say(text: str) -> None:
    """One line for whoever reads the guest's output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["scan"]:
        scan([bytes.fromhex(word) for word in sys.argv[2:]])
    else:
        serve(PORT)
