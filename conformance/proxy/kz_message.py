"""A frame of the Kazakh wire as readers hand it to watchers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from reference.protocol.kz.dialects import DOCUMENTS, Command, Dialect
from reference.protocol.kz.documents import Document, from_message, is_resent, offline_period
from reference.protocol.kz.frames import Header

NOT_ANSWERED: Final = (254, 255)
"""Codes that a register treats as silence (kz-ofd RC-254, RC-255)."""


@dataclass(frozen=True, slots=True)
class KzMessage:
    """A frame with its body as Request or Response; `command` None where it is missing."""

    header: Header
    body: bytes
    command: int | None
    message: Any
    dialect: Dialect

    @property
    def pair(self) -> tuple[int, int]:
        """TOKEN and REQNUM, which together identify an exchange (kz-ofd §4.1)."""
        return self.header.token, self.header.reqnum

    @property
    def is_document(self) -> bool:
        """Whether the command changes the ledger (kz-ofd §4.2)."""
        return self.command in DOCUMENTS

    @property
    def code(self) -> int:
        """Result code of an answer."""
        return int(self.message.result.result_code)

    @property
    def document(self) -> Document | None:
        """What a request carries for its command."""
        return from_message(self.dialect, self.message, self.command) if self.command is not None else None

    @property
    def has_period(self) -> bool:
        """Whether a request has an offline period, whatever stands in it."""
        return offline_period(self.message) is not None

    @property
    def is_resent(self) -> bool:
        """Whether a request was made offline and comes now (kz-ofd OQ-9)."""
        return is_resent(self.document, offline_period(self.message))


def command_name(number: int | None) -> str:
    """Name of a command number, `none` without one."""
    if number is None:
        return "none"
    return Command(number).name if number in set(Command) else str(number)
