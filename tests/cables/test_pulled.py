"""A shop whose module is pulled out during work, on every cable, with the drive service and the till as they
are: UZ-USB-01, -02 and -03 end to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from conformance.control_client import ControlClient, ControlClientError
from conformance.lab import Lab
from reference.pos.drive_client import DriveClient
from reference.pos.errors import DriveRefusedError, DriveUnreachableError, TillError
from reference.pos.order import Order
from reference.pos.order_book import Sale
from tests.drive.lab_shop import LabShop
from tests.waiting import PATIENCE, eventually

CABLES = ("tcp", "usb", "serial")
LOOKS = 0.5
"""Real seconds between two looks of the drive at its plug."""
SOON = 2.0
"""Seconds within which the till must say so (UZ-USB-01). Lab time runs as real time does here."""
ABSENT = ("no card found", "no card connected", "card connection lost")


class CableShop(LabShop):
    """A shop whose drive reaches its module over one cable alone."""

    @property
    def module(self) -> ControlClient:
        return self.lab.control("module")

    def pull(self) -> datetime:
        """Pull the module out; the moment before it."""
        before = self.clock.now()
        self.module.do("unplug")
        return before

    def plug(self) -> None:
        self.module.do("plug")

    def told(self, kind: str) -> list[datetime]:
        """When the drive noticed by itself that a module went or came."""
        events = self.lab.control("drive").journal_tail(200)
        return [datetime.fromisoformat(one["time"]) for one in events if one["kind"] == f"module.{kind}"]

    def send(self) -> None:
        self.lab.control("drive").do("send-now")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("cables")
    bodies = ["--usbip-port", "0", "--serial", str(folder / "reader")]
    # Slowly: an operator that a slow disk holds up for five seconds is none that keeps silent.
    with Lab(folder / "lab", options={"module": bodies, "drive": ["--no-auto-send"]}, rate=0.25) as lab:
        yield lab


@pytest.fixture(params=CABLES)
def shop(lab: Lab, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CableShop]:
    """A new shop on the cable; what went before is forgotten everywhere."""
    lab.control("module").clear_faults()
    lab.control("module").do("plug")
    lab.control("module").reset(terminal="ZZ000000000000")
    lab.control("operator").reset()
    addresses = lab.addresses["module"]
    url = {
        "tcp": f"tcp://{addresses['module']}",
        "usb": f"usb:1209:4b01?usbip={addresses['usbip']}",
        "serial": f"serial:{addresses['serial']}",
    }[request.param]
    lab.control("drive").reset(modules=[url], presence_interval=LOOKS)
    shop = CableShop(lab, tmp_path)
    shop.till.sell(shop.order())
    yield shop
    shop.close()


def refusal(shop: CableShop) -> str:
    try:
        shop.client.info()
    except DriveRefusedError as error:
        return error.reason.lower()
    return ""


class Selling:
    """A sale in a thread of its own, and what came of it."""

    def __init__(self, shop: CableShop, order: Order) -> None:
        self.sale: Sale | None = None
        self.error: TillError | None = None
        self.ended_at: datetime | None = None
        self._shop = shop
        self._thread = threading.Thread(target=self._sell, args=(order,))
        self._thread.start()

    def _sell(self, order: Order) -> None:
        try:
            self.sale = self._shop.till.sell(order)
        except TillError as error:
            self.error = error
        self.ended_at = self._shop.clock.now()

    def end(self) -> datetime:
        self._thread.join(PATIENCE)
        assert self.ended_at is not None, "the sale has not ended"
        return self.ended_at


def held_up(shop: CableShop) -> None:
    """Wait until the fault holds a command in the middle of its work."""
    eventually(lambda: any(one["hits"] for one in shop.module.faults()["rules"]))


@pytest.mark.slow
def test_pulled_while_nothing_happens(shop: CableShop) -> None:
    """UZ-USB-01: noticed without anybody asking, said within two seconds, and work goes on by itself"""
    before = len(shop.told("unplugged"))
    pulled = shop.pull()
    eventually(lambda: len(shop.told("unplugged")) > before)
    assert (shop.told("unplugged")[-1] - pulled).total_seconds() <= SOON
    asked = shop.clock.now()
    assert refusal(shop) in ABSENT
    assert (shop.clock.now() - asked).total_seconds() <= SOON
    order = shop.order()
    with pytest.raises(TillError):
        shop.till.sell(order)
    came = len(shop.told("plugged"))
    shop.plug()
    eventually(lambda: len(shop.told("plugged")) > came)
    (late,) = shop.till.finish_pending()
    assert late.order.id == order.id
    shop.till.sell(shop.order())
    shop.send()
    shop.all_agree()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "number"),
    [("link.latency", 0), ("apdu.commit", 0), ("apdu.reply", 1)],
    ids=["on its way", "decided", "done"],
)
def test_pulled_in_the_middle_of_a_registration(shop: CableShop, point: str, number: int) -> None:
    """UZ-USB-02: whether the receipt is there is asked for, when the module is back; it is there once"""
    order = shop.order()
    match = {"command": "RECEIPT_REGISTER"}
    shop.module.add_fault(point, "delay", delay=600.0, match=match)
    selling = Selling(shop, order)
    held_up(shop)
    pulled = shop.pull()
    assert (selling.end() - pulled).total_seconds() <= SOON
    assert isinstance(selling.error, DriveUnreachableError), "the order is kept"
    assert shop.module.do("inspect")["receipt_seq"] == 1 + number
    shop.module.clear_faults()
    shop.plug()
    (late,) = shop.till.finish_pending()
    assert late.answer is not None
    assert late.answer["ReceiptSeq"] == 2
    shop.till.sell(shop.order())
    shop.send()
    shop.all_agree()


@pytest.mark.slow
def test_pulled_while_acknowledgements_are_handed_over(shop: CableShop) -> None:
    """UZ-USB-02: what the module took stays taken, the rest goes again, the operator has each once"""
    for _ in range(3):
        shop.till.sell(shop.order())
    shop.module.add_fault("apdu.reply", "delay", delay=600.0, match={"command": "ACK"}, skip=1)
    sending = threading.Thread(target=lambda: _sent(shop))
    sending.start()
    held_up(shop)
    shop.pull()
    sending.join(PATIENCE)
    assert not sending.is_alive()
    shop.module.clear_faults()
    shop.plug()
    shop.till.sell(shop.order())
    shop.send()
    shop.all_agree()


def _sent(shop: CableShop) -> bool:
    """Whether all went; the drive says no when its module is pulled meanwhile."""
    try:
        shop.send()
    except ControlClientError:
        return False
    return True


@pytest.mark.slow
def test_another_module_in_its_place(shop: CableShop) -> None:
    """UZ-USB-03: refused until confirmed, also for what was begun before"""
    shop.send()
    shop.all_agree()
    shop.module.do("replace", new_terminal="ZZ000000000077")
    eventually(lambda: shop.told("replaced"))
    order = shop.order()
    with pytest.raises(TillError):
        shop.till.sell(order)
    (slot,) = shop.lab.control("drive").state()["modules"]
    assert slot["confirmed"] is False
    seen = slot["factory_id"]
    assert seen != shop.client.factory_id
    with closing(DriveClient(shop.drive_url, seen)) as asking:
        with pytest.raises(DriveRefusedError, match="not confirmed"):
            asking.info()
        shop.lab.control("drive").do("confirm-module", link=slot["link"])
        assert asking.info()["TerminalID"] == "ZZ000000000077"
