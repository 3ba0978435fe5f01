"""What can go wrong between a host and a fiscal module.

LinkError
├── NoModule          nothing there, or it does not answer the power-up: no command was begun
└── LinkLost          broken in the middle: whether the last command took effect is not known (UZ-USB-02)
    └── LinkTimeout   the same, by silence
ModuleError
├── StatusWordError       the module refused
├── AppletVersionError    an applet this house does not speak to
└── AnswerError           an answer that is not what uz-fiscal §5 says
"""

from __future__ import annotations

from reference.protocol.uz.apdu import status_text


class LinkError(Exception):
    """Base of everything the link itself reports."""


class NoModule(LinkError):  # noqa: N818 - the field's word
    """No module at the other end; nothing was sent to one."""


class LinkLost(LinkError):  # noqa: N818 - the field's word
    """The link broke; the module may or may not have carried out the last command, so ask it (UZ-USB-02)."""


class LinkTimeout(LinkLost):
    """The module stayed silent for longer than the link waits (uz-fiscal EM-03)."""


class ModuleError(Exception):
    """Base of everything a module that answers can say wrong."""


class StatusWordError(ModuleError):
    """The module answered with another status word than 9000; `str()` is `9021 - ZREPORT_IS_NOT_OPENED`."""

    def __init__(self, sw: int, command: str = "") -> None:
        self.sw = sw
        self.command = command
        super().__init__(status_text(sw))


class AppletVersionError(ModuleError):
    """The applet is not of version 0400…0499 (uz-fiscal FM-S-05); `version` as four digits."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(f"applet version {version} is not supported, 0400 to 0499 are")


class AnswerError(ModuleError):
    """The answer to `command` cannot be read; the text says where."""

    def __init__(self, command: str, text: str) -> None:
        self.command = command
        super().__init__(f"{command}: {text}")
