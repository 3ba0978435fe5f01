"""The HTTP client that a whole module of tests asks with: patient, and closed when the run is over."""

from __future__ import annotations

from typing import Final

import httpx

from tests.waiting import PATIENCE

_lasting: Final[list[httpx.Client]] = []


def lasting_client() -> httpx.Client:
    """One for the rest of the run; `close_lasting` closes it."""
    client = httpx.Client(trust_env=False, timeout=PATIENCE)
    _lasting.append(client)
    return client


def close_lasting() -> None:
    """Let go of the connections that `lasting_client`'s clients still keep."""
    while _lasting:
        _lasting.pop().close()
