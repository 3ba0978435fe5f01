"""Port 7777: frames in any pieces, time-outs, faults, the control API and the check page on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ofd_mock.kz.intake_process import IntakeProcess
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.errors import FrameError
from reference.protocol.kz.frames import encode_frame
from tests.ofd_mock.kz.bench import Bench, Wire, running, web
from tests.ofd_mock.kz.counter import ticket
from tests.waiting import eventually

DEVICE = 9001
SYSTEM, INFO = int(Command.SYSTEM), int(Command.INFO)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(tmp_path_factory.mktemp("operator")) as bench:
        yield bench


@pytest.fixture
def bench(started: Bench) -> Bench:
    started.reset()
    return started


@pytest.fixture
def wire(bench: Bench) -> Iterator[Wire]:
    made = bench.register()
    yield made
    made.close()


def now(bench: Bench) -> Any:
    return bench.process.operator.time


def test_pieces_and_merged(wire: Wire) -> None:
    """FR-02, FR-06, TR-06."""
    first, second = wire.frame(wire.body(SYSTEM)), wire.frame(wire.body(INFO))
    for byte in first:
        wire.send(bytes((byte,)))
    answer = wire.receive()
    assert answer is not None
    assert (answer.header.reqnum, answer.header.id, answer.header.token) == (1, wire.device, wire.token)
    wire.send(second + wire.frame(wire.body(SYSTEM)) + b"\xa2")
    assert wire.reader.feed(b"") == []
    numbers = []
    while len(numbers) < 2:
        data = wire.connect().recv(65536)
        numbers += [frame.header.reqnum for frame in wire.reader.feed(data)]
    assert numbers == [2, 3]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xa2\x81\xcb\x00\x11\x00\x00\x00" + b"\x00" * 10,
        b"\xa2\x81\xcb\x00\x01\x00\x20\x00" + b"\x00" * 10,
    ],
)
def test_no_frames(wire: Wire, data: bytes) -> None:
    """FR-03…05: closed without a byte; others are not disturbed."""
    stranger = Wire(wire.port, 1, 1)
    stranger.send(data)
    assert stranger.receive() is None
    assert wire.ask(SYSTEM)[0] == 0


def test_answered_before_the_fault(wire: Wire) -> None:
    wire.send(wire.frame(wire.body(SYSTEM)) + b"garbage")
    assert wire.receive() is not None
    assert wire.receive() is None


def test_end_of_stream(wire: Wire) -> None:
    """FR-01, and an answer to one that only closed its own side."""
    wire.send(wire.frame(wire.body(SYSTEM)))
    wire.connect().shutdown(1)
    assert wire.receive() is not None
    assert wire.receive() is None
    wire.send(b"\xa2\x81")
    wire.connect().shutdown(1)
    assert wire.receive() is None


def test_idle(bench: Bench, wire: Wire) -> None:
    """TR-07 in lab time."""
    assert wire.ask(SYSTEM)[0] == 0
    bench.clock.advance(29)
    assert wire.ask(SYSTEM)[0] == 0
    idle = bench.process.server._idle
    [since] = idle.values()
    bench.clock.advance(29)
    wire.send(b"\xa2\x81")
    eventually(lambda: since not in idle.values())
    bench.clock.advance(29)
    wire.send(wire.frame(wire.body(SYSTEM))[2:])
    assert wire.receive() is not None
    [since] = idle.values()
    wire.send(b"\xa2\x81")
    eventually(lambda: since not in idle.values())
    bench.clock.advance(31)
    assert wire.receive() is None


def test_silence_begins_with_the_answer(bench: Bench, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """TR-07: time that passes after the client has its answer counts, however late the operator goes on."""
    assert wire.ask(SYSTEM)[0] == 0
    send = IntakeProcess._send

    def sent_and_held(intake: IntakeProcess, data: bytes) -> None:
        send(intake, data)
        bench.clock.advance(31)

    monkeypatch.setattr(IntakeProcess, "_send", sent_and_held)
    wire.send(wire.frame(wire.body(SYSTEM)))
    assert wire.receive() is not None
    assert wire.receive() is None


def test_requests_per_connection(bench: Bench) -> None:
    bench.reset(requests_per_connection=2)
    wire = bench.register()
    assert [wire.ask(SYSTEM)[0], wire.ask(SYSTEM)[0]] == [0, 0]
    assert wire.receive() is None


def test_the_largest_frame_is_a_setting(bench: Bench, wire: Wire) -> None:
    """FR-05: in force for whoever connects after it was set."""
    frame = wire.frame(wire.body(SYSTEM))
    bench.order("settings", settings={"max_frame_bytes": len(frame) - 1})
    wire.send(frame[:8])
    assert wire.receive() is None
    bench.order("settings", settings={"max_frame_bytes": len(frame)})
    wire.send(frame)
    assert wire.receive() is not None


def test_too_many(bench: Bench) -> None:
    bench.reset(max_connections=1)
    wire = bench.register()
    assert wire.ask(SYSTEM)[0] == 0
    other = Wire(wire.port, wire.device, wire.token)
    with pytest.raises((ConnectionError, AssertionError)):
        other.ask(SYSTEM)
    wire.close()
    other.close()


def test_faults(bench: Bench, wire: Wire) -> None:
    faults = bench.process.faults
    device = str(wire.device)
    token = wire.token
    faults.add(
        point="ofd-kz.after-commit", action="close", match={"command": "TICKET", "device": device}, count=1
    )
    wire.send(wire.frame(wire.body(ticket(time=now(bench))), 9))
    assert wire.receive() is None
    code, frame = wire.ask(ticket(time=now(bench)), 9)
    assert code == 0
    assert frame.header.token != token
    assert bench.process.ledger.counts()["documents"] == 1
    faults.add(point="ofd-kz.request", action="code", value="254", count=1)
    assert wire.ask(SYSTEM)[0] == 254
    faults.add(point="ofd-kz.answer", action="cut", value="20", count=1)
    wire.send(wire.frame(wire.body(SYSTEM)))
    assert wire.receive() is None
    faults.add(point="ofd-kz.answer", action="split", count=1)
    assert wire.ask(SYSTEM)[0] == 0
    own = wire.token
    for action, field, value in (
        ("other-device", "id", wire.device + 1),
        ("token", "token", own ^ 1),
        ("reqnum", "reqnum", 6),
    ):
        faults.add(point="ofd-kz.answer", action=action, count=1)
        _, frame = wire.ask(SYSTEM, 7)
        assert getattr(frame.header, field) == value
        wire.token = own
    for point, action in (("ofd-kz.connect", "close"), ("ofd-kz.before-commit", "close")):
        wire.close()
        faults.add(point=point, action=action, count=1)
        with pytest.raises((ConnectionError, AssertionError)):
            wire.ask(SYSTEM)
    wire.close()
    assert wire.ask(SYSTEM)[0] == 0


def test_control(bench: Bench, wire: Wire) -> None:
    assert wire.ask(SYSTEM)[0] == 0
    one = {"id": wire.device}
    for operation, code in (("block", 15), ("deregister", 15), ("disconnect", 15), ("suspend", 0)):
        bench.order(operation, **one)
        assert wire.ask(SYSTEM)[0] == code
        bench.order("unblock", **one)
        assert wire.ask(SYSTEM)[0] == 0
    bench.order("set-ads", **one, ads=[{"type": 0, "version": 9, "text": "Реклама"}])
    bench.order("set-taxation", **one, kind=101, taxes=[{"percent": 16000}])
    bench.order("set-nomenclature", **one, elements=[{"type": "GROUP", "title": "Азық", "id": 1}])
    bench.order("set-cashiers", **one, cashiers=[{"login": "a", "password": "b"}])
    _, frame = wire.ask(INFO)
    assert wire.decode(frame).service.ticket_ads[0].text == "Реклама"
    bench.order("order", code=6, device=wire.device)
    assert wire.ask(SYSTEM)[0] == 6
    bench.order("order", code=None, times=None)
    bench.order("clear-orders")
    wire.ask(ticket(time=now(bench)))
    token = bench.order("issue-token", **one)["token"]
    assert wire.ask(SYSTEM)[0] == 2
    wire.token = token
    assert wire.ask(SYSTEM)[0] == 0
    assert (
        bench.order("settings", settings={"result_text_on_ok": "present"})["result_text_on_ok"] == "present"
    )
    state = web.get(f"{bench.base}/control/state").json()
    assert state["devices"][str(wire.device)]["documents"] == 1
    assert len(bench.order("documents", **one)["documents"]) == 1
    assert isinstance(bench.order("findings", **one)["findings"], list)
    for operation, body in (
        ("set-ads", one | {"ads": [{"type": 0, "version": 1, "text": "a"}] * 2}),
        ("set-nomenclature", one | {"elements": [{"colour": "red"}]}),
        ("settings", {"settings": {"rotate_token": "sometimes"}}),
        ("provision", {"count": 2, "rnm": "990000000001"}),
        ("provision", {"id": wire.device}),
        ("block", {"id": 3}),
        ("move-invoice", one | {"invoice_id": 5, "status": 4}),
    ):
        answer = web.post(f"{bench.base}/control/do/{operation}", json=body)
        assert 400 <= answer.status_code < 500, (operation, answer.text)


@pytest.mark.parametrize(
    ("operation", "body", "field", "rule"),
    [
        ("provision", {"id": DEVICE}, "id", "free"),
        ("provision", {"id": DEVICE - 1, "count": 3}, "id", "free"),
        ("provision", {"id": 2**32 - 1, "count": 2}, "count", "range"),
        ("provision", {"id": 77, "rnm": "990000009001"}, "rnm", "free"),
        ("provision", {"id": 77, "serial": "ZZKZ00009001"}, "serial", "free"),
        ("block", {"id": 3}, "id", "known"),
        ("unblock", {"id": 3}, "id", "known"),
        ("issue-token", {"id": 3}, "id", "known"),
        ("set-ads", {"id": 3, "ads": []}, "id", "known"),
        ("set-state", {"id": 3, "state": "READY"}, "id", "known"),
        ("move-invoice", {"id": 3, "invoice_id": 5, "status": 4}, "invoice_id", "known"),
    ],
)
def test_refused_operations_name_field_and_rule(
    bench: Bench, operation: str, body: dict[str, Any], field: str, rule: str
) -> None:
    bench.reset()
    bench.order("provision", id=DEVICE)
    answer = web.post(f"{bench.base}/control/do/{operation}", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["field"], error["rule"]) == (422, field, rule), error
    assert bench.process.ledger.counts()["devices"] == 1


def test_numbers_of_a_register_that_is_gone_are_free(bench: Bench) -> None:
    """kz-ofd TP-18: unique among live registrations; numbers the operator makes up keep out of their way."""
    bench.reset()
    bench.order("provision", id=1, rnm="990000000003", serial="ZZKZ00000004")
    made = bench.order("provision", id=3, count=2)["devices"]
    assert made[0]["rnm"] != "990000000003"
    assert made[1]["serial"] != "ZZKZ00000004"
    assert made[1]["rnm"] == "990000000004"
    bench.order("deregister", id=1)
    again = bench.order("provision", id=7, rnm="990000000003", serial="ZZKZ00000004")
    assert (again["rnm"], again["serial"]) == ("990000000003", "ZZKZ00000004")
    refused = web.post(f"{bench.base}/control/do/unblock", json={"id": 1})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "id"), refused.text


def test_snapshot(bench: Bench, wire: Wire) -> None:
    wire.ask(ticket(time=now(bench)))
    assert web.post(f"{bench.base}/control/snapshot", json={"name": "one"}).status_code == 201
    before = bench.process.ledger.devices()
    wire.ask(ticket(time=now(bench)))
    answer = web.post(f"{bench.base}/control/restore", json={"name": "one"})
    assert answer.status_code == 200, answer.text
    assert bench.process.ledger.devices() == before
    assert bench.process.ledger.counts()["documents"] == 1


def test_consumer(bench: Bench, wire: Wire) -> None:
    """CP-1…6."""
    sold = replace(ticket(696_90, time=now(bench)), offline_number=4242)
    _, frame = wire.ask(sold)
    answer = wire.decode(frame).ticket
    address = answer.qr_code.decode("ascii")
    assert address.startswith(bench.base + "/?i=")
    found = web.get(address)
    assert found.status_code == 302
    page = web.get(bench.base + found.headers["location"], headers={"Accept-Language": "kk"})
    assert page.status_code == 200
    assert page.text.index("TEST") < page.text.index(answer.ticket_number)
    assert "Фискалдық белгі" in page.text
    assert "Фискальный признак" in web.get(bench.base + found.headers["location"] + "?lang=ru").text
    uuid = found.headers["location"].rpartition("/")[2]
    data = web.get(f"{bench.base}/api/tickets/ticket/{uuid}").json()
    assert data["ticket"]["totalSum"] == 696.9
    assert data["ticket"]["payments"] == [{"paymentType": "cash", "sum": 696.9}]
    assert data["kkmSerialNumber"].startswith("ZZKZ")
    query = address.partition("?")[2]
    for path in ("/api/tickets/get-by-url", "/api/consumer-proxy/api/tickets/get-by-url"):
        assert web.get(f"{bench.base}{path}?{query}").json() == data
        assert web.get(f"{bench.base}{path}", params={"url": address}).json() == data
    by_own = address.replace(answer.ticket_number, "4242")
    assert web.get(by_own).status_code == 302
    wrong = address.replace("s=696.90", "s=1.00")
    missing = web.get(wrong)
    assert (missing.status_code, "Чек не найден" in missing.text) == (404, True)
    lost = web.get(f"{bench.base}/api/tickets/get-by-url?{wrong.partition('?')[2]}")
    assert (lost.status_code, lost.json()) == (404, {"message": "ticket.not.found.error"})
    assert web.get(f"{bench.base}/ticket/none").status_code == 404
    assert web.get(f"{bench.base}/").status_code == 404
    bench.order("settings", settings={"consumer_strict": False})
    assert web.get(wrong).status_code == 302


def test_unknown_device(wire: Wire) -> None:
    wire.send(encode_frame(203, 1, 7, 1, wire.body(SYSTEM)))
    frame = wire.receive()
    assert frame is not None
    assert (wire.decode(frame).result.result_code, frame.header.id, frame.header.token) == (1, 1, 7)


def test_silence(bench: Bench, wire: Wire) -> None:
    """A silenced connection hears nothing more and is not closed by the idle time either."""
    faults = bench.process.faults
    faults.add(point="ofd-kz.connect", action="silence", count=1)
    wire.send(wire.frame(wire.body(SYSTEM)))
    wire.connect().settimeout(0.2)
    with pytest.raises(TimeoutError):
        wire.receive()
    wire.close()
    faults.add(point="ofd-kz.request", action="silence", count=1)
    wire.send(wire.frame(wire.body(SYSTEM)) * 2)
    wire.connect().settimeout(0.2)
    with pytest.raises(TimeoutError):
        wire.receive()
    wire.close()
    for action, end in (("close", None), ("garbage", "frame")):
        faults.add(point="ofd-kz.answer", action=action, count=1)
        wire.send(wire.frame(wire.body(SYSTEM)))
        if end is None:
            assert wire.receive() is None
        else:
            with pytest.raises(FrameError):
                wire.receive()
        wire.close()


def test_delay(bench: Bench, wire: Wire) -> None:
    """Delays are lab time; the answer comes when it has passed."""
    bench.process.faults.add(point="ofd-kz.request", action="delay", delay=7.0, count=1)
    events = bench.process.events
    mark = events.number
    wire.send(wire.frame(wire.body(SYSTEM)))
    eventually(lambda: [one for one in events.since(mark) if one["kind"] == "fault"])
    bench.clock.advance(8)
    assert wire.receive() is not None


def test_storage_refuses(bench: Bench, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acknowledged that could not be stored, and the next request is served."""

    def full(*_: Any) -> Any:
        raise OperationalError("insert", {}, OSError("disk full"))

    def broken(*_: Any) -> Any:
        raise ValueError("broken")

    own = wire.token
    for failure, code in ((full, 254), (broken, 255)):
        with monkeypatch.context() as patch:
            patch.setattr("ofd_mock.kz.draft.Draft.flush", failure)
            assert wire.ask(ticket(time=now(bench)), 5)[0] == code
            assert wire.token == own
    assert bench.process.ledger.counts()["documents"] == 0
    assert wire.ask(ticket(time=now(bench)), 5)[0] == 0


def test_invoice(bench: Bench, wire: Wire) -> None:
    wire.version = 204
    dialect = dialect_for(204)
    assert dialect is not None

    def qr(command: int) -> int:
        message = dialect.messages.Request(command=command)
        message.qr.invoice_id = 8
        message.qr.amount.bills, message.qr.amount.coins = 5, 0
        wire.send(wire.frame(message.SerializeToString()))
        frame = wire.receive()
        assert frame is not None
        return int(wire.decode(frame).qr.status)

    assert qr(100) == 0
    bench.order("move-invoice", id=wire.device, invoice_id=8, status=4)
    assert qr(101) == 4


def test_page_shows_what_can_be_shown(bench: Bench, wire: Wire) -> None:
    assert web.get(f"{bench.base}/control/").status_code == 200
    answer = web.get(f"{bench.base}/", params={"i": "1", "f": "2", "s": "x", "t": "y"})
    assert answer.status_code == 404
    assert answer.text.index("TEST") < answer.text.index("Чек не найден")
