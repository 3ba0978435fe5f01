"""What the control API does: one method per endpoint, on checked values, without HTTP."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pydantic

from reference.runtime import control_models as models
from reference.runtime.clock import LabClock, PartClock
from reference.runtime.control_guard import ControlError
from reference.runtime.control_part import Operation, Part
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints

JOURNAL_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Bench:
    """One part with what the lab puts around it. Snapshots stand in `folder`/snapshots/NAME."""

    part: Part
    clock: LabClock
    part_clock: PartClock
    faults: FaultPoints
    events: EventLog
    folder: Path
    alone: threading.Lock = field(default_factory=threading.Lock)

    def clock_state(self) -> dict[str, Any]:
        """Body of :class:`ClockState`."""
        return {
            "part": self.part.name,
            "now": self.clock.now().isoformat(),
            "part_now": self.part_clock.now().isoformat(),
            "rate": self.clock.rate,
            "generation": self.clock.generation,
            "parts": {name: {"skew": skew, "drift": ppm} for name, (skew, ppm) in self.clock.parts().items()},
        }

    def change_clock(self, body: models.ClockChange) -> dict[str, Any]:
        """Set skews, drifts and rate, then jump; gives the new state.

        ControlError, with nothing changed, for a part that the lab does not have.
        """
        known = {self.part.name, *self.clock.parts()}
        for kind, wanted in (("skew", body.skew), ("drift", body.drift)):
            for name in wanted.keys() - known:
                raise ControlError(
                    f"{kind}.{name}",
                    "part",
                    f"the lab has no part {name!r}; it has {', '.join(sorted(known))}",
                )
        for name, skew in body.skew.items():
            self.clock.part(name).set_skew(skew)
        for name, ppm in body.drift.items():
            self.clock.part(name).set_drift(ppm)
        if body.rate is not None:
            self.clock.set_rate(body.rate)
        if body.advance:
            self.clock.advance(body.advance)
        self.events.record("control.clock", **body.model_dump(exclude_defaults=True))
        return self.clock_state()

    def fault_list(self) -> dict[str, Any]:
        """Body of :class:`FaultList`."""
        return {"points": dict(self.faults.known), "rules": [asdict(rule) for rule in self.faults.rules()]}

    def add_fault(self, body: models.FaultBody) -> dict[str, Any]:
        """Lay a rule; FaultRuleError, a ValueError with field and rule, when the part cannot do that."""
        fields = body.model_dump()
        if body.id is None:
            del fields["id"]
        rule = asdict(self.faults.add(**fields))
        self.events.record("control.fault", **body.model_dump(exclude_defaults=True))
        return rule

    def remove_fault(self, rule_id: str) -> dict[str, int]:
        """Take one rule away; ControlError 404 when there is none of that id."""
        try:
            self.faults.remove(rule_id)
        except KeyError:
            raise ControlError("id", "exists", f"there is no fault rule {rule_id}", 404) from None
        self.events.record("control.fault-removed", id=rule_id)
        return {"removed": 1}

    def clear_faults(self) -> dict[str, int]:
        """Take every rule away."""
        count = len(self.faults.rules())
        self.faults.clear()
        self.events.record("control.faults-cleared", count=count)
        return {"removed": count}

    def journal(self, after: int, limit: int) -> dict[str, Any]:
        """Events numbered above `after`, oldest first, at most `limit` and never more than a thousand."""
        return {"events": self.events.since(after, min(limit, JOURNAL_LIMIT))}

    def journal_tail(self, last: int) -> dict[str, Any]:
        """The `last` newest events, oldest first, never more than a thousand."""
        return {"events": self.events.last(min(last, JOURNAL_LIMIT))}

    def snapshots(self) -> dict[str, list[str]]:
        """Names of the snapshots kept."""
        root = self.folder / "snapshots"
        found = root.iterdir() if root.is_dir() else ()
        return {"snapshots": sorted(path.name for path in found if re.match(models.SNAPSHOT_NAME, path.name))}

    def snapshot(self, body: models.SnapshotBody) -> dict[str, str]:
        """Keep the part's state under a name; it appears whole or not at all."""
        root = self.folder / "snapshots"
        final, fresh, old = root / body.name, root / ".fresh", root / ".old"
        with self.alone:
            if final.exists() and not body.replace:
                raise ControlError("name", "exists", f"there is a snapshot {body.name!r} already", 409)
            for leftover in (fresh, old):
                shutil.rmtree(leftover, ignore_errors=True)
            fresh.mkdir(parents=True)
            self.part.snapshot(fresh)
            if final.exists():
                final.rename(old)
            fresh.rename(final)
            shutil.rmtree(old, ignore_errors=True)
        self.events.record("control.snapshot", name=body.name)
        return {"name": body.name}

    def restore(self, body: models.RestoreBody) -> dict[str, str]:
        """Bring a snapshot back; ControlError 404 when there is none of that name."""
        source = self.folder / "snapshots" / body.name
        with self.alone:
            if not source.is_dir():
                raise ControlError("name", "exists", f"there is no snapshot {body.name!r}", 404)
            self.part.restore(source)
        self.events.record("control.restore", name=body.name)
        return {"name": body.name}

    def reset(self, body: models.ResetBody) -> dict[str, Any]:
        """Start the part afresh; gives its new state."""
        with self.alone:
            self.part.reset(body.settings)
        self.events.record("control.reset", settings=sorted(body.settings))
        return self.part.state()

    def operation(self, name: str) -> Operation:
        """The part's operation of that name, or ControlError 404."""
        operations = self.part.operations()
        if name not in operations:
            known = ", ".join(sorted(operations)) or "none"
            raise ControlError(
                "operation", "known", f"{self.part.name} has no operation {name!r}; known: {known}", 404
            )
        return operations[name]

    def run(self, name: str, arguments: pydantic.BaseModel) -> Mapping[str, Any]:
        """Do one operation with checked arguments."""
        result = self.operation(name).run(arguments) or {}
        self.events.record("control.operation", name=name)
        return result
