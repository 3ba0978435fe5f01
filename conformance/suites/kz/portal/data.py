"""«Уточнение данных»: each field's bad input, the bank account, and the mailed code (§15.2)."""

from __future__ import annotations

from typing import Any

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal import DETAILS
from conformance.suites.kz.portal.newcomers import newcomer
from conformance.suites.kz.portal.steps import CLOCK, CONTROL, KIND, TRIES, refused, wrong

REQ = ("KZ-REG-04",)
ACCOUNT = "A" * 10 + "001"
EMAIL = str(DETAILS["email"])


def iik(bank: str, account: str = ACCOUNT) -> str:
    """An account number whose check digits are right (ISO 13616)."""
    number = int("".join(str(int(sign, 36)) for sign in f"{bank}{account}KZ00"))
    return f"KZ{98 - number % 97:02d}{bank}{account}"


def banks(ctx: Context) -> list[Any]:
    """Banks of the directory that can be chosen with an account."""
    return [row for row in ctx.portal.anybody.get("/banks") if row["choosable"] and row["account_code"]]


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "legal-address-missing": ({"legal_address": None}, "legal_address", "RF-05"),
    "legal-address-blank": ({"legal_address": "   "}, "legal_address", "RF-05"),
    "legal-address-long": ({"legal_address": "x" * 501}, "legal_address", "RF-05"),
    "actual-address-missing": ({"actual_address": None}, "actual_address", "RF-06"),
    "email-missing": ({"email": None}, "email", "RF-07"),
    "email-other": ({"email": "another@example.kz"}, "email", "RF-07"),
    "phones-missing": ({"phones": None}, "phones", "RF-08"),
    "phones-words": ({"phones": "позвоните нам"}, "phones", "RF-08"),
    "head-position-missing": ({"head_position": None}, "head_position", "RF-09"),
    "head-name-missing": ({"head_name": None}, "head_name", "RF-09"),
    "bank-unknown": ({"bic": "NOSUCHKZ"}, "bic", "RF-03"),
    "account-without-bank": ({"iik": iik("601")}, "bic", "RF-03"),
    "misspelt-field": ({"telephone": "1"}, "telephone", "S-15.2"),
    "number-for-text": ({"head_name": 5}, "head_name", "S-15.2"),
}


@family(
    "kz.portal.data.{key}",
    rows=WRONG,
    target=KIND,
    clauses=lambda row: [row[2]],
    requirements=REQ,
    needs=CONTROL,
    description="Step 3 with one wrong field ({key}).",
    expectation="The field is named, and the registration does not go on.",
)
def wrong_field(ctx: Context, row: tuple[dict[str, Any], str, str]) -> None:
    """Every other field is right."""
    change, field, _ = row
    steps = ctx.portal.at_data()
    wrong(ctx, steps.describe(**change), field)
    ctx.check(3, steps.view()["step"], "step")


@case(
    "kz.portal.data.all-at-once",
    target=KIND,
    clauses=["RS-03"],
    requirements=REQ,
    needs=CONTROL,
    description="Step 3 with an empty form.",
    expectation="Every required field is named at once.",
)
def all_at_once(ctx: Context) -> None:
    """Nobody corrects six fields one after another."""
    steps = ctx.portal.at_data()
    told = steps.describe(**dict.fromkeys(DETAILS))
    for field in DETAILS:
        wrong(ctx, told, field)


ACCOUNTS = {
    "check-digits": lambda good: good[:2] + f"{(int(good[2:4]) + 1) % 100:02d}" + good[4:],
    "letter-changed": lambda good: good[:-1] + "2",
    "letters-swapped": lambda good: good[:-4] + good[-3] + good[-4] + good[-2:],
    "short": lambda good: good[:-1],
    "long": lambda good: good + "0",
    "other-country": lambda good: "RU" + good[2:],
    "cyrillic": lambda good: good[:-1] + "А",
}


@family(
    "kz.portal.data.account.{key}",
    rows=ACCOUNTS,
    target=KIND,
    clauses=["RF-04"],
    requirements=REQ,
    needs=CONTROL,
    description="Step 3 with a bank and an account number that is wrong ({key}).",
    expectation="The account number is named.",
)
def wrong_account(ctx: Context, change: Any) -> None:
    """20 characters: KZ, check digits, the bank's three digits, 13 letters or digits."""
    bank = banks(ctx)[0]
    steps = ctx.portal.at_data()
    spoiled = change(iik(bank["account_code"], "0" * 9 + "12" + "01"))
    wrong(ctx, steps.describe(bic=bank["bic"], iik=spoiled), "iik")


@case(
    "kz.portal.data.account.of-another-bank",
    target=KIND,
    clauses=["RF-04"],
    requirements=REQ,
    needs=CONTROL,
    description="Step 3 with a right account number of another bank than the chosen one.",
    expectation="The account number is named.",
)
def other_bank(ctx: Context) -> None:
    """The three digits behind the check digits are the bank's."""
    rows = banks(ctx)
    first = rows[0]
    second = next(row for row in rows if row["account_code"] != first["account_code"])
    wrong(ctx, ctx.portal.at_data().describe(bic=first["bic"], iik=iik(second["account_code"])), "iik")


@case(
    "kz.portal.data.account.right",
    target=KIND,
    clauses=["RF-04", "RF-03"],
    requirements=REQ,
    needs=CONTROL,
    description="Step 3 with a bank and its account, typed in groups and small letters.",
    expectation="It is taken, and stands in the application without spaces, in capitals.",
)
def right_account(ctx: Context) -> None:
    """People copy it from paper."""
    bank = banks(ctx)[0]
    good = iik(bank["account_code"])
    typed = " ".join(good[at : at + 4] for at in range(0, 20, 4)).lower()
    steps = ctx.portal.at_data()
    steps.describe(bic=bank["bic"], iik=typed).demand()
    steps.agree().demand()
    text = steps.application()
    ctx.check_that(good in text, good, text, "application", clause="RF-04")


SHAPES = ("", "shop", "shop@", "@example.kz", "shop@example", "a b@example.kz", "shop@exa mple.kz")


@case(
    "kz.portal.mail.no-address",
    target=KIND,
    clauses=["RF-07"],
    requirements=REQ,
    needs=CONTROL,
    description="A code is to be mailed to what is no address.",
    expectation="The field is named, and nothing is mailed.",
)
def no_address(ctx: Context) -> None:
    """Seven ways to mistype."""
    steps, key = newcomer(ctx)
    steps.until(3, key)
    before = len(ctx.portal.anybody.get("/outbox"))
    for typed in SHAPES:
        wrong(ctx, steps.mail(typed), "email")
    ctx.check(before, len(ctx.portal.anybody.get("/outbox")), "mails")


@case(
    "kz.portal.mail.code",
    target=KIND,
    clauses=["RF-07"],
    requirements=REQ,
    needs=CONTROL,
    description="The mailed code is typed wrong, then for another address, then right.",
    expectation="It has 6 digits; only the right one with its address confirms.",
)
def code(ctx: Context) -> None:
    """The address that was confirmed is the one that may stand in the form."""
    steps, key = newcomer(ctx)
    steps.until(3, key)
    steps.mail().demand()
    mailed = ctx.portal.mailed_code()
    ctx.check_that(len(mailed) == 6 and mailed.isdigit(), "6 digits", mailed, "mailed code")
    wrong(ctx, steps.code(f"{(int(mailed) + 1) % 10**6:06d}"), "code")
    wrong(ctx, steps.code(mailed, "another@example.kz"), "code")
    wrong(ctx, steps.describe(), "email")
    ctx.check(EMAIL, steps.code(mailed).demand()["email_confirmed"], "confirmed address")


@case(
    "kz.portal.mail.newest-counts",
    target=KIND,
    clauses=["RF-07"],
    requirements=REQ,
    needs=CONTROL,
    description="Two codes are mailed to one address, and the first is typed.",
    expectation="It does not count any more; the second does.",
)
def newest(ctx: Context) -> None:
    """A code is used once and for the last mail."""
    steps, key = newcomer(ctx)
    steps.until(3, key)
    steps.mail().demand()
    first = ctx.portal.mailed_code()
    steps.mail().demand()
    second = ctx.portal.mailed_code()
    if first == second:
        ctx.inconclusive("both mails bear the same code by chance")
    wrong(ctx, steps.code(first), "code")
    steps.code(second).demand()


@case(
    "kz.portal.mail.of-another-newcomer",
    target=KIND,
    clauses=["RF-07"],
    requirements=REQ,
    needs=CONTROL,
    description="A newcomer types the code that was mailed to the same address for another registration.",
    expectation="It does not count.",
)
def of_another(ctx: Context) -> None:
    """A code belongs to who asked for it."""
    steps, key = newcomer(ctx)
    steps.until(3, key)
    other, _ = newcomer(ctx)
    other.until(3, key)
    other.mail().demand()
    wrong(ctx, steps.code(ctx.portal.mailed_code()), "code")


@case(
    "kz.portal.mail.too-many-tries",
    target=KIND,
    clauses=["RF-07"],
    requirements=REQ,
    needs=CONTROL,
    description="The code is typed wrong five times, then right.",
    expectation="The right one is refused, too; a newly mailed one counts.",
)
def too_many(ctx: Context) -> None:
    """A million codes are not tried one by one."""
    steps, key = newcomer(ctx)
    steps.until(3, key)
    steps.mail().demand()
    mailed = ctx.portal.mailed_code()
    for number in range(5):
        wrong(ctx, steps.code(f"{(int(mailed) + 1 + number) % 10**6:06d}"), "code")
    refused(ctx, steps.code(mailed), "tries", status=TRIES)
    steps.confirm()


@case(
    "kz.portal.mail.ten-minutes",
    target=KIND,
    clauses=["RF-07"],
    requirements=REQ,
    needs=CLOCK,
    description="Codes are typed a second less and a second more than ten minutes after they were mailed.",
    expectation="The first counts, the second does not.",
)
def ten_minutes(ctx: Context) -> None:
    """Ten minutes, by lab time."""
    ctx.clock.stand()
    steps, key = newcomer(ctx)
    steps.until(3, key)
    steps.mail().demand()
    ctx.portal.pass_time(minutes=9, seconds=59)
    steps.code(ctx.portal.mailed_code()).demand()
    steps.mail("second@example.kz").demand()
    ctx.portal.pass_time(minutes=10, seconds=1)
    wrong(ctx, steps.code(ctx.portal.mailed_code("second@example.kz"), "second@example.kz"), "code")
