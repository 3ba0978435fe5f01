"""One point of sale for the tests of its suite, and runs of that suite against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.lab_parts import EVERY_PART
from conformance.lab_played import PlayedPlaces
from conformance.session import Session
from conformance.targets import TILLS, parse_target
from tests.conformance.labs import lab_of, run_cases, with_mistakes

SUITE = "uz.pos"
PART = "pos"
SEED = 20_261_121


@dataclass(frozen=True)
class Shop:
    """A lab with a point of sale, and the addresses where the judge will stand."""

    lab: Lab
    places: PlayedPlaces
    kind: str = "pos"

    @property
    def address(self) -> str:
        """The target without its control API."""
        at = self.lab.addresses[PART][PART]
        return f"{self.kind}:{at}?listen={self.places.drive}&owner={self.places.owner}"


@contextmanager
def shop(folder: Path, kind: str = "pos") -> Iterator[Shop]:
    """A point of sale on a free port, in the dialect of this kind of target; lab time stands still unless a
    case moves it."""
    with PlayedPlaces() as places:
        words = places.words(TILLS.get(kind, ""))
        with lab_of(folder, [PART], seed=SEED, offered=EVERY_PART, options={PART: words}) as lab:
            yield Shop(lab, places, kind)


def session_of(shop: Shop) -> Session:
    """A session with the point of sale and its control API."""
    return Session(parse_target(f"{shop.address}&control={shop.lab.control_url(PART)}"), shop.lab)


def judged(
    shop: Shop, terms: Sequence[str] = (SUITE,), *, defects: Sequence[str] = (), seed: int = SEED
) -> RunRecord:
    """The record of a run of the cases that `terms` choose."""
    session = with_mistakes(session_of(shop), PART, defects)
    return run_cases(shop.lab, session, SUITE, terms, seed)


def judged_from_outside(shop: Shop, options: str = "&test=yes", terms: Sequence[str] = (SUITE,)) -> RunRecord:
    """The record of a run of a judge who knows the point of sale's address and these `options` alone."""
    return run_cases(shop.lab, Session(parse_target(shop.address + options)), SUITE, terms, SEED)
