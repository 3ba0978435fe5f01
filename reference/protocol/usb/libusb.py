"""libusb's errors, by the errno of Linux that a transfer ended with: what PyUSB's users see and test for."""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import Final, NamedTuple

from reference.protocol.usb.usbip import Errno


class LibusbCode(IntEnum):
    """enum libusb_error."""

    IO = -1
    INVALID_PARAM = -2
    NO_DEVICE = -4
    NOT_FOUND = -5
    BUSY = -6
    TIMEOUT = -7
    OVERFLOW = -8
    PIPE = -9
    INTERRUPTED = -10


class LibusbError(NamedTuple):
    """What PyUSB's exception carries: libusb's sentence, libusb's code, the system's errno."""

    text: str
    code: LibusbCode
    errno: int


_NO_DEVICE: Final = LibusbError(
    "No such device (it may have been disconnected)", LibusbCode.NO_DEVICE, errno.ENODEV
)
_IO: Final = LibusbError("Input/Output Error", LibusbCode.IO, errno.EIO)
_TABLE: Final[dict[int, LibusbError]] = {
    Errno.EINVAL: LibusbError("Invalid parameter", LibusbCode.INVALID_PARAM, errno.EINVAL),
    Errno.ENODEV: _NO_DEVICE,
    Errno.ESHUTDOWN: _NO_DEVICE,
    Errno.ENOENT: LibusbError("Entity not found", LibusbCode.NOT_FOUND, errno.ENOENT),
    Errno.EBUSY: LibusbError("Resource busy", LibusbCode.BUSY, errno.EBUSY),
    Errno.ETIMEDOUT: LibusbError("Operation timed out", LibusbCode.TIMEOUT, errno.ETIMEDOUT),
    Errno.EOVERFLOW: LibusbError("Overflow", LibusbCode.OVERFLOW, errno.EOVERFLOW),
    Errno.EPIPE: LibusbError("Pipe error", LibusbCode.PIPE, errno.EPIPE),
    Errno.ECONNRESET: LibusbError(
        "System call interrupted (perhaps due to signal)", LibusbCode.INTERRUPTED, errno.EINTR
    ),
}


def libusb_error(status: int) -> LibusbError:
    """The error for a transfer that ended with this errno, negated or not; EIO for any other."""
    return _TABLE.get(abs(status), _IO)
