"""«Картотека ККМ»: registers of an organisation and what is done with them (KZ-KKM, KZ-TRF, KZ-TOK, KZ-RRG,
KZ-DRG).

Every act goes through the table of `moves`; its guards stand here. An act that needs a signature is done in
two steps: `application` gives the text, `sign` takes its CMS and does it. Both look at the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ofd_mock.kgd.answers import decide
from ofd_mock.kz import tables as ledger_tables
from ofd_mock.portal import card_texts as texts
from ofd_mock.portal import outlets, tables, wire_books, wire_users
from ofd_mock.portal.accounts import lock
from ofd_mock.portal.applications import card_text
from ofd_mock.portal.card_form import CardForm, missing, read_card_form, require_name
from ofd_mock.portal.card_registration import registration_of
from ofd_mock.portal.directories import banks, models, same_tax_office, settlements
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.moments import written
from ofd_mock.portal.moves import DEREGISTRATION_REASONS, THEFT, Act, MoveRefusedError, after, move_of
from ofd_mock.portal.office import Office
from ofd_mock.portal.signatures import SignatureRefusedError
from ofd_mock.portal.tariffs import TARIFFS, first_of_next_month
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.results import Texts

_NOT_LIVE: Final = (DeviceState.DRAFT.value, DeviceState.REG_REFUSED.value, DeviceState.DEREGISTERED.value)
"""States of a register whose number another may be registered with (KF-03)."""

KINDS: Final[Mapping[Act, str]] = {
    Act.SIGN_REGISTRATION: "registration",
    Act.CHOOSE_TARIFF: "tariff",
    Act.SUSPEND: "suspension",
    Act.DROP_TARIFF: "tariff-off",
    Act.REREGISTER: "reregistration",
    Act.SIGN_DEREGISTRATION: "deregistration",
}
"""The application of each signed act."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a signed act is to bring: a tariff, an outlet, a reason; only its own one counts."""

    tariff: int | None = None
    outlet: int | None = None
    name: str | None = None
    reason: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an act: the register's state, None when it is gone, and what its owner reads."""

    state: DeviceState | None
    message: Texts | None


@dataclass(slots=True)
class _Held:
    """A card with its books, its rows locked for the rest of the transaction."""

    card: tables.Card
    books: wire_books.Books
    organisation: tables.Organisation


class Cards:
    """The desk for registers."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- drafts --------------------------------------------------------------------------------------------

    def save(self, visitor: Visitor, given: Mapping[str, Any], card: int | None = None) -> int:
        """«Сохранить»: a new draft, or the draft `card` anew; its device ID (PT-1)."""
        visitor.require_administrator()
        form = read_card_form(given)
        office = self._office
        with office.changing() as session:
            lock(session, visitor.organisation)  # before its registers, as everybody does
            held = None if card is None else self._hold(session, visitor, card)
            outlet = _outlet(session, visitor, form.outlet)
            if held is None:
                organisation = session.get_one(tables.Organisation, visitor.organisation)
                row = tables.Card(organisation=visitor.organisation, shown_state=DeviceState.DRAFT.value)
                _fill(row, form)
                row.id = wire_books.open_books(session, registration_of(organisation, outlet, row))
                session.add(row)
            else:
                _require(held, Act.SAVE)
                row = held.card
                _fill(row, form)
                self._describe(session, held, outlet)
            session.flush()
            wire_users.tell(session, visitor.organisation, row.id)
            office.note(
                session,
                "draft-saved",
                organisation=visitor.organisation,
                user=visitor.user,
                detail=f"{row.id}",
            )
            return row.id

    def check(self, visitor: Visitor, card: int) -> Done:
        """«Продолжить»: InvalidError names every field that a registration still lacks (PT-2)."""
        visitor.require_administrator()
        with self._office.changing() as session:
            held = self._hold(session, visitor, card)
            move = _require(held, Act.CHECK)
            self._require_whole(session, held)
            return Done(held.books.state, move.message)

    def delete(self, visitor: Visitor, card: int) -> None:
        """Take a draft back; its ID is not given out again (PT-17)."""
        visitor.require_administrator()
        with self._office.changing() as session:
            held = self._hold(session, visitor, card)
            _require(held, Act.DELETE)
            wire_books.close_books(session, card)
            held.card.removed = True
            self._note(session, visitor, Act.DELETE, card)

    def resume(self, visitor: Visitor, card: int) -> Done:
        """«Продолжить регистрацию» after a no of the tax body (PT-16)."""
        visitor.require_administrator()
        with self._office.changing() as session:
            held = self._hold(session, visitor, card)
            _require(held, Act.RESUME_REGISTRATION)
            return self._move(session, visitor, held, Act.RESUME_REGISTRATION)

    # --- signed acts ---------------------------------------------------------------------------------------

    def application(self, visitor: Visitor, card: int, act: Act, wish: Wish | None = None) -> str:
        """The text to sign, when its guards let it pass. The same wish has to come with its signature."""
        visitor.require_administrator()
        with self._office.reading() as session:
            held = self._hold(session, visitor, card, lock=False)
            return self._application(session, visitor, held, act, wish or Wish())

    def require(self, visitor: Visitor, card: int, act: Act) -> None:
        """RefusedError where the register's state does not allow the act, whatever is wished for."""
        visitor.require_administrator()
        with self._office.reading() as session:
            _require(self._hold(session, visitor, card, lock=False), act)

    def sign(self, visitor: Visitor, card: int, act: Act, cms: str, wish: Wish | None = None) -> Done:
        """Do a signed act. SignatureRefusedError when the signature does not count, and nothing is done."""
        visitor.require_administrator()
        office, wanted = self._office, wish or Wish()
        with office.changing() as session:
            lock(session, visitor.organisation)
            held = self._hold(session, visitor, card)
            text = self._application(session, visitor, held, act, wanted)
            signer = office.signatures.signer_of(cms, text.encode())
            if signer.number != held.organisation.number:
                raise SignatureRefusedError("taxpayer", texts.NOT_YOURS)
            if not signer.may_sign:
                raise SignatureRefusedError("role", texts.NO_RIGHT)
            session.add(
                tables.Application(
                    organisation=visitor.organisation,
                    card=card,
                    kind=KINDS[act],
                    text=text,
                    cms=cms.encode(),
                    signer=signer.person,
                    signed=written(office.now),
                )
            )
            self._carry_out(session, visitor, held, act, wanted)
            return self._move(session, visitor, held, act)

    def _carry_out(self, session: Session, visitor: Visitor, held: _Held, act: Act, wish: Wish) -> None:
        """What a signed act does beside moving the state."""
        card, today = held.card, self._office.today
        card.reason = ""  # of an earlier no
        match act:
            case Act.SIGN_REGISTRATION:
                self._ask(session, card, "registration")
            case Act.CHOOSE_TARIFF:
                card.tariff, card.tariff_since = wish.tariff, today.isoformat()
                card.charged_until = (today - timedelta(days=1)).isoformat()
            case Act.SUSPEND:
                card.suspend_on = first_of_next_month(today).isoformat()
            case Act.DROP_TARIFF:
                card.tariff = card.tariff_since = card.charged_until = card.suspend_on = None
            case Act.REREGISTER:
                assert wish.outlet is not None
                card.name = require_name(wish.name or card.name)
                if self._office.settings.rereg_delay:
                    card.move_to = wish.outlet
                    self._ask(session, card, "reregistration")
                else:
                    card.outlet = wish.outlet
                    self._describe(session, held, _outlet(session, visitor, wish.outlet))
                    session.flush()
                    wire_users.tell(session, visitor.organisation, card.id)
            case Act.SIGN_DEREGISTRATION:
                assert wish.reason is not None
                card.reason = DEREGISTRATION_REASONS[wish.reason]
                self._ask(session, card, "deregistration")
            case _:
                raise ValueError(f"{act.value} is not signed")

    def token(self, visitor: Visitor, card: int) -> int:
        """«Получить токен»: a new number; the one before it is refused by the wire at once (KZ-TOK-01)."""
        visitor.require_administrator()
        with self._office.changing() as session:
            held = self._hold(session, visitor, card)
            _require(held, Act.TOKEN)
            self._note(session, visitor, Act.TOKEN, card)
            return wire_books.make_token(session, card, self._office.chance)

    # --- guards --------------------------------------------------------------------------------------------

    def _application(self, session: Session, visitor: Visitor, held: _Held, act: Act, wish: Wish) -> str:
        _require(held, act)
        wanted = self._guard(session, visitor, held, act, wish)
        card, organisation = held.card, held.organisation
        about = [
            ("НАЗВАНИЕ ОРГАНИЗАЦИИ (ПОЛНОЕ)", organisation.name),
            ("ИИН/БИН", organisation.number),
            ("БАНК", banks()[organisation.bic].name if organisation.bic else ""),
            ("БИК", organisation.bic or ""),
            ("ИИК", organisation.iik or ""),
            ("ЮРИДИЧЕСКИЙ АДРЕС", organisation.legal_address),
        ]
        outlet = outlets.view_of(session.get_one(tables.Outlet, card.outlet))
        register = [
            ("ИДЕНТИФИКАЦИОННЫЙ НОМЕР В СИСТЕМЕ", str(card.id)),
            ("НАЗВАНИЕ", card.name),
            ("МАРКА/МОДЕЛЬ", models()[card.model].name if card.model else ""),
            ("СЕРИЙНЫЙ/ЗАВОДСКОЙ НОМЕР", card.serial),
            ("ГОД ВЫПУСКА", str(card.year or "")),
            ("НОМЕР РЕГИСТРАЦИОННОЙ КАРТОЧКИ ККМ", held.books.profile.registration.rnm),
            ("АДРЕС ПОДКЛЮЧЕНИЯ", outlet.address),
        ]
        return card_text(KINDS[act], about, register, wanted)

    def _guard(
        self, session: Session, visitor: Visitor, held: _Held, act: Act, wish: Wish
    ) -> list[tuple[str, str]]:
        """The guards of a signed act; what is wished for, as its application says it."""
        match act:
            case Act.SIGN_REGISTRATION:
                self._require_whole(session, held)
                return []
            case Act.CHOOSE_TARIFF:
                tariff = TARIFFS.get(wish.tariff or 0)
                if tariff is None:
                    raise InvalidError([FieldFinding("tariff", "directory", texts.TARIFF)])
                return [("ТАРИФ", tariff.name), ("ЦЕНА, тенге", str(tariff.price // 100))]
            case Act.SUSPEND:
                return [("ДАТА ПРИОСТАНОВЛЕНИЯ", f"{first_of_next_month(self._office.today):%d.%m.%Y}")]
            case Act.REREGISTER:
                return self._guard_move(session, visitor, held, wish)
            case Act.SIGN_DEREGISTRATION:
                return self._guard_leaving(held, wish)
            case _:
                return []

    def _guard_move(
        self, session: Session, visitor: Visitor, held: _Held, wish: Wish
    ) -> list[tuple[str, str]]:
        if wish.name is not None:
            require_name(wish.name)
        new = _outlet(session, visitor, wish.outlet or 0)
        old = session.get_one(tables.Outlet, held.card.outlet)
        if new.id == old.id:
            raise RefusedError("outlet", texts.SAME_OUTLET)
        if not same_tax_office(settlements()[new.settlement], settlements()[old.settlement]):
            raise RefusedError("tax-office", texts.TAX_OFFICE)
        return [("НОВЫЙ АДРЕС", outlets.view_of(new).address)]

    def _guard_leaving(self, held: _Held, wish: Wish) -> list[tuple[str, str]]:
        text = DEREGISTRATION_REASONS.get(wish.reason or 0)
        if text is None:
            raise InvalidError([FieldFinding("reason", "directory", texts.REASON)])
        excused = wish.reason == THEFT and self._office.settings.theft_skips_guards
        if held.books.shift_open and not excused:
            raise RefusedError("shift", texts.SHIFT)
        return [("ПРИЧИНА СНЯТИЯ С УЧЕТА", text)]

    def _require_whole(self, session: Session, held: _Held) -> None:
        card = held.card
        form = CardForm(card.name, card.outlet, card.model, card.serial, card.year, card.consent)
        findings = missing(form, self._office.today.year)
        devices, cards = ledger_tables.devices, tables.Card
        twin = (
            select(cards.id)
            .join(devices, devices.c.id == cards.id)
            .where(
                cards.model == card.model,
                cards.serial == card.serial,
                cards.id != card.id,
                devices.c.state.not_in(_NOT_LIVE),
            )
        )
        if card.serial and session.scalars(twin.limit(1)).first() is not None:
            findings.append(FieldFinding("serial", "free", texts.TAKEN))
        if findings:
            raise InvalidError(findings)

    # --- the rest ------------------------------------------------------------------------------------------

    def _hold(self, session: Session, visitor: Visitor, card: int, *, lock: bool = True) -> _Held:
        """The visitor's card of that number; UnknownError for everything else. `lock` False: to read only."""
        row = session.get(tables.Card, card)
        if (
            row is None
            or row.removed
            or row.organisation != visitor.organisation
            or not visitor.sees(row.outlet)
        ):
            raise UnknownError
        books = wire_books.books_of(session, card, lock=lock)
        if books is None:
            raise UnknownError
        return _Held(row, books, session.get_one(tables.Organisation, row.organisation))

    def _move(self, session: Session, visitor: Visitor, held: _Held, act: Act) -> Done:
        state = after(held.books.state, act)
        message = move_of(held.books.state, act).message
        assert state is not None
        if act is Act.REREGISTER and held.card.move_to is not None:
            held.card.before, state, message = held.books.state.value, DeviceState.WAIT_REREG, None
        enter(session, held.card, held.books.state, state, written(self._office.now))
        self._note(session, visitor, act, held.card.id)
        return Done(state, message)

    def _describe(self, session: Session, held: _Held, outlet: tables.Outlet) -> None:
        made = registration_of(held.organisation, outlet, held.card)
        wire_books.describe(
            session, held.card.id, lambda known: replace(made, rnm=known.rnm, kkm_id=known.kkm_id)
        )

    def _ask(self, session: Session, card: tables.Card, kind: str) -> None:
        """Ask the tax body; what it will say is decided now and told when its time has come."""
        office, settings = self._office, self._office.settings
        delay = settings.rereg_delay if kind == "reregistration" else settings.kgd_delay
        verdict = decide(settings.kgd_answer, delay, settings.kgd_reason, office.chance)
        due = None if verdict.after is None else written(office.now + timedelta(seconds=verdict.after))
        session.add(
            tables.TaxRequest(
                card=card.id,
                kind=kind,
                asked=written(office.now),
                due=due,
                answer=verdict.word,
                reason=verdict.reason,
            )
        )

    def _note(self, session: Session, visitor: Visitor, act: Act, card: int) -> None:
        self._office.note(
            session, act.value, organisation=visitor.organisation, user=visitor.user, detail=f"{card}"
        )


def enter(session: Session, card: tables.Card, old: DeviceState, new: DeviceState, now: str) -> None:
    """Put a register into a state, for its owner and for the wire alike."""
    if new is not old:
        wire_books.set_state(session, card.id, new)
        card.shown_state, card.since = new.value, now


def _require(held: _Held, act: Act) -> Any:
    try:
        return move_of(held.books.state, act)
    except MoveRefusedError as error:
        raise RefusedError("state", error.text) from error


def _fill(row: tables.Card, form: CardForm) -> None:
    row.name, row.outlet, row.model = form.name, form.outlet, form.model
    row.serial, row.year, row.consent = form.serial, form.year, form.consent


def _outlet(session: Session, visitor: Visitor, outlet: int) -> tables.Outlet:
    """An outlet that a form names; of a stranger's it says no more than of one that is not there."""
    try:
        return outlets.find(session, visitor, outlet)
    except UnknownError:
        raise InvalidError([FieldFinding("outlet", "directory", texts.OUTLET)]) from None
