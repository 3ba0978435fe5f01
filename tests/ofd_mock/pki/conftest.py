"""One test authority for all tests here, its certificates made at a moment of the lab, and what is signed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from ofd_mock.pki.authority import Authority, Issued
from ofd_mock.pki.holders import Holder
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, OpenedKey, read_key_file
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.signing import Stamp, What, sign
from ofd_mock.pki.verification import Demands, Verification, verify

NOW = datetime(2031, 3, 1, 9, 30, 15, tzinfo=UTC)
TEXT = "Заявка №1 на присоединение к Договору (TEST)".encode()
BITS = 2048
"""Of the authority's keys: the real length costs seconds and proves nothing more."""


@dataclass
class Bench:
    """An authority and what tests do with it."""

    authority: Authority

    def issue(self, profile: str, holder: Holder | None = None) -> Issued:
        return self.authority.issue(PROFILES[profile], NOW, holder)

    def key(self, issued: Issued) -> OpenedKey:
        assert issued.file is not None
        return read_key_file(issued.file.read_bytes(), DEFAULT_PASSWORD)

    def sign(
        self, issued: Issued, *, attached: bool = True, stamp: Stamp | None = None, now: datetime = NOW
    ) -> bytes:
        return sign(What(TEXT, attached=attached), self.key(issued).pair, now, stamp)

    def verify(
        self, signature: str | bytes, demands: Demands | None = None, now: datetime = NOW
    ) -> Verification:
        authority = self.authority
        return verify(signature, demands or Demands(TEXT), authority.trust, now, authority.fetch(now))

    def openssl(self, *arguments: str | Path, at: datetime = NOW, given: bytes | None = None) -> str:
        """Run `openssl` against the authority at a lab time; AssertionError with what it said."""
        words = [str(each) for each in arguments]
        chain = ["-CAfile", str(self.authority.trust_file), "-attime", str(int(at.timestamp()))]
        done = subprocess.run(["openssl", *words, *chain], input=given, capture_output=True)
        said = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, said
        return said


@cache
def _made(folder: Path) -> Authority:
    return Authority.create(folder, bits=BITS)


@pytest.fixture(scope="package")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(_made(tmp_path_factory.mktemp("authority")))


@pytest.fixture(scope="package")
def head(bench: Bench) -> Issued:
    return bench.issue("head")
