"""An organisation at the portal: outlets, registers, and the acts it signs (kz-ofd §15.3–§15.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.drivers.portal_client import Caller, Told
from conformance.drivers.portal_keys import Break, Key, signed

if TYPE_CHECKING:
    from conformance.drivers.portal import PortalDriver

NEAR: Final = 2
"""A settlement of the directory."""
OUTLET: Final = {"name": "TEST Магазин", "settlement": NEAR, "street": "Сауран", "house": "12"}
CARD: Final = {"name": "TEST Касса", "model": 1, "year": 2019, "consent": True}
DAILY: Final = 2
MONTHLY: Final = 1
TAX_SECONDS: Final = 900


class Owner(Caller):
    """Somebody who is logged in for the organisation `number`."""

    def __init__(self, portal: PortalDriver, session: str, number: str) -> None:
        super().__init__(portal.client, session)
        self.portal = portal
        self.number = number
        self._serials = 0

    # outlets and drafts

    def outlet(self, **form: Any) -> int:
        """A new outlet; its id."""
        return int(self.post("/outlets", OUTLET | form)["id"])

    def form(self, **form: Any) -> dict[str, Any]:
        """The form «Касса», each with a serial of its own; fields given stand so, None leaves one out."""
        self._serials += 1
        serial = f"S{self.portal.reporter.rng.randrange(10**9):09d}-{self._serials}"
        made = CARD | {"serial": serial} | form
        return {name: value for name, value in made.items() if value is not None}

    def draft(self, **form: Any) -> int:
        """A draft of a register, in a new outlet unless one is given; its id."""
        if "outlet" not in form:
            form["outlet"] = self.outlet()
        return int(self.post("/cards", self.form(**form))["id"])

    # acts

    def ask(self, card: int, act: str, **wish: Any) -> Told:
        """Ask for the application of an act."""
        return self.send("POST", f"/cards/{card}/application", {"act": act} | wish)

    def sign(
        self,
        card: int,
        act: str,
        text: str,
        key: Key | None = None,
        spoiled: Break = Break.NOTHING,
        *,
        attached: bool = True,
        **wish: Any,
    ) -> Told:
        """Hand in an act with a signature over `text`."""
        chosen = key or self.portal.key(number=self.number)
        cms = signed(text, chosen, self.portal.now(), spoiled=spoiled, attached=attached)
        return self.send("POST", f"/cards/{card}/sign", {"act": act, "cms": cms} | wish)

    def act(self, card: int, act: str, key: Key | None = None, **wish: Any) -> Told:
        """An act as a person does it: application, signature. What was refused first is told."""
        asked = self.ask(card, act, **wish)
        if asked.status != 200:
            return asked
        return self.sign(card, act, asked.json["text"], key, **wish)

    def do(self, card: int, act: str, **wish: Any) -> Any:
        """An act that must be accepted: new state and message."""
        return self.act(card, act, **wish).demand()

    def token(self, card: int) -> int:
        """«Получить токен»."""
        return int(self.post(f"/cards/{card}/token")["token"])

    # registers as far as they are wanted

    def waiting(self, **form: Any) -> int:
        """A register that awaits the tax body."""
        card = self.draft(**form)
        self.do(card, "sign-registration")
        return card

    def registered(self, **form: Any) -> int:
        """A register that the tax body has taken, without a tariff (needs `control`)."""
        card = self.waiting(**form)
        self.portal.order("answer-now", card)
        return card

    def ready(self, tariff: int = DAILY, **form: Any) -> int:
        """A register with a tariff."""
        card = self.registered(**form)
        self.do(card, "choose-tariff", tariff=tariff)
        return card

    # what is there

    def card(self, card: int) -> Any:
        """The card of a register."""
        return self.get(f"/cards/{card}")

    def state(self, card: int) -> str:
        """The state key of a register."""
        return str(self.card(card)["state"])

    def balance(self) -> int:
        """The account, tiyn."""
        return int(self.get("/account")["balance"])

    def papers(self) -> list[Any]:
        """«Документы», newest first."""
        found: list[Any] = self.get("/papers")
        return found
