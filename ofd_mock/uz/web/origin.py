"""Who may use the operator's own pages, and who may post a form there.

The state page's form must work for a vendor's script as it stands: plain POST fields, no token, no special
header. So two checks that a script passes without knowing them stand in for a form token:

* the Host header must name this machine or the address the operator listens on, which stops DNS rebinding;
* Origin, which every browser sends with a form of another page, must be this very site; scripts send none.
Where only a Referer came, it is held to the same.

Whoever reaches the port without a browser may post. Therefore the operator listens on loopback unless told
otherwise, and beyond loopback these pages want the control token, in X-Kassalab-Token or as password of
HTTP Basic. The check page is for everybody: its address is printed on receipts.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request

from reference.runtime.control_guard import TOKEN_HEADER, ControlError, is_loopback, is_wildcard


@dataclass(frozen=True, slots=True)
class PageGuard:
    """The checks for an operator bound to `host`; `token` is asked for beyond loopback only."""

    host: str
    token: str | None

    def check(self, request: Request) -> None:
        """Let the request pass, or raise ControlError with status 401 or 403."""
        self.check_host(request)
        if not is_loopback(self.host):
            self._check_token(request)
        if request.method == "POST":
            _check_origin(request)

    def check_host(self, request: Request) -> None:
        """The Host header names this machine or the address that was bound, else ControlError 403."""
        name = (urlsplit(f"//{request.host}").hostname or "").lower()
        if is_loopback(name) or is_wildcard(self.host) or name == self.host.strip("[]").lower():
            return
        raise ControlError("Host", "host", "the Host header must name this machine's own address", 403)

    def _check_token(self, request: Request) -> None:
        given = request.headers.get(TOKEN_HEADER)
        if given is None and request.authorization is not None:
            given = request.authorization.password
        if self.token is None or not hmac.compare_digest((given or "").encode(), self.token.encode()):
            raise ControlError(TOKEN_HEADER, "token", f"send the control token in {TOKEN_HEADER}", 401)


def _check_origin(request: Request) -> None:
    origin = request.headers.get("Origin", request.headers.get("Referer"))
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise ControlError("Origin", "origin", "pages of another site may not post here", 403)
