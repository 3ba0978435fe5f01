"""Dialect kz.gov.pki.knca.basics: named arguments, `status` and `body` (kz-ofd §16.5)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from ofd_mock.pki.key_files import OpenedKey
from ofd_mock.signing import outcomes
from ofd_mock.signing.key_stores import PKCS12, Wanted
from ofd_mock.signing.outcomes import CancelledError, RefusedError
from ofd_mock.signing.signatory import Session, Signatory, answer, decoded

MODULE: Final = "kz.gov.pki.knca.basics"
_TRUTH: Final = {"true": True, "false": False}


class BasicsError(Exception):
    """A refusal of this dialect: `code` of NB-14, message, details."""

    def __init__(self, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Order:
    """One checked request: what to sign, how, and with which key."""

    xml: bool
    data: tuple[str, ...]
    decode: bool
    encapsulate: bool
    digested: bool
    stamped: bool
    with_certificate: bool
    wanted: Wanted


class Basics:
    """Answers to one request each."""

    def __init__(self, signatory: Signatory) -> None:
        self._signatory = signatory

    async def handle(self, session: Session, request: dict[str, Any]) -> str:
        """The JSON answer; cancelled is an empty body, or a refusal where so set (NB-15)."""
        try:
            if request.get("method") != "sign":
                raise _thrown(f"java.lang.NoSuchMethodException: {request.get('method')}")
            arguments = _object(request, "args")
            if isinstance(locale := arguments.get("locale"), str):
                session.speak(locale)
            result = await self._sign(session, read_order(arguments))
        except CancelledError:
            if self._signatory.settings.basics_cancelled == "refusal":
                return answer({"status": False, "message": "action.canceled"})
            return answer({"body": {}, "status": True})
        except RefusedError as error:
            return _failure("SIGNING_FAILURE", getattr(error.texts, session.language))
        except BasicsError as error:
            return _failure(error.code, str(error), error.details)
        except ValueError as error:
            return _failure("SIGNING_FAILURE", str(error))
        return answer({"body": {"result": result}, "status": True})

    async def _sign(self, session: Session, order: Order) -> Any:
        contents = [_content(order, text) for text in order.data]
        key = await self._signatory.key(session, "sign", order.wanted, b"\n".join(contents))
        made = [self._one(order, key, content) for content in contents]
        if order.with_certificate:
            pem = key.pair.certificate.public_bytes(Encoding.PEM).decode()
            return {"signatures": made, "certificate": pem}
        if len(made) == 1 and self._signatory.settings.basics_single_result == "string":
            return made[0]
        return made

    def _one(self, order: Order, key: OpenedKey, content: bytes) -> str:
        if order.xml:
            return self._signatory.xml(key, content.decode())
        der = self._signatory.cms(
            key, content, attached=order.encapsulate, digested=order.digested, stamped=order.stamped
        )
        return framed(der)


def framed(der: bytes) -> str:
    """PEM with lines of 64 (NB-13)."""
    text = base64.b64encode(der).decode()
    lines = [text[place : place + 64] for place in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN CMS-----", *lines, "-----END CMS-----", ""))


def read_order(arguments: dict[str, Any]) -> Order:
    """The request of `args`. BasicsError: what is missing or of a wrong type (NB-01…NB-11)."""
    storages = arguments.get("allowedStorages")
    if storages is not None and not _texts(storages):
        raise _invalid("allowedStorages is a list of names")
    if storages and PKCS12 not in storages:
        raise RefusedError(outcomes.NO_STORE, "store")
    format_ = arguments.get("format")
    if format_ not in ("cms", "xml"):
        raise _invalid('format is "cms" or "xml"')
    data = arguments.get("data")
    data = [data] if isinstance(data, str) else data
    if not _texts(data) or not data:
        raise _invalid("data is a text or a list of texts")
    how = _object(arguments, "signingParams")
    who = _object(arguments, "signerParams") if "signerParams" in arguments else {}
    return Order(
        xml=format_ == "xml",
        data=tuple(data),
        decode=_flag(how, "decode", False),
        encapsulate=_flag(how, "encapsulate", True),
        digested=_flag(how, "digested", False),
        stamped=_stamped(how),
        with_certificate=_flag(how, "outputCert", False),
        wanted=_wanted(who, how),
    )


def _wanted(who: dict[str, Any], how: dict[str, Any]) -> Wanted:
    uses, chain = who.get("extKeyUsageOids") or [], who.get("chain")
    if not _texts(uses):
        raise _invalid("extKeyUsageOids is a list of OIDs")
    if chain is not None and not isinstance(chain, list):
        raise _invalid("chain is a list of certificates, or null")
    numbers = {name: who.get(name) or "" for name in ("iin", "bin", "serialNumber")}
    if not all(isinstance(value, str) for value in numbers.values()):
        raise _invalid("iin, bin and serialNumber are texts")
    return Wanted(
        uses=tuple(uses),
        iin=numbers["iin"],
        bin=numbers["bin"],
        serial=numbers["serialNumber"],
        national=chain is None,
        expired=_flag(how, "allowExpired", False),
        revoked=_flag(how, "allowRevoked", False),
    )


def _content(order: Order, text: str) -> bytes:
    if not order.decode:
        return text.encode()
    try:
        return decoded(text)
    except ValueError as error:
        raise _invalid(f"data is no Base64: {error}") from None


def _stamped(how: dict[str, Any]) -> bool:
    profile = how.get("tsaProfile")
    if profile is not None and not isinstance(profile, dict):
        raise _invalid("tsaProfile is an object, or null")
    return profile is not None


def _flag(values: dict[str, Any], name: str, default: bool) -> bool:
    value = values.get(name)
    if value is None:
        return default
    if isinstance(value, str):
        value = _TRUTH.get(value.lower(), value)
    if not isinstance(value, bool):
        raise _invalid(f"{name} is true or false")
    return value


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in values:
        raise _thrown(f'org.json.JSONException: JSONObject["{name}"] not found.')
    value = values[name]
    if not isinstance(value, dict):
        raise _thrown(f'org.json.JSONException: JSONObject["{name}"] is not a JSONObject.')
    return value


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _thrown(details: str) -> BasicsError:
    return BasicsError("INVOCATION_ERROR", "An invoked method threw an exception.", details)


def _invalid(details: str) -> BasicsError:
    return BasicsError("INVALID_SIGNING_PARAMS", "Signing parameters are invalid.", details)


def _failure(code: str, message: str, details: str = "") -> str:
    return answer({"code": code, "details": details, "message": message, "status": False})
