"""Input no drive can use: answered with the documented error body, and nothing happens (UZ-SVC-05)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    Json,
    error_body,
    ready,
    refused,
    still_sells,
    turned_away,
    unchanged,
)

JSON_TYPE = {"Content-Type": "application/json"}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
DEEP = b"[" * 50_000 + b"]" * 50_000


@dataclass(frozen=True, slots=True)
class Bytes:
    """A body for GetTXID as it goes over the wire."""

    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON_TYPE))


BODIES: dict[str, Bytes] = {
    "nothing": Bytes(b""),
    "blank": Bytes(b" \r\n\t "),
    "no-json": Bytes(b"Time=2026-07-01 09:00:01&ReceivedCash=1", FORM_TYPE),
    "half-json": Bytes(b'{"Time":"2026-07-01 09:00:01","Items":[{"Name":"Non"'),
    "two-values": Bytes(b'{"Time":"2026-07-01 09:00:01"} {}'),
    "single-quotes": Bytes(b"{'Time':'2026-07-01 09:00:01'}"),
    "trailing-comma": Bytes(b'{"ReceivedCash":1,}'),
    "not-a-number": Bytes(b'{"ReceivedCash":NaN}'),
    "infinity": Bytes(b'{"ReceivedCash":Infinity}'),
    "array": Bytes(b"[]"),
    "number": Bytes(b"17"),
    "text": Bytes(b'"receipt"'),
    "null": Bytes(b"null"),
    "no-utf-8": Bytes(b'{"Items":[{"Name":"\xff\xfe\xfa"}]}'),
    "utf-16": Bytes('{"ReceivedCash":1}'.encode("utf-16")),
    "nul-bytes": Bytes(b'{"ReceivedCash":\x00\x00}'),
    "binary": Bytes(bytes(range(256))),
    "deep": Bytes(DEEP),
    "deep-inside": Bytes(b'{"Time":"2026-07-01 09:00:01","Items":' + DEEP + b"}"),
    "xml": Bytes(b"<receipt><cash>1</cash></receipt>", {"Content-Type": "application/xml"}),
    "multipart": Bytes(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
}


@family(
    "uz.drive.bad.body.{key}",
    rows=BODIES,
    target="drive",
    clauses=["G2-T-09", "G2-T-03", "S-4.6"],
    requirements=["UZ-SVC-05", "UZ-SVC-06"],
    needs=["card"],
    description="GetTXID gets a body that is no receipt: {key}.",
    expectation="400, JSON with Reason and Type, no stack trace; nothing is kept; a good receipt passes "
    "afterwards.",
)
def body(ctx: Context, row: Bytes) -> None:
    """Read as bytes, whatever they are."""
    drive = ready(ctx)
    with unchanged(ctx):
        path = f"/FiscalDrive/Receipt/GetTXID/{drive.factory}"
        turned_away(ctx, drive.post(path, content=row.content, headers=row.headers), {400})


WRONG: dict[str, Json] = {
    "time-number": {"Time": 20260701090001},
    "time-object": {"Time": {}},
    "cash-text": {"ReceivedCash": "100000"},
    "cash-fraction": {"ReceivedCash": 100000.5},
    "cash-true": {"ReceivedCash": True},
    "cash-object": {"ReceivedCash": {"tiyin": 1}},
    "cash-beyond-64-bits": {"ReceivedCash": 2**64},
    "cash-a-thousand-digits": {"ReceivedCash": 10**1000},
    "type-text": {"Type": "0"},
    "type-256": {"Type": 256},
    "items-object": {"Items": {}},
    "items-text": {"Items": "Non"},
    "items-of-numbers": {"Items": [1, 2]},
    "items-of-null": {"Items": [None]},
    "item-name-number": {"Items": [{"Name": 5, "Amount": 1000, "Price": 100000}]},
    "item-price-text": {"Items": [{"Name": "Non", "Amount": 1000, "Price": "100000"}]},
    "item-vat-percent-256": {"Items": [{"Name": "Non", "Amount": 1000, "Price": 100000, "VATPercent": 256}]},
    "commission-text": {"Items": [{"Name": "Non", "Amount": 1, "Price": 100000, "CommissionInfo": "x"}]},
    "extra-array": {"ExtraInfo": []},
    "extra-tin-number": {"ExtraInfo": {"TIN": 123456789}},
    "extra-provider-text": {"ExtraInfo": {"QRPaymentProvider": "click"}},
    "location-text": {"Location": "Toshkent"},
    "location-of-texts": {"Location": {"Latitude": "41.3", "Longitude": "69.2"}},
    "refund-info-array": {"RefundInfo": [1]},
}


@family(
    "uz.drive.bad.type.{key}",
    rows=WRONG,
    target="drive",
    clauses=["G2-T-09", "RC-12", "S-4.4"],
    requirements=["UZ-SVC-05", "UZ-DEV-08"],
    needs=["card"],
    description="A receipt with a field of the wrong type goes to GetTXID: {key}.",
    expectation="400 with the usual error body; nothing is kept.",
)
def wrong_type(ctx: Context, change: Json) -> None:
    """All other fields are good."""
    drive = ready(ctx)
    receipt = {**drive.receipt(), **change}
    with unchanged(ctx):
        path = f"/FiscalDrive/Receipt/GetTXID/{drive.factory}"
        content = json.dumps(receipt).encode()
        turned_away(ctx, drive.post(path, content=content, headers=JSON_TYPE), {400})


@case(
    "uz.drive.bad.two-labels",
    target="drive",
    clauses=["LBL-01"],
    requirements=["UZ-POS-06", "UZ-SVC-05"],
    needs=["card"],
    description="A receipt whose item has two entries in Labels goes to GetTXID.",
    expectation="400 with the usual error body; nothing is kept.",
)
def two_labels(ctx: Context) -> None:
    """An item carries one marking code; to drop the other would sell a good that stays in circulation."""
    drive = ready(ctx)
    with unchanged(ctx):
        receipt = drive.receipt(Items=[drive.item(Labels=["0104600439931256", "0104600439931257"])])
        turned_away(ctx, drive.get_txid(receipt), {400})


INDEXES: dict[str, tuple[str, int, str]] = {
    "word": ("current", 400, ""),
    "fraction": ("0.5", 400, ""),
    "hex": ("0x1", 400, ""),
    "negative": ("-1", 400, ""),
    "32768": ("32768", 400, "9011 - INVALID_INDEX"),
    "4294967295": ("4294967295", 400, "9011 - INVALID_INDEX"),
    "beyond-64-bits": (str(2**70), 400, ""),
    "32767": ("32767", 404, "9020 - NOT_FOUND"),
}


@family(
    "uz.drive.bad.index.{key}",
    rows=INDEXES,
    target="drive",
    clauses=["G2-S-15", "HB-07"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A Z-report and a receipt are asked for by an Index that is none: {key}.",
    expectation=lambda row: f"{row[1]} {f'`{row[2]}`' if row[2] else 'with the usual error body'}.",
)
def index(ctx: Context, row: tuple[str, int, str]) -> None:
    """4294967295 is what one client makes of 0 − 1."""
    text, status, reason = row
    drive = ready(ctx)
    for name in ("ZReport/Info", "Receipt/Info"):
        reply = drive.call(name, Index=text)
        if reason:
            refused(ctx, reply, status, reason)
        else:
            turned_away(ctx, reply, {status})


TXIDS = {
    "missing": None,
    "empty": "",
    "zero": "0",
    "negative": "-5",
    "word": "first",
    "fraction": "1.5",
    "list": "1,2",
    "beyond-64-bits": str(2**70),
}


@family(
    "uz.drive.bad.txid.{key}",
    rows=TXIDS,
    target="drive",
    clauses=["G2-T-09", "G2-S-10"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="RegisterTXID of a TXID that is none: {key}.",
    expectation="400 or 404 with the usual error body, and nothing is registered.",
)
def txid(ctx: Context, text: str | None) -> None:
    """Never the receipt of another order."""
    drive = ready(ctx)
    with unchanged(ctx, "G2-S-10"):
        form = {} if text is None else {"TXID": text}
        reply = drive.post(f"/FiscalDrive/Receipt/RegisterTXID/{drive.factory}", form=form)
        turned_away(ctx, reply, {404} if text == str(2**70) else {400})


TIMES = {
    "word": "tomorrow",
    "empty-quotes": '""',
    "date-alone": "2030-01-01",
    "dots": "01.01.2030 10:00:00",
    "fourteen-digits": "20300101100000",
    "unix": "1893456000",
    "month-13": "2030-13-01 10:00:00",
    "february-30": "2030-02-30 10:00:00",
    "hour-24": "2030-01-01 24:00:00",
    "zone": "2030-01-01 10:00:00+05:00",
    "year-zero": "0000-00-00 00:00:00",
    "long": "2030-01-01 10:00:00" + "0" * 5_000,
}


@family(
    "uz.drive.bad.date-time.{key}",
    rows=TIMES,
    target="drive",
    clauses=["TM-02", "G2-T-09"],
    requirements=["UZ-SVC-05", "UZ-DEV-08"],
    needs=["card"],
    description="A shift is to be opened at a DateTime that is none: {key}.",
    expectation="400 with the usual error body, and no shift is open.",
)
def date_time(ctx: Context, text: str) -> None:
    """A shift opened at a guessed time could not be taken back."""
    drive = ready(ctx, "closed")
    with unchanged(ctx, "TM-02"):
        turned_away(ctx, drive.open(text), {400})


FACTORIES = {
    "word": "none",
    "short": "00",
    "long": "0" * 72,
    "terminal": "ZZ000000000000",
    "dots": "..%2f..%2fetc",
    "quote": "%27%20OR%201=1--",
    "percent": "%25s%25n",
    "unicode": "%D0%BC%D0%BE%D0%B4%D1%83%D0%BB%D1%8C",
}


@family(
    "uz.drive.bad.factory.{key}",
    rows=FACTORIES,
    target="drive",
    clauses=lambda text: ["UNK-11"] if "%" in text else ["S-4.6", "G2-T-10"],
    requirements=["UZ-SVC-04", "UZ-SVC-05"],
    needs=["card"],
    description="Info, a shift's opening and a sync are asked for a FactoryID that is none: {key}.",
    expectation="404 with the usual error body, and the real module is untouched.",
)
def factory(ctx: Context, text: str) -> None:
    """A path is text from outside."""
    drive = ready(ctx, "closed")
    with unchanged(ctx):
        for path in ("/FiscalDrive/Info", "/FiscalDrive/ZReport/Open", "/FiscalDrive/State/Sync"):
            turned_away(ctx, drive.post(f"{path}/{text}"), {404})


@case(
    "uz.drive.bad.oversized",
    target="drive",
    clauses=["G2-T-09"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="GetTXID gets a body of 20 MB.",
    expectation="An error of the 400s and the usual error body, or a closed connection; the drive serves on.",
)
def oversized(ctx: Context) -> None:
    """More than the largest receipt there can be."""
    drive = ready(ctx)
    content = b'{"Items":[' + b'{"Name":"Non","Amount":1000,"Price":1},' * 520_000 + b"{}]}"
    with unchanged(ctx):
        path = f"/FiscalDrive/Receipt/GetTXID/{drive.factory}"
        reply = drive.post(path, content=content, headers=JSON_TYPE)
        ctx.check_that(400 <= reply.status < 500, "400 to 499", reply.status, "status", clause="UNK-11")
        error_body(ctx, reply)
    still_sells(ctx)


HEADERS = {
    "no-host": b"GET /FiscalDrive/List HTTP/1.1\r\n\r\n",
    "garbage": b"\x00\x01\x02\x03 fiscal \xff\xfe\r\n\r\n",
    "no-version": b"GET /FiscalDrive/List\r\n\r\n",
    "long-line": b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad-length": b"POST /FiscalDrive/List HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
    "half-body": b"POST /FiscalDrive/List HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
}


@family(
    "uz.drive.bad.http.{key}",
    rows=HEADERS,
    target="drive",
    clauses=["G2-T-01"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="Bytes that are no good HTTP request come in: {key}.",
    expectation="An error status or a closed connection, no stack trace; the drive goes on serving.",
)
def http(ctx: Context, request: bytes) -> None:
    """Everything on the machine can connect to a local port."""
    drive = ready(ctx)
    with drive.raw() as wire:
        wire.send(request)
        wire.finish_sending()
        answer = wire.receive_until(lambda data: b"\r\n\r\n" in data)
    ctx.check_that(b"Traceback" not in answer, "no stack trace", answer[:200], "answer")
    still_sells(ctx)
