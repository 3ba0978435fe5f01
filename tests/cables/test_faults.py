"""What a bad cable does to one registration, on every body: the host asks the module, and never guesses.

Each fault strikes RECEIPT_REGISTER once. Whatever the host heard, the same TotalBlock repeated gives the one
receipt: UZ-USB-02, uz-fiscal FM-R-01.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reference.links.errors import LinkError, LinkLost, LinkTimeout, ModuleError, NoModule
from reference.links.link import Link
from reference.links.module import ModuleSession, module_session
from reference.links.urls import UsbPlace
from reference.links.usb_ccid import UsbCcidLink
from reference.protocol.uz.total_block import TotalBlock
from reference.protocol.uz.values import from_tashkent, to_tashkent
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from simulator.cable_points import CABLE_ACTIONS
from simulator.rack import Slot
from tests.links.bench import bench, local
from tests.simulator.card import START as MADE

START = from_tashkent(MADE + timedelta(hours=1))
FAST = 60.0
"""Lab seconds a real second, so that fifteen of silence pass quickly."""
KEY = UsbPlace(0x1209, 0x4B01)


@dataclass
class Cabled:
    """A module on a cable, and the hands that mend it."""

    link: Link
    faults: FaultPoints
    slot: Slot
    clock: LabClock
    mend: Callable[[], None]

    def now(self) -> datetime:
        return to_tashkent(self.clock.now())

    def number(self) -> int:
        return self.slot.module.state.sequence


@dataclass(frozen=True)
class Fault:
    """A fault and what is to come of it: the error the host meets, and whether the module has registered."""

    point: str
    action: str
    error: type[Exception] | None
    done: bool
    more: dict[str, object] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        match = self.more.get("match", {})
        assert isinstance(match, dict)
        words = [self.point, self.action, *match.values(), str(self.more.get("value", ""))]
        return "-".join(word for word in words if word)


def usb(point: str, transfer: str, action: str, error: type[Exception] | None, done: bool) -> Fault:
    return Fault(f"usb.{point}", action, error, done, {"match": {"transfer": transfer}})


USB = (
    usb("submit", "out", "unplug", LinkLost, False),
    usb("submit", "out", "stall", LinkLost, False),
    usb("submit", "out", "timeout", LinkTimeout, False),
    usb("submit", "out", "freeze", LinkTimeout, False),
    Fault("usb.submit", "delay", None, True, {"match": {"transfer": "out"}, "delay": 2.0}),
    usb("submit", "in", "unplug", LinkLost, True),
    usb("submit", "in", "timeout", None, True),  # the host asks again for what it has not got
    usb("transfer", "out", "unplug", LinkLost, False),
    usb("transfer", "out", "stall", LinkLost, False),
    usb("transfer", "out", "short", LinkLost, False),
    usb("transfer", "out", "babble", LinkLost, False),
    usb("transfer", "in", "unplug", LinkLost, True),
    usb("transfer", "in", "stall", LinkLost, True),
    usb("transfer", "in", "short", LinkLost, True),
    usb("transfer", "in", "babble", LinkLost, True),
    usb("complete", "out", "unplug", LinkLost, True),
    usb("complete", "out", "stall", LinkLost, True),
    usb("complete", "out", "lost", LinkTimeout, True),
    usb("complete", "out", "duplicate", None, True),
    Fault("usb.complete", "delay", None, True, {"match": {"transfer": "out"}, "delay": 2.0}),
    usb("complete", "in", "unplug", None, True),
    usb("complete", "in", "stall", LinkLost, True),
    usb("complete", "in", "timeout", LinkTimeout, True),
    usb("complete", "in", "lost", LinkTimeout, True),
    usb("complete", "in", "duplicate", None, True),
)
CARD = (
    Fault("card.exchange", "unplug", LinkLost, False),
    Fault("card.exchange", "unplug", LinkLost, True, {"value": "after"}),
    Fault("card.exchange", "stall", LinkLost, True),
    Fault("card.exchange", "short", ModuleError, True),
    Fault("card.exchange", "babble", ModuleError, True),
    Fault("card.exchange", "timeout", LinkTimeout, False),
    Fault("card.exchange", "duplicate", None, True),
    Fault("card.exchange", "lost", LinkTimeout, True),
    Fault("card.exchange", "freeze", LinkTimeout, True),
    Fault("card.exchange", "delay", None, True, {"delay": 2.0}),
)
BYTES = (
    Fault("serial.byte", "unplug", LinkLost, True),
    Fault("serial.byte", "stall", None, True),
    Fault("serial.byte", "short", LinkTimeout, True),
    Fault("serial.byte", "babble", None, True),
    Fault("serial.byte", "timeout", LinkTimeout, True),
    Fault("serial.byte", "duplicate", None, True),
    Fault("serial.byte", "lost", LinkTimeout, True),
    Fault("serial.byte", "freeze", LinkTimeout, True),  # before GET RESPONSE
    Fault("serial.byte", "delay", None, True, {"delay": 2.0}),
)
TCP = (
    Fault("apdu.command", "drop", LinkLost, False),
    Fault("apdu.commit", "drop", LinkLost, False),
    Fault("apdu.reply", "drop", LinkLost, True),
    Fault("flash.write", "torn", LinkLost, False),
    Fault("flash.write", "reordered", LinkLost, False),
    Fault("flash.write", "lost-last", LinkLost, False),
)


@contextmanager
def in_process(_folder: Path) -> Iterator[Cabled]:
    lab = LabClock.private(START, rate=FAST)
    backend = local(lab=lab)
    device = backend.devices[0]

    def mend() -> None:
        def hands() -> None:
            device.plug()
            device.reader.thaw()
            device.reader.insert()

        backend.call(hands)

    link = UsbCcidLink(KEY, backend=backend, clock=lab.part("host"))
    slot = device.reader.iccs[0].slot
    try:
        yield Cabled(link, backend.exchanges.faults, slot, lab, mend)
    finally:
        backend.close()


def served(cable: str) -> Callable[[Path], AbstractContextManager[Cabled]]:
    @contextmanager
    def on(folder: Path) -> Iterator[Cabled]:
        lab = LabClock.private(START, rate=FAST)
        with bench(lab=lab, folder=folder, serial=str(folder / "tty")) as made:

            def mend() -> None:
                made.plug()
                for body in made.served.process.bodies:
                    reader = getattr(body, "reader", None)
                    if reader is not None:
                        made.served.call(reader.thaw)
                        made.served.call(reader.insert)

            link = made.link(cable, lab.part("host"))
            yield Cabled(link, made.served.process.faults, made.slot, lab, mend)

    return on


Maker = Callable[[Path], AbstractContextManager[Cabled]]

CABLES: dict[str, Maker] = {
    "usb": in_process,
    "usbip": served("usb"),
    "serial": served("serial"),
    "serial-tcp": served("serial-tcp"),
    "tcp": served("tcp"),
}
CASES = (
    [("usb", fault) for fault in (*USB, *CARD)]
    + [("usbip", fault) for fault in (*USB, *CARD[:2])]
    + [("serial", fault) for fault in (*CARD, *BYTES)]
    + [(cable, fault) for cable in ("serial-tcp", "tcp") for fault in TCP]
)


def block(time: datetime) -> bytes:
    return TotalBlock(bytes(range(32)), 500_000, 0, 53_571, time, 0, 0, 1).encode()


@pytest.mark.parametrize(("cable", "fault"), CASES, ids=[f"{cable}-{fault}" for cable, fault in CASES])
def test_one_fault_one_receipt(cable: str, fault: Fault, tmp_path: Path) -> None:
    with CABLES[cable](tmp_path) as cabled:
        strike(cabled, fault)


def strike(cabled: Cabled, fault: Fault) -> None:
    with module_session(cabled.link) as session:
        session.zreport_open(cabled.now())
    sold = block(cabled.now() + timedelta(seconds=1))
    heard = None
    met: Exception | None = None
    try:
        with module_session(cabled.link) as session:
            cabled.faults.add(point=fault.point, action=fault.action, **fault.more)
            heard = session.receipt_register(sold)
    except (LinkError, ModuleError) as error:
        met = error
    rules = cabled.faults.rules()
    assert [rule.hits for rule in rules] == [1], "the fault has struck, once"
    cabled.faults.clear()
    assert isinstance(met, fault.error) if fault.error else met is None, met
    assert not isinstance(met, NoModule), "that would say nothing was begun"
    assert cabled.number() == int(fault.done)
    cabled.mend()
    with module_session(cabled.link) as session:
        number = asked(session)
        # What a frozen reader has taken in is done when it thaws, unless the host has reset it by then.
        assert number == int(fault.done) or fault.action == "freeze"
        again = session.receipt_register(sold)
        assert asked(session) == 1
    assert heard in (None, again)


def asked(session: ModuleSession) -> int:
    number = session.get_fiscal_memory_info().receipt_seq
    assert number is not None
    return number


def test_every_action_of_every_point_is_tried() -> None:
    tried = {(fault.point, fault.action) for _, fault in CASES}
    there = {(point, action) for point, actions in CABLE_ACTIONS.items() for action in actions}
    elsewhere = {pair for pair in there if pair[0] == "vpcd.frame"}
    assert there - tried == elsewhere, "the frames of vpcd are in test_vpcd_faults"
