"""INFO, SYSTEM and what travels in the service part (kz-ofd §3.3 … §3.5)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_operator import Answer
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS
from reference.protocol.kz.reports import figures
from reference.protocol.kz.service import read_reg_info

PRT = ("KZ-PRT-02",)
INFO, SYSTEM = 5, 0
ORG = {"org_title": "TEST ТОО «Дүкен»", "org_inn": "870512300123", "org_address": "Астана, Тестовая 2"}
POS = {"pos_title": "TEST Магазин №2", "pos_address": "Астана, Тестовая 3"}


def service_of(answer: Answer) -> Any:
    """The service part of an answer."""
    return answer.message.service


@family(
    "kz.operator.info.fresh.{key}",
    rows={str(version): version for version in VERSIONS},
    target=KIND,
    clauses=["KZ-S-3.3", "KZ-IN-01", "KZ-IN-02", "KZ-IN-05", "KZ-TP-6"],
    requirements=PRT,
    needs=CONTROL,
    description="A new register of version {key} asks for INFO.",
    expectation="REPORT_Z with shift number 1, zeros, no times of a shift, no checksum, no last document.",
)
def fresh(ctx: Context, version: int) -> None:
    """The shape of a captured answer."""
    device = ctx.ofd.device(version)
    answer = device.accept(INFO)
    report = answer.report
    ctx.check(0, answer.message.report.report, "kind of the report", clause="KZ-IN-01")
    ctx.check(1, report.shift_number, "shift number", clause="KZ-TP-6")
    left = {name: value for name, value in figures(report).items() if name != "shift_number"}
    if version == 204:
        left.pop("open_shift_time", None)  # a required field of 2.0.4
    ctx.check({}, left, "figures that are not zero", clause="KZ-S-3.3")
    known = service_of(answer).DESCRIPTOR.fields_by_name
    told = "last_document_info" in known and service_of(answer).HasField("last_document_info")
    ctx.check(("", False), (report.checksum, told), "checksum and last document", clause="KZ-IN-05")


@case(
    "kz.operator.info.shift",
    target=KIND,
    clauses=["KZ-IN-01", "KZ-IN-02"],
    requirements=("KZ-PRT-02", "KZ-NNT-01"),
    description="INFO is asked for before, during and after a shift.",
    expectation="REPORT_Z with the last Z, REPORT_X with the current X, REPORT_Z with the new Z.",
)
def of_the_shift(ctx: Context) -> None:
    """A register takes its counters from here."""
    device = ctx.ofd.device()
    for _ in range(2):
        device.accept(device.deposit(5_000))
        device.sell()
        answer = device.accept(INFO)
        ctx.check(1, answer.message.report.report, "kind while a shift is open", clause="KZ-IN-01")
        device.same(device.books.report(), answer, "X of INFO", clause="KZ-IN-02")
        device.close_shift()
        answer = device.accept(INFO)
        ctx.check(0, answer.message.report.report, "kind while none is open", clause="KZ-IN-01")
        device.same(device.closed, answer, "Z of INFO", clause="KZ-IN-02")


@family(
    "kz.operator.info.reg-info.{key}",
    rows={str(version): version for version in VERSIONS},
    target=KIND,
    clauses=["KZ-IN-03", "KZ-S-11", "KZ-S-12.1", "KZ-S-12.2", "KZ-S-12.3", "KZ-PA-5"],
    requirements=PRT,
    needs=CONTROL,
    description="A register of version {key} with names of its own asks for INFO without get_reg_info.",
    expectation="Parts kkm, pos and org are all there, in the fields of the version.",
)
def reg_info(ctx: Context, version: int) -> None:
    """Always, whatever get_reg_info says. The numbers are given back: no two live registers share them."""
    number = f"{ctx.rng.randrange(10**9):09}"
    names = {"rnm": f"993{number}", "serial": f"TEST-{number}"}
    device = ctx.ofd.device(version, **names, **ORG, **POS)
    try:
        answer = device.accept(INFO)
    finally:
        ctx.ofd.do("deregister", device)
    said = read_reg_info(answer.dialect, service_of(answer).reg_info)
    wanted = {**names, **ORG, **POS}
    if version != 124:
        wanted["kkm_id"] = str(device.id)
    seen = {name: getattr(said, name) for name in wanted}
    ctx.check(wanted, seen, "registration", clause="KZ-IN-03")


@case(
    "kz.operator.info.tag-6",
    target=KIND,
    clauses=["KZ-TP-5", "KZ-S-12.2"],
    requirements=PRT,
    needs=CONTROL,
    description="INFO is asked for in 2.0.2 and in 2.0.3.",
    expectation="Tag 6 of org is the number 1 in 2.0.2, bytes 30 01, and a text in 2.0.3.",
)
def tag_six(ctx: Context) -> None:
    """One of the two places that are not wire-compatible."""
    for version in (202, 203):
        answer = ctx.ofd.device(version).accept(INFO)
        org = service_of(answer).reg_info.org
        data = org.SerializeToString()
        if version == 202:
            ctx.check(1, org.tenantId, "tenantId", clause="KZ-TP-5")
            ctx.check_that(b"\x30\x01" in data, "30 01 in org", data, "bytes of org", clause="KZ-S-12.2")
        else:
            text = org.address_kz
            ctx.check_that(bool(text), "an address in Kazakh", text, "tag 6 of org", clause="KZ-TP-5")


@family(
    "kz.operator.info.last-document.{key}",
    rows={"ticket": 0, "deposit": 1, "close-shift": 2},
    target=KIND,
    clauses=["KZ-IN-05"],
    requirements=PRT,
    description="INFO is asked for after a {key}.",
    expectation="Shift number and printed number of that document.",
)
def last_document(ctx: Context, kind: int) -> None:
    """Numbers as the register sent them."""
    device = ctx.ofd.device()
    device.sell(printed_number=40_001)
    shift = device.books.shift_number
    document = (
        device.ticket(printed_number=40_002),
        device.deposit(100, printed_number=40_003),
        device.closing(printed_number=40_004),
    )[kind]
    device.accept(document)
    told = service_of(device.accept(INFO)).last_document_info
    seen = (told.fr_shift_number, told.printed_document_number)
    ctx.check((shift, 40_002 + kind), seen, "shift and printed number", clause="KZ-IN-05")
