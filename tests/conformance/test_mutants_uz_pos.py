"""A judge is worth what it finds: every deliberate mistake of the point of sale fails the cases about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from conformance.mutants import catchers_of
from conformance.targets import TILLS
from reference.pos.defects import DEFECTS, defects_of
from tests.conformance.labs import outcomes, story
from tests.conformance.pos_lab import PART, Shop, judged, shop

KINDS = ("pos", *TILLS)
CATCHERS = {kind: catchers_of(kind).mutants for kind in KINDS}

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("mutants-uz-pos")]


@pytest.fixture(scope="module")
def shop_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Shop]]:
    """A shop for each kind of target, started when it is first asked for."""
    known: dict[str, Shop] = {}
    with ExitStack() as ends:

        def one(kind: str) -> Shop:
            if kind not in known:
                known[kind] = ends.enter_context(shop(tmp_path_factory.mktemp(f"mutants-{kind}"), kind))
            return known[kind]

        yield one


@pytest.mark.parametrize("kind", KINDS)
def test_every_mistake_has_its_cases(kind: str) -> None:
    assert set(CATCHERS[kind]) == set(defects_of(kind))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in KINDS for name in sorted(CATCHERS[kind])]
)
def test_mistake_is_found(shop_of: Callable[[str], Shop], kind: str, name: str) -> None:
    wanted = set(CATCHERS[kind][name])
    record = judged(shop_of(kind), sorted(wanted), defects=[name])
    found = outcomes(record)
    assert set(found.get("fail", ())) == wanted, f"{DEFECTS[name].sentence} {found}\n{story(record, *found)}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_cases_pass_without_the_mistakes(shop_of: Callable[[str], Shop], kind: str) -> None:
    wanted = {case for cases in CATCHERS[kind].values() for case in cases}
    one = shop_of(kind)
    one.lab.control(PART).reset()
    record = judged(one, sorted(wanted))
    assert set(outcomes(record)) == {"pass"}, story(record)
