"""Protocol versions and what each serves (kz-ofd §1, §3.1, §12).

A frame's VERSION picks a `Dialect`: the generated messages, the served commands, and the names of the few
fields that versions call differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from types import ModuleType
from typing import Final

from reference.protocol.kz.proto import kkm124_pb2, kkm202_pb2, kkm203_pb2, kkm204_pb2

SUPPORTED: Final = (124, 202, 203, 204)
"""Versions with tables of their own."""
BORROWED: Final = {125: 202, 200: 202, 201: 202}
"""Versions that are taken and handled with the tables of another (kz-ofd §1)."""
UNKNOWN_VERSION_TABLES: Final = 203
"""Tables of the answer to a version nobody knows (kz-ofd FR-08)."""


class Command(IntEnum):
    """COMMAND_… of kz-ofd §3.1. OPEN_SHIFT is the number 2.0.2 took out."""

    SYSTEM = 0
    TICKET = 1
    CLOSE_SHIFT = 2
    REPORT = 3
    NOMENCLATURE = 4
    INFO = 5
    MONEY_PLACEMENT = 6
    CANCEL_TICKET = 7
    AUTH = 8
    OPEN_SHIFT = 9
    QR_GENERATE = 100
    QR_GET_STATUS = 101
    RESERVED = 127


class Serving(Enum):
    """What becomes of a command: it is served, or refused with 5 or 4 (kz-ofd FR-11, FR-12)."""

    SERVED = 0
    UNSUPPORTED = 5
    UNKNOWN = 4


class Rotation(Enum):
    """Whether a command's answer may bring a new token (kz-ofd §3.1)."""

    YES = "yes"
    NEVER = "never"
    UNSTATED = "not stated; here: no"


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One row CM-{code} of kz-ofd §3.1.

    `request_part` and `answer_parts` are field names of Request and Response ("" = none). `document` marks
    what changes the ledger. `served` names the versions that serve it; others answer as `otherwise` says.
    """

    command: Command
    request_part: str
    answer_parts: tuple[str, ...]
    rotation: Rotation
    served: frozenset[int]
    otherwise: Serving = Serving.UNSUPPORTED
    document: bool = False

    @property
    def clause(self) -> str:
        """The row's id in kz-ofd §3.1."""
        return f"CM-{self.command.value}"

    def serving(self, version: int) -> Serving:
        """What a server does with the command in a version it knows."""
        return Serving.SERVED if version in self.served else self.otherwise


_ALL: Final = frozenset((*SUPPORTED, *BORROWED))
_NONE: Final[frozenset[int]] = frozenset()
_UP_TO_202: Final = frozenset(version for version in _ALL if version <= 202)
_FROM_204: Final = frozenset(version for version in _ALL if version >= 204)
_YES, _NEVER, _UNSTATED = Rotation.YES, Rotation.NEVER, Rotation.UNSTATED

COMMANDS: Final = {
    row.command.value: row
    for row in (
        CommandRow(Command.SYSTEM, "", ("service",), _NEVER, _ALL),
        CommandRow(Command.TICKET, "ticket", ("ticket",), _YES, _ALL, document=True),
        CommandRow(Command.CLOSE_SHIFT, "close_shift", ("report",), _YES, _ALL, document=True),
        CommandRow(Command.REPORT, "report", ("report",), _NEVER, _ALL),
        CommandRow(Command.NOMENCLATURE, "nomenclature", ("nomenclature",), _UNSTATED, _ALL),
        CommandRow(Command.INFO, "", ("report", "service"), _UNSTATED, _ALL),
        CommandRow(Command.MONEY_PLACEMENT, "money_placement", (), _YES, _ALL, document=True),
        CommandRow(Command.CANCEL_TICKET, "", (), _YES, _UP_TO_202, document=True),
        CommandRow(Command.AUTH, "auth", ("auth",), _NEVER, _ALL),
        CommandRow(Command.OPEN_SHIFT, "", (), _NEVER, _NONE, Serving.UNKNOWN),
        CommandRow(Command.QR_GENERATE, "qr", ("qr",), _UNSTATED, _FROM_204, Serving.UNKNOWN),
        CommandRow(Command.QR_GET_STATUS, "qr", ("qr",), _UNSTATED, _FROM_204, Serving.UNKNOWN),
        CommandRow(Command.RESERVED, "", (), _YES, _NONE, Serving.UNSUPPORTED),
    )
}
"""kz-ofd §3.1 by the number on the wire."""

DOCUMENTS: Final = frozenset(code for code, row in COMMANDS.items() if row.document)
"""Commands that change the ledger (kz-ofd §4.2)."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One version: `version` is the number on the wire, `tables` the one whose messages it uses.

    Duties that begin with a version go by `version`. The `…_field` names follow kz-ofd §12: what 2.0.4
    renamed. `fields` holds every field of the tables as `Message.field`.
    """

    version: int
    tables: int
    messages: ModuleType
    fields: frozenset[str]
    tax_type_field: str = "tax_type"
    placement_time_field: str = "datetime"
    org_inn_field: str = "inn"
    org_okved_field: str = "okved"
    binded_taxation_field: str = "taxation_type"
    binded_tax_field: str = "tax_type"

    def serving(self, command: int) -> Serving:
        """Whether a command number is served, unsupported (5) or unknown (4) here."""
        row = COMMANDS.get(command)
        return Serving.UNKNOWN if row is None else row.serving(self.version)

    def has(self, field: str) -> bool:
        """Whether the tables have this `Message.field`; nested messages by their full name."""
        return field in self.fields


_RENAMED_204: Final = {
    "tax_type_field": "type",
    "placement_time_field": "date_time",
    "org_inn_field": "iin",
    "org_okved_field": "oked",
    "binded_taxation_field": "type",
    "binded_tax_field": "type",
}
_MODULES: Final[dict[int, ModuleType]] = {124: kkm124_pb2, 202: kkm202_pb2, 203: kkm203_pb2, 204: kkm204_pb2}


def _fields(module: ModuleType) -> frozenset[str]:
    package = f"{module.DESCRIPTOR.package}."
    found: set[str] = set()
    waiting = list(module.DESCRIPTOR.message_types_by_name.values())
    while waiting:
        message = waiting.pop()
        waiting.extend(message.nested_types)
        found.update(f"{message.full_name.removeprefix(package)}.{field.name}" for field in message.fields)
    return frozenset(found)


def _dialect(version: int) -> Dialect:
    tables = BORROWED.get(version, version)
    renamed = _RENAMED_204 if tables == 204 else {}
    return Dialect(version, tables, _MODULES[tables], _fields(_MODULES[tables]), **renamed)


_DIALECTS: Final = {version: _dialect(version) for version in sorted(_ALL)}


def dialect_for(version: int) -> Dialect | None:
    """Return the dialect of a header's VERSION, None if nobody speaks it (kz-ofd FR-08)."""
    return _DIALECTS.get(version)


def fallback_dialect() -> Dialect:
    """The dialect whose tables encode the refusal of an unknown VERSION (kz-ofd FR-08)."""
    return _DIALECTS[UNKNOWN_VERSION_TABLES]
