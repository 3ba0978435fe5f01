"""`kassalab audit`: a portal's own archives are clean; whatever is changed in one is found and explained."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ofd_mock.portal.archive.spans import Filter
from ofd_mock.portal.archive.store import ArchiveStore
from reference.protocol.kz.money import to_almaty
from tests.ofd_mock.kz.counter import closing
from tests.ofd_mock.kz.counter import ticket as sale
from tests.ofd_mock.portal.stand import Stand
from tests.ofd_mock.portal.test_archive_files import opened, trade
from tools import cli
from tools.audit.archive import Archive
from tools.audit.checks import audit
from tools.audit.findings import WHY

Records = list[dict[str, Any]]
TABLES = ("transactions", "z-reports", "x-reports", "shifts")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Archives of a week at one register, by table."""
    stand = Stand(tmp_path_factory.mktemp("week"))
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    stand.counter.now = to_almaty(stand.office.now)
    trade(stand, card, Random(11), days=6, most=8)
    store = ArchiveStore(stand.office)
    made = {}
    for table in TABLES:
        with opened(store, owner, card, table) as packed:
            made[table] = Path(str(packed.filename)).read_bytes()
    shift = Filter(shift=3)
    with opened(store, owner, card, "transactions", wanted=shift) as packed:
        made["shift"] = Path(str(packed.filename)).read_bytes()
    store.close()
    stand.close()
    return made


def put(path: Path, data: bytes, change: Callable[[Records], Any] | None = None, **summary: Any) -> Path:
    """An archive on the disk, its records changed and its summary overwritten."""
    if change is None and not summary:
        path.write_bytes(data)
        return path
    before = zipfile.ZipFile(io.BytesIO(data))
    with zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "archive.json":
                content = json.dumps(json.loads(content) | summary).encode()
            elif name.endswith(".json") and change is not None:
                records = json.loads(content)
                change(records)
                lines = ",\n".join(json.dumps(record) for record in records)
                content = f"[\n{lines}\n]\n".encode()
            after.writestr(name, content)
    return path


def found(path: Path) -> set[str]:
    archive = Archive(path)
    try:
        return {one.check for one in audit(archive)}
    finally:
        archive.close()


@pytest.mark.parametrize("name", [*TABLES, "shift"])
def test_the_portal_s_own_archives_are_clean(
    archives: dict[str, bytes], tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path / "a.zip", archives[name])
    assert cli.run(["audit", str(path)]) == 0
    said = capsys.readouterr().out
    assert ", 0 findings" in said
    assert not said.rstrip().endswith("\n0 comparisons, 0 findings")


def ticket(records: Records) -> dict[str, Any]:
    return next(one for one in records if one["kind"] == "ticket")


def z_report(records: Records) -> dict[str, Any]:
    return next(one for one in records if one["kind"] == "z")


def drop_ticket(records: Records) -> None:
    records.remove(ticket(records))


def double_ticket(records: Records) -> None:
    one = ticket(records)
    records.insert(records.index(one), dict(one))


def dearer(records: Records) -> None:
    ticket(records)["sum"] += 1


def same_sign(records: Records) -> None:
    first, second = [one for one in records if one["kind"] == "ticket"][:2]
    second["sign"] = first["sign"]


def other_revenue(records: Records) -> None:
    z_report(records)["sum"] += 1


def other_shift(records: Records) -> None:
    records[-1]["shift"] += 20


def lost_closing(records: Records) -> None:
    records[:] = [one for one in records if one["kind"] not in ("z", "closing") or one["shift"] != 2]


def in_report(name: str) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        report = z_report(records)["report"]
        report[name] = report.get(name, 0) + 1

    return change


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (drop_ticket, "number"),
        (drop_ticket, "z-tickets"),
        (drop_ticket, "summary"),
        (drop_ticket, "csv"),
        (double_ticket, "number"),
        (double_ticket, "sign"),
        (dearer, "payments"),
        (dearer, "z-tickets"),
        (dearer, "csv"),
        (same_sign, "sign"),
        (other_revenue, "revenue"),
        (other_revenue, "closing"),
        (other_shift, "order"),
        (lost_closing, "shift"),
        (in_report("ticket_operations.SELL.count"), "z-tickets"),
        (in_report("ticket_operations.SELL.payments.CARD.sum"), "z-tickets"),
        (in_report("ticket_operations.BUY.sum"), "total"),
        (in_report("non_nullable_sums.SELL"), "total"),
        (in_report("start_shift_non_nullable_sums.BUY_RETURN"), "chain"),
        (in_report("money_placements.DEPOSIT.sum"), "z-money"),
        (in_report("money_placements.WITHDRAWAL.count"), "z-money"),
        (in_report("cash_sum"), "cash"),
    ],
)
def test_what_is_changed_among_transactions_is_found(
    archives: dict[str, bytes], tmp_path: Path, change: Callable[[Records], Any], check: str
) -> None:
    assert check in found(put(tmp_path / "a.zip", archives["transactions"], change))


@pytest.mark.parametrize("field", ["receipts", "revenue", "cash"])
def test_what_is_changed_in_a_z_report_is_found(
    archives: dict[str, bytes], tmp_path: Path, field: str
) -> None:
    def change(records: Records) -> None:
        records[1][field] += 1

    assert found(put(tmp_path / "a.zip", archives["z-reports"], change))


def test_a_missing_z_report_and_a_missing_shift_are_found(archives: dict[str, bytes], tmp_path: Path) -> None:
    def change(records: Records) -> None:
        del records[2]

    assert "shift" in found(put(tmp_path / "z.zip", archives["z-reports"], change))
    assert {"shift", "number"} <= found(put(tmp_path / "s.zip", archives["shifts"], change))


def test_a_total_that_fell_is_found(archives: dict[str, bytes], tmp_path: Path) -> None:
    def change(records: Records) -> None:
        records[0]["non_nullable"]["SELL"] = 1

    assert "total" in found(put(tmp_path / "a.zip", archives["z-reports"], change))


def test_a_summary_that_says_otherwise_is_found(archives: dict[str, bytes], tmp_path: Path) -> None:
    assert found(put(tmp_path / "a.zip", archives["shifts"], rows=1)) == {"summary"}
    assert found(put(tmp_path / "b.zip", archives["shifts"], formats=["json", "pdf", "doc"])) == {"file"}


def test_a_damaged_file_is_found_first(archives: dict[str, bytes], tmp_path: Path) -> None:
    data = bytearray(archives["transactions"])
    place = zipfile.ZipFile(io.BytesIO(data)).getinfo("transactions.csv").header_offset + 200
    data[place] ^= 0xFF
    assert found(put(tmp_path / "a.zip", bytes(data))) == {"file"}


def test_each_finding_is_explained_and_they_are_counted(
    archives: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(records: Records) -> None:
        for one in records:
            if one["kind"] == "ticket":
                one["sum"] += 1

    path = put(tmp_path / "a.zip", archives["transactions"], change)
    assert cli.run(["audit", str(path)]) == 1
    said = capsys.readouterr().out
    assert WHY["payments"] in said
    assert "expected" in said
    assert " more\n" in said
    assert cli.run(["audit", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {one["why"] for one in told["findings"]} <= set(WHY.values())
    assert told["checks"]["payments"] > 0


def test_a_clock_that_went_wrong_makes_no_gap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of such a register a period may hold every second document; that is no finding."""
    stand = Stand(tmp_path)
    owner = stand.owner()
    card = stand.registered(owner)
    stand.token(owner, card)
    now = stand.counter.now = to_almaty(stand.office.now)
    for place in range(6):
        back = timedelta(days=3 * (place % 2))
        assert stand.send(card, sale(100 + place, time=now - back)).code == 0
        assert stand.send(card, closing(now - back)).code == 0
    store = ArchiveStore(stand.office)
    wanted = Filter(now.date(), now.date())
    for table, rows in (("transactions", 9), ("shifts", 3)):
        with opened(store, owner, card, table, wanted=wanted) as packed:
            assert json.loads(packed.read("archive.json"))["rows"] == rows
            assert cli.run(["audit", str(packed.filename)]) == 0
            assert ", 0 findings" in capsys.readouterr().out
    store.close()
    stand.close()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "cannot be read"),
        (b"no zip", "is no archive"),
        ({}, "it has no archive.json"),
        ({"archive.json": b"{"}, "cannot be read"),
        ({"archive.json": b"[]"}, "names no table"),
        ({"archive.json": b'{"table": "x"}'}, "names no table"),
        ({"archive.json": b'{"table": "shifts", "version": 9}'}, "of version 9"),
        ({"archive.json": b'{"table": "shifts", "version": 1}'}, "with JSON"),
        (
            {"archive.json": b'{"table": "shifts", "version": 1}', "shifts.json": b"[\n5\n]"},
            "row 1 is no record",
        ),
        (
            {"archive.json": b'{"table": "shifts", "version": 1}', "shifts.json": b"[\n{\n]"},
            "row 1 is no JSON",
        ),
        (
            {"archive.json": b'{"table": "shifts", "version": 1}', "shifts.json": b'[\n{"number": "1"}\n]'},
            "number is missing or no int",
        ),
    ],
)
def test_what_is_no_archive_is_told(
    tmp_path: Path, content: Any, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.zip"
    if isinstance(content, dict):
        with zipfile.ZipFile(path, "w") as packed:
            for name, data in content.items():
                packed.writestr(name, data)
    elif content is not None:
        path.write_bytes(content)
    assert cli.run(["audit", str(path)]) == 2
    assert text in capsys.readouterr().err
