"""Two answers side by side: equal, or the fields that differ, with what differs by nature told apart.

By nature differ the things that no second device can give again: its clock, its names, its keys and chance.
A module has no clock of its own, so no time of an APDU is excused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from conformance.any_json import any_json
from conformance.decode import decode_exchange
from conformance.events import Exchange, Layer
from conformance.tree import Tree, of_json

_SIGN: Final = ("sign", r"(fiscal_?)?sign(ature)?|signed|qr_?code(_?url)?|qr")
_CHANCE: Final = ("chance", r".*challenge|.*nonce|.*random")
_NAME: Final = (
    "identity",
    r"terminal(_?id)?|factory(_?id)?|serial|applet_?version|cplc|rnm|answer to reset|id",
)
_CLOCK: Final = (
    "time",
    r".*time|.*date|(.*_)?now|received|completed|created|began|started|opened|closed|last_operation|.*_at|expires|age|uptime.*",
)
_TOKEN: Final = ("token", r"token|issued|txid|session|ticket_number|etag")
_TRANSPORT: Final = ("transport", r"content-length|connection|keep-alive|server|via|x-.*|vary")
_PLACE: Final = ("place", r"url|.*_url|address|addresses|folder|path|host|port|pid|seed|server|listen|log")

BY_NATURE: Final[Mapping[Layer, tuple[tuple[str, str], ...]]] = {
    Layer.LINK: (_SIGN, _CHANCE, _NAME),
    Layer.APDU: (_SIGN, _CHANCE, _NAME),
    Layer.MESSAGE: (_SIGN, _CHANCE, _CLOCK, _TOKEN, _NAME),
    Layer.HTTP: (_SIGN, _CHANCE, _CLOCK, _TOKEN, _TRANSPORT, _NAME, ("place", r"reader_?name")),
    Layer.CONTROL: (_SIGN, _CHANCE, _CLOCK, _TOKEN, _PLACE, _NAME, ("lab clock", r"generation|rate|n")),
}
"""By layer: what differs by nature, and the names of fields that hold it."""

_RULES: Final = {
    layer: tuple((what, re.compile(names, re.IGNORECASE)) for what, names in rows)
    for layer, rows in BY_NATURE.items()
}
_LENGTHS: Final = re.compile(r"size|(body_?)?length", re.IGNORECASE)
"""Fields that only count the others: they differ by nature where all else that differs does."""
_ADDRESS: Final = re.compile(r"\b(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}\b")
_PACKED: Final = re.compile(r"documents/\[\d+\]/answer")
"""The bytes of an operator's answer as its ledger keeps them: there is its sign among them."""
_MEANWHILE: Final = re.compile(
    r"modules/\[\d+\]/(connected|plugged|exchanges)(/.*)?|rules/\[\d+\]/(hits|over)"
)
"""What a drive that works by itself had done by that moment of real time: a later look shows the rest."""
_BROKEN_OFF: Final = "(a field runs past the end)"
"""A body of which a case let only the beginning through: it ends in a sign's address."""
_INDEX: Final = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: what it was, what it is; `nature` says why that had to be, empty where it had not."""

    path: str
    was: str
    now: str
    nature: str = ""


def compare(was: Exchange, now: Exchange) -> list[Difference]:
    """Fields of two answers that differ; none when they are equal."""
    if (was.raw, was.direction) == (now.raw, now.direction):
        return []
    old, new = dict(_leaves(_tree(was))), dict(_leaves(_tree(now)))
    found = [
        _difference(was.layer, path, old.get(path, "(none)"), new.get(path, "(none)"))
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    ]
    if not found and was.layer not in (Layer.HTTP, Layer.CONTROL):
        return [Difference("bytes", was.raw.hex(), now.raw.hex())]
    return _with_lengths(found)


def _difference(layer: Layer, path: str, was: str, now: str) -> Difference:
    """One field; texts that differ in addresses alone, which every lab has of its own, differ by nature."""
    why = nature(layer, path)
    if not why and layer in (Layer.HTTP, Layer.CONTROL):
        why = "place" if _ADDRESS.sub("", was) == _ADDRESS.sub("", now) else ""
    if _name(path) == "body" and was.endswith(_BROKEN_OFF) and now.endswith(_BROKEN_OFF):
        why = "sign"
    return Difference(path, was, now, why)


def _with_lengths(found: list[Difference]) -> list[Difference]:
    rest = [each for each in found if not _LENGTHS.fullmatch(_name(each.path))]
    if not rest or not all(each.nature for each in rest):
        return found
    return [each if each.nature else replace(each, nature="length") for each in found]


def nature(layer: Layer, path: str) -> str:
    """What makes a field differ from device to device, empty when nothing does."""
    name = _name(path)
    if layer is Layer.CONTROL and _PACKED.fullmatch(path):
        return "sign"
    if layer is Layer.CONTROL and _MEANWHILE.fullmatch(path):
        return "moment"
    return next((what for what, names in _RULES[layer] if names.fullmatch(name)), "")


def _name(path: str) -> str:
    return _INDEX.sub("", path.rsplit("/", 1)[-1])


def _tree(exchange: Exchange) -> Tree:
    if exchange.layer is Layer.CONTROL and exchange.raw:
        try:
            return of_json("control", any_json(exchange.raw))
        except ValueError:
            return decode_exchange(exchange)
    return decode_exchange(exchange)


def _leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, str]]:
    """Fields without fields inside, by their paths; of the root its name counts too: a status line."""
    if not path:
        yield (
            "answer to reset" if tree.name == "answer to reset" else "answer",
            f"{tree.name} {tree.value}".strip(),
        )
    places: Counter[str] = Counter()
    for child in tree.children:
        name = child.name.lower() if tree.name == "headers" else child.name
        place = places[name]
        places[name] += 1
        here = "/".join(filter(None, (path, f"{name}[{place}]" if place else name)))
        if child.value or not child.children:
            yield here, child.value
        if child.children:
            yield from _leaves(child, here)
