"""`kassalab audit` of a lab with a shop: days that were sold agree, and a book that was changed is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from conformance.lab_nursery import WarmNursery, nurseries_work
from tools import cli
from tools.demo_shop import run_shop_month

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("audit-shop")]

SHOP, LEDGER, PORTAL = "pos/shop.sqlite", "operator/ledger.sqlite", "backoffice/backoffice.sqlite"
FIRST = "terminal = 'ZZ000000000000'"
SECOND = "terminal = 'ZZ000000000001'"


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lab in which two tills sold three days, some of it given back."""
    folder = tmp_path_factory.mktemp("days")
    if nurseries_work():
        with WarmNursery() as warm:
            run_shop_month(folder, 7, lambda _: None, days=3, receipts=32, nursery=warm)
    else:
        run_shop_month(folder, 7, lambda _: None, days=3, receipts=32)
    return folder / "lab-shop"


@pytest.fixture
def lab(sold: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(sold, tmp_path / "lab"))


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute(statement).rowcount == 1, statement


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = cli.run(["audit", str(folder)])
    return status, capsys.readouterr().out


def test_days_that_were_sold_agree_in_every_book(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """UZ-POS-01, UZ-SHF-05, UZ-OFF-04, BX-DATA-01"""
    before = {path: path.read_bytes() for path in lab.rglob("*.sqlite")}
    status, text = told(lab, capsys)
    assert (status, "0 findings" in text) == (0, True), text
    assert cli.run(["audit", "--json", str(lab)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["receipts"] >= 32
    assert facts["tills"] == ["pos", "pos-2"]
    assert set(facts["checks"]) == {"till", "operator", "module", "z-report", "portal"}
    assert facts["on_the_way"] == facts["findings"] == []
    assert before == {path: path.read_bytes() for path in before}


def _more_cash(lab: Path) -> None:
    change(lab / LEDGER, "UPDATE uz_receipts SET cash = cash + 1 WHERE number = 3 AND " + FIRST)


def _gone(lab: Path) -> None:
    change(lab / LEDGER, "DELETE FROM uz_receipts WHERE number = 4 AND " + FIRST)


def _another_sign(lab: Path) -> None:
    change(lab / SHOP, "UPDATE pos_fiscal SET sign = '000000000001' WHERE number = 5")


def _cheaper(lab: Path) -> None:
    change(
        lab / PORTAL,
        "UPDATE bx_orders SET total = total - 1 WHERE json_extract(receipt, '$.number') = 6 AND link = 1",
    )


def _not_told(lab: Path) -> None:
    change(lab / PORTAL, "DELETE FROM bx_orders WHERE json_extract(receipt, '$.number') = 7 AND link = 1")


def _paid_otherwise(lab: Path) -> None:
    change(
        lab / SHOP,
        "UPDATE pos_payments SET amount = amount + 5 WHERE id = (SELECT MIN(p.id) FROM pos_payments p "
        "JOIN pos_fiscal f ON f.order_id = p.order_id WHERE f.number = 2 AND p.state = 'confirmed')",
    )


def _shift(lab: Path) -> None:
    change(lab / LEDGER, "UPDATE uz_zreports SET cash_sale = cash_sale + 100 WHERE ordinal = 1 AND " + FIRST)


def _another_till(lab: Path) -> None:
    change(
        lab / "pos-2/shop.sqlite",
        "UPDATE pos_orders SET total = total + 1 WHERE id = "
        "(SELECT order_id FROM pos_fiscal WHERE number = 2)",
    )


def _with_the_other(lab: Path) -> None:
    """The operator has booked a receipt on the other till's module."""
    change(
        lab / LEDGER,
        f"UPDATE uz_receipts SET terminal = 'ZZ000000000000', number = 98 WHERE number = 3 AND {SECOND}",
    )


def _unsold(lab: Path) -> None:
    change(
        lab / LEDGER,
        "INSERT INTO uz_receipts (terminal, number, type, operation, time, cash, card, vat, items_count, "
        "content, header, received, repeats) SELECT terminal, 99, 0, 0, time, 1, 0, 0, 1, content, header, "
        "received, 0 FROM uz_receipts WHERE number = 1 AND " + FIRST,
    )


@pytest.mark.parametrize(
    ("tampered", "wanted"),
    [
        pytest.param(_more_cash, ["receipt 3 (order ", "operator's cash is"], id="operator-cash"),
        pytest.param(_gone, ["receipt 4 (order ", "no longer holds it"], id="operator-lost"),
        pytest.param(_unsold, ["receipt 99", "the till never got"], id="operator-more"),
        pytest.param(_another_sign, ["receipt 5 (order ", "sign is 000000000001, expected"], id="till-sign"),
        pytest.param(_paid_otherwise, ["receipt 2 (order ", "point of sale's c"], id="till-payment"),
        pytest.param(_cheaper, ["receipt 6 (order ", "portal's total is"], id="portal-total"),
        pytest.param(_not_told, ["receipt 7 (order ", "portal has no such order"], id="portal-lost"),
        pytest.param(_another_till, ["pos-2: receipt 2 (order ", "portal's total is"], id="second-till"),
        pytest.param(
            _with_the_other,
            ["pos: receipt 98", "the till never got", "pos-2: receipt 3 (order ", "no longer holds it"],
            id="other-terminal",
        ),
        pytest.param(_shift, ["shift 1 of ZZ", "operator's cash of sales is"], id="z-report"),
    ],
)
def test_a_book_that_was_changed_is_told_by_receipt(
    lab: Path, capsys: pytest.CaptureFixture[str], tampered: Callable[[Path], None], wanted: list[str]
) -> None:
    tampered(lab)
    status, text = told(lab, capsys)
    assert status == 1, text
    for each in wanted:
        assert each in text


@pytest.mark.parametrize("till", ["pos", "pos-2"])
def test_a_till_that_its_owner_let_go_still_counts_in_his_dashboard(
    lab: Path, capsys: pytest.CaptureFixture[str], till: str
) -> None:
    """What it told him stays his; nothing of it is compared, and that is no difference."""
    let_go = "UPDATE pos_settings SET value = json_set(value, '$.key', '') WHERE name = 'owner-link'"
    change(lab / till / "shop.sqlite", let_go)
    status, text = told(lab, capsys)
    assert (status, "0 findings" in text) == (0, True), text


def test_a_receipt_of_the_till_that_nobody_has_is_told(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The till's journal is cut: whatever it lost is told of the order and of the module."""
    journal = lab / "pos/orders.journal"
    data = journal.read_bytes()
    journal.write_bytes(data[: len(data) // 2])
    status, text = told(lab, capsys)
    assert status == 1
    assert "the till's journal has none" in text
    assert "module ZZ" in text


@pytest.mark.parametrize(
    "lost",
    [
        SHOP,
        LEDGER,
        "module/flash.journal",
        "pos/orders.journal",
        PORTAL,
        "pos-2/shop.sqlite",
        "module-2/flash.journal",
    ],
)
def test_a_folder_without_a_book_is_no_shop(lab: Path, capsys: pytest.CaptureFixture[str], lost: str) -> None:
    (lab / lost).unlink()
    assert cli.run(["audit", str(lab)]) == 2
    assert lost in capsys.readouterr().err
