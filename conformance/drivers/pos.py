"""Driver of a point of sale under test: its keys on one side, the judge's service and owner on the other.

What the point of sale asks of either is the judge's evidence: `drive.calls`, `owner.batches`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from conformance.drivers.pos_drive import DriveStand
from conformance.drivers.pos_faces import Face, RestFace
from conformance.drivers.pos_faces_gen1 import QposFace, RpcFace
from conformance.drivers.pos_http import HttpKeys
from conformance.drivers.pos_keys import DONE, WAITING, CommandKeys, Json, Keys, Pressed
from conformance.drivers.pos_owner import OwnerStand
from conformance.drivers.pos_person import PersonKeys
from conformance.drivers.wire import Tap
from conformance.models.uz_played import PlayedModule
from conformance.models.uz_played_receipts import Held, text_of
from conformance.verdicts import CaseFailed, Inconclusive, NotApplicable
from reference.links.address import parse_endpoint
from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import real_elapsed

if TYPE_CHECKING:
    from conformance.context import Context
    from conformance.session import Session

DRIVE_AT: Final = "127.0.0.1"
OWNER_AT: Final = "127.0.0.1:7793"
PATIENCE: Final = 30.0
"""Real seconds within which something that nothing holds up has to happen: only a hang takes so long."""
MORNING: Final = 9
_KEPT: Final = "pos-stands"
FACES: Final[dict[str, type[Face]]] = {"pos": RestFace, "pos-rpc": RpcFace, "pos-qpos": QposFace}
"""How the judge's drive service speaks, by kind of target."""


class Stands:
    """What the judge plays to one point of sale, from case to case."""

    def __init__(self, session: Session) -> None:
        options, tap = session.target.options, session.tap
        face = FACES[session.target.kind]()
        drive = parse_endpoint(options.get("listen", DRIVE_AT), face.port)
        owner = parse_endpoint(options.get("owner", OWNER_AT), 7793)
        self._signs = 320_262_508_539
        self._clock = None if session.lab is None else session.lab.clock
        own = self._clock
        now = session.clock.tashkent if own is None else lambda: to_tashkent(own.now()).replace(microsecond=0)
        module = PlayedModule(now, self._sign)
        self.drive = DriveStand(module, tap, drive.host, drive.port, face)
        self.owner = OwnerStand(tap, owner.host, owner.port)

    def _sign(self) -> int:
        """Signs that a reader cannot guess from the number, one of them with a zero in front."""
        self._signs = (self._signs * 7 + 88_172_645_463) % 10**12
        return self._signs

    def close(self) -> None:
        """Stop listening."""
        self.drive.rest()
        self.drive.close()
        self.owner.close()
        if self._clock is not None:
            self._clock.close()


def stands_of(session: Session) -> Stands:
    """The stands of a session, listening; they are closed with it."""
    known = session.kept.get(_KEPT)
    if isinstance(known, Stands):
        return known
    made = Stands(session)
    made.drive.open()
    if "owner" in session.target.options:
        made.owner.open()
    session.kept[_KEPT] = made

    def give_back() -> None:
        # A session may judge again: it has to find no stands that are closed.
        session.kept.pop(_KEPT, None)
        made.close()

    session.give_back = give_back
    return made


class PosDriver:
    """The point of sale under test; see docs/writing-cases.md."""

    def __init__(self, session: Session, tap: Tap, ctx: Context) -> None:
        self._session = session
        self._tap = tap
        self._ctx = ctx
        self._keys: Keys | None = None

    @property
    def keys(self) -> Keys:
        """Its keys, by what the target's address says."""
        if self._keys is None:
            options = self._session.target.options
            self._keys = make_keys(
                self._session.target.address, self._tap, options.get("pin", "0000"), self._session.kept
            )
        return self._keys

    @property
    def drive(self) -> DriveStand:
        """The judge's drive service."""
        return stands_of(self._session).drive

    @property
    def owner(self) -> OwnerStand:
        """The judge's owner portal (needs `owner`)."""
        return stands_of(self._session).owner

    @property
    def module(self) -> PlayedModule:
        """The module behind the drive."""
        return self.drive.module

    def now(self) -> datetime:
        """Lab time in Tashkent, whole seconds."""
        return self._ctx.clock.tashkent()

    # --- beginning --------------------------------------------------------------------------------------

    def ready(self, *, shift: bool = True, fresh: bool = False, **settings: Any) -> DriveStand:
        """A point of sale with nothing to do, before a service without a fault; a shift is open, or none.

        Where the lab clock can be moved it is the morning of a day that no case has had, and it stands still.
        `settings` are those of the point of sale; with them, or `fresh`, it is one as on its first day where
        it can be reset.
        """
        ctx, stand = self._ctx, self.drive
        with ctx.preparing("a point of sale at rest before the judge's drive service"):
            stand.rest()
            stand.open()
            if ctx.can("clock"):
                self._next_morning()
            with stand.lock:
                stand.module.fresh_day(self.now() - timedelta(hours=1) if shift else None)
            self.owner.rest()
            if ctx.can("control") and (fresh or settings or not self._drained()):
                ctx.control.reset(**settings)
            elif settings:
                self.press("settings", settings)
            if not self._drained():
                raise Inconclusive("orders of an earlier case wait still, though nothing is refused")
            stand.rest()
        return stand

    def _next_morning(self) -> None:
        clock = self._ctx.clock
        clock.set_rate(0)
        local = self._ctx.clock.tashkent()
        morning = (local + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0)
        micro = clock.now().microsecond / 1_000_000
        clock.advance((morning - local).total_seconds() - micro)

    def _drained(self) -> bool:
        """Whether whatever waits has become receipts."""
        for _ in range(3):
            try:
                if not int(self.look().told("waiting")):
                    return True
            except NotApplicable:
                return True
        return False

    # --- keys -------------------------------------------------------------------------------------------

    def press(self, key: str, order: Mapping[str, Any] | None = None) -> Pressed:
        """Press a key and wait for its outcome."""
        return self.keys.press(key, order or {})

    def sell(self, order: Mapping[str, Any]) -> Pressed:
        """Take an order, have it paid, and wait for its receipt as long as the point of sale does."""
        return self.press("sell", order)

    def sold(self, order: Mapping[str, Any]) -> tuple[Pressed, Held]:
        """A sale that has to succeed, and its receipt in the module."""
        pressed = self.sell(order)
        self.require(pressed.outcome == DONE, "the order becomes a receipt", pressed.shown, clause="PS-01")
        return pressed, self.held(pressed)

    def held(self, pressed: Pressed) -> Held:
        """The receipt in the module that an outcome tells of; CaseFailed when it is not there."""
        number = (pressed.receipt or {}).get("number")
        found = next((each for each in self.module.receipts if each.seq == number), None)
        if found is None:
            raise CaseFailed(f"the module has no receipt {number}", clause="PS-02")
        return found

    def look(self) -> Pressed:
        """One more look of the point of sale at its service, and what it then shows."""
        return self.press("look")

    def order(self, pressed: Pressed) -> Pressed:
        """An order as it stands now."""
        return self.press("order", {"order": pressed.order})

    def settle(self, pressed: Pressed, *, outcome: str = DONE, looks: int = 8) -> Pressed:
        """Look until the order has this outcome; CaseFailed when it does not come."""
        found = self.order(pressed)
        for _ in range(looks):
            if found.outcome == outcome:
                return found
            self.look()
            found = self.order(pressed)
        if found.outcome != outcome:
            raise CaseFailed(
                f"order {pressed.order}: expected {outcome}, it is {found.shown}",
                clause="PS-03",
                expected=outcome,
                observed=found.shown,
            )
        return found

    def until(self, what: str, look: Callable[[], bool], *, clause: str = "") -> None:
        """Ask again and again until `look` is true; the case fails when that takes unreasonably long."""
        pause = threading.Event()
        begun = real_elapsed()
        while not look():
            if real_elapsed() - begun >= PATIENCE:
                raise CaseFailed(f"{what}: not within {PATIENCE:g} s", clause=clause)
            pause.wait(0.005)

    def require(self, holds: bool, expected: str, observed: object, *, clause: str = "") -> None:
        """A condition the case goes on from; it fails without."""
        if not holds:
            raise CaseFailed(
                f"{expected}: observed {observed}", clause=clause, expected=expected, observed=str(observed)
            )

    def close(self) -> None:
        """Let go of the keys, and set free what is held."""
        self.drive.rest()
        self.drive.open()
        if self._keys is not None:
            self._keys.close()


def make_keys(address: str, tap: Tap, pin: str = "0000", kept: dict[str, object] | None = None) -> Keys:
    """The keys that a target's address names: http://…, command:PROGRAM or person:."""
    kind, _, rest = address.partition(":")
    if kind == "command":
        return CommandKeys(rest, tap)
    if kind == "person":
        return PersonKeys()
    return HttpKeys(address, tap, pin, kept)


# --- orders of keys ------------------------------------------------------------------------------------


def good(price: int = 45_000_00, name: str = "Osh (sinov)", **more: Any) -> Json:
    """One line of an order: a good with its MXIK, VAT 12 % unless told otherwise."""
    return {
        "name": name,
        "price": price,
        "mxik": "10202001001000001",
        "package_code": "1500001",
        "unit": "dona",
        "vat_percent": 12,
        **more,
    }


def sale(total: int = 45_000_00, *lines: Json, **more: Any) -> Json:
    """An order: `lines` (one good of `total` if none), paid in cash to the tiyin unless told otherwise."""
    return {
        "lines": list(lines) or [good(total)],
        "payments": [{"kind": "cash", "amount": total}],
        **more,
    }


def paid(**kinds: int) -> list[Json]:
    """Payments by kind."""
    return [{"kind": kind, "amount": amount} for kind, amount in kinds.items()]


__all__ = ["WAITING", "PosDriver", "good", "make_keys", "paid", "sale", "stands_of", "text_of"]
