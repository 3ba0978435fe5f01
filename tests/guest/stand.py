"""One emulated reader in a process of its own, and a guest that its cable leads to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from conformance.control_client import ControlClient
from conformance.lab_process import PartProcess
from tests.waiting import eventually
from tools.guest.errors import GuestError, GuestUnavailable
from tools.guest.images import Image, Recipe, build
from tools.guest.init import server_address
from tools.guest.machine import Guest, require_programs

PATIENCE = 180.0
"""Real seconds: a guest boots and enumerates under emulation, beside whatever else the machine does."""
TERMINAL = "ZZ000000000417"
BUS_ID = "1-1"

OLDER_CCID = "(Warning: Only accurate for version 1.0)"
"""lsusb knows CCID 1.0 and says so of every reader of 1.1; the class descriptor is the same in both."""
COMPLAINTS = ("warning", "can't", "couldn't", "cannot", "unrecognized", "junk", "invalid", "illegal", "bad ")
"""What lsusb says, in lower case, of descriptors that it finds fault with."""


_STORY = (
    "for each in /tmp/*.log; do echo == $each; tail -n 40 $each; done;"
    " echo == cables; grep -v ' 004 ' /sys/devices/platform/vhci_hcd.0/status; ls /sys/bus/usb/drivers/usbfs;"
    " echo == kernel; dmesg | tail -n 20"
)


class Stand:
    """The simulator (`control`, `addresses`) and the guest, whose kernel has the reader at `BUS_ID`."""

    def __init__(
        self, guest: Guest, control: ControlClient, addresses: dict[str, str], capture: Path
    ) -> None:
        self.guest = guest
        self.control = control
        self.addresses = addresses
        self.capture = capture

    def attach(self, bus_id: str = BUS_ID) -> None:
        """Plug the cable into the guest, and wait until its kernel has the device."""
        before = self.guest.kernel_log().count("SerialNumber: ")
        self.guest.check(f"usbip attach -r {server_address()} -b {bus_id}")
        eventually(lambda: self.guest.kernel_log().count("SerialNumber: ") > before, PATIENCE)

    def sysfs(self, name: str) -> str:
        """One file of the device in the guest's /sys."""
        (line,) = self.guest.check(f"cat /sys/bus/usb/devices/1-1/{name}")
        return line

    def guest_file(self, name: str) -> str:
        """A text in the guest, empty when it is not there yet."""
        return self.guest.run(f"cat {name} 2>/dev/null").text


def story(guest: Guest) -> str:
    """What the guest's programs and its kernel said last, and what hangs on its cables."""
    try:
        return guest.run(_STORY).text
    except GuestError as error:
        return str(error)


@contextmanager
def telling(guest: Guest) -> Iterator[None]:
    """For what fails while a fixture sets its guest up: later nobody can ask the guest any more."""
    try:
        yield
    except Exception as error:
        error.add_note(story(guest))
        raise


def image_or_skip(recipe: Recipe) -> Image:
    """The image to boot; a skip with its reason where there can be none."""
    try:
        require_programs()
        return build(recipe)
    except GuestUnavailable as reason:
        pytest.skip(f"no guest: {reason}")


@contextmanager
def stand(recipe: Recipe, folder: Path) -> Iterator[Stand]:
    """Skips, with its reason, where this machine cannot run a guest."""
    image = image_or_skip(recipe)
    capture = folder / "usb.pcapng"
    words = [
        *("--dir", str(folder / "module"), "--port", "0", "--control-port", "0", "--seed", "7"),
        *("--terminal", TERMINAL, "--usbip-port", "0", "--usb-capture", str(capture)),
    ]
    with ExitStack() as open_things:
        simulator = PartProcess("module", "simulator", words, os.environ, folder / "simulator.log")
        open_things.callback(simulator.end, PATIENCE)
        addresses = simulator.ready(PATIENCE)
        control = open_things.enter_context(ControlClient(addresses["control"]))
        guest = open_things.enter_context(Guest(image, addresses["usbip"]))
        open_things.enter_context(telling(guest))
        yield Stand(guest, control, addresses, capture)
