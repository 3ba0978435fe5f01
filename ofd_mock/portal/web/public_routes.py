"""Addresses that nobody need be logged in for: directories, registration, coming in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from ofd_mock.portal.applications import CONTRACT
from ofd_mock.portal.directories import banks, find_models, find_settlements
from ofd_mock.portal.moves import DEREGISTRATION_REASONS
from ofd_mock.portal.tariffs import TARIFFS
from ofd_mock.portal.web import bodies
from ofd_mock.portal.web.route import SEARCH, Call, Route, done


def _enrolment(run: Callable[[Call, str], Any]) -> Callable[[Call], Any]:
    return lambda call: run(call, call.path["key"])


def _enrolled(call: Call, key: str) -> dict[str, str]:
    organisation = call.desks.enrolments.sign(key, call.body.cms, call.address)
    return {"session": call.desks.entrance.open_for(organisation, call.address)}


def _logged_in(call: Call) -> dict[str, str]:
    return {"session": call.desks.entrance.log_in(call.body.login, call.body.password, call.address)}


def _logged_in_signed(call: Call) -> dict[str, str]:
    entrance = call.desks.entrance
    return {"session": entrance.log_in_signed(call.body.challenge, call.body.cms, call.address)}


PUBLIC: Final = (
    Route(
        "GET",
        "/banks",
        "«Справочник банков РК»",
        lambda _: [asdict(bank) for bank in banks().values()],
        public=True,
    ),
    Route(
        "GET",
        "/settlements",
        "settlements by the first letters of their name",
        lambda call: [asdict(place) for place in find_settlements(call.query.get("q", ""))],
        public=True,
        query=SEARCH,
    ),
    Route(
        "GET",
        "/models",
        "models of online registers by the first letters",
        lambda call: [asdict(model) for model in find_models(call.query.get("q", ""))],
        public=True,
        query=SEARCH,
    ),
    Route(
        "GET", "/tariffs", "all tariffs", lambda _: [asdict(each) for each in TARIFFS.values()], public=True
    ),
    Route(
        "GET",
        "/reasons",
        "reasons to leave the books",
        lambda _: dict(DEREGISTRATION_REASONS),
        public=True,
    ),
    Route("GET", "/contract", "the contract of step 4", lambda _: {"text": CONTRACT}, public=True),
    Route(
        "GET", "/outbox", "mails of this stand, newest first", lambda c: c.desks.papers.outbox(), public=True
    ),
)
"""What everybody may know."""

ENROLMENT: Final = (
    Route(
        "POST",
        "/enrolments",
        "begin a registration",
        lambda call: {"key": call.desks.enrolments.begin()},
        public=True,
        status=201,
    ),
    Route(
        "GET",
        "/enrolments/{key}",
        "where a registration stands",
        _enrolment(lambda call, key: call.desks.enrolments.view(key)),
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/signature",
        "step 1: the challenge signed",
        _enrolment(lambda call, key: call.desks.enrolments.present(key, call.body.cms)),
        bodies.Signature,
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/password",
        "step 2: the administrator's password",
        _enrolment(
            lambda call, key: call.desks.enrolments.choose_password(
                key, call.body.password, call.body.password_repeated
            )
        ),
        bodies.NewPassword,
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/email",
        "mail a code to an address",
        done(lambda call: call.desks.enrolments.send_code(call.path["key"], call.body.email)),
        bodies.Email,
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/code",
        "confirm the address with the code",
        _enrolment(
            lambda call, key: call.desks.enrolments.confirm_code(key, call.body.email, call.body.code)
        ),
        bodies.EmailCode,
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/details",
        "step 3: data of the organisation",
        _enrolment(lambda call, key: call.desks.enrolments.describe(key, call.given)),
        bodies.DetailsBody,
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/agreement",
        "step 4: the contract was read",
        _enrolment(lambda call, key: call.desks.enrolments.agree(key, call.body.agreed)),
        bodies.Agreement,
        public=True,
    ),
    Route(
        "GET",
        "/enrolments/{key}/application",
        "the text that step 5 has signed",
        _enrolment(lambda call, key: {"text": call.desks.enrolments.application(key)}),
        public=True,
    ),
    Route(
        "POST",
        "/enrolments/{key}/application",
        "step 5: the application signed; the account opens",
        _enrolment(_enrolled),
        bodies.Signature,
        public=True,
        status=201,
    ),
)
"""Registration of an organisation, step by step (KZ-REG-02…06)."""

COMING_IN: Final = (
    Route("POST", "/login", "«Войти»", _logged_in, bodies.LogIn, public=True, status=201),
    Route(
        "POST",
        "/login/challenge",
        "a text to sign for «Войти с ЭЦП»",
        lambda call: {"challenge": call.desks.entrance.challenge()},
        public=True,
        status=201,
    ),
    Route(
        "POST",
        "/login/signed",
        "«Войти с ЭЦП»",
        _logged_in_signed,
        bodies.LogInSigned,
        public=True,
        status=201,
    ),
    Route(
        "POST", "/logout", "end this session", done(lambda call: call.desks.entrance.log_out(call.session))
    ),
    Route("GET", "/me", "who is logged in", lambda call: call.owner),
    Route(
        "POST",
        "/me/password",
        "a new password; every session of the user ends",
        done(
            lambda call: call.desks.members.change_password(
                call.owner, call.body.old_password, call.body.password, call.body.password_repeated
            )
        ),
        bodies.ChangePassword,
    ),
)
"""Coming in and going (KZ-LOG-01)."""
