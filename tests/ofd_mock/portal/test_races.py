"""Tabs and people that act at the same moment, on both databases: one is first, nobody sees an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from ofd_mock.portal.cards import Wish
from ofd_mock.portal.errors import PortalError, RefusedError, UnknownError
from ofd_mock.portal.moves import Act
from ofd_mock.portal.tables import Application, Organisation, User
from tests.ofd_mock.portal.stand import DETAILS, HEAD, PASSWORD, Stand, signed
from tests.ofd_mock.postgresql import served
from tests.waiting import PATIENCE

AT_ONCE = 4


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with ExitStack() as opened:
        folder = tmp_path_factory.mktemp("ledger")
        made = Stand(folder if request.param == "sqlite" else opened.enter_context(served()))
        opened.callback(made.close)
        yield made


def at_the_end(stand: Stand, number: int) -> tuple[str, str]:
    """A registration before its last button: its secret, and the application signed."""
    signer = replace(HEAD, number=f"{number:012d}", key=f"k{number}")
    desk = stand.enrolments
    key = desk.begin()
    desk.present(key, signed(desk.view(key).challenge, signer))
    desk.choose_password(key, PASSWORD, PASSWORD)
    desk.send_code(key, DETAILS["email"])
    desk.confirm_code(key, DETAILS["email"], stand.mailed_code())
    desk.describe(key, DETAILS)
    desk.agree(key, True)
    return key, signed(desk.application(key), signer)


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """What each gives or raises, all begun together."""
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        ready.wait()
        try:
            return act()
        except PortalError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def count(stand: Stand, table: Any) -> int:
    with stand.office.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_two_tabs_sign_one_registration(anywhere: Stand) -> None:
    key, cms = at_the_end(anywhere, 1)
    before = count(anywhere, Organisation)
    done = at_once([lambda: anywhere.enrolments.sign(key, cms)] * AT_ONCE)
    assert [type(each) for each in done if not isinstance(each, UnknownError)] == [int]
    assert count(anywhere, Organisation) == before + 1


def test_two_registrations_of_one_organisation(anywhere: Stand) -> None:
    ready = [at_the_end(anywhere, 2) for _ in range(AT_ONCE)]
    before = count(anywhere, Application)
    done = at_once([lambda key=key, cms=cms: anywhere.enrolments.sign(key, cms) for key, cms in ready])
    refused = [each for each in done if isinstance(each, RefusedError)]
    assert len(refused) == AT_ONCE - 1
    assert {each.text.ru for each in refused} == {"Организация уже зарегистрирована"}
    assert count(anywhere, Application) == before + 1


def test_organisations_that_register_at_once_get_accounts_of_their_own(anywhere: Stand) -> None:
    ready = [at_the_end(anywhere, 10 + number) for number in range(AT_ONCE)]
    done = at_once([lambda key=key, cms=cms: anywhere.enrolments.sign(key, cms) for key, cms in ready])
    assert all(isinstance(each, int) for each in done), done
    with anywhere.office.reading() as session:
        accounts = session.scalars(
            select(Organisation.personal_account).where(Organisation.id.in_(done))
        ).all()
    assert len(set(accounts)) == AT_ONCE
    assert count(anywhere, User) >= AT_ONCE


def test_details_changed_in_another_tab_are_not_signed_unseen(anywhere: Stand) -> None:
    key, cms = at_the_end(anywhere, 20)
    anywhere.enrolments.describe(key, DETAILS | {"head_name": "Другой"})
    with pytest.raises(RefusedError) as refused:
        anywhere.enrolments.sign(key, cms)
    assert refused.value.text.ru == "Подпись недействительна"


def test_whoever_only_looks_waits_for_nobody(anywhere: Stand) -> None:
    """While a ticket or another tab is being written, and whatever comes of it; a reader holds up nobody."""
    stand = anywhere
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    assert stand.sell(card).code == 0
    assert stand.close_shift(card).code == 0
    key = stand.enrolments.begin()
    with ThreadPoolExecutor(3) as threads, ExitStack() as writing:
        if stand.counter.ledger.engine.dialect.name == "postgresql":
            session = writing.enter_context(stand.office.changing())
            for table in ("kz_devices", "kz_portal_enrolments"):
                session.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))
        looked = [
            threads.submit(stand.cards.require, owner, card, Act.SUSPEND),
            threads.submit(stand.cards.application, owner, card, Act.SUSPEND, Wish()),
            threads.submit(stand.enrolments.view, key),
        ]
        done, _ = wait(looked, PATIENCE)
        assert len(done) == len(looked)
        assert all(one.exception() is None for one in looked)
