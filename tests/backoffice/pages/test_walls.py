"""Walls between owners: every address of the pages is walked by a stranger and by another owner.

The addresses come from the application itself: a page that is added is walked, too, and one whose address has
a part that nobody here knows fails until somebody says what of ours belongs there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from reference.backoffice import tables
from reference.backoffice.branches import Device
from reference.backoffice.entrance import Visitor
from tests.backoffice.conftest import PASSWORD
from tests.backoffice.pages.browser import Pages, Visit, seen
from tests.backoffice.pages.stock import SIGN, fill

OTHER = "+998907654321"
MACHINES = ("/api/", "/control/", "/payme", "/click")
"""What programs ask, by exact address or below it; other tests walk the API."""
PUBLIC = ("/", "/login", "/logout", "/language/", "/outbox", "/register", "/static/")
"""Beginnings of addresses that anybody may ask for."""
OURS = ("MAXFIY", "Osh", "Bekzod", SIGN, "ERROR_RECEIPT", "test-maxfiy", "4242")
"""Words that stand on our pages and on nobody else's."""


class Ours:
    """An owner with something of everything."""

    def __init__(self, pages: Pages) -> None:
        self.pages, back = pages, pages.back
        desks = pages.desks
        self.visitor: Visitor = back.owner()
        self.branch = desks.branches.add(self.visitor, {"name": "MAXFIY filial"})[0].id
        self.linked = back.link(self.visitor, self.branch)
        fill(desks.intake, self.linked)
        given = {"store": "test-maxfiy", "application": "test-maxfiy", "secret": "test-maxfiy"}
        desks.merchants.save(self.visitor, self.branch, given)
        desks.subscriptions.save_card(self.visitor, "Visa", "4242", "12/28")
        self.invoice = desks.subscriptions.choose(self.visitor, "network", 1, "payme").id
        self.offer, _ = desks.branches.offer(Device("Kassa MAXFIY", "identity of our till"))
        self.session = desks.entrance.log_in(self.visitor.phone, PASSWORD)

    def parts(self, rule: Rule) -> dict[str, Any]:
        """What of ours belongs into an address."""
        with self.pages.back.office.reading() as session:
            mine = tables.Visit.owner == self.visitor.owner
            handle = session.scalars(sa.select(tables.Visit.secret).where(mine)).first()
        numbers = {
            "/orders/": 1,
            "/staff/": self.linked.link,
            "/transactions/": 1,
            "/branches/": self.branch,
            "/subscription/invoices/": self.invoice,
            "/checkout/": self.invoice,
            "/payments/": self.branch,
        }
        number = next((known for head, known in numbers.items() if rule.rule.startswith(head)), None)
        known = {"number": number, "link": self.linked.link, "key": "2", "handle": handle}
        given = {name: known.get(name) for name in rule.arguments}
        assert None not in given.values(), f"say here what of ours belongs into {rule.rule}"
        return given

    def form(self) -> dict[str, Any]:
        """A form that would do something at every address that takes one."""
        return {
            "branch": self.branch,
            "name": "Mening filialim",
            "code": self.offer,
            "do": "pay",
            "plan": "start",
            "months": "1",
            "provider": "click",
            "store": "test-1",
            "application": "test-2",
            "secret": "test-3",
            "password": PASSWORD,
            "password_repeated": PASSWORD,
        }

    def rows(self) -> dict[str, list[Any]]:
        """All rows that are ours; tables whose rows are everybody's aside."""
        mine = {"owner": self.visitor.owner, "branch": self.branch, "invoice": self.invoice}
        found: dict[str, list[Any]] = {}
        with self.pages.back.office.reading() as session:
            for table in tables.Base.metadata.sorted_tables:
                name = next((each for each in mine if each in table.columns), None)
                if name is not None:
                    query = sa.select(table).where(table.columns[name] == mine[name])
                    found[table.name] = sorted(map(repr, session.execute(query).all()))
        return found


@pytest.fixture
def ours(pages: Pages) -> Ours:
    return Ours(pages)


@pytest.fixture
def other(ours: Ours) -> Visit:
    """Another owner with a branch of his own."""
    visitor = ours.pages.back.owner(OTHER)
    ours.pages.desks.branches.add(visitor, {"name": "Begona"})
    return ours.pages.browse().log_in(OTHER)


def page_rules(pages: Pages) -> Iterator[tuple[Rule, str]]:
    for rule in pages.app.url_map.iter_rules():
        if rule.rule in MACHINES or rule.rule.startswith(("/api/", "/control/")):
            continue
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule, method


def public(rule: Rule) -> bool:
    return rule.rule == "/" or rule.rule.startswith(PUBLIC[1:])


def sent(visit: Visit, ours: Ours, rule: Rule, method: str, token: str) -> TestResponse:
    built = rule.build(ours.parts(rule))
    assert built is not None
    form = ours.form() | {"csrf_token": token}
    more = {"data": form} if method == "POST" else {}
    return visit.client.open(built[1], method=method, **more)


def test_a_stranger_is_led_to_the_login_everywhere(ours: Ours) -> None:
    visit, before, walked = ours.pages.browse(), ours.rows(), 0
    token = visit.csrf()
    for rule, method in page_rules(ours.pages):
        if public(rule):
            continue
        answer = sent(visit, ours, rule, method, token)
        place = (rule.rule, method, answer.status_code)
        assert answer.status_code == 303, place
        assert str(answer.location).startswith("/login"), place
        walked += 1
    assert walked > 35
    assert ours.rows() == before


def test_another_owner_finds_nothing_of_ours(ours: Ours, other: Visit) -> None:
    before, walked, foreign = ours.rows(), 0, 0
    token = other.csrf()
    for rule, method in page_rules(ours.pages):
        if public(rule):
            continue
        answer = sent(other, ours, rule, method, token)
        place = (rule.rule, method, answer.status_code)
        if rule.arguments:
            assert answer.status_code == 404, place
            foreign += 1
        assert answer.status_code < 500, place
        text = seen(answer)
        assert not [word for word in OURS if word in text], (place, text)
        walked += 1
    assert (walked > 35, foreign > 15) == (True, True)
    assert ours.rows() == before
    # The form above chose our branch, and nothing of it is shown.
    for path in ("/dashboard", "/orders", "/products", "/staff", "/transactions"):
        assert not [word for word in OURS if word in seen(other.get(path))], path


def test_what_is_not_there_and_what_is_another_s_answer_alike(ours: Ours, other: Visit) -> None:
    for head, number in (
        ("/orders/{}", 1),
        ("/transactions/{}", 1),
        ("/staff/{}/2", ours.linked.link),
        ("/branches/{}", ours.branch),
        ("/payments/{}", ours.branch),
        ("/checkout/{}", ours.invoice),
        ("/subscription/invoices/{}", ours.invoice),
    ):
        theirs, nowhere = other.get(head.format(number), 404), other.get(head.format(987654321), 404)
        assert seen(theirs) == seen(nowhere), head


def test_our_own_pages_hold_what_the_walk_looks_for(ours: Ours) -> None:
    """Guards the walk: words that stand nowhere would be found nowhere."""
    visit = ours.pages.browse().log_in()
    paths = ("/branches", "/products", "/staff", "/orders/1", "/orders/6", "/subscription")
    text = " ".join(seen(visit.get(path)) for path in (*paths, f"/payments/{ours.branch}"))
    assert [word for word in OURS if word not in text] == []


def test_forms_without_their_secret_do_nothing(ours: Ours) -> None:
    visit, before, walked = ours.pages.browse().log_in(), ours.rows(), 0
    for rule, method in page_rules(ours.pages):
        if method == "POST":
            assert sent(visit, ours, rule, method, "").status_code == 400, rule.rule
            walked += 1
    assert walked > 12
    assert ours.rows() == before
