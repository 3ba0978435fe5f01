"""State sync, and whose turn it is to sync: uz-fiscal §4.6, §11.8."""

from __future__ import annotations

import threading

import pytest

from reference.drive.errors import (
    NotActiveError,
    NotFoundError,
    SyncRunningError,
    TryLaterError,
)
from reference.protocol.uz.message import AckFile, FileStatus, Request, Response
from reference.protocol.uz.standin import SyncFlags
from tests.drive.conftest import Bench
from tests.waiting import PATIENCE


def test_state_sync_sets_the_lock(shop: Bench) -> None:
    """§11.8, FM-Y-02"""
    shop.books.sync_flags = SyncFlags.CHANGE_LOCK | SyncFlags.LOCKED
    shop.core.sync_state(shop.factory_id)
    assert shop.core.info(shop.factory_id).locked
    (request,) = shop.books.requests
    assert [(file.type, file.version, len(file.header)) for file in request.files] == [(0xC9, 1, 8)]


@pytest.mark.parametrize("act", ["code:NotFound", "code:NotActive", "code:RetrySend"])
def test_state_sync_refused(shop: Bench, act: str) -> None:
    shop.books.script.append(act)
    with pytest.raises((NotFoundError, NotActiveError, TryLaterError)):
        shop.core.sync_state(shop.factory_id)


def test_state_sync_with_a_notice_and_with_a_rejected_query(
    shop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.books.script.append("notice")
    shop.core.sync_state(shop.factory_id)
    assert shop.events.last(1)[0]["kind"] == "operator.notice"
    monkeypatch.setattr(shop.books, "take", lambda _request, _file: AckFile(FileStatus.Reject))
    with pytest.raises(TryLaterError):
        shop.core.sync_state(shop.factory_id)


def test_one_sync_at_a_time(shop: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """§4.6: 409 sync is already in progress"""
    shop.register()
    inside, go_on = threading.Event(), threading.Event()
    answer = shop.books.answer

    def slow(request: Request) -> Response:
        inside.set()
        assert go_on.wait(PATIENCE)
        return answer(request)

    monkeypatch.setattr(shop.books, "answer", slow)
    first = threading.Thread(target=shop.core.sync_full_receipts, args=(shop.factory_id, 1))
    first.start()
    assert inside.wait(PATIENCE)
    with pytest.raises(SyncRunningError, match=r"^sync is already in progress$") as refused:
        shop.core.sync_zreports(shop.factory_id, 1)
    assert refused.value.status == 409
    assert shop.register() == 2, "selling goes on meanwhile"
    go_on.set()
    first.join()


def test_a_call_waits_for_the_background_sender(shop: Bench) -> None:
    turn, done = threading.Event(), threading.Event()

    def background() -> None:
        with shop.core.turns.background(shop.factory_id):
            turn.set()
            assert done.wait(PATIENCE)

    thread = threading.Thread(target=background)
    thread.start()
    assert turn.wait(PATIENCE)
    call = threading.Thread(target=shop.core.sync_zreports, args=(shop.factory_id, 1))
    call.start()
    done.set()
    call.join(PATIENCE)
    thread.join(PATIENCE)
    assert not call.is_alive()
