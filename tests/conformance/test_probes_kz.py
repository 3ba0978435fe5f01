"""Whom the judge takes on in Kazakhstan, and what it says to those it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from conformance.bench import embedded
from conformance.lab import Lab
from conformance.session import Session
from conformance.targets import parse_target
from conformance.verdicts import TargetUnreachable
from tests.conformance.targets_of_straw import hang_up, serving
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with embedded(["operator-kz"], 11) as sessions:
        assert sessions[0].lab is not None
        yield sessions[0].lab


def opened(text: str) -> Session:
    session = Session(parse_target(text), seconds=20)
    try:
        session.open()
    finally:
        session.close()
    return session


def test_an_embedded_operator_makes_the_judge_a_register(lab: Lab) -> None:
    address, control = lab.addresses["operator-kz"]["operator-kz"], lab.control_url("operator-kz")
    session = opened(f"operator-kz:tcp://{address}?control={control}")
    assert session.capabilities >= {"control", "clock", "faults", "raw-link", "destructive"}
    assert int(session.facts["device"]) in map(int, lab.control("operator-kz").state()["devices"])


def test_a_lent_register_is_enough(lab: Lab) -> None:
    made = lab.control("operator-kz").do("provision")
    address = lab.addresses["operator-kz"]["operator-kz"]
    target = f"operator-kz:tcp://{address}?device={made['id']}&device-token={made['token']}"
    session = opened(target)
    assert session.capabilities == {"raw-link"}
    assert session.target.vendor
    # Cases move its token on: an operator that now answers 2 is still alive.
    lab.control("operator-kz").do("issue-token", id=made["id"])
    assert session.alive()
    with pytest.raises(TargetUnreachable, match=r"takes another token.*device-token"):
        opened(target)


def test_a_register_that_cannot_be_judged_with_is_told(lab: Lab) -> None:
    address = lab.addresses["operator-kz"]["operator-kz"]
    with pytest.raises(TargetUnreachable, match="give the target device and device-token"):
        opened(f"operator-kz:tcp://{address}")
    with pytest.raises(TargetUnreachable, match="does not know the ID of register 77"):
        opened(f"operator-kz:tcp://{address}?device=77&device-token=1")
    made = lab.control("operator-kz").do("provision")
    lab.control("operator-kz").do("block", id=made["id"])
    with pytest.raises(TargetUnreachable, match="blocked"):
        opened(f"operator-kz:tcp://{address}?device={made['id']}&device-token={made['token']}")


def test_who_hangs_up_is_no_operator() -> None:
    with (
        serving(hang_up) as port,
        pytest.raises(TargetUnreachable, match=r"does not speak the protocol|answers, but not as"),
    ):
        opened(f"operator-kz:tcp://127.0.0.1:{port}?device=1&device-token=1")


@contextmanager
def register_saying(state: dict[str, Any]) -> Iterator[str]:
    """A register that answers its state and nothing else."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(state).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Keys)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def test_a_register_has_to_be_a_test_one() -> None:
    with register_saying({"mode": "ONLINE", "test": False}) as url:
        with pytest.raises(TargetUnreachable, match="not in test mode"):
            opened(f"register-kz:{url}")
        with pytest.raises(TargetUnreachable, match="not in test mode"):
            opened(f"register-kz:{url}?test=yes")
    with register_saying({"mode": "ONLINE"}) as url:
        with pytest.raises(TargetUnreachable, match="give the target test=yes"):
            opened(f"register-kz:{url}")
        assert opened(f"register-kz:{url}?test=yes").facts == {"keys": "HTTP", "mode": "ONLINE"}
    with register_saying({"mode": "ONLINE", "test": True, "version": 203}) as url:
        assert opened(f"register-kz:{url}").facts["version"] == "203"


def test_a_person_vouches_for_the_register() -> None:
    with pytest.raises(TargetUnreachable, match="test=yes"):
        opened("register-kz:person:")
    assert opened("register-kz:person:?test=yes").facts == {"keys": "pressed by a person"}
