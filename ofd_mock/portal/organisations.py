"""«Данные организации» after registration: what the administrator may change of them.

Name and IIN/BIN come from the certificate and stay. Bank, addresses, phones and head follow the rules of
registration (kz-ofd RF-03…RF-09); a new address of e-mail counts only with the code that was mailed to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from ofd_mock.portal import tables
from ofd_mock.portal.details import check_details
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.mail_codes import is_confirmed, send_code, try_code
from ofd_mock.portal.office import Office
from reference.protocol.kz.results import Texts

CHANGED: Final = Texts("Данные сохранены", "Деректер сақталды", "The data are kept")


class Organisations:
    """The desk of an organisation's own data."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send_code(self, visitor: Visitor, email: str) -> None:
        """Mail a code to an address that the organisation wants to have; LockedError for too many."""
        visitor.require_administrator()
        with self._office.changing() as session:
            send_code(self._office, session, _owner(visitor), email)

    def confirm_code(self, visitor: Visitor, email: str, code: str) -> None:
        """Confirm an address; it becomes the organisation's with the next `change` that names it."""
        visitor.require_administrator()
        with self._office.changing() as session:
            refused = try_code(self._office, session, _owner(visitor), email, code)
        if refused is not None:
            raise refused

    def change(self, visitor: Visitor, given: Mapping[str, Any], address: str = "") -> None:
        """Keep all details anew; InvalidError with every wrong field, and nothing has changed."""
        visitor.require_administrator()
        office = self._office
        with office.changing() as session:
            row = session.get_one(tables.Organisation, visitor.organisation, with_for_update=True)
            email = _wanted_email(session, visitor, row, given)
            columns = check_details(given, confirmed=email).columns()
            changed = [name for name, value in columns.items() if getattr(row, name) != value]
            for name in changed:
                setattr(row, name, columns[name])
            if changed:
                office.note(
                    session,
                    "details-changed",
                    organisation=row.id,
                    user=visitor.user,
                    detail=", ".join(changed),
                    address=address,
                )


def _owner(visitor: Visitor) -> str:
    return f"organisation {visitor.organisation}"


def _wanted_email(
    session: Session, visitor: Visitor, row: tables.Organisation, given: Mapping[str, Any]
) -> str:
    """The address that counts as confirmed: the one given where its code came back, else the present one."""
    email = given.get("email")
    if isinstance(email, str) and is_confirmed(session, _owner(visitor), email.strip()):
        return email.strip()
    return row.email
