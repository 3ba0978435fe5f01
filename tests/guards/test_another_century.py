"""Nothing reads the wall clock: with Python frozen in 2150, every stored and printed time is the lab's.

A whole story (sale, refund, outage, Z-report) runs through either country's chain in real processes.
Then every file they left, every database row and every log line is searched for the frozen date and today's.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from freezegun import freeze_time

from tools.demo import Say, run_day
from tools.demo_kz import run_kz_day

FROZEN = "2150-06-15 12:00:00"
LAB_BEGINS = datetime(2031, 3, 1, 7, 55)

# cryptography looks its datetime class up once, at its first certificate, and takes no other afterwards: that
# must not be freezegun's.
MEET_REAL_DATETIMES = """
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([])
builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
moment = datetime(2031, 1, 1, tzinfo=UTC)
builder.serial_number(1).not_valid_before(moment).not_valid_after(moment).sign(key, hashes.SHA256())
"""
FREEZE_EVERY_CHILD = f"""
{MEET_REAL_DATETIMES}
import freezegun
freezegun.freeze_time({FROZEN!r}, real_asyncio=True).start()
"""


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Everything that was stored or printed, as text: database rows one by one, all other files whole."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(file.relative_to(folder))
        if file.read_bytes()[:15] == b"SQLite format 3":
            yield from _rows(file, name)
        elif not name.endswith(("-wal", "-shm")):
            data = file.read_bytes()
            yield name, data.decode("latin-1")
            yield f"{name} (hex)", data.hex()


def _rows(file: Path, name: str) -> Iterator[tuple[str, str]]:
    with sqlite3.connect(file) as database:
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in database.execute(f'select * from "{table}"'):
                cells = [cell.hex() if isinstance(cell, bytes) else str(cell) for cell in row]
                yield f"{name}:{table}", " ".join(cells)
    database.close()


def _uz_story(folder: Path, say: Say) -> None:
    outcome = run_day(folder, 7, say, LAB_BEGINS)
    assert outcome.receipts == outcome.delivered


def _kz_story(folder: Path, say: Say) -> None:
    outcome = run_kz_day(folder, 7, say, LAB_BEGINS)
    assert outcome.tickets == outcome.checked


@pytest.mark.parametrize(
    ("play", "days"),
    [(_uz_story, ("2031-03-01", "2031-03-03")), (_kz_story, ("2031-03-01", "2031-03-04"))],
)
def test_every_stored_and_printed_time_is_the_labs(
    play: Callable[[Path, Say], None], days: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = time.strftime("%Y-%m-%d")
    (tmp_path / "freeze").mkdir()
    (tmp_path / "freeze" / "sitecustomize.py").write_text(FREEZE_EVERY_CHILD, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "freeze"))
    story = tmp_path / "story"
    story.mkdir()
    said: list[str] = []
    exec(MEET_REAL_DATETIMES, {})
    with freeze_time(FROZEN, real_asyncio=True):
        play(story, said.append)

    strange = re.compile(
        "|".join({day.replace("-", sep) for day in ("2150-06-15", today) for sep in ("-", "")})
    )
    found = [(name, match.group()) for name, text in _texts(story) if (match := strange.search(text))]
    assert found == []
    whole = "\n".join(text for _, text in _texts(story))
    for day in days:
        assert day in whole
    logs = [line for log in story.glob("lab*/log/*.log") for line in log.read_text().splitlines()]
    assert logs, "the parts have logged nothing"


def test_the_children_really_are_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard above would be worth nothing if the children ran on real time."""
    import subprocess
    import sys

    (tmp_path / "sitecustomize.py").write_text(FREEZE_EVERY_CHILD, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    shown = subprocess.run(
        [sys.executable, "-c", "import time, datetime; print(time.time(), datetime.datetime.now().year)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert shown[1] == "2150"
