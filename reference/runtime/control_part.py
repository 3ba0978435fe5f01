"""What a part of the lab must offer so that the control API can be put around it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic


@dataclass(frozen=True, slots=True)
class Operation:
    """Something a person can do to a part: `run` gets a checked `model` and gives JSON-ready values, or None.

    `run` refuses by raising ControlError, or ValueError with a text for the person.
    """

    description: str
    model: type[pydantic.BaseModel]
    run: Callable[[Any], Mapping[str, Any] | None]


class Part(ABC):
    """A part of the lab as the control API sees it. Refusals are ControlError or ValueError.

    Calls come from several threads; snapshot, restore and reset never run side by side.
    """

    name: str

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything worth seeing, ready for JSON (bytes become hex); no secrets."""

    @abstractmethod
    def snapshot(self, folder: Path) -> None:
        """Write the whole durable state into the empty `folder`."""

    @abstractmethod
    def restore(self, folder: Path) -> None:
        """Become exactly what `snapshot` wrote into `folder`."""

    @abstractmethod
    def reset(self, settings: dict[str, Any]) -> None:
        """Start afresh with `settings`; unknown settings are refused."""

    def operations(self) -> dict[str, Operation]:
        """The part's own operations by name."""
        return {}
