"""The dialog desk: requests that need a person wait here for a key, a file or a no (NL-08, NL-09).

The service's loop asks; the page, from its own threads, answers. Answers laid beforehand by tests come first.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from ofd_mock.pki.key_files import DEFAULT_PASSWORD, OpenedKey
from ofd_mock.signing import outcomes
from ofd_mock.signing.key_stores import ANY, KeyStores, Wanted
from ofd_mock.signing.outcomes import CancelledError, RefusedError

Action = Literal["key", "wrong-password", "cancel", "silent"]
MOST_PRESETS: Final = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """What a page wants of the person: a key to sign with, or only the path of a key file.

    `shown` is the beginning of what will be signed, as far as it is text.
    """

    kind: Literal["key", "file"]
    origin: str
    method: str
    wanted: Wanted = ANY
    shown: str = ""
    language: str = "ru"


@dataclass(frozen=True, slots=True)
class Preset:
    """An answer laid beforehand; `left` None answers every dialog from now on."""

    action: Action
    path: str = ""
    password: str = field(default=DEFAULT_PASSWORD, repr=False)
    left: int | None = 1


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the person chose: a path, and the key in it where a key was asked for."""

    path: str
    key: OpenedKey | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A question on the page, numbered from 1; `language` may still be changed by the person."""

    number: int
    question: Question
    answer: asyncio.Future[Chosen] = field(repr=False, compare=False)


class NoDialogError(ValueError):
    """The dialog that was answered is not open any more."""


class Desk:
    """At most one open dialog. `ask` belongs to the loop, everything else to any thread."""

    def __init__(self, stores: KeyStores, now: Callable[[], datetime]) -> None:
        self.stores = stores
        self._now = now
        self._lock = threading.Lock()
        self._presets: deque[Preset] = deque()
        self._open: Dialog | None = None
        self._silent: Dialog | None = None
        self._numbers = 0

    async def ask(self, question: Question) -> Chosen:
        """What the person, or a preset, answers. CancelledError, RefusedError, or no return while silent."""
        preset = self._next_preset()
        if preset is not None and preset.action != "silent":
            return self._by_preset(question, preset)
        dialog = self._opened(question, visible=preset is None)
        try:
            return await dialog.answer
        finally:
            with self._lock:
                self._forget(dialog)

    @property
    def dialog(self) -> Dialog | None:
        """The open dialog."""
        return self._open

    def choose(self, number: int, path: str, password: str) -> None:
        """Answer the open dialog; NoDialogError, or RefusedError, which leaves it open."""
        dialog = self._current(number)
        if dialog.question.kind == "file":
            self._settle(dialog, Chosen(path))
            return
        self._settle(dialog, self._chosen(dialog.question, path, password))

    def cancel(self, number: int) -> None:
        """Close the open dialog without a choice; NoDialogError."""
        self._settle(self._current(number), None)

    def lay(self, preset: Preset) -> None:
        """Lay an answer behind those laid before; ValueError when there are too many."""
        with self._lock:
            if len(self._presets) >= MOST_PRESETS:
                raise ValueError(f"times: at most {MOST_PRESETS} answers wait at a time")
            self._presets.append(preset)

    def presets(self) -> list[Preset]:
        """Answers that wait, first to come first."""
        with self._lock:
            return list(self._presets)

    def clear(self) -> None:
        """Take every laid answer back, and close what is open as cancelled."""
        with self._lock:
            self._presets.clear()
            waiting = [dialog for dialog in (self._open, self._silent) if dialog is not None]
        for dialog in waiting:
            self._settle(dialog, None)

    def _by_preset(self, question: Question, preset: Preset) -> Chosen:
        if preset.action == "cancel":
            raise CancelledError
        if preset.action == "wrong-password":
            raise RefusedError(outcomes.WRONG_PASSWORD, "password")
        if question.kind == "file":
            return Chosen(preset.path)
        return self._chosen(question, preset.path, preset.password)

    def _chosen(self, question: Question, path: str, password: str) -> Chosen:
        key = self.stores.open(path, password)
        self.stores.require(key, question.wanted, self._now())
        return Chosen(path, key)

    def _next_preset(self) -> Preset | None:
        with self._lock:
            if not self._presets:
                return None
            first = self._presets[0]
            if first.left is None:
                return first
            self._presets.popleft()
            if first.left > 1:
                rest = Preset(first.action, first.path, first.password, first.left - 1)
                self._presets.appendleft(rest)
            return first

    def _opened(self, question: Question, *, visible: bool) -> Dialog:
        with self._lock:
            self._numbers += 1
            answer: asyncio.Future[Chosen] = asyncio.get_running_loop().create_future()
            dialog = Dialog(self._numbers, question, answer)
            if visible:
                self._open = dialog
            else:
                self._silent = dialog
        return dialog

    def _current(self, number: int) -> Dialog:
        dialog = self._open
        if dialog is None or dialog.number != number:
            raise NoDialogError("this dialog is not open any more")
        return dialog

    def _forget(self, dialog: Dialog) -> None:
        if self._open is dialog:
            self._open = None
        if self._silent is dialog:
            self._silent = None

    def _settle(self, dialog: Dialog, chosen: Chosen | None) -> None:
        def settle() -> None:
            if dialog.answer.done():
                return
            if chosen is None:
                dialog.answer.set_exception(CancelledError())
            else:
                dialog.answer.set_result(chosen)

        with self._lock:
            self._forget(dialog)
        dialog.answer.get_loop().call_soon_threadsafe(settle)
