"""Racks, personalisation, settings: many modules over one flash, each itself (ID-01, UZ-DEV-04)."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest

from reference.protocol.uz import apdu
from reference.protocol.uz.values import MAX_BCD
from reference.runtime.clock import LabClock
from simulator.flash import Flash, NoFlash
from simulator.keeping import pieces
from simulator.module import Module
from simulator.personalisation import new_factory_id
from simulator.process import SimulatorProcess, SimulatorSettings
from simulator.rack import Rack
from simulator.settings import ModuleSettings, SettingsError
from tests.simulator.card import OK, SECOND, START, Card, block, settings
from tests.simulator.served import modules, serving


def rack_of(count: int, store=None, seed: int = 1) -> Rack:
    rack = Rack(store or NoFlash(), LabClock.private().part("module"), Random(seed))
    rack.fill(modules(count))
    return rack


def test_factory_ids_follow_the_time_of_making_and_never_meet():
    created = datetime(2024, 8, 30, 15, 25, 3)
    assert new_factory_id(created) == "002024083015250300" + "0" * 18
    taken: set[str] = set()
    for _ in range(250):
        taken.add(new_factory_id(created, taken))
    assert len(taken) == 250
    assert all(len(text) == 36 for text in taken)
    assert "002024083015250399" + "0" * 18 in taken
    assert "002024083015250449" + "0" * 18 in taken


def test_many_modules_have_ids_keys_and_challenges_of_their_own():
    rack = rack_of(120)
    states = [slot.module.state for slot in rack.slots]
    assert len({state.identity.factory_id for state in states}) == 120
    assert len({state.identity.secret for state in states}) == 120
    assert len({slot.module.keys.module.transport for slot in rack.slots}) == 120


def test_the_same_seed_makes_the_same_rack():
    first, second, other = rack_of(2), rack_of(2), rack_of(2, seed=2)
    secrets = [[slot.module.state.identity.secret for slot in rack.slots] for rack in (first, second, other)]
    assert secrets[0] == secrets[1] != secrets[2]


def test_a_rack_grows_and_the_old_modules_stay(tmp_path):
    rack = rack_of(2, Flash(tmp_path))
    before = [list(pieces(slot.module.state)) for slot in rack.slots]
    rack.fill(modules(4))
    rack.store.close()
    rack = Rack(Flash(tmp_path), LabClock.private().part("module"), Random(9))
    assert [list(pieces(slot.module.state)) for slot in rack.slots[:2]] == before
    assert [slot.terminal for slot in rack.slots] == [f"ZZ{index:012}" for index in range(4)]
    rack.fill(modules(1))
    assert len(rack.slots) == 4
    rack.store.close()


def test_no_two_modules_of_one_id():
    rack = rack_of(2)
    with pytest.raises(SettingsError, match="stands in this rack already"):
        rack.fill([*modules(2), settings(terminal="ZZ000000000001")])
    slots = rack.slots
    with pytest.raises(SettingsError, match="already"):
        rack.replace_all([(slot, settings(terminal="ZZ000000000009")) for slot in slots])
    rack.replace_all(
        [(slots[0], settings(terminal="ZZ000000000001")), (slots[1], settings(terminal="ZZ000000000000"))]
    )
    assert [slot.terminal for slot in slots] == ["ZZ000000000001", "ZZ000000000000"]


def test_the_ids_wanted_must_be_those_there():
    rack = rack_of(2)
    rack.require(modules(2))
    rack.require(modules(3))
    with pytest.raises(SettingsError, match="stands here"):
        rack.require([settings(terminal="ZZ000000000005")])


def test_a_process_refuses_a_folder_of_another_module(tmp_path):
    with serving(tmp_path):
        pass
    wanted = SimulatorSettings(
        modules=(settings(terminal="ZZ000000000005"),), folder=tmp_path, strict_terminal=True
    )
    with pytest.raises(SettingsError, match="ZZ000000000000 stands here"):
        SimulatorProcess(wanted, LabClock.private())


def test_finding_a_module():
    rack = rack_of(3)
    assert rack.find("ZZ000000000002").index == 2
    assert rack.at(1).terminal == "ZZ000000000001"
    for wrong in (lambda: rack.find("ZZ000000000003"), lambda: rack.at(3), lambda: rack.at(-1)):
        with pytest.raises(SettingsError):
            wrong()


@pytest.mark.parametrize(
    "terminal", ["UZ000000000000", "ZZ00000000000", "zz000000000000", "ZZ0000000000001", ""]
)
def test_only_test_modules_are_made(terminal):
    with pytest.raises(SettingsError) as refused:
        ModuleSettings.checked({"terminal": terminal})
    assert refused.value.field == "terminal"


def test_settings_survive_their_json():
    rich = settings(
        terminal="ZZ000000000003", blocks=9, stir="123456789", limits={"vat": 5}, counters={"vat_sale": 2},
        memory={"persistent": 4}, defects=["empty-z-closes"], seed="00" * 32,
        last_operation="2026-02-28 23:59:59",
    )  # fmt: skip
    assert ModuleSettings.model_validate_json(rich.model_dump_json(exclude_defaults=True)) == rich
    assert ModuleSettings.checked({"last_operation": START}).last_operation == START


def test_a_new_module_starts_at_the_time_of_making():
    rack = Rack(
        NoFlash(),
        LabClock.private(datetime.fromisoformat("2026-07-01T19:30:00+00:00"), 0).part("m"),
        Random(1),
    )
    rack.fill([ModuleSettings()])
    state = rack.slots[0].module.state
    assert state.last_operation == datetime(2026, 7, 2, 0, 30)
    assert state.identity.factory_id.startswith("0020260702003000")
    assert state.locked
    assert state.identity.cplc == bytes.fromhex(state.identity.factory_id) + bytes(24)


def test_the_core_without_any_store():
    """Answer and changes; replaying the changes on a twin gives the same state."""
    one, twin = Card().slot.module, Card().slot.module
    for command in (
        apdu.zreport_open(START + SECOND),
        apdu.receipt_register(block(START + 2 * SECOND, 5)),
        apdu.zreport_close(START + 3 * SECOND),
    ):
        answer, changes = one.execute(command.encode())
        assert answer[-2:] == OK.wire
        before = list(pieces(one.state))
        assert list(pieces(twin.state)) == before, "deciding changes nothing durable"
        one.apply(changes)
        twin.apply(changes)
        assert list(pieces(one.state)) == list(pieces(twin.state)) != before


def test_looking_ahead_changes_no_answer_and_ends_with_the_numbers():
    plain, ahead = Card(), Card()
    for card in (plain, ahead):
        card.open()
    for _ in range(5):
        ahead.slot.module.look_ahead()
        ahead.slot.module.look_ahead()
        assert ahead.sell() == plain.sell()
    last = Card(counters={"receipt_seq": MAX_BCD - 1})
    last.open()
    for _ in range(2):
        last.slot.module.look_ahead()
        last.sell(expected=OK if last.memory().receipt_seq < MAX_BCD else 0x9033)


def test_remembered_answers_are_bounded_and_never_stale():
    module: Module = Card().slot.module
    for index in range(300):
        module.execute(apdu.get_zreport_info(index).encode())
    assert len(module._answers) <= 64
    info = apdu.get_info().encode()
    before = module.execute(info)[0]
    assert module.execute(info)[0] is before
    module.apply(module.execute(apdu.pos_lock(b"s" * 32).encode())[1])
    after = module.execute(info)[0]
    assert after != before
    module.power_up()
    assert module.execute(info)[0].hex() == "6d00"
