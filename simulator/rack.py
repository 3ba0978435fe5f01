"""The modules of one process, side by side over one flash: made, found again, replaced, cut from power.

A rack knows nothing of sockets. Everything here happens in one thread, the one that serves the modules.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any, Final

import structlog

from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import PartClock
from reference.runtime.journal import JournalError
from simulator.changes import Born, Change, LockSet, TaxpayerSet
from simulator.defects import rules_with
from simulator.flash import Store
from simulator.keys import keys_for
from simulator.module import Module
from simulator.personalisation import first_state, personalise
from simulator.rulebook import RuleBook
from simulator.sealing import Decision, seal
from simulator.settings import ModuleSettings, SettingsError
from simulator.state import State

EXCHANGES_SHOWN: Final = 20
MAX_MODULES: Final = 4096

_log = structlog.get_logger("rack")


@dataclass(slots=True, eq=False)
class Slot:
    """One place of the rack and the module in it.

    `behind` are changes a faulty module has in effect and not on its flash. `power` counts how often power
    came or went, so that work of an earlier session can be told apart.
    `exchanges` are the last commands with their answers, for people.
    """

    index: int
    module: Module
    power: int = 0
    behind: tuple[Change, ...] = ()
    exchanges: deque[tuple[bytes, bytes]] = field(default_factory=lambda: deque(maxlen=EXCHANGES_SHOWN))

    @property
    def terminal(self) -> str:
        """TerminalID of the module that stands here now."""
        return self.module.state.identity.terminal


class Rack:
    """All modules of a process. `defects` are mistakes of every module besides those of its own settings."""

    def __init__(self, store: Store, clock: PartClock, chance: Random, defects: Iterable[str] = ()) -> None:
        """Find the modules that the store holds; ValueError when it holds anything else."""
        self.store = store
        self.clock = clock
        self._chance = chance
        self._defects = tuple(defects)
        self._suspect = False
        self._behind: set[int] = set()
        self.slots: list[Slot] = []
        for index, state in sorted(self._read().items()):
            if index != len(self.slots):
                raise ValueError(f"the flash knows module {index}, but not module {len(self.slots)}")
            self.slots.append(Slot(index, self._module(state)))

    def fill(self, wanted: Sequence[ModuleSettings]) -> None:
        """Personalise a new module for every place in `wanted` that has none yet; durable on return."""
        for settings in wanted[len(self.slots) :]:
            if any(slot.terminal == settings.terminal for slot in self.slots):
                raise _twin(settings.terminal)
            index = len(self.slots)
            state = self._born(index, settings)
            self.slots.append(Slot(index, self._module(state)))
        self.store.commit()

    def require(self, wanted: Sequence[ModuleSettings]) -> None:
        """SettingsError unless the modules found are those wanted: their ids never change (UZ-DEV-04)."""
        for slot, settings in zip(self.slots, wanted, strict=False):
            if slot.terminal != settings.terminal:
                text = f"{slot.terminal} stands here, not {settings.terminal}; take another folder"
                raise SettingsError("terminal", "read-only", text)

    def replace_all(self, wanted: Sequence[tuple[Slot, ModuleSettings]]) -> None:
        """Put new modules into these slots, durable on return; SettingsError, and nothing done, if not."""
        places = {slot.index for slot, _ in wanted}
        staying = [slot.module.state.identity for slot in self.slots if slot.index not in places]
        terminals = {identity.terminal for identity in staying}
        factory_ids = {identity.factory_id for identity in staying}
        for _, settings in wanted:
            if settings.terminal in terminals:
                raise _twin(settings.terminal)
            if settings.factory_id in factory_ids:
                raise SettingsError("factory_id", "unique", f"{settings.factory_id} is taken in this rack")
            terminals.add(settings.terminal)
            factory_ids |= {settings.factory_id} if settings.factory_id else set()
            self._book(settings)
        self._trust()
        states: list[tuple[Slot, State]] = []
        for slot, settings in wanted:
            state = self._born(slot.index, settings, factory_ids)
            factory_ids.add(state.identity.factory_id)
            states.append((slot, state))
        self.store.commit()
        for slot, state in states:
            slot.module = self._module(state)
            slot.exchanges.clear()
            slot.behind = ()
            self._behind.discard(slot.index)
            slot.power += 1
        self.tidy()

    def keep(self, decided: Sequence[tuple[Slot, Sequence[Decision]]]) -> None:
        """Seal what modules have decided, bring it to the flash with one commit, and let it take effect.

        On JournalError nothing has taken effect and nobody may be told that it did; then call `recover`.
        """
        self._trust()
        changes = iter(seal([decision for _, decisions in decided for decision in decisions]))
        effective = [(slot, tuple(islice(changes, len(decisions)))) for slot, decisions in decided]
        append = self.store.append
        for slot, theirs in effective:
            if slot.module.book.write_behind:
                slot.behind, durable = theirs, slot.behind
                self._behind.add(slot.index)
            else:
                durable = theirs
            for change in durable:
                append(slot.index, change)
        self.store.commit()
        for slot, theirs in effective:
            slot.module.apply(theirs)

    def tidy(self) -> None:
        """Let the flash drop its history if that is worth it. A failure costs no change and no answer."""
        if self._behind:
            return  # a state in RAM is ahead of its flash
        try:
            self.store.compact(self.states)
        except JournalError as error:
            _log.warning("flash not compacted", text=str(error))
            self.recover()

    def recover(self) -> None:
        """After a failed commit or a torn write: be what the disk says, in a file that is whole again.

        Where the disk still fails, every change is refused with JournalError until it works again.
        """
        self._suspect = True
        try:
            self._trust()
        except JournalError as error:
            _log.error("flash still fails", text=str(error))

    def _trust(self) -> None:
        """Go on only with a flash whose every byte is known to be on the disk."""
        if self._suspect:
            self.store.reopen()
            self._reload()
            self.store.compact(self.states, now=True)
            self._suspect = False

    def power_cut(self, slot: Slot) -> None:
        """Take the power from one module: what it finished is safe, all else is gone (uz-fiscal EM-06)."""
        if slot.behind:
            self._reload()
        slot.module.power_up()
        slot.power += 1

    def exchange(self, slot: Slot, apdu: bytes, *, trailing_le: bool = False) -> bytes:
        """One command from start to end, its changes safe before the answer is returned."""
        answer, decided = slot.module.decide(apdu, trailing_le=trailing_le)
        if decided:
            self.keep([(slot, decided)])
            self.tidy()
        return answer

    def lock(self, slot: Slot, locked: bool) -> None:
        """Lock or unlock by hand, past the operator."""
        self.keep([(slot, (LockSet(locked),))])

    def set_taxpayer(self, slot: Slot, stir: str) -> None:
        """Write the STIR into the personalisation record, once; else SettingsError (UZ-DEV-04, UNK-32)."""
        known = slot.module.state.stir
        if known is not None:
            raise SettingsError("stir", "read-only", f"the module belongs to taxpayer {known} for good")
        self.keep([(slot, (TaxpayerSet(stir.encode("ascii")),))])

    def states(self) -> dict[int, State]:
        """All modules' states by index."""
        return {slot.index: slot.module.state for slot in self.slots}

    def load(self, records: Iterable[tuple[int, Change]]) -> None:
        """Become the rack whose changes these are, as after a snapshot is brought back."""
        states = replayed(records, self._defects)
        if sorted(states) != list(range(len(self.slots))):
            raise SettingsError(
                "snapshot", "modules", f"it holds {len(states)} modules, not {len(self.slots)}"
            )
        self._behind.clear()
        for slot in self.slots:
            slot.module = self._module(states[slot.index])
            slot.behind = ()
            slot.power += 1
        self.store.compact(self.states, now=True)

    def find(self, terminal: str) -> Slot:
        """The slot of a terminal; SettingsError when no module has that id."""
        for slot in self.slots:
            if slot.terminal == terminal:
                return slot
        raise SettingsError("terminal", "unknown", f"no module {terminal} stands here")

    def at(self, index: int) -> Slot:
        """The slot of an index; SettingsError when the rack is smaller."""
        if not 0 <= index < len(self.slots):
            raise SettingsError("index", "unknown", f"the rack has {len(self.slots)} modules, from 0")
        return self.slots[index]

    def _born(self, index: int, settings: ModuleSettings, given: Iterable[str] = ()) -> State:
        taken = {slot.module.state.identity.factory_id for slot in self.slots}.union(given)
        born = personalise(settings, to_tashkent(self.clock.now()), self._chance, taken)
        self.store.append(index, born)
        return first_state(born)

    def _module(self, state: State) -> Module:
        return Module(state, keys_for(state.settings), self._book(state.settings))

    def _book(self, settings: ModuleSettings) -> RuleBook:
        return rules_with((*self._defects, *settings.defects))

    def _reload(self) -> None:
        states = self._read()
        self._behind.clear()
        for slot in self.slots:
            slot.module.become(states[slot.index])
            slot.behind = ()

    def _read(self) -> dict[int, State]:
        return replayed(self.store.read(), self._defects)


def replayed(records: Iterable[tuple[int, Change]], defects: Iterable[str] = ()) -> dict[int, State]:
    """States of the modules that a flash's records tell of, by index; `defects` are those of the rack."""
    rack_wide = tuple(defects)
    states: dict[int, State] = {}
    effects: dict[int, Mapping[type, Callable[[State, Any], None]]] = {}
    for index, change in records:
        if isinstance(change, Born):
            states[index] = first_state(change)
            book = rules_with((*rack_wide, *states[index].settings.defects))
            effects[index] = book.effects
        else:
            effects[index][type(change)](states[index], change)
    return states


def _twin(terminal: str) -> SettingsError:
    return SettingsError("terminal", "unique", f"{terminal} stands in this rack already")
