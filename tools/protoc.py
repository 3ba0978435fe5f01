"""Regenerates the protobuf modules of the Kazakh chain from their `.proto` texts.

`python -m tools.protoc` writes the generated modules and their type stubs beside the texts;
`python -m tools.protoc --into DIR` writes them elsewhere, which is how a test compares.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

CHECKOUT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = Path("reference/protocol/kz/proto")


class GenerationError(Exception):
    """The compiler refused a text; what it says stands on stderr."""


def sources() -> tuple[str, ...]:
    """Every `.proto` text of the house, as a path below the checkout, in order."""
    return tuple(
        path.relative_to(CHECKOUT).as_posix() for path in sorted((CHECKOUT / FOLDER).glob("*.proto"))
    )


def generate(into: Path) -> None:
    """Write `…_pb2.py` and `…_pb2.pyi` of every text below `into`. Raises GenerationError."""
    stubs = Path(sys.executable).with_name("protoc-gen-mypy")
    _compile(f"--python_out={into}", f"--plugin=protoc-gen-mypy={stubs}", f"--mypy_out=quiet:{into}")


def describe(into: Path) -> FileDescriptorSet:
    """The descriptors of every text, compiled afresh by way of a file in `into`. Raises GenerationError."""
    target = into / "kz.descriptors"
    _compile(f"--descriptor_set_out={target}")
    return FileDescriptorSet.FromString(target.read_bytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.protoc", description=__doc__)
    parser.add_argument("--into", type=Path, default=CHECKOUT, help="folder to write below (the checkout)")
    generate(parser.parse_args(arguments).into)
    return 0


def _compile(*options: str) -> None:
    status = protoc.main(["protoc", f"--proto_path={CHECKOUT}", *options, *sources()])
    if status != 0:
        raise GenerationError(f"protoc ended with status {status}")


if __name__ == "__main__":
    sys.exit(main())
