"""`kassalab bench kz`: the figures of the Kazakh chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.bench.figures import Figure
from tools.bench.kz_kill import acknowledged_is_kept
from tools.bench.kz_rate import tickets_a_second
from tools.bench.kz_settle import settling
from tools.bench.kz_size import memory, ticket_stays_flat
from tools.bench.kz_ticket import counting_stays_flat, ticket_to_answer


def figures(folder: Path) -> Iterator[Figure]:
    """Every figure of the chain, as each is ready; temporary files go below `folder`."""
    yield ticket_to_answer()
    yield counting_stays_flat()
    yield settling(folder)
    yield tickets_a_second(folder, kept=False)
    yield tickets_a_second(folder, kept=True)
    yield memory(folder)
    yield ticket_stays_flat(folder)
    yield acknowledged_is_kept(folder)
