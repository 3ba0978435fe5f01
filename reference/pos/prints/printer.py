"""Where a printer is, and the way of bytes to it: a file, a raw socket, a serial or USB device file.

Nothing is read back: receipt printers answer differently, and many not at all.
"""

from __future__ import annotations

import ipaddress
import os
import re
import select
import socket
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import serial

NONE: Final = "none"
RAW_PORT: Final = 9100
"""Where network printers take bytes as they come."""
SECONDS: Final = 5.0
"""Real seconds that a printer may take to open, and between two bites."""
SETTING: Final = re.compile(
    r"none"
    r"|file:(?P<file>[^\x00]{1,200})"
    r"|tcp:(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[1-9][0-9]{0,4}))?"
    r"|device:(?P<device>/dev/[A-Za-z0-9._/-]{1,100})(@(?P<baud>[1-9][0-9]{2,6}))?"
)
RULE: Final = "none | file:PATH | tcp:HOST[:PORT] | device:/dev/NAME[@BAUD]"


class PrinterError(Exception):
    """The paper did not come out; `begun`: some of its bytes went, nobody knows what is printed."""

    def __init__(self, text: str, *, begun: bool = False) -> None:
        self.begun = begun
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the setting `printer` may name: files in `folder` and printers of this machine, or `anywhere`."""

    folder: Path
    anywhere: bool = False


def why_not(setting: str, *, anywhere: bool) -> str:
    """The rule that the setting breaks; empty: none."""
    found = SETTING.fullmatch(setting)
    if found is None:
        return f"must be {RULE}"
    if found["port"] and int(found["port"]) > 65_535:
        return "the port is above 65535"
    if ".." in PurePosixPath(found["device"] or "").parts:
        return "the device must stand below /dev without .."
    if anywhere:
        return ""
    path = PurePosixPath(found["file"] or "")
    if path.is_absolute() or ".." in path.parts:
        return "the file must stand in the part's own folder unless --printer-anywhere is given"
    if found["host"] and not _is_here(found["host"]):
        return "the host must be a loopback address unless --printer-anywhere is given"
    return ""


def send(setting: str, data: bytes, where: Whereabouts) -> None:
    """Bring the bytes to the printer. PrinterError says whether any of them went."""
    rule = why_not(setting, anywhere=where.anywhere)
    found = SETTING.fullmatch(setting)
    if rule or found is None:
        raise PrinterError(f"printer: {rule}")
    try:
        if found["file"]:
            _to_file(where.folder / found["file"], data)
        elif found["host"]:
            _to_socket(found["host"].strip("[]"), int(found["port"] or RAW_PORT), data)
        elif found["device"] and found["baud"]:
            _to_serial(found["device"], int(found["baud"]), data)
        elif found["device"]:
            _to_device(found["device"], data)
    except (OSError, serial.SerialException) as error:
        raise PrinterError(f"{setting}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _to_file(path: Path, data: bytes) -> None:
    """At the end of what the file holds, as a printer's paper goes on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        before = file.tell()
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise PrinterError(f"{path.name}: {_reason(error)}", begun=_grown(path, before)) from error


def _grown(path: Path, before: int) -> bool:
    try:
        return path.stat().st_size > before
    except OSError:
        return True


def _to_socket(host: str, port: int, data: bytes) -> None:
    with socket.create_connection((host, port), SECONDS) as line:
        line.settimeout(SECONDS)
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise PrinterError(f"{host}:{port}: {_reason(error)}", begun=True) from error


def _to_serial(path: str, baud: int, data: bytes) -> None:
    with serial.Serial(path, baud, write_timeout=SECONDS, exclusive=True) as line:
        try:
            line.write(data)
            line.flush()
        except (OSError, serial.SerialException) as error:
            raise PrinterError(f"{path}: {_reason(error)}", begun=True) from error


def _to_device(path: str, data: bytes) -> None:
    if not stat.S_ISCHR(Path(path).stat().st_mode):
        raise PrinterError(f"{path} is no character device")
    line = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    rest = memoryview(data)
    try:
        while rest:
            if not select.select([], [line], [], SECONDS)[1]:
                raise PrinterError(f"{path}: the printer takes nothing", begun=len(rest) < len(data))
            rest = rest[os.write(line, rest) :]
    except OSError as error:
        raise PrinterError(f"{path}: {_reason(error)}", begun=len(rest) < len(data)) from error
    finally:
        os.close(line)
