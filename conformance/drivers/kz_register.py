"""Driver of a Kazakh register under test: its keys on one side, the judge's OFD on the other.

Presses that wait for the OFD run in a thread of their own, so that the case can move the lab clock meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from conformance.drivers.kz_keys import CommandKeys, HttpKeys, Json, Keys, Pressed, State
from conformance.drivers.kz_pending import PATIENCE, Pending
from conformance.drivers.kz_person import PersonKeys
from conformance.drivers.ofd_books import OfdBooks
from conformance.drivers.ofd_orders import Order
from conformance.drivers.ofd_stand import OfdStand, Seen
from conformance.drivers.wire import Tap
from conformance.verdicts import CaseFailed
from reference.links.address import parse_endpoint
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.service import Registration
from reference.runtime.clock import real_elapsed

if TYPE_CHECKING:
    from conformance.context import Context
    from conformance.session import Session

TRANSACTION: Final = 5.0
"""Lab seconds in which a register repeats a packet before it goes offline (kz-ofd §6.1)."""
RECONNECT: Final = 60.0
"""Lab seconds between attempts of an offline register (kz-ofd §6.1)."""
LONGEST_PAUSE: Final = RECONNECT + 2 * TRANSACTION
"""Lab seconds within which a register that has something to send tries it again."""
DEFAULT_VERSION: Final = 203
DEFAULT_LISTEN: Final = "127.0.0.1:7777"
"""Where the judge's OFD listens for a register whose address the judge cannot set."""
_MOMENT: Final = 0.05
"""Real seconds a press is given at first before the lab clock is moved for it."""
_NO_MOMENT: Final = 0.01
"""The same where nobody listens: then it waits for lab time alone."""
_LONGEST_MOMENT: Final = 0.2
"""What these grow to, so that a busy machine is not outrun."""
_QUIET: Final = 2.0
"""Real seconds after which it is asked whether the register can still change by itself."""
_LONGEST_QUEUE: Final = 1_800.0
"""Real seconds after which a register that still sends is waited for no longer than one at rest."""
_EXCHANGE: Final = 2.0
"""Real seconds in which an exchange under way may end before the lab clock is moved all the same."""
_RNM: Final = "600400112233"
_SERIAL: Final = "SWK00000042"
_INN: Final = "990140000017"


class RegisterDriver:
    """The register under test; see docs/writing-cases.md."""

    def __init__(self, session: Session, tap: Tap, ctx: Context) -> None:
        self._session = session
        self._tap = tap
        self._ctx = ctx
        self._keys: Keys | None = None
        self._stand: OfdStand | None = None
        self._pending: list[Pending] = []
        self.version = DEFAULT_VERSION

    # its two sides

    @property
    def keys(self) -> Keys:
        """The register's keys, by what its address says."""
        if self._keys is None:
            self._keys = make_keys(self._session.target.address, self._tap)
        return self._keys

    @property
    def stand(self) -> OfdStand:
        """The judge's OFD, listening."""
        if self._stand is None:
            host, port = self._listen()
            self._stand = OfdStand(self.books(), self._tap, host, port)
            self._stand.open()
        return self._stand

    def _listen(self) -> tuple[str, int]:
        wanted = self._session.target.options.get("listen", "")
        if not wanted and (self._ctx.can("control") or self._types_address):
            return "127.0.0.1", 0
        place = parse_endpoint(wanted or DEFAULT_LISTEN)
        return place.host, place.port

    @property
    def _types_address(self) -> bool:
        """Whether the OFD's address can be set by a key: a person is not asked to type it for every case."""
        return not self._session.target.address.startswith("person:")

    def books(self, **settings: Any) -> OfdBooks:
        """New books of a device that nobody has seen, its token and id drawn from the case's seed."""
        rng = self._ctx.rng
        number = rng.randint(4_000, 2_000_000)
        registration = Registration(
            rnm=_RNM,
            serial=_SERIAL,
            kkm_id=str(number),
            pos_title="Дүкен TEST",
            pos_address="Алматы, Абай 1",
            org_title="ТОО Сынақ TEST",
            org_address="Алматы, Абай 1",
            org_inn=_INN,
        )
        given: dict[str, Any] = {
            "device_id": number,
            "token": rng.randint(2**31, 2**32 - 1),
            "rng": rng,
            "now": self.now,
            "registration": registration,
        }
        return OfdBooks(**{**given, **settings})

    def now(self) -> datetime:
        """Lab time in Almaty, whole seconds."""
        return to_almaty(self._ctx.clock.now())

    # beginning

    def begin(
        self,
        *,
        version: int | None = None,
        books: Mapping[str, Any] | None = None,
        default: Order | None = None,
        **settings: Any,
    ) -> OfdStand:
        """A register of the case's own before an OFD of the case's own, lab time standing at a whole second.

        `settings` are those of its control's reset, `default` what the OFD does with requests. Without a
        control the register is taken as it is, and address and token are typed in. The first INFO may still
        be under way when this returns.
        """
        ctx = self._ctx
        if ctx.can("clock"):
            ctx.clock.set_rate(0)
            ctx.clock.advance(1 - ctx.clock.now().microsecond / 1_000_000)
        stand = self.stand
        stand.shut()
        stand.forget_orders()
        if default is not None:
            stand.default = default
        stand.books = self.books(**(books or {}))
        stand.rest()
        stand.open()
        if not ctx.can("control"):
            self._introduce(stand, version, settings)
        else:
            held = stand.books
            self.version = version or DEFAULT_VERSION
            given = {
                "server": str(stand.endpoint),
                "device_id": held.device_id,
                "token": held.token,
                "version": self.version,
                "rnm": held.registration.rnm,
                "serial": held.registration.serial,
            }
            ctx.control.reset(**{**given, **settings})
        return stand

    def _introduce(self, stand: OfdStand, version: int | None, settings: Mapping[str, Any]) -> None:
        """Make a register that cannot be reset speak to the judge's OFD, by its keys."""
        ctx = self._ctx
        if settings:
            ctx.not_applicable(f"the register has no control API to set {', '.join(sorted(settings))}")
        told = self.state().fields
        self.version = int(told.get("version") or DEFAULT_VERSION)
        if version not in (None, self.version):
            ctx.not_applicable(f"the register speaks {self.version}, and nothing can set it to {version}")
        stand.books.device_id = int(told.get("device_id") or stand.books.device_id)
        stand.books.echo = True
        if not self._session.target.options.get("listen") and self._types_address:
            self._remember_address(str(told.get("server") or ""))
            pressed = self.press("address", {"server": str(stand.endpoint)})
            if pressed.refused:
                ctx.inconclusive(f"the register does not take the judge's address: {pressed.shown}")
        self.press("token", {"token": stand.books.token})
        self.press("info")

    def _remember_address(self, server: str) -> None:
        """After the run the register dials again whom it dialled before; its owner types the token in."""
        session = self._session

        def give_back() -> None:
            with closing(make_keys(session.target.address, session.tap)) as keys:
                keys.press("address", {"server": server})

        if server and session.give_back is None:
            session.give_back = give_back

    def ready(
        self, *, version: int | None = None, books: Mapping[str, Any] | None = None, **settings: Any
    ) -> OfdStand:
        """`begin`, and its INFO answered: ONLINE and at rest, and what it has sent read away."""
        with self._ctx.preparing("a register of the case's own, ONLINE"):
            stand = self.begin(version=version, books=books, **settings)
            self.until("ONLINE", lambda: self.state().mode == "ONLINE")
            if self._ctx.can("control"):
                self.press("pulse")
            stand.rest()
        return stand

    # keys

    def press(self, key: str, order: Mapping[str, Any] | None = None) -> Pressed:
        """Press a key and wait for its outcome."""
        return self.keys.press(key, order or {})

    def state(self) -> State:
        """What the register tells of itself."""
        return self.keys.state()

    def pressing(self, key: str, order: Mapping[str, Any] | None = None) -> Pending:
        """Press a key in a thread, for a press that waits while the case acts."""
        pending = Pending(lambda: self.press(key, order))
        self._pending.append(pending)
        return pending

    def outlast(self, pending: Pending, *, seconds: float = 30.0, step: float = 1.0) -> Pressed:
        """The outcome of a press that waits: lab time goes on by steps until it is there.

        Real ones where nobody can move the clock. CaseFailed when it is not there after so many seconds and
        PATIENCE besides: on a busy machine a key may begin to wait only when much of them is over.
        """
        if not self._ctx.can("clock"):
            return pending.result(seconds + PATIENCE)
        passed = 0.0
        moment = _MOMENT if self.stand.listening else _NO_MOMENT
        patience_ends = real_elapsed() + PATIENCE
        while not pending.done(moment):
            if passed >= seconds:
                moment = 1.0
                if real_elapsed() >= patience_ends:
                    raise CaseFailed(
                        f"the key has no outcome after {passed:g} s of lab time", clause="KZ-MD-03"
                    )
            self.stand.settled(_EXCHANGE)
            if pending.done():
                break
            self._ctx.clock.advance(step)
            passed += step
            moment = min(2 * moment, _LONGEST_MOMENT)
        return pending.result()

    def comes(self, what: str, *, seconds: float = LONGEST_PAUSE, step: float = 1.0) -> Seen:
        """The next request at the judge's OFD, lab time going on by steps until it is there.

        What is due already needs real time only, and lab time would end its transaction. No register that
        keeps to the intervals is silent for longer than one of them after a transaction.
        """
        if not self._ctx.can("clock"):
            return self.stand.next(what, seconds=seconds)
        passed = 0.0
        found = self.stand.glimpse(_EXCHANGE)
        while found is None:
            if passed >= seconds:
                return self.stand.next(f"{what}, due for {seconds:g} s of lab time,")
            self._ctx.clock.advance(step)
            passed += step
            found = self.stand.glimpse(_LONGEST_MOMENT)
        return found

    def until(self, what: str, look: Callable[[], bool], *, clause: str = "") -> None:
        """Ask again and again until `look` is true; the case fails when that takes longer than PATIENCE.

        With every document that comes PATIENCE begins anew: a queue of hundreds takes a slow device minutes.
        It also fails where nothing can change any more: the register is at rest and lab time stands still.
        """
        pause = threading.Event()
        begun, taken = real_elapsed(), len(self.stand.books.booked)
        ends = begun + _LONGEST_QUEUE
        while not look():
            now, booked = real_elapsed(), len(self.stand.books.booked)
            if booked != taken and now < ends:
                begun, taken = now, booked
            passed = now - begun
            if passed >= PATIENCE or (passed >= _QUIET and self._stands_still() and not look()):
                raise CaseFailed(f"{what}: waited in vain; it shows {self._shown()}", clause=clause)
            pause.wait(0.005)

    def _stands_still(self) -> bool:
        """Whether the register has nothing to do before lab time goes on or somebody does something."""
        if not (self._ctx.can("control") and self._ctx.can("clock")):
            return False
        at_work = any(not pending.done() for pending in self._pending)
        return not at_work and self.stand.settled(_EXCHANGE) and self.press("pulse").outcome == "done"

    def _shown(self) -> str:
        fields = self.state().fields
        return ", ".join(
            f"{name} {fields[name]}" for name in ("mode", "queue", "in_flight", "last") if name in fields
        )

    # the line

    def lose_line(self, order: Mapping[str, Any] | None = None) -> Pressed:
        """Nobody answers any more, and a sale is made: OFFLINE, with that sale as the packet in flight."""
        self.stand.shut()
        pressed = self.outlast(self.pressing("sell", order or sale()), step=TRANSACTION)
        self.require(pressed.outcome == "queued", "a sale without a line is made autonomously", pressed.shown)
        return pressed

    def find_line(self, *, mode: str = "ONLINE") -> None:
        """The OFD answers again, the reconnect interval passes, and everything held goes out.

        What was due before that is tried first, and finds nobody.
        """
        self.press("pulse")
        self.stand.open()
        self.recover(mode)

    def recover(self, mode: str = "ONLINE", *, clause: str = "") -> None:
        """Reconnect intervals pass, three at most, until the register is in this mode and at rest."""
        for _ in range(3):
            self.tick()
            self.press("pulse")
            if self.state().mode == mode:
                return
        self.until(f"mode {mode}", lambda: self.state().mode == mode, clause=clause)
        self.press("pulse")

    def tick(self, seconds: float = RECONNECT) -> None:
        """One reconnect interval passes.

        It begins when the register has noticed what was before it, such as the end of a transaction: without
        that, two jumps of lab time could be one to it.
        """
        self.press("pulse")
        self._ctx.clock.advance(seconds)

    def require(self, holds: bool, expected: str, observed: object, *, clause: str = "") -> None:
        """A condition the case goes on from; it fails without."""
        if not holds:
            raise CaseFailed(
                f"{expected}: observed {observed}", clause=clause, expected=expected, observed=str(observed)
            )

    @contextmanager
    def aside(self, key: str, order: Mapping[str, Any] | None = None) -> Iterator[Pending]:
        """A press that waits while the block runs, and has its outcome at the block's end."""
        pending = self.pressing(key, order)
        yield pending
        self.outlast(pending)

    def close(self) -> None:
        """Close both sides; a press that still waits is set free."""
        if self._stand is not None:
            self._stand.close()
        if self._keys is not None:
            if self._ctx.can("clock") and any(not pending.done() for pending in self._pending):
                self._ctx.clock.advance(TRANSACTION + 1)
            for pending in self._pending:
                pending.done(PATIENCE)
            self._keys.close()


def make_keys(address: str, tap: Tap) -> Keys:
    """The keys that a target's address names: http://…, command:PROGRAM or person:."""
    kind, _, rest = address.partition(":")
    if kind == "command":
        return CommandKeys(rest, tap)
    if kind == "person":
        return PersonKeys()
    return HttpKeys(address, tap)


# orders of keys


def item(price: int = 100_00, name: str = "Нан", **more: Any) -> Json:
    """One item of an order, VAT 12 % unless told otherwise; fields that are None are left out."""
    whole = {"name": name, "price": price, "quantity": "1.000", "vat": 12, **more}
    return {key: value for key, value in whole.items() if value is not None}


def sale(total: int = 100_00, *items: Json, **more: Any) -> Json:
    """An order for sell, buy and the returns: `items` (one of `total` if none), paid in cash to the tiyn.

    `total` is what the payments sum up to; fields that are None are left out.
    """
    whole: Json = {
        "items": list(items) or [item(total)],
        "payments": [{"type": "cash", "sum": total}],
        "taken": total,
        **more,
    }
    return {key: value for key, value in whole.items() if value is not None}
