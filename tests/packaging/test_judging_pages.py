"""The pages for vendors, tried as a vendor does: the wheel in an empty environment, an empty folder, every
line of the page in order, and a product that another lab of the same wheel stands in for.

Addresses of a page are those of a lab on its real ports; here they are mapped to free ones. A block whose
first line is `# NAME.toml` or `# NAME.py` is that file. A line that ends with `&` runs in the background,
`kill %N` ends it. `(exit status N)` in a comment is what a line must end with, else 0.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.guards.sources import ROOT
from tests.packaging.conftest import own_environment
from tests.waiting import PATIENCE, eventually

PAGES = sorted((ROOT / "docs").glob("judge-your-*.md"))
INSTALLED_BY_THE_FIXTURE = ("python3 -m venv judge", ". judge/bin/activate", "pip install ")
COMMANDS = ("kassalab", "python", "pytest", "curl", "kill")
SECONDS = 180

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Line:
    place: str
    text: str

    @property
    def status(self) -> int:
        told = re.search(r"#.*\(exit status (\d)\)", self.text)
        return int(told.group(1)) if told else 0

    @property
    def command(self) -> str:
        return re.sub(r"\s+# .*$", "", self.text).strip()


@dataclass(frozen=True)
class Block:
    language: str
    number: int
    lines: tuple[str, ...]

    @property
    def file(self) -> str:
        named = re.fullmatch(r"# ([\w-]+\.(?:toml|py))", self.lines[0]) if self.lines else None
        return named[1] if named and self.language in ("toml", "python") else ""


def blocks(page: Path) -> Iterator[Block]:
    opened: tuple[str, int, list[str]] | None = None
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith("```"):
            if opened is not None:
                yield Block(opened[0], opened[1], tuple(opened[2]))
                opened = None
            else:
                opened = (text.removeprefix("```").strip(), number, [])
        elif opened is not None:
            opened[2].append(text)
    assert opened is None, f"{page.name}: a block is not closed"


def lines(page: Path, block: Block) -> Iterator[Line]:
    begun = ""
    for number, text in enumerate(block.lines, block.number + 1):
        if text.endswith("\\"):
            begun += text[:-1].rstrip() + " "
        elif text.strip() and not text.startswith("#"):
            yield Line(f"{page.name}:{number}", begun + text.strip())
            begun = ""


class Shell:
    """Where a page is tried: its folder, the addresses that stand for those of the page, its background."""

    def __init__(self, folder: Path, commands: Path, addresses: dict[str, str], ends: ExitStack) -> None:
        self.folder = folder
        self.addresses = dict(addresses)
        self._environ = own_environment(PATH=f"{commands}{os.pathsep}{os.environ['PATH']}", COLUMNS="100")
        self._ends = ends
        self._background: list[subprocess.Popen[bytes]] = []

    def fitted(self, text: str) -> str:
        return re.sub(r"127\.0\.0\.1:\d+", lambda found: self._address(found[0]), text)

    def run(self, line: Line) -> None:
        words = shlex.split(self.fitted(line.command))
        assert words[0] in COMMANDS, f"{line.place}: {words[0]} is no command of a page"
        if words[0] == "kill":
            self._kill(line, int(words[1].removeprefix("%")))
        elif words[-1] == "&":
            self._start(words[:-1])
        else:
            done = subprocess.run(
                words,
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            said = (done.stdout + done.stderr)[-3000:]
            assert done.returncode == line.status, f"{line.place}: {line.command}\n{said}"
            assert "Traceback" not in said, f"{line.place}: {said}"

    def _address(self, written: str) -> str:
        if written not in self.addresses:
            with socket.socket() as held:
                held.bind(("127.0.0.1", 0))
                self.addresses[written] = f"127.0.0.1:{held.getsockname()[1]}"
        return self.addresses[written]

    def _start(self, words: list[str]) -> None:
        if words[:2] == ["kassalab", "up"]:
            words = [*words, "--free-ports"]
        log = self.folder / f"background-{len(self._background) + 1}.log"
        process = self._ends.enter_context(background(words, self.folder, self._environ, log))
        self._background.append(process)
        if words[:2] == ["kassalab", "up"]:
            self.addresses.update(lab_addresses(self.folder))

    def _kill(self, line: Line, number: int) -> None:
        process = self._background[number - 1]
        process.send_signal(signal.SIGINT)
        said = self.folder / f"background-{number}.log"
        assert process.wait(PATIENCE) == line.status, (
            f"{line.place}: {line.command}\n{said.read_text()[-3000:]}"
        )


@contextmanager
def background(
    words: list[str], folder: Path, environ: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that says `Ctrl-C` when it is ready; ended with the block, whatever became of it."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            words, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        eventually(lambda: process.poll() is not None or "Ctrl-C" in log.read_text(), 90)
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def lab_addresses(folder: Path) -> dict[str, str]:
    """Real address to the lab's own, for the parts that it has."""
    parts = json.loads((folder / ".kassalab" / "lab" / "lab.json").read_text())["parts"]
    wanted = {
        "127.0.0.1:4387": ("module", "module"),
        "127.0.0.1:4388": ("module", "control"),
        "127.0.0.1:3449": ("drive", "drive"),
        "127.0.0.1:13447": ("operator", "operator"),
        "127.0.0.1:13448": ("operator", "http"),
        "127.0.0.1:7777": ("operator-kz", "operator-kz"),
        "127.0.0.1:7778": ("operator-kz", "http"),
        "127.0.0.1:7780": ("register", "register"),
        "127.0.0.1:7790": ("portal", "portal"),
        "127.0.0.1:7793": ("backoffice", "backoffice"),
    }
    return {
        real: parts[part]["addresses"][name].removeprefix("http://")
        for real, (part, name) in wanted.items()
        if part in parts
    }


@pytest.fixture(scope="module")
def product(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of the parts that stand in for a vendor's product."""
    folder = tmp_path_factory.mktemp("product")
    environ = own_environment(PATH=f"{installed}{os.pathsep}{os.environ['PATH']}")
    words = [str(installed / "kassalab"), "up", "--free-ports"]
    with background(words, folder, environ, folder / "up.log"):
        yield lab_addresses(folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_vendor_can_follow_the_page(
    page: Path, installed: Path, product: dict[str, str], tmp_path: Path
) -> None:
    with ExitStack() as ends:
        shell = Shell(tmp_path, installed, product, ends)
        for block in blocks(page):
            if block.file:
                (tmp_path / block.file).write_text(shell.fitted("\n".join(block.lines) + "\n"))
            elif block.language == "":
                for line in lines(page, block):
                    if not line.command.startswith(INSTALLED_BY_THE_FIXTURE):
                        shell.run(line)


def test_there_is_a_page_for_every_kind_of_vendor() -> None:
    known = ["module", "ofd", "owner-portal", "portal", "pos", "register"]
    assert [page.stem.removeprefix("judge-your-") for page in PAGES] == known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_pipeline_of_a_page_runs_is_tried_on_the_page(page: Path) -> None:
    """The CI example is YAML and not run as such; its commands are lines of the page."""
    tried = {line.command for block in blocks(page) if not block.language for line in lines(page, block)}
    pipeline = [
        text.strip().removeprefix("- run: ")
        for block in blocks(page)
        if block.language == "yaml"
        for text in block.lines
        if "kassalab " in text or "pytest " in text
    ]
    assert pipeline or page.stem == "judge-your-pos"
    for command in pipeline:
        assert command in tried or command.startswith("pip install "), command
