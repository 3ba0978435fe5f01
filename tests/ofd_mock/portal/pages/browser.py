"""A browser without a screen: Flask's test client that keeps cookies, and brings the form's secret along."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ofd_mock.portal.pages.site import SiteSettings
from ofd_mock.portal.web.app import make_portal
from ofd_mock.portal.web.desks import desks_of
from tests.ofd_mock.portal.stand import NUMBER, PASSWORD, Stand

SITE = SiteSettings("secret of tests", logins="10000 per minute")
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.DOTALL)


class Visit:
    """Somebody's browser at the pages of a stand."""

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

    def log_in(self, login: str = NUMBER, password: str = PASSWORD) -> Visit:
        """«Войти»."""
        self.post("/login", {"login": login, "password": password})
        return self

    def cookie(self, name: str, path: str = "/") -> str:
        """A cookie's value, empty when there is none."""
        found = self.client.get_cookie(name, path=path)
        return "" if found is None else found.value


def browse(stand: Stand, site: SiteSettings = SITE) -> Visit:
    """A fresh browser at the stand's pages; every call is a process of its own that knows nobody yet."""
    return Visit(make_portal(desks_of(stand.office), site=site).test_client())


def seen(answer: TestResponse) -> str:
    """What a person reads on a page: its text, without marks, spaces as one."""
    return " ".join(html.unescape(_TAGS.sub(" ", answer.text)).split())
