"""`python -m conformance.nursery FD`: a process that has a part's imports behind it and forks parts on order.

A part that a case kills and starts again has to be a new process, but importing its libraries once more takes
longer than most cases. Here they are imported once; what is forked is then run as `python -m MODULE` would
be. lab_nursery.py is the other side.

Orders come as JSON over the sequenced-packet socket FD, each with four file descriptors: what becomes stdin,
stdout and stderr of the part, and a pipe on which its wait status is written when it has ended. The answer is
the pid, with a pidfd. The nursery ends when the socket closes; parts end by their own stdin.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import runpy
import select
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_ORDER = 1 << 20
FDS = 4
_INSIDE = (".process",)
"""Submodules that a part imports only once it serves."""


@dataclass(frozen=True, slots=True)
class Order:
    """A part to fork: its module, its words, its surroundings."""

    module: str
    words: Sequence[str]
    environ: dict[str, str]
    folder: str


class Nursery:
    """The process's loop: orders in, statuses out. Has no thread, so that a fork is whole."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._poll = select.poll()
        self._poll.register(orders, select.POLLIN)
        self._children: dict[int, tuple[int, int]] = {}
        self._warm: set[str] = set()

    def until_born(self) -> Order | None:
        """Serve until the orders end (None); in each forked part: return what it is to be."""
        while True:
            for place, _ in self._poll.poll():
                if place in self._children:
                    self._bury(place)
                    continue
                data, fds, _, _ = socket.recv_fds(self._orders, LARGEST_ORDER, FDS)
                if not data:
                    return None
                order = Order(**json.loads(data))
                if self._forked(order, fds):
                    return order

    def _forked(self, order: Order, fds: Sequence[int]) -> bool:
        """Fork a part; True in the part itself, with everything of the nursery closed."""
        self._warm_up(order.module)
        *standard, status = fds
        pid = os.fork()
        if pid == 0:
            self._become(order, standard)
            os.close(status)
            return True
        for fd in standard:
            os.close(fd)
        watch = os.pidfd_open(pid)
        self._children[watch] = (pid, status)
        self._poll.register(watch, select.POLLIN)
        socket.send_fds(self._orders, [json.dumps({"pid": pid}).encode()], [watch])
        return False

    def _become(self, order: Order, standard: Sequence[int]) -> None:
        os.setsid()
        self._orders.close()
        for watch, (_, status) in self._children.items():
            os.close(watch)
            os.close(status)
        for number, fd in enumerate(standard):
            os.dup2(fd, number)
            os.close(fd)
        os.environ.clear()
        os.environ.update(order.environ)
        os.chdir(order.folder)

    def _warm_up(self, module: str) -> None:
        """Import what the part needs, if it is a package: a plain module would run by being imported.

        What cannot be imported fails in the part, where its log tells why.
        """
        if module in self._warm:
            return
        self._warm.add(module)
        try:
            spec = importlib.util.find_spec(module)
            if spec is None or spec.submodule_search_locations is None:
                return
            importlib.import_module(f"{module}.__main__")
            for inside in _INSIDE:
                if importlib.util.find_spec(module + inside):
                    importlib.import_module(module + inside)
        except Exception:  # noqa: BLE001 - the part imports it again and tells
            return
        gc.collect()
        gc.freeze()

    def _bury(self, watch: int) -> None:
        pid, status = self._children.pop(watch)
        self._poll.unregister(watch)
        _, code = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):  # nobody asks any more
            os.write(status, str(os.waitstatus_to_exitcode(code)).encode())
        os.close(status)
        os.close(watch)


def main() -> None:
    """Serve orders on the socket that the first word numbers; a forked part runs on from here."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    order = Nursery(orders).until_born()
    if order is not None:
        sys.argv = [order.module, *order.words]
        runpy.run_module(order.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
