"""Goods, places and settings: fields, search, stock."""

import pytest

from reference.runtime.refusals import InvalidError, RefusedError, UnknownError
from tests.pos.shop.conftest import TEA, Cafe


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("name", "", "required"),
        ("name", "x" * 64, "length"),
        ("name", 5, "text"),
        ("mxik", "123", "required"),
        ("mxik", "0090200100100000x", "pattern"),
        ("price", None, "required"),
        ("price", -1, "range"),
        ("price", "5", "number"),
        ("price", True, "number"),
        ("vat_percent", 100, "range"),
        ("barcode", "47x", "pattern"),
        ("stock", -1, "range"),
        ("best_before", "31.12.2026", "day"),
        ("colour", "red", "known"),
    ],
)
def test_wrong_fields_are_named(cafe: Cafe, field: str, value: object, rule: str) -> None:
    with pytest.raises(InvalidError) as caught:
        cafe.catalogue.add(TEA | {field: value})
    assert [(each.field, each.rule) for each in caught.value.findings] == [(field, rule)]


def test_all_findings_come_at_once(cafe: Cafe) -> None:
    with pytest.raises(InvalidError) as caught:
        cafe.catalogue.add({"name": "", "mxik": "1", "price": -5})
    assert {each.field for each in caught.value.findings} == {"name", "mxik", "price"}


def test_a_change_names_only_what_changes(cafe: Cafe) -> None:
    changed = cafe.catalogue.change(cafe.plov.id, {"price": 50_000_00})
    assert (changed.price, changed.name, changed.stock) == (50_000_00, "Osh", 10_000)
    assert cafe.catalogue.change(cafe.plov.id, {"stock": None}).stock is None


def test_products_are_found_by_letters_barcode_and_code(cafe: Cafe) -> None:
    cafe.catalogue.change(cafe.tea.id, {"barcode": "4780000000017", "category": "Ichimlik"})
    assert [each.name for each in cafe.catalogue.search("cho")] == ["Ko'k choy"]
    assert [each.name for each in cafe.catalogue.search("%")] == []
    assert cafe.catalogue.by_barcode("4780000000017").id == cafe.tea.id
    assert [each.name for each in cafe.catalogue.search(category="Ichimlik")] == ["Ko'k choy"]
    assert cafe.catalogue.categories() == ["Ichimlik"]
    with pytest.raises(RefusedError) as caught:
        cafe.catalogue.change(cafe.plov.id, {"barcode": "4780000000017"})
    assert caught.value.rule == "barcode"
    cafe.catalogue.change(cafe.tea.id, {"active": False})
    with pytest.raises(UnknownError):
        cafe.catalogue.by_barcode("4780000000017")
    assert cafe.catalogue.change(cafe.plov.id, {"barcode": "4780000000017"}).barcode == "4780000000017"


def test_places_have_names_of_their_own(cafe: Cafe) -> None:
    table = cafe.places.add({"name": "Stol 1", "kind": "table", "surcharge": 10_00})
    assert table.surcharge == 1000
    with pytest.raises(RefusedError):
        cafe.places.add({"name": "Stol 1", "kind": "place"})
    with pytest.raises(InvalidError):
        cafe.places.add({"name": "Stol 2", "kind": "roof"})
    cafe.places.change(table.id, {"active": False})
    assert cafe.places.all() == []
    assert [each.name for each in cafe.places.all(inactive=True)] == ["Stol 1"]


def test_settings_are_kept_and_checked(cafe: Cafe) -> None:
    assert cafe.settings.read().paper == 80
    cafe.settings.change({"stir": "987654321", "paper": 58})
    assert (cafe.settings.read().stir, cafe.settings.read().paper) == ("987654321", 58)
    with pytest.raises(InvalidError) as caught:
        cafe.settings.change({"stir": "12", "paper": 60})
    assert {each.field for each in caught.value.findings} == {"stir", "paper"}
    assert cafe.settings.read().stir == "987654321"


def test_the_owner_is_told_of_every_change(cafe: Cafe) -> None:
    before = len(cafe.changes())
    cafe.catalogue.change(cafe.tea.id, {"price": 6_000_00})
    with pytest.raises(InvalidError):
        cafe.catalogue.change(cafe.tea.id, {"price": -1})
    assert cafe.changes()[before:] == [("product", str(cafe.tea.id))]
