"""The library for the hash: taken only where it is there, willing, and right."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pytest

from reference.protocol.uz import gost
from reference.protocol.uz.gost_native import LIBRARY, load_digest

WRONG = "00" * 32


def missing() -> str:
    """Why this machine has no such library, empty when it has one."""
    try:
        ctypes.PyDLL(LIBRARY)
    except OSError as error:
        return str(error)
    return ""


class Unwilling:
    """A library that allows the hash to nobody, as one does that keeps to a standard."""

    def __init__(self, version: bytes | None, refusal: int) -> None:
        self.gcry_check_version = _Call(version)
        self.gcry_md_algo_info = _Call(refusal)
        self.hashed = False

    def gcry_md_hash_buffer(self, *_arguments: Any) -> None:
        self.hashed = True


class _Call:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __call__(self, *_arguments: Any) -> Any:
        return self.answer


@pytest.mark.skipif(bool(missing()), reason=f"this machine has no {LIBRARY}: {missing()}")
def test_the_library_hashes_as_python_does() -> None:
    digest = load_digest()
    assert digest is not None
    for size in (0, 1, 31, 32, 33, 300, 5000):
        assert digest(bytes(size)) == gost.digest_in_python(bytes(size))
    assert digest(bytearray(b"abc")) == gost.digest_in_python(b"abc")  # type: ignore[arg-type]


@pytest.mark.skipif(bool(missing()), reason=f"this machine has no {LIBRARY}: {missing()}")
def test_a_library_that_errs_is_not_used() -> None:
    assert load_digest(probes=[(b"abc", WRONG)]) is None


def test_a_machine_without_it_does_without() -> None:
    assert load_digest("libno-such-library.so.1") is None


def test_another_library_under_its_name_is_not_used() -> None:
    assert load_digest("libc.so.6") is None


@pytest.mark.parametrize(("version", "refusal"), [(None, 0), (b"1.10", 5)], ids=["too old", "refuses"])
def test_a_library_that_will_not_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, version: bytes | None, refusal: int
) -> None:
    library = Unwilling(version, refusal)
    monkeypatch.setattr(ctypes, "PyDLL", lambda _name: library)
    assert load_digest() is None
    assert not library.hashed


def test_only_linux_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "PyDLL", lambda _name: pytest.fail("loaded"))
    assert load_digest() is None
