"""A connection of an HTTP server as waitress has it, but quicker with those who ask again at once.

Waitress takes three threads' turns for a request: its loop reads, a worker answers, and the loop is woken to
watch the connection again. A till asks several times within milliseconds, so a worker that has answered waits
a moment for the next request and takes it itself; the loop learns nothing of it. Head and body of an answer
leave in one piece, so that whoever waits for them is woken once.
"""

from __future__ import annotations

import select
import socket
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

STAY_MS: Final = 20
"""Real milliseconds that a worker waits for the next request of its connection."""
LARGEST_PIECE: Final = 64 * 1024
"""Bytes of a body that leaves together with its head."""


class OnePieceTask(WSGITask):  # type: ignore[misc]
    """An answer whose head does not leave alone."""

    wrote_header: bool
    content_bytes_written: int

    def write(self, data: bytes) -> None:
        """Send a piece of the body, the head before the first."""
        whole = self.complete and self.has_body and len(data) == self.content_length
        if self.wrote_header or not data or not whole or len(data) > LARGEST_PIECE:
            super().write(data)
            return
        self.channel.write_soon(self.build_response_header() + data)
        self.wrote_header = True
        self.content_bytes_written = len(data)


class StayingChannel(HTTPChannel):  # type: ignore[misc]
    """A connection with whom its worker stays for a moment, while enough other workers are free."""

    task_class = OnePieceTask

    def __init__(
        self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: dict[int, Any] | None = None
    ) -> None:
        """As waitress makes it: `map` is the loop's, which the connection joins."""
        self.staying = False
        """A worker has this connection: the loop reads nothing from it."""
        self.another = False
        """The worker has to answer one more request."""
        super().__init__(server, sock, addr, adj, map=map)
        self._real = server
        self.server = _Quiet(server, self)
        self._incoming = select.poll()
        self._incoming.register(sock, select.POLLIN)

    def readable(self) -> bool:
        """Whether the loop may read."""
        # In this order: a worker has no request left only after it has begun to stay.
        return bool(super().readable()) and not self.staying

    def service(self) -> None:
        """Answer what was asked, and what is asked right after it."""
        self.staying = True
        try:
            while self._answered_and_more():
                pass
        finally:
            # Asked before the loop may read: from then on it is another worker who has one more to answer.
            another = self.another
            self.staying = False
            if another:
                self._real.add_task(self)
            if self.connected:
                self._real.pull_trigger()

    def _answered_and_more(self) -> bool:
        """Answer one request; whether this worker has the next one already."""
        self.another = False
        super().service()
        if not self.another and self._may_stay():
            self._listen()
        return self.another and not self._others_wait()

    def _others_wait(self) -> bool:
        workers = self._real.task_dispatcher
        return bool(workers.queue) or workers.stop_count > 0

    def _may_stay(self) -> bool:
        """Whether the connection goes on, and not more than half of the workers are at work."""
        workers = self._real.task_dispatcher
        ending = not self.connected or self.will_close or self.close_when_flushed or self.total_outbufs_len
        return not ending and not self._others_wait() and 2 * workers.active_count <= len(workers.threads)

    def _listen(self) -> None:
        """Take what comes within STAY_MS. The end of a connection, and what is no whole request yet, are the
        loop's."""
        try:
            data = self._incoming.poll(STAY_MS) and self.socket.recv(self.adj.recv_bytes)
        except OSError:
            return
        if not data:
            return
        try:
            self.received(data)
        except Exception:
            self.will_close = True  # as the loop does with what cannot even be told to be wrong
            raise

    def _flush_some(self, do_close: bool = True) -> bool:
        # The loop takes no lock where no request is in work; here a worker may have the next one by then.
        with self.outbuf_lock:
            return bool(super()._flush_some(do_close=do_close))


class _Quiet:
    """A connection's server, which is spared what its worker does itself."""

    def __init__(self, server: Any, channel: StayingChannel) -> None:
        self._server = server
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def add_task(self, channel: StayingChannel) -> None:
        """Another request was read."""
        if channel.staying:
            channel.another = True
        else:
            self._server.add_task(channel)

    def pull_trigger(self) -> None:
        """Wake the loop, unless all was sent and the worker will wake it when it leaves."""
        channel = self._channel
        if (
            not channel.staying
            or channel.total_outbufs_len
            or channel.close_when_flushed
            or channel.will_close
        ):
            self._server.pull_trigger()
