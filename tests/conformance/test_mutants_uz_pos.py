"""A judge is worth what it finds: every deliberate mistake of the point of sale fails the cases about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.mutants import catchers_of
from reference.pos.defects import DEFECTS
from tests.conformance.labs import outcomes, story
from tests.conformance.pos_lab import PART, Shop, judged, shop

CATCHERS = catchers_of(PART).mutants

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("mutants-uz-pos")]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("mutants-uz-pos")) as running:
        yield running


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(DEFECTS)


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(one: Shop, name: str) -> None:
    wanted = set(CATCHERS[name])
    record = judged(one, sorted(wanted), defects=[name])
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, f"{DEFECTS[name].sentence} {found}\n{story(record, *found)}"


def test_the_same_cases_pass_without_the_mistakes(one: Shop) -> None:
    wanted = {case for cases in CATCHERS.values() for case in cases}
    one.lab.control(PART).reset()
    record = judged(one, sorted(wanted))
    assert set(outcomes(record)) == {"pass"}, story(record, "fail", "inconclusive", "tool-error")
