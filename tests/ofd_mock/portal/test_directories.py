"""Directories of the portal: what a few letters bring (KZ-OUT-01, KZ-KKM-01, KZ-RRG-01)."""

import re

import pytest

from ofd_mock.portal.directories import (
    banks,
    find_models,
    find_settlements,
    models,
    same_tax_office,
    settlements,
)


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("есиль", [1, 2, 3, 4, 5, 6]),
        ("  ЕСИЛЬ ", [1, 2, 3, 4, 5, 6]),
        ("имени Казыбек Би", [7]),
        ("Нур-султан", []),
        ("", []),
        ("   ", []),
        ("%", []),
    ],
)
def test_settlements_are_found_by_their_first_letters(typed: str, ids: list[int]) -> None:
    assert [place.id for place in find_settlements(typed)] == ids


@pytest.mark.parametrize(("typed", "ids"), [("мер", [1, 2, 3]), ("порт", [4]), ("xyz", []), ("", [])])
def test_models_are_found_by_their_first_letters(typed: str, ids: list[int]) -> None:
    assert [model.id for model in find_models(typed)] == ids


def test_a_list_has_an_end() -> None:
    assert len(find_settlements("е", limit=2)) == 2


def test_a_district_of_a_split_city_is_shown_with_its_city() -> None:
    assert settlements()[2].display == "р-он Есиль, г. Нур-султан"
    assert settlements()[2].tax_office.code == "6203"


def test_a_move_stays_inside_one_tax_office() -> None:
    by_office: dict[str, list[int]] = {}
    for place in settlements().values():
        by_office.setdefault(place.tax_office.code, []).append(place.id)
    shared = next(ids for ids in by_office.values() if len(ids) > 1)
    assert same_tax_office(settlements()[shared[0]], settlements()[shared[1]])
    assert not same_tax_office(settlements()[1], settlements()[2])


def test_ids_are_unique_and_offices_have_four_digits() -> None:
    assert len(settlements()) == 72
    assert all(re.fullmatch(r"[0-9]{4}", place.tax_office.code) for place in settlements().values())
    assert any("MOCK" in model.name for model in models().values())


def test_banks_stand_in_order_and_the_doubtful_ones_cannot_be_chosen() -> None:
    listed = banks()
    assert len(listed) == 18
    assert listed["ALFAKZKA"].choosable
    assert not listed["DEMVKZKA"].choosable
    assert all(re.fullmatch(r"[A-Z]{4}KZ[A-Z0-9]{2}", bic) for bic, bank in listed.items() if bank.choosable)
