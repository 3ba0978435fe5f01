"""One register process put together: the register, its keys and page, and control."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

import pydantic
import structlog

from reference.kkm.defects import UnknownDefectError, rules_with_defects
from reference.kkm.http import MAX_BODY, create_app
from reference.kkm.part import NAME, RegisterPart
from reference.kkm.register import FAULT_POINTS, Register, RegisterError
from reference.kkm.settings import RegisterSettings
from reference.runtime.chance import generator
from reference.runtime.clock import LabClock, PartClock, open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, run_until_signalled
from reference.runtime.serving import HttpServer

PORT: Final = 7780
THREADS: Final = 16
"""Keys may wait for the operator; state and page must not wait for them."""
_OWN: Final = ("server", "device_id", "token", "version", "rnm", "serial", "allow_any_host", "defects")
_LINE: Final = ("delay", "drop")
FAULT_ACTIONS: Final = {
    **dict.fromkeys(FAULT_POINTS, ("delay",)),
    "register.connect": ("delay", "refuse"),
    "register.before-send": _LINE,
    "register.after-send": _LINE,
    "register.half-answer": _LINE,
    **journal_actions(),
}


def build_parser(epilog: str = "") -> argparse.ArgumentParser:
    """All options of the process; every setting is one."""
    parser = argparse.ArgumentParser(
        prog="python -m reference.kkm",
        description="The reference Kazakh cash register (TEST): its keys, its page and its control API.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_part_arguments(parser, NAME, control_port=None)
    parser.add_argument(
        "--port", type=int, default=PORT, help="keys, page and control, 0: a free one (%(default)s)"
    )
    fields = RegisterSettings.model_fields
    for name in ("server", "device_id", "token", "version", "rnm", "serial"):
        text = f"{fields[name].description} ({fields[name].default!s})".replace("%", "%%")
        parser.add_argument(f"--{name.replace('_', '-')}", help=text)
    parser.add_argument(
        "--defect", action="append", default=[], metavar="NAME", help="make this mistake, repeatable"
    )
    group = parser.add_argument_group("settings")
    for name, field in fields.items():
        if name not in _OWN:
            text = (field.description or "").replace("%", "%%")
            group.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar="VALUE", help=text)
    return parser


def settings_from(options: argparse.Namespace) -> RegisterSettings:
    """Return the settings a command line gives; pydantic.ValidationError."""
    given: dict[str, Any] = {
        name: value if field.annotation is str else _value(value)
        for name, field in RegisterSettings.model_fields.items()
        if name != "defects" and (value := getattr(options, name, None)) is not None
    }
    return RegisterSettings.model_validate({**given, "defects": tuple(options.defect)})


def _value(text: Any) -> Any:
    """A setting as JSON, or as the word it is."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


class RegisterProcess:
    """Everything that `python -m reference.kkm` runs; tests run it inside their own process."""

    def __init__(
        self, part: PartSettings, settings: RegisterSettings, lab: LabClock, clock: PartClock
    ) -> None:
        """Take up what the part's folder holds, without listening yet."""
        self.clock = clock
        self._part = part
        self.events = EventLog(part.folder / "events", clock, NAME)
        points = {**FAULT_POINTS, **journal_points()}
        self.faults = FaultPoints(points, clock, NAME, FAULT_ACTIONS)
        self.control = RegisterPart(part.folder, settings, self._open)
        blueprint = control_blueprint(
            self.control, lab, clock, self.faults, self.events, part.folder, part.control_token, part.host
        )
        self.app = create_app(lambda: self.control.register, blueprint, part.host, part.control_token)
        self.http: HttpServer | None = None

    def start(self, port: int) -> str:
        """Listen (0: a free port) and return the address. OSError: the port is in use."""
        self.http = HttpServer(self.app, self._part.host, port, threads=THREADS, max_body=MAX_BODY)
        self.http.start()
        return self.http.url

    def stop(self) -> None:
        """Let the register go, answer what is in work, and end."""
        self.control.close()
        if self.http is not None:
            self.http.stop()
        self.events.close()

    def _open(self, folder: Path, settings: RegisterSettings) -> Register:
        rng = generator(self._part.seed, NAME)
        return Register.open(folder, settings, self.clock, self.faults, self.events, rng)


def main(arguments: list[str] | None = None, epilog: str = "") -> int:
    """Run until told to end; gives the exit status, 1 when it cannot start or listen."""
    parser = build_parser(epilog)
    part, options = PartSettings.parse(parser, arguments)
    try:
        settings = settings_from(options)
        rules_with_defects(settings)
    except UnknownDefectError as error:
        parser.error(f"--defect: {error}")
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = "-".join(str(step) for step in first["loc"]).replace("_", "-")
        parser.error(f"--{name}: {first['msg']}")
    lab = open_clock(part.clock)
    clock = lab.part(NAME)
    configure_logging(NAME, part.log_level, clock, [part.control_token])
    try:
        return _serve(part, options.port, settings, lab, clock)
    except RegisterError as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 1
    finally:
        lab.close()


def _serve(part: PartSettings, port: int, settings: RegisterSettings, lab: LabClock, clock: PartClock) -> int:
    process = RegisterProcess(part, settings, lab, clock)
    try:
        url = process.start(port)
        reason = run_until_signalled(lambda: announce(NAME, {NAME: url}, seed=part.seed))
        structlog.get_logger(NAME).info("ending", reason=reason)
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    finally:
        process.stop()
    return 0
