"""Packet captures: blocks as the format says, and streams that come out as the very bytes that went in."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.events import Direction, Exchange, Layer
from conformance.reports.pcapng import LinkType, PcapngWriter, TcpConversation, write_pcapng
from tests.conformance.pcapng_reader import CaptureFile, Stream, read, streams
from tests.conformance.proxy.stand import Server, proxy

TIME = "2026-07-01T09:00:00.250000+00:00"
TIME_NS = 1_782_896_400_250_000_000


def exchange(case: str, direction: Direction, raw: bytes, layer: Layer = Layer.MESSAGE) -> Exchange:
    return Exchange("operator", case, TIME, layer, direction, raw)


def test_streams_of_exchanges(tmp_path: Path) -> None:
    long = bytes(range(256)) * 40
    write_pcapng(
        [
            exchange("a", Direction.SENT, b"\x06first"),
            exchange("b", Direction.SENT, b"\xa2\x81second", Layer.MESSAGE),
            exchange("a", Direction.RECEIVED, long),
            exchange("a", Direction.SENT, b"odd"),
            exchange("a", Direction.CLOSED, b""),
            exchange("a", Direction.SENT, b"again"),
        ],
        tmp_path / "x.pcapng",
    )
    capture = read(tmp_path / "x.pcapng")
    assert capture.interfaces == [(101, "exchanges", 9)]
    assert {packet.time_ns for packet in capture.packets} == {TIME_NS}
    assert [packet.comment for packet in capture.packets if packet.comment] == ["a", "b", "a", "a", "a"]
    found = streams(capture)
    assert [(each.upward, each.downward) for each in found] == [
        (b"\x06firstodd", long),
        (b"\xa2\x81second", b""),
        (b"again", b""),
    ]
    assert [each.server for each in found] == [("127.0.0.1", port) for port in (13447, 7777, 13447)]
    assert len({each.client for each in found}) == 3
    for each in found:
        assert each.flags[:3] == [0x02, 0x12, 0x10]
        assert each.flags[-3:] == [0x11, 0x11, 0x10]


def _of(conversation: list[tuple[bool, bytes]], ends: tuple[str, str], folder: Path) -> Stream:
    file = io.BytesIO()
    writer = PcapngWriter(file)
    tcp = TcpConversation(writer, writer.interface(LinkType.RAW_IP, "wire"), (ends[0], 4000), (ends[1], 7777))
    tcp.open(1)
    for number, (from_client, data) in enumerate(conversation, 2):
        tcp.data(number, data, from_client=from_client)
    tcp.close(99, abruptly=len(conversation) % 2 == 1)
    path = folder / "one.pcapng"
    path.write_bytes(file.getvalue())
    (stream,) = streams(read(path))
    return stream


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=4000)), max_size=6), st.booleans())
def test_any_conversation(
    tmp_path_factory: pytest.TempPathFactory, talk: list[tuple[bool, bytes]], six: bool
) -> None:
    ends = ("::1", "fd00::7") if six else ("10.0.0.1", "192.168.255.255")
    stream = _of(talk, ends, tmp_path_factory.getbasetemp())
    assert stream.upward == b"".join(data for from_client, data in talk if from_client)
    assert stream.downward == b"".join(data for from_client, data in talk if not from_client)
    assert (stream.client, stream.server) == ((ends[0], 4000), (ends[1], 7777))
    assert stream.flags[-1] == (0x14 if len(talk) % 2 else 0x10)


def test_other_link_types(tmp_path: Path) -> None:
    path = tmp_path / "usb.pcapng"
    with path.open("wb") as file:
        writer = PcapngWriter(file)
        usb = writer.interface(LinkType.USB_LINUX_MMAPPED, "usbmon1")
        writer.packet(usb, 5, b"\x01\x02\x03", comment="bulk")
        with pytest.raises(ValueError, match="interface 1 is not one of the 1 described"):
            writer.packet(1, 5, b"")
    capture = read(path)
    assert capture.interfaces == [(220, "usbmon1", 9)]
    assert [(one.time_ns, one.data, one.comment) for one in capture.packets] == [(5, b"\x01\x02\x03", "bulk")]


def _through_a_proxy(path: Path) -> CaptureFile:
    rules = ("duplicate request nth=2",)
    with (
        Server() as server,
        proxy("module", server.address, pcapng=path, disturb=rules) as stand,
        stand.connect() as client,
        server.accept() as module,
    ):
        module.send(b"\x03abc")
        assert client.read(4) == b"\x03abc"
        client.send(b"\x01x\x02yz")
        assert module.read(8) == b"\x01x\x02yz\x02yz"
    return read(path)


def test_capture_of_a_proxy(tmp_path: Path) -> None:
    """Each side is recorded as it was: the client's without the disturbance, the server's with it."""
    capture = _through_a_proxy(tmp_path / "live.pcapng")
    assert [name for _, name, _ in capture.interfaces] == ["client", "server"]
    near, far = sorted(streams(capture), key=lambda each: each.interface)
    assert (near.upward, near.downward) == (b"\x01x\x02yz", b"\x03abc")
    assert (far.upward, far.downward) == (b"\x01x\x02yz\x02yz", b"\x03abc")


@pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed: the own reader judges alone"
)
def test_wireshark_follows_the_streams(tmp_path: Path) -> None:
    path = tmp_path / "live.pcapng"
    capture = _through_a_proxy(path)

    def told(*arguments: str) -> str:
        done = subprocess.run(
            [
                "tshark",
                "-r",
                path,
                "-o",
                "ip.check_checksum:TRUE",
                "-o",
                "tcp.check_checksum:TRUE",
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    fields = ["-T", "fields", "-e", "tcp.stream", "-e", "tcp.payload"]
    rows = [line.split("\t") for line in told(*fields, "-Y", "tcp.len > 0").splitlines()]
    seen: dict[str, bytes] = {}
    for stream, payload in rows:
        seen[stream] = seen.get(stream, b"") + bytes.fromhex(payload.replace(":", ""))
    assert sorted(map(sorted, seen.values())) == sorted(
        sorted(each.upward + each.downward) for each in streams(capture)
    )
    problems = "tcp.analysis.flags || ip.checksum.status == 0 || tcp.checksum.status == 0 || _ws.malformed"
    assert told("-Y", problems) == ""
