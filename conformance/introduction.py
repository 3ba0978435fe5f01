"""Make the lab's Kazakh register known to its operator, so that a newcomer can sell at once (KZ-TOK-01).

The operator registers a device and gives it a token; the register gets both. Who it is stands in the lab's
folder, so that a lab that starts again, on other ports perhaps, keeps its register with queue and counters:
start it with `register_options`.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Final

from conformance.control_client import ControlClient
from conformance.lab import Lab
from reference.protocol.kz.client import Mode
from reference.runtime.clock import real_elapsed

OPERATOR: Final = "operator-kz"
REGISTER: Final = "register"
FACTS_FILE: Final = "register.json"
INFO_SECONDS: Final = 10.0
"""Real seconds that the operator's first answer to a register is waited for."""
_NAMES: Final = ("org_title", "org_inn", "org_address", "pos_title", "pos_address")


def register_options(folder: Path) -> dict[str, list[str]]:
    """Command-line options, by part, of a register that was introduced in this folder before.

    Started without them it would ask the operator as somebody else, and halt.
    """
    facts = _known(folder / FACTS_FILE) or {}
    words = [word for name, value in facts.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return {REGISTER: words} if words else {}


def introduce_register(lab: Lab) -> None:
    """Introduce the register of a running lab, if it has one and the two do not know each other yet."""
    if not {OPERATOR, REGISTER} <= lab.addresses.keys():
        return
    introduce(
        lab.control(OPERATOR),
        lab.control(REGISTER),
        check_url=f"{lab.addresses[OPERATOR]['http']}/",
        facts_file=lab.folder / FACTS_FILE,
    )


def introduce(
    operator: ControlClient, register: ControlClient, *, check_url: str, facts_file: Path
) -> dict[str, Any]:
    """The register's identity at the operator: what the file says, or a new one that the register takes.

    It is `until_informed` then.
    """
    facts = _known(facts_file)
    state = register.state()
    devices = operator.state()["devices"]
    if (
        facts is not None
        and state["token_known"]
        and state["device_id"] == facts["device_id"]
        and str(facts["device_id"]) in devices
    ):
        until_informed(register)
        return facts
    made = operator.do("provision")
    registration = operator.state()["devices"][str(made["id"])].get("registration", {})
    fresh = {"device_id": made["id"], "rnm": made["rnm"], "serial": made["serial"]}
    fresh |= {name: registration[name] for name in _NAMES if registration.get(name)}
    register.reset(**fresh, token=made["token"], check_url=check_url)
    facts_file.write_text(json.dumps(fresh, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    until_informed(register)
    return fresh


def until_informed(register: ControlClient) -> bool:
    """Wait until a register's first INFO is over: before that it sells nothing (KZ-MD-01).

    False when a new register has no answer within INFO_SECONDS: it is in START then, and asks again.
    """
    pause = threading.Event()
    ends = real_elapsed() + INFO_SECONDS
    while waits := register.state()["mode"] == Mode.START.name:
        if real_elapsed() >= ends:
            break
        pause.wait(0.01)
    return not waits


def _known(facts_file: Path) -> dict[str, Any] | None:
    try:
        facts = json.loads(facts_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return facts if isinstance(facts, dict) and "device_id" in facts else None
