"""Acknowledgements, state sync, POS lock and signed challenges (uz-fiscal §5.4 FM-A, FM-Y, FM-P, FM-Q)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reference.protocol.uz import apdu, standin
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.standin import AckKind, SyncFlags
from reference.protocol.uz.values import encode_bcd8, encode_time
from tests.simulator.card import DAY, OK, SECOND, START, Card, block

SW = StatusWord
OTHER = "ZZ000000000009"
SECRET = bytes(range(32))


def trading(receipts: int = 3, **given) -> Card:
    card = Card(**given)
    card.open()
    for _ in range(receipts):
        card.sell()
    return card


def receipt_ack(number: int, terminal: str = "ZZ000000000000") -> bytes:
    return standin.make_ack_file(AckKind.RECEIPT, terminal, encode_bcd8(number), START)


def spoil(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


# --- acknowledgements -------------------------------------------------------------------------------------


def test_an_acknowledged_receipt_leaves_the_memory():
    card = trading()
    second = card.receipt(1).time
    last = card.memory().last_operation
    card.ack(1)
    memory = card.memory()
    assert (memory.receipts_count, memory.receipts_allocated) == (2, 3)
    assert memory.first_unacknowledged == second
    assert memory.last_operation == last
    card.refuses(apdu.ack(receipt_ack(1)), SW.NOT_FOUND)
    card.ack(3)
    assert card.memory().first_unacknowledged == second
    card.ack(2)
    assert card.memory().first_unacknowledged is None


@pytest.mark.parametrize("index", [None, 0, 1, 2, 3, 1000, 32767])
def test_the_index_of_an_ack_is_only_a_hint(index):
    card = trading()
    card.ack(2, index)
    assert [card.receipt(i).receipt_seq for i in range(2)] == [3, 1]


@pytest.mark.parametrize("index", [0x8000, 0xFFFE])
def test_an_index_no_memory_has(index):
    card = trading()
    card.refuses(apdu.ack(receipt_ack(1), index), SW.INVALID_INDEX)
    card.refuses(Command(0, 9, index >> 8, index & 255, b"junk"), SW.INVALID_INDEX)


@pytest.mark.parametrize("at", range(90))
def test_one_byte_of_an_ack_changed(at):
    card = trading(1)
    card.refuses(apdu.ack(spoil(receipt_ack(1), at)), SW.INVALID_ACK_SIGNATURE)


@pytest.mark.parametrize("size", [1, 89, 91, 250])
def test_an_ack_of_a_wrong_size(size):
    card = trading(1)
    card.refuses(apdu.ack(receipt_ack(1).ljust(size, b"\0")[:size]), SW.INVALID_ACK_SIGNATURE)


def test_acks_that_are_not_for_this_module_or_not_from_the_operator():
    card = trading(1)
    card.refuses(apdu.ack(receipt_ack(1, OTHER)), SW.WRONG_TERMINAL_ID)
    own_key = standin.signing_key(standin.module_seed(card.terminal))
    forged = standin.make_ack_file(AckKind.RECEIPT, card.terminal, encode_bcd8(1), START, own_key)
    card.refuses(apdu.ack(forged), SW.INVALID_ACK_SIGNATURE)
    card.refuses(apdu.ack(receipt_ack(2)), SW.NOT_FOUND)
    nothing = standin.make_ack_file(AckKind.RECEIPT, card.terminal, b"\xff" * 8, START)
    card.refuses(apdu.ack(nothing), SW.NOT_FOUND)


def test_acks_work_while_locked_and_do_not_move_time():
    card = trading()
    card.sync(SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED)
    last = card.memory().last_operation
    card.ack(1)
    assert card.memory().last_operation == last


def test_acks_of_z_reports():
    card = Card()
    closed = []
    for _ in range(3):
        card.open()
        card.sell()
        card.close()
        closed.append(card.now)
    card.ack_z(closed[1], time=START + DAY)
    assert card.z(1).acknowledged == START + DAY
    assert (card.z(0).acknowledged, card.z(2).acknowledged) == (None, None)
    card.ack_z(closed[1], expected=SW.NOT_FOUND)
    card.ack_z(closed[0], index=0)
    card.ack_z(closed[2], index=7)
    card.ack_z(closed[2] + SECOND, expected=SW.NOT_FOUND)
    assert card.memory().zreports_count == 3


def test_the_open_z_cannot_be_acknowledged():
    card = trading()
    card.ack_z(card.z().open_time, expected=SW.NOT_FOUND)
    file = standin.make_ack_file(AckKind.ZREPORT, card.terminal, b"\xff" * 8, START)
    card.refuses(apdu.ack(file), SW.NOT_FOUND)


def test_rescan_recomputes_the_first_unacknowledged_time():
    card = trading(2)
    before = card.memory()
    assert card.send(apdu.receipt_rescan(), OK) == (b"", OK)
    assert card.memory() == before
    card.state.first_unacknowledged = START - DAY
    card.send(apdu.receipt_rescan(), OK)
    assert card.memory().first_unacknowledged == before.first_unacknowledged
    card.ack_all()
    card.state.first_unacknowledged = START - DAY
    card.send(apdu.receipt_rescan(), OK)
    assert card.memory().first_unacknowledged is None


# --- state sync -------------------------------------------------------------------------------------------


def test_sync_sets_the_time_and_never_back():
    card = Card()
    card.sync(time=START + 5 * DAY)
    assert card.memory().last_operation == START + 5 * DAY
    card.sync(time=START)
    assert card.memory().last_operation == START + 5 * DAY


def test_sync_may_go_back_by_setting():
    card = Card(sync_may_go_back=True)
    card.open(START + DAY)
    card.sell(time=START + DAY + SECOND)
    card.sync(time=START)
    assert card.memory().last_operation == START
    card.sell(time=START + SECOND)
    assert card.memory().first_unacknowledged == START + SECOND
    card.ack(1)
    assert card.memory().first_unacknowledged == START + SECOND


@pytest.mark.parametrize(
    ("flags", "before", "after"),
    [
        (SyncFlags.NONE, False, False),
        (SyncFlags.NONE, True, True),
        (SyncFlags.LOCKED, False, False),
        (SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED, False, True),
        (SyncFlags.CHANGE_LOCK, True, False),
    ],
)
def test_lock_and_unlock_by_the_operator(flags, before, after):
    card = Card(start_locked=before)
    card.sync(flags)
    assert card.info().locked is after


def test_a_sync_file_works_once():
    card = Card()
    challenges = {card.info().sync_challenge}
    for _ in range(20):
        file = card.sync()
        challenges.add(card.info().sync_challenge)
        card.refuses(apdu.sync(file), SW.WRONG_SYNC_CHALLENGE)
    assert len(challenges) == 21


def test_the_challenge_outlives_power_and_select():
    card = Card()
    challenge = card.info().sync_challenge
    card.slot.module.power_up()
    card.send(apdu.select(), OK)
    assert card.info().sync_challenge == challenge


@pytest.mark.parametrize("at", range(90))
def test_one_byte_of_a_sync_file_changed(at):
    card = Card()
    file = standin.make_sync_file(SyncFlags.NONE, card.terminal, card.info().sync_challenge, START)
    card.refuses(apdu.sync(spoil(file, at)), SW.INVALID_SYNC_SIGNATURE)


def test_sync_files_that_are_not_for_this_module():
    card = Card()
    challenge = card.info().sync_challenge
    foreign = standin.make_sync_file(SyncFlags.NONE, OTHER, challenge, START)
    card.refuses(apdu.sync(foreign), SW.WRONG_TERMINAL_ID)
    old = standin.make_sync_file(SyncFlags.NONE, card.terminal, bytes(8), START)
    card.refuses(apdu.sync(old), SW.WRONG_SYNC_CHALLENGE)
    card.refuses(apdu.sync(b"short"), SW.INVALID_SYNC_SIGNATURE)


# --- POS lock ---------------------------------------------------------------------------------------------


def challenge_of(card: Card) -> bytes:
    return card.send(apdu.pos_challenge(), OK)[0]


def bound() -> Card:
    card = Card()
    card.send(apdu.pos_lock(SECRET), OK)
    return card


def test_pos_lock():
    card = Card()
    assert card.info().pos_locked is False
    card.refuses(Command(0, 0x0C, 0, 0, bytes(32)), SW.WRONG_LENGTH)
    card.refuses(Command(0, 0x0C, 0, 0, SECRET + bytes(32)), SW.WRONG_DATA)
    card.send(apdu.pos_lock(SECRET), OK)
    assert card.info().pos_locked is True
    card.refuses(apdu.pos_lock(SECRET), SW.ALREADY_POS_LOCKED)
    card.refuses(Command(0, 0x0C, 0, 0, SECRET + bytes(32)), SW.WRONG_DATA)


def test_without_authentication_nothing_is_sold():
    card = bound()
    later = START + SECOND
    card.refuses(apdu.zreport_open(later), SW.POS_AUTH_FAIL)
    card.refuses(apdu.zreport_close(later), SW.POS_AUTH_FAIL)
    card.refuses(apdu.receipt_register(block(later)), SW.POS_AUTH_FAIL)


def authenticate(card: Card, secret: bytes = SECRET, expected: int = OK) -> None:
    card.send(apdu.pos_auth(secret, challenge_of(card)), expected)


def test_one_authentication_serves_one_operation():
    card = bound()
    authenticate(card)
    assert card.info().pos_auth is True
    card.open()
    assert card.info().pos_auth is False
    card.sell(expected=SW.POS_AUTH_FAIL)
    authenticate(card)
    card.sell()
    authenticate(card)
    card.close()


def test_a_refused_operation_uses_it_up_too():
    card = bound()
    authenticate(card)
    before = challenge_of(card)
    card.open(START, expected=SW.DATETIME_IS_IN_THE_PAST)
    assert challenge_of(card) != before
    card.open(expected=SW.POS_AUTH_FAIL)


def test_what_stops_before_the_gate_uses_nothing_up():
    card = bound()
    authenticate(card)
    before = challenge_of(card)
    card.send(Command(0, 3, 0, 0, b"short"), SW.WRONG_LENGTH)
    card.rack.lock(card.slot, locked=True)
    card.open(expected=SW.LOCKED_SYNC_WITH_SERVER)
    card.rack.lock(card.slot, locked=False)
    assert challenge_of(card) == before
    card.open()


def test_a_repeated_registration_uses_it_up():
    card = bound()
    authenticate(card)
    card.open()
    authenticate(card)
    command = apdu.receipt_register(block(card.now + SECOND, 5))
    answer = card.send(command, OK)
    card.send(command, SW.POS_AUTH_FAIL)
    authenticate(card)
    assert card.send(command, OK) == answer
    card.send(command, SW.POS_AUTH_FAIL)


def test_the_challenge_stays_until_used_and_never_comes_again():
    card = bound()
    seen = set()
    for _ in range(20):
        challenge = challenge_of(card)
        assert len(challenge) == 32
        card.send(apdu.deselect(), OK)
        card.slot.module.power_up()
        card.send(apdu.select(), OK)
        assert challenge_of(card) == challenge
        assert challenge not in seen
        seen.add(challenge)
        card.send(apdu.pos_auth(SECRET, challenge), OK)
        card.open(START, expected=SW.DATETIME_IS_IN_THE_PAST)


def test_wrong_and_old_authentication():
    card = bound()
    old = challenge_of(card)
    authenticate(card, b"w" * 32, SW.POS_AUTH_FAIL)
    assert challenge_of(card) == old, "a wrong guess uses nothing up"
    authenticate(card)
    card.open()
    card.send(apdu.pos_auth(SECRET, old), SW.POS_AUTH_FAIL)
    card.sell(expected=SW.POS_AUTH_FAIL)


def test_select_and_power_clear_the_authentication():
    card = bound()
    for lose in (lambda: card.send(apdu.select(), OK), card.slot.module.power_up):
        authenticate(card)
        lose()
        card.send(apdu.select(), OK)
        assert card.info().pos_auth is False
        card.open(expected=SW.POS_AUTH_FAIL)


def test_authentication_of_a_module_that_is_not_bound():
    card = Card()
    card.send(apdu.pos_auth(SECRET, challenge_of(card)), SW.POS_AUTH_FAIL)
    card.open()


def test_the_operator_undoes_the_pos_lock():
    card = bound()
    authenticate(card)
    card.sync(SyncFlags.UNDO_POS_LOCK)
    info = card.info()
    assert (info.pos_locked, info.pos_auth) == (False, False)
    card.open()
    card.send(apdu.pos_lock(b"n" * 32), OK)
    card.sell(expected=SW.POS_AUTH_FAIL)


def test_pos_auth_digest_vector():
    assert apdu.pos_auth(SECRET, bytes(32)).data.hex() == apdu.pos_auth_digest(SECRET, bytes(32)).hex()
    assert apdu.pos_lock(SECRET).data[:32] == SECRET


# --- signed challenge -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 15, 17])
def test_signed_challenge_of_a_wrong_size(size):
    Card().refuses(Command(0, 0x0B, 0, 0, bytes(size)), SW.WRONG_LENGTH)


def test_signed_challenge():
    card = Card(terminal="ZZ000000000042")
    data, _ = card.send(apdu.signed_challenge(b"0123456789abcdef"), OK)
    assert standin.verify_signed_challenge(data, b"0123456789abcdef") == "ZZ000000000042"


# --- forty-eight hours and the operator's lock are two things ---------------------------------------------


def test_the_operators_lock_is_not_lifted_by_acknowledgements():
    card = trading(1)
    card.sync(SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED)
    card.ack_all()
    card.sell(expected=SW.LOCKED_SYNC_WITH_SERVER)
    card.sync(SyncFlags.CHANGE_LOCK)
    card.sell(time=card.now + timedelta(hours=1))


def test_encode_time_of_an_ack_is_the_operators():
    card = Card()
    card.open()
    card.sell()
    card.close()
    card.ack_z(card.now, time=START + 9 * DAY)
    assert encode_time(card.z().acknowledged) == encode_time(START + 9 * DAY)
    assert card.memory().last_operation == card.now
