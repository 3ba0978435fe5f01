"""Dialect kz.gov.pki.knca.commonUtils: positional arguments, codes as strings (kz-ofd §16.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ofd_mock.pki.key_files import OpenedKey
from ofd_mock.pki.verification import signer_of
from ofd_mock.signing import outcomes
from ofd_mock.signing.key_stores import PKCS12, Wanted
from ofd_mock.signing.outcomes import CancelledError, RefusedError
from ofd_mock.signing.signatory import Session, Signatory, answer, decoded, encoded
from reference.protocol.kz.money import to_almaty

MODULE: Final = "kz.gov.pki.knca.commonUtils"
CANCELLED: Final = "action.canceled"
_JAVA: Final = "java.lang.IllegalArgumentException"

Arguments = list[Any]


class Method(NamedTuple):
    """The types of a method's arguments, and what it does."""

    types: tuple[type, ...]
    run: Callable[[CommonUtils, Session, Arguments], Awaitable[Any]] | None


class CommonUtils:
    """Answers to one request each."""

    def __init__(self, signatory: Signatory) -> None:
        self._signatory = signatory

    async def handle(self, session: Session, request: dict[str, Any]) -> str:
        """The JSON answer; every failure is code 500 with a message, `uuid` is echoed."""
        reply = await self._reply(session, str(request.get("method")), request.get("args", []))
        if "uuid" in request:
            reply["uuid"] = request["uuid"]
        return answer(reply)

    async def _reply(self, session: Session, name: str, arguments: Any) -> dict[str, Any]:
        method = METHODS.get(name)
        if method is None or method.run is None:
            return _failure(f"java.lang.NoSuchMethodException: {name}")
        given = arguments if isinstance(arguments, list) else [arguments]
        if len(given) != len(method.types):
            return _failure(f"{_JAVA}: wrong number of arguments. Method: {name}")
        if not all(_fits(value, kind) for value, kind in zip(given, method.types, strict=True)):
            return _failure(f"{_JAVA}: argument type mismatch. Method: {name}")
        try:
            result = await method.run(self, session, given)
        except CancelledError:
            return _failure(CANCELLED)
        except RefusedError as error:
            return _failure(getattr(error.texts, session.language))
        except ValueError as error:
            return _failure(f"{_JAVA}: {error}")
        return {"code": "200"} if result is None else {"responseObject": result, "code": "200"}

    async def active_tokens(self, _session: Session, _arguments: Arguments) -> list[str]:
        """NC-01: no hardware here."""
        return []

    async def key_info(self, session: Session, arguments: Arguments) -> dict[str, str]:
        """NC-02."""
        return key_facts(await self._key(session, "getKeyInfo", arguments[0], ""))

    async def cms(self, session: Session, arguments: Arguments) -> str:
        """NC-03: with a timestamp (SG-03)."""
        return await self._signed(session, "createCMSSignatureFromBase64", arguments, stamped=True)

    async def cades(self, session: Session, arguments: Arguments) -> str:
        """NC-04: without one."""
        return await self._signed(session, "createCAdESFromBase64", arguments, stamped=False)

    async def cades_of_hash(self, session: Session, arguments: Arguments) -> str:
        """NC-05: of a SHA-256 digest, detached."""
        storage, use, text = arguments
        digest = decoded(text)
        key = await self._key(session, "createCAdESFromBase64Hash", storage, use)
        return encoded(self._signatory.cms(key, digest, attached=False, digested=True))

    async def xml(self, session: Session, arguments: Arguments) -> str:
        """NC-06; the two XPaths are taken and not used."""
        storage, use, text = arguments[:3]
        key = await self._key(session, "signXml", storage, use, text.encode())
        return self._signatory.xml(key, text)

    async def xmls(self, session: Session, arguments: Arguments) -> list[str]:
        """NC-06 for several documents."""
        storage, use, texts = arguments[:3]
        key = await self._key(session, "signXmls", storage, use, "\n".join(texts).encode())
        return [self._signatory.xml(key, text) for text in texts]

    async def change_locale(self, session: Session, arguments: Arguments) -> None:
        """NC-08."""
        session.speak(arguments[0])

    async def _signed(self, session: Session, method: str, arguments: Arguments, *, stamped: bool) -> str:
        storage, use, text, attached = arguments
        data = decoded(text)
        key = await self._key(session, method, storage, use, data)
        return encoded(self._signatory.cms(key, data, attached=attached, stamped=stamped))

    async def _key(
        self, session: Session, method: str, storage: str, use: str, data: bytes = b""
    ) -> OpenedKey:
        if storage != PKCS12:
            raise RefusedError(outcomes.NO_STORE, "store")
        # Any other string than these two means any key (§16.4).
        wanted = Wanted(use if use in ("SIGNATURE", "AUTHENTICATION") else "")
        return await self._signatory.key(session, method, wanted, data)


def key_facts(key: OpenedKey) -> dict[str, str]:
    """The object of getKeyInfo (NC-02); times are Almaty's."""
    certificate = key.pair.certificate
    signer = signer_of(certificate)
    identifier = next(
        (
            each.value
            for each in certificate.extensions
            if isinstance(each.value, x509.AuthorityKeyIdentifier)
        ),
        None,
    )
    authority = identifier.key_identifier if identifier is not None else None
    return {
        "alias": key.alias,
        "keyId": x509.SubjectKeyIdentifier.from_public_key(key.pair.key.public_key()).digest.hex(),
        "algorithm": "RSA",
        "subjectCn": signer.holder.common_name,
        "subjectDn": signer.subject,
        "issuerCn": str(certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value),
        "issuerDn": signer.issuer,
        "serialNumber": f"{signer.serial:x}",
        "certNotAfter": f"{to_almaty(signer.not_after):%d.%m.%Y %H:%M:%S}",
        "certNotBefore": f"{to_almaty(signer.not_before):%d.%m.%Y %H:%M:%S}",
        "authorityKeyIdentifier": (authority or b"").hex(),
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
    }


def _failure(message: str) -> dict[str, Any]:
    return {"code": "500", "message": message}


def _fits(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is kind


_SIGN: Final = (str, str, str, bool)
_XML: Final = (str, str, str, str, str)
METHODS: Final[dict[str, Method]] = {
    "getActiveTokens": Method((), CommonUtils.active_tokens),
    "getKeyInfo": Method((str,), CommonUtils.key_info),
    "createCMSSignatureFromBase64": Method(_SIGN, CommonUtils.cms),
    "createCAdESFromBase64": Method(_SIGN, CommonUtils.cades),
    "createCAdESFromBase64Hash": Method((str, str, str), CommonUtils.cades_of_hash),
    "signXml": Method(_XML, CommonUtils.xml),
    "signXmls": Method((str, str, list, str, str), CommonUtils.xmls),
    "changeLocale": Method((str,), CommonUtils.change_locale),
    # Known to pages, and not served (NC-07).
    "applyCAdEST": Method((), None),
    "createCMSSignatureFromFile": Method((), None),
    "createCAdESFromFile": Method((), None),
    "showFileChooser": Method((), None),
}
"""All methods of the dialect."""
