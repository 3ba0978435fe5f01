"""What the owner is told goes together: at most one request in a lab second (BX-BRN-02)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from reference.pos.shop.reporting import Reporter
from reference.pos.shop.worker import Worker
from tests.pos.shop.conftest import Cafe
from tests.pos.ways import Through
from tests.waiting import eventually

PATIENCE = 60.0


class Portal(httpx.BaseTransport):
    """Links whoever asks and acknowledges whatever comes; `told` are the numbers of each request."""

    def __init__(self) -> None:
        self.told: list[list[int]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/sync/logins":
            return httpx.Response(200, json={"key": "made-up"})
        numbers = [each["n"] for each in json.loads(request.read())["changes"]]
        self.told.append(numbers)
        return httpx.Response(200, json={"acknowledged": numbers[-1]})


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def worker(cafe: Cafe, portal: Portal) -> Iterator[Worker]:
    """Linked, and everything told so far."""
    reporter = Reporter(cafe.premises, "http://owner", "Kassa 1", Through(portal))
    reporter.log_in("kassa", "made-up")
    reporter.run()
    portal.told.clear()
    bench = cafe.till.bench
    yield Worker(cafe.premises, cafe.fiscal, cafe.settings, cafe.till.client, bench.lab, reporter)
    reporter.close()


def left(worker: Worker) -> tuple[int, bool]:
    """Orders that wait for their receipt, and whether changes wait for the owner, as of the last round."""
    report = worker.standing.report
    assert report is not None
    return worker.standing.waiting, report.waiting > 0


def test_changes_of_a_second_go_together_and_no_later(cafe: Cafe, portal: Portal, worker: Worker) -> None:
    newest = len(cafe.changes())
    worker.start()
    try:
        for _ in range(3):
            cafe.pay(cafe.order((cafe.tea, 1000)))
            worker.kick()
        eventually(lambda: cafe.fiscal.waiting() == 0 and left(worker) == (0, True), PATIENCE)
        assert portal.told == []
        cafe.till.bench.tick(1)
        eventually(lambda: left(worker) == (0, False), PATIENCE)
    finally:
        worker.stop()
    assert portal.told == [[*range(newest + 1, len(cafe.changes()) + 1)]]


@pytest.mark.parametrize("status", [200, 401])
def test_a_link_made_while_the_portal_is_told_stands(cafe: Cafe, status: int) -> None:
    """What the old link's answer says is not the new one's."""
    keys = iter(["old", "new"])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/sync/logins":
            return httpx.Response(200, json={"key": next(keys)})
        shown.append(request.headers["Authorization"].removeprefix("Bearer "))
        if shown == ["old"]:
            reporter.log_in("kassa", "made-up")
            return httpx.Response(status, json={"acknowledged": 1, "error": {"rule": "key", "text": {}}})
        return httpx.Response(200, json={"acknowledged": json.loads(request.read())["changes"][-1]["n"]})

    shown: list[str] = []
    reporter = Reporter(cafe.premises, "http://owner", "Kassa 1", Through(httpx.MockTransport(answer)))
    reporter.log_in("kassa", "made-up")
    reporter.run(most=1)
    assert reporter.state().linked
    assert reporter.run().waiting == 0
    assert set(shown) == {"old", "new"}
    assert (shown[0], shown[-1]) == ("old", "new")
    reporter.close()


def test_a_look_that_is_asked_for_tells_at_once(cafe: Cafe, portal: Portal, worker: Worker) -> None:
    cafe.pay(cafe.order((cafe.tea, 1000)))
    report = worker.round().report
    assert report is not None
    assert report.waiting == 0
    assert [numbers[-1] for numbers in portal.told] == [len(cafe.changes())]


@pytest.mark.parametrize(
    ("status", "told"),
    [(200, []), (200, {}), (200, {"acknowledged": None}), (500, {"error": "away"}), (500, "away")],
)
def test_an_answer_of_another_shape_is_a_portal_in_trouble(cafe: Cafe, status: int, told: object) -> None:
    """And ends no round: the receipts behind it are made."""

    def answered(request: httpx.Request) -> httpx.Response:
        linking = request.url.path == "/api/sync/logins"
        return httpx.Response(200, json={"key": "made-up"}) if linking else httpx.Response(status, json=told)

    reporter = Reporter(cafe.premises, "http://owner", "Kassa 1", Through(httpx.MockTransport(answered)))
    before = reporter.log_in("kassa", "made-up")
    after = reporter.run()
    assert after.trouble
    assert (after.linked, after.acknowledged) == (True, before.acknowledged)
    reporter.close()
