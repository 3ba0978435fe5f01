"""Every state against every act: what the table does not know is refused, without effect (§15.5, §15.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.portal_owner import DAILY, Owner
from conformance.suites.kz.portal.steps import ALL, KIND, refused, sold, stands, untouched, working

Reach = Callable[[Context, Owner], int]
SIGNED: Mapping[str, dict[str, Any]] = {
    "sign-registration": {},
    "choose-tariff": {"tariff": DAILY},
    "suspend": {},
    "drop-tariff": {},
    "reregister": {"outlet": 0},
    "sign-deregistration": {"reason": 7},
}
"""Signed acts with a wish that would do."""
PLAIN: Mapping[str, tuple[str, str]] = {
    "save": ("PUT", ""),
    "check": ("POST", "/check"),
    "resume": ("POST", "/resume"),
    "delete": ("DELETE", ""),
    "token": ("POST", "/token"),
}
ALLOWED: Mapping[str, frozenset[str]] = {
    "DRAFT": frozenset({"save", "check", "delete", "sign-registration"}),
    "WAIT_REG": frozenset(),
    "REG_REFUSED": frozenset({"resume"}),
    "REG_NO_TARIFF": frozenset({"choose-tariff", "sign-deregistration"}),
    "READY": frozenset({"suspend", "drop-tariff", "reregister", "token"}),
    "ACTIVE": frozenset({"suspend", "drop-tariff", "reregister", "token"}),
    "SUSPENDED": frozenset({"drop-tariff", "reregister", "token"}),
    "BLOCKED_MONEY": frozenset(),
    "BLOCKED_OFD": frozenset(),
    "WAIT_REREG": frozenset(),
    "WAIT_DEREG": frozenset(),
    "DEREGISTERED": frozenset(),
}
"""Acts of the owner by state: the rows PT-1 … PT-18 and the token."""


def _no(ctx: Context, owner: Owner) -> int:
    ctx.portal.switch(kgd_answer="no")
    return owner.registered()


def _active(ctx: Context, owner: Owner) -> int:
    card, device = working(ctx, owner)
    sold(ctx, device)
    return card


def _suspended(ctx: Context, owner: Owner) -> int:
    card = owner.ready()
    owner.do(card, "suspend")
    ctx.portal.pass_time(days=31)
    return card


def _indebted(ctx: Context, owner: Owner) -> int:
    card = owner.ready()
    rows = ctx.portal.anybody.get("/tariffs")
    cost = next(row["price"] for row in rows if row["id"] == DAILY)
    ctx.portal.pass_time(days=owner.balance() // cost + 1)
    return card


def _blocked(ctx: Context, owner: Owner) -> int:
    card = owner.ready()
    ctx.portal.order("block", card)
    return card


def _moving(ctx: Context, owner: Owner) -> int:
    card = owner.ready()
    ctx.portal.switch(rereg_delay=3600)
    owner.do(card, "reregister", outlet=owner.outlet())
    return card


def _leaving(_: Context, owner: Owner) -> int:
    card = owner.registered()
    owner.do(card, "sign-deregistration", reason=7)
    return card


def _left(ctx: Context, owner: Owner) -> int:
    card = _leaving(ctx, owner)
    ctx.portal.order("answer-now", card)
    return card


REACHED: Mapping[str, Reach] = {
    "DRAFT": lambda _, owner: owner.draft(),
    "WAIT_REG": lambda _, owner: owner.waiting(),
    "REG_REFUSED": _no,
    "REG_NO_TARIFF": lambda _, owner: owner.registered(),
    "READY": lambda _, owner: owner.ready(),
    "ACTIVE": _active,
    "SUSPENDED": _suspended,
    "BLOCKED_MONEY": _indebted,
    "BLOCKED_OFD": _blocked,
    "WAIT_REREG": _moving,
    "WAIT_DEREG": _leaving,
    "DEREGISTERED": _left,
}
LABELS: Mapping[str, str] = {
    "DRAFT": "Продолжить регистрацию",
    "WAIT_REG": "Ожидает регистрацию",
    "REG_REFUSED": "В регистрации отказано",
    "REG_NO_TARIFF": "Зарегистрирована в КГД",
    "READY": "Зарегистрирована",
    "ACTIVE": "Активная",
    "SUSPENDED": "Временно выключена",
    "BLOCKED_MONEY": "Заблокирована",
    "BLOCKED_OFD": "Заблокирована",
    "WAIT_REREG": "Ожидает перерегистрацию",
    "WAIT_DEREG": "Ожидает снятия с учёта",
    "DEREGISTERED": "Снята с учёта",
}
DATED = frozenset(REACHED) - {"DRAFT", "WAIT_REG", "WAIT_REREG", "WAIT_DEREG"}


@family(
    "kz.portal.state.{key}",
    rows={state.lower().replace("_", "-"): state for state in REACHED},
    target=KIND,
    clauses=["S-15.5", "S-15.6"],
    requirements=["KZ-KKM-02", "KZ-KKM-04"],
    needs=ALL,
    description="Every act that the table of transitions does not know is tried on a register ({key}).",
    expectation="Each is refused because of the state, and the card reads as before; it shows the state's "
    "label, and its date where it has one.",
)
def every_act(ctx: Context, state: str) -> None:
    """Pages of yesterday, two tabs and programs all come here."""
    owner = ctx.portal.owner
    card = REACHED[state](ctx, owner)
    before = stands(ctx, owner, card, state)
    ctx.check(LABELS[state], before["label"]["ru"], "label", clause="S-15.5")
    ctx.check(state in DATED, bool(before["since"]), "whether a date is shown", clause="S-15.5")
    for act, wish in SIGNED.items():
        if act in ALLOWED[state]:
            continue
        wanted = wish | {"outlet": before["outlet"]} if "outlet" in wish else wish
        refused(ctx, owner.ask(card, act, **wanted), "state", clause="S-15.6")
        refused(ctx, owner.sign(card, act, "text", **wanted), "state", clause="S-15.6")
    form = owner.form(outlet=before["outlet"])
    for act, (method, way) in PLAIN.items():
        if act in ALLOWED[state]:
            continue
        told = owner.send(method, f"/cards/{card}{way}", form if act == "save" else None)
        refused(ctx, told, "state", clause="S-15.6")
    untouched(ctx, owner, card, before)
