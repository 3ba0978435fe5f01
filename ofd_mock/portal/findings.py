"""What is wrong with a field, in the three languages of the portal."""

from __future__ import annotations

from dataclasses import dataclass

from reference.protocol.kz.results import Texts


@dataclass(frozen=True, slots=True)
class FieldFinding:
    """`field` as the form names it, `rule` as a short word for programs, `text` for people."""

    field: str
    rule: str
    text: Texts
