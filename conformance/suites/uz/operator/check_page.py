"""The page behind the QR code, and the interface behind the page (uz-fiscal §10.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from conformance.cases import case, family
from conformance.context import Context
from conformance.control_client import Json
from conformance.drivers.check_site import Payment, payment_query, qr_query
from conformance.drivers.terminal import Issued, Terminal
from conformance.suites.uz.operator.exchange import errored, full, short, taken
from reference.protocol.uz.receipt import Item, Operation, ReceiptType

KEY = "kassalab-check-test"
NOT_FOUND = Payment(200, {"success": False, "message": "not found"})


def _sold(ctx: Context, **changes: object) -> tuple[Terminal, Issued]:
    terminal = ctx.operator.terminal()
    issued = terminal.issue(None, seq=None, **changes)
    taken(ctx, terminal, full(issued))
    return terminal, issued


def _qr(issued: Issued) -> dict[str, str]:
    return qr_query(issued.terminal, issued.seq, issued.receipt.time, issued.sign)


def _claim(issued: Issued, kind: str = "CHECK") -> dict[str, str]:
    sign = issued.sign or "000000000000"
    return payment_query(issued.terminal, issued.seq, issued.receipt.time, sign, kind)


def _verdict(ctx: Context, query: dict[str, str]) -> str:
    shown = ctx.operator.site.page(**query)
    ctx.check(200, shown.status, "HTTP status", clause="CK-01")
    return shown.verdict


WRONG: dict[str, Callable[[Issued], dict[str, str]]] = {
    "terminal": lambda _: {"t": "ZZ000000000009"},
    "number": lambda issued: {"r": str(issued.seq + 1)},
    "time": lambda issued: (
        qr_query("", 0, issued.receipt.time + timedelta(seconds=1), "") | {"t": "", "r": ""}
    ),
    "sign": lambda issued: {"s": f"{(int(issued.sign) + 1) % 10**12:012}"},
}
"""What is wrong with a query, by the value that is."""


def _changed(issued: Issued, name: str) -> dict[str, str]:
    letter = {"terminal": "t", "number": "r", "time": "c", "sign": "s"}[name]
    return _qr(issued) | {letter: WRONG[name](issued)[letter]}


@case(
    "uz.operator.check.genuine",
    target="operator",
    clauses=["CK-01", "ID-03"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="The address of a receipt's QR code is opened.",
    expectation="Genuine; module, number, sign, items with their product codes, and the word TEST.",
)
def genuine_page(ctx: Context) -> None:
    """What the page shows must be what was sold."""
    bread = Item(
        name="Non patir", spic="01905001001000000", price=123_456, vat=13_227, vat_percent=12, amount=1000
    )
    tea = Item(name="Choy", spic="10710001004000000", price=600_000, vat=64_285, vat_percent=12, amount=2000)
    _, issued = _sold(ctx, items=(bread, tea), received_cash=723_456, received_card=0, extra=None)
    shown = ctx.operator.site.page(**_qr(issued))
    ctx.check((200, "genuine"), (shown.status, shown.verdict), "status and verdict", clause="CK-01")
    digits = shown.text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", "")
    for what in (issued.terminal, issued.sign, "Nonpatir", "Choy", bread.spic, tea.spic, "7234.56", "TEST"):
        ctx.check_that(what in digits, what, "not on the page", f"the page shows {what}", clause="CK-01")


@family(
    "uz.operator.check.wrong.{key}",
    rows={name: name for name in WRONG},
    target="operator",
    clauses=["CK-01", "CK-03"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="A QR address is opened in which one value is wrong: {key}.",
    expectation="Not found, and nothing of the receipt is shown; with all four values right it is genuine.",
)
def wrong_value(ctx: Context, name: str) -> None:
    """Three right values prove nothing."""
    _, issued = _sold(ctx)
    shown = ctx.operator.site.page(**_changed(issued, name))
    ctx.check((200, "unknown"), (shown.status, shown.verdict), "status and verdict", clause="CK-01")
    bought = issued.receipt.items[0].spic
    ctx.check(False, bought in shown.text, "the page shows what was bought", clause="CK-01")
    ctx.check("genuine", _verdict(ctx, _qr(issued)), "verdict with all values right", clause="CK-01")


@case(
    "uz.operator.check.not-yet",
    target="operator",
    clauses=["CK-05"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="A receipt is looked up before it is sent, after a spoilt copy was refused, and when taken.",
    expectation="Not found, not found, genuine.",
)
def not_yet(ctx: Context) -> None:
    """A receipt appears only after the operator has acknowledged its file."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    ctx.check("unknown", _verdict(ctx, _qr(issued)), "verdict before sending", clause="CK-05")
    errored(ctx, terminal, replace(issued.full, body=issued.body[8:]))
    ctx.check("unknown", _verdict(ctx, _qr(issued)), "verdict after a refusal", clause="CK-05")
    taken(ctx, terminal, full(issued))
    ctx.check("genuine", _verdict(ctx, _qr(issued)), "verdict when taken", clause="CK-05")


@case(
    "uz.operator.check.short",
    target="operator",
    clauses=["CK-04", "OF-24"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="A receipt is looked up when only its short record has come, and again when it is complete.",
    expectation="Genuine with its sums, saying that the items are missing; then with its items.",
)
def short_page(ctx: Context) -> None:
    """A short record holds sums and the number of items."""
    terminal = ctx.operator.terminal()
    item = Item(name="Osh", spic="10710001001000000", price=3_812_300, amount=1000)
    issued = terminal.issue(items=(item,), received_cash=0, received_card=3_812_300)
    taken(ctx, terminal, short(issued))
    shown = ctx.operator.site.page(**_qr(issued))
    ctx.check("genuine", shown.verdict, "verdict with the short record", clause="CK-04")
    plain = shown.text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", "")
    ctx.check(True, "38123.00" in plain, "the page shows the sum", clause="CK-04")
    ctx.check(
        True, "have not arrived" in shown.text, "the page says that the items are missing", clause="CK-04"
    )
    ctx.check(False, item.spic in shown.text, "the page shows the item", clause="CK-04")
    taken(ctx, terminal, full(issued))
    shown = ctx.operator.site.page(**_qr(issued))
    ctx.check(True, item.spic in shown.text, "the page shows the item", clause="CK-04")
    ctx.check(False, "have not arrived" in shown.text, "the page says that items are missing", clause="CK-04")


@case(
    "uz.operator.check.no-sign",
    target="operator",
    clauses=["QR-03", "CK-01"],
    level="stand-in",
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="A stored advance is looked up with twelve zeros for its sign.",
    expectation="Not found: advance and credit have no sign and no QR.",
)
def no_sign(ctx: Context) -> None:
    """The interface has a kind of its own for them."""
    for kind in (ReceiptType.ADVANCE, ReceiptType.CREDIT):
        _, issued = _sold(ctx, type=kind)
        query = qr_query(issued.terminal, issued.seq, issued.receipt.time, "000000000000")
        ctx.check("unknown", _verdict(ctx, query), f"verdict on type {kind}", clause="QR-03")


@family(
    "uz.operator.check.malformed.{key}",
    rows={
        "nothing": {},
        "sign-missing": {"s": ""},
        "sign-short": {"s": "1234"},
        "number-text": {"r": "one"},
        "number-huge": {"r": "9" * 40},
        "time-impossible": {"c": "20261332250000"},
        "terminal-glob": {"t": "*"},
        "quotes": {"s": "' OR 1=1 --"},
        "markup": {"t": "<script>alert(1)</script>"},
    },
    target="operator",
    clauses=["CK-01", "CK-03"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="The check page is opened with values that are none: {key}.",
    expectation="A page without a receipt, never genuine, with nothing of the query in it unescaped.",
)
def malformed(ctx: Context, values: dict[str, str]) -> None:
    """Anybody may open this page with anything."""
    _, issued = _sold(ctx)
    shown = ctx.operator.site.page(**(_qr(issued) | values if values else {}))
    ctx.check_that(shown.status < 500, "below 500", shown.status, "HTTP status", clause="CK-01")
    ctx.check(False, shown.verdict == "genuine", "the page says genuine", clause="CK-01")
    ctx.check(False, "<script>alert" in shown.text, "markup of the query stands in the page", clause="CK-01")


@case(
    "uz.operator.check.escaped",
    target="operator",
    clauses=["CK-01"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="A receipt whose marking code is HTML is shown.",
    expectation="The code stands on the page as text, not as markup.",
)
def escaped(ctx: Context) -> None:
    """What a till sends is not to be believed."""
    item = Item(name="Suv", label="<img src=x onerror=1>", price=1000, amount=1000)
    _, issued = _sold(ctx, items=(item,), received_cash=1000, received_card=0)
    shown = ctx.operator.site.page(**_qr(issued))
    ctx.check("genuine", shown.verdict, "verdict", clause="CK-01")
    ctx.check(False, "<img src=x" in shown.text, "the marking code is markup", clause="CK-01")
    ctx.check(True, "&lt;img src=x" in shown.text, "the marking code is text", clause="CK-01")


# --- POST /api/payment ----------------------------------------------------------------------------------


@family(
    "uz.operator.payment.genuine.{key}",
    rows={
        "sale": (ReceiptType.PURCHASE, Operation.SALE, "CHECK"),
        "refund": (ReceiptType.PURCHASE, Operation.REFUND, "CHECK"),
        "advance": (ReceiptType.ADVANCE, Operation.SALE, "AVANS"),
        "credit": (ReceiptType.CREDIT, Operation.SALE, "CREDIT"),
    },
    target="operator",
    clauses=["CK-02"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="The interface is asked for a stored {key}.",
    expectation="Success, number, time, sums in so'm, isRefund, and each item's name and price.",
)
def payment(ctx: Context, row: tuple[ReceiptType, Operation, str]) -> None:
    """Sums are reckoned here from what was sold."""
    kind, operation, name = row
    _, issued = _sold(ctx, type=kind, operation=operation)
    receipt = issued.receipt
    answer = ctx.operator.site.payment(_claim(issued, name))
    ctx.check((200, True), (answer.status, answer.body.get("success")), "status and success", clause="CK-02")
    data: Json = answer.body["data"]
    expected = {
        "terminalId": issued.terminal,
        "paymentNo": str(issued.seq),
        "paymentDate": receipt.time.strftime("%d.%m.%Y %H:%M:%S"),
        "cashTotal": receipt.received_cash / 100,
        "cardTotal": receipt.received_card / 100,
        "vatTotal": sum(item.vat for item in receipt.items) / 100,
        "isRefund": int(operation),
    }
    found = {key: data.get(key) for key in expected} | {"paymentNo": str(data.get("paymentNo"))}
    ctx.check(expected, found, "facts of the receipt", clause="CK-02")
    prices = [item.price / 100 for item in receipt.items]
    ctx.check(prices, [line["price"] for line in data["paymentDetails"]], "prices in so'm", clause="CK-02")


@family(
    "uz.operator.payment.wrong.{key}",
    rows={
        "terminal": lambda _: {"terminalId": "ZZ000000000009"},
        "number": lambda issued: {"paymentNo": str(issued.seq + 1)},
        "date": lambda issued: {
            "paymentDate": (issued.receipt.time + timedelta(seconds=1)).strftime("%Y%m%d%H%M%S")
        },
        "sign": lambda issued: {"fiscalSign": f"{(int(issued.sign) + 1) % 10**12:012}"},
        "type-avans": lambda _: {"paymentType": "AVANS"},
        "type-credit": lambda _: {"paymentType": "CREDIT"},
        "type-virtual": lambda _: {"paymentType": "CHECK_EPI"},
        "sign-missing": lambda _: {"fiscalSign": ""},
        "number-text": lambda _: {"paymentNo": "one"},
        "number-list": lambda _: {"paymentNo": [1]},
    },
    target="operator",
    clauses=["CK-03", "CK-01"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="The interface is asked with one value that is not the receipt's: {key}.",
    expectation='Status 200 and {"success": false, "message": "not found"}.',
)
def payment_wrong(ctx: Context, change: Callable[[Issued], dict[str, object]]) -> None:
    """With the right values it is found."""
    _, issued = _sold(ctx)
    body: dict[str, object] = {**_claim(issued), **change(issued)}
    ctx.check(NOT_FOUND, ctx.operator.site.payment(body), "answer", clause="CK-03")
    found = ctx.operator.site.payment(_claim(issued)).body.get("success")
    ctx.check(True, found, "found with the right values", clause="CK-02")


@case(
    "uz.operator.payment.short",
    target="operator",
    clauses=["CK-04", "CK-02"],
    requirements=["UZ-OFD-03"],
    needs=["control", "test-keys"],
    description="The interface is asked for a receipt of which only the short record has come.",
    expectation="Its sums, and no items.",
)
def payment_short(ctx: Context) -> None:
    """The items are not known yet."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue()
    taken(ctx, terminal, short(issued))
    data = ctx.operator.site.payment(_claim(issued)).body["data"]
    sums = (issued.receipt.received_cash / 100, issued.receipt.received_card / 100)
    ctx.check(sums, (data["cashTotal"], data["cardTotal"]), "cash and card", clause="CK-04")
    ctx.check([], data["paymentDetails"], "items", clause="CK-04")


def _signed(issued: Issued, timestamp: int, key: str = KEY) -> dict[str, str]:
    text = f"{issued.terminal}:{issued.seq}:{timestamp}"
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"X-Timestamp": str(timestamp), "X-Signature": mac}


@case(
    "uz.operator.payment.signature",
    target="operator",
    clauses=["CK-02", "CK-03"],
    requirements=["UZ-OFD-03"],
    needs=["control", "clock", "destructive", "test-keys"],
    description="The check of signatures is switched on; requests come unsigned, signed, and signed wrongly.",
    expectation="401 unless the signature fits module, number and a time at most 300 s away.",
)
def payment_signature(ctx: Context) -> None:
    """Off by default: all other cases ask without a signature."""
    ctx.control.reset(check_signature=True)
    _, issued = _sold(ctx)
    claim = _claim(issued)
    now = int(ctx.clock.now().timestamp())
    site = ctx.operator.site
    for what, headers, status in (
        ("unsigned", {}, 401),
        ("signed now", _signed(issued, now), 200),
        ("signed 290 s ago", _signed(issued, now - 290), 200),
        ("signed for 290 s ahead", _signed(issued, now + 290), 200),
        ("signed 310 s ago", _signed(issued, now - 310), 401),
        ("signed for 310 s ahead", _signed(issued, now + 310), 401),
        ("signed with another key", _signed(issued, now, "another"), 401),
        ("signed for another receipt", _signed(replace(issued, seq=2), now), 401),
        ("with another time than was signed", _signed(issued, now) | {"X-Timestamp": str(now + 1)}, 401),
        ("without its time", {"X-Signature": _signed(issued, now)["X-Signature"]}, 401),
        ("with a time that is none", {"X-Timestamp": "now", "X-Signature": "0" * 64}, 401),
    ):
        answer = site.payment(claim, headers)
        ctx.check(status, answer.status, f"HTTP status of a request {what}", clause="CK-02")
    ctx.control.reset(check_signature=True, check_key="an own key")
    _, other = _sold(ctx)
    ctx.check(401, site.payment(_claim(other), _signed(other, now)).status, "the old key", clause="CK-02")
    own = _signed(other, now, "an own key")
    ctx.check(200, site.payment(_claim(other), own).status, "the operator's own key", clause="CK-02")
