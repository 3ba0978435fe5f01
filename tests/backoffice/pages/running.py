"""The owner portal inside the test process, with what people do in front of it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from reference.backoffice.branches import Device, Linked
from reference.backoffice.desks import Desks
from reference.backoffice.entrance import Visitor
from reference.backoffice.pages.session import COOKIE
from reference.backoffice.process import BackofficeProcess
from reference.backoffice.tables import Sms, Subscription
from reference.runtime.clock import LabClock
from reference.runtime.process import PartSettings
from tests.backoffice.conftest import NAMES, PASSWORD, START
from tests.browser import DESK, PHONE, width_of_content

SCREENSHOTS = "KASSALAB_SCREENSHOTS"
PROVOKED = "error: Failed to load resource"
"""Forms that are refused, which tests do themselves."""
_NUMBERS = itertools.count(1)
_SMALL = """() => {
  const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, label.tick';
  return [...document.querySelectorAll(wanted)].filter((each) => {
    const box = each.getBoundingClientRect();
    if (!each.checkVisibility() || each.matches('.skip, .unseen, label.tick input')) return false;
    return box.height < 40 || box.width < 40;
  }).map((each) => each.outerHTML.slice(0, 120));
}"""
_NAMELESS = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select')]
  .filter((each) => each.checkVisibility() && !each.ariaHidden)
  .filter((each) => !(each.labels?.length || each.ariaLabel || each.innerText?.trim()))
  .map((each) => each.outerHTML.slice(0, 120))"""


@dataclass
class Owner:
    """Somebody who has registered, with the key of his session."""

    visitor: Visitor
    phone: str
    session: str


@dataclass
class Door:
    """A running portal: `base` its address."""

    process: BackofficeProcess
    lab: LabClock
    base: str

    @property
    def desks(self) -> Desks:
        return self.process.desks

    def code(self) -> str:
        """The newest SMS code."""
        with self.desks.office.reading() as session:
            text = session.scalars(select(Sms.text).order_by(Sms.id.desc()).limit(1)).one()
        return text.rsplit(" ", 1)[-1]

    def enrolled(self, plan: str = "professional") -> Owner:
        """A new owner of this plan, without a browser."""
        phone, door = fresh_phone(), self.desks.entrance
        key = door.begin(phone)
        door.confirm(key, self.code())
        session = door.finish(key, NAMES | {"password": PASSWORD, "password_repeated": PASSWORD})
        visitor = door.visitor(session)
        with self.desks.office.changing() as rows:
            rows.get_one(Subscription, visitor.owner).plan = plan
        return Owner(visitor, phone, session)

    def linked(self, owner: Owner, name: str = "Markaziy") -> Linked:
        """A new branch of his with a point of sale."""
        branches = self.desks.branches
        place = branches.add(owner.visitor, {"name": name})[0].id
        code, key = branches.offer(Device("Kassa 1", f"identity of the till in branch {place}"))
        branches.take_offer(owner.visitor, place, code)
        return branches.linked(key)


def fresh_phone() -> str:
    """A phone that nobody has."""
    return f"+99890{next(_NUMBERS):07d}"


@contextmanager
def opened_door(folder: Path) -> Iterator[Door]:
    """A portal on a port of its own, its clock standing at 1 September, ten in the morning."""
    lab = LabClock.private(start=START, rate=0)
    part = PartSettings(
        host="127.0.0.1",
        folder=folder,
        clock=None,
        seed=1,
        control_port=None,
        control_token=None,
        allow_any_host=False,
        log_level="warning",
    )
    process = BackofficeProcess(part, lab, lab.part("backoffice"), logins="10000 per minute")
    try:
        yield Door(process, lab, process.start(0)["backoffice"])
    finally:
        process.stop()


def come_in(page: Page, door: Door, owner: Owner) -> None:
    """Be logged in, without the login page."""
    page.context.add_cookies([{"name": COOKIE, "value": owner.session, "url": door.base}])


def shown(context: BrowserContext, door: Door) -> tuple[Page, list[str]]:
    """A page at the portal's login, and the list that its console's complaints go to."""
    page = context.new_page()
    complaints: list[str] = []

    def heard(text: str) -> None:
        if not text.startswith(PROVOKED):
            complaints.append(text)

    page.on("console", lambda message: heard(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{door.base}/")
    return page, complaints


def fits(page: Page, name: str) -> None:
    """At both widths no sideways scrolling, nothing too small for a finger, nothing without a name.

    Pictures for whoever wants to look at them.
    """
    folder = os.environ.get(SCREENSHOTS)
    # A click ends where the next page begins; it has its width when its styles are there.
    page.wait_for_load_state("load")
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert width_of_content(page) <= size["width"], (name, size)
        assert page.evaluate(_SMALL) == [], (name, size)
        assert page.evaluate(_NAMELESS) == [], (name, size)
        if folder:
            page.screenshot(path=Path(folder) / f"owner-{name}-{size['width']}.png", full_page=True)
