"""`kassalab proxy` as a process: what it prints, writes and exits with."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from reference.protocol.uz.apdu import ATR_VENDOR
from tests.conformance.proxy.stand import Client, Server
from tests.waiting import PATIENCE, eventually
from tools.cli import run

ATR = bytes((len(ATR_VENDOR),)) + ATR_VENDOR


def started(folder: Path, to: str, *options: str) -> tuple[subprocess.Popen[bytes], int]:
    """The process and its port."""
    said = folder / "said"
    words = ["module", "--listen", "127.0.0.1:0", "--to", to, *options]
    with said.open("wb") as out:
        command = [sys.executable, "-c", "from tools.cli import main; main()", "proxy", *words]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    found = eventually(
        lambda: process.poll() is not None or re.search(r"127\.0\.0\.1:(\d+) to ", said.read_text())
    )
    assert isinstance(found, re.Match), said.read_text()
    return process, int(found[1])


def ended(process: subprocess.Popen[bytes], folder: Path) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(PATIENCE), (folder / "said").read_text()
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("greeting", "status", "words"),
    [
        (ATR, 0, ["Seen: connections 1, responses 1.", "No clause was seen to be broken."]),
        (b"\x02\x90\x00", 1, ["1 ! EM-01 [must]", "EM-01 [must] broken 1 ×"]),
    ],
)
def test_a_run(tmp_path: Path, greeting: bytes, status: int, words: Sequence[str]) -> None:
    with Server() as server:
        options = ["--record", "deep/r.jsonl", "--pcapng", "p.pcapng", "--quiet"]
        process, port = started(tmp_path, server.address, *options)
        with Client(socket.create_connection(("127.0.0.1", port), 10)) as client, server.accept() as module:
            module.send(greeting)
            assert client.read(len(greeting)) == greeting
        record = tmp_path / "deep" / "r.jsonl"
        eventually(lambda: '"closed"' in record.read_text())
        code, said = ended(process, tmp_path)
    assert code == status
    for each in words:
        assert each in said
    events = [json.loads(line) for line in record.read_text().splitlines()]
    (exchange, closed) = (event for event in events if event["event"] == "Exchange")
    assert exchange["raw"] == greeting.hex()
    assert (exchange["layer"], exchange["direction"]) == ("link", "received")
    assert (exchange["target"], exchange["case_id"]) == ("module", "connection-1")
    assert exchange["decoded"]
    assert exchange["lab_time"][:2] == "20"
    assert closed["direction"] == "closed"
    assert [event["clause"] for event in events if event.get("kind") == "check"] == (
        ["EM-01"] if status else []
    )
    assert (tmp_path / "p.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        (["foo", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1"], 2, "WIRE is one of module, rest, rpc"),
        (["kz", "--listen", "0.0.0.0:0", "--to", "127.0.0.1:1"], 2, "0.0.0.0 is not a loopback address"),
        (["kz", "--listen", "127.0.0.1:0", "--to", "8.8.8.8:7777"], 2, "neither loopback nor private"),
        (["kz", "--listen", "127.0.0.1:0", "--to", "x.ofd.uz:7777"], 2, "live fiscal service"),
        (["kz", "--listen", "here", "--to", "127.0.0.1:1"], 2, "'here' is not an address"),
        (["kz", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--disturb", "drop"], 2, "must be ACTION"),
        (
            ["kz", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1", "--record", "/proc/x"],
            2,
            "cannot be written",
        ),
        (["kz", "--listen", "127.0.0.1:0"], 2, "--to"),
    ],
)
def test_refusals(options: list[str], status: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["proxy", *options]) == status
    assert text in " ".join(capsys.readouterr().err.split())


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with Server() as server:
        assert run(["proxy", "kz", "--listen", server.address, "--to", "127.0.0.1:1"]) == 3
    assert "The proxy cannot start" in capsys.readouterr().err


def test_fields_and_strictness(tmp_path: Path) -> None:
    """--fields shows what a unit holds behind its title; --only-must lets a stand-in clause pass."""
    with Server() as server:
        process, port = started(tmp_path, server.address, "--fields", "--only-must")
        with Client(socket.create_connection(("127.0.0.1", port), 10)) as client, server.accept() as module:
            module.send(ATR)
            client.read(len(ATR))
            client.send(b"\x02\x00\x01")
            assert module.read(3) == b"\x02\x00\x01"
            module.send(b"\x02\x90\x00")
            client.read(3)
        eventually(lambda: "closed" in (tmp_path / "said").read_text())
        code, said = ended(process, tmp_path)
    assert code == 0
    assert "EM-05 [stand-in] broken 1 ×" in said
    title, fields = said.index("1 ← answer to reset"), said.index("  frame: 14")
    assert title < fields
