"""The PC/SC shell against a driver written here: frames, power, coming and going (requirement HAR-02)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR
from reference.runtime.clock import real_elapsed
from simulator.settings import SettingsError
from simulator.shells import vpcd
from simulator.shells.bodies import BodySettings
from simulator.shells.vpcd import MUTE, Control
from tests.simulator.served import Served, serving
from tests.simulator.test_control import Desk
from tests.waiting import PATIENCE, eventually, quick_once

SELECT = apdu.select().encode()
VERSION = apdu.get_version().encode()
CPLC = apdu.get_cplc().encode()
AWAY = vpcd.AWAY


class Driver:
    """One virtual reader, as vpcd has it: it waits for a card and sends frames in two pieces."""

    def __init__(self, port: int = 0) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.listener.settimeout(PATIENCE)
        self.port: int = self.listener.getsockname()[1]
        self.card: socket.socket | None = None

    def accept(self) -> Driver:
        self.pull()
        self.card, _ = self.listener.accept()
        self.card.settimeout(PATIENCE)
        self.stream = self.card.makefile("rb")
        return self

    def pull(self) -> None:
        if self.card is not None:
            self.stream.close()
            self.card.close()

    def send(self, data: bytes) -> None:
        assert self.card is not None
        self.card.sendall(len(data).to_bytes(2, "big"))
        self.card.sendall(data)

    def receive(self) -> bytes:
        return self.stream.read(int.from_bytes(self.stream.read(2), "big"))

    def control(self, byte: int) -> None:
        self.send(bytes((byte,)))

    def atr(self) -> bytes:
        self.control(Control.ATR)
        return self.receive()

    def ask(self, command: bytes) -> bytes:
        self.send(command)
        return self.receive()

    def gone(self) -> bool:
        """Whether the card was pulled; waits for it."""
        assert self.card is not None
        with contextlib.suppress(ConnectionError):
            return self.card.recv(1) == b""
        return True

    def close(self) -> None:
        self.pull()
        self.listener.close()


@pytest.fixture(autouse=True)
def soon_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vpcd, "AWAY", 0.05)
    monkeypatch.setattr(vpcd, "NOTICED", 0.01)


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver()
    with contextlib.closing(driver):
        yield driver


def card_in(driver: Driver, **options) -> contextlib.AbstractContextManager[Served]:
    given = {name: options.pop(name) for name in ("atr", "vpcd_quick_ack") if name in options}
    return serving(bodies=BodySettings(vpcd=("127.0.0.1", driver.port), **given), **options)


@pytest.fixture
def served(driver: Driver) -> Iterator[Served]:
    with card_in(driver) as served:
        driver.accept()
        yield served


def test_the_ready_line_says_where_it_dials(driver: Driver, served: Served) -> None:
    assert served.addresses["vpcd"] == f"127.0.0.1:{driver.port}"


def test_the_card_shows_an_atr_whose_check_byte_is_right(driver: Driver, served: Served) -> None:
    assert driver.atr() == ATR_ISO


def test_the_vendors_atr_can_be_had(driver: Driver) -> None:
    with card_in(driver, atr=ATR_VENDOR):
        assert driver.accept().atr() == ATR_VENDOR


def test_power_begins_and_ends_a_session(driver: Driver, served: Served) -> None:
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"
    assert driver.ask(VERSION).hex() == "04009000"
    driver.control(Control.RESET)
    assert driver.ask(VERSION).hex() == "6d00"
    assert driver.ask(SELECT) == b"\x90\x00"
    driver.control(Control.OFF)
    driver.control(Control.ON)
    assert driver.ask(VERSION).hex() == "6d00"


def test_power_twice_is_power_once(driver: Driver, served: Served) -> None:
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"
    driver.control(Control.ON)
    assert driver.ask(VERSION).hex() == "04009000"


def test_an_unknown_control_byte_changes_nothing(driver: Driver, served: Served) -> None:
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"
    driver.control(77)
    assert driver.ask(VERSION).hex() == "04009000"


def test_long_and_extended_commands_reach_the_module_whole(driver: Driver, served: Served) -> None:
    driver.control(Control.ON)
    assert driver.ask(CPLC)[:3].hex() == "9f7f2a"
    assert driver.ask(SELECT + b"\x00") == b"\x90\x00"  # one Le byte is tolerated (uz-fiscal FM-S-10)
    assert driver.ask(SELECT + b"\x00\x00").hex() == "6700"
    assert driver.ask(bytes.fromhex("00a40400ff") + bytes(255)).hex() == "6700"
    assert driver.ask(bytes.fromhex("00a404000001f4") + bytes(500)).hex() == "6700"
    assert driver.ask(bytes(65_535)).hex() == "6700"
    assert driver.ask(b"").hex() == "6700"
    assert driver.ask(VERSION).hex() == "04009000"


def test_frames_byte_by_byte_and_glued_together(driver: Driver, served: Served) -> None:
    assert driver.card is not None
    driver.card.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    frames = b"\x00\x01\x01" + len(SELECT).to_bytes(2, "big") + SELECT + b"\x00\x05" + VERSION
    for byte in frames:
        driver.card.sendall(bytes((byte,)))
    assert (driver.receive(), driver.receive().hex()) == (b"\x90\x00", "04009000")
    driver.card.sendall((b"\x00\x05" + VERSION) * 3)
    assert driver.stream.read(18).hex() == "000404009000" * 3


def test_a_command_without_power_gets_no_answer(driver: Driver, served: Served) -> None:
    assert driver.ask(VERSION) == MUTE
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"


def test_pulled_out_and_put_back(driver: Driver, served: Served) -> None:
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"
    address = f"127.0.0.1:{driver.port}"
    body = Desk(served).module()["bodies"]["vpcd"]
    assert body == {"address": address, "plugged": True, "connected": True}
    Desk(served).do("unplug")
    assert driver.gone()
    body = Desk(served).module()["bodies"]["vpcd"]
    assert body == {"address": address, "plugged": False, "connected": False}
    Desk(served).do("plug")
    driver.accept().control(Control.ON)
    assert driver.ask(VERSION).hex() == "6d00"


def test_it_stays_away_long_enough_to_be_missed(
    driver: Driver, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pcscd looks every 0.4 s, and a card that is back before it was missed stays lost to it."""
    monkeypatch.setattr(vpcd, "AWAY", AWAY)
    Desk(served).do("unplug")
    begun = real_elapsed()
    Desk(served).do("plug")
    driver.accept()
    assert real_elapsed() - begun > 0.8


def test_putting_it_back_takes_until_the_driver_has_seen_it(
    driver: Driver, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vpcd, "NOTICED", PATIENCE)
    Desk(served).do("unplug")
    assert driver.gone()
    desk = threading.Thread(target=Desk(served).do, args=("plug",))
    desk.start()
    driver.accept()
    assert desk.is_alive()
    assert driver.atr() == ATR_ISO
    desk.join(PATIENCE)
    assert not desk.is_alive()


def test_it_comes_back_by_itself_after_lab_seconds(driver: Driver, served: Served) -> None:
    Desk(served).do("unplug", seconds=30)
    assert driver.gone()
    served.lab.advance(31)
    assert driver.accept().atr() == ATR_ISO


def test_after_a_power_cut_the_card_is_mute_until_it_gets_power(driver: Driver, served: Served) -> None:
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"
    Desk(served).do("power-cut")
    assert driver.ask(VERSION) == MUTE
    driver.control(Control.RESET)
    assert driver.ask(VERSION).hex() == "6d00"


def test_power_that_goes_in_a_command_is_its_answer(driver: Driver, served: Served) -> None:
    served.process.faults.add(point="link.latency", action="delay", delay=60, count=None)
    driver.control(Control.ON)
    driver.send(SELECT)
    eventually(lambda: Desk(served).module()["bodies"]["vpcd"]["connected"])
    eventually(lambda: served.process.bodies[0]._line._asked)
    Desk(served).do("power-cut")
    assert driver.receive() == MUTE
    served.lab.advance(61)
    served.process.faults.clear()
    driver.control(Control.ON)
    assert driver.ask(VERSION).hex() == "6d00"


def test_power_that_goes_while_it_comes_is_no_answer(driver: Driver, served: Served) -> None:
    served.process.faults.add(point="link.connect", action="delay", delay=60)
    driver.control(Control.ON)
    eventually(lambda: not served.process.faults.armed("link.connect"))
    Desk(served).do("power-cut")
    served.lab.advance(61)
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"


def test_a_lost_answer_is_a_mute_card(driver: Driver, served: Served) -> None:
    served.process.faults.add(point="apdu.reply", action="drop", match={"apdu": VERSION.hex()})
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"
    assert driver.ask(VERSION) == MUTE
    assert driver.ask(VERSION) == MUTE
    driver.control(Control.ON)
    assert driver.ask(VERSION).hex() == "6d00"


def test_a_card_that_refuses_its_power_shows_no_atr(driver: Driver, served: Served) -> None:
    served.process.faults.add(point="link.connect", action="drop")
    driver.control(Control.ON)
    assert driver.atr() == MUTE
    assert driver.atr() == ATR_ISO
    assert driver.ask(SELECT) == MUTE
    driver.control(Control.ON)
    assert driver.ask(SELECT) == b"\x90\x00"


def test_slow_power_delays_the_first_command(driver: Driver, served: Served) -> None:
    served.process.faults.add(point="link.connect", action="delay", delay=60)
    driver.control(Control.ON)
    driver.send(SELECT)
    eventually(lambda: not served.process.faults.armed("link.connect"))
    served.lab.advance(61)
    assert driver.receive() == b"\x90\x00"


def test_it_waits_for_a_driver_and_finds_it_again() -> None:
    driver = Driver()
    port = driver.port
    driver.close()
    with serving(bodies=BodySettings(vpcd=("127.0.0.1", port))):
        for _ in range(2):
            driver = Driver(port)
            with contextlib.closing(driver):
                assert driver.accept().atr() == ATR_ISO


def test_several_modules_lie_in_several_readers() -> None:
    first, second = _neighbours()
    with (
        contextlib.closing(first),
        contextlib.closing(second),
        serving(count=2, bodies=BodySettings(vpcd=("127.0.0.1", first.port))) as served,
    ):
        assert served.addresses["vpcd.1"] == f"127.0.0.1:{second.port}"
        cards = []
        for driver in (first, second):
            driver.accept().control(Control.ON)
            cards.append(driver.ask(CPLC))
        assert cards[0] != cards[1]
        Desk(served).do("unplug", index=1)
        assert second.gone()
        assert first.ask(SELECT) == b"\x90\x00"


def _neighbours() -> tuple[Driver, Driver]:
    while True:
        first = Driver()
        try:
            return first, Driver(first.port + 1)
        except OSError:
            first.close()


def test_a_driver_that_sends_in_two_pieces_is_not_kept_waiting() -> None:
    """The second piece waits for the acknowledgement of the first, which a system delays by 40 ms."""

    def spent(quick: bool) -> float:
        driver = Driver()
        with contextlib.closing(driver), card_in(driver, vpcd_quick_ack=quick):
            driver.accept().control(Control.ON)
            begun = real_elapsed()
            for _ in range(10):
                driver.ask(CPLC)
            return real_elapsed() - begun

    # Nothing but the delay makes the slow way slow each time.
    slow = min(spent(quick=False) for _ in range(2))
    quick_once(lambda: spent(quick=True), slow / 2, tries=10)


@pytest.mark.parametrize("address", ["", "35963", "host:", ":35963", "host:0", "host:65536", "host:port"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    from simulator.__main__ import make_parser
    from simulator.shells.bodies import body_settings

    options = make_parser().parse_args(["--vpcd", address])
    with pytest.raises(SettingsError) as caught:
        body_settings(options)
    assert (caught.value.field, caught.value.rule) == ("vpcd", "address")
