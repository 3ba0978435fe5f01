"""Views of the desks as JSON values."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from ofd_mock.portal.card_views import Cabinet, OutletCards
from ofd_mock.portal.errors import InvalidError, LockedError, PortalError
from ofd_mock.portal.outlets import OutletView
from reference.protocol.kz.results import Texts


def as_json(value: Any) -> Any:
    """A view as JSON values: texts by language, moments in ISO form, states and acts by their keys."""
    if isinstance(value, Texts):
        return {"ru": value.ru, "kk": value.kk, "en": value.en}
    if is_dataclass(value) and not isinstance(value, type):
        made = {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
        return made | _derived(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, frozenset)):
        return [as_json(each) for each in value]
    return value


def _derived(value: Any) -> dict[str, Any]:
    """What a view knows beside its fields."""
    if isinstance(value, OutletView):
        return {"address": value.address}
    if isinstance(value, OutletCards):
        return {"online": value.online}
    if isinstance(value, Cabinet):
        return {"total": value.total, "active": value.active}
    return {}


def error_json(error: PortalError) -> dict[str, Any]:
    """What a client is told of a refusal; every finding with its field and rule."""
    told: dict[str, Any] = {"rule": error.rule, "text": as_json(error.text), "fields": []}
    if isinstance(error, InvalidError):
        told["fields"] = [as_json(finding) for finding in error.findings]
    if isinstance(error, LockedError):
        told["until"] = as_json(error.until)
    return {"error": told}
