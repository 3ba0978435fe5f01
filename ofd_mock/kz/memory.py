"""What a ledger's writing side remembers of devices, so that few of them need be read again.

Nothing here is a truth of its own. A device is taken from memory only if its row is the one last seen:
because it was read again and is equal, or because nobody can have written since (`Memory.stamp`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from ofd_mock.kz.registry import ADVANCED, Row, advance_values, changing, from_row
from ofd_mock.kz.values import Device
from reference.protocol.kz.tickets import Ticket

MOST_UNCOUNTED: Final = 32
"""Tickets of a device after which its counters are written; who reads the row counts the fewer behind it."""


class Known:
    """A device with its row as it was read, and the columns written since.

    `uncounted`: as the row has it now. `latest`: number and time of the last of its documents that is no
    stray, whose time is the latest of all, 0 and empty without any; `printed`: the highest printed number of
    those of that time. `room`: by how many tiyn all figures together may grow at least. None: not known.
    """

    __slots__ = ("advanced", "changed", "device", "latest", "printed", "room", "row", "uncounted")

    def __init__(self, row: tuple[Any, ...], device: Device, uncounted: int) -> None:
        self.row = row
        self.device = device
        self.uncounted = uncounted
        self.latest: tuple[int, str] | None = None if device.documents else (0, "")
        self.printed: int | None = None if device.documents else 0
        self.room: int | None = None
        self.changed: dict[str, Any] | None = None
        self.advanced: tuple[Any, ...] | None = None


class Memory:
    """Devices as they were last read or written."""

    def __init__(self, columns: Sequence[str], most: int = 20_000) -> None:
        self._columns = columns
        self._most = most
        self._known: dict[int, Known] = {}
        self.stamp: object = None
        """What the database looked like when all that is known was certain; None: nothing is."""

    def get(self, device_id: int) -> Known | None:
        """What is known of a device, certain or not."""
        return self._known.get(device_id)

    def read(self, row: tuple[Any, ...], uncounted: Callable[[Row], Iterable[Ticket]]) -> Device:
        """The device of a row just read, whose values stand in the order of the columns."""
        known = self._known.get(row[0])
        if known is not None and self._row(known) == row:
            return known.device
        named = dict(zip(self._columns, row, strict=True))
        device = from_row(named, uncounted(named))
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[device.id] = Known(row, device, named["uncounted"])
        return device

    def whole(self, device: Device) -> dict[str, Any]:
        """The columns to write of a device with its counters; it is known so from now on."""
        changed = changing(device)
        known = self._known.get(device.id)
        if known is not None:
            known.device, known.uncounted = device, 0
            known.changed, known.advanced, known.room = changed, None, None
        return changed

    def advanced(self, device: Device, known: Known, uncounted: int) -> tuple[Any, ...]:
        """The values of ADVANCED to write of a device after a ticket, without its counters; it is known so
        from now on.
        """
        values = advance_values(device, uncounted)
        known.device, known.uncounted, known.advanced = device, uncounted, values
        return values

    def doubt(self, ids: Iterable[int]) -> None:
        """Know no times and no room of devices whose documents were not stored after all."""
        for device_id in ids:
            if (known := self._known.get(device_id)) is not None:
                known.latest = known.printed = known.room = None

    def forget(self) -> None:
        """Know nothing any more."""
        self._known.clear()
        self.stamp = None

    def _row(self, known: Known) -> tuple[Any, ...]:
        """The row as it must be now."""
        if known.changed is not None or known.advanced is not None:
            changed = dict(known.changed or {})
            if known.advanced is not None:
                changed.update(zip(ADVANCED, known.advanced, strict=True), cancellable=True)
            row = [changed.get(name, old) for name, old in zip(self._columns, known.row, strict=True)]
            known.row, known.changed, known.advanced = tuple(row), None, None
        return known.row
