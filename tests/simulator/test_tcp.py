"""The TCP shell: frames, turns, power (uz-fiscal EM-01 … EM-06, UZ-DEV-07)."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference.protocol.uz import apdu
from reference.protocol.uz.objects import FiscalMemoryInfo
from simulator.shells.tcp import TURN_SECONDS
from tests.simulator.card import SECOND, START, block
from tests.simulator.served import Host, Served, serving
from tests.waiting import PATIENCE, eventually

SELECT = apdu.select().encode()
VERSION = apdu.get_version().encode()


def frame(data: bytes) -> bytes:
    return bytes((len(data),)) + data


@pytest.fixture(scope="module")
def shared():
    with serving() as served:
        yield served


def test_connecting_shows_the_vendors_atr(shared):
    with shared.host() as host:
        assert host.atr.hex() == "3b8f800180318065b08503010101030201040105"


def test_connecting_is_powering_up(shared):
    with shared.host(select=True) as host:
        assert host.ask(VERSION).hex() == "04009000"
    with shared.host() as host:
        assert host.ask(VERSION).hex() == "6d00"


def test_no_delay_is_set(shared):
    with shared.host(select=True):
        link = shared.process.ports[0]._current
        connection = link._transport.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_frames_glued_together_are_answered_one_by_one(shared):
    with shared.host() as host:
        host.write((frame(SELECT) + frame(VERSION) * 3) + frame(apdu.get_unack_zreports().encode()))
        answers = [host.read_frame().hex() for _ in range(5)]
        assert answers == ["9000", "04009000", "04009000", "04009000", "00009000"]


def test_frames_byte_by_byte(shared):
    with shared.host() as host:
        for byte in frame(SELECT) + frame(VERSION):
            host.write(bytes((byte,)))
        assert (host.read_frame().hex(), host.read_frame().hex()) == ("9000", "04009000")


@pytest.mark.parametrize("data", ["", "00", "00000000", "0000000001", "000000000000", "ff" * 255])
def test_malformed_frames_are_answered_and_the_session_stays(shared, data):
    with shared.host(select=True) as host:
        answer = host.ask(bytes.fromhex(data))
        assert answer.hex() in ("6700", "6e00")
        assert host.ask(VERSION).hex() == "04009000"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=600))
def test_garbage_never_ends_the_service(shared, data):
    with shared.host() as host:
        host.write(data)
        host.socket.shutdown(socket.SHUT_WR)
        while host.socket.recv(4096):
            pass
    with shared.host(select=True) as host:
        assert host.ask(VERSION).hex() == "04009000"


def test_a_flood_of_commands_is_answered_whole(shared):
    count = 20_000
    with shared.host(select=True) as host:
        host.socket.settimeout(60)
        flood = frame(VERSION) * count
        sent = 0
        answers = 0
        host.socket.setblocking(False)
        while answers < 5 * count:
            with contextlib.suppress(BlockingIOError):
                sent += host.socket.send(flood[sent : sent + 65536]) if sent < len(flood) else 0
            with contextlib.suppress(BlockingIOError):
                answers += len(host.socket.recv(1 << 20))
        assert answers == 5 * count


def test_a_second_host_waits_for_the_first(shared):
    first = shared.host(select=True)
    second = shared.host(wait_for_atr=False)
    second.write(frame(SELECT))
    assert first.ask(VERSION).hex() == "04009000"
    second.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        second.read(1)
    second.socket.settimeout(PATIENCE)
    first.close()
    assert second.read_frame().hex() == "3b8f800180318065b08503010101030201040105"
    assert second.read_frame().hex() == "9000"
    second.close()


def test_a_host_that_talks_too_much_while_it_waits_is_held_back(shared):
    count = 40_000
    with shared.host(select=True) as first, shared.host(wait_for_atr=False) as second:
        flood = threading.Thread(target=second.write, args=(frame(VERSION) * count,))
        flood.start()
        link = eventually(lambda: next(iter(shared.process.ports[0]._waiting), None))
        eventually(lambda: link._paused)
        assert len(link._inbox) < 1_000_000
        first.close()
        assert len(second.read_frame()) == 20
        for _ in range(count):
            assert second.read_frame() == b"\x6d\x00"
        flood.join()


def test_a_second_host_waits_15_lab_seconds_and_no_longer(shared):
    with shared.host(select=True) as first:
        shared.lab.set_rate(0)
        second = shared.host(wait_for_atr=False)
        eventually(lambda: len(shared.process.ports[0]._waiting) == 1)
        shared.lab.advance(TURN_SECONDS - 1)
        second.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            second.read(1)
        second.socket.settimeout(PATIENCE)
        shared.lab.advance(1)
        assert second.gone()
        second.close()
        shared.lab.set_rate(1)
        assert first.ask(VERSION).hex() == "04009000"


def test_a_host_that_gives_up_waiting_is_forgotten(shared):
    with shared.host(select=True) as first:
        shared.host(wait_for_atr=False).close()
        eventually(lambda: not shared.process.ports[0]._waiting)
        assert first.ask(VERSION).hex() == "04009000"
    with shared.host() as third:
        assert third.atr


def reset_connection(host: Host) -> None:
    host.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    host.close()


@pytest.mark.parametrize("end", [Host.close, reset_connection])
def test_a_connection_lost_in_mid_frame_is_a_power_cut(tmp_path, end):
    with serving(tmp_path) as served:
        host = served.host(select=True)
        assert host.ask(apdu.zreport_open(START + SECOND)).hex() == "9000"
        register = frame(apdu.receipt_register(block(START + 2 * SECOND, 5)).encode())
        host.write(register[:40])
        end(host)
        with served.host() as host:
            assert host.ask(VERSION).hex() == "6d00", "the selection is gone"
            host.ask(SELECT)
            memory = FiscalMemoryInfo.decode(host.ask(apdu.get_fiscal_memory_info())[:-2])
            assert (memory.zreports_count, memory.receipt_seq) == (1, 0)
            host.write(register)
            assert host.read_frame()[-2:] == b"\x90\x00"


def test_an_answer_nobody_waits_for_is_still_kept(tmp_path):
    with serving(tmp_path) as served:
        host = served.host(select=True)
        host.ask(apdu.zreport_open(START + SECOND))
        command = apdu.receipt_register(block(START + 2 * SECOND, 5)).encode()
        host.write(frame(command))
        host.close()
        eventually(lambda: served.process.rack.slots[0].module.state.sequence == 1)
        with served.host(select=True) as host:
            assert host.ask(command)[-2:] == b"\x90\x00"
            memory = FiscalMemoryInfo.decode(host.ask(apdu.get_fiscal_memory_info())[:-2])
            assert memory.receipt_seq == 1


def test_a_port_in_use_is_an_error(shared):
    host, port = shared.address().rsplit(":", 1)
    with pytest.raises(OSError, match="in use"), serving() as other:
        other.await_(other.process.ports[0].listen(host, int(port)))


def sell_a_day(served: Served, index: int, receipts: int) -> list[bytes]:
    with served.host(index, select=True) as host:
        assert host.ask(apdu.zreport_open(START + SECOND)) == b"\x90\x00"
        return [
            host.ask(apdu.receipt_register(block(START + (2 + step) * SECOND, 5))) for step in range(receipts)
        ]


def test_many_modules_side_by_side_have_their_own_memory(tmp_path):
    with serving(tmp_path, count=5) as served:
        assert sorted(served.addresses) == ["control", *(f"module.{index}" for index in range(5))]
        for index in range(5):
            sell_a_day(served, index, index + 1)
        for index in range(5):
            with served.host(index, select=True) as host:
                memory = FiscalMemoryInfo.decode(host.ask(apdu.get_fiscal_memory_info())[:-2])
                assert (memory.terminal_id, memory.receipt_seq) == (f"ZZ{index:012}", index + 1)


def test_modules_working_at_once_share_commits_and_lose_nothing(tmp_path):
    count, receipts = 32, 12
    with serving(tmp_path, count=count) as served:
        hosts = [served.host(index, select=True) for index in range(count)]
        for host in hosts:
            assert host.ask(apdu.zreport_open(START + SECOND)) == b"\x90\x00"
        before = served.process.rack.store._journal.syncs
        for step in range(receipts):
            command = frame(apdu.receipt_register(block(START + (2 + step) * SECOND, 5)).encode())
            for host in hosts:
                host.write(command)
            for host in hosts:
                assert host.read_frame()[-2:] == b"\x90\x00"
        syncs = served.process.rack.store._journal.syncs - before
        assert syncs < count * receipts / 2, "commits are shared"
        states = [slot.module.state.sequence for slot in served.process.rack.slots]
        assert states == [receipts] * count
        for host in hosts:
            host.close()
