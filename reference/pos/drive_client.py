"""The till's way to FiscalDriveService: one method a call, answers read as tolerantly as real clients do
(HB-08)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

import httpx

from reference.pos.errors import DriveRefusedError, DriveUnreachableError
from reference.protocol.uz.values import format_json_time

TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
"""Real seconds, as retail clients have them (uz-fiscal HB-01)."""
BATCH: Final = 32
TXID_NAMES: Final = ("txid", "value")


class DriveClient:
    """One service. Raises DriveUnreachableError when it does not answer, DriveRefusedError when it
    refuses."""

    def __init__(self, url: str, factory_id: str = "", transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"), timeout=TIMEOUT, transport=transport, trust_env=False
        )
        self._factory_id = factory_id

    @property
    def factory_id(self) -> str:
        """The module in use: the one that was named, else the first of the service's list."""
        if not self._factory_id:
            modules = self._call("/FiscalDrive/List")
            if not isinstance(modules, list) or not modules:
                raise DriveRefusedError(404, "no card found")
            self._factory_id = str(modules[0]["FactoryID"])
        return self._factory_id

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
        self._http.close()

    # --- one call ------------------------------------------------------------------------------------

    def _object(self, path: str, form: dict[str, Any] | None = None) -> dict[str, Any]:
        found = self._call(path, form)
        if not isinstance(found, dict):
            raise DriveRefusedError(200, f"answer to {path} is no object: {found!r}")
        return found

    def _call(self, path: str, form: dict[str, Any] | None = None, body: Any = None) -> Any:
        try:
            if body is not None:
                answer = self._http.post(path, json=body)
            else:
                answer = self._http.post(path, data=form)
        except httpx.HTTPError as error:
            raise DriveUnreachableError(f"fiscal service does not answer: {error}") from error
        value = _value(answer.text)
        if answer.status_code != 200:
            reason = value.get("Reason") if isinstance(value, dict) else None
            raise DriveRefusedError(answer.status_code, str(reason or answer.text or answer.reason_phrase))
        return value


def _value(text: str) -> Any:
    """The answer as JSON where it is JSON, else as text (uz-fiscal HB-08)."""
    try:
        return json.loads(text)
    except ValueError:
        return text
