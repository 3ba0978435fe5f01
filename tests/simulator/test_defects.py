"""Each defect does what its sentence says, a module without it does not, and nothing falls over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.objects import Account
from reference.protocol.uz.standin import AckKind, SyncFlags
from reference.protocol.uz.values import encode_bcd8
from simulator.defects import DEFECTS, rules_with
from simulator.flash import Flash
from simulator.rulebook import RULES
from simulator.settings import SettingsError
from tests.simulator.card import DAY, OK, SECOND, START, Card, block, settings

TWO_DAYS = timedelta(days=2)


def sw(card: Card, command: Command) -> str:
    return f"{card.send(command)[1]:04X}"


def register(card: Card, time, cash=5, **fields) -> str:
    return sw(card, apdu.receipt_register(block(time, cash, **fields)))


def receipt_ack(card: Card, number: int, terminal: str | None = None, **given) -> Command:
    index = given.pop("index", None)
    file = standin.make_ack_file(
        AckKind.RECEIPT, terminal or card.terminal, encode_bcd8(number), START + 9 * DAY, **given
    )
    return apdu.ack(file, index)


def selling(card: Card, receipts: int = 1) -> Card:
    card.open()
    for _ in range(receipts):
        card.sell()
    return card


def after(card: Card, age: timedelta) -> str:
    """Word for a receipt when the oldest one is that old."""
    selling(card)
    oldest = card.now
    card.sell(time=oldest + DAY)
    return register(card, oldest + age)


def oldest_after_ack(card: Card):
    selling(card, 2)
    card.ack(1)
    return card.memory().first_unacknowledged


def turned_back(card: Card):
    card.open(START + DAY)
    card.sync(time=START)
    return card.memory().last_operation


def signs_over_power_cut(card: Card) -> int:
    card.open()
    signs = []
    for _ in range(2):
        card.slot.module.power_up()
        card.send(apdu.select(), OK)
        signs += [card.sell().fiscal_sign, card.sell().fiscal_sign]
    return len(set(signs))


def numbers_over_two_days(card: Card) -> list[int]:
    numbers = []
    for _ in range(2):
        card.open()
        numbers += [card.sell().receipt_seq, card.sell().receipt_seq]
        card.close()
    return numbers


def number_after_refusal(card: Card) -> int:
    card.open()
    card.sell(time=START, expected=StatusWord.DATETIME_IS_IN_THE_PAST)
    return card.sell().receipt_seq


def number_after_lock(card: Card) -> int:
    card.open()
    card.sync(SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED, card.now)
    card.sell(expected=StatusWord.LOCKED_SYNC_WITH_SERVER)
    card.sync(SyncFlags.CHANGE_LOCK, card.now)
    return card.sell().receipt_seq


def twice(card: Card) -> str:
    card.open()
    command = apdu.receipt_register(block(card.now + SECOND, 5))
    card.send(command, OK)
    return sw(card, command)


def sums_after_refund(card: Card) -> tuple:
    card.open()
    card.sell(100, 10, 1)
    card.refund(40, 4, 1)
    return card.z().cash, card.memory().card


def vat_of_a_lifetime(card: Card) -> Account:
    card.open()
    card.sell(100, vat=12)
    return card.memory().vat


def refund_next_day(card: Card) -> str:
    card.open()
    card.sell(100)
    card.close()
    card.open()
    return register(card, card.now + SECOND, 100, operation=1)


def refund_of_the_other_kind(card: Card) -> str:
    card.open()
    card.sell(100, 100)
    return register(card, card.now + SECOND, 150, operation=1)


def refund_without_sale(card: Card) -> str:
    card.open()
    return register(card, card.now + SECOND, 150, operation=1)


def odd_type(card: Card) -> str:
    card.open()
    return register(card, card.now + SECOND, type=7)


def no_items(card: Card) -> str:
    card.open()
    return register(card, card.now + SECOND, items=0)


def sell_after_close(card: Card) -> str:
    selling(card)
    card.close()
    return register(card, card.now + SECOND)


def open_twice(card: Card) -> str:
    card.open()
    return sw(card, apdu.zreport_open(card.now + SECOND))


def close_empty(card: Card) -> str:
    card.open()
    return sw(card, apdu.zreport_close(card.now + SECOND))


def second_day_totals(card: Card) -> Account:
    card.open()
    card.sell(100)
    card.close()
    card.open()
    return card.z().cash


def blocks_after_ack(card: Card) -> int:
    card.open()
    card.sell()
    card.ack(1)
    card.sell()
    return card.memory().receipts_allocated


def foreign_ack(card: Card) -> str:
    return sw(selling(card), receipt_ack(card, 1, "ZZ000000000009"))


def forged_ack(card: Card) -> str:
    key = standin.signing_key(bytes(32))
    return sw(selling(card), receipt_ack(card, 1, key=key))


def ack_twice(card: Card) -> str:
    selling(card)
    card.send(receipt_ack(card, 1), OK)
    return sw(card, receipt_ack(card, 1))


def ack_with_wrong_hint(card: Card) -> list[int]:
    selling(card, 3)
    card.send(receipt_ack(card, 2, index=0), OK)
    return [card.receipt(index).receipt_seq for index in range(2)]


def last_operation_after_ack(card: Card):
    selling(card)
    card.send(receipt_ack(card, 1), OK)
    return card.memory().last_operation


def sync_twice(card: Card) -> str:
    return sw(card, apdu.sync(card.sync()))


def close_locked(card: Card) -> str:
    selling(card)
    card.sync(SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED, card.now)
    return sw(card, apdu.zreport_close(card.now + SECOND))


def bound(card: Card) -> Card:
    card.send(apdu.pos_lock(b"s" * 32), OK)
    challenge, _ = card.send(apdu.pos_challenge(), OK)
    card.send(apdu.pos_auth(b"s" * 32, challenge), OK)
    card.open()
    return card


def sell_without_new_authentication(card: Card) -> str:
    return register(bound(card), START + 2 * SECOND)


def challenge_after_use(card: Card) -> bool:
    before, _ = card.send(apdu.pos_challenge(), OK)
    bound(card)
    return card.send(apdu.pos_challenge(), OK)[0] == before


def memory_digits(card: Card) -> str:
    selling(card)
    return card.send(apdu.get_fiscal_memory_info(b"\x02\x80"), OK)[0].hex()


def z_cash(card: Card) -> Account:
    card.open()
    card.sell(100, 7)
    return card.z().cash


def z_of_index_0(card: Card) -> tuple:
    for cash in (100, 7):
        card.open()
        card.sell(cash)
        card.close()
    newest = card.now
    file = standin.ZReportFile.decode(card.send(apdu.get_zreport_file(0), OK)[0])
    return card.z(0).cash.sale, file.close_time == newest, sw(card, apdu.get_zreport_info(2))


def info_while_locked(card: Card) -> str:
    card.rack.lock(card.slot, locked=True)
    return sw(card, apdu.get_info())


def file_by_number(card: Card) -> tuple:
    nothing = sw(card, apdu.get_receipt_file())
    selling(card, 3)
    return nothing, card.file(seq=2).receipt_seq, card.file(1).receipt_seq


PROBES = {
    "equal-time-accepted": (lambda card: sw(card, apdu.zreport_open(START)), "9030", "9000"),
    "far-future-early": (lambda card: sw(card, apdu.zreport_open(START + TWO_DAYS)), "9000", "9091"),
    "far-future-accepted": (lambda card: sw(card, apdu.zreport_open(START + 90 * DAY)), "9091", "9000"),
    "offline-limit-early": (lambda card: after(card, TWO_DAYS - SECOND), "9000", "9031"),
    "offline-limit-late": (lambda card: after(card, TWO_DAYS + SECOND), "9031", "9000"),
    "offline-limit-missing": (lambda card: after(card, TWO_DAYS + 9000 * SECOND), "9031", "9000"),
    "first-unacknowledged-stale": (oldest_after_ack, START + 3 * SECOND, START + 2 * SECOND),
    "ack-moves-time": (last_operation_after_ack, START + 2 * SECOND, START + 9 * DAY),
    "sync-turns-time-back": (turned_back, START + DAY, START),
    "sign-reused-after-power-cut": (signs_over_power_cut, 4, 3),
    "sign-for-advance": (lambda card: selling(card).sell(type=1).fiscal_sign, None, "263237644884"),
    "numbers-restart-per-z": (numbers_over_two_days, [1, 2, 3, 4], [1, 2, 1, 2]),
    "number-spent-on-refusal": (number_after_refusal, 1, 2),
    "number-spent-when-locked": (number_after_lock, 1, 2),
    "repeat-not-recognised": (twice, "9000", "9030"),
    "refund-counted-as-sale": (
        sums_after_refund, (Account(100, 40), Account(10, 4)), (Account(140, 0), Account(14, 0)),
    ),
    "vat-not-accumulated": (vat_of_a_lifetime, Account(12, 0), Account(0, 0)),
    "refund-checked-in-z": (refund_next_day, "9000", "9035"),
    "refund-pooled": (refund_of_the_other_kind, "9035", "9000"),
    "refund-unlimited": (refund_without_sale, "9035", "9000"),
    "unknown-type-accepted": (odd_type, "9013", "9000"),
    "no-items-accepted": (no_items, "6A80", "9000"),
    "closed-z-takes-receipts": (sell_after_close, "9021", "9000"),
    "second-open-accepted": (open_twice, "9022", "9000"),
    "empty-z-closes": (close_empty, "9032", "9000"),
    "z-totals-carried-over": (second_day_totals, Account(0, 0), Account(100, 0)),
    "freed-blocks-not-reused": (blocks_after_ack, 1, 2),
    "foreign-ack-accepted": (foreign_ack, "9016", "9000"),
    "unsigned-ack-accepted": (forged_ack, "9015", "9000"),
    "repeated-ack-accepted": (ack_twice, "9020", "9000"),
    "ack-hint-trusted": (ack_with_wrong_hint, [3, 1], [3, 2]),
    "sync-replay-accepted": (sync_twice, "9018", "9000"),
    "lock-ignored-on-close": (close_locked, "9090", "9000"),
    "pos-auth-reusable": (sell_without_new_authentication, "9093", "9000"),
    "pos-challenge-kept": (challenge_after_use, False, True),
    "bcd-digits-reversed": (
        memory_digits,
        "a120" "02081000000000000000" "8014" "01080001000000000000" "02080000000000000000",
        "a120" "02080000000000000001" "8014" "01080000000000001000" "02080000000000000000",
    ),
    "cash-card-swapped-in-z": (z_cash, Account(100, 0), Account(7, 0)),
    "tag-filter-ignored": (lambda card: card.info(b"\x03").mode, None, 1),
    "lock-flag-inverted": (lambda card: card.info().locked, False, True),
    "z-index-from-oldest": (z_of_index_0, (7, True, "9020"), (100, False, "9020")),
    "locked-hides-info": (info_while_locked, "9000", "9090"),
    "receipt-file-number-ignored": (file_by_number, ("9020", 2, 2), ("9020", 3, 2)),
}  # fmt: skip


def test_every_defect_is_probed():
    assert set(PROBES) | {"answer-before-commit"} == set(DEFECTS)
    assert len(DEFECTS) >= 25


@pytest.mark.parametrize("name", PROBES)
def test_defect(name):
    probe, right, wrong = PROBES[name]
    assert probe(Card()) == right
    assert probe(Card(defects=(name,))) == wrong


@pytest.mark.parametrize("name", PROBES)
def test_defect_by_setting(name):
    probe, _, wrong = PROBES[name]
    card = Card()
    card.rack.replace_all([(card.slot, settings(defects=[name]))])
    card.send(apdu.select(), OK)
    assert probe(card) == wrong


@pytest.mark.parametrize("defects", [(), ("answer-before-commit",)])
def test_answer_before_commit_loses_the_last_change_with_the_power(tmp_path, defects):
    card = Card(Flash(tmp_path), defects=defects)
    selling(card, 3)
    assert card.memory().receipt_seq == 3
    card.rack.power_cut(card.slot)
    card.send(apdu.select(), OK)
    assert card.memory().receipt_seq == (2 if defects else 3)
    card.now -= SECOND if defects else timedelta(0)
    card.sell()
    card.rack.store.close()


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_survive_a_day_and_a_restart(tmp_path, name):
    """A faulty module gives wrong answers, it does not break down."""
    card = Card(Flash(tmp_path), defects=(name,), blocks=20)
    words = []
    for _ in range(3):
        words.append(sw(card, apdu.zreport_open(card.now + SECOND)))
        card.now += SECOND
        for step in range(4):
            words.append(
                register(card, card.now + SECOND, 10 + step, vat=1, type=step % 3, operation=step == 3)
            )
            card.now += SECOND
        for number in range(1, 7):
            words.append(sw(card, receipt_ack(card, number)))
        for command in (apdu.get_info(), apdu.get_fiscal_memory_info(), apdu.get_zreport_info()):
            words.append(sw(card, command))
        for index in range(6):
            words += [sw(card, apdu.get_receipt_info(index)), sw(card, apdu.get_receipt_file(index))]
        words.append(sw(card, apdu.zreport_close(card.now + SECOND)))
        card.now += SECOND
        words.append(sw(card, apdu.get_zreport_file()))
    assert "6F00" not in words
    card.rack.store.compact(card.rack.states, now=True)
    card.rack.recover()
    sw(card, apdu.get_fiscal_memory_info())
    card.rack.store.close()


def test_one_sentence_and_a_clause_each():
    for defect in DEFECTS.values():
        assert defect.description.endswith(".")
        assert defect.description.count("\n") == 0
        assert defect.clause
        assert defect.alter(RULES) is not RULES


def test_several_at_once_and_unknown_ones():
    card = Card(defects=("empty-z-closes", "tag-filter-ignored"))
    assert close_empty(card) == "9000"
    assert card.info(b"\x03").mode == 1
    assert rules_with() is RULES
    with pytest.raises(SettingsError, match="no-such"):
        rules_with(("no-such",))
