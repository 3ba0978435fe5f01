"""Key files of the signing service: which there are, opening one, and whether a key suits a request.

Only files below the service's own folders are opened, because any web page can name a path (kz-ofd §16.6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from ofd_mock.pki import oids
from ofd_mock.pki.authority import Authority
from ofd_mock.pki.key_files import (
    KeyFileError,
    OpenedKey,
    WrongPasswordError,
    is_test_key,
    read_key_file,
)
from ofd_mock.pki.status import chain_of
from ofd_mock.pki.verification import Signer, signer_of
from ofd_mock.signing import outcomes
from ofd_mock.signing.outcomes import RefusedError
from reference.protocol.kz.results import Texts

PKCS12: Final = "PKCS12"
STORAGES: Final = (
    PKCS12,
    "JKS",
    "AKKaztokenStore",
    "AKKZIDCardStore",
    "AKEToken72KStore",
    "AKEToken5110Store",
    "AKJaCartaStore",
    "AKAKEYStore",
)
"""Names that pages use; only PKCS12 is here."""
MAX_FILE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks of the key. Empty means any.

    `use` is SIGNATURE or AUTHENTICATION; `uses` are OIDs that must all be in the certificate; `national`
    wants the test authority itself (NB-11).
    """

    use: str = ""
    uses: tuple[str, ...] = ()
    iin: str = ""
    bin: str = ""
    serial: str = ""
    national: bool = False
    expired: bool = True
    revoked: bool = True


ANY: Final = Wanted()


class KeyStores:
    """The key files below `folders`, and the authority whose book says what is revoked."""

    def __init__(self, authority: Authority, folders: Iterable[Path] = ()) -> None:
        self.authority = authority
        self.folders = tuple(folder.resolve() for folder in (authority.keys_folder, *folders))

    def files(self) -> list[Path]:
        """Every key file, newest first."""
        found = [path for folder in self.folders for path in folder.glob("*.p12") if path.is_file()]
        return sorted(found, key=lambda path: (-path.stat().st_mtime_ns, path.name))

    def notes(self) -> dict[str, str]:
        """What the authority made each of its key files as, by the file's name: for people who choose."""
        return {each.file.name: each.profile for each in self.authority.issued() if each.file is not None}

    def open(self, path: str, password: str) -> OpenedKey:
        """The key in the file at `path`, absolute or a name below the folders.

        RefusedError: "load" for no file, no PKCS#12 or no test key, "password" for a wrong one. A file
        beyond the folders is answered as one that is not there.
        """
        chosen = self._found(path)
        if chosen is None:
            raise RefusedError(outcomes.NO_FILE, "load")
        try:
            opened = read_key_file(chosen.read_bytes(), password)
        except WrongPasswordError:
            raise RefusedError(outcomes.WRONG_PASSWORD, "password") from None
        except (KeyFileError, OSError):
            raise RefusedError(outcomes.NO_FILE, "load") from None
        if not is_test_key(opened):
            raise RefusedError(outcomes.NOT_TEST, "load")
        return opened

    def require(self, key: OpenedKey, wanted: Wanted, now: datetime) -> None:
        """Refuse a key that does not suit; RefusedError "key" with the reason."""
        reason = self.unsuitable(key, wanted, now)
        if reason is not None:
            raise RefusedError(reason, "key")

    def unsuitable(self, key: OpenedKey, wanted: Wanted, now: datetime) -> Texts | None:
        """Why a key does not suit, None when it does."""
        certificate, signer = key.pair.certificate, signer_of(key.pair.certificate)
        if not _fits_use(certificate, signer, wanted):
            return outcomes.WRONG_USE
        if not _fits_holder(signer, wanted):
            return outcomes.OTHER_HOLDER
        if wanted.national and not chain_of(certificate, self.authority.trust, key.others):
            return outcomes.OTHER_AUTHORITY
        if not wanted.expired and not signer.not_before <= now <= signer.not_after:
            return outcomes.EXPIRED
        if not wanted.revoked and certificate.serial_number in self.authority.book().revoked:
            return outcomes.REVOKED
        return None

    def _found(self, path: str) -> Path | None:
        if not path or "\0" in path or len(path) > 4096:
            return None
        try:
            for folder in self.folders:
                chosen = (folder / path).resolve()
                if chosen.is_relative_to(folder) and chosen.is_file() and chosen.stat().st_size <= MAX_FILE:
                    return chosen
        except OSError:
            return None
        return None


def _fits_use(certificate: x509.Certificate, signer: Signer, wanted: Wanted) -> bool:
    if wanted.use == "SIGNATURE" and not signer.signing:
        return False
    uses = {
        use.dotted_string
        for each in certificate.extensions
        if isinstance(each.value, x509.ExtendedKeyUsage)
        for use in each.value
    }
    if wanted.use == "AUTHENTICATION" and oids.CLIENT_AUTH not in uses:
        return False
    return set(wanted.uses) <= uses


def _fits_holder(signer: Signer, wanted: Wanted) -> bool:
    if wanted.iin and wanted.iin != signer.holder.iin:
        return False
    if wanted.bin and wanted.bin != signer.holder.bin:
        return False
    return not wanted.serial or wanted.serial.lower().lstrip("0") == f"{signer.serial:x}"
