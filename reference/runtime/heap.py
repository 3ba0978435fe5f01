"""What a process that works in batches keeps of its memory between them."""

from __future__ import annotations

import ctypes
from typing import Final

# Of mallopt(3).
_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_KEPT_BYTES: Final = 64 << 20
_GROWN_BYTES: Final = 1 << 20


def keep_memory() -> bool:
    """Have the C library keep up to 64 MiB that are free, and grow by a mebibyte at once.

    Otherwise it gives a batch's memory back when the batch has ended, and the next one waits for the system
    to clear as many pages again. True where the library takes the advice: glibc does, others need none.
    """
    advise = getattr(ctypes.CDLL(None), "mallopt", None)
    if advise is None:
        return False
    return bool(advise(_TRIM_THRESHOLD, _KEPT_BYTES)) and bool(advise(_TOP_PAD, _GROWN_BYTES))
