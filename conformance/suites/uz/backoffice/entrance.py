"""Logging in and out, sessions on devices, a password that was reset, the profile (BX-LOG, BX-PRF)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice import NAMES, PASSWORD, Owner, twice
from conformance.suites.uz.backoffice.steps import CLOCK, CONTROL, KIND, TRIES, refused, stranger, wrong

REQ = ("BX-LOG-01",)
TRIALS, LOCK_SECONDS = 5, 900
WEEK = 7 * 86_400
NEW = "yangi-parol-9"
NOT_HIS = "notogri-parol"


def _again(ctx: Context, owner: Owner) -> Owner:
    """The same owner on another device."""
    return ctx.backoffice.visitor(ctx.backoffice.log_in(owner.phone), owner.phone)


@case(
    "uz.backoffice.login.several-devices",
    target=KIND,
    clauses=["BX-G-2"],
    requirements=REQ,
    needs=CONTROL,
    description="An owner logs in on three devices, one after another.",
    expectation="All sessions work side by side, each with a secret of its own.",
)
def several(ctx: Context) -> None:
    """The FAQ says so."""
    owner = ctx.backoffice.owner
    devices = [owner, *(_again(ctx, owner) for _ in range(3))]
    ctx.check(4, len({each.session for each in devices}), "different sessions")
    for each in devices:
        ctx.check(owner.phone, each.get("/me")["phone"], "phone of the session")


@family(
    "uz.backoffice.login.wrong.{key}",
    rows={
        "password": ("", NOT_HIS),
        "password-of-another-case": ("", PASSWORD.upper()),
        "empty-password": ("", ""),
        "unknown-phone": ("+998930000000", PASSWORD),
        "no-phone": ("x", PASSWORD),
    },
    target=KIND,
    clauses=["BX-S-2", "BX-G-2"],
    requirements=REQ,
    needs=CONTROL,
    description="Somebody tries to log in ({key}).",
    expectation="The same refusal each time: nothing tells which phones there are.",
)
def wrong_login(ctx: Context, row: tuple[str, str]) -> None:
    """Who tries learns nothing."""
    phone, typed = row
    usual = ctx.backoffice.log_in(ctx.backoffice.owner.phone, "something else")
    told = ctx.backoffice.log_in(phone or ctx.backoffice.owner.phone, typed)
    refused(ctx, told, "credentials")
    ctx.check(usual.json, told.json, "refusal")


@case(
    "uz.backoffice.login.locked",
    target=KIND,
    clauses=["BX-S-2"],
    requirements=REQ,
    needs=CLOCK,
    description="Five wrong passwords are given, then the right one, also after a quarter of an hour.",
    expectation="The right one is refused until the fifteen minutes are over; the other owner is let in.",
)
def locked(ctx: Context) -> None:
    """Passwords cannot be found by trying."""
    ctx.clock.stand()
    owner = ctx.backoffice.owner
    for _ in range(TRIALS):
        refused(ctx, ctx.backoffice.log_in(owner.phone, NOT_HIS), "credentials")
    refused(ctx, ctx.backoffice.log_in(owner.phone), "tries", status=TRIES)
    ctx.backoffice.log_in(ctx.backoffice.other.phone).demand()
    owner.get("/me")
    ctx.backoffice.pass_time(seconds=LOCK_SECONDS - 1)
    refused(ctx, ctx.backoffice.log_in(owner.phone), "tries", status=TRIES)
    ctx.backoffice.pass_time(seconds=2)
    ctx.backoffice.log_in(owner.phone).demand()


@case(
    "uz.backoffice.login.in-a-row",
    target=KIND,
    clauses=["BX-S-2"],
    requirements=REQ,
    needs=CONTROL,
    description="Four wrong passwords and the right one, twice.",
    expectation="The right one is taken both times.",
)
def in_a_row(ctx: Context) -> None:
    """Only wrong ones in a row count."""
    owner = ctx.backoffice.owner
    for _ in range(2):
        for _ in range(TRIALS - 1):
            refused(ctx, ctx.backoffice.log_in(owner.phone, NOT_HIS), "credentials")
        ctx.backoffice.log_in(owner.phone).demand()


@case(
    "uz.backoffice.logout.one-device",
    target=KIND,
    clauses=["BX-S-3", "BX-G-2"],
    requirements=[*REQ, "BX-PRF-01"],
    needs=CONTROL,
    description="«Chiqish» on one of two devices, twice.",
    expectation="That session is over at once, the other one stays; the second time does no harm.",
)
def logout(ctx: Context) -> None:
    """What was copied of the session opens nothing any more."""
    owner = ctx.backoffice.owner
    gone = _again(ctx, owner)
    gone.delete("/sessions")
    stranger(ctx, gone.send("GET", "/me"))
    stranger(ctx, gone.send("GET", "/dashboard"))
    ctx.check(200, gone.send("DELETE", "/sessions").status, "status of the second time")
    ctx.check(owner.phone, owner.get("/me")["phone"], "phone of the other session")


@case(
    "uz.backoffice.session.a-week",
    target=KIND,
    clauses=["BX-S-3"],
    requirements=REQ,
    needs=CLOCK,
    description="Of two sessions one is used every two days, the other is not.",
    expectation="After a week unused the second is over, the first is not.",
)
def a_week(ctx: Context) -> None:
    """A session lives as long as it is used."""
    owner = ctx.backoffice.owner
    idle = _again(ctx, owner)
    for _ in range(3):
        ctx.backoffice.pass_time(days=2)
        owner.get("/me")
    ctx.backoffice.pass_time(days=1, seconds=1)
    stranger(ctx, idle.send("GET", "/me"))
    ctx.check(owner.phone, owner.get("/me")["phone"], "phone of the session that was used")


GARBAGE = {"nothing": "", "x": "x", "long": "x" * 500, "dots": "a.b.c", "bytes": "%00%ff", "number": "1"}


@family(
    "uz.backoffice.session.{key}",
    rows=GARBAGE,
    target=KIND,
    clauses=["BX-S-10"],
    requirements=REQ,
    description="The dashboard is asked for with a session that is none ({key}).",
    expectation="Nobody is logged in: 401 with words for people.",
)
def garbage(ctx: Context, session: str) -> None:
    """A session is nothing one could guess."""
    anybody = ctx.backoffice.anybody
    headers = {"Authorization": f"Bearer {session}"}
    stranger(ctx, anybody.send("GET", "/dashboard", headers=headers))
    stranger(ctx, anybody.send("POST", "/sync/changes", {"changes": []}, headers=headers))


@case(
    "uz.backoffice.session.of-a-pos",
    target=KIND,
    clauses=["BX-S-10"],
    requirements=REQ,
    needs=CONTROL,
    description="The secret of a point of sale asks for its owner's pages; his session reports changes.",
    expectation="401 both times.",
)
def of_a_pos(ctx: Context) -> None:
    """A cashier is no owner."""
    owner = ctx.backoffice.owner
    for path in ("/me", "/dashboard", "/subscription", "/branches"):
        stranger(ctx, owner.pos.send("GET", path))
    stranger(ctx, owner.send("POST", "/sync/changes", {"changes": []}))


@case(
    "uz.backoffice.reset.to-be-changed",
    target=KIND,
    clauses=["BX-G-2", "BX-S-3"],
    requirements=REQ,
    needs=CONTROL,
    description="An administrator resets a password; the owner logs in with the new one and sets his own.",
    expectation="All sessions end, the old password is refused, and only the change works until it is done.",
)
def reset(ctx: Context) -> None:
    """Whoever had his password before is out."""
    owner = ctx.backoffice.owner
    temporary = str(ctx.backoffice.do("reset-password", phone=owner.phone)["password"])
    stranger(ctx, owner.send("GET", "/me"))
    refused(ctx, ctx.backoffice.log_in(owner.phone), "credentials")
    back = ctx.backoffice.visitor(ctx.backoffice.log_in(owner.phone, temporary), owner.phone)
    ctx.check(True, back.get("/me")["renew"], "whether the password is to be changed")
    for path in (
        "/dashboard",
        "/orders",
        "/products",
        "/staff",
        "/transactions",
        "/branches",
        "/subscription",
    ):
        refused(ctx, back.send("GET", path), "renew")
    refused(ctx, back.send("POST", "/branches", {"name": "Yangi"}), "renew")
    back.post("/password", twice(NEW))
    ctx.check(False, back.get("/me")["renew"], "whether the password is to be changed")
    back.dashboard()
    refused(ctx, ctx.backoffice.log_in(owner.phone, temporary), "credentials")
    ctx.backoffice.log_in(owner.phone, NEW).demand()


@case(
    "uz.backoffice.reset.lifts-the-lock",
    target=KIND,
    clauses=["BX-S-2", "BX-G-2"],
    requirements=REQ,
    needs=CONTROL,
    description="An owner who locked himself out has his password reset.",
    expectation="He is let in with the new one at once.",
)
def lifts(ctx: Context) -> None:
    """That is what he called for."""
    owner = ctx.backoffice.owner
    for _ in range(TRIALS):
        ctx.backoffice.log_in(owner.phone, NOT_HIS)
    temporary = str(ctx.backoffice.do("reset-password", phone=owner.phone)["password"])
    ctx.backoffice.log_in(owner.phone, temporary).demand()


@case(
    "uz.backoffice.password.ends-the-others",
    target=KIND,
    clauses=["BX-S-3"],
    requirements=REQ,
    needs=CONTROL,
    description="A password is changed on one of three devices.",
    expectation="The other two are out, this one stays; the old password is refused.",
)
def ends_others(ctx: Context) -> None:
    """A password is changed because somebody may know it."""
    owner = ctx.backoffice.owner
    others = [_again(ctx, owner), _again(ctx, owner)]
    owner.post("/password", twice(NEW))
    for each in others:
        stranger(ctx, each.send("GET", "/me"))
    ctx.check(owner.phone, owner.get("/me")["phone"], "phone of the session that changed it")
    refused(ctx, ctx.backoffice.log_in(owner.phone), "credentials")
    ctx.backoffice.log_in(owner.phone, NEW).demand()


@family(
    "uz.backoffice.password.wrong.{key}",
    rows={
        "of-seven": (twice("1234567"), "password"),
        "empty": (twice(""), "password"),
        "of-129": (twice("x" * 129), "password"),
        "differs": (twice(NEW) | {"password_repeated": "x"}, "password_repeated"),
        "left-out": ({"password": NEW}, "password_repeated"),
    },
    target=KIND,
    clauses=["BX-G-1.3", "BX-S-9"],
    requirements=[*REQ, "BX-REG-03"],
    needs=CONTROL,
    description="A new password breaks a rule ({key}).",
    expectation="The field is named, and the old one lets in.",
)
def wrong_password(ctx: Context, row: tuple[dict[str, str], str]) -> None:
    """The rules are those of the registration."""
    owner = ctx.backoffice.owner
    wrong(ctx, owner.send("POST", "/password", row[0]), row[1])
    ctx.backoffice.log_in(owner.phone).demand()


@case(
    "uz.backoffice.profile.whole",
    target=KIND,
    clauses=["BX-G-11"],
    requirements=["BX-PRF-01"],
    needs=CONTROL,
    description="An owner looks at his profile, subscription and branches; then «Chiqish».",
    expectation="Names, phone, business, plan, used and most branches are his; then he is out.",
)
def profile(ctx: Context) -> None:
    """What the page and its two quick links show."""
    owner = ctx.backoffice.owner
    seen = owner.get("/me")
    name = f"{NAMES['first_name']} {NAMES['last_name']}"
    ctx.check(
        (name, owner.phone, NAMES["business"]), (seen["name"], seen["phone"], seen["business"]), "profile"
    )
    ctx.check("professional", owner.subscription()["plan"]["key"], "plan")
    branches = owner.get("/branches")
    ctx.check((1, 5), (branches["used"], branches["most"]), "used and most branches")
    owner.delete("/sessions")
    stranger(ctx, owner.send("GET", "/me"))
