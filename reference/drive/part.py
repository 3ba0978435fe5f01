"""The drive as the control API sees it: what state sending is in, and what a person can do about it
(UZ-OFF-06)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from reference.drive.core import Core
from reference.drive.drive import Drive
from reference.drive.errors import DriveError
from reference.drive.records import FileState, SyncEntry, Tally
from reference.drive.slots import SlotState
from reference.protocol.uz.values import format_json_time
from reference.runtime.control_guard import ControlError
from reference.runtime.control_part import Operation, Part

OFFLINE_LIMIT: Final = 172_800
"""Seconds after which unsent receipts block the module (uz-fiscal FM-T-05)."""
_LOG_SHOWN: Final = 20
_INFO: Final = (0x03, 0x05, 0x08)
_MEMORY: Final = (0x02, 0x03, 0x04, 0x06)


class _Nothing(BaseModel):
    """An operation without arguments."""

    model_config = ConfigDict(extra="forbid")


class _OneModule(BaseModel):
    """Which module; may be left out while there is only one."""

    model_config = ConfigDict(extra="forbid")

    factory_id: str | None = Field(default=None, description="FactoryID, or nothing for the only module")


class _OneLink(BaseModel):
    """Which link; may be left out while there is only one."""

    model_config = ConfigDict(extra="forbid")

    link: str | None = Field(default=None, description="reader name as in List, or nothing for the only one")


class _OneTerminal(BaseModel):
    """Whose Z-reports."""

    model_config = ConfigDict(extra="forbid")

    terminal_id: str = Field(description="TerminalID")


class DrivePart(Part):
    """Control of one drive."""

    name = "drive"

    def __init__(self, drive: Drive) -> None:
        self.drive = drive

    # --- state ---------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Modules, files by state, the sender, and how long until the block (UZ-OFF-06)."""
        with self.drive.passing() as core:
            tallies = core.stage.receipts.tallies()
            modules = [_module(core, state) for state in core.fleet.states()]
            return {
                "now": format_json_time(core.stage.now()),
                "modules": modules,
                "unsent": sum(tally.unsent for tally in tallies),
                "oldest_unsent": _earliest(tally.oldest_unsent for tally in tallies),
                "seconds_until_block": min(
                    (
                        one["seconds_until_block"]
                        for one in modules
                        if one.get("seconds_until_block") is not None
                    ),
                    default=None,
                ),
                "receipts": {tally.terminal_id: _tally(tally) for tally in tallies},
                "zreports": {
                    terminal: {state.text: number for state, number in counts.items()}
                    for terminal, counts in core.stage.zreports.counts().items()
                },
                "sender": {
                    "auto_send": core.stage.settings.auto_send,
                    "address": core.operator.address,
                    "errors": dict(core.sender.last_error),
                },
                "sync_log": [_entry(entry) for entry in core.stage.log.last(_LOG_SHOWN)],
                "settings": core.stage.settings.model_dump(mode="json"),
            }

    # --- as a whole ----------------------------------------------------------------------------------

    def snapshot(self, folder: Path) -> None:
        """Every row of every table."""
        self.drive.snapshot(folder)

    def restore(self, folder: Path) -> None:
        """Become what a snapshot wrote."""
        self.drive.restore(folder)

    def reset(self, settings: dict[str, Any]) -> None:
        """Forget everything; `settings` are those of DriveSettings, over those of the start."""
        lists = [name for name, value in settings.items() if isinstance(value, list)]
        self.drive.reset(settings | {name: tuple(settings[name]) for name in lists})

    # --- operations ----------------------------------------------------------------------------------

    def operations(self) -> dict[str, Operation]:
        """What a person can do to the drive."""
        return {
            "send-now": Operation(
                "Send everything that waits, without back-off and send delay", _OneModule, self._send_now
            ),
            "recover": Operation(
                "Finish registrations that a crash or a broken link cut in two, and take back what was "
                "acknowledged wrongly",
                _OneModule,
                self._recover,
            ),
            "confirm-module": Operation(
                "Take the module that is plugged in now for the right one", _OneLink, self._confirm
            ),
            "look": Operation("Look what is plugged in", _Nothing, self._look),
            "release-hold": Operation(
                "Send again although the operator said NotActive", _OneModule, self._release
            ),
            "reset-zreports": Operation(
                "Send rejected and failed Z-reports again", _OneTerminal, self._reset_zreports
            ),
        }

    def _send_now(self, body: _OneModule) -> dict[str, Any]:
        with self.drive.passing() as core:
            factory_id = _factory_id(core, body.factory_id)
            core.sync.outbox(factory_id).retry_now(core.stage.lab_seconds())
            try:
                with core.turns.background(factory_id):
                    return {"factory_id": factory_id, "acknowledged": core.sender.send_all(factory_id)}
            except DriveError as error:
                raise ControlError("send-now", "operator", error.reason, 409) from error

    def _recover(self, body: _OneModule) -> dict[str, Any]:
        with self.drive.passing() as core:
            factory_id = _factory_id(core, body.factory_id)
            try:
                with core.fleet.session(factory_id) as session:
                    recovered = core.recovery.recover(session)
                    recalled = core.recovery.recall(session)
            except DriveError as error:
                raise ControlError("recover", "module", error.reason, 409) from error
            if recalled:
                core.sender.wake(factory_id)
        return {"factory_id": factory_id, "recovered": recovered, "recalled": recalled}

    def _confirm(self, body: _OneLink) -> dict[str, Any]:
        with self.drive.passing() as core:
            names = [slot.link.name for slot in core.fleet.slots]
            slot = (
                core.fleet.slot(body.link)
                if body.link
                else (core.fleet.slots[0] if len(names) == 1 else None)
            )
            if slot is None:
                raise ControlError("link", "known", f"name one of {', '.join(names) or 'no links'}")
            if not slot.identify().present:
                raise ControlError("link", "plugged", f"no module answers at {slot.link.name}", 409)
            state = slot.confirm()
            assert state.known is not None
            core.stage.known.confirm(state.link, state.known, core.stage.now())
            core.sender.retry_now(state.known)
            return {"link": state.link, "factory_id": state.known}

    def _look(self, _body: _Nothing) -> dict[str, Any]:
        with self.drive.passing() as core:
            return {"modules": [_slot(state) for state in core.fleet.look()]}

    def _release(self, body: _OneModule) -> dict[str, Any]:
        with self.drive.passing() as core:
            factory_id = _factory_id(core, body.factory_id)
            core.sync.outbox(factory_id).release(core.stage.lab_seconds())
            core.sender.wake(factory_id)
            return {"factory_id": factory_id}

    def _reset_zreports(self, body: _OneTerminal) -> dict[str, Any]:
        with self.drive.passing() as core:
            number = core.stage.zreports.set_new(body.terminal_id)
            for state in core.fleet.states():
                if state.seen is not None:
                    core.sender.wake(state.seen.factory_id)
            return {"reset": number}


def _factory_id(core: Core, given: str | None) -> str:
    """The module meant; ControlError unless it is named or the only one plugged in."""
    if given:
        return given.lower()
    states = core.fleet.states()
    if not any(state.present for state in states):
        states = core.fleet.look()
    present = [state.seen.factory_id for state in states if state.seen is not None]
    if len(present) != 1:
        raise ControlError("factory_id", "required", f"{len(present)} modules are plugged in: name one")
    return present[0]


def _slot(state: SlotState) -> dict[str, Any]:
    return {
        "link": state.link,
        "plugged": state.present,
        "factory_id": None if state.seen is None else state.seen.factory_id,
        "applet_version": None if state.seen is None else state.seen.version,
        "known": state.known,
        "confirmed": not state.foreign,
    }


def _module(core: Core, state: SlotState) -> dict[str, Any]:
    """What is known of a slot, and what its module says while it is free to be asked."""
    shown = _slot(state)
    if state.seen is None or state.foreign:
        return shown
    factory_id = state.seen.factory_id
    outbox = core.sync.outbox(factory_id)
    now = core.stage.lab_seconds()
    shown["held_for"] = None if outbox.held_until is None else round(max(0.0, outbox.held_until - now), 3)
    shown["backing_off_for"] = round(max(0.0, outbox.backing_off_until - now), 3)
    try:
        with core.fleet.session(factory_id) as session:
            info = session.get_info(_INFO)
            memory = session.get_fiscal_memory_info(_MEMORY)
    except DriveError as error:
        return shown | {"error": error.reason}
    first = memory.first_unacknowledged
    return shown | {
        "terminal_id": info.terminal_id,
        "locked": info.locked,
        "pos_locked": info.pos_locked,
        "receipt_seq": memory.receipt_seq,
        "last_operation": _text(memory.last_operation),
        "unacknowledged": memory.receipts_count,
        "oldest_unacknowledged": _text(first),
        "seconds_until_block": None if first is None else _left(first, core.stage.now()),
    }


def _left(first: datetime, now: datetime) -> int:
    """Seconds until receipts are refused: first unacknowledged + 2 days − now (uz-fiscal §4.3)."""
    return OFFLINE_LIMIT - round((now - first).total_seconds())


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "by_state": {state.text: tally.by_state.get(state, 0) for state in FileState},
        "unsent": tally.unsent,
        "oldest_unsent": _text(tally.oldest_unsent),
        "last_acknowledged": tally.last_acknowledged_seq,
        "last_acknowledged_at": _text(tally.last_acknowledged_at),
    }


def _entry(entry: SyncEntry) -> dict[str, Any]:
    return {
        "at": format_json_time(entry.at),
        "terminal_id": entry.terminal_id,
        "kind": entry.kind,
        "address": entry.address,
        "files": entry.files,
        "acknowledged": entry.acknowledged,
        "outcome": entry.outcome,
    }


def _text(time: datetime | None) -> str | None:
    return None if time is None else format_json_time(time)


def _earliest(times: Any) -> str | None:
    known = [time for time in times if time is not None]
    return _text(min(known)) if known else None
