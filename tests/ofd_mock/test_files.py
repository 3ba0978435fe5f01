"""Every file type, every file status and its cause, and what the ledger then holds (OF-19 … OF-27, §11.4,
§11.7).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reference.protocol.uz import gost
from reference.protocol.uz.message import File, FileStatus, StatusCode
from reference.protocol.uz.objects import ReceiptFile
from reference.protocol.uz.receipt import encode_full_receipt
from reference.protocol.uz.standin import AckKind, ModuleKeys, module_keys
from reference.protocol.uz.standin_keys import GROUP_ORDER
from reference.protocol.uz.total_block import total_block_for
from reference.protocol.uz.values import encode_terminal_id
from tests.ofd_mock.conftest import Bench
from tests.ofd_mock.till import START, TERMINAL, Till, ack_of, bread, statuses, sync_of

ACK, REJECT, ERROR, UNRECOGNIZED = FileStatus


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_full_receipt_of_each_type_is_stored_and_acknowledged(bench: Bench, till: Till, kind: int) -> None:
    sold = till.bread(type=kind)
    response = bench.send(till, sold.full(b"a tag"))
    ack = ack_of(response.acks[0])
    assert (ack.kind, ack.receipt_seq, ack.time) == (AckKind.RECEIPT, 1, datetime(2026, 7, 1, 12))
    assert response.acks[0].tag == b"a tag"
    (row,) = bench.rows()
    assert (row["number"], row["type"], row["operation"]) == (1, kind, 0)
    assert (row["cash"], row["card"], row["vat"], row["items_count"]) == (500_000, 0, 53_571, 1)
    assert row["sign"] == ("271368829008" if kind == 0 else None)
    assert row["time"] == "20260701090001"
    assert row["body"] == sold.clear.hex()
    assert row["header"] == sold.header.encode().hex()


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_short_record_of_each_type_is_stored_without_items(bench: Bench, till: Till, kind: int) -> None:
    sold = till.bread(type=kind)
    assert ack_of(bench.send(till, sold.short()).acks[0]).receipt_seq == 1
    (row,) = bench.rows()
    assert (row["type"], row["cash"], row["body"], row["completed"]) == (kind, 500_000, None, None)


def test_a_refund_is_stored_as_one(bench: Bench, till: Till) -> None:
    assert statuses(bench.send(till, till.bread(operation=1).full())) == [ACK]
    assert bench.rows()[0]["operation"] == 1


def test_thirty_two_random_receipts_in_one_message(bench: Bench, till: Till) -> None:
    files = [till.sell().full(b"%d" % at) for at in range(32)]
    response = bench.send(till, *files)
    assert statuses(response) == [ACK] * 32
    assert [ack.tag for ack in response.acks] == [file.tag for file in files]
    assert [ack_of(ack).receipt_seq for ack in response.acks] == list(range(1, 33))
    assert [row["number"] for row in bench.rows()] == list(range(1, 33))


def test_a_z_report_is_stored_and_acknowledged(bench: Bench, till: Till) -> None:
    bench.send(till, till.bread().full(), till.bread(operation=1).full())
    file, record = till.close()
    ack = ack_of(bench.send(till, file).acks[0])
    assert (ack.kind, ack.close_time) == (AckKind.ZREPORT, record.close_time)
    (row,) = bench.zrows()
    assert (row["ordinal"], row["sales"], row["refunds"], row["first"], row["last"]) == (1, 1, 1, 1, 2)
    assert (row["cash_sale"], row["cash_refund"], row["vat_sale"]) == (500_000, 500_000, 53_571)
    assert row["mismatches"] == []


# --- OF-19, each point ----------------------------------------------------------------------------------


def refused(bench: Bench, till: Till, file: File) -> dict[str, object]:
    """The trace of a file that must be answered 02 and leave nothing in the ledger."""
    response = bench.send(till, file)
    assert statuses(response) == [ERROR]
    assert response.acks[0].body == b""
    counts = bench.counts()
    assert (counts["receipts"], counts["zreports"]) == (0, 0)
    (trace,) = bench.order("traces")["traces"]
    assert response.acks[0].header == trace["name"].encode()
    assert trace["header"] == file.header.hex()
    return dict(trace)


def test_header_of_another_terminal(bench: Bench, till: Till) -> None:
    other = Till("ZZ000000000001").bread()
    trace = refused(bench, till, other.full())
    assert trace["reason"] == "a file of ZZ000000000001 in a message of ZZ000000000000"
    assert trace["clause"] == "uz-fiscal OF-19"


def test_a_z_report_of_another_terminal(bench: Bench, till: Till) -> None:
    file, _ = Till("ZZ000000000001").close()
    assert "a file of ZZ000000000001" in str(refused(bench, till, file)["reason"])


@pytest.mark.parametrize("at", [0, 5, 31, 63])
def test_one_byte_of_the_signature_changed(bench: Bench, till: Till, at: int) -> None:
    sold = till.bread()
    assert sold.header.signature is not None
    signature = bytearray(sold.header.signature)
    signature[at] ^= 1
    file = replace(sold.full(), header=replace(sold.header, signature=bytes(signature)).encode())
    assert "signature is not the module's" in str(refused(bench, till, file)["reason"])


def test_one_byte_of_the_signed_record_changed(bench: Bench, till: Till) -> None:
    sold = till.bread()
    assert sold.header.data is not None
    data = bytes((sold.header.data[0] ^ 1,)) + sold.header.data[1:]
    refused(bench, till, replace(sold.full(), header=replace(sold.header, data=data).encode()))


def test_the_number_is_signed_too(bench: Bench, till: Till) -> None:
    sold = till.bread()
    refused(bench, till, replace(sold.full(), header=replace(sold.header, receipt_seq=2).encode()))


@pytest.mark.parametrize("at", range(0, 112, 8))
def test_one_byte_of_the_body_changed(bench: Bench, till: Till, at: int) -> None:
    sold = till.bread()
    body = bytearray(sold.body)
    body[at % len(body)] ^= 1
    trace = refused(bench, till, replace(sold.full(), body=bytes(body)))
    assert trace["reason"] == "the hash of the body is not the ITEMS_HASH of the record"


@pytest.mark.parametrize("body", [b"", b"1234567", bytes(8)])
def test_a_body_that_is_no_body(bench: Bench, till: Till, body: bytes) -> None:
    refused(bench, till, replace(till.bread().full(), body=body))


def test_the_record_must_be_readable(bench: Bench, till: Till) -> None:
    from reference.protocol.uz.standin import sign

    keys = module_keys(TERMINAL)
    for clear in (b"\x02" + bytes(111), bytes(8), b"\x01" + bytes(110) + b"\x07"):
        data = gost.encrypt(keys.transport, clear)
        message = b"UZ-TEST-RECEIPT/1" + encode_terminal_id(TERMINAL) + b"\x10" + bytes(7) + b"\0" + data
        header = ReceiptFile(TERMINAL, 1, sign(keys.signing, message), data, 0, 0)
        bench.reset()
        refused(bench, till, File(1, 0x14, header.encode(), bytes(8)))


def test_a_header_that_is_no_object(bench: Bench, till: Till) -> None:
    for header in (b"", b"\xa4\x00", b"garbage", b"\xa5\x7f\x01", ReceiptFile(TERMINAL, 1).encode()):
        bench.reset()
        refused(bench, till, replace(till.bread().full(), header=header))


@pytest.mark.parametrize(("kind", "file_type"), [(0, 4), (0, 5), (1, 1), (1, 5), (2, 1), (2, 4)])
def test_the_receipt_type_must_be_that_of_the_file_type(
    bench: Bench, till: Till, kind: int, file_type: int
) -> None:
    trace = refused(bench, till, replace(till.bread(type=kind).full(), type=file_type))
    assert trace["reason"] == f"file type {file_type:02x} holds a receipt of type {kind}"


def test_unknown_receipt_type_and_operation(bench: Bench, till: Till) -> None:
    good = till.bread().record
    for record in (replace(good, type=3), replace(good, operation=2)):
        bench.reset()
        sold = till.sell(bread(till.time), signed=record)
        refused(bench, till, sold.short())


def test_a_receipt_needs_a_number(bench: Bench, till: Till) -> None:
    assert refused(bench, till, till.bread(number=0).full())["reason"] == "the receipt has no number"


def tampered(till: Till, **changed: object) -> File:
    """A receipt whose signed record differs from its body in some values."""
    receipt = bread(till.time + timedelta(seconds=1))
    block = replace(total_block_for(receipt, gost.pad(encode_full_receipt(receipt))), **changed)  # type: ignore[arg-type]
    return till.sell(receipt, block=block).full()


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("time", START + timedelta(hours=1), "time"),
        ("cash", 1, "cash"),
        ("card", 1, "card"),
        ("vat", 1, "VAT"),
        ("operation", 1, "operation"),
    ],
)
def test_time_and_sums_of_the_body_must_be_the_signed_ones(
    bench: Bench, till: Till, name: str, value: object, word: str
) -> None:
    reason = str(refused(bench, till, tampered(till, **{name: value}))["reason"])
    assert reason.startswith(f"the {word} of the body is ")


def test_the_type_of_the_body_must_be_the_signed_one(bench: Bench, till: Till) -> None:
    file = replace(tampered(till, type=1), type=4)
    assert refused(bench, till, file)["reason"] == "the type of the body is 0, the record says 1"


@pytest.mark.parametrize(
    ("difference", "taken"), [(10_000, True), (-10_000, True), (10_001, False), (-10_001, False)]
)
def test_sums_may_differ_by_10000_tiyin(bench: Bench, till: Till, difference: int, taken: bool) -> None:
    receipt = replace(bread(till.time), received_cash=500_000 + difference)
    file = till.sell(receipt).full()
    if taken:
        assert statuses(bench.send(till, file)) == [ACK]
    else:
        trace = refused(bench, till, file)
        assert trace["clause"] == "uz-fiscal RC-08"
        assert trace["reason"] == (
            f"difference 10001 between 500000 and {500_000 + difference} is larger than 10000"
        )


def test_a_discount_above_the_price(bench: Bench, till: Till) -> None:
    receipt = bread(till.time)
    item = replace(receipt.items[0], discount=500_001)
    trace = refused(bench, till, till.sell(replace(receipt, items=(item,), received_cash=0)).full())
    assert trace["clause"] == "uz-fiscal RC-07"


def test_spic_is_checked_only_on_demand(bench: Bench, till: Till) -> None:
    receipt = bread(till.time)
    odd = replace(receipt, items=(replace(receipt.items[0], spic="123"),))
    file = till.sell(odd).full()
    assert statuses(bench.send(till, file)) == [ACK]
    bench.reset(check_spic=True)
    assert refused(bench, till, file)["clause"] == "uz-fiscal UNK-20"
    assert statuses(bench.send(till, till.bread().full())) == [ACK]


def test_the_same_bad_file_fills_one_trace(bench: Bench, till: Till) -> None:
    file = replace(till.bread().full(), body=bytes(8))
    names = {bench.send(till, file, file).acks[at].header for at in (0, 1) for _ in (0, 1)}
    assert len(names) == 1
    (trace,) = bench.order("traces", terminal=TERMINAL)["traces"]
    assert trace["repeats"] == 7


def test_old_traces_give_way_to_new_ones(bench: Bench, till: Till) -> None:
    bench.reset(max_traces=3)
    for at in range(5):
        bench.send(till, File(1, 0x14, b"%d" % at))
    kept = bench.order("traces")["traces"]
    assert [bytes.fromhex(trace["header"]) for trace in kept] == [b"4", b"3", b"2"]


# --- OF-20 … OF-24, OF-27 -------------------------------------------------------------------------------


def test_the_same_receipt_twice_is_stored_once_and_acknowledged_afresh(bench: Bench, till: Till) -> None:
    file = till.bread().full()
    first = ack_of(bench.send(till, file).acks[0])
    bench.clock.advance(60)
    again = ack_of(bench.send(till, file).acks[0])
    assert (again.receipt_seq, again.id8) == (first.receipt_seq, first.id8)
    assert again.time - first.time == timedelta(seconds=60)
    (row,) = bench.rows()
    assert row["repeats"] == 1
    assert row["received"] == first.time.strftime("%Y%m%d%H%M%S")


def test_twice_in_one_message(bench: Bench, till: Till) -> None:
    sold = till.bread()
    response = bench.send(till, sold.full(b"1"), sold.full(b"2"), sold.short(b"3"))
    assert statuses(response) == [ACK] * 3
    assert [ack.tag for ack in response.acks] == [b"1", b"2", b"3"]
    (row,) = bench.rows()
    assert row["repeats"] == 2


def test_another_signature_over_the_same_record_is_the_same_receipt(bench: Bench, till: Till) -> None:
    sold = till.bread()
    assert sold.header.signature is not None
    mirrored = GROUP_ORDER - int.from_bytes(sold.header.signature[32:], "big")
    signature = sold.header.signature[:32] + mirrored.to_bytes(32, "big")
    other = replace(sold.full(), header=replace(sold.header, signature=signature).encode())
    assert statuses(bench.send(till, sold.full(), other)) == [ACK, ACK]
    assert len(bench.rows()) == 1


def test_other_content_under_the_same_number_is_rejected(bench: Bench, till: Till) -> None:
    first = till.bread(number=5)
    other = till.bread(number=5)
    assert statuses(bench.send(till, first.full())) == [ACK]
    response = bench.send(till, other.full(), other.short())
    assert statuses(response) == [REJECT, REJECT]
    assert [(ack.header, ack.body) for ack in response.acks] == [(b"", b"")] * 2
    (row,) = bench.rows()
    assert row["time"] == "20260701090001"
    assert {trace["clause"] for trace in bench.order("traces")["traces"]} == {"uz-fiscal OF-21"}


def test_a_short_record_after_the_full_receipt_keeps_the_items(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    assert statuses(bench.send(till, sold.short())) == [ACK]
    assert bench.rows()[0]["body"] == sold.clear.hex()


def test_a_full_receipt_completes_its_short_record(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.short())
    bench.clock.advance(5)
    assert statuses(bench.send(till, sold.full())) == [ACK]
    (row,) = bench.rows()
    assert row["body"] == sold.clear.hex()
    assert int(row["completed"]) - int(row["received"]) == 5


def test_both_in_one_message(bench: Bench, till: Till) -> None:
    one, two = till.bread(), till.bread()
    response = bench.send(till, one.short(), one.full(), two.full(), two.short())
    assert statuses(response) == [ACK] * 4
    assert [row["body"] for row in bench.rows()] == [one.clear.hex(), two.clear.hex()]


def test_numbers_arrive_in_any_order_and_gaps_show(bench: Bench, till: Till) -> None:
    for number in (9, 2, 3, 6):
        assert statuses(bench.send(till, till.bread(number=number).full())) == [ACK]
    page = bench.order("receipts", terminal=TERMINAL)
    assert [row["number"] for row in page["receipts"]] == [2, 3, 6, 9]
    assert page["gaps"] == [{"first": 1, "last": 1}, {"first": 4, "last": 5}, {"first": 7, "last": 8}]
    for number in (1, 4, 5, 7, 8):
        bench.send(till, till.bread(number=number).full())
    assert bench.order("receipts", terminal=TERMINAL)["gaps"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"sales": 3}, "sales"),
        ({"refunds": 1}, "refunds"),
        ({"last_receipt": 1}, "sales"),
        ({"first_receipt": 2}, "sales"),
    ],
)
def test_a_z_report_that_disagrees_is_acknowledged_and_flagged(
    bench: Bench, till: Till, changed: dict[str, object], field: str
) -> None:
    bench.send(till, till.bread().full(), till.bread().full())
    file, _ = till.close(**changed)
    assert statuses(bench.send(till, file)) == [ACK]
    (row,) = bench.zrows()
    assert field in [mismatch["field"] for mismatch in row["mismatches"]]


def test_a_z_report_agrees_once_the_missing_receipts_are_there(bench: Bench, till: Till) -> None:
    sold = [till.bread(), till.bread()]
    file, _ = till.close()
    bench.send(till, file, sold[0].full())
    (row,) = bench.zrows()
    assert row["mismatches"] == [
        {"field": "sales", "reported": 2, "stored": 1},
        {"field": "cash_sale", "reported": 1_000_000, "stored": 500_000},
        {"field": "vat_sale", "reported": 107_142, "stored": 53_571},
    ]
    bench.send(till, sold[1].short())
    assert bench.zrows()[0]["mismatches"] == []


def test_advance_and_credit_count_in_the_comparison_as_set(bench: Bench, till: Till) -> None:
    files = [till.bread().full(), till.bread(type=1).full(), till.bread(type=2).full()]
    closing, _ = till.close()
    bench.send(till, *files, closing)
    assert bench.zrows()[0]["mismatches"] == []
    bench.reset(count_advance_credit=False)
    bench.send(till, *files, closing)
    assert [mismatch["field"] for mismatch in bench.zrows()[0]["mismatches"]] == [
        "sales",
        "cash_sale",
        "vat_sale",
    ]


def test_the_same_z_report_twice(bench: Bench, till: Till) -> None:
    file, record = till.close()
    response = bench.send(till, file, file)
    assert statuses(response) == [ACK, ACK]
    assert statuses(bench.send(till, file)) == [ACK]
    assert ack_of(response.acks[1]).close_time == record.close_time
    (row,) = bench.zrows()
    assert row["repeats"] == 2


def test_another_z_report_with_the_same_close_time(bench: Bench, till: Till) -> None:
    file, record = till.close()
    other = till.zfile(replace(record, sales=7))
    assert statuses(bench.send(till, file, other)) == [ACK, REJECT]
    (row,) = bench.zrows()
    assert row["sales"] == 0
    assert [trace["clause"] for trace in bench.order("traces")["traces"]] == ["uz-fiscal OF-27"]


def test_a_z_report_with_a_broken_signature(bench: Bench, till: Till) -> None:
    file, _ = till.close()
    header = bytearray(file.header)
    header[30] ^= 1
    assert refused(bench, till, replace(file, header=bytes(header)))["clause"] == "uz-fiscal OF-27"


# --- OF-23 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0x00, 0x06, 0x15, 0x19, 0xC7, 0xCA, 0xFF])
def test_an_unknown_type(bench: Bench, till: Till, kind: int) -> None:
    response = bench.send(till, replace(till.bread().full(b"t"), type=kind))
    assert statuses(response) == [UNRECOGNIZED]
    assert (response.acks[0].header, response.acks[0].body, response.acks[0].tag) == (b"", b"", b"t")


@pytest.mark.parametrize(
    ("kind", "version"), [(1, 2), (1, 0x13), (2, 0x14), (3, 0x14), (4, 2), (5, 1), (0xC8, 2), (0xC9, 0x14)]
)
def test_a_wrong_version(bench: Bench, till: Till, kind: int, version: int) -> None:
    assert statuses(bench.send(till, File(kind, version, bytes(8)))) == [UNRECOGNIZED]
    assert bench.counts()["receipts"] == 0


# --- §11.7, §11.8 ---------------------------------------------------------------------------------------


def test_a_sign_is_confirmed_by_all_four_values(bench: Bench, till: Till) -> None:
    sold = till.bread()
    assert statuses(bench.send(till, sold.query())) == [REJECT]
    bench.send(till, sold.full())
    response = bench.send(till, sold.query())
    assert statuses(response) == [ACK]
    assert response.acks[0].body == b""
    wrong = [
        sold.query(number=2),
        sold.query(time=sold.record.time + timedelta(seconds=1)),
        sold.query(sign="271368829009"),
    ]
    assert statuses(bench.send(till, *wrong)) == [REJECT] * 3
    assert statuses(bench.send(Till("ZZ000000000001"), sold.query())) == [REJECT]


def test_asking_about_a_module_does_not_make_it_known(bench: Bench, till: Till) -> None:
    bench.send(till, till.bread().query())
    assert bench.counts()["modules"] == 0
    bench.send(till, till.sold[0].query(), till.sync())
    assert bench.counts()["modules"] == 1


def test_a_sign_is_confirmed_by_a_short_record_too(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.short())
    assert statuses(bench.send(till, sold.query())) == [ACK]


def test_the_long_query_names_its_own_terminal(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.full())
    short = sold.query()
    long = replace(short, header=encode_terminal_id(TERMINAL) + short.header)
    assert len(long.header) == 30
    assert statuses(bench.send(till, long)) == [ACK]
    assert statuses(bench.send(Till("ZZ000000000001"), long)) == [ACK]
    foreign = replace(short, header=encode_terminal_id("ZZ000000000001") + short.header)
    assert statuses(bench.send(till, foreign)) == [REJECT]


@pytest.mark.parametrize(("kind", "operation"), [(0, 1), (1, 0), (2, 0)])
def test_only_sales_of_type_purchase_are_confirmed(
    bench: Bench, till: Till, kind: int, operation: int
) -> None:
    sold = till.bread(type=kind, operation=operation)
    bench.send(till, sold.full())
    assert statuses(bench.send(till, sold.query(sign=sold.record.fiscal_sign or "000000000000"))) == [REJECT]


def test_a_query_sees_what_the_same_message_brings(bench: Bench, till: Till) -> None:
    sold = till.bread()
    assert statuses(bench.send(till, sold.query(), sold.full(), sold.query())) == [REJECT, ACK, ACK]


@pytest.mark.parametrize("header", [b"", bytes(21), bytes(22), bytes(29), b"\xff" * 22])
def test_a_malformed_query(bench: Bench, till: Till, header: bytes) -> None:
    assert statuses(bench.send(till, File(0xC8, 1, header))) == [ERROR]


def test_a_state_sync_carries_challenge_and_time(bench: Bench, till: Till) -> None:
    contents = sync_of(bench.send(till, till.sync(b"\x01\x02\x03\x04\x05\x06\x07\x08")), bytes(range(1, 9)))
    assert contents.lock is None
    assert not contents.undo_pos_lock
    assert contents.time == bench.process.operator.time


@pytest.mark.parametrize("challenge", [b"", b"1234567", b"123456789"])
def test_a_challenge_of_another_length(bench: Bench, till: Till, challenge: bytes) -> None:
    assert statuses(bench.send(till, till.sync(challenge))) == [ERROR]


def test_the_operators_clock_dates_its_files(bench: Bench, till: Till) -> None:
    bench.process.clock.set_skew(-86_400)
    try:
        contents = sync_of(bench.send(till, till.sync()))
        assert contents.time == bench.process.operator.time
        assert contents.time < datetime(2026, 7, 1, 12)
    finally:
        bench.process.clock.set_skew(0)


# --- G1-Z-09 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [1, 2])
def test_unsigned_receipts_of_a_marked_terminal(bench: Bench, till: Till, kind: int) -> None:
    file = till.unsigned(bread(START, type=kind))
    assert statuses(bench.send(till, file)) == [ERROR]
    bench.order("mark-generation", terminal=TERMINAL)
    response = bench.send(till, file, file)
    assert statuses(response) == [ACK, ACK]
    assert ack_of(response.acks[0]).receipt_seq == 0
    assert statuses(bench.send(till, file)) == [ACK]
    assert bench.counts()["unsigned"] == 1
    bench.order("mark-generation", terminal=TERMINAL, generation=2)
    assert statuses(bench.send(till, file)) == [ERROR]


def test_a_marked_terminal_still_signs_its_purchases(bench: Bench, till: Till) -> None:
    bench.reset(generation_1=["ZZ*"])
    advance = bread(START, type=1)
    assert statuses(bench.send(till, till.bread().full(), till.bread(type=1).full())) == [ACK, ACK]
    bad = [
        till.unsigned(bread(START)),
        till.unsigned(advance, type=2),
        till.unsigned(replace(advance, received_cash=1)),
        replace(till.unsigned(advance), body=b"\x8d\x05"),
        Till("ZZ000000000001").unsigned(advance),
    ]
    assert statuses(bench.send(till, *bad)) == [ERROR] * 5
    assert bench.counts()["unsigned"] == 0


# --- keys -----------------------------------------------------------------------------------------------


def test_a_module_with_a_seed_of_its_own_must_be_enrolled(bench: Bench) -> None:
    seed = b"a seed of its own, 32 bytes long"
    till = Till(keys=ModuleKeys(seed))
    sold = till.bread()
    assert statuses(bench.send(till, sold.full())) == [ERROR]
    bench.order("enroll-key", terminal=TERMINAL, seed=seed.hex())
    file, _ = till.close()
    assert statuses(bench.send(till, sold.full(), file)) == [ACK, ACK]
    assert statuses(bench.send(Till(), Till().bread(number=2).full())) == [ERROR]
    assert bench.send(Till(), Till().sync()).status.code is StatusCode.OK


def test_enrolment_by_public_and_transport_key(bench: Bench) -> None:
    keys = ModuleKeys(b"another seed, also 32 bytes long")
    numbers = keys.public.public_numbers()
    point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    bench.order("enroll-key", terminal=TERMINAL, public_key=point.hex(), transport_key=keys.transport.hex())
    till = Till(keys=keys)
    assert statuses(bench.send(till, till.bread().full())) == [ACK]
