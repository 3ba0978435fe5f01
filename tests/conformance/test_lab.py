from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.control_client import RefusedError, UnreachableError
from conformance.lab import Lab, LabError, free_port_range, read_lab_file
from conformance.lab_parts import KZ_PARTS, PORTAL
from reference.runtime.clock import LabClock
from tests.fakes.lab import FAKE_PARTS, fake_lab, fake_part
from tests.waiting import eventually

START = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with fake_lab(tmp_path_factory.mktemp("lab"), start=START, rate=0) as running:
        yield running


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_parts_that_do_not_name_each_other_start_side_by_side(tmp_path: Path) -> None:
    heard: list[str] = []

    class Told(Lab):
        def _spawn(self, name: str, extra: Sequence[str] = ()) -> None:
            heard.append(f"{name} begins")
            super()._spawn(name, extra)

        def _await(self, name: str) -> None:
            super()._await(name)
            heard.append(f"{name} is ready")

    with Told(tmp_path, parts=FAKE_PARTS, seed=11) as lab:
        assert list(lab.addresses) == ["module", "operator", "drive"]
        assert list(read_lab_file(tmp_path)["parts"]) == ["module", "operator", "drive"]
    begun = ["module begins", "operator begins", "module is ready", "operator is ready"]
    assert heard == [*begun, "drive begins", "drive is ready"]


def test_a_part_starts_behind_the_one_whose_folder_it_looks_into(tmp_path: Path) -> None:
    """The portal opens the operator's ledger, which the operator has to have made."""
    assert Lab(tmp_path, parts=(*KZ_PARTS, PORTAL))._rounds() == [["operator-kz"], ["register", "portal"]]
    assert Lab(tmp_path, parts=(PORTAL,))._rounds() == [["portal"]]


def test_parts_know_each_other(lab: Lab) -> None:
    state = lab.control("drive").state()
    assert state["modules"] == [f"tcp://{lab.addresses['module']['module']}"]
    assert state["server"] == lab.addresses["operator"]["operator"]
    assert state["seed"] == 11


def test_parts_share_one_clock(lab: Lab) -> None:
    before = {part: lab.control(part).clock()["now"] for part in lab.addresses}
    assert len(set(before.values())) == 1
    lab.control("module").advance("49h")
    after = {datetime.fromisoformat(lab.control(part).clock()["now"]) for part in lab.addresses}
    assert after == {datetime.fromisoformat(before["module"]) + timedelta(hours=49)}
    assert lab.clock.now() in after


def test_lab_file_names_everything(lab: Lab) -> None:
    facts = read_lab_file(lab.folder)
    assert facts["seed"] == 11
    assert facts["clock"] == str(lab.clock_path)
    assert facts["pid"] == os.getpid()
    assert list(facts["parts"]) == ["module", "operator", "drive"]
    for name, part in facts["parts"].items():
        assert part["pid"] == lab.pid(name)
        assert part["addresses"] == lab.addresses[name]
        assert part["control"] == lab.addresses[name]["control"]
        assert Path(part["log"]).parent == lab.folder / "log"


def test_control_client_speaks_the_whole_api(lab: Lab) -> None:
    module = lab.control("module")
    assert module is lab.control("module")
    assert module.openapi()["info"]["title"].endswith("module")
    module.reset(note="first")
    module.snapshot("kept")
    with pytest.raises(RefusedError) as refused:
        module.snapshot("kept")
    assert (refused.value.status, refused.value.field, refused.value.rule) == (409, "name", "exists")
    module.snapshot("kept", replace=True)
    module.reset(note="second")
    module.restore("kept")
    assert module.state()["note"] == "first"
    assert module.snapshots() == ["kept"]
    rule = module.add_fault("link.connect", "drop", count=None, seconds="2h")
    assert rule["seconds"] == 7200
    assert [one["id"] for one in module.faults()["rules"]] == [rule["id"]]
    module.remove_fault(rule["id"])
    module.add_fault("link.connect", "drop")
    assert module.clear_faults() == {"removed": 1}
    assert module.do("unplug", seconds=3) == {"seconds": 3}
    newest = module.journal_tail(1)[0]
    assert (newest["kind"], newest["data"]) == ("control.operation", {"name": "unplug"})
    assert module.journal(after=newest["n"] - 1) == [newest]


def test_kill_and_restart_on_the_same_ports(lab: Lab) -> None:
    operator = lab.control("operator")
    operator.reset(note="durable")
    addresses, pid = dict(lab.addresses["operator"]), lab.pid("operator")
    lab.kill("operator")
    assert not lab.alive("operator")
    assert not running(pid)
    with pytest.raises(UnreachableError, match="operator is dead"):
        operator.state()
    lab.restart("operator")
    assert lab.addresses["operator"] == addresses
    assert operator.state()["note"] == "durable"
    assert lab.pid("operator") != pid
    assert read_lab_file(lab.folder)["parts"]["operator"]["pid"] == lab.pid("operator")


def test_restart_ends_what_still_runs(lab: Lab) -> None:
    pid = lab.pid("drive")
    lab.restart("drive", extra=("--log-level", "debug"))
    assert not running(pid)
    assert lab.control("drive").state()["plugged"] is True


def test_unknown_parts_are_named(lab: Lab) -> None:
    for ask in (lab.control, lab.kill, lab.restart, lab.pid):
        with pytest.raises(LabError, match="no such part: printer; there are module, operator, drive"):
            ask("printer")


def test_one_folder_holds_one_running_lab(lab: Lab) -> None:
    with pytest.raises(LabError, match="another lab runs in"):
        fake_lab(lab.folder).start()
    with pytest.raises(LabError, match="runs already"):
        lab.start()
    lab.check()
    assert lab.control("module").state()


def test_stop_ends_exactly_its_own(tmp_path: Path) -> None:
    lab = fake_lab(tmp_path).start()
    pids = [lab.pid(part) for part in lab.addresses]
    lab.stop()
    lab.stop()
    assert not any(running(pid) for pid in pids)
    with pytest.raises(LabError, match="no lab runs in"):
        read_lab_file(tmp_path)


def test_stopped_lab_goes_on_where_it_was(tmp_path: Path) -> None:
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1], start=START, rate=0) as lab:
        lab.control("module").advance("1d")
        lab.control("module").reset(note="kept")
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1]) as lab:
        assert lab.clock.now() == START + timedelta(days=1)
        assert lab.control("module").state()["note"] == "kept"
    with pytest.raises(LabError, match="time only goes forward"):
        fake_lab(tmp_path, parts=FAKE_PARTS[:1], start=START).start()
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1], start=START + timedelta(days=3), rate=2) as lab:
        assert lab.clock.now() >= START + timedelta(days=3)
        assert lab.clock.rate == 2


def test_part_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    parts = (FAKE_PARTS[0], fake_part("drive", options=("--misbehave", "exit")))
    lab = fake_lab(tmp_path, parts=parts)
    with pytest.raises(LabError) as failure:
        lab.start()
    text = str(failure.value)
    assert "drive ended before it was ready (exit status 4)" in text
    assert "cannot start: no paper" in text
    with pytest.raises(LabError, match="module was not started"):
        lab.pid("module")


@pytest.mark.parametrize(
    ("how", "text"), [("silence", "said nothing for 0.5 s"), ("babble", "said b'hello\\\\n' in place of")]
)
def test_part_that_never_gets_ready(tmp_path: Path, how: str, text: str) -> None:
    parts = (fake_part("drive", options=("--misbehave", how)),)
    seconds = 0.5 if how == "silence" else 20
    with pytest.raises(LabError, match=text):
        fake_lab(tmp_path, parts=parts, ready_seconds=seconds).start()


def test_part_that_dies_in_work_shows_its_log(tmp_path: Path) -> None:
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1]) as lab:
        with pytest.raises(UnreachableError, match=r"(?s)module is dead \(exit status 5\).*a last word"):
            eventually(lambda: lab.control("module").do("die"))
        with pytest.raises(LabError, match=r"(?s)module is dead \(exit status 5\).*a last word"):
            lab.check()


def test_part_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.lab.END_SECONDS", 0.5)
    lab = fake_lab(tmp_path, parts=(fake_part("drive", options=("--misbehave", "stubborn")),)).start()
    pid = lab.pid("drive")
    lab.stop()
    assert not running(pid)


def test_killed_lab_leaves_no_part_behind(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom tests.fakes.lab import fake_lab\n"
        f"lab = fake_lab(Path({str(tmp_path)!r})).start()\nprint('up', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        pids = [part["pid"] for part in json.loads((tmp_path / "lab.json").read_text())["parts"].values()]
        assert len(pids) == 3
        assert all(running(pid) for pid in pids)
        child.send_signal(signal.SIGKILL)
    eventually(lambda: not any(running(pid) for pid in pids))
    with fake_lab(tmp_path) as lab:
        assert lab.control("drive").state()


def test_several_modules_are_all_wired(tmp_path: Path) -> None:
    with fake_lab(tmp_path, modules=3) as lab:
        addresses = [lab.addresses["module"][f"module.{number}"] for number in range(3)]
        assert len(set(addresses)) == 3
        assert lab.control("drive").state()["modules"] == [f"tcp://{address}" for address in addresses]
        lab.restart("module")
        assert [lab.addresses["module"][f"module.{number}"] for number in range(3)] == addresses


def test_options_reach_their_part_alone(tmp_path: Path) -> None:
    with fake_lab(tmp_path, options={"drive": ["--server-address", "10.0.0.1:1"]}) as lab:
        assert lab.control("drive").state()["server"] == "10.0.0.1:1"
    with pytest.raises(LabError, match="no such part: printer"):
        fake_lab(tmp_path, options={"printer": []})


def test_token_protects_the_parts(tmp_path: Path) -> None:
    with fake_lab(tmp_path, parts=FAKE_PARTS[:1], token="sesame") as lab:
        assert lab.control("module").state()
        assert "sesame" not in (tmp_path / "lab.json").read_text()
        assert "sesame" not in lab.log("module").read_text()


def test_seed_is_fresh_when_none_is_given(tmp_path: Path) -> None:
    assert Lab(tmp_path).seed != Lab(tmp_path).seed


def test_free_port_range_is_free() -> None:
    first = free_port_range(4)
    assert 1024 <= first <= 65535 - 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": 5}'])
def test_unreadable_lab_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "lab.json").write_text(text)
    with pytest.raises(LabError, match="cannot be read as a lab file"):
        read_lab_file(tmp_path)


def test_clock_of_a_lab_is_a_lab_clock(lab: Lab) -> None:
    assert isinstance(lab.clock, LabClock)


def test_the_reason_of_a_taken_port_stands_first(tmp_path: Path) -> None:
    """Before the end of the log, with what to do about it; how the ledger was made is no part of it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        lab = Lab(tmp_path, parts=KZ_PARTS[:1], options={"operator-kz": ["--port", str(port)]})
        with pytest.raises(LabError) as caught, lab:
            pass
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("operator-kz ended before it was ready (exit status 1): cannot listen: ")
    assert "--free-ports" in lines[1]
    assert "alembic" not in str(caught.value)
