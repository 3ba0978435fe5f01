"""What points of sale tell, taken in their order, each change once; sums are kept up in the same transaction.

A point of sale numbers its changes from 1 without a gap. Numbers already taken are acknowledged again and
change nothing; a gap is refused with the number that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from reference.backoffice import tables
from reference.backoffice.batch import Batch, Sums
from reference.backoffice.branches import Linked
from reference.backoffice.moments import written
from reference.backoffice.office import Office
from reference.backoffice.told import check
from reference.runtime.forms import LISTED
from reference.runtime.refusals import Finding, InvalidError, RefusedError
from reference.runtime.words import Words

MOST: Final = 500
"""Changes in one request."""
KINDS: Final = ("product", "place", "employee", "settings", "order", "payment", "fiscal", "shift")
_GAP: Final = Words(
    "O'zgarishlar ketma-ketligi uzilgan", "Пропущены изменения", "Changes are missing in between"
)
_LAST: Final = sa.select(tables.Link.last).where(tables.Link.id == sa.bindparam("link")).with_for_update()
_TAKEN: Final = (
    sa.update(tables.Link.__table__)  # type: ignore[arg-type]
    .where(tables.Link.id == sa.bindparam("link"))
    .values(last=sa.bindparam("newest"), seen=sa.bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `body` is the whole of what it is about, as it then was."""

    n: int
    kind: str
    key: str
    made: str
    body: Mapping[str, Any]


class GapError(RefusedError):
    """Changes are missing; `wanted` is the number that has to come next."""

    def __init__(self, wanted: int) -> None:
        super().__init__("gap", _GAP)
        self.wanted = wanted


class Intake:
    """The desk that points of sale report to."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def take(self, linked: Linked, changes: Sequence[Change]) -> int:
        """Take changes; the number of the newest that is taken. GapError; InvalidError names a wrong one."""
        office = self._office
        with office.engine.begin() as connection:
            last: int = connection.execute(_LAST, {"link": linked.link}).scalar_one()
            new = _new(changes, last)
            paid = [change.key for change in new if change.kind == "payment"]
            batch = Batch(connection, linked, self._begun(), _orders(new), paid)
            for change in new:
                self._apply(batch, change)
            batch.write()
            newest = new[-1].n if new else last
            now = written(office.now)
            connection.execute(_TAKEN, {"link": linked.link, "newest": newest, "now": now})
            return newest

    def _begun(self) -> Sums:
        """The differences of a request that begins."""
        return Sums()

    def _apply(self, batch: Batch, change: Change) -> None:
        body = change.body
        match change.kind:
            case "product":
                batch.product(change.key, body)
            case "employee":
                batch.employee(change.key, body)
            case "order":
                batch.order(change.key, body)
            case "payment":
                batch.payment(change.key, body)
            case "fiscal":
                batch.fiscal(body)
            case "shift":
                batch.shift(change.key, body)
            # Places and settings: nothing here shows them yet; they are acknowledged, since the order of
            # numbers counts.


def _new(changes: Sequence[Change], last: int) -> list[Change]:
    """Those that come behind `last`, each as it has to be."""
    wanted = last + 1
    found = []
    for change in changes:
        if change.n <= last:
            continue
        if change.n != last + 1:
            # Nothing of this request stays, so what it brought itself is wanted, too.
            raise GapError(wanted)
        check(f"changes[{change.n}]", change.kind, change.key, change.body)
        if change.kind not in KINDS:
            raise InvalidError([Finding(f"changes[{change.n}].kind", "list", LISTED)])
        last = change.n
        found.append(change)
    return found


def _orders(changes: Sequence[Change]) -> Iterator[str]:
    """Keys of the orders that changes are about."""
    for change in changes:
        if change.kind == "order":
            yield change.key
        elif change.kind == "fiscal":
            yield str(change.body["order"])
