"""Reading an archive of the portal: its summary, its records, its rows of CSV, one at a time."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tools.input import InputError

SUMMARY: Final = "archive.json"
VERSION: Final = 1
_LONGEST: Final = 1 << 20
"""Bytes of a line: a record is far shorter."""
_NUMBERS: Final = {
    "transactions": ("number", "shift", "sum"),
    "z-reports": ("number", "shift", "receipts", "revenue", "cash"),
    "x-reports": ("number", "shift", "receipts", "revenue", "cash"),
    "shifts": ("number", "shift", "documents", "receipts", "revenue", "cash"),
}
_TEXTS: Final = {
    "transactions": ("kind", "time", "sign", "text"),
    "z-reports": ("time",),
    "x-reports": ("time",),
}


class Archive:
    """An archive with JSON in it; InputError for everything else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        except zipfile.BadZipFile as error:
            raise InputError(f"{path} is no archive: {error}") from None
        self.names = self._zip.namelist()
        self.summary = self._summary()
        self.table: str = self.summary["table"]
        if f"{self.table}.json" not in self.names:
            raise InputError(f"{path} has no {self.table}.json: ask the portal for the archive with JSON")

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def broken(self) -> str | None:
        """The first file whose checksum is not its own."""
        try:
            return self._zip.testzip()
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
            return str(error)

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Row number and record, in the order of the file."""
        name = f"{self.table}.json"
        with self._zip.open(name) as file:
            row = 0
            while line := file.readline(_LONGEST):
                text = line.strip().rstrip(b",")
                if text in (b"[", b"]", b"[]", b""):
                    continue
                row += 1
                yield row, self._record(name, row, text)

    def rows(self) -> Iterator[list[str]]:
        """The rows of the CSV below its head."""
        with self._zip.open(f"{self.table}.csv") as file:
            reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""), delimiter=";")
            next(reader, None)
            yield from reader

    def _record(self, name: str, row: int, text: bytes) -> dict[str, Any]:
        try:
            record = json.loads(text)
        except ValueError as error:
            raise InputError(f"{self.path}: {name}, row {row} is no JSON: {error}") from None
        if not isinstance(record, dict):
            raise InputError(f"{self.path}: {name}, row {row} is no record")
        for kind, names in ((int, _NUMBERS[self.table]), (str, _TEXTS.get(self.table, ()))):
            for field in names:
                if not isinstance(record.get(field), kind):
                    raise InputError(
                        f"{self.path}: {name}, row {row}: {field} is missing or no {kind.__name__}"
                    )
        report, payments = record.get("report", {}), record.get("payments", [])
        if not isinstance(report, dict):
            raise InputError(f"{self.path}: {name}, row {row}: report is no object")
        if not isinstance(payments, list) or not all(map(_is_payment, payments)):
            raise InputError(f"{self.path}: {name}, row {row}: payments are no list of type and sum")
        return record

    def _summary(self) -> dict[str, Any]:
        try:
            summary = json.loads(self._zip.read(SUMMARY))
        except KeyError:
            raise InputError(f"{self.path} is no archive of the portal: it has no {SUMMARY}") from None
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{self.path}: {SUMMARY} cannot be read: {error}") from None
        if not isinstance(summary, dict) or summary.get("table") not in _NUMBERS:
            raise InputError(f"{self.path}: {SUMMARY} names no table that is known")
        if summary.get("version") != VERSION:
            raise InputError(f"{self.path}: {SUMMARY} is of version {summary.get('version')}, not {VERSION}")
        return summary


def _is_payment(value: object) -> bool:
    return isinstance(value, dict) and "type" in value and isinstance(value.get("sum"), int)
