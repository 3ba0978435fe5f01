"""Every error the Uzbek protocol modules raise.

UzError
├── CodecError      bytes or values that no clause allows; says which field and which clause
│   └── TlvError    the element structure itself is broken
├── ReceiptError    a receipt the fiscal chain refuses; str() is the very text of uz-fiscal §8.7
├── MessageError    an operator message that cannot be taken; carries the StatusCode to answer
└── StandinError    a stand-in file (uz-fiscal §17) that does not verify; carries the reason
"""

from __future__ import annotations

from enum import Enum, IntEnum


class UzError(Exception):
    """Root of all errors of the Uzbek fiscal protocols."""


class CodecError(UzError):
    """A value cannot be encoded or bytes cannot be decoded.

    `field` names what was being coded ("" if the caller has not said), `clause` the rule broken.
    """

    def __init__(self, text: str, *, field: str = "", clause: str = "") -> None:
        self.text = text
        self.field = field
        self.clause = clause
        super().__init__(text)

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        rule = f" ({self.clause})" if self.clause else ""
        return f"{where}{self.text}{rule}"

    def within(self, field: str) -> CodecError:
        """The same error with its field placed inside `field`, for a codec that knows the context."""
        inside = f"{field}.{self.field}" if self.field else field
        return type(self)(self.text, field=inside, clause=self.clause)


class TlvError(CodecError):
    """The bytes are not a TLV structure (uz-fiscal TLV-01 … TLV-05)."""


class ReceiptError(UzError):
    """A receipt breaks a rule of uz-fiscal §8.7; str() is the text clients get, letter for letter."""

    def __init__(self, text: str, *, clause: str = "", field: str = "") -> None:
        self.text = text
        self.clause = clause
        self.field = field
        super().__init__(text)


class MessageError(UzError):
    """An operator message is refused as a whole; `code` is the StatusCode to answer (uz-fiscal §11.5)."""

    def __init__(self, text: str, *, code: IntEnum, clause: str = "") -> None:
        self.text = text
        self.code = code
        self.clause = clause
        super().__init__(text)


class StandinReason(Enum):
    """Why a stand-in file is refused; each receiver maps the reason to its own answer (uz-fiscal §17)."""

    LENGTH = "length"
    VERSION = "version"
    KIND = "kind"
    SIGNATURE = "signature"
    RECORD = "record"
    TERMINAL = "terminal"
    CHALLENGE = "challenge"


class StandinError(UzError):
    """A stand-in file does not verify; `reason` says at which check."""

    def __init__(self, text: str, *, reason: StandinReason, clause: str = "") -> None:
        self.text = text
        self.reason = reason
        self.clause = clause
        super().__init__(text)
