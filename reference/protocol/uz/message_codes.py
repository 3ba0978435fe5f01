"""The codes of operator messages: file types, file statuses, message statuses (uz-fiscal §11.4, §11.5)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class FileType(IntEnum):
    """What a file is (uz-fiscal §11.4); `file_version` is the version byte that belongs to it."""

    PurchaseReceipt = 0x01
    ZReport = 0x02
    ShortReceipt = 0x03
    AdvanceReceipt = 0x04
    CreditReceipt = 0x05
    VerifyFiscalSignQuery = 0xC8
    SyncStateQuery = 0xC9

    @property
    def file_version(self) -> int:
        """The version byte of this type; any other is answered UnrecognizedType (uz-fiscal OF-23)."""
        return _FILE_VERSIONS[self]


_FILE_VERSIONS: Final = {
    FileType.PurchaseReceipt: 0x14,
    FileType.ZReport: 0x02,
    FileType.ShortReceipt: 0x02,
    FileType.AdvanceReceipt: 0x14,
    FileType.CreditReceipt: 0x14,
    FileType.VerifyFiscalSignQuery: 0x01,
    FileType.SyncStateQuery: 0x01,
}


class FileStatus(IntEnum):
    """The operator's answer to one file (uz-fiscal §11.5)."""

    Acknowledge = 0x00
    Reject = 0x01
    Error = 0x02
    UnrecognizedType = 0x03


class StatusCode(IntEnum):
    """The operator's answer to a message (uz-fiscal §11.5); acks follow only on OK and OKNotice."""

    OK = 0x00
    OKNotice = 0x01
    RetrySend = 0x02
    NotActive = 0x0A
    NotFound = 0x0B
    BadMessageSyntax = 0x64
    BadMessageStruct = 0x65
    TooBigMessage = 0x66
    BadMessageCRC32 = 0x67
    TooManyFiles = 0x68
