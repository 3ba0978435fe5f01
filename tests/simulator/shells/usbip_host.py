"""A host of the USB/IP server made of a plain socket: no code of ours stands between it and a test."""

from __future__ import annotations

import socket

from reference.protocol.usb import ccid, usbip
from reference.protocol.usb.ccid import Answer, Message
from reference.protocol.usb.setup import Setup
from reference.protocol.usb.usbip import CmdSubmit, CmdUnlink, RetSubmit, RetUnlink
from tests.simulator.served import PATIENCE


class UsbHost:
    """One connection. `devid` is that of the imported device."""

    def __init__(self, address: str) -> None:
        name, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((name, int(port)), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.devid = 0
        self._seqnum = 0

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError(f"closed after {len(data)} of {size} bytes")
            data += piece
        return data

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        data = b""
        while piece := self.socket.recv(4096):
            data += piece
        return data

    def gone(self) -> bool:
        """Whether the server has closed; waits for it."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def devices(self):
        self.socket.sendall(usbip.encode_request(usbip.Operation.REQ_DEVLIST))
        return usbip.decode_device_list(self.rest())

    def import_(self, busid: str = "1-1"):
        """The device, or the status that says why there is none."""
        self.socket.sendall(usbip.encode_request(usbip.Operation.REQ_IMPORT, busid))
        data = self.read(8)
        if data[4:] == bytes(4):
            data += self.read(312)
        found = usbip.decode_import_reply(data)
        if isinstance(found, usbip.ExportedDevice):
            self.devid = found.devid
        return found

    def submit(
        self, ep: int, *, inward: bool, data: bytes = b"", length: int = 0, setup: bytes = bytes(8)
    ) -> int:
        """Send one transfer without waiting for its end; gives its seqnum."""
        self._seqnum += 1
        frame = CmdSubmit(
            seqnum=self._seqnum,
            devid=self.devid,
            direction=int(inward),
            ep=ep,
            transfer_buffer_length=length or len(data),
            setup=setup,
            transfer_buffer=data,
        )
        self.socket.sendall(frame.encode())
        return self._seqnum

    def ended(self, *, inward: bool) -> RetSubmit:
        head = self.read(48)
        answer = RetSubmit.decode(head)
        return RetSubmit.decode(head + self.read(answer.actual_length)) if inward else answer

    def unlink(self, seqnum: int) -> RetUnlink:
        self._seqnum += 1
        self.socket.sendall(CmdUnlink(seqnum=self._seqnum, devid=self.devid, unlink_seqnum=seqnum).encode())
        return RetUnlink.decode(self.read(48))

    def transfer(self, ep: int, *, inward: bool, **given: object) -> RetSubmit:
        seqnum = self.submit(ep, inward=inward, **given)
        answer = self.ended(inward=inward)
        assert answer.seqnum == seqnum
        return answer

    def control(self, setup: Setup) -> RetSubmit:
        return self.transfer(0, inward=setup.to_host, length=setup.wLength, setup=setup.encode())

    def configure(self) -> None:
        assert self.control(Setup(0, 9, 1)).status == 0

    def ask(self, message: Message) -> Answer:
        self.transfer(1, inward=False, data=message.encode())
        return ccid.decode_answer(self.transfer(2, inward=True, length=512).transfer_buffer)

    def begin(self) -> Answer:
        """Import the first key, configure it and power its card on."""
        self.import_()
        self.configure()
        return self.ask(ccid.PC_to_RDR_IccPowerOn(0, 1))

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> UsbHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
