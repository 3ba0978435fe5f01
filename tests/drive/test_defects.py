"""Each named mistake does what its sentence says (HAR-08)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reference.drive.defects import DEFECTS, build_with, defects_of
from reference.drive.errors import CardError, CardLostError, DriveError, NotActiveError, RecordNotFoundError
from reference.drive.records import FileState
from reference.drive.settings import SettingsError
from reference.protocol.uz.message import FileStatus, FileType
from reference.protocol.uz.standin import AckKind
from reference.protocol.uz.values import encode_bcd8
from tests.drive.conftest import MORNING, Bench, BenchMaker
from tests.drive.doubles import TERMINAL, losing, make_module, sale

Check = Callable[[Bench], bool]
NAMES = defects_of("drive")
"""Those of the dialects with ports of their own: tests/drive/dialects/test_defects_gen1.py."""
CHECKS: dict[str, Check] = {}


def shows(name: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return keep


def two_txids(shop: Bench) -> tuple[int, int]:
    body = sale(shop.tick())
    return shop.core.get_txid(shop.factory_id, body), shop.core.get_txid(shop.factory_id, body)


def ask(shop: Bench, path: str, query: str = "", **parts: Any) -> tuple[int, Any]:
    answer = shop.ask(path, query=query, **parts)
    text = answer.body.decode()
    return answer.status, json.loads(text) if "json" in answer.content_type else text


def taken(shop: Bench, **changes: Any) -> bool:
    try:
        shop.core.get_txid(shop.factory_id, sale(shop.tick(), **changes))
    except DriveError:
        return False
    return True


def cut(shop: Bench) -> int:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    shop.card.lose = losing("001700", "after")
    with pytest.raises(CardLostError):
        shop.core.register(shop.factory_id, txid)
    return txid


def sync(shop: Bench, count: int = 32) -> list[str]:
    try:
        items = shop.core.sync_full_receipts(shop.factory_id, count)
    except DriveError as error:
        return [error.reason]
    return [item.state.text for item in items]


@shows("gettxid-not-idempotent")
def _(shop: Bench) -> bool:
    first, second = two_txids(shop)
    return first != second


@shows("txid-of-any-module")
def _(shop: Bench) -> bool:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    try:
        shop.core.register("00" * 18, txid)
    except RecordNotFoundError:
        return False
    except DriveError:
        return True
    return True


@shows("register-twice")
def _(shop: Bench) -> bool:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    first = shop.core.register(shop.factory_id, txid)
    return shop.core.register(shop.factory_id, txid) != first and shop.number == 2


@shows("txid-deleted-after-failure")
def _(shop: Bench) -> bool:
    shop.register()
    shop.core.close_shift(shop.factory_id, shop.tick())
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    with pytest.raises(CardError):
        shop.core.register(shop.factory_id, txid)
    try:
        shop.core.register(shop.factory_id, txid)
    except RecordNotFoundError:
        return True
    except CardError:
        return False
    return False


@shows("difference-limit-9999")
def _(shop: Bench) -> bool:
    return not taken(shop, ReceivedCash=510_000) and taken(shop, ReceivedCash=509_999)


@shows("accepts-iso-t")
def _(shop: Bench) -> bool:
    return taken(shop, Time=f"{shop.tick():%Y-%m-%dT%H:%M:%S}")


@shows("refund-not-checked")
def _(shop: Bench) -> bool:
    info = {"TerminalID": TERMINAL, "ReceiptSeq": 9, "DateTime": "20260701090000", "FiscalSign": "0" * 12}
    return taken(shop, Operation=1, RefundInfo=info)


@shows("past-time-not-checked")
def _(shop: Bench) -> bool:
    return taken(shop, Time="2026-07-01 01:00:00")


@shows("gettxid-registers")
def _(shop: Bench) -> bool:
    shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    return shop.number == 1


@shows("answer-not-stored")
def _(shop: Bench) -> bool:
    shop.register()
    return shop.core.count_files(FileState.NEW) == {}


@shows("no-recovery")
def _(shop: Bench) -> bool:
    cut(shop)
    return sync(shop) == []


@shows("foreign-module-taken")
def _(shop: Bench) -> bool:
    other = "00" + "9" * 34
    shop.card.module = make_module(MORNING, "ZZ000000000009", other)
    return shop.ask(f"/FiscalDrive/Info/{other}").status == 200


@shows("sends-newest-first")
def _(shop: Bench) -> bool:
    shop.register()
    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 1)
    return shop.books.numbers() == [2]


@shows("batch-of-33")
def _(shop: Bench) -> bool:
    shop.books.max_files = 64
    for _ in range(34):
        shop.register()
    sync(shop)
    return len(shop.books.requests[0].files) == 33


@shows("ack-not-handed-over")
def _(shop: Bench) -> bool:
    shop.register()
    return sync(shop) == ["Acknowledged"] and shop.held == [1]


@shows("second-ack-is-failure")
def _(shop: Bench) -> bool:
    shop.register()
    sync(shop)
    shop.core.reset_file(1)
    return sync(shop) == ["Error"]


@shows("misdirected-ack-believed")
def _(shop: Bench) -> bool:
    shop.register()
    shop.books.misnamed[1] = AckKind.RECEIPT, encode_bcd8(77)
    believed = sync(shop) == ["Acknowledged"]
    shop.books.misnamed.clear()
    return believed and sync(shop) == [] and shop.held == [1]


@shows("short-for-full")
def _(shop: Bench) -> bool:
    shop.register()
    sync(shop)
    return shop.books.requests[0].files[0].type == FileType.ShortReceipt


@shows("rejected-resent")
def _(shop: Bench) -> bool:
    shop.register()
    shop.books.file_script = {1: FileStatus.Reject}
    sync(shop)
    return len(sync(shop)) == 1


@shows("gives-up")
def _(shop: Bench) -> bool:
    shop.register()
    shop.books.script.append("lost")
    sync(shop)
    return sync(shop) == []


@shows("lost-answer-doubles")
def _(shop: Bench) -> bool:
    shop.register()
    shop.books.script.append("lost")
    sync(shop)
    sync(shop)
    return len(shop.books.requests[-1].files) == 2


@shows("address-not-sticky")
def _(shop: Bench) -> bool:
    shop.core.sync_state(shop.factory_id)
    return shop.core.operator.address is None


@shows("block-ignored")
def _(shop: Bench) -> bool:
    shop.register()
    shop.books.blocked = True
    for _ in range(2):
        with pytest.raises(NotActiveError):
            shop.core.sync_full_receipts(shop.factory_id, 1)
    return len(shop.books.requests) == 2


@shows("shifts-not-sent")
def _(shop: Bench) -> bool:
    shop.register()
    shop.core.close_shift(shop.factory_id, shop.tick())
    return shop.core.sync_zreports(shop.factory_id, 1) == []


@shows("error-without-reason")
def _(shop: Bench) -> bool:
    return "Reason" not in ask(shop, "/nowhere")[1]


@shows("errors-with-200")
def _(shop: Bench) -> bool:
    return ask(shop, "/nowhere")[0] == 200


@shows("misspelling-corrected")
def _(shop: Bench) -> bool:
    shown = ask(shop, "/FiscalDrive/FiscalMemory/Info/{F}")[1]
    return (
        "CashAccumulator" in shown
        and "CashAccomulator" not in shown
        and ask(shop, "/FiscalDrive/List")[0] == 200
    )


@shows("sign-as-number")
def _(shop: Bench) -> bool:
    shop.register()
    return isinstance(ask(shop, "/FiscalDrive/Receipt/Info/{F}")[1]["FiscalSign"], int)


@shows("qr-disordered")
def _(shop: Bench) -> bool:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    return "?s=" in ask(shop, "/FiscalDrive/Receipt/RegisterTXID/{F}", f"TXID={txid}")[1]["QRCodeURL"]


@shows("qr-in-utc")
def _(shop: Bench) -> bool:
    txid = shop.core.get_txid(shop.factory_id, sale(shop.tick()))
    url = ask(shop, "/FiscalDrive/Receipt/RegisterTXID/{F}", f"TXID={txid}")[1]["QRCodeURL"]
    return f"&c={shop.now() - timedelta(hours=5):%Y%m%d%H%M%S}&" in url


@shows("index-ignored")
def _(shop: Bench) -> bool:
    return ask(shop, "/FiscalDrive/ZReport/Info/{F}", "Index=7&Tags=1")[0] == 200


@shows("pos-auth-ignored")
def _(shop: Bench) -> bool:
    from hashlib import sha256

    secret = bytes(32)
    shop.core.pos_lock(shop.factory_id, secret + sha256(secret).digest())
    proof = sha256(secret + shop.core.pos_challenge(shop.factory_id)).hexdigest()
    return ask(shop, "/POS/Auth/{F}", pos_auth=proof)[0] == 500


@shows("form-body-ignored")
def _(shop: Bench) -> bool:
    shop.register()
    form = {"content_type": "application/x-www-form-urlencoded", "body": b"ItemsCount=1"}
    return ask(shop, "/DataBase/Files/Sync/FullReceipts/{F}", **form)[0] == 400


@shows("items-count-unchecked")
def _(shop: Bench) -> bool:
    return ask(shop, "/DataBase/Files/Sync/FullReceipts/{F}", "ItemsCount=0")[0] == 200


@shows("case-matters")
def _(shop: Bench) -> bool:
    return ask(shop, "/Database/Files/Count")[0] == 404 and ask(shop, "/DataBase/Files/Count")[0] == 200


def test_every_mistake_has_its_check() -> None:
    assert CHECKS.keys() == set(NAMES)
    assert len(DEFECTS) >= 15
    for mistake in DEFECTS.values():
        assert mistake.sentence
        assert mistake.clause.startswith(("uz-fiscal ", "UZ-"))


@pytest.mark.parametrize("name", NAMES)
def test_the_mistake_is_made(make_bench: BenchMaker, name: str) -> None:
    wrong = make_bench(folder="wrong", defects=(name,))
    wrong.open_shift()
    assert CHECKS[name](wrong), DEFECTS[name].sentence


@pytest.mark.parametrize("name", NAMES)
def test_a_right_drive_does_not_make_it(shop: Bench, name: str) -> None:
    assert not CHECKS[name](shop)


def test_mistakes_stack(make_bench: BenchMaker) -> None:
    shop = make_bench(
        defects=("sends-newest-first", "ack-not-handed-over", "error-without-reason", "index-ignored")
    )
    shop.open_shift()
    for name in ("error-without-reason", "index-ignored", "ack-not-handed-over"):
        assert CHECKS[name](shop)
    shop.register()
    shop.register()
    shop.core.sync_full_receipts(shop.factory_id, 1)
    assert shop.books.numbers() == [1, 3]


def test_an_unknown_mistake() -> None:
    with pytest.raises(SettingsError, match=r"'none' is not one of .*accepts-iso-t"):
        build_with(["none"])
