"""A module in a reader of PC/SC, through pyscard and whatever service the machine runs (HAR-02).

Calls to the service cannot be taken back, so each is made by a thread of the link's own; one that does not
return within the time-out is left behind with its connection.
"""

from __future__ import annotations

import contextlib
import fnmatch
import importlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from reference.links.errors import LinkError, LinkLost, LinkTimeout, NoModule
from reference.links.patience import SLICE, Patience, PatienceSpent
from reference.links.tcp import TIMEOUT
from reference.protocol.usb import t0
from reference.protocol.usb.errors import TpduError
from reference.runtime.clock import PartClock

STATUS_WORD: Final = 2
"""Bytes of the shortest answer."""
LOOKS: Final = 10
"""How often, with a SLICE between them, a reader whose card is away is asked again."""
EVENT_COUNT: Final = 16
"""Bits below the counter of insertions and removals in a reader's state."""


R = TypeVar("R")


class PcscUnavailableError(NoModule):
    """pyscard is not installed, so no reader of PC/SC can be reached."""


def scard() -> Any:
    """pyscard's functions and constants; PcscUnavailableError says how to get them."""
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise PcscUnavailableError(
            f"PC/SC needs pyscard ({error}): pip install 'kassalab[pcsc]', "
            "which builds with swig, a C compiler and libpcsclite-dev"
        ) from None


class CardAwayError(NoModule):
    """The reader has no card for us now; after a loss of power it may be back in a moment."""


class PcscLink:
    """A card in the reader that `reader` names: its name, a glob of it, or its number among all readers."""

    def __init__(self, reader: str, *, clock: PartClock | None = None, timeout: float = TIMEOUT) -> None:
        self.reader = reader
        self._clock = clock
        self._timeout = timeout
        self._service: _Service | None = None
        self._transmit: Callable[[bytes], bytes] | None = None

    @property
    def name(self) -> str:
        """`pcsc:` and the reader as it was asked for."""
        return f"pcsc:{self.reader}"

    def open(self) -> bytes:
        """Connect alone and give the ATR. NoModule without pyscard, service, reader or card, and for a card
        that another program holds; LinkTimeout by silence."""
        self.close()
        try:
            service = self._service = self._service or _Service(self.name)
            atr, by_t0 = self._connected(service)
        except LinkTimeout:
            raise
        except LinkLost as error:
            self._drop()
            raise NoModule(str(error)) from error
        except NoModule:
            self._drop()
            raise
        self._transmit = self._by_tpdus if by_t0 else self._exchange
        return atr

    def _connected(self, service: _Service) -> tuple[bytes, bool]:
        pause = threading.Event()
        for _ in range(LOOKS):
            try:
                return self._call(lambda: service.connect(self.reader))
            except CardAwayError:
                pause.wait(SLICE)
        return self._call(lambda: service.connect(self.reader))

    def transmit(self, command: bytes) -> bytes:
        """One exchange; ValueError for bytes that the card's protocol cannot carry."""
        if self._transmit is None:
            raise LinkLost(f"{self.name}: not connected")
        try:
            return self._transmit(command)
        except LinkError:
            self._drop()
            raise

    def close(self) -> None:
        """Take the card's power, let others have it, and leave the service, which takes 200 clients."""
        service = self._service
        if service is not None:
            with contextlib.suppress(LinkError):
                self._call(service.disconnect)
        self._drop()

    def presence(self) -> str | None:
        """The reader and how often its card came or went; None without a card. See watch.py."""
        try:
            service = _Service(self.name)
            try:
                return service.presence(self.reader)
            finally:
                service.end()
        except LinkError:
            return None

    def _by_tpdus(self, command: bytes) -> bytes:
        try:
            carrying = t0.apdus(command)
            tpdu = next(carrying)
        except TpduError as error:
            raise ValueError(f"not a command that T=0 can carry: {error}") from error
        try:
            while True:
                tpdu = carrying.send(self._exchange(tpdu))
        except StopIteration as end:
            response: bytes = end.value
            return response
        except TpduError as error:
            raise LinkLost(f"{self.name}: {error}") from error

    def _exchange(self, data: bytes) -> bytes:
        service = self._service
        if service is None:
            raise LinkLost(f"{self.name}: not connected")
        return self._call(lambda: service.exchange(data))

    def _call(self, work: Callable[[], R]) -> R:
        service = self._service
        assert service is not None
        try:
            return service.worker.run(work, Patience(self._clock, self._timeout))
        except PatienceSpent as error:
            self._service = self._transmit = None  # left behind: it is inside a call that does not return
            raise LinkTimeout(f"{self.name}: {error}") from error

    def _drop(self) -> None:
        service, self._service, self._transmit = self._service, None, None
        if service is not None:
            service.end()


class _Worker:
    """A thread that makes calls one after the other."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        threading.Thread(target=self._serve, name="pcsc", daemon=True).start()

    def run(self, work: Callable[[], R], patience: Patience) -> R:
        """What `work` gives or raises; PatienceSpent when it takes too long."""
        self._calls.put(work)
        while True:
            try:
                value, failure = self._results.get(timeout=SLICE)
            except Empty:
                patience.wait()
                continue
            if failure is not None:
                raise failure
            result: R = value
            return result

    def end(self, last: Callable[[], Any]) -> None:
        """Make one more call, then end."""
        self._calls.put(last)
        self._calls.put(None)

    def _serve(self) -> None:
        while (work := self._calls.get()) is not None:
            try:
                self._results.put((work(), None))
            except BaseException as error:  # noqa: BLE001 - raised again where the call was asked for
                self._results.put((None, error))


class _Service:
    """One connection to the PC/SC service and at most one card through it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pcsc = pcsc = scard()
        self._away = (
            pcsc.SCARD_E_NO_SMARTCARD,
            pcsc.SCARD_E_SHARING_VIOLATION,  # perhaps we ourselves: a context is let go of in the background
            pcsc.SCARD_W_REMOVED_CARD,
            pcsc.SCARD_W_RESET_CARD,
            pcsc.SCARD_W_UNPOWERED_CARD,
            pcsc.SCARD_W_UNRESPONSIVE_CARD,
        )
        self._card: Any = None
        self._protocol: Any = None
        result, self._context = pcsc.SCardEstablishContext(pcsc.SCARD_SCOPE_USER)
        self._require(result, NoModule)
        self.worker = _Worker()

    def connect(self, pattern: str) -> tuple[bytes, bool]:
        """Power the card of the reader that `pattern` names: its ATR, and whether it speaks T=0."""
        pcsc = self._pcsc
        protocols = pcsc.SCARD_PROTOCOL_T0 | pcsc.SCARD_PROTOCOL_T1
        reader = self._chosen(pattern)[0]
        result, card, protocol = pcsc.SCardConnect(
            self._context, reader, pcsc.SCARD_SHARE_EXCLUSIVE, protocols
        )
        self._require(result, CardAwayError if result in self._away else NoModule)
        self._card = card
        by_t0 = protocol == pcsc.SCARD_PROTOCOL_T0
        self._protocol = pcsc.SCARD_PCI_T0 if by_t0 else pcsc.SCARD_PCI_T1
        result, _, _, _, atr = pcsc.SCardStatus(card)
        self._require(result, NoModule)
        return bytes(atr), by_t0

    def exchange(self, data: bytes) -> bytes:
        """One command and its answer. LinkLost when the card, the reader or the service went away."""
        result, answer = self._pcsc.SCardTransmit(self._card, self._protocol, list(data))
        if result == self._pcsc.SCARD_E_INVALID_PARAMETER:
            raise ValueError(f"a command of {len(data)} bytes is none for PC/SC")
        self._require(result, LinkLost)
        if len(answer) < STATUS_WORD:
            # What a reader gives that is a program (vpcd), when its card says nothing or goes meanwhile.
            raise LinkLost(f"{self._name}: no answer but {bytes(answer).hex() or 'nothing'}")
        return bytes(answer)

    def disconnect(self) -> None:
        """Take the card's power."""
        card, self._card = self._card, None
        if card is not None:
            self._require(self._pcsc.SCardDisconnect(card, self._pcsc.SCARD_UNPOWER_CARD), LinkLost)

    def presence(self, pattern: str) -> str | None:
        """The reader with its count of insertions and removals; None when there is no card in it."""
        reader, state = self._chosen(pattern)
        present = state & self._pcsc.SCARD_STATE_PRESENT and not state & self._pcsc.SCARD_STATE_MUTE
        return f"{reader} {state >> EVENT_COUNT}" if present else None

    def end(self) -> None:
        """Let go of everything; whatever fails is gone already."""
        self.worker.end(lambda: self._pcsc.SCardReleaseContext(self._context))

    def _chosen(self, pattern: str) -> tuple[str, int]:
        """The reader and its state: the one of that name, else the one of that number, else one that the
        glob fits, with a card if any has."""
        result, readers = self._pcsc.SCardListReaders(self._context, [])
        if result == self._pcsc.SCARD_E_NO_READERS_AVAILABLE:
            readers = []
        else:
            self._require(result, NoModule)
        found = [reader for reader in readers if reader == pattern]
        if not found and pattern.isascii() and pattern.isdigit():
            found = readers[int(pattern) : int(pattern) + 1]
        found = found or [reader for reader in readers if fnmatch.fnmatchcase(reader, pattern)]
        if not found:
            there = ", ".join(readers) or "none"
            raise NoModule(f"{self._name}: no such reader; there are: {there}")
        states = [(reader, self._state(reader)) for reader in found]
        return next((each for each in states if each[1] & self._pcsc.SCARD_STATE_PRESENT), states[0])

    def _state(self, reader: str) -> int:
        asked = [(reader, self._pcsc.SCARD_STATE_UNAWARE)]
        result, states = self._pcsc.SCardGetStatusChange(self._context, 0, asked)
        self._require(result, NoModule)
        state: int = states[0][1]
        return state

    def _require(self, result: int, otherwise: type[LinkError]) -> None:
        if result != self._pcsc.SCARD_S_SUCCESS:
            text = str(self._pcsc.SCardGetErrorMessage(result)).strip()
            silent = otherwise is LinkLost and result == self._pcsc.SCARD_E_TIMEOUT
            raise (LinkTimeout if silent else otherwise)(f"{self._name}: {text}")
