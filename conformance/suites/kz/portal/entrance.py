"""Coming in and going: password, e-signature, lockout, sessions that end (§15.1, SG-07)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.portal import OTHER, OWN, STRONG, Break
from conformance.drivers.portal_client import Caller, Told
from conformance.drivers.portal_keys import signed
from conformance.suites.kz.portal.newcomers import NEW
from conformance.suites.kz.portal.steps import CLOCK, CONTROL, KIND, STRANGER, TRIES, refused, wrong

REQ = ("KZ-LOG-01",)
WORDS = "Неверный логин или пароль"


@case(
    "kz.portal.login.password",
    target=KIND,
    clauses=["PG-02", "PG-03"],
    requirements=REQ,
    needs=CONTROL,
    description="The administrator logs in with BIN and password.",
    expectation="He is in, and his account can be read.",
)
def password(ctx: Context) -> None:
    """The page behind is «Лицевой счет»."""
    visitor = ctx.portal.visitor(ctx.portal.log_in(OWN, STRONG))
    ctx.check(OWN, visitor.get("/me")["login"], "login", clause="PG-02")
    ctx.check_that(visitor.balance() >= 0, "a balance", visitor.balance(), "account", clause="PG-03")


@case(
    "kz.portal.login.wrong",
    target=KIND,
    clauses=["PG-02"],
    requirements=REQ,
    needs=CONTROL,
    description="Wrong passwords, and logins that nobody has.",
    expectation="All are refused in the same words: nobody learns which logins there are.",
)
def wrong_password(ctx: Context) -> None:
    """Case counts, and so does every sign."""
    for login, given in ((OWN, STRONG.lower()), (OWN, STRONG + " "), (OWN, ""), (NEW, STRONG), ("", "")):
        refused(ctx, ctx.portal.log_in(login, given), "credentials", text=WORDS)


@case(
    "kz.portal.login.locked",
    target=KIND,
    clauses=["PG-02"],
    requirements=REQ,
    needs=CLOCK,
    description="Five wrong passwords in a row, then the right one, then the right one after 15 minutes.",
    expectation="The login is locked for a while, for this login alone, and opens again.",
)
def locked(ctx: Context) -> None:
    """Passwords are not tried one by one."""
    for _ in range(5):
        refused(ctx, ctx.portal.log_in(OWN, "Wrong-1!"), "credentials")
    refused(ctx, ctx.portal.log_in(OWN, STRONG), "tries", status=TRIES)
    ctx.portal.log_in(OTHER, STRONG).demand()
    ctx.portal.pass_time(minutes=15)
    ctx.portal.log_in(OWN, STRONG).demand()


@family(
    "kz.portal.login.signed.{key}",
    rows={"sign": "head", "authentication": "authentication", "any-role": "employee"},
    target=KIND,
    clauses=["SG-07", "SG-06"],
    requirements=REQ,
    needs=CONTROL,
    description="«Войти с ЭЦП» with a certificate of the organisation ({key}).",
    expectation="He is in the organisation of the certificate.",
)
def by_signature(ctx: Context, profile: str) -> None:
    """Both kinds of certificate, and any role, open the door."""
    visitor = ctx.portal.visitor(ctx.portal.log_in_signed(ctx.portal.key(profile)))
    ctx.check(OWN, visitor.get("/organisation")["number"], "organisation")


@family(
    "kz.portal.login.signed.{key}",
    rows={
        "expired": ("validity", "Срок действия сертификата истек", "RX-02"),
        "revoked": ("revoked", "Сертификат отозван", "RX-03"),
        "foreign": ("chain", "Сертификат выдан неизвестным удостоверяющим центром", "RX-04"),
    },
    target=KIND,
    clauses=lambda row: [row[2], "SG-07"],
    requirements=REQ,
    needs=CONTROL,
    description="«Войти с ЭЦП» with a certificate that does not count ({key}).",
    expectation="It is refused with its reason.",
)
def bad_certificate(ctx: Context, row: tuple[str, str, str]) -> None:
    """The door has the same rules as the desk."""
    profile = {"validity": "expired", "revoked": "revoked", "chain": "foreign"}[row[0]]
    refused(ctx, ctx.portal.log_in_signed(ctx.portal.key(profile)), row[0], text=row[1])


@case(
    "kz.portal.login.signed.spoiled",
    target=KIND,
    clauses=["SG-07", "RX-07"],
    requirements=REQ,
    needs=CONTROL,
    description="«Войти с ЭЦП» with a signature over another text, and with a changed bit.",
    expectation="«Подпись недействительна».",
)
def spoiled(ctx: Context) -> None:
    """The signature is looked at, not only the certificate."""
    for how in (Break.OTHER_TEXT, Break.VALUE):
        refused(ctx, ctx.portal.log_in_signed(ctx.portal.key(), how), text="Подпись недействительна")


@case(
    "kz.portal.login.signed.nobody-registered",
    target=KIND,
    clauses=["SG-07"],
    requirements=REQ,
    needs=CONTROL,
    description="«Войти с ЭЦП» with the key of an organisation that is not registered.",
    expectation="It is refused.",
)
def not_registered(ctx: Context) -> None:
    """A right signature is no account."""
    refused(ctx, ctx.portal.log_in_signed(ctx.portal.key(number=NEW)))


@case(
    "kz.portal.login.challenge.once",
    target=KIND,
    clauses=["SG-07"],
    requirements=REQ,
    needs=CONTROL,
    description="A signed challenge is sent twice, as somebody would who has overheard it.",
    expectation="It lets in once.",
)
def once(ctx: Context) -> None:
    """Replay is no login."""
    anybody = ctx.portal.anybody
    challenge = anybody.post("/login/challenge")["challenge"]
    body = {"challenge": challenge, "cms": signed(challenge, ctx.portal.key(), ctx.portal.now())}
    anybody.post("/login/signed", body)
    refused(ctx, anybody.send("POST", "/login/signed", body), "challenge")


@case(
    "kz.portal.login.challenge.five-minutes",
    target=KIND,
    clauses=["SG-07"],
    requirements=REQ,
    needs=CLOCK,
    description="Challenges are signed a second before and a second after five minutes are over.",
    expectation="The first lets in, the second does not; nor does one that nobody made.",
)
def five_minutes(ctx: Context) -> None:
    """Challenges are different each time."""
    anybody, key = ctx.portal.anybody, ctx.portal.key()
    challenges = [anybody.post("/login/challenge")["challenge"] for _ in range(2)]
    ctx.check(2, len(set(challenges)), "different challenges")
    told = []
    for challenge, seconds in zip(challenges, (299, 2), strict=True):
        ctx.portal.pass_time(seconds=seconds)
        cms = signed(challenge, key, ctx.portal.now())
        told.append(anybody.send("POST", "/login/signed", {"challenge": challenge, "cms": cms}))
    told[0].demand()
    refused(ctx, told[1], "challenge")
    own = "my own challenge"
    cms = signed(own, key, ctx.portal.now())
    refused(ctx, anybody.send("POST", "/login/signed", {"challenge": own, "cms": cms}), "challenge")


def _asks(ctx: Context, session: str) -> int:
    return Caller(ctx.portal.client, session).send("GET", "/me").status


@case(
    "kz.portal.session.logout",
    target=KIND,
    clauses=["PG-05"],
    requirements=REQ,
    needs=CONTROL,
    description="A user with two sessions ends one, twice.",
    expectation="That one is over, the other lives on, and the second click does no harm.",
)
def logout(ctx: Context) -> None:
    """Two tabs may share one session, two browsers do not."""
    first, second = (ctx.portal.log_in(OWN, STRONG).demand()["session"] for _ in range(2))
    caller = Caller(ctx.portal.client, first)
    caller.post("/logout")
    ctx.check(STRANGER, caller.send("POST", "/logout").status, "status of the second click")
    ctx.check((STRANGER, 200), (_asks(ctx, first), _asks(ctx, second)), "sessions")


@case(
    "kz.portal.session.idle",
    target=KIND,
    clauses=["PG-05"],
    requirements=REQ,
    needs=CLOCK,
    description="A session is unused for a little less, then for a little more than half an hour.",
    expectation="It lives, then it is over, and an act in it is refused and does nothing.",
)
def idle(ctx: Context) -> None:
    """Somebody else may sit at the till by then."""
    owner = ctx.portal.visitor(ctx.portal.log_in(OWN, STRONG))
    ctx.portal.pass_time(minutes=29)
    ctx.check(200, _asks(ctx, owner.session), "status after 29 minutes")
    ctx.portal.pass_time(minutes=30, seconds=1)
    told = owner.send("POST", "/outlets", {"name": "x"})
    refused(ctx, told, "login", status=STRANGER)


@case(
    "kz.portal.session.twelve-hours",
    target=KIND,
    clauses=["PG-05"],
    requirements=REQ,
    needs=CLOCK,
    description="A session is used every 20 minutes for 12 hours and a second more.",
    expectation="It lives through, and then it is over in spite of that.",
)
def twelve_hours(ctx: Context) -> None:
    """No session lives for ever."""
    session = ctx.portal.log_in(OWN, STRONG).demand()["session"]
    for _ in range(35):
        ctx.clock.advance(20 * 60)
        ctx.check(200, _asks(ctx, session), "status within 12 hours")
    ctx.clock.advance(20 * 60 + 1)
    ctx.check(STRANGER, _asks(ctx, session), "status after 12 hours")


@case(
    "kz.portal.session.guessed",
    target=KIND,
    clauses=["PG-05"],
    requirements=REQ,
    description="Sessions that nobody was given, of all shapes.",
    expectation="Nobody is logged in with them.",
)
def guessed(ctx: Context) -> None:
    """Empty, short, long, with quotes in it."""
    for session in ("x", "0" * 43, "a" * 4096, "' OR 1=1 --", "null"):
        ctx.check(STRANGER, _asks(ctx, session), f"status with {session[:12]!r}")


@case(
    "kz.portal.session.every-address",
    target=KIND,
    clauses=["PG-05", "S-15.11"],
    requirements=["KZ-LOG-01", "KZ-USR-01"],
    description="Somebody without a session walks through every address of the API that wants one.",
    expectation="Each says «Войдите в систему» and nothing else.",
)
def every_address(ctx: Context) -> None:
    """The addresses are those of the portal's own OpenAPI document."""
    walked = 0
    for path, methods in ctx.portal.anybody.get("/openapi.json")["paths"].items():
        for method, operation in methods.items():
            if not operation.get("security"):
                continue
            place = path.removeprefix("/api").replace("{id}", "1").replace("{number}", "1")
            told = ctx.portal.anybody.send(method.upper(), place, {} if method != "get" else None)
            refused(ctx, told, "login", status=STRANGER)
            walked += 1
    ctx.check_that(walked >= 20, "20 addresses or more", walked, "addresses")


@case(
    "kz.portal.session.new-password",
    target=KIND,
    clauses=["RS-02"],
    requirements=["KZ-REG-03", "KZ-USR-01"],
    needs=CONTROL,
    description="The administrator changes his password: with a wrong old one, a weak new one, then rightly.",
    expectation="The first two change nothing; then every session of his is over and the old one is dead.",
)
def new_password(ctx: Context) -> None:
    """Whoever stole a session loses it, too."""
    owner = ctx.portal.owner
    other_tab = ctx.portal.log_in(OWN, STRONG).demand()["session"]

    def change(old: str, new: str, repeated: str | None = None) -> Told:
        body = {"old_password": old, "password": new, "password_repeated": repeated or new}
        return owner.send("POST", "/me/password", body)

    for told, field in (
        (change("Wrong-1!", "Newpass1!"), "old_password"),
        (change(STRONG, "weak"), "password"),
        (change(STRONG, "Newpass1!", "Newpass2!"), "password_repeated"),
    ):
        wrong(ctx, told, field)
    ctx.check(200, _asks(ctx, other_tab), "status of the other session")
    change(STRONG, "Newpass1!").demand()
    ctx.check((STRANGER, STRANGER), (_asks(ctx, owner.session), _asks(ctx, other_tab)), "sessions")
    refused(ctx, ctx.portal.log_in(OWN, STRONG), "credentials")
    ctx.portal.log_in(OWN, "Newpass1!").demand()
