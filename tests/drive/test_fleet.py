"""Finding modules, losing them, and not being fooled by another one: UZ-SVC-04, UZ-USB-01…03."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reference.drive.errors import (
    CardAnswerError,
    CardLostError,
    DriveNotConfirmedError,
    DriveNotFoundError,
    NoCardError,
)
from reference.links.errors import LinkTimeout
from tests.drive.conftest import MORNING, Bench, BenchMaker
from tests.drive.doubles import Card, make_module, sale
from tests.waiting import eventually

OTHER = "00" + "9" * 34


def swap(bench: Bench) -> None:
    bench.card.module = make_module(MORNING - timedelta(hours=1), "ZZ000000000009", OTHER)


def test_several_modules_are_told_apart(make_bench: BenchMaker) -> None:
    """UZ-SVC-04"""
    bench = make_bench(modules=3)
    factories = [card.module.state.identity.factory_id for card in bench.cards if card.module]
    terminals = [bench.core.info(factory_id.upper()).terminal_id for factory_id in factories]
    assert terminals == ["ZZ000000000000", "ZZ000000000001", "ZZ000000000002"]
    seen = [state.seen.factory_id for state in bench.core.modules() if state.seen]
    assert seen == factories


def test_nothing_plugged_in(bench: Bench) -> None:
    factory_id, bench.card.module = bench.factory_id, None
    with pytest.raises(NoCardError, match=r"^no card found$") as refused:
        bench.core.info(factory_id)
    assert refused.value.status == 404
    assert bench.core.modules() == []


def test_another_one_is_plugged_in(make_bench: BenchMaker) -> None:
    bench = make_bench(modules=2)
    factory_id, bench.card.module = bench.factory_id, None
    with pytest.raises(DriveNotFoundError, match=r"^fiscal drive not found$") as refused:
        bench.core.info(factory_id)
    assert refused.value.status == 404


def test_a_module_moved_to_another_plug_is_found(make_bench: BenchMaker) -> None:
    bench = make_bench(modules=2, pin_modules=False)
    first, second = bench.cards
    factory_id = bench.factory_id
    first.module, second.module = second.module, first.module
    assert bench.core.info(factory_id).terminal_id == "ZZ000000000000"


def test_another_module_in_its_place_is_refused_until_confirmed(bench: Bench) -> None:
    """UZ-USB-03"""
    swap(bench)
    (state,) = bench.core.modules()
    assert state.foreign
    with pytest.raises(DriveNotConfirmedError, match=r"is not confirmed") as refused:
        bench.core.get_txid(OTHER, sale(bench.tick()))
    assert refused.value.status == 409
    assert OTHER in refused.value.reason
    slot = bench.core.fleet.slots[0]
    assert slot.confirm().known == OTHER
    assert bench.core.info(OTHER).terminal_id == "ZZ000000000009"
    assert [event["kind"] for event in bench.events.since(0)].count("module.replaced") == 1


def test_the_known_module_is_remembered_over_a_restart(bench: Bench) -> None:
    bench.drive.stop()
    swap(bench)
    bench.drive.start()
    with pytest.raises(DriveNotConfirmedError):
        bench.core.info(OTHER)


def test_without_pinning_any_module_will_do(make_bench: BenchMaker) -> None:
    bench = make_bench(pin_modules=False)
    swap(bench)
    assert bench.core.info(OTHER).terminal_id == "ZZ000000000009"


def test_another_module_between_two_commands(bench: Bench) -> None:
    """The FactoryID is read in every session, so a swap between two looks is noticed."""
    factory_id = bench.factory_id
    bench.core.info(factory_id)
    swap(bench)
    with pytest.raises(DriveNotFoundError):
        bench.core.info(factory_id)


def test_broken_links_and_foreign_applets(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    factory_id = bench.factory_id
    bench.card.lose = lambda command: "before" if command.hex().startswith("000000") else ""
    with pytest.raises(CardLostError):
        bench.core.info(factory_id)
    bench.card.lose = lambda _command: ""
    transmit = bench.card.transmit
    monkeypatch.setattr(
        bench.card,
        "transmit",
        lambda command: b"\x03\x24\x90\x00" if command[:4] == bytes(4) else transmit(command),
    )
    with pytest.raises(CardAnswerError, match=r"applet version 0324 is not supported"):
        bench.core.info(factory_id)
    assert bench.core.modules() == []


def test_the_watcher_notices_within_two_seconds(make_bench: BenchMaker) -> None:
    """UZ-USB-01"""
    bench = make_bench(presence_interval=0.05)
    module, bench.card.module = bench.card.module, None
    eventually(lambda: not bench.core.fleet.states()[0].present)
    bench.card.module = module
    eventually(lambda: bench.core.fleet.states()[0].present)


class Busy(Card):
    """A link somebody else holds: nothing comes for a while."""

    def open(self) -> bytes:
        raise LinkTimeout("no answer for 15 s")


def test_a_module_held_by_somebody_else_is_not_taken_for_unplugged(bench: Bench) -> None:
    """EM-04"""
    slot = bench.core.fleet.slots[0]
    slot.link = slot.module.link = Busy(None)
    slot.probe()
    assert slot.state.present
    with slot.lock:
        slot.probe()
    assert slot.identify().present is False
