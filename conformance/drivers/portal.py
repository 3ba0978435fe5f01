"""Driver of a portal under test: its API, organisations that the judge registers, their keys and registers.

Every case begins with the same two organisations, freshly registered and without registers: they go through
the five steps once, and a snapshot brings them back. At the end the portal's owner gets his rows back.
Without a control API only what anybody may ask is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from conformance.control_client import Json
from conformance.drivers.kz_device import Device, Identity
from conformance.drivers.portal_client import Caller, PortalClient, Told
from conformance.drivers.portal_keys import NEWCOMER, OTHER, OWN, Break, Key, KeyRing, signed
from conformance.drivers.portal_owner import Owner
from conformance.drivers.portal_wire import PortalWire
from conformance.drivers.wire import Tap
from conformance.models.kz_money import Books
from conformance.verdicts import CaseFailed, NotApplicable
from reference.protocol.kz.money import from_almaty, to_almaty

if TYPE_CHECKING:
    from conformance.context import Context
    from conformance.session import Session

PART: Final = "portal"
BEFORE, SNAPSHOT = "before-judging", "two-organisations"
"""Snapshots of the portal: as its owner had it, and as every case begins."""
STRONG: Final = "Abcdef1!"
"""A password that every rule of the portal lets pass (kz-ofd §15.2)."""
DETAILS: Final = {
    "legal_address": "р-он Есиль, г. Нур-султан, Сауран, 12",
    "actual_address": "р-он Есиль, г. Нур-султан, Сауран, 12",
    "email": "shop@example.kz",
    "phones": "+7 7172 123-456",
    "head_position": "Директор",
    "head_name": "Тестов Тест",
}
CONFLICT: Final = 409
FRESH, SESSION = timedelta(minutes=5), timedelta(minutes=15)
"""How old a session may be when a case begins, and in it: unused it may be over after half an hour."""
NEWCOMER_LASTS: Final = timedelta(days=20)
_KEPT: Final = "portal"
Result = TypeVar("Result")


@dataclass(slots=True)
class _Run:
    """What the driver keeps from case to case: keys, and the sessions of the two organisations."""

    keys: KeyRing
    sessions: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    """When the two logged in whose sessions the snapshot holds; None: there is no snapshot yet."""
    runs: bool | None = None
    """Whether lab time runs where the portal is at home."""
    way: str = ""
    begun: datetime | None = None
    """Of the newcomer that the snapshot holds at step 3."""


class PortalDriver:
    """The portal under test; see docs/writing-cases.md for the usual ways to use it."""

    def __init__(self, session: Session, tap: Tap, reporter: Context) -> None:
        self._session = session
        self.reporter = reporter
        self.client = PortalClient(session.target.endpoint, tap, session.seconds)
        self.anybody = Caller(self.client)
        self._owners: dict[str, Owner] = {}
        self._since: datetime | None = None
        self._switched: Json = {}
        self._wire: PortalWire | None = None
        if _KEPT not in session.kept:
            session.kept[_KEPT] = _Run(KeyRing(lambda **given: self._control.do("make-key", **given)))
        kept = session.kept[_KEPT]
        assert isinstance(kept, _Run)
        self._run = kept
        if self.controlled:
            self._begin()

    def close(self) -> None:
        """Put switches back and hang up."""
        if self._switched:
            self._control.do("settings", settings=self._switched)
            self._switched = {}
        if self._wire is not None:
            self._wire.close()
        self.client.close()

    # who asks

    @property
    def owner(self) -> Owner:
        """The judge's organisation, its administrator logged in."""
        return self._owner(OWN)

    @property
    def other(self) -> Owner:
        """Another organisation, its administrator logged in."""
        return self._owner(OTHER)

    def _owner(self, number: str) -> Owner:
        if number not in self._owners:
            raise NotApplicable("the judge registers its organisations at a portal with a control API alone")
        return self._owners[number]

    def _come_in(self, number: str) -> str:
        """A session for an organisation, which is registered first where it is not known yet."""
        key = self.key(number=number)
        told = self.log_in_signed(key)
        owner = self.enrol(key, number=number) if told.status == CONFLICT else self.visitor(told, number)
        return owner.session

    def log_in(self, login: str, password: str) -> Told:
        """«Войти»."""
        return self.anybody.send("POST", "/login", {"login": login, "password": password})

    def log_in_signed(self, key: Key, spoiled: Break = Break.NOTHING) -> Told:
        """«Войти с ЭЦП» with a challenge of this moment."""
        challenge = self.anybody.post("/login/challenge")["challenge"]
        cms = signed(challenge, key, self.now(), spoiled=spoiled)
        return self.anybody.send("POST", "/login/signed", {"challenge": challenge, "cms": cms})

    def visitor(self, told: Told, number: str = OWN) -> Owner:
        """Whoever has just been let in."""
        return Owner(self, told.demand()["session"], number)

    # newcomers

    def begin(self) -> Enrolment:
        """A registration that has just begun (kz-ofd §15.2)."""
        return Enrolment(self, f"/enrolments/{self.anybody.post('/enrolments')['key']}")

    def at_data(self) -> Enrolment:
        """A registration at step 3, its address confirmed (needs `control`)."""
        return Enrolment(self, self._run.way)

    def enrol(self, key: Key, *, number: str = OWN, **details: Any) -> Owner:
        """An organisation taken through all five steps."""
        steps = self.begin()
        steps.until(5, key, **details)
        return Owner(self, steps.sign(key).demand()["session"], number)

    def follow(self, owner: Owner) -> None:
        """Have an organisation of the case's own log in again when time has passed."""
        self._owners[owner.number] = owner

    def mailed_code(self, email: str = DETAILS["email"]) -> str:
        """The code of the newest mail to an address."""
        mails = [mail for mail in self.anybody.get("/outbox") if mail["to"] == email]
        if not mails:
            raise CaseFailed(f"no mail to {email} stands in the outbox", clause="KZ-RF-07")
        return str(mails[0]["text"]).rsplit(" ", 1)[-1]

    # keys

    def key(self, profile: str = "head", *, number: str = OWN) -> Key:
        """A key of an organisation (`needs` test-certificates); see ofd's profiles in docs/signing.md."""
        return self._run.keys.key(profile, number, self.now())

    def new_key(self, profile: str = "head", *, number: str = OWN) -> Key:
        """A key that nobody has used before (needs `control`)."""
        return self._run.keys.fresh(profile, number)

    def revoke(self, key: Key) -> None:
        """Have the authority revoke a certificate (needs `control`)."""
        self._control.do("revoke", serial=key.serial)

    # time, switches, what is done by order

    @property
    def controlled(self) -> bool:
        """Whether the portal has a control API."""
        return PART in self._session.target.controls

    def now(self) -> datetime:
        """Lab time, aware."""
        return self._session.clock.now()

    @property
    def today(self) -> date:
        """The portal's day, Almaty."""
        return to_almaty(self.now()).date()

    def pass_time(self, **span: float) -> None:
        """Let lab time go on, and what is due by then happen; owners whose session ran out log in again."""
        self._session.clock.advance(timedelta(**span))
        self.keep_up()
        now = self.now()
        if self._since is not None and now - self._since >= SESSION:
            self._since = now
            for number, owner in self._owners.items():
                owner.session = self.log_in_signed(self.key(number=number)).demand()["session"]

    def pass_until(self, day: date, at: time = time()) -> None:
        """Let lab time go on to a moment of the portal's zone."""
        ahead = (from_almaty(datetime.combine(day, at)) - self.now()).total_seconds()
        self.pass_time(seconds=ahead)

    def keep_up(self) -> None:
        """What is due by now happens (needs `control`)."""
        self._control.do("keep-up")

    def switch(self, **settings: Any) -> None:
        """Change switches of kz-ofd §19.2 (needs `control`); put back after the case."""
        known = self._control.state()["settings"]
        for name in settings:
            self._switched.setdefault(name, known[name])
        self._control.do("settings", settings=settings)

    def order(self, operation: str, card: int) -> Json:
        """Have the tax body answer (`answer-now`) or the operator `block` and `unblock` (needs `control`)."""
        return self._control.do(operation, id=card) or {}

    # the wire

    def register(self, owner: Owner, card: int, token: int) -> Device:
        """The judge's own register with the identity and token of a card (needs `wire`)."""
        if self._wire is None:
            self._wire = PortalWire(self._session, self._session.tap, self.reporter)
        known = owner.card(card)
        identity = Identity(card, known["rnm"], known["serial"], owner.number, new=True, token=token)
        return self._wire.adopt(Device(self._wire, identity, 203, Books()))

    @staticmethod
    def at_once(*acts: Callable[[], Result]) -> list[Result]:
        """Results of acts that begin at the same moment: two tabs, a double click."""
        with ThreadPoolExecutor(len(acts)) as pool:
            return [each.result() for each in [pool.submit(act) for act in acts]]

    # inside

    def _begin(self) -> None:
        """Bring the two organisations back with their sessions, or register them first.

        Without passwords: to check one takes longer than most cases.
        """
        control, run = self._control, self._run
        if run.runs is None:
            run.runs = control.clock()["rate"] != 0
        if run.runs:
            self._session.clock.set_rate(0)  # ends of spans are judged to the second
        now = self.now()
        if run.since is not None:
            control.restore(SNAPSHOT)
        if run.since is None or now - run.since >= FRESH:
            with self.reporter.preparing("two organisations, logged in"):
                if run.since is None:
                    control.snapshot(BEFORE, replace=True)
                    self._session.give_back = lambda: control.restore(BEFORE)
                for number in (OWN, OTHER):
                    run.sessions[number] = self._come_in(number)
                self._bring_newcomer(now)
                control.snapshot(SNAPSHOT, replace=True)
            run.since = now
        self._since = run.since
        self._owners = {number: Owner(self, session, number) for number, session in run.sessions.items()}

    def _bring_newcomer(self, now: datetime) -> None:
        """Take a newcomer up to step 3, for the cases that begin there; one is good for some weeks."""
        run = self._run
        if run.begun is not None and now - run.begun < NEWCOMER_LASTS:
            return
        steps = self.begin()
        steps.until(3, self.key(number=NEWCOMER))
        steps.confirm()
        run.way, run.begun = steps.way, now

    @property
    def _control(self) -> Any:
        return self._session.control(PART)


@dataclass(slots=True)
class Enrolment:
    """A registration on its way through the five steps; every method gives what the portal told."""

    portal: PortalDriver
    way: str
    details: dict[str, Any] = field(default_factory=lambda: dict(DETAILS))

    def view(self) -> Any:
        """Where it stands."""
        return self.portal.anybody.get(self.way)

    def present(self, key: Key, spoiled: Break = Break.NOTHING, *, attached: bool = True) -> Told:
        """Step 1: the challenge signed."""
        cms = signed(self.view()["challenge"], key, self.portal.now(), spoiled=spoiled, attached=attached)
        return self._post("signature", {"cms": cms})

    def password(self, password: str = STRONG, repeated: str | None = None) -> Told:
        """Step 2."""
        again = password if repeated is None else repeated
        return self._post("password", {"password": password, "password_repeated": again})

    def mail(self, email: str = DETAILS["email"]) -> Told:
        """Have a code mailed."""
        return self._post("email", {"email": email})

    def code(self, code: str, email: str = DETAILS["email"]) -> Told:
        """Give the mailed code."""
        return self._post("code", {"email": email, "code": code})

    def describe(self, **details: Any) -> Told:
        """Step 3; a field that is None is left out."""
        given = {name: value for name, value in (DETAILS | details).items() if value is not None}
        return self._post("details", given)

    def agree(self, agreed: bool = True) -> Told:
        """Step 4."""
        return self._post("agreement", {"agreed": agreed})

    def application(self) -> str:
        """The text that step 5 has signed."""
        return str(self.portal.anybody.get(f"{self.way}/application")["text"])

    def sign(self, key: Key, spoiled: Break = Break.NOTHING) -> Told:
        """Step 5."""
        cms = signed(self.application(), key, self.portal.now(), spoiled=spoiled)
        return self._post("application", {"cms": cms})

    def until(self, step: int, key: Key, **details: Any) -> None:
        """Everything before `step`, each of which must be accepted."""
        if step > 1:
            self.present(key).demand()
        if step > 2:
            self.password().demand()
        if step > 3:
            self.confirm()
            self.describe(**details).demand()
        if step > 4:
            self.agree().demand()

    def confirm(self) -> None:
        """Mail the code and give it back."""
        self.mail().demand()
        self.code(self.portal.mailed_code()).demand()

    def _post(self, what: str, body: object) -> Told:
        return self.portal.anybody.send("POST", f"{self.way}/{what}", body)


__all__ = ["DETAILS", "OTHER", "OWN", "PART", "STRONG", "Break", "Enrolment", "PortalDriver"]
