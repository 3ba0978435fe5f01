"""Memory that a batch has used is there for the next one."""

from __future__ import annotations

import subprocess
import sys

import pytest

_BATCHES = """
import resource, sys
from reference.runtime.heap import keep_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

kept = keep_memory() if sys.argv[1] == "keep" else True
for _ in range(3):
    before = faults()
    batch = [bytes(2000) for _ in range(8000)]
    del batch
print(kept, faults() - before)
"""
PAGES = 8000 * 2000 // 4096


def last_batch(way: str) -> int:
    """Pages that the third batch of 16 MB waited for."""
    done = subprocess.run([sys.executable, "-c", _BATCHES, way], capture_output=True, text=True, check=True)
    taken, pages = done.stdout.split()
    assert taken == "True"
    return int(pages)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone takes this advice")
def test_memory_that_a_batch_has_used_stays() -> None:
    assert last_batch("keep") < PAGES / 10
    assert last_batch("give") > PAGES / 2
