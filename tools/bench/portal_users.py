"""People who browse the portal's lists, as a process of its own: each asks, reads for a while, asks again.

One line of JSON comes in on stdin, a `Setting`; the answer goes out on stdout: `{"answered", "wrong",
"seconds": […]}`, the time of every answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed
from tools.bench.children import host_port

_LEAST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Setting:
    """`address` is host:port, `paths` what is asked for, `pause` the mean time between two questions."""

    address: str
    session: str
    paths: Sequence[str]
    users: int
    seconds: float
    pause: float


@dataclass(slots=True)
class Told:
    """What all users saw; `wrong` counts answers other than 200 and connections that broke."""

    seconds: list[float]
    wrong: int = 0


async def browse(setting: Setting) -> Told:
    """Let all users browse until the time is over."""
    told = Told([])
    end = real_elapsed() + setting.seconds
    users = (_user(setting, generator(number, "bench users"), end, told) for number in range(setting.users))
    await asyncio.gather(*users)
    return told


async def _user(setting: Setting, rng: Random, end: float, told: Told) -> None:
    # Not all at once: people do not begin at one stroke.
    await asyncio.sleep(rng.random() * setting.pause)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    while real_elapsed() < end:
        try:
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection(*host_port(setting.address))
            began = real_elapsed()
            status = await _ask(reader, writer, setting, rng.choice(setting.paths))
            told.seconds.append(real_elapsed() - began)
            told.wrong += status != 200
        except (OSError, ValueError, asyncio.IncompleteReadError):
            told.wrong += 1
            reader = writer = None
        await asyncio.sleep(max(_LEAST_PAUSE, rng.expovariate(1 / setting.pause)))
    if writer is not None:
        writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, setting: Setting, path: str
) -> int:
    head = f"GET {path} HTTP/1.1\r\nHost: portal\r\nAuthorization: Bearer {setting.session}\r\n\r\n"
    writer.write(head.encode())
    await writer.drain()
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    await reader.readexactly(int(fields["content-length"]))
    return int(lines[0].split()[1])


def main() -> None:
    """Carry out the one order."""
    setting = Setting(**json.loads(sys.stdin.readline()))
    told = asyncio.run(browse(setting))
    answer = {"answered": len(told.seconds), "wrong": told.wrong, "seconds": told.seconds}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
