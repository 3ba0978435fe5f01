"""The step between verification and answer: a request goes to the ledger, and what it says comes back."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol

from ofd_mock.uz.registry import Registry
from ofd_mock.uz.values import Settlement, Submission


class Store(Protocol):
    """Where requests are settled, as far as the event loop sees it."""

    @property
    def registry(self) -> Registry:
        """The operator's decisions about modules, as of the last transaction."""

    @property
    def time(self) -> datetime:
        """The operator's Tashkent time."""

    def settle(self, submission: Submission) -> Awaitable[Settlement]:
        """Store a request; done when its transaction is committed."""

    def settle_later(self, submission: Submission, seconds: float) -> None:
        """Store a request some lab seconds from now."""


async def store_then_answer(store: Store, submission: Submission) -> Settlement:
    """Nothing is acknowledged before it is stored durably (OF-25)."""
    return await store.settle(submission)
