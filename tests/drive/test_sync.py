"""Sync calls and what the operator may answer: uz-fiscal §4.5, §11.5, §11.9."""

from __future__ import annotations

import pytest

from reference.drive.errors import (
    BadParameterError,
    CardLostError,
    NoCardError,
    NotActiveError,
    NotFoundError,
    TryLaterError,
    UnreachableError,
)
from reference.drive.records import FileState
from reference.protocol.uz.message import FileStatus, Request, Response
from reference.protocol.uz.objects import ReceiptFile
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.doubles import TERMINAL, losing


def states(shop: Bench) -> dict[int, str]:
    rows = [row for state in FileState for row in shop.core.files(shop.factory_id, state, 100, 0)]
    return {row.receipt_seq: row.state.text for row in rows}


def sent_numbers(shop: Bench) -> list[list[int]]:
    return [
        [ReceiptFile.decode(file.header).receipt_seq or 0 for file in request.files]
        for request in shop.books.requests
        if request.files[0].type < 0xC0
    ]


def test_oldest_first_and_acknowledged(shop: Bench) -> None:
    """UZ-OFF-02, G2-S-16"""
    for _ in range(5):
        shop.register()
    items = shop.core.sync_full_receipts(shop.factory_id, 2)
    assert [(item.name, item.state.text) for item in items] == [(1, "Acknowledged"), (2, "Acknowledged")]
    items = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert sent_numbers(shop) == [[1, 2], [3, 4, 5]]
    assert (shop.held, shop.books.numbers()) == ([], [1, 2, 3, 4, 5])
    assert shop.core.sync_full_receipts(shop.factory_id, 32) == []
    entry = shop.core.stage.log.last(1)[0]
    assert (entry.kind, entry.files, entry.acknowledged, entry.address) == (
        "receipts",
        3,
        3,
        "127.0.0.1:13447",
    )


def test_the_message(shop: Bench) -> None:
    """§11.2, §11.4: who sends, when, which file types"""
    shop.register()
    shop.register(Type=1)
    shop.register(Type=2)
    shop.core.sync_full_receipts(shop.factory_id, 32)
    (request,) = shop.books.requests
    assert (request.terminal_id, request.time) == (TERMINAL, shop.now())
    assert (request.sender.name, request.sender.serial, request.sender.version) == (
        "kassalab-drive",
        "TEST",
        "10.0.10",
    )
    assert [(file.type, file.version) for file in request.files] == [(1, 0x14), (4, 0x14), (5, 0x14)]
    assert all(file.body for file in request.files)


@pytest.mark.parametrize("count", [None, 0, 33, -1])
def test_items_count(shop: Bench, count: int | None) -> None:
    """G2-S-14"""
    for call in (shop.core.sync_full_receipts, shop.core.sync_zreports, shop.core.sync_short_receipts):
        with pytest.raises(BadParameterError, match=r"^itemsCount must be in range \[1, 32\]$"):
            call(shop.factory_id, count)


def test_more_than_a_message_holds(shop: Bench) -> None:
    """CL-01: a sync of 32 with 40 waiting sends 32."""
    for _ in range(40):
        shop.register()
    assert len(shop.core.sync_full_receipts(shop.factory_id, 32)) == 32
    assert len(shop.books.requests[0].files) == 32


@pytest.mark.parametrize("act", ["lost", "close-before", "silence-before"])
def test_a_lost_answer_is_sent_again_and_stored_once(shop: Bench, act: str) -> None:
    """CL-04, CL-05"""
    shop.register()
    shop.books.script.append(act)
    with pytest.raises(UnreachableError, match=r"^failed to sync: 127.0.0.1:13447: ") as failed:
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert failed.value.status == 500
    assert states(shop) == {1: "Sent"}
    shop.core.sync_full_receipts(shop.factory_id, 32)
    assert (states(shop), shop.held, shop.books.numbers()) == ({1: "Acknowledged"}, [], [1])
    (row,) = shop.core.files(shop.factory_id, FileState.ACKNOWLEDGED, 1, 0)
    assert (row.attempts, row.postponed) == (2, 1)


def test_an_unreachable_operator_changes_nothing(shop: Bench) -> None:
    shop.register()
    shop.books.unreachable.add("*")
    with pytest.raises(UnreachableError, match=r"^failed to sync: 127.0.0.1:13447: connection refused$"):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert states(shop) == {1: "New"}


def test_a_second_acknowledgement_is_success(shop: Bench) -> None:
    """CL-05: the module had the ack, the store did not know."""
    shop.register()
    shop.card.lose = losing("0009", "after")
    with pytest.raises(CardLostError):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert (states(shop), shop.held) == ({1: "Sent"}, [])
    items = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert [item.state.text for item in items] == ["Acknowledged"]


def test_what_the_module_took_before_the_cable_was_pulled_is_kept(shop: Bench) -> None:
    for _ in range(3):
        shop.register()
    acks = [0]

    def pull(command: bytes) -> str:
        acks[0] += command[1] == 9
        return "before" if acks[0] == 3 else ""

    shop.card.lose = pull
    with pytest.raises(CardLostError):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert states(shop) == {1: "Acknowledged", 2: "Acknowledged", 3: "Sent"}
    shop.card.lose = lambda _command: ""
    shop.core.sync_full_receipts(shop.factory_id, 32)
    assert shop.held == []


def test_module_gone_when_the_acks_come(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.register()
    factory_id, module, answer = shop.factory_id, shop.card.module, shop.books.answer

    def unplug(request: Request) -> Response:
        shop.card.module = None
        return answer(request)

    monkeypatch.setattr(shop.books, "answer", unplug)
    with pytest.raises(NoCardError, match=r"no card found"):
        shop.core.sync_full_receipts(factory_id, 32)
    shop.card.module = module
    assert states(shop) == {1: "Sent"}


def test_acks_that_the_module_does_not_take(shop: Bench) -> None:
    """A wrong AckFile (9015) leaves the file to be sent again."""
    shop.register()
    shop.books.script.append("bad-acks")
    (item,) = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert (item.state.text, item.message) == ("Sent", "9015 - INVALID_ACK_SIGNATURE")
    assert shop.core.sync.outbox(shop.factory_id).backing_off_until > 0
    assert [item.state.text for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == ["Acknowledged"]


def test_refusals_of_single_files(shop: Bench) -> None:
    """§11.5: Reject, Error, UnrecognizedType; the rest of the message goes through."""
    for _ in range(4):
        shop.register()
    shop.books.file_script = {1: FileStatus.Reject, 2: FileStatus.Error, 3: FileStatus.UnrecognizedType}
    items = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert [(item.name, item.state.text, item.message) for item in items] == [
        (1, "Rejected", "Reject trace-1"),
        (2, "Error", "Error trace-1"),
        (3, "Error", "UnrecognizedType trace-1"),
        (4, "Acknowledged", None),
    ]
    assert shop.core.sync_full_receipts(shop.factory_id, 32) == []
    shop.books.file_script = {}
    shop.core.reset_file(1)
    assert [item.state.text for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == ["Acknowledged"]
    assert states(shop) == {1: "Acknowledged", 2: "Error", 3: "Error", 4: "Acknowledged"}


# --- statuses of the whole message ---------------------------------------------------------------------


def test_not_active_stops_sending_until_ten_minutes_or_a_state_sync(shop: Bench) -> None:
    """CL-06, UZ-OFF-05"""
    shop.register()
    shop.books.blocked = True
    text = "Fiscal drive ZZ000000000000 is not active, notice: unpaid, reasonCode:2"
    for _ in range(2):
        with pytest.raises(NotActiveError) as refused:
            shop.core.sync_full_receipts(shop.factory_id, 32)
        assert (refused.value.reason, refused.value.status) == (text, 500)
    assert len(shop.books.requests) == 1
    assert shop.register() == 2
    shop.tick(598)
    with pytest.raises(NotActiveError):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert len(shop.books.requests) == 1
    shop.tick(1)
    with pytest.raises(NotActiveError):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert len(shop.books.requests) == 2
    shop.books.blocked = False
    shop.core.sync_state(shop.factory_id)
    assert len(shop.core.sync_full_receipts(shop.factory_id, 32)) == 2


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        ("NotFound", NotFoundError, "Fiscal drive ZZ000000000000 is not found"),
        ("RetrySend", TryLaterError, "Try later"),
        ("BadMessageSyntax", TryLaterError, "Try later"),
        ("BadMessageStruct", TryLaterError, "Try later"),
    ],
)
def test_statuses_that_end_the_call(shop: Bench, code: str, error: type[Exception], reason: str) -> None:
    """§4.6, §11.5"""
    shop.register()
    shop.books.script.append(f"code:{code}")
    with pytest.raises(error, match=f"^{reason}$"):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert states(shop) == {1: "Sent"}
    (row,) = shop.core.files(shop.factory_id, FileState.SENT, 1, 0)
    assert row.message is not None
    assert row.message.endswith(code)
    assert [item.state.text for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == ["Acknowledged"]


def test_crc_is_repeated_once(shop: Bench) -> None:
    """§11.5 BadMessageCRC32: send again"""
    shop.register()
    shop.books.script.append("code:BadMessageCRC32")
    assert [item.state.text for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == ["Acknowledged"]
    shop.register()
    shop.books.script.extend(["code:BadMessageCRC32"] * 2)
    with pytest.raises(TryLaterError):
        shop.core.sync_full_receipts(shop.factory_id, 32)


def test_too_many_files_halves_the_batch(shop: Bench) -> None:
    """CL-06"""
    for _ in range(12):
        shop.register()
    shop.books.max_files = 5
    items = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert [item.name for item in items] == list(range(1, 13))
    assert [len(request.files) for request in shop.books.requests] == [12, 6, 3, 3, 3, 3]
    shop.books.max_files = 0
    shop.register()
    with pytest.raises(TryLaterError):
        shop.core.sync_full_receipts(shop.factory_id, 32)


def test_one_file_that_is_too_big_does_not_stop_the_others(shop: Bench) -> None:
    shop.register()
    items = [{"Name": f"Non {n}", "Amount": 1000, "Price": 1000} for n in range(100)]
    shop.register(Items=items, ReceivedCash=100_000)
    shop.register()
    shop.books.max_body = 600
    synced = shop.core.sync_full_receipts(shop.factory_id, 32)
    assert [(item.name, item.state.text) for item in synced] == [
        (1, "Acknowledged"),
        (2, "Error"),
        (3, "Acknowledged"),
    ]
    assert synced[1].message == "66 - TooBigMessage"


def test_a_notice_is_shown(shop: Bench) -> None:
    """§11.5 OKNotice"""
    shop.register()
    shop.books.script.append("notice")
    assert [item.state.text for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == ["Acknowledged"]
    notices = [
        event["data"]["notice"] for event in shop.events.since(0) if event["kind"] == "operator.notice"
    ]
    assert notices == ["Tariff ends soon"]


# --- addresses -----------------------------------------------------------------------------------------


def test_addresses_random_then_sticky(make_bench: BenchMaker) -> None:
    """CL-02, CL-03"""
    addresses = tuple(f"127.0.0.1:{port}" for port in (13447, 13448, 13449))
    shop = make_bench(server_addresses=addresses)
    shop.open_shift()
    for _ in range(6):
        shop.register()
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert len(set(shop.books.asked)) == 1
    favourite = shop.core.operator.address
    assert favourite == shop.books.asked[0]
    shop.books.unreachable.add(str(favourite))
    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 32)
    assert shop.core.operator.address not in (None, favourite)
    shop.books.script.append("fewer")
    shop.register()
    second = shop.core.operator.address
    shop.core.sync_full_receipts(shop.factory_id, 32)
    assert shop.core.operator.address != second
    shop.books.script.append("code:RetrySend")
    shop.register()
    with pytest.raises(TryLaterError):
        shop.core.sync_full_receipts(shop.factory_id, 32)
    assert shop.core.operator.address is None


def test_seeds_choose_different_first_addresses(make_bench: BenchMaker) -> None:
    addresses = tuple(f"127.0.0.1:{port}" for port in range(20001, 20009))
    bench = make_bench(server_addresses=addresses)
    bench.books.unreachable.update(addresses)
    with pytest.raises(UnreachableError):
        bench.core.sync_state(bench.factory_id)
    assert sorted(bench.books.asked) == sorted(addresses)
    assert bench.books.asked != sorted(addresses)


def test_another_look_is_due_only_when_it_may_find_something(shop: Bench) -> None:
    """After a round that brought all the module held, the next one is a new receipt's affair."""
    sync, factory = shop.core.sync, shop.factory_id
    for _ in range(3):
        shop.register()
    with shop.core.turns.called(factory):
        assert len(sync.full_receipts(factory, 2)) == 2
        assert sync.more_receipts(factory), "one is left over"
        assert len(sync.full_receipts(factory, 2)) == 1
        assert not sync.more_receipts(factory)
    shop.books.file_script[4] = FileStatus.Reject
    shop.register()
    with shop.core.turns.called(factory):
        (item,) = sync.full_receipts(factory, 2)
        assert item.state == FileState.REJECTED
        assert sync.more_receipts(factory), "the module still holds what was refused"
