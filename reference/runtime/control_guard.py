"""Who may speak to a control API: checks made before any endpoint runs.

A control API can stop a till or wipe a ledger, and it listens where browsers can reach it. So a page of
another site must not get through: the Host header stops DNS rebinding, the JSON content type and the Origin
header stop forged forms, and a token is asked for as soon as the part listens beyond this machine.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from flask import Request

TOKEN_HEADER = "X-Kassalab-Token"  # noqa: S105 - the name of a header
INTENT_HEADER = "X-Kassalab"
INTENT = "control"
WRITING = frozenset({"POST", "DELETE", "PUT", "PATCH"})


class ControlError(Exception):
    """A request the control API refuses; parts raise it from their operations too.

    `field` names what is wrong, `rule` the rule in one word, `text` tells a person what to do; `status` is
    the HTTP status, always 4xx, and `headers` go along with the answer.
    """

    def __init__(
        self, field: str, rule: str, text: str, status: int = 422, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.field = field
        self.rule = rule
        self.text = text
        self.status = status
        self.headers = dict(headers or {})


def is_loopback(host: str) -> bool:
    """True for localhost and for loopback addresses; names are never looked up."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_wildcard(host: str) -> bool:
    """True for 0.0.0.0 and ::, which stand for every address of the machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


_LONGEST_HOST: Final = 300
"""Characters: a name of 253, a port and brackets. What is longer is not even remembered."""


def names_this_machine(named: str, bound: str) -> bool:
    """Whether a Host header names the machine of a part that listens on `bound`: stops DNS rebinding."""
    return len(named) <= _LONGEST_HOST and _names_this_machine(named, bound)


@lru_cache(maxsize=256)
def _names_this_machine(named: str, bound: str) -> bool:
    try:
        name = (urlsplit(f"//{named}").hostname or "").lower()
    except ValueError:
        return False
    # A wildcard bind has no one name to compare with; there the token alone decides.
    return is_loopback(name) or is_wildcard(bound) or name == bound.strip("[]").lower()


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks for one part, bound to `host` and protected by `token` (None: loopback only, no token).

    Raises ValueError when a non-loopback host comes without a token.
    """

    host: str
    token: str | None

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise ValueError(f"a control API on {self.host} needs a token")

    def check(self, request: Request) -> None:
        """Let the request pass, or raise ControlError with status 401, 403 or 415."""
        self._check_host(request)
        self._check_token(request)
        if request.method in WRITING:
            _check_origin(request)
            _check_intent(request)

    def _check_host(self, request: Request) -> None:
        if names_this_machine(request.host, self.host):
            return
        raise ControlError("Host", "host", "the Host header must name this machine's own address", 403)

    def _check_token(self, request: Request) -> None:
        if not self.token:
            return
        given = request.headers.get(TOKEN_HEADER)
        if given is None and request.authorization is not None:
            given = request.authorization.password
        if given is None or not hmac.compare_digest(given.encode(), self.token.encode()):
            raise ControlError(TOKEN_HEADER, "token", f"send the control token in {TOKEN_HEADER}", 401)


def _check_origin(request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != request.host.lower():
        raise ControlError("Origin", "origin", "pages of another origin may not use the control API", 403)


def _netloc(origin: str) -> str:
    """Host and port of an origin; empty for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _check_intent(request: Request) -> None:
    if request.mimetype == "application/json":
        return
    if not request.content_length and request.headers.get(INTENT_HEADER) == INTENT:
        return
    text = f"send application/json, or no body and the header {INTENT_HEADER}: {INTENT}"
    raise ControlError("Content-Type", "content-type", text, 415)
