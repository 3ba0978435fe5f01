"""First questions to a Kazakh target: is it there, does it serve a register of ours, is it a test one.

An operator is asked by COMMAND_SYSTEM, which counts nothing and changes no token (kz-ofd CM-0, TK-S1). A
register must say that it is a test one: the suites sell and close shifts on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.drivers.kz_register import make_keys
from conformance.drivers.wire import Wire
from conformance.events import Layer
from conformance.verdicts import NotApplicable, TargetUnreachable
from reference.protocol.kz.dialects import Command, Dialect, dialect_for, fallback_dialect
from reference.protocol.kz.envelope import read_response, set_enum_number
from reference.protocol.kz.errors import KzError
from reference.protocol.kz.frames import HEADER_SIZE, Header, encode_frame

if TYPE_CHECKING:
    from conformance.session import Session

VERSION: Final = 203
_CODES: Final = {
    1: "does not know the ID",
    2: "takes another token; give the one that it expects now as device-token",
}
_BLOCKING: Final = (15, 18, 19)


def probe_operator_kz(session: Session) -> tuple[frozenset[str], dict[str, str]]:
    """Send SYSTEM for a register made by the control API, or for the one given with the target."""
    device, token = _register_of(session)
    code, text = _system(session, device, token)
    facts = {"address": str(session.target.endpoint), "device": str(device)}
    if code in _CODES and not (code == 2 and session.facts):  # cases have moved a lent register's token on
        raise TargetUnreachable(f"the operator {_CODES[code]} of register {device} (code {code} {text})")
    if code in _BLOCKING:
        raise TargetUnreachable(f"register {device} is blocked (code {code} {text}): give one that is served")
    if code:
        facts["answer to SYSTEM"] = f"code {code} {text}"
    return frozenset({"raw-link"}), facts


def _register_of(session: Session) -> tuple[int, int]:
    if session.target.part in session.target.controls:
        made: dict[str, Any] = session.control(session.target.part).do("provision") or {}
        return int(made["id"]), int(made["token"])
    options = session.target.options
    missing = [name for name in ("device", "device-token") if name not in options]
    if missing:
        raise TargetUnreachable(
            "an operator without a control API is judged with a test register that its owner lends: "
            f"give the target {' and '.join(missing)}"
        )
    return int(options["device"]), int(options["device-token"])


def _system(session: Session, device: int, token: int) -> tuple[int, str]:
    """Code and text of the answer to COMMAND_SYSTEM."""
    dialect: Dialect = dialect_for(VERSION) or fallback_dialect()
    request = dialect.messages.Request()
    set_enum_number(request, "command", int(Command.SYSTEM))
    frame = encode_frame(VERSION, device, token, 1, request.SerializeToString())
    with Wire(session.target.endpoint, session.tap, Layer.MESSAGE, session.seconds) as wire:
        wire.send(frame)
        raw = wire.receive_until(_whole, about=frame)
    try:
        Header.decode(raw[:HEADER_SIZE])
        result = read_response(dialect, raw[HEADER_SIZE:]).message.result
    except KzError as error:
        raise TargetUnreachable(
            f"{session.target.address} does not speak the protocol of registers: {error}"
        ) from error
    return int(result.result_code), str(result.result_text)


def _whole(data: bytes) -> bool:
    return len(data) >= HEADER_SIZE and len(data) >= int.from_bytes(data[4:8], "little")


def probe_register_kz(session: Session) -> tuple[frozenset[str], dict[str, str]]:
    """Read the register's state and demand that it is a test one."""
    kind = session.target.address.partition(":")[0]
    if kind == "person":
        _require_test(session, None)
        return frozenset(), {"keys": "pressed by a person"}
    keys = make_keys(session.target.address, session.tap)
    try:
        state = keys.state()
        _require_test(session, state.fields.get("test"))
        told = {}
        for name in ("mode", "device_id", "version", "server"):
            try:
                told[name.replace("_", " ")] = str(state.told(name))
            except NotApplicable:
                continue
        return frozenset(), {"keys": "HTTP" if kind == "http" else kind, **told}
    finally:
        keys.close()


def _require_test(session: Session, test: object) -> None:
    """kz-ofd ID-03: what sells here prints TEST, and no live register is ever touched."""
    if test is True or (test is None and session.target.options.get("test") == "yes"):
        return
    if test is None:
        raise TargetUnreachable(
            "the register does not say whether it is a test one; where it is, give the target test=yes"
        )
    raise TargetUnreachable("the register is not in test mode: the suites sell on it and refuse to touch it")
