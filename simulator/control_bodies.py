"""What a hand can do to a module's readers: take the card out, put it in, freeze them, record USB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, Field

from reference.runtime.duration import Duration
from simulator.rack import Slot
from simulator.settings import SettingsError
from simulator.shells.body import Body, ReaderBody
from simulator.shells.usb_bench import UsbBench
from simulator.which import Which

Row: TypeAlias = tuple[str, str, type[BaseModel], Callable[[Any], Mapping[str, Any] | None]]
CAPTURE_PATH: Final = "/usb.pcapng"


class Freeze(Which):
    """For how long."""

    seconds: Annotated[Duration, Field(gt=0)] = Field(
        description="lab time in which it hears and says nothing"
    )


class CaptureSwitch(BaseModel):
    """On or off."""

    on: bool = Field(default=True, description="true starts a new capture, false ends the one that runs")


class ReaderHands:
    """Operations on the bodies that are readers. `do` runs something in the loop that serves them."""

    def __init__(
        self,
        do: Callable[[Callable[[], Any]], Any],
        slot: Callable[[Which], Slot],
        bodies: Sequence[Body],
        usb: UsbBench | None,
    ) -> None:
        self._do = do
        self._slot = slot
        self._bodies = bodies
        self._usb = usb

    def rows(self) -> tuple[Row, ...]:
        """Name, text, model and hand of each operation."""
        return (
            ("card-remove", "Take the card out of its readers", Which, self._remove),
            ("card-insert", "Put the card back in", Which, self._insert),
            ("reader-freeze", "Let the readers hear and say nothing for a while", Freeze, self._freeze),
            (
                "usb-capture",
                f"Record the USB cables; GET {CAPTURE_PATH} gives it",
                CaptureSwitch,
                self._capture,
            ),
        )

    def capture(self) -> bytes:
        """The capture that runs or ran last, b"" when there is none in memory."""
        usb = self._usb
        return self._do(lambda: usb.captured()) if usb is not None else b""

    def _remove(self, body: Which) -> None:
        def remove() -> None:
            for one in self._readers(body):
                one.reader.remove(_place(one))

        self._do(remove)

    def _insert(self, body: Which) -> None:
        def insert() -> None:
            for one in self._readers(body):
                one.reader.insert(_place(one))

        self._do(insert)

    def _freeze(self, body: Freeze) -> None:
        def freeze() -> None:
            for one in self._readers(body):
                one.reader.freeze(body.seconds)

        self._do(freeze)

    def _capture(self, body: CaptureSwitch) -> dict[str, Any]:
        usb = self._usb
        if usb is None:
            raise SettingsError("on", "body", "no module is on USB here: start with --usbip-port")
        capture = self._do(lambda: usb.capture(on=body.on))
        if capture is None:
            raise SettingsError("on", "running", "no capture runs")
        return {"packets": capture.packets, "full": capture.full, "get": CAPTURE_PATH}

    def _readers(self, which: Which) -> list[ReaderBody]:
        slot = self._slot(which)
        found = [one for one in self._bodies if one.slot is slot and isinstance(one, ReaderBody)]
        if not found:
            raise SettingsError("index", "body", f"{slot.terminal} sits in no reader here")
        return found


def _place(body: ReaderBody) -> int:
    return [icc.slot for icc in body.reader.iccs].index(body.slot)
