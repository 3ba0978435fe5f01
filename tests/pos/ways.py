"""A way of the point of sale that leads into a transport of httpx: no sockets, and it can break."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from reference.pos.way import Answer, WayError

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)


class Through:
    """To `url` through `transport`."""

    def __init__(self, transport: httpx.BaseTransport, url: str = "http://somewhere") -> None:
        self._http = httpx.Client(base_url=url, transport=transport)

    def post(self, path: str, content: bytes, kind: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One exchange."""
        told = {"Content-Type": kind, **(headers or {})}
        try:
            answer = self._http.post(path, content=content, headers=told)
        except httpx.HTTPError as error:
            raise WayError(str(error), sent=not isinstance(error, NEVER_SENT)) from error
        return Answer(answer.status_code, answer.reason_phrase, answer.content)

    def close(self) -> None:
        """Close it."""
        self._http.close()
