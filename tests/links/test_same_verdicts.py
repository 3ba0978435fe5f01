"""The judge says the same of a module whatever cable it is on (HAR-02)."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest

from conformance.cases import load_suites
from conformance.events import Recorder
from conformance.judging import RunRequest, judge
from conformance.outcomes import Outcome
from conformance.targets import parse_target
from tools.bench.children import child

EVERY = 9
"""One case of so many; the whole suite takes a minute and more on some cables."""
SEED = 11


@cache
def chosen() -> tuple[str, ...]:
    """Cases of the module suite, evenly from first to last, and all that want the bytes of TCP."""
    cases = [case for case in load_suites() if case.target == "module" and "processes" not in case.needs]
    return tuple(
        case.id for number, case in enumerate(cases) if number % EVERY == 0 or "raw-link" in case.needs
    )


@cache
def verdicts(cable: str) -> dict[str, Outcome]:
    """The outcome of each chosen case on a module of its own, reached over `cable`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = ["--port", "0", "--control-port", "0", "--dir", str(folder / "module"), "--seed", "3"]
        arguments += ["--usbip-port", "0", "--serial", str(folder / "tty"), "--serial-tcp", "0"]
        with child("simulator", arguments, folder / "module.log") as addresses:
            control = addresses["control"]
            address = {
                "tcp": f"tcp://{addresses['module']}?control={control}",
                "usb": f"usb:1209:4b01?usbip={addresses['usbip']}&control={control}",
                "serial": f"serial:{addresses['serial']}?control={control}",
                "socket": f"serial:socket://{addresses['serial-tcp']}?control={control}",
            }[cable]
            recorder = Recorder()
            request = RunRequest(SEED, select=chosen(), targets=(parse_target(f"module:{address}"),))
            ended = judge(request, load_suites(), [recorder])
    assert not ended.stopped
    return {each.case.id: each.verdict.outcome for each in recorder.record.cases if each.verdict is not None}


@pytest.mark.parametrize("cable", ["usb", "serial", "socket"])
def test_the_same_verdicts_as_over_tcp(cable: str) -> None:
    """Only what is about the bytes of TCP has no verdict there."""
    over_tcp, over_this = verdicts("tcp"), verdicts(cable)
    needs = {case.id: case.needs for case in load_suites()}
    wanted = {
        case: Outcome.NOT_APPLICABLE if "raw-link" in needs[case] else outcome
        for case, outcome in over_tcp.items()
    }
    assert over_this == wanted
    assert len(over_this) == len(chosen()) > 50
    assert sum(outcome is Outcome.PASS for outcome in over_this.values()) > 40
