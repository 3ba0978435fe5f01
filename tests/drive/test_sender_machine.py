"""Whatever the operator does, each receipt is in its ledger exactly once and leaves the module only then."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reference.drive.defects import Build, build_with
from reference.drive.drive import Drive
from reference.drive.errors import DriveError
from reference.drive.records import FileState
from reference.drive.settings import DriveSettings
from reference.drive.stage import FAULT_ACTIONS, FAULT_POINTS
from reference.protocol.uz.message import FileStatus
from reference.protocol.uz.values import to_tashkent
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from tests.drive.conftest import MORNING, START
from tests.drive.doubles import TERMINAL, Books, Card, losing, make_module, operator_for, sale

ACTS = (
    "lost",
    "silence-before",
    "close-before",
    "fewer",
    "bad-acks",
    "notice",
    "code:RetrySend",
    "code:NotActive",
    "code:NotFound",
    "code:BadMessageCRC32",
    "code:TooManyFiles",
    "code:TooBigMessage",
    "code:BadMessageStruct",
)


def refusal(call: Callable[..., object], *arguments: object) -> DriveError | None:
    """What the drive says to a call, None when it does it."""
    try:
        call(*arguments)
    except DriveError as error:
        return error
    return None


class Sender(RuleBasedStateMachine):
    """A shop whose operator and cable misbehave at will; the drive may also be restarted at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.lab = LabClock.private(START, rate=0.0)
        self.clock = self.lab.part("drive")
        self.books = Books()
        self.card = Card(make_module(MORNING - timedelta(hours=1)), "127.0.0.1:4387")
        assert self.card.module is not None
        self.factory_id = self.card.module.state.identity.factory_id
        self.answers: dict[int, int] = {}
        self.rejected: set[int] = set()
        self.drive = self.make()
        self.drive.core.open_shift(self.factory_id, self.now())

    def make(self) -> Drive:
        def build(names: Sequence[str]) -> Build:
            booked: Any = operator_for(self.books)
            found = build_with(names)
            return replace(found, kit=replace(found.kit, operator=booked))

        values = {"modules": ("tcp://127.0.0.1:4387",), "auto_send": False, "presence_interval": 0.0}
        faults = FaultPoints(FAULT_POINTS, self.clock, "drive", FAULT_ACTIONS)
        drive = Drive(
            DriveSettings.of(values),
            Path(self.folder.name),
            self.clock,
            faults,
            lambda _kind, **_data: None,
            link_maker=lambda _address: self.card,
            builder=build,
        )
        drive.start()
        return drive

    def now(self) -> Any:
        self.lab.advance(1)
        return to_tashkent(self.clock.now())

    @property
    def held(self) -> set[int]:
        assert self.card.module is not None
        return {receipt.number for receipt in self.card.module.state.held()}

    @rule(cut=st.sampled_from(["", "", "before", "after"]))
    def sell(self, cut: str) -> None:
        txid = self.drive.core.get_txid(self.factory_id, sale(self.now()))
        if cut:
            self.card.lose = losing("001700", cut)
        try:
            self.answers[txid] = self.drive.core.register(self.factory_id, txid).receipt_seq
        except DriveError:
            self.answers[txid] = 0
        self.card.lose = losing("", "", 0)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        txid = data.draw(st.sampled_from(sorted(self.answers)))
        refused = refusal(self.drive.core.register, self.factory_id, txid)
        if refused is not None:
            assert self.answers[txid] == 0
            assert "9030" in refused.reason
            return
        answer = self.drive.core.register(self.factory_id, txid).receipt_seq
        assert self.answers[txid] in (0, answer)
        self.answers[txid] = answer

    @rule(act=st.sampled_from(ACTS))
    def script(self, act: str) -> None:
        self.books.script.append(act)

    @rule(number=st.integers(1, 8), status=st.sampled_from([FileStatus.Reject, FileStatus.Error]))
    def dislike(self, number: int, status: FileStatus) -> None:
        if number not in self.books.numbers():
            self.books.file_script[number] = status

    @rule(
        count=st.integers(1, 5),
        kind=st.sampled_from(["full", "short", "z"]),
        cut=st.sampled_from(["", "after"]),
    )
    def sync(self, count: int, kind: str, cut: str) -> None:
        core = self.drive.core
        calls = {"full": core.sync_full_receipts, "short": core.sync_short_receipts, "z": core.sync_zreports}
        if cut:
            self.card.lose = losing("0009", cut)
        refused = refusal(calls[kind], self.factory_id, count)
        assert refused is None or refused.status == 500
        self.card.lose = losing("", "", 0)

    @rule(seconds=st.sampled_from([1, 30, 700]))
    def wait(self, seconds: int) -> None:
        self.lab.advance(seconds)

    @rule()
    def restart(self) -> None:
        self.drive.stop()
        self.drive = self.make()

    @rule()
    def state_sync(self) -> None:
        refused = refusal(self.drive.core.sync_state, self.factory_id)
        assert refused is None or refused.status == 500

    @invariant()
    def nothing_leaves_the_module_unstored(self) -> None:
        assert self.card.module is not None
        numbers = set(range(1, self.card.module.state.sequence + 1))
        assert numbers - self.held <= set(self.books.numbers())

    @invariant()
    def every_answer_is_one_number(self) -> None:
        numbers = [number for number in self.answers.values() if number]
        assert len(numbers) == len(set(numbers))

    def teardown(self) -> None:
        self.books.script.clear()
        self.books.file_script.clear()
        self.lab.advance(601)
        core = self.drive.core
        with core.fleet.session(self.factory_id) as session:
            core.recovery.recover(session)
        for state in (FileState.REJECTED, FileState.ERROR):
            for row in core.files(self.factory_id, state, 100, 0):
                core.reset_file(row.txid)
        while core.sync_full_receipts(self.factory_id, 32):
            pass
        assert self.card.module is not None
        assert self.held == set()
        assert self.books.numbers(TERMINAL) == list(range(1, self.card.module.state.sequence + 1))
        assert set(self.books.bodies) == set(self.books.receipts), "full receipts, not only short records"
        self.drive.stop()
        self.lab.close()
        self.folder.cleanup()


Sender.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSender = Sender.TestCase
