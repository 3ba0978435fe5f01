"""Multicard's settings of a branch: token, fields, and the secret that is never shown again (BX-PAY-01)."""

from __future__ import annotations

import json
from typing import Any, Final

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.backoffice.steps import CLOCK, CONTROL, KIND, WRONG, wrong

PAY: Final = ("BX-PAY-01",)
SECRET = "test-juda-maxfiy-kalit"  # noqa: S105 - of a stand-in
ACCOUNT = {"store": "test-store", "application": "test-app", "secret": SECRET, "active": True}


@case(
    "uz.backoffice.merchant.set-up",
    target=KIND,
    clauses=["BX-G-10", "BX-S-16"],
    requirements=PAY,
    needs=CONTROL,
    description="Multicard is set up for one of two branches, and changed without giving the secret again.",
    expectation="Token «Aktiv», the other branch has none, the three others come later; the secret is kept.",
)
def set_up(ctx: Context) -> None:
    """Each branch has an account of its own."""
    owner = ctx.backoffice.owner
    second = owner.add_branch()
    way = f"/branches/{owner.branch}/merchants"
    before = owner.get(way)
    ctx.check(["atmos", "click", "payme"], sorted(before["soon"]), "providers that come later")
    ctx.check((False, False), (before["multicard"]["has_secret"], before["multicard"]["token"]), "at first")
    seen = owner.put(f"{way}/multicard", ACCOUNT)
    ctx.check(
        (True, True, True), (seen["has_secret"], seen["active"], seen["token"]), "secret, active, token"
    )
    owner.put(f"{way}/multicard", ACCOUNT | {"store": "test-other", "secret": ""})
    seen = owner.get(way)["multicard"]
    ctx.check(("test-other", True, True), (seen["store"], seen["has_secret"], seen["token"]), "account")
    ctx.check(False, owner.get(f"/branches/{second}/merchants")["multicard"]["has_secret"], "other branch")


@case(
    "uz.backoffice.merchant.secret-never-shown",
    target=KIND,
    clauses=["BX-S-16"],
    requirements=PAY,
    needs=CONTROL,
    description="After a secret is saved every address that an owner can read is read.",
    expectation="It stands in no answer, that of saving included.",
)
def never_shown(ctx: Context) -> None:
    """Nor in what the control API tells of the portal's state."""
    owner = ctx.backoffice.owner
    way = f"/branches/{owner.branch}/merchants"
    answers = [owner.send("PUT", f"{way}/multicard", ACCOUNT)]
    answers.append(owner.send("PUT", f"{way}/multicard", ACCOUNT | {"store": ""}))
    paths = (way, "/branches", f"/branches/{owner.branch}", "/me", "/dashboard", "/subscription", "/outbox")
    answers += [owner.send("GET", path) for path in paths]
    for told in answers:
        ctx.check(False, SECRET in told.content.decode("utf-8", "replace"), f"secret in {told.request}")
    state = json.dumps(ctx.control.state(), ensure_ascii=False)
    ctx.check(False, SECRET in state, "secret in the state of the control API")


NO_TOKEN: Final[dict[str, dict[str, Any]]] = {
    "wrong-secret": {"secret": "boshqa"},
    "wrong-store": {"store": "dokon"},
    "switched-off": {"active": False},
}


@family(
    "uz.backoffice.merchant.token.{key}",
    rows=NO_TOKEN,
    target=KIND,
    clauses=["BX-G-10"],
    requirements=PAY,
    needs=CONTROL,
    description="Multicard is set up so that there can be no token ({key}).",
    expectation="It is saved, and the token is «Nofaol».",
)
def no_token(ctx: Context, changes: dict[str, Any]) -> None:
    """Store ID, Application ID and Secret have to be right."""
    owner = ctx.backoffice.owner
    seen = owner.put(f"/branches/{owner.branch}/merchants/multicard", ACCOUNT | changes)
    ctx.check((True, False), (seen["has_secret"], seen["token"]), "secret and token")


@case(
    "uz.backoffice.merchant.token-a-day",
    target=KIND,
    clauses=["BX-S-16"],
    requirements=PAY,
    needs=CLOCK,
    description="A day goes by after Multicard was set up; then «Saqlash» again.",
    expectation="The token is «Nofaol» after a day and lives again after saving.",
)
def token_a_day(ctx: Context) -> None:
    """By lab time."""
    owner = ctx.backoffice.owner
    way = f"/branches/{owner.branch}/merchants"
    owner.put(f"{way}/multicard", ACCOUNT)
    ctx.backoffice.pass_time(hours=23, minutes=59)
    ctx.check(True, owner.get(way)["multicard"]["token"], "token after 23:59")
    ctx.backoffice.pass_time(minutes=2)
    ctx.check(False, owner.get(way)["multicard"]["token"], "token after a day")
    ctx.check(True, owner.put(f"{way}/multicard", ACCOUNT | {"secret": ""})["token"], "token after saving")


@family(
    "uz.backoffice.merchant.wrong.{key}",
    rows={
        "store-missing": ({"store": ""}, "store"),
        "application-missing": ({"application": ""}, "application"),
        "secret-missing": ({"secret": ""}, "secret"),
        "store-long": ({"store": "x" * 65}, "store"),
        "secret-long": ({"secret": "x" * 129}, "secret"),
        "misspelt": ({"aplication": "x"}, "aplication"),
    },
    target=KIND,
    clauses=["BX-G-10", "BX-S-9"],
    requirements=PAY,
    needs=CONTROL,
    description="Multicard is set up for the first time with one wrong field ({key}).",
    expectation="The field is named without its value where it is the secret, and nothing is saved.",
)
def merchant_wrong(ctx: Context, row: tuple[dict[str, str], str]) -> None:
    """All three are required."""
    owner = ctx.backoffice.owner
    way = f"/branches/{owner.branch}/merchants"
    told = owner.send("PUT", f"{way}/multicard", ACCOUNT | row[0])
    wrong(ctx, told, row[1])
    ctx.check(False, "x" * 129 in told.content.decode("utf-8", "replace"), "secret in the refusal")
    ctx.check(False, owner.get(way)["multicard"]["has_secret"], "whether anything is saved")


@case(
    "uz.backoffice.merchant.other-providers",
    target=KIND,
    clauses=["BX-G-10"],
    requirements=PAY,
    needs=CONTROL,
    description="The providers of «Tez kunda...» are set up all the same.",
    expectation="There is no such address.",
)
def soon(ctx: Context) -> None:
    """A button that is grey is not the only wall."""
    owner = ctx.backoffice.owner
    for name in ("atmos", "click", "payme"):
        told = owner.send("PUT", f"/branches/{owner.branch}/merchants/{name}", ACCOUNT)
        ctx.check_in((404, 405, WRONG), told.status, f"status of {name}")
