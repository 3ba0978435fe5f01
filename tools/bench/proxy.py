"""`kassalab bench proxy`: what standing in between costs.

Also a process of its own (`python -m tools.bench.proxy`), so that the proxy measured has its own core.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from conformance.proxy.running import ProxyProcess, ProxySettings
from conformance.proxy.wires import WIRES
from reference.links.address import parse_endpoint
from reference.protocol.uz import apdu
from reference.runtime.clock import real_elapsed
from reference.runtime.process import announce, until_signalled
from tools.bench.children import child, host_port
from tools.bench.figures import Figure, at_most_times

ANSWER = 64
"""Bytes of an answer: what a reading command brings."""
ROUNDS, EXCHANGES = 15, 300
FRAME = bytes((len(apdu.get_info().encode()),)) + apdu.get_info().encode()


def figures(folder: Path) -> Iterator[Figure]:
    """An exchange of the module's wire through the proxy, bare and with everything on, beside one without."""
    answer = ["--answer-bytes", str(ANSWER)]
    with ExitStack() as stack:
        echo = stack.enter_context(child("tools.bench.echo", answer, folder / "echo.log"))["echo"]
        bare = ["--to", echo]
        full = [*bare, "--record", str(folder / "r.jsonl"), "--pcapng", str(folder / "p.pcapng")]
        ways = [echo]
        for name, words in (("bare", bare), ("full", full)):
            started = child("tools.bench.proxy", words, folder / f"{name}.log")
            ways.append(stack.enter_context(started)["proxy"])
        links = [stack.enter_context(socket.create_connection(host_port(way))) for way in ways]
        times: list[list[float]] = [[] for _ in links]
        for _ in range(ROUNDS):  # in turn, so that a busy moment meets all
            for link, taken in zip(links, times, strict=True):
                taken.append(_exchange(link))
    floor, looking, writing = (statistics.median(taken) * 1e6 for taken in times)
    yield at_most_times("proxy: one exchange decoded and judged", looking, "µs", floor, 15.0)
    yield at_most_times("proxy: the same with record and capture", writing, "µs", floor, 25.0)


def _exchange(link: socket.socket) -> float:
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start = real_elapsed()
    for _ in range(EXCHANGES):
        link.sendall(FRAME)
        left = 1 + ANSWER
        while left:
            left -= len(link.recv(left))
    return (real_elapsed() - start) / EXCHANGES


async def _serve(process: ProxyProcess) -> None:
    try:
        addresses = await process.start()
        await until_signalled(lambda: announce("proxy", addresses))
    finally:
        await process.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=parse_endpoint, required=True, help="host:port of the server")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--pcapng", type=Path)
    chosen = parser.parse_args(arguments)
    wire = WIRES["module"]
    settings = ProxySettings(wire, ("127.0.0.1", 0), chosen.to, record=chosen.record, pcapng=chosen.pcapng)
    asyncio.run(_serve(ProxyProcess(settings)))


if __name__ == "__main__":
    main()
