"""Target addresses as people write them, e.g. `module:tcp://127.0.0.1:4387?control=http://127.0.0.1:4388`.

    KIND:URL[?control=URL][&module-control=URL][&operator-control=URL][&drive-control=URL]
                [&vendor=yes|no][&destructive=yes|no][&name=TEXT][&token=TEXT]
    module:tcp://HOST:PORT | module:usb:VID:PID[:SERIAL][?usbip=HOST:PORT][&slot=N] | module:pcsc:READER |
    module:serial:PORT (reference.links.urls)
    drive-rpc:http://HOST:PORT | drive-qpos:http://HOST:PORT | drive-communicator:http://HOST:PORT
    operator-kz:tcp://HOST:PORT[?device=ID&device-token=N][&serial=TEXT][&rnm=TEXT]
    register-kz:http://HOST:PORT | register-kz:command:PROGRAM | register-kz:person:
                [?listen=HOST:PORT][&test=yes]
    portal:http://HOST:PORT[?operator=HOST:PORT]
    pos:http://HOST:PORT | pos:command:PROGRAM | pos:person:
    pos-rpc:… | pos-qpos:…, one that speaks JSON-RPC 3448 or QPOS 2040 to its drive service
                [?listen=HOST:PORT][&owner=HOST:PORT][&pin=TEXT][&test=yes]
    backoffice:http://HOST:PORT[?payme-key=TEXT][&click-key=TEXT]

`vendor=yes` says that the product is somebody else's, which the stand-in clauses do not bind; it is the
default where no control API is given. `destructive=yes` lets cases leave lasting changes, such as a filled
memory; it is the default where there is one. `device` and `device-token` are a test register that the owner
of an operator lends to the judge; `listen` is where the judge's own operator waits for the register under
test, and `test=yes` is the owner's word that it is a test one, where it cannot say so itself. `operator` is
where the registers of a portal connect to. `payme-key` and `click-key` are the keys that the providers share
with an owner portal, where they are not those of its settings. For a point of sale `listen` is where the
judge's drive service waits for it (127.0.0.1, at the port of its dialect), `owner` where it reports to its
owner, if it does, and `pin` that of an administrator at its till.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from conformance.cases import TARGET_KINDS
from reference.links.address import AddressRefusedError, Endpoint, parse_endpoint
from reference.links.urls import USB_OPTIONS, parse_module_url

DEFAULT_PORTS = {
    "module": 4387,
    "drive": 3449,
    "drive-rpc": 3448,
    "drive-qpos": 2040,
    "drive-communicator": 8347,
    "operator": 13447,
    "operator-kz": 7777,
    "register-kz": 7780,
    "portal": 7790,
    "backoffice": 7793,
    **dict.fromkeys(("pos", "pos-rpc", "pos-qpos"), 7792),
}
FACES = {"drive-rpc": "rpc", "drive-qpos": "qpos", "drive-communicator": "communicator"}
"""Dialects of a drive that have a port of their own, and what the ready line calls it."""
TILLS = {"pos-rpc": "rpc1", "pos-qpos": "qpos"}
"""Points of sale by the dialect of their drive service, and the word for it in our own one's `--drive`."""
PARTS = {"register-kz": "register", **dict.fromkeys(FACES, "drive"), **dict.fromkeys(TILLS, "pos")}
"""The lab's name of the part behind a target kind, where it is another word."""
SCHEMES = dict.fromkeys(("drive", *FACES, "register-kz", "portal", "backoffice", "pos", *TILLS), "http")
"""How a kind is reached that is not reached by TCP."""
_OWN_ADDRESSES = dict.fromkeys(("register-kz", "pos", *TILLS), ("command", "person"))
"""Addresses of a kind that are no URL: a program to run, somebody to ask."""
_SWITCHES = {"yes": True, "no": False}
_CONTROLS = {"control", "module-control", "drive-control", "operator-control", "operator-kz-control"}
_OWN_OPTIONS = {
    "module": USB_OPTIONS,
    "operator-kz": ("device", "device-token", "serial", "rnm"),
    "register-kz": ("listen", "test"),
    "portal": ("operator",),
    "backoffice": ("payme-key", "click-key"),
    **dict.fromkeys(("pos", *TILLS), ("listen", "owner", "pin", "test")),
}
_OPTIONS = (*sorted(_CONTROLS), "vendor", "destructive", "name", "token")
_MOST_UINT32 = 2**32 - 1


class TargetError(ValueError):
    """A target address that cannot be read; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is under test: its kind, where it is, and which control APIs stand around it (part name → URL).

    `also` are kinds whose cases apply to it, too, as far as they do.
    """

    kind: str
    address: str
    text: str
    name: str
    controls: Mapping[str, str] = field(default_factory=dict)
    vendor: bool = True
    destructive: bool = False
    token: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the cases that judge it."""
        return (self.kind, *self.also)

    @property
    def part(self) -> str:
        """Name of the part that is under test."""
        return PARTS.get(self.kind, self.kind)

    @property
    def endpoint(self) -> Endpoint:
        """Host and port of a TCP or HTTP address; TargetError for addresses of other links."""
        scheme, _, place = self.address.partition("://")
        if scheme not in ("tcp", "http"):
            raise TargetError(f"{self.address} has no host and port")
        return parse_endpoint(place.rstrip("/"), DEFAULT_PORTS[self.kind])


def parse_target(text: str) -> Target:
    """The target a person wrote, or `TargetError`."""
    kind, separator, rest = text.strip().partition(":")
    if not separator or kind not in TARGET_KINDS:
        raise TargetError(
            f"{text!r} is not a target; write KIND:URL with KIND one of {', '.join(TARGET_KINDS)}, "
            "e.g. module:tcp://127.0.0.1:4387"
        )
    address, _, query = rest.partition("?")
    options = _options(text, kind, query)
    controls = {name.removesuffix("-control"): url for name, url in options.items() if name in _CONTROLS}
    if "control" in controls:
        controls[PARTS.get(kind, kind)] = controls.pop("control")
    return Target(
        kind,
        _checked(kind, _with_cable(kind, address, options), text),
        text.strip(),
        options.get("name", kind),
        {part: url.removesuffix("/").removesuffix("/control") for part, url in controls.items()},
        _switch(options, "vendor", PARTS.get(kind, kind) not in controls),
        _switch(options, "destructive", PARTS.get(kind, kind) in controls),
        options.get("token", ""),
        {name: options[name] for name in _OWN_OPTIONS.get(kind, ()) if name in options},
        ("pos",) if kind in TILLS else (),
    )


def _options(text: str, kind: str, query: str) -> dict[str, str]:
    known = (*_OPTIONS, *_OWN_OPTIONS.get(kind, ()))
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise TargetError(f"{text!r}: unknown option {name!r}; there are {', '.join(known)}")
        if name in _CONTROLS and not value.startswith(("http://", "https://")):
            raise TargetError(f"{text!r}: {name} is a URL such as http://127.0.0.1:4388")
        _check_own(text, name, value)
        options[name] = value
    return options


def _check_own(text: str, name: str, value: str) -> None:
    """Options of one kind alone: numbers of the header, and an address to listen at."""
    if name in ("device", "device-token"):
        least = 1 if name == "device-token" else 0
        if not (value.isascii() and value.isdigit() and least <= int(value) <= _MOST_UINT32):
            raise TargetError(f"{text!r}: {name} is a number of {least}…{_MOST_UINT32}, not {value!r}")
    if name == "test" and value not in _SWITCHES:
        raise TargetError(f"{text!r}: test is yes or no, not {value!r}")
    if name in ("listen", "operator", "owner"):
        try:
            parse_endpoint(value, DEFAULT_PORTS["operator-kz"])
        except AddressRefusedError as error:
            raise TargetError(f"{text!r}: {name}: {error}") from None


def _switch(options: Mapping[str, str], name: str, default: bool) -> bool:
    value = options.get(name)
    if value is None:
        return default
    if value not in _SWITCHES:
        raise TargetError(f"{name} is yes or no, not {value!r}")
    return _SWITCHES[value]


def _with_cable(kind: str, address: str, options: Mapping[str, str]) -> str:
    """A module's address with the options that belong to its cable and not to the judge."""
    given = [f"{name}={options[name]}" for name in USB_OPTIONS if name in options]
    return f"{address}?{'&'.join(given)}" if kind == "module" and given else address


def _checked(kind: str, address: str, text: str) -> str:
    try:
        if kind == "module":
            return str(parse_module_url(address))
        own, separator, rest = address.partition(":")
        if separator and own in _OWN_ADDRESSES.get(kind, ()):
            if own == "command" and not rest.strip():
                raise TargetError(f"{text!r}: {kind}:command: is followed by the program to run")
            return address
        scheme, separator, place = address.partition("://")
        wanted = SCHEMES.get(kind, "tcp")
        if not separator or scheme != wanted:
            raise TargetError(f"{text!r}: {_a(kind)} is reached by {wanted}://HOST:PORT")
        return f"{scheme}://{parse_endpoint(place.rstrip('/'), DEFAULT_PORTS[kind])}"
    except AddressRefusedError as error:
        raise TargetError(f"{text!r}: {error}") from None


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def distinct_names(targets: list[Target]) -> list[Target]:
    """The same targets with names that differ, so that reports can tell two modules apart."""
    seen: dict[str, int] = {}
    named = []
    for target in targets:
        seen[target.name] = seen.get(target.name, 0) + 1
        count = seen[target.name]
        named.append(target if count == 1 else _renamed(target, f"{target.name}-{count}"))
    return named


def _renamed(target: Target, name: str) -> Target:
    return replace(target, name=name)
