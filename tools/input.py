"""What a person hands to a command: a file to read or to write, standard input, or hex text."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class InputError(Exception):
    """Something given to a command cannot be used; the text names it and the rule (exit status 2)."""


def read_input(file: Path) -> bytes:
    """The bytes of `file`, or of standard input for `-`."""
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None


def hex_or_file(given: str | None, file: Path | None) -> bytes:
    """Bytes from hex text (spaces allowed) or from a file; exactly one of the two is wanted."""
    if (given is None) == (file is None):
        raise InputError("give either hex on the command line or --file")
    if file is not None:
        return read_input(file)
    try:
        return bytes.fromhex(given or "")
    except ValueError as error:
        raise InputError(f"not hex: {error}") from None


def check_outputs_are_possible(*files: Path | None) -> None:
    """The same question as `check_output`, asked without making anything; InputError."""
    for file in files:
        if file is None:
            continue
        there = next(place for place in (file, *file.absolute().parents) if place.exists())
        if there.is_dir() == (there == file):
            what = "is a folder" if there == file else f"{there} is no folder"
            raise InputError(f"{file} cannot be written: {what}")
        if not os.access(there, os.W_OK):
            raise InputError(f"{file} cannot be written: no permission to write {there}")


def check_output(*files: Path | None) -> None:
    """Make sure that every file given can be written, and make its folder, before work begins whose result
    would be lost; InputError."""
    for file in files:
        if file is None:
            continue
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("ab"):
                pass
        except FileExistsError:
            raise InputError(f"{file} cannot be written: {file.parent} is no folder") from None
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from None
