"""Driver of an operator under test: frames of message version 6, whole or in pieces, and a test terminal to
send from.

A `Terminal` is a module of the judge's own making: a fresh ZZ id with the public test keys, so that its
receipts are genuine and the ledger knows nothing of it yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from conformance.control_client import Json
from conformance.drivers.check_site import CheckSite
from conformance.drivers.module import Reporter
from conformance.drivers.terminal import Terminal
from conformance.drivers.wire import Tap, Wire
from conformance.events import Layer
from conformance.verdicts import AnswerMissing, AnswerUnreadable, CaseFailed, NotApplicable
from reference.protocol.uz import message
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.message import AckFile, File, FileType, Request, Response, SenderInfo, StatusCode
from reference.protocol.uz.values import encode_terminal_id, to_tashkent

if TYPE_CHECKING:
    from conformance.session import Session

SENDER = SenderInfo("kassalab-judge", "", "1")


class OperatorDriver:
    """The operator under test; see docs/writing-cases.md for the usual ways to use it."""

    def __init__(self, session: Session, tap: Tap, reporter: Reporter) -> None:
        self._session = session
        self._tap = tap
        self._reporter = reporter
        self._site: CheckSite | None = None

    def close(self) -> None:
        """Leave the check page; on the wire nothing is kept open between exchanges."""
        if self._site is not None:
            self._site.close()
            self._site = None

    # frames

    def connect(self) -> Wire:
        """A bare connection; use it in a `with`."""
        return Wire(self._session.target.endpoint, self._tap, Layer.MESSAGE, self._session.seconds)

    def exchange(self, *pieces: bytes, finish: bool = False) -> bytes:
        """Send pieces on a new connection and return the whole answer frame, empty when the operator just
        closes.

        `finish` closes our direction after the last piece.
        """
        with self.connect() as wire:
            wire.send_pieces(*pieces)
            if finish:
                wire.finish_sending()
            return self.receive_frame(wire, about=b"".join(pieces))

    @staticmethod
    def receive_frame(wire: Wire, about: bytes = b"") -> bytes:
        """One answer frame from an open connection, empty when the operator closes instead."""

        def size_of(data: bytes) -> int | None:
            try:
                return message.frame_size(data)
            except UzError as error:
                raise AnswerUnreadable(
                    f"no message frame: {error}", clause="OF-02", observed=data.hex()
                ) from error

        return wire.receive_sized(size_of, about=about)

    def ask_frame(self, frame: bytes, *more: bytes) -> Response:
        """Decoded answer to a frame given in pieces; the case fails when there is none."""
        answer = self.exchange(frame, *more)
        if not answer:
            raise AnswerMissing("the operator closed the connection without an answer", clause="OF-01")
        return self.decode(answer)

    @staticmethod
    def decode(frame: bytes) -> Response:
        """Decoded answer frame; AnswerUnreadable when it is none."""
        try:
            return Response.decode(frame)
        except UzError as error:
            raise AnswerUnreadable(
                f"answer cannot be read: {error}", clause="S-11.2", observed=frame.hex()
            ) from error

    # messages

    def request(
        self, terminal: Terminal | str, files: Sequence[File], *, time: datetime | None = None
    ) -> Request:
        """A request from a terminal, at the terminal's own time unless given."""
        identity = terminal if isinstance(terminal, str) else terminal.id
        moment = time or (self.now() if isinstance(terminal, str) else terminal.time)
        return Request(identity, moment, SENDER, tuple(files))

    def ask(self, terminal: Terminal | str, *files: File, time: datetime | None = None) -> Response:
        """Send files in one message and return the decoded answer."""
        return self.ask_frame(self.request(terminal, files, time=time).encode())

    def send(self, terminal: Terminal, *files: File) -> tuple[AckFile, ...]:
        """Acknowledgements of files that the operator must take as a message; the case fails otherwise."""
        response = self.ask(terminal, *files)
        if response.status.code not in (StatusCode.OK, StatusCode.OKNotice):
            raise CaseFailed(
                f"the operator answers {response.status.code!r} {response.status.notice}",
                clause="OF-10",
                expected="OK",
                observed=str(response.status.code),
            )
        if len(response.acks) != len(files):
            raise CaseFailed(
                f"{len(response.acks)} acknowledgements for {len(files)} files",
                clause="OF-10",
                expected=str(len(files)),
                observed=str(len(response.acks)),
            )
        return tuple(response.acks)

    def state_query(self, challenge: bytes, tag: bytes | None = None) -> File:
        """A SyncStateQuery file for a module's challenge (§11.4)."""
        return File(FileType.SyncStateQuery, 1, challenge, tag=tag)

    def verify_query(self, seq: int, time: datetime, sign: str, *, terminal: str = "") -> File:
        """A VerifyFiscalSignQuery file of 22 bytes, or of 30 when `terminal` is given (§11.7)."""
        header = message.encode_verify_query(seq, time, sign)
        if terminal:
            header = encode_terminal_id(terminal) + header
        return File(FileType.VerifyFiscalSignQuery, 1, header)

    # terminals and state

    def terminal(self, *, time: datetime | None = None) -> Terminal:
        """A test terminal the operator has never seen, its clock at `time` or at the operator's present.

        The present is mixed into its id: a case that is run again with the same seed finds the receipts of
        the first run in the same operator's ledger.
        """
        moment = self._session.clock.now()
        mixed = sha256(f"{self._reporter.rng.getrandbits(64)} {moment.isoformat()}".encode()).digest()
        identity = f"ZZ{int.from_bytes(mixed[:8], 'big') % 10**12:012}"
        return Terminal(identity, time or _whole_second(moment), self._reporter.rng)

    def now(self) -> datetime:
        """Lab time as the judge knows it, Tashkent, whole seconds."""
        return _whole_second(self._session.clock.now())

    def state_page(
        self, *, change: str = "", lock: str = "", pos_unlock: str = "", terminal: str = ""
    ) -> None:
        """Set the state page (§11.10; needs `control`)."""
        self._session.state_page(change=change, lock=lock, pos_unlock=pos_unlock, terminal=terminal)

    @property
    def site(self) -> CheckSite:
        """Check page and payment interface, at the address of the control API (needs `control`)."""
        if self._site is None:
            base = self._session.target.controls.get("operator")
            if base is None:
                raise NotApplicable("the operator's check page is not known; give the target control=URL")
            self._site = CheckSite(base, self._tap, self._session.seconds)
        return self._site

    def ledger(
        self, terminal: Terminal | str, kind: Literal["receipts", "zreports"] = "receipts"
    ) -> list[Json]:
        """What the ledger holds of a terminal, by number or close time (needs `control`)."""
        identity = terminal if isinstance(terminal, str) else terminal.id
        rows: list[Json] = self._session.control("operator").do(kind, terminal=identity, limit=10_000)[kind]
        return rows


def _whole_second(moment: datetime) -> datetime:
    return to_tashkent(moment).replace(microsecond=0)
