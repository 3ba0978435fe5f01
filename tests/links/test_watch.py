"""Plugging on every cable: noticed within two seconds, another module refused (UZ-USB-01, UZ-USB-03)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from reference.links.errors import LinkTimeout, NoModule
from reference.links.watch import Watcher, presence, watch
from reference.runtime.clock import real_elapsed
from tests.links.bench import CABLES, Bench, bench
from tests.waiting import PATIENCE, eventually, quick_once
from tools.bench.children import child

NOTICED = 2.0
"""Seconds within which plugging is noticed (UZ-USB-01)."""


@contextmanager
def served_at(folder: Path) -> Iterator[Bench]:
    with bench(folder=folder / "module", serial=str(folder / "tty")) as made:
        yield made


class Played:
    """A link whose plug is played."""

    name = "played"

    def __init__(self) -> None:
        self.there: str | None = "one"
        self.busy = False
        self.looks = 0

    def presence(self) -> str | None:
        self.looks += 1
        if self.busy:
            raise LinkTimeout("busy")
        return self.there

    def open(self) -> bytes:
        raise NoModule("nothing")

    def transmit(self, command: bytes) -> bytes:
        return command

    def close(self) -> None:
        """Nothing is open."""


def test_changes_are_heard_once() -> None:
    link, heard = Played(), list[str | None]()
    watcher = watch(link, heard.append, 0.01)
    for there in ("one", None, "two", "three"):
        link.there = there
        eventually(lambda there=there: heard[-1:] == [there])  # type: ignore[misc]
        before = link.looks
        eventually(lambda before=before: link.looks > before + 2)  # type: ignore[misc]
    watcher.stop()
    assert heard == ["one", None, "two", "three"]


def test_a_look_that_cannot_tell_changes_nothing() -> None:
    link, heard = Played(), list[str | None]()
    watcher = watch(link, heard.append, 0.01)
    eventually(lambda: heard)
    link.busy, link.there = True, None
    before = link.looks
    eventually(lambda: link.looks > before + 2)
    watcher.stop()
    assert heard == ["one"]


def test_a_look_that_hangs_delays_no_other() -> None:
    hanging, looked = threading.Event(), threading.Event()
    watcher = Watcher([lambda: hanging.wait(2 * PATIENCE) and None, looked.set], 0.01)
    assert looked.wait(PATIENCE)
    watcher.stop(0.05)
    hanging.set()
    watcher.stop()


def test_presence_on_every_cable(tmp_path: Path) -> None:
    with served_at(tmp_path) as served:
        links = [served.link(cable) for cable in CABLES]
        assert all(presence(link) for link in links)
        served.unplug()
        assert [presence(link) for link in links] == [None] * len(links)
        served.plug()
        assert all(presence(link) for link in links)


@pytest.mark.parametrize("cable", CABLES)
def test_the_drive_notices_on_every_cable(cable: str, tmp_path: Path) -> None:
    """UZ-USB-01, UZ-USB-03, with a drive process of its own."""
    with served_at(tmp_path) as served, driving(tmp_path, served.url(cable)) as drive:
        first = eventually(drive.listed)[0]

        def until_noticed(hand: Callable[[], None], kind: str) -> float:
            begun = real_elapsed()
            hand()
            eventually(lambda: drive.kinds()[-1:] == [kind])
            return real_elapsed() - begun

        def out_and_in() -> float:
            out = until_noticed(served.unplug, "module.unplugged")
            assert drive.post("/FiscalDrive/List").json() == []
            assert drive.post(f"/FiscalDrive/Info/{first}").status_code == 404
            back = until_noticed(served.plug, "module.plugged")
            assert drive.post(f"/FiscalDrive/Info/{first}").status_code == 200
            return max(out, back)

        quick_once(out_and_in, NOTICED, tries=5)

        until_noticed(served.unplug, "module.unplugged")
        served.replace("ZZ000000000077")
        until_noticed(served.plug, "module.replaced")
        other = drive.listed()[0]
        assert other != first
        refused = drive.post(f"/FiscalDrive/Info/{other}")
        assert refused.status_code == 409
        assert "is not confirmed" in refused.text
        assert drive.post("/control/do/confirm-module").json()["factory_id"] == other
        assert drive.post(f"/FiscalDrive/Info/{other}").json()["TerminalID"] == "ZZ000000000077"


class Drive:
    """A running drive."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def post(self, path: str) -> httpx.Response:
        return self._client.post(path, headers={"X-Kassalab": "control"})

    def listed(self) -> list[str]:
        """FactoryIDs of what is plugged in."""
        return [each["FactoryID"] for each in self.post("/FiscalDrive/List").json()]

    def kinds(self) -> list[str]:
        """What became of the plug so far."""
        events: Any = self._client.get("/control/journal", params={"limit": 1000}).json()
        listed = events["events"] if isinstance(events, dict) else events
        return [each["kind"] for each in listed if each["kind"].startswith("module.")]


@contextmanager
def driving(folder: Path, module: str) -> Iterator[Drive]:
    """`python -m reference.drive` with this module."""
    arguments = ["--port", "0", "--dir", str(folder / "drive"), "--module", module, "--log-level", "error"]
    arguments += ["--server-address", "127.0.0.1:1"]
    with (
        child("reference.drive", arguments, folder / "drive.log") as addresses,
        httpx.Client(base_url=addresses["drive"], trust_env=False, timeout=PATIENCE) as client,
    ):
        yield Drive(client)
