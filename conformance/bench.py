"""Where the targets of a run come from: addresses a person gave, or labs of this repository started for the
run.

Each embedded target stands in a lab of its own, so that targets can be judged at the same time and a case
that moves one lab's clock disturbs no other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from conformance.lab import Lab
from conformance.lab_nursery import WarmNursery, nurseries_work
from conformance.lab_parts import EVERY_PART
from conformance.lab_played import PlayedPlaces
from conformance.session import EXCHANGE_SECONDS, Session
from conformance.targets import FACES, PARTS, SCHEMES, TILLS, Target, distinct_names
from reference.runtime.clock import LabClock

PARTS_NEEDED: Mapping[str, tuple[str, ...]] = {
    "module": ("module",),
    "operator": ("operator",),
    "drive": ("module", "operator", "drive"),
    **dict.fromkeys(FACES, ("module", "operator", "drive")),
    "operator-kz": ("operator-kz",),
    "register-kz": ("operator-kz", "register"),
    "portal": ("operator-kz", "portal"),
    "backoffice": ("backoffice",),
    **dict.fromkeys(("pos", *TILLS), ("pos",)),
}
"""Which parts a lab needs for a target of each kind."""

_OPERATOR = "operator-kz"

PartOptions = Mapping[str, Sequence[str]]


def given(targets: Sequence[Target], seconds: float = EXCHANGE_SECONDS) -> list[Session]:
    """Sessions of targets that somebody else runs."""
    return [Session(target, seconds=seconds) for target in distinct_names(list(targets))]


@contextmanager
def embedded(
    kinds: Sequence[str],
    seed: int,
    *,
    options: PartOptions | None = None,
    seconds: float = EXCHANGE_SECONDS,
    folder: Path | None = None,
) -> Iterator[list[Session]]:
    """Sessions of a lab for each target kind, stopped and forgotten at the end.

    `options` are command-line options by part name, such as a deliberate defect; `folder` keeps the labs'
    files. Their clocks stand still unless a case moves them, so that no rule about time depends on how busy
    the machine is. LabError when a part does not start.
    """
    with ExitStack() as ends:
        place = folder or Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="kassalab-run-")))
        nursery = ends.enter_context(WarmNursery()) if nurseries_work() else None
        # A whole second: a replay that begins at the lab time of the transcript begins where this began.
        start = LabClock.private().now().replace(microsecond=0)
        played = {
            kind: ends.enter_context(PlayedPlaces()) for kind in kinds if PARTS.get(kind, kind) == "pos"
        }
        given_to = {
            kind: _with_places(options or {}, played.get(kind), TILLS.get(kind, "")) for kind in kinds
        }
        labs = {kind: _lab(kind, place / kind, seed, start, given_to[kind], nursery) for kind in kinds}
        ends.callback(_all_at_once, Lab.stop, labs.values())
        _all_at_once(Lab.start, labs.values())
        yield [Session(_target(kind, lab, played.get(kind)), lab, seconds) for kind, lab in labs.items()]


def _all_at_once(do: Callable[[Lab], object], labs: Collection[Lab]) -> None:
    with ThreadPoolExecutor(max_workers=max(1, len(labs))) as pool:
        list(pool.map(do, labs))


def _lab(
    kind: str, folder: Path, seed: int, start: datetime, options: PartOptions, nursery: WarmNursery | None
) -> Lab:
    needed = PARTS_NEEDED[kind]
    return Lab(
        folder,
        parts=[part for part in EVERY_PART if part.name in needed],
        seed=seed,
        start=start,
        rate=0.0,
        nursery=nursery,
        options={name: words for name, words in options.items() if name in needed},
    )


def _with_places(options: PartOptions, places: PlayedPlaces | None, dialect: str) -> PartOptions:
    """The options with the addresses of what the judge plays to a part, and the dialect it has to speak."""
    if places is None:
        return options
    own = _own_mistakes(options.get("pos", ()), dialect.rstrip("1"))
    return {**options, "pos": [*places.words(dialect), *own]}


def _own_mistakes(words: Sequence[str], dialect: str) -> list[str]:
    """Options without the mistakes of another dialect: a point of sale does not start with one it cannot
    make."""
    prefixes = [each.rstrip("1") for each in TILLS.values()]
    kept: list[str] = []
    for option, word in zip(words[::2], words[1::2], strict=True):
        about = word.partition("-")[0]
        if option != "--defect" or (about if about in prefixes else "") == dialect:
            kept += (option, word)
    return kept


def _target(kind: str, lab: Lab, places: PlayedPlaces | None = None) -> Target:
    part = PARTS.get(kind, kind)
    place = lab.addresses[part][FACES.get(kind, part)].removeprefix("http://")
    return Target(
        kind=kind,
        address=f"{SCHEMES.get(kind, 'tcp')}://{place}",
        text=f"{kind} of the embedded lab",
        name=kind,
        controls={part: lab.control_url(part) for part in PARTS_NEEDED[kind]},
        vendor=False,
        destructive=True,
        options=_options(kind, lab, places),
    )


def _options(kind: str, lab: Lab, places: PlayedPlaces | None) -> dict[str, str]:
    if places is not None:
        return places.options
    return {"operator": lab.addresses[_OPERATOR][_OPERATOR]} if kind == "portal" else {}
