"""Every deliberate mistake shows on the wire or the pages, and a correct operator shows none of them
(HAR-08).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ofd_mock.defects import DEFECTS, UnknownDefectError, rules_with_defects
from ofd_mock.uz.settings import OperatorSettings
from reference.protocol.uz import gost
from reference.protocol.uz.errors import StandinError
from reference.protocol.uz.message import File, FileStatus, Response, StatusCode
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.receipt import encode_full_receipt
from reference.protocol.uz.standin import read_ack_file, read_sync_file
from reference.protocol.uz.total_block import total_block_for
from tests.ofd_mock.conftest import Bench, web
from tests.ofd_mock.till import TERMINAL, Sold, Till, bread
from tests.waiting import eventually

ACK, REJECT, ERROR, UNRECOGNIZED = FileStatus


def acks(bench: Bench, till: Till, *files: File) -> list[FileStatus]:
    return [ack.status for ack in bench.send(till, *files).acks]


def page(bench: Bench, sold: Sold, sign: str | None = None) -> bool:
    url = qr_url(bench.base + "/check", sold.terminal, sold.number, sold.record.time, sign or sold.sign)
    return 'content="genuine"' in web.get(url).text


def stores_before_it_answers(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    assert acks(bench, till, sold.full()) == [ACK]
    at_once = page(bench, sold)
    bench.clock.advance(3)
    eventually(lambda: page(bench, sold))
    return at_once


def keeps_one_entry(bench: Bench, till: Till) -> bool:
    file = till.bread().full()
    assert acks(bench, till, file) + acks(bench, till, file) == [ACK, ACK]
    return len(bench.rows()) == 1


def keeps_one_z(bench: Bench, till: Till) -> bool:
    file, _ = till.close()
    assert acks(bench, till, file) + acks(bench, till, file) == [ACK, ACK]
    return len(bench.zrows()) == 1


def rejects_other_content(bench: Bench, till: Till) -> bool:
    return acks(bench, till, till.bread(number=1).full(), till.bread(number=1).full()) == [ACK, REJECT]


def rejects_other_z(bench: Bench, till: Till) -> bool:
    file, record = till.close()
    return acks(bench, till, file, till.zfile(replace(record, sales=5))) == [ACK, REJECT]


def keeps_items(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    assert acks(bench, till, sold.full(), sold.short()) == [ACK, ACK]
    return bench.rows()[0]["body"] is not None


def completes(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    assert acks(bench, till, sold.short()) + acks(bench, till, sold.full()) == [ACK, ACK]
    return bench.rows()[0]["body"] is not None


def acknowledges_again(bench: Bench, till: Till) -> bool:
    file = till.bread().full()
    return acks(bench, till, file) + acks(bench, till, file) == [ACK, ACK]


def takes_any_order(bench: Bench, till: Till) -> bool:
    return acks(bench, till, till.bread(number=5).full(), till.bread(number=2).full()) == [ACK, ACK]


def answers_in_order(bench: Bench, till: Till) -> bool:
    response = bench.send(till, till.bread().full(b"1"), till.bread().full(b"2"))
    return [ack.tag for ack in response.acks] == [b"1", b"2"]


def answers_every_file(bench: Bench, till: Till) -> bool:
    return len(acks(bench, till, till.bread().full(), till.bread().full())) == 2


def echoes_tags(bench: Bench, till: Till) -> bool:
    return bench.send(till, till.bread().full(b"t")).acks[0].tag == b"t"


def each_ack_its_own(bench: Bench, till: Till) -> bool:
    response = bench.send(till, till.bread().full(), till.bread().full())
    return [read_ack_file(ack.body).receipt_seq for ack in response.acks] == [1, 2]


def acks_for_the_sender(bench: Bench, till: Till) -> bool:
    (ack,) = bench.send(till, till.bread().full()).acks
    return read_ack_file(ack.body).terminal_id == TERMINAL


def dates_in_tashkent_time(bench: Bench, till: Till) -> bool:
    receipt, sync = bench.send(till, till.bread().full(), till.sync()).acks
    times = {read_ack_file(receipt.body).time, read_sync_file(sync.body).time}
    return times == {bench.process.operator.time}


def checks_the_crc(bench: Bench, till: Till) -> bool:
    frame = till.request(till.bread().full()).encode()
    answer = Response.decode(bench.handle(frame[:-1] + bytes((frame[-1] ^ 1,))))
    return answer.status.code is StatusCode.BadMessageCRC32


def counts_files(bench: Bench, till: Till) -> bool:
    return bench.send(till, *[till.sync()] * 33).status.code is StatusCode.TooManyFiles


def checks_versions(bench: Bench, till: Till) -> bool:
    return acks(bench, till, replace(till.bread().full(), version=0x13)) == [UNRECOGNIZED]


def checks_signatures(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    header = replace(sold.header, signature=bytes(63) + b"\x01").encode()
    return acks(bench, till, replace(sold.full(), header=header)) == [ERROR]


def checks_the_hash(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    other = gost.encrypt(sold.record.cipher_key, gost.pad(encode_full_receipt(bread(till.time, price=1))))
    return acks(bench, till, replace(sold.full(), body=other)) == [ERROR]


def checks_sums(bench: Bench, till: Till) -> bool:
    return acks(bench, till, till.sell(replace(bread(till.time), received_cash=1)).full()) == [ERROR]


def compares_with_the_record(bench: Bench, till: Till) -> bool:
    receipt = bread(till.time + timedelta(seconds=1))
    block = replace(total_block_for(receipt, gost.pad(encode_full_receipt(receipt))), vat=1)
    return acks(bench, till, till.sell(receipt, block=block).full()) == [ERROR]


def checks_the_type(bench: Bench, till: Till) -> bool:
    return acks(bench, till, replace(till.bread(type=1).full(), type=1)) == [ERROR]


def takes_own_files_only(bench: Bench, till: Till) -> bool:
    other = Till("ZZ000000000001")
    files = [other.bread().full(), other.close()[0]]
    return acks(bench, till, *files) == [ERROR, ERROR]


def refuses_production(bench: Bench, till: Till) -> bool:
    other = Till("UZ724549167320")
    return bench.send(other, other.sync()).status.code is StatusCode.NotFound


def blocks_without_acks(bench: Bench, till: Till) -> bool:
    bench.order("block")
    response = bench.send(till, till.bread().full())
    assert response.status.code is StatusCode.NotActive
    return response.acks == ()


def serves_sync_when_blocked(bench: Bench, till: Till) -> bool:
    bench.order("block")
    return bench.send(till, till.sync()).status.code is StatusCode.OK


def uses_the_new_challenge(bench: Bench, till: Till) -> bool:
    bench.send(till, till.sync(b"challen1"))
    (ack,) = bench.send(till, till.sync(b"challen2")).acks
    try:
        read_sync_file(ack.body, TERMINAL, b"challen2")
    except StandinError:
        return False
    return True


def changes_the_lock(bench: Bench, till: Till) -> bool:
    web.post(bench.base + "/state", data={"ChangeLockState": "Yes", "LockState": "Unlock"})
    (ack,) = bench.send(till, till.sync()).acks
    return read_sync_file(ack.body).lock is False


def uses_pos_unlock_up(bench: Bench, till: Till) -> bool:
    bench.order("pos-unlock")
    undone = [read_sync_file(bench.send(till, till.sync()).acks[0].body).undo_pos_lock for _ in range(2)]
    assert undone[0]
    return undone == [True, False]


def compares_the_sign(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    return acks(bench, till, sold.full(), sold.query(), sold.query(sign="000000000001")) == [ACK, ACK, REJECT]


def confirms_sales_only(bench: Bench, till: Till) -> bool:
    sold = till.bread(operation=1)
    return acks(bench, till, sold.full(), sold.query()) == [ACK, REJECT]


def shows_only_the_right_sign(bench: Bench, till: Till) -> bool:
    sold = till.bread()
    bench.send(till, sold.full())
    assert page(bench, sold)
    return not page(bench, sold, "000000000001")


PROBES: dict[str, Callable[[Bench, Till], bool]] = {
    "ack-before-commit": stores_before_it_answers,
    "stored-twice": keeps_one_entry,
    "z-stored-twice": keeps_one_z,
    "conflict-acknowledged": rejects_other_content,
    "z-conflict-acknowledged": rejects_other_z,
    "short-overwrites-full": keeps_items,
    "short-never-completed": completes,
    "repeat-refused": acknowledges_again,
    "order-demanded": takes_any_order,
    "acks-reversed": answers_in_order,
    "ack-missing": answers_every_file,
    "tags-dropped": echoes_tags,
    "first-ack-for-all": each_ack_its_own,
    "ack-of-other-terminal": acks_for_the_sender,
    "utc-in-files": dates_in_tashkent_time,
    "crc-unchecked": checks_the_crc,
    "takes-33-files": counts_files,
    "any-version": checks_versions,
    "signature-unchecked": checks_signatures,
    "body-unchecked": checks_the_hash,
    "sums-unchecked": checks_sums,
    "record-uncompared": compares_with_the_record,
    "type-unchecked": checks_the_type,
    "foreign-files": takes_own_files_only,
    "production-served": refuses_production,
    "not-active-with-acks": blocks_without_acks,
    "blocked-refuses-sync": serves_sync_when_blocked,
    "sync-with-old-challenge": uses_the_new_challenge,
    "sync-ignores-lock": changes_the_lock,
    "pos-unlock-stays": uses_pos_unlock_up,
    "verify-ignores-sign": compares_the_sign,
    "verify-accepts-refunds": confirms_sales_only,
    "check-page-ignores-sign": shows_only_the_right_sign,
}


def test_every_defect_has_its_probe() -> None:
    assert PROBES.keys() == DEFECTS.keys()
    assert len(DEFECTS) >= 15
    for name, defect in DEFECTS.items():
        assert defect.name == name
        assert defect.clause.startswith("uz-fiscal ")
        assert len(defect.sentence) > 20


@pytest.mark.parametrize("name", PROBES)
def test_a_correct_operator_does_it_right(bench: Bench, till: Till, name: str) -> None:
    assert PROBES[name](bench, till)


@pytest.mark.parametrize("name", PROBES)
def test_the_mistake_shows(bench: Bench, till: Till, name: str) -> None:
    bench.reset(defects=[name])
    assert not PROBES[name](bench, till)


@pytest.mark.parametrize("name", PROBES)
def test_a_mistake_does_not_spoil_ordinary_work(bench: Bench, name: str) -> None:
    """Mistakes are realistic: a single new receipt of a good module is acknowledged by every faulty
    operator.
    """
    bench.reset(defects=[name])
    till = Till("ZZ000000000008")
    (ack,) = bench.send(till, till.bread().full()).acks
    assert ack.status is ACK
    bench.clock.advance(3)
    eventually(lambda: len(bench.rows(till.terminal)) == 1)


def test_several_at_once(bench: Bench, till: Till) -> None:
    bench.reset(defects=["tags-dropped", "acks-reversed"])
    response = bench.send(till, till.bread().full(b"1"), till.bread().full(b"2"))
    assert [(read_ack_file(ack.body).receipt_seq, ack.tag) for ack in response.acks] == [(2, None), (1, None)]


def test_after_a_reset_all_is_well_again(bench: Bench, till: Till) -> None:
    bench.reset(defects=["stored-twice"])
    assert not keeps_one_entry(bench, till)
    bench.reset()
    assert keeps_one_entry(bench, Till())


def test_a_body_nobody_can_read_does_not_break_the_check_page(bench: Bench, till: Till) -> None:
    bench.reset(defects=["body-unchecked"])
    sold = till.bread()
    assert acks(bench, till, replace(sold.full(), body=bytes(16))) == [ACK]
    assert page(bench, sold)


def test_unknown_names() -> None:
    with pytest.raises(UnknownDefectError, match="'clumsy' is not one of"):
        rules_with_defects(OperatorSettings(defects=("clumsy",)))
