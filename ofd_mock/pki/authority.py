"""The test authority as a folder: its keys, the key files it made, the book of what it issued and revoked.

Several processes may use one folder: the book is a file of lines that is only appended to, under a lock.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ofd_mock.pki import certificates as make
from ofd_mock.pki.certificates import KeyPair
from ofd_mock.pki.holders import ORGANISATION, PERSON, Holder, readable
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, check_key_password, file_name, write_key_file
from ofd_mock.pki.oids import TSA_POLICY
from ofd_mock.pki.profiles import Profile
from ofd_mock.pki.revocation import REASONS, Book, Revocation, answer_ocsp, make_list
from ofd_mock.pki.signing import make_token
from ofd_mock.pki.status import Fetch, Trust

DEFAULT_BASE: Final = "http://127.0.0.1:13580"
"""Where lists and answers are served: the signing service's own HTTP port (CA-10)."""
_FACTS: Final = "authority.json"
_BOOK: Final = "book.jsonl"
_MOST_ANSWERS: Final = 1_000
"""Kept of one second: answers of the responder."""


class AuthorityError(ValueError):
    """The folder holds no authority, or what was asked of it cannot be; `field` names what."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was issued, as the book has it; `file` is None when no key file was kept."""

    serial: int
    profile: str
    certificate: x509.Certificate
    file: Path | None
    revocation: Revocation | None = None

    @property
    def subject(self) -> str:
        """The subject, readable."""
        return readable(self.certificate.subject)


class Authority:
    """The authority in `folder`. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Open what :meth:`create` made; AuthorityError when there is none."""
        self.folder = folder
        try:
            facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise AuthorityError("folder", f"{folder} holds no test authority") from None
        self.base: str = facts["base"]
        self._read: tuple[int, list[Issued]] = (0, [])
        self._answers: tuple[tuple[int, datetime] | None, dict[bytes, bytes]] = (None, {})

    @classmethod
    def create(cls, folder: Path, base: str = DEFAULT_BASE, bits: int = make.AUTHORITY_BITS) -> Self:
        """Make a new authority in `folder`; AuthorityError when one is there already.

        `base` is the loopback address at which its lists and answers are served; `bits` are its keys' length.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            if (folder / _FACTS).exists():
                raise AuthorityError("folder", f"{folder} holds a test authority already")
            root = make.make_root(make.new_key(bits))
            issuing = make.make_issuing(root, make.new_key(bits), base)
            _keep(folder, "root", root)
            _keep(folder, "issuing", issuing)
            _keep(folder, "foreign", make.make_root(make.new_key(), make.FOREIGN_NAME))
            for kind in ("ocsp", "tsa"):
                _keep(folder, kind, make.make_service(issuing, make.new_key(), kind))
            _keep(folder, "tls", make.make_tls(issuing, make.new_key()))
            chain = [_pem(folder, name).read_bytes() for name in ("tls", "issuing")]
            (folder / "tls-chain.pem").write_bytes(b"".join(chain))
            chain = [_pem(folder, name).read_bytes() for name in ("root", "issuing")]
            (folder / "trust.pem").write_bytes(b"".join(chain))
            (folder / "keys").mkdir(exist_ok=True)
            # Written last: a folder is an authority when this file stands in it.
            _write(folder / _FACTS, json.dumps({"base": base}).encode())
        return cls(folder)

    @classmethod
    def ensure(cls, folder: Path, base: str = DEFAULT_BASE, bits: int = make.AUTHORITY_BITS) -> Self:
        """The authority in `folder`, made when there is none."""
        try:
            return cls(folder)
        except AuthorityError:
            return cls.create(folder, base, bits)

    @property
    def keys_folder(self) -> Path:
        """Where key files are."""
        return self.folder / "keys"

    @property
    def trust_file(self) -> Path:
        """Root and issuing authority, PEM: what `openssl cms -verify -CAfile` and a browser want."""
        return self.folder / "trust.pem"

    @property
    def tls_files(self) -> tuple[Path, Path]:
        """Certificate chain and key of the signing service, PEM."""
        return self.folder / "tls-chain.pem", self.folder / "tls.key"

    @cached_property
    def root(self) -> KeyPair:
        """The root."""
        return _load(self.folder, "root")

    @cached_property
    def issuing(self) -> KeyPair:
        """Who issues users' certificates."""
        return _load(self.folder, "issuing")

    @cached_property
    def _responder(self) -> KeyPair:
        return _load(self.folder, "ocsp")

    @cached_property
    def _stamper(self) -> KeyPair:
        return _load(self.folder, "tsa")

    @cached_property
    def trust(self) -> Trust:
        """What a verifier knows of this authority."""
        return Trust((self.root.certificate,), (self.issuing.certificate,))

    def issue(
        self, profile: Profile, now: datetime, holder: Holder | None = None, password: str = DEFAULT_PASSWORD
    ) -> Issued:
        """Make a key and a certificate of `profile` at lab time `now`, and its key file.

        HolderError and KeyFileError say what cannot stand in a certificate, or which password is refused.
        """
        check_key_password(password)
        chosen = holder or (ORGANISATION if profile.organisation else PERSON)
        issuer = _load(self.folder, "foreign") if profile.foreign else self.issuing
        key = make.new_key()
        certificate = make.make_user(issuer, key.public_key(), chosen, profile, now, self.base)
        chain = (issuer.certificate,) if profile.foreign else (issuer.certificate, self.root.certificate)
        path = self.keys_folder / file_name(key, profile.signing)
        _write(path, write_key_file(KeyPair(certificate, key), chain, password))
        issued = Issued(certificate.serial_number, profile.name, certificate, path)
        der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        row = {"issued": f"{issued.serial:x}", "profile": profile.name, "file": path.name, "certificate": der}
        self._append(row)
        return self.revoke(issued.serial, now) if profile.revoked else issued

    def revoke(self, serial: int, now: datetime, reason: str = "unspecified") -> Issued:
        """Revoke at lab time `now`; once revoked stays as it was. AuthorityError: no such certificate."""
        if reason not in REASONS:
            raise AuthorityError("reason", f"no reason {reason!r}; known: {', '.join(REASONS)}")
        known = {each.serial: each for each in self.issued()}
        if serial not in known:
            raise AuthorityError("serial", f"no certificate {serial:x} was issued here")
        if known[serial].revocation is None:
            self._append({"revoked": f"{serial:x}", "time": now.isoformat(), "reason": reason})
        return next(each for each in self.issued() if each.serial == serial)

    def issued(self) -> list[Issued]:
        """Every certificate issued so far, oldest first, foreign ones too."""
        size = self._size()
        if self._read[0] != size:  # the book only grows
            self._read = (size, self._read_book())
        return list(self._read[1])

    def _size(self) -> int:
        path = self.folder / _BOOK
        return path.stat().st_size if path.exists() else 0

    def _read_book(self) -> list[Issued]:
        found: dict[int, dict[str, Any]] = {}
        revoked: dict[int, Revocation] = {}
        for row in self._rows():
            if "issued" in row:
                found[int(row["issued"], 16)] = row
            else:
                when = datetime.fromisoformat(row["time"])
                revoked.setdefault(int(row["revoked"], 16), Revocation(when, row["reason"]))
        return [
            Issued(
                serial,
                row["profile"],
                x509.load_der_x509_certificate(base64.b64decode(row["certificate"])),
                self.keys_folder / row["file"],
                revoked.get(serial),
            )
            for serial, row in found.items()
        ]

    def book(self) -> Book:
        """What the issuing authority says at this moment; foreign certificates are not its own."""
        own = [each for each in self.issued() if each.certificate.issuer == self.issuing.certificate.subject]
        revoked = {each.serial: each.revocation for each in own if each.revocation is not None}
        return Book({each.serial for each in own}, revoked)

    def crl(self, now: datetime, *, delta: bool = False) -> bytes:
        """DER of the users' revocation list, or of its delta."""
        return make_list(self.issuing, self.book(), now, delta=delta)

    def root_crl(self, now: datetime) -> bytes:
        """DER of the root's list; the issuing authority is never revoked."""
        return make_list(self.root, Book((), {}), now)

    def ocsp(self, request: bytes, now: datetime) -> bytes:
        """DER of the OCSP response to `request`.

        It tells whole seconds, so within one the same question has the same answer, until the book grows.
        """
        state = (self._size(), now.replace(microsecond=0))
        if self._answers[0] != state:
            self._answers = (state, {})
        answers = self._answers[1]
        answer = answers.get(request)
        if answer is None:
            answer = answer_ocsp(request, self.issuing.certificate, self._responder, self.book(), now)
            if len(answers) < _MOST_ANSWERS:
                answers[request] = answer
        return answer

    def timestamp(self, digest: bytes, now: datetime, nonce: int | None = None) -> bytes:
        """DER of a timestamp token over a SHA-256 digest."""
        return make_token(digest, self._stamper, now, TSA_POLICY, nonce)

    def fetch(self, now: datetime) -> Fetch:
        """Revocation answers of this authority without a network: (address, body or None) -> bytes."""

        def answer(address: str, body: bytes | None) -> bytes:
            path = address.removeprefix(self.base)
            if path == "/ocsp" and body is not None:
                return self.ocsp(body, now)
            if path in ("/crl/issuing.crl", "/crl/issuing-delta.crl"):
                return self.crl(now, delta="delta" in path)
            if path == "/crl/root.crl":
                return self.root_crl(now)
            raise OSError(f"{address} is not served by this authority")

        return answer

    def _rows(self) -> Iterator[dict[str, Any]]:
        path = self.folder / _BOOK
        if path.exists():
            # Without its line feed a line is still being written.
            for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
                yield json.loads(line)

    def _append(self, row: dict[str, Any]) -> None:
        with _locked(self.folder), (self.folder / _BOOK).open("ab") as book:
            book.write(json.dumps(row).encode() + b"\n")
            book.flush()
            os.fsync(book.fileno())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _pem(folder: Path, name: str) -> Path:
    return folder / f"{name}.pem"


def _keep(folder: Path, name: str, pair: KeyPair) -> None:
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / f"{name}.key", key)
    _write(_pem(folder, name), pair.certificate.public_bytes(Encoding.PEM))


def _write(path: Path, data: bytes) -> None:
    """A file that only its owner reads; it appears whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    fresh.rename(path)


def _load(folder: Path, name: str) -> KeyPair:
    key = load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return KeyPair(x509.load_pem_x509_certificate(_pem(folder, name).read_bytes()), key)
