"""REST 3449, FiscalDriveService: two steps, and a repeat that gives the first answer (uz-fiscal §4).

One method a call, answers read as tolerantly as real clients do (HB-08).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.pos.fiscal.service import Dialect, Json, Meaning, ModuleFacts, Repeat
from reference.pos.fiscal.wire import json_bytes, new_way, posting
from reference.pos.order_book import Sale
from reference.pos.way import FORM, JSON, Way, form_of
from reference.protocol.uz.qr import qr_url
from reference.protocol.uz.values import format_json_time, parse_json_time

BATCH: Final = 32
TXID_NAMES: Final = ("txid", "value")
ANSWERED: Final = ("TerminalID", "ReceiptSeq", "DateTime")
"""What no answer to a registration is without."""

_MEANINGS: Final = (
    (Meaning.TXID_UNKNOWN, ("no record found",)),
    (
        Meaning.TRY_AGAIN,
        ("card connection lost", "no card found", "fiscal drive not found", "cannot save to database"),
    ),
    (Meaning.NO_SHIFT, ("9021", "zreport_is_not_opened")),
    (Meaning.SHIFT_OPEN, ("9022", "zreport_is_not_closed", "already_open")),
    (Meaning.TIME_WRONG, ("9030", "9091", "datetime_sync_with_server", "receipt time is in the past")),
    (Meaning.SHIFT_FULL, ("9040", "9041", "9042", "9043")),
    (Meaning.BLOCKED, ("9031", "90f1", "90ff")),
    (Meaning.ORIGINAL_UNKNOWN, ("refundinfo is not valid",)),
    (Meaning.LOCKED, ("9090", "locked_sync_with_server")),
)
_SERVER: Final = 500


class RestService:
    """One service. Raises DriveUnreachableError when it does not answer, DriveRefusedError when it
    refuses."""

    dialect = Dialect.REST
    syncs_state = True
    sends_at_once = True

    def __init__(self, url: str, factory_id: str = "", way: Way | None = None) -> None:
        self._way = way or new_way(url)
        self._address = url.rstrip("/")
        self._factory_id = factory_id

    @property
    def address(self) -> str:
        """Where it is."""
        return self._address

    @property
    def factory_id(self) -> str:
        """The module in use: the one that was named, else the first of the service's list."""
        if not self._factory_id:
            modules = self._call("/FiscalDrive/List")
            if not isinstance(modules, list) or not modules:
                raise DriveRefusedError(404, "no card found")
            self._factory_id = str(modules[0]["FactoryID"])
        return self._factory_id

    # --- what a till asks ----------------------------------------------------------------------------

    def facts(self) -> ModuleFacts:
        """Info and counters."""
        info, memory = self.info(), self.memory()
        unsent, oldest = int(memory.get("ReceiptsCount", 0)), memory.get("FirstUnacknowledgedReceiptTime")
        last = memory.get("LastOperationTime")
        return ModuleFacts(
            terminal=str(info.get("TerminalID", "")),
            locked=bool(info.get("Locked")),
            unsent=unsent,
            oldest_unsent=parse_json_time(str(oldest)) if oldest and unsent else None,
            last_operation=parse_json_time(str(last)) if last else None,
        )

    def locked(self) -> bool:
        """Locked of Info (HB-06)."""
        return bool(self.info().get("Locked"))

    def last_operation(self) -> datetime:
        """LastOperationTime."""
        return parse_json_time(str(self.memory()["LastOperationTime"]))

    def held(self) -> set[int]:
        """Receipt/Info by index, as far as there are any."""
        found: set[int] = set()
        while (receipt := self.receipt(len(found))) is not None:
            found.add(int(receipt["ReceiptSeq"]))
        return found

    def repeat(self, _receipt: Json) -> Repeat:
        """RegisterTXID gives the first answer again (G2-S-07)."""
        return Repeat.SAFE

    def begin(self, receipt: Json) -> int:
        """GetTXID."""
        return self.get_txid(receipt)

    def mark(self, _receipt: Json) -> Json:
        """Nothing has to be known."""
        return {}

    def finish(self, sale: Sale) -> Json:
        """RegisterTXID. An answer that cannot be read says nothing about the receipt: it is asked again."""
        assert sale.txid is not None
        try:
            answer = self.register(sale.txid)
        except DriveRefusedError as error:
            if error.status != HTTPStatus.OK:
                raise
            raise DriveUnreachableError(f"fiscal service's answer cannot be read: {error}") from error
        if missing := [name for name in ANSWERED if answer.get(name) in (None, "")]:
            raise DriveUnreachableError(f"fiscal service's answer is without {missing[0]}")
        return answer

    def lost(self, sale: Sale, _others: Collection[int], _now: datetime, qr_base: str) -> Json | None:
        """The answer to a sale whose TXID the service has lost, read from the module itself."""
        if sale.receipt is None or not sale.attempts:
            return None
        index = 0
        while (held := self.receipt(index)) is not None and held["Time"] >= sale.receipt["Time"]:
            if all(held[name] == sale.receipt[name] for name in ("Time", "ReceivedCash", "ReceivedCard")):
                return _answer_from(held, qr_base)
            index += 1
        return None

    def meaning(self, error: DriveRefusedError) -> Meaning:
        """By the words that clients look for (HB-03)."""
        for meaning, words in _MEANINGS:
            if error.says(*words):
                return meaning
        card_word = error.reason[:4].isalnum() and error.reason[4:7] == " - "
        return Meaning.UNSURE if error.status >= _SERVER and not card_word else Meaning.FINAL

    # --- calls ---------------------------------------------------------------------------------------

    def info(self) -> dict[str, Any]:
        """Info of the module."""
        return self._object(f"/FiscalDrive/Info/{self.factory_id}")

    def memory(self) -> dict[str, Any]:
        """Counters of the module."""
        return self._object(f"/FiscalDrive/FiscalMemory/Info/{self.factory_id}")

    def shift(self, index: int = 0) -> dict[str, Any] | None:
        """A Z-report by reverse index, None when there is none."""
        try:
            return self._object(f"/FiscalDrive/ZReport/Info/{self.factory_id}", {"Index": index})
        except DriveRefusedError as error:
            if error.says("9020"):
                return None
            raise

    def open_shift(self, time: datetime) -> None:
        """Open the shift."""
        self._call(f"/FiscalDrive/ZReport/Open/{self.factory_id}", {"DateTime": format_json_time(time)})

    def close_shift(self, time: datetime) -> None:
        """Close the shift."""
        self._call(f"/FiscalDrive/ZReport/Close/{self.factory_id}", {"DateTime": format_json_time(time)})

    def sync_state(self) -> None:
        """State sync with the operator."""
        self._call(f"/FiscalDrive/State/Sync/{self.factory_id}")

    def send_receipts(self) -> int:
        """Have the service send what waits; how many receipts the operator has acknowledged now."""
        form = {"ItemsCount": BATCH}
        answer = self._object(f"/DataBase/Files/Sync/FullReceipts/{self.factory_id}", form)
        return int(answer.get("SuccessfulsCount", 0))

    def get_txid(self, receipt: dict[str, Any]) -> int:
        """Store a receipt; its TXID."""
        found = self._call(f"/FiscalDrive/Receipt/GetTXID/{self.factory_id}", body=receipt)
        if isinstance(found, dict):
            names = {str(name).lower(): value for name, value in found.items()}
            found = next((names[name] for name in TXID_NAMES if name in names), None)
        if not str(found).isdigit():
            raise DriveRefusedError(200, f"answer to GetTXID holds no TXID: {found!r}")
        return int(str(found))

    def register(self, txid: int) -> dict[str, Any]:
        """Register a stored receipt; the first answer again for a repeat."""
        return self._object(f"/FiscalDrive/Receipt/RegisterTXID/{self.factory_id}", {"TXID": txid})

    def receipt(self, index: int) -> dict[str, Any] | None:
        """A receipt still in the module, None beyond the last."""
        try:
            return self._object(f"/FiscalDrive/Receipt/Info/{self.factory_id}", {"Index": index})
        except DriveRefusedError as error:
            if error.says("9020"):
                return None
            raise

    def close(self) -> None:
        """Close the connections."""
        self._way.close()

    # --- one call ------------------------------------------------------------------------------------

    def _object(self, path: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
        found = self._call(path, form)
        if not isinstance(found, dict):
            raise DriveRefusedError(200, f"answer to {path} is no object: {found!r}")
        return found

    def _call(self, path: str, form: dict[str, Any] | None = None, body: Any = None) -> Any:
        with posting():
            if body is not None:
                answer = self._way.post(path, json_bytes(body), JSON)
            else:
                answer = self._way.post(path, form_of(form), FORM)
        value = _value(answer.text)
        if answer.status != HTTPStatus.OK:
            reason = value.get("Reason") if isinstance(value, dict) else None
            raise DriveRefusedError(answer.status, str(reason or answer.text or answer.phrase))
        return value


def _value(text: str) -> Any:
    """The answer as JSON where it is JSON, else as text (uz-fiscal HB-08)."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _answer_from(held: dict[str, Any], qr_base: str) -> Json:
    terminal, seq = str(held["TerminalID"]), int(held["ReceiptSeq"])
    sign, time = str(held.get("FiscalSign", "")), parse_json_time(str(held["Time"]))
    return {
        "TerminalID": terminal,
        "ReceiptSeq": seq,
        "DateTime": format_json_time(time),
        "FiscalSign": sign,
        "QRCodeURL": qr_url(qr_base, terminal, seq, time, sign) if sign else "",
    }
