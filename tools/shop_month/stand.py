"""The café's stand: its parts in a lab, an owner, a till in each of his branches, people at it, a menu."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final

import httpx

from conformance.drivers.backoffice_money import LOGIN, PAYME_KEY, Payme, basic
from conformance.lab import Lab
from conformance.lab_nursery import WarmNursery
from conformance.quick_http import HttpError, QuickHttp
from reference.protocol.uz.values import from_tashkent
from tools.demo import DemoError
from tools.shop_month.plan import FIRST_DAY, Tastes
from tools.shop_parts import BACKOFFICE, POS, TillParts, with_tills

MENU: Final = Path(__file__).with_name("menu.json")
FIRST_STOCK_PINS: Final = {
    "Aziza Sinova": "0000",
    "Bekzod Sinov": "1111",
    "Dilnoza Sinova": "2222",
    "Eldor Sinov": "3333",
    "Farrux Sinov": "4444",
}
"""People that an empty shop begins with."""
BOSS: Final = "Aziza Sinova"
CASHIER: Final = "Bekzod Sinov"
MANAGER: Final = "Farrux Sinov"
PHONE: Final = "+998901112233"
PASSWORD: Final = "choyxona-1"  # noqa: S105 - of a made-up owner in a lab
OWNER: Final = {"first_name": "Aziza", "last_name": "Sinova", "business": "Sinov choyxona"}
BRANCHES: Final = ("Sinov choyxona, Chilonzor", "Sinov choyxona, Yunusobod")
PLAN: Final = "professional"
PLAN_MONTHS: Final = 12
PAYMENT: Final = "5e730e8e0b852a417aa49ceb"
"""Payme's name of the payment."""
MORNING: Final = time(7, 40)
_SECONDS: Final = 60.0

Json = dict[str, Any]


class Api:
    """A JSON API at `base` under one bearer token. DemoError for every refusal, with what was asked."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.key = ""
        self._http = QuickHttp(base, _SECONDS)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """The answer's JSON; `key` instead of the token kept."""
        token = self.key if key is None else key
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        content = b"" if body is None else json.dumps(body).encode()
        try:
            answer = self._http.exchange(self._http.request_bytes(method, f"/api{path}", headers, content))
        except HttpError as error:
            raise DemoError(f"{self.base} did not answer {method} {path}: {error}") from None
        told = json.loads(answer.content)
        if answer.status >= httpx.codes.BAD_REQUEST:
            raise ApiRefusedError(method, path, told)
        return told

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class ApiRefusedError(DemoError):
    """A refusal; `rule` is the rule that it names."""

    def __init__(self, method: str, path: str, told: Any) -> None:
        error = told.get("error", {}) if isinstance(told, dict) else {}
        super().__init__(f"{method} {path} was refused: {json.dumps(told, ensure_ascii=False)[:600]}")
        self.rule = str(error.get("rule", ""))


@dataclass(frozen=True, slots=True)
class Dish:
    """A product on the menu as the till knows it; `wanted` is how often guests ask for it."""

    id: int
    name: str
    by_weight: bool
    barcode: str
    marked: bool
    wanted: int


def shop_lab(folder: Path, seed: int, tills: int = 1, nursery: WarmNursery | None = None) -> Lab:
    """The lab of the café, not started yet: the Uzbek chain with so many tills and the owner's portal.

    Its clock stands still between the steps of the day, so that nothing looks up while nobody is there.
    """
    begins = from_tashkent(datetime.combine(FIRST_DAY, MORNING))
    return Lab(folder, parts=with_tills(tills), seed=seed, start=begins, rate=0, nursery=nursery)


class Till:
    """A branch's point of sale in a running lab: its people, places and dishes."""

    def __init__(self, lab: Lab, number: int, tills: int) -> None:
        self.lab = lab
        self.branch = BRANCHES[number - 1]
        """Its name; the owner's number of it is `branch_id`."""
        self.branch_id = 0
        self.parts = TillParts.of(number)
        self.menu: Json = json.loads(MENU.read_text(encoding="utf-8"))
        self.staff = self.menu["people"][number - 1 :: tills]
        """Who is employed beside those that every shop begins with."""
        self.pos = Api(lab.addresses[self.parts.pos][POS.name])
        self.pins = dict(FIRST_STOCK_PINS)
        self.people: dict[str, int] = {}
        self.dishes: list[Dish] = []
        self.tables: list[int] = []

    @property
    def waiters(self) -> list[str]:
        """Names of those who take orders at tables."""
        return ["Dilnoza Sinova", *(_name(row) for row in self.staff if row["role"] == "waiter")]

    def tastes(self) -> Tastes:
        """What guests can choose from."""
        by_weight = frozenset(place for place, dish in enumerate(self.dishes) if dish.by_weight)
        wanted = tuple(dish.wanted for dish in self.dishes)
        return Tastes(len(self.tables), len(self.waiters), wanted, by_weight)

    def fill(self) -> None:
        """Employ people, put up tables, write the menu."""
        self._learn_people()
        self.pos.key = self.come(BOSS)
        for row in self.staff:
            self.pos.ask("POST", "/employees", row)
            self.pins[_name(row)] = row["pin"]
        self._learn_people()
        for path in ("places", "products"):
            for row in self.menu[path]:
                self.pos.ask("POST", f"/{path}", row)
        self.tables = [row["id"] for row in self.pos.ask("GET", "/places") if row["surcharge"]]
        wanted = self.menu["wanted"]
        self.dishes = [
            Dish(
                row["id"],
                row["name"],
                row["unit"] == "kg",
                row["barcode"],
                row["marked"],
                wanted[row["name"]],
            )
            for row in self.pos.ask("GET", "/products")
        ]

    def come(self, name: str) -> str:
        """Somebody types his PIN; his token."""
        body = {"employee": self.people[name], "pin": self.pins[name]}
        return str(self.pos.ask("POST", "/sessions", body, key="")["session"])

    def deliver(self, key: str) -> None:
        """The morning's goods: what is counted is there again."""
        for dish in self.dishes:
            if dish.name in self.menu["delivered"]:
                self.pos.ask(
                    "PATCH", f"/products/{dish.id}", {"stock": self.menu["delivered"][dish.name]}, key
                )

    def look(self, key: str) -> Json:
        """Where the point of sale stands after one more round."""
        return dict(self.pos.ask("POST", "/standing", key=key))

    def restarted(self) -> None:
        """The point of sale runs again at its address, with its memory of who was at the till."""
        self.pos.close()

    def _learn_people(self) -> None:
        self.people = {row["name"]: row["id"] for row in self.pos.ask("GET", "/people", key="")}


class Stand:
    """The café in a running lab: an owner, and a linked till in each of its branches."""

    def __init__(self, lab: Lab, tills: int = 1) -> None:
        self.lab = lab
        self.tills = [Till(lab, number, tills) for number in range(1, tills + 1)]
        self.owner = Api(lab.addresses[BACKOFFICE.name][BACKOFFICE.name])

    def close(self) -> None:
        """Close the connections; the lab goes on."""
        for till in self.tills:
            till.pos.close()
        self.owner.close()

    def open(self) -> None:
        """Unlock the modules, fill the branches, register their owner and link the tills."""
        self._unlock()
        for till in self.tills:
            till.fill()
        self._register()
        if len(self.tills) > 1:
            self._subscribe()
        for till in self.tills:
            self._link(till)

    def enter_portal(self) -> None:
        """The owner logs in anew."""
        self.owner.key = str(
            self.owner.ask("POST", "/sessions", {"phone": PHONE, "password": PASSWORD}, key="")["session"]
        )

    def _unlock(self) -> None:
        """As the vendor's walk-through does it; a till syncs a locked module before it sells."""
        form = {"ChangeLockState": "Yes", "LockState": "Unlock", "TerminalID": "*"}
        httpx.post(f"{self.lab.addresses['operator']['http']}/state", data=form).raise_for_status()

    def _register(self) -> None:
        """The owner enrols with the code that the SMS brought him (BX-REG)."""
        key = self.owner.ask("POST", "/enrolments", {"phone": PHONE})["key"]
        [message] = self.owner.ask("GET", "/outbox")
        code = str(message["text"]).rsplit(" ", 1)[-1]
        self.owner.ask("POST", f"/enrolments/{key}/confirm", {"code": code})
        names: Mapping[str, str] = OWNER | {"password": PASSWORD, "password_repeated": PASSWORD}
        self.owner.key = self.owner.ask("POST", f"/enrolments/{key}/finish", names)["session"]

    def _subscribe(self) -> None:
        """The trial has room for one branch: he takes a plan with more and pays it by Payme (BX-SUB-02)."""
        choice = {"plan": PLAN, "months": PLAN_MONTHS, "provider": "payme"}
        invoice = self.owner.ask("POST", "/subscription", choice)
        about = Payme.about(invoice)
        now = int(self.lab.clock.now().timestamp() * 1000)
        self._as_payme("CheckPerformTransaction", about)
        self._as_payme("CreateTransaction", {"id": PAYMENT, "time": now, **about})
        self._as_payme("PerformTransaction", {"id": PAYMENT})

    def _as_payme(self, method: str, params: Json) -> None:
        """A call of the stand-in's merchant protocol; DemoError for a refusal."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"Authorization": basic(LOGIN, PAYME_KEY)}
        answer = httpx.post(f"{self.owner.base}/payme", json=call, headers=headers, trust_env=False)
        told = answer.raise_for_status().json()
        if "result" not in told:
            raise DemoError(f"{method} of Payme was refused: {told.get('error')}")

    def _link(self, till: Till) -> None:
        """The owner adds a branch and scans the code that its point of sale shows (BX-BRN-02)."""
        made = self.owner.ask("POST", "/branches", {"name": till.branch})["branch"]
        till.branch_id = made["id"]
        shown = till.pos.ask("POST", "/owner/offer")["code"]
        self.owner.ask("POST", f"/branches/{till.branch_id}/links", {"code": shown})


def _name(row: Mapping[str, str]) -> str:
    return f"{row['first_name']} {row['last_name']}"
