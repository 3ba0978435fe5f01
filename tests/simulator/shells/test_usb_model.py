"""Any order of things: a reader and a model of its slots, a device and any transfers, a server and bytes."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reference.protocol.usb import ccid
from reference.protocol.usb.ccid_codes import CommandStatus, IccStatus, SlotError
from reference.protocol.usb.setup import Setup
from reference.protocol.uz.apdu import ATR_ISO, get_version
from simulator.shells.bodies import BodySettings
from simulator.shells.urb import Urb
from simulator.shells.usb_bench import UsbSettings
from tests.simulator.served import serving
from tests.simulator.shells.usb_stand import OK, SELECT, usb_stand
from tests.simulator.shells.usbip_host import UsbHost

SLOTS = 3
SLOT = st.integers(0, SLOTS - 1)


class ReaderModel(RuleBasedStateMachine):
    """A slot is absent, inactive, active or mute; an active card knows whether the applet is selected."""

    @initialize()
    def begin(self):
        self.stack = contextlib.ExitStack()
        self.stand = self.stack.enter_context(usb_stand(SLOTS, UsbSettings(one_reader=True)))
        self.state = [IccStatus.INACTIVE] * SLOTS
        self.mute = [False] * SLOTS
        self.selected = [False] * SLOTS
        self.seq = 0

    def ask(self, kind, slot, **given):
        self.seq = (self.seq + 1) % 256
        answer = self.stand.ask(kind(bSlot=slot, bSeq=self.seq, **given))
        assert (answer.bSlot, answer.bSeq) == (slot, self.seq)
        return answer

    @rule(slot=SLOT)
    def power_on(self, slot):
        answer = self.ask(ccid.PC_to_RDR_IccPowerOn, slot)
        if self.state[slot] is IccStatus.ABSENT:
            assert answer.bError == SlotError.ICC_MUTE
            return
        assert answer.abData == ATR_ISO
        self.state[slot] = IccStatus.ACTIVE
        self.mute[slot] = self.selected[slot] = False

    @rule(slot=SLOT)
    def power_off(self, slot):
        assert self.ask(ccid.PC_to_RDR_IccPowerOff, slot).bmCommandStatus == CommandStatus.PROCESSED
        if self.state[slot] is not IccStatus.ABSENT:
            self.state[slot] = IccStatus.INACTIVE
        self.mute[slot] = False

    @rule(slot=SLOT)
    def select(self, slot):
        answer = self.ask(ccid.PC_to_RDR_XfrBlock, slot, abData=SELECT)
        if self.works(slot):
            assert answer.abData == OK
            self.selected[slot] = True
        else:
            assert answer.bError == SlotError.ICC_MUTE

    @rule(slot=SLOT)
    def version(self, slot):
        answer = self.ask(ccid.PC_to_RDR_XfrBlock, slot, abData=get_version().encode())
        if self.works(slot):
            assert answer.abData == bytes.fromhex("04009000" if self.selected[slot] else "6d00")
        else:
            assert answer.bError == SlotError.ICC_MUTE

    @rule(slot=SLOT)
    def parameters(self, slot):
        answer = self.ask(ccid.PC_to_RDR_GetParameters, slot)
        assert (answer.bmCommandStatus == CommandStatus.PROCESSED) == self.works(slot)

    @rule(slot=SLOT)
    def remove(self, slot):
        self.stand.backend.call(lambda: self.stand.reader.remove(slot))
        self.state[slot] = IccStatus.ABSENT
        self.mute[slot] = False

    @rule(slot=SLOT)
    def insert(self, slot):
        self.stand.backend.call(lambda: self.stand.reader.insert(slot))
        if self.state[slot] is IccStatus.ABSENT:
            self.state[slot] = IccStatus.INACTIVE

    @rule(slot=SLOT)
    def go_mute(self, slot):
        self.stand.backend.call(lambda: self.stand.reader.mute(slot))
        self.mute[slot] = self.mute[slot] or self.state[slot] is IccStatus.ACTIVE

    @rule(slot=SLOT, seq=st.integers(0, 255))
    def abort(self, slot, seq):
        self.stand.backend.call(lambda: self.stand.reader.abort(slot, seq))
        assert self.stand.ask(ccid.PC_to_RDR_Abort(slot, seq)).bmCommandStatus == CommandStatus.PROCESSED

    @precondition(lambda self: self.seq % 7 == 0)
    @rule()
    def reset(self):
        self.stand.backend.call(self.stand.reader.reset)
        present = [one is not IccStatus.ABSENT for one in self.state]
        self.state = [IccStatus.INACTIVE if there else IccStatus.ABSENT for there in present]
        self.mute = [False] * SLOTS

    @invariant()
    def every_slot_is_as_the_model_says(self):
        for slot in range(SLOTS):
            assert self.ask(ccid.PC_to_RDR_GetSlotStatus, slot).bmICCStatus == self.state[slot]

    def works(self, slot):
        return self.state[slot] is IccStatus.ACTIVE and not self.mute[slot]

    def teardown(self):
        if hasattr(self, "stack"):
            self.stack.close()


TestReaderModel = ReaderModel.TestCase
TestReaderModel.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

ANY_SETUP = st.binary(min_size=8, max_size=8).map(Setup.decode)
USUAL_SETUP = st.builds(
    Setup,
    st.sampled_from([0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x21, 0xA1]),
    st.integers(0, 12),
    st.sampled_from([0, 1, 0x0100, 0x0200, 0x0300, 0x0301]),
    st.sampled_from([0, 1, 0x01, 0x82, 0x83]),
    st.integers(0, 64),
)
CONTROL = st.builds(lambda setup, data: Urb(0, setup.wLength, setup=setup, data=data),
                    ANY_SETUP | USUAL_SETUP, st.binary(max_size=8))  # fmt: skip
DATA = st.builds(lambda endpoint, data: Urb(endpoint, len(data), data=data),
                 st.just(0x01), st.binary(max_size=140))  # fmt: skip
READ = st.builds(Urb, st.sampled_from([0x82, 0x83, 0x84]), st.integers(0, 600))


@settings(max_examples=200, deadline=None)
@given(st.lists(CONTROL | DATA | READ, max_size=30))
def test_any_transfers_end_at_most_once_and_a_reset_ends_all(urbs):
    with usb_stand() as stand:
        stand.configure()
        ends = {id(urb): 0 for urb in urbs}
        for urb in urbs:

            def done(ended):
                ends[id(ended)] += 1
                assert ended.finished
                assert ended.actual <= max(ended.length, 0)

            urb.done = done
            stand.transfer(urb)
        stand.backend.call(stand.device.cut)
        assert set(ends.values()) <= {1}
        stand.configure()
        stand.write(ccid.PC_to_RDR_IccPowerOn(0, 1).encode())
        assert stand.read().data[10:] == ATR_ISO


def test_any_bytes_cost_only_who_sent_them():
    with (
        serving(bodies=BodySettings(usb=UsbSettings())) as served,
        UsbHost(served.addresses["usbip"]) as good,
    ):
        good.begin()

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.binary(max_size=120), st.booleans())
        def send(data, with_version):
            with UsbHost(served.addresses["usbip"]) as bad:
                bad.socket.sendall(bytes.fromhex("0111 8003 00000000") * with_version + data)
            assert good.ask(ccid.PC_to_RDR_GetSlotStatus(0, 7)).bSeq == 7

        send()


def test_every_body_writes_the_same_transcript():
    with serving(bodies=BodySettings(usb=UsbSettings())) as served:
        exchanges = served.process.rack.slots[0].exchanges
        commands = [SELECT, get_version().encode()]
        with served.host() as tcp:
            for command in commands:
                tcp.ask(command)
        over_tcp = list(exchanges)
        exchanges.clear()
        with UsbHost(served.addresses["usbip"]) as usb:
            usb.begin()
            for seq, command in enumerate(commands):
                usb.ask(ccid.PC_to_RDR_XfrBlock(0, seq, abData=command))
        assert list(exchanges) == over_tcp == [(SELECT, OK), (commands[1], bytes.fromhex("04009000"))]
