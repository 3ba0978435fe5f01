"""A guest that is no longer there, without one: whoever asks it hears so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.guest.stand import story
from tools.guest.errors import GuestSilent
from tools.guest.images import Image
from tools.guest.machine import Guest


def test_a_guest_that_has_ended_is_told_as_often_as_it_is_asked(tmp_path: Path) -> None:
    guest = Guest(Image("none", Path("kernel"), Path("initramfs"), {}))
    guest._folder = tmp_path / "guest"
    guest._child = subprocess.Popen(["true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    guest._child.wait()
    for _ in range(2):
        with pytest.raises(GuestSilent, match="the guest ended"):
            guest.run("dmesg")
    assert "the guest ended" in story(guest), "what a failed test tells must not fail"
    guest._stop()
