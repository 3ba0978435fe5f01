"""What the Communicator does for a till, over generation 1 (uz-fiscal §13.2).

Functions give what stands in the answer beside `error: false`. Rpc1Error and CommunicatorError say no.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reference.drive.dialects.communicator.orders import receipt_body
from reference.drive.dialects.communicator.paycheck import Slip, paycheck
from reference.drive.dialects.communicator.slips import receipt_slip, stored_slip, zreport_slip
from reference.drive.dialects.communicator.words import (
    NO_CASH_NUMBER,
    NO_NUMBER,
    NO_PERIOD,
    NO_ZREPORT_ID,
    SUCCESS,
    CommunicatorError,
    info_of,
    small_first,
)
from reference.drive.dialects.fields import ILLEGAL, Fields
from reference.drive.dialects.rpc1.codes import Doing, service_error
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.sale import Kind
from reference.drive.gen1_store import Sold
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import format_json_time, parse_compact_time

PROVIDERS: Final = {0: 141, 1: 64, 2: 161}
"""QRPaymentProvider by payType: Payme, Click, Uzum (uz-fiscal §13.2, §13.3)."""
_TITLES: Final = {Kind.SALE: "Sotuv", Kind.REFUND: "Qaytarish", Kind.ADVANCE: "Avans", Kind.CREDIT: "Kredit"}
_PRINTER: Final = 80
_MISSING: Final = {"number": NO_NUMBER, "zReportId": NO_ZREPORT_ID}

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """Generation 1 for the time of one request, and the release it is."""

    generation: Generation1

    @property
    def version(self) -> str:
        """Release number, e.g. `3.19.1`."""
        return self.generation.settings.communicator_version


def require(asked: Fields, name: str) -> None:
    """The field must be there."""
    if asked.get(name) is None:
        raise CommunicatorError(_MISSING[name])


# --- shifts ------------------------------------------------------------------------------------------


def open_zreport(at: Desk, asked: Fields) -> Answer:
    """openZreport."""
    at.generation.open_zreport(_untimed(asked))
    return {"message": SUCCESS}


def close_zreport(at: Desk, asked: Fields) -> Answer:
    """closeZreport, with the number of Z-reports the module still has room for."""
    at.generation.close_zreport(_untimed(asked))
    info = at.generation.info(asked)
    return {"message": SUCCESS, "leftZreportCount": max(0, info["ZReportMaxCount"] - info["ZReportCount"])}


def zreport_info(at: Desk, asked: Fields) -> Answer:
    """getZreportInfo: zReportId 0 is the current one."""
    return _zreport(at.generation.zreport_info, asked)


def zreport_info_by_number(at: Desk, asked: Fields) -> Answer:
    """getZReportInfoByNumber: zReportId 1 is the first ever."""
    return _zreport(at.generation.zreport_info_by_number, asked)


def _zreport(call: Callable[[Fields], Answer], asked: Fields) -> Answer:
    require(asked, "zReportId")
    found = call(Fields({"FactoryID": asked.get("FactoryID"), "Number": asked.number("zReportId")}))
    printed = paycheck(zreport_slip(found), printer_size(asked))
    return {"message": {"paycheck": printed, **small_first(found)}}


def _untimed(asked: Fields) -> Fields:
    """The Communicator's clients give no time."""
    return Fields({"FactoryID": asked.get("FactoryID")})


def printer_size(asked: Fields) -> int:
    """printerSize, 58 or 80 millimetres; also as text."""
    value = asked.get("printerSize")
    text = str(value).strip() if isinstance(value, int | str) else ""
    return int(text) if text in ("58", "80") else _PRINTER


# --- receipts ----------------------------------------------------------------------------------------


def sell(at: Desk, asked: Fields, kind: Kind, *, printed: bool, card: int = 0) -> Answer:
    """sale, fastSale, refund, advance, credit."""
    return _sold(at, asked, receipt_body(asked, _now(at, asked), card=card), kind, printed)


def sell_eps(at: Desk, asked: Fields, kind: Kind) -> Answer:
    """saleEPS, refundEPS: receivedEps counts as card, the payment goes into the QR fields (HB-16)."""
    received = asked.part("params").number("receivedEps")
    body = receipt_body(asked, _now(at, asked), card=received)
    pay_type = asked.number("payType")
    if pay_type not in PROVIDERS:
        raise service_error(ILLEGAL, f"payType must be one of {sorted(PROVIDERS)}")
    extra = {"QRPaymentID": asked.text("qrToken"), "QRPaymentProvider": PROVIDERS[pay_type]}
    body["ExtraInfo"] = body.get("ExtraInfo", {}) | extra
    return _sold(at, asked, body, kind, True)


def _sold(at: Desk, asked: Fields, body: Answer, kind: Kind, printed: bool) -> Answer:
    result = at.generation.send_body(at.generation.factory_id(asked), body, kind)
    answer: Answer = {"message": result}
    if printed:
        answer["paycheck"] = paycheck(receipt_slip(asked, body, result, _TITLES[kind]), printer_size(asked))
    return answer | {"info": info_of(result)}


def _now(at: Desk, asked: Fields) -> datetime:
    with at.generation.session(asked, Doing.OTHER) as session:
        return at.generation.next_time(session)


def last_paycheck(at: Desk, asked: Fields) -> Answer:
    """printLastPaycheck: as sale."""
    result = at.generation.last_registered(asked)
    slip: Slip = stored_slip(result)
    return {"message": result, "paycheck": paycheck(slip, printer_size(asked)), "info": info_of(result)}


# --- looking back ------------------------------------------------------------------------------------


def by_number(at: Desk, asked: Fields) -> Answer:
    """getReceiptInfoByNumber."""
    require(asked, "number")
    number = min(asked.number("number"), 2**63 - 1)
    return _listed(at, at.generation.core.stage.gen1.by_number(at.generation.factory_id(asked), number))


def by_sign(at: Desk, asked: Fields) -> Answer:
    """getReceiptInfoByFiscalSign."""
    sign = asked.text("fiscalSign")
    if not sign:
        raise CommunicatorError(NO_NUMBER)
    return _listed(at, at.generation.core.stage.gen1.by_sign(at.generation.factory_id(asked), sign))


def by_date(at: Desk, asked: Fields) -> Answer:
    """getReceiptsInfoByDate: startDate and endDate in 14 digits."""
    ends = [_end(asked, name) for name in ("startDate", "endDate")]
    found = at.generation.core.stage.gen1.between(at.generation.factory_id(asked), ends[0], ends[1])
    return _listed(at, found)


def _end(asked: Fields, name: str) -> datetime:
    text = asked.text(name)
    if not text:
        raise CommunicatorError(NO_PERIOD)
    try:
        return parse_compact_time(text, name)
    except CodecError as error:
        raise service_error(ILLEGAL, f"{name}: {error.text}") from None


def _listed(at: Desk, found: Sequence[Sold]) -> Answer:
    return {"message": [_entry(at, sold) for sold in found]}


def _entry(at: Desk, sold: Sold) -> Answer:
    block = TotalBlock.decode(sold.total_block)
    info = info_of(at.generation.results.registered(sold.answer))
    return info | {
        "dateTime": f"{format_json_time(sold.answer.time)}.0",
        "amount": block.cash + block.card,
        "card": block.card,
        "cash": block.cash,
    }


# --- the program itself ------------------------------------------------------------------------------


def version(at: Desk, _asked: Fields) -> Answer:
    """getVersion."""
    return {"message": f"Communicator--{at.version}"}


def device_id(at: Desk, asked: Fields) -> Answer:
    """getDeviceId: the module's FactoryID."""
    return {"message": at.generation.factory_id(asked)}


def cash_number(_at: Desk, asked: Fields) -> Answer:
    """setCashNumber: the registration number comes back."""
    number = asked.first("cashNumber", "number")
    if number in (None, ""):
        raise CommunicatorError(NO_CASH_NUMBER)
    return {"message": str(number)}
