"""Signing XML: an enveloped signature, RSA with SHA-256, exclusive canonical form (NC-06, NB-02, NA-04)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final
from xml.etree import ElementTree

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from ofd_mock.pki.certificates import KeyPair

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SIGNED_INFO: Final = (
    '<ds:SignedInfo xmlns:ds="{ds}">'
    '<ds:CanonicalizationMethod Algorithm="{c14n}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
    '<ds:Reference URI=""><ds:Transforms>'
    '<ds:Transform Algorithm="{ds}enveloped-signature"></ds:Transform>'
    '<ds:Transform Algorithm="{c14n}"></ds:Transform></ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
    "<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)
_SIGNATURE: Final = (
    '<ds:Signature xmlns:ds="{ds}">{info}<ds:SignatureValue>{value}</ds:SignatureValue>'
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    "</ds:Signature>"
)


_LAST_TAG: Final = re.compile(r"</[^<>?]+>")


class XmlError(ValueError):
    """A text that is no XML document, or one that declares a document type."""


def sign_xml(text: str, signer: KeyPair) -> str:
    """The canonical document, without comments, with its signature as the root's last child. XmlError."""
    document = canonical(text)
    digest = base64.b64encode(hashlib.sha256(document.encode()).digest()).decode()
    info = _SIGNED_INFO.format(ds=_DS, c14n=_C14N, digest=digest)
    # Written in canonical form, so that the bytes that are signed are the bytes that a verifier makes of it.
    value = signer.key.sign(info.encode(), padding.PKCS1v15(), hashes.SHA256())
    signature = _SIGNATURE.format(
        ds=_DS,
        info=info.replace(f' xmlns:ds="{_DS}"', "", 1),
        value=base64.b64encode(value).decode(),
        certificate=base64.b64encode(signer.certificate.public_bytes(Encoding.DER)).decode(),
    )
    end = document.rindex("</")
    return f"{document[:end]}{signature}{document[end:]}"


def canonical(text: str) -> str:
    """The document in canonical form: the root element alone, without comments or what stands beside it."""
    if "<!DOCTYPE" in text:
        raise XmlError("a document type is not taken")
    try:
        # Without a document type nothing expands.
        whole = ElementTree.canonicalize(text, with_comments=False).strip()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise XmlError(f"this is no XML document: {error}") from None
    if whole.startswith("<?") or not _LAST_TAG.fullmatch(whole[whole.rindex("</") :]):
        raise XmlError("processing instructions beside the root element are not taken")
    return whole
