"""The shelf that archives stand on: `<key>.zip` and beside it `<key>.json`, what is known of it.

What a process did not finish is told as failed by the next one. Nothing here locks: that is the store's.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from ofd_mock.portal.moments import moment_of, written
from ofd_mock.portal.office import Office
from reference.protocol.kz.results import Texts

FOLDER: Final = "archives"
WAITING, WORKING, READY, FAILED = "waiting", "working", "ready", "failed"
UNFINISHED: Final = (WAITING, WORKING)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of an archive; it stands in a file beside it. Moments as in the portal's tables."""

    key: str
    organisation: int
    card: int
    table: str
    formats: tuple[str, ...]
    first: str
    last: str
    shift: int | None
    state: str
    made: str
    finished: str = ""
    rows: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """An archive as its owner sees it: `done` of `total` rows of all its files, None while nobody knows.

    `until` is when it is removed; `text` what to say of a failed one.
    """

    key: str
    card: int
    table: str
    formats: tuple[str, ...]
    first: str
    last: str
    shift: int | None
    state: str
    done: int
    total: int | None
    rows: int
    size: int
    made: str
    until: str
    text: Texts | None


class Shelf:
    """All archives of one portal, read from its folder when it is first asked for."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._entries: dict[str, Entry] | None = None
        self._folder: Path | None = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._known().values()))

    def get(self, key: str) -> Entry | None:
        """The archive of a key."""
        return self._known().get(key)

    def keep(self, entry: Entry) -> None:
        """Write down what is known of an archive."""
        self._known()[entry.key] = entry
        path = self._path(entry.key, ".json")
        half = path.with_suffix(".new")
        half.write_text(json.dumps(asdict(entry)), encoding="utf-8")
        half.replace(path)

    def forget(self, key: str) -> None:
        """Throw an archive away, its file too."""
        self._known().pop(key, None)
        for ending in (".zip", ".json"):
            self._path(key, ending).unlink(missing_ok=True)

    def file(self, key: str) -> Path:
        """Where its file is, or will be."""
        return self._path(key, ".zip")

    @property
    def kept_for(self) -> timedelta:
        """How long a finished archive stays."""
        return timedelta(seconds=self._office.settings.archive_keep_seconds)

    def sweep(self) -> None:
        """Throw away what has been kept long enough."""
        oldest = self._office.now - self.kept_for
        for entry in self:
            if entry.finished and moment_of(entry.finished) <= oldest:
                self.forget(entry.key)

    def _known(self) -> dict[str, Entry]:
        if self._entries is None:
            self._entries = {}
            for path in sorted(self._place().glob("*.json")):
                known = json.loads(path.read_text(encoding="utf-8"))
                entry = Entry(**known | {"formats": tuple(known["formats"])})
                if entry.state in UNFINISHED:
                    self.file(entry.key).unlink(missing_ok=True)
                    entry = replace(entry, state=FAILED, finished=written(self._office.now))
                self.keep(entry)
        return self._entries

    def _place(self) -> Path:
        if self._folder is None:
            base = self._office.folder
            self._folder = Path(tempfile.mkdtemp(prefix="kassalab-")) if base is None else base / FOLDER
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def _path(self, key: str, ending: str) -> Path:
        return self._place() / f"{key}{ending}"
