"""Keys of a point of sale over the HTTP API of docs/pos.md.

An order of the judge holds whole goods; where the shop does not have one yet, it is added first, and so are
places with the surcharge wanted. Whoever the judge is at the till, he comes with a PIN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from conformance.drivers.pos_keys import DONE, KEYS, REFUSED, WAITING, HttpDoor, Json, Pressed
from conformance.drivers.wire import Tap
from conformance.verdicts import AnswerUnreadable, NotApplicable

GOODS: Final = (
    *("name", "mxik", "package_code", "unit", "units", "price", "vat_percent", "barcode", "marked"),
    *("best_before", "stock"),
)
_OUTCOMES: Final = {"done": DONE, "waiting": WAITING, "refused": REFUSED}
_ADMINISTRATOR: Final = "administrator"


class _Refusal(Exception):  # noqa: N818 - ends a key, and is its outcome
    """The point of sale would not; `rule` and `text` are its own."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(text)
        self.rule, self.text = rule, text


class HttpKeys:
    """One till, over HTTP. `pin` is that of somebody who may do everything; `kept` holds his session."""

    def __init__(self, base: str, tap: Tap, pin: str = "0000", kept: dict[str, object] | None = None) -> None:
        self._door = HttpDoor(base, tap)
        self._pin = pin
        self._kept = {} if kept is None else kept
        self._pressing: dict[str, Callable[[Json], Pressed]] = {
            "sell": self._sell,
            "refund": self._refund,
            "order": lambda order: self._of("order", str(order["order"])),
            "paper": self._paper,
            "look": self._look,
            "standing": lambda _: self._told("standing", self._ask("GET", "/standing")),
            "close-shift": lambda _: self._told("close-shift", self._ask("POST", "/shift/close")),
            "test-receipt": self._test_receipt,
            "app-answer": self._app_answer,
            "link": lambda _: self._told("link", self._ask("POST", "/owner/offer")),
            "login": lambda order: self._told("login", self._ask("POST", "/owner/login", order)),
            "settings": lambda order: self._told("settings", self._ask("PATCH", "/settings", order)),
        }
        assert set(self._pressing) == set(KEYS)

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Press a key; NotApplicable for one that there is not."""
        if key not in self._pressing:
            raise NotApplicable(f"the point of sale has no key {key}")
        try:
            return self._pressing[key](dict(order))
        except _Refusal as refusal:
            return Pressed(key, REFUSED, why=refusal.rule, text=refusal.text)

    def close(self) -> None:
        """Close the connections."""
        self._door.close()

    # --- keys -------------------------------------------------------------------------------------------

    def _sell(self, order: Json) -> Pressed:
        opened = self._ask("POST", "/orders", {"place": self._place(int(order.get("surcharge", 0)))})
        number = str(opened["id"])
        for line in order["lines"]:
            self._line(number, line)
        if order.get("discount"):
            self._ask("POST", f"/orders/{number}/discount", {"discount": order["discount"]})
        paid = self._ask(
            "POST",
            f"/orders/{number}/pay",
            {"payments": order["payments"], "kind": int(order.get("kind", 0))},
        )
        if order.get("wait", True):
            self._ask("POST", "/standing")
        return self._of("sell", number, {"change": paid["change"], "state": paid["order"]["state"]})

    def _refund(self, order: Json) -> Pressed:
        body = {"lines": order["lines"]} if "lines" in order else {}
        made = self._ask("POST", f"/orders/{quote(str(order['order']))}/refund", body)
        if order.get("wait", True):
            self._ask("POST", "/standing")
        return self._of("refund", str(made["id"]), {"total": made["total"]})

    def _of(self, key: str, order: str, fields: Json | None = None) -> Pressed:
        """An order as it now stands."""
        known = self._ask("GET", f"/orders/{order}")
        told = {"state": known["state"], "total": known["total"], **(fields or {})}
        try:
            receipt = self._ask("GET", f"/orders/{order}/fiscal")
        except _Refusal:
            return Pressed(key, WAITING, order, fields=told)
        outcome = _OUTCOMES.get(str(receipt.get("state")))
        if outcome is None:
            raise AnswerUnreadable(f"key {key}: a receipt is done, waiting or refused", observed=str(receipt))
        facts = receipt if outcome == DONE else None
        return Pressed(key, outcome, order, facts, str(receipt.get("reason", "")), fields=told | receipt)

    def _paper(self, order: Json) -> Pressed:
        told = self._ask("GET", f"/orders/{quote(str(order['order']))}/paper")
        return Pressed("paper", DONE, str(order["order"]), text=str(told["text"]))

    def _look(self, _: Json) -> Pressed:
        return self._told("look", self._ask("POST", "/standing"))

    def _test_receipt(self, _: Json) -> Pressed:
        told = self._ask("POST", "/test-receipt")
        return Pressed("test-receipt", DONE, str(told.get("order", "")), told, fields=told)

    def _app_answer(self, order: Json) -> Pressed:
        listed = self._ask("GET", f"/orders/{quote(str(order['order']))}/payments")
        waiting = [each for each in listed if each["state"] == "pending"]
        if not waiting:
            raise _Refusal("payment-state", "no payment waits")
        for each in waiting:
            self._ask("POST", f"/payments/{each['id']}/answer", {"confirmed": bool(order["confirmed"])})
        self._ask("POST", "/standing")
        return self._of("app-answer", str(order["order"]))

    @staticmethod
    def _told(key: str, fields: Json) -> Pressed:
        return Pressed(key, DONE, fields=fields)

    # --- goods and places -------------------------------------------------------------------------------

    def _line(self, order: str, line: Json) -> None:
        wanted: Json = {name: line[name] for name in GOODS if name in line}
        given = {
            "product": self._product(wanted),
            "amount": line.get("amount", 1000),
            "label": line.get("label", ""),
        }
        made = self._ask("POST", f"/orders/{order}/lines", given)
        if line.get("discount"):
            place = made["lines"][-1]["id"]
            self._ask("PATCH", f"/orders/{order}/lines/{place}", {"discount": line["discount"]})

    def _product(self, wanted: Json) -> int:
        found = self._ask("GET", f"/products?q={quote(str(wanted['name']))}")
        for each in found:
            if all(each.get(name) == value for name, value in wanted.items()):
                return int(each["id"])
        return int(self._ask("POST", "/products", {"category": "", **wanted})["id"])

    def _place(self, surcharge: int) -> int | None:
        if not surcharge:
            return None
        for each in self._ask("GET", "/places"):
            if each["surcharge"] == surcharge:
                return int(each["id"])
        made = {"name": f"Judge {surcharge}", "kind": "place", "surcharge": surcharge}
        return int(self._ask("POST", "/places", made)["id"])

    # --- asking -----------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        status, told = self._door.ask(method, f"/api{path}", body, self._session())
        if status == 401:
            self._kept.pop("pos-session", None)
            status, told = self._door.ask(method, f"/api{path}", body, self._session())
        if status < 400:
            return told
        error = told.get("error") if isinstance(told, dict) else None
        if not isinstance(error, dict) or not error.get("rule"):
            raise AnswerUnreadable(
                f"{method} {path} answers {status} without error.rule", observed=str(told)[:400]
            )
        rules = [str(each.get("rule")) for each in error.get("fields") or ()]
        words = error.get("text") or {}
        raise _Refusal(" ".join([str(error["rule"]), *rules]), str(words.get("en") or words.get("ru") or ""))

    def _session(self) -> str:
        known = self._kept.get("pos-session")
        if isinstance(known, str):
            return known
        _, people = self._door.ask("GET", "/api/people")
        who = next((each for each in people if each.get("role") == _ADMINISTRATOR), None)
        if who is None:
            raise NotApplicable("nobody at the till is an administrator")
        status, told = self._door.ask("POST", "/api/sessions", {"employee": who["id"], "pin": self._pin})
        if status >= 400 or not isinstance(told, dict) or "session" not in told:
            raise NotApplicable(f"the PIN of {who.get('name')} is not the one given (pin=…): {status}")
        self._kept["pos-session"] = str(told["session"])
        return str(told["session"])
