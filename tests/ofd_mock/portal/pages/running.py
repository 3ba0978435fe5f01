"""The portal and the signing service inside the test process, with what people do in front of them."""

from __future__ import annotations

import base64
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from ofd_mock.pki.authority import Issued
from ofd_mock.pki.holders import ORGANISATION
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, read_key_file
from ofd_mock.pki.profiles import PROFILES
from ofd_mock.pki.signing import What, sign
from ofd_mock.portal.identities import check_digit
from ofd_mock.portal.pages.session import COOKIE
from ofd_mock.portal.process import PortalProcess
from ofd_mock.portal.settings import PortalSettings
from reference.runtime.clock import LabClock
from tests.browser import DESK, PHONE, width_of_content
from tests.ofd_mock.conftest import part_settings
from tests.ofd_mock.portal.stand import DETAILS, PASSWORD
from tests.ofd_mock.signing.conftest import Bench
from tests.ofd_mock.signing.conftest import opened as opened_signing

SCREENSHOTS = "KASSALAB_SCREENSHOTS"
_NUMBERS = itertools.count(1)


@dataclass
class Door:
    """A running portal: `base` its address, `bench` the signing service of the same authority and clock."""

    process: PortalProcess
    bench: Bench
    base: str
    complaints: list[str] = field(default_factory=list)

    @property
    def clock(self) -> LabClock:
        return self.bench.clock

    def issue(self, profile: str = "head", number: str | None = None) -> Issued:
        """A key file of an organisation that nobody has seen yet, or of `number`."""
        kind = PROFILES[profile]
        now = self.clock.now()
        if not kind.organisation:
            return self.bench.authority.issue(kind, now)
        holder = replace(ORGANISATION, bin=number or fresh_number())
        return self.bench.authority.issue(kind, now, holder)

    def signed(self, text: str, issued: Issued) -> str:
        """A signature without a browser."""
        assert issued.file is not None
        pair = read_key_file(issued.file.read_bytes(), DEFAULT_PASSWORD).pair
        return base64.b64encode(sign(What(text.encode()), pair, self.clock.now())).decode()

    def at_step(self, step: int, issued: Issued) -> str:
        """The secret of a registration that has come as far as this step, without a browser."""
        desk = self.process.desks.enrolments
        key = desk.begin()
        if step > 1:
            desk.present(key, self.signed(desk.view(key).challenge, issued))
        if step > 2:
            desk.choose_password(key, PASSWORD, PASSWORD)
        if step > 3:
            desk.send_code(key, DETAILS["email"])
            code = self.process.desks.papers.outbox()[0].text.rsplit(" ", 1)[-1]
            desk.confirm_code(key, DETAILS["email"], code)
            desk.describe(key, DETAILS)
        if step > 4:
            desk.agree(key, True)
        return key

    def enrolled(self, issued: Issued) -> str:
        """The session of an organisation that has registered with this key, without a browser."""
        desks = self.process.desks
        key = self.at_step(5, issued)
        text = desks.enrolments.application(key)
        return desks.entrance.open_for(desks.enrolments.sign(key, self.signed(text, issued)))


def fresh_number() -> str:
    """A BIN with the right check digit."""
    while True:
        eleven = f"0101{next(_NUMBERS):07d}"
        last = check_digit(eleven)
        if last is not None:
            return f"{eleven}{last}"


def resume(page: Page, door: Door, key: str) -> None:
    """Go on with a registration by its kept link."""
    page.goto(f"{door.base}/enrol/resume/{key}")


def come_in(page: Page, door: Door, session: str) -> None:
    """Be logged in, without the login page."""
    page.context.add_cookies([{"name": COOKIE, "value": session, "url": door.base}])


@contextmanager
def opened_door(folder: Path, **settings: Any) -> Iterator[Door]:
    with opened_signing(folder) as bench:
        part = part_settings(folder / "portal")
        part.folder.mkdir()
        clock = bench.clock.part("portal")
        process = PortalProcess(
            part,
            PortalSettings(**settings),
            bench.clock,
            clock,
            folder / "pki",
            signing=bench.wss,
            logins="10000 per minute",
        )
        addresses = process.start(0)
        try:
            yield Door(process, bench, addresses["portal"])
        finally:
            process.stop()


def shown(context: BrowserContext, door: Door) -> tuple[Page, list[str]]:
    """A page at the portal's home, and the list that its console's complaints go to."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{door.base}/")
    return page, Complaints(complaints)


PROVOKED = ("Failed to load resource", "WebSocket is closed before")
"""Requests that are refused, and a window closed before the signing service has answered."""


class Complaints(list[str]):
    """Complaints but those that tests provoke themselves."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def __eq__(self, other: object) -> bool:
        return [line for line in self._heard if not any(each in line for each in PROVOKED)] == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._heard)


def sign_by_file(page: Page, issued: Issued, password: str = DEFAULT_PASSWORD) -> None:
    """«Подписать файлом ключа»: leaves the signature in its line, or the finding under it."""
    assert issued.file is not None
    files = page.locator("details.by-file")
    if files.get_attribute("open") is None:
        files.locator("summary").click()
    page.get_by_label("Файл ключа (.p12)").set_input_files(issued.file)
    page.get_by_label("Пароль для хранилища").fill(password)
    page.get_by_role("button", name="Подписать файлом", exact=True).click()


def signed_by_file(page: Page, issued: Issued) -> None:
    sign_by_file(page, issued)
    expect(page.locator("#cms")).to_have_value(re.compile("^MII"))


def sign_in_browser(page: Page, window: Page, issued: Issued, password: str = DEFAULT_PASSWORD) -> None:
    """«Подписать в браузере»: the page's window, and the choice of the file in the service's own."""
    assert issued.file is not None
    page.get_by_role("button", name="Подписать в браузере").click()
    page.get_by_label("Тип хранилища ключа*").select_option("Ваш компьютер")
    expect(window.get_by_role("heading", name="Выбор хранилища ключа")).to_be_visible()
    window.get_by_role("button", name=issued.file.name).click()
    window.get_by_role("button", name="Выбрать").click()
    expect(page.get_by_label("Путь хранилища ключа*")).to_have_value(re.compile(issued.file.name))
    page.get_by_label("Пароль для хранилища*").fill(password)
    page.get_by_role("dialog").get_by_role("button", name="Подписать", exact=True).click()


def mailed_code(context: BrowserContext, door: Door) -> str:
    """The newest code, as the stand's mail shows it."""
    page = context.new_page()
    page.goto(f"{door.base}/outbox")
    text = page.locator("article .text").first.inner_text()
    page.close()
    return text.rsplit(" ", 1)[-1]


def fits(page: Page, name: str) -> None:
    """No sideways scrolling at both widths; pictures for whoever wants to look at them."""
    folder = os.environ.get(SCREENSHOTS)
    # A click ends where the next page begins; it has its width when its styles are there.
    page.wait_for_load_state("load")
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert width_of_content(page) <= size["width"], (name, size)
        if folder:
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)
