"""Every error the Kazakh protocol modules raise.

KzError
├── FrameError   bytes that end a connection silently; carries the rule and the frames that came before
├── BodyError    a frame's body is no protobuf message; the answer is result code 3 (kz-ofd FR-10)
├── RangeError   a value that no message can hold; says which field
└── AddressError a text that is no QR address (kz-ofd §13.3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference.protocol.kz.frames import Frame


class KzError(Exception):
    """Root of all errors of the Kazakh fiscal protocol."""


class FrameError(KzError):
    """The bytes are no frames: close without an answer. `reason` is FR-03, FR-04 or FR-05 of kz-ofd §2.3.

    `frames` holds what was complete before the fault and still deserves its answers.
    """

    def __init__(self, text: str, *, reason: str, frames: tuple[Frame, ...] = ()) -> None:
        self.text = text
        self.reason = reason
        self.frames = frames
        super().__init__(f"{text} (kz-ofd {reason})")


class BodyError(KzError):
    """A frame's body cannot be parsed: answer 3 with COMMAND_SYSTEM (kz-ofd FR-10)."""

    code = 3
    clause = "FR-10"


class RangeError(KzError):
    """A value does not fit the field it is meant for (kz-ofd §2.4); `field` names it."""

    def __init__(self, text: str, *, field: str = "", clause: str = "§2.4") -> None:
        self.text = text
        self.field = field
        self.clause = clause
        super().__init__(f"{field}: {text} (kz-ofd {clause})" if field else f"{text} (kz-ofd {clause})")


class AddressError(KzError):
    """A text is no QR address; `field` names the part that is missing or wrong (kz-ofd §13.3)."""

    def __init__(self, text: str, *, field: str) -> None:
        self.text = text
        self.field = field
        super().__init__(f"{field}: {text} (kz-ofd §13.3)")
