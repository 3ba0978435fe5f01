"""Behind the portal: the operator on the same ledger, the reference register, and an owner that signs."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext

from ofd_mock.kz.defects import rules_with_defects
from ofd_mock.kz.process import KzProcess
from ofd_mock.kz.settings import KzSettings
from ofd_mock.pki.authority import Issued
from ofd_mock.pki.key_files import DEFAULT_PASSWORD, read_key_file
from ofd_mock.pki.signing import What, sign
from ofd_mock.portal import tables
from ofd_mock.portal.cards import Done, Wish
from ofd_mock.portal.entrance import Visitor
from ofd_mock.portal.moves import Act
from ofd_mock.portal.pages.session import COOKIE
from ofd_mock.portal.web.desks import Desks
from reference.kkm.process import RegisterProcess
from reference.kkm.settings import RegisterSettings
from reference.protocol.kz.device_states import DeviceState
from tests.ofd_mock.conftest import part_settings
from tests.ofd_mock.portal.pages.running import PASSWORD, Door
from tests.ofd_mock.portal.stand import DETAILS
from tests.waiting import PATIENCE, eventually
from tests.web import lasting_client

web = lasting_client()


@dataclass
class Till:
    """The reference register as its cashier and its technician have it."""

    base: str

    def introduce(self, device: int, token: int) -> None:
        """Type in the number that the portal showed."""
        settings = {"device_id": device, "token": token}
        answer = web.post(f"{self.base}/control/reset", json={"settings": settings})
        assert answer.status_code == 200, answer.text
        # It sells when the operator has told it who it is.
        eventually(lambda: self._mode() != "START")

    def _mode(self) -> str:
        return str(web.get(f"{self.base}/keys/state").json()["mode"])

    def press(self, key: str, order: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = web.post(f"{self.base}/keys/{key}", json=order or {})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def sell(self, total: int = 180_00) -> dict[str, Any]:
        return self.press("sell", {"items": [{"name": "Нан", "price": total, "vat": 12}]})


@dataclass
class Owner:
    """An organisation of its own at a running portal; what its pages are not looked at for is done here."""

    door: Door
    key: Issued
    visitor: Visitor

    @property
    def desks(self) -> Desks:
        return self.door.process.desks

    def signed(self, text: str) -> str:
        assert self.key.file is not None
        opened = read_key_file(self.key.file.read_bytes(), DEFAULT_PASSWORD)
        return base64.b64encode(sign(What(text.encode()), opened.pair, self.door.clock.now())).decode()

    def log_in(self, context: BrowserContext) -> None:
        """A session of the organisation's administrator in this browser."""
        secret = self.desks.entrance.log_in(self.visitor.login, PASSWORD)
        context.add_cookies([{"name": COOKIE, "value": secret, "url": self.door.base}])

    def outlet(self, name: str, settlement: int = 2) -> int:
        given = {"name": name, "settlement": settlement, "street": "Сауран", "house": "12"}
        return self.desks.outlets.add(self.visitor, given).id

    def draft(self, outlet: int, serial: str, name: str = "Касса 1") -> int:
        form = {"name": name, "model": 1, "serial": serial, "year": 2019, "consent": True, "outlet": outlet}
        return self.desks.cards.save(self.visitor, form)

    def do(self, card: int, act: Act, **wish: Any) -> Done:
        wanted = Wish(**wish)
        text = self.desks.cards.application(self.visitor, card, act, wanted)
        return self.desks.cards.sign(self.visitor, card, act, self.signed(text), wanted)

    def registered(self, outlet: int, serial: str) -> int:
        """A register with the daily tariff."""
        card = self.draft(outlet, serial)
        self.do(card, Act.SIGN_REGISTRATION)
        self.pass_time(minutes=15)
        self.until(card, DeviceState.REG_NO_TARIFF)
        self.do(card, Act.CHOOSE_TARIFF, tariff=2)
        return card

    def pass_time(self, **span: float) -> None:
        self.door.clock.advance(timedelta(**span).total_seconds())

    def state(self, card: int) -> DeviceState:
        return self.desks.views.one(self.visitor, card).state

    def until(self, card: int, state: DeviceState) -> None:
        eventually(lambda: self.state(card) is state)


def enrolled(door: Door) -> Owner:
    """An organisation that has gone through the five steps."""
    desks, key = door.process.desks, door.issue()
    owner = Owner(door, key, Visitor(0, "", "", 0, 3, None))
    desk = desks.enrolments
    way = desk.begin()
    desk.present(way, owner.signed(desk.view(way).challenge))
    desk.choose_password(way, PASSWORD, PASSWORD)
    desk.send_code(way, DETAILS["email"])
    with desks.office.reading() as session:
        text = session.query(tables.Mail).order_by(tables.Mail.id.desc()).limit(1).one().text
    desk.confirm_code(way, DETAILS["email"], text.rsplit(" ", 1)[-1])
    desk.describe(way, DETAILS)
    desk.agree(way, True)
    organisation = desk.sign(way, owner.signed(desk.application(way)))
    owner.visitor = desks.entrance.visitor(desks.entrance.open_for(organisation))
    return owner


@contextmanager
def opened_till(door: Door, folder: Path) -> Iterator[Till]:
    """The operator's port 7777 over the portal's own ledger, and a register that dials it."""
    for name in ("operator", "register"):
        (folder / name).mkdir()
    ledger = door.process.office.engine.url.render_as_string(hide_password=False)
    clock = door.clock
    part = part_settings(folder / "operator")
    operator = KzProcess(
        part, KzSettings(), rules_with_defects, clock, clock.part("operator-kz"), database=ledger
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    addresses = asyncio.run_coroutine_threadsafe(operator.start(0, 0), loop).result(PATIENCE)
    settings = RegisterSettings(server=addresses["operator-kz"], check_url=f"{addresses['http']}/")
    register = RegisterProcess(part_settings(folder / "register"), settings, clock, clock.part("register"))
    try:
        yield Till(register.start(0))
    finally:
        register.stop()
        asyncio.run_coroutine_threadsafe(operator.stop(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
