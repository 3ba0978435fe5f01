"""Bodies of the keys: JSON comes in, orders of `values` go out.

Only the shape is judged here; what an order means is for the register. A fault names the field, the rule and
says in a sentence what is wrong. Sums are whole tiyn, quantities decimal texts such as "1.500", percents
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from reference.kkm import values
from reference.protocol.kz.exchange import MAX_TOKEN
from reference.protocol.kz.kinds import PaymentType
from reference.protocol.kz.money import MAX_TIYN, WHOLE_PERCENT
from reference.protocol.kz.tickets import Operator, ParentTicket, Payment

QUANTITY: Final = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"
IIN: Final = r"^([0-9]{12})?$"
UNIT: Final = r"^[0-9]{3,4}$"
MAX_ITEMS: Final = 10_000
_MOST: Final = 2**63 - 1


class OrderError(ValueError):
    """A body that is no order: `field` names the place, `rule` the rule in one word, str() the sentence."""

    def __init__(self, field: str, rule: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.rule = rule


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Tiyn = Annotated[int, Field(ge=0, le=MAX_TIYN, description="tiyn")]
Percent = Literal[0, 5, 10, 12, 16]
"""VAT rates the country has or had (kz-ofd §14.2)."""
Text = Annotated[str, Field(max_length=255)]
Code = Annotated[str, Field(max_length=32), BeforeValidator(_number_as_text)]


class _Body(BaseModel):
    """A misspelt field is a fault, and no number is taken for a text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Cashier(_Body):
    """Who works the register (kz-ofd §11, Operator)."""

    code: int = Field(ge=0, le=2**31 - 1)
    name: Text = ""


class _Signed(_Body):
    """A body that may say who pressed the key."""

    operator: Cashier | None = Field(None, description="without: cashier 1")

    def cashier(self) -> Operator:
        """Return who pressed the key."""
        return values.CASHIER if self.operator is None else Operator(self.operator.code, self.operator.name)


class Item(_Body):
    """A line of a ticket; with `storno` it takes back an equal line before it."""

    name: Text
    price: Tiyn
    quantity: str = Field("1.000", pattern=QUANTITY, description="decimal text with at most three places")
    code: int | None = Field(None, ge=0, le=_MOST, description="id in the operator's goods")
    section: Code = Field("1", description="department")
    unit: Code = Field(
        "796", pattern=UNIT, description="measure_unit_code, three or four digits (kz-ofd §14.1)"
    )
    vat: Percent | None = Field(None, description="percent inside the price; null: without VAT")
    discount: Tiyn = 0
    markup: Tiyn = 0
    storno: bool = False
    barcode: Text = ""
    ntin: Text = ""
    excise_stamps: list[Text] = Field(default_factory=list, max_length=1000)
    commodity_type: Literal[0, 1, 2] = Field(0, description="goods, work, service (2.0.4)")

    def order(self) -> values.ItemOrder:
        """Return the line as the register takes it."""
        return values.ItemOrder(
            name=self.name,
            price=self.price,
            quantity=thousandths(self.quantity),
            code=self.code,
            section=self.section,
            unit=self.unit,
            vat=None if self.vat is None else self.vat * WHOLE_PERCENT,
            discount=self.discount,
            markup=self.markup,
            storno=self.storno,
            barcode=self.barcode,
            ntin=self.ntin,
            excise_stamps=tuple(self.excise_stamps),
            commodity_type=self.commodity_type,
        )


class Paid(_Body):
    """A payment; cash is net of change."""

    type: Literal["cash", "card", "credit", "tare", "mobile"]
    sum: Tiyn

    def order(self) -> Payment:
        """Return the payment as the register takes it."""
        return Payment(PaymentType[self.type.upper()], self.sum)


class Parent(_Body):
    """The ticket that a return gives back; `rnm` is the original register's, without it this register's."""

    number: Code = Field(description="its fiscal sign")
    time: Annotated[
        str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$", description="local")
    ]
    total: Tiyn
    rnm: Code = ""
    offline: bool = False

    def order(self) -> ParentTicket:
        """Return the reference as the register takes it; ValueError for a time that is no date."""
        return ParentTicket(
            self.number, datetime.fromisoformat(self.time), self.rnm, self.total, self.offline
        )


class TicketBody(_Signed):
    """sell, buy, sell-return, buy-return. Without `payments` all is paid in cash."""

    items: list[Item] = Field(max_length=MAX_ITEMS)
    payments: list[Paid] = Field(default_factory=list, max_length=100)
    taken: Tiyn | None = Field(None, description="cash handed over; without: the cash payment")
    discount: Tiyn = 0
    markup: Tiyn = 0
    vat_on: Literal["item", "ticket"] = "item"
    customer_iin: str = Field("", pattern=IIN, description="the buyer's IIN or BIN, 12 digits")
    customer_email: Text = ""
    customer_phone: Text = ""
    parent: Parent | None = None

    def order(self) -> values.TicketOrder:
        """Return the ticket as the register takes it."""
        try:
            parent = None if self.parent is None else self.parent.order()
        except ValueError as error:
            raise OrderError("parent.time", "time", f"parent.time: {error}") from error
        return values.TicketOrder(
            items=tuple(item.order() for item in self.items),
            payments=tuple(paid.order() for paid in self.payments),
            taken=self.taken,
            discount=self.discount,
            markup=self.markup,
            vat_on=values.VatOn(self.vat_on),
            customer_iin=self.customer_iin,
            customer_email=self.customer_email,
            customer_phone=self.customer_phone,
            parent=parent,
            operator=self.cashier(),
        )


class MoneyBody(_Signed):
    """deposit, withdraw."""

    sum: Tiyn

    def order(self) -> values.MoneyOrder:
        """Return the sum as the register takes it."""
        return values.MoneyOrder(self.sum, self.cashier())


class ZBody(_Signed):
    """z; `withdraw` takes all cash out of the drawer first (kz-ofd §8.2)."""

    withdraw: bool = False

    def order(self) -> values.ZOrder:
        """Return the order."""
        return values.ZOrder(self.withdraw, self.cashier())


class TokenBody(_Body):
    """token; what the portal shows (kz-ofd §4.5)."""

    token: int = Field(ge=1, le=MAX_TOKEN)

    def order(self) -> values.TokenOrder:
        """Return the order."""
        return values.TokenOrder(self.token)


class CancelBody(_Body):
    """cancel, up to 2.0.2; without a number the last ticket."""

    number: int | None = Field(None, ge=1, le=_MOST)

    def order(self) -> values.CancelOrder:
        """Return the order."""
        return values.CancelOrder(self.number)


class QrBody(_Body):
    """qr, in 2.0.4: with `sum` a code is made, without one the status of `invoice` is asked."""

    invoice: int | None = Field(None, ge=0, le=_MOST)
    sum: Tiyn | None = None

    def order(self) -> values.QrOrder:
        """Return the order."""
        return values.QrOrder(self.invoice, self.sum)


class AuthBody(_Body):
    """auth; name and password of a portal user."""

    login: Text
    password: Text

    def order(self) -> values.AuthOrder:
        """Return the order."""
        return values.AuthOrder(self.login, self.password)


class NomenclatureBody(_Body):
    """nomenclature; with a barcode (since 2.0.3) one of the goods."""

    barcode: Text = ""

    def order(self) -> values.NomenclatureOrder:
        """Return the order."""
        return values.NomenclatureOrder(self.barcode)


class AddressBody(_Body):
    """address; where the operator is."""

    server: str = Field(max_length=255, description="host:port")

    def order(self) -> values.AddressOrder:
        """Return the order."""
        return values.AddressOrder(self.server)


class NothingBody(_Body):
    """x, info, remove-head, service-reset, pulse: the key says it all."""

    def order(self) -> values.NoOrder:
        """Return the order."""
        return values.NoOrder()


AnyBody = (
    TicketBody
    | MoneyBody
    | ZBody
    | TokenBody
    | CancelBody
    | QrBody
    | AuthBody
    | NomenclatureBody
    | AddressBody
    | NothingBody
)


class KeyEntry(NamedTuple):
    """A key of the register: its body, and what it does in a sentence."""

    body: type[AnyBody]
    summary: str


KEY_BODIES: Final[Mapping[str, KeyEntry]] = {
    "sell": KeyEntry(TicketBody, "Sell"),
    "buy": KeyEntry(TicketBody, "Buy from a customer"),
    "sell-return": KeyEntry(TicketBody, "Take a sold thing back"),
    "buy-return": KeyEntry(TicketBody, "Give a bought thing back"),
    "deposit": KeyEntry(MoneyBody, "Put cash into the drawer"),
    "withdraw": KeyEntry(MoneyBody, "Take cash out of the drawer"),
    "x": KeyEntry(NothingBody, "Print the X report"),
    "z": KeyEntry(ZBody, "Close the shift and print its Z report"),
    "info": KeyEntry(NothingBody, "Ask the operator for INFO"),
    "token": KeyEntry(TokenBody, "Type a token in"),
    "cancel": KeyEntry(CancelBody, "Cancel the last ticket, up to 2.0.2"),
    "qr": KeyEntry(QrBody, "Make or look up a QR payment, 2.0.4"),
    "auth": KeyEntry(AuthBody, "Check a cashier's name and password at the operator"),
    "nomenclature": KeyEntry(NomenclatureBody, "Fetch the operator's goods"),
    "address": KeyEntry(AddressBody, "Set the operator's address"),
    "remove-head": KeyEntry(NothingBody, "Remove the refused message at the head of the queue (MD-10)"),
    "service-reset": KeyEntry(NothingBody, "Start a halted register again (MD-12)"),
    "pulse": KeyEntry(NothingBody, "Wait until the background sender is idle; answers the state too"),
}


def thousandths(text: str) -> int:
    """Return 1500 for "1.5"; the text is of the form QUANTITY."""
    whole, _, part = text.partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0"))


def read_order(key: str, body: bytes) -> values.Order:
    """Return the order in a key's body; no body is an empty object.

    Raises OrderError; KeyError when there is no such key.
    """
    model: type[AnyBody] = KEY_BODIES[key].body
    try:
        return model.model_validate_json(body or b"{}").order()
    except ValidationError as error:
        raise _fault(error) from error


_PATTERNS: Final[Mapping[str, str]] = {
    QUANTITY: 'must be a decimal text with at most three places, such as "1.500"',
    IIN: "must be 12 digits",
    UNIT: 'must be three or four digits, such as "796"',
}
_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "missing": lambda _: "is missing",
    "extra_forbidden": lambda _: "is not known here",
    "string_pattern_mismatch": lambda context: _PATTERNS.get(
        context["pattern"], f"must match {context['pattern']}"
    ),
    "int_type": lambda _: "must be a whole number",
    "string_type": lambda _: "must be a text",
    "bool_type": lambda _: "must be true or false",
}


def _fault(error: ValidationError) -> OrderError:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(step) for step in first["loc"])
    rule = first["type"].replace("_", "-")
    words = _WORDS.get(first["type"])
    text = words(first.get("ctx", {})) if words else f"{first['msg'][0].lower()}{first['msg'][1:]}"
    return OrderError(field, rule, f"{field or 'body'}: {text}")
