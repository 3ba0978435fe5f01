"""Modes of the register: every mode × event × fact against kz-ofd §6.3 typed anew."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from reference.protocol.kz.client import (
    TRANSITIONS,
    Action,
    Event,
    Facts,
    Mode,
    event_of,
    next_reqnum,
    offline_expired,
    step,
)

MODES = (
    "START",
    "ONLINE",
    "OFFLINE",
    "OFFLINE_EXPIRED",
    "QUEUE_BLOCKED",
    "SERVER_BLOCKED",
    "TOKEN_INVALID",
    "HALTED",
)
SAME, DASH = "same", None

# event, condition: the next mode in each column of kz-ofd §6.3; "same" stays, None is an empty cell
CELLS = [
    ("MD-01", "DOCUMENT_ASKED", {}, (SAME,) * 8),
    (
        "MD-02",
        "ANSWER_OK",
        {"queue_empty": True},
        ("ONLINE", SAME, "ONLINE", "ONLINE", DASH, "ONLINE", DASH, DASH),
    ),
    (
        "MD-02",
        "ANSWER_OK",
        {"queue_empty": False},
        ("OFFLINE", SAME, SAME, SAME, DASH, "OFFLINE", DASH, DASH),
    ),
    ("MD-03", "NO_ANSWER", {}, (SAME, SAME, SAME, SAME, DASH, SAME, DASH, DASH)),
    ("MD-03", "TIME_OVER", {"initialised": True}, ("OFFLINE", "OFFLINE", SAME, SAME, DASH, SAME, DASH, DASH)),
    ("MD-03", "TIME_OVER", {"initialised": False}, (SAME, "OFFLINE", SAME, SAME, DASH, SAME, DASH, DASH)),
    (
        "MD-04",
        "BLOCKED",
        {},
        ("SERVER_BLOCKED", "SERVER_BLOCKED", "SERVER_BLOCKED", "SERVER_BLOCKED", DASH, SAME, DASH, DASH),
    ),
    (
        "MD-05",
        "TOKEN_REFUSED",
        {},
        (
            "TOKEN_INVALID",
            "TOKEN_INVALID",
            "TOKEN_INVALID",
            "TOKEN_INVALID",
            DASH,
            "TOKEN_INVALID",
            DASH,
            DASH,
        ),
    ),
    ("MD-06", "UNKNOWN_ID", {}, ("HALTED", "HALTED", "HALTED", "HALTED", DASH, "HALTED", DASH, DASH)),
    (
        "MD-06",
        "SERVICE_NEEDED",
        {},
        ("HALTED", "HALTED", "QUEUE_BLOCKED", "QUEUE_BLOCKED", DASH, "HALTED", DASH, DASH),
    ),
    ("MD-07", "REFUSED", {}, ("HALTED", SAME, "QUEUE_BLOCKED", "QUEUE_BLOCKED", DASH, SAME, DASH, DASH)),
    (
        "MD-07",
        "SHIFT_EXPIRED",
        {},
        ("HALTED", SAME, "QUEUE_BLOCKED", "QUEUE_BLOCKED", DASH, SAME, DASH, DASH),
    ),
    (
        "MD-07",
        "NUMBER_REFUSED",
        {"again": False},
        ("HALTED", SAME, "QUEUE_BLOCKED", "QUEUE_BLOCKED", DASH, SAME, DASH, DASH),
    ),
    (
        "MD-07",
        "NUMBER_REFUSED",
        {"again": True},
        ("HALTED", "HALTED", "QUEUE_BLOCKED", "QUEUE_BLOCKED", DASH, SAME, DASH, DASH),
    ),
    ("MD-08", "LIMIT_PASSED", {}, (DASH, DASH, "OFFLINE_EXPIRED", DASH, SAME, SAME, SAME, DASH)),
    ("MD-09", "RECONNECT_TIMER", {}, (SAME, DASH, SAME, SAME, DASH, SAME, DASH, DASH)),
    ("MD-10", "MESSAGE_REMOVED", {}, (DASH, DASH, DASH, DASH, "OFFLINE", DASH, DASH, DASH)),
    ("MD-11", "TOKEN_TYPED", {}, (DASH, DASH, DASH, DASH, DASH, DASH, "START", DASH)),
    ("MD-12", "SERVICE_RESET", {}, (DASH, DASH, DASH, DASH, DASH, DASH, DASH, "START")),
]
FACTS = [Facts(*values) for values in itertools.product((True, False), repeat=3)]


def test_the_modes_are_those_of_the_clause() -> None:
    assert tuple(mode.name for mode in Mode) == MODES


@pytest.mark.parametrize(("mode", "event", "facts"), list(itertools.product(Mode, Event, FACTS)))
def test_every_cell(mode: Mode, event: Event, facts: Facts) -> None:
    fitting = [
        (id, columns[mode])
        for id, name, conditions, columns in CELLS
        if name == event.name and all(getattr(facts, fact) is value for fact, value in conditions.items())
    ]
    assert len(fitting) == 1, "the table of this test has one row for each case"
    [(id, expected)] = fitting
    transition = step(mode, event, facts)
    if expected is DASH:
        assert transition is None
        return
    assert transition is not None
    assert transition.id == id
    assert transition.next is (mode if expected == SAME else Mode[expected])


def test_no_two_rows_fit_the_same_case() -> None:
    for mode, event, facts in itertools.product(Mode, Event, FACTS):
        rows = [row for row in TRANSITIONS if row.mode is mode and row.event is event and row.fits(facts)]
        assert len(rows) <= 1, (mode, event, facts)


# mode, event, facts, actions: what the cells say beside the next mode
ACTIONS = [
    ("ONLINE", "DOCUMENT_ASKED", {}, ["SEND"]),
    ("OFFLINE", "DOCUMENT_ASKED", {}, ["QUEUE"]),
    ("OFFLINE_EXPIRED", "DOCUMENT_ASKED", {}, ["REFUSE_LIMIT"]),
    ("SERVER_BLOCKED", "DOCUMENT_ASKED", {}, ["REFUSE", "SHOW_AD"]),
    ("START", "DOCUMENT_ASKED", {}, ["REFUSE"]),
    ("QUEUE_BLOCKED", "DOCUMENT_ASKED", {}, ["REFUSE"]),
    ("TOKEN_INVALID", "DOCUMENT_ASKED", {}, ["REFUSE"]),
    ("HALTED", "DOCUMENT_ASKED", {}, ["REFUSE"]),
    ("START", "ANSWER_OK", {}, ["CLEAR_CLOCK", "TAKE_COUNTERS"]),
    ("ONLINE", "ANSWER_OK", {}, ["FINISH"]),
    ("OFFLINE", "ANSWER_OK", {}, ["CLEAR_CLOCK", "SEND_INFO"]),
    ("OFFLINE_EXPIRED", "ANSWER_OK", {"queue_empty": False}, ["SEND_NEXT"]),
    ("SERVER_BLOCKED", "ANSWER_OK", {"queue_empty": False}, ["SEND_NEXT"]),
    ("ONLINE", "NO_ANSWER", {}, ["REPEAT"]),
    ("START", "NO_ANSWER", {}, ["REPEAT"]),
    ("OFFLINE", "NO_ANSWER", {}, ["WAIT"]),
    ("ONLINE", "TIME_OVER", {}, ["START_CLOCK", "KEEP_IN_FLIGHT", "WAIT"]),
    ("START", "TIME_OVER", {}, ["START_CLOCK", "WAIT"]),
    ("START", "TIME_OVER", {"initialised": False}, ["WAIT"]),
    ("ONLINE", "BLOCKED", {}, ["SHOW_AD", "WAIT"]),
    ("ONLINE", "REFUSED", {}, ["SHOW_RESULT", "DROP"]),
    ("OFFLINE", "REFUSED", {}, ["SHOW_RESULT"]),
    ("ONLINE", "SHIFT_EXPIRED", {}, ["SHOW_RESULT", "CLOSE_SHIFT"]),
    ("ONLINE", "NUMBER_REFUSED", {}, ["NEW_NUMBER"]),
    ("ONLINE", "NUMBER_REFUSED", {"again": True}, ["SHOW_RESULT", "DROP"]),
    ("SERVER_BLOCKED", "REFUSED", {}, ["WAIT"]),
    ("START", "RECONNECT_TIMER", {}, ["SEND_INFO"]),
    ("OFFLINE", "RECONNECT_TIMER", {}, ["SEND_OFFLINE"]),
    ("SERVER_BLOCKED", "RECONNECT_TIMER", {}, ["SEND_SYSTEM"]),
    ("QUEUE_BLOCKED", "MESSAGE_REMOVED", {}, ["REMOVE_HEAD", "SEND_NEXT"]),
    ("TOKEN_INVALID", "TOKEN_TYPED", {}, ["STORE_TOKEN", "SEND_INFO"]),
    ("HALTED", "SERVICE_RESET", {}, ["SEND_INFO"]),
    ("OFFLINE", "LIMIT_PASSED", {}, []),
]


@pytest.mark.parametrize(("mode", "event", "facts", "actions"), ACTIONS)
def test_what_the_register_does(mode: str, event: str, facts: dict[str, bool], actions: list[str]) -> None:
    transition = step(Mode[mode], Event[event], Facts(**facts))
    assert transition is not None
    assert list(transition.actions) == [Action[name] for name in actions]


EVENTS = {
    "ANSWER_OK": {0},
    "UNKNOWN_ID": {1},
    "TOKEN_REFUSED": {2},
    "SERVICE_NEEDED": {3, 4, 5, 6},
    "TIME_OVER": {7},
    "NUMBER_REFUSED": {8, 9},
    "SHIFT_EXPIRED": {11},
    "REFUSED": {10, 12, 13, 14, 16, 17},
    "BLOCKED": {15, 19},
    "NO_ANSWER": {254, 255, 77},
}


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_every_code_is_an_event(version: int) -> None:
    for name, codes in EVENTS.items():
        assert {event_of(code, version) for code in codes} == {Event[name]}, name
    assert event_of(18, version) is (Event.BLOCKED if version == 204 else Event.REFUSED)


def test_an_invalid_token_may_count_as_a_lost_line() -> None:
    assert event_of(2, 203, invalid_token_blocks=False) is Event.TIME_OVER
    assert event_of(13, 203, invalid_token_blocks=False) is Event.REFUSED


@pytest.mark.parametrize(
    ("reqnum", "wrap", "following"), [(0, 0, 1), (65534, 0, 65535), (65535, 0, 0), (65535, 1, 1), (0, 1, 1)]
)
def test_the_request_number_wraps(reqnum: int, wrap: int, following: int) -> None:
    assert next_reqnum(reqnum, wrap) == following


HOURS = timedelta(hours=72)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("elapsed", "inclusive", "over"),
    [
        (HOURS - SECOND, False, False),
        (HOURS, False, False),
        (HOURS + SECOND, False, True),
        (HOURS - SECOND, True, False),
        (HOURS, True, True),
    ],
)
def test_72_hours_are_the_limit_and_not_yet_over_it(elapsed: timedelta, inclusive: bool, over: bool) -> None:
    assert offline_expired(elapsed, inclusive=inclusive) is over
    assert offline_expired(elapsed / 3, 24, inclusive=inclusive) is over
