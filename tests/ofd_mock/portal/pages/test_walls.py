"""Walls between organisations, and around users without groups: every address of the pages is walked, with
whatever ids belong to somebody else (KZ-USR-01, kz-ofd §15.11: 404, not 403).
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.routing import Rule

from ofd_mock.kz import tables as ledger_tables
from ofd_mock.portal import tables
from ofd_mock.portal.members import Members
from ofd_mock.portal.payments import Payments
from ofd_mock.portal.web.routes import ROUTES
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import HEAD, OTHER_NUMBER, PASSWORD, Stand, signed

SECRETS = ("СЕКРЕТ", "SECRET", "secret-cashier")
ORGANISATION = "ООО СЕКРЕТНАЯ ОРГАНИЗАЦИЯ"
OPEN = ("/login", "/enrol", "/sign-file", "/language", "/outbox", "/help", "/bank", "/logout")
"""Beginnings of addresses that anybody may ask for; `/` is another."""
PAYMASTER_SEES = {
    "/",
    "/account",
    "/account/statement.csv",
    "/account/statement.pdf",
    "/cabinet",
    "/choices/outlets",
    "/me",
    "/organisation",
    "/tariffs",
}
"""All that a user without groups gets besides refusals, none of it about a register."""


class Ours:
    """An organisation with something of everything, each with SECRET in its name."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        head = replace(HEAD, name=ORGANISATION, person="СЕКРЕТОВ СЕКРЕТ")
        stand.enrol(head, head_name="Секретов СЕКРЕТ")
        self.owner = stand.visitor()
        self.outlet = stand.outlet(self.owner, name="СЕКРЕТ-точка")
        self.card = stand.registered(
            self.owner, head, outlet=self.outlet, name="СЕКРЕТ-касса", serial="SECRET-1"
        )
        stand.token(self.owner, self.card)
        stand.sell(self.card)
        stand.close_shift(self.card)
        stand.keeper.run()
        members = Members(stand.office)
        self.user = members.add_user(self.owner, user("secret-cashier", "СЕКРЕТ-кассир"))
        self.group = members.add_group(self.owner, {"name": "СЕКРЕТ-группа"})
        members.fill_group(self.owner, self.group, [self.outlet], [self.user])
        self.payment = Payments(stand.office).order(self.owner, {"amount": 77})
        with stand.office.reading() as session:
            query = sa.select(tables.Application.id).order_by(tables.Application.id)
            self.paper = session.scalars(query).first()
        self.ids = {
            "/outlets/": self.outlet,
            "/cards/": self.card,
            "/papers/": self.paper,
            "/users/": self.user,
            "/groups/": self.group,
            "/account/payments/": self.payment,
            "/account/orders/": self.payment,
        }

    def rows(self) -> dict[str, list[Any]]:
        """Everything that is kept of the organisation, on both sides."""
        organisation = self.owner.organisation
        with self.stand.office.reading() as session:
            found = {}
            for table in tables.Base.metadata.sorted_tables:
                if table.name in ("kz_portal_notes", "kz_portal_visits", "kz_portal_challenges"):
                    continue
                query = sa.select(table)
                if "organisation" in table.c:
                    query = query.where(table.c.organisation == organisation)
                elif table.name == "kz_portal_organisations":
                    query = query.where(table.c.id == organisation)
                elif table.name in ("kz_portal_group_outlets", "kz_portal_group_users"):
                    query = query.where(table.c.group_id == self.group)
                else:
                    continue
                found[table.name] = [tuple(row) for row in session.execute(query)]
            device = ledger_tables.devices
            found["device"] = [
                tuple(row) for row in session.execute(sa.select(device).where(device.c.id == self.card))
            ]
        return found

    def form(self) -> dict[str, Any]:
        """Whatever a form may ask for, of ours wherever it names something."""
        return {
            "name": "чужое",
            "outlet": self.outlet,
            "outlets": self.outlet,
            "users": self.user,
            "role": 3,
            "login": "intruder",
            "password": "Zyxwvu9?",
            "password_repeated": "Zyxwvu9?",
            "amount": 1,
            "tariff": 1,
            "reason": 1,
            "settlement": 2,
            "street": "x",
            "house": "1",
            "consent": "1",
            "act": "delete",
            "cms": signed("x"),
        }


def user(login: str, name: str, role: int = 1) -> dict[str, Any]:
    return {
        "login": login,
        "name": name,
        "role": role,
        "password": PASSWORD,
        "password_repeated": PASSWORD,
    }


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    stand = Stand(tmp_path_factory.mktemp("walls"), visit_seconds=1e7, visit_idle_seconds=1e7)
    ours = Ours(stand)
    stand.enrol(replace(HEAD, number=OTHER_NUMBER, name="ТОО MOCK", key="k2"))
    Members(stand.office).add_user(ours.owner, user("paymaster", "Кассир"))
    yield ours
    stand.close()


@pytest.fixture(scope="module")
def stranger(ours: Ours) -> Visit:
    return browse(ours.stand).log_in(OTHER_NUMBER)


@pytest.fixture(scope="module")
def paymaster(ours: Ours) -> Visit:
    return browse(ours.stand).log_in("paymaster")


def addresses(visit: Visit, ours: Ours) -> Iterator[tuple[Rule, str, str]]:
    """Every rule of the pages with its methods and an address that names what is ours."""
    for rule in visit.client.application.url_map.iter_rules():
        if rule.rule.startswith(("/api", "/control", "/static")):
            continue
        with visit.client.application.test_request_context():
            address = address_of(rule, ours)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield rule, method, address


def address_of(rule: Rule, ours: Ours) -> str:
    """The rule's address with ids of ours; what else it wants is a 1, of a choice the first."""
    known = next((number for head, number in ours.ids.items() if rule.rule.startswith(head)), 1)
    values: dict[str, Any] = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        choices = sorted(getattr(converter, "items", ())) or [1]
        values[name] = known if name == "number" else choices[0]
    built = rule.build(values)
    assert built is not None
    return built[1]


def sent(visit: Visit, method: str, address: str, form: dict[str, Any]) -> Any:
    return visit.client.open(address, method=method, data=form if method == "POST" else None)


def own(rule: Rule) -> bool:
    """Whether an address is open to everybody."""
    return rule.rule == "/" or rule.rule.startswith(OPEN)


def said(answer: Any) -> str:
    """All that an answer says, marks undone, and where it leads."""
    return html.unescape(answer.get_data().decode(errors="replace")) + str(answer.location)


def clean(answer: Any, place: object) -> None:
    for secret in (*SECRETS, ORGANISATION):
        assert secret not in said(answer), (place, secret)


def test_a_stranger_sees_no_page_but_the_way_in(ours: Ours) -> None:
    visit, before, walked = browse(ours.stand), ours.rows(), 0
    form = ours.form() | {"csrf_token": visit.csrf()}
    for rule, method, address in addresses(visit, ours):
        if own(rule):
            continue
        answer = sent(visit, method, address, form)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/login"), (method, address)
        walked += 1
    assert walked > 60
    assert ours.rows() == before


def test_another_organisation_finds_nothing_of_ours(ours: Ours, stranger: Visit) -> None:
    before, walked, foreign = ours.rows(), 0, 0
    form = ours.form() | {"csrf_token": stranger.csrf()}
    for rule, method, address in addresses(stranger, ours):
        if rule.rule in ("/logout", "/outbox", "/me") or rule.rule.startswith(("/enrol", "/bank")):
            continue
        answer = sent(stranger, method, address, form)
        clean(answer, (method, address))
        assert answer.status_code < 500, (method, address)
        if any(rule.rule.startswith(head) for head in ours.ids) and "<" in rule.rule:
            assert answer.status_code == 404, (method, address, answer.status_code)
            foreign += 1
        walked += 1
    assert (walked > 70, foreign > 40) == (True, True)
    assert ours.rows() == before


def theirs(ours: Ours) -> set[str]:
    """What the other organisation has of what can be asked for by number."""
    kinds: dict[Any, list[str]] = {
        tables.Outlet: ["/outlets/{}"],
        tables.User: ["/users/{}"],
        tables.Group: ["/groups/{}"],
        tables.Application: ["/papers/{}", "/papers/{}.txt"],
    }
    with ours.stand.office.reading() as session:
        return {
            head.format(number)
            for table, heads in kinds.items()
            for number in session.scalars(
                sa.select(table.id).where(table.organisation != ours.owner.organisation)
            )
            for head in heads
        }


def test_numbers_tried_one_by_one_give_nothing_away(ours: Ours, stranger: Visit) -> None:
    """What is not there and what is another's answer alike, to the letter."""
    heads = ("/outlets/{}", "/papers/{}", "/papers/{}.txt", "/users/{}", "/groups/{}")
    tried = [head.format(number) for head in heads for number in range(1, 12)]
    tried += [f"/cards/{number}{tail}" for number in range(4928, 4936) for tail in ("", "/form", "/token")]
    nowhere = seen(stranger.get("/cards/999999", 404))
    found = set()
    for address in tried:
        answer = stranger.client.get(address)
        clean(answer, address)
        if answer.status_code == 404:
            assert seen(answer) == nowhere, address
        else:
            found.add(address)
    assert found == theirs(ours)
    for number in ("nobody", "0" * 32, ours.payment[:-1] + "g"):
        assert stranger.client.get(f"/bank/{number}").status_code == 404


def test_a_form_of_one_s_own_takes_nothing_of_ours(ours: Ours, stranger: Visit) -> None:
    """One's own group with another's outlet or user in it: nothing is done, and nobody learns of it."""
    location = stranger.post("/groups", {"name": "Своя"}).location
    before = ours.rows()
    for form in ({"outlets": ours.outlet}, {"users": ours.user}, {"users": "1e3"}, {"outlets": "x"}):
        answer = stranger.post(location, {"name": "Своя", **form}, 404)
        clean(answer, form)
    assert ours.rows() == before
    assert ">0<" in stranger.get("/groups").text


def test_a_paymaster_without_groups_sees_no_register(ours: Ours, paymaster: Visit) -> None:
    before, walked = ours.rows(), set()
    form = ours.form() | {"csrf_token": paymaster.csrf()}
    for rule, method, address in addresses(paymaster, ours):
        if own(rule) or (rule.rule, method) == ("/me", "POST"):  # a wrong password would be counted
            continue
        answer = sent(paymaster, method, address, form)
        for secret in ("СЕКРЕТ-", "SECRET", "secret-cashier"):
            assert secret not in said(answer), (method, address, secret)
        if answer.status_code == 200:
            walked.add(rule.rule)
        else:
            assert answer.status_code in (403, 404), (method, address, answer.status_code)
    assert walked == PAYMASTER_SEES - {"/"}
    assert {name: rows for name, rows in ours.rows().items() if rows != before[name]} == {}


def test_a_paymaster_without_groups_walks_the_api(ours: Ours, paymaster: Visit) -> None:
    client, before = paymaster.client, ours.rows()
    made: Any = client.post("/api/login", json={"login": "paymaster", "password": PASSWORD}).json
    headers, got = {"Authorization": f"Bearer {made['session']}"}, set()
    for route in ROUTES:
        if route.public or route.path.startswith(("/logout", "/me/")):
            continue
        known = next((number for head, number in ours.ids.items() if route.path.startswith(head)), 1)
        path = route.path.replace("{id}", str(known)).replace("{key}", str(known))
        path = path.replace("{number}", "1").replace("{format}", "pdf").replace("{kind}", "pdf")
        answer = client.open(f"/api{path}", method=route.method, headers=headers, json={})
        for secret in ("СЕКРЕТ-", "SECRET", "secret-cashier"):
            assert secret not in answer.get_data(as_text=True), (route, secret)
        if answer.status_code == 200:
            got.add(route.path)
        else:
            assert answer.status_code in (403, 404, 422), (route, answer.status_code)
    accounts = {f"/account{tail}" for tail in ("", "/statement", "/days", "/months", "/registers")}
    assert got == {"/me", "/cabinet", "/organisation", "/outlets"} | accounts
    assert ours.rows() == before


def test_what_a_group_opens_is_seen_at_once_and_closed_at_once(ours: Ours, paymaster: Visit) -> None:
    members = Members(ours.stand.office)
    number = next(view.id for view in members.users(ours.owner) if view.login == "paymaster")
    group = members.add_group(ours.owner, {"name": "на время"})
    assert paymaster.get("/account/statement.csv").text.count("\n") == 1
    members.fill_group(ours.owner, group, [ours.outlet], [number])
    for page in ("/cabinet", "/tariffs", "/account"):
        assert "СЕКРЕТ-касса" in paymaster.get(page).text
    assert paymaster.get("/account/statement.csv").text.count("СЕКРЕТ-касса") == 1
    members.remove_group(ours.owner, group)
    for page in ("/cabinet", "/tariffs", "/account"):
        assert "СЕКРЕТ-касса" not in paymaster.get(page).text
    paymaster.get(f"/cards/{ours.card}", 404)


def test_who_is_switched_off_is_out_with_his_next_click(ours: Ours) -> None:
    members = Members(ours.stand.office)
    number = members.add_user(ours.owner, user("leaver", "Кассир"))
    visit = browse(ours.stand).log_in("leaver")
    members.change_user(ours.owner, number, {"active": False})
    assert visit.get("/account", 303).location.startswith("/login")
    answer = browse(ours.stand).post("/login", {"login": "leaver", "password": PASSWORD}, 409)
    assert "Неверный логин или пароль" in seen(answer)
