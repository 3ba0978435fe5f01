"""The proxy as a part of the lab: what its control API shows and does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pydantic

from conformance.proxy.rules import parse_rule
from conformance.proxy.server import Proxy
from reference.links.address import AddressRefusedError, parse_endpoint
from reference.runtime.control import ControlError, Operation, Part

STATE_FILE: Final = "proxy.json"
SHOWN: Final = 50
"""Findings on the page, the newest."""


class Release(pydantic.BaseModel):
    """Which held unit to let go; all without a number."""

    model_config = pydantic.ConfigDict(extra="forbid")

    number: int | None = None


class Disturb(pydantic.BaseModel):
    """A rule as text: `drop response when command=TICKET count=1`."""

    model_config = pydantic.ConfigDict(extra="forbid")

    rule: str


class Redirect(pydantic.BaseModel):
    """Where the next connections go, host:port."""

    model_config = pydantic.ConfigDict(extra="forbid")

    to: str


class ProxyPart(Part):
    """Control of one proxy. `in_loop` runs a function in the proxy's event loop and gives its result."""

    name = "proxy"

    def __init__(self, proxy: Proxy, in_loop: Callable[[Callable[[], Any]], Any]) -> None:
        self._proxy = proxy
        self._in_loop = in_loop

    def state(self) -> dict[str, Any]:
        """The wire, the connections, what is held, and what was found."""
        return self._in_loop(self._state)  # type: ignore[no-any-return]

    def snapshot(self, folder: Path) -> None:
        """Keep where connections go, and how often each clause was found broken."""
        kept = self._in_loop(self._kept)
        (folder / STATE_FILE).write_text(json.dumps(kept), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """Count and connect as the snapshot did. Connections that stand are not touched."""
        kept = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        self._in_loop(lambda: self._take(kept))

    def reset(self, settings: dict[str, Any]) -> None:
        """Forget all findings and let go of what is held; the one setting is `to`."""
        unknown = sorted(set(settings) - {"to"})
        if unknown:
            raise ControlError(unknown[0], "known", f"{unknown[0]}: a proxy has the setting to", 422)
        if "to" in settings:
            self._redirect(Redirect(to=str(settings["to"])))
        self._in_loop(self._proxy.book.forget)
        self._proxy.waiting.release()

    def operations(self) -> dict[str, Operation]:
        """What a person can do to a proxy besides laying rules."""
        return {
            "disturb": Operation("Lay a rule written as text", Disturb, self._disturb),
            "release": Operation("Let a held unit go, or all", Release, self._release),
            "redirect": Operation("Connect new clients to another server", Redirect, self._redirect),
        }

    def _state(self) -> dict[str, Any]:
        proxy = self._proxy
        violations = proxy.book.violations[-SHOWN:]
        return {
            "wire": proxy.wire.name,
            "listens": f"{proxy.address[0]}:{proxy.address[1]}",
            "to": str(proxy.to),
            "connections": {str(line): client for line, client in proxy.lines.items()},
            "held": proxy.waiting.held(),
            "counts": dict(proxy.book.counts),
            "broken": dict(proxy.book.by_clause),
            "findings": [
                {"time": each.lab_time, "connection": each.line, "text": each.text()} for each in violations
            ],
            "names": dict(proxy.wire.names),
        }

    def _kept(self) -> dict[str, Any]:
        book = self._proxy.book
        return {"to": str(self._proxy.to), "counts": dict(book.counts), "broken": dict(book.by_clause)}

    def _take(self, kept: Mapping[str, Any]) -> None:
        book = self._proxy.book
        self._proxy.redirect(parse_endpoint(kept["to"]))
        book.forget()
        book.counts.update(kept["counts"])
        book.by_clause.update(kept["broken"])

    def _disturb(self, body: Disturb) -> dict[str, Any]:
        rule = self._proxy.faults.add(**parse_rule(body.rule))
        return {"id": rule.id, "point": rule.point, "action": rule.action}

    def _release(self, body: Release) -> dict[str, Any]:
        try:
            return {"released": self._proxy.waiting.release(body.number)}
        except KeyError:
            raise ControlError(
                "number", "held", f"number: nothing of number {body.number} is held", 404
            ) from None

    def _redirect(self, body: Redirect) -> dict[str, Any]:
        try:
            self._proxy.redirect(parse_endpoint(body.to))
        except (AddressRefusedError, OSError) as error:
            raise ControlError("to", "address", f"to: {error}", 422) from None
        return {"to": body.to}
