"""Tokens of a second Kazakh operator in the requests of then.

An operator draws a token for every answer, and a request that does not bear the one given last is refused
(kz-ofd §4). So a request bears the token that the second operator gave where the first gave that of then; one
that the first never gave is sent as it was.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from conformance.session import Session
from reference.protocol.kz.frames import APPCODE, HEADER_SIZE

_BEGINNING: Final = APPCODE.to_bytes(2, "little")
_SIZE: Final = struct.Struct("<I")
_SIZE_AT, _TOKEN_AT = 4, 12


class Tokens:
    """What each token of then is now; kept for as long as the session, as registers outlast their cases."""

    def __init__(self) -> None:
        self._now: dict[int, int] = {}

    @classmethod
    def of(cls, session: Session) -> Tokens:
        """Those of a session."""
        found = session.kept.setdefault("replay tokens", cls())
        assert isinstance(found, cls)
        return found

    def learn(self, was: bytes, now: bytes) -> None:
        """Two answer frames to the same request."""
        if all(each[:2] == _BEGINNING and len(each) >= HEADER_SIZE for each in (was, now)):
            self._put(*(_SIZE.unpack_from(each, _TOKEN_AT)[0] for each in (was, now)))

    def learn_told(self, was: object, now: object) -> None:
        """Two answers of the control API to the same call: tokens at the same places."""
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            for name, value in was.items():
                if name == "token" and isinstance(value, int) and isinstance(now.get(name), int):
                    self._put(value, now[name])
                self.learn_told(value, now.get(name))
        elif isinstance(was, list) and isinstance(now, list):
            for old, new in zip(was, now, strict=False):
                self.learn_told(old, new)

    def in_place(self, raw: bytes) -> bytes:
        """Bytes of then with the tokens of now in the headers of their frames."""
        renewed, at = bytearray(raw), 0
        while raw[at : at + 2] == _BEGINNING and len(raw) >= at + _TOKEN_AT + _SIZE.size:
            token = _SIZE.unpack_from(raw, at + _TOKEN_AT)[0]
            _SIZE.pack_into(renewed, at + _TOKEN_AT, self._now.get(token, token))
            at += max(_SIZE.unpack_from(raw, at + _SIZE_AT)[0], HEADER_SIZE)
        return bytes(renewed)

    def _put(self, was: int, now: int) -> None:
        if was:
            self._now[was] = now
