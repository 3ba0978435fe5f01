"""Every address of the API in one table: what it takes, whose it is, which desk answers.

The application, the OpenAPI document and the walk of a stranger through all addresses are made from it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from ofd_mock.portal.cards import Wish
from ofd_mock.portal.moves import Act
from ofd_mock.portal.web import bodies
from ofd_mock.portal.web.archive_routes import ARCHIVES
from ofd_mock.portal.web.public_routes import COMING_IN, ENROLMENT, PUBLIC
from ofd_mock.portal.web.route import SEARCH, Call, Parameter, Route, done

_DAY: Final = {"type": "string", "format": "date"}
_PERIOD: Final = (Parameter("first", "first day", _DAY), Parameter("last", "last day", _DAY))


def _wish(body: bodies.WishBody) -> Wish:
    return Wish(body.tariff, body.outlet, body.name, body.reason)


def _days(call: Call) -> tuple[date | None, date | None]:
    return call.query.get("first"), call.query.get("last")


def _application(call: Call) -> dict[str, str]:
    wish = _wish(call.body)
    return {"text": call.desks.cards.application(call.owner, call.path["id"], Act(call.body.act), wish)}


def _signed(call: Call) -> Any:
    body = call.body
    return call.desks.cards.sign(call.owner, call.path["id"], Act(body.act), body.cms, _wish(body))


ROUTES: Final = (
    *PUBLIC,
    *ENROLMENT,
    *COMING_IN,
    # --- outlets and registers ---
    Route(
        "GET",
        "/cabinet",
        "«Картотека ККМ»: outlets with their registers",
        lambda call: call.desks.views.cabinet(call.owner, call.query.get("q", "")),
        query=SEARCH,
    ),
    Route(
        "GET",
        "/outlets",
        "outlets by the first letters of their name",
        lambda call: call.desks.outlets.find(call.owner, call.query.get("q", "")),
        query=SEARCH,
    ),
    Route(
        "POST",
        "/outlets",
        "«+Торговая точка»",
        lambda call: call.desks.outlets.add(call.owner, call.given),
        bodies.OutletBody,
        status=201,
    ),
    Route(
        "GET", "/outlets/{id}", "one outlet", lambda call: call.desks.outlets.one(call.owner, call.path["id"])
    ),
    Route(
        "DELETE",
        "/outlets/{id}",
        "remove an empty outlet",
        done(lambda call: call.desks.outlets.remove(call.owner, call.path["id"])),
    ),
    Route(
        "POST",
        "/cards",
        "«+Касса»: keep a draft",
        lambda call: {"id": call.desks.cards.save(call.owner, call.given)},
        bodies.CardBody,
        status=201,
    ),
    Route("GET", "/cards/{id}", "one register", lambda c: c.desks.views.one(c.owner, c.path["id"])),
    Route(
        "PUT",
        "/cards/{id}",
        "keep a draft anew",
        lambda call: {"id": call.desks.cards.save(call.owner, call.given, call.path["id"])},
        bodies.CardBody,
    ),
    Route(
        "DELETE",
        "/cards/{id}",
        "take a draft back",
        done(lambda call: call.desks.cards.delete(call.owner, call.path["id"])),
    ),
    Route(
        "POST",
        "/cards/{id}/check",
        "«Продолжить»: whether a draft can be registered",
        lambda call: call.desks.cards.check(call.owner, call.path["id"]),
    ),
    Route(
        "POST",
        "/cards/{id}/resume",
        "«Продолжить регистрацию» after a refusal",
        lambda call: call.desks.cards.resume(call.owner, call.path["id"]),
    ),
    Route("POST", "/cards/{id}/application", "the text to sign for an act", _application, bodies.WishBody),
    Route("POST", "/cards/{id}/sign", "do a signed act", _signed, bodies.SignedWish),
    Route(
        "POST",
        "/cards/{id}/token",
        "«Получить токен»",
        lambda call: {"token": call.desks.cards.token(call.owner, call.path["id"])},
    ),
    # --- money, papers, people ---
    Route("GET", "/account", "balance in tiyn", lambda c: {"balance": c.desks.accounts.balance(c.owner)}),
    Route(
        "GET",
        "/account/statement",
        "lines of the account, newest first",
        lambda call: call.desks.accounts.statement(call.owner, *_days(call)),
        query=_PERIOD,
    ),
    Route(
        "POST",
        "/account/payments",
        "money from the stand-in bank",
        lambda call: {"balance": call.desks.accounts.top_up(call.owner, call.given)},
        bodies.TopUp,
    ),
    Route("GET", "/papers", "signed applications", lambda call: call.desks.papers.all(call.owner)),
    Route(
        "GET",
        "/papers/{id}",
        "one application with text and signature",
        lambda call: call.desks.papers.one(call.owner, call.path["id"]),
    ),
    Route("GET", "/organisation", "«Данные организации»", lambda c: c.desks.papers.organisation(c.owner)),
    Route(
        "PUT",
        "/organisation",
        "keep its details anew; a new e-mail only with its code",
        done(lambda call: call.desks.organisations.change(call.owner, call.given, call.address)),
        bodies.DetailsBody,
    ),
    Route(
        "POST",
        "/organisation/email",
        "mail a code to a new address",
        done(lambda call: call.desks.organisations.send_code(call.owner, call.body.email)),
        bodies.Email,
    ),
    Route(
        "POST",
        "/organisation/code",
        "confirm the new address",
        done(lambda call: call.desks.organisations.confirm_code(call.owner, call.body.email, call.body.code)),
        bodies.EmailCode,
    ),
    Route("GET", "/notes", "the audit log", lambda call: call.desks.papers.notes(call.owner)),
    Route("GET", "/users", "«Пользователи»", lambda call: call.desks.members.users(call.owner)),
    Route(
        "POST",
        "/users",
        "a new user",
        lambda call: {"id": call.desks.members.add_user(call.owner, call.given)},
        bodies.UserBody,
        status=201,
    ),
    Route(
        "PATCH",
        "/users/{id}",
        "change a user",
        done(lambda call: call.desks.members.change_user(call.owner, call.path["id"], call.given)),
        bodies.UserChange,
    ),
    Route("GET", "/groups", "«Группы»", lambda call: call.desks.members.groups(call.owner)),
    Route(
        "POST",
        "/groups",
        "a new group",
        lambda call: {"id": call.desks.members.add_group(call.owner, call.given)},
        bodies.GroupBody,
        status=201,
    ),
    Route(
        "PUT",
        "/groups/{id}",
        "all outlets and users of a group",
        done(
            lambda call: call.desks.members.fill_group(
                call.owner, call.path["id"], call.body.outlets, call.body.users
            )
        ),
        bodies.GroupContent,
    ),
    Route(
        "DELETE",
        "/groups/{id}",
        "remove a group",
        done(lambda call: call.desks.members.remove_group(call.owner, call.path["id"])),
    ),
    *ARCHIVES,
)
"""All addresses, below `/api`."""
