"""The dialects' own ports: their guards, and the process that opens them (uz-fiscal §1.2)."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reference.drive.dialects.ports import FaceServers, add_port_arguments, wanted_ports
from tests.drive.conftest import Bench
from tests.waiting import PATIENCE

PATHS = {"rpc": "/rpc/api", "qpos": "/api", "communicator": "/uzpos"}
PING = {
    "rpc": {"id": 1, "method": "Api.Ping"},
    "qpos": {"method": "Api.GetInfo"},
    "communicator": {"token": "t", "method": "checkStatus"},
}
LIMIT = 4096


@pytest.fixture
def faces(bench: Bench) -> Iterator[dict[str, str]]:
    servers = FaceServers(bench.drive, "127.0.0.1", dict.fromkeys(PATHS, 0), LIMIT)
    servers.start()
    yield servers.addresses
    servers.stop()


def options(*words: str) -> dict[str, int]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=3449)
    add_port_arguments(parser)
    return wanted_ports(parser.parse_args(words))


def test_ports_by_default_and_by_option() -> None:
    assert options() == {"rpc": 3448, "qpos": 2040, "communicator": 8347}
    assert options("--port", "0") == {"rpc": 0, "qpos": 0, "communicator": 0}
    assert options("--port", "0", "--rpc-port", "3448", "--no-qpos") == {"rpc": 3448, "communicator": 0}


@pytest.mark.parametrize("name", PATHS)
def test_guards(faces: dict[str, str], name: str) -> None:
    url = faces[name] + PATHS[name]
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        assert client.post(url, json=PING[name]).status_code == 200
        assert client.post(f"{url}/", json=PING[name]).status_code == 200
        stranger = client.post(url, json=PING[name], headers={"Host": "evil.example"})
        assert stranger.status_code == 403
        assert client.post(url, json=PING[name], headers={"Host": "localhost:1"}).status_code == 200
        assert client.post(url, content=b" " * (LIMIT + 1)).status_code == 413
        assert client.get(url).status_code == 405
        assert client.post(f"{faces[name]}/other").status_code == 404


def test_a_reset_puts_another_dialect_in_place(bench: Bench, faces: dict[str, str]) -> None:
    url = faces["rpc"] + PATHS["rpc"]
    bench.drive.reset({"gen1_applet_version": "0302"})
    bench.core.fleet.look()
    answer = httpx.post(
        url, json={"id": 1, "method": "Api.GetInfo"}, trust_env=False, timeout=PATIENCE
    ).json()
    assert answer["result"]["AppletVersion"] == "0302"


def test_a_port_in_use_leaves_none_listening(bench: Bench, faces: dict[str, str]) -> None:
    taken = int(faces["qpos"].rsplit(":", 1)[1])
    with pytest.raises(OSError, match=str(taken)):
        FaceServers(bench.drive, "127.0.0.1", {"rpc": 0, "qpos": taken}, LIMIT)


def test_the_ready_line_lists_the_ports(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reference.drive", "--port", "0", "--dir", str(tmp_path / "d")]
    command += ["--module", "tcp://127.0.0.1:1", "--no-communicator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())["addresses"]
        answer = httpx.post(
            f"{addresses['rpc']}/rpc/api", json=PING["rpc"], trust_env=False, timeout=PATIENCE
        )
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
    assert sorted(addresses) == ["drive", "qpos", "rpc"]
    assert answer.json()["result"] == {"Message": ""}
