from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reference.runtime.process import PartSettings, add_part_arguments, announce
from tests.waiting import PATIENCE

SYNC = """
from reference.runtime.process import announce, run_until_signalled
reason = run_until_signalled(lambda: announce("till", {"till": "127.0.0.1:1"}))
print(reason)
"""
ASYNC = """
import asyncio
from reference.runtime.process import announce, until_signalled
async def main():
    print(await until_signalled(lambda: announce("till", {"till": "127.0.0.1:1"})))
asyncio.run(main())
"""


def settings(arguments: list[str], environ: dict[str, str] | None = None) -> PartSettings:
    parser = argparse.ArgumentParser()
    add_part_arguments(parser, "till", 4388)
    return PartSettings.from_arguments(parser.parse_args(arguments), environ or {})


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings(["--seed", "7"])
    assert found == PartSettings(
        host="127.0.0.1",
        folder=Path(".kassalab/till"),
        clock=None,
        seed=7,
        control_port=4388,
        control_token=None,
        allow_any_host=False,
        log_level="info",
    )
    assert found.folder.is_dir()


def test_environment_completes_the_command_line(tmp_path: Path) -> None:
    environ = {"KASSALAB_CLOCK": "clock", "KASSALAB_SEED": "12", "KASSALAB_CONTROL_TOKEN": "t"}
    found = settings(["--dir", str(tmp_path)], environ)
    assert (found.clock, found.seed, found.control_token) == (Path("clock"), 12, "t")
    given = ["--dir", str(tmp_path), "--clock", "other", "--seed", "1", "--control-token", "u"]
    found = settings(given, environ)
    assert (found.clock, found.seed, found.control_token) == (Path("other"), 1, "u")


def test_seeds_are_fresh_when_none_is_given(tmp_path: Path) -> None:
    assert settings(["--dir", str(tmp_path)]).seed != settings(["--dir", str(tmp_path)]).seed


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "--allow-any-host"),
        (["--host", "0.0.0.0", "--allow-any-host"], "control token"),
        (["--seed", "seven"], "invalid int"),
        (["--control-port", "65536"], "--control-port is 0 to 65535, not 65536"),
        (["--control-port", "-1"], "--control-port is 0 to 65535, not -1"),
    ],
)
def test_refusals_are_usage_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    parser = argparse.ArgumentParser()
    add_part_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        PartSettings.parse(parser, ["--dir", str(tmp_path / "unmade"), *arguments])
    assert ended.value.code == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "unmade").exists()


def test_a_folder_that_cannot_be_made_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    parser = argparse.ArgumentParser()
    add_part_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        PartSettings.parse(parser, ["--dir", str(tmp_path / "file" / "lab")])
    assert ended.value.code == 2
    assert f"--dir {tmp_path / 'file' / 'lab'}: Not a directory" in capsys.readouterr().err


def test_any_host_with_a_token(tmp_path: Path) -> None:
    found = settings(
        ["--dir", str(tmp_path), "--host", "0.0.0.0", "--allow-any-host", "--control-token", "t"]
    )
    assert (found.host, found.allow_any_host) == ("0.0.0.0", True)


def test_parts_may_go_without_a_control_port(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_part_arguments(parser, "drive", None)
    found, _ = PartSettings.parse(parser, ["--dir", str(tmp_path), "--seed", "1"])
    assert found.control_port is None


def test_a_part_that_is_ready_is_passed_by_the_collector(capsys: pytest.CaptureFixture[str]) -> None:
    gc.unfreeze()
    try:
        announce("till", {"till": "127.0.0.1:4387"})
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
    assert capsys.readouterr().out


def test_announce_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    announce("till", {"till": "127.0.0.1:4387"}, seed=7)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "ready": True,
        "part": "till",
        "addresses": {"till": "127.0.0.1:4387"},
        "seed": 7,
    }


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["threads", "asyncio"])
@pytest.mark.parametrize(
    ("ending", "reason"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT"), (None, "parent")]
)
def test_parts_end_on_signals_and_with_their_parent(
    program: str, ending: signal.Signals | None, reason: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, KASSALAB_STOP_WITH_STDIN="1"),
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            assert json.loads(child.stdout.readline())["ready"] is True
            if ending is None:
                child.stdin.close()
            else:
                child.send_signal(ending)
            assert child.stdout.readline() == f"{reason}\n".encode()
            assert child.wait(PATIENCE) == 0
        finally:
            child.kill()
