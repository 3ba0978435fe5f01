"""The judge's OFD, driven by a raw client: what it answers, and every way it can be ordered not to."""

from __future__ import annotations

import contextlib
import gc
import socket
import warnings
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest

from conformance.drivers import ofd_orders as orders
from conformance.drivers.ofd_books import INFO_AD, OfdBooks
from conformance.drivers.ofd_stand import OfdStand
from conformance.events import Direction, Layer
from conformance.verdicts import AnswerMissing, CaseFailed
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.documents import CloseShift, Document, MoneyPlacement, ReportAsk, to_message
from reference.protocol.kz.envelope import read_response
from reference.protocol.kz.frames import Frame, FrameReader, encode_frame
from reference.protocol.kz.report_codec import read_report
from reference.protocol.kz.service import Registration, read_ads
from reference.protocol.kz.signs import parse_qr_address
from reference.protocol.kz.tickets import Line, Operator, Payment, Ticket
from tests.waiting import eventually

NOW = datetime(2026, 9, 1, 12)
CASHIER = Operator(1, "Айгүл")
TOKEN = 3_000_000_001
ID = 4931
SALE = Ticket(
    2, NOW, CASHIER, (Line(1, "Нан", "1", 1000, 100_00, 100_00),), (Payment(0, 100_00),), 100_00, taken=100_00
)


class Client:
    """One request a connection, as registers do it."""

    def __init__(self, stand: OfdStand, version: int = 203) -> None:
        self.stand = stand
        self.version = version
        dialect = dialect_for(version)
        assert dialect is not None
        self.dialect = dialect
        self.token, self.reqnum = TOKEN, 0

    def body(self, asked: Document | Command) -> bytes:
        message = (
            self.dialect.messages.Request(command=asked)
            if isinstance(asked, Command)
            else to_message(self.dialect, asked)
        )
        return bytes(message.SerializeToString())

    def frame(self, asked: Document | Command, *, again: bool = False) -> bytes:
        self.reqnum += 0 if again else 1
        return encode_frame(self.version, ID, self.token, self.reqnum, self.body(asked))

    def send(self, data: bytes) -> bytes:
        with socket.create_connection((self.stand.endpoint.host, self.stand.endpoint.port), 5) as line:
            line.sendall(data)
            got = b""
            line.settimeout(0.5)
            try:
                while piece := line.recv(65536):
                    got += piece
                    if _whole(got):
                        break
            except ConnectionError:
                pass
            return got

    def ask(self, asked: Document | Command, *, again: bool = False) -> tuple[Frame, Any]:
        (frame,) = FrameReader().feed(self.send(self.frame(asked, again=again)))
        self.token = frame.header.token
        return frame, read_response(self.dialect, frame.body).message


def _whole(data: bytes) -> bool:
    return len(data) >= 18 and len(data) >= int.from_bytes(data[4:8], "little")


@pytest.fixture
def crossed() -> list[tuple[Direction, bytes]]:
    return []


@pytest.fixture
def stand(crossed: list[tuple[Direction, bytes]]) -> Iterator[OfdStand]:
    def tap(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"") -> None:
        crossed.append((direction, raw))

    books = OfdBooks(ID, TOKEN, Random(1), lambda: NOW, Registration(rnm="600400112233", serial="SWK1"))
    server = OfdStand(books, tap)
    server.open()
    yield server
    server.close()


@pytest.fixture
def client(stand: OfdStand) -> Client:
    return Client(stand)


def test_a_port_in_use_leaves_no_socket_open(stand: OfdStand) -> None:
    second = OfdStand(stand.books, lambda *_: None, port=stand.endpoint.port)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with contextlib.suppress(OSError):
            second.open()
            pytest.fail("two of them listen on one port")
        gc.collect()
    assert [each.message for each in told if each.category is ResourceWarning] == []


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_info_of_a_fresh_device(stand: OfdStand, version: int) -> None:
    client = Client(stand, version)
    frame, answer = client.ask(Command.INFO)
    assert (frame.header.version, frame.header.id, frame.header.token, frame.header.reqnum) == (
        version,
        ID,
        TOKEN,
        1,
    )
    assert (answer.result.result_code, answer.result.result_text) == (0, "")
    assert (answer.report.report, answer.report.zx_report.shift_number) == (0, 1)
    assert not read_report(client.dialect, answer.report.zx_report).closed
    assert answer.service.reg_info.kkm.fns_kkm_id == "600400112233"
    assert INFO_AD in read_ads(answer.service)


def test_a_day_is_counted_and_closed(stand: OfdStand, client: Client) -> None:
    client.ask(Command.INFO)
    first, answer = client.ask(SALE)
    assert first.header.token not in (TOKEN, 0)
    address = parse_qr_address(answer.ticket.qr_code.decode("ascii"))
    assert (address.sign, address.total, address.rnm) == (answer.ticket.ticket_number, 100_00, "600400112233")
    client.ask(MoneyPlacement(0, NOW, 50_00, operator=CASHIER))
    _, x = client.ask(ReportAsk(1, NOW))
    assert read_report(client.dialect, x.report.zx_report).cash == 150_00
    _, z = client.ask(CloseShift(NOW, withdraw_money=True, operator=CASHIER))
    report = read_report(client.dialect, z.report.zx_report)
    assert (report.shift_number, report.cash, report.revenue, report.closed) == (1, 0, 100_00, NOW)
    _, info = client.ask(Command.INFO)
    assert (info.report.report, info.report.zx_report.shift_number) == (0, 1)
    assert [each.command for each in stand.books.booked] == [
        Command.TICKET,
        Command.MONEY_PLACEMENT,
        Command.CLOSE_SHIFT,
    ]
    assert [each.row for each in stand.seen] == ["S1", "D6", "D6", "S3", "D6", "S1"]


def test_a_repeat_gets_the_stored_answer_and_counts_once(stand: OfdStand, client: Client) -> None:
    request = client.frame(SALE)
    first = client.send(request)
    assert client.send(request) == first
    assert len(stand.books.booked) == 1
    assert [each.row for each in stand.seen] == ["D6", "D1"]


@pytest.mark.parametrize(
    ("token", "reqnum", "document", "code", "row"),
    [
        ("new", 1, SALE, 8, "D3"),
        ("old", 1, CloseShift(NOW), 9, "D2"),
        ("old", 2, SALE, 2, "D4"),
        ("zero", 3, SALE, 2, "D4"),
    ],
)
def test_wrong_pairs_are_refused(
    stand: OfdStand, client: Client, token: str, reqnum: int, document: Document, code: int, row: str
) -> None:
    client.ask(SALE)
    shown = {"new": client.token, "old": TOKEN, "zero": 0}[token]
    raw = client.send(encode_frame(203, ID, shown, reqnum, client.body(document)))
    (frame,) = FrameReader().feed(raw)
    assert read_response(client.dialect, frame.body).message.result.result_code == code
    assert frame.header.token == shown
    assert stand.seen[-1].row == row


@pytest.mark.parametrize("code", [1, 2, 7, 13, 15, 254, 255])
def test_an_ordered_refusal_has_its_text_and_changes_nothing(
    stand: OfdStand, client: Client, code: int
) -> None:
    stand.order(orders.refuse(code))
    frame, answer = client.ask(SALE)
    assert answer.result.result_code == code
    assert answer.result.result_text
    assert answer.command == Command.TICKET
    assert frame.header.token == TOKEN == stand.books.issued
    assert stand.books.booked == []


def test_a_block_holds_until_it_is_lifted(stand: OfdStand, client: Client) -> None:
    stand.books.blocked = 15
    assert client.ask(Command.SYSTEM)[1].result.result_code == 15
    stand.books.blocked = 0
    assert client.ask(Command.SYSTEM)[1].result.result_code == 0


def test_an_order_waits_for_its_command(stand: OfdStand, client: Client) -> None:
    stand.order(orders.refuse(13).only(Command.TICKET))
    assert client.ask(Command.INFO)[1].result.result_code == 0
    assert stand.waiting_orders == 1
    assert client.ask(SALE)[1].result.result_code == 13
    assert stand.waiting_orders == 0


@pytest.mark.parametrize(
    ("order", "booked"),
    [
        (orders.cut_before(), 0),
        (orders.cut_after(), 0),
        (orders.cut_after(counted=True), 1),
    ],
)
def test_cuts_answer_nothing(stand: OfdStand, client: Client, order: orders.Order, booked: int) -> None:
    stand.order(order)
    try:
        got = client.send(client.frame(SALE))
    except ConnectionError:
        got = b""
    assert got == b""
    assert len(stand.books.booked) == booked


def test_half_an_answer_is_counted(stand: OfdStand, client: Client) -> None:
    stand.order(orders.half(9))
    request = client.frame(SALE)
    assert len(client.send(request)) == 9
    assert len(stand.books.booked) == 1
    (frame,) = FrameReader().feed(client.send(request))
    assert frame.header.token == stand.books.issued


@pytest.mark.parametrize("counted", [False, True])
def test_silence_keeps_the_line_open(stand: OfdStand, client: Client, counted: bool) -> None:
    stand.order(orders.silence(counted=counted))
    with pytest.raises(TimeoutError):
        client.send(client.frame(SALE))
    assert stand.next().order.line is orders.Line.SILENT
    assert len(stand.books.booked) == counted


def test_a_held_line_can_be_dropped(stand: OfdStand, client: Client) -> None:
    stand.order(orders.silence())
    with socket.create_connection((stand.endpoint.host, stand.endpoint.port), 5) as line:
        line.sendall(client.frame(SALE))
        stand.next()
        stand.drop()
        line.settimeout(5)
        with contextlib.suppress(ConnectionError):
            assert line.recv(1) == b""


@pytest.mark.parametrize(
    ("changes", "offset", "expected"),
    [
        ({"appcode": 0x1234}, 0, b"\x34\x12"),
        ({"version": 204}, 2, b"\xcc\x00"),
        ({"id": ID + 1}, 8, (ID + 1).to_bytes(4, "little")),
        ({"reqnum": 77}, 16, b"\x4d\x00"),
        ({"token": 0}, 12, bytes(4)),
    ],
)
def test_a_foreign_answer(
    stand: OfdStand, client: Client, changes: dict[str, int], offset: int, expected: bytes
) -> None:
    stand.order(orders.changed(**changes))
    got = client.send(client.frame(SALE))
    assert got[offset : offset + len(expected)] == expected
    assert stand.books.booked == []


def test_garbage_bytes_and_bodies(stand: OfdStand, client: Client) -> None:
    stand.order(orders.garbled(b"\xff\xff"), orders.bytes_only(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert client.send(client.frame(SALE))[18:] == b"\xff\xff"
    assert client.send(client.frame(SALE)) == b"HTTP/1.1 200 OK\r\n\r\n"


def test_pieces_and_doubles_are_the_same_answer(stand: OfdStand, client: Client) -> None:
    stand.order(orders.in_pieces(1))
    assert client.ask(SALE)[1].result.result_code == 0
    stand.order(orders.doubled())
    with socket.create_connection((stand.endpoint.host, stand.endpoint.port), 5) as line:
        line.sendall(client.frame(SALE))
        frames: list[Frame] = []
        reader = FrameReader()
        while len(frames) < 2:
            frames += reader.feed(line.recv(65536))
    assert frames[0] == frames[1]


def test_what_is_no_frame_is_remembered(stand: OfdStand, client: Client) -> None:
    assert client.send(b"GET / HTTP/1.1\r\n\r\n") == b""
    assert client.send(encode_frame(203, ID, TOKEN, 1, b"\xff")) == b""
    assert len(stand.faults) == 2
    with pytest.raises(CaseFailed, match="no frame"):
        stand.require_faultless()


def test_nobody_is_there_while_it_is_away(stand: OfdStand, client: Client) -> None:
    before = stand.endpoint
    with stand.away(), pytest.raises(ConnectionRefusedError):
        client.send(client.frame(SALE))
    assert stand.endpoint == before
    assert client.ask(SALE)[1].result.result_code == 0


def test_requests_are_read_in_order(stand: OfdStand, client: Client) -> None:
    client.ask(Command.INFO)
    client.ask(SALE)
    assert stand.next().name == "INFO"
    seen = stand.next()
    assert (seen.name, seen.pair, seen.document) == ("TICKET", (TOKEN, 2), SALE)
    assert stand.glimpse() is None
    with pytest.raises(AnswerMissing, match="the third did not come"):
        stand.next("the third", seconds=0.01)
    assert len(stand.seen) == 2


def test_everything_goes_to_the_tap(client: Client, crossed: list[tuple[Direction, bytes]]) -> None:
    request = client.frame(SALE)
    answer = client.send(request)
    assert crossed == [(Direction.RECEIVED, request), (Direction.SENT, answer)]


def test_a_new_token_of_the_portal(stand: OfdStand, client: Client) -> None:
    client.ask(SALE)
    stand.books.issue(77)
    assert client.ask(SALE)[1].result.result_code == 2
    client.token = 77
    assert client.ask(SALE)[1].result.result_code == 0


def test_stand_is_settled_while_nothing_comes_and_when_an_answer_is_out(
    stand: OfdStand, client: Client
) -> None:
    assert stand.settled(0)
    frame = client.frame(Command.INFO)
    with socket.create_connection((stand.endpoint.host, stand.endpoint.port), 5) as line:
        line.sendall(frame[:7])
        eventually(lambda: not stand.settled(0))
        line.sendall(frame[7:])
        assert line.recv(65536)
        assert stand.settled(10)
        line.sendall(client.frame(SALE)[:30])
        eventually(lambda: not stand.settled(0))
    assert stand.settled(10)


def test_stand_is_settled_in_ordered_silence(stand: OfdStand, client: Client) -> None:
    stand.order(orders.silence())
    with socket.create_connection((stand.endpoint.host, stand.endpoint.port), 5) as line:
        line.sendall(client.frame(Command.INFO))
        stand.next()
        assert stand.settled(10)
    assert stand.listening
    stand.shut()
    assert not stand.listening
