"""Registration of an organisation in five steps that can be left and taken up again (KZ-REG-02…06).

An enrolment is known to its owner by a secret. It goes forward one step at a time; an earlier step may be
done again as long as the last one is not signed, and what came after it stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.accounts import book
from ofd_mock.portal.applications import accession_text
from ofd_mock.portal.details import Details, check_details
from ofd_mock.portal.errors import InvalidError, RefusedError, UnknownError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.mail_codes import send_code, try_code
from ofd_mock.portal.moments import moment_of, written
from ofd_mock.portal.office import Office
from ofd_mock.portal.passwords import check_password, hashed
from ofd_mock.portal.signatures import SignatureRefusedError, Signer
from reference.protocol.kz.results import Texts
from reference.runtime.chance import secret

STEPS: Final = 5
ADMINISTRATOR: Final = 3
FIRST_PERSONAL_ACCOUNT: Final = 58_968
KEPT: Final = timedelta(days=30)
"""How long an enrolment can be taken up again."""
_TRIES: Final = 5
"""Of opening an account, where others open theirs at the same moment."""

_ORGANISATION_NEEDED: Final = Texts(
    "Требуется сертификат юридического лица",
    "Заңды тұлғаның сертификаты қажет",
    "The certificate of a legal entity is needed",
)
_THERE_ALREADY: Final = Texts(
    "Организация уже зарегистрирована", "Ұйым бұрын тіркелген", "The organisation is registered already"
)
_NO_RIGHT: Final = Texts(
    "Недостаточно полномочий для подписи",
    "Қол қоюға өкілеттік жеткіліксіз",
    "The holder's role does not allow to sign",
)
_OTHER_KEY: Final = Texts(
    "Заявка подписывается тем же ключом, что и на первом шаге",
    "Өтінішке бірінші қадамдағы кілтпен қол қойылады",
    "The application is signed with the key of the first step",
)
_STEP: Final = Texts(
    "Сначала завершите предыдущий шаг", "Алдымен алдыңғы қадамды аяқтаңыз", "Finish the step before first"
)
_AGREE: Final = Texts(
    "Ознакомьтесь с текстом договора", "Шарт мәтінімен танысыңыз", "Read the contract and say so"
)


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """Where an enrolment stands: `step` is the first that is not done. There is none of a signed one.

    `organisation` is False for a natural person who trades on his own (RX-05).
    """

    step: int
    challenge: str
    number: str | None
    name: str
    details: Details | None
    email_confirmed: str
    organisation: bool = True


class Enrolments:
    """The desk for newcomers."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def begin(self) -> str:
        """Open an enrolment; the secret by which its owner comes back."""
        key = secret()
        table = tables.Enrolment
        with self._office.changing() as session:
            session.execute(delete(table).where(table.begun < written(self._office.now - KEPT)))
            session.add(
                tables.Enrolment(
                    secret=_hash(key),
                    number=None,
                    step=1,
                    challenge=secret(),
                    password=None,
                    facts="{}",
                    begun=written(self._office.now),
                )
            )
        return key

    def view(self, key: str) -> EnrolmentView:
        """Where it stands. UnknownError for a secret that is none or too old."""
        with self._office.reading() as session:
            return _view(self._find(session, key, lock=False))

    def renew(self, key: str) -> str:
        """Another secret for an enrolment; the one before counts no more."""
        made = secret()
        with self._office.changing() as session:
            self._find(session, key).secret = _hash(made)
        return made

    def present(self, key: str, cms: str) -> EnrolmentView:
        """Step 1, «Проверка ЭЦП»: the challenge signed. SignatureRefusedError says why not (RX-02…RX-09)."""
        office = self._office
        with office.changing() as session:
            row = self._find(session, key)
            signer = office.signatures.signer_of(cms, row.challenge.encode())
            self._require_acceptable(session, signer)
            facts = json.loads(row.facts)
            if row.number not in (None, signer.number):
                # Another organisation begins anew: nothing of the first one may stay.
                facts, row.password, row.step = {}, None, 1
            facts |= {"name": signer.name, "key": signer.key, "organisation": signer.organisation}
            row.number, row.facts = signer.number, json.dumps(facts, ensure_ascii=False)
            row.step = max(row.step, 2)
            return _view(row)

    def choose_password(self, key: str, password: str, repeated: str) -> EnrolmentView:
        """Step 2: InvalidError with everything the password lacks (KZ-REG-03)."""
        findings = check_password(password, repeated)
        if findings:
            raise InvalidError(findings)
        kept = hashed(password)
        with self._office.changing() as session:
            row = self._at(session, key, 2)
            row.password, row.step = kept, max(row.step, 3)
            return _view(row)

    def send_code(self, key: str, email: str) -> None:
        """Mail a code to an address (window «Подтверждение электронной почты»); LockedError for too many."""
        office = self._office
        with office.changing() as session:
            send_code(office, session, _owner(self._at(session, key, 3)), email)

    def confirm_code(self, key: str, email: str, code: str) -> EnrolmentView:
        """Confirm the address with the newest code sent to it. A wrong code counts as a try and stays so."""
        office = self._office
        with office.changing() as session:
            row = self._at(session, key, 3)
            refused = try_code(office, session, _owner(row), email, code)
            if refused is None:
                row.facts = json.dumps(json.loads(row.facts) | {"email": email}, ensure_ascii=False)
                return _view(row)
        raise refused

    def describe(self, key: str, given: Mapping[str, Any]) -> EnrolmentView:
        """Step 3, «Уточнение данных»: InvalidError with every wrong field (KZ-REG-04)."""
        with self._office.changing() as session:
            row = self._at(session, key, 3)
            facts = json.loads(row.facts)
            details = check_details(given, confirmed=facts.get("email", ""))
            facts["details"] = details.as_json()
            row.facts, row.step = json.dumps(facts, ensure_ascii=False), max(row.step, 4)
            return _view(row)

    def agree(self, key: str, agreed: bool) -> EnrolmentView:
        """Step 4, «С текстом договора ознакомлен» (KZ-REG-05)."""
        if not agreed:
            raise InvalidError([FieldFinding("agreed", "required", _AGREE)])
        with self._office.changing() as session:
            row = self._at(session, key, 4)
            row.step = max(row.step, 5)
            return _view(row)

    def application(self, key: str) -> str:
        """The text that step 5 has signed."""
        with self._office.reading() as session:
            return _text(_view(self._at(session, key, 5, lock=False)))

    def sign(self, key: str, cms: str, address: str = "") -> int:
        """Step 5: the signed application opens the account; the organisation's id (KZ-REG-06)."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._open_account(key, cms, address)
            except IntegrityError:
                # Somebody was quicker: with the same number, which is refused now, or with the same account.
                if not tries_left:
                    raise
        raise AssertionError

    def _open_account(self, key: str, cms: str, address: str) -> int:
        office = self._office
        with office.changing() as session:
            row = self._at(session, key, 5)
            view = _view(row)
            assert view.number is not None
            assert view.details is not None
            assert row.password is not None
            # Made here, not taken from before: another tab may have changed what stands in it.
            text = _text(view)
            signer = office.signatures.signer_of(cms, text.encode())
            self._require_acceptable(session, signer)
            if signer.key != json.loads(row.facts)["key"] or signer.number != view.number:
                raise SignatureRefusedError("key", _OTHER_KEY)
            organisation = self._organisation(session, view)
            session.add(
                tables.User(
                    organisation=organisation.id,
                    login=view.number,
                    password=row.password,
                    name=view.details.head_name,
                    role=ADMINISTRATOR,
                )
            )
            session.add(
                tables.Application(
                    organisation=organisation.id,
                    card=None,
                    kind="accession",
                    text=text,
                    cms=cms.encode(),
                    signer=signer.person,
                    signed=written(office.now),
                )
            )
            session.delete(row)
            office.note(session, "registered", organisation=organisation.id, address=address)
            return organisation.id

    def _organisation(self, session: Session, view: EnrolmentView) -> tables.Organisation:
        office, details = self._office, view.details
        assert details is not None
        highest = session.scalar(select(func.max(tables.Organisation.personal_account)))
        organisation = tables.Organisation(
            number=view.number,
            name=view.name,
            personal_account=max(FIRST_PERSONAL_ACCOUNT, (highest or 0) + 1),
            created=written(office.now),
            balance=0,
            **details.columns(),
        )
        session.add(organisation)
        session.flush()
        if office.settings.welcome_credit:
            book(office, session, organisation, office.settings.welcome_credit, payment=None)
        return organisation

    def _require_acceptable(self, session: Session, signer: Signer) -> None:
        if not signer.organisation and not self._office.settings.allow_individual_entrepreneur:
            raise SignatureRefusedError("organisation", _ORGANISATION_NEEDED)
        if not signer.may_sign:
            raise SignatureRefusedError("role", _NO_RIGHT)
        known = select(tables.Organisation.id).where(tables.Organisation.number == signer.number)
        if session.scalars(known).first() is not None:
            raise RefusedError("registered", _THERE_ALREADY)

    def _find(self, session: Session, key: str, *, lock: bool = True) -> tables.Enrolment:
        query = select(tables.Enrolment).where(tables.Enrolment.secret == _hash(key))
        # Two tabs that act at once take turns; who only reads locks nothing.
        row = session.scalars(query.with_for_update() if lock else query).first()
        if row is None or moment_of(row.begun) + KEPT < self._office.now:
            raise UnknownError
        return row

    def _at(self, session: Session, key: str, step: int, *, lock: bool = True) -> tables.Enrolment:
        row = self._find(session, key, lock=lock)
        if row.step < step:
            raise RefusedError("step", _STEP)
        return row


def _view(row: tables.Enrolment) -> EnrolmentView:
    facts = json.loads(row.facts)
    view = EnrolmentView(
        row.step,
        row.challenge,
        row.number,
        facts.get("name", ""),
        None,
        facts.get("email", ""),
        facts.get("organisation", True),
    )
    return replace(view, details=Details(**facts["details"])) if "details" in facts else view


def _text(view: EnrolmentView) -> str:
    assert view.number is not None
    assert view.details is not None
    return accession_text(view.number, view.name, view.details)


def _owner(row: tables.Enrolment) -> str:
    return f"enrolment {row.id}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
