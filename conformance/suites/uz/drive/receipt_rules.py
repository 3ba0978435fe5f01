"""What a receipt must obey in the first step, each rule with its text and its borders (uz-fiscal §8.7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    MOST,
    Json,
    accepted,
    held_by,
    ready,
    refused,
    refused_saying,
    still,
    unchanged,
)

PRICE = 100_000
TOO_MUCH = MOST + 1


def _too_large(what: str, value: int = TOO_MUCH) -> str:
    return f"{what} value size {value} shouldn't exceed {MOST}"


def _item_too_large(what: str) -> str:
    return f"item {what} value {TOO_MUCH} shouldn't exceed {MOST}"


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing wrong with a receipt of one item over 100000: changed fields, and the text to expect."""

    clause: str
    text: str | tuple[str, ...]
    receipt: Json = field(default_factory=dict)
    item: Json = field(default_factory=dict)
    more_items: tuple[Json, ...] = ()


def _difference(received: int, limit: int = 10_000) -> str:
    return f"difference {abs(PRICE - received)} between {PRICE} and {received} is larger than {limit}"


NO_ITEMS = "receipt has no iteems"
NO_NAME = "field name is not found or empty"
OVER_DISCOUNTED = f"item total discount {TOO_MUCH} shouldn't exceed item price {MOST}"

BROKEN: dict[str, Broken] = {
    "items-empty": Broken("RC-04", NO_ITEMS, {"Items": [], "ReceivedCash": 0}),
    "items-missing": Broken("RC-04", NO_ITEMS, {"Items": None, "ReceivedCash": 0}),
    "name-empty": Broken("RC-06", NO_NAME, item={"Name": ""}),
    "name-blank": Broken("RC-06", NO_NAME, item={"Name": " \t "}),
    "name-missing": Broken("RC-06", NO_NAME, item={"Name": None}),
    "name-unmappable": Broken("NM-04", NO_NAME, item={"Name": "‘ʻ’"}),
    "name-of-second": Broken(
        "RC-06", NO_NAME, {"ReceivedCash": PRICE}, more_items=({"Name": "", "Price": 0},)
    ),
    "discounts": Broken(
        "RC-07",
        "item total discount 100001 shouldn't exceed item price 100000",
        {"ReceivedCash": 0},
        {"Discount": 60_000, "Other": 40_001},
    ),
    "received-less": Broken("RC-08", _difference(89_999), {"ReceivedCash": 89_999}),
    "received-more": Broken("RC-08", _difference(110_001), {"ReceivedCash": 110_001}),
    "received-nothing": Broken("RC-08", _difference(0), {"ReceivedCash": 0}),
    "cash": Broken("RC-09", _too_large("receipt received cash"), {"ReceivedCash": TOO_MUCH}, {"Price": MOST}),
    "card": Broken(
        "RC-09",
        _too_large("receipt received card"),
        {"ReceivedCash": 0, "ReceivedCard": TOO_MUCH},
        {"Price": MOST},
    ),
    "total-vat": Broken(
        "RC-09",
        _too_large("receipt total vat", 2 * MOST),
        {"ReceivedCash": PRICE},
        {"VAT": MOST},
        ({"Name": "Yana", "Price": 0, "VAT": MOST},),
    ),
    "price": Broken("RC-09", _item_too_large("price"), {"ReceivedCash": MOST}, {"Price": TOO_MUCH}),
    "units": Broken("RC-09", _item_too_large("units"), item={"Units": TOO_MUCH}),
    "vat": Broken("RC-09", _item_too_large("vat"), item={"VAT": TOO_MUCH}),
    "amount": Broken("RC-09", _item_too_large("amount"), item={"Amount": TOO_MUCH}),
    "discount": Broken(
        "RC-09",
        (_item_too_large("discount"), OVER_DISCOUNTED),
        {"ReceivedCash": 0},
        {"Price": MOST, "Discount": TOO_MUCH},
    ),
    "other": Broken(
        "RC-09",
        (_item_too_large("other"), OVER_DISCOUNTED),
        {"ReceivedCash": 0},
        {"Price": MOST, "Other": TOO_MUCH},
    ),
    "vat-percent": Broken(
        "RC-09", "item vat percent value 100 shouldn't exceed 99", item={"VATPercent": 100}
    ),
}


@family(
    "uz.drive.rule.refused.{key}",
    rows=BROKEN,
    target="drive",
    clauses=lambda row: [row.clause, "G2-S-03"],
    requirements=["UZ-DEV-08"],
    needs=["card"],
    description=lambda row: f"A receipt that breaks {row.clause} and nothing else goes to GetTXID ({{key}}).",
    expectation=lambda row: (
        f"400 `{row.text if isinstance(row.text, str) else row.text[0]}`; nothing is kept."
    ),
)
def refused_by_rule(ctx: Context, row: Broken) -> None:
    """Two texts are allowed only where one fault cannot be without the other."""
    drive = ready(ctx)
    items = [drive.item(price=PRICE, **row.item), *(drive.item(price=0, **more) for more in row.more_items)]
    receipt = drive.receipt(**{"cash": PRICE, "Items": items, **row.receipt})
    with unchanged(ctx, "G2-S-01"):
        refused(ctx, drive.get_txid(receipt), 400, row.text)


@case(
    "uz.drive.rule.refused.too-many-items",
    target="drive",
    clauses=["RC-05", "G2-S-03"],
    requirements=["UZ-DEV-08"],
    needs=["card"],
    description="A receipt of 32768 items goes to GetTXID.",
    expectation="400 `receipt has too many iteems`.",
)
def too_many_items(ctx: Context) -> None:
    """About 1 MB of JSON, which has to be read before it can be counted."""
    drive = ready(ctx)
    items = [{"Name": "a", "Amount": 1, "Price": 1}] * 32_768
    reply = drive.get_txid(drive.receipt(cash=32_768, Items=items))
    refused(ctx, reply, 400, "receipt has too many iteems")


IMPOSSIBLE: dict[str, tuple[Json, str]] = {
    "cash-negative": ({"ReceivedCash": -1}, "ReceivedCash"),
    "card-negative": ({"ReceivedCard": -1}, "ReceivedCard"),
    "price-negative": ({"Items": {"Price": -1}}, "Price"),
    "vat-negative": ({"Items": {"VAT": -1}}, "VAT"),
    "amount-negative": ({"Items": {"Amount": -1000}}, "Amount"),
    "discount-negative": ({"Items": {"Discount": -1}}, "Discount"),
    "type-3": ({"Type": 3}, "Type"),
    "operation-2": ({"Operation": 2}, "Operation"),
    "time-missing": ({"Time": None}, "Time"),
    "time-empty": ({"Time": ""}, "Time"),
    "day-30-of-february": ({"Time": "2030-02-30 10:00:00"}, "Time"),
    "day-29-of-a-common-february": ({"Time": "2030-02-29 10:00:00"}, "Time"),
    "month-13": ({"Time": "2030-13-01 10:00:00"}, "Time"),
    "hour-24": ({"Time": "2030-01-01 24:00:00"}, "Time"),
    "second-60": ({"Time": "2030-01-01 10:00:60"}, "Time"),
}


@family(
    "uz.drive.rule.impossible.{key}",
    rows=IMPOSSIBLE,
    target="drive",
    clauses=["RC-12"],
    requirements=["UZ-DEV-08"],
    needs=["card"],
    description="A receipt that cannot be goes to GetTXID: {key}.",
    expectation=lambda row: f"400 with a text that names {row[1]}; nothing is kept.",
)
def impossible(ctx: Context, row: tuple[Json, str]) -> None:
    """No number is spent on what no till could have sold."""
    change, name = row
    drive = ready(ctx)
    if isinstance(change.get("Items"), dict):
        change = {"Items": [drive.item(**change["Items"])]}
    with unchanged(ctx, "G2-S-01"):
        reply = drive.get_txid(drive.receipt(**change))
        refused_saying(ctx, reply, 400, name, clause="RC-12")


@case(
    "uz.drive.rule.iso-time",
    target="drive",
    clauses=["TM-02"],
    requirements=["UZ-CLK-01"],
    needs=["card"],
    description="A receipt whose Time has an ISO T between date and hour goes to GetTXID.",
    expectation='400 with a text that contains `cannot parse "T…" as " "`, and nothing is kept.',
)
def iso_time(ctx: Context) -> None:
    """The same time with a space is taken."""
    drive = ready(ctx)
    receipt = drive.receipt()
    iso = receipt["Time"].replace(" ", "T")
    with unchanged(ctx, "G2-S-01"):
        part = f'cannot parse "{iso[10:]}" as " "'
        refused_saying(ctx, drive.get_txid({**receipt, "Time": iso}), 400, part)
    accepted(ctx, drive.get_txid(receipt), "the same time with a space")


@family(
    "uz.drive.rule.iso-time-of-shift.{key}",
    rows={"open": "closed", "close": "open"},
    target="drive",
    clauses=["TM-02"],
    requirements=["UZ-CLK-01"],
    needs=["card"],
    description="A shift is to {key} at a DateTime with an ISO T.",
    expectation="400 with the text of the parser, and the shift is as before.",
)
def iso_time_of_shift(ctx: Context, shift: str) -> None:
    """The same rule for every JSON and form time."""
    drive = ready(ctx, "closed" if shift == "closed" else "open")
    if shift == "open":
        drive.sell()
    time = drive.next_time().isoformat()
    with unchanged(ctx, "TM-02"):
        reply = drive.open(time) if shift == "closed" else drive.close_shift(time)
        refused_saying(ctx, reply, 400, f'cannot parse "{time[10:]}" as " "')


ALLOWED: dict[str, tuple[str, Json, Json]] = {
    "received-10000-less": ("RC-08", {"ReceivedCash": 90_000}, {}),
    "received-10000-more": ("RC-08", {"ReceivedCash": 110_000}, {}),
    "card-10000-more": ("RC-08", {"ReceivedCash": 50_000, "ReceivedCard": 60_000}, {}),
    "discounts-of-the-whole-price": ("RC-07", {"ReceivedCash": 0}, {"Discount": 60_000, "Other": 40_000}),
    "vat-percent-99": ("RC-09", {}, {"VATPercent": 99}),
    "vat-of-nothing": ("RC-13", {}, {"VATPercent": 12, "VAT": 0}),
    "vat-without-percent": ("RC-13", {}, {"VATPercent": 0, "VAT": 7_777}),
    "vat-above-price": ("RC-13", {}, {"VATPercent": 12, "VAT": 250_000}),
}


@family(
    "uz.drive.rule.taken.{key}",
    rows=ALLOWED,
    target="drive",
    clauses=lambda row: [row[0], "G2-S-03"],
    requirements=["UZ-SHF-03"],
    needs=["card"],
    description="A receipt at the very border of a rule, or with VAT of the POS's own making, is sold: "
    "{key}.",
    expectation="It is registered, and sums and VAT are counted as given.",
)
def taken_at_border(ctx: Context, row: tuple[str, Json, Json]) -> None:
    """What passes the first step must also be what the module counts."""
    _, receipt, item = row
    drive = still(ctx)
    sold = drive.sell(**{"cash": PRICE, "Items": [drive.item(price=PRICE, **item)], **receipt})
    seen = drive.receipt_info().demand().json
    given = (sold.receipt["ReceivedCash"], sold.receipt["ReceivedCard"], sold.receipt["Items"][0]["VAT"])
    ctx.check(given, (seen["ReceivedCash"], seen["ReceivedCard"], seen["TotalVAT"]), "sums")


LARGEST: dict[str, tuple[Json, Json]] = {
    "cash": ({"ReceivedCash": MOST}, {"Price": MOST}),
    "card": ({"ReceivedCash": 0, "ReceivedCard": MOST}, {"Price": MOST}),
    "vat": ({}, {"VAT": MOST}),
    "amount": ({}, {"Amount": MOST}),
    "units": ({}, {"Units": MOST}),
    "discount": ({"ReceivedCash": 0}, {"Price": MOST, "Discount": MOST}),
    "other": ({"ReceivedCash": 0}, {"Price": MOST, "Other": MOST}),
}


@family(
    "uz.drive.rule.largest.{key}",
    rows=LARGEST,
    target="drive",
    clauses=["RC-09", "RC-02"],
    requirements=["UZ-DEV-08"],
    needs=["card"],
    description=f"A receipt whose {{key}} is {MOST} goes to GetTXID.",
    expectation="A TXID; it is not registered.",
)
def largest(ctx: Context, row: tuple[Json, Json]) -> None:
    """Registering it would fill the module's accumulators for good."""
    receipt, item = row
    drive = ready(ctx)
    items = [drive.item(price=PRICE, **item)]
    drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt(**{"cash": PRICE, "Items": items, **receipt}))))


@case(
    "uz.drive.rule.many-items",
    target="drive",
    clauses=["RC-05", "S-4.3"],
    requirements=["UZ-POS-04"],
    needs=["card"],
    description="A receipt of 300 items is sold and synced.",
    expectation="It is registered with ItemsCount 300 and acknowledged.",
)
@held_by
def many_items(ctx: Context) -> None:
    """A large shopping trolley; its file is some 20 KB."""
    drive = still(ctx)
    items = [drive.item(price=number, Name=f"Tovar {number}") for number in range(1, 301)]
    drive.sell(cash=sum(range(1, 301)), Items=items)
    ctx.check(300, drive.receipt_info().demand().json["ItemsCount"], "ItemsCount")
    body = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(["Acknowledged"], [item["StatusText"] for item in body["Items"]], "StatusText", clause="S-4.3")


@family(
    "uz.drive.rule.refund-info-on-sale.{key}",
    rows={
        "good": (None, None),
        "terminal": ("TerminalID", "ZZ00000000000"),
        "number": ("ReceiptSeq", 0),
        "time": ("DateTime", "2021-11-02 14:13:07"),
        "sign": ("FiscalSign", "44570525031"),
    },
    target="drive",
    clauses=["RC-14", "HB-12"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="A sale carries RefundInfo of a receipt that nobody knows ({key}).",
    expectation=lambda row: (
        f"400 `Bad RefundInfo {row[0]} value`." if row[0] else "It is sold: nobody is asked."
    ),
)
def refund_info_on_sale(ctx: Context, row: tuple[str | None, object]) -> None:
    """Real clients fill it in on sales too."""
    name, value = row
    drive = still(ctx)
    info: Json = {
        "TerminalID": "ZZ000000000000",
        "ReceiptSeq": 22,
        "DateTime": "20211102141307",
        "FiscalSign": "445705250315",
    }
    if name is None:
        drive.sell(RefundInfo=info)
        return
    with unchanged(ctx, "G2-S-01"):
        reply = drive.get_txid(drive.receipt(RefundInfo={**info, name: value}))
        refused(ctx, reply, 400, f"Bad RefundInfo {name} value")
