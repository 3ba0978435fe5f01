"""An operator that acknowledges another file than it was sent: nothing stays behind in the module (CL-05)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reference.drive.records import FileState, Settled
from reference.protocol.uz.standin import AckKind
from reference.protocol.uz.values import encode_bcd8, encode_time
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.test_sync import sent_numbers, states
from tests.waiting import eventually

GET_RECEIPT_INFO = 0x05
GET_FISCAL_MEMORY_INFO = b"\x00\x02"


def number(seq: int) -> tuple[AckKind, bytes]:
    return AckKind.RECEIPT, encode_bcd8(seq)


def sync(shop: Bench) -> list[tuple[object, str]]:
    return [(item.name, item.state.text) for item in shop.core.sync_full_receipts(shop.factory_id, 32)]


def believe(shop: Bench, *txids: int) -> None:
    """The store says Acknowledged, whatever the module says."""
    outcomes = [Settled(txid, FileState.ACKNOWLEDGED) for txid in txids]
    shop.core.stage.receipts.settle(outcomes, shop.now())


def looks(shop: Bench) -> int:
    return sum(command[1] == GET_RECEIPT_INFO for command in shop.card.commands)


def test_acknowledgement_of_an_unknown_receipt_is_not_believed(shop: Bench) -> None:
    """FM-A-01: the module answers 9020 to it, as it does to a second one"""
    shop.register()
    shop.books.misnamed[1] = number(77)
    assert sync(shop) == [(1, "Sent")]
    (row,) = shop.core.files(shop.factory_id, FileState.SENT, 1, 0)
    assert row.message == "acknowledged by the operator, still held by the module: 9020 - NOT_FOUND"
    assert (row.postponed, shop.held) == (1, [1])
    shop.books.misnamed.clear()
    assert sync(shop) == [(1, "Acknowledged")]
    assert (shop.held, shop.books.numbers()) == ([], [1])


def test_receipt_acknowledged_as_a_shift_is_not_believed(shop: Bench) -> None:
    shop.register()
    shop.books.misnamed[1] = (AckKind.ZREPORT, encode_bcd8(1))
    assert sync(shop) == [(1, "Sent")]
    assert shop.held == [1]


def test_acknowledgement_of_another_held_receipt_leaves_nothing_behind(shop: Bench) -> None:
    """The module takes it, so only a look at what it still holds shows the mistake."""
    for _ in range(3):
        shop.register()
    shop.books.misnamed[1] = number(2)
    assert sync(shop) == [(1, "Acknowledged"), (2, "Acknowledged"), (3, "Acknowledged")]
    assert shop.held == [1]
    shop.books.misnamed.clear()
    assert sync(shop) == [(1, "Acknowledged")]
    assert (shop.held, shop.books.numbers()) == ([], [1, 2, 3])
    events = [event["data"] for event in shop.events.since(0) if event["kind"] == "files.recalled"]
    assert events == [{"factory_id": shop.factory_id, "numbers": [1]}]
    assert sync(shop) == []


def test_misdirected_acknowledgement_of_a_shift_is_not_believed(shop: Bench) -> None:
    shop.register()
    sync(shop)
    closed = shop.tick()
    shop.core.close_shift(shop.factory_id, closed)
    shop.books.misnamed[closed] = (AckKind.ZREPORT, encode_time(closed + timedelta(seconds=1)))
    (item,) = shop.core.sync_zreports(shop.factory_id, 32)
    assert item.state is FileState.SENT
    shop.books.misnamed.clear()
    (item,) = shop.core.sync_zreports(shop.factory_id, 32)
    assert item.state is FileState.ACKNOWLEDGED
    assert shop.core.unacknowledged_shifts(shop.factory_id) == []


def test_what_was_believed_before_a_restart_is_found_after_it(make_bench: BenchMaker) -> None:
    shop = make_bench()
    shop.open_shift()
    shop.register()
    shop.register()
    sync(shop)
    shop.register()
    believe(shop, 3)
    shop.drive.stop()
    shop.drive.start()
    shop.core.fleet.look()
    eventually(lambda: states(shop) == {1: "Acknowledged", 2: "Acknowledged", 3: "New"})
    assert sync(shop) == [(3, "Acknowledged")]


def test_record_of_the_same_number_from_another_life_is_left_alone(shop: Bench) -> None:
    """A module that was put back numbers anew: its record is not the one the store once sent."""
    shop.register()
    sync(shop)
    assert shop.card.module is not None
    shop.card.module.state.sequence = 0
    shop.register(ReceivedCash=510_000)
    shop.core.stage.receipts.settle([Settled(2, FileState.REJECTED)], shop.now())
    assert shop.held == [1]
    assert sync(shop) == []
    assert shop.books.numbers() == [1]


def test_what_stays_in_the_module_for_good_reason_is_looked_at_once(shop: Bench) -> None:
    shop.register()
    shop.core.stage.receipts.settle([Settled(1, FileState.REJECTED)], shop.now())
    assert sync(shop) == []
    before = looks(shop)
    assert before > 0
    for _ in range(3):
        assert sync(shop) == []
        shop.register()
        assert len(sync(shop)) == 1
    assert looks(shop) == before
    assert shop.held == [1]


def test_module_that_counts_more_than_it_shows_does_not_stop_a_sync(
    shop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§5.2: 9020 ends the visit, whatever the count said"""
    shop.register()
    believe(shop, 1)
    transmit = shop.card.transmit
    count = bytes.fromhex("06020001"), bytes.fromhex("06020009")

    def boastful(command: bytes) -> bytes:
        return (
            transmit(command).replace(*count) if command[1:3] == GET_FISCAL_MEMORY_INFO else transmit(command)
        )

    monkeypatch.setattr(shop.card, "transmit", boastful)
    assert shop.core.memory(shop.factory_id).receipts_count == 9
    assert sync(shop) == [(1, "Acknowledged")]


def test_nothing_is_looked_at_while_files_wait(shop: Bench) -> None:
    shop.register()
    shop.books.unreachable.add("*")
    before = looks(shop)
    with shop.core.fleet.session(shop.factory_id) as session:
        assert shop.core.recovery.recall(session) == []
    assert looks(shop) == before


def test_sender_heals_by_itself_and_pauses_while_the_operator_goes_on(make_bench: BenchMaker) -> None:
    """UZ-SVC-02, CL-05: no endless loop, and no 48 hours of silence either"""
    shop = make_bench(auto_send=True)
    shop.open_shift()
    shop.register()
    shop.register()
    shop.books.misnamed |= {1: number(2), 2: number(77)}
    shop.tick(6)
    eventually(lambda: shop.core.sync.outbox(shop.factory_id).backing_off_until > 0)
    sent = len(sent_numbers(shop))
    assert sent <= 3
    assert shop.held == [1]
    shop.tick(4)
    eventually(lambda: shop.core.sender.looked_at >= shop.core.stage.lab_seconds())
    assert len(sent_numbers(shop)) == sent
    shop.books.misnamed.clear()
    shop.tick(30)
    eventually(lambda: shop.held == [])
    eventually(lambda: states(shop) == {1: "Acknowledged", 2: "Acknowledged"})


def test_module_that_takes_no_acknowledgement_is_tried_again_after_a_pause(make_bench: BenchMaker) -> None:
    shop = make_bench(auto_send=True, defects=("ack-not-handed-over",))
    shop.open_shift()
    shop.register()
    shop.tick(6)
    eventually(lambda: len(sent_numbers(shop)) == 2)
    eventually(lambda: shop.core.sender.looked_at >= shop.core.stage.lab_seconds())
    assert len(sent_numbers(shop)) == 2
    shop.tick(6)
    eventually(lambda: len(sent_numbers(shop)) == 4)
