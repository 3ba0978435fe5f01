"""AckFiles byte by byte, verified by hand with the operator's public test key (uz-fiscal §17.5, TM-01)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.operator.exchange import answered, full, shift, taken
from reference.protocol.uz.receipt import ReceiptType
from reference.protocol.uz.values import encode_bcd8, encode_terminal_id, encode_time

X = 0xA0F18A4F5E0B9C6C74C390130E314E5281EE513EE36159E289FE9B700A5DE7C1
Y = 0xF81478D21F9044C7BCF1635B66F9D8BF9D570E9DD584ED97B2D1E8F15A04FC57
"""The operator's public test key as the specification prints it (uz-fiscal §17.1)."""
PUBLIC_KEY = ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1()).public_key()


def signed_by_operator(label: bytes, file: bytes) -> bool:
    """Whether the last 64 bytes of a file are the operator's signature over the label and all before them."""
    body, signature = file[:-64], file[-64:]
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        PUBLIC_KEY.verify(encode_dss_signature(r, s), label + body, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@family(
    "uz.operator.ack.bytes.{key}",
    rows={kind.name.lower(): kind for kind in ReceiptType},
    target="operator",
    clauses=["S-17.5", "S-17.1"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="The AckFile of a receipt, {key}, is taken apart.",
    expectation="01, kind 01, terminal, number, operator's time, and the operator's signature.",
)
def receipt_bytes(ctx: Context, kind: ReceiptType) -> None:
    """The key is the one printed in the specification, not one that this code derives."""
    terminal = ctx.operator.terminal()
    issued = terminal.issue(type=kind)
    file = answered(ctx, terminal, issued.full)[0].body
    ctx.check(90, len(file), "bytes of the AckFile", clause="S-17.5")
    head = b"\x01\x01" + encode_terminal_id(terminal.id) + encode_bcd8(issued.seq)
    ctx.check(head, file[:18], "version, kind, terminal and number", clause="S-17.5")
    signed = signed_by_operator(b"UZ-TEST-ACK/1", file)
    ctx.check(True, signed, "the signature is the operator's", clause="S-17.5")


@case(
    "uz.operator.ack.bytes.zreport",
    target="operator",
    clauses=["S-17.5", "S-17.1"],
    requirements=["UZ-SHF-07"],
    needs=["test-keys"],
    description="The AckFile of a Z-report is taken apart.",
    expectation="01, kind 02, terminal, close time, operator's time and the operator's signature.",
)
def zreport_bytes(ctx: Context) -> None:
    """The close time is the id of a Z-report."""
    terminal = ctx.operator.terminal()
    terminal.issue()
    report = terminal.close_shift()
    file = answered(ctx, terminal, shift(report).file)[0].body
    assert report.close_time is not None
    head = b"\x01\x02" + encode_terminal_id(terminal.id) + encode_time(report.close_time)
    ctx.check((90, head), (len(file), file[:18]), "size and beginning of the AckFile", clause="S-17.5")
    signed = signed_by_operator(b"UZ-TEST-ACK/1", file)
    ctx.check(True, signed, "the signature is the operator's", clause="S-17.5")


@case(
    "uz.operator.ack.each-its-own",
    target="operator",
    clauses=["S-17.5", "OF-10"],
    requirements=["UZ-OFD-01"],
    needs=["test-keys"],
    description="Ten receipts and two Z-reports of one message are acknowledged.",
    expectation="Twelve different AckFiles, each for the file at its place.",
)
def each_its_own(ctx: Context) -> None:
    """A module takes an AckFile for the record that it names."""
    terminal = ctx.operator.terminal()
    parcels = [full(terminal.issue()) for _ in range(5)]
    parcels.append(shift(terminal.close_shift()))
    parcels += [full(terminal.issue()) for _ in range(5)]
    parcels.append(shift(terminal.close_shift()))
    said = taken(ctx, terminal, *parcels)
    ctx.check(12, len({(each.kind, each.id8) for each in said}), "different AckFiles", clause="S-17.5")


@case(
    "uz.operator.ack.operator-time",
    target="operator",
    clauses=["TM-01", "S-17.5"],
    requirements=["UZ-CLK-04", "UZ-OFD-01"],
    needs=["clock", "test-keys"],
    description="The operator's clock is set 3 h 25 min ahead of lab time; a receipt and a Z-report come.",
    expectation="Their AckFiles bear the operator's own Tashkent time, not the sender's and not UTC.",
)
def operator_time(ctx: Context) -> None:
    """The module keeps this time as AcknowledgedTime of a Z-report."""
    terminal = ctx.operator.terminal()
    terminal.tick(-86_400)
    parcels = [full(terminal.issue()), shift(terminal.close_shift())]
    ctx.clock.skew("operator", 3 * 3600 + 25 * 60)
    before = ctx.operator.now()
    said = taken(ctx, terminal, *parcels)
    after = ctx.operator.now()
    for each in said:
        apart = (each.time - before).total_seconds() - 12_300
        most = (after - before).total_seconds() + 1
        ctx.check_that(
            -1 <= apart <= most,
            f"0 to {most:g} s after the operator's time",
            f"{apart:g} s",
            f"time in the AckFile of kind {each.kind}",
            clause="TM-01",
        )
