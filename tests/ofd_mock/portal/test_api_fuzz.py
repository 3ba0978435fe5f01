"""The API under requests that nobody would write by hand: schemathesis in this process, all checks on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from ofd_mock.portal.members import Members
from ofd_mock.portal.papers import Papers
from ofd_mock.portal.web.answers import ANSWERS
from ofd_mock.portal.web.app import make_portal
from ofd_mock.portal.web.desks import desks_of
from ofd_mock.portal.web.route import Route
from ofd_mock.portal.web.routes import ROUTES
from tests.ofd_mock.portal.stand import PASSWORD, Stand

EXAMPLES = 4
ALLOWED = [200, 201, 202, 401, 403, 404, 409, 422, 429]
"""What fits the document may still stand against a rule of the portal."""
REFUSED = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    made = Stand(tmp_path_factory.mktemp("fuzzed"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def owner(stand: Stand) -> int:
    """An organisation."""
    return stand.owner().organisation


@pytest.fixture(scope="module")
def numbers(stand: Stand, owner: int) -> dict[str, Any]:
    """What is there to be asked for, by the beginning of its address."""
    assert owner
    visitor = stand.visitor()
    members = Members(stand.office)
    card = stand.registered(visitor)
    stand.token(visitor, card)
    stand.sell(card)
    user = {
        "login": "kassir",
        "name": "Кассир",
        "role": 1,
        "password": PASSWORD,
        "password_repeated": PASSWORD,
    }
    return {
        "cards": card,
        "outlets": stand.card(card).outlet,
        "papers": Papers(stand.office).all(visitor)[0].id,
        "users": members.add_user(visitor, user),
        "groups": members.add_group(visitor, {"name": "Смена"}),
        "enrolments": stand.enrolments.begin(),
    }


@pytest.fixture(scope="module")
def api(stand: Stand) -> Any:
    checks = {
        "positive_data_acceptance": {"expected-statuses": ALLOWED},
        "negative_data_rejection": {"expected-statuses": REFUSED},
    }
    config = SchemathesisConfig.from_dict({"checks": checks})
    return schemathesis.openapi.from_wsgi(
        "/api/openapi.json", make_portal(desks_of(stand.office)), config=config
    )


def asked(
    api: Any,
    route: Route,
    mode: GenerationMode,
    stand: Stand,
    owner: int,
    numbers: dict[str, Any] | None = None,
) -> None:
    """Ask an address some times; with `numbers` for what is there."""
    operation = api[f"/api{route.path}"][route.method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        known = (numbers or {}).get(route.path.split("/")[1])
        if known is not None and case.path_parameters:
            name = "key" if "enrolments" in route.path else "id"
            case.path_parameters |= {name: known}
            if "number" in case.path_parameters:
                case.path_parameters["number"] = 1
        # Some requests end the session they come with.
        session = stand.entrance.open_for(owner)
        case.call_and_validate(headers={"Authorization": f"Bearer {session}"})

    ask()


def title(route: Route) -> str:
    return f"{route.method}{route.path}"


@pytest.mark.parametrize("route", ROUTES, ids=title)
def test_an_address_keeps_to_its_document(
    api: Any, stand: Stand, owner: int, numbers: dict[str, Any], route: Route
) -> None:
    asked(api, route, GenerationMode.POSITIVE, stand, owner, numbers)


CAN_BE_WRONG = [each for each in ROUTES if each.body or each.query or "{" in each.path or not each.public]


@pytest.mark.parametrize("route", CAN_BE_WRONG, ids=title)
def test_an_address_refuses_what_its_document_does_not_allow(
    api: Any, stand: Stand, owner: int, route: Route
) -> None:
    asked(api, route, GenerationMode.NEGATIVE, stand, owner)


def test_every_address_says_what_it_answers_with() -> None:
    described = {(route.method, route.path) for route in ROUTES if not route.media}
    assert described == set(ANSWERS)
