"""How refusals of desks read in a JSON API: rule, words in three languages, every wrong field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from reference.runtime.json_routes import Refusal, Told
from reference.runtime.refusals import (
    DeniedError,
    DeskError,
    InvalidError,
    LockedError,
    RefusedError,
    StrangerError,
    UnknownError,
)
from reference.runtime.words import Words

STATUSES: Final[dict[type[DeskError], int]] = {
    InvalidError: 422,
    UnknownError: 404,
    StrangerError: 401,
    DeniedError: 403,
    LockedError: 429,
    RefusedError: 409,
}
FIELD: Final = Words("Maydon qiymati noto'g'ri", "Неверное значение поля", "The value of this field is wrong")
SYNTAX: Final = Words("So'rov noto'g'ri", "Неверный запрос", "The request cannot be read")
INSIDE: Final = Words(
    "Ichki xato, keyinroq urinib ko'ring",
    "Внутренняя ошибка, повторите позже",
    "Something went wrong; try again",
)
_WORDS: Final = {
    "type": "object",
    "required": ["uz", "ru", "en"],
    "properties": {language: {"type": "string"} for language in ("uz", "ru", "en")},
}
PROBLEM: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["rule", "text", "fields"],
            "properties": {
                "rule": {"type": "string"},
                "text": _WORDS,
                "until": {"type": "string", "format": "date-time"},
                "fields": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "rule", "text"],
                        "properties": {
                            "field": {"type": "string"},
                            "rule": {"type": "string"},
                            "text": _WORDS,
                        },
                    },
                },
            },
        }
    },
}
"""JSON Schema of every refusal."""


def error_json(rule: str, words: Words) -> dict[str, Any]:
    """A refusal without fields."""
    return {"error": {"rule": rule, "text": words._asdict(), "fields": []}}


def status_of(error: DeskError) -> int:
    """The HTTP status of a desk's refusal."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 409)


def desk_refusal(error: DeskError) -> Refusal:
    """A desk's refusal as JSON."""
    made = error_json(error.rule, error.words)
    if isinstance(error, InvalidError):
        made["error"]["fields"] = [
            {"field": each.field, "rule": each.rule, "text": each.words._asdict()} for each in error.findings
        ]
    if isinstance(error, LockedError):
        made["error"]["until"] = error.until.isoformat()
    return Refusal(made, status_of(error))


def told_of(more: Callable[[Exception], Refusal | None] = lambda _: None) -> Told:
    """How an API over desks words what goes wrong; `more` knows errors that are no desk's."""

    def error(raised: Exception) -> Refusal | None:
        return desk_refusal(raised) if isinstance(raised, DeskError) else more(raised)

    return Told(error, _wrong, _syntax, error_json("inside", INSIDE), PROBLEM)


def _syntax(name: str) -> dict[str, Any]:
    return error_json("http", Words(SYNTAX.uz, SYNTAX.ru, name))


def _wrong(found: Sequence[tuple[str, str, str]]) -> Refusal:
    made = error_json("fields", FIELD)
    made["error"]["fields"] = [
        {"field": field, "rule": rule, "text": Words(FIELD.uz, FIELD.ru, english)._asdict()}
        for field, rule, english in found
    ]
    return Refusal(made, 422)
