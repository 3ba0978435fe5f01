"""Labs made of the tiny fake parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance.lab import Lab
from conformance.lab_parts import PartSpec, Port, Wire


def fake_part(name: str, *wires: Wire, options: tuple[str, ...] = ()) -> PartSpec:
    return PartSpec(
        name=name,
        module="tests.fakes.part",
        ports=(Port("--port", name, 0), Port("--control-port", "control", 0)),
        control="control",
        wires=wires,
        options=("--part", name, *options),
    )


FAKE_PARTS = (
    fake_part("module"),
    fake_part("operator"),
    fake_part(
        "drive",
        Wire("--module", "module", "module", "tcp://{}"),
        Wire("--server-address", "operator", "operator"),
    ),
)


def fake_lab(folder: Path, **options: Any) -> Lab:
    return Lab(folder, **({"parts": FAKE_PARTS, "seed": 11} | options))
