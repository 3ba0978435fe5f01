"""Registration of an organisation: the way through the five steps, forwards, backwards, twice (§15.2)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal import DETAILS, STRONG, Enrolment
from conformance.drivers.portal_client import Told
from conformance.drivers.portal_keys import NEWCOMER, Key
from conformance.suites.kz.portal.steps import CLOCK, CONTROL, KIND, REFUSED, refused, unknown, wrong

NEW = NEWCOMER
"""Number of an organisation that nobody has registered yet."""
LINES = ("ru", "kk", "en")


def newcomer(ctx: Context) -> tuple[Enrolment, Key]:
    """A registration that has just begun, and the key of who wants in."""
    return ctx.portal.begin(), ctx.portal.key(number=NEW)


@case(
    "kz.portal.register.home",
    target=KIND,
    clauses=["PG-01", "PG-06"],
    requirements=["KZ-REG-01"],
    description="The home page is opened by somebody who is not logged in.",
    expectation="It offers «Войти», «Войти с ЭЦП», «Зарегистрироваться» and both languages.",
)
def home(ctx: Context) -> None:
    """The one page that is read as a page: everything else is in the API."""
    page = ctx.portal.client.page("/")
    ctx.check(200, page.status, "HTTP status")
    text = page.content.decode("utf-8", "replace")
    for words in ("Войти", "Войти с ЭЦП", "Зарегистрироваться", "ҚАЗ", "РУС"):
        clause = "PG-06" if words in ("ҚАЗ", "РУС") else "PG-01"
        ctx.check_that(words in text, f"«{words}»", f"{len(text)} characters", "home page", clause=clause)


@case(
    "kz.portal.register.languages",
    target=KIND,
    clauses=["PG-06"],
    requirements=["KZ-REG-01"],
    description="Somebody is refused.",
    expectation="The reason stands there in Russian, Kazakh and English, and no two are the same.",
)
def languages(ctx: Context) -> None:
    """Whatever is told to people is told in each language."""
    told = ctx.portal.log_in("nobody", "nothing")
    ctx.check(REFUSED, told.status, "HTTP status")
    texts = told.error.get("text", {})
    ctx.check(LINES, tuple(texts), "languages")
    ctx.check(3, len({texts[each] for each in LINES}), "different texts")


@case(
    "kz.portal.register.five-steps",
    target=KIND,
    clauses=["S-15.2", "RS-01", "RS-02", "RS-03", "RS-04", "RS-05", "RF-02", "PG-04"],
    requirements=["KZ-REG-02", "KZ-REG-03", "KZ-REG-06"],
    needs=CONTROL,
    description="A newcomer goes through the five steps with a right key.",
    expectation="The account opens: he is logged in, login and name are the certificate's, the register list "
    "is empty, and the signed application stands among the papers.",
)
def five_steps(ctx: Context) -> None:
    """Each step tells which is next."""
    steps, key = newcomer(ctx)
    seen = [steps.view()["step"]]
    seen.append(steps.present(key).demand()["step"])
    seen.append(steps.password().demand()["step"])
    steps.confirm()
    seen.append(steps.describe().demand()["step"])
    seen.append(steps.agree().demand()["step"])
    ctx.check([1, 2, 3, 4, 5], seen, "next step after each", clause="S-15.2")
    text = steps.application()
    owner = ctx.portal.visitor(steps.sign(key), NEW)
    ctx.check(NEW, owner.get("/me")["login"], "login", clause="RS-02")
    known = owner.get("/organisation")
    ctx.check((NEW, f"TEST {NEW}"), (known["number"], known["name"]), "number and name", clause="RF-02")
    seen_details = {name: known[name] for name in DETAILS}
    ctx.check(DETAILS, seen_details, "data of the organisation", clause="RS-03")
    ctx.check([], owner.get("/cabinet")["outlets"], "outlets", clause="PG-04")
    paper = owner.papers()[0]
    ctx.check("accession", paper["kind"], "kind of the first paper", clause="RS-05")
    ctx.check(text, owner.get(f"/papers/{paper['id']}")["text"], "text that was signed", clause="RS-05")


Early = Callable[[Enrolment, Context, Key], Told]
EARLY: dict[str, tuple[int, Early]] = {
    "password": (1, lambda steps, _ctx, _key: steps.password()),
    "mail": (2, lambda steps, _ctx, _key: steps.mail()),
    "code": (2, lambda steps, _ctx, _key: steps.code("000000")),
    "details": (2, lambda steps, _ctx, _key: steps.describe()),
    "agreement": (3, lambda steps, _ctx, _key: steps.agree()),
    "application": (4, lambda steps, ctx, _key: ctx.portal.anybody.send("GET", f"{steps.way}/application")),
    "signature": (
        4,
        lambda steps, ctx, _key: ctx.portal.anybody.send("POST", f"{steps.way}/application", {"cms": "AA=="}),
    ),
}


@family(
    "kz.portal.register.too-early.{key}",
    rows=EARLY,
    target=KIND,
    clauses=["S-15.2"],
    requirements=["KZ-REG-06"],
    needs=CONTROL,
    description="A step is taken before the one in front of it ({key}).",
    expectation="It is refused, and the registration stands where it stood.",
)
def too_early(ctx: Context, row: tuple[int, Early]) -> None:
    """Nobody comes in through a later door."""
    before, act = row
    steps, key = newcomer(ctx)
    steps.until(before, key)
    at = steps.view()["step"]
    refused(ctx, act(steps, ctx, key), "step")
    ctx.check(at, steps.view()["step"], "step")


@case(
    "kz.portal.register.back-button",
    target=KIND,
    clauses=["S-15.2", "RS-02"],
    requirements=["KZ-REG-03", "KZ-REG-06"],
    needs=CONTROL,
    description="After the contract the newcomer goes back, chooses another password and signs.",
    expectation="Nothing behind is lost; the last password lets him in, the first does not.",
)
def back_button(ctx: Context) -> None:
    """An earlier step may be done again."""
    steps, key = newcomer(ctx)
    steps.until(5, key)
    steps.password("Zyxwvu9?").demand()
    ctx.check(5, steps.view()["step"], "step")
    steps.sign(key).demand()
    refused(ctx, ctx.portal.log_in(NEW, STRONG), "credentials", clause="RS-02")
    ctx.portal.log_in(NEW, "Zyxwvu9?").demand()


@case(
    "kz.portal.register.taken-up-again",
    target=KIND,
    clauses=["S-15.2"],
    requirements=["KZ-REG-06"],
    needs=CLOCK,
    description="A registration is left after step 3 and taken up a day later.",
    expectation="It stands where it was left and can be signed.",
)
def taken_up(ctx: Context) -> None:
    """A browser that was closed is no reason to begin anew."""
    steps, key = newcomer(ctx)
    steps.until(4, key)
    ctx.portal.pass_time(days=1)
    ctx.check(4, steps.view()["step"], "step")
    steps.agree().demand()
    steps.sign(key).demand()


@case(
    "kz.portal.register.unknown-key",
    target=KIND,
    clauses=["S-15.2"],
    requirements=["KZ-REG-06"],
    description="A registration is asked for by a secret that nobody was given.",
    expectation="There is no such thing, and nothing can be done with it.",
)
def unknown_key(ctx: Context) -> None:
    """A secret is not guessed."""
    steps = Enrolment(ctx.portal, "/enrolments/0123456789abcdef0123456789abcdef")
    unknown(ctx, ctx.portal.anybody.send("GET", steps.way), clause="S-15.2")
    unknown(ctx, steps.agree(), clause="S-15.2")


@case(
    "kz.portal.register.two-tabs",
    target=KIND,
    clauses=["S-15.2", "RX-08"],
    requirements=["KZ-REG-06"],
    needs=CONTROL,
    description="Two tabs sign the same application at the same moment.",
    expectation="One organisation comes of it, with one application and one welcome credit.",
)
def two_tabs(ctx: Context) -> None:
    """A double click on the last button."""
    steps, key = newcomer(ctx)
    steps.until(5, key)
    told = ctx.portal.at_once(lambda: steps.sign(key), lambda: steps.sign(key))
    good = [each for each in told if each.status == 201]
    ctx.check(1, len(good), "answers that open the account")
    owner = ctx.portal.visitor(good[0], NEW)
    ctx.check(1, len(owner.papers()), "applications")
    ctx.check(1, len(owner.get("/account/statement")), "lines of the account")
    ctx.check(1, len(owner.get("/users")), "users")


@case(
    "kz.portal.register.twice",
    target=KIND,
    clauses=["RX-08"],
    requirements=["KZ-REG-02"],
    needs=CONTROL,
    description="Somebody begins to register an organisation that has an account; then two newcomers race.",
    expectation="«Организация уже зарегистрирована» at step 1, and at step 5 for whoever comes second.",
)
def twice(ctx: Context) -> None:
    """Step 1 refuses, and step 5 does again."""
    text = "Организация уже зарегистрирована"
    refused(ctx, ctx.portal.begin().present(ctx.portal.key()), "registered", text=text)
    first, key = newcomer(ctx)
    second, _ = newcomer(ctx)
    first.until(5, key)
    second.until(5, key)
    first.sign(key).demand()
    refused(ctx, second.sign(key), "registered", text=text)


@case(
    "kz.portal.register.contract-unread",
    target=KIND,
    clauses=["RS-04"],
    requirements=["KZ-REG-05"],
    needs=CONTROL,
    description="The newcomer goes on without the mark «С текстом договора ознакомлен».",
    expectation="The mark is demanded; with it he goes on. The contract can be read and says TEST.",
)
def contract_unread(ctx: Context) -> None:
    """The mark is not set by itself."""
    steps, key = newcomer(ctx)
    steps.until(4, key)
    text = ctx.portal.anybody.get("/contract")["text"]
    ctx.check_that("TEST" in text, "TEST in the contract", text[:60], "contract")
    wrong(ctx, steps.agree(False), "agreed")
    refused(ctx, ctx.portal.anybody.send("GET", f"{steps.way}/application"), "step")
    ctx.check(5, steps.agree().demand()["step"], "step")


PASSWORDS = {
    "short": ("Abcde1!", "password"),
    "no-capital": ("abcdef1!", "password"),
    "no-small-letter": ("ABCDEF1!", "password"),
    "no-digit": ("Abcdefg!", "password"),
    "no-special-sign": ("Abcdefg1", "password"),
    "capital-is-cyrillic": ("Жbcdef1!", "password"),
    "small-letters-are-cyrillic": ("Aжжжжж1!", "password"),
    "empty": ("", "password"),
}


@family(
    "kz.portal.register.password.{key}",
    rows=PASSWORDS,
    target=KIND,
    clauses=["RS-02"],
    requirements=["KZ-REG-03"],
    needs=CONTROL,
    description="Step 2 with a weak password ({key}).",
    expectation="The field is named, and the registration does not go on.",
)
def weak_password(ctx: Context, row: tuple[str, str]) -> None:
    """Minimum 8 characters, both cases of Latin letters, digits and special signs."""
    steps, key = newcomer(ctx)
    steps.until(2, key)
    wrong(ctx, steps.password(row[0]), row[1])
    ctx.check(2, steps.view()["step"], "step")


@case(
    "kz.portal.register.password-differs",
    target=KIND,
    clauses=["RS-02"],
    requirements=["KZ-REG-03"],
    needs=CONTROL,
    description="Step 2 with a repeated password that differs in a letter, then one of exactly 8 characters.",
    expectation="The repetition is named; the right pair is taken.",
)
def password_differs(ctx: Context) -> None:
    """Both fields are read."""
    steps, key = newcomer(ctx)
    steps.until(2, key)
    wrong(ctx, steps.password(STRONG, STRONG[:-1] + "?"), "password_repeated")
    ctx.check(3, steps.password(STRONG).demand()["step"], "step")
