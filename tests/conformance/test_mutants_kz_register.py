"""A judge is worth what it finds: every deliberate mistake of the reference register fails cases about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.lab import Lab
from conformance.mutants import catchers_of
from reference.kkm.defects import DEFECTS
from tests.conformance.kz_register_lab import judged, shop
from tests.conformance.labs import outcomes, story

CATCHERS = catchers_of("register").mutants

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("mutants")) as running:
        yield running


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(DEFECTS)


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(lab: Lab, name: str) -> None:
    record = judged(lab, sorted(CATCHERS[name]), defects=[name])
    found = outcomes(record)
    assert set(found) == {"fail"}, f"{DEFECTS[name].sentence} {found}\n{story(record, *found)}"


def test_the_same_cases_pass_without_the_mistakes(lab: Lab) -> None:
    lab.control("register").reset(defects=[])
    record = judged(lab, sorted({case for cases in CATCHERS.values() for case in cases}))
    assert set(outcomes(record)) == {"pass"}, story(record)
