"""How jumps reach sleepers: by futex, by looking where there is none, and not at all for a private clock."""

from __future__ import annotations

import ctypes
import errno
import platform
import sys
import threading

import pytest

from reference.runtime import wakes as wakes_module
from reference.runtime.wakes import Futex, LabEvent, Wakes
from tests.waiting import PATIENCE, eventually


def moved(word: ctypes.c_uint32) -> None:
    word.value += 1


@pytest.mark.parametrize("with_futex", [True, False], ids=["futex", "looking"])
def test_sleepers_hear_of_a_word_that_another_process_moved(with_futex: bool):
    word = ctypes.c_uint32(7)
    futex = Futex.of_this_machine() if with_futex else None
    here, there = Wakes(word, shared=True, futex=futex), Wakes(word, shared=True, futex=futex)
    heard = threading.Event()
    with here.listening(heard.set):
        for _ in range(5):
            heard.clear()
            moved(word)
            there.announce()
            assert heard.wait(PATIENCE)
    assert here._watcher is not None
    here.close(lambda: moved(word))
    there.close(lambda: moved(word))
    assert not here._watcher.is_alive()
    assert there._watcher is None


def test_jump_between_registering_and_watching_is_not_missed():
    word = ctypes.c_uint32(0)
    wakes = Wakes(word, shared=True, futex=None)
    heard = threading.Event()
    with wakes.listening(heard.set):
        moved(word)
        assert heard.wait(PATIENCE)
    wakes.close(lambda: moved(word))


def test_private_wakes_need_no_thread():
    wakes = Wakes(ctypes.c_uint32(0), shared=False)
    heard = threading.Event()
    with wakes.listening(heard.set):
        assert wakes._watcher is None
        wakes.announce()
        assert heard.is_set()
    heard.clear()
    wakes.announce()
    assert not heard.is_set()
    wakes.close(lambda: None)


def test_closed_wakes_start_no_watcher():
    word = ctypes.c_uint32(0)
    wakes = Wakes(word, shared=True, futex=None)
    wakes.close(lambda: moved(word))
    with wakes.listening(lambda: None):
        assert wakes._watcher is None


def test_futex_ends_when_the_word_differs_is_woken_or_time_is_up():
    futex = Futex.of_this_machine()
    assert futex is not None, f"no futex number for {platform.machine()}"
    word = ctypes.c_uint32(1)
    futex.wait(word, 0, 60)
    futex.wait(word, 1, 0)
    thread = threading.Thread(target=futex.wait, args=(word, 1, 60))
    thread.start()

    def woken() -> bool:
        futex.wake(word)
        thread.join(0.01)
        return not thread.is_alive()

    eventually(woken)


def test_futex_errors_are_not_hidden():
    with pytest.raises(OSError) as refused:
        Futex(10_000_000).wake(ctypes.c_uint32())
    assert refused.value.errno == errno.ENOSYS


def test_machines_without_a_known_futex_look_instead(monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(platform, "machine", lambda: "pdp11")
        assert Futex.of_this_machine() is None
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        assert Futex.of_this_machine() is None
    with monkeypatch.context() as patch:
        patch.setattr(wakes_module, "_FUTEX_NUMBERS", {platform.machine(): 10_000_000})
        assert Futex.of_this_machine() is None


def test_lab_event_calls_its_listeners_when_set():
    event = LabEvent()
    heard = []
    with event.listening(lambda: heard.append(event.is_set())):
        event.set()
    event.set()
    assert heard == [True]
    event.clear()
    assert not event.is_set()
