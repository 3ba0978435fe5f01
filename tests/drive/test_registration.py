"""GetTXID and RegisterTXID: uz-fiscal §4.5, UZ-SVC-06."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reference.drive.errors import (
    CardAnswerError,
    CardError,
    CardLostError,
    DriveNotFoundError,
    ReceiptRefusedError,
    RecordNotFoundError,
    RefundUncheckedError,
    SaveError,
    TryLaterError,
)
from reference.drive.records import StoredReceipt
from reference.drive.registration import Registrar
from reference.protocol.uz.gost import decrypt
from reference.protocol.uz.objects import ReceiptFile
from reference.protocol.uz.receipt import decode_full_receipt
from reference.protocol.uz.standin import ModuleKeys, module_seed, open_receipt_file
from tests.drive.conftest import Bench, BenchMaker
from tests.drive.doubles import TERMINAL, losing, sale


def test_first_step_spends_no_number_and_leaves_the_module_alone(shop: Bench) -> None:
    """G2-S-01"""
    before = shop.core.memory(shop.factory_id)
    assert shop.core.get_txid(shop.factory_id, sale(shop.tick())) == 1
    assert shop.core.memory(shop.factory_id) == before


def test_second_step_registers_and_stores_all_at_once(shop: Bench) -> None:
    """G2-S-07, G2-S-08"""
    time = shop.tick()
    txid = shop.core.get_txid(shop.factory_id, sale(time))
    answer = shop.core.register(shop.factory_id, txid)
    assert (answer.terminal_id, answer.receipt_seq, answer.time) == (TERMINAL, 1, time)
    assert answer.fiscal_sign == "271368829008"
    assert shop.core.register(shop.factory_id, txid) == answer
    assert shop.number == 1
    (row,) = shop.core.stage.receipts.pending(TERMINAL, 10)
    assert (row.txid, row.receipt_seq, row.version, row.time) == (1, 1, 0x14, time)
    record = open_receipt_file(ReceiptFile.decode(row.header))
    key = ModuleKeys(module_seed(TERMINAL)).cipher_key(TERMINAL, 1)
    receipt = decode_full_receipt(decrypt(key, row.body))
    assert (receipt.items[0].name, receipt.received_cash) == ("Non", 500_000)
    assert record.cipher_key == key


def test_repeat_needs_no_module(shop: Bench) -> None:
    """G2-S-08: stored answer? return it, the module is not needed."""
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    answer = shop.core.register(shop.factory_id, txid)
    factory_id, shop.card.module = shop.factory_id, None
    assert shop.core.register(factory_id, txid) == answer


def test_equal_content_has_one_txid(shop: Bench) -> None:
    """G2-S-05"""
    time = shop.tick()
    first = shop.core.get_txid(shop.factory_id, sale(time))
    assert shop.core.get_txid(shop.factory_id, sale(time)) == first
    assert shop.core.get_txid(shop.factory_id, sale(time, 600_000)) == first + 1


def test_equal_content_of_another_module_is_another_receipt(make_bench: BenchMaker) -> None:
    """G2-S-05: the FactoryID is part of the key."""
    bench = make_bench(modules=2)
    factories = [card.module.state.identity.factory_id for card in bench.cards if card.module]
    body = sale(bench.tick())
    txids = [bench.core.get_txid(factory_id, body) for factory_id in factories]
    assert txids == [1, 2]
    with pytest.raises(
        RecordNotFoundError, match=r"no record found in table receipt_register_log with id = 1"
    ):
        bench.core.register(factories[1], 1)


def test_first_step_after_registration_is_refused(shop: Bench) -> None:
    """G2-S-06"""
    body = sale(shop.tick())
    shop.core.register(shop.factory_id, shop.core.get_txid(shop.factory_id, body))
    with pytest.raises(ReceiptRefusedError, match=r"^receipt time is in the past$") as refused:
        shop.core.get_txid(shop.factory_id, body)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Time": "2026-07-01T09:30:00"}, 'cannot parse "T09:30:00" as " "'),
        ({"Items": []}, "receipt has no iteems"),
        ({"ReceivedCash": 489_999}, "difference 10001 between 500000 and 489999 is larger than 10000"),
        ({"ReceivedCash": 510_001}, "difference 10001 between 500000 and 510001 is larger than 10000"),
        ({"ReceivedCash": -1}, "ReceivedCash"),
        ({"Type": 3}, "Type"),
        ({"Operation": 1}, "RefundInfo is undefined"),
        ({"RefundInfo": {"TerminalID": "ZZ1"}}, "Bad RefundInfo TerminalID value"),
        ({"Items": "none"}, "Items"),
    ],
)
def test_a_refused_receipt_leaves_nothing_behind(
    shop: Bench, changes: dict[str, object], reason: str
) -> None:
    """UZ-SVC-06, UZ-DEV-08"""
    body = {"Time": shop.tick().strftime("%Y-%m-%d %H:%M:%S")}
    with pytest.raises(ReceiptRefusedError) as refused:
        shop.core.get_txid(shop.factory_id, sale(shop.now()) | body | changes)
    assert reason in refused.value.reason
    assert shop.number == 0
    with pytest.raises(RecordNotFoundError):
        shop.core.register(shop.factory_id, 1)


@pytest.mark.parametrize("difference", [10_000, -10_000])
def test_the_largest_difference_passes(shop: Bench, difference: int) -> None:
    """RC-08"""
    assert shop.core.get_txid(shop.factory_id, sale(shop.tick(), ReceivedCash=500_000 + difference)) == 1


def test_not_an_object(shop: Bench) -> None:
    with pytest.raises(ReceiptRefusedError, match=r"must be an object"):
        shop.core.get_txid(shop.factory_id, [1])


def test_future_is_left_to_the_module_unless_told(shop: Bench, make_bench: BenchMaker) -> None:
    """G2-S-12"""
    ahead = shop.now() + timedelta(days=2, seconds=1)
    txid = shop.core.get_txid(shop.factory_id, sale(ahead))
    with pytest.raises(CardError, match=r"9091 - DATETIME_SYNC_WITH_SERVER") as refused:
        shop.core.register(shop.factory_id, txid)
    assert refused.value.status == 500
    careful = make_bench(folder="careful", gettxid_check_future=True)
    careful.open_shift()
    last = careful.now()
    with pytest.raises(ReceiptRefusedError, match=r"9091 - DATETIME_SYNC_WITH_SERVER"):
        careful.core.get_txid(careful.factory_id, sale(last + timedelta(days=2, seconds=1)))
    careful.core.get_txid(careful.factory_id, sale(last + timedelta(days=2)))


def test_a_failed_txid_stays(bench: Bench) -> None:
    """G2-S-11"""
    txid = bench.core.get_txid(bench.factory_id, sale(bench.tick()))
    with pytest.raises(CardError, match=r"9021 - ZREPORT_IS_NOT_OPENED"):
        bench.core.register(bench.factory_id, txid)
    bench.open_shift()
    with pytest.raises(CardError, match=r"9030 - DATETIME_IS_IN_THE_PAST") as refused:
        bench.core.register(bench.factory_id, txid)
    assert refused.value.status == 400 or refused.value.status == 500
    assert bench.register() == 1


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_link_cut_at_the_registration_is_healed_by_repeating(shop: Bench, how: str) -> None:
    """G2-S-09, UZ-USB-02"""
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.card.lose = losing("001700", how)
    with pytest.raises(CardLostError, match=r"card connection lost"):
        shop.core.register(shop.factory_id, txid)
    assert shop.number == (1 if how == "after" else 0)
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 1
    assert shop.number == 1


def test_a_link_cut_at_the_record_file_is_healed_by_repeating(shop: Bench) -> None:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.card.lose = losing("0006", "before")
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, txid)
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 1
    assert (shop.number, shop.held) == (1, [1])


def test_two_repeats_at_once_register_once(shop: Bench) -> None:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    answers: list[int] = []

    def register() -> None:
        answers.append(shop.core.register(shop.factory_id, txid).receipt_seq)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers, shop.number) == ([1] * 4, 1)


def test_advance_and_credit_have_a_number_but_no_sign(shop: Bench) -> None:
    """FM-R-11"""
    for kind in (1, 2):
        txid = shop.core.get_txid(shop.factory_id, sale(shop.tick(), Type=kind))
        answer = shop.core.register(shop.factory_id, txid)
        assert (answer.receipt_seq, answer.fiscal_sign) == (kind, None)


def test_unknown_txid(shop: Bench) -> None:
    """G2-S-10"""
    for txid in (99, 10**30):
        with pytest.raises(RecordNotFoundError) as refused:
            shop.core.register(shop.factory_id, txid)
        assert refused.value.status == 404
        assert refused.value.reason == f"no record found in table receipt_register_log with id = {txid}"


# --- refunds -----------------------------------------------------------------------------------------


def _refund(shop: Bench, sign: str, number: int = 1, **changes: object) -> dict[str, object]:
    info = {
        "TerminalID": TERMINAL,
        "ReceiptSeq": number,
        "DateTime": "20260701090002",
        "FiscalSign": sign,
    }
    return sale(shop.tick(), Operation=1, RefundInfo=info | changes)


def _sold_and_sent(shop: Bench) -> None:
    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 32)


def test_a_refund_is_checked_at_the_operator(shop: Bench) -> None:
    """G2-S-04, CL-07"""
    _sold_and_sent(shop)
    with pytest.raises(ReceiptRefusedError, match=r"^RefundInfo is not valid$"):
        shop.core.get_txid(shop.factory_id, _refund(shop, "000000000001"))
    txid = shop.core.get_txid(shop.factory_id, _refund(shop, "271368829008", ReceiptSeq="1"))
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 2
    query = shop.books.requests[-1]
    assert (query.terminal_id, len(query.files[0].header), query.files[0].type) == (TERMINAL, 22, 0xC8)


def test_a_refund_is_not_taken_while_the_operator_is_away(shop: Bench) -> None:
    _sold_and_sent(shop)
    shop.books.unreachable.add("*")
    with pytest.raises(
        RefundUncheckedError, match=r"^cannot check RefundInfo: no connection with OFD$"
    ) as refused:
        shop.core.get_txid(shop.factory_id, _refund(shop, "271368829008"))
    assert refused.value.status == 500


def test_a_refund_of_a_terminal_unknown_to_the_operator_is_not_valid(shop: Bench) -> None:
    _sold_and_sent(shop)
    shop.books.script.append("code:NotFound")
    with pytest.raises(ReceiptRefusedError, match=r"RefundInfo is not valid"):
        shop.core.get_txid(shop.factory_id, _refund(shop, "271368829008"))
    shop.books.script.append("code:RetrySend")
    with pytest.raises(TryLaterError, match=r"Try later"):
        shop.core.get_txid(shop.factory_id, _refund(shop, "271368829008"))


def test_refund_checks_that_settings_loosen(make_bench: BenchMaker) -> None:
    """G2-S-04: when_online and off"""
    for check, online in (("when_online", False), ("off", True)):
        bench = make_bench(folder=check, refund_check=check)
        bench.open_shift()
        _sold_and_sent(bench)
        if not online:
            bench.books.unreachable.add("*")
        txid = bench.core.get_txid(bench.factory_id, _refund(bench, "000000000001"))
        assert bench.core.register(bench.factory_id, txid).receipt_seq == 2
    strict = make_bench(folder="strict", refund_check="when_online")
    strict.open_shift()
    _sold_and_sent(strict)
    with pytest.raises(ReceiptRefusedError):
        strict.core.get_txid(strict.factory_id, _refund(strict, "000000000001"))


def test_refunds_of_advances_and_refund_info_on_a_sale_need_no_operator(shop: Bench) -> None:
    """RC-11, RC-14"""
    shop.books.unreachable.add("*")
    shop.register(Type=1)
    body = _refund(shop, "000000000000") | {"Type": 1}
    assert shop.core.register(shop.factory_id, shop.core.get_txid(shop.factory_id, body)).receipt_seq == 2
    on_a_sale = _refund(shop, "000000000005") | {"Operation": 0}
    assert shop.core.get_txid(shop.factory_id, on_a_sale) == 3


# --- what the surroundings do -------------------------------------------------------------------------


def test_a_database_that_refuses_is_not_hidden(shop: Bench, tmp_path: Path) -> None:
    shop.core.stage.receipts.database.close()
    for path in (tmp_path / "drive").glob("drive.sqlite3*"):
        path.unlink()
    (tmp_path / "drive" / "drive.sqlite3").write_bytes(b"no database " * 100)
    with pytest.raises(SaveError, match=r"cannot save to database") as refused:
        shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    assert refused.value.status == 500
    with pytest.raises(SaveError):
        shop.core.register(shop.factory_id, 1)
    shop.core.stage.receipts.database.close()
    (tmp_path / "drive" / "drive.sqlite3").unlink()


def test_a_module_that_leaves_out_what_is_needed(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    transmit = shop.card.transmit

    def without_data(command: bytes) -> bytes:
        answer = transmit(command)
        empty = {"0017": b"\xa3\x00", "0000020002": b"\xa1\x00"}
        return next(
            (data + b"\x90\x00" for head, data in empty.items() if command.hex().startswith(head)), answer
        )

    monkeypatch.setattr(shop.card, "transmit", without_data)
    with pytest.raises(CardAnswerError, match=r"RECEIPT_REGISTER"):
        shop.core.register(shop.factory_id, txid)
    with pytest.raises(CardAnswerError, match=r"GET_FISCAL_MEMORY_INFO"):
        shop.core.get_txid(shop.factory_id, sale(shop.tick()))


def test_another_process_may_finish_a_receipt_meanwhile(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """G2-S-07: the answer is the other's, also when the operator has the receipt and the module is on."""
    registrar = shop.core.registrar
    stage = registrar.stage
    other, read = Registrar(stage, registrar.queries), stage.receipts.receipt
    first, done = iter([True]), []

    def overtaken(txid: int, factory_id: str) -> StoredReceipt:
        found = read(txid, factory_id)
        if next(first, False):
            done.append(other.register(shop.factory_id, txid))
            other.register(shop.factory_id, other.get_txid(shop.factory_id, sale(shop.tick())))
            shop.core.sync_full_receipts(shop.factory_id, 32)
        return found

    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    monkeypatch.setattr(stage.receipts, "receipt", overtaken)
    before = shop.number
    assert [shop.core.register(shop.factory_id, txid)] == done
    assert shop.number == before + 2
    assert shop.held == []


def test_values_that_have_no_bytes(shop: Bench) -> None:
    receipt = shop.core.registrar.read(sale(shop.now()))
    old = replace(receipt, time=receipt.time.replace(year=1990))
    with pytest.raises(ReceiptRefusedError, match=r"1990"):
        shop.core.registrar.encoded(shop.factory_id, TERMINAL, old)


def test_unknown_module(shop: Bench) -> None:
    with pytest.raises(DriveNotFoundError, match=r"fiscal drive not found"):
        shop.core.get_txid("00" * 18, sale(shop.tick()))
