"""The message port itself: pieces, merged requests, time-outs in lab time, garbage, many at once (OF-01 …
OF-05).
"""

from __future__ import annotations

import threading
from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from reference.protocol.uz.frame import seal_frame
from reference.protocol.uz.message import FileStatus, Response, StatusCode
from tests.ofd_mock.conftest import Bench
from tests.ofd_mock.till import Till, statuses, sync_of
from tests.waiting import PATIENCE, eventually

ACK = FileStatus.Acknowledge


def idle(bench: Bench) -> bool:
    return not bench.process.server._connections


@pytest.fixture(autouse=True)
def no_connection_is_left(running: Bench) -> None:
    eventually(lambda: idle(running))


def test_one_request_one_answer(bench: Bench, till: Till) -> None:
    with bench.line() as line:
        assert statuses(line.ask(till.request(till.sell().full(), till.sync()))) == [ACK, ACK]


def test_silence_begins_with_the_answer(bench: Bench, till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes after the client has its answer counts, however late the operator goes on."""
    limit = bench.process.operator.settings.keep_open_seconds
    write = _SelectorSocketTransport.write

    def written_and_held(transport: Any, data: bytes) -> None:
        write(transport, data)
        bench.clock.advance(limit + 1)

    with bench.line() as line:
        monkeypatch.setattr(_SelectorSocketTransport, "write", written_and_held)
        assert statuses(line.ask(till.request(till.sync()))) == [ACK]
        assert line.closed()


def test_only_a_crowd_or_a_large_request_is_worth_a_thread(
    bench: Bench, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes alone is verified where he is read; the verdict is the same."""
    checking, handed = bench.process.operator.checking, []
    verify = checking.verify

    async def noted(rules: Any, settings: Any, bundle: Any) -> Any:
        handed.append(len(bundle.files))
        return await verify(rules, settings, bundle)

    monkeypatch.setattr(checking, "verify", noted)
    spoilt = replace(till.sell().full(), version=9)
    with bench.line() as line:
        assert statuses(line.ask(till.request(till.sell().full(), spoilt))) == [
            ACK,
            FileStatus.UnrecognizedType,
        ]
        assert handed == []
        assert statuses(line.ask(till.request(*(till.sell().full() for _ in range(3))))) == [ACK] * 3
        assert handed == [3]
        bench.fault("ofd.request", "delay", delay=5)
        with bench.line() as other:
            line.send(till.request(till.sync()).encode())
            eventually(lambda: bench.events("fault"))
            assert statuses(other.ask(till.request(till.sell().full()))) == [ACK]
        assert handed == [3, 1]
        bench.clock.advance(6)
        response = line.read()
        assert response is not None
        assert statuses(response) == [ACK]


def test_a_frame_in_single_bytes(bench: Bench, till: Till) -> None:
    with bench.line() as line:
        for byte in till.request(till.sync()).encode():
            line.send(bytes((byte,)))
        assert line.read() is not None


def test_several_requests_on_one_connection_are_answered_in_order(bench: Bench, till: Till) -> None:
    challenges = [b"%08d" % at for at in range(20)]
    with bench.line() as line:
        line.send(b"".join(till.request(till.sync(challenge)).encode() for challenge in challenges))
        for challenge in challenges:
            response = line.read()
            assert response is not None
            assert sync_of(response, challenge).challenge == challenge


def test_merged_and_cut_requests(bench: Bench, till: Till) -> None:
    frames = b"".join(till.request(till.sell().full()).encode() for _ in range(4))
    with bench.line() as line:
        for start in range(0, len(frames), 700):
            line.send(frames[start : start + 700])
        for _ in range(4):
            response = line.read()
            assert response is not None
            assert statuses(response) == [ACK]
    assert len(bench.rows()) == 4


def test_garbage_is_answered_64_and_closed(bench: Bench, till: Till) -> None:
    with bench.line() as line:
        line.send(b"GET / HTTP/1.1\r\n\r\n")
        response = line.read()
        assert response is not None
        assert response.status.code is StatusCode.BadMessageSyntax
        assert line.closed()
    with bench.line() as line:
        assert statuses(line.ask(till.request(till.sync()))) == [ACK]


def test_a_message_too_big_is_answered_at_once_and_skipped(bench: Bench, till: Till) -> None:
    bench.reset(max_message=2000)
    big = seal_frame(0x8A, bytes(500_000))
    with bench.line() as line:
        line.send(big[:10])
        response = line.read()
        assert response is not None
        assert response.status.code is StatusCode.TooBigMessage
        line.send(big[10:])
        assert statuses(line.ask(till.request(till.sync()))) == [ACK]


def test_unreadable_content_keeps_the_connection(bench: Bench, till: Till) -> None:
    with bench.line() as line:
        line.send(seal_frame(0x8A, b"\x01\x7f"))
        response = line.read()
        assert response is not None
        assert response.status.code is StatusCode.BadMessageSyntax
        assert statuses(line.ask(till.request(till.sync()))) == [ACK]


def test_a_half_frame_is_given_up_after_30_lab_seconds(bench: Bench, till: Till) -> None:
    frame = till.request(till.sync()).encode()
    with bench.line() as line:
        line.send(frame[:20])
        eventually(lambda: phases(bench) == ["FRAME"])
        bench.clock.advance(29)
        line.send(frame[20:30])
        eventually(lambda: bench.process.server._connections != set())
        bench.clock.advance(2)  # the time runs from the frame's first byte
        assert line.closed()


def test_the_rest_in_time_is_served(bench: Bench, till: Till) -> None:
    frame = till.request(till.sync()).encode()
    with bench.line() as line:
        line.send(frame[:20])
        eventually(lambda: phases(bench) == ["FRAME"])
        bench.clock.advance(29)
        line.send(frame[20:])
        assert line.read() is not None


def test_after_an_answer_the_connection_stays_for_5_lab_seconds(bench: Bench, till: Till) -> None:
    with bench.line() as line:
        line.ask(till.request(till.sync()))
        eventually(lambda: phases(bench) == ["NEXT"])
        bench.clock.advance(4)
        line.ask(till.request(till.sync()))
        eventually(lambda: phases(bench) == ["NEXT"])
        bench.clock.advance(4)
        line.ask(till.request(till.sync()))
        eventually(lambda: phases(bench) == ["NEXT"])
        bench.clock.advance(5)
        assert line.closed()


def test_a_next_request_that_has_begun_has_30_seconds(bench: Bench, till: Till) -> None:
    frame = till.request(till.sync()).encode()
    with bench.line() as line:
        line.send(frame + frame[:9])
        assert line.read() is not None
        eventually(lambda: phases(bench) == ["FRAME"])
        bench.clock.advance(20)
        line.send(frame[9:])
        assert line.read() is not None


def phases(bench: Bench) -> list[str]:
    return [connection._phase.name for connection in bench.process.server._connections]


def test_a_connection_that_says_nothing_is_closed(bench: Bench) -> None:
    with bench.line() as line:
        eventually(lambda: phases(bench) == ["FIRST"])
        bench.clock.advance(30)
        assert line.closed()


def test_a_client_that_shuts_its_writing_side_still_gets_its_answer(bench: Bench, till: Till) -> None:
    with bench.line() as line:
        line.send(till.request(till.sell().full()).encode())
        line.socket.shutdown(1)
        response = line.read()
        assert response is not None
        assert statuses(response) == [ACK]
        assert line.closed()


def test_a_client_that_leaves_without_reading_is_stored_all_the_same(bench: Bench, till: Till) -> None:
    bench.fault("ofd.store.before", "delay", delay=3)
    with bench.line() as line:
        line.send(till.request(till.sell().full()).encode())
        eventually(lambda: bench.events("fault") != [])
    bench.clock.advance(3)
    eventually(lambda: len(bench.rows()) == 1)


def test_more_connections_than_allowed_are_sent_away(bench: Bench, till: Till) -> None:
    bench.reset(max_connections=2)
    with bench.line() as one, bench.line() as two:
        one.ask(till.request(till.sync()))
        two.ask(till.request(till.sync()))
        with bench.line() as three:
            assert three.closed()
        one.ask(till.request(till.sync()))


def test_sixteen_tills_at_once(bench: Bench) -> None:
    def work(at: int) -> list[int]:
        till = Till(f"ZZ{at:012d}")
        with bench.line() as line:
            for _ in range(5):
                assert statuses(line.ask(till.request(till.sell().full(), till.sell().full()))) == [ACK, ACK]
            file, _ = till.close()
            assert statuses(line.ask(till.request(file))) == [ACK]
        return [sold.number for sold in till.sold]

    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(work, range(16)))
    for at, sent in enumerate(numbers):
        terminal = f"ZZ{at:012d}"
        assert [row["number"] for row in bench.rows(terminal)] == sent
        assert bench.zrows(terminal)[0]["mismatches"] == []


def test_requests_that_wait_share_one_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = bench.process.ledger
    settle, sizes, gate = ledger.settle, [], threading.Event()

    def slow(batch, *rest):  # type: ignore[no-untyped-def]
        sizes.append(len(batch))
        gate.wait(PATIENCE)
        return settle(batch, *rest)

    monkeypatch.setattr(ledger, "settle", slow)
    tills = [Till(f"ZZ{at:012d}") for at in range(8)]
    answers = [bench.start(till.request(till.bread().full())) for till in tills]
    eventually(lambda: sizes and bench.process.writer._queue.qsize() == 8 - sum(sizes))
    gate.set()
    for answer in answers:
        assert statuses(Response.decode(answer.result(PATIENCE).data)) == [ACK]
    assert sum(sizes) == 8
    assert len(sizes) <= 3, sizes
