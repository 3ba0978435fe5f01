"""Rules of a proxy as people write them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.proxy.rules import ProxyFaults, corruption, parse_rule
from conformance.proxy.wires import WIRES
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultRuleError


def faults() -> ProxyFaults:
    return ProxyFaults(LabClock.private().part("proxy"), WIRES["kz"].names)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("drop request", {"action": "drop", "point": "proxy.request"}),
        (
            "drop response when command=TICKET count=3",
            {"action": "drop", "point": "proxy.response", "match": {"command": "TICKET"}, "count": 3},
        ),
        ("delay 2m request count=always", {"delay": 120.0, "count": None}),
        ("delay 5 request clock=real", {"delay": 5.0, "value": "real"}),
        ("hold request", {"action": "hold"}),
        ("hold 1h response clock=lab", {"delay": 3600.0}),
        ("cut 10 response nth=2", {"value": "10", "skip": 1}),
        ("corrupt 18.3 request skip=4", {"value": "18.3", "skip": 4}),
        ("reorder wire request probability=0.25 seed=7", {"value": "wire", "probability": 0.25, "seed": 7}),
        ("duplicate 2 request for=90s", {"value": "2", "seconds": 90.0}),
        ("refuse connect", {"action": "refuse", "point": "proxy.connect"}),
        ("close request when device='7*' line=3", {"match": {"device": "7*", "line": "3"}}),
    ],
)
def test_texts(text: str, fields: dict[str, Any]) -> None:
    parsed = parse_rule(text)
    assert parsed == {"match": {}, "point": parsed["point"], "action": text.split()[0]} | fields
    rule = faults().add(**parsed)
    for name, value in fields.items():
        assert getattr(rule, name) == value


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("", "rule", "must be ACTION"),
        ("drop", "rule", "must be ACTION"),
        ("drop it all", "rule", "must be ACTION"),
        ("drop 'request", "rule", "must be readable"),
        ("drop request now", "rule", "NAME=VALUE"),
        ("drop request nth=0", "nth", "whole number from 1"),
        ("drop request count=often", "count", "whole number from 1"),
        ("drop request probability=much", "probability", "number from 0 to 1"),
        ("drop request probability=2", "probability", "probability"),
        ("drop request for=ever", "for", "duration"),
        ("drop request clock=mine", "clock", "lab or real"),
        ("drop request when path=/x", "match", "names of this wire: code, command, device"),
        ("drop 5 request", "value", "must be empty"),
        ("delay request", "delay", "more than 0"),
        ("delay soon request", "delay", "duration"),
        ("cut all request", "value", "whole number from 0"),
        ("duplicate 0 request", "value", "whole number from 1"),
        ("corrupt request", "value", "OFFSET"),
        ("corrupt 1.8 request", "value", "OFFSET"),
        ("reorder all request", "value", "one of wire"),
        ("refuse request", "action", "must be one of"),
        ("drop connect", "action", "must be one of"),
    ],
)
def test_refused_texts(text: str, field: str, part: str) -> None:
    with pytest.raises(FaultRuleError, match=part) as refused:
        faults().add(**parse_rule(text))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("0", "fe2233"),
        ("1.0", "012333"),
        ("-1.7", "0122b3"),
        ("2=ff", "0122ff"),
        ("3", "012233"),
        ("-4", "012233"),
    ],
)
def test_corruption(value: str, after: str) -> None:
    assert corruption(value).of(bytes.fromhex("012233")).hex() == after


def test_probability_goes_by_its_seed() -> None:
    def acted(seed: int) -> list[bool]:
        laid = faults()
        laid.add(**parse_rule(f"drop request probability=0.5 count=always seed={seed}"))
        return [laid.hit("proxy.request", command="TICKET") is not None for _ in range(40)]

    assert acted(1) == acted(1) != acted(2)
    assert 8 < sum(acted(1)) < 32
