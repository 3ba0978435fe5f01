"""Every error the cable codecs raise.

UsbError
├── DescriptorError   descriptors or requests that USB 2.0 does not allow
├── CcidError         a bulk or interrupt message that CCID 1.1 does not allow
│   └── CommandError  a command a reader answers with bmCommandStatus Failed; carries the bError to answer
├── UsbipError        a USB/IP frame that the protocol does not allow
├── AtrError          an answer to reset that ISO 7816-3 does not allow
├── TpduError         a T=0 command or answer that ISO 7816-3 does not allow
└── SerialError       a frame of the serial reader protocol that is broken
"""

from __future__ import annotations


class UsbError(Exception):
    """Root of all. `field` is the specification's name of what is wrong, `rule` what it breaks."""

    def __init__(self, text: str, *, field: str = "", rule: str = "") -> None:
        self.text = text
        self.field = field
        self.rule = rule
        super().__init__(text)

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        rule = f" ({self.rule})" if self.rule else ""
        return f"{where}{self.text}{rule}"


class DescriptorError(UsbError):
    """Bytes or values that are no descriptor or request of USB 2.0 chapter 9."""


class CcidError(UsbError):
    """Bytes or values that are no message of CCID 1.1 chapter 6."""


class CommandError(CcidError):
    """A command that fails. `error` is the bError to answer: a code of table 6.2-2 or a field's offset."""

    def __init__(self, text: str, error: int, *, field: str = "", rule: str = "CCID 1.1 §6.2.6") -> None:
        self.error = error
        super().__init__(text, field=field, rule=rule)


class UsbipError(UsbError):
    """A frame that USB/IP 1.1.1 does not allow: the stream cannot be followed any further."""


class AtrError(UsbError):
    """An answer to reset that breaks ISO 7816-3 §8."""


class TpduError(UsbError):
    """A T=0 exchange that breaks ISO 7816-3 §10."""


class SerialError(UsbError):
    """A frame of a serial CCID reader that is broken; the host asks for it again with NAK."""
