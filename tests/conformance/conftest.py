from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from conformance.bench import given
from conformance.cases import Registry
from conformance.events import Consumer, EventStream, Recorder, RunRecord
from conformance.runner import Runner, RunSettings
from conformance.targets import parse_target
from tests.conformance.targets_of_straw import StrawModule, hang_up, serving

Judged = Callable[..., RunRecord]


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def operator_port() -> Iterator[int]:
    with serving(hang_up) as port:
        yield port


@pytest.fixture
def straw() -> StrawModule:
    return StrawModule()


@pytest.fixture
def module_port(straw: StrawModule) -> Iterator[int]:
    with serving(straw) as port:
        yield port


@pytest.fixture
def judged(registry: Registry, operator_port: int) -> Judged:
    """Runs every case of `registry` against an operator of straw, or against `targets`."""

    def run(
        *targets: str,
        strict: bool = False,
        seed: int = 7,
        vendor: bool = False,
        consumers: list[Consumer] | None = None,
    ) -> RunRecord:
        if not targets:
            targets = (f"operator:tcp://127.0.0.1:{operator_port}?vendor={'yes' if vendor else 'no'}",)
        recorder = Recorder()
        stream = EventStream([recorder, *(consumers or [])], lambda: "2026-07-01T04:00:00.000+00:00")
        settings = RunSettings(seed, strict, {"kassalab": "test"}, {"strict": str(strict)})
        sessions = given([parse_target(text) for text in targets], seconds=20)
        Runner(registry.book, stream, settings).run(sessions, list(registry))
        return recorder.record

    return run
