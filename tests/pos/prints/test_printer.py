"""The way to the printer: files, sockets, device files."""

from __future__ import annotations

import os
import pty
import socket
import tempfile
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reference.pos.prints.printer import PrinterError, Whereabouts, send, why_not

DATA = bytes(range(256)) * 40


@pytest.fixture
def here(tmp_path: Path) -> Whereabouts:
    return Whereabouts(tmp_path)


def gathered(read: Callable[[int], bytes], size: int) -> tuple[threading.Thread, bytearray]:
    """Reads until it has so many bytes, in a thread of its own."""
    found = bytearray()

    def run() -> None:
        while len(found) < size and (part := read(4096)):
            found.extend(part)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, found


def test_a_file_goes_on_like_paper(here: Whereabouts) -> None:
    send("file:out/printed.bin", b"one", here)
    send("file:out/printed.bin", b"two", here)
    assert (here.folder / "out" / "printed.bin").read_bytes() == b"onetwo"


def test_a_socket_gets_every_byte(here: Whereabouts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reader: list[bytes] = []

        def run() -> None:
            line, _ = server.accept()
            with line:
                while part := line.recv(4096):
                    reader.append(part)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        send(f"tcp:127.0.0.1:{server.getsockname()[1]}", DATA, here)
        thread.join(60)
    assert b"".join(reader) == DATA


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize("speed", ["", "@115200"])
def test_a_device_file_gets_every_byte(here: Whereabouts, terminal: tuple[int, str], speed: str) -> None:
    master, name = terminal
    thread, found = gathered(lambda size: os.read(master, size), len(DATA))
    send(f"device:{name}{speed}", DATA, here)
    thread.join(60)
    assert bytes(found) == DATA


def test_nothing_there_has_begun_nothing(here: Whereabouts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for setting in (
        f"tcp:127.0.0.1:{port}",
        "device:/dev/kassalab-none",
        "device:/dev/kassalab-none@9600",
        "file:.",
    ):
        with pytest.raises(PrinterError) as refused:
            send(setting, DATA, here)
        assert not refused.value.begun
        assert str(refused.value)


def test_a_device_that_is_none_is_refused(here: Whereabouts) -> None:
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("/dev/shm cannot be written here")
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="kassalab-") as plain:
        with pytest.raises(PrinterError, match="no character device"):
            send(f"device:{plain.name}", DATA, here)
        assert Path(plain.name).read_bytes() == b""


def test_a_file_that_takes_only_a_part_has_begun(here: Whereabouts, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PrinterError, match="No space left") as refused:
        send("file:printed.bin", DATA, here)
    assert refused.value.begun


def test_beyond_the_machine_only_when_allowed(here: Whereabouts) -> None:
    for setting in ("file:/elsewhere/receipts", "tcp:192.0.2.1:9100"):
        assert "--printer-anywhere" in why_not(setting, anywhere=False)
        assert why_not(setting, anywhere=True) == ""
        with pytest.raises(PrinterError, match="--printer-anywhere"):
            send(setting, DATA, here)
