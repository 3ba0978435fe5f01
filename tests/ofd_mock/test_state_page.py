"""The state page as a vendor's script and as a browser use it (uz-fiscal §11.10)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.ofd_mock.conftest import Bench, web
from tests.ofd_mock.till import TERMINAL, Till, sync_of


def post(
    bench: Bench, path: str = "/state", headers: dict[str, str] | None = None, **form: Any
) -> httpx.Response:
    return web.post(bench.base + path, data=form, headers=headers or {})


def synced(bench: Bench, till: Till | None = None) -> tuple[bool | None, bool]:
    """What the next state sync of a module orders: lock, and undoing of the POS lock."""
    till = till or Till()
    contents = sync_of(bench.send(till, till.sync()), terminal=till.terminal)
    return contents.lock, contents.undo_pos_lock


def test_at_first_nothing_is_changed(bench: Bench) -> None:
    assert synced(bench) == (None, False)


def test_the_guides_walk_through(bench: Bench) -> None:
    answer = post(bench, ChangeLockState="Yes", LockState="Unlock", POSUnlock="")
    assert answer.status_code == 200
    assert f"Set for {TERMINAL}" in answer.text
    assert synced(bench) == (False, False)
    assert synced(bench) == (False, False), "ChangeLockState and LockState stay until changed"
    assert synced(bench, Till("ZZ000000000001")) == (None, False), "only the default module was meant"


@pytest.mark.parametrize(
    ("change", "lock", "expected"),
    [("Yes", "Lock", True), ("Yes", "Unlock", False), ("No", "Lock", None), ("yes", "unlock", False)],
)
def test_lock_states(bench: Bench, change: str, lock: str, expected: bool | None) -> None:
    post(bench, ChangeLockState=change, LockState=lock, TerminalID="ZZ000000000007")
    assert synced(bench, Till("ZZ000000000007")) == (expected, False)
    assert synced(bench) == (None, False)


def test_pos_unlock_is_used_up_by_one_sync(bench: Bench) -> None:
    post(bench, ChangeLockState="No", LockState="Unlock", POSUnlock="POS Unlock")
    assert synced(bench) == (None, True)
    assert synced(bench) == (None, False)
    post(bench, POSUnlock="POS Unlock")
    post(bench, POSUnlock="")
    assert synced(bench) == (None, False), "taken back before it was used"


def test_a_failed_sync_does_not_use_it_up(bench: Bench, till: Till) -> None:
    post(bench, POSUnlock="POS Unlock")
    bench.send(till, till.sync(b"short"))
    assert synced(bench) == (None, True)


def test_all_modules_at_once(bench: Bench) -> None:
    tills = [Till(f"ZZ{at:012d}") for at in range(3)]
    assert synced(bench, tills[0]) == (None, False)
    post(bench, TerminalID=tills[1].terminal, ChangeLockState="Yes", LockState="Lock")
    post(bench, TerminalID="*", ChangeLockState="Yes", LockState="Unlock", POSUnlock="POS Unlock")
    for till in tills:
        assert synced(bench, till) == (False, True)
        assert synced(bench, till) == (False, False)
    post(bench, TerminalID=tills[0].terminal, ChangeLockState="No")
    assert [synced(bench, till)[0] for till in tills] == [None, False, False]


def test_a_field_that_is_not_sent_stays(bench: Bench) -> None:
    post(bench, ChangeLockState="Yes", LockState="Lock")
    post(bench, ChangeLockState="No")
    assert synced(bench) == (None, False)
    post(bench, ChangeLockState="Yes")
    assert synced(bench) == (True, False)


@pytest.mark.parametrize(
    "form",
    [
        {"ChangeLockState": "Maybe"},
        {"LockState": ""},
        {"POSUnlock": "yes"},
        {"TerminalID": "ZZ1", "ChangeLockState": "Yes"},
        {"TerminalID": "ZZ*"},
    ],
)
def test_values_that_cannot_be(bench: Bench, form: dict[str, str]) -> None:
    answer = post(bench, **form)
    assert answer.status_code == 400
    assert "message bad" in answer.text
    assert synced(bench) == (None, False)


def test_the_page_has_the_form_with_its_exact_names(bench: Bench) -> None:
    post(bench, ChangeLockState="Yes", LockState="Lock", POSUnlock="POS Unlock")
    page = web.get(bench.base + "/state").text
    names = set(re.findall(r'name="(\w+)"', page.split("</form>")[0]))
    assert names == {"TerminalID", "ChangeLockState", "LockState", "POSUnlock", "viewport"}
    for chosen in ("Yes", "Lock", "POS Unlock"):
        assert f"<option selected>{chosen}</option>" in page
    assert ">Set</button>" in page
    assert '<form class="set" method="post" action="/state">' in page


@pytest.mark.parametrize(
    ("order", "word"),
    [
        ("lock", "Lock</span>"),
        ("unlock", "Unlock</span>"),
        ("pos-unlock", "POS Unlock</span>"),
        ("block", "reason 3"),
    ],
)
def test_buttons_of_the_table(bench: Bench, till: Till, order: str, word: str) -> None:
    bench.send(till, till.bread().full())
    assert "lock unchanged" in web.get(bench.base + "/state").text
    answer = post(bench, "/state/module", TerminalID=TERMINAL, Order=order)
    assert answer.status_code == 200
    assert word in answer.text
    assert "01.07.2026 12:00:" in answer.text
    if order == "block":
        assert 'value="unblock"' in answer.text
        assert bench.send(till, till.bread().full()).status.notice == "Blocked on the state page"
        assert "no longer blocked" in post(bench, "/state/module", TerminalID=TERMINAL, Order="unblock").text
        assert bench.send(till, till.bread().full()).status.reason == 0
    else:
        expected = {"lock": (True, False), "unlock": (False, False), "pos-unlock": (None, True)}
        assert synced(bench) == expected[order]


@pytest.mark.parametrize("form", [{"Order": "explode"}, {"Order": "lock", "TerminalID": "x"}, {}])
def test_orders_that_there_are_not(bench: Bench, form: dict[str, str]) -> None:
    assert post(bench, "/state/module", **({"TerminalID": TERMINAL} | form)).status_code == 400


def test_the_table_is_paged(bench: Bench) -> None:
    for at in range(51):
        till = Till(f"ZZ{at:012d}")
        bench.send(till, till.sync())
    page = web.get(bench.base + "/state").text
    assert "ZZ000000000049</a>" in page
    assert "ZZ000000000050</a>" not in page
    assert 'href="/state?after=ZZ000000000049"' in page
    assert "ZZ000000000050</a>" in web.get(bench.base + "/state?after=ZZ000000000049").text


# --- forged forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/state", "/state/module"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Referer": "http://evil.example/form"},
        {"Host": "evil.example"},
    ],
)
def test_forms_of_other_pages_are_refused(bench: Bench, path: str, headers: dict[str, str]) -> None:
    answer = post(
        bench, path, headers, TerminalID=TERMINAL, ChangeLockState="Yes", LockState="Unlock", Order="block"
    )
    assert answer.status_code == 403
    assert synced(bench) == (None, False)


def test_our_own_form_and_a_script_may_post(bench: Bench) -> None:
    for headers in (
        {},
        {"Origin": bench.base},
        {"Referer": bench.base + "/state"},
        {"User-Agent": "curl/7.88", "Content-Type": "application/x-www-form-urlencoded"},
    ):
        assert post(bench, "/state", headers, ChangeLockState="Yes").status_code == 200


def test_own_forms_come_with_their_origin(bench: Bench) -> None:
    """Under no-referrer a browser would send Origin: null with our own form."""
    assert web.get(bench.base + "/state").headers["Referrer-Policy"] == "same-origin"


def test_another_module_or_none_can_be_looked_at(bench: Bench) -> None:
    bench.order("lock", terminal="ZZ000000000004")
    page = web.get(bench.base + "/state?TerminalID=ZZ000000000004").text
    assert 'value="ZZ000000000004"' in page
    assert "<option selected>Lock</option>" in page
    assert 'value="ZZ000000000000"' in web.get(bench.base + "/state?TerminalID=%22%3E").text


def test_a_get_changes_nothing(bench: Bench) -> None:
    web.get(bench.base + "/state?ChangeLockState=Yes&LockState=Unlock")
    assert synced(bench) == (None, False)
    assert web.put(bench.base + "/state").status_code == 405
