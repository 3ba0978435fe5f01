"""Registration in three steps: phone, code, names and password (BX-REG)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.backoffice import NAMES, PASSWORD, twice
from conformance.suites.uz.backoffice.steps import (
    CLOCK,
    CONTROL,
    KIND,
    TRIES,
    UNKNOWN,
    refused,
    wrong,
)

REG1, REG2, REG3 = ("BX-REG-01",), ("BX-REG-02",), ("BX-REG-03",)
CODE_SECONDS, CODE_TRIES, AN_HOUR = 300, 5, 5


@case(
    "uz.backoffice.register.whole",
    target=KIND,
    clauses=["BX-G-1.3", "BX-G-1.1", "BX-G-1.2"],
    requirements=[*REG1, *REG2, *REG3],
    needs=CONTROL,
    description="A newcomer goes through the three steps.",
    expectation="He is logged in under the names he gave, and his dashboard is empty.",
)
def whole(ctx: Context) -> None:
    """Step by step, as the page shows it."""
    steps = ctx.backoffice.begin()
    ctx.check({"phone": steps.phone, "step": 2}, steps.view(), "registration after the phone")
    steps.confirm().demand()
    ctx.check({"phone": steps.phone, "step": 3}, steps.view(), "registration after the code")
    owner = ctx.backoffice.visitor(steps.finish(), steps.phone)
    seen = owner.get("/me")
    ctx.check(
        (steps.phone, "Aziza Sinova", NAMES["business"], False),
        (seen["phone"], seen["name"], seen["business"], seen["renew"]),
        "who is logged in",
    )
    ctx.check(0, owner.dashboard()["figures"]["now"]["revenue"], "revenue of a newcomer")
    ctx.backoffice.log_in(steps.phone).demand()


@case(
    "uz.backoffice.register.code.sent",
    target=KIND,
    clauses=["BX-G-1.1"],
    requirements=REG1,
    needs=CONTROL,
    description="A phone is given.",
    expectation="One message with a code of six digits goes to it, and to nobody else.",
)
def sent(ctx: Context) -> None:
    """The outbox of the stand shows what would have been sent."""
    before = ctx.backoffice.anybody.get("/outbox")
    steps = ctx.backoffice.begin()
    code = ctx.backoffice.code(steps.phone)
    ctx.check_that(code.isascii() and code.isdigit() and len(code) == 6, "six digits", code, "code")
    newest, *others = ctx.backoffice.anybody.get("/outbox")
    ctx.check(steps.phone, newest["phone"], "phone of the newest message")
    ctx.check(before[: len(others)], others, "messages before it")


WRONG_PHONES = {
    "empty": "",
    "short": "+99890123456",
    "long": "+9989012345678",
    "without-plus": "998901234567",
    "without-country": "901234567",
    "other-country": "+79001234567",
    "letters": "+99890123456a",
    "other-digits": "+99890१२३४५६७",
    "newline": "+998901234567\n+998901234568",
}


@family(
    "uz.backoffice.register.phone.{key}",
    rows=WRONG_PHONES,
    target=KIND,
    clauses=["BX-G-1.1"],
    requirements=REG1,
    description="A registration begins with what is no phone ({key}).",
    expectation="The field is named, and no message is sent.",
)
def wrong_phone(ctx: Context, phone: str) -> None:
    """A phone is +998 and nine digits."""
    anybody = ctx.backoffice.anybody
    before = anybody.get("/outbox")
    wrong(ctx, anybody.send("POST", "/enrolments", {"phone": phone}), "phone")
    ctx.check(before, anybody.get("/outbox"), "messages")


@case(
    "uz.backoffice.register.phone.taken",
    target=KIND,
    clauses=["BX-G-1.1"],
    requirements=REG1,
    needs=CONTROL,
    description="A phone that is registered begins a registration.",
    expectation="It is refused, and no message is sent.",
)
def taken(ctx: Context) -> None:
    """His owner is not bothered."""
    phone = ctx.backoffice.owner.phone
    before = len(ctx.backoffice.texts(phone))
    refused(ctx, ctx.backoffice.anybody.send("POST", "/enrolments", {"phone": phone}), "phone")
    ctx.check(before, len(ctx.backoffice.texts(phone)), "messages")


@case(
    "uz.backoffice.register.phone.taken-meanwhile",
    target=KIND,
    clauses=["BX-G-1.1"],
    requirements=REG1,
    needs=CONTROL,
    description="Two registrations of one phone are confirmed, and both finish.",
    expectation="The first makes an owner, the second is refused.",
)
def taken_meanwhile(ctx: Context) -> None:
    """A phone is one owner's."""
    first = ctx.backoffice.begin()
    first.confirm().demand()
    second = ctx.backoffice.begin(first.phone)
    second.confirm().demand()
    first.finish().demand()
    refused(ctx, second.finish(business="Boshqa"), "phone")
    owner = ctx.backoffice.visitor(ctx.backoffice.log_in(first.phone), first.phone)
    ctx.check(NAMES["business"], owner.get("/me")["business"], "business of the phone")


@case(
    "uz.backoffice.register.code.wrong",
    target=KIND,
    clauses=["BX-G-1.2", "BX-S-1"],
    requirements=REG2,
    needs=CONTROL,
    description="A wrong code is given, then the right one.",
    expectation="The field is named, the step stays; the right one goes on.",
)
def wrong_code(ctx: Context) -> None:
    """One mistype does no harm."""
    steps = ctx.backoffice.begin()
    wrong(ctx, steps.confirm(other(ctx.backoffice.code(steps.phone))), "code", "equal")
    ctx.check(2, steps.view()["step"], "step")
    refused(ctx, steps.finish(), "step")
    steps.confirm().demand()
    ctx.check(3, steps.view()["step"], "step")


def other(code: str) -> str:
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 10**6:06d}"


@case(
    "uz.backoffice.register.code.too-many",
    target=KIND,
    clauses=["BX-S-1", "BX-G-1.2"],
    requirements=REG2,
    needs=CLOCK,
    description="Five wrong codes are given, then the right one; another is sent.",
    expectation="Even the right one is refused after five; the new one goes on.",
)
def too_many(ctx: Context) -> None:
    """A code cannot be found by trying."""
    steps = ctx.backoffice.begin()
    bad = other(ctx.backoffice.code(steps.phone))
    for _ in range(CODE_TRIES):
        wrong(ctx, steps.confirm(bad), "code")
    refused(ctx, steps.confirm(), "tries", status=TRIES)
    ctx.backoffice.pass_time(seconds=61)
    steps.resend().demand()
    steps.confirm().demand()


@case(
    "uz.backoffice.register.code.five-minutes",
    target=KIND,
    clauses=["BX-S-1", "BX-G-1.2"],
    requirements=REG2,
    needs=CLOCK,
    description="A code is given a second before five minutes are over, another one a second after.",
    expectation="The first still counts, the second is too old.",
)
def five_minutes(ctx: Context) -> None:
    """By lab time."""
    ctx.clock.stand()
    first, second = ctx.backoffice.begin(), ctx.backoffice.begin()
    ctx.backoffice.pass_time(seconds=CODE_SECONDS - 1)
    first.confirm().demand()
    ctx.backoffice.pass_time(seconds=2)
    wrong(ctx, second.confirm(), "code", "age")
    ctx.check(2, second.view()["step"], "step")


@case(
    "uz.backoffice.register.code.newest-counts",
    target=KIND,
    clauses=["BX-G-1.2"],
    requirements=REG2,
    needs=CLOCK,
    description="«Qayta yuborish» is pressed; the code before is given, then the new one.",
    expectation="Only the new one counts.",
)
def newest_counts(ctx: Context) -> None:
    """The message before may lie with somebody else."""
    steps = ctx.backoffice.begin()
    old = ctx.backoffice.code(steps.phone)
    ctx.backoffice.pass_time(seconds=60)
    steps.resend().demand()
    if ctx.backoffice.code(steps.phone) == old:
        ctx.inconclusive("the new code is by chance the old one")
    wrong(ctx, steps.confirm(old), "code", "equal")
    steps.confirm().demand()


@case(
    "uz.backoffice.register.code.of-another",
    target=KIND,
    clauses=["BX-G-1.2"],
    requirements=REG2,
    needs=CONTROL,
    description="The code of another newcomer is given.",
    expectation="It is refused.",
)
def of_another(ctx: Context) -> None:
    """A code belongs to its registration."""
    mine, his = ctx.backoffice.begin(), ctx.backoffice.begin()
    code = ctx.backoffice.code(his.phone)
    if ctx.backoffice.code(mine.phone) == code:
        ctx.inconclusive("both codes are by chance the same")
    wrong(ctx, mine.confirm(code), "code", "equal")
    his.confirm().demand()


@case(
    "uz.backoffice.register.resend.pause",
    target=KIND,
    clauses=["BX-S-1", "BX-G-1.2"],
    requirements=REG2,
    needs=CLOCK,
    description="«Qayta yuborish» is pressed at once, after 59 seconds and after a minute.",
    expectation="The first two are refused and send nothing, the third sends.",
)
def pause(ctx: Context) -> None:
    """Nobody's phone rings all the time."""
    ctx.clock.stand()
    steps = ctx.backoffice.begin()
    refused(ctx, steps.resend(), "tries", status=TRIES)
    ctx.backoffice.pass_time(seconds=59)
    refused(ctx, steps.resend(), "tries", status=TRIES)
    ctx.check(1, len(ctx.backoffice.texts(steps.phone)), "messages")
    ctx.backoffice.pass_time(seconds=1)
    steps.resend().demand()
    ctx.check(2, len(ctx.backoffice.texts(steps.phone)), "messages")


@case(
    "uz.backoffice.register.resend.an-hour",
    target=KIND,
    clauses=["BX-S-1"],
    requirements=REG2,
    needs=CLOCK,
    description="Codes for one phone are asked for again and again, also by new registrations.",
    expectation="Five are sent; the sixth is refused until an hour after the first.",
)
def an_hour(ctx: Context) -> None:
    """Beginning anew is no way around."""
    ctx.clock.stand()
    steps = ctx.backoffice.begin()
    for _ in range(AN_HOUR - 1):
        ctx.backoffice.pass_time(seconds=60)
        steps = ctx.backoffice.begin(steps.phone)
    ctx.backoffice.pass_time(seconds=60)
    refused(ctx, steps.resend(), "tries", status=TRIES)
    again = ctx.backoffice.anybody.send("POST", "/enrolments", {"phone": steps.phone})
    refused(ctx, again, "tries", status=TRIES)
    ctx.check(AN_HOUR, len(ctx.backoffice.texts(steps.phone)), "messages")
    ctx.backoffice.pass_time(seconds=3600 - AN_HOUR * 60)
    steps.resend().demand()


@case(
    "uz.backoffice.register.back",
    target=KIND,
    clauses=["BX-G-1.2"],
    requirements=REG2,
    needs=CONTROL,
    description="«Orqaga»: another phone is given, and the registration finishes with that.",
    expectation="The owner has the second phone; the first is free.",
)
def back(ctx: Context) -> None:
    """The first registration is left behind."""
    first = ctx.backoffice.begin()
    second = ctx.backoffice.begin()
    second.confirm().demand()
    owner = ctx.backoffice.visitor(second.finish(), second.phone)
    ctx.check(second.phone, owner.get("/me")["phone"], "phone of the owner")
    ctx.backoffice.begin(first.phone)


@case(
    "uz.backoffice.register.once",
    target=KIND,
    clauses=["BX-G-1.2", "BX-G-1.3"],
    requirements=[*REG2, *REG3],
    needs=CONTROL,
    description="A registration that is finished is confirmed and finished again.",
    expectation="It is not there any more.",
)
def once(ctx: Context) -> None:
    """Neither its code nor its key opens anything."""
    steps = ctx.backoffice.begin()
    code = ctx.backoffice.code(steps.phone)
    steps.confirm().demand()
    steps.finish().demand()
    for told in (steps.confirm(code), steps.finish(**twice("another-1"))):
        refused(ctx, told, status=UNKNOWN)
    ctx.backoffice.log_in(steps.phone).demand()


@case(
    "uz.backoffice.register.a-day",
    target=KIND,
    clauses=["BX-S-1"],
    requirements=REG2,
    needs=CLOCK,
    description="A registration is left for more than a day after its code was confirmed.",
    expectation="It is not there any more.",
)
def a_day(ctx: Context) -> None:
    """Whoever finds the open page tomorrow begins anew."""
    steps = ctx.backoffice.begin()
    steps.confirm().demand()
    ctx.backoffice.pass_time(hours=24, seconds=1)
    refused(ctx, steps.finish(), status=UNKNOWN)


FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "first-name-missing": ({"first_name": ""}, "first_name"),
    "first-name-left-out": ({"first_name": None}, "first_name"),
    "first-name-blank": ({"first_name": "   "}, "first_name"),
    "first-name-long": ({"first_name": "x" * 101}, "first_name"),
    "first-name-number": ({"first_name": 5}, "first_name"),
    "last-name-missing": ({"last_name": ""}, "last_name"),
    "business-missing": ({"business": ""}, "business"),
    "password-missing": (twice(""), "password"),
    "password-of-seven": (twice("1234567"), "password"),
    "password-of-129": (twice("x" * 129), "password"),
    "password-differs": ({"password_repeated": "parol-124"}, "password_repeated"),
    "repeated-left-out": ({"password_repeated": None}, "password_repeated"),
    "misspelt-field": ({"busines": "x"}, "busines"),
}


@family(
    "uz.backoffice.register.form.{key}",
    rows=FORMS,
    target=KIND,
    clauses=["BX-G-1.3", "BX-S-9"],
    requirements=REG3,
    needs=CONTROL,
    description="The last step is sent with one wrong field ({key}), then rightly.",
    expectation="The field is named and nobody is registered; then it goes on.",
)
def form(ctx: Context, row: tuple[dict[str, Any], str]) -> None:
    """What was right before stays."""
    steps = ctx.backoffice.begin()
    steps.confirm().demand()
    wrong(ctx, steps.finish(**row[0]), row[1])
    refused(ctx, ctx.backoffice.log_in(steps.phone), "credentials")
    steps.finish().demand()


@case(
    "uz.backoffice.register.form.all-at-once",
    target=KIND,
    clauses=["BX-S-9", "BX-G-1.3"],
    requirements=REG3,
    needs=CONTROL,
    description="The last step is sent with every field wrong.",
    expectation="All of them are named in one answer.",
)
def all_at_once(ctx: Context) -> None:
    """Nobody mends a form field by field."""
    steps = ctx.backoffice.begin()
    steps.confirm().demand()
    nothing = {"first_name": "", "last_name": " ", "business": ""}
    told = steps.finish(**nothing | twice("short") | {"password_repeated": "other"})
    for field in ("first_name", "last_name", "business", "password", "password_repeated"):
        wrong(ctx, told, field)


@case(
    "uz.backoffice.register.form.password-of-eight",
    target=KIND,
    clauses=["BX-G-1.3"],
    requirements=REG3,
    needs=CONTROL,
    description="A password of eight characters is chosen, blanks and letters of other scripts among them.",
    expectation="It is taken and lets in, as it was typed.",
)
def eight(ctx: Context) -> None:
    """Eight is enough."""
    steps = ctx.backoffice.begin()
    steps.confirm().demand()
    typed = " пароль "
    steps.finish(**twice(typed)).demand()
    ctx.backoffice.log_in(steps.phone, typed).demand()
    refused(ctx, ctx.backoffice.log_in(steps.phone, typed.strip()), "credentials")
    refused(ctx, ctx.backoffice.log_in(steps.phone, PASSWORD), "credentials")


@case(
    "uz.backoffice.register.unknown",
    target=KIND,
    clauses=["BX-S-10"],
    requirements=REG2,
    description="A registration that there is not is looked at, confirmed, resent and finished.",
    expectation="There is no such thing, each time.",
)
def unknown_key(ctx: Context) -> None:
    """Its key is a secret, not a number."""
    anybody = ctx.backoffice.anybody
    for key in ("1", "x" * 43, "%00", "9" * 128):
        names = NAMES | twice(PASSWORD)
        for told in (
            anybody.send("GET", f"/enrolments/{key}"),
            anybody.send("POST", f"/enrolments/{key}/confirm", {"code": "123456"}),
            anybody.send("POST", f"/enrolments/{key}/resend"),
            anybody.send("POST", f"/enrolments/{key}/finish", names),
        ):
            ctx.check(UNKNOWN, told.status, f"status of {told.request}")
