"""`python -m ofd_mock [--country uz|kz]`: one country's operator as a process, wire and web port."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any, get_args

import pydantic
import structlog

from ofd_mock.defects import DEFECTS, UnknownDefectError, rules_with_defects
from ofd_mock.kz import command
from ofd_mock.uz.process import OperatorProcess
from ofd_mock.uz.settings import OperatorSettings
from reference.runtime.clock import open_clock
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ofd_mock", description=__doc__)
    parser.add_argument("--country", choices=("uz", "kz"), default="uz", help="whose operator (%(default)s)")
    parser.add_argument("--port", type=int, default=13447, help="message port, 0 is a free one (%(default)s)")
    parser.add_argument("--http-port", type=int, default=13448, help="state, check and control (%(default)s)")
    parser.add_argument("--database", help="SQLAlchemy URL of the ledger instead of a file in --dir")
    parser.add_argument(
        "--verifiers", type=int, default=0, help="processes that verify files, for load (0: a thread)"
    )
    parser.add_argument(
        "--defect", action="append", default=[], choices=sorted(DEFECTS), metavar="NAME", help="be wrong so"
    )
    group = parser.add_argument_group("settings")
    for name, field in OperatorSettings.model_fields.items():
        if name != "defects":
            _add_setting(group, name, field)
    add_part_arguments(parser, part="operator")
    return parser


def _add_setting(group: Any, name: str, field: Any) -> None:
    flag = "--" + name.replace("_", "-")
    text = (field.description or "").replace("%", "%%")
    if field.annotation is bool:
        group.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction, help=text)
    elif choices := [choice for choice in get_args(field.annotation) if isinstance(choice, str)]:
        group.add_argument(flag, dest=name, choices=choices, help=text)
    elif get_args(field.annotation):
        group.add_argument(flag, dest=name, action="append", metavar="GLOB", help=text)
    else:
        group.add_argument(flag, dest=name, type=field.annotation, help=text)


def settings_from(options: argparse.Namespace) -> OperatorSettings:
    given = {
        name: value
        for name in OperatorSettings.model_fields
        if (value := getattr(options, name, None)) is not None
    }
    return OperatorSettings(**given, defects=tuple(options.defect))


async def serve(part: PartSettings, options: argparse.Namespace, settings: OperatorSettings) -> None:
    clock = open_clock(part.clock)
    own = clock.part("operator")
    configure_logging("operator", part.log_level, own, [part.control_token, settings.check_key])
    process = OperatorProcess(
        part, settings, rules_with_defects, clock, own, options.database, options.verifiers
    )
    try:
        addresses = await process.start(options.port, options.http_port)
        announce("operator", addresses, seed=part.seed)
        reason = await until_signalled()
        structlog.get_logger("operator").info("ending", reason=reason)
    finally:
        await process.stop()


def main(arguments: list[str] | None = None) -> int:
    chooser = argparse.ArgumentParser(add_help=False)
    chooser.add_argument("--country", default="uz")
    if chooser.parse_known_args(arguments)[0].country == "kz":
        return command.main(arguments)
    parser = make_parser()
    part, options = PartSettings.parse(parser, arguments)
    try:
        settings = settings_from(options)
        rules_with_defects(settings)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        option = "--" + "-".join(str(word) for word in first["loc"]).replace("_", "-")
        parser.error(f"argument {option}: {first['msg'].removeprefix('Value error, ')}")
    except UnknownDefectError as error:
        parser.error(str(error))
    try:
        asyncio.run(serve(part, options, settings))
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
