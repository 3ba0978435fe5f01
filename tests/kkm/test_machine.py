"""Any day of a register: faults, blocks, new tokens, loss of power and time; at its end all books agree.

The model is money alone: what keys handed out. In the end it is compared with the register, the operator's
counters, the operator's documents and every Z (KZ-OFF-01, KZ-NNT-01, OQ-1…14).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reference.kkm.values import (
    DocumentKind,
    ItemOrder,
    Local,
    MoneyOrder,
    NoOrder,
    Order,
    Outcome,
    Pressed,
    TicketOrder,
    TokenOrder,
    ZOrder,
)
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import DOCUMENTS
from reference.protocol.kz.kinds import Operation, PaymentType
from reference.protocol.kz.reports import figures
from reference.protocol.kz.tickets import Payment
from tests.kkm.rig import HOUR, Rig
from tests.kkm.test_books import told
from tests.ofd_mock.kz.bench import Bench

FAULTS = (
    ("register.connect", "refuse"),
    ("register.before-send", "drop"),
    ("register.after-send", "drop"),
    ("register.half-answer", "drop"),
)
SUMS = st.integers(1, 30_000)
REFUSALS = {Local.MODE, Local.SHIFT_LIMIT, Local.OFFLINE_LIMIT, Local.CASH, Local.NONE}


class Day(RuleBasedStateMachine):
    """One register of the operator and what was done with it."""

    bench: ClassVar[Bench]
    folder: ClassVar[Path]
    numbers: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.bench.process.faults.clear()
        self.device = self.bench.order("provision")
        self.cash = 0
        self.sums: Counter[Operation] = Counter()
        self.handed: list[int] = []
        self.cut = False
        self.token = self.device["token"]

    @initialize(
        version=st.sampled_from((124, 202, 203, 204)),
        reqnum=st.sampled_from((0, 65_528)),
        wrap=st.sampled_from((0, 1)),
        numbers=st.sampled_from(("fresh", "stored")),
    )
    def switch_on(self, version: int, reqnum: int, wrap: int, numbers: str) -> None:
        given = {"device_id": self.device["id"], "token": self.token, "version": version}
        given |= {"reqnum": reqnum, "reqnum_wrap": wrap, "queue_reqnum": numbers}
        folder = self.folder / f"day{next(self.numbers)}"
        server = f"127.0.0.1:{self.bench.port}"
        self.rig = Rig(folder, server, self.bench.clock, given, owns_clock=False)

    # --- keys ---------------------------------------------------------------------------------------------

    def press(self, key: str, order: Order) -> Pressed:
        """Press a key whatever the line does: time runs when the register waits for it."""
        pressed = self.rig.in_time(key, order)
        if pressed.outcome is Outcome.REFUSED:
            assert pressed.local in REFUSALS, pressed
            assert pressed.code in (None, 2, 11, 15), pressed
            assert pressed.document is None
        else:
            assert pressed.document is not None
            assert pressed.document.number not in self.handed
            if pressed.document.kind is not DocumentKind.X:
                self.handed.append(pressed.document.number)
        return pressed

    @rule(price=SUMS, card=st.booleans(), key=st.sampled_from(("sell", "buy")))
    def ticket(self, price: int, card: bool, key: str) -> None:
        payments = (Payment(PaymentType.CARD, price),) if card else ()
        item = ItemOrder("Хлеб", price, vat=12_000)
        if self.press(key, TicketOrder((item,), payments)).outcome is Outcome.REFUSED:
            return
        operation = Operation.SELL if key == "sell" else Operation.BUY
        self.sums[operation] += price
        if not card:
            self.cash += price if operation is Operation.SELL else -price

    @rule(tiyn=SUMS, key=st.sampled_from(("deposit", "withdraw")))
    def money(self, tiyn: int, key: str) -> None:
        if self.press(key, MoneyOrder(tiyn)).outcome is not Outcome.REFUSED:
            self.cash += tiyn if key == "deposit" else -tiyn

    @rule(withdraw=st.booleans())
    def z(self, withdraw: bool) -> None:
        if self.press("z", ZOrder(withdraw)).outcome is not Outcome.REFUSED and withdraw:
            self.cash = 0

    @rule()
    def x(self) -> None:
        pressed = self.press("x", NoOrder())
        if pressed.outcome is not Outcome.REFUSED:
            assert pressed.document is not None
            assert pressed.document.report is not None
            assert pressed.document.report.cash == self.cash

    # --- the world ----------------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(FAULTS), command=st.sampled_from(("TICKET", "CLOSE_SHIFT", "*")))
    def break_one_exchange(self, fault: tuple[str, str], command: str) -> None:
        point, action = fault
        self.rig.faults.add(point=point, action=action, count=1, match={"command": command})

    @rule(point=st.sampled_from(("register.after-send", "register.half-answer", "register.connect")))
    @precondition(lambda self: not self.cut)
    def break_the_line(self, point: str) -> None:
        """The line stays down, requests still going out or not."""
        action = "refuse" if point == "register.connect" else "drop"
        self.rig.faults.add(id="cut", point=point, action=action, count=None)
        self.cut = True

    @rule()
    @precondition(lambda self: self.cut)
    def mend_the_line(self) -> None:
        self.rig.mend()
        self.cut = False

    @rule(seconds=st.sampled_from((1.0, 30.0, 60.0, 65.0, HOUR, 20 * HOUR)))
    def wait(self, seconds: float) -> None:
        self.rig.wait(seconds)

    @rule()
    def lose_power(self) -> None:
        self.rig.reopen()

    @rule()
    def block(self) -> None:
        self.bench.order("block", id=self.device["id"], reason="ofd")

    @rule()
    def unblock(self) -> None:
        self.bench.order("unblock", id=self.device["id"])

    @rule()
    @precondition(lambda self: self.rig.mode is Mode.ONLINE and not self.cut)
    def make_a_token(self) -> None:
        self.token = self.bench.order("issue-token", id=self.device["id"])["token"]
        self.rig.in_time("token", TokenOrder(self.token))

    # --- the end ------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._settle()
            self._compare()
        finally:
            self.rig.close()

    def _settle(self) -> None:
        self.rig.faults.clear()
        self.bench.order("unblock", id=self.device["id"])
        self.rig.press("pulse")
        for _ in range(4):
            self.rig.wait(60)
        if self.rig.mode is Mode.TOKEN_INVALID:
            self.rig.press("token", TokenOrder(self.token))
            self.rig.press("pulse")
        assert self.rig.mode is Mode.ONLINE, (self.rig.register.state(), self.rig.events.last(20))

    def _compare(self) -> None:
        state = self.rig.register.state()
        counters = self.bench.process.ledger.device(self.device["id"]).counters
        assert state.cash == counters.cash == self.cash
        for operation in (Operation.SELL, Operation.BUY):
            total = counters.total("non_nullable", operation)
            assert state.non_nullable[operation] == total == self.sums[operation]
        rows = self.bench.order("documents", id=self.device["id"], limit=1000)["documents"]
        counted = [row["printed_number"] for row in rows if row["command"] in DOCUMENTS]
        if self.rig.register.settings.version == 124:  # its numbers are texts, and tickets' alone
            assert len(counted) == len(self.handed)
        else:
            assert counted == sorted(self.handed)
        assert state.shift.number == counters.shift_number
        self._compare_reports()

    def _compare_reports(self) -> None:
        for document in self.rig.register.documents(limit=1000):
            if document.kind is DocumentKind.Z and document.server_report is not None:
                assert document.report is not None
                own, theirs = self._told(document.report), self._told(document.server_report)
                if "open_shift_time" not in own:
                    # A shift in which nothing was done: the operator dates it, the register alone does not.
                    theirs.pop("open_shift_time", None)
                assert own == theirs

    def _told(self, report: Any) -> dict[str, Any]:
        """What the version tells; a ticket whose answer was lost is offline for the register only."""
        everything = self.rig.register.settings.version >= 202
        found = figures(report).items()
        return {
            name: value for name, value in found if told(name, everything) and "offline_count" not in name
        }


def test_any_day(operator: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    operator.reset()
    Day.bench, Day.folder = operator, tmp_path_factory.mktemp("days")
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Day,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=checks
        ),
    )
