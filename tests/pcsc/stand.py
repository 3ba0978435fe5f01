"""A pcscd of the tests' own, and programs of somebody else's that talk to it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from reference.links.errors import LinkError
from reference.links.pcsc import PcscLink
from tests.waiting import PATIENCE, eventually
from tools.pcsc_stand import PcscStand, ReaderEntry, StandError, pcsc_stand

scard = pytest.importorskip(
    "smartcard.scard",
    reason="pyscard is not installed: it is built where swig, a C compiler and libpcsclite-dev are",
    exc_type=ImportError,
)

FIRST = "Kassalab PCD 00 00"
SECOND = "Kassalab PCD 00 01"


@contextmanager
def running(folder: Path, readers: Sequence[ReaderEntry]) -> Iterator[PcscStand]:
    """A pcscd with these readers; the test is skipped, with its reason printed, where there can be none."""
    try:
        stand = pcsc_stand(folder, readers)
        with stand as started:
            yield started
    except StandError as error:
        pytest.skip(f"no pcscd here: {error}")


def opensc(*arguments: str) -> str:
    """What OpenSC's opensc-tool prints; it must succeed."""
    if shutil.which("opensc-tool") is None:
        pytest.skip("opensc-tool is not installed")
    done = subprocess.run(["opensc-tool", *arguments], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def state(reader: str) -> int:
    """The event state of a reader as PC/SC tells it; 0 when there is no such reader."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert result == scard.SCARD_S_SUCCESS
    try:
        result, states = scard.SCardGetStatusChange(context, 0, [(reader, scard.SCARD_STATE_UNAWARE)])
        return states[0][1] if result == scard.SCARD_S_SUCCESS else 0
    finally:
        scard.SCardReleaseContext(context)


def present(reader: str) -> bool:
    """Whether there is a card in the reader."""
    return bool(state(reader) & scard.SCARD_STATE_PRESENT)


def link_to(reader: str) -> PcscLink:
    """A closed link to the card in a reader, which must come within the patience of tests."""
    eventually(lambda: present(reader))
    return PcscLink(reader)


def answer(link: PcscLink, command: bytes) -> bytes:
    """The answer of a card that may be on its way back into its reader."""

    def asked() -> bytes | None:
        try:
            link.open()
            return link.transmit(command)
        except LinkError:
            return None
        finally:
            link.close()

    return eventually(asked)
