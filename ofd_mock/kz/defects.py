"""Deliberate mistakes of a Kazakh operator, by name: what a conformance suite must be able to find.

Each is the correct rules with one thing replaced (`--defect NAME`, or `defects` in the settings). None of
the code that serves requests knows about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ofd_mock.kz import faulty_counting as counting
from ofd_mock.kz import faulty_rules as faulty
from ofd_mock.kz.rules import Rules, correct_rules
from ofd_mock.kz.settings import KzSettings


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the operator does wrong, the clause it breaks, and how the rules are changed."""

    name: str
    sentence: str
    clause: str
    change: faulty.Change


class UnknownDefectError(ValueError):
    """There is no defect of that name."""


def rules_with_defects(settings: KzSettings) -> Rules:
    """The correct rules under these settings, with the mistakes they name; UnknownDefectError otherwise."""
    rules = correct_rules(settings)
    for name in settings.defects:
        defect = DEFECTS.get(name)
        if defect is None:
            raise UnknownDefectError(f"defects: {name!r} is not one of {', '.join(DEFECTS)}")
        rules = defect.change(rules)
    return rules


_TABLE: Final = (
    Defect(
        "refusal-issues-token",
        "answers a refusal with the token it waits for",
        "kz-ofd TP-4",
        faulty.refusal_issues_token,
    ),
    Defect("repeat-counted", "counts a repeated document again", "kz-ofd D1", faulty.repeat_counted),
    Defect(
        "repeat-new-sign", "answers a repeat with another fiscal sign", "kz-ofd D1", faulty.repeat_new_sign
    ),
    Defect("repeat-refused", "answers a repeat with code 2", "kz-ofd D1", faulty.repeat_refused),
    Defect(
        "repeat-by-body",
        "takes a repeat for one only if its body is the same",
        "kz-ofd TP-2",
        faulty.repeat_by_body,
    ),
    Defect(
        "reqnum-history", "refuses any REQNUM that ever came before", "kz-ofd TP-15", faulty.reqnum_history
    ),
    Defect(
        "refusal-uses-reqnum",
        "remembers the REQNUM of a refused document",
        "kz-ofd D5",
        faulty.refusal_uses_reqnum,
    ),
    Defect(
        "retry-command-ignored",
        "answers another command under the old pair from the store",
        "kz-ofd D2",
        faulty.retry_command_ignored,
    ),
    Defect("token-zero-served", "serves TOKEN 0", "kz-ofd D4", faulty.token_zero_served),
    Defect(
        "service-rotates",
        "gives service commands a new token in the answer alone",
        "kz-ofd CM-0",
        faulty.service_rotates,
    ),
    Defect("storno-counted", "counts a storno as a position", "kz-ofd ZR-03", counting.storno_counted),
    Defect("buy-in-revenue", "adds purchases to the revenue", "kz-ofd ZR-14", counting.buy_in_revenue),
    Defect(
        "non-nullable-reset",
        "resets the non-nullable sums with the shift",
        "kz-ofd ZR-15",
        counting.non_nullable_reset,
    ),
    Defect(
        "offline-count-forgotten",
        "forgets to count offline tickets",
        "kz-ofd ZR-10",
        counting.offline_count_forgotten,
    ),
    Defect("change-forgotten", "forgets the change in the report", "kz-ofd ZR-10", counting.change_forgotten),
    Defect("coins-lost", "counts whole tenge only", "kz-ofd TP-16", counting.coins_lost),
    Defect("sums-overflow", "takes sums that no report can hold", "kz-ofd RG-04", counting.sums_overflow),
    Defect("cash-reset", "empties the drawer at every Z", "kz-ofd ZR-13", counting.cash_reset),
    Defect(
        "shift-not-counted", "keeps the shift number after closing", "kz-ofd §8.1", counting.shift_not_counted
    ),
    Defect("limit-at-24", "refuses at exactly 24 hours", "kz-ofd H24-01", faulty.limit_at_24),
    Defect(
        "limit-for-resent",
        "applies the 24 hours to re-sent documents",
        "kz-ofd H24-04",
        faulty.limit_for_resent,
    ),
    Defect("limit-ignored", "lets a shift stay open for ever", "kz-ofd H24-01", faulty.limit_ignored),
    Defect("cash-at-equal", "refuses a withdrawal of the whole cash", "kz-ofd §10.5", faulty.cash_at_equal),
    Defect("total-unchecked", "takes any total", "kz-ofd T13", faulty.total_unchecked),
    Defect("customer-unchecked", "takes the seller as customer", "kz-ofd T22", faulty.customer_unchecked),
    Defect("block-ignored", "serves a blocked register", "kz-ofd §15.5", faulty.block_ignored),
    Defect("text-missing", "leaves out result_text in refusals", "kz-ofd §5.2", faulty.text_missing),
    Defect("command-zero", "answers refusals as COMMAND_SYSTEM", "kz-ofd §3.2", faulty.command_zero),
    Defect(
        "other-device-answer",
        "answers every eighth request under another ID",
        "kz-ofd §2.2",
        faulty.other_device_answer,
    ),
    Defect(
        "ack-before-commit",
        "answers first and commits with the next request",
        "kz-ofd TK-2",
        faulty.ack_before_commit,
    ),
)

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every known mistake by name."""
