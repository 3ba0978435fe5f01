"""What each command looks like on the wire, in each dialect (kz-ofd §2.2, §3, §10.4, §12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.unknown_fields import UnknownFieldSet

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json
from conformance.drivers.kz_register import DEFAULT_VERSION, item, sale
from conformance.drivers.ofd_orders import accept, doubled, in_pieces
from conformance.drivers.ofd_stand import Seen
from conformance.suites.kz.register.till import BY_KEYS, COMMAND_OF, NEEDS, done, in_mode, names, sell
from reference.protocol.kz.dialects import Command, Dialect, dialect_for
from reference.protocol.kz.service import has_geo_position
from reference.protocol.kz.validation import validate

SHIFT_NUMBER: Final = "8.1"
"""A finding that would need the register's whole past: shift numbers are judged in `shifts`."""
VERSIONS: Final = (124, 202, 203, 204)
ORDERS: Final[dict[str, Json]] = {
    "sell": sale(
        1_000_00,
        item(400_00, "Нан", quantity="2.500"),
        item(100_00, "Сүт", discount=50_00),
        discount=50_00,
        taken=2_000_00,
    ),
    "deposit": {"sum": 500_00},
    "withdraw": {"sum": 100_00},
    "x": {},
    "z": {"withdraw": True},
    "info": {},
    "nomenclature": {},
    "auth": {"login": "kassir", "password": "Kassir-1"},
    "cancel": {},
    "qr": {"sum": 100_00},
}


@dataclass(frozen=True, slots=True)
class Row:
    """A key pressed in a version of the protocol."""

    key: str
    version: int

    @property
    def command(self) -> Command:
        """What it sends."""
        return COMMAND_OF[self.key]


def _rows() -> Iterator[tuple[str, Row]]:
    for version in VERSIONS:
        for key in ORDERS:
            if key == "cancel" and version > 202:
                continue
            if key == "qr" and version < 204:
                continue
            yield f"{key}-{version}", Row(key, version)


@family(
    "kz.register.frame.{key}",
    rows=dict(_rows()),
    target="register-kz",
    clauses=lambda row: [
        f"KZ-CM-{row.command.value}",
        "KZ-HD-0",
        "KZ-HD-2",
        "KZ-HD-4",
        "KZ-HD-8",
        "KZ-HD-12",
        "KZ-HD-16",
        "KZ-PA-5",
    ],
    requirements=["KZ-PRT-01", "KZ-PRT-02"],
    needs=lambda row: BY_KEYS if row.version == DEFAULT_VERSION else NEEDS,
    description="A register that speaks that version presses that key, here {key}, after a deposit and a "
    "sale.",
    expectation="One frame of that version with its ID, the last TOKEN and the next REQNUM; its body has "
    "no field that the version lacks, and nothing that the checks of §10.4 refuse or warn of.",
)
def frame(ctx: Context, row: Row) -> None:
    """Every field where the tables of that version want it."""
    register = ctx.register
    stand = register.ready(version=row.version)
    register.press("deposit", {"sum": 5_000_00})
    sell(ctx)
    before = stand.rest()[-1]
    token = stand.books.issued
    done(ctx, register.press(row.key, ORDERS[row.key]), clause=f"KZ-CM-{row.command.value}")
    seen = stand.next(row.command.name)
    ctx.check(row.command.name, seen.name, "command")
    header = seen.header
    ctx.check(row.version, header.version, "VERSION", clause="KZ-HD-2")
    ctx.check(len(seen.raw), header.size, "SIZE", clause="KZ-HD-4")
    ctx.check(stand.books.device_id, header.id, "ID", clause="KZ-HD-8")
    ctx.check(token, header.token, "TOKEN", clause="KZ-HD-12")
    ctx.check(before.header.reqnum + 1, header.reqnum, "REQNUM", clause="KZ-HD-16")
    well_formed(ctx, seen, row.version)


def well_formed(ctx: Context, seen: Seen, version: int) -> None:
    """The body as the tables of the version want it."""
    dialect = dialect_for(version)
    assert dialect is not None
    ctx.check([], list(_unknown(seen.message)), "fields that the version lacks", clause="KZ-PA-5")
    if seen.document is not None:
        findings = [
            f"{one.id} {one.field}" for one in validate(seen.document, dialect) if one.id != SHIFT_NUMBER
        ]
        ctx.check([], findings, "findings of §10.4", clause="KZ-TI-T01" if seen.name == "TICKET" else "")
    _service(ctx, seen, dialect)


def _service(ctx: Context, seen: Seen, dialect: Dialect) -> None:
    ctx.check(True, seen.message.HasField("service"), "service part", clause="KZ-SV-01")
    asked = seen.message.service
    if dialect.version >= 200:
        held = ctx.register.stand.books.registration
        said = asked.reg_info.kkm
        ctx.check(
            (held.rnm, held.serial), (said.fns_kkm_id, said.serial_number), "reg_info", clause="KZ-SV-01"
        )
        ctx.check(True, asked.reg_info.HasField("org"), "organisation in reg_info", clause="KZ-SV-01")
        ctx.check(True, seen.period is not None, "offline_period", clause="KZ-SV-02")
    if dialect.version >= 204 and seen.document is not None:
        ctx.check(True, has_geo_position(seen.message), "geo position", clause="KZ-SV-07")


def _unknown(message: Any, path: str = "") -> Iterator[str]:
    """Paths of fields that the message's tables do not have."""
    unknowns: Any = UnknownFieldSet(message)
    for unknown in unknowns:
        yield f"{path}#{unknown.field_number}"
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for inner in value if field.is_repeated else (value,):
            yield from _unknown(inner, f"{path}{field.name}.")


@case(
    "kz.register.frame.system",
    target="register-kz",
    clauses=["KZ-CM-0", "KZ-OQ-3", "KZ-SV-01"],
    requirements=["KZ-PRT-02"],
    needs=NEEDS,
    description="A blocked register polls.",
    expectation="SYSTEM without a part of its own, with reg_info of register and organisation.",
)
def system(ctx: Context) -> None:
    """The only command a blocked register may send."""
    register = ctx.register
    stand = register.ready()
    stand.books.blocked = 15
    register.press("sell", sale())
    stand.rest()
    register.tick()
    seen = stand.next("SYSTEM")
    ctx.check("SYSTEM", seen.name, "command")
    parts = sorted(field.name for field, _ in seen.message.ListFields())
    ctx.check(["command", "service"], parts, "parts of the request")
    well_formed(ctx, seen, 203)


@case(
    "kz.register.frame.reqnum-grows",
    target="register-kz",
    clauses=["KZ-TK-1", "KZ-HD-16"],
    requirements=["KZ-PRT-03"],
    needs=BY_KEYS,
    description="Power-on, six sales, a report, a deposit and a closing.",
    expectation="Every new request has the REQNUM of the one before plus one, and the last TOKEN it was "
    "given.",
)
def reqnum_grows(ctx: Context) -> None:
    """Rule 1 of the protocol."""
    register = ctx.register
    stand = register.ready()
    for key in ("sell", "sell", "x", "sell", "deposit", "sell", "info", "sell", "z", "sell"):
        done(ctx, register.press(key, ORDERS.get(key, {}) if key != "sell" else sale()))
    numbers = [seen.header.reqnum for seen in stand.seen]
    ctx.check(list(range(numbers[0], numbers[0] + len(numbers))), numbers, "REQNUMs")
    ctx.check({"D6", "S1", "S3"}, {seen.row for seen in stand.seen}, "rows of §4.2", clause="KZ-TK-1")


@case(
    "kz.register.frame.one-connection-each",
    target="register-kz",
    clauses=["KZ-TR-05"],
    requirements=["KZ-PRT-01"],
    needs=BY_KEYS,
    description="Three sales are made; the OFD leaves the connections open.",
    expectation="Each request comes on a connection of its own, which the register closes.",
)
def one_connection(ctx: Context) -> None:
    """Connect, one request, one answer, close: what all known clients do."""
    stand = ctx.register.ready()
    before = stand.connections()
    for _ in range(3):
        sell(ctx)
    used = len({seen.connection for seen in stand.seen[-3:]})
    ctx.should(used == 3, "3", used, "connections of three requests")
    ctx.check_that(
        stand.connections() - before <= 3, "at most 3", stand.connections() - before, "connections"
    )


@family(
    "kz.register.frame.answer-{key}",
    rows={
        "byte-by-byte": in_pieces(1),
        "in-sevens": in_pieces(7),
        "header-then-body": in_pieces(18),
        "twice": doubled(2),
    },
    target="register-kz",
    clauses=["KZ-FR-06", "KZ-CM-1"],
    requirements=["KZ-PRT-01"],
    needs=BY_KEYS,
    description="The answer to a sale comes {key}; another sale follows.",
    expectation="Both sales are done, each sent once.",
)
def answer_in_pieces(ctx: Context, order: Any) -> None:
    """TCP keeps no borders."""
    stand = ctx.register.ready()
    stand.order(order)
    first = sell(ctx)
    ctx.check(stand.books.booked[0].sign, first.told("sign"), "sign", clause="KZ-CM-1")
    sell(ctx)
    ctx.check(["TICKET", "TICKET"], names(stand.rest()), "requests")
    in_mode(ctx, "ONLINE")


@case(
    "kz.register.frame.unasked-parts",
    target="register-kz",
    clauses=["KZ-CM-1", "KZ-CM-6"],
    requirements=["KZ-PRT-02"],
    needs=BY_KEYS,
    description="The answer to a deposit carries a ticket and a report besides.",
    expectation="They are ignored: the deposit is done and shift and cash are the register's own.",
)
def unasked_parts(ctx: Context) -> None:
    """Parts that do not belong to the command are ignored, on both sides."""
    register = ctx.register
    stand = register.ready()
    register.press("deposit", {"sum": 300_00})
    shift = register.state().told("shift.number")

    def more(response: Any) -> None:
        response.ticket.ticket_number = "1"
        response.report.report = 0
        response.report.zx_report.shift_number = 99

    stand.order(accept(fill=more))
    done(ctx, register.press("deposit", {"sum": 200_00}))
    state = register.state()
    ctx.check((500_00, shift), (state.told("cash"), state.told("shift.number")), "cash and shift")
