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
        ("2", ["KZ-RC-2"], "the register and the operator disagree about the token"),
        ("(9, 1)", ["KZ-TK-D2"], "a request number is refused, or a document counted twice"),
        ("11 Истек период, в течение", ["KZ-RC-0"], "the shift has been open for over 24 hours"),
        (
            "refused offline-limit in OFFLINE_EXPIRED",
            ["KZ-RC-0"],
            "the register has been offline for over 72 hours, or counts them wrongly",
        ),
        ("15 Касса заблокирована", ["KZ-S-6.4"], "the register is blocked by its operator"),
        ("mode QUEUE_BLOCKED", ["KZ-OQ-8"], "the queue stands: its head is refused"),
    ],
)
def test_the_cause_is_found(observed: str, clauses: list[str], symptom: str) -> None:
    found = diagnose(observed, "", clauses)
    assert found is not None
    assert found.symptom == symptom
    assert found.causes


def test_what_fits_nothing_has_no_cause() -> None:
    assert diagnose("12", "a sum", ["TLV-01"]) is None


def test_a_sum_of_one_chain_is_no_status_word_of_the_other() -> None:
    assert diagnose("9022", "", ["KZ-SV-05"]) is None
    found = diagnose("9022", "", ["KZ-ZR-13"])
    assert found is not None
    assert found.chain == "kz"


def test_amounts_are_no_status_words() -> None:
    assert diagnose("990310 and 190320", "", []) is None
