"""Outlets (KZ-OUT-01, KZ-OUT-02)."""

from dataclasses import replace
from typing import Any

import pytest

from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from ofd_mock.portal.moves import Act
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, Stand

FORM = {"name": "Магазин №1", "settlement": 2, "street": "Сауран", "house": "12"}


def test_an_outlet_shows_its_address_in_one_line(stand: Stand) -> None:
    owner = stand.owner()
    plain = stand.outlets.add(owner, FORM)
    assert plain.address == "р-он Есиль, г. Нур-султан, Сауран, 12"
    whole = stand.outlets.add(owner, FORM | {"building": "34", "room": "14"})
    assert whole.address == "р-он Есиль, г. Нур-султан, Сауран, 12, 34, 14"
    assert [outlet.id for outlet in stand.outlets.all(owner)] == [plain.id, whole.id]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 256}, "name", "length"),
        ({"settlement": None}, "settlement", "required"),
        ({"settlement": 9999}, "settlement", "directory"),
        ({"settlement": "есиль"}, "settlement", "number"),
        ({"settlement": True}, "settlement", "number"),
        ({"settlement": "²"}, "settlement", "number"),
        ({"street": "   "}, "street", "required"),
        ({"house": ""}, "house", "required"),
        ({"room": "x" * 33}, "room", "length"),
        ({"organisation": 1}, "organisation", "known"),
    ],
)
def test_each_wrong_field_is_named(stand: Stand, change: dict[str, Any], field: str, rule: str) -> None:
    owner = stand.owner()
    with pytest.raises(InvalidError) as wrong:
        stand.outlets.add(owner, FORM | change)
    assert [(finding.field, finding.rule) for finding in wrong.value.findings] == [(field, rule)]
    assert stand.outlets.all(owner) == []


def test_only_an_empty_outlet_can_be_removed(stand: Stand) -> None:
    owner = stand.owner()
    outlet = stand.outlet(owner)
    card = stand.draft(owner, outlet)
    with pytest.raises(RefusedError) as refused:
        stand.outlets.remove(owner, outlet)
    assert refused.value.text.ru == "В торговой точке есть ККМ"
    stand.cards.delete(owner, card)
    stand.outlets.remove(owner, outlet)
    assert stand.outlets.all(owner) == []
    with pytest.raises(UnknownError):
        stand.outlets.one(owner, outlet)
    with pytest.raises(UnknownError):
        stand.outlets.remove(owner, outlet)


def test_a_register_out_of_the_books_does_not_keep_its_outlet(stand: Stand) -> None:
    owner = stand.owner()
    outlet = stand.outlet(owner)
    card = stand.registered(owner, outlet=outlet)
    stand.do(owner, card, Act.DROP_TARIFF)
    stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=3)
    with pytest.raises(RefusedError):
        stand.outlets.remove(owner, outlet)
    stand.advance(hours=72)
    stand.outlets.remove(owner, outlet)
    assert stand.outlets.all(owner) == []


def test_a_stranger_learns_nothing_of_an_outlet(stand: Stand) -> None:
    owner = stand.owner()
    stranger = stand.owner(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    outlet = stand.outlet(owner)
    assert stand.outlets.all(stranger) == []
    for act in (stand.outlets.one, stand.outlets.remove):
        for number in (outlet, 9_999):
            with pytest.raises(UnknownError) as unknown:
                act(stranger, number)
            assert unknown.value.text.ru == "Не найдено"
    assert stand.outlets.one(owner, outlet).id == outlet
