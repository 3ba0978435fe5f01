"""The fault points on a module's cables besides TCP, and what each of them can do (UZ-USB-01, UZ-USB-02).

A USB transfer has three: before the device knows of it, in the middle of its bytes, and when the device has
done its part and the host is not told yet. A card, a frame of the virtual reader and a frame of a serial
reader have one each.
"""

from __future__ import annotations

from typing import Final

SUBMIT: Final = "usb.submit"
TRANSFER: Final = "usb.transfer"
COMPLETE: Final = "usb.complete"
CARD: Final = "card.exchange"
FRAME: Final = "vpcd.frame"
BYTES: Final = "serial.byte"

_URB: Final = "context: endpoint (00, 01, 82, 83), transfer (control, out, in, interrupt), terminal"
_APDU: Final = "context: apdu (hex), command (name), terminal, module (index)"
_BACK: Final = "unplug: for `delay` lab seconds, 0 until `plug`"

CABLE_POINTS: Final[dict[str, str]] = {
    SUBMIT: f"a USB transfer is on its way to the device; {_BACK}; {_URB}",
    TRANSFER: f"half of a USB transfer's bytes have gone; {_BACK}; {_URB}",
    COMPLETE: f"the device has done its part of a USB transfer, the host is not told; {_BACK}; {_URB}",
    CARD: f"a reader is about to let its card work; value before or after; {_BACK}; {_APDU}",
    FRAME: f"the driver of the virtual reader has sent a command; value before or after; {_BACK}; {_APDU}",
    BYTES: f"a serial reader is about to send a frame; {_BACK}; context: frame (hex), terminal, module",
}
CABLE_ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    SUBMIT: ("unplug", "stall", "timeout", "freeze", "delay"),
    TRANSFER: ("unplug", "stall", "short", "babble"),
    COMPLETE: ("unplug", "stall", "timeout", "lost", "duplicate", "delay"),
    CARD: ("unplug", "stall", "short", "babble", "timeout", "duplicate", "lost", "freeze", "delay"),
    FRAME: ("unplug", "stall", "short", "babble", "timeout", "duplicate", "lost", "delay"),
    BYTES: ("unplug", "stall", "short", "babble", "timeout", "duplicate", "lost", "freeze", "delay"),
}
"""What each point can do, beside crash. stall: the endpoint halts, the card is mute, the serial reader asks
for the frame anew; timeout: nothing more is heard of it; lost: it is done, and the answer thrown away."""
