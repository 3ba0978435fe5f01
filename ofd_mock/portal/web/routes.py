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
from ofd_mock.portal.web.office_routes import MONEY, PAPERS, PEOPLE
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
    *MONEY,
    *PAPERS,
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
    *PEOPLE,
    *ARCHIVES,
)
"""All addresses, below `/api`."""
