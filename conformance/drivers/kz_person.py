"""Keys of a register that only a person can press: the judge says what to do and asks what happened."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from conformance.drivers.kz_keys import OUTCOMES, Json, Pressed, State
from conformance.verdicts import Inconclusive, NotApplicable

Ask = Callable[[str], str]
_KEYS: Final = {
    "token": "type in the token {token}",
    "info": "ask the OFD for information (INFO)",
    "sell": "sell",
    "buy": "buy",
    "sell-return": "take back a sale",
    "buy-return": "give back a purchase",
    "deposit": "put {sum} into the drawer",
    "withdraw": "take {sum} out of the drawer",
    "x": "print an X report",
    "z": "close the shift (Z report)",
    "nomenclature": "load the list of goods",
    "remove-head": "remove the refused message",
    "service-reset": "do the service reset",
    "address": "set the OFD's address to {server}",
    "pulse": "wait until the register is idle",
}
_OUTCOME_WORDS: Final = {"d": "done", "q": "queued", "r": "refused", **{word: word for word in OUTCOMES}}
_SUM: Final = re.compile(r"([0-9]+)(?:\.([0-9]{2}))?")
_ENOUGH: Final = 3
"""How often a question is put before the answer counts as none."""


class PersonKeys:
    """Keys pressed by a person: `ask` shows a sentence and returns what was typed (default: the console)."""

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask or console

    def press(self, key: str, order: Mapping[str, Any]) -> Pressed:
        """Have a person press the key and tell the outcome; NotApplicable when there is no such key."""
        if key not in _KEYS:
            raise NotApplicable(f"a person is not asked for the key {key}")
        self._ask(f"Please {_told(key, order)}. Press Enter when it is done.")
        outcome = self._one_of(
            "Was it done, queued (autonomous) or refused? [d/q/r, - if there is no such key]"
        )
        code = self._number("Which result code does it show? [number, Enter if none]")
        text = self._ask("What text does it show? [Enter if none] ").strip()
        document = self._document() if outcome != "refused" else None
        return Pressed(key, outcome, self._mode(), code, "" if code is not None else text, text, document)

    def state(self) -> State:
        """The mode alone: all that a display tells."""
        mode = self._mode()
        if not mode:
            raise NotApplicable("the register does not tell its mode")
        return State({"mode": mode})

    def documents(self, after: int, limit: int) -> list[Json]:  # noqa: ARG002 - of the protocol
        """A person does not copy a journal."""
        raise NotApplicable("a person is not asked for the list of documents")

    def tape(self, number: int, width: int) -> str:  # noqa: ARG002 - the paper is as wide as it is
        """The lines of a printed document, typed in; an empty line ends them."""
        lines: list[str] = []
        while line := self._ask(f"Line {len(lines) + 1} of document {number} [Enter: no more] ").rstrip():
            lines.append(line)
        return "\n".join(lines)

    def close(self) -> None:
        """Nothing is held open."""

    def _document(self) -> Json:
        sign = self._ask("Fiscal sign on the paper? [Enter if none] ").strip()
        total = self._ask("Which total? [e.g. 100.00, Enter if none] ").strip().replace(",", ".")
        autonomous = self._yes("Does the paper say that it is autonomous? [y/n]")
        return {"sign": sign, "autonomous": autonomous, **_tiyn(total)}

    def _mode(self) -> str:
        return (
            self._ask("Which mode does it show? [e.g. ONLINE, OFFLINE; Enter if it does not say] ")
            .strip()
            .upper()
        )

    def _one_of(self, question: str) -> str:
        for _ in range(_ENOUGH):
            answer = self._ask(f"{question} ").strip().lower()
            if answer == "-":
                raise NotApplicable("the register has no such key")
            if answer in _OUTCOME_WORDS:
                return _OUTCOME_WORDS[answer]
        raise Inconclusive(f"no answer to: {question}")

    def _number(self, question: str) -> int | None:
        for _ in range(_ENOUGH):
            answer = self._ask(f"{question} ").strip()
            if not answer:
                return None
            if answer.isdecimal():
                return int(answer)
        raise Inconclusive(f"no answer to: {question}")

    def _yes(self, question: str) -> bool:
        for _ in range(_ENOUGH):
            answer = self._ask(f"{question} ").strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
        raise Inconclusive(f"no answer to: {question}")


def _told(key: str, order: Mapping[str, Any]) -> str:
    """The order as a sentence, sums in tenge."""
    words = _KEYS[key].format_map(
        {name: _money(value) if name == "sum" else value for name, value in order.items()}
    )
    items = [
        f"{item.get('quantity', '1')} × {item['name']} at {_money(item['price'])}"
        + (" (storno)" if item.get("storno") else "")
        for item in order.get("items", ())
    ]
    paid = [f"{payment['type']} {_money(payment['sum'])}" for payment in order.get("payments", ())]
    parts = [", ".join(items), f"paid by {', '.join(paid)}" if paid else ""]
    parts += [f"{name} {_money(order[name])}" for name in ("taken", "discount", "markup") if name in order]
    if order.get("withdraw"):
        parts.append("and take the money out")
    return ": ".join(filter(None, (words, "; ".join(filter(None, parts)))))


def _tiyn(text: str) -> dict[str, int]:
    """A sum typed in tenge as the document's total; nothing for what is no sum."""
    found = _SUM.fullmatch(text)
    return {"total": int(found[1]) * 100 + int(found[2] or 0)} if found else {}


def _money(tiyn: int) -> str:
    return f"{tiyn // 100}.{tiyn % 100:02d}"


def console(question: str) -> str:
    """Ask on the terminal; Inconclusive at the end of its input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise Inconclusive("nobody answers at the console")
    return line.rstrip("\n")
