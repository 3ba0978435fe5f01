"""The operator with real ports inside the test process, and a register on a socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ofd_mock.kz.defects import rules_with_defects
from ofd_mock.kz.process import KzProcess
from ofd_mock.kz.settings import KzSettings
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import Document, to_message
from reference.protocol.kz.envelope import read_response, set_enum_number
from reference.protocol.kz.frames import Frame, FrameReader, encode_frame
from reference.runtime.clock import LabClock
from tests.ofd_mock.conftest import LAB_START, part_settings
from tests.waiting import PATIENCE
from tests.web import lasting_client

web = lasting_client()


@dataclass
class Bench:
    process: KzProcess
    clock: LabClock
    port: int
    base: str

    def order(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        answer = web.post(f"{self.base}/control/do/{operation}", json=arguments)
        assert answer.status_code == 200, answer.text
        return dict(answer.json() or {})

    def register(self, **provision: Any) -> Wire:
        made = self.order("provision", **provision)
        return Wire(self.port, made["id"], made["token"])

    def reset(self, **settings: Any) -> None:
        self.process.faults.clear()
        self.process.control.reset(settings)


class Wire:
    """A register on one connection: the token that comes back is the next to be shown."""

    def __init__(self, port: int, device: int, token: int, version: int = 203) -> None:
        self.port, self.device, self.token, self.version = port, device, token, version
        self.reqnum = 0
        self.socket: socket.socket | None = None
        self.reader = FrameReader()

    def connect(self) -> socket.socket:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            self.reader = FrameReader()
        return self.socket

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def frame(self, body: bytes, reqnum: int | None = None) -> bytes:
        if reqnum is None:
            self.reqnum += 1
            reqnum = self.reqnum
        return encode_frame(self.version, self.device, self.token, reqnum, body)

    def body(self, document: Document | int) -> bytes:
        dialect = dialect_for(self.version)
        assert dialect is not None
        if isinstance(document, int):
            message = dialect.messages.Request()
            set_enum_number(message, "command", document)
        else:
            message = to_message(dialect, document)
        return bytes(message.SerializeToString())

    def send(self, data: bytes) -> None:
        self.connect().sendall(data)

    def receive(self) -> Frame | None:
        """The next frame, None at the end of the stream."""
        waiting = self.connect()
        while True:
            data = waiting.recv(65536)
            if not data:
                self.close()
                return None
            if frames := self.reader.feed(data):
                assert len(frames) == 1
                return frames[0]

    def ask(self, document: Document | int, reqnum: int | None = None) -> tuple[int, Frame]:
        """The result code and the frame."""
        self.send(self.frame(self.body(document), reqnum))
        frame = self.receive()
        assert frame is not None, "the operator closed the connection"
        self.token = frame.header.token
        return self.decode(frame).result.result_code, frame

    def decode(self, frame: Frame) -> Any:
        dialect = dialect_for(self.version)
        assert dialect is not None
        return read_response(dialect, frame.body).message


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Bench]:
    clock = LabClock.private(LAB_START, rate=0.0)
    process = KzProcess(
        part_settings(folder), KzSettings(**settings), rules_with_defects, clock, clock.part("operator-kz")
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    addresses = asyncio.run_coroutine_threadsafe(process.start(0, 0), loop).result(PATIENCE)
    port = int(addresses["operator-kz"].rpartition(":")[2])
    try:
        yield Bench(process, clock, port, addresses["http"])
    finally:
        asyncio.run_coroutine_threadsafe(process.stop(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
