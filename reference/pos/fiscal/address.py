"""`--drive`: which dialect is spoken, and where (uz-fiscal §1.2).

http://127.0.0.1:3449          REST, as without a word before it
rpc1:http://127.0.0.1:3448     FiscalDriveAPI; /rpc/api is added where no path is given
qpos:                          QPOS at its usual place on this machine
communicator:http://127.0.0.1:8347/uzpos?token=…   with the token that the service wants
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from reference.pos.company import Company
from reference.pos.errors import OrderError
from reference.pos.fiscal.communicator import CommunicatorService
from reference.pos.fiscal.qpos import QposService
from reference.pos.fiscal.rest import RestService
from reference.pos.fiscal.rpc1 import Rpc1Service
from reference.pos.fiscal.service import Dialect, FiscalService
from reference.pos.way import Way

FIELD: Final = "--drive"
HOST: Final = "127.0.0.1"
HELP: Final = (
    "the fiscal drive service: an address for REST, or a dialect before it: "
    "rest:, rpc1:, qpos:, communicator: (%(default)s)"
)
_PLACES: Final = {
    Dialect.REST: (3449, ""),
    Dialect.RPC1: (3448, "/rpc/api"),
    Dialect.QPOS: (2040, "/api"),
    Dialect.COMMUNICATOR: (8347, "/uzpos"),
}
"""Port and path of each dialect's real product (uz-fiscal §1.2)."""


@dataclass(frozen=True, slots=True)
class DriveAddress:
    """A dialect and the address it is spoken at; `token` only for the Communicator."""

    dialect: Dialect
    url: str
    token: str = ""

    @classmethod
    def parse(cls, text: str) -> DriveAddress:
        """Read `[dialect:][http://host[:port][/path]]`; OrderError names the rule that is broken."""
        word, colon, rest = text.strip().partition(":")
        if colon and word in ("http", "https"):
            return cls._at(Dialect.REST, text.strip())
        if not colon or word not in {dialect.value for dialect in Dialect}:
            known = ", ".join(dialect.value for dialect in Dialect)
            raise OrderError(
                FIELD, f"{text!r} begins with none of http://, https:// and {known} with a colon"
            )
        return cls._at(Dialect(word), rest or f"http://{HOST}")

    @classmethod
    def _at(cls, dialect: Dialect, url: str) -> DriveAddress:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise OrderError(FIELD, f"{url!r}: {error}") from None
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.fragment:
            raise OrderError(FIELD, f"{url!r} must be http://host, with a port and a path where they differ")
        asked = dict(parse_qsl(parts.query))
        token = asked.pop("token", "") if dialect is Dialect.COMMUNICATOR else ""
        if asked:
            raise OrderError(FIELD, f"{url!r}: {next(iter(asked))} is no setting of {dialect.value}")
        usual_port, usual_path = _PLACES[dialect]
        shown = f"[{host}]" if ":" in host else host
        path = parts.path.rstrip("/") or usual_path
        return cls(dialect, urlunsplit((parts.scheme, f"{shown}:{port or usual_port}", path, "", "")), token)


def open_service(
    address: str | DriveAddress,
    factory_id: str = "",
    way: Way | None = None,
    seller: Callable[[], Company] | None = None,
) -> FiscalService:
    """The service at an address. `seller` is who sells, for dialects that want to be told."""
    at = DriveAddress.parse(address) if isinstance(address, str) else address
    match at.dialect:
        case Dialect.REST:
            return RestService(at.url, factory_id, way)
        case Dialect.RPC1:
            return Rpc1Service(at.url, factory_id, way)
        case Dialect.QPOS:
            return QposService(at.url, factory_id, way)
        case Dialect.COMMUNICATOR:
            return CommunicatorService(at.url, factory_id, way, token=at.token, seller=seller)
