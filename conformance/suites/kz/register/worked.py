"""The worked shift of the specification, pressed key by key: its Z is the table, figure by figure (ZR-EX)."""

from __future__ import annotations

from typing import Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_keys import Json
from conformance.drivers.kz_register import item, sale
from conformance.models.kz_money import Figures
from conformance.suites.kz.operator.worked_shift import Z as TABLE
from conformance.suites.kz.register.books import differing, less_times, parent, sent_report
from conformance.suites.kz.register.till import NEEDS, done, queued

Z: Final[Figures] = {
    name: value for name, value in less_times(dict(TABLE)).items() if not name.endswith("offline_count")
}
"""The table of kz-ofd §9.3; what was offline is each case's own."""
WORKED: Final[tuple[tuple[str, Json], ...]] = (
    ("deposit", {"sum": 5_000_00}),
    (
        "sell",
        sale(
            1_300_00,
            item(420_00, "A", quantity="2.500"),
            item(300_00, "B", section="2", vat=None, discount=50_00),
            taken=2_000_00,
        ),
    ),
    (
        "sell",
        sale(
            770_00,
            item(700_00, "C", vat=None),
            markup=70_00,
            payments=[{"type": "card", "sum": 500_00}, {"type": "mobile", "sum": 270_00}],
            taken=None,
        ),
    ),
    ("sell-return", sale(420_00, item(420_00, "A"))),
    ("buy", sale(200_00, item(200_00, "D", section="3", vat=None))),
    ("withdraw", {"sum": 1_000_00}),
    (
        "sell",
        sale(
            150_00,
            item(100_00, "E", vat=None),
            item(150_00, "F", vat=None),
            item(100_00, "E", vat=None, storno=True),
        ),
    ),
)


@family(
    "kz.register.shift.worked-{key}",
    rows={"203": 203, "204": 204, "202": 202},
    target="register-kz",
    clauses=["KZ-ZR-EX", "KZ-CM-2", *(f"KZ-ZR-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14, 15))],
    requirements=["KZ-NNT-01", "KZ-PRT-02"],
    needs=NEEDS,
    description="The worked shift of the specification is played in version {key}, all of it online, and "
    "closed with the money taken out.",
    expectation="The register's own Z has every figure of the worked table.",
)
def worked(ctx: Context, version: int) -> None:
    """Typed from the table, not computed."""
    register = ctx.register
    stand = register.ready(version=version)
    for key, order in WORKED:
        given = {**order, "parent": parent()} if key == "sell-return" else order
        done(ctx, register.press(key, given))
    stand.rest()
    done(ctx, register.press("z", {"withdraw": True}))
    found = less_times(sent_report(ctx, stand.next("CLOSE_SHIFT")))
    ctx.check({}, differing(Z, found), "figures of its Z that differ: expected, found")


@case(
    "kz.register.shift.worked-offline",
    target="register-kz",
    clauses=["KZ-ZR-EX", "KZ-OQ-10"],
    requirements=["KZ-NNT-01", "KZ-OFF-01"],
    needs=NEEDS,
    description="The worked shift is played without a line, but for the power-on.",
    expectation="Its own Z has the figures of the table, with every document counted as offline besides.",
)
def worked_offline(ctx: Context) -> None:
    """The register makes the Z itself from its counters."""
    register = ctx.register
    stand = register.ready()
    stand.shut()
    first, *rest = WORKED
    queued(ctx, register.outlast(register.pressing(*first)))
    for key, order in rest:
        given = {**order, "parent": parent()} if key == "sell-return" else order
        queued(ctx, register.press(key, given))
    queued(ctx, register.press("z", {"withdraw": True}))
    stand.rest()
    register.find_line()
    (closing,) = (seen for seen in stand.rest() if seen.name == "CLOSE_SHIFT")
    found = less_times(sent_report(ctx, closing))
    offline = {name: found.pop(name) for name in list(found) if name.endswith("offline_count")}
    ctx.check({}, differing(Z, found), "figures of its Z that differ: expected, found")
    wanted = {"SELL": 3, "SELL_RETURN": 1, "BUY": 1}
    for name, count in wanted.items():
        place = f"ticket_operations.{name}.offline_count"
        ctx.check(count, offline.get(place), place, clause="KZ-ZR-10")
    taken = offline.get("money_placements.WITHDRAWAL.offline_count")
    ctx.check(2, taken, "offline withdrawals, that of the closing included", clause="KZ-ZR-11")
