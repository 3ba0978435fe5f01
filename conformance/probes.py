"""First questions to a target: is it there, who is it, and what can it do.

A module that is not a test one (TerminalID not ZZ…, or mode production) is never judged: the suites open
shifts, register receipts and acknowledge them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from conformance.drivers.drive_client import DriveClient
from conformance.drivers.module_host import ModuleHost
from conformance.drivers.wire import Wire
from conformance.events import Layer
from conformance.targets import FACES, TILLS
from conformance.verdicts import AnswerUnreadable, CaseStopped, TargetUnreachable
from reference.protocol.uz import apdu, standin
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.message import File, FileType, Request, Response, SenderInfo, frame_size
from reference.protocol.uz.objects import MODE_PRODUCTION, FiscalInfo
from reference.protocol.uz.values import format_json_time

if TYPE_CHECKING:
    from conformance.session import Session

PROBE_TERMINAL: Final = "ZZ999900009999"
PROBE_SECONDS: Final = 10.0
"""Real seconds until an operator that keeps silent counts as one without the test key: a disk may be slow."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found: capabilities, and facts for the report."""

    capabilities: frozenset[str]
    facts: dict[str, str] = field(default_factory=dict)


def probe_module(session: Session) -> Probed:
    """Power up, select, read Info;
    try a sync that changes nothing to learn whether the test keys are known.
    """
    host = ModuleHost(session.link(), session.tap)
    try:
        atr = host.connect()
        version = host.demand(apdu.get_version()).data
        terminal, mode = _identity(host)
        _require_test_identity(terminal, mode)
        capabilities = {"power"}
        if session.target.address.startswith("tcp://"):
            capabilities.add("raw-link")
        facts = {"terminal": terminal, "applet version": version.hex(), "answer to reset": atr.hex()}
        if _takes_test_keys(host, terminal, facts):
            capabilities.add("test-keys")
        return Probed(frozenset(capabilities), facts)
    finally:
        host.close()


def probe_drive(session: Session) -> Probed:
    """List the modules and read Info of the first."""
    client = DriveClient(session.target.endpoint, session.tap, session.seconds)
    try:
        listed = client.post("/FiscalDrive/List").demand().json
        if not isinstance(listed, list):
            raise AnswerUnreadable("FiscalDrive/List answers no array", clause="S-4.3")
        if not listed:
            return Probed(frozenset(), {"modules": "none"})
        factory = str(listed[0].get("FactoryID", ""))
        info = client.post(f"/FiscalDrive/Info/{factory}").demand().json
        terminal = str(info.get("TerminalID", ""))
        _require_test_identity(terminal, None)
        return Probed(
            frozenset({"card"}),
            {
                "modules": str(len(listed)),
                "factory id": factory,
                "terminal": terminal,
                "applet version": str(info.get("AppletVersion", "")),
            },
        )
    finally:
        client.close()


def probe_face(session: Session) -> Probed:
    """Ask a dialect of the drive for its module."""
    from conformance.probes_gen1 import probe_face as probe

    capabilities, facts = probe(session)
    _require_test_identity(facts.get("terminal", "ZZ"), None)
    return Probed(capabilities, facts)


def probe_operator(session: Session) -> Probed:
    """Connect, and ask for a state sync to learn whether it is signed with the public test key.

    The terminal that asks is one that no lab uses, since a sync uses up the state page's POS unlock.
    """
    capabilities = {"raw-link"}
    with Wire(session.target.endpoint, session.tap, Layer.MESSAGE, session.seconds) as wire:
        if _syncs_with_test_key(wire, session.clock.tashkent()):
            capabilities.add("test-keys")
    return Probed(frozenset(capabilities), {"address": str(session.target.endpoint)})


def probe_operator_kz(session: Session) -> Probed:
    """Ask a Kazakh operator for nothing but its answer."""
    # Imported here: a run of the Uzbek suites needs nothing of the Kazakh protocol.
    from conformance.probes_kz import probe_operator_kz as probe

    return Probed(*probe(session))


def probe_register_kz(session: Session) -> Probed:
    """Ask a Kazakh register for its state, and whether it is a test one."""
    from conformance.probes_kz import probe_register_kz as probe

    return Probed(*probe(session))


def probe_portal(session: Session) -> Probed:
    """Ask a portal for its directories, and whether the judge can sign and reach the port of registers."""
    from conformance.probes_portal import probe_portal as probe

    return Probed(*probe(session))


def probe_backoffice(session: Session) -> Probed:
    """Ask an owner portal for its document, and whether it is a test one."""
    from conformance.probes_backoffice import probe_backoffice as probe

    return Probed(*probe(session))


def probe_pos(session: Session) -> Probed:
    """Stand where a point of sale looks for its service, and have it look."""
    from conformance.probes_pos import probe_pos as probe

    return Probed(*probe(session))


PROBES: dict[str, Callable[[Session], Probed]] = {
    "module": probe_module,
    "drive": probe_drive,
    **dict.fromkeys(FACES, probe_face),
    "operator": probe_operator,
    "operator-kz": probe_operator_kz,
    "register-kz": probe_register_kz,
    "portal": probe_portal,
    "backoffice": probe_backoffice,
    **dict.fromkeys(("pos", *TILLS), probe_pos),
}


def _identity(host: ModuleHost) -> tuple[str, int | None]:
    """Terminal id and mode; where Info is refused, the id from fiscal memory, so that it can be judged."""
    answer = host.transmit(apdu.get_info())
    if not answer.ok:
        return host.memory().terminal_id or "", None
    info = host.read_answer(answer, FiscalInfo.decode)
    return info.terminal_id or "", info.mode


def _require_test_identity(terminal: str, mode: int | None) -> None:
    if not terminal.startswith("ZZ") or mode == MODE_PRODUCTION:
        raise TargetUnreachable(
            f"{terminal or 'the module'} is not a test module (TerminalID ZZ and twelve digits, mode test): "
            "the suites register receipts and refuse to touch it"
        )


def _syncs_with_test_key(wire: Wire, time: datetime) -> bool:
    query = File(FileType.SyncStateQuery, 1, bytes(8))
    request = Request(PROBE_TERMINAL, time, SenderInfo("kassalab-judge", "", "1"), (query,))
    try:
        wire.send(request.encode())
        answer = wire.receive_until(_whole_frame, seconds=PROBE_SECONDS)
        acks = Response.decode(answer).acks
        standin.read_sync_file(acks[0].body, PROBE_TERMINAL)
    except (CaseStopped, UzError, IndexError):
        return False
    return True


def _whole_frame(data: bytes) -> bool:
    size = frame_size(data)
    return size is not None and len(data) >= size


def _takes_test_keys(host: ModuleHost, terminal: str, facts: dict[str, str]) -> bool:
    """Whether a sync of ours is taken; `facts` gets the last operation, which a replay begins from."""
    answer = host.transmit(apdu.get_info())
    if not answer.ok:
        return False
    info = host.read_answer(answer, FiscalInfo.decode)
    last_operation = host.memory().last_operation
    if info.sync_challenge is None or last_operation is None:
        return False
    facts["last operation"] = format_json_time(last_operation)
    try:
        file = standin.make_sync_file(standin.SyncFlags.NONE, terminal, info.sync_challenge, last_operation)
    except UzError:
        return False
    return host.transmit(apdu.sync(file)).ok
