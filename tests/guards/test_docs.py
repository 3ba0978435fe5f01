"""Every command line in README and docs runs, in the order it stands there, and ends as the text says.

The lines run beside a lab on free ports; the real ports in a line stand for the lab's. A comment
`(exit status N)` is what a line must end with, else 0.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    # tests/packaging/test_judging_pages.py follows the pages for vendors, in an environment of their own
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if not page.stem.startswith("judge-your-")),
]
BIN = Path(sys.executable).parent

ELSEWHERE = {
    "make demo": "CI runs it by itself",
    "make test": "CI runs it by itself; this test is a part of it",
    "kassalab up": "the fixture does: the other lines run beside it",
    "kassalab up --country kz": "runs until stopped; tests/tools/test_up_portal.py starts it",
    "python -m ofd_mock.signing": "runs until stopped; tests/ofd_mock/signing starts it",
    "kassalab run": "all suites: make demo runs them",
    "kassalab bench uz": "wants a quiet machine; tests/tools/test_bench.py tests its parts",
    "kassalab bench kz": "wants a quiet machine; tests/tools/test_bench_kz.py tests its parts",
    "kassalab bench kz --json figures.json": "the same",
    "kassalab bench proxy": "wants a quiet machine; tests/tools/test_bench_proxy.py tests its parts",
    "kassalab bench judge": "wants a quiet machine; tests/tools/test_bench_judge.py tests its parts",
    "kassalab bench portal": "wants a quiet machine; tests/tools/test_bench_portal.py tests its parts",
    "kassalab bench links": "wants a quiet machine; tests/tools/test_bench_links.py tests its parts",
    "kassalab bench shop": "wants a quiet machine; tests/tools/test_bench_shop.py tests its parts",
}
"""Lines that are not run here, and why."""


@dataclass(frozen=True)
class Line:
    page: str
    number: int
    text: str

    @property
    def status(self) -> int:
        told = re.search(r"\(exit status (\d)\)", self.text)
        return int(told.group(1)) if told else 0

    @property
    def command(self) -> str:
        return re.sub(r"\s+# .*$", "", self.text).strip()


def _lines(page: Path) -> list[Line]:
    found, inside = [], False
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith("```"):
            inside = not inside and text.strip() in ("```", "```sh", "```console")
        elif inside and re.match(r"(kassalab|python -m|make|curl|pytest) ", text):
            found.append(Line(page.name, number, text))
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("docs")
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            [BIN / "kassalab", "up", "--free-ports"], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        lab_file = folder / ".kassalab" / "lab" / "lab.json"
        eventually(lambda: process.poll() is not None or "Ctrl-C" in (folder / "up.log").read_text(), 180)
        assert process.poll() is None, (folder / "up.log").read_text()
        assert lab_file.exists()
        yield folder
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _addresses(folder: Path) -> dict[str, str]:
    parts = json.loads((folder / ".kassalab" / "lab" / "lab.json").read_text())["parts"]
    at = {name: part["addresses"] for name, part in parts.items()}
    return {
        "127.0.0.1:4387": at["module"]["module"],
        "127.0.0.1:4388": at["module"]["control"].removeprefix("http://"),
        "127.0.0.1:3449": at["drive"]["drive"].removeprefix("http://"),
        "127.0.0.1:3448": at["drive"]["rpc"].removeprefix("http://"),
        "127.0.0.1:2040": at["drive"]["qpos"].removeprefix("http://"),
        "127.0.0.1:8347": at["drive"]["communicator"].removeprefix("http://"),
        "127.0.0.1:13447": at["operator"]["operator"],
        "127.0.0.1:13448": at["operator"]["http"].removeprefix("http://"),
        "127.0.0.1:7777": at["operator-kz"]["operator-kz"],
        "127.0.0.1:7778": at["operator-kz"]["http"].removeprefix("http://"),
        "127.0.0.1:7780": at["register"]["register"].removeprefix("http://"),
        "127.0.0.1:7790": at["portal"]["portal"].removeprefix("http://"),
        "127.0.0.1:7793": at["backoffice"]["backoffice"].removeprefix("http://"),
    }


def _fitted(command: str, addresses: dict[str, str]) -> list[str]:
    for real, own in addresses.items():
        command = command.replace(real, own)
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "reference.pos"] and "--drive" not in words:
        words[3:3] = ["--drive", f"http://{addresses['127.0.0.1:3449']}"]
    if words[:3] == ["python", "-m", "reference.kkm"] and "--url" not in words:
        words[3:3] = ["--url", f"http://{addresses['127.0.0.1:7780']}"]
    return words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path, lab: Path) -> None:
    addresses = _addresses(lab)
    environ = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
    for line in _lines(page):
        if line.command in ELSEWHERE:
            print(f"{line.page}:{line.number}: {line.command}: not run here: {ELSEWHERE[line.command]}")
            continue
        done = subprocess.run(
            _fitted(line.command, addresses),
            cwd=lab,
            env=environ,
            capture_output=True,
            text=True,
            timeout=240,
        )
        said = (done.stdout + done.stderr)[-3000:]
        assert done.returncode == line.status, f"{line.page}:{line.number}: {line.command}\n{said}"
        assert "Traceback" not in said


def test_the_readme_has_commands_to_run() -> None:
    assert len(_lines(ROOT / "README.md")) >= 20
