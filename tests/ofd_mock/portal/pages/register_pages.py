"""What tests of the pages of outlets and registers share: findings, «Подписать», the card file."""

from __future__ import annotations

import base64
import re

from werkzeug.test import TestResponse

from tests.ofd_mock.portal.pages.browser import Visit, seen
from tests.ofd_mock.portal.stand import signed

OUTLET = {"name": "Магазин №1", "settlement": "2", "street": "Сауран", "house": "12", "building": "34"}
CARD = {"name": "Касса 2", "model": "1", "serial": "91862666525902", "year": "2019", "consent": "1"}
_SIGN = re.compile(r'data-sign="([^"]+)"')
_FINDING = re.compile(r'id="(\w+)-finding">([^<]+)<')


def findings(answer: TestResponse) -> dict[str, str]:
    return dict(_FINDING.findall(answer.text))


def sign(visit: Visit, path: str, status: int = 303) -> TestResponse:
    """«Подписать» under the application that the page shows."""
    found = _SIGN.search(visit.get(path).text)
    assert found is not None
    return visit.post(path, {"cms": signed(base64.b64decode(found[1]).decode())}, status)


def cabinet(visit: Visit, query: str = "") -> str:
    return seen(visit.get("/cabinet" + query))
