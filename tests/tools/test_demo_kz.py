"""The shop's day of the demonstration, and that it notices when the parts do not agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.lab_nursery import WarmNursery, nurseries_work
from tools.demo import DemoError
from tools.demo_kz import run_kz_day


@pytest.fixture(scope="module")
def nursery() -> Iterator[WarmNursery | None]:
    """The labs of these tests are alike: imports are done once."""
    if not nurseries_work():
        yield None
        return
    with WarmNursery() as warm:
        yield warm


def test_the_day_is_told_sold_and_checked(tmp_path: Path, nursery: WarmNursery | None) -> None:
    said: list[str] = []
    outcome = run_kz_day(tmp_path, 11, said.append, nursery=nursery)
    assert (outcome.tickets, outcome.autonomous, outcome.checked) == (13, 4, 13)
    # The prices and quantities of tools/demo_kz.py, added up by hand.
    assert (outcome.sold, outcome.returned, outcome.taken) == (24_899_74, 420_00, 48_332_45)
    assert outcome.expired_after == "72 h 01 min"
    # The daily tariff of 60 ₸, from 1 to 4 July.
    assert outcome.charged == 4 * 60_00
    portal = [line for line in said if line.startswith("portal")]
    assert "registered in five steps" in portal[0]
    assert "Active since 01.07.2026 08:55, shift 3" in portal[1]
    assert next(line for line in said if line.startswith("Z of shift")).startswith(
        "Z of shift 1: 26 086.45 ₸"
    )
    papers = [path.read_text(encoding="utf-8") for path in (tmp_path / "tickets").iterdir()]
    assert len(papers) == 13
    assert all(paper.strip().startswith("*** TEST ***") for paper in papers)
    assert sum("АВТОНОМНЫЙ" in paper for paper in papers) == 4


@pytest.mark.parametrize(
    ("part", "defect", "told"),
    [
        ("operator-kz", "non-nullable-reset", "non-nullable totals: the shop has"),
        ("register", "non-nullable-reset-at-z", "non-nullable totals: the shop has .* the register"),
        ("register", "offline-limit-at-71h", "key deposit should be queued"),
    ],
)
def test_a_chain_that_is_wrong_does_not_pass_for_a_right_one(
    part: str, defect: str, told: str, tmp_path: Path, nursery: WarmNursery | None
) -> None:
    with pytest.raises(DemoError, match=told):
        run_kz_day(tmp_path, 11, lambda _: None, options={part: ("--defect", defect)}, nursery=nursery)
