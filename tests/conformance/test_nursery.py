"""Parts forked from a warm nursery are processes of their own in every respect that a lab relies on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.lab import LabError
from conformance.lab_nursery import ForkedPart, WarmNursery, nurseries_work
from conformance.lab_process import PartProcess
from tests.conformance.test_lab import running
from tests.fakes.lab import FAKE_PARTS, fake_lab, fake_part
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.skipif(not nurseries_work(), reason="nurseries need pidfds, which Linux has")


@pytest.fixture(scope="module")
def nursery() -> Iterator[WarmNursery]:
    with WarmNursery() as warm:
        yield warm


def started(nursery: WarmNursery, log: Path, module: str, *words: str, **environ: str) -> ForkedPart:
    with log.open("ab") as stderr:
        return nursery.start(module, words, {**os.environ, **environ}, stderr)


def lines(part: ForkedPart) -> list[str]:
    assert part.stdout is not None
    return part.stdout.read().decode().splitlines()


@pytest.fixture
def shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that shows what a process sees of itself, and ends as its first word says."""
    (tmp_path / "shown_part.py").write_text(
        "import os, sys\n"
        "print(__name__, sys.argv[1:], os.environ.get('COLOUR'), os.getcwd())\n"
        "print(os.getpid(), os.getsid(0), sys.stdin.read())\n"
        "print('to the log', file=sys.stderr)\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "shown_part"


def test_forked_part_is_run_as_python_runs_a_module(
    shows: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        WarmNursery() as nursery,
        started(nursery, tmp_path / "log", shows, "7", "two words", COLOUR="green") as part,
    ):
        assert part.stdin is not None
        part.stdin.write(b"said on stdin")
        part.stdin.close()
        assert lines(part) == [
            f"__main__ ['7', 'two words'] green {tmp_path}",
            f"{part.pid} {part.pid} said on stdin",
        ]
        assert part.wait(PATIENCE) == 7
        assert part.poll() == 7
    assert (tmp_path / "log").read_text() == "to the log\n"


def test_part_without_a_module_says_so_in_its_log(nursery: WarmNursery, tmp_path: Path) -> None:
    part = PartProcess("part", "no_such_part", (), os.environ, tmp_path / "log", nursery)
    with pytest.raises(LabError, match=r"(?s)ended before it was ready \(exit status 1\).*no_such_part"):
        part.ready(PATIENCE)
    part.end(PATIENCE)


def test_killed_part_is_dead_and_another_takes_its_place(nursery: WarmNursery, tmp_path: Path) -> None:
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1], nursery=nursery) as lab:
        addresses, first = dict(lab.addresses["module"]), lab.pid("module")
        lab.control("module").reset(note="durable")
        lab.kill("module")
        assert not running(first)
        assert not lab.alive("module")
        lab.restart("module")
        assert lab.addresses["module"] == addresses
        assert lab.pid("module") != first
        assert lab.control("module").state()["note"] == "durable"
        second = lab.pid("module")
    assert not running(second)


def test_part_that_dies_by_itself_tells_its_status(nursery: WarmNursery, tmp_path: Path) -> None:
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1], nursery=nursery) as lab:
        with pytest.raises(Exception, match=r"(?s)module is dead \(exit status 5\).*a last word"):
            eventually(lambda: lab.control("module").do("die"))
        with pytest.raises(LabError, match=r"(?s)module is dead \(exit status 5\).*a last word"):
            lab.check()


def test_kill_is_seen_as_the_signal_it_was(nursery: WarmNursery, tmp_path: Path) -> None:
    (spec,) = FAKE_PARTS[:1]
    words = ["--dir", str(tmp_path / "part"), "--port", "0", "--control-port", "0"]
    with started(nursery, tmp_path / "log", spec.module, *spec.options, *words) as part:
        assert part.stdout is not None
        assert b'"ready": true' in part.stdout.readline()
        assert part.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            part.wait(0.01)
        part.kill()
        assert part.wait(PATIENCE) == -signal.SIGKILL
        part.kill()  # of what is dead already: nothing happens


def test_part_that_ignores_sigterm_is_killed(
    nursery: WarmNursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.lab.END_SECONDS", 0.5)
    parts = (fake_part("drive", options=("--misbehave", "stubborn")),)
    lab = fake_lab(tmp_path, parts=parts, nursery=nursery).start()
    pid = lab.pid("drive")
    lab.stop()
    assert not running(pid)


def test_many_are_ordered_at_once(nursery: WarmNursery, tmp_path: Path) -> None:
    found: list[int] = []

    def order() -> None:
        with started(nursery, tmp_path / "log", "no_such_part") as part:
            found.append(part.wait(PATIENCE))

    threads = [threading.Thread(target=order) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [1] * 12


def test_dead_nursery_is_an_error_and_its_parts_go_with_it(tmp_path: Path) -> None:
    with WarmNursery() as nursery:
        lab = fake_lab(tmp_path, parts=FAKE_PARTS[:1], nursery=nursery).start()
        pid = lab.pid("module")
        assert nursery._process is not None
        nursery._process.kill()
        eventually(lambda: not lab.alive("module"))
        eventually(lambda: not running(pid))
        with pytest.raises(OSError, match=r"nursery|Broken pipe|reset"):
            lab.restart("module")
        lab.stop()


def test_killed_judge_leaves_neither_nursery_nor_part(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom conformance.lab_nursery import WarmNursery\n"
        "from tests.fakes.lab import FAKE_PARTS, fake_lab\nnursery = WarmNursery()\n"
        f"lab = fake_lab(Path({str(tmp_path)!r}), parts=FAKE_PARTS[:1], nursery=nursery).start()\n"
        "print(lab.pid('module'), nursery._process.pid, flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        pids = [int(word) for word in child.stdout.readline().split()]
        assert len(pids) == 2
        assert all(running(pid) for pid in pids)
        child.kill()
    eventually(lambda: not any(running(pid) for pid in pids))
