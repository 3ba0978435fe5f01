"""The drive's own sending: G2-S-17, CL-08, UZ-OFF-02, UZ-SVC-02."""

from __future__ import annotations

import pytest

from reference.drive.delivery import SyncItem
from reference.drive.errors import CardLostError
from reference.drive.records import FileState, ZReportFileRow
from reference.drive.shelves import ZReportStore
from reference.links.module import module_session
from reference.protocol.uz.message import FileStatus
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.doubles import losing, make_module, sale
from tests.waiting import eventually


@pytest.fixture
def alive(make_bench: BenchMaker) -> Bench:
    """A shop whose drive sends by itself; lab time stands still unless the test moves it."""
    bench = make_bench(auto_send=True)
    bench.open_shift()
    return bench


def settled(bench: Bench) -> bool:
    """Whether the sender has done all that is due at this lab time, which stands still."""
    return bench.core.sender.looked_at >= bench.core.stage.lab_seconds()


def test_a_receipt_goes_by_itself_after_the_delay(alive: Bench) -> None:
    eventually(lambda: settled(alive))
    alive.register()
    alive.tick(4.9)
    eventually(lambda: settled(alive))
    assert alive.books.numbers() == []
    alive.tick(0.2)
    eventually(lambda: alive.held == [])
    assert alive.books.numbers() == [1]


def test_a_closed_shift_goes_at_once(alive: Bench) -> None:
    """UZ-SHF-07"""
    alive.register()
    alive.core.close_shift(alive.factory_id, alive.tick())
    eventually(lambda: len(alive.books.zreports) == 1)
    assert alive.books.numbers() == [1]


def test_the_backlog_of_an_outage_goes_oldest_first_when_the_operator_is_back(alive: Bench) -> None:
    """UZ-OFF-01, UZ-OFF-02, UZ-OFF-04"""
    alive.books.unreachable.add("*")
    for _ in range(40):
        alive.register()
    alive.tick(3600)
    eventually(lambda: settled(alive))
    assert alive.books.numbers() == []
    assert alive.core.sync.outbox(alive.factory_id).backing_off_until > 0
    alive.books.unreachable.clear()
    alive.tick(600)
    eventually(lambda: alive.held == [])
    assert [len(request.files) for request in alive.books.requests] == [32, 8]
    assert alive.books.numbers() == list(range(1, 41))


def test_the_error_is_told_once(alive: Bench) -> None:
    alive.books.unreachable.add("*")
    alive.register()
    for _ in range(4):
        alive.tick(700)
        eventually(lambda: settled(alive))
    failures = [event for event in alive.events.since(0) if event["kind"] == "sender.failed"]
    assert len(failures) == 1
    assert alive.core.sender.last_error[alive.factory_id] == (
        "failed to sync: 127.0.0.1:13447: connection refused"
    )
    alive.books.unreachable.clear()
    alive.tick(700)
    eventually(lambda: alive.held == [])
    eventually(lambda: not alive.core.sender.last_error)


def test_a_blocked_module_is_tried_again_after_ten_minutes(alive: Bench) -> None:
    """CL-06"""
    alive.books.blocked = True
    alive.register()
    alive.tick(6)
    eventually(lambda: settled(alive))
    assert len(alive.books.requests) == 1
    alive.books.blocked = False
    alive.tick(590)
    eventually(lambda: settled(alive))
    assert len(alive.books.requests) == 1
    alive.tick(11)
    eventually(lambda: alive.held == [])


def test_what_a_broken_link_left_is_finished_and_sent(alive: Bench) -> None:
    """G2-S-20: the POS never comes back."""
    txid = alive.core.get_txid(alive.factory_id, sale(alive.tick()))
    alive.card.lose = losing("001700", "after")
    with pytest.raises(CardLostError):
        alive.core.register(alive.factory_id, txid)
    alive.core.sender.wake(alive.factory_id)
    eventually(lambda: alive.held == [])
    assert alive.books.bodies.keys() == {("ZZ000000000000", 1)}
    assert alive.core.register(alive.factory_id, txid).receipt_seq == 1


def test_a_module_plugged_in_sends_what_waits(make_bench: BenchMaker) -> None:
    """UZ-USB-01: work resumes after plugging in, without a restart."""
    bench = make_bench(auto_send=True, presence_interval=0.02)
    bench.open_shift()
    bench.register()
    module, bench.card.module = bench.card.module, None
    eventually(lambda: not bench.core.fleet.states()[0].present)
    bench.tick(3600)
    assert bench.books.requests == []
    bench.card.module = module
    eventually(lambda: bench.held == [])
    kinds = [event["kind"] for event in bench.events.since(0)]
    assert [kind for kind in kinds if kind.startswith("module.")] == [
        "module.plugged",
        "module.unplugged",
        "module.plugged",
    ]


def test_without_auto_send_only_registrations_are_finished(bench: Bench) -> None:
    bench.open_shift()
    txid = bench.core.get_txid(bench.factory_id, sale(bench.tick()))
    bench.card.lose = losing("001700", "after")
    with pytest.raises(CardLostError):
        bench.core.register(bench.factory_id, txid)
    bench.core.sender.wake(bench.factory_id)
    eventually(lambda: bench.core.files(bench.factory_id, FileState.NEW, 1, 0))
    bench.tick(86_400)
    assert (bench.books.requests, bench.held) == ([], [1])


def test_lost_databases_are_made_good_only_when_told(make_bench: BenchMaker) -> None:
    """G2-S-17, setting auto_short_receipts"""
    for told in (False, True):
        bench = make_bench(folder=f"told-{told}", auto_send=True, auto_short_receipts=told)
        bench.open_shift()
        bench.register()
        bench.register()
        bench.books.file_script = {2: FileStatus.Reject} if told else {}
        bench.drive.reset({})
        expected = [2] if told else [1, 2]
        eventually(lambda bench=bench, expected=expected: bench.held == expected)  # type: ignore[misc]
        bench.tick()
        eventually(lambda bench=bench: settled(bench))  # type: ignore[misc]
        requests = len(bench.books.requests)
        bench.core.sender.retry_now(bench.factory_id)
        bench.core.sender.work()
        assert len(bench.books.requests) == requests, "what was refused is not tried again and again"


def test_unconfirmed_modules_do_not_send(make_bench: BenchMaker) -> None:
    """UZ-USB-03"""
    bench = make_bench(auto_send=True)
    bench.open_shift()
    bench.register()
    bench.core.close_shift(bench.factory_id, bench.tick())
    eventually(lambda: len(bench.books.zreports) == 1)
    other = make_module(bench.now(), "ZZ000000000009", "00" + "9" * 34)
    bench.card.module = other
    bench.core.modules()
    bench.core.sender.wake("00" + "9" * 34)
    bench.tick(3600)
    assert {request.terminal_id for request in bench.books.requests} == {"ZZ000000000000"}


def test_a_module_that_forgets_acknowledgements_does_not_stop_the_sender(make_bench: BenchMaker) -> None:
    bench = make_bench(auto_send=True, defects=("ack-not-handed-over",))
    bench.open_shift()
    bench.register()
    bench.core.close_shift(bench.factory_id, bench.tick())
    bench.tick()
    eventually(lambda: settled(bench))
    assert len([request for request in bench.books.requests if request.files[0].type == 2]) == 2


def test_a_mistake_in_sending_does_not_end_it(alive: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = alive.books.answer

    def broken(_request: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(alive.books, "answer", broken)
    alive.register()
    alive.tick(6)
    eventually(lambda: settled(alive))
    assert alive.core.sender.last_error[alive.factory_id] == "internal error"
    monkeypatch.setattr(alive.books, "answer", answer)
    alive.tick(6)
    eventually(lambda: alive.held == [])


def test_what_a_broken_round_did_not_look_at_is_looked_at_by_the_next(
    alive: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when that is due for a receipt that came meanwhile."""
    eventually(lambda: settled(alive))
    asked: list[str] = []

    def unplugged(factory_id: str, _count: int) -> list[SyncItem]:
        asked.append(factory_id)
        if len(asked) == 1:
            alive.register()
            raise CardLostError
        return []

    monkeypatch.setattr(alive.core.sync, "unnumbered", unplugged)
    alive.core.sender.wake(alive.factory_id)
    eventually(lambda: alive.core.sender.last_error.get(alive.factory_id) is not None)
    alive.tick(6)
    eventually(lambda: len(asked) == 2)


def test_a_round_for_a_receipt_does_not_ask_for_shifts_again(alive: Bench) -> None:
    """The sender looks at Z-reports when one may be there: closed here, or closed past it."""
    eventually(lambda: settled(alive))
    asked: list[str] = []
    pending = alive.core.stage.zreports.pending

    def noted(_store: ZReportStore, terminal_id: str) -> list[ZReportFileRow]:
        asked.append(terminal_id)
        return pending(terminal_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ZReportStore, "pending", noted)
        alive.register()
        alive.tick(6)
        eventually(lambda: alive.held == [])
        eventually(lambda: settled(alive))
        before = len(asked)
        for _ in range(3):
            alive.register()
            alive.tick(6)
            eventually(lambda: alive.held == [])
            eventually(lambda: settled(alive))
        assert len(asked) == before
        with alive.core.fleet.slots[0].lock, module_session(alive.card) as past_the_drive:
            past_the_drive.zreport_close(alive.tick())
            past_the_drive.zreport_open(alive.tick())
        alive.register()
        alive.tick(6)
        eventually(lambda: len(alive.books.zreports) == 1)
        alive.core.close_shift(alive.factory_id, alive.tick())
        eventually(lambda: len(alive.books.zreports) == 2)
