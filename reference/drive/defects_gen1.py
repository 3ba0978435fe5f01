"""Mistakes in the dialects of generation 1: JSON-RPC, QPOS and the Communicator."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from typing_extensions import override

from reference.drive.dialects.communicator.dialect import CommunicatorDialect
from reference.drive.dialects.communicator.methods import METHODS as COMMUNICATOR_METHODS
from reference.drive.dialects.communicator.methods import Method as CommunicatorMethod
from reference.drive.dialects.fields import Fields
from reference.drive.dialects.qpos.dialect import QposDialect
from reference.drive.dialects.qpos.methods import Method as QposMethod
from reference.drive.dialects.qpos.tills import Key, Tills
from reference.drive.dialects.rpc1.codes import Doing, Rpc1Error
from reference.drive.dialects.rpc1.dialect import Rpc1Dialect, RpcCall
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.methods import Method
from reference.drive.dialects.rpc1.results import Json
from reference.drive.dialects.rpc1.sale import Kind, Seller
from reference.drive.dialects.rpc1.zslots import read_slots
from reference.drive.mistakes import Mistake
from reference.drive.records import Registered
from reference.drive.rest import Answer, Asked
from reference.protocol.uz.receipt import Receipt

# --- JSON-RPC ----------------------------------------------------------------------------------------


class _Renamed(Rpc1Dialect):
    @override
    def error(self, error: Rpc1Error) -> dict[str, Any]:
        return super().error(error) | {"message": error.message.removeprefix("ERROR_").lower(), "data": None}


class _IdAsText(Rpc1Dialect):
    @override
    def written(self, call: RpcCall | None, result: Any, error: Rpc1Error | None) -> Answer:
        return super().written(None if call is None else replace(call, id=str(call.id)), result, error)


class _Status400(Rpc1Dialect):
    @override
    def written(self, call: RpcCall | None, result: Any, error: Rpc1Error | None) -> Answer:
        return replace(super().written(call, result, error), status=200 if error is None else 400)


class _AnyType(Rpc1Dialect):
    @override
    def refusal(self, asked: Asked) -> Answer | None:
        return super().refusal(replace(asked, content_type="application/json"))


class _CaseMatters(Rpc1Dialect):
    @override
    def invoke(self, generation: Generation1, method: Method, params: Fields) -> Any:
        receipt = params.get("Receipt")
        if isinstance(receipt, Mapping) and isinstance(receipt.get("Items"), list):
            items = [_capitals_only(item) for item in receipt["Items"]]
            params = Fields(params.members | {"receipt": {**receipt, "Items": items}})
        return super().invoke(generation, method, params)


def _capitals_only(item: object) -> object:
    if not isinstance(item, Mapping):
        return item
    return {name: value for name, value in item.items() if str(name)[:1].isupper()}


class _SignAsNumber(Rpc1Dialect):
    @override
    def invoke(self, generation: Generation1, method: Method, params: Fields) -> Any:
        result = super().invoke(generation, method, params)
        if isinstance(result, dict) and result.get("FiscalSign"):
            result["FiscalSign"] = int(result["FiscalSign"])
        return result


# --- generation 1 itself -----------------------------------------------------------------------------


class _ClosedStays(Generation1):
    @override
    def zreport_info(self, params: Fields) -> Json:
        with self.session(params, Doing.READ_ZREPORT) as session:
            slots = read_slots(session)
        number = params.number("Number") + (0 if slots.is_open or not slots.opened else 1)
        return super().zreport_info(Fields(params.members | {"number": number}))


class _NewestFirst(Generation1):
    @override
    def receipt_info(self, params: Fields) -> Json:
        count = self.receipt_count(params)["Count"]
        asked = params.number("Number")
        number = count + 1 - asked if 1 <= asked <= count else asked
        return super().receipt_info(Fields(params.members | {"number": number})) | {"Number": asked}


class _NoLimit(Seller):
    @override
    def check_offline(self, memory: Any, time: Any) -> None:
        """A till that was offline for a week sells on."""


class _NoOfflineLimit(Generation1):
    seller = _NoLimit


class _Trusting(Seller):
    @override
    def check_refund(self, receipt: Receipt) -> None:
        """The operator is not asked."""


class _RefundUnchecked(Generation1):
    seller = _Trusting


class _ResendWaits(Generation1):
    @override
    def resend(self, params: Fields) -> Json:
        return self.results.base()


# --- QPOS --------------------------------------------------------------------------------------------


class _ForgetfulTills(Tills):
    @override
    def repeated(self, generation: Generation1, key: Key) -> Registered | None:
        return None


class _RepeatSells(QposDialect):
    tills_of = _ForgetfulTills


class _OneKey(Tills):
    @override
    def sell(self, generation: Generation1, key: Key, body: object, kind: Kind) -> Registered:
        return super().sell(generation, (key[0], "", key[2]), body, kind)


class _MethodForgotten(QposDialect):
    tills_of = _OneKey


class _GrudgingTills(Tills):
    def __init__(self) -> None:
        super().__init__()
        self.refused: dict[Key, Rpc1Error] = {}

    @override
    def sell(self, generation: Generation1, key: Key, body: object, kind: Kind) -> Registered:
        if key in self.refused:
            raise self.refused[key]
        try:
            return super().sell(generation, key, body, kind)
        except Rpc1Error as error:
            self.refused[key] = error
            raise


class _NumberUsedUp(QposDialect):
    tills_of = _GrudgingTills


class _InEnvelope(QposDialect):
    @override
    def wrapped(self, method: QposMethod, fields: Fields, data: Any, seconds: float) -> dict[str, Any]:
        return {"code": 0, "message": "OK", "data": data}


class _OwnCodes(QposDialect):
    @override
    def error(self, error: Rpc1Error) -> dict[str, Any]:
        return super().error(error) | {"code": error.code}


class _OpenSpelledRight(QposDialect):
    @override
    def invoke(self, generation: Generation1, method: QposMethod, params: Fields) -> Any:
        data = super().invoke(generation, method, params)
        return "Z-Report successfully opened!" if method.said and data == method.said else data


class _NoOwner(QposDialect):
    @override
    def body(self, params: Fields) -> dict[str, Any]:
        return dict(params.members)


# --- the Communicator --------------------------------------------------------------------------------


class _NoToken(CommunicatorDialect):
    @override
    def check_token(self, asked: Fields, wanted: str) -> None:
        """Whoever comes is served."""


class _DiscountSpelledRight(CommunicatorDialect):
    @override
    def error(self, text: str) -> dict[str, Any]:
        return super().error(text.replace("GRATER THEN", "GREATER THAN"))


class _AnyRelease(CommunicatorDialect):
    @override
    def method(self, asked: Fields, generation: Generation1) -> CommunicatorMethod:
        known = COMMUNICATOR_METHODS.get(str(asked.get("method")))
        return known if known is not None and known.until else super().method(asked, generation)


class _InSom(CommunicatorDialect):
    @override
    def invoke(self, generation: Generation1, method: CommunicatorMethod, asked: Fields) -> dict[str, Any]:
        params = asked.get("params")
        return super().invoke(
            generation, method, Fields(asked.members | {"params": _in_tiyin(params)}) if params else asked
        )


def _in_tiyin(value: object) -> object:
    """Every sum taken for so'm."""
    if isinstance(value, list):
        return [_in_tiyin(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    money = ("price", "discount", "other", "vat", "receivedCash", "receivedCard", "receivedEps")
    return {
        name: content * 100 if name in money and isinstance(content, int) else _in_tiyin(content)
        for name, content in value.items()
    }


class _ResendDoesNothing(CommunicatorDialect):
    @override
    def invoke(self, generation: Generation1, method: CommunicatorMethod, asked: Fields) -> dict[str, Any]:
        if method.name == "resendUnsent":
            method = COMMUNICATOR_METHODS["checkStatus"]
        return super().invoke(generation, method, asked)


class _Unmarked(CommunicatorDialect):
    @override
    def invoke(self, generation: Generation1, method: CommunicatorMethod, asked: Fields) -> dict[str, Any]:
        answer = super().invoke(generation, method, asked)
        for place in (answer, answer.get("message")):
            if isinstance(place, dict) and "paycheck" in place:
                pdf = base64.b64decode(place["paycheck"]).replace(b"TEST", b"    ")
                place["paycheck"] = base64.b64encode(pdf).decode()
        return answer


class _Printed(CommunicatorDialect):
    @override
    def invoke(self, generation: Generation1, method: CommunicatorMethod, asked: Fields) -> dict[str, Any]:
        answer = super().invoke(generation, method, asked)
        return answer | {"paycheck": answer.get("paycheck", "")} if "info" in answer else answer


def _rpc(name: str, sentence: str, clause: str, mixin: type) -> Mistake:
    return Mistake(f"rpc-{name}", sentence, f"uz-fiscal {clause}", (("rpc1", mixin),))


def _generation(name: str, sentence: str, clause: str, mixin: type) -> Mistake:
    return Mistake(f"gen1-{name}", sentence, f"uz-fiscal {clause}", (("generation", mixin),))


def _qpos(name: str, sentence: str, clause: str, mixin: type) -> Mistake:
    return Mistake(f"qpos-{name}", sentence, f"uz-fiscal {clause}", (("qpos", mixin),))


def _epos(name: str, sentence: str, mixin: type) -> Mistake:
    return Mistake(f"epos-{name}", sentence, "uz-fiscal §13.2", (("communicator", mixin),))


GENERATION_1_MISTAKES: Final = (
    _rpc("message-renamed", "error messages are worded anew, which clients do not find", "G1-T-05", _Renamed),
    _rpc("id-as-text", "the id of a request comes back as a text", "G1-T-01", _IdAsText),
    _rpc("errors-with-400", "errors come with HTTP status 400", "G1-T-04", _Status400),
    _rpc("any-content-type", "any content type is read", "G1-T-02", _AnyType),
    _rpc("case-matters", "names of a line are matched with regard to case", "G1-T-08", _CaseMatters),
    _rpc("sign-as-number", "the fiscal sign is a number and loses its leading zeros", "§3.4", _SignAsNumber),
    _generation(
        "closed-stays-current",
        "after a close the closed Z-report is the current one, as in generation 2",
        "G1-Z-01",
        _ClosedStays,
    ),
    _generation("newest-first", "receipt 1 is the newest unsent one", "§3.2", _NewestFirst),
    _generation(
        "no-offline-limit", "receipts unsent for over a day do not block", "G1-Z-06", _NoOfflineLimit
    ),
    _generation("refund-unchecked", "the operator is not asked about a refund", "G1-R-07", _RefundUnchecked),
    _generation("resend-waits", "ResendUnsent sends nothing before the timer does", "§3.2", _ResendWaits),
    _qpos("repeat-sells", "a receipt number heard before is sold again", "QP-01", _RepeatSells),
    _qpos("method-forgotten", "a refund under its sale's number gives the sale", "QP-01", _MethodForgotten),
    _qpos("refused-number-used-up", "a number once refused is refused for ever", "QP-01", _NumberUsedUp),
    _qpos("count-in-envelope", "the count of Z-reports comes in the envelope", "§13.1", _InEnvelope),
    _qpos("own-codes", "errors have generation 1's codes in place of 50021", "QP-03", _OwnCodes),
    _qpos("owner-left-out", "an empty OwnerType is left out, or refused", "QP-02", _NoOwner),
    _qpos("spelled-right", "the text of an opened shift is spelled right", "§13.1", _OpenSpelledRight),
    _epos("no-token", "requests without a token are served", _NoToken),
    _epos(
        "spelled-right", "GRATER and THEN are spelled right, which clients do not find", _DiscountSpelledRight
    ),
    _epos("sells-in-any-release", "release 3.20 still has sale and fastSale", _AnyRelease),
    _epos("sums-in-som", "sums are taken for so'm and multiplied by 100", _InSom),
    _epos("paycheck-unmarked", "the paycheck does not show TEST", _Unmarked),
    _epos("resend-does-nothing", "resendUnsent answers and sends nothing", _ResendDoesNothing),
    _epos("fast-sale-prints", "a fast sale has a paycheck too", _Printed),
)
