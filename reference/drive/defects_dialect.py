"""Mistakes in what the REST dialect takes and gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any, Final

from typing_extensions import override

from reference.drive.core import Core
from reference.drive.endpoints import POS_AUTH, Call, Endpoint
from reference.drive.mistakes import Mistake
from reference.drive.parameters import Parameters
from reference.drive.rest import JSON, Answer, Asked, RestDialect, dumped
from reference.protocol.uz.values import format_compact_time, from_tashkent, parse_json_time

SPELLINGS: Final = {
    "CashAccomulator": "CashAccumulator",
    "CardAccomulator": "CardAccumulator",
    "VATAccomulator": "VATAccumulator",
}


class _NoReason(RestDialect):
    @override
    def refusal(self, status: int, reason: str) -> Answer:
        return Answer(status, dumped({"error": reason}), JSON)


class _StatusAlways200(RestDialect):
    @override
    def refusal(self, status: int, reason: str) -> Answer:
        return super().refusal(200, reason)


class _SpellsRight(RestDialect):
    @override
    def result(self, core: Core, endpoint: Endpoint, call: Call) -> Any:
        value = super().result(core, endpoint, call)
        if isinstance(value, dict):
            return {SPELLINGS.get(name, name): content for name, content in value.items()}
        return value


class _SignAsNumber(RestDialect):
    @override
    def result(self, core: Core, endpoint: Endpoint, call: Call) -> Any:
        value = super().result(core, endpoint, call)
        if isinstance(value, dict) and value.get("FiscalSign"):
            value["FiscalSign"] = int(value["FiscalSign"])
        return value


class _QrDisordered(RestDialect):
    @override
    def result(self, core: Core, endpoint: Endpoint, call: Call) -> Any:
        value = super().result(core, endpoint, call)
        if isinstance(value, dict) and value.get("QRCodeURL"):
            base, _, query = value["QRCodeURL"].partition("?")
            value["QRCodeURL"] = f"{base}?{'&'.join(reversed(query.split('&')))}"
        return value


class _QrInUtc(RestDialect):
    @override
    def result(self, core: Core, endpoint: Endpoint, call: Call) -> Any:
        value = super().result(core, endpoint, call)
        if isinstance(value, dict) and value.get("QRCodeURL"):
            time = parse_json_time(value["DateTime"])
            utc = from_tashkent(time).astimezone(UTC)
            shown, wrong = format_compact_time(time), format_compact_time(utc.replace(tzinfo=None))
            value["QRCodeURL"] = value["QRCodeURL"].replace(f"c={shown}", f"c={wrong}")
        return value


class _NoIndex(RestDialect):
    @override
    def call(self, endpoint: Endpoint, names: dict[str, str], asked: Asked) -> Call:
        call = super().call(endpoint, names, asked)
        return replace(call, parameters=_without(call.parameters, "Index"))


class _NoPosAuth(RestDialect):
    @override
    def call(self, endpoint: Endpoint, names: dict[str, str], asked: Asked) -> Call:
        return replace(super().call(endpoint, names, asked), pos_auth=None)


class _QueryOnly(RestDialect):
    @override
    def call(self, endpoint: Endpoint, names: dict[str, str], asked: Asked) -> Call:
        body = asked.body if endpoint.receipt_body else b""
        return super().call(endpoint, names, replace(asked, body=body))


class _AnyItemsCount(RestDialect):
    @override
    def call(self, endpoint: Endpoint, names: dict[str, str], asked: Asked) -> Call:
        call = super().call(endpoint, names, asked)
        if any(parameter.name == "ItemsCount" for parameter in endpoint.parameters):
            count = min(32, max(1, call.parameters.number("ItemsCount") or 1))
            return replace(call, parameters=Parameters([("ItemsCount", count)]))
        return call


class _CaseMatters(RestDialect):
    @override
    def answer(self, asked: Asked) -> Answer:
        found = self.routes.find(asked.path)
        fixed = [] if found is None else [part for part in found[0].segments if not part.startswith("{")]
        if any(part not in asked.path.split("/") for part in fixed):
            return self.refusal(404, "not found")
        return super().answer(asked)


def _without(parameters: Parameters, name: str) -> Parameters:
    kept = [(key, value) for key, value in parameters.pairs() if key != name.lower()]
    return Parameters(kept)


DIALECT_MISTAKES: Final = (
    Mistake(
        "error-without-reason",
        "errors carry no Reason, so no client knows what to do",
        "uz-fiscal G2-T-09",
        (("dialect", _NoReason),),
    ),
    Mistake(
        "errors-with-200",
        "errors come with HTTP status 200",
        "uz-fiscal G2-T-09",
        (("dialect", _StatusAlways200),),
    ),
    Mistake(
        "misspelling-corrected",
        "CashAccomulator and its like are spelled right, which clients do not find",
        "uz-fiscal §4.3",
        (("dialect", _SpellsRight),),
    ),
    Mistake(
        "sign-as-number",
        "the fiscal sign is a JSON number and loses its leading zeros",
        "uz-fiscal §2.3",
        (("dialect", _SignAsNumber),),
    ),
    Mistake(
        "qr-disordered",
        "the parameters of the QR address stand in another order than t, r, c, s",
        "uz-fiscal QR-01",
        (("dialect", _QrDisordered),),
    ),
    Mistake(
        "qr-in-utc",
        "the time in the QR address is that of Greenwich, so the buyer's page knows no such receipt",
        "uz-fiscal TM-03",
        (("dialect", _QrInUtc),),
    ),
    Mistake(
        "index-ignored",
        "whatever Index says, the newest is answered",
        "uz-fiscal G2-S-15",
        (("dialect", _NoIndex),),
    ),
    Mistake(
        "pos-auth-ignored",
        f"the header {POS_AUTH} is not handed to the module, so a POS-locked one stays shut",
        "uz-fiscal G2-P-03",
        (("dialect", _NoPosAuth),),
    ),
    Mistake(
        "form-body-ignored",
        "parameters in a form body are not read",
        "uz-fiscal G2-T-03",
        (("dialect", _QueryOnly),),
    ),
    Mistake(
        "items-count-unchecked",
        "an ItemsCount of 0 or 33 is bent into range instead of refused",
        "uz-fiscal G2-S-14",
        (("dialect", _AnyItemsCount),),
    ),
    Mistake(
        "case-matters",
        "paths are matched with regard to case",
        "uz-fiscal G2-T-06",
        (("dialect", _CaseMatters),),
    ),
)
