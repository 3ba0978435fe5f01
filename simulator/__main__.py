"""`python -m simulator`: emulated fiscal modules as a process, each on a TCP port, with one control API."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import structlog

from reference.runtime.clock import open_clock
from reference.runtime.journal import JournalError
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled
from simulator.control import counted_on
from simulator.defects import DEFECTS, rules_with
from simulator.process import NAME, Failing, SimulatorProcess, SimulatorSettings
from simulator.rack import MAX_MODULES
from simulator.settings import DEFAULT_TERMINAL, ModuleSettings, SettingsError
from simulator.shells.bodies import add_body_arguments, body_settings

SEED_SIZE = 32


class _ListDefects(argparse.Action):
    """Like --help: print and end."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for defect in DEFECTS.values():
            sys.stdout.write(f"{defect.name:30} {defect.clause:10} {defect.description}\n")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=4387, help="port of the first module, the others follow; 0: free ones"
    )
    parser.add_argument("--volatile", action="store_true", help="forget everything at the end")
    parser.add_argument(
        "--defect", action="append", default=[], choices=sorted(DEFECTS), metavar="NAME", help="be wrong so"
    )
    parser.add_argument("--list-defects", action=_ListDefects, nargs=0, help="list what --defect knows")
    _add_module_arguments(parser.add_argument_group("new modules (those in --dir stay what they are)"))
    add_body_arguments(parser.add_argument_group("bodies besides TCP"))
    _add_fault_arguments(parser.add_argument_group("failures"))
    add_part_arguments(parser, part=NAME, control_port=4388)
    return parser


def _add_module_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--modules", type=int, default=1, help="how many stand side by side (%(default)s)")
    group.add_argument("--terminal", help=f"TerminalID of the first, counted on ({DEFAULT_TERMINAL})")
    group.add_argument("--factory-id", help="36 hexadecimal characters; default: from the time of making")
    group.add_argument("--stir", help="taxpayer's number")
    group.add_argument("--blocks", type=int, help="memory blocks, 2 to 32767 (1120)")
    group.add_argument(
        "--start-locked", action=argparse.BooleanOptionalAction, help="wait for a state sync first (yes)"
    )
    group.add_argument("--last-operation", metavar="TIME", help="'YYYY-MM-DD HH:MM:SS'; default: now")
    group.add_argument("--seed-file", type=Path, help="32 bytes that replace the public test seed")


def _add_fault_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--fail-apdu", metavar="HEX", help="commands that begin so lose the connection")
    group.add_argument("--fail-chance", type=float, default=100.0, metavar="PERCENT", help="(%(default)s)")
    group.add_argument(
        "--fail-point", choices=("before", "after", "random"), default="random", help="(%(default)s)"
    )
    group.add_argument("--latency", type=float, default=0.0, metavar="MS", help="lab time a command waits")


def modules_from(options: argparse.Namespace) -> list[ModuleSettings]:
    """The settings of every module; SettingsError for what cannot be."""
    if not 1 <= options.modules <= MAX_MODULES:
        raise SettingsError("modules", "range", f"--modules is 1 to {MAX_MODULES}")
    if options.modules > 1 and options.factory_id:
        raise SettingsError("factory_id", "unique", "--factory-id is for one module")
    names = ("factory_id", "stir", "blocks", "start_locked", "last_operation")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.seed_file is not None:
        seed = options.seed_file.read_bytes()
        if len(seed) != SEED_SIZE:
            raise SettingsError("seed_file", "size", f"--seed-file holds {len(seed)} bytes, not {SEED_SIZE}")
        given["seed"] = seed.hex()
    first = options.terminal or DEFAULT_TERMINAL
    return [
        ModuleSettings.checked({**given, "terminal": counted_on(first, step)})
        for step in range(options.modules)
    ]


def settings_from(part: PartSettings, options: argparse.Namespace) -> SimulatorSettings:
    """The process's settings; SettingsError, or OSError for an unreadable seed file."""
    rules_with(tuple(options.defect))
    failing = None
    if options.fail_apdu is not None:
        failing = Failing.checked(options.fail_apdu, options.fail_chance, options.fail_point)
    if options.latency < 0:
        raise SettingsError("latency", "range", "--latency is not negative")
    return SimulatorSettings(
        modules=modules_from(options),
        host=part.host,
        port=options.port,
        control_port=part.control_port or 0,
        control_token=part.control_token,
        folder=part.folder,
        seed=part.seed,
        volatile=options.volatile,
        defects=tuple(options.defect),
        failing=failing,
        latency=options.latency / 1000,
        strict_terminal=options.terminal is not None,
        bodies=body_settings(options),
    )


async def serve(part: PartSettings, settings: SimulatorSettings) -> None:
    lab = open_clock(part.clock)
    configure_logging(NAME, part.log_level, lab.part(NAME), [part.control_token])
    process = SimulatorProcess(settings, lab)
    try:
        addresses = await process.start()
        announce(NAME, addresses, seed=part.seed)
        reason = await until_signalled()
        structlog.get_logger(NAME).info("ending", reason=reason)
    finally:
        await process.stop()


def main(arguments: list[str] | None = None) -> int:
    parser = make_parser()
    part, options = PartSettings.parse(parser, arguments)
    try:
        settings = settings_from(part, options)
    except SettingsError as error:
        option = "--" + error.field.replace("_", "-")
        parser.error(error.text if option in error.text else f"{option}: {error.text}")
    except OSError as error:
        parser.error(f"--seed-file {options.seed_file}: {error.strerror}")
    try:
        asyncio.run(serve(part, settings))
    except (OSError, JournalError, ValueError) as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
