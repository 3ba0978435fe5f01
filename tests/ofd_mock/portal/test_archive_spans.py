"""A period and a shift as a range of document numbers, beside looking at every document."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from ofd_mock.kz import tables
from ofd_mock.portal.archive.spans import Filter, span_of

DEVICE = 4931
BEGIN = datetime(2026, 1, 1)
DAYS = 6
Steps = list[tuple[int, bool, bool]]

steps = st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), max_size=60)
days = st.none() | st.integers(-1, DAYS + 1).map(lambda day: date(2026, 1, 1) + timedelta(days=day))


def ledger(given: Steps) -> tuple[sa.Connection, list[tuple[int, datetime | None, int]]]:
    """Documents whose times go on by so many hours; some have none, some close their shift."""
    connection = sa.create_engine("sqlite://").connect()
    tables.metadata.create_all(connection)
    moment, shift, known = BEGIN, 1, []
    for number, (hours, bare, closes) in enumerate(given, 1):
        moment += timedelta(hours=hours)
        time = None if bare else moment
        known.append((number, time, shift))
        connection.execute(
            sa.insert(tables.documents).values(
                device=DEVICE,
                number=number,
                command=2 if closes else 1,
                version=203,
                token=1,
                reqnum=1,
                request=b"",
                answer=b"",
                received=moment.isoformat(),
                time=None if time is None else time.isoformat(),
                shift_number=shift,
                sign=str(number),
                page="",
                resent=False,
                cancelled=False,
                parent_rnm="",
                parent_sign="",
            )
        )
        shift += closes
    columns = {column.name: 0 for column in tables.devices.columns if not column.nullable}
    values = columns | {
        "id": DEVICE,
        "documents": len(given),
        "rnm": "",
        "state": "",
        "counters": "",
        "profile": "",
        "cancellable": False,
    }
    connection.execute(sa.insert(tables.devices).values(**values))
    return connection, known


@settings(deadline=None)
@given(given=steps, first=days, last=days, shift=st.none() | st.integers(1, 8))
def test_a_span_holds_exactly_its_documents(
    given: Steps, first: date | None, last: date | None, shift: int | None
) -> None:
    connection, known = ledger(given)
    try:
        span = span_of(connection, DEVICE, Filter(first, last, shift))
    finally:
        connection.close()
    held = set(range(span.first, span.last + 1))
    for number, time, of_shift in known:
        if time is not None:
            inside = first is None or time.date() >= first
            inside = inside and (last is None or time.date() <= last)
            inside = inside and shift in (None, of_shift)
            assert (number in held) == inside, (number, time, span)
    assert span.documents == len(held)
    assert held <= set(range(1, len(known) + 1))
    if first is None and last is None:
        assert held == {number for number, _, of_shift in known if shift in (None, of_shift)}
