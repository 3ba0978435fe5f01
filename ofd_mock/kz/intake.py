"""`python -m ofd_mock.kz.intake FD LISTENER…`: the process that stands between registers and operator.

It accepts, reads, cuts frames and writes answers; it decides nothing. Frames that came together go to the
operator together, by the socket FD (see records.py), and so do their answers come back, while the operator
settles on another core. Who sends more while an answer is due is not read until it is there, so that no peer
can pile up more than two chunks here.

The listening sockets are the operator's own and stay bound if this process ends; it ends when FD does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ofd_mock.kz import records
from ofd_mock.kz.records import Record, Unpacker, packed
from ofd_mock.kz.visitor import Visitor
from reference.protocol.kz.frames import MAX_FRAME_BYTES

_PAIR_CHUNK: Final = 1 << 16
"""Less than what the C library asks the system for each time, and gives back."""
_MOST_READY: Final = 256
_MOST_ACCEPTED: Final = 64
_READ: Final = select.EPOLLIN
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_CROWD: Final = 8
"""So many frames without an answer mean that the operator is busy: then they are read here, and others come
while the disk is waited for."""
_REST_SECONDS: Final = 1.0
_REST_ROUNDS: Final = 1_000
"""After the machine had no more files or memory nobody is accepted until a connection ends, or for one quiet
second, or for so many rounds."""


class Log:
    """The ledger's log, brought to disk on order while the operator goes on settling.

    Of one thread at a time.
    """

    def __init__(self) -> None:
        self._file = -1
        self._known: tuple[int, int] | None = None

    def sync(self, path: Path) -> None:
        """Return when all that was written into the file is on disk; raises OSError.

        A log that is not there any more was moved into the ledger's file and that brought to disk before.
        """
        try:
            there = path.stat()
        except FileNotFoundError:
            return
        known = there.st_dev, there.st_ino
        if known != self._known:
            if self._file >= 0:
                os.close(self._file)
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._known = known
        os.fdatasync(self._file)


class Syncs:
    """What stands behind a sync, and a thread that waits for the disk while the intake goes on.

    Records come out in the order in which they went in. Those that went in while the disk was busy are behind
    one sync together: the log had grown before any of them was sent.
    """

    def __init__(self) -> None:
        self._log = Log()
        self._held: deque[tuple[set[str], list[Record]]] = deque()
        self._ready: deque[list[Record]] = deque()
        self._wanted = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._failure: OSError | None = None
        self.held = 0
        """Batches of records that have not come out."""
        self.done = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        """A file that can be read when records are to be taken."""

    def now(self, paths: set[str]) -> None:
        """Wait for the disk here, while the thread has nothing to do. Raises OSError."""
        for path in paths:
            self._log.sync(Path(path))

    def hold(self, paths: set[str], records: list[Record]) -> None:
        """Keep records until these files are on disk, and all that was kept before has come out."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="syncs", daemon=True)
            self._thread.start()
        self.held += 1
        self._held.append((paths, records))
        self._wanted.release()

    def take(self) -> list[Record]:
        """What may be done now. Raises OSError when the disk failed: nothing more comes out then."""
        if self._failure is not None:
            raise self._failure
        os.eventfd_read(self.done)
        records: list[Record] = []
        while self._ready:
            records += self._ready.popleft()
            self.held -= 1
        return records

    def close(self) -> None:
        """End the thread, when all records have come out."""
        if self._thread is not None:
            self._held.clear()
            self._wanted.release()
            self._thread.join()
        os.close(self.done)

    def _run(self) -> None:
        while True:
            self._wanted.acquire()
            paths, count = set[str](), 0
            if not self._held:
                return
            for one, _ in list(self._held):
                paths |= one
                count += 1
            try:
                self.now(paths)
            except OSError as error:
                # What was to come out stays: `take` may be at work, with its question for failures behind it.
                self._failure = error
                os.eventfd_write(self.done, 1)
                return
            for _ in range(count):
                self._ready.append(self._held.popleft()[1])
            os.eventfd_write(self.done, 1)
            for _ in range(count - 1):
                self._wanted.acquire()


class Intake:
    """The process's loop: everything that is ready is read, then told in one message."""

    def __init__(self, boss: socket.socket, listeners: Sequence[socket.socket]) -> None:
        self.max_frame_bytes = MAX_FRAME_BYTES
        self._boss = boss
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._numbered: dict[int, Visitor] = {}
        self._placed: dict[int, Visitor] = {}
        self._last = 0
        self._named = 0
        """The last connection that the operator has heard of."""
        self.due = 0
        """Frames of all connections without an answer."""
        self._told: list[Record] = []
        self._unpacker = Unpacker()
        self._syncs = Syncs()
        self._ended = False
        self._rest = 0
        self._epoll = select.epoll()
        # A socket wakes who waits for it on the core of who sent, believed to wait now. The operator does
        # not, and the two would take turns on one core. An epoll in between does not pass that belief on.
        self._between = select.epoll()
        self._between.register(boss, _READ)
        self._epoll.register(self._between, _READ)
        self._epoll.register(self._syncs.done, _READ)
        for place in self._listeners:
            self._epoll.register(place, _READ)

    def serve(self) -> None:
        """Serve until the operator ends the socket pair."""
        self.tell((records.READY,))
        boss, poll, placed = self._between.fileno(), self._epoll.poll, self._placed
        synced = self._syncs.done
        self._hand_over()
        while not self._ended:
            ready = poll(_REST_SECONDS if self._rest else -1, _MOST_READY)
            if self._rest:
                self._rest_on(0 if not ready else self._rest - 1)
            # The operator first: who asked it for something before connecting finds it done.
            for place, _ in ready:
                if place == synced:
                    self._do(self._syncs.take())
                elif place == boss:
                    self._heed()
            for place, events in ready:
                visitor = placed.get(place)
                if visitor is not None:
                    visitor.ready(events)
                elif place in self._listeners:
                    self._accept(self._listeners[place])
            self._hand_over()
        while self._syncs.held:
            select.select([synced], [], [])
            self._do(self._syncs.take())
        self._syncs.close()
        for visitor in list(self._numbered.values()):
            visitor.close()

    def _hand_over(self) -> None:
        if not self._told:
            return
        told = _read(self._told, self._named) if self.due >= _CROWD else self._told
        self._named = self._last
        try:
            self._boss.sendall(packed(told))
        except (BrokenPipeError, ConnectionResetError):
            self._ended = True
        self._told.clear()

    def tell(self, record: Record, /) -> None:
        """Have the operator told with the next message."""
        self._told.append(record)

    def watch(self, visitor: Visitor, place: int, before: int, wanted: int) -> None:
        """Watch a connection for other things than before."""
        if not before:
            self._placed[place] = visitor
            self._epoll.register(place, wanted)
        elif wanted:
            self._epoll.modify(place, wanted)
        else:
            # Even for nothing the epoll would tell of a peer that hung up, and again at once.
            del self._placed[place]
            self._epoll.unregister(place)

    def forget(self, number: int, place: int, watched: int) -> None:
        """Forget a connection; closing its file takes it off the epoll."""
        del self._numbered[number]
        if watched:
            del self._placed[place]
        if self._rest:
            self._rest_on(0)

    def _heed(self) -> None:
        """Do what the operator says."""
        try:
            data = self._boss.recv(_PAIR_CHUNK)
        except ConnectionResetError:
            data = b""
        if not data:
            self._ended = True
            return
        told: list[Record] = []
        paths: set[str] = set()
        for record in self._unpacker.feed(data):
            if record[0] == records.SYNC:
                paths.add(record[1])
            elif record[0] == records.LIMIT:
                self.max_frame_bytes = record[1]
            elif record[0] == records.REFUSE:
                self._refuse()
            else:
                told.append(record)
        if paths or self._syncs.held:
            if self._syncs.held or self.due >= _CROWD:
                self._syncs.hold(paths, told)
                return
            self._syncs.now(paths)
        self._do(told)

    def _do(self, told: Sequence[Record]) -> None:
        """Do what the operator said, behind all syncs in it."""
        numbered = self._numbered
        for record in told:
            kind, visitor = record[0], numbered.get(record[1])
            if visitor is None:
                continue  # it went while the operator was busy with it
            if kind == records.ANSWER:
                visitor.answer(record[2], record[3])
            elif kind == records.CLOSE:
                visitor.close()
            elif kind == records.ABORT:
                visitor.end()
            elif kind == records.DEAFEN:
                visitor.deafen()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_MOST_ACCEPTED):
            try:
                # Not accept(): the object that it makes costs as much again.
                file, _ = listener._accept()  # type: ignore[attr-defined]
                os.set_blocking(file, False)
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self.tell((records.FULL, str(error)))
                self._rest_on(_REST_ROUNDS)
                return
            self._last = number = self._last + 1
            visitor = self._numbered[number] = Visitor(self, file, number)
            # Its request is mostly there before it is accepted.
            visitor.begin()

    def _rest_on(self, rounds: int) -> None:
        """Accept nobody for so many rounds."""
        if bool(rounds) != bool(self._rest):
            for place in self._listeners:
                self._epoll.modify(place, 0 if rounds else _READ)
        self._rest = rounds

    def _refuse(self) -> None:
        for place, listener in self._listeners.items():
            self._epoll.unregister(place)
            listener.close()
        self._listeners.clear()


def _read(told: Sequence[Record], named: int) -> list[Record]:
    """The records, with the readings of frames behind them; what nobody foresaw is left to the operator.

    A connection that has just come, numbered above `named`, has cost this process as much as reading costs:
    its frame is the operator's to read, so that both are busy alike.
    """
    if not any(record[0] == records.FRAME and record[1] <= named for record in told):
        return list(told)
    # Not before there is a crowd: what reads takes longer to import than most operators of a test live.
    from ofd_mock.kz.reading import read, to_record

    with_readings = []
    for record in told:
        if record[0] == records.FRAME and record[1] <= named:
            with contextlib.suppress(Exception):
                record = (*record, to_record(read(record[2][0], record[3])))
        with_readings.append(record)
    return with_readings


def main() -> None:
    """Serve with the sockets whose numbers stand on the command line."""
    # Ctrl-C goes to every process of a terminal: it is the operator that ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    boss, *listeners = (socket.socket(fileno=int(word)) for word in sys.argv[1:])
    Intake(boss, listeners).serve()
    # What is left to be sent had its time; nothing here is worth an orderly end.
    os._exit(0)


if __name__ == "__main__":
    main()
