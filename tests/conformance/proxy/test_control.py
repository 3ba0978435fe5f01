"""The proxy's control API, page and `kassalab fault`."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from conformance.control_client import ControlClient, RefusedError
from reference.protocol.uz import apdu
from reference.runtime.serving import HostRefusedError
from tests.conformance.proxy.stand import Client, Server, Stand, proxy
from tests.waiting import PATIENCE, eventually
from tools.cli import run

SELECT = bytes((len(apdu.select().encode()),)) + apdu.select().encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


@pytest.fixture
def stand(server: Server) -> Iterator[Stand]:
    with proxy("module", server.address, control_port=0) as made:
        yield made


@pytest.fixture
def control(stand: Stand) -> Iterator[ControlClient]:
    with ControlClient(stand.addresses["control"]) as client:
        yield client


@pytest.fixture
def line(stand: Stand, server: Server) -> Iterator[tuple[Client, Client]]:
    with stand.connect() as client, server.accept() as module:
        yield client, module


def test_state(stand: Stand, server: Server, control: ControlClient, line: tuple[Client, Client]) -> None:
    client, module = line
    module.send(b"\x02\x90\x00")  # no answer to reset
    assert client.read(3) == b"\x02\x90\x00"
    state = eventually(lambda: control.state() if control.state()["findings"] else None)
    assert (state["wire"], state["to"], state["listens"]) == ("module", server.address, stand.address)
    assert list(state["connections"]) == ["1"]
    assert state["broken"] == {"EM-01": 1}
    assert state["findings"][0]["text"].startswith(
        "EM-01 [must] the connection does not begin with an answer to reset"
    )
    control.reset()
    assert control.state()["findings"] == []


def test_rules_by_hold_and_release(control: ControlClient, line: tuple[Client, Client]) -> None:
    client, module = line
    laid = control.do("disturb", rule="hold request when command=SELECT")
    assert laid == {"id": "1", "point": "proxy.request", "action": "hold"}
    client.send(SELECT)
    (held,) = eventually(lambda: control.state()["held"])
    with pytest.raises(RefusedError, match="number 9"):
        control.do("release", number=9)
    assert control.do("release", number=held["number"]) == {"released": 1}
    assert module.read(len(SELECT)) == SELECT
    with pytest.raises(RefusedError, match="must be ACTION"):
        control.do("disturb", rule="drop")
    with pytest.raises(RefusedError, match="names of this wire"):
        control.add_fault("proxy.request", "drop", match={"code": "1"})


def test_kassalab_fault(
    stand: Stand, line: tuple[Client, Client], capsys: pytest.CaptureFixture[str]
) -> None:
    client, module = line
    words = ["--control", stand.addresses["control"]]
    assert (
        run(["fault", "add", "proxy", "proxy.request", "duplicate", "--match", "command=SEL*", *words]) == 0
    )
    client.send(SELECT)
    assert module.read(2 * len(SELECT)) == SELECT * 2
    assert run(["fault", "list", "--points", *words]) == 0
    assert "a whole answer has come from the server" in " ".join(capsys.readouterr().out.split())


def test_redirect_snapshot_restore(stand: Stand, server: Server, control: ControlClient) -> None:
    control.snapshot("before")
    with Server() as other:
        assert control.do("redirect", to=other.address) == {"to": other.address}
        with stand.connect() as client, other.accept() as module:
            module.send(b"\x00")
            assert client.read(1) == b"\x00"
        control.restore("before")
        assert control.state()["to"] == server.address
        assert control.state()["counts"] == {}
        with stand.connect() as client, server.accept() as module:
            module.send(b"\x00")
            assert client.read(1) == b"\x00"
        control.reset(to=other.address)
        assert control.state()["to"] == other.address
    for to in ("nowhere", "fdo.ofd.uz:3447", "8.8.8.8:1"):
        with pytest.raises(RefusedError, match="to:"):
            control.do("redirect", to=to)
    with pytest.raises(RefusedError, match="a proxy has the setting to"):
        control.reset(speed=5)


def test_page(stand: Stand) -> None:
    page = httpx.get(f"{stand.addresses['control']}/control/", trust_env=False, timeout=PATIENCE)
    assert page.status_code == 200
    assert "disturb" in page.text
    assert "proxy.response" in page.text


def test_not_for_others() -> None:
    for settings in ({}, {"allow_any_host": True, "control_port": 0}):
        with pytest.raises(HostRefusedError), proxy("module", "127.0.0.1:1", host="0.0.0.0", **settings):
            pass
