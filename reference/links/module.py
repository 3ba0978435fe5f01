"""A session with a fiscal module: typed commands down, objects up (uz-fiscal §5.1, §5.2).

`module_session` does the usual host sequence FM-S-05 around a block of commands: power up, GET DATA, select,
GET_VERSION, … deselect, power down. Nothing is retried here: after LinkLost only the module knows what took
effect.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar

from reference.links.errors import AnswerError, AppletVersionError, LinkError, ModuleError, StatusWordError
from reference.links.link import Link
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.objects import FiscalInfo, FiscalMemoryInfo, ReceiptInfo, ZReportInfo

T = TypeVar("T")

FACTORY_ID_BYTES: Final = 18
LARGEST_DATA: Final = 250
"""Data bytes of the longest command that every link can carry (uz-fiscal EM-02)."""


def factory_id_of(cplc: bytes) -> str:
    """The FactoryID: lower-case hex of the first 18 bytes of the CPLC (uz-fiscal §2.3)."""
    return cplc[:FACTORY_ID_BYTES].hex()


class ModuleSession:
    """One powered-up, selected module. Every method is one command.

    Raises StatusWordError when the module refuses, AnswerError when its answer cannot be read, and LinkLost
    or LinkTimeout when the link broke, after which the session is over.
    """

    def __init__(self, link: Link, atr: bytes, cplc: bytes) -> None:
        self.link = link
        self.atr = atr
        self.cplc = cplc
        self.version = ""
        self._remembered = False
        """Whether the applet keeps something until it is selected again: that the secret was proved."""

    @property
    def factory_id(self) -> str:
        """FactoryID of the module in this session."""
        return factory_id_of(self.cplc)

    def select(self) -> None:
        """SELECT and GET_VERSION; AppletVersionError unless 0400…0499 (uz-fiscal FM-S-05)."""
        _send(self.link, apdu.select(), "SELECT")
        version = self._send(apdu.get_version(), "GET_VERSION")
        if len(version) != 2:
            raise AnswerError("GET_VERSION", f"{len(version)} bytes, not 2")
        self.version = version.hex()
        if not self.version.isdigit() or not self.version.startswith("04"):
            raise AppletVersionError(self.version)

    def begin_anew(self) -> None:
        """Leave nothing in the module of what was done: SELECT, where the applet remembers anything."""
        if self._remembered:
            _send(self.link, apdu.select(), "SELECT")
            self._remembered = False

    def _send(self, command: Command, name: str) -> bytes:
        return _send(self.link, command, name)

    # --- reading -------------------------------------------------------------------------------------

    def get_info(self, tags: Iterable[int] = ()) -> FiscalInfo:
        """Object a0; `tags` narrows it to these top-level tags."""
        data = self._send(apdu.get_info(bytes(tags)), "GET_INFO")
        return _decoded(FiscalInfo.decode, data, "GET_INFO")

    def get_fiscal_memory_info(self, tags: Iterable[int] = ()) -> FiscalMemoryInfo:
        """Object a1."""
        data = self._send(apdu.get_fiscal_memory_info(bytes(tags)), "GET_FISCAL_MEMORY_INFO")
        return _decoded(FiscalMemoryInfo.decode, data, "GET_FISCAL_MEMORY_INFO")

    def get_unack_zreports(self) -> list[int]:
        """Reverse indexes of the Z-reports the operator has not acknowledged; at most 16 (uz-fiscal
        FM-I-05)."""
        name = "GET_UNACK_ZREPORTS_INDEXES"
        data = self._send(apdu.get_unack_zreports(), name)
        return list(_decoded(apdu.decode_indexes, data, name))

    def get_zreport_info(self, index: int, tags: Iterable[int] = ()) -> ZReportInfo:
        """Object a2 of a reverse index, 0 the last opened."""
        data = self._send(apdu.get_zreport_info(index, bytes(tags)), "GET_ZREPORT_INFO")
        return _decoded(ZReportInfo.decode, data, "GET_ZREPORT_INFO")

    def get_zreport_file(self, index: int) -> bytes:
        """The whole a4 element of a reverse index, as it goes to the operator."""
        return self._send(apdu.get_zreport_file(index), "GET_ZREPORT_FILE")

    def get_receipt_info(self, index: int, tags: Iterable[int] = ()) -> ReceiptInfo:
        """Object a3 of a reverse index among the held receipts, 0 the newest; tag 0c only if named."""
        data = self._send(apdu.get_receipt_info(index, bytes(tags)), "GET_RECEIPT_INFO")
        return _decoded(ReceiptInfo.decode, data, "GET_RECEIPT_INFO")

    def get_receipt_file(self, index: int = 0, seq: int | None = None) -> bytes:
        """The whole a5 element of a held receipt, by reverse index or by its number."""
        return self._send(apdu.get_receipt_file(index, seq), "GET_RECEIPT_FILE")

    # --- changing ------------------------------------------------------------------------------------

    def zreport_open(self, time: datetime) -> None:
        """Open the shift at `time` (Tashkent local)."""
        self._send(apdu.zreport_open(time), "ZREPORT_OPEN")

    def zreport_close(self, time: datetime) -> None:
        """Close the shift at `time` (Tashkent local)."""
        self._send(apdu.zreport_close(time), "ZREPORT_CLOSE")

    def receipt_register(self, total_block: bytes) -> ReceiptInfo:
        """Register a TotalBlock; the FiscalSignInfo, the same again for an identical block (uz-fiscal
        FM-R-01)."""
        data = self._send(apdu.receipt_register(total_block), "RECEIPT_REGISTER")
        return _decoded(ReceiptInfo.decode, data, "RECEIPT_REGISTER")

    def receipt_rescan(self) -> None:
        """Have the module recompute the time of its first unacknowledged receipt."""
        self._send(apdu.receipt_rescan(), "RECEIPT_RESCAN")

    def ack(self, file: bytes, index: int | None = None) -> None:
        """Hand over the operator's AckFile; `index` is the absolute index of the a4/a5 (uz-fiscal CL-10)."""
        _require_size(file, "ACK")
        self._send(apdu.ack(file, index), "ACK")

    def sync(self, file: bytes) -> None:
        """Hand over the operator's SyncFile (uz-fiscal §11.8)."""
        _require_size(file, "SYNC")
        self._send(apdu.sync(file), "SYNC")

    # --- authentication ------------------------------------------------------------------------------

    def signed_challenge(self, challenge: bytes) -> bytes:
        """The module's signature over 16 bytes."""
        return self._send(apdu.signed_challenge(challenge), "SIGNED_CHALLENGE_AUTH")

    def pos_lock(self, data: bytes) -> None:
        """Bind the module to a POS: secret (32) ‖ SHA-256(secret) (32) (uz-fiscal G2-P-01)."""
        _require_size(data, "POS_LOCK")
        self._remembered = True
        self._send(Command(0x00, 0x0C, 0x00, 0x00, data), "POS_LOCK")

    def pos_challenge(self) -> bytes:
        """The 32 bytes to hash behind the secret."""
        return self._send(apdu.pos_challenge(), "POS_CHALLENGE")

    def pos_auth(self, digest: bytes) -> None:
        """Prove the secret by SHA-256(secret ‖ challenge) (uz-fiscal G2-P-03)."""
        _require_size(digest, "POS_AUTH")
        self._remembered = True
        self._send(Command(0x00, 0x0C, 0x02, 0x00, digest), "POS_AUTH")

    # --- the end -------------------------------------------------------------------------------------

    def deselect(self) -> None:
        """Go back to the card manager (uz-fiscal FM-S-03)."""
        self._send(apdu.deselect(), "DESELECT")


def _require_size(data: bytes, name: str) -> None:
    """Foreign data that no link can carry gets here what a module says to data of a wrong length."""
    if not 0 < len(data) <= LARGEST_DATA:
        raise StatusWordError(StatusWord.WRONG_LENGTH, name)


def _send(link: Link, command: Command, name: str) -> bytes:
    try:
        data, sw = apdu.split_response(link.transmit(command.encode()))
    except CodecError as error:
        raise AnswerError(name, str(error)) from error
    if sw != StatusWord.NO_ERROR:
        raise StatusWordError(sw, name)
    return data


def _decoded(decode: Callable[[bytes], T], data: bytes, name: str) -> T:
    try:
        return decode(data)
    except CodecError as error:
        raise AnswerError(name, str(error)) from error


def read_cplc(link: Link) -> bytes:
    """The 42 bytes of factory data; a leading 9F7F2A is stripped (uz-fiscal FM-S-04)."""
    return _decoded(apdu.decode_cplc, _send(link, apdu.get_cplc(), "GET DATA"), "GET DATA")


def begin_session(link: Link, *, select: bool = True) -> ModuleSession:
    """Power up, read ATR and CPLC, and select the applet; see `module_session`."""
    atr = link.open()
    try:
        session = ModuleSession(link, atr, read_cplc(link))
        if select:
            session.select()
    except BaseException:
        link.close()
        raise
    return session


def end_session(session: ModuleSession, *, selected: bool = True) -> None:
    """Deselect and power down; what was asked for is done, so a module that has gone spoils nothing."""
    try:
        if selected:
            with contextlib.suppress(LinkError, ModuleError):
                session.deselect()
    finally:
        session.link.close()


@contextmanager
def module_session(link: Link, *, select: bool = True) -> Iterator[ModuleSession]:
    """The sequence FM-S-05 around a block. Without `select` only ATR and CPLC are read.

    Raises NoModule, LinkLost, LinkTimeout, and ModuleError for a module this house cannot speak to.
    """
    session = begin_session(link, select=select)
    try:
        yield session
    except BaseException:
        link.close()
        raise
    end_session(session, selected=select)
