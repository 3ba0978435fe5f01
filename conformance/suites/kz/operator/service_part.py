"""The service part of any command, and how a message may be written (kz-ofd §3.4, §3.5)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.suites.kz.operator.info import INFO, PRT, SYSTEM, service_of
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS, named, no_findings, rows_found
from reference.protocol.kz.service import read_ads


@family(
    "kz.operator.service.get-reg-info.{key}",
    rows={"system": SYSTEM, "ticket": 1, "deposit": 6},
    target=KIND,
    clauses=["KZ-SV-03"],
    requirements=PRT,
    description="A {key} asks for the registration, then one does not.",
    expectation="The answer has service.reg_info, then not.",
)
def get_reg_info(ctx: Context, kind: int) -> None:
    """True only."""
    device = ctx.ofd.device()

    def asking(wanted: bool) -> Any:
        def change(service: Any) -> None:
            service.get_reg_info = wanted

        what = {SYSTEM: SYSTEM, 1: device.ticket(), 6: device.deposit(100)}[kind]
        return device.accept(what, service=change)

    for wanted in (True, False):
        held = service_of(asking(wanted)).HasField("reg_info")
        ctx.check(wanted, held, "service.reg_info in the answer", clause="KZ-SV-03")


@family(
    "kz.operator.service.taxation.{key}",
    rows={str(version): version for version in VERSIONS},
    target=KIND,
    clauses=["KZ-SV-04", "KZ-IN-06", "KZ-PA-5"],
    requirements=PRT,
    needs=CONTROL,
    description="A register of version {key} asks for the bound taxation, in SYSTEM and in INFO.",
    expectation="100, VAT of 16 and 0 per cent where it asks; nothing where it does not.",
)
def taxation(ctx: Context, version: int) -> None:
    """2.0.4 has other names for the same fields."""
    device = ctx.ofd.device(version)
    ctx.ofd.do("set-taxation", device, kind=100, taxes=[{"percent": 16_000}, {"percent": 0}])

    def asking(service: Any) -> None:
        service.get_binded_taxation = True

    for command in (SYSTEM, INFO):
        held = service_of(device.accept(command)).HasField("binded_taxation")
        ctx.check(False, held, "taxation that nobody asked for", clause="KZ-IN-06")
        answer = device.accept(command, service=asking)
        bound, dialect = service_of(answer).binded_taxation, answer.dialect
        kind = getattr(bound, dialect.binded_taxation_field)
        taxes = [(getattr(tax, dialect.binded_tax_field), tax.percent) for tax in bound.taxes]
        ctx.check((100, [(100, 16_000), (100, 0)]), (kind, taxes), "taxation", clause="KZ-SV-04")


ADS = [
    {"type": kind, "version": 10 + kind, "text": f"TEST ad {kind} ${{ticket_number}}"} for kind in range(5)
]


@case(
    "kz.operator.service.ads",
    target=KIND,
    clauses=["KZ-S-3.5", "KZ-SV-05", "KZ-IN-04"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="Five ads are published; a register holds none, some older, all, and newer ones.",
    expectation="Any answer brings just those that are newer than what it holds; INFO brings all.",
)
def ads(ctx: Context) -> None:
    """Not reported is version 0."""
    device = ctx.ofd.device()
    ctx.ofd.do("set-ads", device, ads=ADS)
    held: dict[tuple[int, ...], list[int]] = {
        (): [0, 1, 2, 3, 4],
        (10, 11, 12): [3, 4],
        (9, 11, 1, 13, 13): [0, 2, 4],
        (10, 11, 12, 13, 14): [],
        (99, 99, 99, 99, 99): [],
    }
    for versions, wanted in held.items():
        for what in (SYSTEM, device.ticket()):
            answer = device.accept(what, service=_holding(versions))
            said = [ad.type for ad in read_ads(service_of(answer))]
            ctx.check(wanted, said, f"types of ads to {versions}", clause="KZ-S-3.5")
        every = [ad.type for ad in read_ads(service_of(device.accept(INFO, service=_holding(versions))))]
        ctx.check([0, 1, 2, 3, 4], every, "types of ads in INFO", clause="KZ-IN-04")


def _holding(versions: tuple[int, ...]) -> Any:
    def change(service: Any) -> None:
        for kind, version in enumerate(versions):
            service.ticket_ad_infos.add(version=version).type = kind

    return change


@case(
    "kz.operator.service.ad-texts",
    target=KIND,
    clauses=["KZ-S-3.5", "KZ-IN-04"],
    requirements=PRT,
    needs=CONTROL,
    description="A new register asks for INFO, then a text in Kazakh with a place holder is published.",
    expectation="One ad of type OFD with version 588; then the text as it was published, with its version.",
)
def ad_texts(ctx: Context) -> None:
    """A TicketAd always has info, type, version and text."""
    device = ctx.ofd.device()
    first = read_ads(service_of(device.accept(INFO)))
    ctx.check([(0, 588)], [(ad.type, ad.version) for ad in first], "ads of a new register", clause="KZ-IN-04")
    text = "TEST Чегіңізді тексеріңіз: ${ticket_number}"
    ctx.ofd.do("set-ads", device, ads=[{"type": 1, "version": 2**40, "text": text}])
    said = [(ad.type, ad.version, ad.text) for ad in read_ads(service_of(device.accept(INFO)))]
    ctx.check([(1, 2**40, text)], said, "ads", clause="KZ-S-3.5")


@case(
    "kz.operator.service.none-at-all",
    target=KIND,
    clauses=["KZ-S-3.2"],
    requirements=PRT,
    description="SYSTEM, INFO, a ticket and a deposit come without a service part.",
    expectation="All are accepted.",
)
def no_service(ctx: Context) -> None:
    """A duty is not a check."""
    device = ctx.ofd.device()
    for what in (SYSTEM, INFO, device.ticket(), device.deposit(100)):
        device.accept(what, bare=True, clause="KZ-S-3.2")
    device.compare()


@case(
    "kz.operator.service.reg-info-differs",
    target=KIND,
    clauses=["KZ-SV-01"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="A ticket says another RNM and another BIN than the registration's; then the switch refuses.",
    expectation="Accepted and both recorded; with `reg_info_check`=on code 13.",
)
def reg_info_differs(ctx: Context) -> None:
    """Compared, not judged."""
    device = ctx.ofd.device()
    device.sell()
    no_findings(ctx, device)

    def lie(service: Any) -> None:
        service.reg_info.kkm.fns_kkm_id = "000000000001"
        service.reg_info.org.inn = "000000000002"

    device.accept(device.ticket(), service=lie, clause="KZ-SV-01")
    named(ctx, device, "SV-01", "rnm")
    named(ctx, device, "SV-01", "org_inn")
    ctx.ofd.switch(reg_info_check="on")
    device.refuse(13, device.ticket(), service=lie, clause="KZ-SV-01")
    device.sell()
    device.compare()


@case(
    "kz.operator.service.geo-position",
    target=KIND,
    clauses=["KZ-SV-07", "KZ-RG-07"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="2.0.3 and 2.0.4 registers send documents without a geo position; then the switch refuses.",
    expectation="Nothing is found in 2.0.3; in 2.0.4 it is recorded, and refused with 13 by the switch.",
)
def geo_position(ctx: Context) -> None:
    """A duty of 2.0.4 for four commands."""

    def nowhere(service: Any) -> None:
        service.ClearField("security_stats")

    old, new = ctx.ofd.device(203), ctx.ofd.device(204)
    for device in (old, new):
        device.accept(device.ticket(), service=nowhere, clause="KZ-SV-07")
    no_findings(ctx, old)
    named(ctx, new, "SV-07")
    ctx.ofd.switch(geo_check="on")
    for what in (new.ticket(), new.deposit(100), new.closing()):
        new.refuse(13, what, service=nowhere, clause="KZ-SV-07")
    new.accept(SYSTEM, service=nowhere)
    old.accept(old.ticket(), service=nowhere)
    new.sell()
    new.compare()


@case(
    "kz.operator.service.never-judged",
    target=KIND,
    clauses=["KZ-SV-06"],
    requirements=PRT,
    description="A ticket carries software information, quality of the line, a marker and pairs of its own.",
    expectation="It is accepted as any other.",
)
def never_judged(ctx: Context) -> None:
    """Stored, never judged."""
    device = ctx.ofd.device()

    def talk(service: Any) -> None:
        service.comm_quality.avg_connect_time = 2**31 - 1
        service.nomenclature_version = 77
        service.marker = 2**62
        service.software_information_old = b"\xff\xfe\x00"
        module = service.software_information.module_infos.add(name="", version="∞")
        module.device_info.manufacturer = "TEST" * 50
        service.auxiliary.add(key="", value="?")

    device.accept(device.ticket(), service=talk, clause="KZ-SV-06")
    if ctx.can("control"):
        ctx.check([], rows_found(ctx, device), "findings", clause="KZ-SV-06")
    device.compare()


# --- how messages may be written ----------------------------------------------------------------------------


def _unknown_fields(body: bytes) -> bytes:
    """Field 1007 with three bytes and field 1000 with a number behind everything else."""
    return body + b"\xfa\x3e\x03tes" + b"\xc0\x3e\x05"


def _service_first(body: bytes) -> bytes:
    """The fields of a request in another order: the command last."""
    return body[2:] + body[:2]


@family(
    "kz.operator.message.{key}",
    rows={"unknown-fields": _unknown_fields, "command-last": _service_first},
    target=KIND,
    clauses=["KZ-PA-2", "KZ-PA-3"],
    requirements=("KZ-PRT-01",),
    description="A ticket is written in a way that is unusual and sound: {key}.",
    expectation="It is accepted and counted once.",
)
def unusual(ctx: Context, change: Any) -> None:
    """Field order is free, unknown fields are ignored."""
    device: Device = ctx.ofd.device()
    ticket = device.ticket()
    body = change(device.request(ticket).SerializeToString())
    answer = ctx.ofd.ask(device.frame(body, reqnum=device.next_reqnum()))
    ctx.check((0, 1), (answer.code, answer.command), "result code and command", clause="KZ-PA-3")
    device.token = answer.token
    device.books.add(ticket)
    device.compare()


@case(
    "kz.operator.message.foreign-parts",
    target=KIND,
    clauses=["KZ-S-3.2"],
    requirements=("KZ-PRT-01",),
    description="A deposit's request also carries a ticket, a closing and a report.",
    expectation="The deposit alone is counted.",
)
def foreign_parts(ctx: Context) -> None:
    """Parts that do not belong to the command are ignored."""
    device = ctx.ofd.device()
    deposit = device.deposit(100)
    message = device.request(deposit)
    message.ticket.CopyFrom(device.request(device.ticket()).ticket)
    message.close_shift.CopyFrom(device.request(device.closing()).close_shift)
    message.report.report = 0
    device.accept(message, clause="KZ-S-3.2")
    device.books.add(deposit)
    device.compare()


@case(
    "kz.operator.message.hybrid-124",
    target=KIND,
    clauses=["KZ-S-12.1", "KZ-TP-13"],
    requirements=("KZ-PRT-01",),
    needs=CONTROL,
    description="A 1.2.4 ticket has a bare string in ExtensionOptions 3; in another it is the seller's BIN.",
    expectation="The first is accepted; twelve digits are the customer's IIN, which 1.2.4 does not refuse.",
)
def hybrid(ctx: Context) -> None:
    """A parser must survive a string there."""
    device = ctx.ofd.device(124)
    for bare in ("not a pair", "870512300123", device.identity.org_inn):
        ticket = device.ticket(bare_strings=(bare,))
        message = device.request(ticket)
        device.accept(message, clause="KZ-TP-13")
        device.books.add(ticket)
    device.compare()
