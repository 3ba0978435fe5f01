"""The keys of a point of sale: a vendor's program, a person, addresses of targets, and who may be judged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.drivers.pos import good, paid, sale
from conformance.drivers.pos_keys import CommandKeys, read_pressed
from conformance.drivers.pos_person import PersonKeys
from conformance.session import Session
from conformance.targets import TargetError, parse_target
from conformance.verdicts import (
    AnswerMissing,
    AnswerUnreadable,
    Inconclusive,
    NotApplicable,
    TargetUnreachable,
)


def silent(*_: Any) -> None:
    """A tap that nobody reads."""


def program(folder: Path, text: str) -> CommandKeys:
    path = folder / "keys.py"
    path.write_text(text)
    return CommandKeys(f"{sys.executable} {path}", silent)


def test_a_program_gets_the_order_and_gives_the_outcome(tmp_path: Path) -> None:
    keys = program(
        tmp_path,
        "import json, sys\norder = json.load(sys.stdin)\n"
        "print(json.dumps({'outcome': 'done', 'order': sys.argv[1],"
        " 'receipt': {'number': len(order['lines'])}}))",
    )
    pressed = keys.press("sell", sale(2_00, good(1_00), good(1_00)))
    assert (pressed.outcome, pressed.order, pressed.receipt) == ("done", "sell", {"number": 2})
    assert pressed.shown == "done receipt 2"


@pytest.mark.parametrize(
    ("text", "stopped", "says"),
    [
        ("import sys; sys.exit(64)", NotApplicable, "does not know look"),
        ("import sys; sys.exit('no till')", AnswerMissing, "no till"),
        ("print('done')", AnswerUnreadable, "writes no JSON|answers no JSON"),
        ("print('[]')", AnswerUnreadable, "no JSON object"),
        ('print(\'{"outcome": "sold"}\')', AnswerUnreadable, "outcome is one of"),
    ],
    ids=["unknown", "broken", "text", "list", "outcome"],
)
def test_a_program_that_does_otherwise_is_told(
    tmp_path: Path, text: str, stopped: type[Exception], says: str
) -> None:
    with pytest.raises(stopped, match=says):
        program(tmp_path, text).press("look", {})


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(TargetUnreachable, match="does not start"):
        CommandKeys("/nowhere/keys", silent).press("look", {})


@pytest.mark.parametrize("field", ["receipt", "fields"])
def test_an_answer_names_the_field_that_is_wrong(field: str) -> None:
    with pytest.raises(AnswerUnreadable, match=f"key sell: {field}"):
        read_pressed("sell", {"outcome": "done", field: 7})


def test_what_is_not_told_is_not_judged() -> None:
    pressed = read_pressed("look", {"outcome": "done", "fields": {"drive": {"unsent": 2}}})
    assert pressed.told("drive.unsent") == 2
    with pytest.raises(NotApplicable, match=r"drive\.locked"):
        pressed.told("drive.locked")


def asked(*answers: str) -> tuple[PersonKeys, list[str]]:
    questions: list[str] = []
    left = iter(answers)

    def ask(question: str) -> str:
        questions.append(question)
        return next(left)

    answering: Callable[[str], str] = ask
    return PersonKeys(answering), questions


def test_a_person_is_told_the_order_in_words() -> None:
    keys, questions = asked("", "d", "7", "26", "012345678901")
    order = sale(
        50_00, good(30_00, "Non", amount=2000, discount=10_00), payments=paid(cash=20_00, click=30_00)
    )
    pressed = keys.press("sell", order)
    assert questions[0] == (
        "Please sell: 2 × Non at 30.00 less 10.00; paid by cash 20.00, click 30.00. "
        "Press Enter when it is done."
    )
    assert (pressed.outcome, pressed.order) == ("done", "7")
    assert pressed.receipt == {"number": 26, "sign": "012345678901"}


def test_a_person_may_have_no_such_key_or_no_answer() -> None:
    with pytest.raises(NotApplicable, match="no such key"):
        asked("", "-")[0].press("close-shift", {})
    with pytest.raises(NotApplicable, match="not asked for the key login"):
        asked()[0].press("login", {})
    with pytest.raises(Inconclusive, match="no answer"):
        asked("", "?", "?", "?")[0].press("refund", {"order": "7"})
    refused = asked("", "r", "expired")[0].press("sell", sale())
    assert (refused.outcome, refused.why) == ("refused", "expired")


def test_a_person_says_what_the_screen_shows() -> None:
    looked = asked("y", "3")[0].press("look", {})
    assert (looked.told("drive.reachable"), looked.told("drive.unsent")) == (True, 3)


def test_addresses_of_points_of_sale() -> None:
    http = parse_target("pos:http://127.0.0.1?listen=127.0.0.1:3449&owner=127.0.0.1:7793&pin=4321&test=yes")
    assert (http.endpoint.port, http.part, http.vendor) == (7792, "pos", True)
    assert http.options == {
        "listen": "127.0.0.1:3449",
        "owner": "127.0.0.1:7793",
        "pin": "4321",
        "test": "yes",
    }
    assert parse_target("pos:command:python keys.py?test=yes").address == "command:python keys.py"
    assert parse_target("pos:person:").address == "person:"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pos:tcp://127.0.0.1:7792", "a pos is reached by http://"),
        ("pos:command:", "followed by the program"),
        ("pos:person:?test=perhaps", "test is yes or no"),
        ("pos:http://127.0.0.1?owner=nowhere:none", "owner: "),
        ("pos:http://127.0.0.1?device=7", "unknown option 'device'"),
    ],
    ids=["wire", "program", "test", "owner", "option"],
)
def test_addresses_that_are_wrong_are_explained(text: str, says: str) -> None:
    with pytest.raises(TargetError, match=says):
        parse_target(text)


def test_a_point_of_sale_is_not_touched_without_its_owners_word() -> None:
    session = Session(parse_target("pos:person:"))
    with pytest.raises(TargetUnreachable, match="test=yes"):
        session.open()
    session.close()
