"""Archives that were asked for: made by one thread, kept for a while, sent as often as wanted (KZ-ARC-01…03).

The file of an archive only grows, so it is sent while it is being made; once it is whole a broken download is
taken up again (`Range`, with the key as ETag).
"""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import structlog

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.kz.registry import profile_from_text
from ofd_mock.portal import tables
from ofd_mock.portal.archive.lists import check_owner
from ofd_mock.portal.archive.packing import FORMATS, Progress, StoppedError, Work, pack
from ofd_mock.portal.archive.shelf import (
    FAILED,
    READY,
    UNFINISHED,
    WAITING,
    WORKING,
    ArchiveView,
    Entry,
    Shelf,
)
from ofd_mock.portal.archive.spans import Filter, Span, span_of
from ofd_mock.portal.archive.tables import TABLES
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.forms import NOT_LISTED
from ofd_mock.portal.moments import moment_of, shown, written
from ofd_mock.portal.office import Office
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.results import Texts
from reference.runtime.chance import secret

DEFAULT_FORMATS: Final = ("json", "csv", "xlsx")
_CHUNK: Final = 1 << 16
_LOOK_SECONDS: Final = 0.5
_MOST_FOLLOWERS: Final = 4
"""Downloads of unfinished archives at once: each keeps a thread of the server."""
_TOO_MANY: Final = Texts(
    "Дождитесь, пока будут готовы заказанные архивы",
    "Тапсырыс берілген мұрағаттар дайын болғанша күтіңіз",
    "Wait until the archives you asked for are ready",
)
_NOT_READY: Final = Texts("Архив еще готовится", "Мұрағат әлі дайындалуда", "The archive is still being made")
_GONE: Final = Texts(
    "Архив не собран, закажите его снова",
    "Мұрағат жиналмады, қайта тапсырыс беріңіз",
    "The archive was not finished, ask for it again",
)
_log = structlog.get_logger("portal.archives")


@dataclass(slots=True)
class _Job:
    entry: Entry
    span: Span
    about: dict[str, Any]
    progress: Progress
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """What is sent: a whole file, or (`whole` False) one that still grows, as `chunks` gives it."""

    path: Path
    name: str
    key: str
    finished: datetime | None
    whole: bool
    chunks: Iterator[bytes]


class ArchiveStore:
    """The desk for downloads of one portal."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._shelf = Shelf(office)
        self._jobs: dict[str, _Job] = {}
        self._queue: deque[str] = deque()
        self._worker: threading.Thread | None = None
        self._followers = 0
        self._ending = False

    # --- asking and looking --------------------------------------------------------------------------------

    def order(
        self, visitor: Visitor, card: int, table: str, formats: Sequence[str], wanted: Filter
    ) -> ArchiveView:
        """Have an archive made. InvalidError: there is no such; RefusedError: too many are waiting."""
        wanted.check()
        chosen = tuple(dict.fromkeys(formats)) or DEFAULT_FORMATS
        wrong = [FieldFinding("table", "listed", NOT_LISTED)] if table not in TABLES else []
        wrong += [FieldFinding("formats", "listed", NOT_LISTED)] if not set(chosen) <= set(FORMATS) else []
        if wrong:
            raise InvalidError(wrong)
        asked = wanted if TABLES[table].filtered else Filter()
        span, about = self._facts(visitor, card, asked)
        entry = Entry(
            secret(16),
            visitor.organisation,
            card,
            table,
            chosen,
            "" if asked.first is None else asked.first.isoformat(),
            "" if asked.last is None else asked.last.isoformat(),
            asked.shift,
            WAITING,
            written(self._office.now),
        )
        total = None if span.documents is None else span.documents * len(chosen)
        with self._lock:
            self._make_room(visitor.organisation)
            job = _Job(entry, span, about, Progress(total))
            self._shelf.keep(entry)
            self._jobs[entry.key] = job
            self._queue.append(entry.key)
            self._start()
            self._changed.notify_all()
            return self._view(entry)

    def all(self, visitor: Visitor, card: int) -> list[ArchiveView]:
        """Archives of a register, newest first."""
        self._check(visitor, card)
        with self._lock:
            self._shelf.sweep()
            found = [self._view(one) for one in self._shelf if one.card == card]
        return sorted(found, key=lambda one: one.made, reverse=True)

    def one(self, visitor: Visitor, card: int, key: str) -> ArchiveView:
        """One of them; UnknownError if there is none of this key."""
        with self._lock:
            return self._view(self._entry(visitor, card, key))

    def remove(self, visitor: Visitor, card: int, key: str) -> None:
        """Throw one away, whatever its state."""
        with self._lock:
            self._forget(self._entry(visitor, card, key))

    def download(self, visitor: Visitor, card: int, key: str) -> Download:
        """Its file; RefusedError when it failed, or when too many follow unfinished ones."""
        with self._lock:
            entry = self._entry(visitor, card, key)
            if entry.state == FAILED:
                raise RefusedError("failed", _GONE)
            whole = entry.state == READY
            if not whole and self._followers >= _MOST_FOLLOWERS:
                raise RefusedError("ready", _NOT_READY)
            path = self._shelf.file(key)
            path.touch()
        finished = moment_of(entry.finished) if entry.finished else None
        name = f"{entry.table}-{entry.card}.zip"
        return Download(path, name, key, finished, whole, self._following(key, path))

    # --- the life of the store -----------------------------------------------------------------------------

    def close(self) -> None:
        """Stop working; what is not finished will be told as failed."""
        with self._lock:
            self._ending = True
            for job in self._jobs.values():
                job.stopped = True
            self._changed.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join()

    def wipe(self) -> None:
        """Throw everything away."""
        with self._lock:
            for entry in self._shelf:
                self._forget(entry)

    # --- inside --------------------------------------------------------------------------------------------

    def _facts(self, visitor: Visitor, card: int, wanted: Filter) -> tuple[Span, dict[str, Any]]:
        """What is to be packed, and whose it is."""
        with self._office.reading() as session:
            connection = session.connection()
            check_owner(connection, visitor, card)
            span = span_of(connection, card, wanted)
            devices = ledger_tables.devices.c
            profile = connection.execute(sa.select(devices.profile).where(devices.id == card)).scalar_one()
            name = session.get_one(tables.Card, card).name
        registration = profile_from_text(profile).registration
        register = {"id": card, "name": name, "rnm": registration.rnm, "serial": registration.serial}
        return span, {
            "organisation": {"name": registration.org_title, "number": registration.org_inn},
            "register": register,
            "contiguous": span.exact,
            "filter": {
                "first": None if wanted.first is None else wanted.first.isoformat(),
                "last": None if wanted.last is None else wanted.last.isoformat(),
                "shift": wanted.shift,
            },
        }

    def _check(self, visitor: Visitor, card: int) -> None:
        with self._office.reading() as session:
            check_owner(session.connection(), visitor, card)

    def _entry(self, visitor: Visitor, card: int, key: str) -> Entry:
        self._check(visitor, card)
        self._shelf.sweep()
        entry = self._shelf.get(key)
        if entry is None or entry.card != card or entry.organisation != visitor.organisation:
            raise UnknownError
        return entry

    def _view(self, entry: Entry) -> ArchiveView:
        job = self._jobs.get(entry.key)
        done, total = (entry.rows, entry.rows) if job is None else (job.progress.done, job.progress.total)
        until = ""
        if entry.finished:
            until = shown(moment_of(entry.finished) + self._shelf.kept_for)
        known = {name: getattr(entry, name) for name in ("key", "card", "table", "formats", "first", "last")}
        return ArchiveView(
            **known,
            shift=entry.shift,
            state=entry.state,
            done=done,
            total=total,
            rows=entry.rows,
            size=entry.size,
            made=shown(entry.made),
            until=until,
            text=_GONE if entry.state == FAILED else None,
        )

    def _forget(self, entry: Entry) -> None:
        job = self._jobs.get(entry.key)
        if job is not None:
            job.stopped = True
        self._shelf.forget(entry.key)

    def _make_room(self, organisation: int) -> None:
        """RefusedError when too many wait; the oldest finished one goes for a new one."""
        self._shelf.sweep()
        settings = self._office.settings
        mine = [one for one in self._shelf if one.organisation == organisation]
        if sum(one.state in UNFINISHED for one in mine) >= settings.archives_at_once:
            raise RefusedError("limit", _TOO_MANY)
        finished = sorted((one for one in mine if one.finished), key=lambda one: one.finished)
        for one in finished[: max(0, len(mine) + 1 - settings.archives_kept)]:
            self._forget(one)

    # --- the thread that makes them ------------------------------------------------------------------------

    def _start(self) -> None:
        if self._worker is None and not self._ending:
            self._worker = threading.Thread(target=self._run, name="portal-archives", daemon=True)
            self._worker.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._queue and not self._ending:
                    self._changed.wait()
                if self._ending:
                    return
                job = self._jobs[self._queue.popleft()]
                if job.stopped:
                    del self._jobs[job.entry.key]
                    continue
                job.entry = replace(job.entry, state=WORKING)
                self._shelf.keep(job.entry)
            finished = self._made(job)
            with self._lock:
                del self._jobs[job.entry.key]
                if finished is not None:
                    self._shelf.keep(finished)
                self._changed.notify_all()

    def _made(self, job: _Job) -> Entry | None:
        """The archive made, or that it failed; None if nobody wants it any longer."""
        entry, path = job.entry, self._shelf.file(job.entry.key)
        made = to_almaty(moment_of(entry.made))
        work = Work(TABLES[entry.table], job.span, entry.card, entry.formats, job.about, made)
        job.progress.stopped = lambda: job.stopped
        try:
            with path.open("wb", buffering=1 << 18) as target, tempfile.TemporaryFile() as scratch:

                def told() -> None:
                    target.flush()
                    with self._changed:
                        self._changed.notify_all()

                job.progress.told = told
                totals = pack(work, self._office.reading, target, scratch, job.progress)
        except StoppedError:
            if self._shelf.get(entry.key) is None:
                path.unlink(missing_ok=True)
            return None
        except Exception as error:  # noqa: BLE001 - the thread must live on to make the others
            _log.error("an archive failed", card=entry.card, table=entry.table, exc_info=error)
            path.unlink(missing_ok=True)
            return replace(entry, state=FAILED, finished=written(self._office.now))
        size, rows = path.stat().st_size, totals.rows
        return replace(entry, state=READY, finished=written(self._office.now), rows=rows, size=size)

    def _following(self, key: str, path: Path) -> Iterator[bytes]:
        """The bytes of an archive as they come; OSError breaks the download off if it is not finished."""
        with self._lock:
            self._followers += 1
        try:
            with path.open("rb") as file:
                while True:
                    state = self._state(key)
                    chunk = file.read(_CHUNK)
                    if chunk:
                        yield chunk
                    elif state == READY:
                        return
                    elif state not in UNFINISHED or self._ending:
                        raise OSError("the archive was not finished")
                    else:
                        with self._changed:
                            self._changed.wait(_LOOK_SECONDS)
        finally:
            with self._lock:
                self._followers -= 1

    def _state(self, key: str) -> str:
        with self._lock:
            entry = self._shelf.get(key)
            return FAILED if entry is None else entry.state
