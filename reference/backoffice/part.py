"""The owner portal as the control API sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pydantic
import sqlalchemy as sa
from pydantic import Field

from reference.backoffice import tables
from reference.backoffice.batch import Sums
from reference.backoffice.defects import DEFECTS, put_in
from reference.backoffice.desks import Desks
from reference.backoffice.moments import written
from reference.backoffice.office import BackofficeSettings
from reference.runtime.control import ControlError, Operation, Part
from reference.runtime.control_models import Body, NoArguments
from reference.runtime.refusals import UnknownError

NAME: Final = "backoffice"
ROWS_FILE: Final = "backoffice.json"
_TABLES: Final = tuple(
    (table, sa.delete(table), sa.insert(table)) for table in tables.Base.metadata.sorted_tables
)
"""Every table, what empties it and what fills it."""


class ChangeSettings(Body):
    """Settings that change; the others stay."""

    settings: dict[str, Any]


class OnePhone(Body):
    """One owner."""

    phone: str = Field(max_length=13)


class Stopping(Body):
    """Whose subscription, and whether it is stopped."""

    owner: int = Field(ge=1, le=2**53 - 1)
    stopped: bool = True


class BackofficePart(Part):
    """Part "backoffice"."""

    name = NAME

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._office = desks.office

    def state(self) -> dict[str, Any]:
        """Settings, time, and how many rows there are; keys of payment providers are not told."""
        with self._office.reading() as session:
            counts = {
                table.name.removeprefix("bx_"): session.scalar(sa.select(sa.func.count()).select_from(table))
                for table, _, _ in _TABLES
            }
        settings = self._office.settings.model_dump(mode="json", exclude={"payme_key", "click_key"})
        return {"settings": settings, "time": written(self._office.now), "counts": counts}

    def snapshot(self, folder: Path) -> None:
        """All rows as JSON."""
        with self._office.reading() as session:
            rows = {
                table.name: [_plain(dict(row)) for row in session.execute(sa.select(table)).mappings()]
                for table, _, _ in _TABLES
            }
        known = {"settings": self._office.settings.model_dump(mode="json"), "rows": rows}
        (folder / ROWS_FILE).write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """The rows as they were; ValueError leaves everything as it is.

        A snapshot from before migration 0003 gets what that makes of the rows it finds.
        """
        known = json.loads((folder / ROWS_FILE).read_text(encoding="utf-8"))
        settings = BackofficeSettings.model_validate(known["settings"])
        rows_of = {name: [_read(row) for row in rows] for name, rows in known["rows"].items()}
        for receipt in rows_of.get(tables.Receipt.__tablename__, []):
            receipt.setdefault("given", receipt["created"])
        with self._office.changing() as session:
            for table, empty, fill in _TABLES:
                session.execute(empty)
                rows = rows_of.get(table.name, [])
                if rows:
                    session.execute(fill, rows)
            if tables.PaymentDay.__tablename__ not in rows_of:
                sums = Sums()
                for payment in rows_of.get(tables.Transaction.__tablename__, []):
                    sums.pay(payment, 1)
                sums.write(session.connection())
        self._take(settings)

    def reset(self, settings: dict[str, Any]) -> None:
        """An empty owner portal under new settings; those not given take their defaults."""
        chosen = _valid(settings)
        with self._office.changing() as session:
            for _, empty, _ in _TABLES:
                session.execute(empty)
        self._take(chosen)

    def operations(self) -> dict[str, Operation]:
        """What an administrator does, and what the portal does by itself, now."""
        return {
            "settings": Operation("change settings and keep everything", ChangeSettings, self._change),
            "reset-password": Operation("give an owner a password to change", OnePhone, self._reset_password),
            "stop-subscription": Operation(
                "stop an owner's subscription, or lift that", Stopping, self._stop
            ),
            "keep-up": Operation("renew what is due by now", NoArguments, self._keep_up),
        }

    def _take(self, settings: BackofficeSettings) -> None:
        """Work by these settings from now on, their mistakes included."""
        put_in(self._desks, settings.defects)
        self._office.settings = settings

    def _change(self, body: ChangeSettings) -> Mapping[str, Any]:
        self._take(_valid(self._office.settings.model_dump() | body.settings))
        return self._office.settings.model_dump(mode="json", exclude={"payme_key", "click_key"})

    def _reset_password(self, body: OnePhone) -> Mapping[str, Any]:
        try:
            return {"password": self._desks.entrance.reset(body.phone)}
        except UnknownError:
            raise ControlError("phone", "known", f"there is no owner {body.phone}") from None

    def _stop(self, body: Stopping) -> Mapping[str, Any]:
        try:
            self._desks.subscriptions.stop(body.owner, body.stopped)
        except UnknownError:
            raise ControlError("owner", "known", f"there is no owner {body.owner}") from None
        return {"stopped": body.stopped}

    def _keep_up(self, _: NoArguments) -> Mapping[str, Any]:
        return {"renewed": self._desks.subscriptions.keep_up()}


def _valid(settings: Mapping[str, Any]) -> BackofficeSettings:
    try:
        valid = BackofficeSettings.model_validate(settings)
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
