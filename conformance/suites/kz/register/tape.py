"""The paper: TEST first, the requisites, the autonomous mark, and an address that the check page reads
(kz-ofd §13).
"""

from __future__ import annotations

from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json, Pressed
from conformance.drivers.kz_register import item, sale
from conformance.suites.kz.register.till import BY_KEYS, KEYS, NEEDS, done, offline, queued, sell
from reference.protocol.kz.errors import AddressError
from reference.protocol.kz.signs import QrFields, parse_qr_address

TEST: Final = "TEST"
AUTONOMOUS: Final = "АВТОНОМ"
WIDTHS: Final = (32, 48)


def paper(ctx: Context, pressed: Pressed, width: int = 48) -> list[str]:
    """The lines of a document's paper."""
    return ctx.register.keys.tape(int(pressed.told("number")), width).splitlines()


def address(ctx: Context, pressed: Pressed) -> QrFields:
    """What the QR address of a document says."""
    text = str(pressed.told("qr"))
    try:
        return parse_qr_address(text)
    except AddressError as error:
        ctx.fail(f"the QR address {text!r} cannot be read: {error}", clause="KZ-S-13.3")


def holds(ctx: Context, lines: list[str], wanted: str, what: str, *, clause: str = "KZ-S-13.5") -> None:
    """The paper shows this text somewhere."""
    whole = "\n".join(lines)
    ctx.check_that(wanted in whole, wanted, whole, what, clause=clause)


@family(
    "kz.register.tape.test-mark.{key}",
    rows={key: KEYS[key] for key in ("sell", "deposit", "x", "z")},
    target="register-kz",
    clauses=["KZ-ID-03"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="The paper of a {key} is printed.",
    expectation="The first line bears the word TEST.",
)
def test_mark(ctx: Context, order: Json) -> None:
    """First to be read."""
    register = ctx.register
    register.ready()
    sell(ctx)
    key = next(name for name, value in KEYS.items() if value is order)
    lines = paper(ctx, done(ctx, register.press(key, order)))
    first = next((line for line in lines if line.strip()), "")
    ctx.check_that(TEST in first, TEST, first, "first line")


@case(
    "kz.register.tape.requisites",
    target="register-kz",
    clauses=["KZ-S-13.5"],
    requirements=["KZ-PRT-02", "KZ-PRT-05"],
    needs=BY_KEYS,
    description="A sale of two lines with change is printed.",
    expectation="Organisation, BIN, shift, number, cashier, lines, sums, change, tax, sign, time, address, "
    "device ID, RNM and serial number stand on the paper.",
)
def requisites(ctx: Context) -> None:
    """The order of a real bilingual sample."""
    stand = ctx.register.ready()
    order = sale(348_50, item(420_00, "Нан", quantity="0.500"), item(138_50, "Сүт", vat=None), taken=400_00)
    pressed = done(ctx, ctx.register.press("sell", order))
    lines = paper(ctx, pressed)
    held = stand.books.registration
    for what, text in {
        "organisation": held.org_title,
        "BIN": held.org_inn,
        "first line of the sale": "Нан",
        "second line of the sale": "Сүт",
        "sum of the first line": "210.00",
        "sum of the second line": "138.50",
        "total": "348.50",
        "cash taken": "400.00",
        "change": "51.50",
        "tax": "22.50",
        "fiscal sign": str(pressed.told("sign")),
        "address": held.pos_address,
        "device ID": str(stand.books.device_id),
        "RNM": held.rnm,
        "serial number": held.serial,
    }.items():
        holds(ctx, lines, text, what)
    ctx.check(False, any(AUTONOMOUS in line.upper() for line in lines), "autonomous mark on an online paper")


@case(
    "kz.register.tape.online-address",
    target="register-kz",
    clauses=["KZ-QR-01", "KZ-QR-02", "KZ-QR-03", "KZ-QR-04", "KZ-QR-05", "KZ-S-13.1"],
    requirements=["KZ-PRT-05"],
    needs=BY_KEYS,
    description="A sale is made online.",
    expectation="Sign and address are those of the OFD's answer.",
)
def online_address(ctx: Context) -> None:
    """The KKM computes nothing."""
    stand = ctx.register.ready()
    pressed = sell(ctx, 123_45)
    sign = stand.books.booked[-1].sign
    ctx.check(sign, str(pressed.told("sign")), "sign", clause="KZ-S-13.1")
    found = address(ctx, pressed)
    told = (found.sign, found.rnm, found.total, found.time.isoformat())
    ctx.check(
        (sign, stand.books.registration.rnm, 123_45, pressed.told("time")),
        told,
        "QR address",
        clause="KZ-QR-02",
    )


@case(
    "kz.register.tape.autonomous",
    target="register-kz",
    clauses=["KZ-QR-02", "KZ-QR-03", "KZ-QR-04", "KZ-QR-05", "KZ-OQ-2", "KZ-S-13.5"],
    requirements=["KZ-PRT-05", "KZ-OFF-01"],
    needs=NEEDS,
    description="A sale is made offline.",
    expectation="The paper says that it is autonomous; the address holds the offline number, RNM, total "
    "and time.",
)
def autonomous(ctx: Context) -> None:
    """A check page must be able to find it later."""
    offline(ctx)
    register = ctx.register
    pressed = queued(ctx, register.press("sell", sale(77_70)))
    holds(
        ctx, [line.upper() for line in paper(ctx, pressed)], AUTONOMOUS, "autonomous mark", clause="KZ-OQ-2"
    )
    found = address(ctx, pressed)
    rnm = register.stand.books.registration.rnm
    told = (found.sign, found.rnm, found.total, found.time.isoformat())
    ctx.check((str(pressed.told("offline_number")), rnm, 77_70, pressed.told("time")), told, "QR address")


@case(
    "kz.register.tape.autonomous-in-flight",
    target="register-kz",
    clauses=["KZ-OQ-2", "KZ-OQ-3", "KZ-S-13.5"],
    requirements=["KZ-PRT-05", "KZ-OFF-01"],
    needs=NEEDS,
    description="The line breaks over a sale.",
    expectation="Its paper is an autonomous one; after the delivery a copy shows the OFD's sign as well.",
)
def in_flight(ctx: Context) -> None:
    """Both names of the same ticket."""
    pressed = offline(ctx)
    register = ctx.register
    before = paper(ctx, pressed)
    holds(ctx, [line.upper() for line in before], AUTONOMOUS, "autonomous mark", clause="KZ-OQ-2")
    holds(ctx, before, str(pressed.told("offline_number")), "offline number")
    register.find_line()
    after = paper(ctx, pressed)
    holds(ctx, after, str(pressed.told("offline_number")), "offline number on the copy")
    ctx.should(
        register.stand.books.booked[0].sign in "\n".join(after),
        "the OFD's sign",
        "\n".join(after),
        "the copy after the delivery",
    )


@family(
    "kz.register.tape.width-{key}",
    rows={str(width): width for width in WIDTHS},
    target="register-kz",
    clauses=["KZ-S-13.5"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="A sale with long names and large sums is printed {key} columns wide, and a Z.",
    expectation="No line is longer; no name, sum or sign is lost.",
)
def width(ctx: Context, columns: int) -> None:
    """Paper of 58 and 80 mm."""
    register = ctx.register
    register.ready()
    name = "Құрылысқа арналған әмбебап құрғақ қоспа «Сапа» 25 кг"
    order = sale(9_999_999_99, item(9_999_999_99, name, vat=None))
    pressed = done(ctx, register.press("sell", order))
    lines = paper(ctx, pressed, columns)
    closing = paper(ctx, done(ctx, register.press("z", {"withdraw": False})), columns)
    longest = max(len(line) for line in (*lines, *closing))
    ctx.check_that(longest <= columns, f"at most {columns}", longest, "columns of the longest line")
    joined = "".join(line.strip() for line in lines).replace(" ", "")
    ctx.check_that(name.replace(" ", "") in joined, name, "\n".join(lines), "name of the goods")
    holds(ctx, lines, str(pressed.told("sign")), "sign")
    ctx.check_that("9999999.99" in joined, "9999999.99", "\n".join(lines), "sum")


@case(
    "kz.register.tape.report",
    target="register-kz",
    clauses=["KZ-S-13.5", "KZ-CM-2", "KZ-ZR-15"],
    requirements=["KZ-PRT-02", "KZ-NNT-01"],
    needs=NEEDS,
    description="A shift with a sale, a purchase and a deposit is closed and its Z printed.",
    expectation="Shift, cash, revenue and non-nullable sums of the Z stand on the paper.",
)
def report(ctx: Context) -> None:
    """What the tax body asks for first."""
    register = ctx.register
    register.ready()
    done(ctx, register.press("deposit", {"sum": 1_000_00}))
    sell(ctx, 345_67)
    done(ctx, register.press("buy", sale(45_60)))
    lines = paper(ctx, done(ctx, register.press("z", {"withdraw": False})))
    for what, text in {
        "cash": "1300.07",
        "revenue": "300.07",
        "sales": "345.67",
        "purchases": "45.60",
    }.items():
        holds(ctx, lines, text, what)


@case(
    "kz.register.tape.lab-address",
    target="register-kz",
    clauses=["KZ-ID-04"],
    requirements=["KZ-PRT-05"],
    needs=NEEDS,
    description="An autonomous sale is made by a register told the lab's check page.",
    expectation="The address begins with it, and no live host stands on the paper.",
)
def lab_address(ctx: Context) -> None:
    """No paper of the lab leads to a real service."""
    offline(ctx, check_url="http://127.0.0.1:7778/")
    pressed = queued(ctx, ctx.register.press("sell", sale()))
    text = str(pressed.told("qr"))
    ctx.check_that(text.startswith("http://127.0.0.1:7778/"), "http://127.0.0.1:7778/…", text, "QR address")
    whole = "\n".join(paper(ctx, pressed))
    live = [host for host in ("oofd.kz", "kofd.kz", "wofd.kz", "gov.kz") if host in whole]
    ctx.check([], live, "live hosts on the paper")
