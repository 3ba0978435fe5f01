"""The client of the Kazakh benchmarks: registers that sell, some of them at a time, as a process of its own.

Lines of JSON come in on stdin and go out on stdout: first a `Setting`, answered with a line, then one order
after the other: `{"address", "kept", "rounds"}`, every register sells `rounds` tickets, answered with
`{"answered", "start", "end", "failed", "told"}`. `start` and `end` are seconds of the machine's own clock, so
that processes can be compared; `told` are the tickets that were acknowledged, as [device ID, fiscal sign], if
the setting says so. A ticket whose answer did not come is sent again in the next order, as it was.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.documents import to_message
from reference.protocol.kz.envelope import read_response
from reference.protocol.kz.frames import HEADER_SIZE, encode_frame
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import Operation
from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed
from tools.bench.children import host_port

VERSION: Final = 203
ITEMS: Final = 2
ACCEPTED: Final = bytes.fromhex("080112020800")
"""How the body of an accepted ticket's answer begins: command 1, result code 0."""
_PATIENCE: Final = 30.0
_SIZE_AND_TOKEN: Final = struct.Struct("<4xI4xI")
_KINDS_OF_TICKETS: Final = 64


@dataclass(frozen=True, slots=True)
class Setting:
    """What a client process is told once: its registers as [ID, token], how many of them work at a time.

    `time` is the tickets' local time; `told`: whether acknowledged signs are wanted; `sold`: how many tickets
    each register has sold before.
    """

    registers: Sequence[tuple[int, int]]
    lanes: int
    time: str
    told: bool = False
    sold: int = 0


class _Register:
    """One register: what it shows next, and what it waits for."""

    __slots__ = ("buffer", "device", "left", "link", "pending", "reqnum", "sold", "token")

    def __init__(self, device: int, token: int, sold: int) -> None:
        self.device, self.token = device, token
        self.reqnum = self.sold = sold
        self.left = 0
        self.pending: bytes | None = None
        self.link: socket.socket | None = None
        self.buffer = b""


class _RefusedError(Exception):
    """An answer that accepts nothing."""


class Load:
    """The registers of one process."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._registers = [_Register(*one, setting.sold) for one in setting.registers]
        dialect = dialect_for(VERSION)
        assert dialect is not None
        self._dialect = dialect
        rng = generator(1, "bench")
        time = datetime.fromisoformat(setting.time)
        self._messages = [
            to_message(dialect, random_ticket(rng, VERSION, time, operation=Operation.SELL, items=ITEMS))
            for _ in range(_KINDS_OF_TICKETS)
        ]
        self._told: list[tuple[int, str]] = []
        self._by_number: dict[int, _Register] = {}
        self._poll: select.epoll
        self._to: tuple[str, int]
        self._kept = False

    def run(self, address: str, *, kept: bool, rounds: int) -> dict[str, Any]:
        """Carry out one order."""
        self._to, self._kept = host_port(address), kept
        self._told = []
        waiting = deque(self._registers)
        for register in waiting:
            register.left = rounds
        answered, failed = 0, None
        start = real_elapsed()
        with select.epoll() as self._poll:
            try:
                for _ in range(min(self._setting.lanes, len(waiting))):
                    self._start(waiting.popleft())
                while self._by_number:
                    for register in self._answered():
                        answered += 1
                        register.left -= 1
                        if register.left:
                            waiting.append(register)
                        if waiting:
                            self._start(waiting.popleft())
            except (OSError, _RefusedError) as error:
                failed = str(error) or type(error).__name__
            end = real_elapsed()
            self._hang_up()
        return {"answered": answered, "start": start, "end": end, "failed": failed, "told": self._told}

    def _start(self, register: _Register) -> None:
        """Send the register's next ticket."""
        if register.pending is None:
            register.pending = self._frame(register)
        link = register.link
        if link is None:
            # No timeout and no option, each of which would be a call more: the system ends a connection that
            # does not come about, a frame finds room, and it is never sent behind one that is not answered.
            link = register.link = socket.socket()
            link.connect(self._to)
            self._poll.register(link, select.EPOLLIN)
        self._by_number[link.fileno()] = register
        link.sendall(register.pending)

    def _frame(self, register: _Register) -> bytes:
        register.reqnum = register.reqnum % 65535 + 1
        register.sold += 1
        message = self._messages[(register.device + register.sold) % _KINDS_OF_TICKETS]
        message.ticket.printed_document_number = register.sold
        return encode_frame(
            VERSION, register.device, register.token, register.reqnum, message.SerializeToString()
        )

    def _answered(self) -> list[_Register]:
        """Wait for answers; gives the registers that have one."""
        ready = self._poll.poll(_PATIENCE)
        if not ready:
            raise TimeoutError("no answer")
        return [register for number, _ in ready if self._take(register := self._by_number[number])]

    def _take(self, register: _Register) -> bool:
        """Whether the whole answer is there."""
        link = register.link
        assert link is not None
        data = link.recv(65536)
        if not data:
            raise ConnectionError("the connection was closed")
        data = register.buffer + data if register.buffer else data
        size, token = _SIZE_AND_TOKEN.unpack_from(data) if len(data) >= HEADER_SIZE else (HEADER_SIZE, 0)
        if len(data) < size:
            register.buffer = data
            return False
        if not data.startswith(ACCEPTED, HEADER_SIZE):
            raise _RefusedError(f"register {register.device} was answered {data.hex()}")
        register.buffer, register.token, register.pending = b"", token, None
        if self._setting.told:
            message = read_response(self._dialect, data[HEADER_SIZE:]).message
            self._told.append((register.device, message.ticket.ticket_number))
        del self._by_number[link.fileno()]
        if not self._kept:
            link.close()
            register.link = None
        return True

    def _hang_up(self) -> None:
        self._by_number.clear()
        for register in self._registers:
            register.buffer = b""
            if register.link is not None:
                register.link.close()
                register.link = None


def main() -> None:
    """Do what stdin says until it ends."""
    load = Load(Setting(**json.loads(sys.stdin.readline())))
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(load.run(**json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
