"""Asking an authority over HTTP about revocation; only loopback and private addresses (ID-02)."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import httpx

from reference.runtime.control_guard import is_loopback

PATIENCE: Final = 5.0
"""Real seconds until a responder counts as silent."""
MAX_ANSWER: Final = 8 << 20
_OCSP: Final = {"Content-Type": "application/ocsp-request"}


def fetch_over_http(address: str, body: bytes | None) -> bytes:
    """The answer's body: posted as an OCSP request where there is a `body`, else fetched.

    OSError when nobody answers, when the answer is no 200, and for an address beyond loopback and private
    networks, which is never dialled.
    """
    host = urlsplit(address).hostname or ""
    if not is_near(host):
        raise OSError(f"{host or address!r} is not a loopback or private address and is not dialled")
    try:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            answer = (
                client.get(address) if body is None else client.post(address, content=body, headers=_OCSP)
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(f"{address}: {error}") from error
    if answer.status_code != httpx.codes.OK or len(answer.content) > MAX_ANSWER:
        raise OSError(f"{address}: status {answer.status_code}, {len(answer.content)} bytes")
    return answer.content


def is_near(host: str) -> bool:
    """Whether a host is this machine or a private address; names other than localhost are not."""
    if is_loopback(host):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return False
