"""A real browser: a page asks over wss, a person answers in the dialog, openssl believes the CMS."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ofd_mock.pki.authority import Issued
from ofd_mock.pki.findings import Rule
from ofd_mock.pki.key_files import DEFAULT_PASSWORD
from reference.runtime.serving import HttpServer
from tests.browser import DESK, PHONE, launched, width_of_content
from tests.ofd_mock.signing.conftest import Bench
from tests.ofd_mock.signing.test_common_utils import DATA, TEXT, believed

SCRIPT = Path("ofd_mock/signing/static/signature_window.js")
PAGE = """<!doctype html><html lang="ru"><meta charset="utf-8"><title>Портал (TEST)</title>
<script src="/window.js"></script><script src="/page.js"></script>
<button id="ask">Подписать в браузере</button>
<label>Подпись <output id="signature"></output></label></html>"""
PAGE_SCRIPT = """addEventListener("load", () => document.getElementById("ask").onclick = async () => {
  const found = await askForSignature(%s);
  document.getElementById("signature").value = found === null ? "отмена" : found;
});"""
WRONG = "Неверный пароль хранилища"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    # The authority is not installed in this browser; whether its TLS certificate is right, the Line tests.
    context = browser.new_context(viewport=DESK, ignore_https_errors=True)  # type: ignore[arg-type]
    yield context
    context.close()


class Portal:
    """A page of somebody's portal that uses the window, served from its own port."""

    def __init__(self) -> None:
        self.options = "{}"
        app = Flask("portal")
        app.add_url_rule("/", "page", lambda: PAGE)
        script = (Path(__file__).parents[3] / SCRIPT).read_text(encoding="utf-8")
        app.add_url_rule("/window.js", "window", lambda: (script, {"Content-Type": "text/javascript"}))
        app.add_url_rule(
            "/page.js", "script", lambda: (PAGE_SCRIPT % self.options, {"Content-Type": "text/javascript"})
        )
        self.server = HttpServer(app, "127.0.0.1", 0)


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    made = Portal()
    with made.server:
        yield made


def opened(context: BrowserContext, portal: Portal, bench: Bench, more: str = "") -> tuple[Page, Page]:
    """The portal's page, and the service's own window beside it."""
    portal.options = f"{{data: '{DATA}', address: '{bench.wss}', {more}}}"
    page, window = context.new_page(), context.new_page()
    window.goto(f"{bench.base}/")
    page.goto(portal.server.url)
    page.get_by_role("button", name="Подписать в браузере").click()
    return page, window


def browse(page: Page, window: Page, issued: Issued) -> None:
    """«Ваш компьютер» on the page opens the choice of a file in the service's window."""
    page.get_by_label("Тип хранилища ключа*").select_option("Ваш компьютер")
    expect(window.get_by_role("heading", name="Выбор хранилища ключа")).to_be_visible()
    assert issued.file is not None
    window.get_by_role("button", name=issued.file.name).click()
    window.get_by_role("button", name="Выбрать").click()
    expect(page.get_by_label("Путь хранилища ключа*")).to_have_value(re.compile(issued.file.name))


def signature(page: Page) -> str:
    found = page.locator("#signature")
    expect(found).to_have_text(re.compile("^MII"))
    return found.text_content() or ""


@pytest.mark.parametrize("title", ["auth", "sign"])
def test_the_window_of_the_portal(
    context: BrowserContext, portal: Portal, bench: Bench, head: Issued, title: str, tmp_path: Path
) -> None:
    """§16.7, KZ-REG-02, KZ-REG-06: type, path, password, «Подписать»; wrong password first."""
    page, window = opened(context, portal, bench, f"title: '{title}'")
    heading = {"auth": "Авторизация", "sign": "Формирование подписи"}[title]
    expect(page.get_by_role("dialog", name=heading)).to_be_visible()
    expect(page.get_by_label("Тип хранилища ключа*").locator("option").first).to_have_text(
        "-- Выберите тип --"
    )
    browse(page, window, head)
    page.get_by_label("Пароль для хранилища*").fill("Wrong1234")
    page.get_by_role("button", name="Подписать", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text(WRONG)
    page.get_by_label("Пароль для хранилища*").fill(DEFAULT_PASSWORD)
    page.get_by_role("button", name="Подписать", exact=True).click()
    made = signature(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    result = bench.verify(made, TEXT, taxpayer="123456789021")
    assert result.ok, result.findings
    assert believed(bench, base64.b64decode(made), TEXT, tmp_path)


@pytest.mark.parametrize(
    ("profile", "rule"),
    [
        ("expired", Rule.VALIDITY),
        ("revoked", Rule.REVOKED),
        ("foreign", Rule.CHAIN),
        ("individual", Rule.ORGANISATION),
    ],
)
def test_certificates_that_are_refused(
    context: BrowserContext, portal: Portal, bench: Bench, profile: str, rule: Rule
) -> None:
    """KZ-REG-02: each with its own reason."""
    page, window = opened(context, portal, bench)
    browse(page, window, bench.issue(profile))
    page.get_by_label("Пароль для хранилища*").fill(DEFAULT_PASSWORD)
    page.get_by_role("button", name="Подписать", exact=True).click()
    assert [each.rule for each in bench.verify(signature(page), TEXT).findings] == [rule]


def test_with_basics_the_services_own_dialog_asks(
    context: BrowserContext, portal: Portal, bench: Bench, head: Issued, tmp_path: Path
) -> None:
    """§16.6: with the applet dialect off; wrong password, an unsuitable key, then the right one."""
    bench.reset(applet_dialect=False)
    door = bench.issue("authentication")
    assert head.file is not None
    assert door.file is not None
    page, window = opened(context, portal, bench)
    page.get_by_label("Тип хранилища ключа*").select_option("Ваш компьютер")
    expect(window.get_by_role("heading", name="Формирование подписи")).to_be_visible()
    expect(window.locator("#origin")).to_have_text(portal.server.url)
    expect(window.locator("#shown")).to_have_text(TEXT.decode())
    window.get_by_label("Тип хранилища ключа*").select_option("Ваш компьютер")
    window.get_by_label("Путь хранилища ключа*").first.fill(str(door.file))
    window.get_by_label("Пароль для хранилища*").fill("Wrong1234")
    window.get_by_role("button", name="Открыть").click()
    expect(window.get_by_role("alert")).to_have_text(WRONG)
    window.get_by_label("Пароль для хранилища*").fill(DEFAULT_PASSWORD)
    window.get_by_role("button", name="Открыть").click()
    expect(window.get_by_role("radio")).to_be_disabled()
    expect(window.locator(".why")).to_have_text("Ключ другого назначения")
    window.get_by_role("button", name=f"{head.file.name} · head", exact=True).click()
    window.get_by_role("button", name="Открыть").click()
    expect(window.get_by_role("radio")).to_be_checked()
    expect(window.locator("#list")).to_contain_text('ТЕСТОВ ТЕСТ, АО "ТЕСТ"')
    expect(window.locator("#list")).to_contain_text("первый руководитель")
    window.get_by_role("button", name="Подписать").click()
    made = signature(page)
    assert bench.verify(made, TEXT).ok
    assert believed(bench, base64.b64decode(made), TEXT, tmp_path)
    expect(window.locator("#idle")).to_be_visible()
    expect(window.locator("#password")).to_have_value("")


def test_cancelling_leaves_no_signature(context: BrowserContext, portal: Portal, bench: Bench) -> None:
    page, window = opened(context, portal, bench)
    page.get_by_label("Тип хранилища ключа*").select_option("Ваш компьютер")
    expect(window.get_by_role("heading", name="Выбор хранилища ключа")).to_be_visible()
    window.keyboard.press("Escape")
    expect(page.get_by_label("Тип хранилища ключа*")).to_have_value("")
    page.get_by_role("button", name="Отмена").click()
    expect(page.locator("#signature")).to_have_text("отмена")
    assert bench.dialog() is None


def test_without_the_service_the_window_says_so(
    context: BrowserContext, portal: Portal, bench: Bench
) -> None:
    page, _ = opened(context, portal, bench, "address: 'wss://127.0.0.1:1/'")
    expect(page.get_by_role("alert")).to_contain_text("Служба подписи не отвечает")


@pytest.mark.parametrize("viewport", [DESK, PHONE])
@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_the_dialog_fits(
    browser: Browser, bench: Bench, head: Issued, viewport: dict[str, int], language: str
) -> None:
    """No sideways scrolling, labels on every field, nothing wrong on the console."""
    page = browser.new_page(viewport=viewport)  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{bench.base}/?language={language}")
    with bench.line() as line:
        line.send(
            {
                "module": "kz.gov.pki.knca.commonUtils",
                "method": "createCAdESFromBase64",
                "args": ["PKCS12", "SIGNATURE", DATA, True],
            }
        )
        expect(page.locator("#dialog")).to_be_visible()
        page.locator("#storage").select_option("PKCS12")
        page.locator("#path").fill(str(head.file))
        page.locator("#password").fill(DEFAULT_PASSWORD)
        page.locator("#open").click()
        expect(page.get_by_role("radio")).to_be_checked()
        assert width_of_content(page) <= viewport["width"]
        for field in ("#storage", "#path", "#password"):
            assert page.locator(f"label[for={field[1:]}]").is_visible()
        page.locator("#cancel").click()
        assert line.hear()["code"] == "500"
    page.close()
    assert complaints == []
