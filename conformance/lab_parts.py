"""The parts a lab is made of, as data: the module that runs each, its ports, its links to the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """A listening port: the option that sets it, the ready-line address it shows up as, the real default."""

    option: str
    address: str
    default: int


@dataclass(frozen=True, slots=True)
class Wire:
    """An option filled from another part's address.

    It is given once for the address `address` of `part`, or once for each of `address.0`, `address.1`, … in
    order.
    """

    option: str
    part: str
    address: str
    form: str = "{}"


@dataclass(frozen=True, slots=True)
class Place:
    """An option filled with a path below the lab's folder: what a part shares with others on the disk."""

    option: str
    path: str


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A part process: `python -m module`, started after the parts its wires name.

    `control` is the ready-line address under which its control API lives; `options` always go along, and
    `command` is the subcommand that serves, where the module has others.
    """

    name: str
    module: str
    ports: tuple[Port, ...]
    control: str
    wires: tuple[Wire, ...] = ()
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()


UZ_PARTS = (
    PartSpec(
        name="module",
        module="simulator",
        ports=(Port("--port", "module", 4387), Port("--control-port", "control", 4388)),
        control="control",
    ),
    PartSpec(
        name="operator",
        module="ofd_mock",
        ports=(Port("--port", "operator", 13447), Port("--http-port", "http", 13448)),
        control="http",
    ),
    PartSpec(
        name="drive",
        module="reference.drive",
        ports=(
            Port("--port", "drive", 3449),
            Port("--rpc-port", "rpc", 3448),
            Port("--qpos-port", "qpos", 2040),
            Port("--communicator-port", "communicator", 8347),
        ),
        control="drive",
        wires=(
            Wire("--module", "module", "module", "tcp://{}"),
            Wire("--server-address", "operator", "operator"),
            Wire("--qr-base", "operator", "http", "{}/check"),
        ),
    ),
)

KZ_PARTS = (
    PartSpec(
        name="operator-kz",
        module="ofd_mock",
        ports=(Port("--port", "operator-kz", 7777), Port("--http-port", "http", 7778)),
        control="http",
        options=("--country", "kz"),
    ),
    PartSpec(
        name="register",
        module="reference.kkm",
        ports=(Port("--port", "register", 7780),),
        control="register",
        wires=(
            Wire("--server", "operator-kz", "operator-kz"),
            Wire("--check-url", "operator-kz", "http", "{}/"),
        ),
        command=("serve",),
    ),
)

PORTAL = PartSpec(
    name="portal",
    module="ofd_mock.portal",
    ports=(Port("--port", "portal", 7790),),
    control="portal",
    options=("--authority-bits", "2048", "--logins", "1000000 per minute"),
    places=(Place("--database", "operator-kz/ledger.sqlite"), Place("--authority", "pki")),
)
"""Looks into the ledger of the Kazakh operator, so it is started behind that. Its authority is the lab's."""

BACKOFFICE = PartSpec(
    name="backoffice",
    module="reference.backoffice",
    ports=(Port("--port", "backoffice", 7793),),
    control="backoffice",
    options=("--logins", "1000000 per minute"),
)
"""The portal of a shop's owner; points of sale find it, it looks for nobody."""

POS = PartSpec(
    name="pos",
    module="reference.pos",
    ports=(Port("--port", "pos", 7792),),
    control="pos",
    command=("serve",),
)
"""The point of sale of a shop. Whoever starts the lab says where its drive service and portal are."""

EVERY_PART = (*UZ_PARTS, *KZ_PARTS, PORTAL, BACKOFFICE, POS)
"""All there are, in the order in which they are started."""

COUNTRIES = {"uz": UZ_PARTS, "kz": KZ_PARTS, "both": (*UZ_PARTS, *KZ_PARTS)}
"""The parts of a lab by the country whose chain it has."""
