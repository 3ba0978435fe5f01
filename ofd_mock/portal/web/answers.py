"""What every address of the API answers with: the views of the desks, and small records of its own.

The OpenAPI document describes answers by this table; a test asks every address and holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from ofd_mock.portal.accounts import Line
from ofd_mock.portal.archive.forms import Form
from ofd_mock.portal.archive.lists import ReportPage, ShiftPage, TransactionPage
from ofd_mock.portal.archive.shelf import ArchiveView
from ofd_mock.portal.card_views import Cabinet, CardView
from ofd_mock.portal.cards import Done
from ofd_mock.portal.charges import Forecast, RegisterCharges, Total
from ofd_mock.portal.directories import Bank, Model, Settlement
from ofd_mock.portal.enrolments import EnrolmentView
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.members import GroupView, UserView
from ofd_mock.portal.outlets import OutletView
from ofd_mock.portal.papers import MailView, Paper
from ofd_mock.portal.payments import PaymentView
from ofd_mock.portal.tariffs import Tariff


class Acknowledged(BaseModel):
    """It is done."""

    done: bool


class Session(BaseModel):
    """Somebody is logged in: what to send as bearer token."""

    session: str


class Key(BaseModel):
    """By which a registration is taken up again."""

    key: str


class Challenge(BaseModel):
    """A text to sign."""

    challenge: str


class Text(BaseModel):
    """A text to read, or to sign."""

    text: str


class Identity(BaseModel):
    """The number of what was made."""

    id: int


class Token(BaseModel):
    """The number that a register needs."""

    token: int


class Balance(BaseModel):
    """Tiyn; may be below zero."""

    balance: int


class Order(BaseModel):
    """A payment to be made at the bank."""

    payment: str
    address: str


class PaymentState(BaseModel):
    """What became of a payment."""

    state: str


class Note(BaseModel):
    """A line of the audit log."""

    id: int
    made: str
    user: int | None
    act: str
    detail: str
    address: str


class OrganisationData(BaseModel):
    """«Данные организации»."""

    number: str
    name: str
    personal_account: int
    bic: str | None
    iik: str | None
    legal_address: str
    actual_address: str
    email: str
    phones: str
    head_position: str
    head_name: str


ANSWERS: Final[Mapping[tuple[str, str], Any]] = {
    ("GET", "/banks"): list[Bank],
    ("GET", "/settlements"): list[Settlement],
    ("GET", "/models"): list[Model],
    ("GET", "/tariffs"): list[Tariff],
    ("GET", "/reasons"): dict[str, str],
    ("GET", "/contract"): Text,
    ("GET", "/outbox"): list[MailView],
    ("POST", "/enrolments"): Key,
    ("GET", "/enrolments/{key}"): EnrolmentView,
    ("POST", "/enrolments/{key}/signature"): EnrolmentView,
    ("POST", "/enrolments/{key}/password"): EnrolmentView,
    ("POST", "/enrolments/{key}/email"): Acknowledged,
    ("POST", "/enrolments/{key}/code"): EnrolmentView,
    ("POST", "/enrolments/{key}/details"): EnrolmentView,
    ("POST", "/enrolments/{key}/agreement"): EnrolmentView,
    ("GET", "/enrolments/{key}/application"): Text,
    ("POST", "/enrolments/{key}/application"): Session,
    ("POST", "/login"): Session,
    ("POST", "/login/challenge"): Challenge,
    ("POST", "/login/signed"): Session,
    ("POST", "/logout"): Acknowledged,
    ("GET", "/me"): Visitor,
    ("POST", "/me/password"): Acknowledged,
    ("GET", "/cabinet"): Cabinet,
    ("GET", "/outlets"): list[OutletView],
    ("POST", "/outlets"): OutletView,
    ("GET", "/outlets/{id}"): OutletView,
    ("DELETE", "/outlets/{id}"): Acknowledged,
    ("POST", "/cards"): Identity,
    ("GET", "/cards/{id}"): CardView,
    ("PUT", "/cards/{id}"): Identity,
    ("DELETE", "/cards/{id}"): Acknowledged,
    ("POST", "/cards/{id}/check"): Done,
    ("POST", "/cards/{id}/resume"): Done,
    ("POST", "/cards/{id}/application"): Text,
    ("POST", "/cards/{id}/sign"): Done,
    ("POST", "/cards/{id}/token"): Token,
    ("GET", "/cards/{id}/transactions"): TransactionPage,
    ("GET", "/cards/{id}/z-reports"): ReportPage,
    ("GET", "/cards/{id}/x-reports"): ReportPage,
    ("GET", "/cards/{id}/shifts"): ShiftPage,
    ("GET", "/cards/{id}/documents/{number}"): Form,
    ("GET", "/cards/{id}/x-reports/{number}"): Form,
    ("POST", "/cards/{id}/archives"): ArchiveView,
    ("GET", "/cards/{id}/archives"): list[ArchiveView],
    ("GET", "/cards/{id}/archives/{key}"): ArchiveView,
    ("DELETE", "/cards/{id}/archives/{key}"): Acknowledged,
    ("GET", "/account"): Balance,
    ("GET", "/account/forecast"): Forecast,
    ("GET", "/account/statement"): list[Line],
    ("GET", "/account/days"): list[Total],
    ("GET", "/account/months"): list[Total],
    ("GET", "/account/registers"): list[RegisterCharges],
    ("POST", "/account/payments"): Balance,
    ("POST", "/account/orders"): Order,
    ("GET", "/account/orders/{key}"): PaymentView,
    ("POST", "/bank/word"): PaymentState,
    ("GET", "/papers"): list[Paper],
    ("GET", "/papers/{id}"): Paper,
    ("GET", "/notes"): list[Note],
    ("GET", "/organisation"): OrganisationData,
    ("PUT", "/organisation"): Acknowledged,
    ("POST", "/organisation/email"): Acknowledged,
    ("POST", "/organisation/code"): Acknowledged,
    ("GET", "/users"): list[UserView],
    ("POST", "/users"): Identity,
    ("GET", "/users/{id}"): UserView,
    ("PATCH", "/users/{id}"): Acknowledged,
    ("POST", "/users/{id}/password"): Acknowledged,
    ("GET", "/groups"): list[GroupView],
    ("POST", "/groups"): Identity,
    ("GET", "/groups/{id}"): GroupView,
    ("PATCH", "/groups/{id}"): Acknowledged,
    ("PUT", "/groups/{id}"): Acknowledged,
    ("DELETE", "/groups/{id}"): Acknowledged,
}
"""By method and path."""
_DERIVED: Final[Mapping[str, Mapping[str, Any]]] = {
    "OutletView": {"address": {"type": "string"}},
    "OutletCards": {"online": {"type": "integer"}},
    "Cabinet": {"total": {"type": "integer"}, "active": {"type": "integer"}},
}
"""What `values.as_json` tells of a view beside its fields."""
_Place = tuple[str, str]


def answer_schemas(places: Sequence[_Place]) -> tuple[dict[_Place, Any], dict[str, Any]]:
    """Schemas of the answers of these addresses, and the components they refer to.

    Every field of a view is always there, and no other.
    """
    known = [(place, "serialization", TypeAdapter(ANSWERS[place])) for place in places]
    found, document = TypeAdapter.json_schemas(
        known,  # type: ignore[arg-type]
        ref_template="#/components/schemas/{model}",
    )
    components: dict[str, Any] = document.get("$defs", {})
    for name, schema in components.items():
        if schema.get("type") == "object" and "properties" in schema:
            schema["properties"].update(_DERIVED.get(name, {}))
            schema["required"] = list(schema["properties"])
            schema["additionalProperties"] = False
    return {place: schema for (place, _), schema in found.items()}, components
