"""The register as the control API sees it: which register is in force, and what a person can do to it.

A reset or a restore puts another register in the place of the old one; `RegisterPart.register` is always the
one in force. Settings of a reset outlive the process; an option that is given otherwise than last time wins.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pydantic
from pydantic import Field, JsonValue

from reference.kkm.defects import UnknownDefectError, rules_with_defects
from reference.kkm.register import Register, RegisterError
from reference.kkm.settings import RegisterSettings
from reference.kkm.values import AddressOrder, Outcome
from reference.runtime.control import ControlError, Operation, Part
from reference.runtime.control_models import Body
from reference.runtime.duration import Duration

NAME: Final = "register"
MEMORY: Final = "register"
"""Folder of the register's memory, in the part's folder and in a snapshot."""
SETTINGS_FILE: Final = "settings.json"

Opener = Callable[[Path, RegisterSettings], Register]


class SetAddress(Body):
    """Where the operator is."""

    server: str = Field(description="host:port")


class KillLine(Body):
    """For how long no connection can be made."""

    seconds: Duration | None = Field(None, description="lab seconds, or 90s, 2d; without: until mend-line")


class ChangeSettings(Body):
    """Settings by name; the others stay."""

    settings: dict[str, JsonValue]


class RegisterPart(Part):
    """Part "register" in `folder`. `start`: the settings of the command line; `opener` makes a register."""

    name = NAME

    def __init__(self, folder: Path, start: RegisterSettings, opener: Opener) -> None:
        self._folder = folder
        self._start = start
        self._opener = opener
        self._alone = threading.Lock()
        kept = _read_settings(folder)
        settings = start if kept is None else _merged(start, kept)
        self._register = opener(folder / MEMORY, settings)
        self._write_settings(folder, settings)
        if kept is not None and kept.start.get("server") != start.server:
            # In an old folder the register goes on with the address it was last told.
            self._register.press("address", AddressOrder(start.server))

    @property
    def register(self) -> Register:
        """The register in force."""
        return self._register

    def close(self) -> None:
        """Let the register go; it can be taken up again from its folder."""
        with self._alone:
            self._register.close()

    def state(self) -> dict[str, Any]:
        """What the register shows, who it is, and its settings."""
        state = self._register.state()
        return {
            **state.as_json(),
            "registration": asdict(state.registration),
            "settings": self._register.settings.model_dump(mode="json"),
        }

    def snapshot(self, folder: Path) -> None:
        """All that is durable, and the settings."""
        memory = folder / MEMORY
        memory.mkdir()
        self._register.snapshot(memory)
        self._write_settings(folder, self._register.settings)

    def restore(self, folder: Path) -> None:
        """Become what a snapshot wrote, settings too. ValueError leaves everything as it is."""
        kept = _read_settings(folder)
        if kept is None:
            raise ValueError(f"the snapshot has no {SETTINGS_FILE}")
        self._replace(valid_settings(kept.settings), folder / MEMORY)

    def reset(self, settings: dict[str, Any]) -> None:
        """A new register under the settings of the start with `settings` over them; ControlError."""
        if "allow_any_host" in settings:
            raise ControlError("settings.allow_any_host", "start", "is given when the register is started")
        self._replace(valid_settings(self._start.model_dump() | settings), None)

    def operations(self) -> dict[str, Operation]:
        """What a person can do beside pressing keys."""
        return {
            "set-address": Operation("set the operator's address", SetAddress, self._set_address),
            "kill-line": Operation("let every connection fail", KillLine, self._kill_line),
            "mend-line": Operation("let connections be made again", Body, self._mend_line),
            "settings": Operation("change settings and keep the memory", ChangeSettings, self._settings),
        }

    def _set_address(self, body: SetAddress) -> dict[str, Any]:
        pressed = self._register.press("address", AddressOrder(body.server))
        if pressed.outcome is Outcome.REFUSED:
            raise ControlError("server", pressed.local.value or "refused", pressed.text)
        return {"server": self._register.state().server}

    def _kill_line(self, body: KillLine) -> None:
        self._register.cut_line(body.seconds)

    def _mend_line(self, _body: Body) -> None:
        self._register.mend_line()

    def _settings(self, body: ChangeSettings) -> Mapping[str, Any]:
        if "allow_any_host" in body.settings:
            raise ControlError("settings.allow_any_host", "start", "is given when the register is started")
        changed = valid_settings(self._register.settings.model_dump() | body.settings)
        with self._alone:
            self._take_up(changed)
        return changed.model_dump(mode="json")

    def _replace(self, settings: RegisterSettings, memory: Path | None) -> None:
        """Put a register with the memory of a snapshot, or without any, in the place of the one in force."""
        fresh, old, place = (self._folder / name for name in (".fresh", ".old", MEMORY))
        with self._alone:
            for leftover in (fresh, old):
                shutil.rmtree(leftover, ignore_errors=True)
            if memory is not None:
                shutil.copytree(memory, fresh)
            before = self._register.settings
            self._register.close()
            place.rename(old)
            if memory is not None:
                fresh.rename(place)
            try:
                self._take_up(settings)
            except RegisterError as error:
                shutil.rmtree(place, ignore_errors=True)
                old.rename(place)
                self._take_up(before)
                raise ControlError("", "register", str(error), 409) from error
            shutil.rmtree(old)

    def _take_up(self, settings: RegisterSettings) -> None:
        self._register.close()
        self._register = self._opener(self._folder / MEMORY, settings)
        self._write_settings(self._folder, settings)

    def _write_settings(self, folder: Path, settings: RegisterSettings) -> None:
        kept = _Kept(start=self._start.model_dump(mode="json"), settings=settings.model_dump(mode="json"))
        fresh = folder / f"{SETTINGS_FILE}.fresh"
        fresh.write_text(kept.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(folder / SETTINGS_FILE)


class _Kept(pydantic.BaseModel):
    """What the settings file holds: those in force, and those of the command line at that time."""

    start: dict[str, Any]
    settings: dict[str, Any]


def _read_settings(folder: Path) -> _Kept | None:
    try:
        return _Kept.model_validate_json((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _merged(start: RegisterSettings, kept: _Kept) -> RegisterSettings:
    """Those in force last time, but for what the command line says otherwise than it did then."""
    now = start.model_dump(mode="json")
    changed = {name: value for name, value in now.items() if kept.start.get(name) != value}
    return valid_settings({**now, **kept.settings, **changed})


def valid_settings(given: Mapping[str, Any]) -> RegisterSettings:
    """Return checked settings; ControlError names the setting that is wrong."""
    try:
        settings = RegisterSettings.model_validate(dict(given))
        rules_with_defects(settings)
    except UnknownDefectError as error:
        raise ControlError("settings.defects", "known", str(error)) from None
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ControlError(f"settings.{where}", first["type"], f"{where}: {first['msg']}") from None
    return settings
