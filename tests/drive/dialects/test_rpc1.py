from __future__ import annotations

from tests.drive.conftest import Bench
from tests.drive.dialects.calls import error, good, receipt, sold


def test_a_day_of_one_sale(bench: Bench) -> None:
    assert good(bench, "OpenZReport") == {"AppletVersion": "0324"}
    answer = sold(bench)
    assert answer["ReceiptSeq"] == "1"
    assert answer["FiscalSign"] == "271368829008"
    assert good(bench, "GetLastRegisteredReceipt") == answer
    shift = good(bench, "GetZReportInfo", Number=0)
    assert (shift["Count"], shift["TotalSaleCash"], shift["LastReceiptSeq"]) == (1, 50_000, "1")
    assert error(bench, "OpenZReport") == (36912, "ERROR_ZREPORT_IS_ALREADY_OPEN")
    bench.tick()
    assert good(bench, "CloseZReport")["UnsentZReportsCount"] == 1
    assert error(bench, "CloseZReport") == (36907, "ERROR_CURRENT_ZREPORT_IS_EMPTY")
    current = good(bench, "GetZReportInfo")
    assert (current["Number"], current["OpenTime"], current["LastReceiptSeq"]) == (2, "", "0")
    assert good(bench, "GetZReportInfo", Number=1)["TotalSaleCash"] == 50_000
    assert error(bench, "SendSaleReceipt", Receipt=receipt(bench.tick())) == (
        36909,
        "ERROR_ZREPORT_IS_NOT_OPEN",
    )
