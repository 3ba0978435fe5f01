"""A table's JSON API straight on WSGI, before Flask: a till is asked all day, and to take a request apart and
put its answer together as a framework does costs more than what is asked for.

Only what needs nothing of the framework is answered here: the table's own addresses and methods, from whom
the part's guard lets pass, with a body of a known size that fits. Everything else, each refusal of the guard
and of Flask among it, is Flask's, which has the same table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from flask import Request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from reference.runtime.control_guard import ControlError
from reference.runtime.json_routes import JsonRoute, Made, Row, Told, refused
from reference.runtime.serving import SECURITY_HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_ARGUMENT: Final = re.compile(r"\{(\w+)\}")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_DIGITS: Final = 12
_SECURITY: Final = tuple(SECURITY_HEADERS.items())
_STATUS: Final = {status: f"{status} {text.upper()}" for status, text in HTTP_STATUS_CODES.items()}


class JsonFront:
    """WSGI around `inner`: answers the rows of a table at `prefix`, hands on all other requests.

    `guard` raises ControlError for a request that may not pass.
    """

    def __init__(
        self,
        inner: WSGIApplication,
        routes: Sequence[JsonRoute],
        told: Told,
        guard: Callable[[Request], None],
        max_body: int,
        prefix: str = "/api",
    ) -> None:
        self._inner = inner
        self._told = told
        self._guard = guard
        self._max_body = max_body
        self._plain: dict[tuple[str, str], Row] = {}
        self._patterns = defaultdict[tuple[str, int], list[tuple[re.Pattern[str], Row]]](list)
        for route in routes:
            path, row = prefix + route.path, Row(route, told)
            if not _ARGUMENT.search(path):
                self._plain[route.method, path] = row
                continue
            # The names are words, and what is between them has no sign of its own but the dot.
            pattern = _ARGUMENT.sub(r"(?P<\1>[^/]+)", path.replace(".", r"\."))
            self._patterns[route.method, path.count("/")].append((re.compile(pattern), row))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        made = None
        row, path = self._row(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if row is not None and self._is_simple(environ):
            made = self._made(row, path, Request(environ))
        if made is None:
            return self._inner(environ, start_response)
        headers = [("Content-Type", made.media), ("Content-Length", str(len(made.body))), *_SECURITY]
        start_response(_STATUS[made.status], headers)
        return (made.body,)

    def _made(self, row: Row, path: dict[str, str], asking: Request) -> Made | None:
        """The answer; None where the guard lets nobody pass."""
        try:
            self._guard(asking)
        except ControlError:
            return None
        try:
            return row.answer(asking, path)
        except HTTPException as error:
            return refused(self._told.syntax(error.name), error.code or 500)

    def _row(self, method: str, path: str) -> tuple[Row | None, dict[str, str]]:
        """The row of an address and its path arguments."""
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain, {}
        for pattern, row in self._patterns.get((method, path.count("/")), ()):
            if found := pattern.fullmatch(path):
                return row, found.groupdict()
        return None, {}

    def _is_simple(self, environ: dict[str, Any]) -> bool:
        """Whether the request is one that Flask would take apart as it is done here."""
        size = environ.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in environ or not environ["PATH_INFO"].isascii():
            return False
        return (
            _HOST.fullmatch(environ.get("HTTP_HOST", "")) is not None
            and not environ.get("SCRIPT_NAME")
            and size.isascii()
            and size.isdigit()
            and len(size) <= _DIGITS
            and int(size) <= self._max_body
        )
