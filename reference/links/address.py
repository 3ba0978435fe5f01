"""Which addresses the laboratory may talk to, and how their texts are read (uz-fiscal ID-05).

Loopback and private addresses are open. Any other needs the leave of the person who starts the part. Hosts of
the live fiscal services are refused whatever anybody says.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Final

LIVE_DOMAINS: Final = (
    *("ofd.uz", "yt.uz", "soliq.uz"),
    *("oofd.kz", "kofd.kz", "wofd.kz", "ofd1.kz", "kaspi.kz", "webkassa.kz", "rekassa.kz", "gov.kz"),
)
"""Live fiscal services; nothing here ever contacts them (uz-fiscal ID-05, kz-ofd ID-02)."""

_ENDPOINT: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:/\[\]]+))(?::(?P<port>[0-9]{1,5}))?"
)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefusedError(ValueError):
    """The address is not a text of the right form, or not one the laboratory may talk to."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a TCP port, as given by a person."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str, default_port: int | None = None) -> Endpoint:
    """`host:port`, `[v6]:port`, or `host` where a default port is given; AddressRefusedError for anything
    else."""
    found = _ENDPOINT.fullmatch(text.strip())
    port = default_port if found is None or found["port"] is None else int(found["port"])
    if found is None or port is None or not 0 < port < 65536:
        raise AddressRefusedError(f"{text!r} is not an address of the form host:port")
    return Endpoint(found["six"] or found["name"], port)


def require_named(host: str) -> None:
    """Refuse the names of live fiscal services, in any spelling (uz-fiscal ID-05)."""
    name = host.rstrip(".").lower()
    for domain in LIVE_DOMAINS:
        if name == domain or name.endswith("." + domain):
            raise AddressRefusedError(
                f"{host} belongs to a live fiscal service ({domain}); it is never contacted"
            )


@functools.lru_cache(maxsize=256)
def _number(text: str) -> IPAddress | None:
    """The numeric address a text is, None for a name. A drive asks for the same few with every session."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@functools.lru_cache(maxsize=256)
def is_near(address: IPAddress) -> bool:
    """Whether the address is loopback or private, also when it is a v4 address in v6 clothes."""
    mapped = getattr(address, "ipv4_mapped", None)
    plain = mapped if mapped is not None else address
    return bool(plain.is_loopback or plain.is_private or plain.is_link_local) and not plain.is_multicast


def resolve(endpoint: Endpoint, allow_any_host: bool = False) -> list[str]:
    """The numeric addresses to connect to, each allowed by uz-fiscal ID-05.

    Names are resolved here and the numbers connected to, so that a name cannot change between check and use.
    Raises AddressRefusedError, or OSError when the name has no address.
    """
    require_named(endpoint.host)
    numbers = [endpoint.host.split("%")[0]]
    if _number(numbers[0]) is None:
        rows = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        numbers = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if not allow_any_host:
        for number in numbers:
            require_near(endpoint.host, number)
    return numbers


def require_near(host: str, number: str) -> None:
    """Refuse a numeric address of `host` that is public; a text that is no number is not looked up."""
    address = _number(number.split("%")[0])
    if address is not None and not is_near(address):
        raise AddressRefusedError(
            f"{host} ({number}) is neither loopback nor private; --allow-any-host permits it"
        )


def connect(endpoint: Endpoint, seconds: float, allow_any_host: bool = False) -> socket.socket:
    """A TCP connection with TCP_NODELAY; `seconds` is the operating system's time-out for each address tried.

    Raises AddressRefusedError or OSError (the last address's).
    """
    failure: OSError = OSError(f"{endpoint.host} has no address")
    for number in resolve(endpoint, allow_any_host):
        try:
            return _connected(number, endpoint.port, seconds)
        except OSError as error:
            failure = error
    raise failure


def _connected(number: str, port: int, seconds: float) -> socket.socket:
    """The number is resolved already, so the resolver is not asked a second time."""
    connection = socket.socket(socket.AF_INET6 if ":" in number else socket.AF_INET)
    try:
        connection.settimeout(seconds)
        connection.connect((number, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        connection.close()
        raise
    return connection
