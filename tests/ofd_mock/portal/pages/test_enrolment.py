"""Registration in five steps on pages: without script, with every way back (KZ-REG-02…06)."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import replace

import pytest

from ofd_mock.portal.enrolments import KEPT
from ofd_mock.portal.pages.enrolment import COOKIE
from ofd_mock.portal.signatures import Signer
from tests.ofd_mock.portal.pages.browser import Visit, browse, seen
from tests.ofd_mock.portal.stand import DETAILS, HEAD, NUMBER, PASSWORD, Stand, signed

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


def test_a_person_who_trades_on_his_own_registers_where_that_is_allowed(stand: Stand, visit: Visit) -> None:
    stand.set(allow_individual_entrepreneur=True)
    person = replace(HEAD, number="123456789011", name="ТЕСТОВ ТЕСТ", organisation=False)
    visit.get("/enrol", 303)
    visit.post("/enrol/1", {"cms": signed(to_sign(visit.get("/enrol/1").text), person)})
    assert 'value="123456789011"' in visit.get("/enrol/2").text
    visit.post("/enrol/2", PASSWORDS)
    text = seen(visit.get("/enrol/3"))
    assert "Спасибо! Вы предъявили сертификат ЭЦП НУЦ физического лица." in text
    assert "юридического лица" not in text


# --- ways back and forth ----------------------------------------------------------------------------------


def test_no_step_can_be_skipped(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 2)
    for step in (3, 4, 5):
        assert visit.get(f"/enrol/{step}", 303).location == "/enrol/2"
        assert visit.post(f"/enrol/{step}", {"agreed": "1"}).location == "/enrol/2"
    assert "Сначала завершите предыдущий шаг" in seen(visit.get("/enrol/2"))
    for step in (0, 6, 77):
        visit.get(f"/enrol/{step}", 404)
        visit.post(f"/enrol/{step}", status=404)


def test_it_is_taken_up_where_it_was_left(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 4)
    assert visit.get("/enrol", 303).location == "/enrol/4"
    link = re.findall(r'value="http://localhost(/enrol/resume/[^"]+)"', visit.get("/enrol/4").text)[0]
    elsewhere = browse(stand)
    assert elsewhere.get(link, 303).location == "/enrol/4"
    page = elsewhere.get("/enrol/3")
    assert 'value="+7 7172 123-456"' in page.text
    stand.lab.advance(KEPT.total_seconds() + 1)
    assert "Регистрация не найдена" in seen(elsewhere.get("/enrol/4", 404))
    assert elsewhere.get("/enrol", 303).location == "/enrol/1"


def test_the_secret_is_kept_from_scripts_and_from_other_paths(visit: Visit) -> None:
    answer = visit.get("/enrol", 303)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for mark in ("HttpOnly", "SameSite=Lax", "Path=/enrol"):
        assert mark in cookie


def test_whoever_sent_a_link_cannot_go_on_with_what_another_signed(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 1)
    sent = visit.cookie(COOKIE, "/enrol")
    victim = browse(stand)
    assert victim.get(f"/enrol/resume/{sent}", 303).location == "/enrol/1"
    victim.post("/enrol/1", {"cms": signed(to_sign(victim.get("/enrol/1").text))})
    visit.get("/enrol/2", 404)
    victim.get("/enrol/2")


def test_presenting_the_same_certificate_again_keeps_the_link(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    link = visit.cookie(COOKIE, "/enrol")
    visit.post("/enrol/1", {"cms": signed(to_sign(visit.get("/enrol/1").text))})
    assert visit.cookie(COOKIE, "/enrol") == link
    assert visit.get("/enrol", 303).location == "/enrol/3"


def test_a_second_tab_that_comes_too_late_is_led_to_the_cabinet(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 5)
    text = to_sign(visit.get("/enrol/5").text)
    key = visit.cookie(COOKIE, "/enrol")
    visit.post("/enrol/5", {"cms": signed(text)})
    visit.client.set_cookie(COOKIE, key, path="/enrol")
    for step in (1, 3, 5):
        assert visit.get(f"/enrol/{step}", 303).location == "/cabinet"
        assert visit.post(f"/enrol/{step}", {"cms": signed(text)}).location == "/cabinet"
    told = visit.post("/enrol/email", {"email": "a@b.kz"}, 404, headers={"Accept": "application/json"})
    assert told.json is not None
    assert "Регистрация не найдена" in told.json["error"]


def test_beginning_anew_leaves_what_was_given(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    assert visit.post("/enrol/again").location == "/enrol/1"
    assert visit.get("/enrol/3", 303).location == "/enrol/1"


def test_who_is_logged_in_is_told_to_go_first(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    visit.log_in()
    assert visit.get("/enrol", 303).location == "/cabinet"
    assert "Чтобы зарегистрировать другую организацию, выйдите." in seen(visit.get("/help"))


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signer", "text"),
    [
        (replace(HEAD, organisation=False), "Требуется сертификат юридического лица"),
        (replace(HEAD, may_sign=False), "Недостаточно полномочий для подписи"),
    ],
)
def test_the_first_step_says_why_not(stand: Stand, visit: Visit, signer: Signer, text: str) -> None:
    at(visit, stand, 1)
    cms = signed(to_sign(visit.get("/enrol/1").text), signer)
    assert text in seen(visit.post("/enrol/1", {"cms": cms}, 409))
    assert visit.get("/enrol/2", 303).location == "/enrol/1"


def test_no_signature_and_a_wrong_one_are_refused(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 1)
    visit.post("/enrol/1", status=409)
    assert "Подпись недействительна" in seen(visit.post("/enrol/1", {"cms": signed("other")}, 409))


def test_an_organisation_that_is_there_already_is_refused(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    at(visit, stand, 1)
    cms = signed(to_sign(visit.get("/enrol/1").text))
    assert "Организация уже зарегистрирована" in seen(visit.post("/enrol/1", {"cms": cms}, 409))


def test_another_key_does_not_sign_the_application(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 5)
    text = to_sign(visit.get("/enrol/5").text)
    answer = visit.post("/enrol/5", {"cms": signed(text, replace(HEAD, key="k2"))}, 409)
    assert "Заявка подписывается тем же ключом, что и на первом шаге" in seen(answer)
    assert to_sign(answer.text) == text
    assert "Подпись недействительна" in seen(visit.post("/enrol/5", {"cms": signed(text + " ")}, 409))
    assert visit.post("/enrol/5", {"cms": signed(text)}).location == "/cabinet"


def test_a_weak_password_is_refused_at_its_field(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 2)
    for password, repeated, text in (
        ("", "", "Минимум 8 символов"),
        ("Abc1!", "Abc1!", "Минимум 8 символов"),
        ("abcdef1!", "abcdef1!", "Нужна заглавная латинская буква"),
        ("ABCDEF1!", "ABCDEF1!", "Нужна строчная латинская буква"),
        ("Abcdefg!", "Abcdefg!", "Нужна цифра"),
        ("Abcdefg1", "Abcdefg1", "Нужен спецсимвол"),
        (PASSWORD, f"{PASSWORD} ", "Пароли не совпадают"),
    ):
        page = visit.post("/enrol/2", {"password": password, "password_repeated": repeated}, 422)
        assert text in re.findall(r'class="finding" id="password[^"]*">([^<]+)', page.text), text
        assert PASSWORD not in page.text
    assert visit.get("/enrol/3", 303).location == "/enrol/2"


def test_every_wrong_field_of_the_details_is_marked_and_keeps_what_was_typed(
    stand: Stand, visit: Visit
) -> None:
    at(visit, stand, 3)
    typed = {"phones": "<звоните>", "iik": "KZ1", "bic": "ALFAKZKA", "email": "no@code.kz", "act": "save"}
    page = visit.post("/enrol/3", typed, 422)
    found = dict(re.findall(r'class="finding" id="(\w+)-finding"[^>]*>([^<]+)', page.text))
    assert found == {
        "iik": "ИИК: 20 знаков, KZ, 2 контрольные цифры, 3 цифры банка и 13 латинских букв или цифр",
        "legal_address": "Обязательное поле",
        "actual_address": "Обязательное поле",
        "email": "Подтвердите электронную почту кодом",
        "phones": "Телефон: цифры, например +7 7172 123-456",
        "head_position": "Обязательное поле",
        "head_name": "Обязательное поле",
    }
    assert 'value="&lt;звоните&gt;"' in page.text
    assert "ДОЧЕРНИЙ БАНК" in page.text
    assert visit.get("/enrol/4", 303).location == "/enrol/3"


def test_the_contract_has_to_be_read(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 4)
    assert "Ознакомьтесь с текстом договора" in seen(visit.post("/enrol/4", status=422))


# --- windows without script -------------------------------------------------------------------------------


def value(page: str, field: str) -> str:
    found = re.search(rf'<input[^>]*\bid="{field}"[^>]*>', page)
    assert found is not None
    return html.unescape(re.findall(r'\bvalue="([^"]*)"', found[0])[0])


def test_windows_open_without_script_and_lose_nothing(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    typed = {"phones": "+7 701", "head_name": "Т"}
    page = visit.post("/enrol/3", typed | {"act": "banks"}, 200).text
    assert re.search(r'<dialog id="window-banks"[^>]* open>', page)
    assert value(page, "phones") == "+7 701"
    page = visit.post("/enrol/3", typed | {"act": "bank:ALFAKZKA"}, 200).text
    assert " open>" not in page
    assert value(page, "bic") == "ALFAKZKA"
    assert value(page, "bank_name") == 'АО "ДОЧЕРНИЙ БАНК "АЛЬФА-БАНК"'
    page = visit.post("/enrol/3", typed | {"bic": "ALFAKZKA", "act": "bank:"}, 200).text
    assert (value(page, "bic"), value(page, "bank_name")) == ("", "")


def test_an_address_is_chosen_without_script(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    page = visit.post("/enrol/3", {"act": "place:legal_address"}, 200).text
    assert re.search(r'<dialog id="window-place"[^>]* open>', page)
    typed = {"place_for": "legal_address", "place_text": "ЕСИЛЬ"}
    page = visit.post("/enrol/3", typed | {"act": "find"}, 200).text
    assert re.findall(r'value="pick:(\d+)"', page) == ["1", "2", "3", "4", "5", "6"]
    page = visit.post("/enrol/3", typed | {"act": "pick:2"}, 200).text
    assert value(page, "place_display") == "р-он Есиль, г. Нур-султан"
    wrong = visit.post("/enrol/3", typed | {"act": "choose"}, 422)
    assert "Выберите населённый пункт из списка" in seen(wrong)
    assert "Обязательное поле" in seen(wrong)
    chosen = typed | {"place": "2", "place_address": "Сауран, 12", "act": "choose"}
    page = visit.post("/enrol/3", chosen, 200).text
    assert value(page, "legal_address") == "р-он Есиль, г. Нур-султан, Сауран, 12"
    same = {"legal_address": "А", "act": "same"}
    assert value(visit.post("/enrol/3", same, 200).text, "actual_address") == "А"
    nothing = visit.post("/enrol/3", {"place_text": "Ъ", "act": "find"}, 200)
    assert "Ничего не найдено" in seen(nothing)


def test_guesses_at_the_window_of_addresses_change_nothing(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    for act in ("pick:", "pick:x", "pick:999999999", "pick:²", "pick:-1"):
        assert visit.post("/enrol/3", {"act": act}, 422)
    chosen = {"place_for": "head_name", "place": "2", "place_address": "x", "act": "choose"}
    assert value(visit.post("/enrol/3", chosen, 200).text, "head_name") == ""


def test_an_email_is_confirmed_without_script(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    email = {"new_email": DETAILS["email"]}
    wrong = visit.post("/enrol/3", {"new_email": "nobody", "act": "send"}, 422)
    assert "Неверный адрес электронной почты" in seen(wrong)
    assert "Письмо отправлено." in seen(visit.post("/enrol/3", email | {"act": "send"}, 200))
    code = stand.mailed_code()
    guess = "000000" if code != "000000" else "000001"
    for _ in range(5):
        refused = visit.post("/enrol/3", email | {"code": guess, "act": "confirm"}, 422)
        assert "Неверный код" in seen(refused)
    locked = visit.post("/enrol/3", email | {"code": code, "act": "confirm"}, 422)
    assert "Слишком много попыток" in seen(locked)
    visit.post("/enrol/3", email | {"act": "send"}, 200)
    page = visit.post("/enrol/3", email | {"code": stand.mailed_code(), "act": "confirm"}, 200).text
    assert value(page, "email") == DETAILS["email"]
    assert visit.post("/enrol/3", DETAILS | {"act": "save"}).location == "/enrol/4"


def test_scripts_are_told_of_the_mail_in_json(stand: Stand, visit: Visit) -> None:
    at(visit, stand, 3)
    json = {"headers": {"Accept": "application/json"}}
    told = visit.post("/enrol/email", {"email": "nobody"}, 422, **json)
    assert told.json == {"findings": {"email": "Неверный адрес электронной почты"}}
    for _ in range(10):
        assert visit.post("/enrol/email", {"email": DETAILS["email"]}, 200, **json).json == {"done": True}
    told = visit.post("/enrol/email", {"email": DETAILS["email"]}, 429, **json)
    assert told.json == {"error": "Слишком много попыток, повторите позже"}
