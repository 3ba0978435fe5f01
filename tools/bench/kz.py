"""`kassalab bench kz`: the figures of the Kazakh chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.bench.figures import Figure
from tools.bench.kz_ticket import counting_stays_flat, ticket_to_answer


def figures(folder: Path) -> Iterator[Figure]:  # noqa: ARG001  other benchmarks write files there
    """Every figure of the chain, as each is ready."""
    yield ticket_to_answer()
    yield counting_stays_flat()
