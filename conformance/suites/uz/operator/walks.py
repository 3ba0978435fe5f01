"""Long random trades against the judge's own ledger: repeats, conflicts, Z-reports, queries, syncs.

A walk keeps the terminal, what it has issued, and a `Ledger` of `conformance.models.uz_operator`. Each step
is one message of one to six files, and every status must be the one the ledger gives. All dice are seeded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from conformance.cases import family
from conformance.context import Context
from conformance.drivers.terminal import Issued, Terminal
from conformance.models.uz_operator import Ledger, ReceiptFact, ShiftFact
from conformance.suites.uz.operator.exchange import Parcel, answered, full, genuine, shift, short
from conformance.suites.uz.operator.sync import synced
from reference.protocol.uz import standin
from reference.protocol.uz.generate import random_receipt
from reference.protocol.uz.message import AckFile, File
from reference.protocol.uz.objects import ZReportFile
from reference.protocol.uz.receipt import Operation, Receipt, ReceiptType
from reference.protocol.uz.standin import open_zreport_file

KINDS = (ReceiptType.PURCHASE,) * 6 + (ReceiptType.ADVANCE, ReceiptType.CREDIT)
OPERATIONS = (Operation.SALE,) * 4 + (Operation.REFUND,)


def receipt_fact(issued: Issued) -> ReceiptFact:
    """What the ledger has to know of a receipt, from what was sold."""
    receipt = issued.receipt
    return ReceiptFact(
        issued.seq,
        receipt.time,
        issued.sign,
        int(receipt.type),
        int(receipt.operation),
        receipt.received_cash,
        receipt.received_card,
        sum(item.vat for item in receipt.items),
        issued.tlv,
    )


@dataclass(slots=True)
class Expected:
    """A file of a message, the status it must get, and what its AckFile must name if that is Acknowledge."""

    file: File
    status: int
    parcel: Parcel | None = None


@dataclass(slots=True)
class Walk:
    """One module's trade, every step of it drawn from the case's die."""

    ctx: Context
    terminal: Terminal
    ledger: Ledger = field(default_factory=Ledger)
    issued: list[Issued] = field(default_factory=list)
    open_shift: list[Issued] = field(default_factory=list)
    shifts: list[tuple[ShiftFact, ZReportFile]] = field(default_factory=list)

    def step(self) -> None:
        """One message of files that a die chooses."""
        rng = self.ctx.rng
        expected = [rng.choice(self._choices())() for _ in range(rng.randrange(1, 7))]
        if rng.random() < 0.1:
            synced(self.ctx, self.terminal)
        acks = answered(self.ctx, self.terminal, *(each.file for each in expected))
        self._compare(expected, acks)

    def _choices(self) -> list[Callable[[], Expected]]:
        choices = [self._sell, self._sell, self._sell_short, self._shift]
        if self.issued:
            choices += [self._repeat, self._repeat_short, self._conflict, self._query, self._wrong_query]
        if self.shifts:
            choices += [self._repeat_shift, self._conflict_of_shift]
        return choices

    def _compare(self, expected: list[Expected], acks: object) -> None:
        assert isinstance(acks, tuple | list)
        statuses = [int(ack.status) for ack in acks]
        self.ctx.check([each.status for each in expected], statuses, "file statuses", clause="OF-20")
        for each, ack in zip(expected, acks, strict=False):
            if each.parcel is not None and each.status == 0:
                assert isinstance(ack, AckFile)
                genuine(self.ctx, self.terminal.id, each.parcel, ack)

    # what can be in a message

    def _new(self) -> Issued:
        rng = self.ctx.rng
        receipt = random_receipt(rng, self.terminal.tick(rng.choice((1, 1, 60))), items=rng.randrange(1, 4))
        issued = self.terminal.issue(receipt, type=rng.choice(KINDS), operation=rng.choice(OPERATIONS))
        self.issued.append(issued)
        self.open_shift.append(issued)
        return issued

    def _received(self, issued: Issued, *, with_items: bool) -> Expected:
        status = self.ledger.receive(receipt_fact(issued), with_items=with_items)
        parcel = (full if with_items else short)(issued)
        return Expected(parcel.file, status, parcel)

    def _sell(self) -> Expected:
        issued = self._new()
        if self.ctx.rng.random() < 0.15:  # kept back: a gap, until a repeat chooses it
            issued = self.ctx.rng.choice(self.issued)
        return self._received(issued, with_items=True)

    def _sell_short(self) -> Expected:
        return self._received(self._new(), with_items=False)

    def _repeat(self) -> Expected:
        return self._received(self.ctx.rng.choice(self.issued), with_items=True)

    def _repeat_short(self) -> Expected:
        return self._received(self.ctx.rng.choice(self.issued), with_items=False)

    def _conflict(self) -> Expected:
        held = self.ctx.rng.choice([*self.issued])
        if held.seq not in self.ledger.receipts:
            return self._received(held, with_items=True)
        other = self.terminal.sign(_slightly_other(held.receipt, self.ctx.rng.randrange(3)), held.seq)
        return self._received(other, with_items=self.ctx.rng.random() < 0.5)

    def _query(self) -> Expected:
        asked = self.ctx.rng.choice(self.issued)
        return self._asked(asked, asked.sign or "000000000000")

    def _wrong_query(self) -> Expected:
        asked, other = self.ctx.rng.choice(self.issued), self.ctx.rng.choice(self.issued)
        return self._asked(asked, other.sign or "000000000000")

    def _asked(self, issued: Issued, sign: str) -> Expected:
        time = issued.receipt.time
        file = self.ctx.operator.verify_query(issued.seq, time, sign)
        return Expected(file, self.ledger.confirm(issued.seq, time, sign))

    def _shift(self) -> Expected:
        if not self.open_shift:
            self._new()
        numbers = [each.seq for each in self.open_shift]
        facts = [receipt_fact(each) for each in self.open_shift]
        self.open_shift = []
        report = self.terminal.close_shift()
        assert report.close_time is not None

        def pair(name: str) -> tuple[int, int]:
            sums = [sum(getattr(fact, name) for fact in facts if fact.operation == at) for at in (0, 1)]
            return sums[0], sums[1]

        refunds = sum(fact.operation for fact in facts)
        fact = ShiftFact(
            close_time=report.close_time,
            first=min(numbers),
            last=max(numbers),
            sales=len(facts) - refunds,
            refunds=refunds,
            cash=pair("cash"),
            card=pair("card"),
            vat=pair("vat"),
            content=report.data,
        )
        self.shifts.append((fact, report))
        return self._received_shift(fact, report)

    def _received_shift(self, fact: ShiftFact, report: ZReportFile) -> Expected:
        parcel = shift(report)
        return Expected(parcel.file, self.ledger.receive_shift(fact), parcel)

    def _repeat_shift(self) -> Expected:
        return self._received_shift(*self.ctx.rng.choice(self.shifts))

    def _conflict_of_shift(self) -> Expected:
        fact, report = self.ctx.rng.choice(self.shifts)
        record = replace(open_zreport_file(report, self.terminal.keys), sales=fact.sales + 1)
        other = standin.make_zreport_file(self.terminal.keys, self.terminal.id, record, 0)
        return self._received_shift(replace(fact, sales=fact.sales + 1, content=other.data), other)

    # the end of a walk

    def finish(self) -> None:
        """Ask for every receipt's sign, then compare the whole ledger where the control API shows it."""
        for begin in range(0, len(self.issued), 32):
            part = self.issued[begin : begin + 32]
            expected = [self._asked(each, each.sign or "000000000000") for each in part]
            self._compare(expected, answered(self.ctx, self.terminal, *(each.file for each in expected)))
        if self.ctx.can("control"):
            self._compare_ledger()

    def _compare_ledger(self) -> None:
        check = self.ctx.check
        found = self.ctx.control.do("receipts", terminal=self.terminal.id, limit=10_000)
        held = sorted(self.ledger.receipts.items())
        expected = [
            (number, fact.sign or None, fact.cash, fact.card, fact.vat, number in self.ledger.complete)
            for number, fact in held
        ]
        names = ("number", "sign", "cash", "card", "vat")
        rows = [(*(row[name] for name in names), row["body"] is not None) for row in found["receipts"]]
        check(expected, rows, "number, sign, sums and completeness of every receipt held", clause="OF-20")
        gaps = [(gap["first"], gap["last"]) for gap in found["gaps"]]
        check(self.ledger.gaps(), gaps, "gaps", clause="OF-22")
        for row in self.ctx.operator.ledger(self.terminal, "zreports"):
            flags = {flag["field"]: (flag["reported"], flag["stored"]) for flag in row["mismatches"]}
            fact = next(
                one for time, one in self.ledger.shifts.items() if f"{time:%Y%m%d%H%M%S}" == row["close_time"]
            )
            check(
                self.ledger.flags(fact), flags, f"flags of the Z-report of {fact.close_time}", clause="OF-22"
            )
        entries = len(self.ctx.operator.ledger(self.terminal, "zreports"))
        check(len(self.ledger.shifts), entries, "Z-reports held", clause="OF-27")


def _slightly_other(receipt: Receipt, how: int) -> Receipt:
    if how == 0:
        return replace(receipt, received_cash=receipt.received_cash + 1)
    if how == 1:
        return replace(receipt, time=receipt.time + timedelta(seconds=7))
    return replace(
        receipt, items=(replace(receipt.items[0], vat=receipt.items[0].vat + 3), *receipt.items[1:])
    )


@family(
    "uz.operator.walk.{key}",
    rows={"first": 40, "second": 40, "third": 40, "fourth": 40, "long": 120},
    target="operator",
    clauses=["OF-20", "OF-21", "OF-22", "OF-24", "OF-27", "S-11.7"],
    requirements=["UZ-OFD-01", "UZ-OFD-02"],
    needs=["test-keys"],
    description=lambda steps: (
        f"A module trades at random for {steps} messages, as the die of this case falls."
    ),
    expectation="Every answer, and at the end the whole ledger, is what the judge's own ledger says.",
)
def walk(ctx: Context, steps: int) -> None:
    """The die follows from the run's seed and the case's id."""
    walker = Walk(ctx, ctx.operator.terminal())
    for _ in range(steps):
        walker.step()
    walker.finish()
