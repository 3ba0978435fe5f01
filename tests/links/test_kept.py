"""A module that stays powered between two sessions: uz-fiscal §7, FM-S-05, EM-04, EM-06."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator

import pytest

from reference.links.errors import NoModule, StatusWordError
from reference.links.kept import Keepable, KeptModule
from reference.links.link import Link
from reference.protocol.uz import apdu
from tests.links import bench as benches
from tests.links.bench import Bench
from tests.waiting import eventually

LONG = 600.0
"""Real seconds of rest that no test waits for."""


class Counting:
    """A link that notes how often it was opened and which commands went through."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.opened = 0
        self.commands: list[bytes] = []
        if isinstance(link, Keepable):
            self.alive: Callable[[], bool] = link.alive

    @property
    def name(self) -> str:
        return self.link.name

    def open(self) -> bytes:
        self.opened += 1
        return self.link.open()

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self.link.transmit(command)

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with benches.bench() as made:
        yield made


@pytest.fixture
def link(bench: Bench) -> Counting:
    return Counting(bench.link("tcp"))


@pytest.fixture
def kept(link: Counting) -> Iterator[KeptModule]:
    module = KeptModule(link, threading.Lock(), LONG, LONG)
    yield module
    module.end()


def test_a_second_session_costs_nothing(link: Counting, kept: KeptModule) -> None:
    with kept.session() as session:
        first = session.get_info()
    del link.commands[:]
    with kept.session() as session:
        again = session.get_info()
        assert session.version.startswith("04")
    assert again == first
    assert link.opened == 1
    assert link.commands == [apdu.get_info().encode()]


def test_nothing_of_an_earlier_session_is_left(bench: Bench, link: Counting, kept: KeptModule) -> None:
    """G2-P-03: whoever proved the secret before has to prove it again."""
    secret = bytes(range(32))
    with kept.session() as session:
        session.pos_lock(secret + hashlib.sha256(secret).digest())
        session.pos_auth(hashlib.sha256(secret + session.pos_challenge()).digest())
        assert bench.slot.module.session.pos_authenticated
    with kept.session():
        assert not bench.slot.module.session.pos_authenticated
    assert link.opened == 1
    assert link.commands[-1] == apdu.select().encode()


def test_a_refusal_takes_the_power(link: Counting, kept: KeptModule) -> None:
    with pytest.raises(StatusWordError), kept.session() as session:
        session.get_zreport_info(7)
    assert not kept.powered
    with kept.session() as session:
        assert session.get_info().terminal_id
    assert link.opened == 2


def test_a_power_cut_between_two_sessions_is_noticed(bench: Bench, link: Counting, kept: KeptModule) -> None:
    """EM-06: what was cut is powered up anew, with no command lost to it."""
    with kept.session() as session:
        session.get_info()
    bench.served.call(bench.served.process.ports[0].cut)
    eventually(lambda: not kept.powered)
    with kept.session() as session:
        session.get_info()
    assert link.opened == 2


def test_a_module_that_was_pulled_out_is_missed(bench: Bench, kept: KeptModule) -> None:
    """UZ-USB-01"""
    with kept.session():
        pass
    assert kept.powered
    bench.unplug()
    eventually(lambda: not kept.powered)
    with pytest.raises(NoModule), kept.session():
        pass


def test_others_get_the_module_when_nobody_wants_it(bench: Bench, link: Counting) -> None:
    """EM-04: the turn of a second host comes though the first one does nothing more."""
    module = KeptModule(link, threading.Lock(), 0.01)
    with module.session():
        pass
    other = bench.link("tcp")
    assert other.open()
    other.close()
    eventually(lambda: not module.powered)
    module.end()


def test_others_get_the_module_though_one_session_follows_the_other(link: Counting) -> None:
    """EM-04: a host that never rests does not keep all others out."""
    module = KeptModule(link, threading.Lock(), LONG, 0.0)
    for _ in range(2):
        with module.session():
            pass
        assert not module.powered
    assert link.opened == 2
    assert link.commands[-1] == apdu.deselect().encode()
    module.end()


def test_the_end_lets_go_at_once(bench: Bench, kept: KeptModule) -> None:
    with kept.session():
        pass
    kept.end()
    assert not kept.powered
    with kept.session():
        pass
    assert not kept.powered
    eventually(lambda: not bench.served.process.ports[0].connected)


@pytest.mark.parametrize("cable", ["usb", "serial"])
def test_a_cable_that_cannot_tell_is_never_kept(bench: Bench, cable: str) -> None:
    link = Counting(bench.link(cable))
    module = KeptModule(link, threading.Lock(), LONG)
    for _ in range(2):
        with module.session():
            pass
    module.end()
    assert link.opened == 2
    assert link.commands[-1] == apdu.deselect().encode()
