"""The ways an operator can be wrong, as functions from rules to rules; ofd_mock/defects.py names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ofd_mock.uz.decisions import HeldReceipt, HeldZReport, decide_receipt, decide_zreport
from ofd_mock.uz.disturbance import OTHER_TERMINAL
from ofd_mock.uz.receipt_checks import Evidence
from ofd_mock.uz.registry import Standing
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.settling import Sheet
from ofd_mock.uz.storing import Store
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
from ofd_mock.uz.web.lookup import Claim
from reference.protocol.uz.message import (
    AckFile,
    File,
    FileStatus,
    Request,
    Response,
    StatusCode,
    StatusInfo,
)
from reference.protocol.uz.standin import module_keys
from reference.protocol.uz.values import crc32c, format_compact_time

Change = Callable[[Rules, OperatorSettings], Rules]
"""What a mistake does to the correct rules."""

STORE_LATE_SECONDS: Final = 2.0
"""Lab seconds by which the ledger lags behind answers that were given first."""
_CRC_SIZE: Final = 4

# --- reading messages -------------------------------------------------------------------------------------


def crc_unchecked(rules: Rules, _settings: OperatorSettings) -> Rules:
    """The CRC of a frame is made right before it is read (against OF-13)."""

    def read(frame: bytes) -> Request:
        content = frame[:-_CRC_SIZE]
        return rules.read_request(content + crc32c(content).to_bytes(_CRC_SIZE, "big"))

    return replace(rules, read_request=read)


def takes_more_files(rules: Rules, settings: OperatorSettings) -> Rules:
    """One file more than `max_files` is taken (against OF-14)."""
    more = settings.max_files + 1
    return replace(rules, read_request=partial(Request.decode, max_size=settings.max_message, max_files=more))


def serves_production(rules: Rules, settings: OperatorSettings) -> Rules:
    """Modules of the other identity are served (against OF-16)."""

    def admit(standing: Standing, only_queries: bool) -> StatusInfo:
        status = rules.admit(standing, only_queries)
        foreign = not settings.serves(standing.terminal)
        return StatusInfo(StatusCode.OK) if foreign and status.code == StatusCode.NotFound else status

    return replace(rules, admit=admit)


def blocked_refuses_sync(rules: Rules, _settings: OperatorSettings) -> Rules:
    """Queries of a blocked module are refused like files (against OF-17)."""
    return replace(rules, admit=lambda standing, _: rules.admit(standing, False))


def not_active_with_acks(rules: Rules, _settings: OperatorSettings) -> Rules:
    """NotActive comes with an AckFile (against OF-10)."""

    def respond(settlement: Settlement, acks: Sequence[AckFile]) -> Response:
        response = rules.respond(settlement, acks)
        if settlement.status.code != StatusCode.NotActive:
            return response
        return replace(response, acks=(AckFile(FileStatus.Reject),))

    return replace(rules, respond=respond)


# --- checking files -----------------------------------------------------------------------------------------


class _TakesAnything:
    """A public key that never minds."""

    def verify(self, *_: object) -> None:
        """Be content."""


@dataclass(frozen=True, slots=True)
class _BlindKeys:
    public: Any
    transport: bytes


def signature_unchecked(rules: Rules, _settings: OperatorSettings) -> Rules:
    """Every signature of a receipt file counts as valid (against OF-19)."""
    check = rules.verifier.record_checks["record"]

    def check_record(evidence: Evidence) -> None:
        keys = evidence.module.keys or module_keys(evidence.module.terminal)
        evidence.module = replace(evidence.module, keys=_BlindKeys(_TakesAnything(), keys.transport))
        check(evidence)

    return _with_record_check(rules, "record", check_record)


def _with_record_check(rules: Rules, name: str, check: Callable[[Evidence], None] | None) -> Rules:
    checks = dict(rules.verifier.record_checks)
    if check is None:
        del checks[name]
    else:
        checks[name] = check
    return replace(rules, verifier=replace(rules.verifier, record_checks=checks))


def without_body_checks(*names: str) -> Change:
    """Checks of a receipt's body are left out (against OF-19)."""

    def change(rules: Rules, _settings: OperatorSettings) -> Rules:
        left = {name: check for name, check in rules.verifier.body_checks.items() if name not in names}
        return replace(rules, verifier=replace(rules.verifier, body_checks=left))

    return change


def any_version(rules: Rules, _settings: OperatorSettings) -> Rules:
    """The version byte of a file is not looked at (against OF-23)."""
    return replace(rules, verifier=replace(rules.verifier, any_version=True))


def foreign_files(rules: Rules, _settings: OperatorSettings) -> Rules:
    """The terminal in a file's header is not compared with the sender (against OF-19, OF-27)."""
    rules = _with_record_check(rules, "terminal", None)
    return replace(rules, verifier=replace(rules.verifier, check_own_zreport=False))


def type_unchecked(rules: Rules, _settings: OperatorSettings) -> Rules:
    """The receipt's type is not compared with the file type (against OF-19)."""
    return _with_record_check(rules, "type", None)


# --- the ledger ---------------------------------------------------------------------------------------------


def acknowledges_before_storing(rules: Rules, _settings: OperatorSettings) -> Rules:
    """Answers are made without the ledger, which follows later (against OF-25)."""

    async def answer_then_store(store: Store, submission: Submission) -> Settlement:
        now = format_compact_time(store.time)
        settlement = Sheet(store.registry, rules, now).settle(submission)
        store.settle_later(submission, STORE_LATE_SECONDS)
        return settlement

    return replace(rules, store=answer_then_store)


def decides(wrong: Mapping[Verdict, Verdict]) -> Change:
    """Receipts: one verdict mistaken for another."""

    def change(rules: Rules, _settings: OperatorSettings) -> Rules:
        def decide(held: HeldReceipt | None, incoming: VerifiedReceipt) -> Verdict:
            verdict = decide_receipt(held, incoming)
            return wrong.get(verdict, verdict)

        return replace(rules, decide_receipt=decide)

    return change


def stores_twice(rules: Rules, settings: OperatorSettings) -> Rules:
    """A receipt that is sent again gets a second entry (against OF-20)."""
    again = dict.fromkeys((Verdict.AGAIN, Verdict.COMPLETE, Verdict.KEEP_FULL), Verdict.STORE)
    return replace(decides(again)(rules, settings), unique=False)


def stores_z_twice(rules: Rules, _settings: OperatorSettings) -> Rules:
    """A Z-report that is sent again gets a second entry (against OF-27)."""

    def decide(held: HeldZReport | None, incoming: VerifiedZReport) -> Verdict:
        verdict = decide_zreport(held, incoming)
        return Verdict.STORE if verdict is Verdict.AGAIN else verdict

    return replace(rules, decide_zreport=decide, unique=False)


def other_z_acknowledged(rules: Rules, _settings: OperatorSettings) -> Rules:
    """A close time that is taken is acknowledged whatever the content (against OF-27)."""

    def decide(held: HeldZReport | None, _incoming: VerifiedZReport) -> Verdict:
        return Verdict.STORE if held is None else Verdict.AGAIN

    return replace(rules, decide_zreport=decide)


def order_demanded(rules: Rules, _settings: OperatorSettings) -> Rules:
    """A number that does not follow the last one is rejected (against OF-22)."""
    highest: dict[str, int] = {}

    def decide(held: HeldReceipt | None, incoming: VerifiedReceipt) -> Verdict:
        verdict = decide_receipt(held, incoming)
        last = highest.get(incoming.terminal, incoming.number - 1)
        if verdict is Verdict.STORE and incoming.number != last + 1:
            return Verdict.CONFLICT
        highest[incoming.terminal] = max(last, incoming.number)
        return verdict

    return replace(rules, decide_receipt=decide)


# --- answers ------------------------------------------------------------------------------------------------


def arranges(arrange: Callable[[tuple[AckFile, ...]], Sequence[AckFile]]) -> Change:
    """The AckFiles of an answer are rearranged (against OF-10)."""

    def change(rules: Rules, _settings: OperatorSettings) -> Rules:
        return replace(rules, arrange=lambda acks: tuple(arrange(rules.arrange(acks))))

    return change


def tags_dropped(rules: Rules, _settings: OperatorSettings) -> Rules:
    """AckFiles bear no tag (against OF-10)."""

    def ack_for(outcome: Outcome, file: File, body: bytes) -> AckFile:
        return replace(rules.ack_for(outcome, file, body), tag=None)

    return replace(rules, ack_for=ack_for)


def first_body_for_all(acks: tuple[AckFile, ...]) -> Sequence[AckFile]:
    """Every AckFile has the body of the first."""
    bodies = [ack.body for ack in acks if ack.body]
    return [replace(ack, body=bodies[0]) if ack.body else ack for ack in acks]


def signs(make: Callable[[AckOrder], AckOrder]) -> Change:
    """AckFiles are signed for another order than the one that was decided."""

    def change(rules: Rules, _settings: OperatorSettings) -> Rules:
        return replace(rules, sign_ack=lambda order, time: rules.sign_ack(make(order), time))

    return change


def ack_of_other_terminal(order: AckOrder) -> AckOrder:
    """The order for a module that did not ask."""
    return replace(order, terminal=OTHER_TERMINAL)


def utc_in_files(rules: Rules, _settings: OperatorSettings) -> Rules:
    """Signed files bear UTC instead of Tashkent time (against TM-01)."""
    back = timedelta(hours=5)

    def sign_ack(order: AckOrder, time: datetime) -> bytes:
        return rules.sign_ack(order, time - back)

    def sign_sync(order: SyncOrder, time: datetime) -> bytes:
        return rules.sign_sync(order, time - back)

    return replace(rules, sign_ack=sign_ack, sign_sync=sign_sync)


def old_challenge(rules: Rules, _settings: OperatorSettings) -> Rules:
    """A SyncFile bears the challenge of the module's sync before (against uz-fiscal §11.8)."""
    last: dict[str, bytes] = {}

    def sign_sync(order: SyncOrder, time: datetime) -> bytes:
        old = last.get(order.terminal, bytes(8))
        last[order.terminal] = order.challenge
        return rules.sign_sync(replace(order, challenge=old), time)

    return replace(rules, sign_sync=sign_sync)


def pos_unlock_stays(rules: Rules, _settings: OperatorSettings) -> Rules:
    """A POS-unlock order is carried by every sync (against uz-fiscal §11.10)."""
    return replace(rules, pos_unlock_due=lambda standing, _: standing.pos_unlock > 0)


def lock_ignored(rules: Rules, _settings: OperatorSettings) -> Rules:
    """No SyncFile changes the lock (against uz-fiscal §11.10)."""

    def sign_sync(order: SyncOrder, time: datetime) -> bytes:
        return rules.sign_sync(replace(order, change_lock=False), time)

    return replace(rules, sign_sync=sign_sync)


# --- questions about receipts -------------------------------------------------------------------------------


def confirms(known: Callable[[HeldReceipt, SignQuery], bool]) -> Change:
    """A sign is confirmed when `known` says so (against uz-fiscal §11.7)."""

    def change(rules: Rules, _settings: OperatorSettings) -> Rules:
        def confirms(held: HeldReceipt | None, query: SignQuery) -> bool:
            return held is not None and known(held, query)

        return replace(rules, confirms=confirms)

    return change


def check_page_ignores_sign(rules: Rules, _settings: OperatorSettings) -> Rules:
    """The check page compares number and time only (against CK-01)."""

    def matches(row: Any, claim: Claim) -> bool:
        return bool(row["time"] == claim.time)

    return replace(rules, matches=matches)


def same_but_sign(held: HeldReceipt, query: SignQuery) -> bool:
    """All that §11.7 asks for but the sign itself."""
    return held.type == 0 and held.operation == 0 and held.time == query.time


def same_receipt(held: HeldReceipt, query: SignQuery) -> bool:
    """The four values of §11.7, whatever the operation."""
    """All that §11.7 asks for but the sign itself."""
    """The check page compares number and time only (against CK-01)."""
    """A sign is confirmed when `known` says so (against uz-fiscal §11.7)."""
    """No SyncFile changes the lock (against uz-fiscal §11.10)."""
    """A POS-unlock order is carried by every sync (against uz-fiscal §11.10)."""
    """A SyncFile bears the challenge of the module's sync before (against uz-fiscal §11.8)."""
    """Signed files bear UTC instead of Tashkent time (against TM-01)."""
    """The order for a module that did not ask."""
    """AckFiles are signed for another order than the one that was decided."""
    """Every AckFile has the body of the first."""
    """AckFiles bear no tag (against OF-10)."""
    """The AckFiles of an answer are rearranged (against OF-10)."""
    """A number that does not follow the last one is rejected (against OF-22)."""
    """A close time that is taken is acknowledged whatever the content (against OF-27)."""
    """A Z-report that is sent again gets a second entry (against OF-27)."""
    """A receipt that is sent again gets a second entry (against OF-20)."""
    """For receipts, verdicts are mistaken for others as `wrong` says."""
    """Answers are made without the ledger, which follows later (against OF-25)."""
    """The receipt's type is not compared with the file type (against OF-19)."""
    """The terminal in a file's header is not compared with the sender (against OF-19, OF-27)."""
    """The version byte of a file is not looked at (against OF-23)."""
    """Checks of a receipt's body are left out (against OF-19)."""
    """Every signature of a receipt file counts as valid (against OF-19)."""
    """NotActive comes with an AckFile (against OF-10)."""
    """Queries of a blocked module are refused like files (against OF-17)."""
    """Modules of the other identity are served (against OF-16)."""
    """One file more than `max_files` is taken (against OF-14)."""
    """The CRC of a frame is made right before it is read (against OF-13)."""
    return held.time == query.time and held.sign == query.sign
