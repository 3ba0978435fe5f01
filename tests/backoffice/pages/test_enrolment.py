"""Registration in three steps: their order, what is refused, what is kept on the way (BX-REG-01…03)."""

from __future__ import annotations

import pytest

from reference.backoffice.pages.session import COOKIE
from tests.backoffice.conftest import NAMES, PASSWORD, PHONE
from tests.backoffice.pages.browser import Pages, Visit, seen

DETAILS = NAMES | {"password": PASSWORD, "password_repeated": PASSWORD}
FIRST = "Avval telefon raqamingizni kiriting"


@pytest.fixture
def visit(pages: Pages) -> Visit:
    return pages.browse()


def test_three_steps_lead_inside(pages: Pages, visit: Visit) -> None:
    """BX-REG-01…03; the new owner has the trial plan, and his session knows its device."""
    agent = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile"}
    assert visit.post("/register", {"phone": PHONE}).location == "/register/code"
    assert f"Kod {PHONE} raqamiga yuborildi." in seen(visit.get("/register/code"))
    code = pages.back.code()
    assert len(code) == 6
    assert code in seen(visit.get("/outbox"))
    assert visit.post("/register/code", {"code": f" {code[:3]} {code[3:]} "}).location == "/register/details"
    assert visit.post("/register/details", DETAILS, headers=agent).location == "/dashboard"
    assert visit.cookie(COOKIE) != ""
    profile = seen(visit.get("/profile"))
    for text in ("Aziza Sinova", PHONE, "Sinov choyxona", "01.09.2026", "Sinov", "0/1", "Chrome · Android"):
        assert text in profile
    assert visit.get("/register/details", 303).location == "/register"


@pytest.mark.parametrize("phone", ["", "901234567", "+99890123456", "+7 701 123 45 67", "<script>"])
def test_a_wrong_phone_is_named(visit: Visit, phone: str) -> None:
    answer = visit.post("/register", {"phone": phone}, 422)
    assert "Raqam +998XXXXXXXXX ko'rinishida" in seen(answer)
    assert "<script>" not in answer.text.split("</head>")[1]


def test_a_phone_that_is_taken_is_refused(pages: Pages, visit: Visit) -> None:
    pages.back.owner()
    assert "Bu raqam ro'yxatdan o'tgan" in seen(visit.post("/register", {"phone": PHONE}, 409))


def test_no_step_comes_before_its_own(visit: Visit) -> None:
    for path in ("/register/code", "/register/details"):
        assert visit.get(path, 303).location == "/register"
        assert FIRST in seen(visit.get("/register"))
        assert visit.post(path, DETAILS | {"code": "1"}).location == "/register"
    visit.post("/register", {"phone": PHONE})
    assert visit.get("/register/details", 303).location == "/register/code"
    assert visit.post("/register/details", DETAILS).location == "/register/code"


def test_a_step_that_is_done_does_not_come_again(pages: Pages, visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    visit.post("/register/code", {"code": pages.back.code()})
    assert visit.get("/register/code", 303).location == "/register/details"
    assert visit.post("/register/resend").location == "/register/details"


def test_wrong_codes_are_counted(pages: Pages, visit: Visit) -> None:
    """BX-REG-02: five tries, then even the right one waits for another code."""
    visit.post("/register", {"phone": PHONE})
    code = pages.back.code()
    for _ in range(5):
        assert "Kod noto'g'ri" in seen(visit.post("/register/code", {"code": "no"}, 422))
    assert "Urinishlar ko'p" in seen(visit.post("/register/code", {"code": code}, 429))
    pages.back.advance(61)
    visit.post("/register/resend")
    assert visit.post("/register/code", {"code": pages.back.code()}).location == "/register/details"


def test_an_old_code_is_refused(pages: Pages, visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    pages.back.advance(301)
    refused = visit.post("/register/code", {"code": pages.back.code()}, 422)
    assert "Kod muddati o'tgan" in seen(refused)


def test_qayta_yuborish_waits_a_minute_and_counts_an_hour(pages: Pages, visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    assert "Urinishlar ko'p, keyinroq qaytaring (10:01:00)" in seen(
        visit.post("/register/resend", status=429)
    )
    for _ in range(4):
        pages.back.advance(61)
        assert visit.post("/register/resend").location == "/register/code"
    assert "Kod qayta yuborildi" in seen(visit.get("/register/code"))
    pages.back.advance(61)
    assert "(11:00:00)" in seen(visit.post("/register/resend", status=429))


def test_orqaga_keeps_the_phone(visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    assert f'value="{PHONE}"' in visit.get("/register").text


def test_every_wrong_field_of_the_last_step_is_named(pages: Pages, visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    visit.post("/register/code", {"code": pages.back.code()})
    wrong = {"first_name": " ", "last_name": "Sinova", "business": "x" * 101}
    answer = visit.post("/register/details", wrong | {"password": "short", "password_repeated": "other"}, 422)
    for text in ("Majburiy maydon", "Qiymat juda uzun", "Kamida 8 belgi", "Parollar mos emas"):
        assert text in seen(answer)
    assert 'value="Sinova"' in answer.text
    assert "short" not in answer.text
    assert answer.text.count('aria-invalid="true"') == 4


def test_another_browser_does_not_go_on_with_it(pages: Pages, visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    assert pages.browse().get("/register/code", 303).location == "/register"


def test_a_registration_is_forgotten_after_a_day(pages: Pages, visit: Visit) -> None:
    visit.post("/register", {"phone": PHONE})
    pages.back.advance(24 * 3600 + 1)
    assert visit.get("/register/code", 303).location == "/register"
