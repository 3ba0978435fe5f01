"""What a module notes of a session is the same, whichever cable it came over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reference.protocol.uz import apdu
from reference.runtime.clock import LabClock
from tests.links.bench import CABLES, bench, selected

MORNING = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
COMMANDS = (apdu.get_version().encode(), apdu.get_info(b"").encode(), b"\x00\xff\x00\x00\x01\x00")


@pytest.mark.parametrize("cable", [cable for cable in CABLES if cable != "tcp"])
def test_every_cable_leaves_the_same_notes(cable: str, tmp_path: Path) -> None:
    noted = []
    for each in ("tcp", cable):
        # The module's clock stands still, for the notes tell its time.
        lab = LabClock.private(MORNING, rate=0)
        with bench(lab, folder=tmp_path / each, serial=str(tmp_path / f"tty-{each}")) as made:
            link = made.link(each)
            selected(link)
            answers = [link.transmit(command) for command in COMMANDS]
            link.close()
            noted.append([(sent[:4], answer) for sent, answer in made.slot.exchanges])
            assert [answer for _, answer in noted[-1]][1:] == answers
    assert noted[0] == noted[1]
    assert len(noted[0]) == 1 + len(COMMANDS)
