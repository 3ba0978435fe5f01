"""Bodies of the portal's API, as OpenAPI describes them; what they mean is checked by the desks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Short = Annotated[str, Field(max_length=255)]
Secret = Annotated[str, Field(max_length=128)]
Cms = Annotated[str, Field(max_length=1_000_000, description="CMS, Base64; attached or detached")]
Id = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Body(BaseModel):
    """A misspelt field is an error, not a silent default; a number is no text."""

    model_config = ConfigDict(extra="forbid", strict=True)


class LogIn(Body):
    """«Войти»."""

    login: Short
    password: Secret


class LogInSigned(Body):
    """«Войти с ЭЦП»: the challenge, and its signature."""

    challenge: Short
    cms: Cms


class Signature(Body):
    """A signature over a text that was handed out."""

    cms: Cms


class NewPassword(Body):
    """Step 2 of registration."""

    password: Secret
    password_repeated: Secret


class ChangePassword(NewPassword):
    """A new password for whoever knows the old one."""

    old_password: Secret


class Email(Body):
    """An address to confirm."""

    email: Annotated[str, Field(max_length=254)]


class EmailCode(Email):
    """An address with the code that was mailed to it."""

    code: Annotated[str, Field(max_length=16)]


class DetailsBody(Body):
    """Step 3 of registration, «Уточнение данных»."""

    bic: Annotated[str, Field(max_length=8)] | None = None
    iik: Annotated[str, Field(max_length=40)] | None = None
    legal_address: Annotated[str, Field(max_length=500)] = ""
    actual_address: Annotated[str, Field(max_length=500)] = ""
    email: Annotated[str, Field(max_length=254)] = ""
    phones: Short = ""
    head_position: Short = ""
    head_name: Short = ""


class Agreement(Body):
    """Step 4 of registration."""

    agreed: bool


class OutletBody(Body):
    """The form «Торговая точка»."""

    name: Short = ""
    settlement: Id | None = None
    street: Short = ""
    house: Annotated[str, Field(max_length=32)] = ""
    building: Annotated[str, Field(max_length=32)] = ""
    room: Annotated[str, Field(max_length=32)] = ""


class CardBody(Body):
    """The form «Касса»."""

    name: Short = ""
    outlet: Id | None = None
    model: Id | None = None
    serial: Short = ""
    year: Annotated[int, Field(ge=0, le=9999)] | None = None
    consent: bool = False


SignedAct = Literal[
    "sign-registration", "choose-tariff", "suspend", "drop-tariff", "reregister", "sign-deregistration"
]


class WishBody(Body):
    """What a signed act is to bring; only the field of its own kind counts."""

    act: SignedAct
    tariff: Id | None = None
    outlet: Id | None = None
    name: Short | None = None
    reason: Annotated[int, Field(ge=1, le=7)] | None = None


class SignedWish(WishBody):
    """The same with the signature over its application."""

    cms: Cms


class TopUp(Body):
    """Money from the stand-in bank: whole tenge, and the payment's number there."""

    amount: Annotated[int, Field(ge=1, le=1_000_000)]
    payment: Annotated[str, Field(min_length=1, max_length=64)]


class PaymentOrder(Body):
    """«Пополнить»: whole tenge. `attempt` names one filling of the form: sent again it is the same."""

    amount: Annotated[int, Field(ge=1, le=1_000_000)]
    attempt: Annotated[str, Field(max_length=64)] = ""


class BankWordBody(Body):
    """What the bank says of a payment: tiyn, «paid» or «refused», HMAC-SHA-256 over all three."""

    payment: Annotated[str, Field(min_length=1, max_length=64)]
    amount: Annotated[int, Field(ge=1, le=2**53 - 1)]
    status: Literal["paid", "refused"]
    signature: Annotated[str, Field(max_length=128)]


class UserBody(NewPassword):
    """A new user."""

    login: Annotated[str, Field(max_length=100)]
    name: Short
    role: Annotated[int, Field(ge=1, le=3)]


class UserChange(Body):
    """What changes of a user; the rest stays."""

    name: Short | None = None
    role: Annotated[int, Field(ge=1, le=3)] | None = None
    active: bool | None = None


class GroupBody(Body):
    """A new group."""

    name: Short


class GroupContent(Body):
    """All outlets and users of a group."""

    outlets: Annotated[list[Id], Field(max_length=1_000)]
    users: Annotated[list[Id], Field(max_length=1_000)]


class Period(BaseModel):
    """Days of a filter, both included."""

    first: date | None = None
    last: date | None = None
