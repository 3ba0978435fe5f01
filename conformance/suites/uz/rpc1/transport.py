"""How requests reach generation 1 and how answers look (uz-fiscal §3.1)."""

from __future__ import annotations

import json

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.gen1_rpc import PATH

PING = {"jsonrpc": "2.0", "id": 1, "method": "Api.Ping", "params": {"Message": "salom"}}


@family(
    "uz.rpc1.transport.id.{key}",
    rows={"number": 68934, "zero": 0, "negative": -7, "text": "a-1", "blank": ""},
    target="drive-rpc",
    clauses=["G1-T-01", "G1-T-10"],
    requirements=["UZ-SVC-01"],
    description="A request bears a {key} as its id.",
    expectation="The answer has the same id, and the echo of Ping.",
)
def ids(ctx: Context, key: object) -> None:
    """Numbers and texts come back unchanged."""
    answer = ctx.rpc.send(PING | {"id": key})
    ctx.check(key, answer.body.get("id"), "id")
    ctx.check({"Message": "salom"}, answer.result, "result", clause="S-3.2")
    ctx.check("2.0", answer.body.get("jsonrpc"), "version")


@family(
    "uz.rpc1.transport.content-type.{key}",
    rows={
        "json-rpc": "application/json-rpc",
        "text": "text/plain",
        "form": "application/x-www-form-urlencoded",
    },
    target="drive-rpc",
    clauses=["G1-T-02"],
    requirements=["UZ-SVC-01"],
    description="A request comes with the content type {key}.",
    expectation="415, with the type in the text.",
)
def other_types(ctx: Context, kind: str) -> None:
    """Java clients set application/json-rpc and learn it this way."""
    body = json.dumps(PING).encode()
    reply = ctx.rpc.post(PATH, content=body, headers={"Content-Type": kind})
    ctx.check_that(reply.status != 200, "refused", reply.status, "status")
    ctx.should(reply.status == 415, "415", reply.status, "status")
    ctx.check_that(kind in reply.text, f"a text with {kind}", reply.text[:120], "text")


@case(
    "uz.rpc1.transport.charset",
    target="drive-rpc",
    clauses=["G1-T-02"],
    description="The content type names a charset.",
    expectation="The request is served.",
)
def charset(ctx: Context) -> None:
    """`application/json; charset=utf-8`."""
    body = json.dumps(PING).encode()
    reply = ctx.rpc.post(PATH, content=body, headers={"Content-Type": "application/json; charset=utf-8"})
    ctx.check(200, reply.status, "status")
    ctx.check({"Message": "salom"}, reply.json.get("result"), "result")


@case(
    "uz.rpc1.transport.method",
    target="drive-rpc",
    clauses=["G1-T-03"],
    description="The path is asked by GET.",
    expectation="405, and the text names the method.",
)
def http_method(ctx: Context) -> None:
    """A browser looks at the address."""
    reply = ctx.rpc.get(PATH)
    ctx.check(405, reply.status, "status")
    ctx.check("rpc: POST method required, received GET", reply.text, "text")


@family(
    "uz.rpc1.transport.broken.{key}",
    rows={
        "json": (b'{"method":', -32700),
        "empty": (b"", -32700),
        "array": (b"[1]", -32600),
        "number": (b"7", -32600),
        "no-method": (b'{"jsonrpc":"2.0","id":1}', -32600),
    },
    target="drive-rpc",
    clauses=["G1-T-07", "G1-T-04"],
    requirements=["UZ-SVC-05"],
    description="The body is no request: {key}.",
    expectation="HTTP 200, the code of JSON-RPC for it, and a null id.",
)
def broken(ctx: Context, row: tuple[bytes, int]) -> None:
    """Whatever comes, an error object answers."""
    body, code = row
    reply = ctx.rpc.post(PATH, content=body, headers={"Content-Type": "application/json"})
    ctx.check(200, reply.status, "status", clause="G1-T-04")
    error = reply.json.get("error") or {}
    ctx.check(code, error.get("code"), "code", clause="G1-T-07")
    ctx.check_that(reply.json.get("id") is None, "null", reply.json.get("id"), "id", clause="G1-T-07")


@case(
    "uz.rpc1.transport.unknown-method",
    target="drive-rpc",
    clauses=["G1-T-07"],
    requirements=["UZ-SVC-05"],
    description="A method is called that does not exist.",
    expectation="-32601 under HTTP 200, and the id comes back.",
)
def unknown_method(ctx: Context) -> None:
    """Of the names a later release may have."""
    answer = ctx.rpc.send({"method": "Api.NoSuchMethod", "params": {}, "id": "x"})
    ctx.check(200, answer.reply.status, "status", clause="G1-T-04")
    ctx.check(-32601, answer.told[0], "code")
    ctx.check("x", answer.body.get("id"), "id", clause="G1-T-01")


@case(
    "uz.rpc1.transport.error-object",
    target="drive-rpc",
    clauses=["G1-T-05", "G1-T-06"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A card error is looked at field by field.",
    expectation="A whole number, the name to the letter, and data as lines or null; no result beside it.",
)
def error_object(ctx: Context) -> None:
    """A Z-report far beyond the slots."""
    answer = ctx.rpc.call("GetZReportInfo", Number=9_999_999)
    error = answer.error
    ctx.check(36902, error.get("code"), "code")
    ctx.check("ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS", error.get("message"), "message")
    data = error.get("data")
    whole = data is None or (isinstance(data, str) and data.endswith("\n"))
    ctx.check_that(whole, "null, or lines closed by a newline", data, "data", clause="G1-T-06")
    ctx.check_that(answer.body.get("result") is None, "no result", answer.body.get("result"), "result")


@case(
    "uz.rpc1.transport.names-without-case",
    target="drive-rpc",
    clauses=["G1-T-08"],
    needs=["card"],
    description="A receipt spells SPIC, Name and Price in small letters and has fields nobody knows.",
    expectation="It is registered.",
)
def names(ctx: Context) -> None:
    """Go matches names without regard to case."""
    till = ctx.rpc
    till.ready("open")
    receipt = till.receipt()
    item = {name.lower(): value for name, value in receipt["Items"][0].items()}
    receipt["Items"] = [item | {"color": "red"}]
    answer = till.sale(receipt | {"ReceiptType": 0, "IsRefund": False, "Unknown": [1]})
    ctx.check_that(answer.ok, "registered", answer.error, "answer")


@family(
    "uz.rpc1.transport.factory.{key}",
    rows={"missing": None, "empty": "", "capitals": "upper"},
    target="drive-rpc",
    clauses=["G1-T-09"],
    requirements=["UZ-SVC-04"],
    needs=["card"],
    description="The only module is meant by a FactoryID that is {key}.",
    expectation="Its Info.",
)
def factory(ctx: Context, given: str | None) -> None:
    """Older services let it be missing."""
    till = ctx.rpc
    if len(till.call("ListFiscalDrives", FactoryID=None).result["FactoryID"]) != 1:
        ctx.not_applicable("there are several modules")
    meant = till.factory.upper() if given == "upper" else given
    answer = till.call("GetInfo", FactoryID=meant)
    ctx.check(till.info()["TerminalID"], answer.result.get("TerminalID"), "TerminalID")


@case(
    "uz.rpc1.transport.unknown-factory",
    target="drive-rpc",
    clauses=["G1-T-09", "S-3.5"],
    requirements=["UZ-SVC-04"],
    description="A FactoryID names a module that is not there.",
    expectation="65534 `cannot connect card`.",
)
def unknown_factory(ctx: Context) -> None:
    """Of a module that went for repair."""
    answer = ctx.rpc.call("GetInfo", FactoryID="ff" * 18)
    ctx.check((65534, "cannot connect card"), answer.told, "error")
