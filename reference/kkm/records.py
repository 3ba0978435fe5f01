"""Memory and printed documents as JSON records, and back.

A change is written as the fields that differ, so that a sale costs as much with a full queue as with none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from operator import is_
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from reference.kkm.memory import Memory, Packet
from reference.kkm.values import Delivery, DocumentKind, PrintedDocument
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import Dialect, dialect_for
from reference.protocol.kz.reports import ReportData
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.tally import counters_from_json, counters_to_json
from reference.protocol.kz.ticket_codec import read_ticket
from reference.protocol.kz.ticket_writer import write_ticket
from reference.protocol.kz.tickets import Operator, Ticket

Json = Any


class RecordError(Exception):
    """A record is of a version nobody here knows."""


class _Codec(NamedTuple):
    write: Callable[[Any], Json]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _adapted(kind: Any) -> _Codec:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return _Codec(lambda value: adapter.dump_python(value, mode="json"), adapter.validate_python)


_PLAIN: Final = _Codec(_same, _same)
_MOMENT: Final = _Codec(
    lambda value: None if value is None else value.isoformat(),
    lambda value: None if value is None else datetime.fromisoformat(value),
)
_REPORT: Final = _adapted(ReportData | None)
_OPERATOR: Final = _adapted(Operator)


def packet_to_json(packet: Packet) -> Json:
    """Return a packet as JSON; bytes are hex."""
    found = {one.name: getattr(packet, one.name) for one in fields(packet)}
    found["kind"] = packet.kind.value
    found["body"] = packet.body.hex()
    found["time"] = packet.time.isoformat()
    found["report"] = _REPORT.write(packet.report)
    return found


def packet_from_json(value: Mapping[str, Json]) -> Packet:
    """Return the packet of such JSON."""
    return Packet(
        **{
            **value,
            "kind": DocumentKind(value["kind"]),
            "body": bytes.fromhex(value["body"]),
            "time": datetime.fromisoformat(value["time"]),
            "report": _REPORT.read(value["report"]),
        }
    )


_FIELDS: Final[dict[str, _Codec]] = {
    "device_id": _PLAIN,
    "mode": _Codec(lambda mode: mode.name, lambda name: Mode[name]),
    "token": _PLAIN,
    "reqnum": _PLAIN,
    "initialised": _PLAIN,
    "counters": _Codec(counters_to_json, counters_from_json),
    "in_flight": _Codec(
        lambda packet: None if packet is None else packet_to_json(packet),
        lambda value: None if value is None else packet_from_json(value),
    ),
    "printed": _PLAIN,
    "offline_since": _MOMENT,
    "last_time": _MOMENT,
    "autonomous": _Codec(
        lambda value: None if value is None else [value[0].isoformat(), value[1]],
        lambda value: None if value is None else (date.fromisoformat(value[0]), value[1]),
    ),
    "ads": _adapted(tuple[TicketAd, ...]),
    "registration": _adapted(Registration | None),
    "last_code": _PLAIN,
    "last_text": _PLAIN,
    "server": _PLAIN,
    "nomenclature": _PLAIN,
    "info_due": _PLAIN,
    "cancellable": _PLAIN,
}
"""Every field of Memory but the queue, which is written as what came and went."""


def changes(before: Memory | None, after: Memory) -> dict[str, Json]:
    """Return the fields of `after` that differ, all without a `before`; the queue is not among them."""
    return {
        name: codec.write(getattr(after, name))
        for name, codec in _FIELDS.items()
        if before is None or getattr(before, name) != getattr(after, name)
    }


def with_changes(before: Mapping[str, Any], record: Mapping[str, Json]) -> dict[str, Any]:
    """Return the field values of a memory after such changes."""
    return {**before, **{name: _FIELDS[name].read(value) for name, value in record.items()}}


def queue_changes(before: tuple[Packet, ...], after: tuple[Packet, ...]) -> dict[str, Json]:
    """Return what left at the head and came at the tail; everything if that is not all."""
    if before is after:
        return {}
    gone = next(gone for gone in range(len(before) + 1) if _begins(before[gone:], after))
    return {"gone": gone, "came": [packet_to_json(one) for one in after[len(before) - gone :]]}


def _begins(kept: tuple[Packet, ...], after: tuple[Packet, ...]) -> bool:
    return len(kept) <= len(after) and all(map(is_, kept, after))


def with_queue_changes(before: tuple[Packet, ...], record: Mapping[str, Json]) -> tuple[Packet, ...]:
    """Return the queue after such changes."""
    came = tuple(packet_from_json(one) for one in record["came"])
    return before[record["gone"] :] + came


def document_to_json(document: PrintedDocument, version: int) -> Json:
    """Return a printed document as JSON; its ticket is a message of that version."""
    ticket = document.ticket
    found = {
        **document.as_json(),
        "report": _REPORT.write(document.report),
        "server_report": _REPORT.write(document.server_report),
        "operator": _OPERATOR.write(document.operator),
        "version": version,
        "ticket": None if ticket is None else _ticket_to_hex(ticket, version),
    }
    return {name: value for name, value in found.items() if value not in (None, "", False)}


def document_from_json(value: Mapping[str, Json]) -> PrintedDocument:
    """Return the document of such JSON. Raises RecordError."""
    given = dict(value)
    version = given.pop("version")
    ticket = given.pop("ticket", None)
    return PrintedDocument(
        **{
            **given,
            "kind": DocumentKind(given["kind"]),
            "time": datetime.fromisoformat(given["time"]),
            "operator": _OPERATOR.read(given["operator"]),
            "ticket": None if ticket is None else _ticket_from_hex(ticket, version),
            "report": _REPORT.read(given.get("report")),
            "delivery": Delivery(given["delivery"]),
            "server_report": _REPORT.read(given.get("server_report")),
        }
    )


def _ticket_to_hex(ticket: Ticket, version: int) -> str:
    dialect = known_dialect(version)
    message = dialect.messages.TicketRequest()
    write_ticket(dialect, message, ticket)
    text: str = message.SerializeToString().hex()
    return text


def _ticket_from_hex(text: str, version: int) -> Ticket:
    dialect = known_dialect(version)
    return read_ticket(dialect, dialect.messages.TicketRequest.FromString(bytes.fromhex(text)))


def known_dialect(version: int) -> Dialect:
    """Return the dialect of a version. Raises RecordError."""
    dialect = dialect_for(version)
    if dialect is None:
        raise RecordError(f"version {version} is not spoken here")
    return dialect
