"""Registration in five steps on pages: without script, with every way back (KZ-REG-02…06)."""

from __future__ import annotations

import base64
import re

import pytest

from ofd_mock.portal.pages.enrolment import COOKIE
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import DETAILS, NUMBER, PASSWORD, Stand, signed

PASSWORDS = {"password": PASSWORD, "password_repeated": PASSWORD}
_SIGNED = re.compile(r'data-sign="([^"]+)"')


@pytest.fixture
def visit(stand: Stand) -> Visit:
    return browse(stand)


def to_sign(page: str) -> str:
    """The text that a page gives to be signed."""
    found = _SIGNED.search(page)
    assert found is not None
    return base64.b64decode(found[1]).decode()


def at(visit: Visit, stand: Stand, step: int) -> Visit:
    """A browser that has come as far as this step."""
    visit.get("/enrol", 303)
    if step > 1:
        visit.post("/enrol/1", {"cms": signed(to_sign(visit.get("/enrol/1").text))})
    if step > 2:
        visit.post("/enrol/2", PASSWORDS)
    if step > 3:
        confirmed(visit, stand)
        visit.post("/enrol/3", DETAILS)
    if step > 4:
        visit.post("/enrol/4", {"agreed": "1"})
    return visit


def confirmed(visit: Visit, stand: Stand) -> None:
    visit.post("/enrol/email", {"email": DETAILS["email"]}, 200)
    visit.post("/enrol/code", {"email": DETAILS["email"], "code": stand.mailed_code()}, 200)


def test_five_steps_lead_to_the_cabinet(stand: Stand, visit: Visit) -> None:
    first = visit.get("/enrol", 303)
    assert first.location == "/enrol/1"
    page = visit.get("/enrol/1")
    assert "Подписать в браузере" in seen(page)
    assert visit.post("/enrol/1", {"cms": signed(to_sign(page.text))}).location == "/enrol/2"
    assert f'value="{NUMBER}"' in visit.get("/enrol/2").text
    assert visit.post("/enrol/2", PASSWORDS).location == "/enrol/3"
    page = visit.get("/enrol/3")
    assert "Спасибо! Вы предъявили сертификат ЭЦП НУЦ юридического лица." in seen(page)
    assert "АО &#34;ТЕСТ&#34;" in page.text
    confirmed(visit, stand)
    assert visit.post("/enrol/3", DETAILS | {"act": "save"}).location == "/enrol/4"
    assert "ДОГОВОР ПРИСОЕДИНЕНИЯ" in seen(visit.get("/enrol/4"))
    assert visit.post("/enrol/4", {"agreed": "1"}).location == "/enrol/5"
    page = visit.get("/enrol/5")
    assert "Подписание Заявки на присоединение к Договору" in seen(page)
    text = to_sign(page.text)
    assert " ".join(text.split()) in seen(page)
    answer = visit.post("/enrol/5", {"cms": signed(text)})
    assert answer.location == "/cabinet"
    assert visit.cookie(COOKIE, "/enrol") == ""
    assert f"ЛС {58_968}" in seen(visit.get("/"))
    assert stand.visitor().login == NUMBER
