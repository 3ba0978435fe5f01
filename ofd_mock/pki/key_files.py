"""Key files: PKCS#12 as the national software knows them, made and read (kz-ofd CA-11, CA-12)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from asn1crypto import pkcs12 as structure
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from ofd_mock.pki.certificates import KeyPair, key_identifier

DEFAULT_PASSWORD: Final = "Test1234"  # noqa: S105 - of test keys, printed by the command that makes them
ROUNDS: Final = 2048
_PASSWORD: Final = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9]).{6,32}", re.DOTALL)


class KeyFileError(ValueError):
    """A key file that cannot be opened."""


class WrongPasswordError(KeyFileError):
    """The password does not open the file."""


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """A key ready to sign: its certificate, its name in the file, and certificates that came along."""

    pair: KeyPair
    alias: str
    others: tuple[x509.Certificate, ...]


def is_test_key(key: OpenedKey) -> bool:
    """Whether an authority of ours issued it: MOCK stands in its name. No other key is used (ID-05)."""
    names = key.pair.certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return any("MOCK" in str(name.value) for name in names)


def file_name(key: rsa.RSAPrivateKey, signing: bool) -> str:
    """The name of a key file: RSA256_… signs, AUTH_RSA256_… authenticates."""
    prefix = "RSA256" if signing else "AUTH_RSA256"
    return f"{prefix}_{key_identifier(key.public_key())}.p12"


def check_key_password(password: str) -> None:
    """Refuse a password that the real software would refuse (CA-12); KeyFileError says the rule."""
    if not _PASSWORD.fullmatch(password):
        raise KeyFileError("password: 6 to 32 characters with a capital and a small letter and a digit")


def write_key_file(pair: KeyPair, others: tuple[x509.Certificate, ...], password: str) -> bytes:
    """PKCS#12 bytes: 3DES and a SHA-1 MAC, as real files have, without their RC2 for certificates."""
    check_key_password(password)
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 - the format's own
        .build(password.encode())
    )
    alias = key_identifier(pair.key.public_key()).encode()
    return pkcs12.serialize_key_and_certificates(alias, pair.key, pair.certificate, others, encryption)


def read_key_file(data: bytes, password: str) -> OpenedKey:
    """Open PKCS#12 bytes. WrongPasswordError, or KeyFileError for what is no key file of RSA."""
    try:
        structure.Pfx.load(data, strict=True)["auth_safe"]["content"].native  # noqa: B018 - parses it whole
    except (ValueError, TypeError, KeyError):
        raise KeyFileError("this is no PKCS#12 file") from None
    try:
        loaded = pkcs12.load_pkcs12(data, password.encode())
    except UnsupportedAlgorithm:
        raise KeyFileError("the file is encrypted in a way that is not supported") from None
    except ValueError as error:
        raise WrongPasswordError("the password does not open the file") from error
    if not isinstance(loaded.key, rsa.RSAPrivateKey) or loaded.cert is None:
        raise KeyFileError("the file holds no RSA key with its certificate")
    alias = (loaded.cert.friendly_name or b"").decode("utf-8", "replace")
    pair = KeyPair(loaded.cert.certificate, loaded.key)
    others = tuple(each.certificate for each in loaded.additional_certs)
    return OpenedKey(pair, alias or key_identifier(loaded.key.public_key()), others)
