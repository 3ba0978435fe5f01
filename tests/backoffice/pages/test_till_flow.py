"""A point of sale as a process of its own: linked by its code, sells, is cut (BX-BRN-02, BX-DATA-01)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.backoffice.pages.running import Door, come_in, fits

NO_DRIVE = "http://127.0.0.1:9"
"""Nothing listens there: the till takes orders all the same, and their receipts wait."""
PATIENCE = 60.0


class Till:
    """`python -m reference.pos serve` in a folder of its own, with its administrator at it."""

    def __init__(self, folder: Path, owner: str) -> None:
        command = [sys.executable, "-m", "reference.pos", "serve", "--port", "0", "--dir", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--drive", NO_DRIVE, "--backoffice", owner, "--seed", "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"KASSALAB_STOP_WITH_STDIN": "1"},
        )
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        base = f"{ready['addresses']['pos']}/api"
        self.http = httpx.Client(base_url=base, timeout=PATIENCE, trust_env=False)
        self.http.headers["X-Kassalab"] = "control"

    def come(self) -> None:
        """The administrator comes to the till."""
        boss = next(each for each in self.ask("GET", "/people") if each["role"] == "administrator")
        told = self.ask("POST", "/sessions", {"employee": boss["id"], "pin": "0000"})
        self.http.headers["Authorization"] = f"Bearer {told['session']}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code < 400, (path, answer.text)
        return answer.json()

    def sell(self) -> dict[str, Any]:
        """One order of one thing, paid in cash."""
        product = next(each for each in self.ask("GET", "/products") if each["active"] and not each["marked"])
        order = self.ask("POST", "/orders", {})
        self.ask("POST", f"/orders/{order['id']}/lines", {"product": product["id"], "amount": 1000})
        total = self.ask("GET", f"/orders/{order['id']}")["total"]
        self.ask("POST", f"/orders/{order['id']}/pay", {"payments": [{"kind": "cash", "amount": total}]})
        found: dict[str, Any] = self.ask("GET", f"/orders/{order['id']}")
        return found

    def report(self) -> dict[str, Any]:
        """One more round of telling the owner; where that stands."""
        told: dict[str, Any] = self.ask("POST", "/standing")["report"]
        return told

    def end(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def till(door: Door, tmp_path: Path) -> Iterator[Till]:
    folder = tmp_path / "till"
    folder.mkdir()
    made = Till(folder, door.base)
    try:
        made.come()
        yield made
    finally:
        made.end()


def test_a_real_till_is_linked_sells_and_is_cut(page: Page, door: Door, till: Till) -> None:
    owner = door.enrolled()
    come_in(page, door, owner)
    branch = door.desks.branches.add(owner.visitor, {"name": "Markaziy"})[0].id
    code = till.ask("POST", "/owner/offer")["code"]
    page.goto(f"{door.base}/branches/{branch}/link")
    page.get_by_label("QR kod matni").fill(code)
    page.get_by_role("button", name="Ulash", exact=True).click()
    expect(page.get_by_text("POS qurilma ulandi")).to_be_visible()
    sold = till.sell()
    told = till.report()
    assert (told["linked"], told["waiting"]) == (True, 0)
    # The page stands open meanwhile and learns of it by itself.
    expect(page.locator("#links .live.on")).to_be_visible(timeout=30_000)
    fits(page, "till-linked")
    page.goto(f"{door.base}/orders")
    card = page.locator("a.order")
    expect(card).to_have_count(1)
    expect(card).to_contain_text(sold["number"])
    expect(card).to_contain_text("Chek kutilmoqda")
    card.click()
    expect(page.locator("tbody").first).to_contain_text(sold["lines"][0]["name"])
    page.goto(f"{door.base}/products")
    expect(page.locator("article.product")).not_to_have_count(0)
    fits(page, "till-products")
    page.goto(f"{door.base}/branches/{branch}")
    page.get_by_role("link", name="Ulanishni o'chirish").click()
    page.get_by_role("button", name="Ulanishni o'chirish").click()
    expect(page.get_by_text("Ulanmagan", exact=True)).to_be_visible()
    till.sell()
    told = till.report()
    assert (told["linked"], told["trouble"]) == (False, "Ulanish o'chirilgan")
    page.goto(f"{door.base}/orders")
    expect(card).to_have_count(1)
