"""The guide's walk from a new module to an acknowledged Z-report, every payload as it stands there (§4.3,
§11.10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from reference.protocol.uz.standin import SyncFlags
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.doubles import TERMINAL, make_module
from tests.drive.rest_calls import ok, refused, registered

SIGN = "271368829008"
ITEMS = [
    {"Name": "Non", "Amount": 1000, "Price": 50000, "VATPercent": 12, "VAT": 5357},
    {"Name": "Choy", "Amount": 1000, "Price": 50000, "VATPercent": 12, "VAT": 5357},
]
CASH = {"Sale": 50000, "Refund": 0}
VAT = {"Sale": 10714, "Refund": 0}
NOTHING = {"Items": [], "SuccessfulsCount": 0}


@pytest.fixture
def locked(make_bench: BenchMaker) -> Bench:
    """A module as it comes: the operator has not unlocked it yet."""
    bench = make_bench()
    bench.card.module = make_module(bench.now(), factory_id=bench.factory_id, start_locked=True)
    return bench


class Day:
    """One shift of one receipt; the moments at which things happened."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.opened = bench.tick()
        assert ok(bench, "/FiscalDrive/ZReport/Open/{F}", "DateTime=now") == "OK"
        self.answer = registered(bench, Items=ITEMS, ReceivedCash=50000, ReceivedCard=50000)
        self.sold = bench.now()
        self.closed: datetime | None = None

    def close(self) -> None:
        self.closed = self.bench.tick()
        assert ok(self.bench, "/FiscalDrive/ZReport/Close/{F}") == "OK"

    @property
    def report(self) -> dict[str, Any]:
        """What ZReport/Info shows of the closed shift."""
        return {
            "TerminalID": TERMINAL,
            "OpenTime": str(self.opened),
            "CloseTime": str(self.closed),
            "TotalSaleCount": 1,
            "TotalRefundCount": 0,
            "TotalCash": CASH,
            "TotalCard": CASH,
            "TotalVAT": VAT,
            "FirstReceiptSeq": 1,
            "LastReceiptSeq": 1,
        }

    @property
    def memory(self) -> dict[str, Any]:
        """What FiscalMemory/Info shows of it, as long as nothing is sent."""
        return {
            "TerminalID": TERMINAL,
            "ReceiptSeq": 1,
            "LastOperationTime": str(self.closed),
            "FirstUnacknowledgedReceiptTime": str(self.sold),
            "ZReportsCount": 1,
            "ReceiptsCount": 1,
            "CashAccomulator": CASH,
            "CardAccomulator": CASH,
            "VATAccomulator": VAT,
        }


@pytest.fixture
def day(bench: Bench) -> Day:
    return Day(bench)


def test_list_and_info_of_a_locked_module(locked: Bench) -> None:
    (module,) = ok(locked, "/FiscalDrive/List")
    assert module == {
        "ReaderName": "127.0.0.1:4387",
        "ATR": "3b8f800180318065b08503010101030201040105",
        "Description": "",
        "FactoryID": locked.factory_id,
        "AppletVersion": "0400",
    }
    info = ok(locked, "/FiscalDrive/Info/{F}")
    assert len(info.pop("SyncChallenge")) == 16
    assert info == {
        "AppletVersion": "0400",
        "TerminalID": TERMINAL,
        "Locked": True,
        "JCREVersion": "0300",
        "POSLocked": False,
        "POSAuth": False,
        "MemoryInfo": {
            "AvailablePersistentMemory": 17920,
            "AvailableResetMemory": 3230,
            "AvailableDeselectMemory": 3230,
        },
    }


def test_the_operator_unlocks_the_module(locked: Bench) -> None:
    locked.books.sync_flags = SyncFlags.CHANGE_LOCK
    assert ok(locked, "/FiscalDrive/State/Sync/{F}") == "OK"
    assert ok(locked, "/FiscalDrive/Info/{F}")["Locked"] is False
    assert Day(locked).answer["ReceiptSeq"] == 1


def test_receipt(day: Day) -> None:
    sold = day.sold
    assert day.answer == {
        "TerminalID": TERMINAL,
        "ReceiptSeq": 1,
        "DateTime": str(sold),
        "FiscalSign": SIGN,
        "QRCodeURL": f"http://127.0.0.1:13448/check?t={TERMINAL}&r=1&c={sold:%Y%m%d%H%M%S}&s={SIGN}",
    }
    assert ok(day.bench, "/FiscalDrive/Receipt/Info/{F}", "Index=0") == {
        "TerminalID": TERMINAL,
        "ReceiptSeq": 1,
        "Time": str(sold),
        "FiscalSign": SIGN,
        "ReceiptType": "Purchase",
        "OperationType": "Sale",
        "ReceivedCash": 50000,
        "ReceivedCard": 50000,
        "TotalVAT": 10714,
        "ItemsCount": 2,
    }


def test_closed_shift_and_memory(day: Day) -> None:
    day.close()
    assert ok(day.bench, "/FiscalDrive/ZReport/Info/{F}", "Index=0") == day.report
    assert ok(day.bench, "/FiscalDrive/FiscalMemory/Info/{F}") == day.memory


def test_receipt_and_shift_are_acknowledged(day: Day) -> None:
    bench = day.bench
    day.close()
    assert ok(bench, "/DataBase/Files/Sync/FullReceipts/{F}", "ItemsCount=32") == {
        "Items": [{"TerminalID": TERMINAL, "ReceiptSeq": 1, "StatusText": "Acknowledged"}],
        "SuccessfulsCount": 1,
    }
    memory = day.memory | {"ReceiptsCount": 0}
    del memory["FirstUnacknowledgedReceiptTime"]
    assert ok(bench, "/FiscalDrive/FiscalMemory/Info/{F}") == memory
    assert ok(bench, "/FiscalDrive/ZReport/UnackowledgedIndexes/{F}") == [0]
    bench.tick(60)
    assert ok(bench, "/DataBase/Files/Sync/ZReports/{F}", "ItemsCount=5") == {
        "Items": [{"TerminalID": TERMINAL, "CloseTime": str(day.closed), "StatusText": "Acknowledged"}],
        "SuccessfulsCount": 1,
    }
    shown = ok(bench, "/FiscalDrive/ZReport/Info/{F}")
    assert shown == day.report | {"AcknowledgedTime": str(bench.now())}
    assert ok(bench, "/DataBase/Files/Sync/FullReceipts/{F}", "ItemsCount=1") == NOTHING
    assert ok(bench, "/DataBase/Files/Sync/Receipts/{F}", "ItemsCount=1") == NOTHING


def test_a_new_module(bench: Bench) -> None:
    assert ok(bench, "/FiscalDrive/FiscalMemory/Info/{F}")["ReceiptSeq"] == 0
    assert refused(bench, "/FiscalDrive/ZReport/Info/{F}") == (404, "9020 - NOT_FOUND")
    assert refused(bench, "/FiscalDrive/Receipt/Info/{F}") == (404, "9020 - NOT_FOUND")
