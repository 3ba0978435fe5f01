"""Each named mistake of the dialects does what its sentence says (HAR-08)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reference.drive.defects import DEFECTS, FACE_PREFIXES, defects_of
from reference.drive.records import NewReceipt
from reference.protocol.uz.receipt import Receipt, decode_full_receipt
from reference.protocol.uz.values import format_json_time
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.dialects.calls import asked, epos, epos_params, error, good, qpos, receipt, rpc_answer, sold

Check = Callable[[Bench], bool]


def paid(shop: Bench, number: str, **changes: Any) -> Any:
    return qpos(shop, "SaleReceipt", **receipt(shop.tick(), **changes), ReceiptNumber=number)


def refunded(shop: Bench, number: str, sale: dict[str, Any]) -> dict[str, Any]:
    info = {name: sale[name] for name in ("TerminalID", "ReceiptSeq", "DateTime", "FiscalSign")}
    made = receipt(shop.tick(), RefundInfo=info)
    return qpos(shop, "RefundReceipt", **made, ReceiptNumber=number)


def ping(shop: Bench, **parts: Any) -> Any:
    return rpc_answer(shop, {"id": 7, "method": "Api.Ping"}, **parts)


def sells_small_names(shop: Bench) -> bool:
    made = receipt(shop.tick())
    made["Items"] = [{name.lower(): value for name, value in made["Items"][0].items()}]
    answer = rpc_answer(shop, {"id": 1, "method": "Api.SendSaleReceipt", "params": {"Receipt": made}})
    return "result" in json.loads(answer.body)


def closed_is_current(shop: Bench) -> bool:
    sold(shop)
    good(shop, "CloseZReport", Time=format_json_time(shop.tick()))
    return bool(good(shop, "GetZReportInfo")["OpenTime"])


def newest_is_first(shop: Bench) -> bool:
    sold(shop)
    sold(shop)
    return bool(good(shop, "GetReceiptInfo", Number=1)["ReceiptSeq"] == "2")


def sells_after_the_limit(shop: Bench) -> bool:
    shop.drive.reset({"gen1_offline_hours": 1})
    shop.core.fleet.look()
    sold(shop)
    shop.tick(timedelta(hours=2).total_seconds())
    made = receipt(shop.now())
    answer = rpc_answer(shop, {"id": 1, "method": "Api.SendSaleReceipt", "params": {"Receipt": made}})
    return "result" in json.loads(answer.body)


def refunds_the_unknown(shop: Bench) -> bool:
    answer = sold(shop)
    names = ("TerminalID", "ReceiptSeq", "DateTime")
    info = {name: answer[name] for name in names} | {"FiscalSign": "000000000001"}
    made = receipt(shop.tick(), RefundInfo=info)
    body = {"id": 1, "method": "Api.SendRefundReceipt", "params": {"Receipt": made}}
    return "result" in json.loads(rpc_answer(shop, body).body)


def refund_is_its_sale(shop: Bench) -> bool:
    sale = paid(shop, "1")["data"]
    shop.core.sender.send_all(shop.factory_id)
    return bool(refunded(shop, "1", sale)["data"] == sale)


def refused_for_ever(shop: Bench) -> bool:
    paid(shop, "1", ReceivedCash=1)
    return bool(paid(shop, "1")["code"])


def owner_is_lost(shop: Bench) -> bool:
    made = receipt(shop.tick())
    made["Items"][0]["OwnerType"] = None
    contents: list[bytes] = []
    registrar = shop.core.registrar
    encoded = registrar.encoded

    def watched(factory_id: str, terminal_id: str, given: Receipt) -> NewReceipt:
        stored = encoded(factory_id, terminal_id, given)
        contents.append(stored.content)
        return stored

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registrar, "encoded", watched)
        qpos(shop, "SaleReceipt", **made)
    return decode_full_receipt(contents[0]).items[0].owner_type != 99


def sells_at_320(shop: Bench) -> bool:
    shop.drive.reset({"communicator_version": "3.20"})
    shop.core.fleet.look()
    shop.tick()
    return epos(shop, "sale", params=epos_params())["error"] is False


def multiplies(shop: Bench) -> bool:
    shop.tick()
    epos(shop, "sale", params=epos_params())
    return bool(good(shop, "GetZReportInfo")["TotalSaleCash"] == 5_000_000)


def unmarked(shop: Bench) -> bool:
    shop.tick()
    return b"TEST" not in base64.b64decode(epos(shop, "sale", params=epos_params())["paycheck"])


def fast_one_prints(shop: Bench) -> bool:
    shop.tick()
    return "paycheck" in epos(shop, "fastSale", params=epos_params())


def discount_text(shop: Bench) -> str:
    shop.tick()
    params = epos_params(items=[{"name": "x", "price": 10, "discount": 20}])
    return str(epos(shop, "sale", params=params)["message"])


def resends_nothing(shop: Bench, resend: Callable[[], object]) -> bool:
    sold(shop)
    ordered: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop.core.sender, "order", ordered.append)
        resend()
    return not ordered


def served_without_token(shop: Bench) -> bool:
    answer = shop.drive.face("communicator").answer(asked({"method": "checkStatus"}))
    return json.loads(answer.body)["error"] is False


CHECKS: dict[str, Check] = {
    "rpc-message-renamed": lambda shop: error(shop, "OpenZReport")[1] == "zreport_is_already_open",
    "rpc-id-as-text": lambda shop: json.loads(ping(shop).body)["id"] == "7",
    "rpc-errors-with-400": lambda shop: rpc_answer(shop, {"id": 1, "method": "Api.No"}).status == 400,
    "rpc-any-content-type": lambda shop: ping(shop, content_type="text/plain").status == 200,
    "rpc-case-matters": lambda shop: not sells_small_names(shop),
    "rpc-sign-as-number": lambda shop: isinstance(sold(shop)["FiscalSign"], int),
    "gen1-closed-stays-current": closed_is_current,
    "gen1-newest-first": newest_is_first,
    "gen1-no-offline-limit": sells_after_the_limit,
    "gen1-refund-unchecked": refunds_the_unknown,
    "gen1-resend-waits": lambda shop: resends_nothing(shop, lambda: good(shop, "ResendUnsent")),
    "qpos-repeat-sells": lambda shop: paid(shop, "1")["data"] != paid(shop, "1")["data"],
    "qpos-method-forgotten": refund_is_its_sale,
    "qpos-refused-number-used-up": refused_for_ever,
    "qpos-count-in-envelope": lambda shop: "code" in qpos(shop, "Api.GetZReportCount"),
    "qpos-own-codes": lambda shop: qpos(shop, "Api.OpenZReport")["code"] == 36912,
    "qpos-owner-left-out": owner_is_lost,
    "qpos-spelled-right": lambda shop: (
        sold(shop) is not None
        and qpos(shop, "Api.CloseZReport")["code"] == 0
        and "successfully" in qpos(shop, "Api.OpenZReport")["data"]
    ),
    "epos-no-token": served_without_token,
    "epos-spelled-right": lambda shop: "GREATER THAN" in discount_text(shop),
    "epos-sells-in-any-release": sells_at_320,
    "epos-sums-in-som": multiplies,
    "epos-paycheck-unmarked": unmarked,
    "epos-resend-does-nothing": lambda shop: resends_nothing(shop, lambda: epos(shop, "resendUnsent")),
    "epos-fast-sale-prints": fast_one_prints,
}


def test_every_mistake_has_its_check() -> None:
    assert CHECKS.keys() == {name for target in FACE_PREFIXES for name in defects_of(target)}
    for target in FACE_PREFIXES:
        assert len(defects_of(target)) >= 4


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_the_mistake_is_made(make_bench: BenchMaker, name: str) -> None:
    wrong = make_bench(folder="wrong", defects=(name,))
    wrong.open_shift()
    assert CHECKS[name](wrong), DEFECTS[name].sentence


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_right_drive_does_not_make_it(shop: Bench, name: str) -> None:
    assert not CHECKS[name](shop)
