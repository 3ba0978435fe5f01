"""Registers from draft to leaving the books (KZ-KKM, KZ-TRF, KZ-TOK, KZ-RRG, KZ-DRG)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from ofd_mock.kz.tables import devices
from ofd_mock.portal import wire_books
from ofd_mock.portal.cards import KINDS, Wish
from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.signatures import SignatureRefusedError
from ofd_mock.portal.tables import Application, Note
from reference.protocol.kz.device_states import DeviceState as S
from reference.protocol.kz.results import ResultCode
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, Stand, signed

STRANGER = replace(HEAD, number=OTHER_NUMBER, name="ТОО MOCK", key="k2")


def test_from_draft_to_first_ticket(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner))
    assert stand.state(card) is S.DRAFT
    checked = stand.cards.check(owner, card)
    assert checked.message is not None
    assert checked.message.ru.startswith("Все данные ККМ сохранены.")
    sent = stand.do(owner, card, Act.SIGN_REGISTRATION)
    assert sent.state is S.WAIT_REG
    assert stand.sell(card, token=0).code == ResultCode.UNKNOWN_ID
    stand.advance(hours=72)
    assert stand.state(card) is S.REG_NO_TARIFF
    assert stand.do(owner, card, Act.CHOOSE_TARIFF, tariff=1).state is S.READY
    assert stand.sell(card, token=0).code == ResultCode.INVALID_TOKEN
    stand.token(owner, card)
    sold = stand.sell(card)
    assert sold.code == ResultCode.OK
    stand.keeper.run()
    shown = stand.card(card)
    assert (shown.shown_state, stand.state(card)) == ("ACTIVE", S.ACTIVE)
    registration = stand.counter.ledger.device(card).profile.registration  # type: ignore[union-attr]
    assert registration.rnm.startswith("6203")
    assert len(registration.rnm) == 12
    assert registration.kkm_id == str(card)
    assert registration.org_inn == HEAD.number
    assert registration.pos_address == "р-он Есиль, г. Нур-султан, Сауран, 12"


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"name": ""}, "name", "required"),
        ({"outlet": None}, "outlet", "required"),
        ({"outlet": 9_999}, "outlet", "directory"),
        ({"model": 77}, "model", "directory"),
        ({"model": "Меркурий"}, "model", "number"),
        ({"serial": "12 34"}, "serial", "shape"),
        ({"serial": "1" * 33}, "serial", "shape"),
        ({"year": 1999}, "year", "range"),
        ({"rnm": "1"}, "rnm", "known"),
    ],
)
def test_a_draft_takes_nothing_unsound(stand: Stand, change: dict[str, Any], field: str, rule: str) -> None:
    owner = stand.owner()
    form = {"name": "Касса 1", "outlet": stand.outlet(owner)}
    with pytest.raises(InvalidError) as wrong:
        stand.cards.save(owner, form | change)
    assert [(finding.field, finding.rule) for finding in wrong.value.findings] == [(field, rule)]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (
            {"model": None, "serial": "", "year": None, "consent": False},
            ["model", "serial", "year", "consent"],
        ),
        ({"year": 2027}, ["year"]),
        ({"consent": "no"}, ["consent"]),
    ],
)
def test_a_draft_is_registered_only_whole(stand: Stand, change: dict[str, Any], fields: list[str]) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner), **change)
    for act in (lambda: stand.cards.check(owner, card), lambda: stand.do(owner, card, Act.SIGN_REGISTRATION)):
        with pytest.raises(InvalidError) as wrong:
            act()
        assert [finding.field for finding in wrong.value.findings] == fields
    form = {"name": "Касса 1", "model": 1, "serial": "91", "year": 2026, "consent": "1"}
    assert stand.cards.save(owner, form | {"outlet": stand.outlet(owner)}, card) == card
    assert stand.cards.check(owner, card).state is S.DRAFT


def test_model_and_serial_belong_to_one_live_register(stand: Stand) -> None:
    owner = stand.owner()
    first = stand.draft(owner, stand.outlet(owner))
    second = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, first, Act.SIGN_REGISTRATION)
    with pytest.raises(InvalidError) as wrong:
        stand.cards.check(owner, second)
    assert wrong.value.findings[0].text.ru == "ККМ с этим номером уже зарегистрирована"
    stranger = stand.owner(STRANGER)
    third = stand.draft(stranger, stand.outlet(stranger))
    with pytest.raises(InvalidError):
        stand.cards.check(stranger, third)
    other_model = stand.draft(owner, stand.outlet(owner), model=2)
    stand.cards.check(owner, other_model)


def test_a_number_can_be_registered_again_when_its_register_has_left_the_books(stand: Stand) -> None:
    owner = stand.owner()
    first = stand.registered(owner)
    stand.do(owner, first, Act.DROP_TARIFF)
    stand.do(owner, first, Act.SIGN_DEREGISTRATION, reason=2)
    second = stand.draft(owner, stand.outlet(owner, settlement=1))
    with pytest.raises(InvalidError):
        stand.cards.check(owner, second)
    stand.advance(hours=72)
    stand.cards.check(owner, second)


def test_model_serial_and_year_cannot_change_after_registration(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    form = {"name": "Касса 2", "outlet": stand.outlet(owner), "model": 2, "serial": "9", "year": 2020}
    with pytest.raises(RefusedError) as refused:
        stand.cards.save(owner, form, card)
    assert refused.value.rule == "state"
    assert stand.card(card).serial == "91862666525902"


def test_a_deleted_draft_s_id_is_never_given_again(stand: Stand) -> None:
    owner = stand.owner()
    outlet = stand.outlet(owner)
    first = stand.draft(owner, outlet)
    stand.cards.delete(owner, first)
    assert stand.counter.ledger.device(first) is None
    assert stand.draft(owner, outlet) > first
    with pytest.raises(UnknownError):
        stand.cards.check(owner, first)


def test_a_no_of_the_tax_body_leads_back_to_the_draft_with_its_reason(stand: Stand) -> None:
    owner = stand.owner()
    stand.set(kgd_answer="no", kgd_reason="Неверный адрес (TEST)")
    card = stand.draft(owner, stand.outlet(owner))
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(hours=72)
    assert (stand.card(card).shown_state, stand.card(card).reason) == ("REG_REFUSED", "Неверный адрес (TEST)")
    assert stand.cards.resume(owner, card).state is S.DRAFT
    stand.set(kgd_answer="yes")
    stand.do(owner, card, Act.SIGN_REGISTRATION)
    stand.advance(hours=72)
    assert stand.state(card) is S.REG_NO_TARIFF


@pytest.mark.parametrize(
    ("act", "wish"),
    [
        (Act.CHOOSE_TARIFF, {"tariff": 1}),
        (Act.SUSPEND, {}),
        (Act.DROP_TARIFF, {}),
        (Act.REREGISTER, {"outlet": 2}),
        (Act.SIGN_DEREGISTRATION, {"reason": 1}),
    ],
)
def test_what_a_state_does_not_allow_changes_nothing(stand: Stand, act: Act, wish: dict[str, Any]) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner))
    with pytest.raises(RefusedError) as refused:
        stand.do(owner, card, act, **wish)
    assert refused.value.rule == "state"
    with pytest.raises(RefusedError):
        stand.cards.token(owner, card)
    assert stand.state(card) is S.DRAFT
    with stand.office.reading() as session:
        assert list(session.scalars(select(Application.kind))) == ["accession"]


def test_a_bad_signature_does_nothing(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.draft(owner, stand.outlet(owner))
    text = stand.cards.application(owner, card, Act.SIGN_REGISTRATION)
    for cms in (
        "",
        signed(text + "\n"),
        signed(text, STRANGER),
        signed(text, replace(HEAD, may_sign=False)),
    ):
        with pytest.raises(SignatureRefusedError):
            stand.cards.sign(owner, card, Act.SIGN_REGISTRATION, cms)
    assert stand.state(card) is S.DRAFT


def test_a_signature_counts_for_what_was_shown_and_nothing_else(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.do(owner, card, Act.DROP_TARIFF)
    daily = stand.cards.application(owner, card, Act.CHOOSE_TARIFF, Wish(tariff=2))
    with pytest.raises(SignatureRefusedError):
        stand.cards.sign(owner, card, Act.CHOOSE_TARIFF, signed(daily), Wish(tariff=1))
    assert stand.state(card) is S.REG_NO_TARIFF


def test_every_signed_act_leaves_its_application_with_its_signature(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.do(owner, card, Act.SUSPEND)
    stand.do(owner, card, Act.REREGISTER, outlet=stand.outlet(owner))
    stand.do(owner, card, Act.DROP_TARIFF)
    stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=7)
    with stand.office.reading() as session:
        kept = list(session.scalars(select(Application).where(Application.card == card)))
        assert {application.kind for application in kept} == set(KINDS.values())
        assert all(application.cms and application.text.startswith("TEST") for application in kept)
        acts = set(session.scalars(select(Note.act)))
    assert {act.value for act in KINDS} <= acts


def test_a_new_token_kills_the_one_before_it_at_once(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    old = stand.token(owner, card)
    assert stand.sell(card).code == ResultCode.OK
    new = stand.token(owner, card)
    assert new != old
    assert stand.sell(card, token=old).code == ResultCode.INVALID_TOKEN
    assert stand.sell(card, token=new).code == ResultCode.OK
    with stand.office.reading() as session:
        assert str(new) not in " ".join(session.scalars(select(Note.detail)))


def test_a_new_token_counts_whatever_stands_behind_the_row(stand: Stand) -> None:
    """The register's row is not written with every ticket; a token is, and the tickets stay counted."""
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    for total in (100_00, 200_00, 300_00):
        old = stand.sell(card, total).token
    with stand.office.reading() as session:
        assert session.scalar(select(devices.c.documents).where(devices.c.id == card)) == 1
        assert wire_books.token_of(session, card) == old
        books = wire_books.books_of(session, card, lock=False)
    assert books is not None
    assert (books.documents, books.shift_open) == (3, True)
    new = stand.token(owner, card)
    assert stand.sell(card, token=old).code == ResultCode.INVALID_TOKEN
    assert stand.sell(card, 400_00, token=new).code == ResultCode.OK
    device = stand.counter.opened().device(card)
    assert device is not None
    assert (device.documents, device.counters.cash) == (4, 1000_00)


def test_a_shift_that_a_ticket_behind_the_row_opened_is_open(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    shown = []
    for step in (stand.sell, stand.close_shift, stand.sell):
        assert step(card).code == ResultCode.OK
        with stand.office.reading() as session:
            books = wire_books.books_of(session, card, lock=False)
        assert books is not None
        shown.append((books.documents, books.shift_open))
    assert shown == [(1, True), (2, False), (3, True)]


def test_a_suspension_comes_with_the_first_of_the_month_and_ends_with_a_document(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.sell(card)
    stand.close_shift(card)
    stand.do(owner, card, Act.SUSPEND)
    stand.until(datetime(2026, 9, 30, 23, 59, 59))
    assert stand.sell(card).code == ResultCode.OK
    assert stand.close_shift(card).code == ResultCode.OK
    stand.keeper.run()
    assert stand.card(card).shown_state == "ACTIVE"
    stand.advance(seconds=1)
    assert (stand.card(card).shown_state, stand.state(card)) == ("SUSPENDED", S.SUSPENDED)
    assert stand.card(card).since == "2026-09-30T19:00:00+00:00"
    stand.advance(days=3)
    assert stand.sell(card).code == ResultCode.OK
    stand.keeper.run()
    assert (stand.card(card).shown_state, stand.card(card).tariff_since) == ("ACTIVE", "2026-10-04")


def test_a_document_before_anybody_looked_ends_the_suspension_too(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.do(owner, card, Act.SUSPEND)
    stand.lab.advance(86_400 * 30)
    stand.sell(card)
    stand.lab.advance(3_600)
    stand.keeper.run()
    stand.keeper.run()
    assert (stand.card(card).shown_state, stand.state(card)) == ("ACTIVE", S.ACTIVE)


def test_a_register_moves_inside_its_tax_office_and_stays_itself(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    token = stand.token(owner, card)
    before = stand.counter.ledger.device(card).profile.registration  # type: ignore[union-attr]
    near = stand.outlet(owner, name="Магазин №2")
    done = stand.do(owner, card, Act.REREGISTER, outlet=near, name="Касса 2")
    assert done.message is not None
    assert done.message.ru == "Касса успешно перерегистрирована"
    after = stand.counter.ledger.device(card).profile.registration  # type: ignore[union-attr]
    assert (after.rnm, after.kkm_id, after.serial) == (before.rnm, before.kkm_id, before.serial)
    assert after.pos_title == "Магазин №2"
    assert (stand.card(card).outlet, stand.card(card).name) == (near, "Касса 2")
    assert stand.sell(card, token=token).code == ResultCode.OK


def test_a_register_does_not_move_to_another_tax_office_nor_to_where_it_is(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    for outlet, rule in (
        (stand.outlet(owner, settlement=1), "tax-office"),
        (stand.card(card).outlet, "outlet"),
    ):
        with pytest.raises(RefusedError) as refused:
            stand.do(owner, card, Act.REREGISTER, outlet=outlet)
        assert refused.value.rule == rule
    stranger = stand.owner(STRANGER)
    with pytest.raises(InvalidError):
        stand.do(owner, card, Act.REREGISTER, outlet=stand.outlet(stranger))


@pytest.mark.parametrize(("answer", "moved"), [("yes", True), ("no", False)])
def test_a_move_that_waits_for_the_tax_body_goes_on_selling(stand: Stand, answer: str, moved: bool) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.sell(card)
    stand.keeper.run()
    old, new = stand.card(card).outlet, stand.outlet(owner)
    stand.set(rereg_delay=3_600, kgd_answer=answer)
    assert stand.do(owner, card, Act.REREGISTER, outlet=new).state is S.WAIT_REREG
    assert stand.sell(card).code == ResultCode.OK
    stand.advance(hours=1)
    assert stand.state(card) is S.ACTIVE
    assert stand.card(card).outlet == (new if moved else old)


def test_a_register_leaves_the_books_only_with_its_shift_closed_and_no_tariff(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.sell(card)
    with pytest.raises(RefusedError):
        stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=3)
    stand.do(owner, card, Act.DROP_TARIFF)
    with pytest.raises(RefusedError) as refused:
        stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=3)
    assert refused.value.rule == "shift"
    stand.do(owner, card, Act.CHOOSE_TARIFF, tariff=2)
    stand.close_shift(card)
    stand.do(owner, card, Act.DROP_TARIFF)
    for reason in (None, 0, 8):
        with pytest.raises(InvalidError):
            stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=reason)
    done = stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=3)
    assert done.state is S.WAIT_DEREG
    assert stand.sell(card).code == ResultCode.BLOCKED
    stand.advance(hours=72)
    assert stand.state(card) is S.DEREGISTERED


@pytest.mark.parametrize("skips", [False, True])
def test_a_stolen_register_s_shift_stays_open_where_that_is_excused(stand: Stand, skips: bool) -> None:
    owner = stand.owner()
    stand.set(theft_skips_guards=skips)
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.sell(card)
    stand.do(owner, card, Act.DROP_TARIFF)
    if skips:
        assert stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=6).state is S.WAIT_DEREG
        return
    with pytest.raises(RefusedError):
        stand.do(owner, card, Act.SIGN_DEREGISTRATION, reason=6)


def test_a_stranger_can_do_nothing_to_a_register(stand: Stand) -> None:
    owner = stand.owner()
    card = stand.registered(owner)
    stranger = stand.owner(STRANGER)
    mine = stand.outlet(stranger)
    form = {"name": "x", "outlet": mine}
    attempts = [
        lambda: stand.cards.save(stranger, form, card),
        lambda: stand.cards.check(stranger, card),
        lambda: stand.cards.delete(stranger, card),
        lambda: stand.cards.resume(stranger, card),
        lambda: stand.cards.token(stranger, card),
        *(
            lambda act=act: stand.cards.application(stranger, card, act, Wish(2, mine, None, 1))
            for act in KINDS
        ),
        *(
            lambda act=act: stand.cards.sign(
                stranger, card, act, signed("x", STRANGER), Wish(2, mine, None, 1)
            )
            for act in KINDS
        ),
    ]
    for attempt in attempts:
        with pytest.raises(UnknownError):
            attempt()
    assert stand.state(card) is S.READY
