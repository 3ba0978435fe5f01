"""Fault points: named places in a part where the lab can make something go wrong.

The part calls `hit` wherever it offers a fault; with no rule laid there that is one dictionary look-up. What
a rule's action means is for the part to do (drop, delay, sw, …); only `crash` is done here, because nothing
may run after it.
"""

from __future__ import annotations

import fnmatch
import os
import random
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.fault_rules import CRASH, FIELDS, FaultRule, FaultRuleError

__all__ = ["CRASH_STATUS", "FaultPoints", "FaultRule", "FaultRuleError"]

CRASH_STATUS = 137  # what a shell shows for a process ended by SIGKILL


class FaultPoints:
    """The fault points of the part `name` and the rules laid on them. Safe to use from any thread.

    `known` describes every point; `actions` may list what each point can do, so that a misspelt action is
    refused.
    """

    def __init__(
        self,
        known: Mapping[str, str],
        clock: PartClock,
        name: str,
        actions: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.known = dict(known)
        self.clock = clock
        self.name = name
        self._actions = actions
        self._lock = threading.Lock()
        self._laid: dict[str, _Laid] = {}
        self._live: dict[str, tuple[_Laid, ...]] = dict.fromkeys(known, ())
        self._numbers = 0

    def add(self, given: FaultRule | None = None, /, **fields: object) -> FaultRule:
        """Lay a rule, from its fields (without `id` it gets the next free number) or as it is.

        Raises FaultRuleError, with the field and the rule, for anything that cannot be; an unknown point is
        answered with the known ones.
        """
        if given is not None:
            fields = {name: getattr(given, name) for name in FIELDS} | fields
        with self._lock:
            if "id" not in fields:
                fields["id"] = self._free_id()
            rule = FaultRule.from_fields(fields, self.known, self._actions)
            if rule.id in self._laid:
                raise FaultRuleError("id", "must not be in use", rule.id)
            lab = self.clock.lab
            end_ns = None if rule.seconds is None else lab.now_ns() + round(rule.seconds * 1e9)
            rng = generator(rule.seed, f"fault {rule.point} {rule.action}")
            globs = {key: re.compile(fnmatch.translate(glob.lower())) for key, glob in rule.match.items()}
            laid = _Laid(rule, globs, rng, lab, end_ns)
            self._laid[rule.id] = laid
            self._live[rule.point] += (laid,)
        return rule

    def remove(self, rule_id: str) -> None:
        """Take one rule away; KeyError when there is none of that id."""
        with self._lock:
            laid = self._laid.pop(rule_id)
            self._retire(laid)

    def clear(self) -> None:
        """Take all rules away."""
        with self._lock:
            self._laid.clear()
            self._live = dict.fromkeys(self.known, ())

    def rules(self) -> list[FaultRule]:
        """The rules not taken away yet, oldest first, with their hits so far, those that are over too."""
        with self._lock:
            return [laid.report() for laid in self._laid.values()]

    def armed(self, point: str) -> bool:
        """Whether any rule may act at `point`: spares busy places the making of a context for `hit`."""
        return bool(self._live[point])

    def hit(self, point: str, /, **context: str) -> FaultRule | None:
        """What is to go wrong at `point` now: the oldest rule that matches `context` and acts, else None.

        Ends the process at once for the action `crash`. KeyError for a point that is not in the table.
        """
        if not self._live[point]:
            return None
        with self._lock:
            rule = self._first_to_act(point, context)
        if rule is not None and rule.action == CRASH:
            os._exit(CRASH_STATUS)
        return rule

    def _first_to_act(self, point: str, context: Mapping[str, str]) -> FaultRule | None:
        for laid in self._live[point]:
            if laid.over():
                self._retire(laid)
            elif laid.matches(context) and laid.acts():
                if laid.over():
                    self._retire(laid)
                return laid.report()
        return None

    def _retire(self, laid: _Laid) -> None:
        point = laid.rule.point
        self._live[point] = tuple(other for other in self._live[point] if other is not laid)

    def _free_id(self) -> str:
        self._numbers += 1
        while str(self._numbers) in self._laid:
            self._numbers += 1
        return str(self._numbers)


@dataclass(slots=True, eq=False)
class _Laid:
    """A rule at work: what it has seen and done so far."""

    rule: FaultRule
    globs: dict[str, re.Pattern[str]]
    rng: random.Random
    lab: LabClock
    end_ns: int | None
    seen: int = 0
    hits: int = 0

    def matches(self, context: Mapping[str, str]) -> bool:
        shown = {key: str(value).lower() for key, value in context.items()}
        return all(key in shown and glob.match(shown[key]) for key, glob in self.globs.items())

    def acts(self) -> bool:
        self.seen += 1
        if self.seen <= self.rule.skip:
            return False
        if self.rule.probability < 1 and self.rng.random() >= self.rule.probability:
            return False
        self.hits += 1
        return True

    def over(self) -> bool:
        if self.rule.count is not None and self.hits >= self.rule.count:
            return True
        return self.end_ns is not None and self.lab.now_ns() >= self.end_ns

    def report(self) -> FaultRule:
        return replace(self.rule, hits=self.hits, over=self.over())
