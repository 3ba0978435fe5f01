"""All that the Kazakh operator decides by, in one value, and the order in which it decides (kz-ofd §5.1).

A deliberately faulty operator (ofd_mock/kz/defects.py) is these rules with one or more replaced; no code
anywhere asks whether it is faulty. `settle` is pure: a frame, the device it names and its surroundings go in,
an Outcome comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn

from ofd_mock.kz import answers, inquiries
from ofd_mock.kz.booking import Booked, Booking, NoRoomError, book, no_room
from ofd_mock.kz.conditions import conditions, is_known, state_refusal
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Device, Invoice, Outcome, Received, Surroundings, When
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import (
    COMMANDS,
    DOCUMENTS,
    Command,
    Dialect,
    Serving,
    dialect_for,
    fallback_dialect,
)
from reference.protocol.kz.documents import Document, ReportAsk, from_message, is_resent, offline_period
from reference.protocol.kz.envelope import encode_response, new_response, read_request
from reference.protocol.kz.errors import BodyError
from reference.protocol.kz.exchange import Action, Decision, DeviceExchange, accepted, decide
from reference.protocol.kz.frames import Frame
from reference.protocol.kz.kinds import ReportKind
from reference.protocol.kz.results import ResultCode
from reference.protocol.kz.switches import Switches
from reference.protocol.kz.validation import (
    Context,
    Finding,
    cash_finding,
    shift_finding,
    validate,
    verdict,
)

_KEEPS_CANCELLABLE = frozenset({Command.SYSTEM, Command.INFO})
_DUTY_ROWS = frozenset({"T01", "T02", "T03", "T04", "T05", "T06", "T07", "T23"})
"""Rows of kz-ofd §10.4 that find a missing field."""


def repeated_name(received: Received) -> int | None:
    """The offline number under which a repeat brings its ticket again (kz-ofd §4.2)."""
    if received.command != Command.TICKET or not received.message.ticket.HasField("offline_ticket_number"):
        return None
    number: int = received.message.ticket.offline_ticket_number
    return number


def refused_token(token: int, _exchange: DeviceExchange) -> int:
    """A refusal puts back the token that came (kz-ofd TP-4)."""
    return token


@dataclass(frozen=True, slots=True)
class Rules:
    """One operator's behaviour; the names say which decision each function takes."""

    settings: KzSettings
    switches: Switches
    decide: Callable[..., Decision] = decide
    accepted: Callable[..., DeviceExchange] = accepted
    refused_token: Callable[[int, DeviceExchange], int] = refused_token
    read_document: Callable[[Dialect, Any, int], Document | None] = from_message
    is_resent: Callable[..., bool] = is_resent
    shift_finding: Callable[..., Finding | None] = shift_finding
    cash_finding: Callable[..., Finding | None] = cash_finding
    validate: Callable[..., Sequence[Finding]] = validate
    conditions: Callable[..., Iterable[Finding]] = conditions
    state_refusal: Callable[[Device, int, KzSettings], ResultCode | None] = state_refusal
    book: Callable[[Booking, Any, Surroundings], Booked] = book
    repeated_name: Callable[[Received], int | None] = repeated_name
    finish: Callable[[Outcome], Outcome] = lambda outcome: outcome
    """The last word about an outcome, before it is stored and answered."""
    durable: bool = True
    """Whether an answer waits for the commit of what it confirms."""

    def settle(self, frame: Frame, device: Device | None, now: datetime, around: Surroundings) -> Outcome:
        """Return what a frame comes to; `device` is the one of its ID, None if there is none."""
        try:
            outcome = self._settle(frame, device, now, around)
        except _Refusal as refusal:
            outcome = refusal.outcome(frame)
        return self.finish(outcome)

    def _settle(self, frame: Frame, device: Device | None, now: datetime, around: Surroundings) -> Outcome:
        received, device = _admit(frame, device)
        decision = self._exchange(received, device, around)
        if decision.action is Action.STORED:
            return Outcome(
                received.header,
                received.command,
                ResultCode.OK,
                decision.row,
                decision.token_in_answer,
                device.exchange.last_answer,
                second_name=self.repeated_name(received),
            )
        case = _Case(self, received, device, decision, now, around)
        return case.document() if received.command in DOCUMENTS else case.service()

    def _exchange(self, received: Received, device: Device, around: Surroundings) -> Decision:
        """Steps 6 to 8: ordered answers, token and REQNUM, the device's state."""
        header, command = received.header, received.command
        _ordered(When.BEFORE_TOKEN, received, header.token, "", around)
        decision = self.decide(
            device.exchange, header.token, header.reqnum, command, self.settings.report_token
        )
        blocked = self.state_refusal(device, header.version, self.settings)
        if decision.action is Action.STORED:
            return decision
        early = blocked is not None and self.settings.block_check == "before_token"
        if blocked is not None and (early or decision.action is Action.CHECK):
            checked = decision.action is Action.CHECK
            token = decision.token_in_answer if checked else header.token
            raise _Refusal(received, blocked, decision.refused_row or decision.row, token, device=device)
        if decision.action is Action.REFUSE or not device.exchange.issued:
            code = decision.code or ResultCode.INVALID_TOKEN
            token = self.refused_token(header.token, device.exchange)
            raise _Refusal(received, code, decision.row, token)
        _ordered(When.BEFORE, received, decision.token_in_answer, decision.refused_row, around)
        return decision


def correct_rules(settings: KzSettings) -> Rules:
    """The rules of the specification under these settings."""
    return Rules(settings, settings.switches)


class _Refusal(Exception):  # noqa: N818 - not an error: an answer other than 0 ends the work on a request here
    """An answer that is only a code; `code` None is silence, `device` has ads that go along (§6.4)."""

    def __init__(
        self,
        received: Received | None,
        code: int | None,
        row: str,
        token: int,
        *,
        command: int = 0,
        dialect: Dialect | None = None,
        findings: tuple[Finding, ...] = (),
        device: Device | None = None,
        changed: Device | None = None,
    ) -> None:
        super().__init__(code, row)
        self.received, self.code, self.row, self.token = received, code, row, token
        self.command = received.command if received else command
        self.dialect = received.dialect if received else dialect
        self.findings, self.device, self.changed = findings, device, changed

    def outcome(self, frame: Frame) -> Outcome:
        """The outcome that says no more than the refusal."""
        body = None
        if self.code is not None and self.dialect is not None:
            response = new_response(self.dialect, self.code)
            if self.device is not None and self.received is not None:
                answers.put_ads(response, self.device, self.received.message)
            body = encode_response(self.command, response)
        code = -1 if self.code is None else int(self.code)
        return Outcome(
            frame.header,
            self.command,
            code,
            self.row,
            self.token,
            body,
            device=self.changed,
            findings=self.findings,
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """One request that has passed steps 1 to 8."""

    rules: Rules
    received: Received
    device: Device
    decision: Decision
    now: datetime
    around: Surroundings

    def service(self) -> Outcome:
        """A service command: it changes nothing but what may be cancelled (kz-ofd §3.8)."""
        rules, received, device = self.rules, self.received, self.device
        command, dialect, request = received.command, received.dialect, received.message
        self._need_part()
        document = rules.read_document(dialect, request, command)
        findings = self._examined(document)
        response = answers.accepted_response(dialect, rules.settings)
        invoice = self._inquire(response, document)
        answers.put_service(dialect, response, device, request, info=command == Command.INFO)
        kept = command in _KEEPS_CANCELLABLE or not device.cancellable
        return Outcome(
            received.header,
            command,
            ResultCode.OK,
            self.decision.row,
            self.decision.token_in_answer,
            encode_response(command, response),
            device=None if kept else replace(device, cancellable=False),
            findings=findings,
            invoice=invoice,
            report=answers.asked_report_entry(device, document, self.now, rules.settings),
        )

    def document(self) -> Outcome:
        """A document: checked, counted, and its answer kept for the repeat (kz-ofd D6)."""
        rules, received, device, around = self.rules, self.received, self.device, self.around
        header, command, dialect = received.header, received.command, received.dialect
        self._need_part()
        document = rules.read_document(dialect, received.message, command)
        findings = self._examined(document)
        if document is None and not device.cancellable:
            self._refuse(ResultCode.CANT_CANCEL_TICKET)
        response = answers.accepted_response(dialect, rules.settings)
        booking = Booking(received, device, document, self.now, self._resent(document), rules.settings)
        try:
            booked = rules.book(booking, response, around)
        except NoRoomError:
            self._refuse(ResultCode.INCORRECT_REQUEST_DATA, (*findings, no_room()))
        answers.put_service(dialect, response, booked.device, received.message)
        body = encode_response(command, response)
        token = around.new_token(device.exchange, command)
        exchange = rules.accepted(device.exchange, header.token, header.reqnum, command, body, token)
        outcome = Outcome(
            header,
            command,
            ResultCode.OK,
            self.decision.row,
            exchange.issued,
            body,
            device=replace(booked.device, exchange=exchange),
            document=replace(booked.entry, answer=body),
            findings=(*findings, *booked.findings),
            cancelled=booked.cancelled,
        )
        return self._answered_otherwise(outcome)

    def _answered_otherwise(self, outcome: Outcome) -> Outcome:
        """The place behind step 14: counted, and answered as a test ordered."""
        ordered = self.around.ordered(When.AFTER, self.device.id, outcome.command)
        if ordered is None:
            return outcome
        if ordered.code is None:
            return replace(outcome, code=-1, body=None)
        response = new_response(self.received.dialect, ordered.code)
        return replace(
            outcome,
            code=ordered.code,
            token=self.received.header.token,
            body=encode_response(outcome.command, response),
        )

    def _need_part(self) -> None:
        """Step 9."""
        part = COMMANDS[self.received.command].request_part
        if part and not self.received.message.HasField(part):
            self._refuse(ResultCode.PROTOCOL_ERROR)

    def _resent(self, document: Document | None) -> bool:
        return self.rules.is_resent(document, offline_period(self.received.message))

    def _examined(self, document: Document | None) -> tuple[Finding, ...]:
        """Steps 10 to 13; what only warns is returned."""
        rules, device, switches = self.rules, self.device, self.rules.switches
        context = Context(
            now=self.now,
            last_time=device.last_time,
            org_inn=device.profile.registration.org_inn,
            counters=device.counters,
            resent=self._resent(document),
        )
        late = rules.shift_finding(self.received.command, context, switches)
        if late is not None:
            self._refuse(late.code, (late,))
        found: list[Finding] = []
        if document is not None:
            found += rules.validate(document, self.received.dialect, context, switches)
        found += rules.conditions(self.received, device, document, rules.settings, self.around)
        wrong = verdict(found)
        if wrong is not None:
            self._refuse(wrong.code, tuple(found))
        short = None if document is None else rules.cash_finding(document, context, switches)
        if short is not None:
            self._refuse(short.code, (*found, short))
        return tuple(found)

    def _inquire(self, response: Any, document: Document | None) -> Invoice | None:
        received, device, settings = self.received, self.device, self.rules.settings
        dialect, request, command = received.dialect, received.message, received.command
        answered = inquiries.Answered()
        if command == Command.INFO:
            answers.put_info_report(dialect, response, device, self.now, settings)
        elif isinstance(document, ReportAsk):
            kind = ReportKind(document.kind or 0)
            answers.put_asked_report(dialect, response, device, kind, document.time or self.now, settings)
        elif command == Command.AUTH:
            answered = inquiries.answer_auth(dialect, request, response, device, settings)
        elif command == Command.NOMENCLATURE:
            answered = inquiries.answer_nomenclature(dialect, request, response, device, settings)
        elif command in (Command.QR_GENERATE, Command.QR_GET_STATUS):
            answered = inquiries.answer_qr(
                request, response, device, self.around, generate=command == Command.QR_GENERATE
            )
        if answered.code is not ResultCode.OK:
            self._refuse(answered.code)
        return answered.invoice

    def _refuse(self, code: ResultCode, findings: tuple[Finding, ...] = ()) -> NoReturn:
        """Row D5, or the service row refused: the token that came goes back, nothing is counted."""
        rules, device = self.rules, self.device
        token = self.decision.token_in_answer
        if self.received.command in DOCUMENTS:
            token = rules.refused_token(token, device.exchange)
        changed = None
        wrong = verdict(findings)
        missing = wrong is not None and wrong.id in _DUTY_ROWS and code == rules.switches.missing_field_code
        if missing and rules.settings.missing_field_blocks_device:
            changed = replace(device, state=DeviceState.BLOCKED_OFD)
        raise _Refusal(
            self.received,
            code,
            self.decision.refused_row,
            token,
            findings=findings,
            device=device,
            changed=changed,
        )


def _admit(frame: Frame, device: Device | None) -> tuple[Received, Device]:
    """Steps 2 to 5: VERSION, ID, body, command (kz-ofd FR-07…12)."""
    header = frame.header
    dialect = dialect_for(header.version)
    tables = dialect or fallback_dialect()
    try:
        envelope = read_request(tables, frame.body)
    except BodyError:
        envelope = None
    command = envelope.command if envelope is not None else None

    def refuse(code: ResultCode) -> _Refusal:
        return _Refusal(None, code, "", header.token, command=command or 0, dialect=tables)

    if dialect is None:
        raise refuse(ResultCode.PROTOCOL_ERROR)
    if device is None or not is_known(device):
        raise refuse(ResultCode.UNKNOWN_ID)
    if envelope is None or command is None:
        raise refuse(ResultCode.PROTOCOL_ERROR)
    serving = dialect.serving(command)
    if serving is not Serving.SERVED:
        unknown = serving is Serving.UNKNOWN
        raise refuse(ResultCode.UNKNOWN_COMMAND if unknown else ResultCode.UNSUPPORTED_COMMAND)
    return Received(header, dialect, command, envelope.message, frame.body), device


def _ordered(when: When, received: Received, token: int, row: str, around: Surroundings) -> None:
    ordered = around.ordered(when, received.header.id, received.command)
    if ordered is not None:
        raise _Refusal(received, ordered.code, row, token)
