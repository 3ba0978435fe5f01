"""A worker that stays with its connection: nobody else waits for it, and nothing that was asked is lost."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from flask import Flask, request
from waitress.adjustments import Adjustments

from reference.runtime import serving_channel
from reference.runtime.serving import HttpServer, harden
from reference.runtime.serving_channel import LARGEST_PIECE, StayingChannel
from tests.waiting import PATIENCE, eventually

FOR_EVER = 1000 * int(PATIENCE)
"""Milliseconds that end only with the connection."""
LARGE = 24_000_000
"""Bytes that fit into no socket's buffers."""


@pytest.fixture
def staying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that stay as long as they may."""
    monkeypatch.setattr(serving_channel, "STAY_MS", FOR_EVER)


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that go at once."""
    monkeypatch.setattr(serving_channel, "STAY_MS", 0)


@pytest.fixture
def app() -> Flask:
    app = harden(Flask("served"))
    app.config["held"] = threading.Event()

    @app.get("/who")
    def who() -> str:
        return threading.current_thread().name

    @app.get("/held")
    def held() -> str:
        app.config["held"].wait(PATIENCE)
        return "let go"

    @app.post("/echo")
    def echo() -> bytes:
        return request.get_data()

    @app.get("/large")
    def large() -> bytes:
        return bytes(LARGE)

    return app


@pytest.fixture
def server(app: Flask) -> Iterator[HttpServer]:
    with HttpServer(app, "127.0.0.1", 0, threads=4) as running:
        yield idle(running)
        app.config["held"].set()


def idle(server: HttpServer) -> HttpServer:
    """A server all of whose workers have begun to wait."""
    eventually(lambda: server._server.task_dispatcher.active_count == 0)
    return server


class Caller:
    """One connection, byte by byte."""

    def __init__(self, server: HttpServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        self.read = self.socket.makefile("rb")

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.read.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> bytes:
        assert self.read.readline() == b"HTTP/1.1 200 OK\r\n"
        size = 0
        while (line := self.read.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name == b"Content-Length":
                size = int(value)
        return self.read.read(size)

    def ask(self, path: str) -> bytes:
        self.send(asked(path))
        return self.answer()


def asked(path: str, more: bytes = b"") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n".encode() + more + b"\r\n"


def posted(body: bytes, more: bytes = b"") -> bytes:
    return b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), more, body)


@pytest.mark.usefixtures("staying")
def test_the_same_worker_answers_again_and_the_loop_is_left_alone(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Caller(server) as caller:
        first = caller.ask("/who")
        woken: list[bool] = []
        monkeypatch.setattr(server._server, "pull_trigger", lambda: woken.append(True))
        assert [caller.ask("/who") for _ in range(5)] == [first] * 5
        assert not woken
        monkeypatch.undo()


@pytest.mark.usefixtures("leaving")
def test_a_worker_that_left_is_found_again(server: HttpServer) -> None:
    with Caller(server) as caller:
        assert all(caller.ask("/who").startswith(b"waitress-") for _ in range(5))


@pytest.mark.usefixtures("staying")
def test_half_of_the_workers_stay_free_for_others(server: HttpServer) -> None:
    with ExitStack() as calls:
        callers = [calls.enter_context(Caller(server)) for _ in range(12)]
        for caller in callers * 2:
            caller.ask("/who")
        eventually(lambda: server._server.task_dispatcher.active_count <= 2)


@pytest.mark.usefixtures("staying")
def test_nobody_stays_where_one_worker_is_alone(app: Flask) -> None:
    with HttpServer(app, "127.0.0.1", 0, threads=1) as server, Caller(server) as one, Caller(server) as other:
        assert [caller.ask("/who") for caller in (one, other, one)] == [b"waitress-0"] * 3


@pytest.mark.usefixtures("staying")
def test_a_worker_leaves_for_those_who_wait(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stayed = threading.Event()
    usual = StayingChannel._listen

    def listen(channel: StayingChannel) -> None:
        stayed.set()
        usual(channel)

    monkeypatch.setattr(StayingChannel, "_listen", listen)
    with ExitStack() as calls:
        server = idle(calls.enter_context(HttpServer(app, "127.0.0.1", 0, threads=2)))
        stays, held, waits = (calls.enter_context(Caller(server)) for _ in range(3))
        workers = server._server.task_dispatcher
        stays.ask("/who")
        assert stayed.wait(PATIENCE)
        held.send(asked("/held"))
        eventually(lambda: workers.active_count == 2)
        waits.send(asked("/who"))
        eventually(lambda: len(workers.queue) == 1)
        stays.ask("/who")
        assert waits.answer().startswith(b"waitress-")
        app.config["held"].set()
        assert held.answer() == b"let go"
        assert stays.ask("/who").startswith(b"waitress-")


@pytest.mark.parametrize("mode", ["staying", "leaving"])
def test_requests_sent_together_are_answered_in_their_order(
    server: HttpServer, mode: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(mode)
    with Caller(server) as caller:
        caller.ask("/who")
        bodies = [str(number).encode() for number in range(20)]
        caller.send(b"".join(posted(body) for body in bodies))
        assert [caller.answer() for _ in bodies] == bodies


@pytest.mark.parametrize("mode", ["staying", "leaving"])
@pytest.mark.parametrize("cut", [1, 40, -3])
def test_a_request_that_comes_in_pieces_is_put_together(
    server: HttpServer, mode: str, cut: int, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(mode)
    whole = posted(b"in pieces")
    with Caller(server) as caller:
        caller.ask("/who")
        caller.send(whole[:cut])
        channel = only_channel(server)
        eventually(lambda: channel.request is not None and not channel.staying)
        caller.send(whole[cut:])
        assert caller.answer() == b"in pieces"


@pytest.mark.usefixtures("staying")
def test_who_waits_to_be_told_to_go_on_is_told(server: HttpServer) -> None:
    with Caller(server) as caller:
        caller.ask("/who")
        caller.send(posted(b"", b"Expect: 100-continue\r\n").replace(b"Length: 0", b"Length: 2"))
        assert [caller.read.readline() for _ in range(2)] == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
        caller.send(b"on")
        assert caller.answer() == b"on"


class HardlyLeft(StayingChannel):
    """A connection that its next worker has, with one more request, before the last one is gone."""

    here = False

    @property
    def staying(self) -> bool:  # type: ignore[override]
        return self.here

    @staying.setter
    def staying(self, staying: bool) -> None:
        left, self.here = self.here and not staying, staying
        self.another = left


@pytest.mark.usefixtures("leaving")
def test_a_worker_that_left_hands_on_nothing_of_the_next_ones(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = HttpServer(app, "127.0.0.1", 0)
    server._server.channel_class = HardlyLeft
    tasks: list[object] = []
    usual = server._server.add_task
    monkeypatch.setattr(server._server, "add_task", lambda task: (tasks.append(task), usual(task)))
    with server, Caller(server) as caller:
        caller.ask("/who")
    assert len(tasks) == 1


def test_what_is_sent_is_sent_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    channel = StayingChannel(SimpleNamespace(active_channels={}), here, "there", Adjustments(), map={})
    others_may: list[bool] = []

    def try_it() -> None:
        others_may.append(channel.outbuf_lock.acquire(blocking=False))

    def send(data: bytes, **_how: bool) -> int:
        other = threading.Thread(target=try_it)
        other.start()
        other.join(PATIENCE)
        return here.send(data)

    monkeypatch.setattr(channel, "send", send)
    channel.outbufs[-1].append(b"left over")
    channel.total_outbufs_len = len(b"left over")
    channel.handle_write()
    assert there.recv(100) == b"left over"
    assert others_may == [False]
    channel.handle_close()
    there.close()


@pytest.mark.parametrize("mode", ["staying", "leaving"])
def test_what_cannot_be_read_at_all_ends_the_connection(
    server: HttpServer, mode: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(mode)
    with Caller(server) as caller:
        caller.ask("/who")
        caller.send(posted(b"").replace(b"Length: 0", b"Length: " + b"9" * 5000))
        assert caller.read.read() == b""


@pytest.mark.usefixtures("staying")
def test_a_connection_that_ends_is_let_go(server: HttpServer) -> None:
    with Caller(server) as caller:
        caller.ask("/who")
        assert only_channel(server).staying
    eventually(lambda: not server._server.active_channels)
    eventually(lambda: server._server.task_dispatcher.active_count == 0)


@pytest.mark.usefixtures("staying")
def test_who_asks_to_close_is_closed(server: HttpServer) -> None:
    with Caller(server) as caller:
        caller.ask("/who")
        caller.send(asked("/who", b"Connection: close\r\n"))
        caller.answer()
        assert caller.read.read() == b""


def test_a_stop_waits_for_no_worker_that_stays(app: Flask) -> None:
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    with Caller(server) as caller:
        caller.ask("/who")
        server.stop()
        assert caller.read.read() == b""
    assert not server._server.task_dispatcher.threads


@pytest.mark.parametrize(("size", "pieces"), [(1, 1), (LARGEST_PIECE, 1), (LARGEST_PIECE + 1, 2)])
def test_head_and_body_leave_in_one_piece_unless_it_is_large(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, size: int, pieces: int
) -> None:
    written: list[int] = []
    usual = StayingChannel.write_soon

    def write_soon(channel: StayingChannel, data: bytes) -> int:
        written.append(len(data))
        return int(usual(channel, data))

    monkeypatch.setattr(StayingChannel, "write_soon", write_soon)
    with Caller(server) as caller:
        caller.send(posted(bytes(size)))
        assert caller.answer() == bytes(size)
    assert len(written) == pieces


@pytest.mark.usefixtures("staying")
def test_a_large_answer_is_left_to_the_loop(server: HttpServer) -> None:
    with Caller(server) as caller:
        for _ in range(2):
            caller.send(asked("/large"))
            eventually(lambda: left_to_the_loop(server))
            assert len(caller.answer()) == LARGE
        assert caller.ask("/who").startswith(b"waitress-")


def left_to_the_loop(server: HttpServer) -> bool:
    return any(
        channel.total_outbufs_len > 0 and not channel.staying
        for channel in list(server._server.active_channels.values())
    )


def only_channel(server: HttpServer) -> StayingChannel:
    [channel] = server._server.active_channels.values()
    assert isinstance(channel, StayingChannel)
    return channel
