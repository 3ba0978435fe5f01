"""All that the operator decides by, in one value: the correct rules, each replaceable.

A deliberately faulty operator (ofd_mock/defects.py) is these rules with one or more replaced; no code
anywhere asks whether it is faulty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ofd_mock.uz.admission import admit, pos_unlock_due, read_request
from ofd_mock.uz.answers import ack_for, arrange, respond, sign_ack, sign_sync
from ofd_mock.uz.decisions import HeldReceipt, HeldZReport, confirms, decide_receipt, decide_zreport
from ofd_mock.uz.receipt_checks import check_spic
from ofd_mock.uz.registry import Standing
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.storing import Store, store_then_answer
from ofd_mock.uz.values import (
    AckOrder,
    Outcome,
    Settlement,
    SignQuery,
    Submission,
    SyncOrder,
    Verdict,
    VerifiedReceipt,
    VerifiedZReport,
)
from ofd_mock.uz.verification import Verifier
from ofd_mock.uz.web.lookup import Matches, matches
from reference.protocol.uz.message import AckFile, File, Request, Response, StatusInfo


@dataclass(frozen=True, slots=True)
class Rules:
    """One operator's behaviour; the names say which decision each function takes."""

    read_request: Callable[[bytes], Request]
    admit: Callable[[Standing, bool], StatusInfo]
    verifier: Verifier = field(default_factory=Verifier)
    decide_receipt: Callable[[HeldReceipt | None, VerifiedReceipt], Verdict] = decide_receipt
    decide_zreport: Callable[[HeldZReport | None, VerifiedZReport], Verdict] = decide_zreport
    confirms: Callable[[HeldReceipt | None, SignQuery], bool] = confirms
    pos_unlock_due: Callable[[Standing, int], bool] = pos_unlock_due
    sign_ack: Callable[[AckOrder, datetime], bytes] = sign_ack
    sign_sync: Callable[[SyncOrder, datetime], bytes] = sign_sync
    ack_for: Callable[[Outcome, File, bytes], AckFile] = ack_for
    arrange: Callable[[Sequence[AckFile]], tuple[AckFile, ...]] = arrange
    respond: Callable[[Settlement, Sequence[AckFile]], Response] = respond
    store: Callable[[Store, Submission], Awaitable[Settlement]] = store_then_answer
    unique: bool = True
    """Whether the ledger has its unique indexes."""
    matches: Matches = matches


def correct_rules(settings: OperatorSettings) -> Rules:
    """The rules of the specification under these settings."""
    body_checks = dict(Verifier().body_checks)
    if settings.check_spic:
        body_checks["spic"] = check_spic
    return Rules(
        read_request=partial(read_request, settings=settings),
        admit=partial(admit, settings=settings),
        verifier=Verifier(body_checks=body_checks),
    )
