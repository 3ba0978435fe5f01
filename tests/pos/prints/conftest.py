"""The café with a printer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reference.pos.prints.printer import Whereabouts
from reference.pos.prints.spool import Spool
from tests.pos.conftest import shop as shop
from tests.pos.prints.tape import Printer, Tape
from tests.pos.shop.conftest import Cafe
from tests.pos.shop.conftest import cafe as cafe

__all__ = ["Printing", "cafe", "printing", "shop"]


@dataclass
class Printing:
    """A café whose printer writes into `file`."""

    cafe: Cafe
    folder: Path
    spool: Spool

    @property
    def file(self) -> Path:
        return self.folder / "printed.bin"

    def papers(self) -> list[Tape]:
        """What came out, paper by paper."""
        data = self.file.read_bytes() if self.file.exists() else b""
        parts = data.split(b"\x1b@")[1:]
        return [Printer().take(b"\x1b@" + part) for part in parts]

    def states(self) -> list[tuple[str, bool]]:
        return [(each.state, each.copy) for each in reversed(self.spool.newest())]

    def restarted(self) -> Spool:
        return Spool(self.cafe.premises, Whereabouts(self.folder), self.cafe.till.bench.lab)


@pytest.fixture
def printing(cafe: Cafe, tmp_path: Path) -> Iterator[Printing]:
    folder = tmp_path / "pos"
    spool = Spool(cafe.premises, Whereabouts(folder), cafe.till.bench.lab)
    cafe.settings.change({"printer": "file:printed.bin"})
    yield Printing(cafe, folder, spool)
    spool.stop()
