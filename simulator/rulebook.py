"""The rules a module goes by, as one value: checks, actions, effects, and the few decisions between them.

`RULES` is the book of a correct module. A mistake is a function from one book to another
(`simulator.defects`), so that the core never asks whether it is being tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from reference.protocol.uz.tagged import TaggedObject
from simulator.actions import ACTIONS, Action, fiscal_sign
from simulator.changes import ChallengeUsed
from simulator.check import POS_GATE, Check
from simulator.checks_fiscal import CLOSE_CHECKS, OPEN_CHECKS, REGISTER_CHECKS
from simulator.checks_reading import READING_CHECKS
from simulator.checks_trust import TRUST_CHECKS
from simulator.effects import EFFECTS, Effect
from simulator.memory import MemoryPool
from simulator.request import Request
from simulator.sealing import Decision

Encoder: TypeAlias = Callable[..., bytes]
Settler: TypeAlias = Callable[[str, Request, Check | None], tuple[Decision, ...]]


def encode(answer: TaggedObject, tags: bytes | None = None) -> bytes:
    """The object's bytes, or the tags of it that the host asked for (uz-fiscal §5.2)."""
    return answer.encode(tags)


def settle(_command: str, request: Request, refused: Check | None) -> tuple[Decision, ...]:
    """What an open, close or register leaves behind once past the POS gate (FM-P-04).

    POSAuth is off. The effects of an accepted one renew the challenge; a refused one needs a change for it.
    """
    if refused is not None and refused.step <= POS_GATE:
        return ()
    request.session.pos_authenticated = False
    return () if refused is None else (ChallengeUsed(),)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Tables by instruction name and by change, and the decisions that an action leaves to the book.

    `write_behind` is no rule of any clause: a module that answers first and writes its flash later.
    """

    checks: Mapping[str, tuple[Check, ...]]
    actions: Mapping[str, Action]
    effects: Mapping[type, Effect]
    sign_for: Callable[[Request, int], str | None] = fiscal_sign
    receipt_block: Callable[[MemoryPool], int | None] = MemoryPool.receipt_block
    encode: Encoder = encode
    settle: Settler = settle
    write_behind: bool = False


RULES: Final = RuleBook(
    checks={
        **READING_CHECKS,
        **TRUST_CHECKS,
        "ZREPORT_OPEN": OPEN_CHECKS,
        "ZREPORT_CLOSE": CLOSE_CHECKS,
        "RECEIPT_REGISTER": REGISTER_CHECKS,
    },
    actions=ACTIONS,
    effects=EFFECTS,
)

FISCAL_COMMANDS: Final = frozenset({"ZREPORT_OPEN", "ZREPORT_CLOSE", "RECEIPT_REGISTER"})
"""The commands of uz-fiscal §5.3: those a lock stops and a POS must authenticate for."""
