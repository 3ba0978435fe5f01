from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from conformance.lab import Lab
from tests.fakes.lab import fake_lab
from tests.waiting import PATIENCE, eventually
from tools.cli import COMMANDS, FAILURES, GROUPS, run

START = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
UP = """
import sys
import tools.commands.lab
from tests.fakes.lab import FAKE_PARTS
tools.commands.lab.COUNTRIES["both"] = FAKE_PARTS
tools.commands.lab.with_shop = lambda parts: parts
from tools.cli import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with fake_lab(tmp_path_factory.mktemp("lab"), start=START, rate=0) as running:
        yield running


class Kassalab:
    """Runs command lines against one lab and keeps what they said."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.said = self.complained = ""

    def __call__(self, *words: str) -> int:
        status = run([*words, "--dir", str(self.folder)])
        self.said, self.complained = self._capsys.readouterr()
        assert "Traceback" not in self.complained
        return status


@pytest.fixture
def kassalab(lab: Lab, capsys: pytest.CaptureFixture[str]) -> Kassalab:
    return Kassalab(lab.folder, capsys)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"kassalab {version('kassalab')}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for name in (*COMMANDS, *GROUPS):
        assert name in text


def test_every_failure_that_is_told_is_a_class() -> None:
    for name in FAILURES:
        module, _, kind = name.partition(":")
        found = getattr(import_module(module), kind)
        assert issubclass(found, Exception)
        assert (found.__module__, found.__qualname__) == (module, kind)


def test_a_command_imports_nothing_of_the_others() -> None:
    """Who asks a lab for its state does not wait until databases and suites are imported."""
    program = (
        "import sys; from tools.cli import run; run(['state', '--help']);"
        "print('heavy:', sorted({'sqlalchemy', 'cryptography', 'tools.bench.kz'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fiscalise"]) == 2
    assert "fiscalise" in capsys.readouterr().err


def test_clock_show_advance_and_rate(lab: Lab, kassalab: Kassalab) -> None:
    before = lab.clock.now()
    assert kassalab("clock", "advance", "49h") == 0
    assert lab.clock.now() == before + timedelta(hours=49)
    local = (before + timedelta(hours=49 + 5)).strftime("%Y-%m-%d %H:%M:%S")
    assert kassalab.said == f"{local} Tashkent · rate 0\n"
    assert kassalab("clock", "show", "--json") == 0
    assert json.loads(kassalab.said)["rate"] == 0
    assert kassalab("clock", "rate", "2") == 0
    assert lab.clock.rate == 2
    assert kassalab("clock", "rate", "0") == 0


def test_clock_sets_one_part_apart(lab: Lab, kassalab: Kassalab) -> None:
    assert kassalab("clock", "skew", "module", "-5m") == 0
    assert "module: skew -5m, drift 0 ppm" in kassalab.said
    assert lab.clock.part("module").skew == pytest.approx(-300)
    assert kassalab("clock", "drift", "module", "-20.5") == 0
    assert lab.clock.part("module").drift == -20.5
    assert kassalab("clock", "skew", "module", "0") == 0
    assert kassalab("clock", "drift", "module", "0") == 0
    assert kassalab("clock", "show") == 0
    assert "module" not in kassalab.said


def test_the_lab_may_be_named_before_the_command(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KASSALAB_DIR", str(tmp_path))
    assert run(["clock", "--dir", str(lab.folder), "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parts"].keys() == {"module", "operator", "drive"}
    assert run(["fault", f"--dir={lab.folder}", "list", "module"]) == 0
    assert run(["clock", "--control", lab.control_url("drive"), "skew", "drive", "-5m"]) == 0
    assert run(["clock", "--dir", str(lab.folder), "skew", "drive", "0"]) == 0
    assert run(["clock", "--dir"]) == 2
    assert run(["clock", "show"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("clock", "advance", "-1h"),
        ("clock", "advance", "soon"),
        ("clock", "rate", "-1"),
        ("clock", "skew", "printer", "5m"),
        ("fault", "add", "module", "link.connect", "drop", "--count", "0"),
        ("fault", "add", "module", "link.connect", "drop", "--match", "terminal"),
        ("reset", "--set", "note=x"),
        ("reset", "module", "--set", "note"),
        ("state", "printer"),
    ],
)
def test_wrong_usage_is_status_2(kassalab: Kassalab, words: tuple[str, ...]) -> None:
    assert kassalab(*words) == 2
    assert kassalab.complained
    assert not kassalab.said


def test_fault_rules(lab: Lab, kassalab: Kassalab) -> None:
    words = (
        "fault",
        "add",
        "module",
        "link.connect",
        "delay",
        "--count",
        "always",
        "--match",
        "terminal=ZZ*",
    )
    assert kassalab(*words, "--for", "2h", "--delay", "1.5s", "--skip", "1", "--value", "x") == 0
    rule = lab.control("module").faults()["rules"][0]
    assert rule["count"] is None
    assert rule["match"] == {"terminal": "ZZ*"}
    assert (rule["seconds"], rule["delay"], rule["skip"], rule["value"]) == (7200, 1.5, 1, "x")
    assert kassalab("fault", "list", "--points") == 0
    assert "link.connect" in kassalab.said
    assert kassalab("fault", "list", "module", "--json") == 0
    assert json.loads(kassalab.said)["module"]["rules"] == [rule]
    assert kassalab("fault", "remove", "module", rule["id"]) == 0
    assert kassalab("fault", "add", "drive", "operator.connect", "refuse") == 0
    assert kassalab("fault", "clear") == 0
    assert kassalab.said == "1 rules removed\n"
    assert kassalab("fault", "list") == 0
    assert kassalab.said == "No fault is switched on.\n"


def test_refusals_of_a_part_are_status_1(kassalab: Kassalab) -> None:
    assert kassalab("fault", "add", "module", "till.open", "drop") == 1
    assert "link.connect" in kassalab.complained
    assert kassalab("fault", "remove", "module", "99") == 1
    assert kassalab.complained == "there is no fault rule 99\n"


def test_cut_and_mend_the_network(lab: Lab, kassalab: Kassalab) -> None:
    assert kassalab("fault", "cut-network") == 0
    assert kassalab("fault", "cut-network", "--for", "49h") == 0
    (rule,) = lab.control("drive").faults()["rules"]
    assert (rule["point"], rule["action"]) == ("operator.connect", "refuse")
    assert (rule["count"], rule["seconds"]) == (None, 49 * 3600)
    assert kassalab("fault", "mend-network") == 0
    assert lab.control("drive").faults()["rules"] == []
    assert kassalab("fault", "mend-network") == 1


def test_pull_and_plug_the_card(lab: Lab, kassalab: Kassalab) -> None:
    assert kassalab("fault", "pull-card", "--for", "90s") == 0
    assert lab.control("module").state()["plugged"] is False
    assert kassalab("fault", "plug-card") == 0
    assert lab.control("module").state()["plugged"] is True
    assert kassalab("fault", "power-cut") == 0


def test_state_as_tree_and_as_json(kassalab: Kassalab) -> None:
    assert kassalab("state") == 0
    assert "module" in kassalab.said
    assert "plugged: yes" in kassalab.said
    assert kassalab("state", "drive", "--json") == 0
    assert json.loads(kassalab.said)["seed"] == 11


def test_snapshot_restore_and_reset(lab: Lab, kassalab: Kassalab) -> None:
    assert kassalab("reset", "module", "--set", "note=morning") == 0
    assert kassalab("snapshot", "day") == 0
    assert [lab.control(part).snapshots() for part in lab.addresses] == [["day"]] * 3
    assert kassalab("snapshot", "day") == 2
    assert "--replace" in kassalab.complained
    assert kassalab("snapshot", "day", "--replace") == 0
    assert kassalab("reset") == 0
    assert lab.control("module").state()["note"] == ""
    assert kassalab("restore", "day") == 0
    assert lab.control("module").state()["note"] == "morning"
    assert kassalab("restore", "night") == 2
    assert "nothing was changed" in kassalab.complained
    assert kassalab("snapshot", "../night") == 1
    assert kassalab("reset", "module", "--set", "colour=1") == 1


def test_journal_is_ordered_by_lab_time(lab: Lab, kassalab: Kassalab) -> None:
    lab.control("drive").do("plug")
    lab.control("module").advance(1)
    lab.control("module").do("plug")
    assert kassalab("journal", "--limit", "1", "--json") == 0
    events = [json.loads(line) for line in kassalab.said.splitlines()]
    assert {event["part"] for event in events} == {"module", "operator", "drive"}
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert kassalab("journal", "module", "--limit", "2") == 0
    assert kassalab.said.splitlines()[-1].split()[1:] == ["module", "control.operation", "name=plug"]


def test_one_part_by_its_control_address(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    address = lab.control_url("drive").removeprefix("http://")
    assert run(["state", "--json", "--control", address]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["drive"]


def test_absent_lab_is_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kassalab = Kassalab(tmp_path, capsys)
    for words in (("state",), ("clock", "show"), ("fault", "list"), ("journal",), ("snapshot", "a")):
        assert kassalab(*words) == 2
        assert kassalab.complained.startswith(f"no lab runs in {tmp_path}")


def test_a_lab_in_no_folder_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "--free-ports", "--dir", f"{__file__}/lab"]) == 2
    assert "no lab can be kept in" in capsys.readouterr().err


def test_lab_that_does_not_answer_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    (tmp_path / "lab.json").write_text(json.dumps({"parts": {"module": {"control": url}}}))
    kassalab = Kassalab(tmp_path, capsys)
    assert kassalab("state") == 3
    assert url in kassalab.complained
    assert run(["state", "--control", url]) == 3


def test_stranger_is_no_control_api(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    address = lab.addresses["module"]["module"]
    stranger = f"{lab.control_url('module')}/nothing-here"
    assert run(["state", "--control", stranger]) == 3
    assert "no control API" in capsys.readouterr().err
    assert address


def test_up_runs_until_ctrl_c(tmp_path: Path) -> None:
    words = ["up", "--dir", str(tmp_path), "--free-ports", "--seed", "5", "--start", "2026-03-01 09:00:00"]
    with subprocess.Popen(
        [sys.executable, "-c", UP, *words, "--rate", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, COLUMNS="60"),
        text=True,
    ) as child:
        try:
            facts = eventually(lambda: _three_parts(tmp_path / "lab.json"))
            assert run(["state", "--dir", str(tmp_path)]) == 0
            child.send_signal(signal.SIGINT)
            out, errors = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    assert child.returncode == 0, errors
    assert "Stopping." in errors
    assert "seed 5 · lab time 2026-03-01 09:00:00 Tashkent" in out
    assert "kassalab fault pull-card" in out
    folded = "".join(out.split())
    for part in facts["parts"].values():
        assert f"{part['control']}/control/".split("//")[1] in folded.replace("│", "")
    assert not (tmp_path / "lab.json").exists()


def _three_parts(path: Path) -> dict[str, dict[str, dict[str, str]]] | None:
    if not path.exists():
        return None
    facts: dict[str, dict[str, dict[str, str]]] = json.loads(path.read_text())
    return facts if len(facts["parts"]) == 3 else None


def test_up_ends_with_status_2_when_a_part_dies(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", UP, "up", "--dir", str(tmp_path), "--free-ports"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            facts = eventually(lambda: _three_parts(tmp_path / "lab.json"))
            os.kill(int(facts["parts"]["operator"]["pid"]), signal.SIGKILL)
            _, errors = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    assert child.returncode == 2
    assert "operator is dead (exit status -9, SIGKILL)" in errors
    assert "Traceback" not in errors
