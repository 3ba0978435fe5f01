"""Keys of every kind: over HTTP, by a vendor's program, and by a person with scripted answers."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.drivers.kz_keys import CommandKeys, HttpKeys, Pressed, State, read_pressed
from conformance.drivers.kz_pending import Pending
from conformance.drivers.kz_person import PersonKeys
from conformance.drivers.kz_register import item, make_keys, sale
from conformance.events import Direction, Layer
from conformance.verdicts import (
    AnswerMissing,
    AnswerUnreadable,
    Inconclusive,
    NotApplicable,
    TargetUnreachable,
)
from tests.waiting import PATIENCE

DONE = {
    "outcome": "done",
    "mode": "ONLINE",
    "code": 0,
    "local": "",
    "text": "",
    "document": {"number": 1, "sign": "123456789", "autonomous": False},
    "tape": ["TEST", "ФИСКАЛЬНЫЙ ЧЕК"],
    "findings": [],
}
BODIES: dict[str, tuple[int, str]] = {
    "/keys/sell": (200, json.dumps(DONE)),
    "/keys/buy": (200, json.dumps({"outcome": "perhaps"})),
    "/keys/x": (200, "no json"),
    "/keys/z": (500, "Traceback"),
    "/keys/deposit": (200, json.dumps({"outcome": "done", "code": "0"})),
    "/keys/withdraw": (200, json.dumps({"outcome": "done", "document": [1]})),
    "/keys/info": (200, "[]"),
    "/keys/state": (200, json.dumps({"mode": "OFFLINE", "queue": {"length": 2, "head": None}})),
    "/keys/documents?after=0&limit=10": (200, json.dumps({"documents": [{"number": 1}]})),
    "/keys/documents/1/tape?width=32": (200, "TEST\n"),
}


class Register(BaseHTTPRequestHandler):
    """Answers from BODIES."""

    heard: list[tuple[str, Any]]

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.heard.append((self.path, json.loads(self.rfile.read(size))))
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        status, text = BODIES.get(self.path, (404, "nothing here"))
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def heard() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def crossed() -> list[tuple[Layer, Direction, bytes]]:
    return []


@pytest.fixture
def address(heard: list[tuple[str, Any]]) -> Iterator[str]:
    handler = type("Handler", (Register,), {"heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def http(address: str, crossed: list[tuple[Layer, Direction, bytes]]) -> Iterator[HttpKeys]:
    keys = HttpKeys(address, lambda *given: crossed.append((given[0], given[1], given[2])), 5)
    yield keys
    keys.close()


def nowhere(layer: Layer, direction: Direction, raw: bytes, about: bytes = b"") -> None:
    """Tap that keeps nothing."""


def test_http_presses_and_reads(
    http: HttpKeys, heard: list[tuple[str, Any]], crossed: list[tuple[Layer, Direction, bytes]]
) -> None:
    pressed = http.press("sell", sale(250_00))
    assert (pressed.outcome, pressed.mode, pressed.code, pressed.refused) == ("done", "ONLINE", 0, False)
    assert pressed.told("sign") == "123456789"
    assert pressed.tape == ("TEST", "ФИСКАЛЬНЫЙ ЧЕК")
    assert heard == [("/keys/sell", sale(250_00))]
    assert [(layer, direction) for layer, direction, _ in crossed] == [
        (Layer.HTTP, Direction.SENT),
        (Layer.HTTP, Direction.RECEIVED),
    ]
    assert http.state().mode == "OFFLINE"
    assert http.state().told("queue.length") == 2
    assert http.documents(0, 10) == [{"number": 1}]
    assert http.tape(1, 32) == "TEST\n"


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("buy", "outcome is one of done, queued, refused"),
        ("x", "answers no JSON"),
        ("z", "answers 500"),
        ("deposit", "code is a number"),
        ("withdraw", "document is an object"),
        ("info", "no JSON object"),
    ],
)
def test_what_is_no_outcome_is_named(http: HttpKeys, key: str, names: str) -> None:
    with pytest.raises(AnswerUnreadable, match=names):
        http.press(key, {})


def test_nobody_at_the_address() -> None:
    keys = HttpKeys("http://127.0.0.1:1", nowhere, 1)
    with pytest.raises(TargetUnreachable, match="no register answers"):
        keys.state()
    keys.close()


def test_what_is_not_told_is_not_applicable() -> None:
    state = State({"mode": "ONLINE", "queue": {"length": 0}})
    with pytest.raises(NotApplicable, match=r"does not tell queue\.head\.kind"):
        state.told("queue.head.kind")
    with pytest.raises(AnswerUnreadable, match=r"document\.sign"):
        Pressed("sell", "done").told("sign")


def test_shown_outcome() -> None:
    assert read_pressed("sell", DONE).shown == "done code 0 in ONLINE"
    refused = {"outcome": "refused", "mode": "HALTED", "local": "mode", "text": "сервис"}
    assert read_pressed("sell", refused).shown == "refused mode in HALTED сервис"


# a vendor's program

PROGRAM = """
import json, sys, urllib.request, urllib.error
base, word = sys.argv[1:]
order = json.load(sys.stdin)
paths = {
    "state": "/keys/state",
    "documents": f"/keys/documents?after={order.get('after')}&limit={order.get('limit')}",
    "tape": f"/keys/documents/{order.get('number')}/tape?width={order.get('width')}",
}
if word == "qr":
    sys.exit(64)
data = None if word in paths else json.dumps(order).encode()
try:
    with urllib.request.urlopen(base + paths.get(word, f"/keys/{word}"), data) as answer:
        text = answer.read().decode()
except urllib.error.HTTPError as error:
    sys.exit(f"the register says {error.code}")
if word == "documents":
    text = json.dumps(json.loads(text)["documents"])
print(json.dumps(text) if word == "tape" else text)
"""


@pytest.fixture
def program(tmp_path: Path, address: str) -> CommandKeys:
    path = tmp_path / "keys of a vendor.py"
    path.write_text(PROGRAM, encoding="utf-8")
    keys = make_keys(f"command:{sys.executable} '{path}' {address}", nowhere)
    assert isinstance(keys, CommandKeys)
    return keys


def test_program_wraps_the_same_register(program: CommandKeys, heard: list[tuple[str, Any]]) -> None:
    assert program.press("sell", sale()) == read_pressed("sell", DONE)
    assert heard == [("/keys/sell", sale())]
    assert program.state().told("queue.length") == 2
    assert program.documents(0, 10) == [{"number": 1}]
    assert program.tape(1, 32) == "TEST\n"


def test_program_that_does_not_know_a_key(program: CommandKeys) -> None:
    with pytest.raises(NotApplicable, match="does not know qr"):
        program.press("qr", {})


def test_program_that_fails_says_why(program: CommandKeys) -> None:
    with pytest.raises(AnswerMissing, match="status 1: the register says 500"):
        program.press("z", {})


def test_program_without_json(program: CommandKeys) -> None:
    with pytest.raises(AnswerUnreadable, match="x writes no JSON"):
        program.press("x", {})


def test_program_that_is_not_there() -> None:
    with pytest.raises(TargetUnreachable, match="does not start"):
        CommandKeys("/nowhere/at-all", nowhere).press("x", {})
    with pytest.raises(TargetUnreachable, match="needs the path"):
        CommandKeys("", nowhere)


def test_program_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "waits.py"
    path.write_text("import threading; threading.Event().wait(60)", encoding="utf-8")
    with pytest.raises(AnswerMissing, match=r"did not end within 0\.3 s"):
        CommandKeys(f"{sys.executable} {path}", nowhere, 0.3).press("x", {})


# a person


class Person:
    """Somebody who answers by a list."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)


def test_person_sells() -> None:
    person = Person("", "d", "0", "", "123456789", "150.00", "n", "online")
    order = sale(150_00, item(100_00), item(50_00, "Сүт", quantity="2.000"), discount=50_00)
    pressed = PersonKeys(person).press("sell", order)
    assert pressed.outcome == "done"
    assert (pressed.code, pressed.mode) == (0, "ONLINE")
    assert pressed.document == {"sign": "123456789", "autonomous": False, "total": 150_00}
    assert person.asked[0] == (
        "Please sell: 1.000 × Нан at 100.00, 2.000 × Сүт at 50.00; paid by cash 150.00; "
        "taken 150.00; discount 50.00. Press Enter when it is done."
    )


def test_person_is_refused() -> None:
    person = Person("", "perhaps", "refused", "x", "", "Касса заблокирована", "")
    pressed = PersonKeys(person).press("withdraw", {"sum": 5})
    assert (pressed.outcome, pressed.code, pressed.local, pressed.document) == (
        "refused",
        None,
        "Касса заблокирована",
        None,
    )
    assert person.asked[0].startswith("Please take 0.05 out of the drawer")


def test_person_without_such_a_key() -> None:
    with pytest.raises(NotApplicable, match="no such key"):
        PersonKeys(Person("", "-")).press("x", {})
    with pytest.raises(NotApplicable, match="not asked for the key qr"):
        PersonKeys(Person()).press("qr", {})
    with pytest.raises(NotApplicable, match="does not tell its mode"):
        PersonKeys(Person("")).state()
    with pytest.raises(NotApplicable, match="list of documents"):
        PersonKeys(Person()).documents(0, 1)


def test_person_who_does_not_answer() -> None:
    with pytest.raises(Inconclusive, match="no answer to"):
        PersonKeys(Person("", "?", "?", "?")).press("x", {})


def test_person_reads_a_tape() -> None:
    assert PersonKeys(Person("TEST", "ЧЕК", "")).tape(4, 32) == "TEST\nЧЕК"


def test_console_at_its_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(Inconclusive, match="nobody answers"):
        PersonKeys().state()
    assert "Which mode" in capsys.readouterr().err


# choosing, and presses that wait


def test_address_names_the_kind() -> None:
    assert isinstance(make_keys("person:", nowhere), PersonKeys)
    keys = make_keys("http://127.0.0.1:7780", nowhere)
    assert isinstance(keys, HttpKeys)
    keys.close()


def test_a_press_under_way() -> None:
    go_on = threading.Event()

    def press() -> Pressed:
        go_on.wait(PATIENCE)
        return Pressed("sell", "done")

    pending = Pending(press)
    assert not pending.done()
    with pytest.raises(AnswerMissing, match="no outcome within"):
        pending.result(0.01)
    go_on.set()
    assert pending.result().outcome == "done"
    assert pending.done()


def test_a_press_that_fails_tells_so() -> None:
    def press() -> Pressed:
        raise TargetUnreachable("gone")

    with pytest.raises(TargetUnreachable, match="gone"):
        Pending(press).result()
