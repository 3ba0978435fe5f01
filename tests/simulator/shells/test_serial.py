"""The serial shells against a host written here: frames, echo, broken lines, T=0, T=1, coming and going."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference.protocol.usb import ccid, gempc, t0
from reference.protocol.usb.ccid_codes import CommandStatus, IccStatus, SlotError
from reference.protocol.usb.parameters import ProtocolDataT1
from reference.protocol.usb.pps import Pps
from reference.protocol.usb.t1 import IFS, RESPONSE, Block
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR
from simulator.shells.bodies import BodySettings
from tests.simulator.served import Host, Served, serving
from tests.simulator.test_control import Desk
from tests.waiting import PATIENCE, eventually

SELECT = apdu.select().encode()
VERSION = apdu.get_version().encode()
CPLC = apdu.get_cplc().encode()


class Port:
    """A host's end of the serial line."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.splitter = gempc.Splitter()
        self.seq = 0

    def read(self) -> bytes:
        """At least one byte."""
        assert select.select([self.fd], [], [], PATIENCE)[0], "nothing comes"
        return os.read(self.fd, 4096)

    def frame(self) -> gempc.Frame:
        while (frame := self.splitter.next()) is None:
            self.splitter.feed(self.read())
        return frame

    def silent(self) -> bool:
        """Whether all that came has been read."""
        return self.splitter.next() is None and not select.select([self.fd], [], [], 0.05)[0]

    def ask(self, message: ccid.Message) -> ccid.Answer:
        """The answer to a message; the echo comes before it."""
        sent = message.encode()
        os.write(self.fd, gempc.seal(sent))
        assert self.frame() == sent
        answer = self.frame()
        assert isinstance(answer, bytes)
        return ccid.decode_answer(answer)

    def power_on(self) -> bytes:
        return self.ask(ccid.PC_to_RDR_IccPowerOn(bSeq=1, bPowerSelect=1)).abData

    def exchange(self, data: bytes) -> bytes:
        self.seq = (self.seq + 1) % 256
        answer = self.ask(ccid.PC_to_RDR_XfrBlock(bSeq=self.seq, abData=data))
        assert (answer.bSeq, answer.bError) == (self.seq, 0), SlotError(answer.bError)
        return answer.abData

    def error(self, data: bytes) -> SlotError:
        answer = self.ask(ccid.PC_to_RDR_XfrBlock(abData=data))
        assert answer.bStatus >> 6 == CommandStatus.FAILED
        return SlotError(answer.bError)

    def close(self) -> None:
        os.close(self.fd)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(bodies=BodySettings(serial="auto")) as served:
        yield served


@pytest.fixture
def port(served: Served) -> Iterator[Port]:
    with contextlib.closing(Port(served.addresses["serial"])) as port:
        yield port


def test_power_shows_the_atr(port: Port) -> None:
    assert port.power_on() == ATR_ISO


def test_the_vendors_atr_can_be_had() -> None:
    with (
        serving(bodies=BodySettings(serial="auto", atr=ATR_VENDOR)) as served,
        contextlib.closing(Port(served.addresses["serial"])) as port,
    ):
        assert port.power_on() == ATR_VENDOR


def test_over_t0_an_answer_with_data_is_fetched(port: Port) -> None:
    port.power_on()
    assert port.exchange(SELECT) == b"\x90\x00"
    assert port.exchange(VERSION).hex() == "6102"
    assert port.exchange(bytes.fromhex("00c0000003")).hex() == "6c02"
    assert port.exchange(bytes.fromhex("00c0000002")).hex() == "04009000"
    assert port.exchange(bytes.fromhex("00c0000002")).hex() == "6985"


def test_over_t0_a_host_that_knows_the_rules_gets_every_answer_whole(port: Port) -> None:
    port.power_on()
    for command in (SELECT, VERSION, CPLC, apdu.get_fiscal_memory_info().encode()):
        assert whole(port, command)[-2:] == b"\x90\x00"


def whole(port: Port, command: bytes) -> bytes:
    carrying = t0.apdus(command)
    tpdu = next(carrying)
    try:
        while True:
            tpdu = carrying.send(port.exchange(tpdu))
    except StopIteration as end:
        return end.value


def test_over_t1_commands_and_answers_come_in_blocks(port: Port) -> None:
    port.power_on()
    wanted = Pps(1).encode()
    assert port.exchange(wanted) == wanted
    parameters = ccid.PC_to_RDR_SetParameters(
        bProtocolNum=1, abProtocolDataStructure=ProtocolDataT1().encode()
    )
    assert port.ask(parameters).bError == 0
    assert port.exchange(Block(IFS, b"\xfe").encode()) == Block(IFS | RESPONSE, b"\xfe").encode()
    assert port.exchange(Block.information(0, SELECT).encode()) == Block.information(0, b"\x90\x00").encode()
    answer = Block.decode(port.exchange(Block.information(1, CPLC).encode()))
    assert (answer.number, answer.more, len(answer.inf)) == (1, False, 47)
    long = bytes.fromhex("0009000028") + bytes(40)
    assert port.exchange(Block.information(0, long[:32], more=True).encode()) == Block.ready(1).encode()
    assert len(Block.decode(port.exchange(Block.information(1, long[32:]).encode())).inf) == 2


@pytest.mark.parametrize("data", ["ff0000", "ff02fd", "ff01"])
def test_a_protocol_that_is_not_offered_is_met_with_silence(port: Port, data: str) -> None:
    port.power_on()
    assert port.error(bytes.fromhex(data)) == SlotError.ICC_MUTE
    assert port.exchange(SELECT) == b"\x90\x00"


def test_without_power_there_is_no_answer(port: Port) -> None:
    assert port.error(SELECT) == SlotError.ICC_MUTE


def test_frames_byte_by_byte(port: Port) -> None:
    message = ccid.PC_to_RDR_IccPowerOn(bPowerSelect=1).encode()
    for byte in gempc.seal(message):
        os.write(port.fd, bytes((byte,)))
    assert port.frame() == message
    answer = port.frame()
    assert isinstance(answer, bytes)
    assert ccid.decode_answer(answer).abData == ATR_ISO


def test_a_frame_with_a_wrong_check_byte_is_asked_for_again(port: Port) -> None:
    port.power_on()
    frame = gempc.seal(ccid.PC_to_RDR_XfrBlock(abData=SELECT).encode())
    os.write(port.fd, frame[:-1] + bytes((frame[-1] ^ 1,)))
    assert port.frame() == gempc.Nak()
    assert port.silent()
    assert port.exchange(SELECT) == b"\x90\x00"


def test_half_a_frame_is_asked_for_again_after_a_moment(port: Port) -> None:
    frame = gempc.seal(ccid.PC_to_RDR_IccPowerOn(bPowerSelect=1).encode())
    os.write(port.fd, frame[:7])
    assert port.frame() == gempc.Nak()
    assert port.power_on() == ATR_ISO


def test_the_last_answer_is_given_again_to_who_asks(port: Port) -> None:
    port.power_on()
    port.exchange(SELECT)
    port.exchange(VERSION)
    for _ in range(2):
        os.write(port.fd, gempc.NAK_FRAME)
        again = port.frame()
        assert isinstance(again, bytes)
        assert ccid.decode_answer(again).abData.hex() == "6102"
    assert port.exchange(bytes.fromhex("00c0000002")).hex() == "04009000"


def test_noise_between_frames_is_passed_over(port: Port) -> None:
    os.write(port.fd, b"\x00\xff\x03\x03\x07")
    assert port.power_on() == ATR_ISO


def test_it_tells_of_its_firmware_and_knows_no_other_command(port: Port) -> None:
    assert port.ask(ccid.PC_to_RDR_Escape(abData=b"\x02")).abData == b"Kassalab Twin"
    assert port.ask(ccid.PC_to_RDR_Escape(abData=b"\x6a")).bStatus >> 6 == CommandStatus.FAILED
    assert port.ask(ccid.PC_to_RDR_Escape(abData=b"\x01\x01\x02")).bStatus >> 6 == CommandStatus.FAILED


def test_it_tells_of_its_card_to_who_asked_for_that(served: Served, port: Port) -> None:
    desk = Desk(served)
    desk.do("card-remove")
    desk.do("card-insert")
    assert port.silent()
    assert port.ask(ccid.PC_to_RDR_Escape(abData=b"\x01\x01\x01")).bError == 0
    desk.do("card-remove")
    assert port.frame() is False
    assert port.ask(ccid.PC_to_RDR_GetSlotStatus()).bStatus & 3 == IccStatus.ABSENT
    desk.do("card-insert")
    assert port.frame() is True
    assert port.power_on() == ATR_ISO


def test_a_power_cut_ends_the_session(served: Served, port: Port) -> None:
    port.power_on()
    assert port.exchange(SELECT) == b"\x90\x00"
    Desk(served).do("power-cut")
    assert port.error(VERSION) == SlotError.ICC_MUTE
    port.power_on()
    assert port.exchange(VERSION).hex() == "6d00"


def test_a_slow_module_asks_for_time(served: Served, port: Port) -> None:
    port.power_on()
    served.process.faults.add(point="link.latency", action="delay", delay=3)
    os.write(port.fd, gempc.seal(ccid.PC_to_RDR_XfrBlock(bSeq=9, abData=SELECT).encode()))
    port.frame()
    eventually(lambda: not served.process.faults.armed("link.latency"))
    answers = []
    while not answers or answers[-1].bStatus >> 6 == CommandStatus.TIME_EXTENSION:
        served.lab.advance(1.1)
        frame = port.frame()
        assert isinstance(frame, bytes)
        answers.append(ccid.decode_answer(frame))
    assert len(answers) > 1
    assert (answers[-1].bSeq, answers[-1].abData) == (9, b"\x90\x00")


def test_a_host_may_close_the_port_and_open_it_again(served: Served) -> None:
    for _ in range(2):
        with contextlib.closing(Port(served.addresses["serial"])) as port:
            assert port.power_on() == ATR_ISO


def test_a_host_that_does_not_read_loses_nothing(port: Port) -> None:
    port.power_on()
    port.exchange(SELECT)
    count = 400
    message = ccid.PC_to_RDR_XfrBlock(abData=CPLC).encode()
    writer = threading.Thread(target=_write_all, args=(port.fd, gempc.seal(message) * count))
    writer.start()
    for _ in range(count):
        assert port.frame() == message
        answer = port.frame()
        assert isinstance(answer, bytes)
        assert ccid.decode_answer(answer).abData.hex() == "612d"
    writer.join()


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def test_pulled_out_the_terminal_hangs_up_and_a_link_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    with serving(bodies=BodySettings(serial=str(path))) as served:
        assert served.addresses["serial"] == str(path)
        desk = Desk(served)
        with contextlib.closing(Port(str(path))) as port:
            port.power_on()
            assert port.exchange(SELECT) == b"\x90\x00"
            assert desk.module()["bodies"]["serial"]["connected"]
            desk.do("unplug")
            assert not path.is_symlink()
            with pytest.raises(OSError, match="Input/output error"):
                _write_all(port.fd, gempc.NAK_FRAME)
        assert not desk.module()["bodies"]["serial"]["plugged"]
        desk.do("plug")
        with contextlib.closing(Port(str(path))) as port:
            port.power_on()
            assert port.exchange(VERSION).hex() == "6d00"
    assert not path.is_symlink()


def test_a_stale_link_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    path.symlink_to("/dev/pts/nothing")
    with serving(bodies=BodySettings(serial=str(path))):
        assert path.readlink() != Path("/dev/pts/nothing")
    path.write_text("a file of somebody's")
    with (
        pytest.raises(FileExistsError),
        serving(bodies=BodySettings(serial=str(path))),
    ):
        pass
    assert path.read_text() == "a file of somebody's"


def test_several_modules_have_several_terminals(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    with serving(count=2, bodies=BodySettings(serial=str(path))) as served:
        cards = []
        for index in range(2):
            assert served.addresses[f"serial.{index}"] == f"{path}.{index}"
            with contextlib.closing(Port(f"{path}.{index}")) as port:
                port.power_on()
                port.exchange(CPLC)
                cards.append(port.exchange(bytes.fromhex("00c000002d")))
        assert cards[0] != cards[1]


def test_socket_has_the_framing_of_tcp() -> None:
    with serving(bodies=BodySettings(serial_tcp=("127.0.0.1", 0))) as served:
        address = served.addresses["serial-tcp"]
        assert address != served.address()
        with Host(address, select=True) as host:
            assert host.ask(VERSION).hex() == "04009000"
            assert Desk(served).module()["bodies"]["serial-tcp"]["connected"]
            Desk(served).do("unplug")
            assert host.gone()
        Desk(served).do("plug")
        assert served.process.bodies[0].address == address
        with Host(address) as host:
            assert host.atr == ATR_VENDOR
            Desk(served).do("power-cut")
            assert host.gone()
