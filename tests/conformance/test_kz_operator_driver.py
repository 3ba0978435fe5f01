"""The judge's driver of a Kazakh operator and its register, against answers made by hand."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.drivers.kz_device import Device, Identity
from conformance.drivers.kz_goods import (
    DISCOUNT,
    STORNO_DISCOUNT,
    inside,
    line,
    modifier,
    on_top,
    storno,
    ticket,
)
from conformance.drivers.kz_lent import own_z
from conformance.drivers.kz_operator import OfdDriver
from conformance.models.kz_money import Books
from conformance.verdicts import AnswerMissing, AnswerUnreadable, CaseFailed, NotApplicable
from reference.links.address import parse_endpoint
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.envelope import encode_response, new_response
from reference.protocol.kz.frames import HEADER_SIZE, Header, encode_frame
from reference.protocol.kz.money import from_almaty
from reference.protocol.kz.reports import PlacementRow, ReportData
from tests.conformance.test_kz_money import TIME

DEVICE, TOKEN = 4931, 3_000_000_002
Reply = Callable[[Header], bytes]


def body(code: int = 0, text: str | None = None, command: int = 0) -> bytes:
    dialect = dialect_for(203)
    assert dialect is not None
    response = new_response(dialect, code, text)
    if text == "":
        response.result.ClearField("result_text")
    return encode_response(command, response)


def good(header: Header, **changed: int) -> bytes:
    values = header._replace(**changed)
    return encode_frame(values.version, values.id, values.token, values.reqnum, body())


@contextmanager
def answering(reply: Reply) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data = self.request.recv(65_536)
            if data:
                self.request.sendall(reply(Header.decode(data[:HEADER_SIZE])))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Reporter:
    """What a case's context is to a driver: comparisons that fail."""

    def check(self, expected: object, observed: object, what: str, *, clause: str = "") -> None:
        if expected != observed:
            raise CaseFailed(f"{what}: {expected} {observed}", clause=clause)


def driver(port: int) -> OfdDriver:
    target = SimpleNamespace(endpoint=parse_endpoint(f"127.0.0.1:{port}", 7777), controls={}, options={})
    clock = SimpleNamespace(now=lambda: from_almaty(TIME))
    session: Any = SimpleNamespace(target=target, clock=clock, seconds=20.0)
    reporter: Any = Reporter()
    return OfdDriver(session, lambda *_: None, reporter)


def device(ofd: OfdDriver) -> Device:
    identity = Identity(DEVICE, "990000000001", "ZZ1", "990140000017", new=True, token=TOKEN)
    return ofd.adopt(Device(ofd, identity, 203, Books()))


WRONG: dict[str, tuple[Reply, type[CaseFailed], str]] = {
    "version": (lambda header: good(header, version=202), CaseFailed, "KZ-HD-2"),
    "id": (lambda header: good(header, id=DEVICE + 1), CaseFailed, "KZ-HD-8"),
    "reqnum": (lambda header: good(header, reqnum=9), CaseFailed, "KZ-HD-16"),
    "no-text": (
        lambda header: encode_frame(203, header.id, header.token, header.reqnum, body(13, "")),
        CaseFailed,
        "KZ-S-5.2",
    ),
    "no-result": (
        lambda header: encode_frame(203, header.id, header.token, header.reqnum, b"\x08\x00"),
        AnswerUnreadable,
        "KZ-S-3.2",
    ),
    "garbage-body": (
        lambda header: encode_frame(203, header.id, header.token, header.reqnum, b"\xff\xff"),
        AnswerUnreadable,
        "KZ-S-3.2",
    ),
    "appcode": (lambda header: b"HTTP" + good(header)[4:], AnswerUnreadable, "KZ-HD-0"),
    "size": (lambda _: b"\xa2\x81\xcb\0" + bytes(14), AnswerUnreadable, "KZ-HD-4"),
    "half": (lambda header: good(header)[:-1], AnswerMissing, "KZ-S-2.2"),
    "nothing": (lambda _: b"", AnswerMissing, "KZ-S-2.3"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_an_answer_that_no_register_could_use_fails_the_case(name: str) -> None:
    reply, kind, clause = WRONG[name]
    with answering(reply) as port, pytest.raises(kind) as failed:
        device(driver(port)).ask(0)
    assert failed.value.clause == clause


def test_a_refusal_must_bring_the_token_back() -> None:
    def issuing(header: Header) -> bytes:
        return encode_frame(203, header.id, TOKEN ^ 1, header.reqnum, body(13, "TEST", 1))

    with answering(issuing) as port:
        register = device(driver(port))
        ticket_ = register.ticket()
        with pytest.raises(CaseFailed) as failed:
            register.refuse(13, ticket_)
    assert failed.value.clause == "KZ-TP-4"


def test_an_accepted_ticket_is_booked_once_and_its_token_shown_next() -> None:
    def selling(header: Header) -> bytes:
        return encode_frame(203, header.id, 77, header.reqnum, body(command=1))

    with answering(selling) as port:
        register = device(driver(port))
        register.sell(line(500))
        register.repeat()
    assert (register.token, register.reqnum, register.books.cash) == (77, 1, 500)


def test_a_refused_ticket_is_not_booked() -> None:
    def refusing(header: Header) -> bytes:
        return encode_frame(203, header.id, header.token, header.reqnum, body(13, "TEST", 1))

    with answering(refusing) as port:
        register = device(driver(port))
        register.refuse(13, register.ticket())
    assert (register.token, register.books.entries) == (TOKEN, [])


def test_reqnum_wraps_to_zero() -> None:
    with answering(good) as port:
        register = device(driver(port))
        register.reqnum = 65_534
        register.ask(0)
        assert register.reqnum == 65_535
        register.ask(0)
    assert register.reqnum == 0


def test_without_a_register_to_work_with_nothing_is_applicable() -> None:
    with pytest.raises(NotApplicable, match="device"):
        driver(1).device()


def test_own_arithmetic_of_goods() -> None:
    assert (inside(105_000, 12_000), inside(42_000, 12_000), on_top(100, 12_500)) == (11_250, 4_500, 13)
    sold = ticket(
        line(42_000, 2500),
        modifier(DISCOUNT, 5_000),
        modifier(STORNO_DISCOUNT, 1_000),
        line(300),
        storno(line(300)),
        time=TIME,
        markup=modifier(3, 7, type=None),
    )
    assert sold.total == 105_000 - 5_000 + 1_000 + 7
    assert (sold.taken, sold.paid(0), sold.parent) == (sold.total, sold.total, None)


def test_the_z_of_a_lent_register_withdraws_what_there_is() -> None:
    report = ReportData(TIME, 7, cash=900, placements=(PlacementRow(0, 2, 2, 900),))
    made = own_z(report, TIME)
    assert (made.cash, made.closed) == (0, TIME)
    assert made.placements == (PlacementRow(0, 2, 2, 900), PlacementRow(1, 1, 1, 900))
