"""One fiscal module without its shell: the applet, the card manager around it, and what they remember.

Commands go in, answers and durable changes come out: `execute` alters nothing durable, `apply` does.
Between the two stands whoever keeps the flash: a change takes effect when it is safe, and only then is its
answer true (uz-fiscal FM-S-08).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reference.protocol.uz.apdu import (
    AID,
    CARD_INSTRUCTIONS,
    CPLC_PREFIX,
    DESELECT_ANSWER,
    Instruction,
    find_instruction,
)
from reference.protocol.uz.status_words import StatusWord
from simulator.actions import Outcome, repeat
from simulator.changes import Change
from simulator.checks_reading import READING_CHECKS
from simulator.keys import Keys
from simulator.request import Request
from simulator.rulebook import FISCAL_COMMANDS, RULES, RuleBook
from simulator.sealing import seal
from simulator.state import Session, State

OK: Final = StatusWord.NO_ERROR.wire
NO_SUCH_APPLET: Final = b"\x6a\x82"
"""SELECT of an AID the card does not have: a word of the card's operating system (uz-fiscal §5.6)."""

_REMEMBERED_ANSWERS: Final = 64
_CARD_COMMANDS: Final = frozenset(row.name for row in CARD_INSTRUCTIONS)


class Module:
    """A module with power: `state` outlives it, `session` ends with it."""

    __slots__ = ("_answers", "book", "keys", "session", "state")

    def __init__(self, state: State, keys: Keys, book: RuleBook = RULES) -> None:
        self.state = state
        self.keys = keys
        self.book = book
        self.session = Session()
        self._answers: dict[bytes, bytes] = {}

    def power_up(self) -> None:
        """Begin a session: nothing selected, nobody authenticated (uz-fiscal EM-01, EM-06)."""
        self.session = Session()
        self._answers.clear()

    def execute(self, apdu: bytes, *, trailing_le: bool = False) -> tuple[bytes, list[Change]]:
        """The answer to a command, status word included, and the changes it asks for, ready for the flash.

        `trailing_le` takes a command with one Le byte after its data (uz-fiscal FM-S-10). No command raises.
        """
        answer, decided = self.decide(apdu, trailing_le=trailing_le)
        return answer, seal(decided)

    def decide(self, apdu: bytes, *, trailing_le: bool = False) -> Outcome:
        """As `execute`, with registrations left to be sealed together with those of other modules."""
        answer = self._answers.get(apdu)
        if answer is not None:
            return answer, ()
        surplus = len(apdu) - 5 - apdu[4] if len(apdu) >= 5 else -1
        if surplus and not (trailing_le and surplus == 1):
            return StatusWord.WRONG_LENGTH.wire, ()
        if apdu[0]:
            return StatusWord.CLA_NOT_SUPPORTED.wire, ()
        row = find_instruction(apdu[1], apdu[2], apdu[3])
        if isinstance(row, Instruction) and row.name in _CARD_COMMANDS:
            return self._card_command(row, apdu[5 : 5 + apdu[4]]), ()
        if not self.session.selected:
            return StatusWord.INS_NOT_SUPPORTED.wire, ()
        if isinstance(row, StatusWord):
            return row.wire, ()
        return self._applet_command(row.name, apdu)

    def apply(self, changes: Iterable[Change]) -> None:
        """Let the changes take effect; they must come from this module's `execute` or from its flash."""
        effects = self.book.effects
        for change in changes:
            effects[type(change)](self.state, change)
        self._answers.clear()

    def look_ahead(self) -> None:
        """Use idle time for what the next receipt will need whatever it holds."""
        number = self.state.sequence + 1
        if number <= self.state.settings.limits.receipt_seq:
            self.keys.look_ahead(number)

    def become(self, state: State) -> None:
        """Go on with another state, as after the flash was read back."""
        self.state = state
        self._answers.clear()

    def _card_command(self, row: Instruction, data: bytes) -> bytes:
        if not row.data.allows(len(data)):
            return StatusWord.WRONG_LENGTH.wire
        if row.name != "SELECT":
            return CPLC_PREFIX + self.state.identity.cplc + OK
        if data not in (AID, b""):
            return NO_SUCH_APPLET
        self.session.selected = data == AID
        self.session.pos_authenticated = False
        self._answers.clear()
        return OK if data else DESELECT_ANSWER + OK

    def _applet_command(self, name: str, apdu: bytes) -> Outcome:
        book = self.book
        request = Request(apdu[5 : 5 + apdu[4]], apdu[2] << 8 | apdu[3], self.state, self.session, self.keys)
        refused = None
        for check in book.checks[name]:
            if check.refuses(request):
                refused = check
                break
        if refused is None:
            data, changes = book.actions[name](request, book)
            answer = data + OK
        elif refused.status is StatusWord.NO_ERROR:
            answer, changes = repeat(request) + OK, ()
        else:
            answer, changes = refused.status.wire, ()
        if name in READING_CHECKS:
            self._remember(apdu, answer)
            return answer, changes
        if name in FISCAL_COMMANDS:
            changes += book.settle(name, request, refused)
        self._answers.clear()  # the session may have changed, and a0 shows it
        return answer, changes

    def _remember(self, apdu: bytes, answer: bytes) -> None:
        if len(self._answers) >= _REMEMBERED_ANSWERS:
            self._answers.clear()
        self._answers[apdu] = answer
