"""The line and the waiting: whose answers count, which hosts are dialled, how everything stops."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pydantic
import pytest

from reference.kkm.settings import RegisterSettings
from reference.kkm.values import KEYS, Local, MoneyOrder, NoOrder, Outcome, TokenOrder
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import Command
from tests.fakes.ofd import Broken, ScriptedOfd, Silent
from tests.kkm.rig import BREAD, TOKEN, Rig
from tests.waiting import PATIENCE, eventually


@pytest.mark.parametrize(
    "host", ["proxy.oofd.kz", "kofd.kz", "x.wofd.kz", "ofd1.kz", "kaspi.kz", "a.webkassa.kz", "gov.kz."]
)
def test_live_hosts(host: str) -> None:
    """ID-02: refused whatever the options say."""
    with pytest.raises(pydantic.ValidationError, match="never contacted"):
        RegisterSettings(server=f"{host}:7777", allow_any_host=True)


def test_public_addresses_are_not_dialled(
    make_rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ID-02: without leave only loopback and private ones."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("100.64.0.1", 7777))])
    rig = make_rig(server="operator.test:7777", token=0)
    rig.in_time("token", TokenOrder(TOKEN))
    texts = [event["data"]["text"] for event in rig.events.last(50) if event["kind"] == "unanswered"]
    assert texts
    assert all("neither loopback nor private" in text for text in texts)
    assert rig.mode is Mode.START


@pytest.mark.parametrize("server", ["8.8.8.8:7777", "[2001:4860:4860::8888]:7777", "8.8.8.8"])
def test_public_addresses_are_refused_at_once(server: str) -> None:
    """ID-02: as the key `address` does."""
    with pytest.raises(pydantic.ValidationError, match="neither loopback nor private"):
        RegisterSettings(server=server)
    assert RegisterSettings(server=server, allow_any_host=True).server.startswith(server.split("]")[0])


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/", "127.0.0.1:7778", "http://", "javascript:alert(1)"])
def test_check_url(url: str) -> None:
    """QR-01: a scanner must be able to open it."""
    with pytest.raises(pydantic.ValidationError, match="http"):
        RegisterSettings(check_url=url)


@pytest.mark.parametrize("wait", [Silent(), Broken()])
def test_stops_while_a_key_waits(rig: Rig, ofd: ScriptedOfd, wait: Silent | Broken) -> None:
    """The key answers `stopped`; its packet is in the memory and leaves at the next start."""
    ofd.then(*([wait] * 9), to=Command.TICKET)
    found = []
    thread = threading.Thread(target=lambda: found.append(rig.sell()))
    thread.start()
    eventually(lambda: ofd.of(Command.TICKET))
    rig.register.close()
    thread.join(PATIENCE)
    (pressed,) = found
    assert (pressed.outcome, pressed.local) == (Outcome.REFUSED, Local.STOPPED)
    assert rig.sell().local is Local.STOPPED
    ofd.forget()
    rig.reopen()
    (document,) = rig.register.documents()
    assert (document.recovered, document.delivery.value) == (True, "delivered")


def test_frozen_clock_makes_no_busy_loop(rig: Rig) -> None:
    """Three attempts at once, then the register waits for lab time."""
    rig.cut()
    thread = threading.Thread(target=rig.sell)
    thread.start()
    eventually(lambda: len(rig.events.last(99)) >= 4)
    pause = threading.Event()
    pause.wait(0.3)
    attempts = sum(event["kind"] == "unanswered" for event in rig.events.last(99))
    assert attempts == 3
    rig.lab.advance(1)
    eventually(lambda: sum(event["kind"] == "unanswered" for event in rig.events.last(99)) == 4)
    rig.lab.advance(5)
    thread.join(PATIENCE)
    assert rig.mode is Mode.OFFLINE


def test_cut_for_a_while(rig: Rig) -> None:
    """`cut_line` with seconds of lab time, and `mend_line`."""
    rig.register.cut_line(100)
    assert rig.in_time("sell", BREAD).outcome is Outcome.QUEUED
    rig.wait(60)
    assert rig.mode is Mode.OFFLINE
    rig.wait(60)
    assert rig.mode is Mode.ONLINE
    rig.register.cut_line(None)
    rig.register.mend_line()
    assert rig.sell().outcome is Outcome.DONE


def test_wrong_key_or_order(rig: Rig) -> None:
    with pytest.raises(KeyError):
        rig.press("coffee")
    with pytest.raises(TypeError, match="sell takes a TicketOrder, not a MoneyOrder"):
        rig.press("sell", MoneyOrder(5))
    assert {type(order) for order in (BREAD, MoneyOrder(1), NoOrder())} <= set(KEYS.values())


def test_a_failing_sender_does_not_look_alive(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the sending thread ends the register, and says so."""
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_value))

    def broken() -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(rig.register._desk, "look_at_limit", broken)
    rig.register._desk.waiting.kick()
    eventually(lambda: seen)
    assert rig.sell().local is Local.STOPPED
    assert rig.events.last(1)[0]["data"]["text"] == "a bug"
