"""What one address of the API is: a row of its table, and a request to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.web.desks import Desks


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks (None where nobody need be logged in), path and query arguments, the body."""

    desks: Desks
    visitor: Visitor | None
    body: Any
    path: dict[str, Any]
    query: dict[str, Any]
    address: str
    session: str = ""

    @property
    def owner(self) -> Visitor:
        """Who is logged in; the table says that somebody is."""
        assert self.visitor is not None
        return self.visitor

    @property
    def given(self) -> dict[str, Any]:
        """The fields of the body that were given."""
        made: dict[str, Any] = self.body.model_dump(exclude_unset=True)
        return made


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of the query."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string", "maxLength": 255})


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `public`: nobody need be logged in. `media`: what it answers with instead of JSON.

    Path arguments `{id}` and `{number}` are numbers, all others texts.
    """

    method: str
    path: str
    summary: str
    run: Callable[[Call], Any]
    body: type[BaseModel] | None = None
    public: bool = False
    status: int = 200
    query: tuple[Parameter, ...] = ()
    media: tuple[str, ...] = ()


SEARCH: Final = (Parameter("q", "first letters or text to look for"),)
"""Text to look for."""


def done(act: Callable[[Call], None]) -> Callable[[Call], Any]:
    """An act whose whole answer is that it is done."""

    def run(call: Call) -> dict[str, bool]:
        act(call)
        return {"done": True}

    return run
