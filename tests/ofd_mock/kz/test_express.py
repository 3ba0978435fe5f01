"""The short way for plain tickets comes to what the long way comes to, byte for byte and row for row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ofd_mock.kz import tables
from ofd_mock.kz.booking import no_room
from ofd_mock.kz.defects import DEFECTS, rules_with_defects
from ofd_mock.kz.express import Express, ticket_part
from ofd_mock.kz.plain_ticket import booked, plain
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import When
from reference.protocol.kz import tally
from reference.protocol.kz.counters import DeviceCounters, apply_ticket
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import to_message
from reference.protocol.kz.frames import HEADER_SIZE, Frame, Header
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.money import MAX_TIYN
from reference.protocol.kz.service import write_ad_infos, write_offline_period
from reference.protocol.kz.ticket_codec import read_ticket
from reference.protocol.kz.validation import Context, validate
from tests.ofd_mock.kz.counter import ID, INN, NOW, Counter, closing, deposit, ticket

VERSIONS = (202, 203, 204)
NUMBERS = (0, 1, 2, 3, 5, 99, 100, 1000, 12_000, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
TEXTS = ("", "1", "Нан", INN, "900101300123")


def made(version: int, seed: int, **more: Any) -> Any:
    """A request of a register that does everything right."""
    dialect = dialect_for(version)
    assert dialect is not None
    message = to_message(dialect, random_ticket(Random(seed), version, NOW, **more))
    if version >= 204:
        message.service.security_stats.geo_position.latitude = 43_238_949
        message.service.security_stats.geo_position.longitude = 76_889_709
        message.service.security_stats.geo_position.source = "MANUAL"
    return message


def places(message: Any) -> Iterator[tuple[Any, Any]]:
    """Every field that a message has, with the message that has it."""
    for field, value in message.ListFields():
        yield message, field
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                yield from places(inner)


def spoil(message: Any, rng: Random) -> None:
    """Change one field: another number or text, left out, twice, nudged by a tiyn."""
    owner, field = rng.choice(list(places(message)))
    if field.is_repeated:
        entries = getattr(owner, field.name)
        if rng.random() < 0.5:
            del entries[rng.randrange(len(entries))]
        elif field.message_type is not None:
            entries.add().CopyFrom(rng.choice(list(entries)))
        return
    if field.message_type is not None or rng.random() < 0.25:
        owner.ClearField(field.name)
        return
    value = getattr(owner, field.name)
    choices: tuple[Any, ...] = TEXTS
    if isinstance(value, bool):
        choices = (True, False)
    elif isinstance(value, int):
        choices = (value + 1, max(0, value - 1), value * 2, *NUMBERS)
    try:
        setattr(owner, field.name, rng.choice(choices))
    except (ValueError, TypeError):
        owner.ClearField(field.name)


def addition(message: Any, rng: Random) -> None:
    """What registers write beside the ticket's figures."""
    ticket, draw = message.ticket, rng.randrange(9)
    if draw == 0:
        ticket.fr_shift_number = rng.choice((1, 2))
    elif draw == 1:
        ticket.offline_ticket_number = 77
    elif draw == 2:
        begin = NOW - timedelta(hours=1)
        write_offline_period(message.service, begin, rng.choice((begin, NOW)))
    elif draw == 3:
        write_ad_infos(message.service, {0: rng.choice((1, 588, 900))})
    elif draw == 4:
        message.service.get_reg_info = True
    elif draw == 5:
        message.service.reg_info.kkm.fns_kkm_id = "990000004931"
    elif draw == 6:
        ticket.extension_options.customer_iin_or_bin = rng.choice(TEXTS)
    elif draw == 7:
        ticket.printed_document_number = rng.choice((0, 1, 1, 2**63, 2**64 - 1))
    else:
        ticket.extension_options.auxiliary.add(value="bare")


def pair(folder: Path, version: int) -> tuple[Counter, Counter]:
    """Two operators alike; in the second an order for nobody keeps the short way shut."""
    short, long = (Counter(folder / name, version) for name in ("short", "long"))
    long.desk.orders.give(13, When.BEFORE, None, device=1)
    return short, long


def compare(short: Counter, long: Counter, body: bytes) -> int:
    answers = [counter.raw(body) for counter in (short, long)]
    first, second = (answer.outcome for answer in answers)
    for name in ("header", "command", "code", "row", "token", "body", "findings", "device"):
        assert getattr(first, name) == getattr(second, name), name
    assert short.device == long.device
    return int(first.code)


@pytest.fixture(scope="module", params=VERSIONS)
def counters(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("express")
    (folder / "short").mkdir()
    (folder / "long").mkdir()
    short, long = pair(folder, request.param)
    for counter in (short, long):
        assert counter.send(deposit(10**9)).code == 0
    yield short, long
    for table in (tables.documents, tables.findings):
        rows = [counter.ledger.rows(table, ID, limit=10**6) for counter in (short, long)]
        assert rows[0] == rows[1]
        assert rows[0]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), spoilt=st.integers(0, 2), added=st.integers(0, 1))
def test_both_ways_agree(counters: tuple[Counter, Counter], seed: int, spoilt: int, added: int) -> None:
    short, long = counters
    rng = Random(seed)
    message = made(short.version, seed, offline_number=None)
    for _ in range(added):
        addition(message, rng)
    for _ in range(spoilt):
        spoil(message, rng)
    before = short.device.documents
    code = compare(short, long, bytes(message.SerializeToString()))
    stored = short.device.documents - before
    assert stored in ((0, 1) if code == 0 else (0,)), "what was refused is no document"


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), version=st.sampled_from(VERSIONS), spoilt=st.integers(0, 3))
def test_what_is_plain_passes_every_check_and_counts_alike(seed: int, version: int, spoilt: int) -> None:
    dialect, rng = dialect_for(version), Random(seed)
    assert dialect is not None
    message = made(version, seed).ticket
    for _ in range(spoilt):
        spoil(message, rng)
    quick = plain(dialect, message)
    if quick is None:
        return
    ticket = read_ticket(dialect, message)
    assert validate(ticket, dialect, Context(now=None)) == []
    assert (quick.operation, quick.time, quick.total) == (ticket.operation, ticket.time, ticket.total)
    assert quick.printed_number == ticket.printed_number
    assert quick.customer_iin == ticket.customer_iin
    before = DeviceCounters(cash=500)
    for _ in range(2):
        after = booked(before, quick)
        assert after == apply_ticket(before, ticket)
        before = after


@pytest.mark.parametrize("version", VERSIONS)
def test_sales_of_a_shop_are_plain(version: int) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    for seed in range(200):
        assert plain(dialect, made(version, seed, operation=Operation.SELL).ticket) is not None


def test_the_short_way_is_taken_by_the_book_only(tmp_path: Path) -> None:
    taken = Express(rules_with_defects(KzSettings()))
    assert taken.open
    for name in DEFECTS:
        assert not Express(rules_with_defects(KzSettings(defects=(name,)))).open
    assert not Express(rules_with_defects(KzSettings(checks={"T05": "on"}))).open  # type: ignore[dict-item]
    assert not Express(rules_with_defects(KzSettings(document_max_age=72))).open


def test_what_fails_on_the_short_way_goes_the_long_way(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ArithmeticError("nobody foresaw it")

    monkeypatch.setattr("ofd_mock.kz.reading.plain", broken)
    assert counter.send(deposit(500)).code == 0
    assert counter.raw(bytes(made(203, 1, operation=Operation.SELL).SerializeToString())).code == 0
    assert stored(counter)["documents"] == len(counter.documents()) == 2


def test_a_limit_longer_than_any_shift(tmp_path: Path) -> None:
    counter = Counter(tmp_path, shift_limit_hours=1e15)
    for seed in (1, 2):
        assert counter.raw(bytes(made(203, seed, operation=Operation.SELL).SerializeToString())).code == 0
    assert (stored(counter)["documents"], counter.device.documents) == (1, 2)
    assert counter.desk.orders.orders == ()


@pytest.mark.parametrize("length", [1, 20, 127, 128, 300, 16_000])
def test_the_ticket_part_is_protobuf_s(length: int) -> None:
    dialect = dialect_for(203)
    assert dialect is not None
    response = dialect.messages.Response()
    response.ticket.ticket_number = "4000000001"
    response.ticket.qr_code = b"x" * length
    assert ticket_part("4000000001", "x" * length) == response.SerializeToString()


def test_a_day_of_both_ways(tmp_path: Path) -> None:
    """Sales, a repeat, purchases down to the last tiyn, a shift that grows too old, all in one order."""
    (tmp_path / "short").mkdir()
    (tmp_path / "long").mkdir()
    short, long = pair(tmp_path, 203)
    codes = []
    for seed in range(60):
        kind = Operation.BUY if seed % 5 == 4 else None
        body = bytes(made(203, seed, operation=kind).SerializeToString())
        codes.append(compare(short, long, body))
    assert set(codes) >= {0, 14}
    for counter in (short, long):
        counter.now += timedelta(hours=24)
    exact = made(203, 99, operation=Operation.SELL)
    assert compare(short, long, bytes(exact.SerializeToString())) == 0
    for counter in (short, long):
        counter.now += timedelta(seconds=1)
    assert compare(short, long, bytes(exact.SerializeToString())) == 11


@given(seed=st.integers(0, 2**32), before=st.integers(-(10**6), 10**6))
def test_the_weight_of_a_ticket_is_the_most_that_figures_grow_by(seed: int, before: int) -> None:
    dialect = dialect_for(203)
    assert dialect is not None
    message = made(203, seed, operation=Random(seed).choice((Operation.SELL, Operation.BUY)))
    ticket = plain(dialect, message.ticket)
    assume(ticket is not None)
    assert ticket is not None
    counters = booked(DeviceCounters(cash=before), ticket)
    for _ in range(2):
        grown = booked(counters, ticket)
        assert all_together(grown) - all_together(counters) <= ticket.weight
        counters = grown


def all_together(counters: DeviceCounters) -> int:
    sums = counters.shift.sums if counters.shift else {}
    return sum(map(abs, (counters.cash, *counters.totals.values(), *sums.values())))


@pytest.mark.parametrize("left", [0, 10**6, 5 * 10**6])
def test_both_ways_see_the_last_room_of_a_register(tmp_path: Path, left: int) -> None:
    """No figure grows beyond what a sum can hold, however many tickets went the short way before."""
    (tmp_path / "short").mkdir()
    (tmp_path / "long").mkdir()
    short, long = pair(tmp_path, 203)
    key = tally.NON_NULLABLE, Operation.SELL.value
    nearly_full = DeviceCounters(totals={key: MAX_TIYN - left})
    for counter in (short, long):
        counter.change(counters=nearly_full)
    codes = []
    for seed in range(40):
        message = made(203, seed, operation=Operation.SELL)
        message.ticket.printed_document_number = seed + 1
        codes.append(compare(short, long, bytes(message.SerializeToString())))
    refused = int(no_room().code)
    assert set(codes) == ({0, refused} if left else {refused})
    assert short.device.counters.totals.get(key, 0) <= MAX_TIYN


def test_a_batch_sees_the_room_that_other_documents_leave(counter: Counter) -> None:
    """What a deposit between two tickets of one transaction takes, the second ticket has not."""
    counter.set(rotate_token="never")
    documents = [
        ticket(100_00, printed_number=1),
        deposit(MAX_TIYN - 200_00),
        ticket(900_00, printed_number=2),
    ]
    batch = []
    for reqnum, document in enumerate(documents, 1):
        body = counter.body(document)
        batch.append(Frame(Header(203, HEADER_SIZE + len(body), ID, counter.token, reqnum), body))
    outcomes = counter.ledger.settle(batch, counter.rules, NOW, counter.desk)
    assert [outcome.code for outcome in outcomes] == [0, 0, int(no_room().code)]
    assert counter.device.counters.cash == MAX_TIYN - 100_00


def stored(counter: Counter) -> dict[str, Any]:
    with counter.ledger.reading() as connection:
        return dict(connection.execute(sa.select(tables.devices)).mappings().one())


def test_counters_lag_behind_the_documents_and_lose_nothing(counter: Counter) -> None:
    """Whoever reads the row counts what is missing: another process, the portal, the report."""
    expected = DeviceCounters()
    lags = []
    for seed in range(80):
        ticket = random_ticket(Random(seed), 203, NOW, operation=Operation.SELL)
        assert counter.send(ticket).code == 0
        expected = apply_ticket(expected, ticket)
        lags.append(counter.device.documents - stored(counter)["documents"])
        assert counter.device.counters == expected
        other = counter.opened().device(ID)
        assert other is not None
        assert other.counters == expected
    assert lags[:33] == [*range(32), 0]
    assert max(lags) == 31
    counter.change(state=counter.device.state)
    assert stored(counter)["documents"] == counter.device.documents
    assert counter.device.counters == expected
    assert counter.send(ticket).code == 0
    assert counter.ask(Command.CANCEL_TICKET, version=202).code == 0
    assert stored(counter)["documents"] == counter.device.documents
    counter.ledger = counter.opened()
    report = counter.send(closing()).report
    assert sum(row.sum for row in report.non_nullable) == sum(expected.non_nullable.values())
