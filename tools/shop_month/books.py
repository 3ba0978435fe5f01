"""The books of a month laid side by side: paper, point of sale, fiscal module, operator, owner's portal.

Each is read where its owner reads it: the till's API, the module through its service, the operator's control
API, the portal's API. They have to agree to the tiyin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

import httpx

from conformance.lab import Lab
from tools.demo import DemoError
from tools.shop_month.stand import BOSS, Stand, Till
from tools.shop_parts import DRIVE

OPERATOR: Final = "operator"
_PAGE: Final = 200
_STORED: Final = 10_000
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Sums:
    """What a book says, in tiyin where it is money; None where it does not say it.

    `receipts` counts sales and refunds; `cash` and `card` are what came in less what went back, and `card`
    holds payment applications, as receipts do. `taken` is both.
    """

    sales: int | None = None
    refunds: int | None = None
    cash: int | None = None
    card: int | None = None
    taken: int | None = None
    surcharge: int | None = None
    unacknowledged: int | None = None

    @property
    def receipts(self) -> int:
        """Of sales and refunds together."""
        return (self.sales or 0) + (self.refunds or 0)


def disagreements(books: Mapping[str, Sums]) -> list[str]:
    """A sentence for each figure that not all books which have it say alike."""
    found = []
    for field in fields(Sums):
        told = {
            name: value for name, sums in books.items() if (value := getattr(sums, field.name)) is not None
        }
        if len(set(told.values())) > 1:
            said = ", ".join(f"{name} {value}" for name, value in told.items())
            found.append(f"{field.name}: {said}")
    return found


def agreed(books: Mapping[str, Sums]) -> Sums:
    """The sums that all books tell, of the point of sale; DemoError names every figure they differ in."""
    found = disagreements(books)
    if found:
        raise DemoError("the books of the month disagree: " + "; ".join(found))
    return books["point of sale"]


def read_books(
    stand: Stand, papers: Sequence[Mapping[str, int]], first: date, last: date
) -> list[dict[str, Sums]]:
    """Every book of each till for the days from `first` to `last`, by the tills' paper books in their order.

    Shifts are closed and receipts acknowledged by now. DemoError when the branches do not come to what the
    owner's portal tells of all of them.
    """
    stand.enter_portal()
    books = [
        _till_books(stand, till, paper, first, last) for till, paper in zip(stand.tills, papers, strict=True)
    ]
    whole, parts = _portal_book(stand, first, last), [each["portal"] for each in books]
    if whole != summed(parts):
        raise DemoError(f"the portal tells {whole} of all branches, and of each {parts}")
    return books


def summed(books: Sequence[Sums]) -> Sums:
    """Several tills' books as one; what one of them does not say, the sum does not."""
    rows = [[getattr(each, field.name) for each in books] for field in fields(Sums)]
    return Sums(*(None if None in row else sum(row) for row in rows))


def _till_books(
    stand: Stand, till: Till, paper: Mapping[str, int], first: date, last: date
) -> dict[str, Sums]:
    terminal, reports = _module_reports(stand.lab, till)
    return {
        "paper": paper_book(paper),
        "point of sale": _till_book(till),
        "module": module_book(reports),
        "operator, receipts": _stored_book(stand.lab, terminal),
        "operator, Z-reports": _stored_reports(stand.lab, terminal),
        "portal": _portal_book(stand, first, last, till.branch_id),
    }


def paper_book(paper: Mapping[str, int]) -> Sums:
    """What the cashier wrote down."""
    cash = paper["cash"]
    card = sum(paper[kind] for kind in ("card", "click", "payme", "uzum"))
    return Sums(paper["sales"], paper["refunds"], cash, card, cash + card)


def _till_book(till: Till) -> Sums:
    """All completed orders of the till, and whether their receipts are made and known to be acknowledged."""
    orders = list(_orders(till))
    sales = [each for each in orders if each["refund_of"] is None]
    refunds = [each for each in orders if each["refund_of"] is not None]
    taken, surcharge = (
        sum(each[name] for each in sales) - sum(each[name] for each in refunds)
        for name in ("total", "surcharge")
    )
    return Sums(len(sales), len(refunds), taken=taken, surcharge=surcharge)


def _orders(till: Till) -> Iterator[dict[str, Any]]:
    till.pos.key = till.come(BOSS)
    before = ""
    while page := till.pos.ask("GET", f"/orders?state=completed{before}"):
        yield from page
        if len(page) < _PAGE:
            return
        before = f"&before={page[-1]['id']}"


def module_book(reports: list[dict[str, Any]]) -> Sums:
    """All Z-reports of a module together."""
    cash, card = (
        sum(each[name]["Sale"] - each[name]["Refund"] for each in reports)
        for name in ("TotalCash", "TotalCard")
    )
    sales, refunds = (sum(each[name] for each in reports) for name in ("TotalSaleCount", "TotalRefundCount"))
    return Sums(sales, refunds, cash, card, cash + card)


def _module_reports(lab: Lab, till: Till) -> tuple[str, list[dict[str, Any]]]:
    """TerminalID and every Z-report that the module keeps, asked of the service as any client asks."""
    with httpx.Client(
        base_url=lab.addresses[till.parts.drive][DRIVE], timeout=_SECONDS, trust_env=False
    ) as http:
        [module] = http.post("/FiscalDrive/List").raise_for_status().json()
        name = module["FactoryID"]
        terminal = str(http.post(f"/FiscalDrive/Info/{name}").raise_for_status().json()["TerminalID"])
        reports: list[dict[str, Any]] = []
        while True:
            answer = http.post(f"/FiscalDrive/ZReport/Info/{name}", data={"Index": len(reports)})
            if answer.status_code != httpx.codes.OK:
                return terminal, reports
            reports.append(answer.json())


def _stored_book(lab: Lab, terminal: str) -> Sums:
    """Every receipt that the operator has stored."""
    control, rows, after = lab.control(OPERATOR), [], 0
    while True:
        page = control.do("receipts", terminal=terminal, after=after, limit=_STORED)["receipts"]
        rows += page
        if len(page) < _STORED:
            break
        after = page[-1]["number"]
    signs = [-1 if row["operation"] else 1 for row in rows]
    cash, card = (
        sum(sign * row[name] for sign, row in zip(signs, rows, strict=True)) for name in ("cash", "card")
    )
    missing = sum(row["completed"] is None for row in rows)
    return Sums(signs.count(1), signs.count(-1), cash, card, cash + card, unacknowledged=missing)


def _stored_reports(lab: Lab, terminal: str) -> Sums:
    """Every Z-report that the operator has stored; one that his receipts contradict is a DemoError."""
    rows = lab.control(OPERATOR).do("zreports", terminal=terminal, limit=_STORED)["zreports"]
    wrong = [row["close_time"] for row in rows if row["mismatches"]]
    if wrong:
        raise DemoError(f"Z-reports that the operator's receipts contradict: {wrong}")
    cash, card = (
        sum(row[f"{name}_sale"] - row[f"{name}_refund"] for row in rows) for name in ("cash", "card")
    )
    sales, refunds = (sum(row[name] for row in rows) for name in ("sales", "refunds"))
    return Sums(sales, refunds, cash, card, cash + card)


def _portal_book(stand: Stand, first: date, last: date, branch: int = 0) -> Sums:
    """The owner's dashboard of the days, and his page of transactions; of one branch, or of all."""
    of, only = (f"&branch={branch}", f"?branch={branch}") if branch else ("", "")
    told = stand.owner.ask("GET", f"/dashboard?first={first}&last={last}{of}")["figures"]
    sums = stand.owner.ask("GET", f"/transactions{only}")["sum"]
    now = told["now"]
    if sums != now["revenue"]:
        raise DemoError(f"the portal's transactions come to {sums}, its dashboard to {now['revenue']}")
    return Sums(
        now["orders"],
        taken=now["revenue"],
        surcharge=now["surcharge"],
        unacknowledged=told["unacknowledged"],
    )
