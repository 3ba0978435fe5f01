"""Where the register's memory is durable: one journal, compacted, and segments of older documents.

`keep` returns when the change is on disk: before that nothing is sent and nothing printed (kz-ofd OQ-14).
The journal holds the memory, the queue and the newest documents; when it has grown, older documents move to
a segment of their own, which is opened only when somebody asks for one of them. So the register starts as
fast after years as on its first day.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from reference.kkm.memory import Memory
from reference.kkm.records import (
    changes,
    document_from_json,
    document_to_json,
    packet_to_json,
    queue_changes,
    with_changes,
    with_queue_changes,
)
from reference.kkm.values import PrintedDocument
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import Journal, JournalError

JOURNAL_NAME: Final = "register.journal"
_SEGMENT: Final = "documents-{:010d}-{:010d}.journal"
_COMPACT_AT: Final = 4 * 1024 * 1024
_CHUNK: Final = 100


class Store:
    """The durable memory of one register. Not safe to use from several threads at once."""

    def __init__(self, folder: Path, faults: FaultPoints, version: int, documents_kept: int = 2000) -> None:
        """Take up what the folder holds; JournalError when the journal is damaged or in use."""
        self._folder = folder
        self._faults = faults
        self._version = version
        self._kept = documents_kept
        self._documents: dict[int, PrintedDocument] = {}
        self._durable: Memory | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(folder / JOURNAL_NAME, faults, reserve=64 * 1024)
        self._recover()
        self._compact_at = max(_COMPACT_AT, 2 * self._journal.size)

    @property
    def memory(self) -> Memory | None:
        """What was kept last; None in a new folder."""
        return self._durable

    def keep(self, memory: Memory, documents: Sequence[PrintedDocument] = (), step: str = "") -> None:
        """Make the change durable; JournalError when that cannot be said, after which nothing is kept."""
        record = self._record(memory, documents)
        if not record:
            return
        self._faulty("register.before-store", step)
        self._journal.append(_encode(record))
        self._journal.commit()
        self._durable = memory
        for document in documents:
            self._documents[document.number] = document
        self._faulty("register.after-store", step)
        if self._journal.size >= self._compact_at:
            with contextlib.suppress(JournalError):  # what was kept is kept; the old journal goes on
                self._compact_at = 2 * self._journal.size
                self.compact()

    def document(self, number: int) -> PrintedDocument:
        """Return a document, out of its segment if it is old; KeyError if there is none."""
        if number in self._documents:
            return self._documents[number]
        for first, last, path in self._segments():
            if first <= number <= last:
                return self._read_segment(path)[number]
        raise KeyError(number)

    def documents(self, after: int, limit: int) -> list[PrintedDocument]:
        """Return documents with numbers above `after`, oldest first."""
        found: dict[int, PrintedDocument] = {}
        for _first, last, path in self._segments():
            if last > after and len(found) < limit:
                found |= {n: one for n, one in self._read_segment(path).items() if n > after}
        if len(found) < limit:
            found |= {n: one for n, one in self._documents.items() if n > after}
        return [found[number] for number in sorted(found)[: max(0, limit)]]

    def compact(self) -> None:
        """Rewrite the journal with what is needed to start; move older documents to a segment."""
        memory = self._durable
        if memory is None:
            return
        waiting = {packet.number for packet in memory.queue}
        if memory.in_flight is not None:
            waiting.add(memory.in_flight.number)
        numbers = sorted(self._documents)
        end = max(0, len(numbers) - self._kept)
        if waiting:
            end = min(end, bisect_left(numbers, min(waiting)))
        if end:
            self._write_segment(numbers[:end])
        kept = {number: self._documents[number] for number in numbers[end:]}
        self._journal.rewrite(_encode(record) for record in self._whole(memory, kept.values()))
        self._documents = kept
        self._compact_at = max(_COMPACT_AT, 2 * self._journal.size)

    def copy_to(self, folder: Path) -> None:
        """Copy all files into an empty folder; nothing may be kept meanwhile."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.glob("*.journal")):
            if path.name == JOURNAL_NAME or path.name.startswith("documents-"):
                shutil.copyfile(path, folder / path.name)

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def _record(self, memory: Memory, documents: Sequence[PrintedDocument]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        before = self._durable
        if changed := changes(before, memory):
            record["memory"] = changed
        queued = queue_changes(() if before is None else before.queue, memory.queue)
        if queued.get("gone") or queued.get("came"):
            record["queue"] = queued
        if documents:
            record["documents"] = [document_to_json(one, self._version) for one in documents]
        return record

    def _whole(self, memory: Memory, documents: Iterable[PrintedDocument]) -> Iterator[dict[str, Any]]:
        yield {"memory": changes(None, memory)}
        for start in range(0, len(memory.queue), _CHUNK):
            part = memory.queue[start : start + _CHUNK]
            yield {"queue": {"gone": 0, "came": [packet_to_json(one) for one in part]}}
        for document in documents:
            yield {"documents": [document_to_json(document, self._version)]}

    def _recover(self) -> None:
        values: dict[str, Any] = {}
        queue: tuple[Any, ...] = ()
        for payload in self._journal.recover():
            record: Mapping[str, Any] = json.loads(payload)
            values = with_changes(values, record.get("memory", {}))
            if "queue" in record:
                queue = with_queue_changes(queue, record["queue"])
            for value in record.get("documents", ()):
                document = document_from_json(value)
                self._documents[document.number] = document
        if values:
            self._durable = Memory(**values, queue=queue)

    def _segments(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self._folder.glob("documents-*.journal"):
            _name, first, last = path.stem.split("-")
            found.append((int(first), int(last), path))
        return sorted(found)

    def _write_segment(self, numbers: Sequence[int]) -> None:
        """Written whole before the journal forgets them; one left by a crash is written anew."""
        path = self._folder / _SEGMENT.format(numbers[0], numbers[-1])
        path.unlink(missing_ok=True)
        with Journal(path) as segment:
            for number in numbers:
                segment.append(_encode(document_to_json(self._documents[number], self._version)))
            segment.commit()

    def _read_segment(self, path: Path) -> dict[int, PrintedDocument]:
        with Journal(path) as segment:
            found = [document_from_json(json.loads(payload)) for payload in segment.recover()]
        return {document.number: document for document in found}

    def _faulty(self, point: str, step: str) -> None:
        rule = self._faults.hit(point, step=step)
        if rule is not None and rule.action == "delay":
            self._faults.clock.sleep(rule.delay)


def _encode(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
