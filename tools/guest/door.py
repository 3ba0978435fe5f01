"""Runs inside the guest: a TCP port that leads to the card in its reader, by the guest's own PC/SC.

Outside it looks like a module on TCP (uz-fiscal §7): connecting powers the card up and shows its ATR, then
frames of one length byte and an APDU go each way, and hanging up powers it down. Between stand libpcsclite,
pcscd, libccid and the kernel, all as Debian ships them. Nothing but the standard library is there to import.
"""

from __future__ import annotations

import ctypes
import socket
import sys
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


class PcscError(Exception):
    """PC/SC refused; the text is its own."""


class _IoRequest(ctypes.Structure):
    _fields_ = (("dwProtocol", ctypes.c_ulong), ("cbPciLength", ctypes.c_ulong))


class Pcsc:
    """PC/SC by its C functions (PC/SC part 5)."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.pcsc_stringify_error.restype = ctypes.c_char_p
        self._context = ctypes.c_long()
        self._call("SCardEstablishContext", SCOPE_SYSTEM, None, None, ctypes.byref(self._context))

    def readers(self) -> list[str]:
        """Names of the readers that pcscd has found."""
        size = ctypes.c_ulong()
        self._call("SCardListReaders", self._context, None, None, ctypes.byref(size))
        names = ctypes.create_string_buffer(size.value)
        self._call("SCardListReaders", self._context, None, names, ctypes.byref(size))
        return [each.decode() for each in names.raw.split(b"\0") if each]

    def connect(self, reader: str) -> Card:
        """The card in the reader, powered up and nobody else's."""
        handle, protocol = ctypes.c_long(), ctypes.c_ulong()
        self._call(
            "SCardConnect",
            *(self._context, reader.encode(), SHARE_EXCLUSIVE, PROTOCOL_T0 | PROTOCOL_T1),
            *(ctypes.byref(handle), ctypes.byref(protocol)),
        )
        return Card(self, handle, protocol.value)

    def _call(self, name: str, *arguments: object) -> None:
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
        self._pcsc._call(
            "SCardStatus", self._handle, name, *map(ctypes.byref, places), atr, ctypes.byref(length)
        )
        return atr.raw[: length.value]

    def transmit(self, command: bytes) -> bytes:
        """The answer to one command."""
        answer, size = ctypes.create_string_buffer(ANSWER_SIZE), ctypes.c_ulong(ANSWER_SIZE)
        head = _IoRequest(self.protocol, ctypes.sizeof(_IoRequest))
        self._pcsc._call(
            "SCardTransmit",
            *(self._handle, ctypes.byref(head), command, ctypes.c_ulong(len(command)), None),
            *(answer, ctypes.byref(size)),
        )
        return answer.raw[: size.value]

    def close(self) -> None:
        """Power the card down."""
        self._pcsc._call("SCardDisconnect", self._handle, UNPOWER_CARD)


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
    card = pcsc.connect(pcsc.readers()[0])
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


def say(text: str) -> None:
    """One line for whoever reads the guest's output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(PORT)
