"""Every message of CCID 1.1 at the reader, each error by its cause, chains, time extension, aborts, hands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.protocol.usb import ccid
from reference.protocol.usb.ccid_codes import Chain, ClockStatus, CommandStatus, IccStatus, Level, SlotError
from reference.protocol.usb.descriptors import CcidFeatures
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR, get_version
from simulator.exchanges import COMMAND, CONNECT, LATENCY
from simulator.shells.reader import Reader
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.usb_bench import UsbSettings
from tests.simulator.shells.usb_stand import INFO, OK, SELECT, Stand, usb_stand

EXTENDED = CcidFeatures.EXTENDED_APDU_LEVEL
TPDU = CcidFeatures.TPDU_LEVEL
VERSION = get_version().encode()


@pytest.fixture
def stand():
    with usb_stand() as one:
        yield one


@pytest.fixture
def active():
    with usb_stand() as one:
        one.power_on()
        yield one


def failed(answer, icc=IccStatus.ACTIVE):
    """bError of an answer that must be a failure with the card in this state."""
    assert (answer.bmCommandStatus, answer.bmICCStatus) == (CommandStatus.FAILED, icc)
    return answer.bError


# --- power, status, APDUs ---------------------------------------------------------------------------------


def test_power_on_answers_with_the_atr_byte_for_byte(stand):
    (answer,) = stand.send(bytes.fromhex("62 00000000 00 07 00 0000"))
    assert answer == bytes.fromhex("80 14000000 00 07 00 00 00") + ATR_ISO


def test_an_apdu_goes_in_and_out(active):
    assert active.exchange(SELECT) == ccid.RDR_to_PC_DataBlock(0, 2, abData=OK)
    assert active.exchange(VERSION, 3).abData == bytes.fromhex("0400 9000")


def test_one_le_byte_is_tolerated(active):
    assert active.exchange(SELECT + b"\0").abData == OK
    assert active.exchange(VERSION + b"\0").abData == bytes.fromhex("0400 9000")
    assert active.exchange(VERSION + b"\0\0").abData == bytes.fromhex("6700")


def test_power_on_again_is_a_reset(active):
    active.exchange(SELECT)
    assert active.power_on().abData == ATR_ISO
    assert active.exchange(VERSION).abData == bytes.fromhex("6d00"), "the applet is not selected any more"


def test_status_follows_the_card(stand):
    def look():
        return stand.ask(ccid.PC_to_RDR_GetSlotStatus(0, 9))

    assert look() == ccid.RDR_to_PC_SlotStatus(0, 9, IccStatus.INACTIVE)
    stand.power_on()
    assert look() == ccid.RDR_to_PC_SlotStatus(0, 9, IccStatus.ACTIVE)
    off = stand.ask(ccid.PC_to_RDR_IccPowerOff(0, 10))
    assert off == ccid.RDR_to_PC_SlotStatus(0, 10, IccStatus.INACTIVE, 0, ClockStatus.STOPPED_LOW)
    stand.reader.remove()
    assert look().bmICCStatus == IccStatus.ABSENT
    assert stand.ask(ccid.PC_to_RDR_IccPowerOff(0, 11)).bmCommandStatus == CommandStatus.PROCESSED


NEED_POWER = [
    ccid.PC_to_RDR_XfrBlock(0, 5, abData=SELECT),
    ccid.PC_to_RDR_GetParameters(0, 5),
    ccid.PC_to_RDR_ResetParameters(0, 5),
    ccid.PC_to_RDR_SetParameters(0, 5, 0, abProtocolDataStructure=bytes.fromhex("1100000a00")),
    ccid.PC_to_RDR_IccClock(0, 5, 1),
    ccid.PC_to_RDR_T0APDU(0, 5, 0),
    ccid.PC_to_RDR_SetDataRateAndClockFrequency(0, 5),
]


@pytest.mark.parametrize("message", NEED_POWER, ids=lambda one: type(one).__name__)
def test_a_card_without_power_is_mute(stand, message):
    answer = stand.ask(message)
    assert type(answer) is ccid.COMMANDS[message.TYPE].answer
    assert (answer.bSeq, failed(answer, IccStatus.INACTIVE)) == (5, SlotError.ICC_MUTE)
    stand.reader.remove()
    assert failed(stand.ask(message), IccStatus.ABSENT) == SlotError.ICC_MUTE


def test_no_card_no_atr(stand):
    stand.reader.remove()
    assert failed(stand.power_on(), IccStatus.ABSENT) == SlotError.ICC_MUTE


def test_power_that_another_body_took_is_noticed(active):
    active.rack.power_cut(active.rack.slots[0])
    assert failed(active.exchange(SELECT)) == SlotError.ICC_MUTE, "supplied still, but silent"
    assert active.power_on().abData == ATR_ISO


BROKEN = [
    ("6f 06000000 00 05 00 0000 00a4040000", 1, ccid.RDR_to_PC_DataBlock),
    ("65 01000000 00 05 000000 00", 1, ccid.RDR_to_PC_SlotStatus),
    ("65 00000000 00 05", 1, ccid.RDR_to_PC_SlotStatus),
    ("65", 1, ccid.RDR_to_PC_SlotStatus),
    ("60 00000000 00 05 000000", SlotError.CMD_NOT_SUPPORTED, ccid.RDR_to_PC_SlotStatus),
    ("65 00000000 01 05 000000", 5, ccid.RDR_to_PC_SlotStatus),
    ("6f 05000000 09 05 00 0000 00a4040000", 5, ccid.RDR_to_PC_DataBlock),
    ("62 00000000 00 05 04 0000", 7, ccid.RDR_to_PC_DataBlock),
    ("6f 05000000 00 05 00 0100 00a4040000", 8, ccid.RDR_to_PC_DataBlock),
    ("6f 03000000 00 05 00 0000 00a404", 1, ccid.RDR_to_PC_DataBlock),
    ("6e 00000000 00 05 02 0000", 7, ccid.RDR_to_PC_SlotStatus),
    ("6a 00000000 00 05 04 0000", 7, ccid.RDR_to_PC_SlotStatus),
    ("61 05000000 00 05 02 0000 1100000a00", 7, ccid.RDR_to_PC_Parameters),
    ("61 05000000 00 05 01 0000 1100000a00", 1, ccid.RDR_to_PC_Parameters),
    ("61 05000000 00 05 00 0000 7100000a00", 10, ccid.RDR_to_PC_Parameters),
    ("6b 01000000 00 05 000000 99", 10, ccid.RDR_to_PC_Escape),
    ("6b 00000000 00 05 000000", 10, ccid.RDR_to_PC_Escape),
    ("69 01000000 00 05 00 0000 00", SlotError.CMD_NOT_SUPPORTED, ccid.RDR_to_PC_DataBlock),
    ("71 00000000 00 05 02 0000", SlotError.CMD_NOT_SUPPORTED, ccid.RDR_to_PC_SlotStatus),
    ("73 08000000 00 05 000000 01000000 002a0000", 10, ccid.RDR_to_PC_DataRateAndClockFrequency),
    ("73 08000000 00 05 000000 a00f0000 01000000", 14, ccid.RDR_to_PC_DataRateAndClockFrequency),
]


@pytest.mark.parametrize(("text", "error", "kind"), BROKEN, ids=[row[0] for row in BROKEN])
def test_each_mistake_has_its_own_answer(active, text, error, kind):
    answer = active.ask(bytes.fromhex(text))
    assert type(answer) is kind
    assert answer.bmCommandStatus == CommandStatus.FAILED
    assert answer.bError == error
    assert active.exchange(SELECT).abData == OK, "the reader goes on"


def test_a_message_above_the_longest_is_refused(active):
    long = b"\0\xa4\x04\0" + b"\xff" + bytes(256) + b"\0"
    assert failed(active.exchange(long)) == 1
    assert active.exchange(long[:261]).bmCommandStatus == CommandStatus.PROCESSED


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=4), st.sampled_from(sorted(ccid.COMMANDS)))
def test_no_message_at_all_breaks_the_reader(messages, kind):
    with usb_stand() as one:
        one.power_on()
        for message in messages:
            one.send(message)
            one.send(bytes((kind,)) + message)
        one.backend.call(one.reader.reset)
        assert one.power_on().abData == ATR_ISO


# --- parameters, clock, escape, mechanics -----------------------------------------------------------------


def test_parameters_come_from_the_atr_and_can_be_changed(active):
    found = active.ask(ccid.PC_to_RDR_GetParameters(0, 3))
    assert found.encode() == bytes.fromhex("82 05000000 00 03 00 00 00 1100000a00")
    t1 = bytes.fromhex("1110004d00fe00")
    changed = active.ask(ccid.PC_to_RDR_SetParameters(0, 4, 1, abProtocolDataStructure=t1))
    assert changed == ccid.RDR_to_PC_Parameters(0, 4, bProtocolNum=1, abProtocolDataStructure=t1)
    assert active.ask(ccid.PC_to_RDR_GetParameters(0, 5)).abProtocolDataStructure == t1
    assert active.exchange(SELECT).abData == OK, "an APDU is the same over either protocol"
    reset = active.ask(ccid.PC_to_RDR_ResetParameters(0, 6))
    assert (reset.bProtocolNum, reset.abProtocolDataStructure) == (1, bytes.fromhex("1110004d002000"))
    active.power_on()
    assert active.ask(ccid.PC_to_RDR_GetParameters(0, 7)).bProtocolNum == 0


def test_a_protocol_the_card_does_not_offer():
    with usb_stand(atr=bytes.fromhex("3b00")) as one:
        one.power_on()
        t1 = bytes.fromhex("1110004d00fe00")
        answer = one.ask(ccid.PC_to_RDR_SetParameters(0, 4, 1, abProtocolDataStructure=t1))
        assert failed(answer) == 7


def test_the_clock_stops_and_goes_on(active):
    stopped = active.ask(ccid.PC_to_RDR_IccClock(0, 3, 1))
    assert stopped.bClockStatus == ClockStatus.STOPPED_LOW
    assert active.ask(ccid.PC_to_RDR_IccClock(0, 4, 0)).bClockStatus == ClockStatus.RUNNING


def test_classes_of_get_response_and_envelope(active):
    assert active.ask(ccid.PC_to_RDR_T0APDU(0, 3, 1, 0x80, 0x90)).bmCommandStatus == CommandStatus.PROCESSED
    icc = active.reader.iccs[0]
    assert (icc.class_get_response, icc.class_envelope) == (0x80, 0xFF)
    active.ask(ccid.PC_to_RDR_T0APDU(0, 4, 2, 0x81, 0x90))
    assert (icc.class_get_response, icc.class_envelope) == (0x80, 0x90)


def test_escape_asks_for_the_name_with_or_without_a_card(stand):
    stand.reader.remove()
    answer = stand.ask(ccid.PC_to_RDR_Escape(0, 3, abData=b"\x02"))
    assert answer == ccid.RDR_to_PC_Escape(0, 3, IccStatus.ABSENT, abData=b"Kassalab R1")


def test_data_rate_and_clock_are_chosen_from_what_is_offered(active):
    chosen = ccid.PC_to_RDR_SetDataRateAndClockFrequency(0, 3, dwClockFrequency=4000, dwDataRate=43_010)
    answer = active.ask(chosen)
    assert (answer.dwClockFrequency, answer.dwDataRate) == (4000, 43_010)
    default = active.ask(ccid.PC_to_RDR_SetDataRateAndClockFrequency(0, 4))
    assert (default.dwClockFrequency, default.dwDataRate) == (4000, 10_752)


def test_mechanics_eject_accept_and_lock():
    with usb_stand(mechanical=0x0F) as one:
        one.power_on()

        def do(function):
            return one.ask(ccid.PC_to_RDR_Mechanical(0, 3, function))

        assert do(4).bmCommandStatus == CommandStatus.PROCESSED
        assert failed(do(2)) == SlotError.HW_ERROR, "the card is locked"
        assert not one.reader.remove(), "by hand neither"
        do(5)
        assert do(2) == ccid.RDR_to_PC_SlotStatus(0, 3, IccStatus.ABSENT)
        assert do(1).bmICCStatus == IccStatus.INACTIVE
        assert failed(do(9), IccStatus.INACTIVE) == 7
    with usb_stand(mechanical=0x02) as one:
        assert failed(one.ask(ccid.PC_to_RDR_Mechanical(0, 3, 4)), IccStatus.INACTIVE) == 7


# --- ATR --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"atr": ATR_VENDOR, "verify_atr": True}, SlotError.BAD_ATR_TCK),
        ({"atr": bytes.fromhex("3b800e8e")}, SlotError.ICC_PROTOCOL_NOT_SUPPORTED),
    ],
)
def test_a_card_that_a_reader_cannot_take(given, error):
    with usb_stand(**given) as one:
        assert failed(one.power_on(), IccStatus.INACTIVE) == error


def test_the_vendors_atr_by_setting():
    with usb_stand(atr=ATR_VENDOR) as one:
        assert one.power_on().abData == ATR_VENDOR


def test_settings_that_no_reader_has():
    with pytest.raises(ValueError, match="max_message: 270 is not 271 to 65554"):
        ReaderSettings(max_message=270)
    with pytest.raises(ValueError, match=r"level: .* is none of tpdu, short, extended"):
        ReaderSettings(CcidFeatures.WAKE_UP)
    with pytest.raises(ValueError, match="a reader has 1 to 16 slots, not 0"):
        Reader([], None)  # type: ignore[arg-type]


# --- levels -----------------------------------------------------------------------------------------------


def test_chains_both_ways_at_extended_level():
    with usb_stand(level=EXTENDED, max_message=30) as one:
        one.power_on()
        assert one.exchange(SELECT[:10], 2, Level.BEGINS) == ccid.RDR_to_PC_DataBlock(
            0, 2, bChainParameter=Chain.COMMAND_WANTED
        )
        assert one.exchange(SELECT[10:14], 3, Level.CONTINUES).bChainParameter == Chain.COMMAND_WANTED
        assert one.exchange(SELECT[14:], 4, Level.ENDS) == ccid.RDR_to_PC_DataBlock(0, 4, abData=OK)
        first = one.exchange(INFO, 5)
        assert (first.bChainParameter, len(first.abData)) == (Chain.BEGINS, 20)
        pieces = [first.abData]
        seq = 6
        while True:
            piece = one.exchange(b"", seq, Level.ANSWER_WANTED)
            pieces.append(piece.abData)
            if piece.bChainParameter == Chain.ENDS:
                break
            assert (piece.bChainParameter, len(piece.abData)) == (Chain.CONTINUES, 20)
            seq += 1
        whole = b"".join(pieces)
        assert whole[-2:] == OK
        assert whole[0] == 0xA0
        assert len(whole) == 4 + whole[1]


def test_mistakes_in_chains():
    with usb_stand(level=EXTENDED, max_message=65_554) as one:
        one.power_on()
        assert failed(one.exchange(SELECT, 2, Level.ENDS)) == 8, "nothing was begun"
        assert failed(one.exchange(SELECT, 2, 4)) == 8, "reserved"
        assert failed(one.exchange(b"", 2, Level.ANSWER_WANTED)) == 8, "no answer waits"
        assert failed(one.exchange(b"x", 2, Level.ANSWER_WANTED)) == 1
        assert failed(one.exchange(b"\0\xa4", 2)) == 1, "shorter than any APDU"
        one.exchange(bytes(65_000), 2, Level.BEGINS)
        assert failed(one.exchange(bytes(1_000), 3, Level.CONTINUES)) == SlotError.XFR_OVERRUN
        assert one.exchange(bytes.fromhex("00a40400000005aabbccddee"), 4).abData == bytes.fromhex("6700")
        assert one.exchange(SELECT).abData == OK


def test_t0_answers_are_fetched_at_tpdu_level():
    with usb_stand(level=TPDU) as one:
        one.power_on()
        assert one.exchange(SELECT).abData == OK
        assert one.exchange(VERSION).abData == bytes.fromhex("6102")
        assert one.exchange(bytes.fromhex("00c0000002")).abData == bytes.fromhex("0400 9000")
        assert failed(one.exchange(SELECT + b"\0")) == SlotError.PROCEDURE_BYTE_CONFLICT
        assert failed(one.exchange(b"\0\xa4\x04\0")) == 1
        answer = one.ask(ccid.PC_to_RDR_T0APDU(0, 3))
        assert failed(answer) == SlotError.CMD_NOT_SUPPORTED


# --- waiting, aborting, freezing --------------------------------------------------------------------------


def delay(stand: Stand, seconds: float) -> None:
    stand.faults.add(point=LATENCY, action="delay", delay=seconds, count=1)


def test_a_slow_module_keeps_the_host_patient(active):
    delay(active, 10)
    assert active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT)) == []
    active.heard.clear()
    for _ in range(3):
        active.advance(1)
    extension = bytes.fromhex("80 00000000 00 02 80 01 00")
    assert active.heard == [extension, extension], "from the second tick on"
    active.advance(8)
    assert ccid.decode_answer(active.heard[-1]) == ccid.RDR_to_PC_DataBlock(0, 2, abData=OK)
    said = len(active.heard)
    active.advance(5)
    assert len(active.heard) == said, "nothing more is said"


def test_a_slot_at_work_is_busy(active):
    delay(active, 10)
    active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
    for message in (ccid.PC_to_RDR_GetSlotStatus(0, 3), ccid.PC_to_RDR_XfrBlock(0, 3, abData=SELECT)):
        assert failed(active.ask(message)) == SlotError.CMD_SLOT_BUSY


def test_a_slow_power_up_keeps_the_host_patient(stand):
    stand.faults.add(point=CONNECT, action="delay", delay=5, count=1)
    assert stand.send(ccid.PC_to_RDR_IccPowerOn(0, 1)) == []
    for _ in range(3):
        stand.advance(1)
    assert [data[7] for data in stand.heard] == [0x80, 0x80]
    stand.advance(3)
    assert ccid.decode_answer(stand.heard[-1]).abData == ATR_ISO


def test_a_power_up_that_was_aborted_is_not_answered(stand):
    stand.faults.add(point=CONNECT, action="delay", delay=5, count=1)
    stand.send(ccid.PC_to_RDR_IccPowerOn(0, 1))
    stand.backend.call(lambda: stand.reader.abort(0, 2))
    assert stand.ask(ccid.PC_to_RDR_Abort(0, 2)).bmCommandStatus == CommandStatus.PROCESSED
    heard = len(stand.heard)
    stand.advance(6)
    assert len(stand.heard) == heard
    assert failed(stand.exchange(SELECT)) == SlotError.ICC_MUTE
    assert stand.power_on().abData == ATR_ISO


def test_a_module_that_refuses_power_is_mute(stand):
    stand.faults.add(point=CONNECT, action="drop", count=1)
    assert failed(stand.power_on(), IccStatus.INACTIVE) == SlotError.ICC_MUTE
    assert stand.power_on().abData == ATR_ISO


def test_a_module_that_loses_its_power_at_work_is_mute(active):
    active.faults.add(point=COMMAND, action="drop", count=1)
    assert failed(active.exchange(SELECT)) == SlotError.ICC_MUTE
    assert failed(active.exchange(SELECT)) == SlotError.ICC_MUTE, "until it is powered up again"
    assert active.power_on().abData == ATR_ISO


@pytest.mark.parametrize("control_first", [True, False])
def test_both_halves_of_an_abort_end_the_command(active, control_first):
    delay(active, 10)
    active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
    abort = ccid.PC_to_RDR_Abort(0, 9)
    if control_first:
        assert active.backend.call(lambda: active.reader.abort(0, 9))
        assert failed(active.ask(ccid.PC_to_RDR_GetSlotStatus(0, 3))) == SlotError.CMD_ABORTED
        (answer,) = active.send(abort)
    else:
        assert active.send(abort) == []
        active.backend.call(lambda: active.reader.abort(0, 9))
        answer = active.heard[-1]
    assert ccid.decode_answer(answer) == ccid.RDR_to_PC_SlotStatus(0, 9)
    heard = len(active.heard)
    active.advance(20)
    assert len(active.heard) == heard, "the aborted command is never answered"
    assert active.exchange(SELECT).abData == OK


def test_halves_of_aborts_that_do_not_fit(active):
    assert not active.backend.call(lambda: active.reader.abort(4, 1)), "there is no slot 4"
    assert active.send(ccid.PC_to_RDR_Abort(0, 9)) == []
    active.send(ccid.PC_to_RDR_Abort(0, 10))
    assert failed(ccid.decode_answer(active.heard[-1])) == SlotError.CMD_ABORTED, "the first gave way"
    first, second = active.send(ccid.PC_to_RDR_GetSlotStatus(0, 11))
    assert failed(ccid.decode_answer(first)) == SlotError.CMD_ABORTED
    assert ccid.decode_answer(second) == ccid.RDR_to_PC_SlotStatus(0, 11)
    active.backend.call(lambda: active.reader.abort(0, 12))
    assert failed(active.ask(ccid.PC_to_RDR_Abort(0, 13))) == SlotError.CMD_ABORTED
    assert active.ask(ccid.PC_to_RDR_Abort(0, 12)).bmCommandStatus == CommandStatus.PROCESSED


def test_a_frozen_reader_hears_and_says_nothing_for_a_while(active):
    active.backend.call(lambda: active.reader.freeze(5))
    assert active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT)) == []
    active.advance(4)
    assert active.reader.frozen
    assert active.send(ccid.PC_to_RDR_GetSlotStatus(0, 3)) == []
    active.heard.clear()
    active.advance(2)
    assert [data[6] for data in active.heard] == [2, 3], "both are answered, in order"
    assert not active.reader.frozen


def test_an_answer_waits_for_the_thaw(active):
    delay(active, 1)
    active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
    active.backend.call(active.reader.freeze)
    active.advance(3)
    heard = len(active.heard)
    active.backend.call(active.reader.thaw)
    assert ccid.decode_answer(active.heard[heard]).abData == OK
    active.backend.call(active.reader.freeze)
    active.send(ccid.PC_to_RDR_GetSlotStatus(0, 3))
    active.backend.call(active.reader.reset)
    active.backend.call(active.reader.thaw)
    assert len(active.heard) == heard + 1, "a reset forgets what waited"


# --- cards come and go ------------------------------------------------------------------------------------


def test_a_card_taken_out_at_work_is_mute_and_news(active):
    notices: list[bytes] = []
    active.reader.on_change = notices.append
    delay(active, 10)
    active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
    active.backend.call(active.reader.remove)
    assert failed(ccid.decode_answer(active.heard[-1]), IccStatus.ABSENT) == SlotError.ICC_MUTE
    assert notices == [bytes.fromhex("5002")]
    active.backend.call(active.reader.remove)
    active.backend.call(active.reader.insert)
    active.backend.call(active.reader.insert)
    assert notices == [bytes.fromhex("5002"), bytes.fromhex("5003")]
    assert failed(active.exchange(SELECT), IccStatus.INACTIVE) == SlotError.ICC_MUTE
    assert active.power_on().abData == ATR_ISO


def test_a_card_that_goes_mute_by_itself(active):
    delay(active, 10)
    active.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
    active.backend.call(active.reader.mute)
    assert failed(ccid.decode_answer(active.heard[-1])) == SlotError.ICC_MUTE


def test_slots_work_side_by_side():
    with usb_stand(3, UsbSettings(one_reader=True)) as one:
        assert one.reader.descriptor.bMaxSlotIndex == 2
        assert one.device.identity.product_id == 0x4B02
        for slot in range(3):
            one.power_on(slot)
        delay(one, 10)
        one.send(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
        assert one.exchange(SELECT, 3, slot=2).abData == OK
        assert one.exchange(SELECT, 4, slot=1).abData == OK
        one.backend.call(lambda: one.reader.remove(1))
        assert one.exchange(INFO, 5, slot=2).abData[-2:] == OK
        assert failed(one.exchange(INFO, 6, slot=1), IccStatus.ABSENT) == SlotError.ICC_MUTE
        one.advance(11)
        assert ccid.decode_answer(one.heard[-1]).abData == OK
        terminals = [slot.terminal for slot in one.rack.slots]
        for slot in (0, 2):
            info = one.exchange(INFO, 7, slot=slot).abData
            assert terminals[slot][:2].encode() in info
