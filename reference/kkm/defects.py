"""Deliberate mistakes of a register, by name: what a conformance suite must be able to find.

Each is the correct rules with one thing replaced (`--defect NAME`, or `defects` in the settings). None of
the code that sends, stores and prints knows about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reference.kkm import faulty
from reference.kkm.rules import Rules, correct_rules
from reference.kkm.settings import RegisterSettings


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the register does wrong, the clause it breaks, and how the rules are changed."""

    name: str
    sentence: str
    clause: str
    change: faulty.Change


class UnknownDefectError(ValueError):
    """There is no defect of that name."""


def rules_with_defects(settings: RegisterSettings) -> Rules:
    """The correct rules with the mistakes that the settings name; UnknownDefectError otherwise."""
    rules = correct_rules()
    for name in settings.defects:
        defect = DEFECTS.get(name)
        if defect is None:
            raise UnknownDefectError(f"defects: {name!r} is not one of {', '.join(DEFECTS)}")
        rules = defect.change(rules)
    return rules


_TABLE: Final = (
    Defect(
        "token-not-stored",
        "keeps the first token whatever the answers bring",
        "kz-ofd TK-1",
        faulty.token_not_stored,
    ),
    Defect(
        "token-of-refusals-ignored",
        "takes no token from a refusal",
        "kz-ofd TK-1",
        faulty.token_of_refusals_ignored,
    ),
    Defect("token-zero-taken", "takes TOKEN 0 out of an answer", "kz-ofd TP-3", faulty.token_zero_taken),
    Defect("reqnum-kept", "uses one REQNUM for every request", "kz-ofd TK-1", faulty.reqnum_kept),
    Defect("reqnum-wraps-at-65534", "starts again after 65534", "kz-ofd TK-4", faulty.reqnum_wraps_early),
    Defect(
        "new-number-on-repeat",
        "repeats a packet under a new REQNUM",
        "kz-ofd TK-2",
        faulty.new_number_on_repeat,
    ),
    Defect(
        "ping-before-in-flight",
        "pings before it repeats a lost packet",
        "kz-ofd TP-1",
        faulty.ping_before_in_flight,
    ),
    Defect(
        "queue-out-of-order",
        "sends the newest queued message first",
        "kz-ofd OQ-4",
        faulty.queue_out_of_order,
    ),
    Defect(
        "queue-lost-on-restart", "loses the queue with power", "kz-ofd OQ-14", faulty.queue_lost_on_restart
    ),
    Defect(
        "reqnum-lost-on-restart",
        "begins REQNUM anew with power",
        "kz-ofd OQ-14",
        faulty.reqnum_lost_on_restart,
    ),
    Defect("in-flight-dropped", "forgets the packet it was sending", "kz-ofd OQ-3", faulty.in_flight_dropped),
    Defect(
        "queue-skips-refused",
        "throws a refused message away and goes on",
        "kz-ofd OQ-8",
        faulty.queue_skips_refused,
    ),
    Defect(
        "offline-number-missing",
        "sends offline tickets without a number",
        "kz-ofd OQ-6",
        faulty.offline_number_missing,
    ),
    Defect(
        "autonomous-sign-reused",
        "gives all offline tickets of a day one number",
        "kz-ofd OQ-2",
        faulty.autonomous_sign_reused,
    ),
    Defect(
        "offline-flag-missing",
        "sends queued money and reports without is_offline",
        "kz-ofd OQ-6",
        faulty.offline_flag_missing,
    ),
    Defect(
        "offline-period-missing",
        "never says when it was offline",
        "kz-ofd SV-02",
        faulty.offline_period_missing,
    ),
    Defect(
        "end-time-not-refreshed",
        "keeps the end of the offline period",
        "kz-ofd OQ-3",
        faulty.end_time_not_refreshed,
    ),
    Defect(
        "offline-limit-at-71h", "stops after 71 hours offline", "kz-ofd H72-03", faulty.offline_limit_early
    ),
    Defect(
        "offline-limit-inclusive",
        "stops at exactly 72 hours offline",
        "kz-ofd H72-03",
        faulty.offline_limit_inclusive,
    ),
    Defect("offline-limit-ignored", "works offline for ever", "kz-ofd H72-04", faulty.offline_limit_ignored),
    Defect(
        "sells-when-server-blocked",
        "sells while the operator blocks it",
        "kz-ofd MD-04",
        faulty.sells_when_server_blocked,
    ),
    Defect(
        "sells-with-invalid-token",
        "sells with a wrong token",
        "kz-ofd MD-05",
        faulty.sells_with_invalid_token,
    ),
    Defect(
        "sells-when-queue-blocked",
        "sells while its queue is refused",
        "kz-ofd MD-01",
        faulty.sells_when_queue_blocked,
    ),
    Defect("shift-limit-ignored", "sells in a shift of any age", "kz-ofd H24-05", faulty.shift_limit_ignored),
    Defect(
        "withdraws-more-than-drawer",
        "pays out offline what the drawer lacks",
        "kz-ofd OQ-11",
        faulty.withdraws_more_than_drawer,
    ),
    Defect(
        "vat-from-price-before-discount",
        "leaves the discount out of the VAT",
        "kz-ofd ZR-08",
        faulty.vat_before_discount,
    ),
    Defect(
        "change-in-cash", "writes the money handed over as CASH payment", "kz-ofd T19", faulty.change_in_cash
    ),
    Defect(
        "storno-counted-as-position", "counts a storno as a position", "kz-ofd ZR-03", faulty.storno_counted
    ),
    Defect(
        "non-nullable-reset-at-z",
        "resets the non-nullable sums with the shift",
        "kz-ofd ZR-15",
        faulty.non_nullable_reset,
    ),
    Defect("z-number-skipped", "skips a number at every closing", "kz-ofd §8.1", faulty.z_number_skipped),
    Defect(
        "counters-not-taken-over",
        "ignores the counters of INFO and Z",
        "kz-ofd OQ-13",
        faulty.counters_not_taken_over,
    ),
    Defect(
        "counters-taken-over-early",
        "takes INFO's counters while documents wait",
        "kz-ofd §3.3",
        faulty.counters_taken_over_early,
    ),
)

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every known mistake by name."""
