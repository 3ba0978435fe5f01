"""The person at a page: one question at a time, on this machine only, for somebody who stands at the device.

Judge threads put questions and wait; the page asks again and again which one is open. An answer names the
question's number, so that a page left open cannot answer the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from flask import Flask, Response, jsonify, request

from conformance.prompts.prompter import DONE
from reference.runtime.control_guard import ControlError, Guard
from reference.runtime.serving import HttpServer, harden

_FILES = {
    "": ("page.html", "text/html"),
    "page.js": ("page.js", "text/javascript"),
    "page.css": ("page.css", "text/css"),
}


@dataclass(slots=True)
class _Question:
    number: int
    text: str
    answers: tuple[str, ...]
    answered: threading.Event = field(default_factory=threading.Event)
    answer: str | None = None


class PagePrompter:
    """Serves the page at `url` (loopback; port 0: a free one) until it is closed."""

    present = True

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._open: _Question | None = None
        self._asked = 0
        self._closed = False
        self._server = HttpServer(self._app(Guard(host, None)), host, port, threads=4)
        self._server.start()
        self.url = f"{self._server.url}/"

    def ask(self, text: str, answers: Sequence[str] = (DONE,)) -> str | None:
        """The answer given on the page, None when it is skipped or the page closes."""
        with self._asking:
            with self._lock:
                if self._closed:
                    return None
                self._asked += 1
                question = self._open = _Question(self._asked, text, tuple(answers))
            question.answered.wait()
            return question.answer

    def close(self) -> None:
        """End the page; whoever waits for an answer gets none."""
        with self._lock:
            self._closed = True
            if self._open is not None:
                self._open.answered.set()
        self._server.stop()

    def _app(self, guard: Guard) -> Flask:
        app = harden(Flask("prompts", static_folder=None))

        @app.before_request
        def guarded() -> tuple[Response, int] | None:
            try:
                guard.check(request)
            except ControlError as refused:
                error = {"field": refused.field, "rule": refused.rule, "text": refused.text}
                return jsonify({"error": error}), refused.status
            return None

        @app.get("/", defaults={"name": ""})
        @app.get("/<name>")
        def page(name: str) -> Response | tuple[Response, int]:
            if name not in _FILES:
                return jsonify({"error": {"field": "path", "rule": "known", "text": "no such page"}}), 404
            file, kind = _FILES[name]
            return Response(files(__package__).joinpath(file).read_text("utf-8"), mimetype=kind)

        @app.get("/question")
        def question() -> Response:
            with self._lock:
                return jsonify(self._shown())

        @app.post("/answer")
        def answer() -> tuple[Response, int]:
            given = request.get_json(silent=True)
            if not isinstance(given, dict):
                return jsonify(
                    {"error": {"field": "body", "rule": "object", "text": "send a JSON object"}}
                ), 400
            return self._answered(given)

        return app

    def _shown(self) -> dict[str, object]:
        question = self._open
        if question is None or question.answered.is_set():
            return {"number": None, "asked": self._asked}
        return {"number": question.number, "text": question.text, "answers": list(question.answers)}

    def _answered(self, given: dict[str, object]) -> tuple[Response, int]:
        with self._lock:
            question = self._open
            if question is None or question.answered.is_set() or given.get("number") != question.number:
                text = "this question is not open any more"
                return jsonify({"error": {"field": "number", "rule": "open", "text": text}}), 409
            answer = given.get("answer")
            if answer is not None and answer not in question.answers:
                text = f"the answer is one of {', '.join(question.answers)}, or null to skip"
                return jsonify({"error": {"field": "answer", "rule": "known", "text": text}}), 422
            question.answer = None if answer is None else str(answer)
            question.answered.set()
            return jsonify({"answered": question.number}), 200
