"""How the drive is reached: paths, methods, where parameters stand, names and answers (uz-fiscal §4.1)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.drive.trade import (
    Json,
    accepted,
    begin,
    error_body,
    held_by,
    ready,
    refused,
    refused_saying,
    still,
    still_sells,
    unchanged,
)

ONE_LETTER_CASE = {
    "billz": "/Database/Files/Count",
    "small": "/database/files/count",
    "capitals": "/DATABASE/FILES/COUNT",
    "mixed": "/dataBASE/fIlEs/COUNT",
}


@case(
    "uz.drive.transport.unknown-path",
    target="drive",
    clauses=["UNK-11"],
    requirements=["UZ-SVC-05"],
    description="Paths that are none of the drive's are asked for.",
    expectation="404 `not found` and a JSON body with Reason and Type, no stack trace.",
)
def unknown_path(ctx: Context) -> None:
    """The body is what every client reads its error from."""
    for path in (
        "/FiscalDrive/Nothing/Here",
        "/",
        "/Receipt",
        "/FiscalDrive/Info/a/b",
        "/DataBase/Files/List/a",
    ):
        refused(ctx, ctx.drive.post(path), 404, "not found", clause="UNK-11")


@family(
    "uz.drive.transport.method.{key}",
    rows={"put": "PUT", "delete": "DELETE", "patch": "PATCH"},
    target="drive",
    clauses=["VRB-01"],
    requirements=["UZ-SVC-05"],
    description="A shift is to be opened by the method {key}.",
    expectation="405 with the usual error body, and no shift is open.",
)
def method(ctx: Context, name: str) -> None:
    """A good opening time goes along, so that only the method is wrong."""
    drive = ready(ctx, "closed")
    with unchanged(ctx, "VRB-01"):
        query = {"DateTime": drive.next_time().isoformat(" ")}
        reply = drive.request(name, f"/FiscalDrive/ZReport/Open/{drive.factory}", query=query)
        refused(ctx, reply, 405, "method not allowed")


@case(
    "uz.drive.transport.swagger",
    target="drive",
    clauses=["G2-T-01"],
    requirements=["UZ-SVC-01"],
    description="The Swagger page is opened, with no credentials.",
    expectation="200 and a page of HTML.",
)
def swagger(ctx: Context) -> None:
    """Integrators look here first."""
    reply = ctx.drive.get("/swagger/index.html")
    ctx.check(200, reply.status, "status")
    kind = reply.headers.get("content-type", "")
    ctx.check_that("text/html" in kind, "text/html", kind, "content type")
    ctx.check_that("<html" in reply.text.lower(), "a page", reply.text[:80], "body")


_COUNT = "/DataBase/Files/Count"


@family(
    "uz.drive.transport.path-case.{key}",
    rows=ONE_LETTER_CASE,
    target="drive",
    clauses=["G2-T-06"],
    requirements=["UZ-SVC-01"],
    description="Files are counted at a path in other letters: {key}.",
    expectation="The same answer as at the documented path.",
)
def path_case(ctx: Context, path: str) -> None:
    """One client writes `/Database` where the guide has `/DataBase`; files may leave in between (G2-S-17)."""
    before, other, after = (
        accepted(ctx, ctx.drive.post(each, form={"Status": 2}), what).json
        for each, what in ((_COUNT, "the documented path"), (path, "the other path"), (_COUNT, "and again"))
    )
    if before == after:
        ctx.check(before, other, "answer")
    else:
        same = before.keys() == other.keys() == after.keys()
        between = same and all(before[each] <= other[each] <= after[each] for each in other)
        ctx.check_that(between, f"{before} to {after}", other, "answer")


@case(
    "uz.drive.transport.path-case-module",
    target="drive",
    clauses=["G2-T-06"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A module's information is asked for in other letters, its FactoryID in capitals.",
    expectation="200 with the module's TerminalID.",
)
def path_case_module(ctx: Context) -> None:
    """FactoryIDs are hex, which some programs print in capitals."""
    drive = ctx.drive
    terminal = drive.info()["TerminalID"]
    for factory in (drive.factory, drive.factory.upper()):
        reply = accepted(ctx, drive.post(f"/fiscaldrive/INFO/{factory}"))
        ctx.check(terminal, reply.json["TerminalID"], "TerminalID")


@family(
    "uz.drive.transport.parameters.{key}",
    rows={
        "form": ("POST", "form", "Index"),
        "query": ("POST", "query", "Index"),
        "get-query": ("GET", "query", "Index"),
        "json": ("POST", "json", "Index"),
        "json-other-case": ("POST", "json", "iNDEX"),
    },
    target="drive",
    clauses=lambda row: ["PRM-01"] if row[1] == "json" else ["G2-T-03"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="Two receipts are held; the older one is asked for by Index 1 ({key}).",
    expectation="Information on the older receipt.",
)
@held_by
def parameters(ctx: Context, row: tuple[str, str, str]) -> None:
    """An ignored parameter would show the newer one."""
    verb, place, name = row
    drive = still(ctx)
    older, _ = drive.sell(), drive.sell()
    where: Json = {place: {name: 1}}
    reply = accepted(ctx, drive.request(verb, f"/FiscalDrive/Receipt/Info/{drive.factory}", **where))
    ctx.check(older.answer["ReceiptSeq"], reply.json["ReceiptSeq"], "receipt number")


@family(
    "uz.drive.transport.items-count-in.{key}",
    rows={"form": "form", "query": "query"},
    target="drive",
    clauses=["G2-T-03"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="Sync/FullReceipts is called with ItemsCount 1 in the {key}, and without it.",
    expectation="Only without it the answer complains of the ItemsCount.",
)
def items_count_in(ctx: Context, place: str) -> None:
    """Needs no preparation, so that it also judges a drive that cannot read what would prepare it."""
    drive = ctx.drive
    path = f"/DataBase/Files/Sync/FullReceipts/{drive.factory}"
    given: Json = {place: {"ItemsCount": 1}}
    reply = drive.post(path, **given)
    ctx.check_that("itemscount" not in reply.reason.lower(), "no complaint of it", reply.text[:100], "answer")
    refused_saying(ctx, drive.post(path), 400, "itemsCount", clause="G2-S-14")


@case(
    "uz.drive.transport.form-on-get",
    target="drive",
    clauses=["G2-T-04", "HB-07"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="Two receipts are held; the older one is asked for by a GET with Index 1 in a form body.",
    expectation="The body is not read, so the default 0 answers: the newest receipt.",
)
def form_on_get(ctx: Context) -> None:
    """What one widespread client really does, without knowing it."""
    drive = still(ctx)
    drive.sell()
    newest = drive.sell()
    for path, name, expected in (
        (f"/FiscalDrive/Receipt/Info/{drive.factory}", "ReceiptSeq", newest.answer["ReceiptSeq"]),
        (f"/FiscalDrive/ZReport/Info/{drive.factory}", "LastReceiptSeq", newest.answer["ReceiptSeq"]),
    ):
        reply = accepted(ctx, drive.get(path, form={"Index": 1}))
        ctx.check(expected, reply.json[name], name)


@case(
    "uz.drive.transport.names-of-json",
    target="drive",
    clauses=["G2-T-07"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A receipt with names in small letters, and fields the service does not know, is registered.",
    expectation="It is taken, and its sums are those of the fields.",
)
@held_by
def names_of_json(ctx: Context) -> None:
    """`spic` for `SPIC` is real; so are IsRefund, Labels and PaymentType."""
    drive = still(ctx)
    receipt = drive.receipt(cash=30_000, card=20_000)
    item = {name.lower(): value for name, value in receipt["Items"][0].items()}
    small: Json = {name.lower(): value for name, value in receipt.items() if name != "Items"}
    small["items"] = [{**item, "labels": [], "GoodPrice": 1}]
    small |= {"isrefund": 0, "PaymentType": 3, "Cashier": "Sinov", "nested": {"deep": [1, {"er": None}]}}
    drive.sell(small)
    seen = drive.receipt_info().demand().json
    sums = (seen["ReceivedCash"], seen["ReceivedCard"], seen["TotalVAT"], seen["ItemsCount"])
    ctx.check((30_000, 20_000, item["vat"], 1), sums, "sums of the registered receipt")


@case(
    "uz.drive.transport.missing-is-zero",
    target="drive",
    clauses=["G2-T-07", "S-4.4"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="A receipt without Type, Operation and ReceivedCard is registered, and one with null there.",
    expectation="It is a purchase, a sale, and nothing was paid by card.",
)
def missing_is_zero(ctx: Context) -> None:
    """Go's zero values, by which the real service reads."""
    drive = still(ctx)
    names = ("Type", "Operation", "ReceivedCard", "ExtraInfo", "Location")
    for null in (False, True):
        receipt = {name: value for name, value in drive.receipt(cash=7_000).items() if name not in names}
        drive.sell({**receipt, **dict.fromkeys(names)} if null else receipt)
        seen = drive.receipt_info().demand().json
        kind = (seen["ReceiptType"], seen["OperationType"], seen["ReceivedCash"], seen["ReceivedCard"])
        ctx.check(("Purchase", "Sale", 7_000, 0), kind, "kind and sums")


@case(
    "uz.drive.transport.plain-ok",
    target="drive",
    clauses=["G2-T-08"],
    requirements=["UZ-SVC-01"],
    needs=["card"],
    description="Commands without a result are given: open, close, state sync.",
    expectation="200 each, and as plain text the two characters OK.",
)
def plain_ok(ctx: Context) -> None:
    """Clients compare the body with these two characters."""
    drive = begin(ctx, "closed")
    opened = drive.open()
    drive.sell()
    for what, reply in (("open", opened), ("close", drive.close_shift()), ("state sync", drive.sync_state())):
        ctx.check((200, "OK"), (reply.status, reply.text), what)
        kind = reply.headers.get("content-type", "")
        ctx.check_that("text/plain" in kind, "text/plain", kind, f"content type of {what}")


@case(
    "uz.drive.transport.error-body",
    target="drive",
    clauses=["G2-T-09"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A second opening of the shift is refused by the module.",
    expectation="A status other than 200; JSON of exactly Reason and Type; the Reason names the status word.",
)
def the_error_body(ctx: Context) -> None:
    """Exactly the two fields that clients decode."""
    drive = still(ctx)
    reply = drive.open()
    ctx.check_that(not reply.ok, "a status other than 200", reply.status, "status")
    error_body(ctx, reply)
    ctx.check({"Reason", "Type"}, set(reply.json), "fields of the error body")
    ctx.check_that("9022" in reply.reason, "…9022…", reply.reason, "Reason", clause="S-4.6")


@case(
    "uz.drive.transport.factory-id",
    target="drive",
    clauses=["G2-T-10", "S-4.6"],
    requirements=["UZ-SVC-04"],
    needs=["card"],
    description="Every operation on a module is asked for under a FactoryID that is not connected.",
    expectation="404 `fiscal drive not found` each time, and the connected module is untouched.",
)
def foreign_factory_id(ctx: Context) -> None:
    """One digit of the real FactoryID is changed, so that nothing but the whole of it can decide."""
    drive = still(ctx)
    last = "0" if drive.factory[-1] != "0" else "1"
    other = drive.factory[:-1] + last
    receipt = drive.receipt()
    with unchanged(ctx, "G2-T-10"):
        names = ("Info", "FiscalMemory/Info", "State/Sync", "ZReport/Open", "ZReport/Close", "ZReport/Info")
        replies = [drive.post(f"/FiscalDrive/{name}/{other}") for name in names]
        replies.append(drive.post(f"/FiscalDrive/Receipt/GetTXID/{other}", json=receipt))
        replies.append(drive.post(f"/DataBase/Files/Sync/FullReceipts/{other}", form={"ItemsCount": 1}))
        for reply in replies:
            refused(ctx, reply, 404, "fiscal drive not found", clause="S-4.6")
    still_sells(ctx, "G2-T-10")


@case(
    "uz.drive.transport.several-modules",
    target="drive",
    clauses=["G2-T-10"],
    requirements=["UZ-SVC-04"],
    needs=["card"],
    description="With several modules connected, a receipt is sold on the first.",
    expectation="Each answers under its FactoryID with its own TerminalID, and only the first has changed.",
)
def several_modules(ctx: Context) -> None:
    """Not applicable with a single module."""
    drive = ctx.drive
    listed = [str(module["FactoryID"]) for module in drive.list_modules()]
    if len(listed) < 2:
        ctx.not_applicable("the drive lists one module only")
    drive.ready("open")

    def memory(factory: str) -> Json:
        return dict(drive.post(f"/FiscalDrive/FiscalMemory/Info/{factory}").demand().json)

    before = {factory: memory(factory) for factory in listed}
    ctx.check(len(listed), len({each["TerminalID"] for each in before.values()}), "different TerminalIDs")
    drive.sell()
    changed = [factory for factory in listed if memory(factory) != before[factory]]
    ctx.check([drive.factory], changed, "modules that have changed")
