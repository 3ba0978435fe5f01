"""Service commands that ask for something: AUTH, NOMENCLATURE and the QR payment (kz-ofd §3.6, §3.7, §3.9).

Each fills its part of the Response and says the result code; a code other than 0 refuses the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from ofd_mock.kz.booking import MOST_NUMBER
from ofd_mock.kz.proofs import cashier_of
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Device, Invoice, Surroundings
from reference.protocol.kz.dialects import Dialect
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.message_json import fill_from_json
from reference.protocol.kz.money import set_time, to_tiyn
from reference.protocol.kz.results import ResultCode

OK, ACTUAL, NO_VERSION, NOT_FOUND = 0, 1, 2, 3
"""nomenclature.result (kz-ofd §3.7)."""
_WRONG_LOGIN: Final = 1
_TOP_VERSION: Final = 203
"""The only version that has result 18 for a barcode (kz-ofd NO-05)."""


class Answered(NamedTuple):
    """The result code, and a payment to be stored."""

    code: ResultCode = ResultCode.OK
    invoice: Invoice | None = None


def answer_auth(
    dialect: Dialect, request: Any, response: Any, device: Device, settings: KzSettings
) -> Answered:
    """Log a cashier in; a wrong login is nested in an answer 0 (kz-ofd §3.6)."""
    cashier = cashier_of(device.profile, str(request.auth.login), str(request.auth.password))
    if cashier is not None:
        set_enum_number(response.auth, "result", OK)
        response.auth.operator_code = cashier.code
        response.auth.operator_name = cashier.name
        response.auth.roles.extend(cashier.roles)
        return Answered()
    wrong = settings.auth_failure_124 if dialect.tables == 124 else _WRONG_LOGIN
    set_enum_number(response.auth, "result", wrong)
    return Answered()


def answer_nomenclature(
    dialect: Dialect, request: Any, response: Any, device: Device, settings: KzSettings
) -> Answered:
    """Give the goods of the device, or one of them by barcode (kz-ofd NO-01…05)."""
    asked, goods = request.nomenclature, device.profile.nomenclature
    by_barcode = dialect.has("NomenclatureRequest.barcode") and asked.HasField("barcode")
    if not by_barcode and not asked.HasField("current_version"):
        return Answered(ResultCode.PROTOCOL_ERROR)
    part = response.nomenclature
    part.version = 0 if goods is None else goods["version"]
    if goods is None:
        set_enum_number(part, "result", NO_VERSION)
        return Answered()
    elements: Iterable[Mapping[str, Any]] = goods["elements"]
    if by_barcode:
        elements = [one for one in elements if one.get("item", {}).get("barcode") == asked.barcode]
        if not elements:
            if settings.barcode_not_found == "top" and dialect.tables == _TOP_VERSION:
                return Answered(ResultCode.ELEMENT_NOT_FOUND_BY_BARCODE)
            set_enum_number(part, "result", NOT_FOUND)
            return Answered()
    elif asked.current_version == goods["version"]:
        set_enum_number(part, "result", ACTUAL)
        return Answered()
    set_enum_number(part, "result", OK)
    set_time(part.created_time, datetime.fromisoformat(goods["created"]))
    for element in elements:
        message = part.elements.add()
        fill_from_json(message, _known(message.DESCRIPTOR, element))
    return Answered()


def answer_qr(
    request: Any, response: Any, device: Device, surroundings: Surroundings, *, generate: bool
) -> Answered:
    """Make a QR payment or tell its state; asked again, the same code is given (kz-ofd §3.9)."""
    asked = request.qr
    if not asked.HasField("invoice_id") or (generate and not asked.HasField("amount")):
        return Answered(ResultCode.INCORRECT_REQUEST_DATA)
    if max(asked.invoice_id, to_tiyn(asked.amount)) > MOST_NUMBER:
        return Answered(ResultCode.INCORRECT_REQUEST_DATA)
    known = surroundings.invoice(device.id, asked.invoice_id)
    invoice = known
    if invoice is None:
        if not generate:
            return Answered(ResultCode.INCORRECT_REQUEST_DATA)
        code = f"{surroundings.check_base()}qr/{device.id}/{asked.invoice_id}"
        invoice = Invoice(asked.invoice_id, to_tiyn(asked.amount), code)
    response.qr.qr_code = invoice.qr_code
    set_enum_number(response.qr, "status", invoice.status)
    return Answered(invoice=invoice if known is None else None)


_TAX_NAMES: Final = {"VAT": 100, "STS": 100, "RTS": 101, "TRFF": 102, "TRBP": 103}
"""Enum names of 2.0.3 where 1.2.4 and 2.0.2 have plain numbers (kz-ofd §14.2)."""


def _known(descriptor: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a JSON message that this version has, their enum values too."""
    found: dict[str, Any] = {}
    for name, item in value.items():
        field = descriptor.fields_by_name.get(name)
        if field is None:
            continue
        if field.message_type is not None:
            inner = field.message_type
            found[name] = [_known(inner, one) for one in item] if field.is_repeated else _known(inner, item)
        elif field.enum_type is not None:
            if item in field.enum_type.values_by_name:
                found[name] = item
        else:
            plain = field.cpp_type == field.CPPTYPE_UINT32 and isinstance(item, str)
            found[name] = _TAX_NAMES[item] if plain else item
    return found
