"""Driver of a Kazakh operator under test (OFD): frames of port 7777, whole or in pieces, and registers to
send from.

Every answer that is read at all is held to what all answers must be: version, ID, REQNUM and command are
those of the request, there is a result, and a refusal says why (kz-ofd §2.2, §3.2, §5.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from conformance.control_client import Json
from conformance.drivers.kz_check_pages import CheckPages
from conformance.drivers.kz_device import Device, Identity
from conformance.drivers.kz_lent import keeps_connections, lent_register, take_over
from conformance.drivers.wire import Tap, Wire
from conformance.events import Layer
from conformance.models.kz_money import Books
from conformance.verdicts import AnswerMissing, AnswerUnreadable, CaseFailed, NotApplicable
from reference.protocol.kz.dialects import Dialect, dialect_for, fallback_dialect
from reference.protocol.kz.envelope import read_response
from reference.protocol.kz.errors import BodyError, FrameError
from reference.protocol.kz.frames import HEADER_SIZE, Header
from reference.protocol.kz.money import to_almaty
from reference.protocol.kz.report_codec import read_report
from reference.protocol.kz.reports import ReportData

if TYPE_CHECKING:
    from conformance.context import Context
    from conformance.session import Session

PART: Final = "operator-kz"
UNKNOWN_ID: Final = 4_294_900_001
"""An ID that no register of a lab has."""
LARGEST_ANSWER: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the header as it came, the result, and the Response in the tables of `dialect`."""

    header: Header
    command: int
    code: int
    text: str
    message: Any
    dialect: Dialect
    raw: bytes

    @property
    def ok(self) -> bool:
        """Whether the result code is 0."""
        return self.code == 0

    @property
    def token(self) -> int:
        """TOKEN of the header."""
        return self.header.token

    @property
    def body(self) -> bytes:
        """The bytes behind the header."""
        return self.raw[HEADER_SIZE:]

    @property
    def report(self) -> ReportData:
        """The X or Z of the answer; the case fails when there is none."""
        if not self.message.HasField("report") or not self.message.report.HasField("zx_report"):
            raise CaseFailed("the answer has no report", clause="KZ-IN-02", expected="report.zx_report")
        return read_report(self.dialect, self.message.report.zx_report)

    @property
    def sign(self) -> str:
        """The fiscal sign; the case fails when there is none."""
        if not self.message.HasField("ticket") or not self.message.ticket.ticket_number:
            raise CaseFailed("the answer has no fiscal sign", clause="KZ-S-13.1", expected="ticket_number")
        return str(self.message.ticket.ticket_number)

    @property
    def qr(self) -> str:
        """The address of the QR code, empty without one."""
        return bytes(self.message.ticket.qr_code).decode("ascii", "replace")


class OfdDriver:
    """The operator under test; see docs/writing-cases.md for the usual ways to use it."""

    def __init__(self, session: Session, tap: Tap, reporter: Context) -> None:
        self._session = session
        self._tap = tap
        self.reporter = reporter
        self._pages: CheckPages | None = None
        self._switched: Json = {}
        self._ordered = False
        self._kept: list[Device] = []
        self.keeps_connections = True

    def close(self) -> None:
        """Put switches and ordered answers back, and hang up."""
        for device in self._kept:
            device.leave()
            if self.lent:
                stands = f"TOKEN {device.token}, REQNUM {device.reqnum}"
                self.reporter.note(f"register {device.id} now shows {stands}")
        if self._switched:
            self._control.do("settings", settings=self._switched)
            self._switched = {}
        if self._ordered:
            self._control.do("clear-orders")
            self._ordered = False
        if self._pages is not None:
            self._pages.close()
            self._pages = None

    # frames

    def connect(self) -> Wire:
        """A bare connection; use it in a `with`."""
        return Wire(self._session.target.endpoint, self._tap, Layer.MESSAGE, self._session.seconds)

    def exchange(self, *pieces: bytes, finish: bool = False) -> bytes:
        """Send pieces on a new connection and return one answer frame, empty when the operator just closes.

        `finish` closes our direction after the last piece.
        """
        with self.connect() as wire:
            wire.send_pieces(*pieces)
            if finish:
                wire.finish_sending()
            return self.receive(wire, about=b"".join(pieces))

    @staticmethod
    def receive(wire: Wire, about: bytes = b"") -> bytes:
        """One answer frame from an open connection, empty when the operator closes instead."""
        data = wire.receive_sized(_frame_size, about=about)
        if data and len(data) < (_frame_size(data) or 0):
            raise AnswerMissing(
                f"the operator closed after {len(data)} bytes of an answer", clause="KZ-S-2.2"
            )
        return data

    def ask(self, frame: bytes, *more: bytes) -> Answer:
        """Decoded answer to a frame in pieces on a new connection; the case fails when there is none."""
        return self.decode(self.exchange(frame, *more), frame + b"".join(more))

    def decode(self, raw: bytes, asked: bytes) -> Answer:
        """The answer to `asked`, held to what every answer must be."""
        if not raw:
            raise AnswerMissing("the operator closed the connection without an answer", clause="KZ-S-2.3")
        request = Header.decode(asked[:HEADER_SIZE])
        try:
            header = Header.decode(raw[:HEADER_SIZE])
        except FrameError as error:
            raise AnswerUnreadable(str(error), clause="KZ-HD-0", observed=raw.hex()) from error
        dialect = dialect_for(request.version) or fallback_dialect()
        try:
            envelope = read_response(dialect, raw[HEADER_SIZE:])
        except BodyError as error:
            raise AnswerUnreadable(
                f"the answer's body is no Response: {error}", clause="KZ-S-3.2", observed=raw.hex()
            ) from error
        message = envelope.message
        self._demand(request.version, header.version, "VERSION of the answer", "KZ-HD-2")
        self._demand(request.id, header.id, "ID of the answer", "KZ-HD-8")
        self._demand(request.reqnum, header.reqnum, "REQNUM of the answer", "KZ-HD-16")
        if envelope.command is None or not message.HasField("result"):
            raise AnswerUnreadable(
                "the answer has no command or no result", clause="KZ-S-3.2", observed=raw.hex()
            )
        code, text = int(message.result.result_code), str(message.result.result_text)
        if code and not text:
            raise CaseFailed(
                f"a refusal with code {code} says nothing", clause="KZ-S-5.2", expected="a result_text"
            )
        answer = Answer(header, envelope.command, code, text, message, dialect, raw)
        for device in self._kept:
            if device.id == request.id:
                device.learn(answer)
        return answer

    def _demand(self, expected: int, observed: int, what: str, clause: str) -> None:
        if expected != observed:
            raise CaseFailed(
                f"{what}: expected {expected}, observed {observed}",
                clause=clause,
                expected=str(expected),
                observed=str(observed),
            )

    # registers

    @property
    def lent(self) -> bool:
        """Whether the judge works with a register that the operator's owner gave it, not with its own."""
        return PART not in self._session.target.controls

    def device(self, version: int = 203, **provision: Any) -> Device:
        """A register that speaks `version`, its last shift closed and its drawer empty.

        With a control API it is a new one (`provision` takes what the operation of that name does); else it
        is the one given with the target, brought into that state.
        """
        if not self.lent:
            made = self._control.do("provision", **provision)
            identity = Identity(
                made["id"], made["rnm"], made["serial"], made["org_inn"], new=True, token=made["token"]
            )
            return self.adopt(Device(self, identity, version, Books()))
        if provision:
            raise NotApplicable(f"a register with {', '.join(provision)} can only be made by a control API")
        return self._borrowed(version)

    def devices(self, count: int, version: int = 203) -> list[Device]:
        """Several new registers; not applicable without a control API."""
        made = self._control.do("provision", count=count)["devices"]
        return [
            self.adopt(
                Device(
                    self,
                    Identity(
                        one["id"], one["rnm"], one["serial"], one["org_inn"], new=True, token=one["token"]
                    ),
                    version,
                    Books(),
                )
            )
            for one in made
        ]

    def _borrowed(self, version: int) -> Device:
        lent = lent_register(str(self._session.target.endpoint), self._session.target.options)
        identity = Identity(
            lent.id, lent.rnm, lent.serial, "", new=False, token=lent.token, reqnum=lent.reqnum
        )
        device = self.adopt(Device(self, identity, version, Books()))
        device.learned = lambda: lent.remember(device)
        with self.reporter.preparing("close the shift of the register that was lent"):
            take_over(device)
            if lent.keeps is None:
                lent.keeps = keeps_connections(device)
        self.keeps_connections = lent.keeps
        return device

    def demand_kept(self) -> None:
        """The case is about several requests on one connection, which no rule demands of a product."""
        if not self.keeps_connections:
            raise NotApplicable("the operator ends a connection after one answer; more is a choice (TR-06)")

    def adopt(self, device: Device) -> Device:
        """Hand a register the tokens of every answer under its ID from now on."""
        self._kept.append(device)
        return device

    # time, switches, orders

    def now(self) -> datetime:
        """Lab time as registers have it: Almaty, whole seconds."""
        return to_almaty(self._session.clock.now())

    def switch(self, **settings: Any) -> None:
        """Change switches of kz-ofd §19.2 (needs `control`); put back after the case."""
        known = self._control.state()["settings"]
        for name in settings:
            self._switched.setdefault(name, known[name])
        self._control.do("settings", settings=settings)

    def order(self, code: int | None, device: Device, **where: Any) -> None:
        """Order an answer for a register (kz-ofd §5.1; None: silence); forgotten after the case."""
        self._ordered = True
        self._control.do("order", code=code, device=device.id, **where)

    # what the operator holds

    def documents(self, device: Device, limit: int = 10_000) -> list[Json]:
        """The ledger's rows of a register, by number (needs `control`)."""
        rows: list[Json] = self._control.do("documents", id=device.id, limit=limit)["documents"]
        return rows

    def findings(self, device: Device) -> list[Json]:
        """What checks have found against a register, oldest first (needs `control`)."""
        rows: list[Json] = self._control.do("findings", id=device.id, limit=10_000)["findings"]
        return rows

    def do(self, operation: str, device: Device, **arguments: Any) -> Json:
        """A control operation on one register, such as `block` (needs `control`)."""
        return self._control.do(operation, id=device.id, **arguments) or {}

    @property
    def pages(self) -> CheckPages:
        """The check page at the address of the control API (needs `control`)."""
        if self._pages is None:
            base = self._session.target.controls.get(PART)
            if base is None:
                raise NotApplicable("the operator's check page is not known; give the target control=URL")
            self._pages = CheckPages(base, self._tap, self._session.seconds)
        return self._pages

    @property
    def _control(self) -> Any:
        return self._session.control(PART)


def _frame_size(data: bytes) -> int | None:
    if len(data) < HEADER_SIZE:
        return HEADER_SIZE
    size = int.from_bytes(data[4:8], "little")
    if not HEADER_SIZE <= size <= LARGEST_ANSWER:
        raise AnswerUnreadable(f"SIZE of the answer is {size}", clause="KZ-HD-4", observed=data.hex())
    return size


__all__ = ["LARGEST_ANSWER", "PART", "UNKNOWN_ID", "Answer", "OfdDriver"]
