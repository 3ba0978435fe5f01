"""Keys of a point of sale that only a person can press: the judge says what to do and asks what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from conformance.drivers.kz_person import console
from conformance.drivers.pos_keys import DONE, REFUSED, WAITING, Json, Pressed
from conformance.verdicts import Inconclusive, NotApplicable

Ask = Callable[[str], str]
_KEYS: Final = {
    "sell": "sell",
    "refund": "give back of order {order}",
    "order": "look at order {order}",
    "close-shift": "close the shift (Z-report)",
    "test-receipt": "make the test receipt of the settings",
}
_OUTCOMES: Final = {"d": DONE, "w": WAITING, "r": REFUSED}
_ENOUGH: Final = 3
"""How often a question is put before the answer counts as none."""


class PersonKeys:
    """Keys pressed by a person: `ask` shows a sentence and gives what was typed (default: the console)."""

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask or console

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Have a person press the key and tell the outcome; NotApplicable when there is no such key."""
        if key == "look":
            return self._look()
        if key not in _KEYS:
            raise NotApplicable(f"a person is not asked for the key {key}")
        self._ask(f"Please {_told(key, order)}. Press Enter when it is done.")
        outcome = self._outcome()
        if outcome == REFUSED:
            return Pressed(key, outcome, why=self._ask("What does it say? ").strip())
        number = self._ask("Which order number does it show? [Enter if none] ").strip()
        if outcome == WAITING:
            return Pressed(key, outcome, number)
        return Pressed(key, outcome, number, self._receipt())

    def close(self) -> None:
        """Nothing is held open."""

    def _receipt(self) -> Json:
        number = self._ask("Number of the fiscal receipt on the paper? [Enter if none] ").strip()
        sign = self._ask("Fiscal sign on the paper? [Enter if none] ").strip()
        return {"number": int(number) if number.isdecimal() else None, "sign": sign}

    def _look(self) -> Pressed:
        reachable = self._yes("Does it show that the fiscal service works? [y/n] ")
        fields: Json = {"drive": {"reachable": reachable}}
        unsent = self._ask(
            "How many unsent receipts does it show? [number, Enter if it does not say] "
        ).strip()
        if unsent.isdecimal():
            fields["drive"]["unsent"] = int(unsent)
        return Pressed("look", DONE, fields=fields)

    def _outcome(self) -> str:
        for _ in range(_ENOUGH):
            answer = self._ask(
                "Was it done, is it waiting for its receipt, or refused? [d/w/r, - if there is no such key] "
            )
            answer = answer.strip().lower()
            if answer == "-":
                raise NotApplicable("the point of sale has no such key")
            if answer in _OUTCOMES:
                return _OUTCOMES[answer]
        raise Inconclusive("no answer to what became of the key")

    def _yes(self, question: str) -> bool:
        for _ in range(_ENOUGH):
            answer = self._ask(question).strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
        raise Inconclusive(f"no answer to: {question}")


def _told(key: str, order: Mapping[str, Any]) -> str:
    """The order as a sentence, sums in so'm."""
    words = _KEYS[key].format(order=order.get("order", ""))
    if key != "sell":
        back = [f"{each['amount'] / 1000:g} of line {each['line'] + 1}" for each in order.get("lines", ())]
        return ": ".join(filter(None, (words, ", ".join(back))))
    lines = [
        f"{line.get('amount', 1000) / 1000:g} × {line['name']} at {_money(line['price'])}"
        + (f" less {_money(line['discount'])}" if line.get("discount") else "")
        + (f", marking code {line['label']}" if line.get("label") else "")
        for line in order["lines"]
    ]
    paid = [f"{each['kind']} {_money(each['amount'])}" for each in order["payments"]]
    off = f"; discount on all of it {_money(order['discount'])}" if order.get("discount") else ""
    return f"{words}: {', '.join(lines)}{off}; paid by {', '.join(paid)}"


def _money(tiyin: int) -> str:
    return f"{tiyin // 100}.{tiyin % 100:02d}"
