"""What pages about registers share: names and addresses of acts, colours of states, the way to a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ofd_mock.portal.card_views import CardView
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import UnknownError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.outlets import OutletView
from ofd_mock.portal.pages.frame import Frame
from ofd_mock.portal.pages.words import gettext
from ofd_mock.portal.tariffs import TARIFFS
from reference.protocol.kz.device_states import DeviceState

ID: Final = "<int(min=1,max=9007199254740991):number>"
"""A number in an address; greater ones are nobody's."""
MARKS: Final[Mapping[DeviceState, str]] = {
    DeviceState.READY: "good",
    DeviceState.ACTIVE: "good",
    DeviceState.REG_REFUSED: "bad",
    DeviceState.BLOCKED_MONEY: "bad",
    DeviceState.BLOCKED_OFD: "bad",
    DeviceState.SUSPENDED: "warn",
    DeviceState.WAIT_REG: "warn",
    DeviceState.WAIT_REREG: "warn",
    DeviceState.WAIT_DEREG: "warn",
}
"""How a state is coloured; its text always stands beside it."""
PATHS: Final[Mapping[Act, str]] = {
    Act.CHECK: "form",
    Act.CHOOSE_TARIFF: "tariff",
    Act.SUSPEND: "suspend",
    Act.DROP_TARIFF: "tariff-off",
    Act.TOKEN: "token",
    Act.REREGISTER: "reregister",
    Act.SIGN_DEREGISTRATION: "deregister",
}
"""Acts that have a page of their own, below the register's address; the others are done at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """A register with the outlet it stands in; None when that was removed."""

    card: CardView
    outlet: OutletView | None

    @property
    def address(self) -> str:
        """Of the register's page."""
        return f"/cards/{self.card.id}"

    def way(self, *, settings: bool = False) -> list[tuple[str, str]]:
        """The breadcrumbs that lead behind the register, or behind its settings (PG-07)."""
        links = [("/cabinet", gettext("Кассы"))]
        if self.outlet is not None:
            links.append((f"/outlets/{self.outlet.id}", self.outlet.name))
        links.append((self.address, self.card.name))
        if settings:
            links.append((f"{self.address}/settings", gettext("Настройки")))
        return links


def place_of(frame: Frame, visitor: Visitor, number: int) -> Place:
    """The visitor's register of that number; UnknownError for everything else."""
    card = frame.desks.views.one(visitor, number)
    try:
        outlet = frame.desks.outlets.one(visitor, card.outlet)
    except UnknownError:
        outlet = None
    return Place(card, outlet)


def card_values() -> dict[str, Any]:
    """What the macros of `cards/parts.html` ask for."""
    return {"act_names": act_names(), "act_paths": PATHS, "marks": MARKS, "tariffs": TARIFFS}


def act_names() -> dict[Act, str]:
    """Acts as the menu of a register names them."""
    return {
        Act.CHECK: gettext("Продолжить"),
        Act.DELETE: gettext("Удалить"),
        Act.RESUME_REGISTRATION: gettext("Продолжить регистрацию"),
        Act.CHOOSE_TARIFF: gettext("Выбрать тариф"),
        Act.SUSPEND: gettext("Временно выключить"),
        Act.DROP_TARIFF: gettext("Отключить тариф"),
        Act.TOKEN: gettext("Получить токен"),
        Act.REREGISTER: gettext("Перерегистрировать"),
        Act.SIGN_DEREGISTRATION: gettext("Снять с учета"),
    }
