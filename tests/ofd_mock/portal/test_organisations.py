"""«Данные организации»: what the administrator may change, and an e-mail by its code alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import DeniedError, InvalidError, LockedError
from ofd_mock.portal.organisations import Organisations
from ofd_mock.portal.papers import Papers
from ofd_mock.portal.tables import Note
from tests.ofd_mock.portal.stand import DETAILS, HEAD, OTHER_NUMBER, Stand

NEW = "office@example.kz"


@pytest.fixture
def owner(stand: Stand) -> Visitor:
    return stand.owner()


@pytest.fixture
def desk(stand: Stand) -> Organisations:
    return Organisations(stand.office)


def facts(stand: Stand, visitor: Visitor) -> dict[str, Any]:
    return Papers(stand.office).organisation(visitor)


def test_details_are_changed_and_noted_by_their_names_alone(
    stand: Stand, desk: Organisations, owner: Visitor
) -> None:
    before = facts(stand, owner)
    bank = {"bic": "ALFAKZKA", "iik": "kz86 125k zt50 0410 0100"}
    desk.change(owner, DETAILS | bank | {"phones": "+7 701 000-00-00"}, "10.0.0.9")
    assert facts(stand, owner) == before | {
        "bic": "ALFAKZKA",
        "iik": "KZ86125KZT5004100100",
        "phones": "+7 701 000-00-00",
    }
    with stand.office.reading() as session:
        note = session.scalars(select(Note).order_by(Note.id.desc())).first()
        assert note is not None
        assert (note.act, note.detail, note.address) == ("details-changed", "bic, iik, phones", "10.0.0.9")


def test_what_is_the_same_leaves_no_note(stand: Stand, desk: Organisations, owner: Visitor) -> None:
    desk.change(owner, DETAILS)
    with stand.office.reading() as session:
        assert "details-changed" not in set(session.scalars(select(Note.act)))


def test_a_new_email_counts_with_its_code_only(stand: Stand, desk: Organisations, owner: Visitor) -> None:
    with pytest.raises(InvalidError) as wrong:
        desk.change(owner, DETAILS | {"email": NEW, "phones": "+7 701 000-00-00"})
    assert [(each.field, each.rule) for each in wrong.value.findings] == [("email", "confirmed")]
    assert facts(stand, owner)["phones"] == DETAILS["phones"]
    desk.send_code(owner, NEW)
    code = stand.mailed_code()
    with pytest.raises(InvalidError):
        desk.confirm_code(owner, NEW, "000000" if code != "000000" else "000001")
    desk.confirm_code(owner, NEW, code)
    assert facts(stand, owner)["email"] == DETAILS["email"]
    desk.change(owner, DETAILS | {"email": NEW})
    assert facts(stand, owner)["email"] == NEW


def test_a_code_of_another_organisation_confirms_nothing(
    stand: Stand, desk: Organisations, owner: Visitor
) -> None:
    stand.enrol(replace(HEAD, number=OTHER_NUMBER, key="k2"))
    other = stand.visitor(OTHER_NUMBER)
    desk.send_code(other, NEW)
    with pytest.raises(InvalidError):
        desk.confirm_code(owner, NEW, stand.mailed_code())
    desk.confirm_code(other, NEW, stand.mailed_code())
    with pytest.raises(InvalidError):
        desk.change(owner, DETAILS | {"email": NEW})


def test_codes_are_limited_by_the_hour(desk: Organisations, owner: Visitor) -> None:
    for _ in range(10):
        desk.send_code(owner, NEW)
    with pytest.raises(LockedError):
        desk.send_code(owner, NEW)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"legal_address": ""}, "legal_address"),
        ({"phones": "звоните"}, "phones"),
        ({"bic": "XXXXKZXX"}, "bic"),
        ({"iik": "KZ00"}, "bic"),
        ({"name": "Другая"}, "name"),
        ({"email": 5}, "email"),
    ],
)
def test_wrong_details_change_nothing(
    stand: Stand, desk: Organisations, owner: Visitor, change: dict[str, Any], field: str
) -> None:
    before = facts(stand, owner)
    with pytest.raises(InvalidError) as wrong:
        desk.change(owner, DETAILS | change)
    assert field in {each.field for each in wrong.value.findings}
    assert facts(stand, owner) == before


def test_nobody_but_the_administrator_changes_them(desk: Organisations, owner: Visitor) -> None:
    paymaster = replace(owner, role=1)
    for act in (
        lambda: desk.change(paymaster, DETAILS),
        lambda: desk.send_code(paymaster, NEW),
        lambda: desk.confirm_code(paymaster, NEW, "1"),
    ):
        with pytest.raises(DeniedError):
            act()
