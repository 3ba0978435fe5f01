"""Codes that confirm an address of e-mail (kz-ofd RF-07): sent to it, given back with it.

`owner` is whoever wants the address confirmed: a registration on its way, or an organisation. Only hashes of
codes are kept.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.errors import InvalidError, LockedError, PortalError
from ofd_mock.portal.findings import FieldFinding
from ofd_mock.portal.mail_address import check_email
from ofd_mock.portal.moments import moment_of, written
from ofd_mock.portal.office import Office
from reference.protocol.kz.results import Texts
from reference.runtime.chance import secret_digits

_CODE: Final = Texts("Неверный код", "Код қате", "The code is wrong")
_CODE_OVER: Final = Texts("Срок действия кода истек", "Кодтың мерзімі өтті", "The code is too old")


def send_code(office: Office, session: Session, owner: str, email: str) -> None:
    """Mail a code. InvalidError for what is no address, LockedError for too many codes in an hour."""
    finding = check_email(email)
    if finding is not None:
        raise InvalidError([finding])
    hour = office.now - timedelta(hours=1)
    table = tables.MailCode
    sent = sorted(session.scalars(select(table.sent).where(table.owner == owner, table.sent > written(hour))))
    if len(sent) >= office.settings.mails_an_hour:
        raise LockedError(moment_of(sent[0]) + timedelta(hours=1))
    code = secret_digits(6)
    session.add(table(owner=owner, email=email, code=_hash(code), sent=written(office.now), tries=0))
    office.mail(session, email, "TEST Kassalab: код подтверждения", f"Код подтверждения: {code}")


def try_code(office: Office, session: Session, owner: str, email: str, code: str) -> PortalError | None:
    """None when it is the newest code sent to this address, which then counts as confirmed.

    Otherwise the refusal, for the caller to raise after the transaction: a wrong code counts as a try.
    """
    table = tables.MailCode
    query = select(table).where(table.owner == owner, table.email == email).order_by(table.id.desc())
    newest = session.scalars(query.limit(1)).first()
    if newest is None:
        return InvalidError([FieldFinding("code", "sent", _CODE)])
    end = moment_of(newest.sent) + timedelta(seconds=office.settings.mail_code_seconds)
    if office.now > end:
        return InvalidError([FieldFinding("code", "age", _CODE_OVER)])
    if newest.tries >= office.settings.mail_code_tries:
        return LockedError(end)
    if newest.code != _hash(code.strip()):
        newest.tries += 1
        return InvalidError([FieldFinding("code", "equal", _CODE)])
    newest.confirmed = True
    return None


def is_confirmed(session: Session, owner: str, email: str) -> bool:
    """Whether this owner has ever given back a code sent to this address."""
    table = tables.MailCode
    query = select(table.id).where(table.owner == owner, table.email == email, table.confirmed)
    return session.scalars(query.limit(1)).first() is not None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
