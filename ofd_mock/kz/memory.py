"""What a ledger's writing side remembers of devices, so that few of them need be read again.

Nothing here is a truth of its own. A device is taken from memory only if its row is the one last seen:
because it was read again and is equal, or because nobody can have written since (`Memory.stamp`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from ofd_mock.kz.registry import LaterTicket, Row, changing, from_row
from ofd_mock.kz.values import Device

MOST_LATER: Final = 32
"""Tickets of a device after which its row is written; who reads it goes on with the fewer behind it."""


LastSeen = tuple[str, bytes]
"""Fiscal sign and request of a device's last document: what it is recognised by."""
NO_DOCUMENT: Final[LastSeen] = ("", b"")


class Known:
    """A device with its row as it was read, and the columns written since.

    `written`: the number of the document that the row is as of. `last`: the last document of all. `latest`:
    number and time of the last of its documents that is no stray, whose time is the latest of all, 0 and
    empty without any; `printed`: the highest printed number of those of that time. `room`: by how many tiyn
    all figures together may grow at least. None: not known.
    """

    __slots__ = ("changed", "device", "last", "latest", "printed", "room", "row", "written")

    def __init__(self, row: tuple[Any, ...], device: Device, written: int, last: LastSeen) -> None:
        self.row = row
        self.device = device
        self.written = written
        self.last: LastSeen | None = last
        self.latest: tuple[int, str] | None = None if device.documents else (0, "")
        self.printed: int | None = None if device.documents else 0
        self.room: int | None = None
        self.changed: dict[str, Any] | None = None


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

    def read(
        self, row: tuple[Any, ...], last: LastSeen, later: Callable[[Row], Iterable[LaterTicket]]
    ) -> Device:
        """The device of a row just read, whose values stand in the order of the columns; `last` is its last
        document now.
        """
        known = self._known.get(row[0])
        if known is not None and known.last == last and self._row(known) == row:
            return known.device
        named = dict(zip(self._columns, row, strict=True))
        device = from_row(named, later(named))
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[device.id] = Known(row, device, named["documents"], last)
        return device

    def whole(self, device: Device) -> dict[str, Any]:
        """The columns to write of a device; it is known so from now on."""
        changed = changing(device)
        known = self._known.get(device.id)
        if known is not None:
            known.device, known.written = device, device.documents
            known.changed, known.room = changed, None
        return changed

    def may_lag(self, device: Device) -> bool:
        """Whether the row of a device that took nothing but plain tickets need not be written yet; the device
        is known so from now on.
        """
        known = self._known.get(device.id)
        if known is None or device.documents - known.written >= MOST_LATER:
            return False
        if device.state is not known.device.state:
            return False
        known.device = device
        return True

    def doubt(self, ids: Iterable[int]) -> None:
        """Have devices read again whose documents were not stored after all."""
        for device_id in ids:
            if (known := self._known.get(device_id)) is not None:
                known.last = known.latest = known.printed = known.room = None

    def forget(self) -> None:
        """Know nothing any more."""
        self._known.clear()
        self.stamp = None

    def _row(self, known: Known) -> tuple[Any, ...]:
        """The row as it must be now."""
        if known.changed is not None:
            changed = known.changed
            row = [changed.get(name, old) for name, old in zip(self._columns, known.row, strict=True)]
            known.row, known.changed = tuple(row), None
        return known.row
