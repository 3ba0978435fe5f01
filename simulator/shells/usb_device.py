"""The emulated key on USB, without any cable: transfers in, transfers ended (USB 2.0 §5 and §9, CCID 1.1 §5).

A cable brings `Urb`s to `submit` and hears `done` when each has ended. All in the loop's thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from reference.protocol.usb.ccid import HEADER_SIZE, message_size
from reference.protocol.usb.setup import DEVICE_TO_HOST, Setup
from reference.protocol.usb.usbip import Errno
from simulator.shells.reader import Reader
from simulator.shells.urb import Urb, Witness
from simulator.shells.usb_control import ENDPOINTS, STALL, ControlPipe
from simulator.shells.usb_faults import UsbFaults
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, INTERRUPT_IN, PACKET, Identity

_CHANGED_BITS: Final = 0xAA
_NOTIFY: Final = 0x50


class UsbDevice:
    """One device with one reader in it. `unplug` and `plug` pull the key out and put it back."""

    def __init__(self, reader: Reader, identity: Identity) -> None:
        self.reader = reader
        self.identity = identity
        self.packet = PACKET[identity.speed]
        self.plugged = True
        self.halted: set[int] = set()
        self.witness: Witness | None = None
        self.gone: list[Callable[[], None]] = []
        self._pipe = ControlPipe(self)
        self._waiting: dict[int, deque[Urb]] = {BULK_IN: deque(), INTERRUPT_IN: deque()}
        self._answers: deque[bytes] = deque()
        self._notices: deque[bytes] = deque()
        self._command = bytearray()
        self._urbs = 0
        self._session = 0
        self.faults = UsbFaults(self, reader.exchanges, identity.serial)
        reader.on_change = self._noticed

    # --- the plug -----------------------------------------------------------------------------------------

    @property
    def configured(self) -> bool:
        """Whether the host has chosen the configuration."""
        return self._pipe.configuration != 0

    def unplug(self) -> None:
        """Pull it out: every transfer under way ends without a device, whoever has it hears `gone`."""
        if self.plugged:
            self.plugged = False
            self._lose()

    def plug(self) -> None:
        """Put it back in, without power yet and not configured."""
        self.plugged = True

    def cut(self) -> None:
        """Take its power for a moment: for the host it goes and comes back."""
        if self.plugged:
            self._lose()

    def rename(self, serial: str) -> None:
        """Another module stands here now: for the host one device goes and another comes (UZ-USB-03)."""
        self.identity = replace(self.identity, serial=serial)
        self._pipe = ControlPipe(self)
        self.faults.terminal = serial
        self.cut()

    def reset(self) -> None:
        """Bus reset: no configuration, nothing halted, no card has power, no transfer is left."""
        self._session += 1
        self._pipe.configure(0)
        self.reader.reset()
        self.halted.clear()
        self._command.clear()
        self._answers.clear()
        self._notices.clear()
        self.faults.drop(-Errno.ECONNRESET)
        for endpoint in self._waiting:
            self.drop_transfers(endpoint, Errno.ECONNRESET)

    def _lose(self) -> None:
        self._session += 1
        self.faults.drop(-Errno.ESHUTDOWN)
        for endpoint in self._waiting:
            self.drop_transfers(endpoint, Errno.ESHUTDOWN)
        self.reset()
        listeners, self.gone = self.gone, []
        for listener in listeners:
            listener()

    def freeze(self, seconds: float | None) -> None:
        """Let the reader in it hear and say nothing for lab seconds, or until it is thawed."""
        self.reader.freeze(seconds)

    # --- transfers ----------------------------------------------------------------------------------------

    def submit(self, urb: Urb) -> None:
        """Begin a transfer. Its `done` is called once, unless `cancel` takes it back before."""
        self._urbs += 1
        urb.number = urb.number or self._urbs
        if self.witness is not None:
            self.witness.submitted(urb)
        if not self.plugged or not self.faults.before(urb, self._begin):
            self._begin(urb)

    def cancel(self, urb: Urb, status: int = Errno.ECONNRESET) -> bool:
        """Take a transfer back; False when it has ended already. Its `done` is not called."""
        waiting = next((some for some in (*self._waiting.values(), self.faults.held) if urb in some), None)
        if waiting is None:
            return False
        waiting.remove(urb)
        urb.status = -status
        urb.finished = True
        if self.witness is not None:
            self.witness.completed(urb)
        return True

    def control(self, setup: Setup, data: bytes = b"") -> bytes | None:
        """One control transfer: the data of its IN stage (b"" for an OUT one), or STALL."""
        return self._pipe.answer(setup, data)

    def drop_transfers(self, endpoint: int, errno: Errno) -> None:
        """End all that wait on an endpoint."""
        waiting = self._waiting.get(endpoint)
        while waiting:
            self.finish(waiting.popleft(), -errno)

    def halt(self, endpoint: int) -> None:
        """Stall it until CLEAR_FEATURE; what waits there ends so."""
        self.halted.add(endpoint)
        self.drop_transfers(endpoint, Errno.EPIPE)

    def clear_halt(self, endpoint: int) -> None:
        """It goes on, from its beginning: half a command is forgotten (CCID 1.1 §3)."""
        self.halted.discard(endpoint)
        if endpoint == BULK_OUT:
            self._command.clear()
        self._deliver()

    def configure(self) -> None:
        """The host has chosen the configuration: every card is news."""
        self.reader.reset()
        self._command.clear()
        self._answers.clear()
        self._notices.clear()
        self._noticed(self.reader.news())

    def _begin(self, urb: Urb) -> None:
        if not self.plugged:
            self.finish(urb, -Errno.ENODEV)
        elif urb.endpoint & 0x7F == 0:
            self._control(urb)
        elif urb.endpoint not in ENDPOINTS or not self.configured:
            self.finish(urb, -Errno.ENOENT)
        elif urb.endpoint in self.halted:
            self.finish(urb, -Errno.EPIPE)
        elif urb.endpoint == BULK_OUT:
            self._out(urb)
        else:
            self._waiting[urb.endpoint].append(urb)
            self._deliver()

    def _out(self, urb: Urb) -> None:
        data = self.faults.inside(urb, urb.data)
        if data is None:
            return
        rule = self.faults.after(urb)
        if rule is None:
            # The end is told first, as on a real bus: the answer comes after.
            self.finish(urb, 0, actual=len(data))
            self._take(data)
            return
        self._take(data)
        match rule.action:
            case "unplug":
                self.finish(urb, -Errno.ESHUTDOWN)
                self.faults.pull(rule)
            case "stall":
                self.finish(urb, -Errno.EPIPE)
                self.halt(urb.endpoint)
            case "duplicate":
                self._take(data)
                self.finish(urb, 0, actual=len(data))
            case "delay":
                self.faults.hold(urb, rule, lambda: self.finish(urb, 0, actual=len(data)))
            case _:
                self.faults.held.append(urb)

    def _control(self, urb: Urb) -> None:
        if urb.setup is None:
            self.finish(urb, -Errno.EINVAL)
            return
        answer = self.control(urb.setup, urb.data)
        if answer is STALL:
            self.finish(urb, -Errno.EPIPE)
        elif urb.setup.bmRequestType & DEVICE_TO_HOST:
            self.finish(urb, 0, answer[: min(urb.length, urb.setup.wLength)])
        else:
            self.finish(urb, 0, actual=len(urb.data))

    def _take(self, data: bytes) -> None:
        """Packets of a command have come. A short one, or as many bytes as it says, ends it."""
        command = self._command
        command += data
        if not command:
            return
        size = message_size(bytes(command[:HEADER_SIZE]))
        ended = bool(len(data) % self.packet) or not data
        if ended or (size is not None and len(command) >= size):
            message = bytes(command)
            command.clear()
            session = self._session

            def reply(answer: bytes) -> None:
                if session == self._session:
                    self._answers.append(answer)
                    self._deliver()

            self.reader.handle(message, reply)

    def _noticed(self, notice: bytes) -> None:
        """A notice for the host; what it has not heard of yet is told with it."""
        if not self.configured:
            return
        old = self._notices.pop() if self._notices and self._notices[-1][0] == _NOTIFY == notice[0] else b""
        if old:
            changed = bytes(
                new | before & _CHANGED_BITS for new, before in zip(notice[1:], old[1:], strict=True)
            )
            notice = notice[:1] + changed
        self._notices.append(notice)
        self._deliver()

    def _deliver(self) -> None:
        waiting, answers = self._waiting[BULK_IN], self._answers
        while waiting and answers and BULK_IN not in self.halted:
            self._in(waiting.popleft(), answers)
        waiting, notices = self._waiting[INTERRUPT_IN], self._notices
        while waiting and notices and INTERRUPT_IN not in self.halted:
            self._tell(waiting.popleft(), notices.popleft())

    def _in(self, urb: Urb, answers: deque[bytes]) -> None:
        """An answer for a transfer that waits for one, as the fault rules let it pass."""
        answer = answers[0]
        data = self.faults.inside(urb, answer)
        if data is not answer:
            if answers:  # not when the device was pulled
                answers.popleft()
            if data is not None:
                self.finish(urb, 0, data[: urb.length])
            return
        rule = self.faults.after(urb)
        if rule is None:
            self._give(urb, answers, self.packet)
            return
        match rule.action:
            case "unplug":
                self._give(urb, answers, self.packet)
                self.faults.pull(rule)
            case "stall":
                answers.popleft()
                self.finish(urb, -Errno.EPIPE)
                self.halt(urb.endpoint)
            case "duplicate":
                answers.append(answer)
                self._give(urb, answers, self.packet)
            case "delay":
                held = deque([answers.popleft()])
                self.faults.hold(urb, rule, lambda: self._give(urb, held, self.packet))
            case _:
                answers.popleft()
                self._waiting[urb.endpoint].append(urb)

    def _tell(self, urb: Urb, notice: bytes) -> None:
        if len(notice) <= urb.length:
            self.finish(urb, 0, notice)
        else:
            self.finish(urb, -Errno.EOVERFLOW, b"")

    def _give(self, urb: Urb, answers: deque[bytes], packet: int) -> None:
        """One answer into one transfer: what does not fit follows in the next, a full last packet by ZLP."""
        answer = answers.popleft()
        room = urb.length
        if len(answer) < room:
            self.finish(urb, 0, answer)
        elif room % packet and len(answer) > room:
            self.finish(urb, -Errno.EOVERFLOW, answer[: room - room % packet])
        else:
            if len(answer) > room or (answer and not room % packet):
                answers.appendleft(answer[room:])
            self.finish(urb, 0, answer[:room])

    def finish(self, urb: Urb, status: int, data: bytes | None = None, actual: int = 0) -> None:
        """End a transfer: its bytes are those given, or were those it brought."""
        urb.status = status
        if data is not None:
            urb.data = data
            actual = len(data)
        urb.actual = actual
        urb.finished = True
        if self.witness is not None:
            self.witness.completed(urb)
        urb.done(urb)
