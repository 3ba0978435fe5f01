"""Payment settings of a branch: Multicard with its secret sealed, the others «Tez kunda...» (BX-PAY-01)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from reference.backoffice import tables
from reference.backoffice.branches import find
from reference.backoffice.entrance import Visitor
from reference.backoffice.moments import moment_of, written
from reference.backoffice.office import Office
from reference.backoffice.secrets import Seal
from reference.runtime.forms import REQUIRED, Form

MULTICARD: Final = "multicard"
SOON: Final = ("atmos", "click", "payme")
"""Providers that cannot be set up yet."""
FIELDS: Final = ("store", "application", "secret", "active")

AskToken = Callable[[str, str, str], bool]
"""Whether Multicard gives a token for store, application and secret."""


@dataclass(frozen=True, slots=True)
class MerchantView:
    """A branch's account; never its secret. `token`: whether it lives."""

    provider: str
    store: str
    application: str
    has_secret: bool
    active: bool
    token: bool


class Merchants:
    """The desk for payment settings."""

    def __init__(self, office: Office, seal: Seal, ask: AskToken) -> None:
        self._office = office
        self._seal = seal
        self._ask = ask

    def view(self, visitor: Visitor, branch: int) -> MerchantView:
        """Multicard of a branch."""
        with self._office.reading() as session:
            find(session, visitor, branch)
            return self._view(session.get(tables.Merchant, (branch, MULTICARD)))

    def save(self, visitor: Visitor, branch: int, given: Mapping[str, Any]) -> MerchantView:
        """«Saqlash»: an empty secret keeps the one that is there. A token is asked for at once."""
        form = Form(given, FIELDS)
        store, application = form.text("store", 64, least=1), form.text("application", 64, least=1)
        new, active = form.text("secret", 128), form.mark("active", otherwise=True)
        office = self._office
        with office.changing() as session:
            find(session, visitor, branch)
            row = session.get(tables.Merchant, (branch, MULTICARD))
            if row is None and not new:
                form.add("secret", "required", REQUIRED)
            form.done()
            if row is None:
                row = tables.Merchant(branch=branch, provider=MULTICARD)
                session.add(row)
            row.store, row.application, row.active = store, application, active
            if new:
                row.secret = self._seal.close(new, _purpose(branch))
            right = active and self._ask(store, application, self._seal.open(row.secret, _purpose(branch)))
            until = office.now + timedelta(seconds=office.settings.token_seconds)
            row.token_until = written(until) if right else None
            session.flush()
            return self._view(row)

    def _view(self, row: tables.Merchant | None) -> MerchantView:
        if row is None:
            return MerchantView(MULTICARD, "", "", has_secret=False, active=False, token=False)
        alive = row.token_until is not None and self._office.now < moment_of(row.token_until)
        return MerchantView(
            row.provider, row.store, row.application, has_secret=True, active=row.active, token=alive
        )


def stand_in(store: str, application: str, given: str) -> bool:
    """Multicard's stand-in: knows every store, application and secret that begin with «test»."""
    return all(each.lower().startswith("test") for each in (store, application, given))


def _purpose(branch: int) -> str:
    return f"{MULTICARD}:{branch}"
