"""The books of a lab's shop as they lie in its folder: till, point of sale, module, operator, owner's portal.

Nothing has to run, and nothing is changed: databases are opened for reading, journals are read from a copy,
since whoever writes one holds it.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reference.pos.order_book import OrderBook
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import format_json_time, parse_compact_time
from reference.runtime.journal import JournalError
from simulator.flash import FILE_NAME, Flash
from simulator.rack import replayed
from simulator.state import State
from tools.input import InputError

TILL: Final = "orders.journal"
SHOP: Final = "shop.sqlite"
LEDGER: Final = Path("operator/ledger.sqlite")
PORTAL: Final = Path("backoffice/backoffice.sqlite")
LINK: Final = "owner-link"
_FIRST: Final = ("pos", "module")
_MORE: Final = re.compile(r"pos(-[0-9]+)")

Json = dict[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Slip:
    """A fiscal receipt as one book has it; money in tiyin, time in Tashkent, an advance's sign is empty.

    `order` is the point of sale's, empty where the book does not know it.
    """

    terminal: str
    number: int
    time: str
    sign: str
    refund: bool
    cash: int
    card: int
    order: str = ""

    @property
    def place(self) -> str:
        """Which receipt a finding is about."""
        return f"receipt {self.number}" + (f" (order {self.order})" if self.order else "")


@dataclass(frozen=True, slots=True)
class Sold:
    """A completed order as point of sale or portal has it: its receipt's number and sign, what was paid."""

    total: int
    refund: bool
    number: int | None
    sign: str
    made: str
    acknowledged: bool
    cash: int
    card: int


@dataclass(frozen=True, slots=True)
class Books:
    """All of a till, receipts by terminal and number. What is no other till's is with the first.

    `waiting` are orders that the till has not brought to an end, or whose end the shop has not noted;
    `untold` are orders of which the portal has not heard the last word; `portal` is None for a point of sale
    that reports to nobody, and `name` is the folder of the point of sale.
    """

    till: dict[tuple[str, int], Slip]
    waiting: list[str]
    shop: dict[str, Sold]
    operator: dict[tuple[str, int], Slip]
    zreports: list[Row]
    modules: dict[str, State]
    portal: dict[str, Sold] | None
    untold: set[str] = field(default_factory=set)
    name: str = _FIRST[0]

    @property
    def held(self) -> set[tuple[str, int]]:
        """Receipts that the operator has not acknowledged."""
        return {(name, number) for name, state in self.modules.items() for number in state.receipts}


@dataclass(frozen=True, slots=True)
class Shop:
    """A folder's tills, the first one first. `revenue` is that of the owner's dashboard over all time.

    `shown` is what all orders come to that he sees, those of a till that is his no more included.
    """

    tills: tuple[Books, ...]
    revenue: int
    shown: int


def read_books(folder: Path) -> Shop:
    """The books of a shop's lab; InputError for a folder that has none."""
    marks = sorted(
        (found[1] for each in folder.glob("pos-*") if (found := _MORE.fullmatch(each.name))),
        key=lambda mark: int(mark[1:]),
    )
    places = [_FIRST, *((f"{_FIRST[0]}{mark}", f"{_FIRST[1]}{mark}") for mark in marks)]
    for pos, module in places:
        for path in (Path(pos, TILL), Path(pos, SHOP), LEDGER, Path(module, FILE_NAME)):
            if not (folder / path).exists():
                raise InputError(f"{folder} is no lab with a shop: there is no {path}")
    try:
        return _read(folder, places)
    except sqlite3.Error as error:
        raise InputError(f"{folder}: a database cannot be read: {error}") from error
    except (JournalError, CodecError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: a book cannot be read: {error}") from error


def _read(folder: Path, places: Sequence[tuple[str, str]]) -> Shop:
    """Each till's own books, and its part of those that all tills share."""
    own = [_Own.read(folder / pos, folder / module) for pos, module in places]
    slips, zreports = _operator(folder)
    linked = any(each.link.key for each in own)
    shown, revenue = _portal(folder) if linked else ({}, 0)
    terminals = _owners([set(each.modules) for each in own])
    identities = _owners([{each.link.identity} - {""} for each in own])
    tills = tuple(
        Books(
            each.till,
            each.waiting,
            each.shop,
            {key: slip for key, slip in slips.items() if terminals.get(slip.terminal, 0) == number},
            [row for row in zreports if terminals.get(row["terminal"], 0) == number],
            each.modules,
            {key: sold for (whose, key), sold in shown.items() if identities.get(whose, 0) == number}
            if each.link.key
            else None,
            each.untold,
            pos,
        )
        for number, (each, (pos, _)) in enumerate(zip(own, places, strict=True))
    )
    return Shop(tills, revenue, sum(-one.total if one.refund else one.total for one in shown.values()))


def _owners(names: Sequence[set[str]]) -> dict[str, int]:
    """Whose each name is, by the number of the till."""
    return {name: number for number, own in enumerate(names) for name in own}


@dataclass(frozen=True, slots=True)
class _Link:
    """What a point of sale knows of its link to the owner's portal; without a key there is none."""

    identity: str
    key: str


@dataclass(frozen=True, slots=True)
class _Own:
    """What lies in the folders of one till's point of sale and module."""

    till: dict[tuple[str, int], Slip]
    waiting: list[str]
    shop: dict[str, Sold]
    untold: set[str]
    link: _Link
    modules: dict[str, State]

    @classmethod
    def read(cls, pos: Path, module: Path) -> _Own:
        """All of it."""
        till, pending = _till(pos)
        waiting = sorted({*pending, *_unmade(pos)})
        return cls(till, waiting, *_shop(pos), _modules(module))


def _rows(path: Path, query: str, *given: object) -> Iterator[Row]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        yield from (dict(row) for row in database.execute(query, given))


def _till(pos: Path) -> tuple[dict[tuple[str, int], Slip], list[str]]:
    """The till's own journal: what was sent, and what was answered."""
    with tempfile.TemporaryDirectory(prefix="kassalab-audit-") as place:
        copy = Path(shutil.copy(pos / TILL, place))
        with closing(OrderBook(copy)) as book:
            answered, pending = book.answered(), book.pending()
    slips = {}
    for sale in answered:
        answer, receipt = sale.answer or {}, sale.receipt or {}
        if not answer.get("ReceiptSeq"):
            continue  # an advance of generation 1 has no number anywhere
        slip = Slip(
            str(answer["TerminalID"]),
            int(answer["ReceiptSeq"]),
            str(answer["DateTime"]),
            str(answer.get("FiscalSign") or ""),
            bool(receipt.get("Operation")),
            int(receipt.get("ReceivedCash", 0)),
            int(receipt.get("ReceivedCard", 0)),
            sale.order.id,
        )
        slips[slip.terminal, slip.number] = slip
    return slips, [sale.order.id for sale in pending]


def _unmade(pos: Path) -> list[str]:
    """Orders that wait for their receipt, as the point of sale knows."""
    query = "SELECT order_id FROM pos_fiscal WHERE state = 'waiting'"
    return [str(row["order_id"]) for row in _rows(pos / SHOP, query)]


def _shop(pos: Path) -> tuple[dict[str, Sold], set[str], _Link]:
    """Completed orders with their receipts; those that the owner has not heard of; whether he is told."""
    path = pos / SHOP
    paid = _paid(_rows(path, "SELECT order_id, kind, amount, state FROM pos_payments"))
    query = (
        "SELECT o.id, o.total, o.refund_of, f.number, f.sign, f.made, f.acknowledged FROM pos_orders o "
        "LEFT JOIN pos_fiscal f ON f.order_id = o.id WHERE o.state = 'completed'"
    )
    sold = {
        row["id"]: Sold(
            row["total"],
            row["refund_of"] is not None,
            row["number"],
            row["sign"] or "",
            row["made"] or "",
            bool(row["acknowledged"]),
            *paid.get(row["id"], (0, 0)),
        )
        for row in _rows(path, query)
    }
    link = next(_rows(path, "SELECT value FROM pos_settings WHERE name = ?", LINK), None)
    known: Json = {} if link is None else json.loads(link["value"])
    told = int(known.get("acknowledged", 0))
    changes = _rows(path, "SELECT kind, key, body FROM pos_changes WHERE n > ?", told)
    untold = {
        str(json.loads(row["body"]).get("order", "")) if row["kind"] == "payment" else str(row["key"])
        for row in changes
        if row["kind"] in ("order", "fiscal", "payment")
    }
    return sold, untold, _Link(str(known.get("identity", "")), str(known.get("key", "")))


def _paid(rows: Iterable[Row]) -> dict[Any, tuple[int, int]]:
    """What was paid by order, as on receipts: cash, and all else. Tries that failed do not count, nor what
    was given back after them: what a refund gives back is negative."""
    sums: dict[Any, list[int]] = {}
    for row in rows:
        if row["state"] == "confirmed" or (row["state"] == "returned" and row["amount"] < 0):
            sums.setdefault(row["order_id"], [0, 0])[row["kind"] != "cash"] += row["amount"]
    return {order: (abs(cash), abs(card)) for order, (cash, card) in sums.items()}


def _operator(folder: Path) -> tuple[dict[tuple[str, int], Slip], list[Row]]:
    """Receipts and Z-reports that the operator has stored."""
    path = folder / LEDGER
    query = "SELECT terminal, number, operation, time, sign, cash, card FROM uz_receipts"
    slips = {
        (row["terminal"], row["number"]): Slip(
            row["terminal"],
            row["number"],
            format_json_time(parse_compact_time(row["time"])),
            row["sign"] or "",
            bool(row["operation"]),
            row["cash"],
            row["card"],
        )
        for row in _rows(path, query)
    }
    return slips, list(_rows(path, "SELECT * FROM uz_zreports ORDER BY terminal, ordinal"))


def _portal(folder: Path) -> tuple[dict[tuple[str, str], Sold], int]:
    """Completed orders as the owner sees them, by the point of sale's identity and their id, and the revenue
    of his dashboard over all time."""
    path = folder / PORTAL
    if not path.exists():
        raise InputError(f"{folder}: the point of sale reports to an owner, and there is no {PORTAL}")
    whose = {row["id"]: row["identity"] for row in _rows(path, "SELECT id, identity FROM bx_links")}
    query = "SELECT link, order_key, kind_group AS kind, amount, state FROM bx_transactions"
    paid = _paid({**row, "order_id": (row["link"], row["order_key"])} for row in _rows(path, query))
    sold = {}
    query = "SELECT link, key, total, refund, receipt FROM bx_orders WHERE state = 'completed'"
    for row in _rows(path, query):
        receipt = json.loads(row["receipt"])
        sold[whose.get(row["link"], ""), row["key"]] = Sold(
            row["total"],
            bool(row["refund"]),
            receipt.get("number"),
            receipt.get("sign") or "",
            receipt.get("made") or "",
            bool(receipt.get("acknowledged")),
            *paid.get((row["link"], row["key"]), (0, 0)),
        )
    [hours] = _rows(path, "SELECT COALESCE(SUM(revenue), 0) AS revenue FROM bx_sums_hour")
    return sold, int(hours["revenue"])


def _modules(module: Path) -> dict[str, State]:
    """States of the modules by TerminalID, from their flash."""
    with tempfile.TemporaryDirectory(prefix="kassalab-audit-") as place:
        shutil.copy(module / FILE_NAME, place)
        with closing(Flash(Path(place))) as flash:
            states = replayed(flash.read())
    return {state.identity.terminal: state for state in states.values()}
