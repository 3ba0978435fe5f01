"""What stands in for a target that is only a recording: link, stream, control API, clock, processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from conformance.control_client import Json, RefusedError, UnreachableError
from conformance.controls import CLOCK_READING, Control, LabTime, Processes
from conformance.drivers.wire import OwnDial, Stream, Tap
from conformance.events import Direction, Layer
from conformance.replay.recording import Recording
from reference.links.address import Endpoint
from reference.links.errors import LinkLost, NoModule
from reference.runtime.clock import LabClock

Playing = Callable[[], Recording | None]
"""The recording of the case that is judged, None between cases."""

REFUSAL: Final = {"status", "error"}


class PlayedLink:
    """A link whose module answers as it did then."""

    def __init__(self, playing: Playing) -> None:
        self._playing = playing

    @property
    def name(self) -> str:
        """What a person calls it."""
        return "the recording"

    def open(self) -> bytes:
        """The answer to reset of then; NoModule where none came."""
        recording = self._playing()
        if recording is None or recording.refused(Layer.LINK):
            raise NoModule("nobody answered then either")
        came = recording.take_arrived(Layer.LINK)
        while came is not None and came.direction is Direction.CLOSED:
            came = recording.take_arrived(Layer.LINK)
        if came is None:
            recording.lack("has no power-up here")
            raise NoModule(recording.missing)
        return came.raw

    def transmit(self, command: bytes) -> bytes:
        """The answer of then; LinkLost where none came."""
        recording = self._playing()
        came = None if recording is None else recording.answer(Layer.APDU, command)
        if came is None:
            raise LinkLost("no answer came then either")
        return came.raw

    def close(self) -> None:
        """Power down."""
        recording = self._playing()
        if recording is not None:
            recording.hung_up(Layer.LINK)


class PlayedStream:
    """A connection whose peer says what it said then; silence needs no waiting."""

    def __init__(self, recording: Recording, layer: Layer) -> None:
        self._recording = recording
        self._layer = layer
        self._left = b""

    def settimeout(self, value: float | None, /) -> None:
        """Nothing is waited for."""

    def sendall(self, data: bytes, /) -> None:
        """The wire has told the recording already."""

    def setsockopt(self, level: int, optname: int, value: bytes, /) -> None:
        """There is no socket to set anything on."""

    def shutdown(self, how: int, /) -> None:
        """The recording knows what came of it."""

    def recv(self, bufsize: int, /) -> bytes:
        """Bytes of then, none where the peer closed, TimeoutError where it kept silent."""
        if not self._left:
            came = self._recording.take_arrived(self._layer)
            if came is None:
                raise TimeoutError
            self._left = came.raw
        piece, self._left = self._left[:bufsize], self._left[bufsize:]
        return piece

    def close(self) -> None:
        """Hang up."""
        self._recording.hung_up(self._layer)


class PlayedEndpoint(OwnDial):
    """The address of the player of HTTP answers, whose bare connections are played too."""

    __slots__ = ("_layer", "_playing")
    _layer: Layer
    _playing: Playing

    def __init__(self, place: Endpoint, layer: Layer, playing: Playing) -> None:
        super().__init__(place.host, place.port)
        object.__setattr__(self, "_layer", layer)
        object.__setattr__(self, "_playing", playing)

    def dial(self) -> Stream:
        """A connection of then; OSError where nobody let us in."""
        recording = self._playing()
        if recording is None or recording.refused(self._layer):
            raise ConnectionRefusedError("nobody let us in then either")
        return PlayedStream(recording, self._layer)


class PlayedControl(Control):
    """A control API that answers, and refuses, as it did then. Between cases it does nothing."""

    def __init__(self, url: str, tap: Tap, playing: Playing) -> None:
        super().__init__(url, None, tap)
        self._playing = playing

    def _ask(self, method: str, path: str, body: object | None = None) -> Json:
        recording = self._playing()
        if recording is None:
            return {}
        text = f"{method} {self.url}/control/{path}"
        sent = (f"{text} {json.dumps(body)}" if body is not None else text).encode()
        self._tap(Layer.CONTROL, Direction.SENT, sent)
        came = recording.answer(Layer.CONTROL, sent)
        if came is None:
            recording.lack(f"does not tell how this was refused: {text}")
        if came is None or came.direction is Direction.CLOSED:
            self._tap(Layer.CONTROL, Direction.CLOSED, b"", sent)
            raise UnreachableError(f"no answer came from {self.url} then either")
        self._tap(Layer.CONTROL, Direction.RECEIVED, came.raw, sent)
        answer: Json = json.loads(came.raw)
        if set(answer) == REFUSAL and isinstance(answer["error"], dict):
            error: dict[str, Any] = answer["error"]
            raise RefusedError(
                int(answer["status"]), *(str(error.get(name, "")) for name in ("field", "rule", "text"))
            )
        return answer


class PlayedTime(LabTime):
    """Lab time as it was read then; where that was not written down, the time of the last exchange."""

    def __init__(
        self, own: LabClock, control: Callable[[], Control | None], playing: Playing, tap: Tap
    ) -> None:
        super().__init__(own, control, tap=tap)
        self._playing = playing
        self._last_control = control

    def now(self) -> datetime:
        """Lab time of then."""
        recording = self._playing()
        if recording is None:
            return super().now()
        read = recording.reading(CLOCK_READING)
        if read is not None:
            self._tap(Layer.CONTROL, Direction.RECEIVED, read, CLOCK_READING)
            return datetime.fromisoformat(read.decode())
        control = self._last_control()
        if control is not None and recording.asks_for_time():
            return datetime.fromisoformat(control.clock()["now"])
        return datetime.fromisoformat(recording.lab_time)

    def _rate_now(self, control: Control) -> float:
        """The rate of then; in a lab of its own the judge asked nobody, and nothing is put back here."""
        recording = self._playing()
        if recording is None or recording.asks_for_time():
            return super()._rate_now(control)
        return 1.0


class PlayedProcesses(Processes):
    """Processes that were killed and started then; no lab stands behind them."""

    def __init__(self, tap: Tap, playing: Playing) -> None:
        self._tap = tap
        self._playing = playing

    def kill(self, part: str) -> None:
        """kill -9 of then."""
        self._done(f"kill -9 {part}")

    def restart(self, part: str, *extra: str) -> None:
        """The start of then."""
        self._done(" ".join(("restart", part, *extra)))

    def alive(self, part: str) -> bool:
        """Whether it ran then."""
        recording = self._playing()
        read = None if recording is None else recording.reading(f"alive {part}".encode())
        if read is None:
            if recording is not None:
                recording.lack(f"does not tell whether the {part} ran")
            return True
        self._tap(Layer.CONTROL, Direction.RECEIVED, read, f"alive {part}".encode())
        return read == b"yes"

    def _done(self, text: str) -> None:
        recording = self._playing()
        if recording is not None:
            recording.tell(Layer.CONTROL, text.encode())
