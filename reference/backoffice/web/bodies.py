"""Bodies of the API: shapes and bounds; what a value may mean is the desks' to say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from reference.backoffice.intake import MOST

Password = Annotated[str, Field(max_length=128)]
Line = Annotated[str, Field(max_length=100)]


class Body(BaseModel):
    """Base: nothing unknown, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Phone(Body):
    """A phone."""

    phone: str = Field(max_length=32)


class Code(Body):
    """An SMS code."""

    code: str = Field(max_length=16)


class Names(Body):
    """The last step of a registration."""

    first_name: Line
    last_name: Line
    business: Line
    password: Password
    password_repeated: Password


class LogIn(Body):
    """Phone and password."""

    phone: str = Field(max_length=32)
    password: Password


class NewPassword(Body):
    """A new password, twice."""

    password: Password
    password_repeated: Password


class BranchBody(Body):
    """Fields of a branch."""

    name: Line | None = None
    address: str | None = Field(None, max_length=200)
    phone: str | None = Field(None, max_length=13)
    active: bool | None = None


class OfferCode(Body):
    """What a POS shows as a QR code."""

    code: str = Field(max_length=64)


class Choice(Body):
    """A plan, for how long, and who takes the money."""

    plan: str = Field(max_length=32)
    months: Literal[1, 12]
    provider: Literal["payme", "click"]


class Card(Body):
    """A card of the stand-in; never its number."""

    brand: Literal["Visa", "Mastercard", "Humo", "Uzcard"]
    last: str = Field(pattern=r"^[0-9]{4}$")
    expiry: str = Field(pattern=r"^(0[1-9]|1[0-2])/[0-9]{2}$")


class Renewal(Body):
    """Whether a subscription renews by itself."""

    renews: bool


class MerchantBody(Body):
    """A branch's account at Multicard; an empty secret keeps the one that is there."""

    store: str = Field(max_length=64)
    application: str = Field(max_length=64)
    secret: str = Field("", max_length=128)
    active: bool = True


class DeviceBody(Body):
    """What a POS says of itself: `identity` lives as long as its book, `newest` is its newest change."""

    device: str = Field("POS", min_length=1, max_length=100)
    identity: str = Field(min_length=16, max_length=64)
    newest: int = Field(0, ge=0, le=2**53 - 1)


class PosLogin(DeviceBody):
    """A branch's POS login."""

    login: str = Field(max_length=32)
    password: Password


class ChangeBody(Body):
    """One change of a point of sale."""

    n: int = Field(ge=1, le=2**53 - 1)
    kind: str = Field(max_length=16)
    key: str = Field(max_length=64)
    made: str = Field(max_length=32)
    body: dict[str, Any]


class Changes(Body):
    """Changes in their order."""

    changes: list[ChangeBody] = Field(max_length=MOST)
