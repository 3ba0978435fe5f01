"""Driver of an owner portal under test: owners that the judge registers, their branches and points of sale.

Every case begins with the same two owners, each with a paid plan, one branch and one linked point of sale:
they go the whole way once, and a snapshot brings them back. At the end the portal's own rows are there again.
Without a control API only what anybody may ask is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from conformance.control_client import Json
from conformance.drivers.backoffice_money import CLICK_KEY, PAYME_KEY, Click, Payme
from conformance.drivers.backoffice_pos import Identity, Pos
from conformance.drivers.portal_client import Caller, PortalClient, Told
from conformance.drivers.wire import Tap
from conformance.models.shop_book import Period, ShopBook
from conformance.verdicts import CaseFailed, NotApplicable
from reference.protocol.uz.values import from_tashkent, to_tashkent

if TYPE_CHECKING:
    from conformance.context import Context
    from conformance.session import Session

PART: Final = "backoffice"
BEFORE, SNAPSHOT = "before-judging", "two-owners"
"""Snapshots of the portal: as its owner had it, and as every case begins."""
PASSWORD: Final = "parol-123"  # noqa: S105 - of owners that live for one run
NAMES: Final = {"first_name": "Aziza", "last_name": "Sinova", "business": "TEST choyxona"}
PLAN, PRICE = "professional", 249_000_00
"""The plan that every case begins with, and what a month of it costs."""
FRESH: Final = timedelta(minutes=5)
OWN, OTHER = "own", "other"
_KEPT: Final = "backoffice"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Known:
    """An owner as the snapshot holds him."""

    phone: str
    session: str
    branch: int
    pos: Identity


@dataclass(slots=True)
class _Run:
    """What the driver keeps from case to case."""

    owners: dict[str, _Known] = field(default_factory=dict)
    since: datetime | None = None
    """When the snapshot was made; None: there is none yet."""
    begun: bool = False
    runs: bool = False
    """Whether lab time runs where the portal is at home."""


class Owner(Caller):
    """An owner who is logged in; `branch` and `pos` are his first."""

    def __init__(self, driver: BackofficeDriver, session: str, phone: str) -> None:
        super().__init__(driver.client, session)
        self.driver = driver
        self.phone = phone
        self.book = ShopBook()
        self.branch = 0
        self.pos: Pos

    def add_branch(self, **form: Any) -> int:
        """A new branch; its id."""
        return int(self.post("/branches", {"name": "Ikkinchi"} | form)["branch"]["id"])

    def link(self, branch: int, identity: str = "") -> Pos:
        """A point of sale linked to a branch by its QR code."""
        offer = self.driver.offer(identity)
        self.post(f"/branches/{branch}/links", {"code": offer.code})
        return Pos(self.driver, Identity(offer.identity, offer.key), branch, self.book)

    def choose(self, plan: str = PLAN, months: int = 1, provider: str = "payme") -> Any:
        """«Tanlash»: the invoice."""
        return self.post("/subscription", {"plan": plan, "months": months, "provider": provider})

    def subscribe(self, plan: str = PLAN, months: int = 1) -> Any:
        """Choose a plan and have Payme pay it; the subscription then."""
        invoice = self.choose(plan, months)
        self.driver.payme.pay(invoice, self.driver.payment_id())
        return self.subscription()

    def subscription(self) -> Any:
        """The subscription alone."""
        return self.get("/subscription")["subscription"]

    def dashboard(self, period: Period | None = None, branch: int | None = None) -> Any:
        """The first page."""
        query: dict[str, object] = dict(period.query()) if period is not None else {}
        if branch is not None:
            query["branch"] = branch
        return self.get("/dashboard", **query)


@dataclass(frozen=True, slots=True)
class Offer:
    """A point of sale that shows its QR code."""

    identity: str
    code: str
    key: str


class BackofficeDriver:
    """The owner portal under test; see docs/judge-your-owner-portal.md."""

    def __init__(self, session: Session, tap: Tap, reporter: Context) -> None:
        self._session = session
        self.reporter = reporter
        target = session.target
        self.client = PortalClient(target.endpoint, tap, session.seconds)
        self.anybody = Caller(self.client)
        self.payme = Payme(self.client, target.options.get("payme-key", PAYME_KEY))
        self.click = Click(self.client, target.options.get("click-key", CLICK_KEY))
        self._owners: dict[str, Owner] = {}
        self._switched: Json = {}
        self._payments = 0
        kept = session.kept.setdefault(_KEPT, _Run())
        assert isinstance(kept, _Run)
        self._run = kept
        if PART in target.controls:
            self._begin()

    def close(self) -> None:
        """Put switches back and hang up."""
        if self._switched:
            self.do("settings", settings=self._switched)
            self._switched = {}
        self.client.close()

    # who asks

    @property
    def owner(self) -> Owner:
        """The judge's owner, logged in."""
        return self._owner(OWN)

    @property
    def other(self) -> Owner:
        """Another owner, logged in."""
        return self._owner(OTHER)

    def _owner(self, name: str) -> Owner:
        if name not in self._owners:
            raise NotApplicable("the judge registers owners at a portal with a control API alone")
        return self._owners[name]

    def log_in(self, phone: str, password: str = PASSWORD) -> Told:
        """«Kirish»."""
        return self.anybody.send("POST", "/sessions", {"phone": phone, "password": password})

    def visitor(self, told: Told, phone: str) -> Owner:
        """Whoever has just been let in."""
        return Owner(self, str(told.demand()["session"]), phone)

    # newcomers

    def new_phone(self) -> str:
        """A phone that nobody has yet, as far as chance goes."""
        return f"+99893{self.reporter.rng.randrange(10**7):07d}"

    def begin(self, phone: str = "") -> Enrolment:
        """Step 1 of a registration: a code was sent."""
        number = phone or self.new_phone()
        key = str(self.anybody.post("/enrolments", {"phone": number})["key"])
        return Enrolment(self, f"/enrolments/{key}", number)

    def enrol(self, phone: str = "") -> Owner:
        """A new owner, with nothing but his registration."""
        steps = self.begin(phone)
        steps.confirm().demand()
        return self.visitor(steps.finish(), steps.phone)

    def texts(self, phone: str) -> list[str]:
        """Messages to a phone, newest first."""
        return [str(each["text"]) for each in self.anybody.get("/outbox") if each["phone"] == phone]

    def code(self, phone: str) -> str:
        """The code of the newest message to a phone."""
        texts = self.texts(phone)
        if not texts:
            raise CaseFailed(f"no message to {phone} stands in the outbox", clause="BX-G-1.1")
        return texts[0].rsplit(" ", 1)[-1]

    # points of sale

    def offer(self, identity: str = "", **more: Any) -> Offer:
        """A point of sale that waits for an owner."""
        known = identity or f"judge-{self.reporter.rng.randrange(16**16):016x}"
        told = self.anybody.post("/sync/offers", {"device": "TEST kassa", "identity": known} | more)
        return Offer(known, str(told["code"]), str(told["key"]))

    def pos_login(self, login: str, password: str, identity: str = "") -> Told:
        """«POS login»."""
        known = identity or f"judge-{self.reporter.rng.randrange(16**16):016x}"
        body = {"device": "TEST kassa", "identity": known, "login": login, "password": password}
        return self.anybody.send("POST", "/sync/logins", body)

    def payment_id(self) -> str:
        """An id that no transaction has yet."""
        self._payments += 1
        return f"{self.reporter.rng.randrange(16**20):020x}-{self._payments}"

    # time, switches, what is done by order

    def now(self) -> datetime:
        """Lab time, aware."""
        return self._session.clock.now()

    @property
    def today(self) -> date:
        """The portal's day, Tashkent."""
        return to_tashkent(self.now()).date()

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A moment of a Tashkent day."""
        return from_tashkent(datetime.combine(day, time(hour, minute)))

    def pass_time(self, **span: float) -> None:
        """Let lab time go on (needs `clock`), and what is due by then happen."""
        self._session.clock.advance(timedelta(**span))
        self.do("keep-up")

    def pass_until(self, when: datetime) -> None:
        """Let lab time go on to a moment."""
        self.pass_time(seconds=(when - self.now()).total_seconds())

    def switch(self, **settings: Any) -> None:
        """Change settings (needs `control`); put back after the case."""
        known = self._control.state()["settings"]
        for name in settings:
            self._switched.setdefault(name, known[name])
        self.do("settings", settings=settings)

    def do(self, operation: str, **arguments: Any) -> Json:
        """What an administrator does by the control API."""
        return self._control.do(operation, **arguments) or {}

    @staticmethod
    def at_once(*acts: Callable[[], Result]) -> list[Result]:
        """Results of acts that begin at the same moment."""
        with ThreadPoolExecutor(len(acts)) as pool:
            return [each.result() for each in [pool.submit(act) for act in acts]]

    # inside

    def _begin(self) -> None:
        """Bring the two owners back, or have them go their way first; lab time stands still meanwhile."""
        control, run = self._control, self._run
        if not run.begun:
            run.runs = control.clock()["rate"] != 0
        if run.runs:
            self._session.clock.set_rate(0)  # ends of spans are judged to the second
        now = self.now()
        if run.since is not None and now - run.since < FRESH:
            control.restore(SNAPSHOT)
        else:
            with self.reporter.preparing("two owners with a branch and a point of sale each"):
                self._make(now)
        for name, known in run.owners.items():
            owner = Owner(self, known.session, known.phone)
            owner.branch = known.branch
            owner.pos = Pos(self, known.pos, known.branch, owner.book)
            self._owners[name] = owner

    def _make(self, now: datetime) -> None:
        control, run = self._control, self._run
        if run.begun:
            control.restore(BEFORE)
        else:
            control.snapshot(BEFORE, replace=True)
            self._session.give_back = lambda: control.restore(BEFORE)
            run.begun = True
        for name in (OWN, OTHER):
            owner = self.enrol()
            owner.subscribe()
            branch = owner.add_branch(name="Markaziy")
            pos = owner.link(branch)
            run.owners[name] = _Known(owner.phone, owner.session, branch, Identity(pos.identity, pos.session))
        control.snapshot(SNAPSHOT, replace=True)
        run.since = now

    @property
    def _control(self) -> Any:
        return self._session.control(PART)


@dataclass(slots=True)
class Enrolment:
    """A registration on its way; every method gives what the portal told."""

    driver: BackofficeDriver
    way: str
    phone: str

    def view(self) -> Any:
        """Phone and step."""
        return self.driver.anybody.get(self.way)

    def resend(self) -> Told:
        """«Qayta yuborish»."""
        return self.driver.anybody.send("POST", f"{self.way}/resend")

    def confirm(self, code: str | None = None) -> Told:
        """Step 2: the newest code, or the one given."""
        given = self.driver.code(self.phone) if code is None else code
        return self.driver.anybody.send("POST", f"{self.way}/confirm", {"code": given})

    def finish(self, **form: Any) -> Told:
        """Step 3; a field that is None is left out."""
        usual = NAMES | twice(PASSWORD)
        made = {name: value for name, value in (usual | form).items() if value is not None}
        return self.driver.anybody.send("POST", f"{self.way}/finish", made)


def twice(password: str) -> dict[str, str]:
    """A new password as a form has it."""
    return {"password": password, "password_repeated": password}
