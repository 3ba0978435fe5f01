"""A judge is worth what it finds: every deliberate mistake of the reference drive fails a case about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.controls import in_reset_order
from conformance.lab import Lab
from conformance.mutants import catchers_of
from reference.drive.defects import DEFECTS, defects_of
from tests.conformance.drive_lab import PARTS, SLOWLY, judged, shop
from tests.conformance.labs import outcomes, story

CATCHERS = catchers_of("drive").mutants

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("mutants"), rate=SLOWLY) as running:
        yield running


def renew(lab: Lab, *defects: str) -> None:
    """New parts behind a new drive with these mistakes, which the judge keeps when it resets the drive."""
    for part in in_reset_order(PARTS):
        settings = {"defects": list(defects)} if part == "drive" else {}
        lab.control(part).reset(**settings)


def test_every_mistake_has_its_cases() -> None:
    assert set(CATCHERS) == set(defects_of("drive"))


@pytest.mark.parametrize("name", sorted(CATCHERS))
def test_mistake_is_found(lab: Lab, name: str) -> None:
    renew(lab, name)
    wanted = set(CATCHERS[name])
    record = judged(lab, sorted(wanted), processes=False)
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, f"{DEFECTS[name].sentence} {found}\n{story(record, *found)}"


def test_the_same_cases_pass_without_the_mistakes(lab: Lab) -> None:
    renew(lab)
    wanted = {case for cases in CATCHERS.values() for case in cases}
    record = judged(lab, sorted(wanted), processes=False)
    assert set(outcomes(record)) == {"pass"}, story(record)
