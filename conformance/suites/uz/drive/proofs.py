"""What proves a receipt: its sign, its QR address, its encoding, and the module's signature on a challenge.

uz-fiscal §4.3, §8, §10.1, §17.7.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    Json,
    OperatorView,
    accepted,
    begin,
    held_by,
    new_module,
    still,
    turned_away,
    unchanged,
)
from conformance.vectors import uz_vectors
from reference.protocol.uz import standin
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.receipt import decode_full_receipt
from reference.protocol.uz.values import parse_json_time

VECTOR_START = "2026-07-01 08:59:50"
"""Earlier than the published receipts."""


@family(
    "uz.drive.proof.no-sign.{key}",
    rows={"advance": (1, "Advance"), "credit": (2, "Credit")},
    target="drive",
    clauses=["FM-R-11", "QR-03", "ANS-01"],
    requirements=["UZ-POS-04"],
    needs=["card"],
    description="An {key} receipt is registered and synced.",
    expectation="It has a number, no sign and no QR; the receipt information names its type; it is "
    "acknowledged.",
)
@held_by
def no_sign(ctx: Context, row: tuple[int, str]) -> None:
    """The number is the next one of the one sequence for all types."""
    kind, name = row
    drive = still(ctx)
    number = drive.memory()["ReceiptSeq"]
    sold = drive.sell(Type=kind)
    ctx.check(number + 1, sold.answer["ReceiptSeq"], "number")
    ctx.check_that(not sold.answer.get("FiscalSign"), "no sign", sold.answer, "FiscalSign")
    ctx.check_that(not sold.answer.get("QRCodeURL"), "no QR", sold.answer, "QRCodeURL", clause="QR-03")
    empty = (sold.answer.get("FiscalSign"), sold.answer.get("QRCodeURL"))
    ctx.check(("", ""), empty, "how there is none", clause="ANS-01")
    seen = drive.receipt_info().demand().json
    ctx.check((name, "Sale"), (seen["ReceiptType"], seen["OperationType"]), "kind", clause="S-4.3")
    synced = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(1, synced["SuccessfulsCount"], "SuccessfulsCount", clause="S-4.3")


@case(
    "uz.drive.proof.qr",
    target="drive",
    clauses=["QR-01", "TM-03"],
    requirements=["UZ-DEV-02"],
    needs=["card"],
    description="Three sales are registered; the query of each QR address is compared byte for byte.",
    expectation="In this order t, r, c, s: terminal, plain number, fourteen digits, sign of twelve; "
    "nothing else.",
)
def qr(ctx: Context) -> None:
    """The base before the question mark is the operator's own."""
    drive = still(ctx)
    for _ in range(3):
        answer = drive.sell().answer
        time = parse_json_time(answer["DateTime"]).strftime("%Y%m%d%H%M%S")
        query = f"t={answer['TerminalID']}&r={answer['ReceiptSeq']}&c={time}&s={answer['FiscalSign']}"
        base, mark, rest = answer["QRCodeURL"].partition("?")
        ctx.check(("?", query), (mark, rest), "query of the QR address")
        ctx.check_that(
            base.startswith(("http://", "https://")), "a web address", base, "base", clause="ID-04"
        )


@case(
    "uz.drive.proof.chain",
    target="drive",
    clauses=["CK-01", "QR-01"],
    requirements=["UZ-POS-02", "UZ-OFD-03"],
    needs=["card", "operator-control"],
    description="The company is registered at the operator and a test receipt sold. The page behind its QR "
    "address is opened before it is synced, and after.",
    expectation="The page does not know it, then calls it genuine and shows company, STIR, module, sign and "
    "goods.",
)
def chain(ctx: Context) -> None:
    """The shortest proof that module, drive and operator work together, which a POS can give by itself."""
    drive = still(ctx)
    terminal, goods = drive.info()["TerminalID"], "Sinov choyi"
    company = {"tin": "301234567", "company": "Sinov savdo MCHJ"}
    ctx.operator_control.do("register-taxpayer", terminal=terminal, **company)
    answer = drive.sell(Items=[drive.item(price=123_400, Name=goods)], cash=123_400).answer
    query = dict(parse_qsl(answer["QRCodeURL"].partition("?")[2], strict_parsing=True))
    ctx.check("unknown", drive.check_page(**query).verdict, "verdict of the page before the sync")
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    shown = drive.check_page(**query)
    ctx.check((200, "genuine"), (shown.status, shown.verdict), "status and verdict of the page")
    for what in (*company.values(), terminal, answer["FiscalSign"], goods):
        ctx.check_that(what in shown.text, what, "not on the page", f"the page shows {what}")


@case(
    "uz.drive.proof.qr-base",
    target="drive",
    clauses=["ID-04", "QR-01"],
    requirements=["UZ-OFD-03"],
    needs=["card", "control"],
    description="The base of the QR address is set, and a sale registered.",
    expectation="The QR address is the base, a question mark and the query.",
)
def qr_base(ctx: Context) -> None:
    """Nothing is escaped and nothing is added."""
    base = "http://127.0.0.1:19999/tekshir"
    drive = begin(ctx, "open", qr_base=base)
    answer = drive.sell().answer
    ctx.check(f"{base}?t={answer['TerminalID']}&r=", answer["QRCodeURL"].split("r=")[0] + "r=", "beginning")


@case(
    "uz.drive.proof.leading-zero",
    target="drive",
    clauses=["TY-04", "S-17.3", "QR-01"],
    requirements=["UZ-DEV-02"],
    needs=["card", "module-control", "operator-control", "control"],
    description="Receipt 22 of ZZ000000000000 is registered, whose test sign begins with a zero.",
    expectation="FiscalSign is the text 049567970396, and the QR address carries it whole.",
)
def leading_zero(ctx: Context) -> None:
    """A sign that became a number would have eleven digits."""
    drive = ctx.drive
    drive.fresh(
        module=new_module(ctx, terminal="ZZ000000000000", counters={"receipt_seq": 21}),
        drive={"auto_send": False},
    )
    drive.ready("open")
    answer = drive.sell().answer
    ctx.check(
        (22, "049567970396"), (answer["ReceiptSeq"], answer["FiscalSign"]), "number and sign", clause="S-17.3"
    )
    ctx.check("049567970396", answer["QRCodeURL"].rpartition("&s=")[2], "sign in the QR address")


@case(
    "uz.drive.proof.signs-differ",
    target="drive",
    clauses=["TY-04", "S-17.3"],
    requirements=["UZ-DEV-02"],
    needs=["card"],
    description="Twelve sales of the very same items are registered.",
    expectation="Twelve different signs and QR addresses, and numbers without a gap.",
)
def signs_differ(ctx: Context) -> None:
    """Each receipt has a sign of its own."""
    drive = still(ctx)
    answers = [drive.sell().answer for _ in range(12)]
    ctx.check(12, len({answer["FiscalSign"] for answer in answers}), "different signs")
    ctx.check(12, len({answer["QRCodeURL"] for answer in answers}), "different QR addresses")
    first = answers[0]["ReceiptSeq"]
    numbers = [answer["ReceiptSeq"] for answer in answers]
    ctx.check(list(range(first, first + 12)), numbers, "numbers", clause="ZR-07")


@case(
    "uz.drive.proof.vectors",
    target="drive",
    clauses=["S-18", "S-8.1", "CR-01", "CR-02"],
    requirements=["UZ-DEV-01"],
    needs=["card", "control", "module-control", "operator-control"],
    description="The published receipts, a sale and its refund, are sold by a module set to their day, and "
    "synced.",
    expectation="ItemsHash is the published hash, and what the operator decrypts is the published TLV with "
    "padding.",
)
def vectors(ctx: Context) -> None:
    """The refund names a receipt that this operator never saw, so that check is off."""
    drive = ctx.drive
    drive.fresh(
        module=new_module(ctx, last_operation=VECTOR_START),
        drive={"auto_send": False, "refund_check": "off"},
    )
    drive.ready("open")
    view = OperatorView(ctx)
    published = uz_vectors()["receipts"]
    for vector in published:
        drive.sell(vector["receipt"])
        seen = drive.call("Receipt/Info", Tags="ItemsHash,Extra").demand().json
        ctx.check(vector["hash_hex"], seen["ItemsHash"], f"hash of receipt {vector['id']}", clause="CR-02")
        extra = bytes.fromhex(vector["total_block_hex"])[0x44:].hex()
        ctx.check(extra, seen["Extra"], f"EXTRA of receipt {vector['id']}", clause="S-8.5")
    accepted(ctx, drive.sync_files("FullReceipts"), "sync")
    bodies = [row["body"] for row in view.receipts()]
    ctx.check([vector["tlv_hex"] for vector in published], bodies, "receipts at the operator", clause="S-8.1")


LONG_ITEM: Json = {
    "Name": "Juda uzun nom " * 8,
    "Barcode": "4" * 70,
    "Label": "L" * 70,
    "SPIC": "1" * 19,
    "PackageCode": "2" * 24,
    "OwnerType": 2,
    "CommissionInfo": {"TIN": "1234567890", "PINFL": "1" * 16},
}
LONG_EXTRA: Json = {
    "TIN": "123456789012",
    "PINFL": "123456789012",
    "CarNumber": "01 А 777 АА",
    "PhoneNumber": "+9989011122334",
    "QRPaymentID": "q" * 40,
    "QRPaymentProvider": 64,
    "CashedOutFromCard": 5,
    "CardType": 3,
    "PPTID": "p" * 20,
}


@case(
    "uz.drive.proof.arrives",
    target="drive",
    clauses=["RC-01", "S-8.1", "HB-12", "NM-02"],
    requirements=["UZ-OFD-01"],
    needs=["card", "operator-control"],
    description="A receipt whose texts are all longer than their fields is sold and synced.",
    expectation="It is taken and acknowledged; what arrives is each text cut to its length, in characters.",
)
def arrives(ctx: Context) -> None:
    """Cut, not refused; a Cyrillic car number counts by characters."""
    drive = still(ctx)
    view = OperatorView(ctx)
    item = {**drive.item(price=100_000), **LONG_ITEM}
    sold = drive.sell(
        Items=[item], ExtraInfo=LONG_EXTRA, Location={"Latitude": 41.311081, "Longitude": 69.240562}
    )
    synced = accepted(ctx, drive.sync_files("FullReceipts"), "sync").json
    ctx.check(
        ["Acknowledged"], [each["StatusText"] for each in synced["Items"]], "StatusText", clause="S-4.3"
    )
    row = next(row for row in view.receipts() if row["number"] == sold.answer["ReceiptSeq"])
    try:
        receipt = decode_full_receipt(bytes.fromhex(row["body"]))
    except UzError as error:
        ctx.fail(f"the operator's copy cannot be read: {error}", clause="S-8.1")
    got, extra = receipt.items[0], receipt.extra
    texts = (got.barcode, got.label, got.spic, got.package_code)
    ctx.check(("4" * 63, "L" * 63, "1" * 18, "2" * 20), texts, "texts of the item")
    ctx.check(62, len(got.name), "length of the name", clause="NM-02")
    ctx.check(LONG_ITEM["Name"][:62], got.name, "name", clause="NM-02")
    assert extra is not None
    details = (extra.tin, extra.pinfl, extra.car_number, extra.phone_number, extra.qr_payment_id, extra.pptid)
    expected = ("123456789", "123456789012", "01 А 777", "+998901112233", "q" * 36, "p" * 16)
    ctx.check(expected, details, "details of the buyer")
    numbers = (extra.qr_payment_provider, extra.cashed_out_from_card, extra.card_type)
    ctx.check((64, 5, 3), numbers, "numbers of the buyer's details", clause="S-4.4")
    assert receipt.location is not None
    place = (receipt.location.latitude, receipt.location.longitude)
    ctx.check((41.311081, 69.240562), place, "location", clause="S-8.1")


@case(
    "uz.drive.proof.challenge",
    target="drive",
    clauses=["S-17.7", "UNK-26"],
    requirements=["UZ-DEV-01"],
    needs=["card"],
    description="Two challenges are signed.",
    expectation="Hex of 88 bytes each: TerminalID, challenge, and a signature that the module's public key "
    "verifies.",
)
def challenge(ctx: Context) -> None:
    """How a POS can make sure which module it has before it."""
    drive = ctx.drive
    terminal = drive.info()["TerminalID"]
    for _ in range(2):
        asked = bytes(ctx.rng.randrange(256) for _ in range(16))
        reply = drive.post(f"/Auth/SignChallenge/{drive.factory}", form={"Challenge": asked.hex()})
        text = accepted(ctx, reply, clause="UNK-26").text.strip('"')
        is_hex = re.fullmatch("([0-9a-fA-F]{2})+", text) is not None
        ctx.check_that(is_hex, "a hex text", text[:200], "answer", clause="UNK-26")
        ctx.check(
            "none", _fault(bytes.fromhex(text), asked, terminal), "fault of the signature", clause="S-17.7"
        )


def _fault(signed: bytes, challenge: bytes, terminal: str) -> str:
    try:
        standin.verify_signed_challenge(signed, challenge, terminal)
    except UzError as error:
        return str(error)
    return "none"


@family(
    "uz.drive.proof.challenge-refused.{key}",
    rows={
        "short": "00" * 15,
        "long": "00" * 17,
        "odd": "0" * 31,
        "no-hex": "zz" * 16,
        "empty": "",
        "missing": None,
    },
    target="drive",
    clauses=["FM-Q-01", "G2-T-09"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A challenge that is not 16 bytes of hex is to be signed: {key}.",
    expectation="400 with the usual error body.",
)
def challenge_refused(ctx: Context, text: str | None) -> None:
    """Nothing is signed that the caller did not mean."""
    drive = ctx.drive
    with unchanged(ctx, "G2-T-09"):
        form = {} if text is None else {"Challenge": text}
        turned_away(ctx, drive.post(f"/Auth/SignChallenge/{drive.factory}", form=form), {400})
