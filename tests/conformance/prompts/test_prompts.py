"""Questions to a person: typed, clicked, scripted, skipped."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import ViewportSize

from conformance.prompts import DONE, Nobody, ScriptedPrompter
from conformance.prompts.console import ATTEMPTS, ConsolePrompter
from conformance.prompts.page import PagePrompter
from tests.browser import DESK, PHONE, launched, width_of_content
from tests.waiting import PATIENCE, eventually

QUESTION = "Pull the cable out of the module"
ANSWERS = ("pulled", "it has none")


def typed(*lines: str) -> tuple[ConsolePrompter, io.StringIO]:
    output, given = io.StringIO(), iter(lines)
    return ConsolePrompter(lambda: next(given, ""), output), output


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (("\n",), "pulled"),
        (("2\n",), "it has none"),
        (("It has none\n",), "it has none"),
        (("s\n",), None),
        ((), None),
        (("what?\n", "3\n", "1\n"), "pulled"),
        (("what?\n",) * ATTEMPTS, None),
    ],
)
def test_console(lines: tuple[str, ...], answer: str | None) -> None:
    prompter, output = typed(*lines)
    assert prompter.ask(QUESTION, ANSWERS) == answer
    assert f">>> {QUESTION}" in output.getvalue()
    assert "1 pulled, 2 it has none" in output.getvalue()


def test_nobody_skips_and_a_script_answers() -> None:
    assert not Nobody().present
    assert Nobody().ask(QUESTION) is None
    assert ScriptedPrompter(lambda _text, answers: answers[0]).ask(QUESTION) == DONE
    with pytest.raises(ValueError, match="'maybe' is none of pulled, it has none"):
        ScriptedPrompter(lambda _text, _answers: "maybe").ask(QUESTION, ANSWERS)


@pytest.fixture
def page() -> Iterator[PagePrompter]:
    prompter = PagePrompter()
    yield prompter
    prompter.close()


class Asked:
    """A question put by a thread, as a case puts it."""

    def __init__(self, page: PagePrompter, text: str = QUESTION) -> None:
        self.answers: list[str | None] = []
        self._thread = threading.Thread(target=lambda: self.answers.append(page.ask(text, ANSWERS)))
        self._thread.start()

    def answer(self) -> str | None:
        self._thread.join(PATIENCE)
        return self.answers[0]


def question(page: PagePrompter) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{page.url}question", timeout=PATIENCE).json()
    return found


def test_page_takes_one_answer_to_the_open_question(page: PagePrompter) -> None:
    assert question(page) == {"number": None, "asked": 0}
    asked = Asked(page)
    eventually(lambda: question(page)["number"] == 1)
    assert question(page)["answers"] == list(ANSWERS)
    for body, status in (
        ({"number": 9, "answer": "pulled"}, 409),
        ({"number": 1, "answer": "maybe"}, 422),
        ([], 400),
    ):
        refused = httpx.post(f"{page.url}answer", json=body, timeout=PATIENCE)
        assert refused.status_code == status
        assert set(refused.json()["error"]) == {"field", "rule", "text"}
    assert (
        httpx.post(
            f"{page.url}answer", json={"number": 1, "answer": "it has none"}, timeout=PATIENCE
        ).status_code
        == 200
    )
    assert asked.answer() == "it has none"
    assert (
        httpx.post(f"{page.url}answer", json={"number": 1, "answer": "pulled"}, timeout=PATIENCE).status_code
        == 409
    )


def test_page_skips_and_closing_skips(page: PagePrompter) -> None:
    first = Asked(page)
    eventually(lambda: question(page)["number"] == 1)
    httpx.post(f"{page.url}answer", json={"number": 1, "answer": None}, timeout=PATIENCE)
    assert first.answer() is None
    second = Asked(page)
    eventually(lambda: question(page)["number"] == 2)
    page.close()
    assert second.answer() is None
    assert page.ask(QUESTION) is None


def test_page_is_of_this_machine_only(page: PagePrompter) -> None:
    asked = Asked(page)
    eventually(lambda: question(page)["number"] == 1)
    forged = {"Origin": "http://elsewhere.example"}
    body = {"number": 1, "answer": "pulled"}
    assert httpx.post(f"{page.url}answer", json=body, headers=forged, timeout=PATIENCE).status_code == 403
    assert httpx.post(f"{page.url}answer", content=b'{"number": 1}', timeout=PATIENCE).status_code == 415
    assert httpx.get(page.url, headers={"Host": "elsewhere.example"}, timeout=PATIENCE).status_code == 403
    assert httpx.get(f"{page.url}secret", timeout=PATIENCE).status_code == 404
    assert question(page)["number"] == 1
    page.close()
    assert asked.answer() is None


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_person_answers_in_a_browser(page: PagePrompter, window: ViewportSize) -> None:
    with launched() as browser:
        view = browser.new_page(viewport=window)
        view.goto(page.url)
        view.get_by_text("Nothing to do at the moment.").wait_for()
        asked = Asked(page, "Switch the register <b>off</b>")
        view.get_by_text("Switch the register <b>off</b>").wait_for()
        assert width_of_content(view) <= window["width"]
        view.get_by_role("button", name="pulled").click()
        assert asked.answer() == "pulled"
        second = Asked(page)
        view.get_by_role("button", name="Skip").click()
        assert second.answer() is None
