"""The printer's queue: every receipt once, by itself, whatever breaks (UZ-POS-01)."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from reference.pos.prints import spool as spools
from reference.pos.prints.printer import PrinterError
from reference.pos.prints.queue import RECEIPT, SHIFT
from reference.pos.shop.tables import Print
from reference.runtime.refusals import InvalidError, RefusedError, UnknownError
from tests.pos.prints.conftest import Printing
from tests.waiting import eventually

COPY = "NUSXA / КОПИЯ"


def test_a_paid_order_is_printed_once_by_itself(printing: Printing) -> None:
    """UZ-POS-01, with what was handed over, the change and the device's number"""
    cafe = printing.cafe
    order = cafe.order((cafe.tea, 1000))
    given = [{"kind": "cash", "amount": 4_000_00}, {"kind": "click", "amount": 2_000_00}]
    assert cafe.checkout.pay(cafe.boss, order.id, {"payments": given}).change == 1_000_00
    assert (printing.spool.round(), printing.papers()) == (0, [])
    cafe.worker.round()
    assert (printing.spool.round(), printing.spool.round()) == (1, 0)
    cafe.worker.round()
    assert printing.spool.round() == 0
    (tape,) = printing.papers()
    for line in (
        "To'lov: naqd",
        "3 000,00",
        "Berildi",
        "Qaytim",
        "To'lov: Click",
        cafe.till.bench.factory_id,
    ):
        assert line in tape.text
    assert (COPY in tape.text, len(tape.images), tape.cuts) == (False, 1, 1)
    assert printing.states() == [("done", False)]
    assert printing.spool.state().lost == 0


def test_refunds_and_z_reports_are_printed_too(printing: Printing) -> None:
    """UZ-POS-03, UZ-SHF-04"""
    cafe = printing.cafe
    sold = cafe.sold((cafe.tea, 2000))
    cafe.till.bench.core.sync_full_receipts(cafe.till.bench.factory_id, 32)
    cafe.refunds.refund(cafe.boss, sold.id)
    cafe.till.bench.tick(5)
    cafe.worker.round()
    cafe.worker.close_shift()
    assert printing.spool.round() == 3
    sale, refund, report = (tape.text for tape in printing.papers())
    assert "SOTUV" in sale
    assert "QAYTARISH" in refund
    assert "Asl chek" in refund
    assert "Qaytarildi: naqd" in refund
    assert "Z-HISOBOT" in report
    assert printing.spool.again(SHIFT, printing.spool.newest()[0].key).copy


def test_without_a_printer_nothing_waits(printing: Printing) -> None:
    cafe = printing.cafe
    cafe.settings.change({"printer": "none"})
    order = cafe.sold((cafe.tea, 1000))
    assert printing.spool.newest() == []
    assert printing.spool.state().waiting == 0
    with pytest.raises(RefusedError) as refused:
        printing.spool.again(RECEIPT, order.id)
    assert refused.value.rule == "printer"
    cafe.settings.change({"printer": "file:printed.bin"})
    assert (printing.spool.round(), printing.papers()) == (0, [])


def test_what_is_printed_again_is_a_copy(printing: Printing) -> None:
    cafe = printing.cafe
    order = cafe.sold((cafe.tea, 1000))
    first = printing.spool.again(RECEIPT, order.id)
    assert not first.copy, "it waited still, and nobody has it yet"
    assert printing.spool.round() == 1
    assert printing.spool.again(RECEIPT, order.id).copy
    assert printing.spool.again(RECEIPT, order.id).copy, "one that waits stays the one"
    assert printing.spool.round() == 1
    assert [COPY in tape.text for tape in printing.papers()] == [False, True]
    with pytest.raises(UnknownError):
        printing.spool.again(RECEIPT, "none")


def test_a_printer_that_is_off_gets_everything_when_it_is_on(printing: Printing) -> None:
    """Receipts go on; nothing is printed twice."""
    cafe = printing.cafe
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        cafe.settings.change({"printer": f"tcp:127.0.0.1:{taken.getsockname()[1]}"})
        orders = [cafe.sold((cafe.tea, 1000)), cafe.sold((cafe.tea, 2000))]
        assert printing.spool.round() == 0
    state = printing.spool.state()
    assert (state.waiting, state.lost) == (2, 0)
    assert "127.0.0.1" in state.trouble
    views = [cafe.fiscal.of(each.id) for each in orders]
    assert [(view.state, view.number) for view in views if view] == [("done", 1), ("done", 2)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        cafe.settings.change({"printer": f"tcp:127.0.0.1:{server.getsockname()[1]}"})
        assert printing.spool.round() == 2
    assert printing.spool.state().trouble == ""
    assert printing.spool.round() == 0
    assert printing.states() == [("done", False), ("done", False)]


def test_a_paper_that_comes_too_late_waits_for_a_person(printing: Printing) -> None:
    cafe = printing.cafe
    printing.file.mkdir(parents=True)
    order = cafe.sold((cafe.tea, 1000))
    assert printing.spool.round() == 0
    assert printing.states() == [("waiting", False)]
    cafe.till.bench.tick(601)
    assert printing.spool.round() == 0
    assert printing.states() == [("failed", False)]
    assert printing.spool.state().lost == 1
    printing.file.rmdir()
    assert printing.spool.round() == 0
    assert not printing.spool.again(RECEIPT, order.id).copy, "nobody ever had it"
    assert printing.spool.round() == 1
    assert printing.spool.state().lost == 0


def test_what_broke_off_is_not_sent_again_by_itself(
    printing: Printing, monkeypatch: pytest.MonkeyPatch
) -> None:
    cafe = printing.cafe

    def torn(*_: object) -> None:
        raise PrinterError("paper jam", begun=True)

    order = cafe.sold((cafe.tea, 1000))
    with monkeypatch.context() as broken:
        broken.setattr(spools, "send", torn)
        assert printing.spool.round() == 0
    assert printing.spool.round() == 0
    assert printing.states() == [("broken", False)]
    assert (printing.spool.newest()[0].reason, printing.spool.state().lost) == ("paper jam", 1)
    assert cafe.till.bench.number == 1
    assert printing.spool.again(RECEIPT, order.id).copy
    assert printing.spool.round() == 1
    assert COPY in printing.papers()[0].text


def test_a_crash_while_printing_prints_nothing_twice(
    printing: Printing, monkeypatch: pytest.MonkeyPatch
) -> None:
    cafe = printing.cafe

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    cafe.sold((cafe.tea, 1000))
    with monkeypatch.context() as power:
        power.setattr(spools, "send", cut)
        with pytest.raises(KeyboardInterrupt):
            printing.spool.round()
    assert printing.states() == [("sending", False)]
    again = printing.restarted()
    assert again.round() == 0
    assert [(each.state, "look at the printer" in each.reason) for each in again.newest()] == [
        ("broken", True)
    ]


def test_the_thread_prints_when_kicked(printing: Printing) -> None:
    cafe = printing.cafe
    printing.spool.start()
    cafe.worker.after_round = printing.spool.kick
    cafe.pay(cafe.order((cafe.tea, 1000)))
    cafe.worker.round()
    eventually(lambda: printing.states() == [("done", False)])


def test_a_paper_of_a_shop_that_was_emptied_is_let_go(printing: Printing) -> None:
    cafe = printing.cafe
    cafe.sold((cafe.tea, 1000))
    with cafe.premises.changing() as session:
        session.add(
            Print(kind=RECEIPT, key="gone", number=0, copy=False, state="waiting", reason="", asked="2026")
        )
    assert printing.spool.round() == 1
    assert printing.spool.round() == 0
    assert sorted(printing.states()) == [("done", False), ("failed", False)]


@pytest.mark.parametrize(
    "printer",
    [
        "",
        "lpt1",
        "file:",
        "file:/etc/passwd",
        "file:../x",
        "file:a/../../x",
        "tcp:10.0.0.5:9100",
        "tcp:example.uz",
        "tcp:127.0.0.1:70000",
        "tcp:127.0.0.1:0",
        "tcp:user@127.0.0.1",
        "device:/etc/passwd",
        "device:/dev/../etc/x",
        "device:/dev/ttyS0@9",
        "none ",
    ],
)
def test_settings_that_are_no_printer_are_refused(printing: Printing, printer: str) -> None:
    with pytest.raises(InvalidError) as refused:
        printing.cafe.settings.change({"printer": printer})
    assert [finding.field for finding in refused.value.findings] == ["printer"]
    assert printing.cafe.settings.read().printer == "file:printed.bin"


@pytest.mark.parametrize(
    "printer",
    [
        "none",
        "file:a/b.bin",
        "tcp:127.0.0.1",
        "tcp:localhost:9100",
        "tcp:[::1]:9100",
        "device:/dev/usb/lp0",
        "device:/dev/ttyS0@115200",
    ],
)
def test_settings_of_printers(printing: Printing, printer: str) -> None:
    assert printing.cafe.settings.change({"printer": printer}).printer == printer
