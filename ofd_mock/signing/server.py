"""The WebSocket: greeting, heartbeat, one request at a time, each to its dialect (kz-ofd §16.3)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from http import HTTPStatus
from typing import Any, Final

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ofd_mock.signing import applet, basics, common_utils
from ofd_mock.signing.origins import NO_PAGE, may_ask, right_host
from ofd_mock.signing.signatory import Session, Signatory, answer, module_not_found
from reference.runtime.clock import PartClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints

HEARTBEAT: Final = "--heartbeat--"
MAX_FRAME: Final = 16 << 20
"""Bytes: applications with their attachments, in Base64."""
MOST_WAITING: Final = 64
"""Requests of one page that wait for their turn; a page that sends more is cut off."""
POINTS: Final = {
    "signing.connect": "a page connects (origin)",
    "signing.request": "a request was read (module, method, origin)",
    "signing.answer": "its answer is about to leave (module, method, origin)",
}
ACTIONS: Final = {
    "signing.connect": ("refuse", "delay"),
    "signing.request": ("drop", "delay", "close"),
    "signing.answer": ("drop", "delay", "close"),
}
_NO_JSON: Final = "A JSONObject text must begin with '{' at 1 [character 2 line 1]"
_TRUSTED: Final = "Kassalab signing service (TEST). This browser trusts its certificate: pages can connect.\n"

_log = structlog.get_logger("signing")


class SigningServer:
    """Listens for pages. `start` and `stop` belong to one event loop."""

    def __init__(self, signatory: Signatory, clock: PartClock, faults: FaultPoints, events: EventLog) -> None:
        self.signatory = signatory
        self._clock = clock
        self._faults = faults
        self._events = events
        self._turn = asyncio.Lock()
        self._common = common_utils.CommonUtils(signatory)
        self._basics = basics.Basics(signatory)
        self._applet = applet.Applet(signatory)
        self._bound = ""
        self._server: Server
        self.pages = 0

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen (0: a free port) and give the port. OSError: it is in use."""
        self._bound = host
        self._server = await serve(
            self._connection,
            host,
            port,
            ssl=tls,
            process_request=self._admit,
            max_size=MAX_FRAME,
            compression=None,
            ping_interval=None,
            server_header=None,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and end."""
        self._server.close()
        await self._server.wait_closed()

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse pages from elsewhere; answer a browser that only looks whether it trusts the certificate."""
        if not right_host(request.headers.get("Host"), self._bound):
            return connection.respond(HTTPStatus.FORBIDDEN, "the Host header must name this machine\n")
        if "websocket" not in request.headers.get("Upgrade", "").lower():
            return connection.respond(HTTPStatus.OK, _TRUSTED)
        origin = request.headers.get("Origin")
        if not may_ask(origin, self.signatory.settings.origins):
            self._events.record("signing.origin-refused", origin=origin)
            return connection.respond(
                HTTPStatus.FORBIDDEN, f"pages of {origin} may not ask; allow them with --origin\n"
            )
        rule = self._faults.hit("signing.connect", origin=origin or NO_PAGE)
        if rule is not None:
            await self._clock.asleep(rule.delay)
            if rule.action == "refuse":
                return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "refused by order\n")
        return None

    async def _connection(self, socket: ServerConnection) -> None:
        request = socket.request
        origin = request.headers.get("Origin") if request is not None else None
        session = Session(origin or NO_PAGE)
        self.pages += 1
        self._events.record("signing.connected", origin=session.origin)
        work: set[asyncio.Task[None]] = set()
        try:
            version = self.signatory.settings.greeting_version
            await socket.send(answer({"result": {"version": version}}))
            async for frame in socket:
                if frame == HEARTBEAT:
                    await socket.send(frame)
                    continue
                if len(work) >= MOST_WAITING:
                    await socket.close(1008, "too many requests at a time")
                    break
                task = asyncio.create_task(self._serve(socket, session, frame))
                work.add(task)
                task.add_done_callback(work.discard)
        except ConnectionClosed:
            _log.info("page went away", origin=session.origin)
        finally:
            self.pages -= 1
            for task in work:
                task.cancel()
            # What they raise is their end; nobody is left to be told.
            await asyncio.gather(*work, return_exceptions=True)

    async def _serve(self, socket: ServerConnection, session: Session, frame: str | bytes) -> None:
        async with self._turn:
            request = _parsed(frame)
            if request is None:
                reply: str | None = answer({"code": "500", "message": _NO_JSON})
                facts = {"module": "", "method": "", "origin": session.origin}
            else:
                facts = {
                    "module": str(request.get("module", "")),
                    "method": str(request.get("method", "")),
                    "origin": session.origin,
                }
                if await self._disturbed("signing.request", facts, socket):
                    return
                reply = await self._answer(session, request)
            self._events.record("signing.answered", **facts, answered=reply is not None)
            if await self._disturbed("signing.answer", facts, socket) or reply is None:
                return
            with contextlib.suppress(ConnectionClosed):
                await socket.send(reply)

    async def _answer(self, session: Session, request: dict[str, Any]) -> str | None:
        """The dialect is chosen by the module (NL-04, NL-05)."""
        module = request.get("module")
        if module == common_utils.MODULE:
            return await self._common.handle(session, request)
        if module == basics.MODULE:
            return await self._basics.handle(session, request)
        legacy = module == applet.MODULE or ("module" not in request and "method" in request)
        if legacy and self.signatory.settings.applet_dialect:
            return await self._applet.handle(session, request)
        return module_not_found()

    async def _disturbed(self, point: str, facts: dict[str, str], socket: ServerConnection) -> bool:
        """Do what a fault rule says; True when there is nothing more to do."""
        rule = self._faults.hit(point, **facts)
        if rule is None:
            return False
        await self._clock.asleep(rule.delay)
        if rule.action == "close":
            await socket.close(1011)
        return rule.action in ("drop", "close")


def _parsed(frame: str | bytes) -> dict[str, Any] | None:
    try:
        request = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    return request if isinstance(request, dict) else None
