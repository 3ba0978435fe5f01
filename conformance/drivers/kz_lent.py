"""A register that the owner of an operator lends the judge: it goes on where the last case ended.

Without a control API nothing can be made anew, so the judge closes whatever shift is open, and its books
begin with the Z of that (kz-ofd §8, §9). What the operator shows of its own decisions on the way is followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from conformance.models.kz_money import Carried
from conformance.verdicts import AnswerMissing, Inconclusive, NotApplicable
from reference.protocol.kz.reports import PlacementRow, ReportData

if TYPE_CHECKING:
    from conformance.drivers.kz_device import Device
    from conformance.drivers.kz_operator import Answer

WITHDRAWAL: Final = 1
_SAME_NUMBER: Final = (8, 9)
_NO_SHIFT: Final = 13


@dataclass(slots=True)
class Lent:
    """What the judge remembers of a register from case to case. `keeps`: whether connections are kept."""

    id: int
    token: int
    rnm: str
    serial: str
    reqnum: int = 0
    keeps: bool | None = None

    def remember(self, device: Device) -> None:
        """The register stands here now."""
        self.token, self.reqnum = device.token, device.reqnum


_KNOWN: dict[tuple[str, int, int], Lent] = {}
"""By endpoint, ID and the token that was given: a token given anew starts anew."""


def lent_register(endpoint: str, options: Mapping[str, str]) -> Lent:
    """The register of a target's options; NotApplicable when they name none."""
    number, token = _number(options, "device"), _number(options, "device-token")
    made = Lent(number, token, options.get("rnm", ""), options.get("serial", ""))
    return _KNOWN.setdefault((endpoint, number, token), made)


def take_over(device: Device) -> None:
    """Close the open shift, the whole cash withdrawn, and begin the books with its Z."""
    answer = _closed(device)
    if answer.code in _SAME_NUMBER:  # the last document had this REQNUM by chance
        answer = _closed(device)
    if answer.code == _NO_SHIFT:  # it may not close a shift that is not open: open one
        device.ask(device.deposit(1))
        answer = _closed(device)
    if not answer.ok:
        raise Inconclusive(f"the register {device.id} cannot be used: code {answer.code} {answer.text}")
    device.books.begin(Carried.of(answer.report))


def keeps_connections(device: Device) -> bool:
    """Whether the operator serves a second request on a connection (TR-06)."""
    frames = [device.frame(b"\x08\x00", reqnum=device.next_reqnum()) for _ in range(2)]
    with device.ofd.connect() as wire:
        for frame in frames:
            try:
                wire.send(frame)
                if not device.ofd.receive(wire, frame):
                    return False
            except AnswerMissing:
                return False
    return True


def own_z(report: ReportData, time: datetime) -> ReportData:
    """The Z that closes the shift of an X at `time` with the whole cash withdrawn (kz-ofd §8.2)."""
    rows = {row.operation: row for row in report.placements}
    if report.cash:
        old = rows.get(WITHDRAWAL, PlacementRow(WITHDRAWAL, 0, 0, 0))
        rows[WITHDRAWAL] = replace(
            old, total_count=old.total_count + 1, count=old.count + 1, sum=old.sum + report.cash
        )
    placements = tuple(row for _, row in sorted(rows.items()))
    return replace(report, time=time, closed=time, cash=0, placements=placements, checksum="")


def _closed(device: Device) -> Answer:
    asked = device.ask(device.asking(1))
    document = device.closing(withdraw=True)
    if asked.ok and document.time is not None:
        document = replace(document, report=own_z(asked.report, document.time))
    return device.ask(document)


def _number(options: Mapping[str, str], name: str) -> int:
    text = options.get(name, "")
    if not text.isdecimal():
        raise NotApplicable(f"no register to work with: give the target {name}=NUMBER, or control=URL")
    return int(text)
