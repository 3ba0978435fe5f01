"""Every result code as the answer to a new document, and what the register does then (kz-ofd §5.2, §6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_register import DEFAULT_VERSION, sale
from conformance.drivers.ofd_orders import accept, refuse
from conformance.suites.kz.register.till import (
    BY_KEYS,
    COMMAND_OF,
    KEYS,
    NEEDS,
    done,
    held,
    in_mode,
    names,
    nothing_sent,
    queued,
    repeats,
    sell,
    stays,
    ticket_of,
    turned_away,
)

NOT_AGAIN: Final = {
    1: "HALTED",
    2: "TOKEN_INVALID",
    3: "HALTED",
    4: "HALTED",
    5: "HALTED",
    6: "HALTED",
    10: "ONLINE",
    12: "ONLINE",
    13: "ONLINE",
    14: "ONLINE",
    15: "SERVER_BLOCKED",
    16: "ONLINE",
    17: "ONLINE",
}
"""Mode after a code that refuses the document for good."""
MARK: Final = "Мәтін TEST №"


def _mode_row(mode: str, code: int) -> str:
    if mode == "SERVER_BLOCKED":
        return "KZ-MD-04"
    if mode == "TOKEN_INVALID":
        return "KZ-MD-05"
    return "KZ-MD-06" if code in (1, 3, 4, 5, 6) else "KZ-MD-07"


@dataclass(frozen=True, slots=True)
class Row:
    """An answer to a new document: the key that makes it, the version spoken, the code, the mode after it."""

    key: str
    code: int
    mode: str
    version: int = 203


def _rows() -> Iterator[tuple[str, Row]]:
    for code, mode in NOT_AGAIN.items():
        yield f"{code}-sell", Row("sell", code, mode)
    for code in (1, 2, 3, 13, 15):
        for key in ("deposit", "x", "z"):
            yield f"{code}-{key}", Row(key, code, NOT_AGAIN[code])
    yield "18-sell-203", Row("sell", 18, "ONLINE", 203)
    yield "18-sell-204", Row("sell", 18, "SERVER_BLOCKED", 204)
    yield "19-sell-204", Row("sell", 19, "SERVER_BLOCKED", 204)
    yield "17-sell-202", Row("sell", 17, "ONLINE", 202)
    yield "15-sell-124", Row("sell", 15, "SERVER_BLOCKED", 124)


@family(
    "kz.register.code.{key}",
    rows=dict(_rows()),
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row.code}", _mode_row(row.mode, row.code)],
    requirements=["KZ-PRT-04"],
    needs=lambda row: BY_KEYS if row.mode == "ONLINE" and row.version == DEFAULT_VERSION else NEEDS,
    description="A new document is answered with that code and a text: {key}.",
    expectation=lambda row: (
        f"No document; code and text are shown, it is not sent again, and the register is "
        f"{row.mode}; where that is ONLINE the next sale has the next REQNUM."
    ),
)
def code_for_new(ctx: Context, row: Row) -> None:
    """Column «new document» of the table of codes."""
    register = ctx.register
    stand = register.ready(version=row.version)
    sell(ctx, 500_00)
    stand.rest()
    before = register.state()
    text = f"{MARK}{row.code}"
    stand.order(refuse(row.code, text).only(COMMAND_OF[row.key]))
    pressed = turned_away(ctx, register.press(row.key, KEYS[row.key]), code=row.code)
    ctx.check_that(text in pressed.text, text, pressed.text, "what the register shows")
    ctx.check(1, len(stand.rest()), "requests")
    stays(ctx, row.mode)
    ctx.check(0, held(ctx), "documents kept")
    nothing_sent(ctx)
    after = register.state()
    for what in ("cash", "non_nullable", "shift.number"):
        ctx.check(before.told(what), after.told(what), what, clause=f"KZ-RC-{row.code}")
    if row.mode == "ONLINE":
        sell(ctx)
        ctx.check("D6", stand.next().row, "row of §4.2 of the next sale", clause="KZ-TK-1")


@family(
    "kz.register.code.{key}",
    rows={
        f"{code}-repeated-{key}": (code, key) for code in (254, 255) for key in ("sell", "deposit", "x", "z")
    },
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row[0]}", "KZ-MD-03", "KZ-TK-2"],
    requirements=["KZ-PRT-03", "KZ-PRT-04"],
    needs=NEEDS,
    description="A new document is answered with 254 or 255, its repeat with 0: {key}.",
    expectation="The repeat has the same TOKEN and REQNUM; the document is done online.",
)
def unavailable(ctx: Context, row: tuple[int, str]) -> None:
    """As if nothing had come."""
    code, key = row
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    stand.rest()
    stand.order(refuse(code))
    pressed = register.outlast(register.pressing(key, KEYS[key]))
    done(ctx, pressed)
    first, again = stand.rest()
    repeats(ctx, first, again)
    in_mode(ctx, "ONLINE")


@family(
    "kz.register.code.{key}",
    rows={"254-to-the-end": 254, "255-to-the-end": 255},
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row}", "KZ-MD-03", "KZ-OQ-1"],
    requirements=["KZ-PRT-04", "KZ-OFF-01"],
    needs=NEEDS,
    description="A sale is answered with {key} of the transaction time.",
    expectation="The same pair is repeated, then the sale is autonomous and the register OFFLINE.",
)
def unavailable_for_long(ctx: Context, code: int) -> None:
    """Silence, break, 254 and 255 all count together."""
    register = ctx.register
    stand = register.ready()
    with stand.always(refuse(code)):
        pressed = register.outlast(register.pressing("sell", sale()))
    queued(ctx, pressed, clause="KZ-OQ-1")
    in_mode(ctx, "OFFLINE")
    tries = stand.rest()
    ctx.check(1, len({(seen.name, seen.pair) for seen in tries}), "different packets sent", clause="KZ-TK-2")
    ctx.check_that(len(tries) > 1, "more than one", len(tries), "attempts", clause="KZ-MD-03")


@case(
    "kz.register.code.7-goes-offline",
    target="register-kz",
    clauses=["KZ-RC-7", "KZ-MD-03"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="A sale is answered with 7.",
    expectation="It is not repeated: the sale is autonomous at once, the register OFFLINE.",
)
def no_protection(ctx: Context) -> None:
    """7 is a lost line that repeating does not mend."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(7))
    queued(ctx, register.outlast(register.pressing("sell", sale())), clause="KZ-RC-7")
    in_mode(ctx, "OFFLINE")
    ctx.check(["TICKET"], names(stand.rest()), "requests", clause="KZ-RC-7")


@family(
    "kz.register.code.{key}",
    rows={"8-once": 8, "9-once": 9},
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row}", "KZ-MD-07"],
    requirements=["KZ-PRT-03", "KZ-PRT-04"],
    needs=NEEDS,
    description="A sale is refused {key}; the OFD takes the next try.",
    expectation="It comes again with the next REQNUM and is done; nothing stands twice.",
)
def number_refused(ctx: Context, code: int) -> None:
    """Try once more with a fresh number."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(code))
    done(ctx, register.outlast(register.pressing("sell", sale())))
    first, again = stand.rest()
    ctx.check(first.header.reqnum + 1, again.header.reqnum, "REQNUM of the second try", clause="KZ-TK-1")
    ctx.check(first.document, again.document, "the ticket")
    ctx.check(1, len(stand.books.booked), "tickets in the OFD", clause="KZ-TK-D6")
    in_mode(ctx, "ONLINE")


@family(
    "kz.register.code.{key}",
    rows={"8-twice": 8, "9-twice": 9},
    target="register-kz",
    clauses=lambda row: [f"KZ-RC-{row}", "KZ-MD-07"],
    requirements=["KZ-PRT-03", "KZ-PRT-04"],
    needs=NEEDS,
    description="A sale is refused {key}.",
    expectation="No third try: the sale is dropped, the register HALTED.",
)
def number_refused_twice(ctx: Context, code: int) -> None:
    """Somebody has to look at it."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(code), refuse(code))
    turned_away(ctx, register.outlast(register.pressing("sell", sale())), code=code)
    in_mode(ctx, "HALTED")
    ctx.check(["TICKET", "TICKET"], names(stand.rest()), "requests")
    nothing_sent(ctx)


@case(
    "kz.register.code.11-close-and-sell",
    target="register-kz",
    clauses=["KZ-RC-11", "KZ-MD-07", "KZ-H24-05"],
    requirements=["KZ-SHF-01", "KZ-PRT-04"],
    needs=NEEDS,
    description="A sale is answered with 11; the shift is closed, and the sale made again.",
    expectation="Nothing was sold at first; the closing is done, and the sale is a new document of the "
    "next shift.",
)
def shift_expired(ctx: Context) -> None:
    """The OFD's clock decides, whatever the register's says."""
    register = ctx.register
    stand = register.ready()
    sell(ctx)
    stand.order(refuse(11).only(COMMAND_OF["sell"]))
    turned_away(ctx, register.press("sell", sale(300_00)), code=11)
    in_mode(ctx, "ONLINE")
    stand.rest()
    done(ctx, register.press("z", {"withdraw": False}))
    sell(ctx, 300_00)
    closing, ticket = stand.rest()
    ctx.check(["CLOSE_SHIFT", "TICKET"], names([closing, ticket]), "requests")
    ctx.check(2, ticket_of(ctx, ticket).shift_number, "shift of the sale", clause="KZ-ZR-2")


@family(
    "kz.register.code.unknown-{key}",
    rows={"20": 20, "42": 42, "253": 253, "1000": 1000},
    target="register-kz",
    clauses=["KZ-RC-255"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="A sale is answered with {key}, a code that no table has; then the OFD answers well.",
    expectation="Nothing is lost: the sale is in the OFD once, or it was refused and is not.",
)
def unknown_code(ctx: Context, code: int) -> None:
    """A register must react to anything."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(code))
    pressed = register.outlast(register.pressing("sell", sale()))
    if pressed.outcome == "queued":
        register.find_line()
    booked = [each for each in stand.books.booked if each.command == COMMAND_OF["sell"]]
    wanted = 0 if pressed.refused else 1
    ctx.check(wanted, len(booked), f"tickets in the OFD after a sale that was {pressed.outcome}")


@case(
    "kz.register.code.refusal-without-text",
    target="register-kz",
    clauses=["KZ-RC-13"],
    requirements=["KZ-PRT-04"],
    needs=BY_KEYS,
    description="A sale is refused with 13 and no result_text.",
    expectation="The register shows a sentence of its own, and works on.",
)
def without_text(ctx: Context) -> None:
    """One known client dereferences it without a check."""
    register = ctx.register
    stand = register.ready()
    stand.order(refuse(13, fill=lambda response: response.result.ClearField("result_text")))
    turned_away(ctx, register.press("sell", sale()), code=13)
    sell(ctx)


@case(
    "kz.register.code.refusal-with-new-token",
    target="register-kz",
    clauses=["KZ-TK-1", "KZ-TP-4"],
    requirements=["KZ-PRT-03", "KZ-TOK-01"],
    needs=BY_KEYS,
    description="A sale is refused with 13 in an answer whose TOKEN is new; the OFD takes that one from "
    "now on.",
    expectation="The next sale shows the new TOKEN.",
)
def token_in_refusal(ctx: Context) -> None:
    """A changed TOKEN in an answer is stored at once, from refusals too."""
    register = ctx.register
    stand = register.ready()
    token = stand.books.issued ^ 0x5A5A
    stand.order(refuse(13, token=token))
    turned_away(ctx, register.press("sell", sale()), code=13)
    stand.books.issue(token)
    stand.rest()
    sell(ctx)
    ctx.check(token, stand.next().header.token, "TOKEN of the next sale")


@case(
    "kz.register.code.correct-and-send-anew",
    target="register-kz",
    clauses=["KZ-RC-17", "KZ-MD-07"],
    requirements=["KZ-PRT-04"],
    needs=NEEDS,
    description="A sale to the register's own organisation is refused with 17, then made with another IIN.",
    expectation="The first is dropped, the second is a new document with the next REQNUM and is done.",
)
def correct_and_send(ctx: Context) -> None:
    """Show, correct, send anew."""
    register = ctx.register
    stand = register.ready()
    own = stand.books.registration.org_inn
    stand.order(refuse(17), accept())
    refused = register.press("sell", sale(customer_iin=own))
    ctx.check("refused", refused.outcome, f"outcome ({refused.shown})")
    stand.rest()
    stand.forget_orders()
    done(ctx, register.press("sell", sale(customer_iin="900101300123")))
    ctx.check("D6", stand.next().row, "row of §4.2", clause="KZ-TK-1")
