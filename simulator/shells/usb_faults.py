"""What fault rules do to USB transfers: the cable pulled before, inside and after one, and everything a bad
cable or a bad chip does besides (fault points `usb.submit`, `usb.transfer`, `usb.complete`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from reference.protocol.usb.usbip import Errno
from reference.runtime.faults import FaultPoints, FaultRule
from simulator.cable_points import COMPLETE, SUBMIT, TRANSFER
from simulator.exchanges import Exchanges
from simulator.shells.urb import Urb
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, INTERRUPT_IN

_KINDS: Final = {0x00: "control", 0x80: "control", BULK_OUT: "out", BULK_IN: "in", INTERRUPT_IN: "interrupt"}


class Pulled(Protocol):
    """What the rules need of a device."""

    def unplug(self) -> None:
        """Pull it out."""

    def plug(self) -> None:
        """Put it back in."""

    def halt(self, endpoint: int) -> None:
        """Stall an endpoint."""

    def freeze(self, seconds: float | None) -> None:
        """Let the reader hear and say nothing."""

    def finish(self, urb: Urb, status: int, data: bytes | None = None, actual: int = 0) -> None:
        """End a transfer."""


class UsbFaults:
    """The rules of one device. `held` are transfers that only the host ends, or the plug being pulled."""

    def __init__(self, device: Pulled, exchanges: Exchanges, terminal: str) -> None:
        self._device = device
        self._exchanges = exchanges
        self.terminal = terminal
        self.held: list[Urb] = []

    @property
    def _points(self) -> FaultPoints:
        return self._exchanges.faults

    def before(self, urb: Urb, go_on: Callable[[Urb], None]) -> bool:
        """A transfer begins; True when a rule has taken it over."""
        rule = self._rule(SUBMIT, urb)
        if rule is None:
            return False
        match rule.action:
            case "unplug":
                self._device.finish(urb, -Errno.ENODEV)
                self.pull(rule)
            case "stall":
                self._device.halt(urb.endpoint)
                self._device.finish(urb, -Errno.EPIPE)
            case "freeze":
                self._device.freeze(rule.delay or None)
                return False
            case "delay":
                self.hold(urb, rule, lambda: go_on(urb))
            case _:
                self.held.append(urb)
        return True

    def inside(self, urb: Urb, data: bytes) -> bytes | None:
        """The bytes of a transfer that pass; None when a rule has ended it (`timeout`: not even that)."""
        rule = self._rule(TRANSFER, urb)
        if rule is None:
            return data
        match rule.action:
            case "short":
                return data[: len(data) // 2]
            case "stall":
                self._device.halt(urb.endpoint)
                self._device.finish(urb, -Errno.EPIPE)
            case "babble":
                self._device.finish(urb, -Errno.EOVERFLOW)
            case _:
                self._device.finish(urb, -Errno.ESHUTDOWN, actual=0 if urb.inward else len(data) // 2)
                self.pull(rule)
        return None

    def after(self, urb: Urb) -> FaultRule | None:
        """What is to happen when the device has done its part."""
        return self._rule(COMPLETE, urb)

    def hold(self, urb: Urb, rule: FaultRule, then: Callable[[], None]) -> None:
        """Go on after the rule's lab seconds, unless the transfer was ended from outside by then."""
        self.held.append(urb)

        def go_on() -> None:
            if urb in self.held:
                self.held.remove(urb)
                then()

        self._exchanges.after(rule.delay, go_on)

    def pull(self, rule: FaultRule) -> None:
        """Pull the cable, for as long as the rule says."""
        self._device.unplug()
        if rule.delay:
            self._exchanges.after(rule.delay, self._device.plug)

    def drop(self, status: int) -> None:
        """End what is held: the device has lost its power or was reset."""
        held, self.held = self.held, []
        for urb in held:
            self._device.finish(urb, status)

    def _rule(self, point: str, urb: Urb) -> FaultRule | None:
        if not self._points.armed(point):
            return None
        endpoint = f"{urb.endpoint:02x}"
        kind = _KINDS.get(urb.endpoint, endpoint)
        return self._points.hit(point, endpoint=endpoint, transfer=kind, terminal=self.terminal)
