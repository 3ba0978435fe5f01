"""A browser without a screen: Flask's test client that keeps cookies, and brings the form's secret along."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from reference.backoffice.desks import Desks, desks_of
from reference.backoffice.pages.site import SiteSettings
from reference.backoffice.secrets import Seal
from reference.backoffice.web.app import create_app
from tests.backoffice.conftest import PASSWORD, PHONE, Back

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.DOTALL)


class Visit:
    """Somebody's browser at the pages."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **more: Any) -> TestResponse:
        """A page; redirects are not followed."""
        answer = self.client.get(path, **more)
        assert answer.status_code == status, (answer.status_code, answer.location, seen(answer))
        return answer

    def post(
        self, path: str, fields: dict[str, Any] | None = None, status: int = 303, **more: Any
    ) -> TestResponse:
        """A form sent, with the secret that a page of this browser carries."""
        answer = self.client.post(path, data={"csrf_token": self.csrf(), **(fields or {})}, **more)
        assert answer.status_code == status, (answer.status_code, answer.location, seen(answer))
        return answer

    def csrf(self) -> str:
        """The secret of this browser's forms."""
        found = _CSRF.search(self.client.get("/login").text)
        assert found is not None
        return found[1]

    def log_in(self, phone: str = PHONE, password: str = PASSWORD) -> Visit:
        """«Kirish»."""
        assert self.post("/login", {"phone": phone, "password": password}).location == "/dashboard"
        return self

    def cookie(self, name: str) -> str:
        """A cookie's value, empty when there is none."""
        found = self.client.get_cookie(name)
        return "" if found is None else found.value


@dataclass
class Pages:
    """The portal's application over a test's own office; `browse` is somebody new in front of it."""

    back: Back
    desks: Desks
    app: Flask

    def browse(self) -> Visit:
        return Visit(self.app.test_client())


def pages_of(back: Back, folder: Path, logins: str = "10000 per minute") -> Pages:
    """The application with its pages."""
    desks = desks_of(back.office, Seal(folder / "pages-seal.key"))
    return Pages(back, desks, create_app(desks, logins=logins, site=SiteSettings("secret of tests")))


def seen(answer: TestResponse) -> str:
    """What a person reads on a page: its text, without marks, spaces as one."""
    return " ".join(html.unescape(_TAGS.sub(" ", answer.text)).split())
