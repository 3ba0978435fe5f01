"""A register as a process of its own, for tests that kill it: presses keys, says what it handed out.

`python -m tests.kkm.till PLAN` with a JSON plan: folder, settings, faults, start, rate, keys. Each key is
`[name, tiyn]`; a line of JSON follows each when its document is in the customer's hands.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from reference.kkm.register import FAULT_ACTIONS, FAULT_POINTS, Register
from reference.kkm.settings import RegisterSettings
from reference.kkm.values import ItemOrder, MoneyOrder, NoOrder, Order, TicketOrder, ZOrder
from reference.runtime.clock import LabClock
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_actions, journal_points


def order_of(key: str, tiyn: int) -> Order:
    if key in ("deposit", "withdraw"):
        return MoneyOrder(tiyn)
    if key in ("sell", "buy"):
        return TicketOrder((ItemOrder("Хлеб", tiyn),))
    return ZOrder() if key == "z" else NoOrder()


def main(plan: dict[str, Any]) -> None:
    lab = LabClock.private(datetime.fromisoformat(plan["start"]), rate=plan["rate"])
    clock = lab.part("register")
    points = {**FAULT_POINTS, **journal_points()}
    faults = FaultPoints(points, clock, "register", {**FAULT_ACTIONS, **journal_actions()})
    events = EventLog(None, clock, "register")
    for rule in plan["early_faults"]:
        faults.add(**rule)
    settings = RegisterSettings(**plan["settings"])
    register = Register.open(Path(plan["folder"]), settings, clock, faults, events, random.Random(3))
    for key, tiyn in plan["keys"]:
        if key == "fault":
            faults.add(**tiyn)
        elif key == "mend":
            faults.clear()
            lab.advance(tiyn)
        else:
            pressed = register.press(key, order_of(key, tiyn))
            number = None if pressed.document is None else pressed.document.number
            say(key=key, outcome=pressed.outcome, mode=pressed.mode.name, number=number, local=pressed.local)
    state = register.state()
    sums = {kind.name: total for kind, total in state.non_nullable.items()}
    documents = [
        [one.number, one.kind.value, one.delivery.value, one.recovered]
        for one in register.documents(limit=999)
    ]
    say(state=state.mode.name, cash=state.cash, sums=sums, shift=state.shift.number, documents=documents)
    register.close()


def say(**values: object) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
