"""The intake by itself, in a thread: what it tells of connections, and what it does on order."""

from __future__ import annotations

import errno
import marshal
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ofd_mock.kz import intake as module
from ofd_mock.kz import records
from ofd_mock.kz.intake import Intake
from ofd_mock.kz.reading import from_record, read, to_record
from ofd_mock.kz.records import Record, Unpacker, packed
from reference.protocol.kz.frames import Frame, FrameReader, Header, encode_frame
from tests.ofd_mock.kz.test_express import made
from tests.waiting import PATIENCE, eventually

MUCH = bytes(range(256)) * 4 * 4096


class Boss:
    """The operator's end: what is told is kept, what is wanted is sent."""

    def __init__(self, make: Callable[[socket.socket], Any] = lambda listener: listener) -> None:
        self.pair, theirs = socket.socketpair()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.intake = Intake(theirs, [make(self.listener)])
        self.theirs = theirs
        self.told: list[Record] = []
        self._unpacker = Unpacker()
        self.thread = threading.Thread(target=self.intake.serve, daemon=True)
        self.thread.start()

    def tell(self, *told: Record) -> None:
        self.pair.sendall(packed(told))

    def wait(self, kind: int, count: int = 1) -> list[Record]:
        """All records of the kind, when there are so many."""
        while True:
            found = [record for record in self.told if record[0] == kind]
            if len(found) >= count:
                return found
            assert select.select([self.pair], [], [], PATIENCE)[0], f"only {self.told}"
            self.told += self._unpacker.feed(self.pair.recv(1 << 16))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)


@contextmanager
def serving(make: Callable[[socket.socket], Any] = lambda listener: listener) -> Iterator[Boss]:
    boss = Boss(make)
    try:
        yield boss
    finally:
        boss.pair.close()
        boss.thread.join(PATIENCE)
        boss.theirs.close()
        boss.listener.close()
    assert not boss.thread.is_alive()


def frame(number: int, body: bytes = b"") -> bytes:
    return encode_frame(203, number, 1, 1, body)


def all_of(file: socket.socket) -> bytes:
    parts = []
    while data := file.recv(1 << 20):
        parts.append(data)
    return b"".join(parts)


def test_frames_come_whole_and_in_order() -> None:
    with serving() as boss, boss.connect() as file:
        whole = frame(1, b"a") + frame(2, b"b") + frame(3, b"c")
        for place in range(30):
            file.sendall(whole[place : place + 1])
        boss.wait(records.FRAME)
        file.sendall(whole[30:])
        boss.tell((records.ANSWER, 1, b"one", 0))
        found = boss.wait(records.FRAME, 3)
        assert found[0] == (records.FRAME, 1, (203, 19, 1, 1, 1), b"a")
        assert [record[2][2] for record in found] == [1, 2, 3]
        assert boss.wait(records.ALIVE)
        boss.tell((records.ANSWER, 1, b"two", 0), (records.ANSWER, 1, b"three", records.LAST))
        assert all_of(file) == b"onetwothree"
        assert not [record for record in boss.told if record[0] == records.GONE]


def test_who_waits_for_an_answer_is_not_read() -> None:
    with serving() as boss, boss.connect() as file, boss.connect() as other:
        file.sendall(frame(1))
        boss.wait(records.FRAME)
        with suppress(BlockingIOError):
            file.setblocking(False)
            while file.send(MUCH):
                pass
        other.sendall(frame(2))
        boss.wait(records.FRAME, 2)
        other.sendall(b"x")
        assert [record[2][2] for record in boss.told if record[0] == records.FRAME] == [1, 2]
        assert not [record for record in boss.told if record[0] == records.BROKEN]
        boss.tell((records.ANSWER, 1, b"", 0))
        assert boss.wait(records.BROKEN)[0][1] == 1


def test_what_does_not_fit_is_sent_later_and_before_closing() -> None:
    with serving() as boss, boss.connect() as file:
        file.sendall(frame(1))
        boss.wait(records.FRAME)
        boss.tell((records.ANSWER, 1, MUCH + MUCH, 0))
        boss.tell((records.CLOSE, 1))
        assert all_of(file) == MUCH + MUCH


def test_an_abort_leaves_the_rest_unsent() -> None:
    with serving() as boss, boss.connect() as file:
        file.sendall(frame(1))
        boss.wait(records.FRAME)
        boss.tell((records.ANSWER, 1, MUCH * 8, 0), (records.ABORT, 1))
        with suppress(ConnectionResetError):
            assert len(all_of(file)) < 8 * len(MUCH)


def test_byte_by_byte() -> None:
    with serving() as boss, boss.connect() as file:
        file.sendall(frame(1))
        boss.wait(records.FRAME)
        boss.tell((records.ANSWER, 1, b"answer", records.PIECEWISE | records.LAST))
        assert all_of(file) == b"answer"


@pytest.mark.parametrize("order", [(records.ANSWER, 1, b"", records.DEAF), (records.DEAFEN, 1)])
def test_deaf(order: Record) -> None:
    """A silenced connection is read and not heard, until it leaves."""
    with serving() as boss:
        file = boss.connect()
        file.sendall(frame(1) + frame(2))
        boss.wait(records.FRAME, 2)
        boss.tell(order)
        file.sendall(frame(3) * 100)
        with boss.connect() as other:
            other.sendall(b"\xa2")
            boss.wait(records.ALIVE)
        boss.wait(records.GONE)
        assert len(boss.wait(records.FRAME)) == 2
        file.close()
        assert sorted(record[1] for record in boss.wait(records.GONE, 2)) == [1, 2]
        assert boss.intake.due == 0


def test_ends() -> None:
    """Gone without anything due; ended, or no frame, behind what is still to be answered."""
    with serving() as boss:
        with boss.connect() as file:
            file.sendall(frame(1))
            boss.wait(records.FRAME)
            file.shutdown(socket.SHUT_WR)
            boss.tell((records.ANSWER, 1, b"first", 0))
            assert all_of(file) == b"first"
            assert boss.wait(records.GONE) == [(records.GONE, 1)]
        with boss.connect() as file:
            file.sendall(frame(1) + b"nonsense")
            assert boss.wait(records.BROKEN)[0][:3] == (records.BROKEN, 2, "FR-03")
            boss.tell((records.ANSWER, 2, b"second", 0), (records.CLOSE, 2))
            assert all_of(file) == b"second"
        with boss.connect() as file:
            file.sendall(frame(1))
            boss.wait(records.FRAME, 3)
        boss.tell((records.ANSWER, 3, b"for nobody", 0), (records.CLOSE, 77), (records.ANSWER, 78, b"", 0))
        boss.wait(records.GONE, 2)


def test_the_limit_of_those_who_come_later() -> None:
    with serving() as boss, boss.connect() as before:
        boss.wait(records.CAME)
        boss.tell((records.LIMIT, 30))
        before.sendall(frame(1, bytes(20)))
        boss.wait(records.FRAME)
        with boss.connect() as after:
            after.sendall(frame(2, bytes(20)))
            assert boss.wait(records.BROKEN)[0][2] == "FR-05"


def test_nobody_comes_in_any_more() -> None:
    with serving() as boss, boss.connect() as file:
        boss.wait(records.CAME)
        boss.tell((records.REFUSE,))
        file.sendall(frame(1))
        boss.wait(records.FRAME)
        boss.listener.close()
        eventually(lambda: refused(boss))
        boss.tell((records.ANSWER, 1, b"still", records.LAST))
        assert all_of(file) == b"still"


def refused(boss: Boss) -> bool:
    with suppress(ConnectionRefusedError), boss.connect():
        return False
    return True


class Exhausted:
    """A listener on a machine that has no more files for a while."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.left = 2

    def fileno(self) -> int:
        return self._listener.fileno()

    def _accept(self) -> Any:
        if self.left:
            self.left -= 1
            raise OSError(errno.EMFILE, "too many open files")
        return self._listener._accept()

    def close(self) -> None:
        self._listener.close()


def test_nobody_is_accepted_while_there_are_no_files() -> None:
    with serving(Exhausted) as boss, boss.connect() as file:
        boss.wait(records.FULL, 2)
        assert not [record for record in boss.told if record[0] == records.CAME]
        file.sendall(frame(1))
        boss.wait(records.FRAME)


def test_no_answer_before_the_log_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, other = tmp_path / "log", tmp_path / "other"
    log.write_bytes(b"")
    other.write_bytes(b"")
    synced: list[int] = []
    allowed = threading.Event()

    def slow(number: int) -> None:
        assert allowed.wait(PATIENCE)
        synced.append(os.fstat(number).st_ino)

    monkeypatch.setattr(module.os, "fdatasync", slow)
    with serving() as boss, boss.connect() as file:
        file.sendall(frame(1) * 4)
        boss.wait(records.FRAME, 4)
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"1", 0))
        assert not select.select([file], [], [], 0.2)[0]
        allowed.set()
        assert file.recv(9) == b"1"
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"2", 0))
        assert file.recv(9) == b"2"
        assert synced == [log.stat().st_ino] * 2
        other.replace(log)
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"3", 0))
        assert file.recv(9) == b"3"
        assert synced[2:] == [log.stat().st_ino]
        log.unlink()
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"4", 0))
        assert file.recv(9) == b"4"
        assert len(synced) == 3


def test_others_are_served_while_the_disk_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers come behind their log and in order, whatever is done meanwhile; limits hold at once."""
    log = tmp_path / "log"
    log.write_bytes(b"")
    allowed = threading.Semaphore(0)
    waits = threading.Semaphore(0)

    def slow(_number: int) -> None:
        waits.release()
        assert allowed.acquire(timeout=PATIENCE)

    monkeypatch.setattr(module.os, "fdatasync", slow)
    with serving() as boss, boss.connect() as file:
        file.sendall(frame(1) * (module._CROWD + 2))
        boss.wait(records.FRAME, module._CROWD + 2)
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"1", 0))
        assert waits.acquire(timeout=PATIENCE)
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"2", 0))
        boss.tell((records.LIMIT, 30))
        boss.tell((records.ANSWER, 1, b"3", 0), (records.CLOSE, 1))
        eventually(lambda: boss.intake.max_frame_bytes == 30)
        with boss.connect() as other:
            other.sendall(frame(5))
            boss.wait(records.FRAME, module._CROWD + 3)
            assert not select.select([file], [], [], 0.1)[0]
            allowed.release()
            assert file.recv(1) == b"1"
            assert waits.acquire(timeout=PATIENCE)
            assert not select.select([file], [], [], 0.1)[0]
            allowed.release()
            assert all_of(file) == b"23"
        assert not waits.acquire(blocking=False)


def test_what_waits_for_the_disk_is_done_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"")
    allowed, waits = threading.Event(), threading.Event()

    def slow(_number: int) -> None:
        waits.set()
        assert allowed.wait(PATIENCE)

    monkeypatch.setattr(module.os, "fdatasync", slow)
    with serving() as boss, boss.connect() as file:
        file.sendall(frame(1) * module._CROWD)
        boss.wait(records.FRAME, module._CROWD)
        boss.tell((records.SYNC, str(log)), (records.ANSWER, 1, b"last", 0))
        assert waits.wait(PATIENCE)
        boss.pair.shutdown(socket.SHUT_WR)
        assert not select.select([file], [], [], 0.1)[0]
        allowed.set()
        assert all_of(file) == b"last"


def test_a_disk_that_fails_answers_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends by it, and the operator starts another; who waited has no answer."""
    log = tmp_path / "log"
    log.write_bytes(b"")

    def broken(_number: int) -> None:
        raise OSError(errno.EIO, "the disk")

    monkeypatch.setattr(module.os, "fdatasync", broken)
    syncs = module.Syncs()
    syncs.hold({str(log)}, [(records.ANSWER, 1, b"1", 0)])
    assert select.select([syncs.done], [], [], PATIENCE)[0]
    with pytest.raises(OSError, match="the disk"):
        syncs.take()
    syncs.close()


def test_a_disk_that_fails_while_others_come_out_answers_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (records.ANSWER, 1, b"1", 0), (records.ANSWER, 2, b"2", 0)
    log = tmp_path / "log"
    log.write_bytes(b"")
    syncs = module.Syncs()
    syncs.hold({str(log)}, [first])
    assert select.select([syncs.done], [], [], PATIENCE)[0]
    read_event = os.eventfd_read

    def broken(_number: int) -> None:
        raise OSError(errno.EIO, "the disk")

    def fails_now(number: int) -> int:
        value = read_event(number)
        monkeypatch.setattr(module.os, "fdatasync", broken)
        syncs.hold({str(log)}, [second])
        assert select.select([number], [], [], PATIENCE)[0]
        return value

    monkeypatch.setattr(module.os, "eventfd_read", fails_now)
    assert syncs.take() == [first]
    with pytest.raises(OSError, match="the disk"):
        syncs.take()
    syncs.close()


def test_a_crowd_is_read_by_the_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is read while the operator is busy; what has just come is left to it."""
    bodies = [bytes(made(203, seed).SerializeToString()) for seed in range(9)]
    bodies.append(b"\x08\x01no ticket")
    with serving() as boss:
        files = [boss.connect() for _ in bodies]
        boss.wait(records.CAME, len(files))
        for number, (file, body) in enumerate(zip(files, bodies, strict=True)):
            file.sendall(frame(number, body))
        found = boss.wait(records.FRAME, len(files))
        assert {len(record) for record in found[module._CROWD - 1 :]} == {5}
        for record in found:
            assert record[4:] in ((), (to_record(read(203, record[3])),))
        with boss.connect() as late:
            late.sendall(frame(99, bodies[0]))
            last = boss.wait(records.FRAME, len(files) + 1)[-1]
            assert last[2][2] == 99
            # Seen before its frame, it was told of, and had not just come any more.
            told_before = (records.CAME, last[1]) in boss.told
            assert told_before or len(last) == 4
        for file in files:
            file.close()


def test_who_has_just_come_is_the_operators_to_read() -> None:
    body = bytes(made(203, 3).SerializeToString())
    header = (203, 18 + len(body), 1, 1, 1)
    told: list[Record] = [(records.FRAME, 4, header, body), (records.FRAME, 5, header, body)]
    assert module._read(told, named=4) == [(*told[0], to_record(read(203, body))), told[1]]
    assert module._read(told, named=3) == told


def test_a_frame_tells_that_its_connection_came() -> None:
    with serving() as boss:
        boss.tell((records.SYNC, "no such log"))
        with boss.connect() as file, boss.connect():
            file.sendall(frame(7, b"x"))
            boss.wait(records.FRAME)
            boss.wait(records.CAME)
        named = [record[1] for record in boss.told if record[0] in (records.CAME, records.FRAME)]
        assert set(named) == {1, 2}


@pytest.mark.parametrize("version", [202, 203, 204])
def test_readings_survive_the_way(version: int) -> None:
    plain = 0
    for seed in range(40):
        body = bytes(made(version, seed).SerializeToString())
        reading = read(version, body)
        plain += reading is not None
        assert from_record(marshal.loads(marshal.dumps(to_record(reading)))) == reading
    assert plain > 5
    assert read(124, body) is None


def test_records_come_in_pieces() -> None:
    told: list[Record] = [(records.CAME, 1), (records.FRAME, 1, tuple(Header(203, 19, 1, 2, 3)), b"x")]
    data = packed(told) + packed([(records.REFUSE,)])
    unpacker = Unpacker()
    found = [record for place in range(len(data)) for record in unpacker.feed(data[place : place + 1])]
    assert found == [*told, (records.REFUSE,)]
    [one] = FrameReader().feed(frame(5))
    assert one == Frame(Header(203, 18, 5, 1, 1), b"")
