"""The judge's owner portal: the sync API that a point of sale reports to (docs/pos.md).

It takes changes as a portal does: numbered from 1 without a gap, what comes twice counts once. `batches` are
the requests as they came, `changes` what was taken of them, each once. A `Turn` says what becomes of the next
request instead.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.drivers.pos_server import PATIENCE, Answer, Asked, Line, PlayedServer, json_answer
from conformance.drivers.wire import Tap
from conformance.verdicts import AnswerMissing
from reference.runtime.clock import real_elapsed

Json = dict[str, Any]
OFFERS: Final = "/api/sync/offers"
LOGINS: Final = "/api/sync/logins"
CHANGES: Final = "/api/sync/changes"


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of one request for changes.

    `status`: refuse with it and `rule`, nothing taken. `line`: what becomes of the connection; the changes
    are taken before it is cut. `most`: take only so many.
    """

    status: int = 200
    rule: str = ""
    line: Line = Line.ANSWERED
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One request for changes: who sent it, the changes, and the status that was answered."""

    key: str
    changes: tuple[Json, ...]
    status: int

    @property
    def numbers(self) -> list[int]:
        """The numbers of its changes."""
        return [int(each["n"]) for each in self.changes]


@dataclass(slots=True)
class _Links:
    """Who may report: keys that are linked, and codes that wait to be scanned."""

    keys: set[str] = field(default_factory=set)
    offers: dict[str, str] = field(default_factory=dict)
    made: int = 0


class OwnerStand(PlayedServer):
    """The portal. `password` is that of the branch's POS login."""

    password: Final = "judge-2026"  # noqa: S105 - of a portal that is played
    login: Final = "POS-JUDGE"

    def __init__(self, tap: Tap, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(self._told, tap, host, port)
        self.batches: list[Batch] = []
        self.changes: list[Json] = []
        self.devices: list[Json] = []
        self._links = _Links()
        self._turns: list[Turn] = []
        self._changed = threading.Condition()

    # --- what a case does -------------------------------------------------------------------------------

    def rest(self) -> None:
        """A portal that has heard nothing from anybody, and knows no link."""
        with self._changed:
            self.batches, self.changes, self.devices = [], [], []
            self._links, self._turns = _Links(made=self._links.made), []

    def turn(self, *turns: Turn) -> None:
        """Requests to come take these, one each."""
        with self._changed:
            self._turns.extend(turns)

    def scan(self) -> str:
        """The owner scans the code that was offered last; the code. AnswerMissing when there is none."""
        with self._changed:
            if not self._links.offers:
                raise AnswerMissing("no point of sale has asked to be linked")
            code, key = list(self._links.offers.items())[-1]
            self._links.keys.add(key)
            return code

    def cut_off(self) -> None:
        """The owner ends every link."""
        with self._changed:
            self._links.keys.clear()

    def lose(self, upto: int) -> None:
        """The portal is put back to a day when it had the changes up to this number."""
        with self._changed:
            self.changes = [each for each in self.changes if int(each["n"]) <= upto]

    # --- looking ----------------------------------------------------------------------------------------

    @property
    def newest(self) -> int:
        """The number of the newest change that was taken."""
        return int(self.changes[-1]["n"]) if self.changes else 0

    def of(self, kind: str, key: str = "") -> list[Json]:
        """Bodies of the changes of a kind that were taken, about one thing or all, in their order."""
        with self._changed:
            return [
                each["body"]
                for each in self.changes
                if each["kind"] == kind and (not key or str(each["key"]) == key)
            ]

    def heard(self, many: int = 1, *, seconds: float = PATIENCE) -> list[Batch]:
        """Requests since `rest`, at least so many; AnswerMissing when they do not come."""
        end = real_elapsed() + seconds
        with self._changed:
            while len(self.batches) < many:
                left = end - real_elapsed()
                if left <= 0:
                    raise AnswerMissing(f"report {many} to the owner's portal did not come")
                self._changed.wait(left)
            return list(self.batches)

    # --- answering --------------------------------------------------------------------------------------

    def _told(self, asked: Asked) -> Answer:
        try:
            body = json.loads(asked.body or b"{}")
        except ValueError:
            return _error(400, "syntax")
        if asked.method != "POST" or not isinstance(body, dict):
            return _error(405 if asked.method != "POST" else 400, "method")
        with self._changed:
            if asked.path == CHANGES:
                answer = self._take(asked.header("authorization").removeprefix("Bearer "), body)
                self._changed.notify_all()
                return answer
            if asked.path == OFFERS:
                self.devices.append(body)
                code, key = self._new("code"), self._new("key")
                self._links.offers[code] = key
                return json_answer(201, {"code": code, "key": key})
            if asked.path == LOGINS:
                return self._log_in(body)
        return _error(404, "unknown")

    def _log_in(self, body: Json) -> Answer:
        self.devices.append(body)
        if (body.get("login"), body.get("password")) != (self.login, self.password):
            return _error(409, "login")
        key = self._new("key")
        self._links.keys.add(key)
        return json_answer(201, {"key": key})

    def _take(self, key: str, body: Json) -> Answer:
        turn = self._turns.pop(0) if self._turns else Turn()
        changes = tuple(body.get("changes") or ())
        answer = self._taken(key, changes, turn)
        self.batches.append(Batch(key, changes, answer.status))
        return answer

    def _taken(self, key: str, changes: tuple[Json, ...], turn: Turn) -> Answer:
        if turn.status != 200:
            return _error(turn.status, turn.rule or "away", turn.line)
        if key not in self._links.keys:
            return _error(401, "stranger")
        for change in changes[: turn.most]:
            number = int(change["n"])
            if number <= self.newest:
                continue
            if number != self.newest + 1:
                return _error(409, "gap", wanted=self.newest + 1)
            self.changes.append(change)
        return json_answer(200, {"acknowledged": self.newest}, turn.line)

    def _new(self, what: str) -> str:
        self._links.made += 1
        return f"judge-{what}-{self._links.made}"


def _error(status: int, rule: str, line: Line = Line.ANSWERED, **more: int) -> Answer:
    words = dict.fromkeys(("uz", "ru", "en"), f"TEST: {rule}")
    return json_answer(status, {"error": {"rule": rule, "text": words, "fields": [], **more}}, line)
