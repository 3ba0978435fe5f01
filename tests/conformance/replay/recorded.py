"""Transcripts for the tests of replaying: a part of the module's suite judged on an embedded lab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.cases import load_suites
from conformance.events import RunEnded
from conformance.judging import RunRequest, judge
from conformance.reports.transcript import TranscriptReport

SEED = 20_261_121
WIRE_CASES = ("uz.module.shift", "uz.module.acks", "uz.module.sums", "uz.module.order")


def record(
    path: Path, select: Sequence[str], defects: Sequence[tuple[str, str]] = (), seed: int = SEED
) -> RunEnded:
    """Judge the selected cases on a lab of their own and write the transcript to `path`."""
    with path.open("w", encoding="utf-8") as file:
        request = RunRequest(seed, tuple(select), defects=tuple(defects))
        return judge(request, load_suites(), [TranscriptReport(file)])
