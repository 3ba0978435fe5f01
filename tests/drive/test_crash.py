"""kill -9 of the drive at every fault point loses and doubles nothing: UZ-SVC-02, G2-S-09, G2-S-20."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.control_client import ControlClientError
from conformance.lab import Lab
from reference.drive.stage import FAULT_POINTS
from reference.pos.errors import DriveUnreachableError
from tests.drive.lab_shop import LabShop
from tests.waiting import eventually

SELLING = [point for point in FAULT_POINTS if not point.startswith(("sync.", "operator."))]
SENDING = [point for point in FAULT_POINTS if point.startswith(("sync.", "operator."))]
COMMANDS = ("GET_FISCAL_MEMORY_INFO", "RECEIPT_REGISTER", "GET_RECEIPT_FILE")
"""Of a sale, whatever else the drive asks the module."""
OPTIONS = {"drive": ["--no-auto-send", "--presence-interval", "0"]}
SLOWLY = 0.1
"""The rate of lab time: an operator that a slow disk holds up for five seconds is none that keeps silent."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabShop]:
    with Lab(tmp_path_factory.mktemp("lab"), rate=SLOWLY, options=OPTIONS) as lab:
        shop = LabShop(lab, tmp_path_factory.mktemp("till"))
        shop.till.sell(shop.order())
        yield shop
        shop.close()


def died(shop: LabShop) -> None:
    """The drive is dead by its own hand; start it again."""
    eventually(lambda: not shop.lab.alive("drive"))
    shop.lab.restart("drive")


def send(shop: LabShop) -> None:
    shop.lab.control("drive").do("send-now")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "given"),
    [(point, {}) for point in SELLING]
    + [("drive.request", {"skip": 3})]
    + [("link.transmit", {"match": {"command": name}}) for name in COMMANDS],
)
def test_killed_while_selling(shop: LabShop, point: str, given: dict[str, Any]) -> None:
    shop.lab.control("drive").add_fault(point, "crash", **given)
    with pytest.raises(DriveUnreachableError):
        shop.till.sell(shop.order())
    died(shop)
    # The till is switched off and on as well: it carries on from its own book.
    shop.book.close()
    shop.open_till()
    shop.till.finish_pending()
    shop.till.sell(shop.order())
    send(shop)
    shop.all_agree()


@pytest.mark.slow
@pytest.mark.parametrize("point", SENDING)
def test_killed_while_sending(shop: LabShop, point: str) -> None:
    for _ in range(3):
        shop.till.sell(shop.order())
    shop.lab.control("drive").add_fault(point, "crash", skip=1 if point.endswith("-ack") else 0)
    with pytest.raises(ControlClientError):
        send(shop)
    died(shop)
    shop.till.sell(shop.order())
    send(shop)
    shop.all_agree()


@pytest.mark.slow
def test_the_pos_never_comes_back(shop: LabShop) -> None:
    """G2-S-20: killed after the module has registered; the sender finishes and sends it without the POS."""
    order = shop.order()
    shop.lab.control("drive").add_fault("register.after-fm", "crash")
    with pytest.raises(DriveUnreachableError):
        shop.till.sell(order)
    died(shop)
    send(shop)
    number = shop.drive("/FiscalDrive/FiscalMemory/Info/{F}")["ReceiptSeq"]
    assert shop.ledger()[-1]["number"] == number
    assert shop.ledger()[-1]["body"], "the full receipt, not a short record"
    (late,) = shop.till.finish_pending()
    assert late.answer is not None
    assert late.answer["ReceiptSeq"] == number
    shop.all_agree()


@pytest.mark.slow
def test_module_and_operator_killed_too(shop: LabShop) -> None:
    """UZ-DEV-03, UZ-OFD-01 from the drive's side"""
    order = shop.order()
    shop.lab.control("module").add_fault("apdu.commit", "crash", match={"apdu": "001700*"})
    with pytest.raises(DriveUnreachableError):
        shop.till.sell(order)
    eventually(lambda: not shop.lab.alive("module"))
    shop.lab.restart("module")
    shop.till.finish_pending()
    shop.lab.control("operator").add_fault("ofd.store.after", "crash")
    with pytest.raises(ControlClientError):
        send(shop)
    eventually(lambda: not shop.lab.alive("operator"))
    shop.lab.restart("operator")
    send(shop)
    shop.all_agree()
