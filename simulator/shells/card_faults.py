"""What fault rules do to a card at work, whatever reader it lies in (fault points `card.exchange`, and
`vpcd.frame` for the virtual reader)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from reference.runtime.faults import FaultRule
from simulator.exchanges import Done, Exchanges
from simulator.rack import Slot


class Hands(Protocol):
    """What can be done to the place in which the card lies."""

    def take_out(self) -> None:
        """Pull the card, or the whole reader."""

    def put_back(self) -> None:
        """Put it in again."""

    def freeze(self, seconds: float | None) -> None:
        """Hear and say nothing."""


def disturbed(
    exchanges: Exchanges, slot: Slot, apdu: bytes, done: Done, rule: FaultRule, hands: Hands
) -> None:
    """Carry out a command as the rule lets it; `done` hears what the host may hear of it, None a mute card,
    and is not called at all when there is nothing to hear."""

    def submit(then: Done) -> None:
        exchanges.submit(slot, apdu, then)

    def pull() -> None:
        hands.take_out()
        if rule.delay:
            exchanges.after(rule.delay, hands.put_back)

    match rule.action:
        case "unplug" if rule.value == "after":
            submit(lambda _: pull())
        case "unplug":
            pull()
        case "timeout":
            return
        case "lost":
            submit(_unheard)
        case "freeze":
            hands.freeze(rule.delay or None)
            submit(done)
        case "delay":
            exchanges.later(rule.delay, slot, lambda: submit(done))
        case "stall":
            submit(lambda _: done(None))
        case "duplicate":
            submit(lambda _: submit(done))
        case _:
            submit(_spoilt(rule.action, done))


def _unheard(_answer: bytes | None) -> None:
    """The answer is lost."""


def _spoilt(action: str, done: Done) -> Callable[[bytes | None], None]:
    def give(answer: bytes | None) -> None:
        if answer is None:
            done(None)
        else:
            done(answer[: len(answer) // 2] if action == "short" else answer + answer)

    return give
