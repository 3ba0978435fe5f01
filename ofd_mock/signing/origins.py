"""Which pages may ask for signatures: a page of another site must not reach a person's keys by itself."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from ofd_mock.pki.fetching import is_near
from reference.runtime.control_guard import is_loopback

NO_PAGE = "program"
"""Shown as the origin of a client that is no browser page."""


def may_ask(origin: str | None, allowed: Collection[str]) -> bool:
    """Whether a page of `origin` may connect.

    Pages of this machine and of private networks may, names under .localhost and .test too, and what is in
    `allowed`. Without an origin it is no browser: that may ask. "null" (a local file) is not let in unless
    allowed.
    """
    if origin is None or origin in allowed:
        return True
    parts = urlsplit(origin)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        return False
    return is_near(host) or host.endswith((".localhost", ".test"))


def right_host(header: str | None, bound: str) -> bool:
    """Whether a Host header names this service itself; a foreign name is a rebound one."""
    name = (urlsplit(f"//{header or ''}").hostname or "").lower()
    return is_loopback(name) or name == bound.strip("[]").lower()
