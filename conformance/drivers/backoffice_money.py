"""The judge as Payme and as Click: calls of their merchant protocols to an owner portal (BX-SUB-02).

Whatever is told comes back as it is, because refusals are what cases judge.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from conformance.drivers.portal_client import PortalClient, Told
from conformance.verdicts import AnswerUnreadable

LOGIN: Final = "Paycom"
PAYME_KEY: Final = "test-payme-key"
CLICK_KEY: Final = "test-click-key"
"""Keys of a portal whose settings were left alone."""
SERVICE: Final = "1"
PREPARE, COMPLETE = "0", "1"


class Payme:
    """Payme's side of its merchant protocol."""

    def __init__(self, client: PortalClient, key: str) -> None:
        self._client = client
        self.authorization = basic(LOGIN, key)

    def call(self, method: str, *, authorization: str | None = None, **params: Any) -> dict[str, Any]:
        """One call; the whole answer."""
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        return _object(self.send(json.dumps(body).encode(), authorization))

    def send(self, content: bytes, authorization: str | None = None) -> Told:
        """Bytes that need not be a call."""
        given = self.authorization if authorization is None else authorization
        headers = {"Content-Type": "application/json"} | ({"Authorization": given} if given else {})
        return self._client.outside("POST", "/payme", headers, content)

    def create(self, invoice: Mapping[str, Any], key: str, **changes: Any) -> dict[str, Any]:
        """CreateTransaction of an invoice."""
        wanted = {"id": key, "time": 1, **self.about(invoice)} | changes
        return self.call("CreateTransaction", **wanted)

    def pay(self, invoice: Mapping[str, Any], key: str) -> None:
        """Have an invoice paid, from the first question to the last."""
        self.demand(self.call("CheckPerformTransaction", **self.about(invoice)))
        self.demand(self.create(invoice, key))
        self.demand(self.call("PerformTransaction", id=key))

    @staticmethod
    def about(invoice: Mapping[str, Any]) -> dict[str, Any]:
        """Amount and account as Payme names them."""
        return {"amount": invoice["amount"], "account": {"invoice": str(invoice["id"])}}

    @staticmethod
    def demand(answer: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a good answer; AnswerUnreadable for a refusal."""
        result = answer.get("result")
        if not isinstance(result, dict):
            raise AnswerUnreadable(f"Payme's call is refused: {answer.get('error')}", clause="BX-G-9.4")
        return result


class Click:
    """Click's side of its merchant protocol."""

    def __init__(self, client: PortalClient, key: str) -> None:
        self._client = client
        self._key = key

    def form(self, action: str, invoice: Mapping[str, Any], **changes: Any) -> dict[str, str]:
        """The fields of a call, signed as they then are; None leaves a field out."""
        made: dict[str, Any] = {
            "click_trans_id": "501",
            "service_id": SERVICE,
            "click_paydoc_id": "9001",
            "merchant_trans_id": str(invoice["id"]),
            "amount": f"{invoice['amount'] // 100}.{invoice['amount'] % 100:02d}",
            "action": action,
            "error": "0",
            "error_note": "Success",
            "sign_time": "2026-11-02 10:00:00",
        } | changes
        fields = {name: str(value) for name, value in made.items() if value is not None}
        fields.setdefault("sign_string", self.sign(fields))
        return fields

    def sign(self, fields: Mapping[str, str]) -> str:
        """MD5 over the fields that the protocol names."""
        names = ["click_trans_id", "service_id", "", "merchant_trans_id"]
        if fields.get("action") == COMPLETE:
            names.append("merchant_prepare_id")
        names += ["amount", "action", "sign_time"]
        text = "".join(fields.get(name, "") if name else self._key for name in names)
        return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - the protocol's own

    def send(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """One call; the whole answer."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return _object(self._client.outside("POST", "/click", headers, urlencode(fields).encode()))

    def prepare(self, invoice: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """Prepare."""
        return self.send(self.form(PREPARE, invoice, **changes))

    def complete(self, invoice: Mapping[str, Any], prepared: Any, **changes: Any) -> dict[str, Any]:
        """Complete, with the number that prepare gave."""
        return self.send(self.form(COMPLETE, invoice, **({"merchant_prepare_id": prepared} | changes)))


def basic(login: str, key: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{login}:{key}".encode()).decode()


def _object(told: Told) -> dict[str, Any]:
    found = told.json
    if told.status != 200 or not isinstance(found, dict):
        raise AnswerUnreadable(
            f"{told.request} answers {told.status}, which no provider understands",
            observed=told.content[:200].decode("utf-8", "replace"),
        )
    return found
