"""Keys that make no sale: login, goods, cancelling, QR payments (kz-ofd §3.6 to §3.9)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import sale
from conformance.drivers.ofd_orders import accept, refuse
from conformance.suites.kz.register.till import NEEDS, done, in_mode, nothing_sent, sell, turned_away
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.envelope import set_enum_number
from reference.protocol.kz.money import to_tiyn


@family(
    "kz.register.service.login-wrong-{key}",
    rows={"124": (124, 12), "202": (202, 1), "203": (203, 1), "204": (204, 1)},
    target="register-kz",
    clauses=["KZ-CM-8", "KZ-S-3.6"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="In version {key} a cashier logs in with a wrong password, which a nested result says; "
    "then rightly.",
    expectation="Refused and shown, then done; the register sells all the while.",
)
def login(ctx: Context, row: tuple[int, int]) -> None:
    """Response.result is 0 and auth.result is not."""
    version, wrong = row
    register = ctx.register
    stand = register.ready(version=version)

    def nested(response: Any) -> None:
        set_enum_number(response.auth, "result", wrong)

    stand.order(accept(fill=nested).only(Command.AUTH))
    pressed = register.press("auth", {"login": "kassir", "password": "Kassir-2"})
    ctx.check("refused", pressed.outcome, f"outcome of a wrong login ({pressed.shown})")
    request = stand.next("AUTH").message.auth
    ctx.check(("kassir", "Kassir-2"), (request.login, request.password), "login and password sent")
    done(ctx, register.press("auth", {"login": "kassir", "password": "Kassir-1"}))
    sell(ctx)


@case(
    "kz.register.service.login-code-12",
    target="register-kz",
    clauses=["KZ-RC-12", "KZ-S-3.6"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="A login is answered with the deprecated code 12.",
    expectation="Refused and shown; the register is ONLINE and sells.",
)
def login_12(ctx: Context) -> None:
    """Deprecated is not forbidden."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(12).only(Command.AUTH))
    turned_away(ctx, register.press("auth", {"login": "a", "password": "b"}), code=12)
    in_mode(ctx, "ONLINE")
    sell(ctx)


@case(
    "kz.register.service.goods-version",
    target="register-kz",
    clauses=["KZ-CM-4", "KZ-NO-01", "KZ-NO-02"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="Goods are asked for: the OFD gives version 8 with one element; they are asked for again.",
    expectation="The first request holds version 0, the second 8.",
)
def goods(ctx: Context) -> None:
    """0 says that nothing is loaded."""
    register = ctx.register
    stand = register.ready()

    def whole(response: Any) -> None:
        set_enum_number(response.nomenclature, "result", 0)
        response.nomenclature.version = 8
        response.nomenclature.elements.add(id=1, title="Нан TEST")

    stand.order(accept(fill=whole).only(Command.NOMENCLATURE))
    done(ctx, register.press("nomenclature"))
    done(ctx, register.press("nomenclature"))
    asked = [seen.message.nomenclature.current_version for seen in stand.rest()]
    ctx.check([0, 8], asked, "versions asked with")
    sell(ctx)


@case(
    "kz.register.service.goods-by-barcode",
    target="register-kz",
    clauses=["KZ-NO-04", "KZ-NO-05", "KZ-RC-18"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="In 2.0.3 one of the goods is asked for by its barcode; the OFD answers 18.",
    expectation="The barcode is sent; «not found» is shown, and the register stays ONLINE.",
)
def barcode(ctx: Context) -> None:
    """18 is no block in 2.0.3."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(18).only(Command.NOMENCLATURE))
    turned_away(ctx, register.press("nomenclature", {"barcode": "4870001234567"}), code=18)
    ctx.check("4870001234567", stand.next().message.nomenclature.barcode, "barcode sent")
    in_mode(ctx, "ONLINE")
    sell(ctx)


@family(
    "kz.register.service.cancel-{key}",
    rows={"124": 124, "202": 202},
    target="register-kz",
    clauses=["KZ-CM-7", "KZ-S-3.8", "KZ-RC-10"],
    requirements=["KZ-PRT-02", "KZ-PRT-04"],
    needs=NEEDS,
    description="In version {key} a ticket is cancelled, and then once more.",
    expectation="The first takes its money back out of the drawer; the second, refused with 10 if it is "
    "sent, changes nothing.",
)
def cancel(ctx: Context, version: int) -> None:
    """Only the last ticket, and only once."""
    register = ctx.register
    stand = register.ready(version=version)
    sell(ctx, 100_00)
    sell(ctx, 50_00)
    done(ctx, register.press("cancel"))
    ctx.check(100_00, register.state().told("cash"), "cash after the cancelling", clause="KZ-S-3.8")
    stand.order(refuse(10).only(Command.CANCEL_TICKET))
    again = register.press("cancel")
    ctx.check("refused", again.outcome, f"outcome of a second cancelling ({again.shown})")
    ctx.check(100_00, register.state().told("cash"), "cash afterwards", clause="KZ-RC-10")
    stand.forget_orders()
    in_mode(ctx, "ONLINE")
    sell(ctx)


@family(
    "kz.register.service.not-in-{key}",
    rows={
        "cancel-203": ("cancel", 203, {}),
        "cancel-204": ("cancel", 204, {}),
        "qr-203": ("qr", 203, {"sum": 100_00}),
        "qr-124": ("qr", 124, {"sum": 100_00}),
    },
    target="register-kz",
    clauses=["KZ-S-3.1"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="A key is pressed whose command that version does not have: {key}.",
    expectation="The register refuses it by itself, and nothing is sent.",
)
def not_in_version(ctx: Context, row: tuple[str, int, dict[str, int]]) -> None:
    """The OFD would answer 4 or 5, and that halts a register."""
    key, version, order = row
    register = ctx.register
    register.ready(version=version)
    sell(ctx)
    register.stand.rest()
    turned_away(ctx, register.press(key, order))
    nothing_sent(ctx)
    in_mode(ctx, "ONLINE")


@case(
    "kz.register.service.qr-payment",
    target="register-kz",
    clauses=["KZ-CM-100", "KZ-CM-101", "KZ-S-3.9"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="In 2.0.4 a QR payment of 321.09 is made, and its state asked for by its invoice.",
    expectation="QR_GENERATE with invoice and amount, QR_GET_STATUS with the invoice; the token stays.",
)
def qr_payment(ctx: Context) -> None:
    """No sale, and no document."""
    register = ctx.register
    stand = register.ready(version=204)
    done(ctx, register.press("qr", {"sum": 321_09, "invoice": 77}))
    done(ctx, register.press("qr", {"invoice": 77}))
    made, asked = stand.rest()
    ctx.check(["QR_GENERATE", "QR_GET_STATUS"], [made.name, asked.name], "commands")
    ctx.check(
        (77, 321_09), (made.message.qr.invoice_id, to_tiyn(made.message.qr.amount)), "invoice and amount"
    )
    ctx.check(77, asked.message.qr.invoice_id, "invoice asked for")
    ctx.check(made.header.token, asked.header.token, "TOKEN", clause="KZ-TK-1")


@case(
    "kz.register.service.registration-taken",
    target="register-kz",
    clauses=["KZ-IN-03", "KZ-SV-01", "KZ-SV-03"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="INFO tells another outlet address and RNM than the register was set up with; a sale is "
    "made.",
    expectation="The next request says the RNM that INFO told.",
)
def registration(ctx: Context) -> None:
    """After a re-registration the register learns it here."""
    register = ctx.register
    stand = register.ready(rnm="600400119999")
    sell(ctx)
    told = stand.next().message.service.reg_info.kkm.fns_kkm_id
    ctx.check(stand.books.registration.rnm, told, "RNM it tells")


@family(
    "kz.register.service.while-{key}",
    rows={"offline": False, "queue-waits": True},
    target="register-kz",
    clauses=["KZ-TP-1", "KZ-OQ-4"],
    requirements=["KZ-PRT-03"],
    needs=NEEDS,
    description="Goods are asked for while a packet is in flight, or while the queue waits: {key}.",
    expectation="Nothing is sent before the packet in flight; everything held is delivered once.",
)
def while_held(ctx: Context, queue: bool) -> None:
    """A service command with the old token would be refused with 2."""
    register = ctx.register
    register.ready()
    register.lose_line()
    if queue:
        register.press("sell", sale(2_00))
    stand = register.stand
    stand.open()
    register.outlast(register.pressing("nomenclature"), seconds=90)
    register.recover()
    first = next(seen.name for seen in stand.seen if seen.name != "INFO")
    ctx.check("TICKET", first, "first request after the spell")
    ctx.check(1 + queue, len(stand.books.booked), "tickets in the OFD")
    ctx.check([], [seen.code for seen in stand.seen if seen.code], "codes other than 0")
