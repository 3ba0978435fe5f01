"""What is durable: records, torn tails, compaction, archived documents, copies (kz-ofd OQ-14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.kkm.memory import Memory, Packet
from reference.kkm.records import document_from_json, document_to_json
from reference.kkm.register import FAULT_ACTIONS, FAULT_POINTS, Register, RegisterError
from reference.kkm.settings import RegisterSettings
from reference.kkm.store import JOURNAL_NAME, Store
from reference.kkm.values import CASHIER, Delivery, DocumentKind, Local, Outcome, PrintedDocument
from reference.protocol.kz.client import Mode
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.reports import OperationRow, ReportData, SectionRow
from reference.protocol.kz.service import Registration, TicketAd
from reference.protocol.kz.tally import DeviceCounters, ShiftCounters
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import JournalError, journal_actions, journal_points
from tests.fakes.ofd import ScriptedOfd
from tests.kkm.rig import BREAD, START, Rig

NOON = datetime(2026, 3, 2, 12)
PACKETS = st.builds(
    Packet,
    number=st.integers(1, 10**9),
    kind=st.sampled_from(DocumentKind),
    command=st.integers(0, 127),
    version=st.sampled_from((124, 202, 203, 204)),
    body=st.binary(max_size=40),
    time=st.just(NOON),
    token=st.none() | st.integers(1, 2**32 - 1),
    reqnum=st.none() | st.integers(0, 65535),
    handed=st.booleans(),
    queued=st.booleans(),
    refers=st.none() | st.integers(1, 99),
    report=st.none() | st.just(ReportData(NOON, 4, cash=5, opened=NOON)),
)
COUNTERS = DeviceCounters(
    5, 3, {("non_nullable", 2): 7}, ShiftCounters(4, NOON, {}, {("ticket.count", 2): 1})
)
MEMORIES = st.builds(
    Memory,
    device_id=st.just(4931),
    mode=st.sampled_from(Mode),
    token=st.integers(0, 2**32 - 1),
    reqnum=st.integers(0, 65535),
    initialised=st.booleans(),
    counters=st.sampled_from((DeviceCounters(), COUNTERS)),
    queue=st.lists(PACKETS, max_size=4).map(tuple),
    in_flight=st.none() | PACKETS,
    printed=st.integers(0, 99),
    offline_since=st.none() | st.just(datetime(2026, 3, 2, 7, tzinfo=UTC)),
    last_time=st.none() | st.just(NOON),
    autonomous=st.none() | st.just((date(2026, 3, 2), 2**32 - 1)),
    ads=st.sampled_from(((), (TicketAd(4, 588, "Привет"),))),
    registration=st.none() | st.just(Registration(rnm="990000004931", pos_latitude=5)),
    last_code=st.none() | st.integers(0, 255),
    last_text=st.text(max_size=5),
    server=st.just("127.0.0.1:7777"),
    nomenclature=st.integers(0, 9),
    info_due=st.booleans(),
    cancellable=st.none() | st.integers(1, 9),
)


def document(number: int) -> PrintedDocument:
    report = ReportData(NOON, 4, sections=(SectionRow("1", (OperationRow(2, 1, 50),)),), cash=5, closed=NOON)
    return PrintedDocument(number, DocumentKind.Z, NOON, 4, operator=CASHIER, report=report)


@given(memories=st.lists(MEMORIES, min_size=1, max_size=4))
def test_memory_comes_back(tmp_path_factory: pytest.TempPathFactory, memories: list[Memory]) -> None:
    """Whatever the steps between, the last memory kept is the one that a start finds."""
    rig = Parts(tmp_path_factory.mktemp("store"))
    store = rig.store()
    for memory in memories:
        store.keep(memory)
    store.close()
    store = rig.store()
    assert store.memory == memories[-1]
    store.compact()
    store.close()
    store = rig.store()
    assert store.memory == memories[-1]
    store.close()


class Parts:
    """A folder and the fault points of a register that is not there."""

    def __init__(self, folder: Path, kept: int = 10) -> None:

        self.folder, self.kept = folder, kept
        clock = LabClock.private(START, rate=0).part("register")
        actions = {**FAULT_ACTIONS, **journal_actions()}
        self.faults = FaultPoints({**FAULT_POINTS, **journal_points()}, clock, "register", actions)

    def store(self) -> Store:
        return Store(self.folder, self.faults, 203, self.kept)


def test_old_documents_are_archived(tmp_path: Path) -> None:
    """Compaction leaves the newest in the journal; an old one is read out of its segment."""
    parts = Parts(tmp_path)
    store = parts.store()
    memory = Memory(4931)
    for number in range(1, 36):
        memory = replace(memory, printed=number)
        store.keep(memory, [document(number)])
        if number in (15, 30):
            store.compact()
    store.close()
    assert sorted(path.name for path in tmp_path.glob("documents-*")) == [
        "documents-0000000001-0000000005.journal",
        "documents-0000000006-0000000020.journal",
    ]
    store = parts.store()
    for number in range(1, 36):
        assert store.document(number) == document(number)
    assert [one.number for one in store.documents(0, 100)] == list(range(1, 36))
    assert [one.number for one in store.documents(4, 3)] == [5, 6, 7]
    assert [one.number for one in store.documents(19, 3)] == [20, 21, 22]
    with pytest.raises(KeyError):
        store.document(36)
    store.close()


def test_compacts_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that has grown is compacted on the way; a failure of that leaves what was kept."""
    monkeypatch.setattr("reference.kkm.store._COMPACT_AT", 20_000)
    parts = Parts(tmp_path)
    store = parts.store()
    parts.faults.add(point="journal.rename", action="error")
    for number in range(1, 201):
        store.keep(Memory(4931, printed=number), [document(number)])
    assert parts.faults.rules()[0].hits == 1
    assert (tmp_path / JOURNAL_NAME).stat().st_size < 150_000
    assert list(tmp_path.glob("documents-*"))
    store.close()
    store = parts.store()
    assert [one.number for one in store.documents(0, 999)] == list(range(1, 201))
    store.close()


def test_waiting_documents_stay(tmp_path: Path) -> None:
    """A document that the operator has not got is not archived: it will change."""
    parts = Parts(tmp_path)
    store = parts.store()
    packet = Packet(3, DocumentKind.Z, 2, 203, b"", NOON, handed=True)
    for number in range(1, 21):
        store.keep(Memory(4931, queue=(packet,), printed=number), [document(number)])
    store.compact()
    store.close()
    assert [path.name for path in tmp_path.glob("documents-*")] == ["documents-0000000001-0000000002.journal"]


def test_a_crash_between_segment_and_journal(tmp_path: Path) -> None:
    """The segment is written first; written again it is the same."""
    parts = Parts(tmp_path)
    store = parts.store()
    for number in range(1, 16):
        store.keep(Memory(4931, printed=number), [document(number)])
    parts.faults.add(point="journal.rename", action="error")
    with pytest.raises(JournalError, match="is not rewritten"):
        store.compact()
    store.close()
    store = parts.store()
    store.compact()
    assert [one.number for one in store.documents(0, 99)] == list(range(1, 16))
    store.close()


def test_nothing_is_handed_out_that_is_not_on_disk(rig: Rig, ofd: ScriptedOfd) -> None:
    """A failing disk stops the register: the key says so, the next start goes on."""
    rig.sell()
    rig.faults.add(point="journal.sync", action="error")
    failed = rig.sell()
    assert (failed.outcome, failed.local, failed.document) == (Outcome.REFUSED, Local.STOPPED, None)
    assert len(ofd.seen) == 2
    assert rig.sell().local is Local.STOPPED
    rig.reopen()
    assert rig.sell().outcome is not Outcome.REFUSED


def test_another_registers_folder(rig: Rig) -> None:
    rig.register.close()
    with pytest.raises(RegisterError, match="belongs to register 4931, not 5"):
        Register.open(rig.folder, RegisterSettings(device_id=5), rig.clock, rig.faults, rig.events, Random(1))
    (rig.folder / JOURNAL_NAME).write_bytes(b"something else")
    with pytest.raises(RegisterError, match="is not a journal"):
        Register.open(rig.folder, RegisterSettings(), rig.clock, rig.faults, rig.events, Random(1))


def test_a_copy_goes_on(make_rig: Callable[..., Rig], ofd: ScriptedOfd, tmp_path: Path) -> None:
    """`snapshot` of a working register opens as that register at that moment."""
    rig = make_rig()
    rig.offline()
    rig.register.snapshot(tmp_path / "copy")
    rig.sell()
    # It dials where the register dials, as its settings say: with a line it would deliver at once.
    copy = Rig(tmp_path / "copy", "127.0.0.1:1", pulses=False, line_cut=True)
    state = copy.register.state()
    assert (state.cash, state.queue_length) == (10_000, 0)
    assert state.in_flight is not None
    assert copy.register.document(1).sign == rig.register.document(1).sign
    copy.close()


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_documents_come_back(make_rig: Callable[..., Rig], version: int) -> None:
    """A ticket is kept as the message of its version."""
    rig = make_rig(version=version)
    made = rig.done("sell", BREAD).document
    assert made is not None
    changed = replace(made, delivery=Delivery.WAITING, server_sign="5", recovered=True, text="да")
    back = document_from_json(document_to_json(changed, version))
    assert back == changed
    assert back.ticket is not None
    assert back.ticket.operation == Operation.SELL
    rig.reopen()
    assert rig.register.document(1) == made
