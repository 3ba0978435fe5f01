"""The second device: what was sent to the first is sent to it, and its answers come back to be compared.

One class a wire; each takes the exchanges of a transcript in order and gives, for every answer of then, the
answer of now.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import httpx

from conformance.drivers.drive_client import response_bytes
from conformance.drivers.wire import NOT_OPENED
from conformance.events import Direction, Exchange, Layer
from conformance.replay.connections import Connections, is_greeting
from conformance.replay.tokens import Tokens
from conformance.session import Session
from conformance.targets import FACES
from reference.links.errors import LinkError
from reference.links.link import Link

FIRST_BYTES_OF_AN_ATR: Final = (0x3B, 0x3F)
_OWN: Final = {"host", "user-agent", "connection", "content-length", "accept-encoding", "transfer-encoding"}


class Unrepeatable(Exception):  # noqa: N818 - not an error: what it says becomes a note
    """An exchange that cannot be repeated on this device; the text says why."""


class Device(Protocol):
    """One wire of the second device during one case."""

    def sent(self, was: Exchange) -> None:
        """Send what was sent."""

    def came(self, was: Exchange) -> Exchange | None:
        """The answer, or the close, in place of `was`; None where nothing compares."""

    def close(self) -> None:
        """The case is over."""


class ModuleDevice:
    """APDUs over any link; link bytes, whole frames or halves, where the link is TCP."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._link: Link | None = None
        self._answers: deque[tuple[bytes, bytes | None]] = deque()
        self._bytes: Connections | None = None
        if session.target.address.startswith("tcp://"):
            self._bytes = Connections(session.target.endpoint, Layer.LINK, session.seconds)

    def sent(self, was: Exchange) -> None:
        """Send a command, or bytes of the link."""
        if was.layer is Layer.APDU:
            self._transmit(was.raw)
        elif self._bytes is not None:
            self._power_down()
            self._bytes.send(was.raw, was.line)
        elif len(was.raw) > 1 and was.raw[0] == len(was.raw) - 1:
            self._transmit(was.raw[1:], frame=was.raw)
        else:
            raise Unrepeatable("broken frames are sent over TCP only")

    def came(self, was: Exchange) -> Exchange | None:
        """An answer, an answer to reset, or the close."""
        if was.layer is Layer.APDU:
            return self._answered(was, framed=False)
        if was.direction is Direction.CLOSED and self._link is not None:
            self._power_down()
            # A command that was left without an answer then, and has one now.
            return _told(was, self._answers.popleft()[1]) if self._answers else None
        if was.direction is Direction.RECEIVED and was.raw[:1] and was.raw[0] in FIRST_BYTES_OF_AN_ATR:
            return _told(was, self._power_up())
        if self._bytes is None:
            return self._over_the_link(was)
        if was.direction is Direction.CLOSED:
            return self._bytes.closed(was)
        self._power_down()
        return self._bytes.heard(was)

    def close(self) -> None:
        """Power down and hang up."""
        self._power_down()
        if self._bytes is not None:
            self._bytes.close()
        self._answers.clear()

    def _over_the_link(self, was: Exchange) -> Exchange | None:
        if was.direction is Direction.CLOSED:
            return None
        if is_greeting(was):
            atr = self._power_up()
            return _told(was, None if atr is None else bytes((len(atr),)) + atr)
        return self._answered(was, framed=True)

    def _transmit(self, command: bytes, frame: bytes = b"") -> None:
        if self._bytes is not None:
            self._bytes.close()
        if self._link is None and self._power_up() is None:
            self._answers.append((frame or command, None))
            return
        assert self._link is not None
        try:
            answer: bytes | None = self._link.transmit(command)
        except LinkError:
            answer = None
            self._power_down()
        self._answers.append((frame or command, answer))

    def _answered(self, was: Exchange, *, framed: bool) -> Exchange:
        while self._answers:
            command, answer = self._answers.popleft()
            if command == was.about or not was.about:
                framed_answer = bytes((len(answer) & 0xFF,)) + answer if framed and answer else answer
                return _told(was, framed_answer)
        return _told(was, None)

    def _power_up(self) -> bytes | None:
        self._power_down()
        if self._bytes is not None:
            self._bytes.close()
        link = self._session.link()
        try:
            atr = link.open()
        except LinkError:
            return None
        self._link = link
        return atr

    def _power_down(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


class FrameDevice:
    """Frames of an operator, whole or in pieces."""

    def __init__(self, session: Session) -> None:
        kept = session.target.kind != "operator"
        self._tokens = Tokens.of(session) if kept else None
        self._connections = Connections(
            session.target.endpoint, Layer.MESSAGE, session.seconds, one_each=not kept
        )

    def sent(self, was: Exchange) -> None:
        """Send bytes."""
        if was.layer is not Layer.MESSAGE:
            raise Unrepeatable("pages of a check site are not asked again")
        raw = was.raw if self._tokens is None else self._tokens.in_place(was.raw)
        self._connections.send(raw, was.line)

    def came(self, was: Exchange) -> Exchange | None:
        """What comes, or the close."""
        if was.layer is not Layer.MESSAGE:
            return None
        if was.direction is Direction.CLOSED:
            return self._connections.closed(was)
        now = self._connections.heard(was)
        if self._tokens is not None:
            self._tokens.learn(was.raw, now.raw)
        return now

    def close(self) -> None:
        """Hang up."""
        self._connections.close()


class HttpDevice:
    """Requests of a drive's interface; requests that are none go over a bare connection."""

    def __init__(self, session: Session) -> None:
        self._client = httpx.Client(
            base_url=f"http://{session.target.endpoint}",
            timeout=session.seconds,
            trust_env=False,
            follow_redirects=False,
            verify=False,  # noqa: S501 - never HTTPS here
        )
        self._bare = Connections(session.target.endpoint, Layer.HTTP, session.seconds)
        self._answers: dict[bytes, deque[bytes | None]] = {}

    def sent(self, was: Exchange) -> None:
        """Send a request, or what is none."""
        request = _request(was.raw, self._client)
        if request is None:
            if b" http://" in was.raw[:16]:
                raise Unrepeatable("pages of a check site are not asked again")
            self._bare.send(was.raw, was.line)
            return
        try:
            answer: bytes | None = response_bytes(self._client.send(request))
        except httpx.TransportError:
            answer = None
        self._answers.setdefault(was.raw, deque()).append(answer)

    def came(self, was: Exchange) -> Exchange | None:
        """The answer, or the close."""
        waiting = self._answers.get(was.about)
        if not was.about and was.direction is Direction.RECEIVED:
            waiting = next((each for each in self._answers.values() if each), None)
        if waiting:
            return _told(was, waiting.popleft())
        if was.about.startswith((b"GET http://", b"POST http://")) or was.about == NOT_OPENED:
            return None
        if was.direction is Direction.CLOSED:
            return self._bare.closed(was)
        return self._bare.heard(was)

    def close(self) -> None:
        """Hang up."""
        self._client.close()
        self._bare.close()


DEVICES: Final[Mapping[str, Callable[[Session], Device]]] = {
    "module": ModuleDevice,
    "drive": HttpDevice,
    **dict.fromkeys(FACES, HttpDevice),
    "operator": FrameDevice,
    "operator-kz": FrameDevice,
}
"""The wire of each kind of target that a transcript can be sent to."""


def _request(raw: bytes, client: httpx.Client) -> httpx.Request | None:
    """A whole HTTP request as our client sends it; None for anything else."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if not separator or len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        return None
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    told = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
    if told != str(len(body)):
        return None
    kept = [(name, value) for name, value in headers if name.lower() not in _OWN]
    try:
        return client.build_request(words[0], words[1], headers=kept, content=body or None)
    except (httpx.InvalidURL, UnicodeEncodeError):
        return None


def _told(was: Exchange, raw: bytes | None) -> Exchange:
    direction = Direction.CLOSED if raw is None else Direction.RECEIVED
    return Exchange(was.target, was.case_id, was.lab_time, was.layer, direction, raw or b"", was.about)


def control_answer(was: Exchange, answer: object) -> Exchange:
    """An answer of a control API as the transcript writes it."""
    return _told(was, json.dumps(answer).encode())
