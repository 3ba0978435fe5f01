"""What happened in a part, numbered: kept in memory for the control API and on disk for whoever looks later.

`record` only takes note; a background thread makes the notes durable, many with one disk sync. Events are for
people and for the judge. What a part must not lose it keeps in its own journal or database.
"""

from __future__ import annotations

import bisect
import enum
import itertools
import json
import math
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from reference.runtime.clock import LabClock, PartClock
from reference.runtime.journal import Journal, JournalError

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_COMPACT_AT = 32 * 1024 * 1024
_GATHERING = 0.25
"""Real seconds that notes wait for others to share their disk sync, unless somebody waits in `flush`."""


class _Batch(NamedTuple):
    """Several events of one kind and one time, as their record on disk: they take the least room so.

    `n` numbers the first, `last` the last of them.
    """

    n: int
    last: int
    payload: bytes


_Noted = dict[str, Any] | _Batch


class EventLog:
    """The last `capacity` events of one part. Safe to use from any thread.

    An event is `{"n", "time", "part", "kind", "data"}`: number from 1, lab time in ISO 8601, and JSON values.
    With `path` None nothing is written to disk.
    """

    def __init__(
        self,
        path: str | Path | None,
        clock: LabClock | PartClock,
        part: str,
        *,
        capacity: int = 20_000,
        compact_at: int = _COMPACT_AT,
    ) -> None:
        """Take up the events of an earlier run at `path`; JournalError when that is not its journal."""
        self.part = part
        self._clock = clock.lab if isinstance(clock, PartClock) else clock
        self._capacity = capacity
        self._ring: deque[_Noted] = deque()
        self._last = 0
        self._changed = threading.Condition()
        self._queue: list[_Noted] = []
        self._durable = 0
        self._wanted = 0
        self._closing = False
        self._closed = False
        self._failure: str | None = None
        self._compact_at = compact_at
        self._next_compaction = compact_at
        self._journal = None if path is None else Journal(path)
        self._writer: threading.Thread | None = None
        if self._journal is not None:
            self._recover(self._journal)
            self._writer = threading.Thread(target=self._write, name=f"events-{part}", daemon=True)
            self._writer.start()

    def record(self, kind: str, /, **data: object) -> int:
        """Note that `kind` happened, with any values (kept as JSON), without waiting for a disk.

        Gives the number of the event.
        """
        safe = {name: json_safe(value) for name, value in data.items()}
        with self._changed:
            # The time is read here, so that later numbers never have earlier times.
            return self._note(kind, safe)

    def record_all(self, kind: str, /, names: Sequence[str], rows: Sequence[str]) -> None:
        """Note several things of one kind at once, at one time: `rows` of values that have these names.

        A row is a JSON array already.
        """
        if not rows:
            return
        with self._changed:
            time = self._clock.now().isoformat()
            head = _encoder.encode({"n": self._last + 1, "time": time, "kind": kind, "names": names})
            payload = f'{head[:-1]},"rows":[{",".join(rows)}]}}'.encode("utf-8", "surrogatepass")
            batch = _Batch(self._last + 1, self._last + len(rows), payload)
            self._last = batch.last
            self._keep(batch)
            self._enqueue(batch)

    def since(self, n: int, limit: int = 100) -> list[dict[str, Any]]:
        """At most `limit` events numbered above `n`, oldest first, of those still kept."""
        with self._changed:
            after = max(n, self._last - self._capacity)
            start = bisect.bisect_right(self._ring, after, key=_last_number)
            wanted = itertools.islice(self._ring, start, None)
            found = list(itertools.takewhile(lambda one: _first_number(one) <= after + limit, wanted))
        return [event for event in self._events(found) if after < event["n"] <= after + limit]

    def last(self, count: int) -> list[dict[str, Any]]:
        """The last `count` events, oldest first."""
        with self._changed:
            newest = self._last
        return self.since(newest - count, count)

    @property
    def number(self) -> int:
        """The number of the newest event, 0 when there is none."""
        return self._last

    def flush(self) -> None:
        """Return when all events recorded before are on disk; JournalError when they cannot be."""
        if self._journal is None:
            return
        with self._changed:
            upto = self._wanted = self._last
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._durable >= upto or self._failure is not None or self._closed)
            if self._durable < upto:
                raise JournalError(self._failure or f"events of {self.part} are closed")

    def close(self) -> None:
        """Bring what was recorded to disk and let go of the file; JournalError when that fails."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._writer is not None:
            self._writer.join()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._journal is not None:
            self._journal.close()
        if self._failure is not None:
            raise JournalError(self._failure)

    def _note(self, kind: str, data: dict[str, Any]) -> int:
        self._last += 1
        event = {
            "n": self._last,
            "time": self._clock.now().isoformat(),
            "part": self.part,
            "kind": kind,
            "data": data,
        }
        self._keep(event)
        self._enqueue(event)
        return self._last

    def _keep(self, noted: _Noted) -> None:
        """Keep in memory what was noted last, and of the rest what is needed for the capacity."""
        ring = self._ring
        ring.append(noted)
        while _last_number(ring[0]) <= self._last - self._capacity:
            ring.popleft()

    def _events(self, noted: Iterable[_Noted]) -> Iterator[dict[str, Any]]:
        """Events by themselves, for the caller to keep."""
        for one in noted:
            if isinstance(one, dict):
                yield dict(one)
                continue
            batch = json.loads(one.payload)
            for n, values in enumerate(batch["rows"], batch["n"]):
                data = dict(zip(batch["names"], values, strict=True))
                yield {"n": n, "time": batch["time"], "part": self.part, "kind": batch["kind"], "data": data}

    def _enqueue(self, noted: _Noted) -> None:
        """Have an event, or several as one record, brought to disk."""
        if self._journal is not None and self._failure is None and not self._closed:
            self._queue.append(noted)
            if len(self._queue) == 1:
                self._changed.notify_all()

    def _recover(self, journal: Journal) -> None:
        for payload in journal.recover():
            noted = json.loads(payload)
            if "rows" in noted:
                self._last = noted["n"] + len(noted["rows"]) - 1
                self._keep(_Batch(noted["n"], self._last, payload))
                continue
            for one in noted if isinstance(noted, list) else (noted,):
                self._last = one["n"]
                self._keep(one)
        self._durable = self._last

    def _write(self) -> None:
        try:
            while self._write_batch():
                pass
        except BaseException as error:
            self._fail(error)
            if not isinstance(error, JournalError):
                raise

    def _write_batch(self) -> bool:
        assert self._journal is not None
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                return False
            self._changed.wait_for(lambda: self._closing or self._wanted > self._durable, _GATHERING)
            batch, self._queue = self._queue, []
            full = self._journal.size >= self._next_compaction
            kept = list(self._ring) if full else None
        self._bring_to_disk(self._journal, batch, kept)
        with self._changed:
            self._durable = _last_number(batch[-1])
            self._changed.notify_all()
        return True

    def _bring_to_disk(
        self,
        journal: Journal,
        batch: Iterable[_Noted],
        kept: Iterable[_Noted] | None,
    ) -> None:
        if kept is not None:  # holds the batch too
            journal.rewrite(_record(one) for one in kept)
            self._next_compaction = max(self._compact_at, 2 * journal.size)
            return
        for noted in batch:
            journal.append(_record(noted))
        journal.commit()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = str(error) or type(error).__name__
            self._queue = []
            self._note("events.failed", {"text": self._failure})
            self._changed.notify_all()


_PLAIN = frozenset({int, str, bool, type(None)})


def json_safe(value: object) -> Any:
    """`value` in JSON terms: bytes as hex, times in ISO 8601, enum members by name, dataclasses as objects.

    What JSON has no word for (and NaN and infinities) becomes its text.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_safe(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Set):
        return sorted((json_safe(item) for item in value), key=str)
    if isinstance(value, Sequence):
        return [json_safe(item) for item in value]
    return str(value)


def _first_number(one: _Noted) -> int:
    return one.n if isinstance(one, _Batch) else int(one["n"])


def _last_number(one: _Noted) -> int:
    return one.last if isinstance(one, _Batch) else int(one["n"])


def _record(one: _Noted) -> bytes:
    """What stands of it on disk."""
    return one.payload if isinstance(one, _Batch) else _encode(one)


def _encode(plain: Mapping[str, Any]) -> bytes:
    return _encoder.encode(plain).encode("utf-8", "surrogatepass")
