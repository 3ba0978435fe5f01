"""python-escpos as this house wants it: loaded with the first paper for a printer, leaving nothing behind.

On import the library adds a handler to the root logger and makes a folder for its cache of printer profiles;
both are taken back. Its printer here is a dummy that gathers bytes: where they go is printer.py's to say.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any, Final

from reference.pos.prints.rows import DOTS, DPI

_CACHE_SETTING: Final = "ESCPOS_CAPABILITIES_PICKLE_DIR"


def dummy(paper: int) -> Any:
    """A printer of the library for a paper 58 or 80 mm wide; its bytes are in `output`."""
    printer, profile = _library()
    known = profile()
    width = {"mm": paper, "pixels": DOTS[paper]}
    known.profile_data = profile.profile_data | {"media": {"dpi": DPI, "width": width}}
    return printer(profile=known)


@cache
def _library() -> tuple[Any, Any]:
    root = logging.getLogger()
    before = list(root.handlers)
    capabilities = importlib.import_module("escpos.capabilities")
    printer = importlib.import_module("escpos.printer").Dummy
    root.handlers[:] = before
    if _CACHE_SETTING not in os.environ:
        shutil.rmtree(Path(capabilities.pickle_path).parent, ignore_errors=True)
    return printer, capabilities.Profile
