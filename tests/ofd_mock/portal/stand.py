"""A portal on a ledger, a lab clock that stands still, and signatures that a test writes by hand."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from ofd_mock.portal.accounts import Accounts
from ofd_mock.portal.cards import KINDS, Cards, Done, Wish
from ofd_mock.portal.directories import settlements
from ofd_mock.portal.enrolments import Enrolments
from ofd_mock.portal.entrance import Entrance, Visitor
from ofd_mock.portal.keeper import Keeper
from ofd_mock.portal.moves import Act
from ofd_mock.portal.office import Office
from ofd_mock.portal.outlets import Outlets
from ofd_mock.portal.settings import PortalSettings
from ofd_mock.portal.signatures import SignatureRefusedError, Signer
from ofd_mock.portal.tables import Card, Mail
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.results import Texts
from reference.runtime.clock import LabClock
from reference.runtime.database import open_engine
from tests.ofd_mock.kz.counter import Answer, Counter, closing, ticket

START = datetime(2026, 9, 10, 6, 0, tzinfo=UTC)
NUMBER = "123456789021"
OTHER_NUMBER = "123456789032"
PASSWORD = "Abcdef1!"
HEAD = Signer(NUMBER, 'АО "ТЕСТ"', "ТЕСТОВ ТЕСТ", organisation=True, may_sign=True, key="k1")
DETAILS = {
    "legal_address": "р-он Есиль, г. Нур-султан, Сауран, 12",
    "actual_address": "р-он Есиль, г. Нур-султан, Сауран, 12",
    "email": "shop@example.kz",
    "phones": "+7 7172 123-456",
    "head_position": "Директор",
    "head_name": "Тестов Тест",
}


class Stamps:
    """Signatures in the clear: who signed what. Whatever does not fit is refused as a real desk would."""

    def signer_of(self, cms: str, content: bytes, *, for_login: bool = False) -> Signer:  # noqa: ARG002
        try:
            given = json.loads(base64.b64decode(cms, validate=True))
            signer = Signer(**given["signer"])
        except (ValueError, KeyError, TypeError):
            raise SignatureRefusedError("syntax", Texts("?", "?", "no CMS")) from None
        if base64.b64decode(given["content"]) != content:
            text = Texts("Подпись недействительна", "?", "not valid")
            raise SignatureRefusedError("digest", text)
        return signer


def signed(content: str, signer: Signer = HEAD) -> str:
    made = {"signer": asdict(signer), "content": base64.b64encode(content.encode()).decode()}
    return base64.b64encode(json.dumps(made).encode()).decode()


class Stand:
    def __init__(self, database: Path | str, **settings: Any) -> None:
        self.lab = LabClock.private(start=START, rate=0)
        self.counter = Counter(database)
        engine = open_engine(self.counter.database, {})
        chance = Random(1)
        folder = database if isinstance(database, Path) else None
        self.office = Office(
            engine, self.lab.part("portal"), chance, Stamps(), PortalSettings(**settings), folder
        )
        self.office.open()
        self.enrolments = Enrolments(self.office)
        self.entrance = Entrance(self.office)
        self.outlets = Outlets(self.office)
        self.cards = Cards(self.office)
        self.accounts = Accounts(self.office)
        self.keeper = Keeper(self.office)
        self._reqnum: dict[int, int] = {}
        self._tokens: dict[int, int] = {}

    def close(self) -> None:
        self.counter.ledger.catch_up()
        self.counter.ledger.engine.dispose()
        self.office.engine.dispose()

    def set(self, **settings: Any) -> None:
        self.office.settings = PortalSettings(**settings)

    def advance(self, **span: float) -> None:
        """Let lab time pass, and what happens by itself happen."""
        self.lab.advance(timedelta(**span).total_seconds())
        self.keeper.run()

    def until(self, local: datetime) -> None:
        """Let lab time pass until a moment on the portal's wall clock."""
        self.advance(seconds=(local - to_almaty(self.office.now)).total_seconds())

    # --- a newcomer ---------------------------------------------------------------------------------------

    def mailed_code(self) -> str:
        with self.office.reading() as session:
            text = session.scalars(select(Mail.text).order_by(Mail.id.desc()).limit(1)).one()
        return text.rsplit(" ", 1)[-1]

    def enrol(self, signer: Signer = HEAD, **details: Any) -> int:
        """An organisation that has gone through all five steps; its id."""
        desk = self.enrolments
        key = desk.begin()
        desk.present(key, signed(desk.view(key).challenge, signer))
        desk.choose_password(key, PASSWORD, PASSWORD)
        desk.send_code(key, DETAILS["email"])
        desk.confirm_code(key, DETAILS["email"], self.mailed_code())
        desk.describe(key, DETAILS | details)
        desk.agree(key, True)
        return desk.sign(key, signed(desk.application(key), signer))

    def visitor(self, login: str = NUMBER, password: str = PASSWORD) -> Visitor:
        return self.entrance.visitor(self.entrance.log_in(login, password))

    def owner(self, signer: Signer = HEAD) -> Visitor:
        self.enrol(signer)
        return self.visitor(signer.number)

    # --- a register ---------------------------------------------------------------------------------------

    def outlet(self, visitor: Visitor, settlement: int = 2, name: str = "Магазин №1") -> int:
        form = {"name": name, "settlement": settlement, "street": "Сауран", "house": "12"}
        assert settlement in settlements()
        return self.outlets.add(visitor, form).id

    def draft(self, visitor: Visitor, outlet: int, **more: Any) -> int:
        form = {"name": "Касса 1", "model": 1, "serial": "91862666525902", "year": 2019, "consent": True}
        return self.cards.save(visitor, form | {"outlet": outlet} | more)

    def do(self, visitor: Visitor, card: int, act: Act, signer: Signer = HEAD, **wish: Any) -> Done:
        """A signed act: its application taken, signed, handed in."""
        assert act in KINDS
        text = self.cards.application(visitor, card, act, Wish(**wish))
        return self.cards.sign(visitor, card, act, signed(text, signer), Wish(**wish))

    def registered(self, visitor: Visitor, signer: Signer = HEAD, **form: Any) -> int:
        """A register that the tax body has taken and that has the daily tariff."""
        outlet = form.pop("outlet", None) or self.outlet(visitor)
        card = self.draft(visitor, outlet, **form)
        self.do(visitor, card, Act.SIGN_REGISTRATION, signer)
        self.advance(hours=72)
        self.do(visitor, card, Act.CHOOSE_TARIFF, signer, tariff=2)
        return card

    def card(self, card: int) -> Card:
        with self.office.reading() as session:
            row = session.get_one(Card, card)
            session.expunge(row)
            return row

    def state(self, card: int) -> DeviceState:
        device = self.counter.ledger.device(card)
        assert device is not None
        return device.state

    # --- the wire -----------------------------------------------------------------------------------------

    def token(self, visitor: Visitor, card: int) -> int:
        self._tokens[card] = self.cards.token(visitor, card)
        return self._tokens[card]

    def send(self, card: int, document: Any, token: int | None = None) -> Answer:
        """A document from the register, with the token it was given last."""
        self.counter.now = to_almaty(self.office.now)
        self._reqnum[card] = self._reqnum.get(card, 0) + 1
        answer = self.counter.send(
            document,
            device=card,
            token=self._tokens.get(card, 1) if token is None else token,
            reqnum=self._reqnum[card],
        )
        if answer.code == 0:
            self._tokens[card] = answer.token
        return answer

    def sell(self, card: int, total: int = 100_00, token: int | None = None) -> Answer:
        return self.send(card, ticket(total, time=to_almaty(self.office.now)), token)

    def close_shift(self, card: int) -> Answer:
        return self.send(card, closing(to_almaty(self.office.now)))
