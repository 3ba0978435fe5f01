"""`python -m ofd_mock --country kz`: the options, and the process from start to end."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

import pydantic
import structlog

from ofd_mock.kz.defects import DEFECTS, UnknownDefectError, rules_with_defects
from ofd_mock.kz.part import NAME
from ofd_mock.kz.process import KzProcess, hold_batches
from ofd_mock.kz.settings import KzSettings
from reference.protocol.kz.frames import DEFAULT_PORT
from reference.runtime.clock import open_clock
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled

HTTP_PORT = 7778


def make_parser() -> argparse.ArgumentParser:
    """All options; every setting of kz-ofd §19.2 is one, written as JSON or as a word."""
    parser = argparse.ArgumentParser(prog="python -m ofd_mock --country kz", description=__doc__)
    parser.add_argument("--country", choices=("uz", "kz"), default="kz", help="whose operator (%(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="register port, 0: free (%(default)s)")
    parser.add_argument("--http-port", type=int, default=HTTP_PORT, help="check page, control (%(default)s)")
    parser.add_argument("--database", help="SQLAlchemy URL of the ledger instead of a file in --dir")
    parser.add_argument(
        "--defect", action="append", default=[], choices=sorted(DEFECTS), metavar="NAME", help="be wrong so"
    )
    group = parser.add_argument_group("settings")
    for name, field in KzSettings.model_fields.items():
        if name != "defects":
            text = (field.description or "").replace("%", "%%")
            flag = "--" + name.replace("_", "-")
            group.add_argument(flag, dest=name, metavar="VALUE", type=_value, help=text)
    add_part_arguments(parser, part=NAME, control_port=None)
    return parser


def settings_from(options: argparse.Namespace) -> KzSettings:
    """The settings a command line gives. Raises pydantic.ValidationError."""
    given = {
        name: value for name in KzSettings.model_fields if (value := getattr(options, name, None)) is not None
    }
    return KzSettings(**given, defects=tuple(options.defect))


def main(arguments: list[str] | None = None) -> int:
    """Run until told to end; gives the exit status."""
    parser = make_parser()
    part, options = PartSettings.parse(parser, arguments)
    try:
        settings = settings_from(options)
        rules_with_defects(settings)
    except (pydantic.ValidationError, UnknownDefectError) as error:
        parser.error(str(error))
    try:
        asyncio.run(_serve(part, options, settings))
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    return 0


async def _serve(part: PartSettings, options: argparse.Namespace, settings: KzSettings) -> None:
    clock = open_clock(part.clock)
    own = clock.part(NAME)
    configure_logging(NAME, part.log_level, own, [part.control_token])
    process = KzProcess(part, settings, rules_with_defects, clock, own, options.database)
    try:
        addresses = await process.start(options.port, options.http_port)
        hold_batches()
        announce(NAME, addresses, seed=part.seed)
        reason = await until_signalled()
        structlog.get_logger(NAME).info("ending", reason=reason)
    finally:
        await process.stop()


def _value(text: str) -> Any:
    """A setting as JSON, or as the word it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
