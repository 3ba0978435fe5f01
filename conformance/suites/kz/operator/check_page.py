"""Fiscal sign, QR address and the check page (kz-ofd §13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.drivers.kz_goods import BUY, DISCOUNT, SELL_RETURN, VAT, line, modifier, paid
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.steps import CONTROL, KIND
from reference.protocol.kz.tickets import Ticket

PRT = ("KZ-PRT-05",)
NOT_FOUND = "ticket.not.found.error"
BY_URL = "/api/tickets/get-by-url"
PROXY = "/api/consumer-proxy/api/tickets/get-by-url"


def sold(device: Device, *items: Any, **fields: Any) -> tuple[Ticket, Answer]:
    """A ticket, and its answer."""
    ticket = device.ticket(*items, **fields)
    return ticket, device.accept(ticket)


def query_of(device: Device, sign: str, ticket: Ticket) -> dict[str, str]:
    """The four parts of an address, written by the judge (QR-02 … QR-05)."""
    total = ticket.total or 0
    assert ticket.time is not None
    return {
        "i": sign,
        "f": device.identity.rnm,
        "s": f"{total // 100}.{total % 100:02d}",
        "t": ticket.time.strftime("%Y%m%dT%H%M%S"),
    }


@case(
    "kz.operator.sign.shape",
    target=KIND,
    clauses=["KZ-S-13.1", "KZ-CM-1"],
    requirements=("KZ-PRT-02", "KZ-PRT-05"),
    description="Sixty tickets are sold by two registers.",
    expectation="Each has a sign of 9 to 13 digits that no other has.",
)
def sign_shape(ctx: Context) -> None:
    """The register computes nothing: the sign is the operator's."""
    signs: list[str] = []
    for version in (203, 202):
        device = ctx.ofd.device(version)
        with device.kept():
            signs += [device.sell(line(100 + turn)).sign for turn in range(30)]
    wrong = [sign for sign in signs if not sign.isdecimal() or not 9 <= len(sign) <= 13]
    ctx.check([], wrong, "signs that are not 9 to 13 digits", clause="KZ-S-13.1")
    ctx.check(len(signs), len(set(signs)), "different signs", clause="KZ-S-13.1")


@case(
    "kz.operator.sign.qr-address",
    target=KIND,
    clauses=["KZ-S-13.3", "KZ-QR-01", "KZ-QR-02", "KZ-QR-03", "KZ-QR-04", "KZ-QR-05"],
    requirements=PRT,
    needs=CONTROL,
    description="Tickets of 696.90, of a tiyn and of an hour ago are sold.",
    expectation="The qr_code has sign, RNM, total with two decimals and the ticket's own time.",
)
def qr_address(ctx: Context) -> None:
    """Compared part by part with what the judge writes itself."""
    device = ctx.ofd.device()
    for total, minutes in ((69_690, 0), (1, 0), (1_350_700, -60)):
        ticket, answer = sold(device, line(total), time=device.later(minutes=minutes))
        seen = {name: values[0] for name, values in parse_qs(urlsplit(answer.qr).query).items()}
        ctx.check(query_of(device, answer.sign, ticket), seen, "parts of the address", clause="KZ-S-13.3")
        base = answer.qr.split("?")[0]
        ctx.check_that(
            base.startswith("http://"), "an address", base, "base of the address", clause="KZ-QR-01"
        )


@case(
    "kz.operator.sign.java-double",
    target=KIND,
    clauses=["KZ-QR-04"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `s_format`=java_double a ticket of 13507.00 is sold and its address opened.",
    expectation="The address has s=13507.0, and the page is found.",
)
def java_double(ctx: Context) -> None:
    """A reader takes both and compares as money."""
    device = ctx.ofd.device()
    ctx.ofd.switch(s_format="java_double")
    _, answer = sold(device, line(1_350_700))
    said = parse_qs(urlsplit(answer.qr).query)["s"][0]
    ctx.check("13507.0", said, "s of the address", clause="KZ-QR-04")
    ctx.check(302, ctx.ofd.pages.get(answer.qr).status, "status", clause="KZ-CP-1")


# --- the pages ----------------------------------------------------------------------------------------------


@case(
    "kz.operator.check.by-qr",
    target=KIND,
    clauses=["KZ-CP-1", "KZ-CP-2", "KZ-CP-3", "KZ-CP-6", "KZ-ID-03"],
    requirements=PRT,
    needs=CONTROL,
    description="The address of a ticket's QR code is opened, and what it leads to, as page and as JSON.",
    expectation="302 to /ticket/…, a page with TEST, sign and total, and the ticket as application/json.",
)
def by_qr(ctx: Context) -> None:
    """The way a buyer goes."""
    device = ctx.ofd.device()
    _, answer = sold(device, line(69_690))
    found = ctx.ofd.pages.get(answer.qr)
    place = urlsplit(found.location).path
    ctx.check(302, found.status, "status", clause="KZ-CP-1")
    ctx.check_that(place.startswith("/ticket/"), "/ticket/…", place, "Location", clause="KZ-CP-1")
    page = ctx.ofd.pages.get(place)
    ctx.check(200, page.status, "status of the page", clause="KZ-CP-2")
    for text in ("TEST", answer.sign, device.identity.rnm):
        ctx.check_that(text in page.text, text, "not there", "words of the page", clause="KZ-CP-2")
    json = ctx.ofd.pages.get(f"/api/tickets{place}")
    kind = json.content_type.split(";")[0]
    ctx.check((200, "application/json"), (json.status, kind), "status and type", clause="KZ-CP-6")
    ctx.check(answer.sign, json.demand()["ticket"]["fiscalId"], "fiscalId", clause="KZ-CP-3")


@family(
    "kz.operator.check.json.{key}",
    rows={"by-parts": BY_URL, "by-proxy": PROXY, "by-url": "url"},
    target=KIND,
    clauses=["KZ-CP-3", "KZ-CP-6"],
    requirements=PRT,
    needs=CONTROL,
    description="A rich ticket is asked for as JSON: {key}.",
    expectation="Sums in tenge, quantities in units, rates in per cent, and every name of the agreed shape.",
)
def as_json(ctx: Context, path: str) -> None:
    """All values are the judge's own."""
    device = ctx.ofd.device()
    ticket, answer = sold(
        device,
        line(42_000, 2500, vat=VAT, barcode="4870001000019"),
        line(30_050, name="TEST сүт"),
        modifier(DISCOUNT, 50),
        payments=paid(cash=100_000, card=35_000),
        taken=120_000,
        change=20_000,
    )
    query = query_of(device, answer.sign, ticket)
    asked = (BY_URL, {"url": answer.qr}) if path == "url" else (path, query)
    found = ctx.ofd.pages.get(*asked).demand()
    seen = {name: found.get(name) for name in ("orgId", "kkmFnsId", "kkmSerialNumber")}
    wanted = {
        "orgId": device.identity.org_inn,
        "kkmFnsId": device.identity.rnm,
        "kkmSerialNumber": device.identity.serial,
    }
    ctx.check(wanted, seen, "whose ticket it is", clause="KZ-CP-3")
    _compare(ctx, found, ticket, answer)


def _compare(ctx: Context, found: dict[str, Any], ticket: Ticket, answer: Answer) -> None:
    said = found["ticket"]
    sums = {name: said.get(name) for name in ("totalSum", "takenSum", "changeSum")}
    ctx.check({"totalSum": 1350.0, "takenSum": 1200.0, "changeSum": 200.0}, sums, "sums", clause="KZ-CP-3")
    seen = (said["fiscalId"], said["operationType"], datetime.fromisoformat(said["transactionDate"]))
    when = seen[2].replace(tzinfo=None, microsecond=0)
    ctx.check((answer.sign, 2, ticket.time), (*seen[:2], when), "sign, operation, time", clause="KZ-CP-3")
    payments = [(each["paymentType"].lower(), each["sum"]) for each in said["payments"]]
    ctx.check([("cash", 1000.0), ("card", 350.0)], payments, "payments", clause="KZ-CP-3")
    first = said["items"][0]["commodity"]
    line_ = (first["name"], first["quantity"], first["price"], first["sum"], first["barcode"])
    ctx.check(
        ("TEST нан", 2.5, 420.0, 1050.0, "4870001000019"), line_, "the first commodity", clause="KZ-CP-3"
    )
    tax = first["taxes"][0]
    ctx.check((16.0, 144.83), (tax["layout"]["rate"], tax["sum"]), "its tax", clause="KZ-CP-3")
    taxes = [(each["rate"], each["sum"]) for each in found["taxes"]]
    ctx.check([(16.0, 144.83)], taxes, "taxes of the ticket", clause="KZ-CP-3")


WRONG: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "sign": lambda query: query | {"i": str(int(query["i"]) ^ 1)},
    "rnm": lambda query: query | {"f": "000000000000"},
    "sum-a-tiyn-more": lambda query: query | {"s": f"{float(query['s']) + 0.01:.2f}"},
    "time-a-second-later": lambda query: (
        query | {"t": f"{query['t'][:-2]}{(int(query['t'][-2:]) + 1) % 60:02d}"}
    ),
    "no-sign": lambda query: {name: value for name, value in query.items() if name != "i"},
    "no-sum": lambda query: {name: value for name, value in query.items() if name != "s"},
    "sum-that-is-none": lambda query: query | {"s": "viel"},
    "sum-out-of-all-bounds": lambda query: query | {"s": "1E999999999"},
    "time-that-is-none": lambda query: query | {"t": "20261399T999999"},
    "nothing": lambda _: {},
}


@family(
    "kz.operator.check.wrong.{key}",
    rows=WRONG,
    target=KIND,
    clauses=["KZ-CP-1", "KZ-CP-4", "KZ-CP-5"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A ticket's address is opened with one part wrong: {key}.",
    expectation="404 with «Чек не найден» as page, and with ticket.not.found.error as JSON.",
)
def wrong(ctx: Context, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Found only if all four parts fit."""
    device = ctx.ofd.device()
    ticket, answer = sold(device, line(12_345))
    query = query_of(device, answer.sign, ticket)
    ctx.check(200, ctx.ofd.pages.get(BY_URL, query).status, "status of the right address", clause="KZ-CP-3")
    bad = change(query)
    page = ctx.ofd.pages.get("/", bad | {"lang": "ru"})
    ctx.check(404, page.status, "status of the page", clause="KZ-CP-1")
    words = "Чек не найден"
    ctx.check_that(words in page.text, words, page.text[:200], "words of the page", clause="KZ-CP-1")
    json = ctx.ofd.pages.get(BY_URL, bad)
    seen = (json.status, json.demand().get("message"))
    ctx.check((404, NOT_FOUND), seen, "status and message", clause="KZ-CP-4")


@case(
    "kz.operator.check.not-strict",
    target=KIND,
    clauses=["KZ-CP-5"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="With `consumer_strict`=false an address has another sum and another time.",
    expectation="Found; with another sign or RNM not.",
)
def not_strict(ctx: Context) -> None:
    """The switch leaves i and f."""
    device = ctx.ofd.device()
    ticket, answer = sold(device)
    ctx.ofd.switch(consumer_strict=False)
    query = query_of(device, answer.sign, ticket) | {"s": "1.00", "t": "20200101T000000"}
    ctx.check(200, ctx.ofd.pages.get(BY_URL, query).status, "status", clause="KZ-CP-5")
    for name in ("i", "f"):
        status = ctx.ofd.pages.get(BY_URL, query | {name: "990000000009"}).status
        ctx.check(404, status, f"status with another {name}", clause="KZ-CP-5")


@case(
    "kz.operator.check.stray-ampersand",
    target=KIND,
    clauses=["KZ-S-13.3", "KZ-CP-1"],
    requirements=PRT,
    needs=CONTROL,
    description="A register's own address begins its query with ?&.",
    expectation="The ticket is found.",
)
def stray_ampersand(ctx: Context) -> None:
    """Some registers write one offline."""
    device = ctx.ofd.device()
    ticket, answer = sold(device)
    address = f"/?&{urlencode(query_of(device, answer.sign, ticket))}"
    ctx.check(302, ctx.ofd.pages.get(address).status, "status", clause="KZ-S-13.3")


@case(
    "kz.operator.check.offline",
    target=KIND,
    clauses=["KZ-OQ-12", "KZ-CP-5", "KZ-QR-02"],
    requirements=("KZ-PRT-05", "KZ-OFF-01"),
    needs=CONTROL,
    description="An offline ticket is looked for before and after it is delivered, by both of its signs.",
    expectation="Not found while it waits; found by either sign afterwards, and by no other.",
)
def offline(ctx: Context) -> None:
    """A ticket still in a register's queue is not found."""
    device = ctx.ofd.device()
    number = 1_770_000_000 + device.id
    ticket = device.ticket(line(300), time=device.later(minutes=-30), offline_number=number)
    own = query_of(device, str(number), ticket)
    ctx.check(404, ctx.ofd.pages.get(BY_URL, own).status, "status before", clause="KZ-CP-5")
    answer = device.accept(ticket, period=(device.later(hours=-1), device.time))
    for sign in (str(number), answer.sign):
        page = ctx.ofd.pages.get(BY_URL, query_of(device, sign, ticket))
        ctx.check(200, page.status, f"status by {sign}", clause="KZ-OQ-12")
        ctx.check(300 / 100, page.demand()["ticket"]["totalSum"], "total", clause="KZ-OQ-12")


@case(
    "kz.operator.check.second-name",
    target=KIND,
    clauses=["KZ-S-4.2", "KZ-OQ-12"],
    level="stand-in",
    requirements=("KZ-PRT-05", "KZ-OFF-01"),
    needs=CONTROL,
    description="A ticket's repeat brings an offline number: it was printed with an autonomous sign.",
    expectation="The ticket is found by either sign.",
)
def second_name(ctx: Context) -> None:
    """A second name of the same ticket."""
    device = ctx.ofd.device()
    token, ticket = device.token, device.ticket(line(4_400))
    answer = device.accept(ticket)
    number = 1_780_000_000 + device.id
    message = device.request(ticket, period=(device.later(minutes=-9), device.time))
    message.ticket.offline_ticket_number = number
    device.transmit(device.frame(message, token=token))
    for sign in (answer.sign, str(number)):
        status = ctx.ofd.pages.get(BY_URL, query_of(device, sign, ticket)).status
        ctx.check(200, status, f"status by {sign}", clause="KZ-OQ-12")
    device.compare()


@case(
    "kz.operator.check.cancelled",
    target=KIND,
    clauses=["KZ-S-3.8", "KZ-CP-4"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A cancelled ticket's address is opened.",
    expectation="Not found.",
)
def cancelled(ctx: Context) -> None:
    """What was taken back is no ticket."""
    device = ctx.ofd.device(202)
    _, answer = sold(device, line(100))
    device.accept(7)
    ctx.check(404, ctx.ofd.pages.get(answer.qr).status, "status", clause="KZ-CP-4")


@family(
    "kz.operator.check.operation.{key}",
    rows={"sell": 2, "sell-return": SELL_RETURN, "buy": BUY, "buy-return": 1},
    target=KIND,
    clauses=["KZ-CP-3"],
    requirements=PRT,
    needs=CONTROL,
    description="A ticket of the operation {key} is looked at.",
    expectation="Its operationType is the operation's number.",
)
def operation(ctx: Context, kind: int) -> None:
    """0 to 3."""
    device = ctx.ofd.device()
    device.accept(device.deposit(100_000))
    _, answer = sold(device, line(), operation=kind)
    page = ctx.ofd.pages.get(BY_URL, {"url": answer.qr})
    ctx.check(kind, page.demand()["ticket"]["operationType"], "operationType", clause="KZ-CP-3")


@case(
    "kz.operator.parent.known",
    target=KIND,
    clauses=["KZ-S-10.3", "KZ-TI-T07"],
    level="stand-in",
    requirements=("KZ-PRT-02",),
    needs=CONTROL,
    description="A ticket is given back in part, then more than is left, and one that never was.",
    expectation="All are accepted; the second and the third are recorded, and refused by the switch.",
)
def parent(ctx: Context) -> None:
    """A ticket of our own is looked up; those of others cannot be."""
    device = ctx.ofd.device()
    ticket, answer = sold(device, line(1_000))

    def back(total: int, sign: str) -> Ticket:
        made = device.ticket(line(total), operation=SELL_RETURN)
        assert made.parent is not None
        named = replace(
            made.parent, number=sign, rnm=device.identity.rnm, time=ticket.time, total=ticket.total
        )
        return replace(made, parent=named)

    def recorded() -> int:
        return sum(row["check_id"] == "10.3" for row in ctx.ofd.findings(device))

    device.accept(device.deposit(10_000))
    device.accept(back(600, answer.sign))
    ctx.check(0, recorded(), "findings after a part", clause="KZ-S-10.3")
    device.accept(back(500, answer.sign))
    ctx.check(1, recorded(), "findings after too much", clause="KZ-S-10.3")
    device.accept(back(100, "9999999999999"))
    ctx.check(2, recorded(), "findings after a miss", clause="KZ-S-10.3")
    ctx.ofd.switch(parent_check="on")
    device.refuse(13, back(100, "9999999999999"), clause="KZ-S-10.3")
    device.compare()
