"""What the dialects have in common: asking for a key and signing with it, by the lab clock."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ofd_mock.pki.key_files import OpenedKey
from ofd_mock.pki.signing import What, sign
from ofd_mock.signing.desk import Desk, Question
from ofd_mock.signing.key_stores import KeyStores, Wanted
from ofd_mock.signing.settings import SigningSettings
from ofd_mock.signing.xml_signatures import sign_xml

LANGUAGES: Final = {"ru": "ru", "kz": "kk", "kk": "kk", "en": "en"}
"""Names that pages use, and ours."""
MAX_SHOWN: Final = 2000
_MODULE_NOT_FOUND: Final = {"success": False, "errorCode": "MODULE_NOT_FOUND"}


@dataclass
class Session:
    """One page's connection: where it comes from, and the language it asked for."""

    origin: str
    language: str = "ru"

    def speak(self, language: str) -> None:
        """Take a language; an unknown one changes nothing."""
        self.language = LANGUAGES.get(language, self.language)


@dataclass
class Signatory:
    """Keys, desk, clock and settings of the service."""

    stores: KeyStores
    desk: Desk
    now: Callable[[], datetime]
    settings: SigningSettings

    async def key(self, session: Session, method: str, wanted: Wanted, data: bytes = b"") -> OpenedKey:
        """The key that the person chooses. CancelledError or RefusedError."""
        question = Question("key", session.origin, method, wanted, shown(data), session.language)
        chosen = await self.desk.ask(question)
        assert chosen.key is not None
        return chosen.key

    async def file(self, session: Session, method: str) -> str:
        """The path of the key file that the person chooses. CancelledError."""
        return (await self.desk.ask(Question("file", session.origin, method, language=session.language))).path

    def cms(
        self, key: OpenedKey, data: bytes, *, attached: bool, digested: bool = False, stamped: bool = False
    ) -> bytes:
        """DER of a CMS over `data`. DigestLengthError for a digest that is none."""
        stamp = self._stamp if stamped else None
        return sign(What.of(data, attached=attached, digested=digested), key.pair, self.now(), stamp)

    def xml(self, key: OpenedKey, text: str) -> str:
        """An XML document with its signature inside. XmlError."""
        return sign_xml(text, key.pair)

    def _stamp(self, signature: bytes) -> bytes:
        return self.stores.authority.timestamp(hashlib.sha256(signature).digest(), self.now())


def decoded(text: str) -> bytes:
    """Base64, line ends allowed. ValueError."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("Illegal base64 character") from error


def encoded(data: bytes) -> str:
    """Base64 in one line."""
    return base64.b64encode(data).decode()


def shown(data: bytes) -> str:
    """The beginning of what is to be signed, for the person; empty when it is no text."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return (
        text[:MAX_SHOWN] if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else ""
    )


def answer(values: dict[str, Any]) -> str:
    """JSON as the service sends it."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def module_not_found() -> str:
    """The answer to a module that is not there (NL-05)."""
    return answer(_MODULE_NOT_FOUND)
