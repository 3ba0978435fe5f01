"""Bodies of the Kazakh operator's control operations."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from ofd_mock.kz.values import When
from reference.protocol.kz.device_states import DeviceState
from reference.runtime.control_models import Body

LAST_ID: Final = 2**32 - 1
DeviceId = Annotated[int, Field(ge=1, le=LAST_ID, description="ID of the frame header")]
Text = Annotated[str, Field(max_length=255)]


class Provision(Body):
    """New registers, registered and ready to work; what is not given is a test shop's."""

    count: int = Field(1, ge=1, le=10_000)
    id: DeviceId | None = Field(None, description="of the first; without: the next free one")
    rnm: str | None = Field(None, pattern=r"^[0-9]{12}$", description="only with count 1")
    serial: Text | None = Field(None, description="factory number; only with count 1")
    org_title: Text | None = None
    org_inn: str | None = Field(None, pattern=r"^[0-9]{12}$", description="IIN or BIN of the seller")
    org_address: Text | None = None
    pos_title: Text | None = None
    pos_address: Text | None = None
    state: DeviceState = DeviceState.READY
    token: int | None = Field(None, ge=0, le=2**32 - 1, description="0: none yet; without: a random one")


class OneDevice(Body):
    """One register."""

    id: DeviceId


class IssueToken(OneDevice):
    """A token as the portal makes it (kz-ofd §4.5)."""

    token: int | None = Field(None, ge=1, le=2**32 - 1, description="without: a random one")


class Block(OneDevice):
    """Why a register is blocked (kz-ofd §15.5)."""

    reason: Literal["ofd", "money"] = "ofd"


class SetState(OneDevice):
    """Any state of kz-ofd §15.5."""

    state: DeviceState


class Ad(Body):
    """One ad; type 0 OFD, 1 ORG, 2 POS, 3 KKM, 4 INFO."""

    type: int = Field(ge=0, le=4)
    version: int = Field(ge=1, le=2**63 - 1)
    text: str = Field(max_length=2000)


class SetAds(OneDevice):
    """All ads of a register (kz-ofd §3.5)."""

    ads: list[Ad] = Field(max_length=5)


class Tax(Body):
    """A bound tax, percent in thousandths."""

    percent: int = Field(ge=0, le=100_000)
    tax_type: int = 100


class SetTaxation(OneDevice):
    """The bound taxation; without kind none is bound (kz-ofd §14.2)."""

    kind: int | None = Field(101, ge=100, le=103)
    taxes: list[Tax] = Field(default_factory=list, max_length=10)


class SetNomenclature(OneDevice):
    """The published goods (kz-ofd §3.7): elements as JSON of NomenclatureResponse.Element of 2.0.3."""

    version: int | None = Field(1, ge=1, le=2**31 - 1, description="null: none is published")
    elements: list[dict[str, Any]] = Field(default_factory=list, max_length=10_000)


class OneCashier(Body):
    """A portal user."""

    login: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=100)
    code: int = Field(1, ge=0, le=2**31 - 1)
    name: Text = ""
    roles: list[Annotated[int, Field(ge=1, le=3)]] = Field(default_factory=lambda: [1])


class SetCashiers(OneDevice):
    """Who may log in with AUTH (kz-ofd §3.6)."""

    cashiers: list[OneCashier] = Field(max_length=100)


class GiveOrder(Body):
    """Answers by order (kz-ofd §5.1)."""

    code: int | None = Field(254, ge=0, le=255, description="null: silence")
    times: int | None = Field(1, ge=1, description="null: for good")
    when: When = When.BEFORE
    device: DeviceId | None = None
    command: int | None = Field(None, ge=0, le=127)


class ChangeSettings(Body):
    """Settings that change; the others stay."""

    settings: dict[str, Any]


class MoveInvoice(OneDevice):
    """The next step of a QR payment (kz-ofd §3.9): 0 NEW … 4 PAID, 5 REJECTED, 6 WAIT."""

    invoice_id: int = Field(ge=0, le=2**63 - 1)
    status: int = Field(ge=0, le=6)


class Page(OneDevice):
    """A page of a register's documents or findings."""

    after: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=10_000)
