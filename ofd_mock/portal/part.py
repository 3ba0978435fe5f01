"""The portal as the control API sees it: state, reset, what the operator and the tax body do by order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pydantic
import sqlalchemy as sa
from pydantic import Field

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.pki.authority import Authority
from ofd_mock.portal import tables, wire_books, wire_users
from ofd_mock.portal.cards import enter
from ofd_mock.portal.defects import DEFECTS, put_in
from ofd_mock.portal.key_orders import KeyOrders
from ofd_mock.portal.moments import written
from ofd_mock.portal.moves import Act, MoveRefusedError, after
from ofd_mock.portal.settings import PortalSettings
from ofd_mock.portal.web.desks import Desks
from reference.protocol.kz.device_states import DeviceState
from reference.runtime.control import ControlError, Operation, Part
from reference.runtime.control_models import Body, NoArguments

NAME: Final = "portal"
ROWS_FILE: Final = "portal.json"
_TABLES: Final = tuple(
    (table, sa.delete(table), sa.insert(table)) for table in tables.Base.metadata.sorted_tables
)
"""Every table, what empties it and what fills it."""


class OneCard(Body):
    """One register."""

    id: int = Field(ge=1, le=2**32 - 1)


class ChangeSettings(Body):
    """Settings that change; the others stay."""

    settings: dict[str, Any]


class PortalPart(Part):
    """Part "portal". The ledger it looks into is another part's: `reset` leaves that as it is, but for the
    registers that the portal itself entered there, with all that they have sent.
    """

    name = NAME

    def __init__(self, desks: Desks, authority: Authority) -> None:
        self._desks = desks
        self._office = desks.office
        self._keys = KeyOrders(authority, self._office.clock)

    def state(self) -> dict[str, Any]:
        """Settings, time, what waits for the tax body, and how many rows there are."""
        with self._office.reading() as session:
            counts = {
                table.name.removeprefix("kz_portal_"): session.scalar(
                    sa.select(sa.func.count()).select_from(table)
                )
                for table, _, _ in _TABLES
            }
            request = tables.TaxRequest
            waiting = session.scalars(sa.select(request).where(request.answered.is_(None)))
            asked = [
                {"card": row.card, "kind": row.kind, "due": row.due, "answer": row.answer} for row in waiting
            ]
        due = self._desks.keeper.next_due()
        return {
            "settings": self._office.settings.model_dump(mode="json"),
            "time": written(self._office.now),
            "next": None if due is None else written(due),
            "counts": counts,
            "tax_body": asked,
        }

    def snapshot(self, folder: Path) -> None:
        """All of the portal's own rows, as JSON."""
        with self._office.reading() as session:
            rows = {
                table.name: [_plain(dict(row)) for row in session.execute(sa.select(table)).mappings()]
                for table, _, _ in _TABLES
            }
        known = {"settings": self._office.settings.model_dump(mode="json"), "rows": rows}
        (folder / ROWS_FILE).write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """The rows as they were; ValueError leaves everything as it is."""
        known = json.loads((folder / ROWS_FILE).read_text(encoding="utf-8"))
        settings = PortalSettings.model_validate(known["settings"])
        with self._office.changing() as session:
            for table, empty, fill in _TABLES:
                session.execute(empty)
                rows = [_read(row) for row in known["rows"].get(table.name, [])]
                if rows:
                    session.execute(fill, rows)
            wire_users.tell_everything(session)
        # Archives are in no snapshot, and whose numbers they bear is somebody else now.
        self._desks.archives.wipe()
        self._take(settings)

    def reset(self, settings: dict[str, Any]) -> None:
        """An empty portal under new settings; those not given take their defaults."""
        chosen = _valid(settings)
        devices = ledger_tables.devices
        with self._office.changing() as session:
            ours = sa.select(tables.Card.id)
            for kept in ledger_tables.metadata.sorted_tables:
                if "device" in kept.c:  # an ID that is given out again must not find what another sent
                    session.execute(sa.delete(kept).where(kept.c.device.in_(ours)))
            session.execute(sa.delete(devices).where(devices.c.id.in_(ours)))
            for _, empty, _ in _TABLES:
                session.execute(empty)
        self._desks.archives.wipe()
        self._take(chosen)
        self._desks.entrance.forget_strangers()

    def operations(self) -> dict[str, Operation]:
        """What the operator does to registers, the tax body by order, and settings."""
        return {
            "settings": Operation("change settings and keep everything", ChangeSettings, self._change),
            "answer-now": Operation("have the tax body answer what it was asked", OneCard, self._answer),
            "block": Operation("the operator blocks it", OneCard, self._blocking(Act.BLOCK_BY_OPERATOR)),
            "unblock": Operation("the operator lifts his block", OneCard, self._blocking(Act.OPERATOR_LIFTS)),
            "keep-up": Operation(
                "do now what is due by now", NoArguments, lambda _: self._desks.keeper.run()
            ),
            **self._keys.operations(),
        }

    def _take(self, settings: PortalSettings) -> None:
        """Work by these settings from now on, their mistakes included."""
        put_in(self._desks, settings.defects)
        self._office.settings = settings

    def _change(self, body: ChangeSettings) -> Mapping[str, Any]:
        self._take(_valid(self._office.settings.model_dump() | body.settings))
        return self._office.settings.model_dump(mode="json")

    def _answer(self, body: OneCard) -> Mapping[str, Any]:
        request = tables.TaxRequest
        with self._office.changing() as session:
            waiting = sa.select(request).where(request.card == body.id, request.answered.is_(None))
            row = session.scalars(waiting).first()
            if row is None:
                raise ControlError("id", "asked", f"the tax body was asked nothing about register {body.id}")
            settings = self._office.settings
            word = "no" if settings.kgd_answer == "no" else "yes"
            row.answer, row.reason = word, settings.kgd_reason if word == "no" else ""
            row.due = written(self._office.now)
        self._desks.keeper.run()
        return {"answer": word}

    def _blocking(self, act: Act) -> Any:
        def run(body: OneCard) -> Mapping[str, Any]:
            with self._office.changing() as session:
                card = session.get(tables.Card, body.id)
                books = wire_books.books_of(session, body.id)
                if card is None or books is None or card.removed:
                    raise ControlError("id", "known", f"the portal has no register {body.id}")
                before = DeviceState(card.before) if card.before else None
                try:
                    state = after(books.state, act, before)
                except MoveRefusedError as error:
                    raise ControlError("id", "state", error.text.en) from None
                assert state is not None
                card.before = books.state.value if act is Act.BLOCK_BY_OPERATOR else None
                enter(session, card, books.state, state, written(self._office.now))
            return {"state": state.value}

        return run


def _valid(settings: Mapping[str, Any]) -> PortalSettings:
    try:
        valid = PortalSettings.model_validate(settings)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise ControlError(".".join(map(str, first["loc"])), first["type"], first["msg"]) from None
    for name in valid.defects:
        if name not in DEFECTS:
            raise ControlError("defects", "known", f"{name!r} is not one of {', '.join(DEFECTS)}")
    return valid


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: {"hex": value.hex()} if isinstance(value, bytes) else value for name, value in row.items()}


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for name, value in row.items()
    }
