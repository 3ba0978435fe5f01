"""The proxy on real sockets: what passes, what rules do, and how connections end (HAR-09)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conformance.events import Direction
from conformance.proxy import reading_link
from conformance.proxy.rules import parse_rule
from conformance.proxy.watch_link import LinkWatcher
from conformance.proxy.watching import Finding
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_VENDOR
from tests.conformance.proxy.stand import Client, Server, Stand, proxy
from tests.conformance.proxy.test_watch_kz import SYSTEM, T1, T2, TICKET, ask, say
from tests.waiting import eventually

ATR = bytes((len(ATR_VENDOR),)) + ATR_VENDOR
OK = b"\x02\x90\x00"


def frame(command: apdu.Command) -> bytes:
    raw = command.encode()
    return bytes((len(raw),)) + raw


SELECT, INFO = frame(apdu.select()), frame(apdu.get_info())


@contextmanager
def between(*rules: str, **settings: Any) -> Iterator[tuple[Stand, Client, Client]]:
    """A proxy on the module wire with one connection through it: the stand, the client, the server's end."""
    with (
        Server() as server,
        proxy("module", server.address, **settings) as stand,
        stand.connect() as client,
        server.accept() as module,
    ):
        for rule in rules:
            stand.process.faults.add(**parse_rule(rule))
        yield stand, client, module


def test_bytes_pass_unchanged_and_as_they_come() -> None:
    with between() as (stand, client, module):
        module.send(ATR)
        assert client.read(len(ATR)) == ATR
        client.send(SELECT[:3])
        assert module.read(3) == SELECT[:3]  # half a frame does not wait for its rest
        client.send(SELECT[3:])
        assert module.read(len(SELECT) - 3) == SELECT[3:]
        module.send(OK)
        assert client.read(3) == OK
        seen = [(each.direction, each.raw) for each in stand.kept.exchanges]
        assert seen == [(Direction.RECEIVED, ATR), (Direction.SENT, SELECT), (Direction.RECEIVED, OK)]
        assert stand.kept.exchanges[2].about == SELECT
        assert stand.kept.clauses == []


def test_ends_go_through() -> None:
    """A half-closed connection stays half-closed; a reset is one on the other side."""
    with between() as (stand, client, module):
        client.socket.shutdown(1)
        assert module.rest() == b""
        module.send(ATR)
        module.socket.close()
        assert client.rest() == ATR
        eventually(lambda: stand.kept.exchanges[-1].direction is Direction.CLOSED)
        assert any(text.endswith("closed by the client") for text in stand.said)
    with between() as (_, client, module):
        client.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0
        client.socket.close()
        with pytest.raises(ConnectionResetError):
            module.rest()


def test_nobody_behind() -> None:
    with Server() as server:
        address = server.address
    with proxy("module", address) as stand:
        with pytest.raises(ConnectionResetError), stand.connect() as client:
            client.rest()
        eventually(lambda: any("is not there" in note for note in stand.kept.notes))


def test_drop_by_command_and_count() -> None:
    with between("drop request when command=GET_INFO count=1") as (stand, client, module):
        client.send(INFO + SELECT + INFO)
        assert module.read(len(SELECT + INFO)) == SELECT + INFO
        assert module.silent()
        assert stand.kept.notes == ["rule 1: drop: request GET_INFO"]


def test_drop_of_an_answer_goes_by_what_was_asked() -> None:
    with between("drop response when command=GET_INFO sw=9000") as (_, client, module):
        module.send(ATR)
        client.send(INFO + SELECT)
        module.read(len(INFO + SELECT))
        module.send(OK + b"\x02\x90\x90")
        assert client.read(len(ATR) + 3) == ATR + b"\x02\x90\x90"


@pytest.mark.parametrize(
    ("rule", "heard"),
    [
        ("duplicate request nth=2", SELECT + INFO + INFO + SELECT),
        ("duplicate 2 request", SELECT * 3 + INFO + SELECT),
        ("reorder request", INFO + SELECT + SELECT),
        ("corrupt 1.0 request", SELECT[:1] + b"\x01" + SELECT[2:] + INFO + SELECT),
        ("corrupt -1=ff request nth=2", SELECT + INFO[:-1] + b"\xff" + SELECT),
        ("corrupt 99 request", SELECT + INFO + SELECT),
        ("drop request probability=0 count=always", SELECT + INFO + SELECT),
        ("drop request skip=2", SELECT + INFO),
    ],
)
def test_what_comes_out(rule: str, heard: bytes) -> None:
    with between(rule) as (_, client, module):
        for each in (SELECT, INFO, SELECT):
            client.send(each)
        assert module.read(len(heard)) == heard
        client.socket.shutdown(1)
        assert module.rest() == b""


def test_cut_after_some_bytes() -> None:
    with between("cut 4 request when command=GET_INFO") as (_, client, module):
        client.send(SELECT + INFO)
        assert module.rest() == SELECT + INFO[:4]
        assert client.rest() == b""


@pytest.mark.parametrize(("action", "abruptly"), [("close", False), ("reset", True)])
def test_close_and_reset(action: str, abruptly: bool) -> None:
    with between(f"{action} response nth=2") as (_, client, module):
        client.send(SELECT)
        module.read(len(SELECT))
        module.send(ATR + OK)
        assert client.read(len(ATR)) == ATR
        if abruptly:
            with pytest.raises(ConnectionResetError):
                client.rest()
        else:
            assert client.rest() == b""


def test_delay_in_lab_time() -> None:
    with between("delay 2h request") as (stand, client, module):
        stand.lab.set_rate(0)
        client.send(SELECT + INFO)
        assert module.silent()
        stand.lab.advance(7199)
        assert module.silent()
        stand.lab.advance(1)
        assert module.read(len(SELECT + INFO)) == SELECT + INFO


def test_delay_in_real_time() -> None:
    with between("delay 0.05s request clock=real") as (stand, client, module):
        stand.lab.set_rate(0)
        client.send(SELECT)
        assert module.read(len(SELECT)) == SELECT


def test_hold_until_released() -> None:
    with between("hold request when command=SELECT") as (stand, client, module):
        client.send(SELECT)
        (held,) = eventually(stand.process.proxy.waiting.held)
        assert held == {"number": 1, "line": 1, "unit": "request SELECT"}
        assert module.silent()
        with pytest.raises(KeyError):
            stand.process.proxy.waiting.release(7)
        assert stand.process.proxy.waiting.release(1) == 1
        assert module.read(len(SELECT)) == SELECT
        eventually(lambda: not stand.process.proxy.waiting.held())


def test_reorder_over_the_wire() -> None:
    """The first connection's unit waits until one of the second has gone on."""
    with (
        Server() as server,
        proxy("module", server.address, disturb=("reorder wire request",)) as stand,
        stand.connect() as one,
        server.accept() as first,
        stand.connect() as two,
        server.accept() as second,
    ):
        one.send(SELECT)
        assert first.silent()
        two.send(INFO)
        assert second.read(len(INFO)) == INFO
        assert first.read(len(SELECT)) == SELECT


def test_refused_connection() -> None:
    with Server() as server, proxy("module", server.address, disturb=("refuse connect",)) as stand:
        with pytest.raises(ConnectionResetError), stand.connect() as client:
            client.rest()
        with stand.connect() as client, server.accept() as module:
            module.send(ATR)
            assert client.read(len(ATR)) == ATR


def test_a_rule_laid_inside_a_unit_waits_for_the_next() -> None:
    with between() as (stand, client, module):
        client.send(SELECT[:4])
        assert module.read(4) == SELECT[:4]
        stand.process.faults.add(**parse_rule("drop request"))
        client.send(SELECT[4:] + INFO + SELECT)
        assert module.read(len(SELECT) * 2 - 4) == SELECT[4:] + SELECT
        assert module.silent()


def test_what_cannot_be_understood_passes_and_is_told() -> None:
    garbage = b"\x07hello\x00" * 20
    with Server() as server, proxy("operator", server.address) as stand:
        with stand.connect() as client, server.accept() as operator:
            client.send(garbage)
            assert operator.read(len(garbage)) == garbage
            operator.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            client.socket.shutdown(1)
            operator.socket.close()
            assert client.rest() == b"HTTP/1.1 400 Bad Request\r\n\r\n"
        assert [note.partition(":")[0] for note in stand.kept.notes] == [
            f"request of {len(garbage)} bytes not understood, passed on as it is",
            "response of 28 bytes not understood, passed on as it is",
        ]


def test_answers_belong_to_what_reached_the_server() -> None:
    """After a dropped request the next answer carries the names of the request it answers."""
    with between("drop request when command=GET_INFO", "drop response when command=SELECT") as (
        stand,
        client,
        module,
    ):
        module.send(ATR)
        assert client.read(len(ATR)) == ATR
        client.send(INFO)
        client.send(SELECT)
        assert module.read(len(SELECT)) == SELECT
        module.send(OK)
        eventually(lambda: len(stand.kept.notes) == 2)
        assert stand.kept.notes[1] == "rule 2: drop: response SELECT: 9000 - NO_ERROR"
        assert stand.kept.exchanges[-1].about == SELECT
        assert stand.kept.clauses == []


def test_a_register_is_judged_by_what_reached_it() -> None:
    """The proxy eats an answer: a register that then repeats is right, one that goes on is not."""
    for following, clauses in ((ask(TICKET, T1, 1), []), (ask(SYSTEM, T1, 2), ["KZ-TK-2"])):
        rules = ("drop response when command=TICKET",)
        with Server() as server, proxy("kz", server.address, disturb=rules) as stand:
            with stand.connect() as client, server.accept() as operator:
                client.send(ask(TICKET, T1, 1)[1])
                operator.read(len(ask(TICKET, T1, 1)[1]))
                operator.send(say(TICKET, T2, 1)[1])
                eventually(lambda stand=stand: stand.kept.notes)
            eventually(lambda stand=stand: stand.kept.exchanges[-1].direction is Direction.CLOSED)
            with stand.connect() as client, server.accept() as operator:
                client.send(following[1])
                assert operator.read(len(following[1])) == following[1]
            assert stand.kept.clauses == clauses


def test_what_the_judge_fails_at_does_not_stop_the_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(LinkWatcher):
        def take(self, *_: object) -> Iterator[Finding]:
            raise ZeroDivisionError

    monkeypatch.setattr(reading_link, "LinkWatcher", Broken)
    monkeypatch.setattr(reading_link, "_command", None)
    with between() as (stand, client, module):
        module.send(ATR)
        assert client.read(len(ATR)) == ATR
        client.send(SELECT)
        assert module.read(len(SELECT)) == SELECT
        eventually(lambda: stand.process.book.counts["not judged"] == 2)
        assert stand.process.book.counts["not understood"] == 1
        assert "could not be judged: ZeroDivisionError()" in stand.kept.notes[0]
