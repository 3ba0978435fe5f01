"""What every part process shares: its options, its one ready line, its log and its end.

A part prints exactly one JSON line on stdout once it listens; everything else it has to say goes to stderr as
a structured log. It ends on SIGTERM, SIGINT, or when the process that started it has gone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from reference.runtime.chance import fresh_seed
from reference.runtime.serving import HostRefusedError, require_loopback, require_token

__all__ = [
    "PartSettings",
    "add_part_arguments",
    "announce",
    "require_loopback",
    "run_until_signalled",
    "until_signalled",
]

TOKEN_VARIABLE = "KASSALAB_CONTROL_TOKEN"  # noqa: S105 - the name of a variable
CLOCK_VARIABLE = "KASSALAB_CLOCK"
SEED_VARIABLE = "KASSALAB_SEED"
PARENT_VARIABLE = "KASSALAB_STOP_WITH_STDIN"
"""Set to 1 by whoever starts the part with a pipe as stdin: the part ends when that pipe does."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
MAX_PORT = 0xFFFF
LOG_LEVELS = ("debug", "info", "warning", "error")


def add_part_arguments(
    parser: argparse.ArgumentParser, part: str = "part", control_port: int | None = 0
) -> None:
    """Add the options every part takes.

    `part` names the default folder. `control_port` is that option's default (0: a free port); None leaves the
    option out, for parts that serve control on their own HTTP port.
    """
    group = parser.add_argument_group("lab")
    group.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    group.add_argument(
        "--dir", type=Path, default=Path(".kassalab") / part, help="where state is kept (%(default)s)"
    )
    group.add_argument(
        "--clock", type=Path, help=f"lab clock file to share (or {CLOCK_VARIABLE}); without: real time"
    )
    group.add_argument(
        "--seed", type=int, help=f"seed of all chance (or {SEED_VARIABLE}); without: a fresh one"
    )
    if control_port is not None:
        group.add_argument(
            "--control-port", type=int, default=control_port, help="0 is a free port (%(default)s)"
        )
    group.add_argument("--control-token", help=f"asked of every control request (or {TOKEN_VARIABLE})")
    group.add_argument("--allow-any-host", action="store_true", help="allow --host beyond this machine")
    group.add_argument("--log-level", choices=LOG_LEVELS, default="info")


@dataclass(frozen=True, slots=True)
class PartSettings:
    """The options of :func:`add_part_arguments`, checked; `control_port` None where the part lacks it."""

    host: str
    folder: Path
    clock: Path | None
    seed: int
    control_port: int | None
    control_token: str | None
    allow_any_host: bool
    log_level: str

    @classmethod
    def from_arguments(cls, options: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Self:
        """Settings of a parsed command line, completed from the environment; makes the folder.

        Raises HostRefusedError for a host beyond this machine without leave or without a control token, and
        ValueError for a seed in the environment that is not a number.
        """
        token = options.control_token or environ.get(TOKEN_VARIABLE) or None
        require_loopback(options.host, options.allow_any_host)
        require_token(options.host, token)
        clock = options.clock or (Path(environ[CLOCK_VARIABLE]) if environ.get(CLOCK_VARIABLE) else None)
        options.dir.mkdir(parents=True, exist_ok=True)
        return cls(
            host=options.host,
            folder=options.dir,
            clock=clock,
            seed=_seed(options.seed, environ),
            control_port=getattr(options, "control_port", None),
            control_token=token,
            allow_any_host=options.allow_any_host,
            log_level=options.log_level,
        )

    @classmethod
    def parse(
        cls, parser: argparse.ArgumentParser, arguments: list[str] | None = None
    ) -> tuple[Self, argparse.Namespace]:
        """Parse a command line; what is refused ends the process with a usage error, status 2."""
        options = parser.parse_args(arguments)
        try:
            _check_ports(options)
            return cls.from_arguments(options), options
        except (HostRefusedError, ValueError) as error:
            parser.error(str(error))
        except OSError as error:
            parser.error(f"--dir {options.dir}: {error.strerror}")


def _check_ports(options: argparse.Namespace) -> None:
    for name, value in vars(options).items():
        if (name == "port" or name.endswith("_port")) and value is not None and not 0 <= value <= MAX_PORT:
            raise ValueError(f"--{name.replace('_', '-')} is 0 to {MAX_PORT}, not {value}")


def _seed(given: int | None, environ: Mapping[str, str]) -> int:
    if given is not None:
        return given
    text = environ.get(SEED_VARIABLE)
    return int(text) if text else fresh_seed()


def announce(part: str, addresses: Mapping[str, str], **facts: str | int) -> None:
    """Say on stdout, in one JSON line, that `part` listens and where; `facts` (the seed) go along.

    What the part is made of stays as long as it runs, so the collector of garbage passes it by from now on.
    """
    gc.freeze()
    line = json.dumps({"ready": True, "part": part, "addresses": dict(addresses), **facts})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_until_signalled(ready: Callable[[], None] | None = None) -> str:
    """Block the main thread until SIGTERM, SIGINT, or the end of the parent; gives the reason in one word.

    `ready` (the announcement) is called once signals are heeded, so that none comes too early.
    """
    reasons: list[str] = []
    ended = threading.Event()

    def end(reason: str) -> None:
        reasons.append(reason)
        ended.set()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        end(signal.Signals(number).name)

    previous = {number: signal.signal(number, on_signal) for number in STOP_SIGNALS}
    _watch_parent(end)
    if ready is not None:
        ready()
    try:
        ended.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return reasons[0]


async def until_signalled(ready: Callable[[], None] | None = None) -> str:
    """The same for a part whose main thread is an asyncio loop."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[str] = loop.create_future()

    def end(reason: str) -> None:
        if not ended.done():
            ended.set_result(reason)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, end, number.name)
    _watch_parent(lambda reason: _end_in(loop, end, reason))
    if ready is not None:
        ready()
    try:
        return await ended
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


def _end_in(loop: asyncio.AbstractEventLoop, end: Callable[[str], None], reason: str) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(end, reason)


def _watch_parent(end: Callable[[str], None]) -> None:
    """Call `end` when the parent's pipe closes, so that a killed lab leaves no part behind."""
    if os.environ.get(PARENT_VARIABLE) != "1":
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            continue
        end("parent")

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
