"""The host's half of CCID 1.1, message by message, against a reader that is played."""

from __future__ import annotations

import pytest

from reference.links.ccid_host import CcidHost
from reference.links.errors import LinkLost, LinkTimeout, NoModule
from reference.protocol.usb.ccid import (
    Answer,
    Message,
    PC_to_RDR_Abort,
    PC_to_RDR_GetSlotStatus,
    PC_to_RDR_IccPowerOff,
    PC_to_RDR_IccPowerOn,
    PC_to_RDR_SetParameters,
    PC_to_RDR_XfrBlock,
    RDR_to_PC_DataBlock,
    RDR_to_PC_Parameters,
    RDR_to_PC_SlotStatus,
    decode_command,
    status,
)
from reference.protocol.usb.ccid_codes import CommandStatus, IccStatus, SlotError
from reference.protocol.usb.descriptors import CcidDescriptor, CcidFeatures
from reference.protocol.uz.apdu import ATR_ISO

FAILED = status(IccStatus.ACTIVE, CommandStatus.FAILED)
ABSENT = status(IccStatus.ABSENT, CommandStatus.FAILED)
EXTENSION = status(IccStatus.ACTIVE, CommandStatus.TIME_EXTENSION)


class Played:
    """A pipe that answers from a list, several at once or bytes as they are, and keeps what was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[Message] = []
        self._ready: list[bytes] = []

    def send(self, message: bytes) -> None:
        command = decode_command(message)
        self.asked.append(command)
        given = self.answers.pop(0)
        for one in given if isinstance(given, list) else [given]:
            self._ready.append(one if isinstance(one, bytes) else _numbered(one, command))

    def receive(self) -> bytes:
        if not self._ready:
            raise LinkTimeout("silence")
        return self._ready.pop(0)


def _numbered(answer: object, command: Message) -> bytes:
    assert isinstance(answer, Answer)
    fields = {name: getattr(answer, name) for name in answer.__slots__}
    return type(answer)(**{**fields, "bSlot": command.bSlot, "bSeq": command.bSeq}).encode()


def data(abdata: bytes = b"", chain: int = 0, bstatus: int = 0, error: int = 0) -> RDR_to_PC_DataBlock:
    return RDR_to_PC_DataBlock(bStatus=bstatus, bError=error, bChainParameter=chain, abData=abdata)


def host(pipe: Played, level: CcidFeatures = CcidFeatures.SHORT_APDU_LEVEL, **fields: int) -> CcidHost:
    return CcidHost(pipe, CcidDescriptor(dwFeatures=level, **fields), 1, "reader", 254)


def test_power_and_commands_are_numbered() -> None:
    pipe = Played(data(ATR_ISO), data(b"\x90\x00"), RDR_to_PC_SlotStatus(bStatus=1))
    reader = host(pipe)
    assert reader.power_on() == ATR_ISO
    assert reader.transmit(b"\0\xca\x9f\x7f\0") == b"\x90\x00"
    reader.power_off()
    assert pipe.asked == [
        PC_to_RDR_IccPowerOn(1, 254),
        PC_to_RDR_XfrBlock(1, 255, abData=b"\0\xca\x9f\x7f\0"),
        PC_to_RDR_IccPowerOff(1, 0),
    ]
    assert reader.seq == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (data(bstatus=ABSENT, error=SlotError.ICC_MUTE), r"^reader: no card in slot 1$"),
        (data(bstatus=FAILED, error=SlotError.ICC_MUTE), r"FE - ICC_MUTE"),
        (data(bstatus=FAILED, error=5), r"05 - field at offset 5"),
    ],
)
def test_no_power(answer: RDR_to_PC_DataBlock, why: str) -> None:
    with pytest.raises(NoModule, match=why):
        host(Played(answer)).power_on()


def test_a_slot_still_at_work_is_aborted_once() -> None:
    busy = data(bstatus=FAILED, error=SlotError.CMD_SLOT_BUSY)
    pipe = Played(busy, RDR_to_PC_SlotStatus(), data(ATR_ISO))
    assert host(pipe).power_on() == ATR_ISO
    assert [type(one) for one in pipe.asked] == [PC_to_RDR_IccPowerOn, PC_to_RDR_Abort, PC_to_RDR_IccPowerOn]
    with pytest.raises(NoModule, match="CMD_SLOT_BUSY"):
        host(Played(busy, RDR_to_PC_SlotStatus(), busy)).power_on()


def test_presence_is_asked_without_power() -> None:
    for icc, there in ((IccStatus.ACTIVE, True), (IccStatus.INACTIVE, True), (IccStatus.ABSENT, False)):
        pipe = Played(RDR_to_PC_SlotStatus(bStatus=icc))
        assert host(pipe).present() is there
        assert isinstance(pipe.asked[0], PC_to_RDR_GetSlotStatus)


def test_more_time_and_answers_of_yesterday_are_passed_over() -> None:
    old = RDR_to_PC_DataBlock(1, 7, abData=b"\x6f\x00").encode()
    elsewhere = RDR_to_PC_DataBlock(0, 254, abData=b"\x6f\x00").encode()
    more = data(bstatus=EXTENSION, error=1)
    pipe = Played([old, elsewhere, more, more, data(b"\x90\x00")])
    assert host(pipe).transmit(bytes(5)) == b"\x90\x00"


def test_answers_of_yesterday_only() -> None:
    old = RDR_to_PC_DataBlock(1, 7).encode()
    with pytest.raises(LinkLost, match="answers to other commands only"):
        host(Played([old] * 17)).transmit(bytes(5))


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (data(bstatus=ABSENT, error=SlotError.ICC_MUTE), LinkLost, "no card in slot 1"),
        (data(bstatus=FAILED, error=SlotError.ICC_MUTE), LinkTimeout, "ICC_MUTE"),
        (data(bstatus=FAILED, error=SlotError.XFR_PARITY_ERROR), LinkLost, "XFR_PARITY_ERROR"),
        (data(bstatus=FAILED, error=SlotError.CMD_ABORTED), LinkLost, "CMD_ABORTED"),
        (data(bstatus=IccStatus.INACTIVE), LinkLost, "lost its power"),
        (RDR_to_PC_SlotStatus(), LinkLost, "RDR_to_PC_SlotStatus answers PC_to_RDR_XfrBlock"),
        (b"\x80\0\0", LinkLost, "a header has 10"),
        (b"\x80\xff\0\0\0\1\xfe\0\0\0", LinkLost, "dwLength"),
        ([], LinkTimeout, "silence"),
    ],
)
def test_a_command_whose_outcome_is_not_known(answer: object, kind: type[LinkLost], why: str) -> None:
    """UZ-USB-02"""
    with pytest.raises(LinkLost, match=why) as raised:
        host(Played(answer)).transmit(bytes(5))
    assert raised.type is kind


def test_a_long_command_goes_in_pieces_and_a_long_answer_comes_so() -> None:
    """CCID 1.1 §6.1.4 at extended APDU level"""
    pipe = Played(
        data(chain=0x10),
        data(chain=0x10),
        data(b"ab", chain=1),
        data(b"cd", chain=3),
        data(b"\x90\0", chain=2),
    )
    reader = host(pipe, CcidFeatures.EXTENDED_APDU_LEVEL, dwMaxCCIDMessageLength=14)
    assert reader.transmit(b"0123456789") == b"abcd\x90\0"
    asked = [(one.wLevelParameter, one.abData) for one in pipe.asked if isinstance(one, PC_to_RDR_XfrBlock)]
    assert asked == [(1, b"0123"), (3, b"4567"), (2, b"89"), (0x10, b""), (0x10, b"")]


@pytest.mark.parametrize("answers", [(data(chain=0),), (data(chain=0x10), data(chain=4))])
def test_a_chain_that_breaks(answers: tuple[object, ...]) -> None:
    reader = host(Played(*answers), CcidFeatures.EXTENDED_APDU_LEVEL, dwMaxCCIDMessageLength=14)
    with pytest.raises(LinkLost, match="chain parameter"):
        reader.transmit(b"01234")


def test_a_command_that_no_message_carries() -> None:
    with pytest.raises(ValueError, match="262 bytes does not fit"):
        host(Played()).transmit(bytes(262))


def test_t0_by_hand() -> None:
    """uz-fiscal FM-S-10; ISO 7816-3 §10"""
    pipe = Played(
        data(ATR_ISO),
        RDR_to_PC_Parameters(),
        data(b"\x61\x03"),
        data(b"abc\x90\x00"),
        data(b"\x6c\x02"),
        data(b"ab\x90\x00"),
    )
    reader = host(pipe, CcidFeatures.TPDU_LEVEL)
    assert reader.power_on() == ATR_ISO
    assert reader.transmit(bytes.fromhex("00a404000261620000")[:-1]) == b"abc\x90\x00"
    assert reader.transmit(bytes.fromhex("00ca9f7f00")) == b"ab\x90\x00"
    told = pipe.asked[1]
    assert isinstance(told, PC_to_RDR_SetParameters)
    assert told.abProtocolDataStructure == bytes.fromhex("1100000a00")
    blocks = [one.abData.hex() for one in pipe.asked if isinstance(one, PC_to_RDR_XfrBlock)]
    assert blocks == ["00a40400026162", "00c0000003", "00ca9f7f00", "00ca9f7f02"]


def test_t0_cannot_carry_everything() -> None:
    reader = host(Played(data(b"\x90")), CcidFeatures.TPDU_LEVEL)
    with pytest.raises(ValueError, match="T=0"):
        reader.transmit(bytes.fromhex("0017000044") + bytes(67))
    with pytest.raises(LinkLost, match="a status word has 2"):
        reader.transmit(bytes(5))


def test_parameters_refused() -> None:
    told = RDR_to_PC_Parameters(bStatus=FAILED, bError=10)
    with pytest.raises(NoModule, match="offset 10"):
        host(Played(data(ATR_ISO), told), CcidFeatures.TPDU_LEVEL).power_on()
    with pytest.raises(NoModule, match="TS"):
        host(Played(data(b"\x00\x00")), CcidFeatures.TPDU_LEVEL).power_on()
    unknown = RDR_to_PC_Parameters(bStatus=FAILED, bError=SlotError.CMD_NOT_SUPPORTED)
    assert host(Played(data(ATR_ISO), unknown), CcidFeatures.TPDU_LEVEL).power_on() == ATR_ISO
