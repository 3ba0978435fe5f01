"""What all pages stand in: secret of forms, sessions, languages, limits, refusals, headers, key files."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from cryptography import x509
from structlog.testing import capture_logs
from werkzeug.datastructures import Headers

from ofd_mock.pki.authority import Authority
from ofd_mock.pki.certificates import make_root, new_key
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, write_key_file
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.verification import Demands, verify
from ofd_mock.portal.pages.session import COOKIE
from ofd_mock.portal.pages.site import SiteSettings
from ofd_mock.portal.pages.words import COOKIE as LANGUAGE
from tests.ofd_mock.portal.pages.browser import SITE, Visit, browse, seen
from tests.ofd_mock.portal.stand import DETAILS, NUMBER, PASSWORD, START, Stand, signed

LOGIN = {"login": NUMBER, "password": PASSWORD}
ELSEWHERE = [
    "//elsewhere.test",
    "https://elsewhere.test/",
    "/\\elsewhere.test",
    "\\\\elsewhere.test",
    "/\t/elsewhere.test",
    "javascript:alert(1)",
    "elsewhere",
    "",
]
JSON = {"Accept": "application/json"}


@pytest.fixture
def visit(stand: Stand) -> Visit:
    return browse(stand)


@pytest.fixture
def owner(stand: Stand, visit: Visit) -> Visit:
    stand.enrol()
    return visit.log_in()


# --- the secret of forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"csrf_token": "guess"}])
def test_a_form_without_its_secret_does_nothing(stand: Stand, visit: Visit, given: dict[str, str]) -> None:
    stand.enrol()
    answer = visit.client.post("/login", data=LOGIN | given)
    assert answer.status_code == 400
    assert "Страница устарела. Вернитесь, обновите её и повторите." in seen(answer)
    assert visit.cookie(COOKIE) == ""


def test_forms_work_behind_https_and_only_from_here(stand: Stand) -> None:
    client = browse(stand).client
    page = client.get("/login", base_url="https://portal.test")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    fields = {"csrf_token": found[1], "login": "nobody", "password": "x"}
    for referrer, status in (("https://portal.test/login", 409), ("https://evil.example/", 400), ("", 400)):
        headers = {"Referer": referrer} if referrer else {}
        answer = client.post("/login", data=fields, base_url="https://portal.test", headers=headers)
        assert answer.status_code == status, referrer


def test_the_secret_of_another_browser_is_none(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    other = browse(stand).csrf()
    assert visit.client.post("/login", data=LOGIN | {"csrf_token": other}).status_code == 400


def test_every_form_wants_its_secret(owner: Visit) -> None:
    for path in ("/logout", "/sign-file", "/enrol/1", "/enrol/email", "/organisation/edit"):
        assert owner.client.post(path).status_code == 400, path
        told = owner.client.post(path, headers=JSON)
        assert told.json == {"error": "Страница устарела. Вернитесь, обновите её и повторите."}
    assert f"ЛС {58_968}" in seen(owner.get("/"))


# --- coming in and going ----------------------------------------------------------------------------------


def test_a_login_by_password_leads_to_the_account(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    answer = visit.post("/login", LOGIN)
    assert answer.location == "/account"
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    form = visit.client.get_cookie("kassalab_portal_form")
    assert form is not None
    assert form.http_only
    assert form.same_site == "Lax"


def test_over_https_the_session_travels_by_https_only(stand: Stand) -> None:
    stand.enrol()
    visit = browse(stand)
    secure: dict[str, Any] = {"base_url": "https://localhost"}
    page = visit.client.get("/login", **secure).text
    secret = page.split('name="csrf_token" value="')[1].split('"')[0]
    headers = {"Referer": "https://localhost/login"}
    answer = visit.client.post("/login", data=LOGIN | {"csrf_token": secret}, headers=headers, **secure)
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith(COOKIE))
    assert "Secure" in cookie


def test_wrong_logins_look_alike(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    said = {
        seen(visit.post("/login", LOGIN | wrong, 409)) for wrong in ({"login": "nobody"}, {"password": "x"})
    }
    assert len(said) == 1
    assert "Неверный логин или пароль" in said.pop()


def test_the_fifth_wrong_password_locks_the_login(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    for _ in range(5):
        visit.post("/login", LOGIN | {"password": "wrong"}, 409)
    assert "Слишком много попыток" in seen(visit.post("/login", LOGIN, 429))


def test_a_login_by_signature(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    page = visit.get("/login/signed?next=/organisation").text
    challenge = page.split('name="challenge" value="')[1].split('"')[0]
    wrong = visit.post("/login/signed", {"challenge": challenge, "cms": signed("other")}, 409)
    assert "Подпись недействительна" in seen(wrong)
    again = {"challenge": challenge, "cms": signed(challenge)}
    assert "устарел" in seen(visit.post("/login/signed", again, 409))
    challenge = stand.entrance.challenge()
    right = {"challenge": challenge, "cms": signed(challenge), "next": "/organisation"}
    assert visit.post("/login/signed", right).location == "/organisation"


def test_going_ends_the_session_itself(stand: Stand, owner: Visit) -> None:
    key = owner.cookie(COOKIE)
    assert owner.post("/logout").location == "/"
    assert owner.cookie(COOKIE) == ""
    owner.client.set_cookie(COOKIE, key)
    owner.get("/organisation", 303)


def test_a_session_that_is_over_leads_back_after_the_login(stand: Stand, owner: Visit) -> None:
    stand.lab.advance(30 * 60 + 1)
    answer = owner.get("/organisation?a=1&b=2", 303)
    assert answer.location == "/login?next=/organisation%3Fa%3D1%26b%3D2"
    page = owner.get(answer.location)
    assert "Войдите в систему" in seen(page)
    wanted = page.text.split('name="next" value="')[1].split('"')[0].replace("&amp;", "&")
    assert owner.post("/login", LOGIN | {"next": wanted}).location == "/organisation?a=1&b=2"


def test_a_form_sent_too_late_leads_back_to_its_page(stand: Stand, owner: Visit) -> None:
    stand.lab.advance(30 * 60 + 1)
    assert owner.post("/organisation/edit", {"phones": "1"}).location == "/login?next=/organisation/edit"
    told = owner.post("/organisation/email", {"email": "a@b.kz"}, 401, headers=JSON)
    assert told.json == {"error": "Войдите в систему"}


def test_no_login_leads_elsewhere(stand: Stand, visit: Visit) -> None:
    stand.enrol()
    for wanted in ELSEWHERE:
        assert visit.post("/login", LOGIN | {"next": wanted}).location == "/account", wanted


# --- language ---------------------------------------------------------------------------------------------


def test_the_browser_s_language_counts_until_one_is_chosen(visit: Visit) -> None:
    for accepted, word in (
        ("kk", "Тіркелу"),
        ("en-GB,en;q=0.9", "Register"),
        ("de", "Зарегистрироваться"),
        ("", "Зарегистрироваться"),
    ):
        assert word in seen(visit.get("/", headers={"Accept-Language": accepted}))
    answer = visit.get("/language/kk?next=/help", 302)
    assert answer.location == "/help"
    assert visit.cookie(LANGUAGE) == "kk"
    page = visit.get("/", headers={"Accept-Language": "en"})
    assert "Тіркелу" in seen(page)
    assert '<html lang="kk">' in page.text


def test_an_unknown_language_changes_nothing(visit: Visit) -> None:
    visit.get("/language/xx", 302)
    assert visit.cookie(LANGUAGE) == ""
    visit.client.set_cookie(LANGUAGE, "../../etc")
    assert "Зарегистрироваться" in seen(visit.get("/"))


def test_the_switch_leads_nowhere_else(visit: Visit) -> None:
    for wanted in ELSEWHERE:
        answer = visit.client.get("/language/kk", query_string={"next": wanted})
        assert answer.location == "/", wanted


def test_the_switch_comes_back_to_the_same_page(visit: Visit) -> None:
    page = visit.get("/login?next=/cards/5%3Fa%3D1")
    link = page.text.split('href="/language/en?next=')[1].split('"')[0]
    answer = visit.get(f"/language/en?next={link}", 302)
    assert answer.location == "/login?next=/cards/5%3Fa%3D1"


def test_refusals_of_the_rules_come_in_the_language_of_the_page(stand: Stand, visit: Visit) -> None:
    visit.get("/language/en", 302)
    assert "The login or the password is wrong" in seen(visit.post("/login", LOGIN, 409))


# --- limits -----------------------------------------------------------------------------------------------


def test_too_many_tries_from_one_address_are_refused(stand: Stand) -> None:
    visit = browse(stand, SiteSettings("secret of tests", logins="3 per minute"))
    for _ in range(3):
        visit.post("/login", LOGIN, 409)
    refused = visit.post("/login", LOGIN, 429)
    assert "Слишком много попыток, повторите позже" in seen(refused)
    assert int(refused.headers["Retry-After"]) <= 60
    visit.get("/login")
    visit.get("/enrol", 429)
    assert visit.post("/sign-file", status=429, headers=JSON).json == {
        "error": "Слишком много попыток, повторите позже"
    }
    told = visit.client.post("/api/login", json=LOGIN)
    assert told.status_code == 429
    assert told.json is not None
    assert told.json["error"]["rule"] == "tries"
    assert told.json["error"]["text"]["ru"] == "Слишком много попыток, повторите позже"


def test_a_form_that_is_too_large_is_refused(visit: Visit) -> None:
    answer = visit.post("/login", {"password": "x" * (3 << 20)}, 413)
    assert "Слишком большой запрос" in seen(answer)


# --- refusals ---------------------------------------------------------------------------------------------


def test_refusals_are_pages(owner: Visit) -> None:
    assert "Страница не найдена" in seen(owner.get("/nothing", 404))
    assert "Страница не найдена" in seen(owner.get("/enrol/x", 404))
    assert "Неверный запрос" in seen(owner.get("/logout", 405))
    assert "Картотека ККМ" in seen(owner.get("/nothing", 404))


def test_the_log_of_what_breaks_holds_no_secret_of_an_address(
    stand: Stand, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    key = stand.enrolments.begin()
    monkeypatch.setattr("ofd_mock.portal.enrolments.Enrolments.view", broken)
    with capture_logs() as logs:
        visit.get(f"/enrol/resume/{key}", 500)
        assert visit.client.get(f"/api/enrolments/{key}").status_code == 500
    assert [each["path"] for each in logs] == ["/enrol/resume/<key>", "/api/enrolments/<key>"]
    assert key not in str(logs)


def test_what_breaks_inside_is_not_told(owner: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ofd_mock.portal.papers.Papers.organisation", broken)
    answer = owner.get("/organisation", 500)
    assert "Внутренняя ошибка, повторите позже" in seen(answer)
    for told in ("secret detail", "Traceback", "RuntimeError", ".py"):
        assert told not in answer.text
    assert owner.get("/organisation", 500, headers=JSON).json == {
        "error": "Внутренняя ошибка, повторите позже"
    }


# --- headers ----------------------------------------------------------------------------------------------


def test_every_page_is_guarded_by_its_headers(visit: Visit) -> None:
    for path in ("/", "/login", "/login/signed", "/help", "/outbox", "/enrol/1", "/nothing"):
        require_headers(visit.client.get(path).headers)


def require_headers(headers: Headers) -> None:
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"connect-src 'self' {SITE.signing}" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_the_api_does_not_dial_the_signing_service(visit: Visit) -> None:
    policy = visit.client.get("/api/banks").headers["Content-Security-Policy"]
    assert SITE.signing not in policy


def test_no_page_carries_scripts_or_styles_of_its_own(owner: Visit) -> None:
    for path in ("/", "/login", "/login/signed", "/organisation", "/organisation/edit", "/outbox"):
        text = owner.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        for script in text.split("<script")[1:]:
            assert "src=" in script.split(">")[0]


# --- the stand's mail -------------------------------------------------------------------------------------


def test_the_outbox_shows_mails_and_takes_no_marks_from_them(stand: Stand, visit: Visit) -> None:
    assert "Писем пока нет" in seen(visit.get("/outbox"))
    with stand.office.changing() as session:
        stand.office.mail(session, DETAILS["email"], "TEST <b>тема</b>", "Код <script>alert(1)</script>")
    page = visit.get("/outbox")
    assert "shop@example.kz" in seen(page)
    assert "10.09.2026 11:00" in seen(page)
    assert "<script>alert" not in page.text
    assert "<b>тема" not in page.text


# --- key files --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"), bits=2048)


@pytest.fixture(scope="module")
def key_file(authority: Authority) -> bytes:
    issued = authority.issue(PROFILES["head"], START)
    assert issued.file is not None
    return issued.file.read_bytes()


def sent(file: bytes | None, password: str = DEFAULT_PASSWORD, data: str = "VEVTVA==") -> dict[str, Any]:
    fields: dict[str, Any] = {"password": password, "data": data}
    return fields if file is None else fields | {"key": (io.BytesIO(file), "key.p12")}


def test_a_key_file_signs(visit: Visit, authority: Authority, key_file: bytes) -> None:
    told = visit.post("/sign-file", sent(key_file), 200).json
    assert told is not None
    result = verify(told["cms"], Demands(b"TEST"), authority.trust, START, authority.fetch(START))
    assert result.ok, result.findings


UNSIGNED = [
    ({"password": "Wrong1234"}, "Неверный пароль хранилища"),
    ({"password": ""}, "Неверный пароль хранилища"),
    ({"file": None}, "Файл не найден или не является хранилищем ключей"),
    ({"file": b"no key"}, "Файл не найден или не является хранилищем ключей"),
    ({"file": b"x" * (65 << 10)}, "Файл не найден или не является хранилищем ключей"),
    ({"data": ""}, "Нечего подписывать"),
    ({"data": "kein Base64!"}, "Нечего подписывать"),
]


def test_what_a_key_file_does_not_sign(visit: Visit, key_file: bytes) -> None:
    for fields, text in UNSIGNED:
        told = visit.post("/sign-file", sent(**({"file": key_file} | fields)), 422).json
        assert told == {"error": text}, fields


def test_a_key_of_no_test_authority_is_not_used(visit: Visit, key_file: bytes) -> None:
    """ID-05: a real key may get here by mistake."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (RSA)")])
    real = write_key_file(make_root(new_key(), name), (), DEFAULT_PASSWORD)
    told = visit.post("/sign-file", sent(real), 422).json
    assert told == {"error": "Стенд принимает только испытательные ключи"}
