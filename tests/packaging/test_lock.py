"""The locks pin what pyproject.toml asks for, and nothing but names and versions stands in them."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.guards.sources import ROOT

PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==([0-9][A-Za-z0-9.+!]*)")


LOCKS = ("requirements.lock", "requirements-pcsc.lock")


def pins() -> dict[str, str]:
    found = {}
    for line in (line for lock in LOCKS for line in (ROOT / lock).read_text().splitlines()):
        if line.startswith("#"):
            continue
        match = PIN.fullmatch(line)
        assert match, f"not a plain pin: {line!r}"
        assert match[1] not in found, f"pinned twice: {match[1]}"
        found[match[1]] = match[2]
    return found


def test_lock_satisfies_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *project["build-system"]["requires"],
    ]
    locked = pins()
    for line in wanted:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{line} is not locked: run make lock"
        assert requirement.specifier.contains(locked[name], prereleases=True), f"{line} but {locked[name]}"
