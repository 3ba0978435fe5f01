"""Judge of an operator in Kazakhstan by its answers alone (kz-ofd §2, §3, §4, §9).

The decision table of §4.2 is held against what the operator itself said before: the token it gave, the last
document it accepted. A token never seen before may have been issued out of sight, so it is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from conformance.proxy.kz_message import NOT_ANSWERED, KzMessage, command_name
from conformance.proxy.units import Side, Unit
from conformance.proxy.watching import Finding, Pairing, Talk
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.kinds import Operation
from reference.protocol.kz.report_codec import read_report

_PARTS: Final = {
    Command.TICKET: ("ticket",),
    Command.CLOSE_SHIFT: ("report",),
    Command.REPORT: ("report",),
    Command.NOMENCLATURE: ("nomenclature",),
    Command.INFO: ("report", "service"),
    Command.AUTH: ("auth",),
}
"""Parts of an answer 0 (kz-ofd §3.1); the clause is that of the command's row."""
_UNREAD: Final = (1, 3, 4, 5)
"""Codes for what was not looked at: the received token comes back (kz-ofd §2.3)."""
_EXEMPT_FROM_LIMIT: Final = (Command.SYSTEM, Command.INFO, Command.CLOSE_SHIFT)


@dataclass(frozen=True, slots=True)
class _Last:
    """The last accepted document."""

    pair: tuple[int, int]
    command: int | None
    body: bytes


@dataclass(slots=True)
class _Device:
    """What the operator has shown of one device; `issued` and `last` None where nothing is certain."""

    issued: int | None = None
    last: _Last | None = None
    spent: set[int] = field(default_factory=set)
    refused: int | None = None
    shift: int | None = None
    sums: dict[int, int] = field(default_factory=dict)


class KzOperatorWatcher(Pairing):
    """Judges an operator by its answers to the requests that reached it."""

    judges = Side.RESPONSE

    def __init__(self) -> None:
        super().__init__()
        self._devices: dict[int, _Device] = {}

    def forget(self) -> None:
        """No device is known."""
        self._devices.clear()

    def unanswered(self, requests: list[Unit]) -> Iterator[Finding]:
        """A document without an answer may have been counted or not: its device is not known any more."""
        for request in requests:
            asked = request.value
            if isinstance(asked, KzMessage) and asked.is_document:
                device = self._device(asked)
                device.issued = device.last = None
        yield from ()

    def answered(self, talk: Talk, response: Unit) -> Iterator[Finding]:
        """Judge one answer."""
        request, answer = talk.request, response.value
        if request is None:
            yield Finding("KZ-TR-05", "the operator speaks without being asked", "no bytes", response.title)
            return
        if not isinstance(answer, KzMessage):
            text = f"the answer to {request.title} cannot be read"
            yield Finding("KZ-S-2.2", text, "header and Response", response.trouble)
            return
        asked = request.value
        if not isinstance(asked, KzMessage):
            if answer.code != 3:
                yield Finding("KZ-FR-10", f"{request.trouble} is answered", "3", str(answer.code))
            return
        yield from _judge_frame(asked, answer)
        yield from _judge_result(asked, answer)
        last = self._device(asked).last
        repeated = asked.is_document and last is not None and asked.pair == last.pair
        yield from self._judge_exchange(asked, answer)
        if answer.code == 0 and answer.message.HasField("report") and not repeated:
            yield from self._judge_report(asked, answer)

    def _device(self, asked: KzMessage) -> _Device:
        return self._devices.setdefault(asked.header.id, _Device())

    # token, REQNUM and repeats

    def _judge_exchange(self, asked: KzMessage, answer: KzMessage) -> Iterator[Finding]:
        if answer.code in _UNREAD:
            yield from _expect_token("KZ-S-2.3", asked, answer, asked.header.token)
            return
        device = self._device(asked)
        last = device.last
        if asked.is_document and last is not None and asked.pair == last.pair:
            yield from _judge_repeat(asked, answer, last, device.issued)
        elif answer.code in NOT_ANSWERED:
            if asked.is_document:
                device.issued = device.last = None
        elif device.issued is not None and asked.header.token != device.issued:
            yield from self._judge_other_token(device, asked, answer)
        else:
            yield from self._judge_right_token(device, asked, answer)

    def _judge_other_token(self, device: _Device, asked: KzMessage, answer: KzMessage) -> Iterator[Finding]:
        token = asked.header.token
        if answer.code == 2:
            yield from _expect_token("KZ-TP-4", asked, answer, token)
        elif asked.command == Command.REPORT:
            yield from _expect_token("KZ-TK-S4", asked, answer, device.issued)
        elif token == 0 or token in device.spent:
            clause = "KZ-TP-3" if token == 0 else "KZ-TK-D4" if asked.is_document else "KZ-TK-S2"
            text = f"{_named(asked)} with the old token {token} is served"
            yield Finding(clause, text, "2", str(answer.code))
        else:
            device.issued, device.last = token, None  # issued out of sight
            yield from self._judge_right_token(device, asked, answer)

    def _judge_right_token(self, device: _Device, asked: KzMessage, answer: KzMessage) -> Iterator[Finding]:
        token, code = asked.header.token, answer.code
        last = device.last
        if code == 2:
            device.refused = token
            yield from _expect_token("KZ-TP-4", asked, answer, token)
            return
        if device.refused == token:
            text = f"token {token} was refused with 2 and is now served"
            yield Finding(
                "KZ-TK-D6" if asked.is_document else "KZ-TK-S1", text, "one or the other", _named(asked)
            )
        device.refused = None
        same_number = asked.is_document and last is not None and asked.header.reqnum == last.pair[1]
        if same_number and code != 8:
            yield Finding("KZ-TK-D3", f"{_named(asked)} reuses the last document's REQNUM", "8", str(code))
        elif code in (8, 9) and last is not None and not same_number:
            text = f"{_named(asked)} has a REQNUM that is not the last document's {last.pair[1]}"
            yield Finding("KZ-TP-15", text, "no 8 or 9", str(code))
        if code == 0 and asked.is_document:
            device.spent.add(token)
            device.issued = answer.header.token
            device.spent.discard(device.issued)
            device.last = _Last(asked.pair, asked.command, answer.body)
            return
        device.issued = token
        clause = "KZ-TP-4"
        if code == 0:
            clause = f"KZ-CM-{asked.command}" if asked.command in (0, 3, 8) else "KZ-TK-S1"
        yield from _expect_token(clause, asked, answer, token)

    # reports

    def _judge_report(self, asked: KzMessage, answer: KzMessage) -> Iterator[Finding]:
        device = self._device(asked)
        report = read_report(answer.dialect, answer.message.report.zx_report)
        sums = {row.operation: row.sum for row in report.non_nullable}
        for operation, before in device.sums.items():
            now = sums.get(operation, 0)
            if now < before:
                name = Operation(operation).name if operation in set(Operation) else str(operation)
                text = f"the non-nullable sum of {name} shrinks"
                yield Finding("KZ-ZR-15", text, f"at least {before} tiyn", f"{now} tiyn")
        if asked.command == Command.REPORT and asked.message.report.report != answer.message.report.report:
            text = "a report of another type than asked for"
            expected, observed = asked.message.report.report, answer.message.report.report
            yield Finding("KZ-CM-3", text, str(expected), str(observed))
        if asked.command == Command.REPORT and report.shift_number == 0:
            return  # no Z yet: an empty report (kz-ofd RP-03)
        device.sums |= {
            operation: max(value, device.sums.get(operation, 0)) for operation, value in sums.items()
        }
        if asked.command != Command.CLOSE_SHIFT:
            return
        if device.shift is not None and report.shift_number != device.shift + 1:
            text = f"shift {report.shift_number} is closed after shift {device.shift}"
            yield Finding("KZ-S-8.1", text, str(device.shift + 1), str(report.shift_number))
        device.shift = report.shift_number


def _judge_frame(asked: KzMessage, answer: KzMessage) -> Iterator[Finding]:
    for name in ("version", "id", "reqnum"):
        sent, came = getattr(asked.header, name), getattr(answer.header, name)
        if sent != came:
            text = f"{_named(asked)}: the answer has another {name.upper()}"
            yield Finding("KZ-S-2.2", text, str(sent), str(came))
    if answer.header.token == 0 and asked.header.token != 0:
        yield Finding("KZ-HD-12", f"{_named(asked)}: the answer's token", "not 0", "0")


def _judge_result(asked: KzMessage, answer: KzMessage) -> Iterator[Finding]:
    named, message = _named(asked), answer.message
    echoed = Command.SYSTEM if asked.command is None else asked.command
    if answer.command != echoed:
        text = f"{named}: the answer names another command"
        yield Finding("KZ-S-3.2", text, command_name(echoed), command_name(answer.command))
    if not (message.HasField("result") and message.result.HasField("result_code")):
        yield Finding("KZ-S-3.2", f"{named}: the answer has no result", "a result code", "none")
        return
    code = answer.code
    if code != 0 and not message.result.result_text:
        yield Finding("KZ-S-5.2", f"{named}: {code} without a text", "result_text", "none")
    by_barcode = code == 18 and asked.command == Command.NOMENCLATURE
    if code in (18, 19) and asked.header.version < 204 and not by_barcode:
        text = f"{named}: {code} goes to a device of version {asked.header.version}"
        yield Finding("KZ-S-5.2", text, "15", str(code))
    if code == 11 and asked.is_document and asked.is_resent:
        yield Finding("KZ-OQ-9", f"{named}: a re-sent message is held to the 24 hours", "no 11", "11")
    elif code == 11 and asked.command in _EXEMPT_FROM_LIMIT:
        yield Finding("KZ-H24-02", f"{named} is held to the 24 hours", "no 11", "11")
    for part in _PARTS.get(Command(echoed), ()) if code == 0 and echoed in set(Command) else ():
        if not message.HasField(part):
            yield Finding(f"KZ-CM-{echoed}", f"{named}: the answer lacks a part", part, "none")


def _judge_repeat(asked: KzMessage, answer: KzMessage, last: _Last, issued: int | None) -> Iterator[Finding]:
    if asked.command != last.command:
        if answer.code != 9:
            text = f"{_named(asked)} has the pair of the last {command_name(last.command)}"
            yield Finding("KZ-TK-D2", text, "9", str(answer.code))
        return
    if answer.body != last.body:
        text = f"{_named(asked)} is a repeat and is answered otherwise, unless a token was issued meanwhile"
        yield Finding("KZ-TK-D1", text, last.body.hex(), answer.body.hex())
    elif issued is not None:
        yield from _expect_token("KZ-TK-D1", asked, answer, issued)


def _expect_token(clause: str, asked: KzMessage, answer: KzMessage, token: int | None) -> Iterator[Finding]:
    if token is not None and answer.header.token != token:
        text = f"{_named(asked)}: TOKEN of the answer {answer.code}"
        yield Finding(clause, text, str(token), str(answer.header.token))


def _named(asked: KzMessage) -> str:
    return f"{command_name(asked.command)} of device {asked.header.id}"
