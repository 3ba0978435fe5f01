"""`kassalab bench uz`: the figures of the Uzbek chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.bench import uz_module, uz_receipt
from tools.bench.figures import Figure
from tools.bench.uz_drive import registration_stays_flat


def figures(folder: Path) -> Iterator[Figure]:
    """Every figure of the chain, as each is ready; temporary files go below `folder`."""
    record = uz_module.record_bytes(folder)
    yield uz_module.serial(folder, record)
    yield uz_module.fleet(folder, record)
    yield uz_module.in_process()
    yield uz_receipt.encode_hash_encrypt()
    yield registration_stays_flat(folder)
