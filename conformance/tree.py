"""A tree of named fields: what every decoder gives, and what console, pages and JSON reports show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tree:
    """One named field: its value as text, or the fields inside it."""

    name: str
    value: str = ""
    children: tuple[Tree, ...] = ()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The tree as indented text, one field a line."""
        text = f"{self.name}: {self.value}" if self.value else self.name
        yield "  " * depth + text
        for child in self.children:
            yield from child.lines(depth + 1)

    def as_json(self) -> dict[str, object]:
        """The tree as JSON data: a field's name to its value, or to the fields inside it.

        Where a name stands again beside itself, its place is added to it: `8f`, `8f[1]`.
        """
        data = _by_name(self.children)
        return {self.name: self.value, **data} if self.value else {self.name: data}

    def inner_json(self) -> object:
        """What stands behind the name in `as_json`."""
        return _by_name(self.children) if self.children else self.value


def _by_name(fields: tuple[Tree, ...]) -> dict[str, object]:
    data: dict[str, object] = {}
    places: dict[str, int] = {}
    for field in fields:
        name = field.name
        place = places.get(name, 0)
        places[name] = place + 1
        data[f"{name}[{place}]" if place else name] = (
            _by_name(field.children) if field.children else field.value
        )
    return data


def of_json(name: str, value: object) -> Tree:
    """JSON data as a tree: objects by their names, lists by their places."""
    if isinstance(value, dict):
        return Tree(
            name, "" if value else "{}", tuple(of_json(str(key), inner) for key, inner in value.items())
        )
    if isinstance(value, list):
        inner = tuple(of_json(f"[{i}]", one) for i, one in enumerate(value))
        return Tree(name, "" if value else "[]", inner)
    return Tree(name, str(value) or '""')
