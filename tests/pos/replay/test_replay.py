"""Record a day, replay it elsewhere: equal sums, equal receipts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reference.pos.__main__ import main
from reference.pos.errors import OrderError, TillError
from reference.pos.replay.counter_api import CounterApi, CounterRefusedError
from reference.pos.replay.model import OrderEvent, RefundEvent, ShiftEvent, read_recorded
from reference.pos.replay.player import Player
from tests.drive.conftest import Bench
from tests.pos.replay.conftest import PINS, OpenShop


def a_day(api: CounterApi, bench: Bench) -> None:
    """Sales of every kind, a cancelled order, a refund in parts, a price that changes, the shift's end."""
    goods = api.get("/products")
    plain = [one for one in goods if not one["marked"]][:3]
    table = api.get("/places")[0]["id"]

    def order(
        *lines: tuple[Any, int], place: int | None = None, employee: str = "Aziza Sinova", label: str = ""
    ) -> Any:
        made = api.post("/orders", {"place": place}, employee)
        for product, amount in lines:
            body = {"product": product["id"], "amount": amount, "label": label}
            made = api.post(f"/orders/{made['id']}/lines", body, employee)
        bench.tick(300)
        return made

    def pay(made: Any, *payments: tuple[str, int], kind: int = 0) -> None:
        total = api.get(f"/orders/{made['id']}")["total"]
        listed = [{"kind": name, "amount": amount or total} for name, amount in payments]
        api.post(f"/orders/{made['id']}/pay", {"payments": listed, "kind": kind})
        api.look()
        bench.tick(120)

    pay(order((plain[0], 2000), (plain[1], 500), place=table, employee="Dilnoza Sinova"), ("cash", 0))
    second = order((plain[2], 1000), (plain[0], 1000), employee="Bekzod Sinov")
    api.post(f"/orders/{second['id']}/confirm", None)
    changed = api.get(f"/orders/{second['id']}")["lines"][0]
    api.patch(f"/orders/{second['id']}/lines/{changed['id']}", {"discount": 100_00})
    api.post(f"/orders/{second['id']}/discount", {"discount": 50_00})
    pay(second, ("card", 1_000_00), ("cash", 10_000_000))
    api.patch(f"/products/{plain[0]['id']}", {"price": plain[0]["price"] + 1_000_00})
    third = order((plain[0], 3000))
    pay(third, ("payme", 0))
    given_up = order((plain[1], 1000))
    api.post(f"/orders/{given_up['id']}/cancel", {"reason": "fikridan qaytdi"})
    api.post(f"/orders/{third['id']}/refund", {"lines": [{"line": 0, "amount": 1000}]})
    api.look()
    bench.tick(60)
    api.post(f"/orders/{second['id']}/refund", {})
    api.look()
    order((plain[1], 1000))
    bench.tick(3600)
    api.post("/shift/close", None)


def sums_of(out: str) -> dict[str, Any]:
    return dict(json.loads(out.splitlines()[-1]))


def test_a_recorded_day_replayed_comes_to_the_same(
    open_shop: OpenShop, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = open_shop("first")
    a_day(first, bench)
    file = tmp_path / "day.jsonl"
    assert main(["record", "--dir", str(tmp_path / "first"), str(file)]) == 0
    recorded = sums_of(capsys.readouterr().out)
    assert (recorded["orders"], recorded["completed"], recorded["cancelled"]) == (5, 3, 1)
    assert (recorded["refunds"], recorded["receipts"], recorded["left_out"]) == (2, 5, 0)
    assert recorded["cash"] + recorded["card"] == recorded["sold"] - recorded["refunded"]

    second = open_shop("second")
    day = read_recorded(file)
    assert "".join(day.lines()) == file.read_text(encoding="utf-8")
    assert sum(isinstance(event, RefundEvent) for event in day.events) == 2
    assert [event.at for event in day.events] == sorted(event.at for event in day.events)
    began = second.clock()["part_now"]
    played = Player(second, day, None).play()
    assert played.equal(day.sums)
    assert second.clock()["part_now"] > began
    for event in day.events:
        if isinstance(event, ShiftEvent) or (isinstance(event, OrderEvent) and event.end != "completed"):
            continue
        there, here = (f"/orders/{one}" for one in (event.ref, played.ids[event.ref]))
        was, now = first.get(there), second.get(here)
        assert [(line["name"], line["amount"], line["sum"]) for line in was["lines"]] == [
            (line["name"], line["amount"], line["sum"]) for line in now["lines"]
        ]
        assert first.get(f"{there}/fiscal")["state"] == second.get(f"{here}/fiscal")["state"] == "done"
        moved = [
            [(one["kind"], one["amount"]) for one in api.get(f"{path}/payments")]
            for api, path in ((first, there), (second, here))
        ]
        assert moved[0] == moved[1]
    reports = [bench.core.shift(bench.factory_id, index) for index in (1, 0)]
    assert [report.close_time is None for report in reports] == [False, False]
    assert reports[0].cash == reports[1].cash
    assert reports[0].card == reports[1].card
    assert reports[0].vat == reports[1].vat
    assert (reports[0].sales, reports[0].refunds) == (reports[1].sales, reports[1].refunds) == (3, 2)
    people = {one["id"]: one["name"] for one in second.get("/people")}
    took = [
        (event.employee, people[second.get(f"/orders/{played.ids[event.ref]}")["employee"]])
        for event in day.events
        if isinstance(event, OrderEvent)
    ]
    assert {name for name, _ in took} == set(PINS)
    assert all(was == now for was, now in took), "whose PIN is known takes his own orders"


def test_the_command_replays_at_a_speed(
    open_shop: OpenShop, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lab time runs at the rate of the speed and as before afterwards."""
    first = open_shop("first")
    a_day(first, bench)
    file = tmp_path / "day.jsonl"
    main(["record", "--dir", str(tmp_path / "first"), str(file)])
    second = open_shop("second")
    capsys.readouterr()
    where = ["--pos", str(second._http.base_url), "--speed", "5000"]
    assert main(["replay", str(file), *where]) == 0
    told = sums_of(capsys.readouterr().out)
    assert told["equal"] is True
    assert told["receipts"] == 5
    assert second.clock()["rate"] == 0.0


def test_what_does_not_fit_is_told(
    open_shop: OpenShop, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = open_shop("first")
    with pytest.raises(CounterRefusedError, match=r"GET /api/orders/none is refused \(404\)"):
        api.get("/orders/none")
    a_day(api, bench)
    file = tmp_path / "day.jsonl"
    main(["record", "--dir", str(tmp_path / "first"), str(file)])
    where = ["--pos", str(api._http.base_url)]
    assert main(["replay", str(file), *where, "--employee", "Nobody"]) == 1
    assert "nobody of the name 'Nobody'" in capsys.readouterr().err
    assert main(["replay", str(file), *where, "--pin", "9999"]) == 1
    assert "/api/sessions is refused" in capsys.readouterr().err
    assert main(["replay", str(file), "--pos", "http://127.0.0.1:1"]) == 1
    assert "does not answer" in capsys.readouterr().err

    day = read_recorded(file)
    orders = [event for event in day.events if isinstance(event, OrderEvent) and event.end == "completed"]
    other = orders[0].model_copy(update={"total": orders[0].total + 1})
    events = tuple(other if event is orders[0] else event for event in day.events)
    with pytest.raises(TillError, match=r"tiyin, .* were recorded"):
        Player(api, day.model_copy(update={"events": events}), None).play()

    lines = file.read_text(encoding="utf-8").splitlines()
    sums = json.loads(lines[-1])
    sums["receipts"] += 1
    file.write_text("\n".join([*lines[:-1], json.dumps(sums)]), encoding="utf-8")
    assert main(["replay", str(file), *where]) == 1
    assert "were recorded" in capsys.readouterr().err


HEAD = {"kind": "day", "day": "2026-07-01", "begins": "2026-07-01T04:00:00Z"}
SUMS = {"kind": "sums"}
GOODS = {"kind": "product", "ref": 1, "name": "Non", "mxik": "01905001001000000", "price": 1}
ORDER = {
    "kind": "order",
    "at": "2026-07-01T04:00:00Z",
    "ref": "a",
    "end": "open",
    "total": 0,
    "lines": [{"product": 1, "amount": 1000, "price": 1}],
}


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "needs one line of kind day"),
        ([HEAD], "needs one line of kind sums"),
        ([HEAD, HEAD, SUMS], "needs one line of kind day"),
        ([HEAD, {"kind": "gold"}, SUMS], "line 2"),
        ([HEAD | {"version": 2}, SUMS], "line 1: day.version"),
        ([HEAD, ORDER, SUMS], "1 is no product of the file"),
        ([HEAD, GOODS, ORDER | {"place": "Bog'"}, SUMS], "is no place of the file"),
        ([HEAD, GOODS, ORDER | {"at": "2026-07-01T04:00:00"}, SUMS], "line 3: order.at"),
        (
            [
                HEAD,
                {
                    "kind": "refund",
                    "at": "2026-07-01T04:00:00Z",
                    "ref": "r",
                    "of": "a",
                    "lines": [],
                    "total": 0,
                },
                SUMS,
            ],
            "which is no order of the file",
        ),
    ],
    ids=["empty", "no-sums", "two-heads", "kind", "version", "product", "place", "naive-time", "refund"],
)
def test_files_that_are_no_recorded_day(tmp_path: Path, lines: list[dict[str, Any]], text: str) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    with pytest.raises(OrderError) as caught:
        read_recorded(file)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("record", "--dir", "nowhere", "x"), "is no shop"),
        (("replay", "nowhere.jsonl"), "nowhere.jsonl"),
        (("replay", "x", "--speed", "0"), "is neither max nor a number"),
        (("replay", "x", "--speed", "fast"), "is neither max nor a number"),
    ],
    ids=["no-shop", "no-file", "speed-0", "speed-word"],
)
def test_mistakes_are_told(arguments: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments]) == 1
    assert text in capsys.readouterr().err
