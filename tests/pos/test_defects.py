"""Deliberate mistakes are put in by name, and taken out again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.clauses import book
from reference.pos.defects import DEFECTS, UnknownDefectError, put_in
from reference.pos.fiscal.rest import RestService
from reference.pos.process import main
from reference.pos.shop.fiscal_desk import FiscalDesk
from reference.pos.shop.orders import Orders
from reference.pos.till import Till


@pytest.fixture
def desks() -> Any:
    till = object.__new__(Till)
    till.drive = RestService("http://127.0.0.1:1")
    fiscal = object.__new__(FiscalDesk)
    fiscal.till = till
    yield SimpleNamespace(fiscal=fiscal, orders=object.__new__(Orders))
    till.drive.close()


def test_mistakes_stack_and_leave_no_trace(desks: Any) -> None:
    assert put_in(desks, None, ["unit-price", "sign-as-number", "newest-first"]) == (
        "unit-price",
        "sign-as-number",
        "newest-first",
    )
    drive = desks.fiscal.till.drive
    assert {each.__name__ for each in type(drive).__mro__} >= {"UnitPrice", "SignAsNumber", "RestService"}
    assert type(desks.fiscal) is not FiscalDesk
    put_in(desks, None, [])
    assert (type(drive), type(desks.fiscal), type(desks.fiscal.till)) == (RestService, FiscalDesk, Till)


def test_a_mistake_that_there_is_not_changes_nothing(desks: Any) -> None:
    put_in(desks, None, ["newest-first"])
    wrong = type(desks.fiscal)
    with pytest.raises(UnknownDefectError, match="'nonsense' is not one of"):
        put_in(desks, None, ["nonsense"])
    with pytest.raises(UnknownDefectError, match="'gap-ignored' is about a part"):
        put_in(desks, None, ["gap-ignored"])
    assert type(desks.fiscal) is wrong


def test_every_mistake_names_a_clause_that_there_is() -> None:
    for defect in DEFECTS.values():
        assert book().clause(defect.clause).text, defect.name


def test_the_command_line_knows_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--dir", str(tmp_path), "--defects", "nonsense"])
    assert ended.value.code == 2
    assert "nonsense" in capsys.readouterr().err
