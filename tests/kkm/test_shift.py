"""The 24 hours (kz-ofd §8.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference.kkm.values import Local, Outcome
from reference.protocol.kz.dialects import Command
from tests.fakes.ofd import Reply, ScriptedOfd
from tests.kkm.rig import HOUR, Rig


@pytest.mark.parametrize("offline", [False, True])
def test_warned_then_refused(rig: Rig, offline: bool) -> None:
    """H24-01, H24-05: a warning from 23 hours, tickets refused over 24 and not at 24."""
    if offline:
        rig.offline()
        rig.lab.advance(-5 + 23 * HOUR)
    else:
        rig.sell()
        rig.lab.advance(23 * HOUR)
    assert "23" in rig.register.state().warning
    assert "23" in rig.sell().text
    rig.lab.advance(HOUR)
    assert rig.sell().outcome is not Outcome.REFUSED
    rig.lab.advance(1)
    refused = rig.sell()
    assert (refused.outcome, refused.local) == (Outcome.REFUSED, Local.SHIFT_LIMIT)
    assert rig.z().outcome is not Outcome.REFUSED
    assert rig.register.state().warning == ""
    assert rig.sell().outcome is not Outcome.REFUSED


def test_closes_by_itself(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """H24-05, `auto_close`: operator 0, `auto_close_shift`, then the ticket."""
    rig = make_rig(auto_close=True)
    rig.sell()
    rig.lab.advance(24 * HOUR + 1)
    assert rig.sell().outcome is Outcome.DONE
    assert ofd.commands()[-2:] == ["CLOSE_SHIFT", "TICKET"]
    closer = ofd.seen[-2].message.close_shift.operator
    assert (closer.code, closer.name) == (0, "auto_close_shift")
    assert ofd.seen[-1].message.ticket.fr_shift_number == 2


def test_operators_11(make_rig: Callable[..., Rig], ofd: ScriptedOfd) -> None:
    """RC-11: the shift is to be closed, then the document leaves as a new one; once only."""
    rig = make_rig(auto_close=True)
    rig.sell()
    ofd.then(Reply(11), to=Command.TICKET)
    assert rig.sell().outcome is Outcome.DONE
    assert ofd.commands()[-3:] == ["TICKET", "CLOSE_SHIFT", "TICKET"]
    ofd.then(Reply(11), Reply(11), to=Command.TICKET)
    refused = rig.sell()
    assert (refused.code, refused.local) == (11, Local.SHIFT_LIMIT)
    assert ofd.commands()[-3:] == ["TICKET", "CLOSE_SHIFT", "TICKET"]
