"""The host's half of USB/IP 1.1.1: lists what a server exports, imports one device, and runs its transfers.

Several threads may have transfers under way on one device at once. Whoever waits reads for all: frames are
sorted out by their seqnum, so a transfer may end in another order than it began.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from reference.links.address import Endpoint, connect
from reference.protocol.usb import usbip
from reference.protocol.usb.errors import UsbipError
from reference.protocol.usb.usbip import (
    HEADER_SIZE,
    IN,
    OUT,
    CmdUnlink,
    Code,
    Errno,
    ExportedDevice,
    ExportedInterface,
    Operation,
    Status,
)
from reference.runtime.clock import real_elapsed

CONNECT_SECONDS: Final = 5.0
"""Real seconds for a connection, a list, or an import."""
UNLINK_SECONDS: Final = 2.0
"""Real seconds a server gets to say what became of a transfer that is taken back."""
CONTROL_IN: Final = 0x80

_SUBMIT: Final = struct.Struct(">10I8s")
_RETURN: Final = struct.Struct(">5IiI")
_PIECE: Final = 1 << 16
_SEND_SECONDS: Final = 5
_NO_SETUP: Final = bytes(8)
Reply = TypeVar("Reply")


class UsbipGoneError(OSError):
    """There is no such server or device, or not any more."""


class UsbipBusyError(OSError):
    """Another host has the device."""


class TransferError(OSError):
    """A transfer failed; `errno` is Linux's."""


class TransferTimeoutError(TransferError):
    """A transfer did not end in time and was taken back; `done` bytes of it had gone."""


def listed(
    endpoint: Endpoint, allow_any_host: bool = False
) -> list[tuple[ExportedDevice, list[ExportedInterface]]]:
    """What the server exports. UsbipGoneError when nobody, or somebody else, answers."""
    with contextlib.closing(_dial(endpoint, allow_any_host)) as connection:
        return _asked(connection, usbip.encode_request(Operation.REQ_DEVLIST), usbip.decode_device_list)


@dataclass(slots=True)
class _Result:
    status: int
    length: int
    data: bytes


@dataclass(slots=True)
class _Waiting:
    """Transfers under way: those that bring data, and those that have ended and are not fetched yet."""

    reads: set[int] = field(default_factory=set)
    ended: dict[int, _Result] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)


class ImportedDevice:
    """A device that is ours until `close`. UsbipBusyError when another host has it."""

    def __init__(self, endpoint: Endpoint, busid: str, allow_any_host: bool = False) -> None:
        self._socket = _dial(endpoint, allow_any_host)
        try:
            reply = _imported(self._socket, busid)
        except BaseException:
            self._socket.close()
            raise
        self.exported = reply
        self._devid = reply.devid
        self._stream = bytearray()
        self._state = threading.Condition()
        self._sending = threading.Lock()
        self._waiting = _Waiting()
        self._reading = False
        self._gone = False
        self._seqnum = 0
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        # Once for all, so that no call has to say so again; waiting to receive is the poll's.
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))

    @property
    def gone(self) -> bool:
        """Whether the connection has broken, by all that was heard so far."""
        return self._gone

    def control(self, setup: bytes, data: bytes, seconds: float | None) -> bytes:
        """A control transfer: the bytes of its data stage to the host, none otherwise."""
        length = int.from_bytes(setup[6:8], "little")
        if setup[0] & CONTROL_IN:
            return self._transfer(0, IN, length, b"", setup, seconds).data
        self._transfer(0, OUT, len(data), data, setup, seconds)
        return b""

    def write(self, endpoint: int, data: bytes, seconds: float | None) -> int:
        """A bulk or interrupt transfer to the device: how many bytes it took."""
        return self._transfer(endpoint & 15, OUT, len(data), data, _NO_SETUP, seconds).length

    def begin(self, endpoint: int, data: bytes, into: int, length: int) -> tuple[int, int]:
        """Begin a transfer to the device and in the same breath one from it: their numbers."""
        with self._sending:
            seqnum, number = self._numbered(), self._numbered()
            self._waiting.reads.add(number)
            head = self._submit_frame(seqnum, endpoint & 15, OUT, len(data), _NO_SETUP)
            self._send(head + data + self._submit_frame(number, into & 15, IN, length, _NO_SETUP))
        return seqnum, number

    def written(self, number: int, seconds: float | None) -> int:
        """How many bytes a transfer to the device took that `begin` began."""
        return self._ended(number, seconds).length

    def fetch(self, number: int, seconds: float | None) -> bytes:
        """What a transfer from the device brought that `begin` began."""
        return self._ended(number, seconds).data

    def recall(self, number: int) -> bytes | None:
        """Take a transfer from the device back: None, or what it had brought by then."""
        try:
            return _checked(self._take_back(number)).data
        except TransferTimeoutError:
            return None

    def read(self, endpoint: int, length: int, seconds: float | None) -> bytes:
        """A bulk or interrupt transfer from the device, of at most `length` bytes."""
        return self._transfer(endpoint & 15, IN, length, b"", _NO_SETUP, seconds).data

    def close(self) -> None:
        """Give the device back."""
        self._gone = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    # --- one transfer --------------------------------------------------------------------------------

    def _transfer(
        self, ep: int, direction: int, length: int, data: bytes, setup: bytes, seconds: float | None
    ) -> _Result:
        with self._sending:
            seqnum = self._numbered()
            if direction == IN:
                self._waiting.reads.add(seqnum)
            self._send(self._submit_frame(seqnum, ep, direction, length, setup) + data)
        return self._ended(seqnum, seconds)

    def _submit_frame(self, seqnum: int, ep: int, direction: int, length: int, setup: bytes) -> bytes:
        return _SUBMIT.pack(
            Code.CMD_SUBMIT, seqnum, self._devid, direction, ep, 0, length, 0, 0xFFFFFFFF, 0, setup
        )

    def _ended(self, seqnum: int, seconds: float | None) -> _Result:
        """The end of a transfer; one that does not come in time is taken back."""
        return _checked(self._await(seqnum, seconds) or self._take_back(seqnum))

    def _take_back(self, seqnum: int) -> _Result:
        """What became of a transfer that is not wanted any more; TransferTimeoutError when nothing did."""
        with self._sending:
            number = self._numbered()
            self._send(CmdUnlink(seqnum=number, devid=self._devid, unlink_seqnum=seqnum).encode())
        self._await(number, UNLINK_SECONDS)
        with self._state:
            result = self._waiting.ended.pop(seqnum, None)
            if result is None:
                self._waiting.forgotten |= {seqnum, number}
                self._waiting.reads.discard(seqnum)
        if result is None:
            raise TransferTimeoutError(Errno.ETIMEDOUT, "the transfer was taken back")
        return result

    def _numbered(self) -> int:
        self._seqnum += 1
        return self._seqnum

    def _send(self, frame: bytes) -> None:
        if self._gone:
            raise UsbipGoneError(Errno.ENODEV, "the device is gone")
        try:
            self._socket.sendall(frame)
        except OSError as error:
            self._lost()
            raise UsbipGoneError(Errno.ENODEV, str(error)) from error

    # --- reading for all -----------------------------------------------------------------------------

    def _await(self, seqnum: int, seconds: float | None) -> _Result | None:
        """The end of a transfer, None when it does not come in time."""
        end = None if seconds is None else real_elapsed() + seconds
        state, ended = self._state, self._waiting.ended
        while True:
            with state:
                result = ended.pop(seqnum, None)
                if result is not None:
                    return result
                if self._gone:
                    raise UsbipGoneError(Errno.ENODEV, "the device is gone")
                left = None if end is None else end - real_elapsed()
                if left is not None and left <= 0:
                    return None
                if self._reading:
                    state.wait(left)
                    continue
                self._reading = True
            try:
                self._read(left)
            finally:
                with state:
                    self._reading = False
                    state.notify_all()

    def _read(self, seconds: float | None) -> None:
        """Take what the socket has within `seconds` and sort it out."""
        try:
            if not self._poll.poll(None if seconds is None else seconds * 1000):
                return
            piece = self._socket.recv(_PIECE)
        except (OSError, ValueError):  # ValueError: closed by another thread meanwhile
            piece = b""
        if not piece:
            self._lost()
            return
        self._stream += piece
        try:
            while self._stream and self._frame():
                pass
        except UsbipError:
            self._lost()

    def _frame(self) -> bool:
        """Take one frame off the stream; False when there is no whole one."""
        stream, waiting = self._stream, self._waiting
        size = usbip.device_frame_size(stream, waiting.reads)
        if size is None or len(stream) < size:
            return False
        command, seqnum, _, _, _, status, length = _RETURN.unpack_from(stream)
        data = bytes(stream[HEADER_SIZE:size])
        del stream[:size]
        if seqnum in waiting.forgotten:
            waiting.forgotten.discard(seqnum)
            return True
        waiting.reads.discard(seqnum)
        waiting.ended[seqnum] = _Result(status if command == Code.RET_SUBMIT else 0, length, data)
        return True

    def _lost(self) -> None:
        self._gone = True
        with contextlib.suppress(OSError):
            self._socket.close()


def _checked(result: _Result) -> _Result:
    if result.status:
        raise TransferError(-result.status, f"USB/IP status {result.status}")
    return result


def _dial(endpoint: Endpoint, allow_any_host: bool) -> socket.socket:
    try:
        return connect(endpoint, CONNECT_SECONDS, allow_any_host)
    except (OSError, ValueError) as error:
        raise UsbipGoneError(Errno.ENODEV, f"no USB/IP server at {endpoint}: {error}") from error


def _imported(connection: socket.socket, busid: str) -> ExportedDevice:
    request = usbip.encode_request(Operation.REQ_IMPORT, busid)
    reply = _asked(connection, request, usbip.decode_import_reply)
    if isinstance(reply, ExportedDevice):
        return reply
    if reply is Status.DEV_BUSY:
        raise UsbipBusyError(Errno.EBUSY, f"{busid}: another host has the device")
    assert isinstance(reply, Status)
    raise UsbipGoneError(Errno.ENODEV, f"{busid}: {reply.name}")


def _asked(connection: socket.socket, request: bytes, decode: Callable[[bytes], Reply | None]) -> Reply:
    """The answer to an operation; nothing comes behind it, for the server speaks only when spoken to."""
    data = b""
    try:
        connection.sendall(request)
        while True:
            piece = connection.recv(_PIECE)
            if not piece:
                raise UsbipGoneError(Errno.ENODEV, "the USB/IP server closed the connection")
            data += piece
            reply = decode(data)
            if reply is not None:
                return reply
    except UsbipError as error:
        raise UsbipGoneError(Errno.ENODEV, str(error)) from error
    except TimeoutError as error:
        raise UsbipGoneError(Errno.ENODEV, "the USB/IP server stays silent") from error
