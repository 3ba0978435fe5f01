"""Papers over the API: four formats, two widths, the printer's queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference.pos.part import NAME, PosPart
from reference.pos.web.app import create_app
from reference.pos.web.counter import Counter
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from tests.pos.prints.conftest import Printing
from tests.pos.prints.papers import opened
from tests.pos.prints.reading import of_escpos, of_pdf, of_text
from tests.pos.web.conftest import Api


@pytest.fixture
def api(printing: Printing, tmp_path: Path) -> Iterator[Api]:
    cafe, bench = printing.cafe, printing.cafe.till.bench
    events = EventLog(tmp_path / "pos-events", bench.clock, NAME)
    part = PosPart(cafe.desks(), cafe.worker, lambda: None)
    faults = FaultPoints({}, bench.clock, NAME, {})
    control = control_blueprint(part, bench.lab, bench.clock, faults, events, tmp_path, None)
    counter = Counter(cafe.desks(), cafe.worker, spool=printing.spool)
    made = Api(cafe, create_app(counter, control, "127.0.0.1", None).test_client())
    made.come(cafe.boss.id, "123456")
    yield made
    events.close()


def fetched(api: Api, path: str, media: str) -> bytes:
    answer = api.http.get(f"/api{path}", headers={"Authorization": f"Bearer {api.key}"})
    assert (answer.status_code, answer.mimetype) == (200, media), answer.get_data()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.get_data()


def test_the_receipt_in_four_formats(api: Api) -> None:
    order = api.cafe.sold((api.cafe.tea, 1000))
    path = f"/orders/{order.id}/receipt"
    text = of_text(fetched(api, f"{path}.txt", "text/plain"))
    assert "To'lov: naqd 5 000,00" in text
    assert of_pdf(fetched(api, f"{path}.pdf", "application/pdf")) == text
    assert of_escpos(fetched(api, f"{path}.escpos", "application/octet-stream")) == text
    assert opened(fetched(api, f"{path}.png", "image/png")).width == 576
    assert opened(fetched(api, f"{path}.png?paper=58", "image/png")).width == 384
    api.ask("PATCH", "/settings", {"paper": 58})
    assert opened(fetched(api, f"{path}.png", "image/png")).width == 384
    assert opened(fetched(api, f"{path}.png?paper=80", "image/png")).width == 576


def test_native_codes_and_pages_are_settings(api: Api) -> None:
    order = api.cafe.sold((api.cafe.tea, 1000))
    path = f"/orders/{order.id}/receipt.escpos"
    media = "application/octet-stream"
    assert b"\x1d(k" not in fetched(api, path, media)
    chosen = {"printer_qr": "native", "printer_pages": "ascii", "name": "«Чойхона» o‘g‘il"}
    assert api.ask("PATCH", "/settings", chosen)[0] == 200
    data = fetched(api, path, media)
    assert b"\x1d(k" in data
    assert b"\"Choyxona\" o'g'il" in data


def test_the_last_z_report(api: Api) -> None:
    """UZ-SHF-04"""
    assert api.ask("GET", "/shifts/last.txt")[1]["error"]["rule"] == "shift"
    api.cafe.sold((api.cafe.tea, 1000))
    report = api.ask("POST", "/shift/close")[1]
    text = of_text(fetched(api, "/shifts/last.txt", "text/plain"))
    assert "Sotuvlar 1" in text
    assert f"Yopildi {report['CloseTime']}" in text
    assert of_pdf(fetched(api, "/shifts/last.pdf", "application/pdf")) == text
    status, asked = api.ask("POST", "/shifts/last/print")
    assert (status, asked["kind"], asked["copy"], asked["state"]) == (202, "shift", False, "waiting")


def test_printing_again_and_the_queue(api: Api, printing: Printing) -> None:
    order = api.cafe.sold((api.cafe.tea, 1000))
    assert api.ask("GET", "/standing")[1]["printer"]["waiting"] == 1
    assert printing.spool.round() == 1
    status, asked = api.ask("POST", f"/orders/{order.id}/print")
    assert (status, asked["key"], asked["copy"]) == (202, order.id, True)
    assert [each["state"] for each in api.ask("GET", "/prints")[1]] == ["waiting", "done"]
    assert "NUSXA / КОПИЯ" in of_text(fetched(api, f"/orders/{order.id}/receipt.txt", "text/plain"))
    assert printing.spool.round() == 1
    standing = api.ask("GET", "/standing")[1]["printer"]
    assert standing == {"printer": "file:printed.bin", "waiting": 0, "lost": 0, "trouble": ""}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "rule"),
    [
        ("GET", "/orders/none/receipt.png", None, 404, "receipt"),
        ("GET", "/orders/none/receipt.gif", None, 404, "http"),
        ("GET", "/orders/none/receipt.png?paper=57", None, 422, "fields"),
        ("GET", "/orders/none/receipt.png?paper=x", None, 422, "fields"),
        ("GET", "/shifts/last.pdf", None, 404, "shift"),
        ("POST", "/orders/none/print", None, 404, "receipt"),
        ("POST", "/shifts/last/print", None, 404, "shift"),
        ("PATCH", "/settings", {"printer": "tcp:192.0.2.1:9100"}, 422, "fields"),
        ("PATCH", "/settings", {"printer_qr": "laser"}, 422, "fields"),
    ],
)
def test_refusals(api: Api, method: str, path: str, body: object, status: int, rule: str) -> None:
    answered, told = api.ask(method, path, body)
    assert (answered, told["error"]["rule"]) == (status, rule)


def test_an_order_that_waits_has_no_paper_yet(api: Api) -> None:
    order = api.cafe.order((api.cafe.tea, 1000))
    api.cafe.pay(order)
    assert api.ask("GET", f"/orders/{order.id}/receipt.pdf")[0] == 404
    assert api.ask("POST", f"/orders/{order.id}/print")[0] == 404


def test_a_waiter_prints_nothing(api: Api) -> None:
    order = api.cafe.sold((api.cafe.tea, 1000))
    api.come(api.cafe.waiter.id, "1111")
    assert api.ask("POST", f"/orders/{order.id}/print")[0] == 403
    assert api.ask("POST", "/shifts/last/print")[0] == 403
