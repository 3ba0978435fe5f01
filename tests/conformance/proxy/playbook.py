"""Transcripts as tests: `>` and bytes from the client, `<` and bytes from the server."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.clauses import book
from conformance.outcomes import Level
from conformance.proxy.book import Book
from conformance.proxy.units import Side
from conformance.proxy.wires import WIRES
from reference.runtime.clock import LabClock
from tests.conformance.proxy.stand import Kept

Line = tuple[str, bytes]


def told(wire: str, *connections: Sequence[Line]) -> list[str]:
    """The clauses that the watchers of a wire find broken in these connections, in order."""
    kept = Kept()
    judged = Book(WIRES[wire], LabClock.private().part("proxy"), [kept])
    for number, lines in enumerate(connections, 1):
        reader, splitters = WIRES[wire].reader(), WIRES[wire].splitters()
        for arrow, raw in lines:
            side = Side.REQUEST if arrow == ">" else Side.RESPONSE
            for piece in splitters[side].feed(raw):
                unit = reader.read(piece, side)
                judged.came(number, unit)
                reader.handed_over(unit)
                judged.delivered(number, unit)
        judged.closed(number, Side.REQUEST)
    levels = {book().clause(clause).level for clause in kept.clauses}
    assert judged.violated() == bool(levels - {Level.SHOULD})
    assert judged.violated(only_must=True) == (Level.MUST in levels)
    return kept.clauses
