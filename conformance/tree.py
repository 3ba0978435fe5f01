"""A tree of named fields: what every decoder gives, and what console, pages and JSON reports show."""

from __future__ import annotations

from collections import Counter
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
        data: dict[str, object] = {}
        places: Counter[str] = Counter()
        for child in self.children:
            place = places[child.name]
            places[child.name] += 1
            data[f"{child.name}[{place}]" if place else child.name] = child.inner_json()
        return {self.name: self.value, **data} if self.value else {self.name: data}

    def inner_json(self) -> object:
        """What stands behind the name in `as_json`."""
        if not self.children:
            return self.value
        return next(iter(Tree("", "", self.children).as_json().values()))


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
