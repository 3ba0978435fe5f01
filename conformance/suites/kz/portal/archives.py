"""Archives: Z and X reports, transactions, shifts, one document as printed, downloads (§15.10)."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers import kz_goods as goods
from conformance.drivers.kz_device import Device
from conformance.drivers.portal_owner import Owner
from conformance.suites.kz.portal.steps import ALL, KIND, WIRE, unknown, working, wrong
from reference.protocol.kz.money import to_almaty

Z, X, LIST, ONE = ("KZ-ARC-01",), ("KZ-ARC-02",), ("KZ-ARC-03",), ("KZ-ARC-04",)
DAY = timedelta(days=1)


def rows(owner: Owner, card: int, table: str, **query: object) -> list[Any]:
    """The first page of a table."""
    found: list[Any] = owner.get(f"/cards/{card}/{table}", **query)["rows"]
    return found


def two_shifts(ctx: Context) -> tuple[int, Device, list[dict[str, int]]]:
    """A register that has closed two shifts; what the judge booked in each."""
    card, device = working(ctx)
    booked = []
    for sales in ((42_000, 115), (1,)):
        for total in sales:
            device.sell(goods.line(price=total))
        device.close_shift()
        ctx.portal.pass_time(minutes=1)
        booked.append({"receipts": len(sales), "revenue": sum(sales)})
    return card, device, booked


@case(
    "kz.portal.archive.z-reports",
    target=KIND,
    clauses=["AR-01", "S-15.10"],
    requirements=[*Z, "KZ-NNT-01"],
    needs=ALL,
    description="The Z reports of two shifts are listed.",
    expectation="Newest first; receipts, revenue, cash and non-nullable totals are the judge's, to the tiyn.",
)
def z_reports(ctx: Context) -> None:
    """Time, shift, receipts, revenue, cash, four totals."""
    card, _, booked = two_shifts(ctx)
    seen = rows(ctx.portal.owner, card, "z-reports")
    ctx.check([2, 1], [row["shift"] for row in seen], "shifts", clause="S-15.10")
    for row, wanted in zip(seen[::-1], booked, strict=True):
        ctx.check(wanted, {name: row[name] for name in wanted}, f"Z of shift {row['shift']}")
    sums = [sum(each["revenue"] for each in booked[: number + 1]) for number in range(2)]
    totals = [row["non_nullable"][str(goods.SELL)] for row in seen[::-1]]
    ctx.check(sums, totals, "non-nullable totals of sales")
    ctx.check([sums[0], sums[1]], [row["cash"] for row in seen[::-1]], "cash in the drawer")


@case(
    "kz.portal.archive.x-reports",
    target=KIND,
    clauses=["AR-02"],
    requirements=X,
    needs=WIRE,
    description="A register asks for an X twice in a shift.",
    expectation="Both are listed with the count and the revenue of their moment.",
)
def x_reports(ctx: Context) -> None:
    """The true count, which the manual's figures do not show."""
    card, device = working(ctx)
    for total in (100, 250):
        device.sell(goods.line(price=total))
        device.report(1)
    seen = rows(ctx.portal.owner, card, "x-reports")
    shown = [(row["shift"], row["receipts"], row["revenue"]) for row in seen]
    ctx.check([(1, 2, 350), (1, 1, 100)], shown, "X reports, newest first")


@case(
    "kz.portal.archive.transactions",
    target=KIND,
    clauses=["AR-03", "S-15.10"],
    requirements=LIST,
    needs=WIRE,
    description="A register sells for cash and by card, takes back, buys, moves money and closes its shift.",
    expectation="Each stands there with its words, sign and sum, newest first; the closing makes two rows.",
)
def transactions(ctx: Context) -> None:
    """«Продажа, наличные», «Z-отчет», «Закрытие смены № 0001»."""
    card, device = working(ctx)
    device.accept(device.deposit(500_00))
    device.sell(goods.line(price=300_00))
    device.sell(goods.line(price=200_00), payments=goods.paid(card=200_00))
    device.sell(goods.line(price=50_00), operation=goods.SELL_RETURN)
    device.sell(goods.line(price=10_00), operation=goods.BUY)
    device.accept(device.withdrawal(100_00))
    device.close_shift()
    seen = rows(ctx.portal.owner, card, "transactions")
    texts = [row["text"]["ru"] for row in seen]
    wanted = ["Изъятие", "Покупка, наличные", "Возврат продажи, наличные"]
    wanted += ["Продажа, карта", "Продажа, наличные", "Внесение"]
    ctx.check(wanted, texts[2:], "words of the documents")
    ctx.check({"Закрытие смены № 0001", "Z-отчет"}, set(texts[:2]), "words of the closing")
    ctx.check(seen[0]["time"], seen[1]["time"], "times of the closing's two rows", clause="S-15.10")
    ctx.check([100_00, 10_00, 50_00, 200_00, 300_00, 500_00], [row["sum"] for row in seen[2:]], "sums")
    ctx.check_that(all(row["sign"] for row in seen[3:7]), "signs", seen[3:7], "signs of the tickets")


@case(
    "kz.portal.archive.filters",
    target=KIND,
    clauses=["S-15.10"],
    requirements=[*LIST, *Z],
    needs=ALL,
    description="A register sells on three days in three shifts; a day, a span, a shift are asked for.",
    expectation="Both ends are included, by day; a shift brings its own documents; the last day that is none "
    "brings nothing.",
)
def filters(ctx: Context) -> None:
    """«Показать» and «Сбросить»."""
    card, device = working(ctx)
    owner = ctx.portal.owner
    days = []
    for number in range(3):
        days.append(to_almaty(ctx.portal.now()).date())
        device.sell(goods.line(price=100 + number))
        device.close_shift()
        ctx.portal.pass_time(days=1)

    def sums(**query: object) -> list[int]:
        found = rows(owner, card, "transactions", **query)
        return [row["sum"] for row in found if row["text"]["ru"].startswith("Продажа")]

    ctx.check([102, 101, 100], sums(), "sales without a filter")
    ctx.check([101], sums(first=days[1], last=days[1]), "sales of one day")
    ctx.check([101, 100], sums(first=days[0], last=days[1]), "sales of two days")
    ctx.check([102], sums(shift=3), "sales of a shift")
    ctx.check([], sums(first=days[2] + DAY), "sales of days to come")
    shifts = [row["shift"] for row in rows(owner, card, "z-reports", first=days[1])]
    ctx.check([3, 2], shifts, "Z reports since a day")


@case(
    "kz.portal.archive.pages",
    target=KIND,
    clauses=["S-15.10"],
    requirements=LIST,
    needs=WIRE,
    description="A list of 25 documents is read by pages of seven, while the register sells on.",
    expectation="Every document comes once, none is missing, none twice, in one order.",
)
def pages(ctx: Context) -> None:
    """What comes in meanwhile shifts no page."""
    card, device = working(ctx)
    for number in range(25):
        device.sell(goods.line(price=1_000 + number))
    seen: list[int] = []
    query: dict[str, object] = {"limit": 7}
    while True:
        page = ctx.portal.owner.get(f"/cards/{card}/transactions", **query)
        seen += [row["sum"] for row in page["rows"]]
        if page["older"] is None:
            break
        query["place"] = page["older"]
        device.sell(goods.line(price=1))
    ctx.check([1_000 + number for number in reversed(range(25))], seen, "sums of all pages")


@family(
    "kz.portal.archive.wrong.{key}",
    rows={
        "first": {"first": "31.12.2026"},
        "last": {"last": "2026-02-30"},
        "shift": {"shift": "первая"},
        "limit": {"limit": "0"},
        "place": {"place": "nowhere"},
    },
    target=KIND,
    clauses=["S-15.10"],
    requirements=LIST,
    needs=WIRE,
    description="The list is asked for with a filter that is none ({key}).",
    expectation="The argument is named.",
)
def wrong_filter(ctx: Context, query: dict[str, str]) -> None:
    """A misspelt filter shows not everything, but nothing."""
    owner = ctx.portal.owner
    card = owner.ready()
    wrong(ctx, owner.send("GET", f"/cards/{card}/transactions", query=query), next(iter(query)))


@case(
    "kz.portal.archive.document",
    target=KIND,
    clauses=["S-15.10"],
    requirements=ONE,
    needs=WIRE,
    description="One ticket of two positions is opened, and taken as PDF and as a picture.",
    expectation="Company, number, serial, sign and items stand there as they were sold; the files are a PDF "
    "and a PNG.",
)
def document(ctx: Context) -> None:
    """The form as printed."""
    card, device = working(ctx)
    answer = device.sell(goods.line(price=123_45, name="TEST сүт"), goods.line(price=7, name="TEST су"))
    owner = ctx.portal.owner
    way = f"/cards/{card}/documents/{rows(owner, card, 'transactions')[0]['number']}"
    form = owner.get(way)
    items = [(item["name"], item["sum"]) for item in form["items"]]
    ctx.check([("TEST сүт", 123_45), ("TEST су", 7)], items, "items")
    told = json.dumps(form, ensure_ascii=False)
    known = owner.get("/organisation")
    for words in (known["name"], known["number"], owner.card(card)["rnm"], owner.card(card)["serial"]):
        ctx.check_that(words in told, words, told, "form")
    ctx.check_that(answer.sign in told, answer.sign, told, "form")
    for kind, begins in (("pdf", b"%PDF-"), ("png", b"\x89PNG\r\n")):
        file = owner.send("GET", f"{way}/{kind}")
        ctx.check((200, begins), (file.status, file.content[: len(begins)]), f"{kind} file")
    unknown(ctx, owner.send("GET", f"/cards/{card}/documents/999999"), clause="S-15.10")


def _made(ctx: Context, owner: Owner, card: int, **body: object) -> zipfile.ZipFile:
    """An archive that was asked for and has been taken: its file may be sent while it is still being made."""
    key = owner.send("POST", f"/cards/{card}/archives", body).demand()["key"]
    told = owner.send("GET", f"/cards/{card}/archives/{key}/file")
    ctx.check(200, told.status, "HTTP status of the file")
    try:
        return zipfile.ZipFile(io.BytesIO(told.content))
    except zipfile.BadZipFile:
        ctx.fail(f"the archive is no ZIP of {len(told.content)} bytes")


@case(
    "kz.portal.archive.download",
    target=KIND,
    clauses=["S-15.10"],
    requirements=[*LIST, *Z],
    needs=ALL,
    description="«Скачать» on transactions with a filter, and on Z reports with one.",
    expectation="The transactions are those of the filter; the Z reports are all that there are; sums are "
    "the judge's to the tiyn.",
)
def download(ctx: Context) -> None:
    """ZIP, inside as asked."""
    card, _, booked = two_shifts(ctx)
    owner = ctx.portal.owner
    with _made(ctx, owner, card, table="transactions", formats=["json"], shift=1) as archive:
        names = archive.namelist()
        told = b"".join(archive.read(name) for name in names).decode("utf-8", "replace")
    ctx.check_that(any(name.endswith(".json") for name in names), "a JSON file", names, "files")
    ctx.check_that("42000" in told, "42000 tiyn of shift 1", told, "transactions")
    with _made(ctx, owner, card, table="z-reports", formats=["json"], shift=1) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".json") and "archive" not in name]
        content = [json.loads(archive.read(name)) for name in tables]
    held = content[0] if isinstance(content[0], list) else content[0].get("rows", content[0])
    ctx.check(len(booked), len(held), "Z reports in the archive", clause="S-15.10")


@case(
    "kz.portal.archive.wrong-download",
    target=KIND,
    clauses=["S-15.10"],
    requirements=LIST,
    needs=WIRE,
    description="«Скачать» is asked for a table and a format that there are not, and for a stranger's key.",
    expectation="The field is named; of the archive of another organisation nobody learns.",
)
def wrong_download(ctx: Context) -> None:
    """Nothing is made."""
    owner, other = ctx.portal.owner, ctx.portal.other
    card = owner.ready()
    way = f"/cards/{card}/archives"
    wrong(ctx, owner.send("POST", way, {"table": "everything"}), "table")
    wrong(ctx, owner.send("POST", way, {"table": "transactions", "formats": ["exe"]}), "formats")
    ctx.check([], owner.get(way), "archives")
    key = owner.send("POST", way, {"table": "transactions", "formats": ["json"]}).demand()["key"]
    for method, path in (("GET", ""), ("GET", f"/{key}"), ("GET", f"/{key}/file"), ("DELETE", f"/{key}")):
        unknown(ctx, other.send(method, way + path))
    ctx.check(key, owner.get(f"{way}/{key}")["key"], "archive")
