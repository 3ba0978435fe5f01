"""Reading a CMS: from text or bytes to the parts that verification needs; nothing is believed yet (SG-01)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms, core, parser
from cryptography import x509

from ofd_mock.pki import oids
from ofd_mock.pki.findings import Finding, Rule
from ofd_mock.pki.status import UNREADABLE

DIGESTS: Final = ("sha256", "sha384", "sha512")
_SIGNATURES: Final = ("rsassa_pkcs1v15", *(f"{name}_rsa" for name in DIGESTS))
_FRAME: Final = re.compile(r"-----BEGIN (?:CMS|PKCS7)-----(.*)-----END (?:CMS|PKCS7)-----", re.DOTALL)
_BROKEN: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto raises when bytes are not what they should be."""


class StructureError(ValueError):
    """A CMS that cannot be read so far as to be verified; `finding` says why."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(detail)
        self.finding = Finding(rule, detail)


@dataclass(frozen=True, slots=True)
class Attributes:
    """The signed attributes: the bytes that are signed, and what they say; None for what is absent."""

    signed: bytes
    kind: str | None
    digest: bytes | None
    time: datetime | None
    certificate_hashes: tuple[tuple[str, bytes], ...] | None


@dataclass(frozen=True, slots=True)
class Structure:
    """One signature: what was attached (None: detached), by whom, how, and the proof."""

    kind: str
    content: bytes | None
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    digest_algorithm: str
    attributes: Attributes | None
    signature: bytes
    timestamps: tuple[bytes, ...]


def signature_bytes(text: str | bytes) -> bytes:
    """The DER of a signature given as DER, Base64 or PEM, line ends and frame stripped (NB-13).

    StructureError for a text that is none of them.
    """
    if isinstance(text, bytes):
        if text[:1] == b"\x30":
            return text
        text = text.decode("latin-1")
    framed = _FRAME.search(text)
    bare = re.sub(r"\s+", "", framed.group(1) if framed else text)
    try:
        return base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        raise StructureError(Rule.SYNTAX, "neither DER nor Base64 nor PEM") from None


def read_structure(der: bytes) -> Structure:
    """The parts of a SignedData with one signer. StructureError: SYNTAX, ALGORITHM, SIGNERS, CERTIFICATE."""
    try:
        return _read(der)
    except StructureError:
        raise
    except _BROKEN as error:
        raise StructureError(Rule.SYNTAX, f"{type(error).__name__}: {str(error).splitlines()[:1]}") from error


def _read(der: bytes) -> Structure:
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != "signed_data":
        raise StructureError(Rule.SYNTAX, f"the content is {outer['content_type'].native}, not SignedData")
    data = outer["content"]
    if len(data["signer_infos"]) != 1:
        raise StructureError(Rule.SIGNERS, f"{len(data['signer_infos'])} signers")
    signer = data["signer_infos"][0]
    _check_algorithms(signer)
    chosen = _certificate_of(signer["sid"], [each.chosen for each in data["certificates"] or []])
    others = [each.chosen for each in data["certificates"] or [] if each.chosen is not chosen]
    inside = data["encap_content_info"]
    content = inside["content"].native if inside["content"].native is not None else None
    if content is not None and not isinstance(content, bytes):
        content = bytes(inside["content"])
    return Structure(
        kind=inside["content_type"].native,
        content=content,
        certificate=_loaded(chosen),
        others=tuple(_loaded(each) for each in others if isinstance(each, type(chosen))),
        digest_algorithm=signer["digest_algorithm"]["algorithm"].native,
        attributes=_attributes(signer["signed_attrs"]),
        signature=signer["signature"].native,
        timestamps=_timestamps(signer["unsigned_attrs"]),
    )


def _check_algorithms(signer: Any) -> None:
    digest, signature = signer["digest_algorithm"]["algorithm"], signer["signature_algorithm"]["algorithm"]
    if digest.native not in DIGESTS or signature.native not in _SIGNATURES:
        raise StructureError(Rule.ALGORITHM, f"{_named(digest)} with {_named(signature)}")
    if signature.native != "rsassa_pkcs1v15" and signature.native != f"{digest.native}_rsa":
        raise StructureError(Rule.ALGORITHM, f"{digest.native} does not belong to {signature.native}")


def _named(algorithm: Any) -> str:
    gost = " (GOST)" if algorithm.dotted.startswith(oids.GOST_PREFIX) else ""
    return f"{algorithm.native}{gost}"


def _certificate_of(sid: Any, certificates: list[Any]) -> Any:
    for certificate in certificates:
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen
            if certificate.serial_number != wanted["serial_number"].native:
                continue
            if certificate.issuer.dump() == wanted["issuer"].dump():
                return certificate
        elif certificate.key_identifier == sid.chosen.native:
            return certificate
    raise StructureError(Rule.CERTIFICATE, f"none of {len(certificates)} certificates is the signer's")


def _loaded(certificate: Any) -> x509.Certificate:
    algorithm = certificate["signature_algorithm"]["algorithm"]
    key = certificate["tbs_certificate"]["subject_public_key_info"]["algorithm"]["algorithm"]
    if algorithm.native not in _SIGNATURES or key.native != "rsa":
        raise StructureError(Rule.ALGORITHM, f"certificate with {_named(key)}, signed by {_named(algorithm)}")
    try:
        loaded = x509.load_der_x509_certificate(certificate.dump())
        _ = loaded.extensions, loaded.subject, loaded.issuer, loaded.public_key()
    except UNREADABLE as error:
        raise StructureError(Rule.CERTIFICATE, f"the certificate cannot be read: {error}") from None
    return loaded


def _signed_bytes(attributes: Any) -> bytes:
    """What is signed of the attributes: a SET OF, whose members DER sorts whatever their order here was.

    Of the bytes that came: to write anew what was read costs more than all the rest of the reading.
    """
    method, tag = core.SetOf.method, core.SetOf.tag
    members = sorted(each.dump() for each in attributes)
    return bytes(parser.emit(0, method, tag, b"".join(members)))


def _attributes(given: Any) -> Attributes | None:
    if isinstance(given, core.Void):
        return None
    signed = _signed_bytes(given)
    found: dict[str, Any] = {}
    for attribute in given:
        name = attribute["type"].native
        if name in found or len(attribute["values"]) != 1:
            raise StructureError(Rule.ATTRIBUTES, f"{name} stands there more than once")
        found[name] = attribute["values"][0]
    ess = found.get("signing_certificate_v2")
    return Attributes(
        signed=signed,
        kind=found["content_type"].native if "content_type" in found else None,
        digest=found["message_digest"].native if "message_digest" in found else None,
        time=found["signing_time"].native if "signing_time" in found else None,
        certificate_hashes=None
        if ess is None
        else tuple(
            (each["hash_algorithm"]["algorithm"].native, each["cert_hash"].native) for each in ess["certs"]
        ),
    )


def _timestamps(unsigned: Any) -> tuple[bytes, ...]:
    if isinstance(unsigned, core.Void):
        return ()
    return tuple(
        value.dump()
        for attribute in unsigned
        if attribute["type"].native == "signature_time_stamp_token"
        for value in attribute["values"]
    )
