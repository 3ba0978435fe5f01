"""Refunds: which receipt they name, and who confirms it (uz-fiscal G2-S-04, §8.7, §11.7)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive import DriveDriver, Registered
from conformance.suites.uz.drive.trade import (
    Json,
    OperatorView,
    accepted,
    begin,
    held_by,
    ready,
    refused,
    still,
    still_sells,
    unchanged,
)

REFUND: Json = {"Operation": 1}
UNREACHABLE = "cannot check RefundInfo: no connection with OFD"
NOT_VALID = "RefundInfo is not valid"
_TOO_MUCH = {
    "Cash": "9035 - NOT_ENOUGH_SUM_FOR_REFUND",
    "Card": "9035 - NOT_ENOUGH_SUM_FOR_REFUND",
    "VAT": "9037 - NOT_ENOUGH_VAT_FOR_REFUND",
}


def info_of(sold: Registered) -> Json:
    """RefundInfo that names a registered receipt by the answer of its registration (HB-18)."""
    answer = sold.answer
    digits = "".join(character for character in answer["DateTime"] if character.isdigit())
    return {
        "TerminalID": answer["TerminalID"],
        "ReceiptSeq": answer["ReceiptSeq"],
        "DateTime": digits,
        "FiscalSign": answer["FiscalSign"] or "0" * 12,
    }


def sold_and_acknowledged(ctx: Context, drive: DriveDriver, **fields: Any) -> Registered:
    """A sale that the operator knows."""
    with ctx.preparing("a sale the operator has acknowledged"):
        sold = drive.sell(**fields)
        drive.send_all()
        return sold


def operator_away(ctx: Context) -> None:
    """No address of the operator can be reached until the case is over (needs `control`)."""
    ctx.control.add_fault("operator.connect", "refuse", count=None)


@case(
    "uz.drive.refund.good",
    target="drive",
    clauses=["G2-S-04", "RC-10", "HB-18", "ZR-06"],
    requirements=["UZ-POS-03", "UZ-SHF-03"],
    needs=["card"],
    description="A sale that the operator knows is refunded by the answer of its registration.",
    expectation="The refund is registered with a sign and counted on the refund side alone.",
)
def good(ctx: Context) -> None:
    """Cash, card and VAT are each counted apart."""
    drive = still(ctx, "fresh")
    sold = sold_and_acknowledged(ctx, drive, cash=60_000, card=40_000)
    before = drive.memory()
    refund = drive.sell(cash=60_000, card=40_000, **REFUND, RefundInfo=info_of(sold))
    ctx.check(12, len(refund.answer["FiscalSign"]), "length of the sign")
    seen = drive.receipt_info().demand().json
    ctx.check(("Purchase", "Refund"), (seen["ReceiptType"], seen["OperationType"]), "kind")
    shift = drive.shift()
    ctx.check(
        (1, 1), (shift["TotalSaleCount"], shift["TotalRefundCount"]), "counts of the shift", clause="ZR-06"
    )
    vat = refund.receipt["Items"][0]["VAT"]
    for name, amount in (("Cash", 60_000), ("Card", 40_000), ("VAT", vat)):
        ctx.check({"Sale": amount, "Refund": amount}, shift[f"Total{name}"], f"Total{name}", clause="ZR-06")
        account = before[f"{name}Accomulator"]
        expected = {**account, "Refund": account["Refund"] + amount}
        ctx.check(expected, drive.memory()[f"{name}Accomulator"], f"{name}Accomulator", clause="ZR-10")


@case(
    "uz.drive.refund.number-as-text",
    target="drive",
    clauses=["S-4.4", "RC-10"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="RefundInfo carries ReceiptSeq as a text, as older clients send it.",
    expectation="The refund is registered.",
)
def number_as_text(ctx: Context) -> None:
    """The first generation had the number as text."""
    drive = ready(ctx)
    sold = sold_and_acknowledged(ctx, drive)
    info = info_of(sold)
    drive.sell(**REFUND, RefundInfo={**info, "ReceiptSeq": str(info["ReceiptSeq"])})


@case(
    "uz.drive.refund.without-info",
    target="drive",
    clauses=["RC-10"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="Refunds without RefundInfo, and with null for it, go to GetTXID.",
    expectation="400 `RefundInfo is undefined`.",
)
def without_info(ctx: Context) -> None:
    """A refund that names nothing."""
    drive = ready(ctx)
    with unchanged(ctx):
        receipt = drive.receipt(**REFUND)
        for each in (receipt, {**receipt, "RefundInfo": None}):
            refused(ctx, drive.get_txid(each), 400, "RefundInfo is undefined")


MALFORMED: dict[str, tuple[str, object]] = {
    "terminal-short": ("TerminalID", "ZZ00000000000"),
    "terminal-long": ("TerminalID", "ZZ0000000000000"),
    "terminal-digits": ("TerminalID", "12000000000000"),
    "terminal-missing": ("TerminalID", None),
    "number-zero": ("ReceiptSeq", 0),
    "number-negative": ("ReceiptSeq", -1),
    "number-word": ("ReceiptSeq", "one"),
    "number-missing": ("ReceiptSeq", None),
    "time-dashes": ("DateTime", "2026-07-01 09:00:01"),
    "time-short": ("DateTime", "2026070109000"),
    "time-impossible": ("DateTime", "20260231090001"),
    "time-missing": ("DateTime", None),
    "sign-short": ("FiscalSign", "27136882900"),
    "sign-long": ("FiscalSign", "2713688290080"),
    "sign-letters": ("FiscalSign", "27136882900x"),
    "sign-missing": ("FiscalSign", None),
}


@family(
    "uz.drive.refund.malformed.{key}",
    rows=MALFORMED,
    target="drive",
    clauses=["RC-10", "TM-03", "TY-04"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description=lambda row: f"A refund whose RefundInfo {row[0]} is {row[1]!r} goes to GetTXID.",
    expectation=lambda row: f"400 `Bad RefundInfo {row[0]} value`.",
)
def malformed(ctx: Context, row: tuple[str, object]) -> None:
    """The other three fields are well-formed."""
    name, value = row
    drive = ready(ctx)
    info: Json = {
        "TerminalID": drive.info()["TerminalID"],
        "ReceiptSeq": 1,
        "DateTime": "20260701090001",
        "FiscalSign": "271368829008",
        name: value,
    }
    with unchanged(ctx):
        receipt = drive.receipt(
            **REFUND, RefundInfo={key: each for key, each in info.items() if each is not None}
        )
        refused(ctx, drive.get_txid(receipt), 400, f"Bad RefundInfo {name} value")


@family(
    "uz.drive.refund.unknown.{key}",
    rows={
        "terminal": "TerminalID",
        "number": "ReceiptSeq",
        "time": "DateTime",
        "sign": "FiscalSign",
        "not-sent": "",
        "refund-of-refund": "refund",
    },
    target="drive",
    clauses=["G2-S-04", "S-11.7", "CL-07"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="A refund names a receipt the operator does not know: {key}.",
    expectation="400 `RefundInfo is not valid`, and nothing is kept.",
)
@held_by
def unknown(ctx: Context, changed: str) -> None:
    """Three of the four values are right, or all of them before the sale was sent."""
    drive = still(ctx)
    sold = sold_and_acknowledged(ctx, drive) if changed else drive.sell()
    if changed == "refund":
        sold = drive.sell(**REFUND, RefundInfo=info_of(sold))
        with ctx.preparing("a refund the operator has acknowledged"):
            drive.send_all()
    info = info_of(sold)
    if changed in info:
        info[changed] = _neighbour(info[changed])
    with unchanged(ctx):
        refused(ctx, drive.get_txid(drive.receipt(**REFUND, RefundInfo=info)), 400, NOT_VALID)


def _neighbour(value: object) -> object:
    """Another value of the same form: the last digit is changed, of a number the next one is taken."""
    if isinstance(value, int):
        return value + 1
    text = str(value)
    return text[:-1] + str((int(text[-1]) + 1) % 10)


@case(
    "uz.drive.refund.asked-before-registered",
    target="drive",
    clauses=["CL-07", "S-11.7"],
    requirements=["UZ-POS-03"],
    needs=["card", "operator-control"],
    description="A refund goes through both steps while the operator's traffic is watched.",
    expectation="GetTXID sends one VerifyFiscalSignQuery; RegisterTXID sends nothing.",
)
def asked_before_registered(ctx: Context) -> None:
    """Verified online before the module spends a number."""
    drive = still(ctx)
    sold = sold_and_acknowledged(ctx, drive)
    view = OperatorView(ctx)
    txid = drive.txid_of(accepted(ctx, drive.get_txid(drive.receipt(**REFUND, RefundInfo=info_of(sold)))))
    ctx.check([["c8"]], view.messages(), "messages during GetTXID")
    accepted(ctx, drive.register_txid(txid), "registration")
    ctx.check([["c8"]], view.messages(), "messages until the registration")


@case(
    "uz.drive.refund.operator-away",
    target="drive",
    clauses=["G2-S-04"],
    requirements=["UZ-POS-03", "UZ-OFF-01"],
    needs=["card", "control"],
    description="The operator cannot be reached while a refund goes to GetTXID; sales go on.",
    expectation="500 `cannot check RefundInfo: no connection with OFD`; nothing is kept; a sale is "
    "registered.",
)
def away(ctx: Context) -> None:
    """By default no refund is taken on trust."""
    drive = still(ctx)
    sold = sold_and_acknowledged(ctx, drive)
    operator_away(ctx)
    with unchanged(ctx):
        refused(ctx, drive.get_txid(drive.receipt(**REFUND, RefundInfo=info_of(sold))), 500, UNREACHABLE)
    still_sells(ctx)


@family(
    "uz.drive.refund.check-setting.{key}",
    rows={
        "when-online-away": ("when_online", True),
        "when-online": ("when_online", False),
        "off": ("off", False),
    },
    target="drive",
    clauses=["G2-S-04"],
    requirements=["UZ-POS-03"],
    needs=["card", "control"],
    description=lambda row: (
        f"With refund_check={row[0]} a refund of an unknown receipt goes to GetTXID ({{key}})."
    ),
    expectation=lambda row: (
        "400: it could be asked." if row == ("when_online", False) else "It is taken on trust."
    ),
)
def check_setting(ctx: Context, row: tuple[str, bool]) -> None:
    """The two other values of the setting."""
    setting, gone = row
    drive = begin(ctx, "open", refund_check=setting)
    sold = drive.sell()
    if gone:
        operator_away(ctx)
    reply = drive.get_txid(drive.receipt(**REFUND, RefundInfo=info_of(sold)))
    if row == ("when_online", False):
        refused(ctx, reply, 400, NOT_VALID)
    else:
        drive.txid_of(accepted(ctx, reply))


@family(
    "uz.drive.refund.without-sign.{key}",
    rows={"advance": 1, "credit": 2},
    target="drive",
    clauses=["RC-11", "FM-R-11"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="An {key} receipt, which has no sign and was not sent yet, is refunded with a sign of "
    "twelve zeros.",
    expectation="It is registered, with a number, without a sign, and without asking the operator.",
)
def without_sign(ctx: Context, kind: int) -> None:
    """The operator could not have known it: it was never sent."""
    drive = still(ctx)
    sold = drive.sell(Type=kind)
    if ctx.can("control"):
        operator_away(ctx)
    refund = drive.sell(Type=kind, **REFUND, RefundInfo=info_of(sold))
    ctx.check(sold.answer["ReceiptSeq"] + 1, refund.answer["ReceiptSeq"], "number")
    ctx.check("", refund.answer["FiscalSign"], "sign", clause="ANS-01")


@family(
    "uz.drive.refund.too-much.{key}",
    rows={"cash": "Cash", "card": "Card", "vat": "VAT"},
    target="drive",
    clauses=lambda name: ["FM-R-09" if name == "VAT" else "FM-R-08", "HB-17", "ZR-10"],
    requirements=["UZ-POS-03"],
    needs=["card"],
    description="A refund of one tiyin more {key} than the module has ever sold is registered.",
    expectation=lambda name: (
        f"500 `{_TOO_MUCH[name]}`; nothing is spent; exactly what was sold can be refunded."
    ),
)
def too_much(ctx: Context, name: str) -> None:
    """Lifetime sums decide, cash and card apart, whatever the first payment was."""
    drive = still(ctx)
    sold = sold_and_acknowledged(ctx, drive, cash=50_000, card=50_000)

    def refund(more: int) -> Json:
        account = drive.memory()[f"{name}Accomulator"]
        amount = account["Sale"] - account["Refund"] + more
        sums = {"cash": amount if name == "Cash" else 0, "card": amount if name == "Card" else 0}
        item = drive.item(price=sum(sums.values()), VAT=amount if name == "VAT" else 0)
        return drive.receipt(**sums, **REFUND, Items=[item], RefundInfo=info_of(sold))

    txid = drive.txid_of(accepted(ctx, drive.get_txid(refund(1)), "GetTXID"))
    with unchanged(ctx):
        refused(ctx, drive.register_txid(txid), 500, _TOO_MUCH[name], clause=ctx.case.clauses[0])
    drive.sell(refund(0))
