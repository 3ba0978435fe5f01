from __future__ import annotations

import pytest

from conformance.diagnoses import diagnose


@pytest.mark.parametrize(
    ("observed", "clauses", "symptom"),
    [
        ("9032 - CANNOT_CLOSE_EMPTY_ZREPORT", [], "the shift will not close"),
        ("500 9091 - DATETIME_SYNC_WITH_SERVER", [], "the clock is too far ahead for the module"),
        ("400 receipt time is in the past", [], "the time is in the past for the module"),
        ("90F1 - RECEIPTS_MEMORY_FULL", [], "memory is full"),
        ("2", ["OF-20"], "a receipt stands twice, or not at all, with the operator"),
        ("9030", ["FM-Z-01"], "the time is in the past for the module"),
    ],
)
def test_the_cause_is_found(observed: str, clauses: list[str], symptom: str) -> None:
    found = diagnose(observed, "", clauses)
    assert found is not None
    assert found.symptom == symptom
    assert found.causes


def test_what_fits_nothing_has_no_cause() -> None:
    assert diagnose("12", "a sum", ["TLV-01"]) is None


def test_amounts_are_no_status_words() -> None:
    assert diagnose("990310 and 190320", "", []) is None
