"""Time and chance are handed in: nothing but reference/runtime asks the machine for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.sources import ROOT, name, python_files, text_files

# The clock and chance themselves, and the files the clock is split into.
ALLOWED = {
    f"reference/runtime/{module}.py" for module in ("clock", "part_clock", "clock_page", "wakes", "chance")
}

READS_OF_TIME = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.process_time",
    "time.process_time_ns",
    "time.thread_time",
    "time.thread_time_ns",
    "time.clock_gettime",
    "time.clock_gettime_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "time.asctime",
    "time.strftime",
    "time.sleep",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "threading.Timer",
}
ROLLS_OF_DICE = {
    "os.urandom",
    "os.getrandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "random.SystemRandom",
}
WHOLE_MODULES = {"secrets"}
SEEDED = {"random.Random"}

MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(?:work|home|root|Users|workspace)/[\w.]|/tmp/[a-z]\w*\.(?:md|json|py)\b"
)


def forbidden(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every use of the machine's clock or chance in a module's source."""
    tree = ast.parse(source)
    known = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            meant = _meant(node, known)
            if meant is not None and _is_forbidden(meant):
                yield node.lineno, meant
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            # Random() without a seed asks the operating system for one.
            meant = _meant(node.func, known)
            if meant in SEEDED:
                yield node.lineno, f"{meant}()"


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    (alias.asname or alias.name.split(".")[0]),
                    (alias.name if alias.asname else alias.name.split(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _meant(node: ast.expr, known: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        inner = _meant(node.value, known)
        return None if inner is None else f"{inner}.{node.attr}"
    return None


def _is_forbidden(meant: str) -> bool:
    if meant in READS_OF_TIME or meant in ROLLS_OF_DICE or meant.split(".")[0] in WHOLE_MODULES:
        return True
    return meant.startswith("random.") and meant.count(".") == 1 and meant not in SEEDED


def test_nobody_reads_the_machines_clock_or_rolls_its_dice() -> None:
    found = [
        f"{name(path)}:{line}: {meant}"
        for path in python_files()
        if name(path) not in ALLOWED
        for line, meant in forbidden(path.read_text())
    ]
    assert not found, "take a PartClock or a seeded generator instead:\n" + "\n".join(found)


def test_exceptions_to_the_rule_exist() -> None:
    for path in ALLOWED:
        assert (ROOT / path).is_file(), f"{path} is gone: take it off the list"


def test_nothing_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{name(path)}:{number}: {line.strip()[:120]}"
        for path in text_files()
        if path != Path(__file__).resolve()
        for number, line in enumerate(_lines(path), start=1)
        if MACHINE_PATHS.search(line)
    ]
    assert not found, "paths of one machine:\n" + "\n".join(found)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("import time\ntime.sleep(1)", "time.sleep"),
        ("import time as t\nt.monotonic()", "time.monotonic"),
        ("from time import time\ntime()", "time.time"),
        ("import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
        ("from datetime import datetime as d\nd.utcnow()", "datetime.datetime.utcnow"),
        ("from datetime import date\ndate.today()", "datetime.date.today"),
        ("import random\nrandom.choice([1])", "random.choice"),
        ("from random import randint\nrandint(1, 2)", "random.randint"),
        ("import random\nrandom.Random()", "random.Random()"),
        ("from random import SystemRandom\nSystemRandom()", "random.SystemRandom"),
        ("import os\nf = os.urandom", "os.urandom"),
        ("import secrets\nsecrets.token_hex()", "secrets.token_hex"),
        ("from uuid import uuid4\nuuid4()", "uuid.uuid4"),
    ],
)
def test_the_guard_sees(source: str, meant: str) -> None:
    assert meant in [found for _, found in forbidden(source)]


@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.Random(5).choice([1])",
        "from datetime import datetime\ndatetime.fromisoformat('2026-01-01')",
        "import os\nos.path.join('a', 'b')",
        "def f(clock, time):\n    return clock.now(), time.time()",
        "from uuid import UUID, uuid5\nuuid5(UUID(int=1), 'x')",
        "import time\ntime.strptime('1', '%d')",
    ],
)
def test_the_guard_lets_pass(source: str) -> None:
    assert list(forbidden(source)) == []


@pytest.mark.parametrize("line", ["see /home/somebody/notes", 'open("/root/x")', "kept in /tmp/brief.md"])
def test_the_guard_sees_paths(line: str) -> None:
    assert MACHINE_PATHS.search(line)


@pytest.mark.parametrize(
    "line", ["GET /api/home/page", "see docs/work/plan", "/usr/bin/chromium", "a/root/b"]
)
def test_the_guard_lets_other_paths_pass(line: str) -> None:
    assert not MACHINE_PATHS.search(line)
