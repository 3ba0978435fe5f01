"""Modes of the register: what happens in which mode, as a table (kz-ofd §6.2, §6.3).

Events go in, the next mode and a list of actions come out; sending, printing, storing and waiting are the
register's. `Facts` carries the three things a row may depend on beside mode and event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum
from typing import Final

from reference.protocol.kz.results import Reaction, result_row

MAX_REQNUM: Final = 65535
OFFLINE_LIMIT_HOURS: Final = 72
TRANSACTION_SECONDS: Final = 5
RECONNECT_SECONDS: Final = 60
"""Reference values of kz-ofd §6.1, in lab time."""


class Mode(IntEnum):
    """States of kz-ofd §6.2."""

    START = 0
    ONLINE = 1
    OFFLINE = 2
    OFFLINE_EXPIRED = 3
    QUEUE_BLOCKED = 4
    SERVER_BLOCKED = 5
    TOKEN_INVALID = 6
    HALTED = 7


class Event(Enum):
    """What can happen to a register; answers come from `event_of`."""

    DOCUMENT_ASKED = "document asked"
    ANSWER_OK = "answer 0"
    NO_ANSWER = "no answer, break, 254, 255"
    TIME_OVER = "transaction time over, or answer 7"
    BLOCKED = "answer 15, 18, 19"
    TOKEN_REFUSED = "answer 2"  # noqa: S105  an event
    UNKNOWN_ID = "answer 1"
    SERVICE_NEEDED = "answer 3, 4, 5, 6"
    NUMBER_REFUSED = "answer 8, 9"
    SHIFT_EXPIRED = "answer 11"
    REFUSED = "answer 10, 12, 13, 14, 16, 17"
    LIMIT_PASSED = "72 h over"
    RECONNECT_TIMER = "reconnect timer"
    MESSAGE_REMOVED = "message removed by a person"
    TOKEN_TYPED = "token typed in"  # noqa: S105  an event
    SERVICE_RESET = "service resets"


class Action(Enum):
    """What the register then does, in the order of the row."""

    SEND = "send the document at once"
    FINISH = "the document is done"
    QUEUE = "queue the document at the tail with an autonomous sign"
    REFUSE = "refuse, naming the mode"
    REFUSE_LIMIT = "refuse with the local code for 72 h"
    SHOW_AD = "show the INFO ad"
    SHOW_RESULT = "show the message of the answer"
    DROP = "drop the document"
    REPEAT = "repeat the same packet with the same TOKEN and REQNUM"
    NEW_NUMBER = "take the next REQNUM and try once more"
    CLOSE_SHIFT = "offer to close the shift, then send the document as a new one"
    KEEP_IN_FLIGHT = "keep the packet as in-flight"
    START_CLOCK = "start the offline clock unless it runs"
    CLEAR_CLOCK = "clear the offline clock"
    TAKE_COUNTERS = "take the counters over from this INFO"
    SEND_NEXT = "send in-flight, else the head of the queue"
    SEND_OFFLINE = "send in-flight, else SYSTEM, else the head of the queue"
    SEND_INFO = "send INFO; its counters are taken over while nothing is queued"
    SEND_SYSTEM = "send SYSTEM with service.reg_info"
    WAIT = "wait for the reconnect interval"
    REMOVE_HEAD = "remove the refused message"
    STORE_TOKEN = "store the token"  # noqa: S105  an action


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows may ask: is nothing left to deliver, was INFO ever answered, came this refusal twice."""

    queue_empty: bool = True
    initialised: bool = True
    again: bool = False


NOTHING_SPECIAL: Final = Facts()


@dataclass(frozen=True, slots=True)
class Transition:
    """One cell of kz-ofd §6.3. Conditions None: any."""

    id: str
    mode: Mode
    event: Event
    next: Mode
    actions: tuple[Action, ...] = ()
    queue_empty: bool | None = None
    initialised: bool | None = None
    again: bool | None = None

    def fits(self, facts: Facts) -> bool:
        """Whether the conditions hold."""
        return (
            self.queue_empty in (None, facts.queue_empty)
            and self.initialised in (None, facts.initialised)
            and self.again in (None, facts.again)
        )


_START, _ONLINE, _OFFLINE, _EXPIRED = Mode.START, Mode.ONLINE, Mode.OFFLINE, Mode.OFFLINE_EXPIRED
_QUEUE, _SERVER, _TOKEN, _HALTED = (
    Mode.QUEUE_BLOCKED,
    Mode.SERVER_BLOCKED,
    Mode.TOKEN_INVALID,
    Mode.HALTED,
)
_E, _A = Event, Action
_SENDING: Final = (_START, _ONLINE, _OFFLINE, _EXPIRED, _SERVER)
_FLUSHING: Final = (_OFFLINE, _EXPIRED)


def _document_asked() -> tuple[Transition, ...]:
    refuse = (_A.REFUSE,)
    actions = {
        _START: refuse,
        _ONLINE: (_A.SEND,),
        _OFFLINE: (_A.QUEUE,),
        _EXPIRED: (_A.REFUSE_LIMIT,),
        _QUEUE: refuse,
        _SERVER: (_A.REFUSE, _A.SHOW_AD),
        _TOKEN: refuse,
        _HALTED: refuse,
    }
    return tuple(Transition("MD-01", mode, _E.DOCUMENT_ASKED, mode, done) for mode, done in actions.items())


def _answer_ok() -> tuple[Transition, ...]:
    event, online = _E.ANSWER_OK, (_A.CLEAR_CLOCK, _A.SEND_INFO)
    counters = (_A.CLEAR_CLOCK, _A.TAKE_COUNTERS)
    rows = [
        Transition("MD-02", _START, event, _ONLINE, counters, queue_empty=True),
        Transition("MD-02", _START, event, _OFFLINE, (_A.SEND_NEXT,), queue_empty=False),
        Transition("MD-02", _ONLINE, event, _ONLINE, (_A.FINISH,)),
        Transition("MD-02", _SERVER, event, _ONLINE, online, queue_empty=True),
        Transition("MD-02", _SERVER, event, _OFFLINE, (_A.SEND_NEXT,), queue_empty=False),
    ]
    for mode in _FLUSHING:
        rows.append(Transition("MD-02", mode, event, _ONLINE, online, queue_empty=True))
        rows.append(Transition("MD-02", mode, event, mode, (_A.SEND_NEXT,), queue_empty=False))
    return tuple(rows)


def _no_answer() -> tuple[Transition, ...]:
    event, over = _E.NO_ANSWER, _E.TIME_OVER
    offline = (_A.START_CLOCK, _A.KEEP_IN_FLIGHT, _A.WAIT)
    return (
        Transition("MD-03", _START, event, _START, (_A.REPEAT,)),
        Transition("MD-03", _START, over, _OFFLINE, (_A.START_CLOCK, _A.WAIT), initialised=True),
        Transition("MD-03", _START, over, _START, (_A.WAIT,), initialised=False),
        Transition("MD-03", _ONLINE, event, _ONLINE, (_A.REPEAT,)),
        Transition("MD-03", _ONLINE, over, _OFFLINE, offline),
        *(
            Transition("MD-03", mode, one, mode, (_A.WAIT,))
            for mode in (*_FLUSHING, _SERVER)
            for one in (event, over)
        ),
    )


def _refusals() -> tuple[Transition, ...]:
    shown, halted = (_A.SHOW_RESULT,), (_A.SHOW_RESULT,)
    rows = [Transition("MD-04", mode, _E.BLOCKED, _SERVER, (_A.SHOW_AD, _A.WAIT)) for mode in _SENDING]
    rows += [Transition("MD-05", mode, _E.TOKEN_REFUSED, _TOKEN, shown) for mode in _SENDING]
    rows += [Transition("MD-06", mode, _E.UNKNOWN_ID, _HALTED, halted) for mode in _SENDING]
    for mode in (_START, _ONLINE, _SERVER):
        rows.append(Transition("MD-06", mode, _E.SERVICE_NEEDED, _HALTED, halted))
    for mode in _FLUSHING:
        rows.append(Transition("MD-06", mode, _E.SERVICE_NEEDED, _QUEUE, shown))
    for event in (_E.REFUSED, _E.NUMBER_REFUSED, _E.SHIFT_EXPIRED):
        rows.append(Transition("MD-07", _START, event, _HALTED, halted))
        rows += [Transition("MD-07", mode, event, _QUEUE, shown) for mode in _FLUSHING]
        rows.append(Transition("MD-07", _SERVER, event, _SERVER, (_A.WAIT,)))
    online = _E.NUMBER_REFUSED
    rows += [
        Transition("MD-07", _ONLINE, _E.REFUSED, _ONLINE, (_A.SHOW_RESULT, _A.DROP)),
        Transition("MD-07", _ONLINE, _E.SHIFT_EXPIRED, _ONLINE, (_A.SHOW_RESULT, _A.CLOSE_SHIFT)),
        Transition("MD-07", _ONLINE, online, _ONLINE, (_A.NEW_NUMBER,), again=False),
        Transition("MD-07", _ONLINE, online, _HALTED, (_A.SHOW_RESULT, _A.DROP), again=True),
    ]
    return tuple(rows)


def _others() -> tuple[Transition, ...]:
    timer = _E.RECONNECT_TIMER
    runs_on = (_QUEUE, _SERVER, _TOKEN)
    return (
        Transition("MD-08", _OFFLINE, _E.LIMIT_PASSED, _EXPIRED),
        *(Transition("MD-08", mode, _E.LIMIT_PASSED, mode) for mode in runs_on),
        Transition("MD-09", _START, timer, _START, (_A.SEND_INFO,)),
        *(Transition("MD-09", mode, timer, mode, (_A.SEND_OFFLINE,)) for mode in _FLUSHING),
        Transition("MD-09", _SERVER, timer, _SERVER, (_A.SEND_SYSTEM,)),
        Transition("MD-10", _QUEUE, _E.MESSAGE_REMOVED, _OFFLINE, (_A.REMOVE_HEAD, _A.SEND_NEXT)),
        Transition("MD-11", _TOKEN, _E.TOKEN_TYPED, _START, (_A.STORE_TOKEN, _A.SEND_INFO)),
        Transition("MD-12", _HALTED, _E.SERVICE_RESET, _START, (_A.SEND_INFO,)),
    )


TRANSITIONS: Final[tuple[Transition, ...]] = (
    *_document_asked(),
    *_answer_ok(),
    *_no_answer(),
    *_refusals(),
    *_others(),
)
"""Every cell of kz-ofd §6.3 that is not empty; from a token typed in START's INFO leads on."""

_CELLS: Final = {
    (mode, event): tuple(row for row in TRANSITIONS if row.mode is mode and row.event is event)
    for mode in Mode
    for event in Event
}

_EVENTS: Final = {
    Reaction.DONE: Event.ANSWER_OK,
    Reaction.TOKEN_INVALID: Event.TOKEN_REFUSED,
    Reaction.GO_OFFLINE: Event.TIME_OVER,
    Reaction.NEXT_NUMBER: Event.NUMBER_REFUSED,
    Reaction.CLOSE_SHIFT: Event.SHIFT_EXPIRED,
    Reaction.SHOW: Event.REFUSED,
    Reaction.DROP: Event.REFUSED,
    Reaction.SERVER_BLOCK: Event.BLOCKED,
    Reaction.REPEAT: Event.NO_ANSWER,
}


def step(mode: Mode, event: Event, facts: Facts = NOTHING_SPECIAL) -> Transition | None:
    """Return the row that fits; None where kz-ofd §6.3 has an empty cell and nothing happens."""
    return next((row for row in _CELLS[mode, event] if row.fits(facts)), None)


def event_of(code: int, version: int, *, invalid_token_blocks: bool = True) -> Event:
    """Return the event that an answer's result code is (kz-ofd §5.2).

    `invalid_token_blocks` False: the switch `invalid_token_reaction`=offline, code 2 is a lost line.
    """
    reaction = result_row(code, version).new
    if reaction is Reaction.HALT:
        return Event.UNKNOWN_ID if code == 1 else Event.SERVICE_NEEDED
    event = _EVENTS[reaction]
    if event is Event.TOKEN_REFUSED and not invalid_token_blocks:
        return Event.TIME_OVER
    return event


def next_reqnum(reqnum: int, wrap: int = 0) -> int:
    """Return the REQNUM of the next request; after 65535 it starts at `wrap`, 0 or 1 (kz-ofd TK-4)."""
    return wrap if reqnum >= MAX_REQNUM else reqnum + 1


def offline_expired(
    elapsed: timedelta, limit_hours: float = OFFLINE_LIMIT_HOURS, *, inclusive: bool = False
) -> bool:
    """Whether a register that is offline for so long must stop (kz-ofd H72-03): over 72 h, not at 72 h."""
    limit = timedelta(hours=limit_hours)
    return elapsed >= limit if inclusive else elapsed > limit
