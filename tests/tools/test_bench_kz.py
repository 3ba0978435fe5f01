"""The Kazakh benchmarks see what they are to see; nothing here is timed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ofd_mock.kz.ledger import KzLedger
from reference.runtime.database import open_engine
from tools.bench.kz_fleet import Fleet, operator
from tools.bench.kz_kill import acknowledged_is_kept, wrong
from tools.bench.kz_rate import tickets_a_second
from tools.bench.kz_settle import settling
from tools.bench.kz_size import grown, registers_of, sell_one_each

REGISTERS = 12


@pytest.mark.slow
def test_kills_lose_nothing(tmp_path: Path) -> None:
    figure = acknowledged_is_kept(tmp_path, kills=2, registers=40)
    assert (figure.value, figure.holds) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [False, True])
def test_a_rate_stands_beside_its_floor(tmp_path: Path, kept: bool) -> None:
    figure = tickets_a_second(tmp_path, kept=kept, rounds=2, tickets=3)
    assert figure.unit == "tickets/s"
    assert min(figure.value, figure.floor or 0) > 0


def test_settling_takes_processor_time(tmp_path: Path) -> None:
    figure = settling(tmp_path, rounds=2)
    assert figure.unit == "µs"
    assert min(figure.value, figure.floor or 0) > 0
    lags = []
    for name in ("short", "long"):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as store:
            assert store.execute("select count(*) from kz_documents").fetchone() == (64 * 7,)
            lags.append(store.execute("select distinct documents from kz_devices").fetchall())
    assert lags == [[(1,)], [(7,)]]


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an operator that has stopped; each register has sold a ticket."""
    place = tmp_path_factory.mktemp("size") / "size"
    with operator(place) as server:
        sell_one_each(server, REGISTERS)
        assert server.peak_memory() > 10_000_000
    return place


@pytest.mark.slow
def test_a_grown_ledger_is_a_ledger(sold: Path) -> None:
    """Registers go on selling where the copies end."""
    small, large = grown(sold, (0, 10 * REGISTERS))
    for place, each in ((small, 1), (large, 10)):
        with operator(place) as server, Fleet(registers_of(place / "ledger.sqlite"), sold=1) as fleet:
            assert fleet.run(server.address, rounds=2).answered == 2 * REGISTERS
        ledger = KzLedger(open_engine(place / "ledger.sqlite", {}))
        assert ledger.counts()["documents"] == REGISTERS * (each + 2)
        assert {device.documents for device in ledger.devices()} == {each + 2}
        ledger.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("select 1", []),
        ("delete from kz_documents where device = 4931", ["4931: sign {0} stands +1"]),
        (
            "update kz_documents set sign = 'x' where device = 4931",
            ["sign {0} stands +1", "sign x stands -1"],
        ),
        (
            "insert into kz_documents select device, 3, command, version, token, reqnum, request, answer, "
            "received, time, shift_number, 'y', page, resent, cancelled, operation, total, offline_number, "
            "printed_number, parent_rnm, parent_sign, issued from kz_documents where device = 4931",
            ["1 is followed by 3", "sign y stands -1"],
        ),
    ],
)
def test_what_is_lost_or_doubled_is_found(sold: Path, tmp_path: Path, damage: str, words: list[str]) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes((sold / "ledger.sqlite").read_bytes())
    with closing(sqlite3.connect(path)) as store, store:
        told = store.execute("select device, sign from kz_documents").fetchall()
        store.execute(damage)
    faults = wrong(path, told)
    sign = dict(told)[4931]
    assert len(faults) == len(words)
    assert all(word.format(sign) in fault for word, fault in zip(words, sorted(faults), strict=True)), faults
