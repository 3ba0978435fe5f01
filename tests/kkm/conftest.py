"""Registers against a scripted OFD and against the real stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ofd import ScriptedOfd
from tests.kkm.rig import Rig
from tests.ofd_mock.kz.bench import Bench, running


@pytest.fixture
def ofd() -> Iterator[ScriptedOfd]:
    made = ScriptedOfd()
    yield made
    made.close()


@pytest.fixture
def make_rig(tmp_path: Path, ofd: ScriptedOfd) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**settings: Any) -> Rig:
        made.append(Rig(tmp_path / f"register{len(made)}", ofd.address, settings=settings))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The real operator, one for all tests: every test provisions a register of its own."""
    with running(tmp_path_factory.mktemp("operator-kz")) as bench:
        yield bench
