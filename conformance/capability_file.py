"""What an owner says of his product: a TOML file, one target a file, each capability yes, no or unknown.

    target = "module"            # name or kind of the target it is about
    receipts = 200               # how many receipts and shifts a run may register on it

    [capabilities]
    destructive = "no"           # never use it, whatever the probe finds
    test-keys = "yes"            # take it as given, although the probe could not see it
    power = "unknown"            # let the probe decide, as for every capability that is not named

The same file comes out of a run (`--export-capabilities`), with what was found and what cases really used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from conformance.cases import CAPABILITIES


class Claim(StrEnum):
    """What an owner says of one capability."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


BY_WORD: Final = frozenset({"card", "destructive", "power", "raw-link", "test-keys"})
"""Capabilities an owner can vouch for; the others need an address that the judge can reach."""


class CapabilityFileError(ValueError):
    """A capability file that cannot be used; the text names file, field and rule."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims about the target that `target` names; `receipts` bounds what a run may register there."""

    target: str
    claims: Mapping[str, Claim] = field(default_factory=dict)
    receipts: int | None = None

    def applied(self, found: Collection[str]) -> frozenset[str]:
        """What cases may use: what was found or is vouched for, without what is forbidden."""
        vouched = {name for name, claim in self.claims.items() if claim is Claim.YES}
        refused = {name for name, claim in self.claims.items() if claim is Claim.NO}
        return frozenset((set(found) | vouched) - refused)


def read_claims(path: Path) -> Claims:
    """The file as a person wrote it, or CapabilityFileError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CapabilityFileError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CapabilityFileError(f"{path} is no TOML: {error}") from None
    unknown = sorted(data.keys() - {"target", "receipts", "capabilities", "used", "registered"})
    if unknown:
        raise CapabilityFileError(
            f"{path}: unknown field {unknown[0]!r}; there are target, receipts, capabilities"
        )
    target = data.get("target")
    if not isinstance(target, str) or not target:
        raise CapabilityFileError(f"{path}: target is the name or kind of a target, in quotes")
    receipts = data.get("receipts")
    if receipts is not None and (isinstance(receipts, bool) or not isinstance(receipts, int) or receipts < 0):
        raise CapabilityFileError(f"{path}: receipts is a whole number from 0, not {receipts!r}")
    return Claims(target, _claims(path, data.get("capabilities", {})), receipts)


def _claims(path: Path, table: Any) -> dict[str, Claim]:
    if not isinstance(table, dict):
        raise CapabilityFileError(f"{path}: capabilities is a table of names and yes, no or unknown")
    claims: dict[str, Claim] = {}
    for name, said in table.items():
        if name not in CAPABILITIES:
            raise CapabilityFileError(
                f"{path}: there is no capability {name!r}; there are {', '.join(CAPABILITIES)}"
            )
        if said not in list(Claim):
            raise CapabilityFileError(f"{path}: {name} is yes, no or unknown, in quotes, not {said!r}")
        if said == Claim.YES and name not in BY_WORD:
            raise CapabilityFileError(
                f"{path}: {name} cannot be claimed, it has to be found: {CAPABILITIES[name]}; "
                f"yes is for {', '.join(sorted(BY_WORD))}"
            )
        claims[name] = Claim(said)
    return claims


def written(
    target: str, found: Collection[str], used: Collection[str], claims: Claims | None, registered: int
) -> str:
    """The file as a run leaves it: every capability, and below it what cases used."""
    said = claims.claims if claims is not None else {}
    lines = [f'target = "{_quoted(target)}"']
    if claims is not None and claims.receipts is not None:
        lines.append(f"receipts = {claims.receipts}")
    lines.append(f"registered = {registered}  # receipts and shifts in this run")
    lines.append(f"used = [{', '.join(_string(name) for name in sorted(used))}]  # by cases of this run")
    lines += ["", "[capabilities]"]
    for name, meaning in CAPABILITIES.items():
        claim = said.get(name, Claim.UNKNOWN)
        seen = "yes" if name in found else "no"
        lines.append(f'{name} = "{claim.value}"  # in this run: {seen}; {meaning}')
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    return f'"{_quoted(text)}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
