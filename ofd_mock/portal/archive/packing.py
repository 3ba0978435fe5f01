"""A table written into a ZIP: JSON, CSV, XLSX and PDF one behind the other, in memory that does not grow.

The ledger is read once. Its records go into the first file of the ZIP and, a line of JSON each, into a
scratch file, from which the other formats are made; so all of them hold the same. The ZIP is written onwards
only: what is on the disk never changes again and may be sent while the rest is still being made.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Final

from ofd_mock.portal.archive.pdf import A4, PdfWriter
from ofd_mock.portal.archive.sheets import Cell, SheetWriter, Tiyn, zip_entry
from ofd_mock.portal.archive.spans import Span
from ofd_mock.portal.archive.tables import Reading, Record, Table
from ofd_mock.portal.archive.tape import TEST
from reference.protocol.kz.money import money_text

FORMATS: Final = ("json", "csv", "xlsx", "pdf")
"""In the order in which they stand in a ZIP."""
SUMMARY: Final = "archive.json"
VERSION: Final = 1
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would take for a formula."""
_LINES_OF_A_PAGE: Final = {False: 68, True: 52}
_PAGES_OF_A_FILE: Final = 5_000
"""A PDF of more pages is a burden to every viewer: the rest goes into another file."""


class StoppedError(Exception):
    """Nobody wants the archive any longer."""


@dataclass(slots=True)
class Progress:
    """How far the work is, in rows of all formats together; `told` is called after every step."""

    total: int | None
    done: int = 0
    told: Callable[[], None] = lambda: None
    stopped: Callable[[], bool] = lambda: False

    def add(self, rows: int) -> None:
        """So many rows more. StoppedError when the work is to end."""
        self.done += rows
        self.told()
        if self.stopped():
            raise StoppedError


@dataclass(slots=True)
class Totals:
    """What the summary says: rows by kind, and tickets by operation (those taken back do not count)."""

    rows: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    tickets: dict[str, list[int]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count a record."""
        kind = record["kind"]
        self.rows += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "ticket" and not record.get("cancelled"):
            entry = self.tickets.setdefault(str(record["operation"]), [0, 0])
            entry[0] += 1
            entry[1] += record["sum"]

    def told(self) -> dict[str, Any]:
        """As JSON values; sums are tiyn."""
        tickets = {name: {"count": one[0], "sum": one[1]} for name, one in sorted(self.tickets.items())}
        return {"rows": self.rows, "kinds": self.kinds, "tickets": tickets}


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be packed. `about` goes into the summary; `made` is the lab's local time."""

    table: Table
    span: Span
    card: int
    formats: tuple[str, ...]
    about: dict[str, Any]
    made: datetime


def pack(work: Work, reading: Reading, target: IO[bytes], scratch: IO[bytes], progress: Progress) -> Totals:
    """Write the ZIP to `target` and end it; `scratch` is a file that can be read again."""
    totals = Totals()
    chosen = [name for name in FORMATS if name in work.formats]
    with zipfile.ZipFile(_Onwards(target), "w") as packed:  # type: ignore[call-overload]
        for place, name in enumerate(chosen):
            batches = _read(work, reading, scratch, totals) if not place else _again(scratch)
            _WRITERS[name](packed, work, _counted(batches, progress))
            progress.total = totals.rows * len(chosen)
        summary = {"version": VERSION, "test": TEST, **work.about, "made": work.made.isoformat()}
        summary |= {"table": work.table.name, "formats": chosen, **totals.told()}
        text = json.dumps(summary, ensure_ascii=False, indent=1)
        packed.writestr(zip_entry(SUMMARY, work.made), text + "\n")
    return totals


def _read(work: Work, reading: Reading, scratch: IO[bytes], totals: Totals) -> Iterator[list[Record]]:
    for batch in work.table.read(reading, work.span, work.card):
        for record in batch:
            totals.add(record)
        scratch.write(b"".join([_line(record) + b"\n" for record in batch]))
        yield batch


def _again(scratch: IO[bytes], size: int = 1_000) -> Iterator[list[Record]]:
    scratch.seek(0)
    batch: list[Record] = []
    for line in scratch:
        batch.append(json.loads(line))
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _counted(batches: Iterator[list[Record]], progress: Progress) -> Iterator[list[Record]]:
    progress.add(0)
    for batch in batches:
        yield batch
        progress.add(len(batch))


def _write_json(packed: zipfile.ZipFile, work: Work, batches: Iterator[list[Record]]) -> None:
    with _entry(packed, work, "json") as file:
        before = b"[\n"
        for batch in batches:
            for record in batch:
                file.write(before + _line(record))
                before = b",\n"
        file.write(b"\n]\n" if before == b",\n" else b"[]\n")


def _write_csv(packed: zipfile.ZipFile, work: Work, batches: Iterator[list[Record]]) -> None:
    with _entry(packed, work, "csv") as file:
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";")
        writer.writerow(work.table.columns)
        for batch in batches:
            writer.writerows([_plain(cell) for cell in work.table.cells(record)] for record in batch)
            file.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
        file.write(text.getvalue().encode())


def _write_xlsx(packed: zipfile.ZipFile, work: Work, batches: Iterator[list[Record]]) -> None:
    with _entry(packed, work, "xlsx") as file:
        writer = SheetWriter(file, work.table.title, work.table.columns, work.made)
        for batch in batches:
            for record in batch:
                writer.row(work.table.cells(record))
        writer.finish()


def _write_pdf(packed: zipfile.ZipFile, work: Work, batches: Iterator[list[Record]]) -> None:
    table = work.table
    title = f"TEST {table.title}"
    head = [f"{TEST} {table.title}", *_laid_out(table, table.columns), "-" * sum(table.widths)]
    room = _LINES_OF_A_PAGE[table.landscape] - len(head)
    paper = A4[::-1] if table.landscape else A4
    pages = _pages(table, batches, room)
    part = 0
    page: list[str] | None = next(pages, [])
    while part == 0 or page is not None:
        part += 1
        with _entry(packed, work, "pdf", "" if part == 1 else f"-{part}") as file:
            writer, written = PdfWriter(file, title), 0
            while page is not None and written < _PAGES_OF_A_FILE:
                writer.page([*head, *page], 7 if table.landscape else 8, paper)
                written, page = written + 1, next(pages, None)
            writer.finish()


def _pages(table: Table, batches: Iterator[list[Record]], room: int) -> Iterator[list[str]]:
    lines: list[str] = []
    for batch in batches:
        for record in batch:
            row = _laid_out(table, [_plain(cell) for cell in table.cells(record)])
            if len(lines) + len(row) > room:
                yield lines
                lines = []
            lines += row
    if lines:
        yield lines


def _laid_out(table: Table, cells: Sequence[str]) -> list[str]:
    """A row as lines of letters: whatever is longer than its column goes on below."""
    columns = [
        [cell] if len(cell) < width else textwrap.wrap(cell, width - 1)
        for cell, width in zip(cells, table.widths, strict=True)
    ]
    return [
        "".join(
            (column[place] if place < len(column) else "").ljust(width)
            for column, width in zip(columns, table.widths, strict=True)
        ).rstrip()
        for place in range(max(map(len, columns)))
    ]


_WRITERS: Final[dict[str, Callable[[zipfile.ZipFile, Work, Iterator[list[Record]]], None]]] = {
    "json": _write_json,
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "pdf": _write_pdf,
}


def _entry(packed: zipfile.ZipFile, work: Work, ending: str, part: str = "") -> IO[bytes]:
    # XLSX and PDF are packed already.
    method = zipfile.ZIP_STORED if ending in ("xlsx", "pdf") else zipfile.ZIP_DEFLATED
    entry = zip_entry(f"{work.table.name}{part}.{ending}", work.made, method)
    return packed.open(entry, "w", force_zip64=True)


def _line(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(cell: Cell) -> str:
    """A cell of CSV; a text that begins like a formula gets an apostrophe before it."""
    if isinstance(cell, Tiyn):
        return money_text(cell)
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(_RISKY) else cell


class _Onwards:
    """A file that is only written onwards: sizes then stand behind entries, not in their heads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
