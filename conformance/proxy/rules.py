"""What a proxy can be ordered to do to traffic, as rules of fault points and as the texts people write.

    drop response when command=TICKET count=1
    delay 90s request when terminal=ZZ* count=always
    cut 10 response when command=CLOSE_SHIFT nth=2
    corrupt 18.0 request probability=0.1 seed=7

A text is ACTION [ARGUMENT] request|response|connect [when] NAME=GLOB … and the fields of `FIELDS`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.proxy.units import Side
from reference.runtime.clock import PartClock
from reference.runtime.duration import parse_duration
from reference.runtime.faults import FaultPoints, FaultRule, FaultRuleError

CONNECT: Final = "proxy.connect"
POINTS: Final = {
    "proxy.request": "a whole request has come from the client",
    "proxy.response": "a whole answer has come from the server",
    CONNECT: "a client has connected; the server does not know yet",
}
ON_UNITS: Final = ("drop", "delay", "hold", "cut", "close", "reset", "corrupt", "duplicate", "reorder")
ACTIONS: Final = {
    "proxy.request": ON_UNITS,
    "proxy.response": ON_UNITS,
    CONNECT: ("refuse", "delay", "hold"),
}
FIELDS: Final = ("nth", "skip", "count", "probability", "seed", "for", "clock")
"""Words of a rule's text that are not names of the wire."""

_CORRUPT: Final = re.compile(r"(-?\d+)(?:\.([0-7])|=([0-9A-Fa-f]{2}))?")


@dataclass(frozen=True, slots=True)
class Corruption:
    """One byte changed: counted from the end when `offset` is negative; a bit turned, or a value set."""

    offset: int
    bit: int | None
    value: int | None

    def of(self, raw: bytes) -> bytes:
        """The bytes with that one changed; unchanged where there is no such byte."""
        place = self.offset if self.offset >= 0 else len(raw) + self.offset
        if not 0 <= place < len(raw):
            return raw
        byte = raw[place] ^ (1 << self.bit) if self.bit is not None else self.value
        return raw[:place] + bytes((byte if byte is not None else raw[place] ^ 0xFF,)) + raw[place + 1 :]


def corruption(value: str) -> Corruption:
    """What `OFFSET` (all bits), `OFFSET.BIT` or `OFFSET=HH` changes; FaultRuleError for anything else."""
    found = _CORRUPT.fullmatch(value)
    if found is None:
        raise FaultRuleError("value", "of corrupt must be OFFSET, OFFSET.BIT or OFFSET=HH", value)
    offset, bit, byte = found.groups()
    return Corruption(int(offset), None if bit is None else int(bit), None if byte is None else int(byte, 16))


def _number(least: int) -> Callable[[FaultRule], None]:
    def check(rule: FaultRule) -> None:
        if rule.value and not (rule.value.isdecimal() and int(rule.value) >= least):
            raise FaultRuleError("value", f"of {rule.action} must be a whole number from {least}", rule.value)

    return check


def _one_of(*words: str) -> Callable[[FaultRule], None]:
    def check(rule: FaultRule) -> None:
        if rule.value not in ("", *words):
            allowed = f"one of {', '.join(words)}" if words else "empty"
            raise FaultRuleError("value", f"of {rule.action} must be {allowed}", rule.value)

    return check


def _delay(rule: FaultRule) -> None:
    _one_of("real")(rule)
    if rule.delay <= 0:
        raise FaultRuleError("delay", "of a delay must be more than 0 seconds", rule.delay)


_CHECKS: Final[Mapping[str, Callable[[FaultRule], object]]] = {
    "drop": _one_of(),
    "close": _one_of(),
    "reset": _one_of(),
    "refuse": _one_of(),
    "delay": _delay,
    "hold": _one_of("real"),
    "cut": _number(0),
    "duplicate": _number(1),
    "reorder": _one_of("wire"),
    "corrupt": lambda rule: corruption(rule.value),
}


class ProxyFaults(FaultPoints):
    """The fault points of a proxy; a rule whose value its action cannot use is refused, and so is one that
    matches a name the wire does not have.
    """

    def __init__(self, clock: PartClock, names: Mapping[str, str]) -> None:
        super().__init__(POINTS, clock, "proxy", ACTIONS)
        self._names = {*names, "line"}

    def add(self, given: FaultRule | None = None, /, **fields: object) -> FaultRule:
        """Lay a rule; FaultRuleError for one that cannot be."""
        rule = FaultRule.from_fields({"id": "new", **fields}, POINTS, ACTIONS) if given is None else given
        if rule.action in _CHECKS:
            _CHECKS[rule.action](rule)
        for name in rule.match:
            if name not in self._names and rule.point != CONNECT:
                raise FaultRuleError(
                    "match", f"has names of this wire: {', '.join(sorted(self._names))}", name
                )
        return super().add(given, **fields)


def parse_rule(text: str) -> dict[str, Any]:
    """Fields of the fault rule that a text describes; FaultRuleError names the word and the rule."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise FaultRuleError("rule", f"must be readable ({error})", text) from None
    fields: dict[str, Any] = {"match": {}}
    places = [*Side, "connect"]
    action, *rest = words or [""]
    argument = rest.pop(0) if rest and rest[0] not in places else ""
    if not rest or rest[0] not in places:
        raise FaultRuleError("rule", f"must be ACTION [ARGUMENT] {'|'.join(places)} …", text)
    fields |= {"action": action, "point": f"proxy.{rest.pop(0)}"}
    _put_argument(fields, action, argument)
    for word in rest[1:] if rest[:1] == ["when"] else rest:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise FaultRuleError("rule", "after the direction has only words NAME=VALUE", word)
        _put_word(fields, name, value)
    return fields


def _put_argument(fields: dict[str, Any], action: str, argument: str) -> None:
    if not argument:
        return
    if action in ("delay", "hold"):
        fields["delay"] = _duration("delay", argument)
    else:
        fields["value"] = argument


def _put_word(fields: dict[str, Any], name: str, value: str) -> None:
    match name:
        case "nth" | "skip":
            fields["skip"] = _whole(name, value, 1 if name == "nth" else 0) - (name == "nth")
        case "count":
            fields["count"] = None if value == "always" else _whole(name, value, 1)
        case "seed":
            fields["seed"] = _whole(name, value, 0)
        case "probability":
            try:
                fields["probability"] = float(value)
            except ValueError:
                raise FaultRuleError(name, "must be a number from 0 to 1", value) from None
        case "for":
            fields["seconds"] = _duration(name, value)
        case "clock":
            if value not in ("lab", "real"):
                raise FaultRuleError(name, "must be lab or real", value)
            if value == "real":
                fields["value"] = value
        case _:
            fields["match"][name] = value


def _whole(name: str, value: str, least: int) -> int:
    if not value.isdecimal() or int(value) < least:
        raise FaultRuleError(name, f"must be a whole number from {least}", value)
    return int(value)


def _duration(name: str, value: str) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise FaultRuleError(name, f"must be a duration such as 90s or 2h ({error})", value) from None
