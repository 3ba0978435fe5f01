"""The register of a lab gets its token from the lab's operator, and keeps what it has (KZ-TOK-01)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance import introduction
from conformance.introduction import FACTS_FILE, introduce_register
from conformance.lab import Lab
from conformance.lab_parts import KZ_PARTS
from conformance.session import Session
from conformance.targets import parse_target
from tests.waiting import PATIENCE

SALE = {"items": [{"name": "Нан", "price": 25000, "quantity": "2.000"}], "taken": 50000}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), parts=KZ_PARTS, seed=4) as running:
        yield running


def press(lab: Lab, key: str, order: object) -> dict[str, Any]:
    answer = httpx.post(f"{lab.addresses['register']['register']}/keys/{key}", json=order, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_introduced_register_sells_at_once_and_its_ticket_can_be_checked(lab: Lab) -> None:
    introduce_register(lab)
    sold = press(lab, "sell", SALE)
    assert (sold["outcome"], sold["mode"], sold["code"]) == ("done", "ONLINE", 0)
    address = sold["document"]["qr"]
    assert address.startswith(lab.addresses["operator-kz"]["http"])
    page = httpx.get(address, follow_redirects=True, timeout=PATIENCE)
    assert page.status_code == 200
    assert sold["document"]["sign"] in page.text


def test_a_register_that_is_known_stays_as_it_is(lab: Lab) -> None:
    introduce_register(lab)
    before = lab.control("register").state()
    held = lab.control("operator-kz").state()["counts"]
    introduce_register(lab)
    after = lab.control("register").state()
    assert [after[name] for name in ("device_id", "printed", "cash")] == [
        before[name] for name in ("device_id", "printed", "cash")
    ]
    assert lab.control("operator-kz").state()["counts"] == held


def test_a_register_that_its_operator_has_forgotten_gets_a_new_token(lab: Lab) -> None:
    lab.control("operator-kz").reset()
    introduce_register(lab)
    facts = json.loads((lab.folder / FACTS_FILE).read_text(encoding="utf-8"))
    state = lab.control("register").state()
    assert state["device_id"] == facts["device_id"]
    assert state["registration"]["rnm"] == facts["rnm"]
    assert press(lab, "sell", SALE)["outcome"] == "done"


def test_the_introduction_lasts_until_the_operator_has_answered(lab: Lab) -> None:
    lab.control("operator-kz").reset()
    lab.control("operator-kz").add_fault("ofd-kz.request", "delay", delay="1s")
    introduce_register(lab)
    assert press(lab, "sell", SALE)["outcome"] == "done"


def test_an_operator_that_is_silent_is_not_waited_for_long(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introduction, "INFO_SECONDS", 0.2)
    lab.control("operator-kz").reset()
    lab.control("operator-kz").add_fault("ofd-kz.request", "silence", count=None)
    introduce_register(lab)
    assert lab.control("register").state()["mode"] == "START"
    assert press(lab, "sell", SALE)["outcome"] == "refused"
    lab.control("operator-kz").clear_faults()


def test_a_lab_without_a_register_is_left_alone(tmp_path: Path) -> None:
    with Lab(tmp_path, parts=KZ_PARTS[:1], seed=4) as running:
        introduce_register(running)
        assert running.control("operator-kz").state()["devices"] == {}
    assert not (tmp_path / FACTS_FILE).exists()


def test_a_register_that_was_judged_holds_what_it_held(lab: Lab) -> None:
    introduce_register(lab)
    press(lab, "sell", SALE)
    before = lab.control("register").state()
    url = lab.addresses["register"]["register"]
    session = Session(parse_target(f"register-kz:{url}?control={lab.control_url('register')}"))
    session.open()
    session.control("register").reset(device_id=77)
    assert lab.control("register").state()["device_id"] == 77
    session.put_back()
    session.close()
    introduction.until_informed(lab.control("register"))
    after = lab.control("register").state()
    assert {name: after[name] for name in ("device_id", "printed", "cash", "non_nullable")} == {
        name: before[name] for name in ("device_id", "printed", "cash", "non_nullable")
    }
    assert press(lab, "sell", SALE)["outcome"] == "done"
