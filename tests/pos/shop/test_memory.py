"""What a shop remembers never outlives a change of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Executable, delete, event

from reference.pos.part import PosPart
from reference.pos.shop import tables
from reference.pos.shop.memory import Memory
from reference.pos.shop.orders import State
from reference.pos.shop.premises import Premises, Writing
from reference.pos.shop.reporting import Reporter
from reference.runtime.refusals import StrangerError, UnknownError
from tests.pos.shop.conftest import TEA, Cafe
from tests.pos.ways import Through


def statements(cafe: Cafe) -> list[str]:
    """What the database is asked from now on; the same for several rows in a row is asked once."""
    asked: list[str] = []
    straight = cafe.premises._statements
    assert straight is not None
    ready = straight._ready

    def hear(text: str) -> None:
        if asked[-1:] != [text]:
            asked.append(text)

    def made_ready(statement: Executable, given: Mapping[str, Any]) -> Any:
        made = ready(statement, given)
        hear(made.text)
        return made

    straight._ready = made_ready  # type: ignore[method-assign]
    event.listen(cafe.premises.engine, "before_cursor_execute", lambda _c, _cur, text, *_: hear(str(text)))
    return asked


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    memory = Memory()
    reader = memory.of(int)
    memory.forget()
    reader["price"] = 1
    assert memory.of(int) == {}


def test_who_is_at_the_till_is_asked_once(cafe: Cafe) -> None:
    key = cafe.staff.come(cafe.waiter.id, "1111")
    asked = statements(cafe)
    assert [cafe.staff.here(key).name for _ in range(3)] == ["Bek Aliyev"] * 3
    assert len(asked) == 1
    cafe.staff.change(cafe.waiter.id, {"first_name": "Bekzod"})
    assert cafe.staff.here(key).name == "Bekzod Aliyev"


def test_settings_are_asked_once(cafe: Cafe) -> None:
    asked = statements(cafe)
    assert {cafe.settings.read().paper for _ in range(3)} == {80}
    assert len(asked) == 1
    cafe.settings.change({"paper": 58})
    assert cafe.settings.read().paper == 58


def test_a_shop_that_is_put_back_remembers_nothing(cafe: Cafe, tmp_path: Path) -> None:
    part = PosPart(cafe.desks(), cafe.worker, lambda: None)
    part.snapshot(tmp_path)
    key = cafe.staff.come(cafe.waiter.id, "1111")
    cafe.settings.change({"paper": 58})
    assert (cafe.staff.here(key).id, cafe.settings.read().paper) == (cafe.waiter.id, 58)
    part.restore(tmp_path)
    assert cafe.settings.read().paper == 80
    with pytest.raises(StrangerError):
        cafe.staff.here(key)


def test_what_is_refused_takes_no_number(cafe: Cafe) -> None:
    assert cafe.order().number == "#001"
    with pytest.raises(UnknownError):
        cafe.orders.open(cafe.boss, None, [{"product": 999}])
    assert cafe.order().number == "#002"


def test_requests_take_few_statements_however_long_the_order_is(cafe: Cafe) -> None:
    """One transaction each; goods, place and the day's number are remembered."""
    place = cafe.places.add({"name": "Stol 1", "kind": "table", "surcharge": 10_00}).id
    goods = [cafe.catalogue.add(TEA | {"name": f"Choy {number}"}).id for number in range(30)]
    lines = [{"product": product} for product in goods]
    cafe.orders.open(cafe.boss, place, lines)
    asked = statements(cafe)
    made = cafe.orders.open(cafe.boss, place, lines)
    assert (len(asked), len(made.lines)) == (3, 30)
    cafe.orders.confirm(cafe.boss, made.id)
    assert len(asked) == 3 + 3
    cafe.settings.read()
    del asked[:]
    total = made.total - 1_000_00
    payments = [{"kind": "card", "amount": total}, {"kind": "cash", "amount": 1_000_00}]
    paid = cafe.checkout.pay(cafe.boss, made.id, {"payments": payments})
    assert (paid.order.state, paid.order.total, len(paid.payments)) == (State.COMPLETED, made.total, 2)
    assert len(asked) == 5


class _Emptied(Premises):
    """Somebody empties the shop as soon as the owner's link is written."""

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with super().writing() as writing:
            yield writing
        with self.changing() as session:
            session.execute(delete(tables.Setting))


def test_a_link_that_was_emptied_at_once_is_not_remembered(cafe: Cafe) -> None:
    premises = _Emptied(cafe.premises.engine, cafe.premises.clock)
    way = Through(httpx.MockTransport(lambda _: httpx.Response(200, json={"key": "made-up"})))
    reporter = Reporter(premises, "http://owner", "Kassa 1", way)
    assert not reporter.log_in("kassa", "made-up").linked
    reporter.close()
    premises.close()


def test_another_database_is_asked_through_sqlalchemy(cafe: Cafe) -> None:
    """With the same outcome; SQLite stands in for it."""
    cafe.premises._statements = None
    for _ in range(2):
        cafe.pay(cafe.order((cafe.tea, 1000), (cafe.tea, 2000)))
    assert cafe.fiscal.waiting() == 2
    cafe.worker.round()
    done = [cafe.fiscal.of(each.id) for each in cafe.orders.all()]
    assert [(each.state, each.acknowledged) for each in done if each is not None] == [("done", False)] * 2
    cafe.refunds.refund(cafe.boss, cafe.orders.all()[0].id)
    cafe.worker.round()
    assert cafe.fiscal.waiting() == 0
    assert [kind for kind, _ in cafe.changes()].count("payment") == 3
