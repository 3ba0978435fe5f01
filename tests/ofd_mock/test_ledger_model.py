"""The ledger against a model of a dozen lines: whatever is sent, lost and killed, each number stands once."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from ofd_mock.uz import inquiries
from ofd_mock.uz import ledger as ledger_code
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.rules import correct_rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.values import (
    AckKind,
    AckOrder,
    Intent,
    Outcome,
    Submission,
    VerifiedReceipt,
    VerifiedZReport,
)
from reference.protocol.uz.message import FileStatus
from reference.protocol.uz.values import encode_bcd8
from reference.runtime.database import open_engine

TERMINALS = ("ZZ000000000001", "ZZ000000000002")
RULES = correct_rules(OperatorSettings())


def receipt(terminal: str, number: int, content: int, full: bool) -> VerifiedReceipt:
    """A receipt of which only the identity, the content and the completeness matter."""
    return VerifiedReceipt(
        terminal,
        number,
        type=0,
        operation=0,
        time="20260701090000",
        sign="000000000001",
        cash=content,
        card=0,
        vat=0,
        items_count=1,
        content=b"content %d" % content,
        header=b"a5",
        body=b"items %d" % content if full else None,
    )


def zreport(terminal: str, close: int, content: int) -> VerifiedZReport:
    return VerifiedZReport(
        terminal,
        close_time=f"202607012359{close:02}",
        ordinal=1,
        open_time="20260701090000",
        sales=content,
        refunds=0,
        first=1,
        last=2,
        cash=(0, 0),
        card=(0, 0),
        vat=(0, 0),
        content=b"z %d" % content,
        header=b"a4",
    )


@dataclass
class Entry:
    content: int
    full: bool


@dataclass
class Model:
    """What an operator must hold and say, written without looking at its code."""

    receipts: dict[tuple[str, int], Entry] = field(default_factory=dict)
    zreports: dict[tuple[str, int], int] = field(default_factory=dict)

    def receipt(self, terminal: str, number: int, content: int, full: bool) -> bool:
        entry = self.receipts.setdefault((terminal, number), Entry(content, full))
        if entry.content != content:
            return False
        entry.full = entry.full or full
        return True

    def zreport(self, terminal: str, close: int, content: int) -> bool:
        return self.zreports.setdefault((terminal, close), content) == content

    def copy(self) -> Model:
        return Model(
            {key: Entry(entry.content, entry.full) for key, entry in self.receipts.items()},
            dict(self.zreports),
        )


RECEIPTS = st.tuples(st.just("r"), st.integers(1, 4), st.integers(1, 2), st.booleans())
ZREPORTS = st.tuples(st.just("z"), st.integers(1, 2), st.integers(1, 2), st.just(False))
FILES = st.lists(RECEIPTS | ZREPORTS, min_size=1, max_size=5)
REQUESTS = st.lists(st.tuples(st.sampled_from(TERMINALS), FILES), min_size=1, max_size=3)
Drawn = list[tuple[str, list[tuple[str, int, int, bool]]]]


class LedgerMachine(RuleBasedStateMachine):
    """Requests come in batches; a crash loses a batch before its commit or an answer after it."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.model = Model()
        self.open()

    def open(self) -> None:
        self.engine: Engine = open_engine(Path(self.folder.name) / "ledger.sqlite", {})
        self.ledger = Ledger(self.engine)

    def batch(self, drawn: Drawn) -> list[Submission]:
        def intent(terminal: str, kind: str, number: int, content: int, full: bool) -> Intent:
            if kind == "z":
                return zreport(terminal, number, content)
            return receipt(terminal, number, content, full)

        return [
            Submission(terminal, tuple(intent(terminal, *file) for file in files))
            for terminal, files in drawn
        ]

    def expect(self, model: Model, drawn: Drawn) -> list[list[bool]]:
        return [
            [
                model.zreport(terminal, number, content)
                if kind == "z"
                else model.receipt(terminal, number, content, full)
                for kind, number, content, full in files
            ]
            for terminal, files in drawn
        ]

    @rule(drawn=REQUESTS)
    def send(self, drawn: Drawn) -> None:
        settled = self.ledger.settle(self.batch(drawn), RULES, "20260702000000", 100)
        taken = [[outcome.status is FileStatus.Acknowledge for outcome in done.outcomes] for done in settled]
        assert taken == self.expect(self.model, drawn)
        for done, (terminal, files) in zip(settled, drawn, strict=True):
            for outcome, (kind, number, *_rest) in zip(done.outcomes, files, strict=True):
                self.check_order(outcome, terminal, kind, number)

    def check_order(self, outcome: Outcome, terminal: str, kind: str, number: int) -> None:
        if outcome.status is FileStatus.Reject:
            assert outcome.order is None
        elif kind == "r":
            assert outcome.order == AckOrder(AckKind.RECEIPT, terminal, encode_bcd8(number))
        else:
            assert isinstance(outcome.order, AckOrder)
            assert (outcome.order.kind, outcome.order.terminal) == (AckKind.ZREPORT, terminal)

    @rule(drawn=REQUESTS)
    def killed_before_the_commit(self, drawn: Drawn) -> None:
        original = ledger_code._write_traces

        def killed(*_: object) -> None:
            raise OperationalError("commit", {}, Exception("killed"))

        ledger_code._write_traces = killed
        try:
            self.ledger.settle(self.batch(drawn), RULES, "20260702000000", 100)
        except OperationalError:
            pass
        else:
            raise AssertionError("the batch should have been lost")
        finally:
            ledger_code._write_traces = original
        self.restart()

    @rule(drawn=REQUESTS)
    def killed_after_the_commit(self, drawn: Drawn) -> None:
        self.ledger.settle(self.batch(drawn), RULES, "20260702000000", 100)
        self.expect(self.model, drawn)
        self.restart()

    @rule()
    def restart(self) -> None:
        self.engine.dispose()
        self.open()

    @rule(terminal=st.sampled_from(TERMINALS))
    @precondition(lambda self: self.model.receipts)
    def gaps(self, terminal: str) -> None:
        numbers = {number for owner, number in self.model.receipts if owner == terminal}
        missing = set(range(1, max(numbers, default=0))) - numbers
        with self.ledger.reading() as connection:
            found = inquiries.gaps(connection, terminal)
        assert {number for gap in found for number in range(gap.first, gap.last + 1)} == missing

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "ledger"):
            return
        with self.ledger.reading() as connection:
            held = [
                (row["terminal"], row["number"], row["content"], row["body"])
                for terminal in TERMINALS
                for row in inquiries.receipts(connection, terminal)
            ]
            reports = [
                (row["terminal"], int(row["close_time"][-2:]), row["content"])
                for terminal in TERMINALS
                for row in inquiries.zreports(connection, terminal)
            ]
        expected = [
            (
                terminal,
                number,
                b"content %d" % entry.content,
                b"items %d" % entry.content if entry.full else None,
            )
            for (terminal, number), entry in sorted(self.model.receipts.items())
        ]
        assert held == expected
        assert reports == [(*key, b"z %d" % content) for key, content in sorted(self.model.zreports.items())]

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            self.folder.cleanup()


LedgerMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestLedger = LedgerMachine.TestCase
