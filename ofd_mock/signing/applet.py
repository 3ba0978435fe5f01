"""The legacy applet dialect: the page itself passes path and password (kz-ofd §16.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from ofd_mock.pki.key_files import OpenedKey
from ofd_mock.pki.verification import signer_of
from ofd_mock.signing import outcomes
from ofd_mock.signing.key_stores import PKCS12, Wanted
from ofd_mock.signing.outcomes import CancelledError, RefusedError
from ofd_mock.signing.signatory import Session, Signatory, answer, decoded, encoded
from reference.protocol.kz.money import to_almaty

MODULE: Final = "kz.gov.pki.knca.applet.Applet"
NO_TRIES: Final = -1
"""A file does not count tries."""
_USES: Final = {"SIGN": "SIGNATURE", "AUTH": "AUTHENTICATION"}
_CODES: Final = {
    "password": "WRONG_PASSWORD",
    "load": "LOAD_KEYSTORE_ERROR",
    "store": "LOAD_KEYSTORE_ERROR",
    "key": "EMPTY_KEY_LIST",
}

Arguments = list[Any]


class Method(NamedTuple):
    """The types of a method's arguments, and what it does."""

    types: tuple[type, ...]
    run: Callable[[Applet, Session, Arguments], Awaitable[str | None]]


class Applet:
    """Answers to one request each: a result and an error code."""

    def __init__(self, signatory: Signatory) -> None:
        self._signatory = signatory

    async def handle(self, session: Session, request: dict[str, Any]) -> str | None:
        """The JSON answer, None for setLocale, which is not answered (NA-06)."""
        method = METHODS.get(str(request.get("method")))
        arguments = request.get("args", [])
        if method is None:
            return _failure("METHOD_NOT_FOUND")
        if not isinstance(arguments, list) or [type(each) for each in arguments] != list(method.types):
            return _failure("INVALID_ARGUMENTS")
        try:
            result = await method.run(self, session, arguments)
        except CancelledError:
            return answer({"result": "", "errorCode": "NONE"})
        except RefusedError as error:
            result_of = NO_TRIES if error.word == "password" else ""
            return _failure(_CODES[error.word], result_of)
        except ValueError:
            return _failure("SIGNING_FAILURE")
        return None if result is None else answer({"result": result, "errorCode": "NONE"})

    async def browse(self, session: Session, arguments: Arguments) -> str:
        """NA-01."""
        _require_store(arguments[0])
        return await self._signatory.file(session, "browseKeyStore")

    async def keys(self, _session: Session, arguments: Arguments) -> str:
        """NA-02: a line a key, algorithm, CN, serial and alias."""
        storage, path, password, use = arguments
        key = self._opened(storage, path, password)
        wanted = Wanted(_USES.get(use, ""))
        self._signatory.stores.require(key, wanted, self._signatory.now())
        signer = signer_of(key.pair.certificate)
        return f"RSA|{signer.holder.common_name}|{signer.serial:x}|{key.alias}"

    async def cms(self, _session: Session, arguments: Arguments) -> str:
        """NA-03: without a timestamp."""
        storage, path, alias, password, text, attached = arguments
        data = decoded(text)
        key = self._opened(storage, path, password, alias)
        return encoded(self._signatory.cms(key, data, attached=attached))

    async def xml(self, _session: Session, arguments: Arguments) -> str:
        """NA-04."""
        storage, path, alias, password, text = arguments
        return self._signatory.xml(self._opened(storage, path, password, alias), text)

    async def not_before(self, _session: Session, arguments: Arguments) -> str:
        """NA-05, in Almaty's time."""
        return f"{to_almaty(signer_of(self._named(arguments).pair.certificate).not_before):%d.%m.%Y %H:%M:%S}"

    async def not_after(self, _session: Session, arguments: Arguments) -> str:
        """NA-05, in Almaty's time."""
        return f"{to_almaty(signer_of(self._named(arguments).pair.certificate).not_after):%d.%m.%Y %H:%M:%S}"

    async def subject(self, _session: Session, arguments: Arguments) -> str:
        """NA-05."""
        return signer_of(self._named(arguments).pair.certificate).subject

    async def issuer(self, _session: Session, arguments: Arguments) -> str:
        """NA-05."""
        return signer_of(self._named(arguments).pair.certificate).issuer

    async def set_locale(self, session: Session, arguments: Arguments) -> None:
        """NA-06."""
        session.speak(arguments[0])

    def _named(self, arguments: Arguments) -> OpenedKey:
        storage, path, alias, password = arguments
        return self._opened(storage, path, password, alias)

    def _opened(self, storage: str, path: str, password: str, alias: str | None = None) -> OpenedKey:
        _require_store(storage)
        key = self._signatory.stores.open(path, password)
        if alias is not None and alias != key.alias:
            raise RefusedError(outcomes.NO_KEY, "key")
        return key


def _require_store(storage: str) -> None:
    if storage != PKCS12:
        raise RefusedError(outcomes.NO_STORE, "store")


def _failure(code: str, result: str | int = "") -> str:
    return answer({"result": result, "errorCode": code})


_KEY: Final = (str, str, str, str)
METHODS: Final[dict[str, Method]] = {
    "browseKeyStore": Method((str, str, str), Applet.browse),
    "getKeys": Method(_KEY, Applet.keys),
    "createCMSSignature": Method((*_KEY, str, bool), Applet.cms),
    "signXml": Method((*_KEY, str), Applet.xml),
    "getNotBefore": Method(_KEY, Applet.not_before),
    "getNotAfter": Method(_KEY, Applet.not_after),
    "getSubjectDN": Method(_KEY, Applet.subject),
    "getIssuerDN": Method(_KEY, Applet.issuer),
    "setLocale": Method((str,), Applet.set_locale),
}
"""All methods of the dialect."""
