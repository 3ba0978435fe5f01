"""Which files a sync sends: Z-reports, short records, resent ones (uz-fiscal §4.5, CL-09)."""

from __future__ import annotations

from datetime import datetime

import pytest

from reference.drive.drive import _wipe
from reference.drive.errors import (
    CardAnswerError,
    CardLostError,
)
from reference.drive.records import FileState
from reference.protocol.uz.message import AckFile, FileStatus, FileType
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.doubles import TERMINAL, losing
from tests.drive.test_sync import states


def closed_shifts(shop: Bench, number: int) -> list[datetime]:
    closes = []
    for _ in range(number):
        shop.register()
        closes.append(shop.tick())
        shop.core.close_shift(shop.factory_id, closes[-1])
        shop.open_shift()
    return closes


def test_zreports_oldest_first(shop: Bench) -> None:
    """UZ-SHF-07, ZR-09"""
    closes = closed_shifts(shop, 3)
    assert shop.core.unacknowledged_shifts(shop.factory_id) == [1, 2, 3]
    items = shop.core.sync_zreports(shop.factory_id, 2)
    assert [(item.name, item.state.text) for item in items] == [
        (closes[0], "Acknowledged"),
        (closes[1], "Acknowledged"),
    ]
    assert [file.type for file in shop.books.requests[0].files] == [FileType.ZReport] * 2
    assert shop.core.unacknowledged_shifts(shop.factory_id) == [1]
    assert shop.core.shift(shop.factory_id, 3).acknowledged == shop.now()
    shop.core.sync_zreports(shop.factory_id, 32)
    assert shop.core.sync_zreports(shop.factory_id, 32) == []
    assert shop.core.stage.zreports.counts() == {TERMINAL: {FileState.ACKNOWLEDGED: 3}}


def test_a_zreport_the_module_let_go_of_is_not_left_half_sent(shop: Bench) -> None:
    """CL-05, UZ-USB-02: the module had the ack, the store did not know; the module lists it no more"""
    (close,) = closed_shifts(shop, 1)
    shop.card.lose = losing("0009", "after")
    with pytest.raises(CardLostError):
        shop.core.sync_zreports(shop.factory_id, 32)
    assert shop.core.unacknowledged_shifts(shop.factory_id) == []
    assert shop.core.stage.zreports.counts() == {TERMINAL: {FileState.SENT: 1}}
    items = shop.core.sync_zreports(shop.factory_id, 32)
    assert [(item.name, item.state.text) for item in items] == [(close, "Acknowledged")]
    assert shop.core.stage.zreports.counts() == {TERMINAL: {FileState.ACKNOWLEDGED: 1}}
    assert list(shop.books.zreports) == [(TERMINAL, close)]


def test_a_listed_open_shift_is_skipped(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """CL-09: hosts survive a listed open one, and one that is not there"""
    closed_shifts(shop, 1)
    transmit = shop.card.transmit
    listed = bytes.fromhex("0003000000010005") + b"\x90\x00"
    monkeypatch.setattr(
        shop.card, "transmit", lambda command: listed if command[:3] == b"\x00\x00\x03" else transmit(command)
    )
    assert len(shop.core.sync_zreports(shop.factory_id, 32)) == 1


def test_a_rejected_zreport_is_not_sent_again(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_shifts(shop, 1)
    take = shop.books.take
    monkeypatch.setattr(shop.books, "take", lambda _request, _file: AckFile(FileStatus.Reject, b"why"))
    (item,) = shop.core.sync_zreports(shop.factory_id, 32)
    assert item.state == FileState.REJECTED
    monkeypatch.setattr(shop.books, "take", take)
    assert shop.core.sync_zreports(shop.factory_id, 32) == []
    assert shop.core.stage.zreports.set_new(TERMINAL) == 1
    assert len(shop.core.sync_zreports(shop.factory_id, 32)) == 1


def lose_database(shop: Bench) -> None:
    _wipe(shop.core.stage.receipts.database)


def test_short_records_only_for_what_is_lost(shop: Bench) -> None:
    """G2-S-18 scope missing, OF-24"""
    shop.register()
    shop.register()
    lose_database(shop)
    shop.register()
    items = shop.core.sync_short_receipts(shop.factory_id, 1)
    assert [item.name for item in items] == [1]
    assert [item.name for item in shop.core.sync_short_receipts(shop.factory_id, 32)] == [2]
    assert shop.held == [3]
    assert shop.core.sync_short_receipts(shop.factory_id, 32) == []
    assert {file.type for request in shop.books.requests for file in request.files} == {FileType.ShortReceipt}


def test_short_records_of_everything(make_bench: BenchMaker) -> None:
    """G2-S-18 scope all: the full file follows, and 9020 is success (G2-S-19)"""
    shop = make_bench(short_sync_scope="all")
    shop.open_shift()
    shop.register()
    assert [item.name for item in shop.core.sync_short_receipts(shop.factory_id, 32)] == [1]
    assert shop.held == []
    assert [item.state.text for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == ["Acknowledged"]
    assert len(shop.books.bodies) == 1


def test_resend(shop: Bench) -> None:
    """G2-S-19, UNK-28"""
    for _ in range(3):
        shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 2)
    items = shop.core.resend(shop.factory_id, [1, 3, 77], True)
    assert [(item.name, item.state.text) for item in items] == [(1, "Acknowledged"), (3, "Acknowledged")]
    shop.register()
    items = shop.core.resend(shop.factory_id, [2, 4], False)
    assert [(item.name, item.state.text) for item in items] == [(2, "Acknowledged"), (4, "Sent")]
    assert shop.held == [4]
    shop.core.reset_file(1)
    assert states(shop) == {1: "New", 2: "Acknowledged", 3: "Acknowledged", 4: "Sent"}


def test_modules_that_leave_out_names(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_shifts(shop, 1)
    lose_database(shop)
    transmit = shop.card.transmit
    empty = {b"\x00\x02": b"\xa4\x00", b"\x00\x06": b"\xa5\x00"}

    def bare(command: bytes) -> bytes:
        data = empty.get(command[:2])
        return transmit(command) if data is None else data + b"\x90\x00"

    monkeypatch.setattr(shop.card, "transmit", bare)
    with pytest.raises(CardAnswerError, match=r"close time"):
        shop.core.sync_zreports(shop.factory_id, 1)
    with pytest.raises(CardAnswerError, match=r"ReceiptSeq"):
        shop.core.sync_short_receipts(shop.factory_id, 1)
    empty[b"\x00\x05"] = b"\xa3\x00"
    with pytest.raises(CardAnswerError, match=r"ReceiptSeq"):
        shop.core.sync_short_receipts(shop.factory_id, 1)
    empty[b"\x00\x02"] = b"\xa5\x03\x01"
    with pytest.raises(CardAnswerError):
        shop.core.sync_zreports(shop.factory_id, 1)
