"""Every deliberate mistake in generation 1 and its wrappers fails a case about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.controls import in_reset_order
from conformance.drivers import gen1
from conformance.lab import Lab
from conformance.mutants import catchers_of
from reference.drive.defects import DEFECTS, defects_of
from tests.conformance.drive_lab import SLOWLY
from tests.conformance.gen1_lab import PARTS, SUITES, judged, shop
from tests.conformance.labs import outcomes, story

CATCHERS = {kind: catchers_of(kind).mutants for kind in SUITES}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with shop(tmp_path_factory.mktemp("mutants"), rate=SLOWLY) as running:
        yield running


def renew(lab: Lab, *defects: str) -> None:
    """New parts behind a new drive with these mistakes, which the judge keeps when it resets the drive."""
    for part in in_reset_order(PARTS):
        lab.control(part).reset(**({"defects": list(defects)} if part == "drive" else {}))


@pytest.mark.parametrize("kind", SUITES)
def test_every_mistake_has_its_cases(kind: str) -> None:
    assert set(CATCHERS[kind]) == set(defects_of(kind))
    assert len(CATCHERS[kind]) >= 4


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in SUITES for name in sorted(CATCHERS[kind])]
)
def test_mistake_is_found(lab: Lab, kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "resend" in name:  # what never comes need not be waited for long
        monkeypatch.setattr(gen1, "PATIENCE", 3.0)
    renew(lab, name)
    wanted = set(CATCHERS[kind][name])
    record = judged(lab, kind, sorted(wanted))
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, f"{DEFECTS[name].sentence} {found}\n{story(record, *found)}"


@pytest.mark.parametrize("kind", SUITES)
def test_the_same_cases_pass_without_the_mistakes(lab: Lab, kind: str) -> None:
    renew(lab)
    wanted = {case for cases in CATCHERS[kind].values() for case in cases}
    record = judged(lab, kind, sorted(wanted))
    assert set(outcomes(record)) == {"pass"}, story(record)
