"""What a check looks at: a document, where it came from, and sums that several checks need (kz-ofd §10.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from reference.protocol.kz.kinds import ItemType
from reference.protocol.kz.tally import DeviceCounters
from reference.protocol.kz.tickets import Line, Misfit, Modifier, TaxEntry, Ticket

_NO_COUNTERS = DeviceCounters()


@dataclass(frozen=True, slots=True)
class Context:
    """What the server knows beside the document.

    `now` is the server's local time in whole seconds, `last_time` that of the device's last document,
    `counters` those before this document, `org_inn` the seller's IIN or BIN. `resent`: kz-ofd OQ-9.
    """

    now: datetime | None = None
    last_time: datetime | None = None
    org_inn: str = ""
    counters: DeviceCounters = _NO_COUNTERS
    resent: bool = False


class Problem(NamedTuple):
    """Where a check failed, by the message's own names, and with which figures."""

    field: str
    detail: str = ""


Problems = Sequence[Problem]
NONE: Problems = ()


class TaxList(NamedTuple):
    """Taxes that stand together: of item `place`, or with None of the part named `part` ("": the ticket).

    `base` is the sum they stand on.
    """

    place: int | None
    part: str
    base: int | None
    taxes: tuple[TaxEntry, ...]

    @property
    def where(self) -> str:
        """The message's name of the list."""
        if self.place is None:
            return f"{self.part}.taxes" if self.part else "taxes"
        return f"items[{self.place}].{self.part}.taxes"


class OwnedModifier(NamedTuple):
    """A modifier among the items, and the line it modifies; None where that cannot be told.

    A modifier belongs to the commodity before it. But some clients write all modifiers behind all lines
    (kz-ofd §10.1): several modifiers at the end of a ticket with several commodities have no owner.
    """

    place: int
    modifier: Modifier
    owner: tuple[int, Line] | None


@dataclass(slots=True)
class Examined:
    """A ticket with its lines and modifiers sorted out and summed, in tiyn.

    `complete` is False if a sum is missing, so that arithmetic would only repeat that finding. `taxed` are
    the lists of taxes of lines and modifiers.
    """

    ticket: Ticket
    version: int
    context: Context
    max_age: float | None = None
    lines: list[tuple[int, Line]] = field(default_factory=list)
    modifiers: list[OwnedModifier] = field(default_factory=list)
    goods: int = 0
    discounts: int = 0
    markups: int = 0
    largest: int = 0
    complete: bool = True
    taxed: list[TaxList] = field(default_factory=list)

    @property
    def computed_total(self) -> int:
        """What amounts.total must be (kz-ofd T13)."""
        return self.goods - self.discounts + self.markups


_PARTS = {kind.value: kind.name.lower() for kind in ItemType}
_SIGNS = {ItemType.DISCOUNT: 1, ItemType.STORNO_DISCOUNT: -1, ItemType.MARKUP: 1, ItemType.STORNO_MARKUP: -1}
_DISCOUNTS = (ItemType.DISCOUNT, ItemType.STORNO_DISCOUNT)


def examine(ticket: Ticket, version: int, context: Context, max_age: float | None = None) -> Examined:
    """Return a ticket sorted out for its checks, in one pass over the items."""
    found = Examined(ticket, version, context, max_age)
    tail = _tail(ticket)
    owner: tuple[int, Line] | None = None
    for place, item in enumerate(ticket.items):
        if isinstance(item, Line):
            if _examine_line(found, place, item):
                owner = (place, item)
        elif isinstance(item, Misfit):
            found.complete = False
        else:
            found.modifiers.append(OwnedModifier(place, item, None if place >= tail else owner))
            _examine_modifier(found, item)
            if item.taxes:
                found.taxed.append(TaxList(place, _PARTS[item.type or 0], item.sum, item.taxes))
    for modifier, kind in ((ticket.discount, ItemType.DISCOUNT), (ticket.markup, ItemType.MARKUP)):
        if modifier is not None:
            _examine_whole(found, kind, modifier)
    return found


def _examine_line(found: Examined, place: int, line: Line) -> bool:
    """Add a line; returns whether modifiers behind it are its own."""
    found.lines.append((place, line))
    if line.taxes:
        found.taxed.append(TaxList(place, _PARTS[line.type], line.sum, line.taxes))
    if line.sum is None:
        found.complete = False
    total = line.sum or 0
    if line.type == ItemType.STORNO_COMMODITY:
        found.goods -= total
        return False
    found.goods += total
    found.largest = max(found.largest, total)
    return True


def _examine_modifier(found: Examined, modifier: Modifier) -> None:
    if modifier.sum is None or modifier.type is None:
        found.complete = False
        return
    kind = ItemType(modifier.type)
    if kind in _DISCOUNTS:
        found.discounts += _SIGNS[kind] * modifier.sum
    else:
        found.markups += _SIGNS[kind] * modifier.sum


def _examine_whole(found: Examined, kind: ItemType, modifier: Modifier) -> None:
    """Add the discount or markup of the ticket as a whole."""
    if modifier.sum is None:
        found.complete = False
    if kind is ItemType.DISCOUNT:
        found.discounts += modifier.sum or 0
    else:
        found.markups += modifier.sum or 0
    if modifier.taxes:
        found.taxed.append(TaxList(None, f"amounts.{kind.name.lower()}", modifier.sum, modifier.taxes))


def _tail(ticket: Ticket) -> int:
    """The place from which on modifiers have no owner; behind the end if all have one."""
    items = ticket.items
    end = len(items)
    start = end
    while start and isinstance(items[start - 1], Modifier):
        start -= 1
    if end - start < 2:
        return end
    commodities = 0
    for item in items:
        if isinstance(item, Line) and item.type == ItemType.COMMODITY:
            commodities += 1
    return start if commodities > 1 else end
