"""A Kazakh register alone in a lab for tests of the register suite, and runs of the suite against it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from conformance.cases import Registry, load_suites
from conformance.events import RunRecord
from conformance.lab import Lab
from conformance.lab_parts import KZ_PARTS
from conformance.session import Session
from conformance.targets import Target
from tests.conformance.labs import lab_of, run_cases, with_mistakes

SUITE = "kz.register"
SEED = 20_260_901
PARTS = ("register",)
"""The judge is the OFD; no other stands in this lab."""


def shop(folder: Path, *options: str) -> AbstractContextManager[Lab]:
    """A lab of one register on a free port; `options` go to its command line."""
    alone = [replace(part, wires=()) for part in KZ_PARTS]
    return lab_of(folder, PARTS, seed=SEED, offered=alone, options={"register": options})


def judged(
    lab: Lab,
    terms: Sequence[str] = (SUITE,),
    *,
    address: str = "",
    control: bool = True,
    processes: bool = True,
    vendor: bool = False,
    defects: Sequence[str] = (),
    options: dict[str, str] | None = None,
    seed: int = SEED,
) -> RunRecord:
    """The record of a run of the cases that `terms` choose.

    `address` instead of the register's own names other keys; without `control` the judge has the keys and the
    wire alone, as with somebody else's product.
    """
    target = Target(
        kind="register-kz",
        address=address or lab.addresses["register"]["register"],
        text="register of the test's lab",
        name="register-kz",
        controls={"register": lab.control_url("register")} if control else {},
        vendor=vendor,
        destructive=not vendor,
        options=options or {},
    )
    session = Session(target, lab if processes else None)
    return run_cases(lab, with_mistakes(session, "register", defects), SUITE, terms, seed)


def suite() -> Registry:
    """The register's cases, and whatever other suites have been loaded."""
    return load_suites([SUITE])
