"""Finishing what a crash cut in two: uz-fiscal G2-S-20."""

from __future__ import annotations

import pytest

from reference.drive.errors import CardLostError
from reference.drive.records import FileState
from reference.protocol.uz.standin import SyncFlags
from tests.drive.conftest import Bench
from tests.drive.doubles import TERMINAL, losing, sale
from tests.waiting import eventually


def cut(shop: Bench, how: str = "after") -> int:
    """A TXID whose registration was cut; with "after" the module has it and the store does not know."""
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.card.lose = losing("001700", how)
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, txid)
    return txid


def recover(shop: Bench) -> int:
    with shop.core.fleet.session(shop.factory_id) as session:
        return shop.core.recovery.recover(session)


def test_nothing_held_means_nothing_to_do(shop: Bench) -> None:
    cut(shop, "before")
    opened = len(shop.card.commands)
    assert recover(shop) == 0
    assert not [command for command in shop.card.commands[opened:] if command[1] == 5]


def test_a_held_record_finishes_its_txid(shop: Bench) -> None:
    shop.register()
    txid = cut(shop)
    assert recover(shop) == 1
    answer = shop.core.register(shop.factory_id, txid)
    assert (answer.receipt_seq, answer.fiscal_sign) == (2, "263237644884")
    assert [row.receipt_seq for row in shop.core.files(shop.factory_id, FileState.NEW, 10, 0)] == [1, 2]
    assert recover(shop) == 0


def test_an_abandoned_txid_is_looked_for_once(shop: Bench) -> None:
    cut(shop, "before")
    shop.register()
    assert recover(shop) == 0
    shop.register()
    before = len(shop.card.commands)
    assert recover(shop) == 0
    assert not [command for command in shop.card.commands[before:] if command[1] == 5]


def test_a_txid_tried_again_is_looked_for_again(shop: Bench) -> None:
    first = shop.core.get_txid(shop.factory_id, sale(shop.tick(2)))
    shop.core.registrar.settled.add(first)
    shop.card.lose = losing("001700", "after")
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, first)
    assert recover(shop) == 1


@pytest.mark.parametrize("lock", ["pos", "operator"])
def test_a_locked_module_is_read_instead_of_registered_again(shop: Bench, lock: str) -> None:
    # The sender's first look at a module just plugged in may come late; it is not to find what is cut here.
    eventually(lambda: shop.core.sync.outbox(shop.factory_id).due is None)
    with shop.core.turns.called(shop.factory_id):
        pass
    txid = cut(shop)
    before = len(shop.card.commands)
    assert shop.card.module is not None
    if lock == "pos":
        secret = bytes(32)
        shop.core.pos_lock(shop.factory_id, secret + bytes.fromhex(SHA_OF_ZEROS))
    else:
        shop.books.sync_flags = SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED
        shop.core.sync_state(shop.factory_id)
    recover(shop)  # or the background sender, which the state sync has woken
    eventually(lambda: shop.core.stage.receipts.receipt(txid, shop.factory_id).answer is not None)
    assert not [command for command in shop.card.commands[before:] if command[1] == 0x17]
    assert shop.core.register(shop.factory_id, txid).fiscal_sign == "271368829008"


SHA_OF_ZEROS = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"


def test_every_sync_begins_with_it(shop: Bench) -> None:
    txid = cut(shop)
    assert [item.name for item in shop.core.sync_full_receipts(shop.factory_id, 32)] == [1]
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 1
    txid = cut(shop)
    assert shop.core.sync_short_receipts(shop.factory_id, 32) == []
    assert shop.core.register(shop.factory_id, txid).receipt_seq == 2
    assert shop.held == [2]
    txid = cut(shop)
    shop.core.sync_zreports(shop.factory_id, 1)
    assert shop.core.stage.receipts.receipt(txid, shop.factory_id).answer is not None


def test_only_this_modules_txids(shop: Bench) -> None:
    cut(shop)
    assert shop.core.stage.receipts.unfinished("00" * 18, shop.now().replace(year=2000), shop.now()) == []
    assert shop.books.numbers(TERMINAL) == []
