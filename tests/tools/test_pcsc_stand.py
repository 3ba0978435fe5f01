"""The stand for a pcscd of our own: what it asks of the machine, and what it leaves alone."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path

import pytest

from tools import pcsc_stand as module
from tools.pcsc_stand import PcscStand, ReaderEntry, StandError, free_port, obstacle, pcsc_stand


def test_entries_are_what_pcscd_reads() -> None:
    assert ReaderEntry.vpcd(21_000).text.splitlines() == [
        'FRIENDLYNAME "Kassalab PCD"',
        "DEVICENAME   /dev/null:21000",
        "LIBPATH      /usr/lib/pcsc/drivers/serial/libifdvpcd.so",
        "CHANNELID    21000",
    ]
    assert ReaderEntry.twin(Path("/dev/ttyS0")).device == "/dev/ttyS0:GemPCTwin"


def test_both_ports_of_a_driver_are_free() -> None:
    first = free_port()
    with socket.create_server(("127.0.0.1", first + 1)):
        second = free_port()
    assert second != first
    for port in (second, second + 1):
        socket.create_server(("", port)).close()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert obstacle() == "pcscd is started by root only"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert obstacle() == "pcscd is not installed"
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/sbin/{name}")
    assert obstacle(tmp_path / "driver.so") == f"the driver {tmp_path}/driver.so is not installed"
    assert obstacle() is None
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(StandError, match="started by root only"), pcsc_stand(tmp_path, []):
        pass


def test_stands_take_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(module, "TURN", 0.1)
    monkeypatch.setattr(module, "obstacle", lambda *_libraries: None)
    with (tmp_path / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StandError, match="another stand holds"), pcsc_stand(tmp_path / "stand", []):
            pass
    assert not (tmp_path / "stand").exists()


def test_a_daemon_of_somebody_else_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    theirs = tmp_path / "pcscd.comm"
    monkeypatch.setattr(module, "SOCKET", theirs)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(theirs))
        listening.listen()
        stand = PcscStand(tmp_path / "stand", [])
        with pytest.raises(StandError, match="another pcscd runs on this machine"):
            stand.start()
        assert stand.pid is None
        stand.stop()


def test_a_daemon_that_ends_at_once_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "pcscd"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no such driver\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    monkeypatch.setattr(module, "SOCKET", tmp_path / "none")
    stand = PcscStand(tmp_path / "stand", [])
    with pytest.raises(StandError, match="pcscd ended at once: no such driver"):
        stand.start()
    assert stand.pid is None
