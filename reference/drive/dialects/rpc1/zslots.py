"""Generation 1's numbering of Z-reports: there is always a current slot (uz-fiscal §3.6 G1-Z-01, G1-Z-02)."""

from __future__ import annotations

from dataclasses import dataclass

from reference.drive.dialects.rpc1.codes import card_code
from reference.links.errors import StatusWordError
from reference.links.module import ModuleSession
from reference.protocol.uz.apdu import StatusWord
from reference.protocol.uz.objects import ZReportInfo
from reference.protocol.uz.values import MAX_SHORT

MOST_LISTED = 16
"""Unacknowledged Z-reports a module names at once (uz-fiscal FM-I-05)."""
_COUNT = (0x05,)
_CLOSED = (0x03,)
_ACKNOWLEDGED = (0x03, 0x07)


@dataclass(frozen=True, slots=True)
class ZSlots:
    """`opened` Z-reports ever, the last of them open or not."""

    opened: int
    is_open: bool

    @property
    def count(self) -> int:
        """Slots with the current one, which is empty while no Z is open."""
        return self.opened if self.is_open else self.opened + 1

    @property
    def closed(self) -> int:
        """Z-reports closed ever."""
        return self.count - 1

    def ordinal(self, number: int) -> int:
        """Slot of a Number that counts back from the current one, 0; 36902 when there is none (G1-Z-03)."""
        if not 0 <= number < self.count:
            raise card_code("ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS")
        return self.count - number

    def check(self, ordinal: int) -> int:
        """An ordinal that exists, 1 the first ever; 36902 for any other (G1-Z-03)."""
        if not 1 <= ordinal <= self.count:
            raise card_code("ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS")
        return ordinal

    def index(self, ordinal: int) -> int | None:
        """The module's reverse index of a slot, None for the empty current one."""
        return self.opened - ordinal if ordinal <= self.opened else None


def read_slots(session: ModuleSession) -> ZSlots:
    """The slots of a module."""
    opened = session.get_fiscal_memory_info(_COUNT).zreports_count or 0
    is_open = opened > 0 and session.get_zreport_info(0, _CLOSED).close_time is None
    return ZSlots(opened, is_open)


def read_slot(session: ModuleSession, slots: ZSlots, ordinal: int) -> ZReportInfo:
    """What stands in a slot; the empty current one has no times and no sums."""
    index = slots.index(ordinal)
    if index is None:
        return ZReportInfo()
    if index > MAX_SHORT:
        raise card_code("ERROR_ZREPORT_INDEX_OUT_OF_BOUNDS")
    return session.get_zreport_info(index)


def unacknowledged(session: ModuleSession, slots: ZSlots) -> list[int]:
    """Ordinals of closed Z-reports without the operator's acknowledgement, oldest first."""
    listed = session.get_unack_zreports()
    if len(listed) >= MOST_LISTED:  # there may be more than a module names
        listed = [index for index in range(min(slots.opened, MAX_SHORT + 1)) if _waits(session, index)]
    return sorted(slots.opened - index for index in listed if index or not slots.is_open)


def _waits(session: ModuleSession, index: int) -> bool:
    try:
        info = session.get_zreport_info(index, _ACKNOWLEDGED)
    except StatusWordError as error:
        if error.sw == StatusWord.NOT_FOUND:
            return False
        raise
    return info.close_time is not None and info.acknowledged is None
