"""Addresses of money, papers, people and the audit log (KZ-TRF-04, KZ-USR-01)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from ofd_mock.portal.paging import MOST_ROWS
from ofd_mock.portal.papers import NoteFilter, PaperFilter
from ofd_mock.portal.payments import BankWord, Payments
from ofd_mock.portal.web import bodies
from ofd_mock.portal.web.route import Call, Parameter, Route, done

_DAY: Final = {"type": "string", "format": "date"}
_ID: Final = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_PERIOD: Final = (Parameter("first", "first day", _DAY), Parameter("last", "last day", _DAY))
_LIMIT: Final = Parameter("limit", "rows of a page", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS})
_NEWEST: Final = (_LIMIT, Parameter("before", "id of a row: only what is older than it", _ID))
_OLDEST: Final = (_LIMIT, Parameter("after", "id of a row: only what is newer than it", _ID))


def _days(call: Call) -> tuple[date | None, date | None]:
    return call.query.get("first"), call.query.get("last")


def _limit(call: Call, otherwise: int = MOST_ROWS) -> int:
    return int(call.query.get("limit", otherwise))


def _statement(call: Call) -> Any:
    return call.desks.accounts.statement(call.owner, *_days(call), _limit(call), call.query.get("before"))


def _registers(call: Call) -> Any:
    after = call.query.get("after", 0)
    return call.desks.charges.registers(call.owner, *_days(call), _limit(call), after)


def _ordered(call: Call) -> dict[str, str]:
    number = call.desks.payments.order(call.owner, call.given)
    return {"payment": number, "address": f"/bank/{number}"}


def _notified(call: Call) -> dict[str, str]:
    body = call.body
    word = BankWord(body.payment, body.amount, body.status, body.signature)
    desk: Payments = call.desks.payments
    return {"state": desk.notified(word).state}


def _papers(call: Call) -> Any:
    asked = call.query
    wanted = PaperFilter(asked.get("kind", ""), asked.get("card"), *_days(call))
    return call.desks.papers.all(call.owner, wanted, _limit(call), asked.get("before"))


def _notes(call: Call) -> Any:
    asked = call.query
    wanted = NoteFilter(asked.get("act", ""), asked.get("user"), *_days(call))
    return call.desks.papers.notes(call.owner, _limit(call, 200), wanted, asked.get("before"))


MONEY: Final = (
    Route("GET", "/account", "balance in tiyn", lambda c: {"balance": c.desks.accounts.balance(c.owner)}),
    Route(
        "GET",
        "/account/forecast",
        "how long the balance lasts",
        lambda call: call.desks.charges.forecast(call.owner),
    ),
    Route(
        "GET",
        "/account/statement",
        "lines of the account, newest first; who sees some outlets only: charges of their registers",
        _statement,
        query=(*_PERIOD, *_NEWEST),
    ),
    Route(
        "GET",
        "/account/days",
        "sums by day, newest first",
        lambda call: call.desks.charges.totals(call.owner, "day", *_days(call), _limit(call)),
        query=(*_PERIOD, _LIMIT),
    ),
    Route(
        "GET",
        "/account/months",
        "sums by month, newest first",
        lambda call: call.desks.charges.totals(call.owner, "month", *_days(call), _limit(call)),
        query=(*_PERIOD, _LIMIT),
    ),
    Route(
        "GET",
        "/account/registers",
        "registers with their tariffs, and what they were charged in these days",
        _registers,
        query=(*_PERIOD, *_OLDEST),
    ),
    Route(
        "POST",
        "/account/payments",
        "money at once, without the bank: the short way of this stand",
        lambda call: {"balance": call.desks.accounts.top_up(call.owner, call.given)},
        bodies.TopUp,
    ),
    Route(
        "POST",
        "/account/orders",
        "«Пополнить»: a payment to be made on the page of the stand-in bank",
        _ordered,
        bodies.PaymentOrder,
        status=201,
    ),
    Route(
        "GET",
        "/account/orders/{key}",
        "what became of such a payment",
        lambda call: call.desks.payments.one(call.owner, call.path["key"]),
    ),
    Route(
        "POST",
        "/bank/word",
        "the bank's signed word about a payment; it may come twice or late",
        _notified,
        bodies.BankWordBody,
        public=True,
    ),
)
"""«Лицевой счет» (KZ-TRF-04)."""

PAPERS: Final = (
    Route(
        "GET",
        "/papers",
        "signed applications, newest first",
        _papers,
        query=(
            Parameter("kind", "kind of application"),
            Parameter("card", "id of a register", _ID),
            *_PERIOD,
            *_NEWEST,
        ),
    ),
    Route(
        "GET",
        "/papers/{id}",
        "one application with text and signature",
        lambda call: call.desks.papers.one(call.owner, call.path["id"]),
    ),
    Route(
        "GET",
        "/notes",
        "the audit log, newest first",
        _notes,
        query=(
            Parameter("act", "what was done"),
            Parameter("user", "id of a user", _ID),
            *_PERIOD,
            *_NEWEST,
        ),
    ),
)
"""«Документы» and the audit log."""

PEOPLE: Final = (
    Route(
        "GET",
        "/users",
        "«Пользователи», oldest first",
        lambda call: call.desks.members.users(call.owner, _limit(call), call.query.get("after", 0)),
        query=_OLDEST,
    ),
    Route(
        "POST",
        "/users",
        "a new user",
        lambda call: {"id": call.desks.members.add_user(call.owner, call.given)},
        bodies.UserBody,
        status=201,
    ),
    Route("GET", "/users/{id}", "one user", lambda c: c.desks.members.user(c.owner, c.path["id"])),
    Route(
        "PATCH",
        "/users/{id}",
        "change a user",
        done(lambda call: call.desks.members.change_user(call.owner, call.path["id"], call.given)),
        bodies.UserChange,
    ),
    Route(
        "POST",
        "/users/{id}/password",
        "give a user a password, which he has to change with his next login",
        done(lambda call: call.desks.members.give_password(call.owner, call.path["id"], call.given)),
        bodies.NewPassword,
    ),
    Route(
        "GET",
        "/groups",
        "«Группы», oldest first",
        lambda call: call.desks.members.groups(call.owner, _limit(call), call.query.get("after", 0)),
        query=_OLDEST,
    ),
    Route(
        "POST",
        "/groups",
        "a new group",
        lambda call: {"id": call.desks.members.add_group(call.owner, call.given)},
        bodies.GroupBody,
        status=201,
    ),
    Route("GET", "/groups/{id}", "one group", lambda c: c.desks.members.group(c.owner, c.path["id"])),
    Route(
        "PATCH",
        "/groups/{id}",
        "another name for a group",
        done(lambda call: call.desks.members.name_group(call.owner, call.path["id"], call.given)),
        bodies.GroupBody,
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
)
"""Users and groups (KZ-USR-01)."""
