"""Deliberate mistakes of an operator, by name: what a conformance suite must be able to find.

Each is the correct rules with one thing replaced (`--defect NAME`, or `defects` in the reset settings).
None of the code that serves requests knows about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ofd_mock.uz import faulty_rules as faulty
from ofd_mock.uz.rules import Rules, correct_rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.values import Verdict


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake: what the operator does wrong, the clause it breaks, and how the rules are changed."""

    name: str
    sentence: str
    clause: str
    change: faulty.Change


class UnknownDefectError(ValueError):
    """There is no defect of that name."""


def rules_with_defects(settings: OperatorSettings) -> Rules:
    """The correct rules under these settings, with the mistakes that they name; UnknownDefectError for a
    wrong name.
    """
    rules = correct_rules(settings)
    for name in settings.defects:
        defect = DEFECTS.get(name)
        if defect is None:
            raise UnknownDefectError(f"defects: {name!r} is not one of {', '.join(DEFECTS)}")
        rules = defect.change(rules, settings)
    return rules


_TABLE: Final = (
    Defect(
        "ack-before-commit",
        "acknowledges first and stores two seconds later: a crash in between loses acknowledged receipts",
        "uz-fiscal OF-25",
        faulty.acknowledges_before_storing,
    ),
    Defect(
        "stored-twice", "stores a receipt anew each time it is sent", "uz-fiscal OF-20", faulty.stores_twice
    ),
    Defect(
        "z-stored-twice",
        "stores a Z-report anew each time it is sent",
        "uz-fiscal OF-27",
        faulty.stores_z_twice,
    ),
    Defect(
        "conflict-acknowledged",
        "acknowledges another receipt under a number that is taken",
        "uz-fiscal OF-21",
        faulty.decides({Verdict.CONFLICT: Verdict.AGAIN}),
    ),
    Defect(
        "z-conflict-acknowledged",
        "acknowledges another Z-report under a close time that is taken",
        "uz-fiscal OF-27",
        faulty.other_z_acknowledged,
    ),
    Defect(
        "short-overwrites-full",
        "a short record that comes after the full receipt wipes its items out",
        "uz-fiscal OF-24",
        faulty.decides({Verdict.KEEP_FULL: Verdict.OVERWRITE}),
    ),
    Defect(
        "short-never-completed",
        "a full receipt that comes after its short record is acknowledged and its items thrown away",
        "uz-fiscal OF-24",
        faulty.decides({Verdict.COMPLETE: Verdict.AGAIN}),
    ),
    Defect(
        "repeat-refused",
        "rejects a receipt it holds already instead of acknowledging it again",
        "uz-fiscal OF-20",
        faulty.decides({Verdict.AGAIN: Verdict.CONFLICT}),
    ),
    Defect(
        "order-demanded",
        "rejects receipts whose numbers arrive with a gap",
        "uz-fiscal OF-22",
        faulty.order_demanded,
    ),
    Defect(
        "acks-reversed",
        "answers the files of a message in reversed order",
        "uz-fiscal OF-10",
        faulty.arranges(lambda acks: acks[::-1]),
    ),
    Defect(
        "ack-missing",
        "leaves the last file of a message of several unanswered",
        "uz-fiscal OF-10",
        faulty.arranges(lambda acks: acks[:-1] or acks),
    ),
    Defect("tags-dropped", "does not echo the tags of files", "uz-fiscal OF-10", faulty.tags_dropped),
    Defect(
        "first-ack-for-all",
        "gives the AckFile of the first file to every file of the message",
        "uz-fiscal §17.5",
        faulty.arranges(faulty.first_body_for_all),
    ),
    Defect(
        "ack-of-other-terminal",
        "signs AckFiles for another module",
        "uz-fiscal FM-A-01",
        faulty.signs(faulty.ack_of_other_terminal),
    ),
    Defect("utc-in-files", "dates AckFiles and SyncFiles in UTC", "uz-fiscal TM-01", faulty.utc_in_files),
    Defect("crc-unchecked", "takes messages with a wrong CRC", "uz-fiscal OF-13", faulty.crc_unchecked),
    Defect("takes-33-files", "takes one file more than it may", "uz-fiscal OF-14", faulty.takes_more_files),
    Defect("any-version", "takes files of any version", "uz-fiscal OF-23", faulty.any_version),
    Defect(
        "signature-unchecked",
        "does not verify the module's signature of receipts",
        "uz-fiscal OF-19",
        faulty.signature_unchecked,
    ),
    Defect(
        "body-unchecked",
        "stores bodies without comparing them with what the module signed",
        "uz-fiscal OF-19",
        faulty.without_body_checks("hash", "tlv", "sums", "agreement", "spic"),
    ),
    Defect(
        "sums-unchecked",
        "takes receipts whose items and payments do not add up",
        "uz-fiscal RC-08",
        faulty.without_body_checks("sums"),
    ),
    Defect(
        "record-uncompared",
        "does not compare time and sums of the body with the signed record",
        "uz-fiscal OF-19",
        faulty.without_body_checks("agreement"),
    ),
    Defect(
        "type-unchecked",
        "takes a purchase as an advance and the other way round",
        "uz-fiscal OF-19",
        faulty.type_unchecked,
    ),
    Defect(
        "foreign-files",
        "takes files of one module in a message of another",
        "uz-fiscal OF-19",
        faulty.foreign_files,
    ),
    Defect(
        "production-served",
        "serves modules whose id is not a test id",
        "uz-fiscal OF-16",
        faulty.serves_production,
    ),
    Defect(
        "not-active-with-acks",
        "answers a blocked module with NotActive and AckFiles",
        "uz-fiscal OF-10",
        faulty.not_active_with_acks,
    ),
    Defect(
        "blocked-refuses-sync",
        "refuses the state sync of a blocked module, which then can never be unblocked",
        "uz-fiscal OF-17",
        faulty.blocked_refuses_sync,
    ),
    Defect(
        "sync-with-old-challenge",
        "signs a SyncFile for the challenge of the module's sync before this one",
        "uz-fiscal §11.8",
        faulty.old_challenge,
    ),
    Defect(
        "sync-ignores-lock",
        "a state sync never changes the lock, whatever the state page says",
        "uz-fiscal §11.10",
        faulty.lock_ignored,
    ),
    Defect(
        "pos-unlock-stays",
        "POS Unlock is not used up by one sync",
        "uz-fiscal §11.10",
        faulty.pos_unlock_stays,
    ),
    Defect(
        "verify-ignores-sign",
        "confirms a fiscal sign without comparing it",
        "uz-fiscal §11.7",
        faulty.confirms(faulty.same_but_sign),
    ),
    Defect(
        "verify-accepts-refunds",
        "confirms the sign of a refund, so that a refund could be refunded",
        "uz-fiscal §11.7",
        faulty.confirms(faulty.same_receipt),
    ),
    Defect(
        "check-page-ignores-sign",
        "the check page calls a receipt genuine whatever its sign",
        "uz-fiscal CK-01",
        faulty.check_page_ignores_sign,
    ),
)

DEFECTS: Final[Mapping[str, Defect]] = {defect.name: defect for defect in _TABLE}
"""Every known mistake by name."""
