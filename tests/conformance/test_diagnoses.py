from __future__ import annotations

import pytest

from conformance.cases import load_suites
from conformance.clauses import book
from conformance.diagnoses import diagnose, diagnoses

PAID_TWICE = "an order was registered twice, or the terminal took the money and the POS says unpaid"


@pytest.mark.parametrize(
    ("observed", "clauses", "symptom"),
    [
        ("9032 - CANNOT_CLOSE_EMPTY_ZREPORT", [], "the shift will not close"),
        ("500 9091 - DATETIME_SYNC_WITH_SERVER", [], "the clock is too far ahead for the module"),
        ("400 receipt time is in the past", [], "the time is in the past for the module"),
        ("90F1 - RECEIPTS_MEMORY_FULL", [], "memory is full"),
        ("2", ["OF-20"], "a receipt stands twice, or not at all, with the operator"),
        ("waiting: cannot connect card", ["PS-03"], "the fiscal receipt does not come"),
        ("2", ["PS-04", "QP-01"], PAID_TWICE),
        ("True", ["PS-12", "ZR-11"], "yesterday's shift is still open"),
        ("65275 not valid refund info", ["RC-10"], "cancelled at the till, and still with the tax body"),
        ("refused", ["PS-14", "PS-05"], "cancelled at the till, and still with the tax body"),
        ("1020200100100000", ["PS-05", "HB-15"], "wrong product code or VAT"),
        ("(30, 70)", ["PS-07"], "cash and card on the receipt are not what was paid"),
        ("172800", ["PS-10", "S-4.3"], "how long it may go on without internet is not told"),
        ("4999", ["BX-G-3.1", "BX-S-4"], "the owner's phone shows other figures than the till"),
        ("[3, 4]", ["PS-20"], "the owner's phone shows other figures than the till"),
        ("429", ["BX-S-1"], "the SMS code does not come, or a login is refused"),
        ("409", ["BX-S-11"], "the till is not linked, or not live"),
        ("waiting", ["BX-PM-4"], "paid for, and the subscription is not active"),
        ("ERROR_RECEIPT_STORE_DAYS_LIMIT_EXCEEDED", ["PS-03"], "blocked by unsent receipts"),
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


def test_every_clause_of_a_diagnosis_is_one() -> None:
    known = set(book().clauses)
    cited = {clause for each in diagnoses() for clause in each.clauses}
    assert cited - known == set()


@pytest.mark.parametrize("suite", ["uz.pos", "uz.backoffice"])
def test_most_failures_of_a_shop_name_a_cause(suite: str) -> None:
    """Whatever was observed: the clauses alone lead to a cause."""
    cases = [case for case in load_suites([suite]) if case.id.startswith(f"{suite}.")]
    silent = [case.id for case in cases if diagnose("something else", "", case.clauses) is None]
    assert len(cases) > 100
    assert len(silent) * 5 <= len(cases), silent


def test_what_fits_nothing_has_no_cause() -> None:
    assert diagnose("12", "a sum", ["TLV-01"]) is None


def test_a_sum_of_one_chain_is_no_status_word_of_the_other() -> None:
    assert diagnose("9022", "", ["KZ-SV-05"]) is None
    found = diagnose("9022", "", ["KZ-ZR-13"])
    assert found is not None
    assert found.chain == "kz"


def test_amounts_are_no_status_words() -> None:
    assert diagnose("990310 and 190320", "", []) is None
