"""Telling the owner: changes go to his portal in their order, each until it is acknowledged (BX-BRN-02).

What the portal has acknowledged is kept, but only to begin there: it counts itself, and what comes twice
changes nothing at its side. A link that the owner cut is told to the cashier.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from sqlalchemy import bindparam, func, insert, select, update

from reference.pos.shop import tables
from reference.pos.shop.premises import Premises
from reference.pos.way import JSON, HttpWay, Way, WayError
from reference.runtime.chance import secret
from reference.runtime.refusals import RefusedError
from reference.runtime.words import Words

BATCH: Final = 500
CONNECT: Final = 5.0
SILENCE: Final = 20.0
"""Real seconds."""
_ROW: Final = "owner-link"
_CHANGES: Final = tables.Base.metadata.tables[tables.Change.__tablename__]
_NEWEST: Final = select(func.max(_CHANGES.c.n))
_NEXT: Final = (
    select(*(_CHANGES.c[name] for name in ("n", "kind", "key", "made", "body")))
    .where(_CHANGES.c.n > bindparam("n"))
    .order_by(_CHANGES.c.n)
    .limit(BATCH)
)
_SETTINGS: Final = tables.Base.metadata.tables[tables.Setting.__tablename__]
_KEEP: Final = update(_SETTINGS).where(_SETTINGS.c.name == bindparam("row"))
_FIRST: Final = insert(_SETTINGS)
_NO_ANSWER: Final = (WayError, ValueError, LookupError, TypeError, AttributeError)
"""Nothing came, or something of another shape than the portal's."""
_AWAY: Final = Words(
    "Egasi portali javob bermayapti", "Портал владельца не отвечает", "The owner's portal does not answer"
)
_NO_LINK: Final = Words("Kassa ulanmagan", "Касса не привязана", "This point of sale is not linked")


class _Kept(BaseModel):
    """What is remembered of the link."""

    model_config = ConfigDict(extra="ignore")

    identity: str = ""
    key: str = ""
    code: str = ""
    acknowledged: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReportState:
    """Where the reporting stands. `code` is shown as a QR code while the POS waits to be linked."""

    linked: bool
    code: str
    acknowledged: int
    waiting: int
    trouble: str


class Reporter:
    """The way from a shop to its owner's portal at `url`; without one nothing is told."""

    def __init__(self, premises: Premises, url: str, device: str, way: Way | None = None) -> None:
        self._premises = premises
        self._device = device
        self._lock = threading.Lock()
        self._known = (-1, 0)  # the newest change, and how often there had been any
        self._url = url.rstrip("/")
        self._way = way or HttpWay(self._url, CONNECT, SILENCE)

    def state(self) -> ReportState:
        """Where it stands."""
        kept = self._read()
        linked = bool(kept.key) and not kept.code
        waiting = self._newest() - kept.acknowledged
        return ReportState(linked, kept.code, kept.acknowledged, waiting, kept.trouble)

    def offer(self) -> ReportState:
        """Ask to be linked: the code to be shown. RefusedError: the portal does not answer."""
        told = self._post("/api/sync/offers", self._about())
        self._keep(self._read().model_copy(update={"key": told["key"], "code": told["code"], "trouble": ""}))
        return self.state()

    def log_in(self, login: str, password: str) -> ReportState:
        """Link with a branch's POS login. RefusedError: wrong, or the portal does not answer."""
        told = self._post("/api/sync/logins", self._about() | {"login": login, "password": password})
        self._keep(self._read().model_copy(update={"key": told["key"], "code": "", "trouble": ""}))
        return self.state()

    def run(self, most: int = 20) -> ReportState:
        """Tell what waits, up to `most` requests; never raises for a portal in trouble."""
        before = self._read()
        if not self._url or not before.key:
            return self.state()
        kept = before.model_copy()
        for _ in range(most):
            changes = self._next(kept.acknowledged)
            if not changes and not kept.code:
                break
            try:
                answer = self._way.post(
                    "/api/sync/changes",
                    f'{{"changes":[{",".join(text for _, text in changes)}]}}'.encode(),
                    JSON,
                    {"Authorization": f"Bearer {kept.key}"},
                )
                told = json.loads(answer.content)
                if answer.status == 401 and kept.code:
                    break  # shown, and not scanned yet
                if not self._understood(kept, answer.status, told) or not changes:
                    break
            except _NO_ANSWER:
                kept.trouble = _AWAY.uz
                break
            if len(changes) < BATCH and kept.acknowledged == changes[-1][0]:
                break  # what came since goes next time
        if kept != before:
            self._keep(kept, key=before.key)
        return self.state()

    def close(self) -> None:
        """Let go of the connections."""
        self._way.close()

    def _understood(self, kept: _Kept, status: int, told: dict[str, Any]) -> bool:
        """Take an answer into `kept`; whether to go on."""
        if status == 200:
            kept.acknowledged, kept.code, kept.trouble = int(told["acknowledged"]), "", ""
            return True
        error = told.get("error", {})
        if error.get("rule") == "gap":
            # The portal knows best what it has: it may have been put back to an earlier day.
            kept.acknowledged = int(error["wanted"]) - 1
            return True
        kept.trouble = str(error.get("text", {}).get("uz", status))
        if status == 401:
            kept.key = ""
        return False

    def _about(self) -> dict[str, Any]:
        """What this point of sale says of itself; its identity is made once."""
        kept = self._read()
        if not kept.identity:
            kept = kept.model_copy(update={"identity": secret()})
            self._keep(kept)
        return {"device": self._device, "identity": kept.identity, "newest": self._newest()}

    def _newest(self) -> int:
        changes, newest = self._known
        if changes != (now := self._premises.changes):
            newest = int(self._premises.asked(_NEWEST).scalar() or 0)
            self._known = now, newest
        return newest

    def _next(self, acknowledged: int) -> list[tuple[int, str]]:
        """Numbers and JSON of the changes behind the acknowledged ones; their bodies are JSON already."""
        rows = self._premises.asked(_NEXT, {"n": acknowledged})
        return [
            (n, f'{to_json({"n": n, "kind": kind, "key": key, "made": made}).decode()[:-1]},"body":{body}}}')
            for n, kind, key, made, body in rows
        ]

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if not self._url:
            raise RefusedError("link", _NO_LINK)
        try:
            answer = self._way.post(path, json.dumps(body, ensure_ascii=False).encode(), JSON)
            told: dict[str, Any] = json.loads(answer.content)
        except (WayError, ValueError):
            raise RefusedError("away", _AWAY) from None
        if answer.status >= 400:
            text = told["error"]["text"]
            raise RefusedError(told["error"]["rule"], Words(text["uz"], text["ru"], text["en"]))
        return told

    def _read(self) -> _Kept:
        """Not to be changed: it is remembered."""
        found = self._premises.memory.of(_Kept).get(_ROW)
        if found is None:
            with self._lock:
                found = self._remembered()
        return found

    def _remembered(self) -> _Kept:
        known = self._premises.memory.of(_Kept)
        found = known.get(_ROW)
        if found is None:
            with self._premises.looking() as connection:
                text = tables.setting_in(connection, _ROW)
            found = known[_ROW] = _Kept.model_validate_json(text)
        return found

    def _keep(self, kept: _Kept, *, key: str | None = None) -> None:
        """`key`: what was learned under it; nothing of a link that was replaced since is kept."""
        value = {"value": kept.model_dump_json()}
        with self._lock:
            if key is not None and self._remembered().key != key:
                return
            with self._premises.writing() as changed:  # nobody else has this row: all else is remembered on
                known = self._premises.memory.of(_Kept)
                if not changed.execute(_KEEP, {"row": _ROW, **value}).rowcount:
                    changed.execute(_FIRST, {"name": _ROW, **value})
            known[_ROW] = kept
