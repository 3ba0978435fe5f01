"""The Kazakh half of the demonstration: a shop's day on the reference register, its troubles included.

Sales, a return, an evening without a line, three days offline, a block by the operator, the closing. The
shop's own sums, the register's Z, the operator's Z and ledger, and the check page must say the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from conformance.introduction import until_informed
from conformance.lab import Lab
from conformance.lab_nursery import WarmNursery
from conformance.lab_parts import KZ_PARTS, PORTAL
from reference.protocol.kz.dialects import fallback_dialect
from reference.protocol.kz.envelope import read_request, read_response
from reference.protocol.kz.kinds import Operation, PlacementKind
from reference.protocol.kz.money import from_almaty
from reference.protocol.kz.report_codec import read_report
from reference.protocol.kz.reports import ReportData, figures
from reference.runtime.clock import real_elapsed
from tools.demo import DemoError, Say
from tools.demo_portal import PortalOwner

DAY_BEGINS: Final = datetime(2026, 7, 1, 8, 55)
VAT: Final = 16
"""Percent of VAT from 2026 on (kz-ofd §14.2)."""
RATE: Final = 20
"""Lab seconds per real second: a sale without a line waits five of them before it is autonomous."""
PATIENCE: Final = 20.0
FORMALITIES: Final = timedelta(minutes=30)
"""Lab time before the day begins, for what the portal and the tax body need."""
FLOAT: Final = 20_000_00
"""Tiyn that the drawer begins with."""

SELL: Final = int(Operation.SELL)
SELL_RETURN: Final = int(Operation.SELL_RETURN)

Json = dict[str, Any]
Lines = Sequence[tuple[str, int, str]]
"""Name, price in tiyn, quantity."""

MORNING: Final[Sequence[tuple[str, Lines]]] = (
    ("cash", (("Нан ақ", 210_00, "2.000"), ("Сүт 1 л", 545_00, "1.000"))),
    ("card", (("Шай 250 г", 1_890_00, "1.000"), ("Қант", 480_50, "2.500"))),
    ("mobile", (("Кофе", 4_350_00, "1.000"),)),
    ("cash", (("Алма", 790_00, "1.255"), ("Пакет", 25_00, "1.000"))),
    ("cash", (("Күріш", 640_00, "3.000"), ("Тұз", 155_00, "1.000"), ("Май", 1_150_00, "1.000"))),
    ("card", (("Ет", 3_980_00, "0.748"),)),
)
EVENING: Final[Sequence[tuple[str, Lines]]] = (
    ("cash", (("Нан ақ", 210_00, "1.000"),)),
    ("card", (("Су 5 л", 690_00, "2.000"),)),
    ("cash", (("Сүт 1 л", 545_00, "2.000"),)),
)
NIGHT: Final[tuple[str, Lines]] = ("cash", (("Шам", 320_00, "4.000"),))


@dataclass(frozen=True, slots=True)
class KzOutcome:
    """What the days came to, in tiyn where it is money; shop, register, operator and check page agree."""

    tickets: int
    autonomous: int
    sold: int
    returned: int
    taken: int
    expired_after: str
    checked: int
    charged: int
    """By the portal, for the days of the register's tariff."""


def kz_lab(
    folder: Path,
    seed: int,
    begins: datetime = DAY_BEGINS,
    options: Mapping[str, Sequence[str]] | None = None,
    nursery: WarmNursery | None = None,
) -> Lab:
    """The lab of the shop's day, not started yet; its clock stands still until the day is played.

    `options` are command-line options by part name, such as a deliberate mistake.
    """
    start = from_almaty(begins) - FORMALITIES
    parts, place = (*KZ_PARTS, PORTAL), folder / "lab-kz"
    return Lab(place, parts=parts, seed=seed, start=start, rate=0, options=options, nursery=nursery)


def run_kz_day(
    folder: Path,
    seed: int,
    say: Say,
    begins: datetime = DAY_BEGINS,
    options: Mapping[str, Sequence[str]] | None = None,
    nursery: WarmNursery | None = None,
) -> KzOutcome:
    """Play the day in a lab of its own below `folder`; DemoError when the parts do not agree."""
    with kz_lab(folder, seed, begins, options, nursery) as lab:
        return play_kz_day(lab, folder, say, begins)


def play_kz_day(lab: Lab, folder: Path, say: Say, begins: datetime = DAY_BEGINS) -> KzOutcome:
    """Play the day in a lab that runs: formalities at the portal first."""
    lab.clock.set_rate(RATE)
    owner = PortalOwner(lab, say)
    try:
        owner.enrol()
        card = owner.register_card()
        _introduce(lab, card, owner.token(card["id"]))
        lab.clock.advance(max(0.0, (from_almaty(begins) - lab.clock.now()).total_seconds()))
        outcome = _KzStory(lab, folder / "tickets", say).play()
        owner.come_back()
        shown = owner.until(card["id"], "ACTIVE")
        charged = owner.charged()
        say(
            f"portal: register {card['id']} {shown['label']['en']} since {shown['since']}, shift "
            f"{shown['shift']}, last data {shown['last']}; {_tenge(charged)} ₸ charged for its tariff"
        )
    finally:
        owner.close()
    return replace(outcome, charged=charged)


def _introduce(lab: Lab, card: Json, token: int) -> None:
    """Type the portal's number into the register; who and where it is, INFO will say."""
    lab.control("register").reset(
        device_id=card["id"],
        token=token,
        rnm=card["rnm"],
        serial=card["serial"],
        check_url=f"{lab.addresses['operator-kz']['http']}/",
    )
    until_informed(lab.control("register"))


class _KzStory:
    def __init__(self, lab: Lab, papers: Path, say: Say) -> None:
        self.lab = lab
        self.say = say
        self.papers = papers
        self.papers.mkdir(parents=True, exist_ok=True)
        self.operator = lab.control("operator-kz")
        self.register = lab.control("register")
        self.web = httpx.Client(base_url=lab.addresses["register"]["register"], timeout=30, trust_env=False)
        self.device: int = self.register.state()["device_id"]
        self.sums: Counter[str] = Counter({"cash": FLOAT})
        """The shop's own sums: what was sold and returned, and what should be in the drawer."""
        self.tickets: list[Json] = []

    def play(self) -> KzOutcome:
        try:
            self._morning()
            self._evening()
            expired_after = self._three_days()
            self._server_block()
            self._close()
            checked = self._check_pages()
        finally:
            self.web.close()
        return KzOutcome(
            len(self.tickets),
            sum(bool(ticket["autonomous"]) for ticket in self.tickets),
            self.sums["SELL"],
            self.sums["SELL_RETURN"],
            self.sums["taken"],
            expired_after,
            checked,
            0,
        )

    # the day

    def _morning(self) -> None:
        self.say(f"register {self.device} has the operator's token; INFO answered, {self._mode()}")
        self._press("deposit", {"sum": FLOAT})
        for payment, lines in MORNING:
            self._sell(payment, lines)
            self.lab.clock.advance(1200)
        first = self.tickets[0]
        self._return(first, MORNING[0][1][:1])
        self.say(f"morning: {len(MORNING)} sales by cash, card and mobile, one return; all fiscalised online")

    def _evening(self) -> None:
        self.lab.clock.advance(timedelta(hours=6).total_seconds())
        with_line = len(self.tickets)
        self._cut()
        for payment, lines in EVENING:
            self._sell(payment, lines, outcome="queued")
        self._mend()
        if not all(ticket["autonomous"] for ticket in self.tickets[with_line:]):
            raise DemoError("sales without a line should be autonomous")
        self._until("ONLINE")
        self.say(f"evening without a line: {len(EVENING)} autonomous tickets, delivered in order afterwards")
        self._close()

    def _three_days(self) -> str:
        self._cut()
        cut_at = self.lab.clock.now()
        self._sell(*NIGHT, outcome="queued")
        self.lab.clock.advance(timedelta(hours=71, minutes=59).total_seconds())
        self._press("deposit", {"sum": 1_00}, outcome="queued")
        self.sums["cash"] += 1_00
        self.lab.clock.advance(120)
        self._until("OFFLINE_EXPIRED")
        refused = self._press("sell", _order("cash", NIGHT[1]), outcome="refused")
        if refused["local"] != "offline-limit":
            raise DemoError(
                f"after 72 hours offline a sale should be refused for that, not: {refused['text']}"
            )
        minutes = round((self.lab.clock.now() - cut_at).total_seconds() / 60)
        hours = f"{minutes // 60} h {minutes % 60:02d} min"
        self._mend()
        self._until("ONLINE")
        self.say(f"offline for {hours}: sales refused after 72 h, allowed again once the queue was delivered")
        late = self._press("sell", _order("cash", NIGHT[1]), outcome="refused")
        self.say(f"the shift had been open for over 24 h: {late['text']}")
        self._close()
        self._press("deposit", {"sum": FLOAT})
        self.sums["cash"] += FLOAT
        self._sell("cash", MORNING[0][1])
        return hours

    def _server_block(self) -> None:
        self.operator.do("block", id=self.device)
        refused = self._press("sell", _order("card", MORNING[2][1]), outcome="refused")
        if refused["code"] != 15:
            raise DemoError(f"a blocked register should hear 15, not {refused['code']}: {refused['text']}")
        self._until("SERVER_BLOCKED")
        self.operator.do("unblock", id=self.device)
        self.lab.clock.advance(61)
        self._until("ONLINE")
        self._sell("card", MORNING[2][1])
        self.say("blocked by the operator: code 15, sales refused; unblocked: selling again")

    def _close(self) -> None:
        """Close the shift and hold the shop's sums, the register's Z and the operator's Z together."""
        number = self._press("z", {"withdraw": True})["document"]["shift"]
        own, theirs = self._both_reports()
        held = self.operator.state()["devices"][str(self.device)]["counters"]["totals"]
        ledger = {row[1]: row[2] for row in held if row[0] == "non_nullable"}
        shop = {SELL: self.sums["SELL"], SELL_RETURN: self.sums["SELL_RETURN"]}
        for who, totals in (
            ("register", _totals(own)),
            ("operator's Z", _totals(theirs)),
            ("ledger", ledger),
        ):
            if totals != shop:
                raise DemoError(f"non-nullable totals: the shop has {shop}, the {who} {totals}")
        taken = sum(row.sum for row in theirs.placements if row.operation == PlacementKind.WITHDRAWAL)
        if figures(own) != figures(theirs) or taken != self.sums["cash"]:
            raise DemoError(
                f"shift {number}: the shop counted {self.sums['cash']} tiyn in the drawer\n"
                f"register {figures(own)}\noperator {figures(theirs)}"
            )
        self.sums["taken"] += taken
        self.sums["cash"] = 0
        self.say(
            f"Z of shift {number}: {_tenge(taken)} ₸ taken from the drawer; non-nullable sales "
            f"{_tenge(shop[SELL])} ₸ in shop, register, Z and operator alike"
        )

    def _both_reports(self) -> tuple[ReportData, ReportData]:
        """The register's own Z and the operator's, as the last request and answer of the ledger hold them."""
        rows = self.operator.do("documents", id=self.device, after=0, limit=1000)["documents"]
        dialect = fallback_dialect()
        request = read_request(dialect, bytes.fromhex(rows[-1]["request"])).message
        answer = read_response(dialect, bytes.fromhex(rows[-1]["answer"])).message
        return (
            read_report(dialect, request.close_shift.z_report),
            read_report(dialect, answer.report.zx_report),
        )

    def _check_pages(self) -> int:
        """Every ticket must be found by its QR address, with its total."""
        base = self.lab.addresses["operator-kz"]["http"]
        with httpx.Client(trust_env=False) as pages:
            for ticket in self.tickets:
                found = pages.get(f"{base}/api/tickets/get-by-url", params={"url": ticket["qr"]})
                total = found.json().get("ticket", {}).get("totalSum") if found.status_code == 200 else None
                if total is None or round(total * 100) != ticket["total"]:
                    raise DemoError(f"the check page does not have ticket {ticket['number']}: {found.text}")
        self.say(f"check page: all {len(self.tickets)} tickets found by their QR addresses, sums right")
        return len(self.tickets)

    # keys

    def _sell(self, payment: str, lines: Lines, outcome: str = "done") -> None:
        order = _order(payment, lines)
        self._ticket("sell", order, outcome)
        self.sums["SELL"] += _total(lines)
        self.sums["cash"] += _total(lines) if payment == "cash" else 0

    def _return(self, ticket: Json, lines: Lines) -> None:
        parent = {
            "number": ticket["sign"],
            "time": ticket["time"],
            "total": ticket["total"],
            "rnm": self.register.state()["registration"]["rnm"],
            "offline": False,
        }
        self._ticket("sell-return", {**_order("cash", lines), "parent": parent}, "done")
        self.sums["SELL_RETURN"] += _total(lines)
        self.sums["cash"] -= _total(lines)

    def _ticket(self, key: str, order: Json, outcome: str) -> None:
        pressed = self._press(key, order, outcome)
        ticket = pressed["document"]
        paper = "\n".join(pressed["tape"]) + "\n"
        if "TEST" not in paper or ticket["autonomous"] != ("АВТОНОМНЫЙ" in paper):
            raise DemoError(f"ticket {ticket['number']} is not printed as it should be:\n{paper}")
        (self.papers / f"ticket-{ticket['number']:03d}.txt").write_text(paper, encoding="utf-8")
        self.tickets.append(ticket)

    def _press(self, key: str, order: Json, outcome: str = "done") -> Json:
        answer = self.web.post(f"/keys/{key}", json=order)
        pressed: Json = answer.json()
        if answer.status_code != 200 or pressed["outcome"] != outcome:
            raise DemoError(f"key {key} should be {outcome}: {answer.text[:600]}")
        return pressed

    # line and modes

    def _cut(self) -> None:
        self.register.add_fault("register.connect", "refuse", id="demo", count=None)

    def _mend(self) -> None:
        self.register.remove_fault("demo")
        self.lab.clock.advance(61)

    def _mode(self) -> str:
        return str(self.web.get("/keys/state").json()["mode"])

    def _until(self, mode: str) -> None:
        pause, end = threading.Event(), real_elapsed() + PATIENCE
        while (now := self._mode()) != mode:
            if real_elapsed() > end:
                raise DemoError(f"the register should be {mode} by now and is {now}")
            pause.wait(0.02)


def _total(lines: Lines) -> int:
    """Tiyn of some lines: price times quantity, each rounded half up."""
    return sum(_line_sum(price, quantity) for _, price, quantity in lines)


def _line_sum(price: int, quantity: str) -> int:
    return (price * int(quantity.replace(".", "")) + 500) // 1000


def _order(payment: str, lines: Lines) -> Json:
    items = [
        {"name": name, "price": price, "quantity": quantity, "vat": VAT} for name, price, quantity in lines
    ]
    order: Json = {"items": items, "payments": [{"type": payment, "sum": _total(lines)}]}
    if payment == "cash":
        order["taken"] = -(-_total(lines) // 1_000_00) * 1_000_00
    return order


def _totals(report: ReportData) -> dict[int, int]:
    return {row.operation: row.sum for row in report.non_nullable}


def _tenge(tiyn: int) -> str:
    return f"{tiyn / 100:,.2f}".replace(",", " ")
