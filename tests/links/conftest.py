"""Emulated readers on USB in process, closed when the test is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from simulator.shells.pyusb_backend import LocalBackend
from tests.links.bench import local

LocalMaker = Callable[..., LocalBackend]


@pytest.fixture
def make_local() -> Iterator[LocalMaker]:
    """Makes what `local` makes."""
    made: list[LocalBackend] = []

    def make(*values: object, **given: object) -> LocalBackend:
        made.append(local(*values, **given))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def backend(make_local: LocalMaker) -> LocalBackend:
    """One module in one reader."""
    return make_local()
