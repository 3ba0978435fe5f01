"""What a person can order at the operator, from the state page and the control API alike: one place for
both.
"""

from __future__ import annotations

from dataclasses import dataclass

from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.registry import ALL, Directive, DirectiveKind, Enrolment, Selector, Standing
from ofd_mock.uz.writer import LedgerWriter
from reference.protocol.uz.standin import ModuleKeys


@dataclass(frozen=True, slots=True)
class Orders:
    """Gives orders through the ledger's thread; every order holds when the call returns."""

    writer: LedgerWriter

    @property
    def ledger(self) -> Ledger:
        """The ledger that keeps the orders."""
        return self.writer.ledger

    def block(self, target: Selector, reason: int, notice: str) -> Directive:
        """Take no files of these modules; reason 1 unpaid, 2 deregistered, 3 other (OF-17)."""
        return self._issue(DirectiveKind.BLOCK, target, on=True, reason=reason, notice=notice)

    def unblock(self, target: Selector) -> Directive:
        """Take their files again."""
        return self._issue(DirectiveKind.BLOCK, target, on=False)

    def set_lock(self, target: Selector, change: bool, locked: bool) -> Directive:
        """ChangeLockState and LockState, for every state sync from now on (uz-fiscal §11.10)."""
        return self._issue(DirectiveKind.LOCK, target, on=change, locked=locked)

    def set_pos_unlock(self, target: Selector, wanted: bool) -> Directive:
        """Undo the POS lock at each module's next state sync, once (uz-fiscal §11.10)."""
        return self._issue(DirectiveKind.POS_UNLOCK, target, on=wanted)

    def mark_unknown(self, target: Selector, unknown: bool) -> Directive:
        """Answer NotFound (OF-16)."""
        return self._issue(DirectiveKind.UNKNOWN, target, on=unknown)

    def mark_generation_1(self, target: Selector, marked: bool) -> Directive:
        """Take unsigned advance and credit receipts (G1-Z-09)."""
        return self._issue(DirectiveKind.GENERATION_1, target, on=marked)

    def set_notice(self, target: Selector, notice: str) -> Directive:
        """Send a text with every answer: OKNotice; an empty one ends it (uz-fiscal §11.5)."""
        return self._issue(DirectiveKind.NOTICE, target, on=bool(notice), notice=notice)

    def register_taxpayer(self, terminal: str, tin: str, company: str, address: str, name: str) -> None:
        """Say whose module this is (UNK-32)."""
        self.writer.run(lambda: self.ledger.register_taxpayer(terminal, tin, company, address, name))

    def enroll(self, terminal: str, enrolment: Enrolment) -> None:
        """Take the keys of a module with a seed of its own (uz-fiscal §17.1)."""
        self.writer.run(lambda: self.ledger.enroll(terminal, enrolment))

    def standing(self, terminal: str) -> tuple[Standing, bool]:
        """What holds for a module, and whether a POS unlock is still to be carried by a sync."""
        standing = self.ledger.registry.standing(terminal)
        if not standing.pos_unlock:
            return standing, False
        used = 0 if terminal == ALL else self.ledger.pos_unlock_done(terminal)
        return standing, standing.pos_unlock > used

    def _issue(
        self,
        kind: DirectiveKind,
        target: Selector,
        *,
        on: bool,
        locked: bool = False,
        reason: int = 0,
        notice: str = "",
    ) -> Directive:
        return self.writer.run(
            lambda: self.ledger.issue(kind, target, on=on, locked=locked, reason=reason, notice=notice)
        )


def enrolment_of_seed(seed: bytes) -> Enrolment:
    """The keys that grow from a module's seed (uz-fiscal §17.1)."""
    keys = ModuleKeys(seed)
    numbers = keys.public.public_numbers()
    return Enrolment(numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"), keys.transport)
