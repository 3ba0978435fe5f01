"""When two things sent are the same question, and which questions change nothing where they are asked."""

from __future__ import annotations

import json
import re
from typing import Final

from conformance.events import Exchange, Layer
from reference.protocol.uz.apdu import Command, StatusWord, find_instruction
from reference.protocol.uz.errors import UzError

_PLACE: Final = re.compile(rb"(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]+")
_BASE: Final = re.compile(rb"https?://(?:\[[^\]\s]*\]|[^/:\s\"']+)(?::[0-9]+)?/?")
_OWN_HEADERS: Final = (b"host:", b"user-agent:", b"accept-encoding:")
_CONTROL_CALL: Final = re.compile(rb"(?P<ask>[A-Z]+ /control/reset) (?P<body>\{.*\})", re.DOTALL)
_READING_PATHS: Final = re.compile(
    rb"[A-Z]+ /(?:control/(?:state|clock|journal|do/(?:receipts|zreports|documents|device|devices)\b)"
    rb"|FiscalDrive/(?:List\b|.*(?:Info|Indexes)\b)|DataBase/Files/Count|check\b)"
)


def question(layer: Layer, raw: bytes) -> bytes:
    """What is asked, without what differs from run to run by itself: ports of this machine, our client's
    name, and the defects that a reset keeps."""
    if layer not in (Layer.HTTP, Layer.CONTROL):
        return raw
    head, separator, body = raw.partition(b"\r\n\r\n")
    if separator:
        lines = head.split(b"\r\n")
        head = b"\r\n".join(line for line in lines if not line.lower().startswith(_OWN_HEADERS))
        return _PLACE.sub(b"here", head + separator + body)
    text = _PLACE.sub(b"here", _BASE.sub(b"/", raw, count=1))
    reset = _CONTROL_CALL.fullmatch(text)
    return text if reset is None else reset["ask"] + b" " + _without_defects(reset["body"])


def _without_defects(body: bytes) -> bytes:
    try:
        settings = dict(json.loads(body)["settings"])
    except (ValueError, KeyError, TypeError):
        return body
    settings.pop("defects", None)
    return json.dumps(settings, sort_keys=True).encode()


def only_reads(asked: Exchange) -> bool:
    """Whether a question leaves the target as it is, so that a case may leave it out."""
    if asked.layer is Layer.APDU:
        return _reading_command(asked.raw)
    if asked.layer in (Layer.HTTP, Layer.CONTROL):
        text = question(asked.layer, asked.raw)
        return text.startswith((b"GET ", b"HEAD ")) or _READING_PATHS.match(text) is not None
    return False


def _reading_command(raw: bytes) -> bool:
    if raw[:2] == b"\x00\xa4":
        return False
    try:
        command = Command.decode(raw)
    except UzError:
        return False
    found = find_instruction(command.ins, command.p1, command.p2)
    return not isinstance(found, StatusWord) and found.name.startswith("GET_")


def told(layer: Layer, raw: bytes) -> str:
    """A question as a sentence names it."""
    if layer in (Layer.HTTP, Layer.CONTROL):
        text = raw.split(b"\r\n", 1)[0].decode("utf-8", "replace")
    else:
        text = raw.hex()
    return f"{layer} {text[:160]}{'…' if len(text) > 160 else ''}"
