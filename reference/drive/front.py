"""The REST dialect straight on WSGI, before Flask: a till asks twice a sale, and to take a request apart and
put an answer together as a framework does costs half of what registering does.

Only what needs nothing of the framework is answered here: GET and POST at the dialect's own paths, with a
body of a known size that fits. Everything else (control API, pages, the server's own refusals) is Flask's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from werkzeug.http import HTTP_STATUS_CODES

from reference.drive.endpoints import ENDPOINTS, POS_AUTH
from reference.drive.rest import METHODS, Answer, Asked
from reference.runtime.serving import SECURITY_HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_FIRST: Final = frozenset(endpoint.segments[0].lower() for endpoint in ENDPOINTS)
_DIGITS: Final = 12
_POS_AUTH: Final = f"HTTP_{POS_AUTH.upper().replace('-', '_')}"
_SECURITY: Final = tuple(SECURITY_HEADERS.items())
_STATUS: Final = {status: f"{status} {text.upper()}" for status, text in HTTP_STATUS_CODES.items()}


class RestFront:
    """WSGI around `inner`: answers the dialect's requests by `answer`, hands on all others."""

    def __init__(self, inner: WSGIApplication, answer: Callable[[Asked], Answer], max_body: int) -> None:
        self._inner = inner
        self._answer = answer
        self._max_body = max_body

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        asked = self._asked(environ)
        if asked is None:
            return self._inner(environ, start_response)
        reply = self._answer(asked)
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body))), *_SECURITY]
        start_response(_STATUS[reply.status], headers)
        return (reply.body,)

    def _asked(self, environ: dict[str, Any]) -> Asked | None:
        """The request as the dialect wants it, None when it is Flask's."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        first = path[1:].partition("/")[0].lower()
        plain = method in METHODS and first in _FIRST and path.isascii() and "//" not in path
        size = environ.get("CONTENT_LENGTH") or "0"
        if not plain or "HTTP_TRANSFER_ENCODING" in environ or not (size.isascii() and size.isdigit()):
            return None
        if len(size) > _DIGITS or int(size) > self._max_body:
            return None
        return Asked(
            method=method,
            path=path[1:],
            query=environ.get("QUERY_STRING", ""),
            content_type=environ.get("CONTENT_TYPE", ""),
            body=environ["wsgi.input"].read(int(size)) if int(size) else b"",
            pos_auth=environ.get(_POS_AUTH),
        )
