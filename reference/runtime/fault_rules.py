"""What a fault rule says: which point, what happens there, at which hits; and how it is checked when laid."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

CRASH = "crash"

_ACTION = re.compile(r"[a-z][a-z0-9]*([-_.][a-z0-9]+)*")
_IDENTITY = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAX_SECONDS = 100 * 366 * 86_400.0


class FaultRuleError(ValueError):
    """A fault rule cannot be laid. `field` names what is wrong with it, `rule` says what it must be."""

    def __init__(self, field: str, rule: str, found: object) -> None:
        self.field = field
        self.rule = rule
        super().__init__(f"{field}: {rule}, not {found!r}")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Do `action` at `point`, after letting `skip` matching hits through, `count` times (None: always).

    A matching hit counts with `probability`, rolled from `seed`. `match` maps context names (terminal,
    command, …) to globs, compared without regard to case; a hit that lacks one of the names does not match.
    The rule lives for `seconds` of lab time. `delay` (seconds) and `value` say more about the action. `hits`
    and `over` report: how often it has acted, and whether it will never act again.
    """

    id: str
    point: str
    action: str
    skip: int = 0
    count: int | None = 1
    probability: float = 1.0
    seed: int = 0
    match: dict[str, str] = field(default_factory=dict, hash=False)
    seconds: float | None = None
    delay: float = 0.0
    value: str = ""
    hits: int = 0
    over: bool = False

    @classmethod
    def from_fields(
        cls,
        given: Mapping[str, object],
        known: Mapping[str, str],
        actions: Mapping[str, Collection[str]] | None = None,
    ) -> FaultRule:
        """The rule that `given` describes; FaultRuleError names the field and the rule that is broken.

        `known` are the fault points there are; `actions`, where it names the point, the actions it can do.
        """
        for name in given:
            if name not in _CHECKS:
                raise FaultRuleError(
                    name, f"is no field of a fault rule, which has {', '.join(_CHECKS)}", given[name]
                )
        for name in ("id", "point", "action"):
            if name not in given:
                raise FaultRuleError(name, "must be given", None)
        rule = cls(**{name: _CHECKS[name](name, value) for name, value in given.items()})
        if rule.point not in known:
            raise FaultRuleError(
                "point", f"must be one of {', '.join(sorted(known)) or '(no points)'}", rule.point
            )
        possible = actions.get(rule.point) if actions else None
        if possible is not None and rule.action not in {*possible, CRASH}:
            listed = ", ".join(sorted({*possible, CRASH}))
            raise FaultRuleError("action", f"at {rule.point} must be one of {listed}", rule.action)
        return rule


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise FaultRuleError(name, "must be a text", value)
    return value


def _name(name: str, value: object) -> str:
    text = _text(name, value)
    if not text:
        raise FaultRuleError(name, "must not be empty", value)
    return text


def _id(name: str, value: object) -> str:
    text = _text(name, value)
    if not _IDENTITY.fullmatch(text):
        raise FaultRuleError(name, "must be 1 to 64 letters, digits, dots, hyphens or underscores", value)
    return text


def _action(name: str, value: object) -> str:
    text = _text(name, value)
    if not _ACTION.fullmatch(text):
        raise FaultRuleError(name, "must be a word of small letters, digits and hyphens", value)
    return text


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise FaultRuleError(name, "must be a whole number", value)
    return value


def _not_negative(name: str, value: object) -> int:
    if _whole(name, value) < 0:
        raise FaultRuleError(name, "must not be negative", value)
    return _whole(name, value)


def _count(name: str, value: object) -> int | None:
    if value is not None and _whole(name, value) < 1:
        raise FaultRuleError(name, "must be at least 1, or null for always", value)
    return None if value is None else _whole(name, value)


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FaultRuleError(name, "must be a finite number", value)
    if not low <= value <= high:
        raise FaultRuleError(name, f"must lie between {low:g} and {high:g}", value)
    return float(value)


def _probability(name: str, value: object) -> float:
    return _number(name, value, 0, 1)


def _delay(name: str, value: object) -> float:
    return _number(name, value, 0, _MAX_SECONDS)


def _lifetime(name: str, value: object) -> float | None:
    if value is None:
        return None
    seconds = _number(name, value, 0, _MAX_SECONDS)
    if seconds == 0:
        raise FaultRuleError(name, "must be more than 0, or null for no end", value)
    return seconds


def _match(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise FaultRuleError(name, "must map context names to globs", value)
    checked: dict[str, str] = {}
    for key, glob in value.items():
        if not isinstance(key, str) or not isinstance(glob, str):
            raise FaultRuleError(f"{name}.{key}", "must be a text", glob)
        checked[key] = glob
    return checked


_CHECKS: dict[str, Callable[[str, object], Any]] = {
    "id": _id,
    "point": _name,
    "action": _action,
    "skip": _not_negative,
    "count": _count,
    "probability": _probability,
    "seed": _whole,
    "match": _match,
    "seconds": _lifetime,
    "delay": _delay,
    "value": _text,
}
FIELDS = tuple(_CHECKS)
"""What a rule may be given; `hits` and `over` are reported."""
