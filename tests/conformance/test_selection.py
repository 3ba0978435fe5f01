from __future__ import annotations

import pytest

from conformance.cases import Case, Registry
from conformance.selection import SelectionError, select
from tests.conformance.test_cases import add


@pytest.fixture
def cases(registry: Registry) -> list[Case]:
    add(registry, "uz.operator.frame.crc", requirements=["UZ-OFD-01"])
    add(registry, "uz.operator.frame.crc-twice", tags=["slow"])
    add(registry, "uz.operator.ledger.twice", clauses=["OF-20"], requirements=["UZ-OFD-02"])
    add(registry, "uz.module.shift.twice", target="module", clauses=["FM-Z-01"])
    return list(registry)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], ["m.shift.twice", "o.frame.crc", "o.frame.crc-twice", "o.ledger.twice"]),
        (["uz.operator.frame"], ["o.frame.crc", "o.frame.crc-twice"]),
        (["uz.operator.frame.crc"], ["o.frame.crc"]),
        (["uz.operator.frame."], ["o.frame.crc", "o.frame.crc-twice"]),
        (["uz.*.twice"], ["m.shift.twice", "o.ledger.twice"]),
        (["*crc*"], ["o.frame.crc", "o.frame.crc-twice"]),
        (["tag:slow"], ["o.frame.crc-twice"]),
        (["req:UZ-OFD-*"], ["o.frame.crc", "o.ledger.twice"]),
        (["clause:FM-Z-01"], ["m.shift.twice"]),
        (["target:module", "level:stand-in"], ["m.shift.twice", "o.ledger.twice"]),
    ],
)
def test_terms_select(cases: list[Case], terms: list[str], expected: list[str]) -> None:
    short = [case.id.replace("uz.module", "m").replace("uz.operator", "o") for case in select(cases, terms)]
    assert short == expected


def test_what_is_excluded_is_left_out(cases: list[Case]) -> None:
    left = select(cases, ["uz.operator"], ["tag:slow", "uz.operator.ledger"])
    assert [case.id for case in left] == ["uz.operator.frame.crc"]


@pytest.mark.parametrize("term", ["uz.operator.fram", "req:UZ-SHF-99", "colour:red"])
def test_a_term_that_selects_nothing_is_an_error(cases: list[Case], term: str) -> None:
    with pytest.raises(SelectionError, match=term.split(":", maxsplit=1)[0]):
        select(cases, [term])
