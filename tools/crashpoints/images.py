"""What stands on a part's disk, as bytes by file name, and what a cut in the middle of a write leaves of it.

Bytes that were forced to the disk are there after any cut. Of those that were only written, a loss of power
may keep all, none, the first ones (torn) or the later ones without the first (reordered).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

Image = dict[str, bytes]

SHARED_MEMORY: Final = "-shm"
"""End of the name of SQLite's shared memory, which the next opener makes anew after a loss of power."""


def image_of(folder: Path) -> Image:
    """All files of a folder."""
    files = sorted(path for path in folder.iterdir() if not path.name.endswith(SHARED_MEMORY))
    return {path.name: path.read_bytes() for path in files}


def put_back(image: Mapping[str, bytes], folder: Path) -> None:
    """Let a folder hold exactly these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, data in image.items():
        (folder / name).write_bytes(data)


def torn(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Image:
    """The first half of what was written."""
    return _mixed(before, after, lambda old, new, middle: new[:middle] + old[middle:])


def reordered(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Image:
    """The second half of what was written, without the first."""
    return _mixed(before, after, lambda old, new, middle: old[:middle] + new[middle:])


def _mixed(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    mix: Callable[[bytes, bytes, int], bytes],
) -> Image:
    mixed = dict(before)
    for name, new in after.items():
        old = before.get(name, b"")
        if old == new:
            continue
        size = max(len(old), len(new))
        old, new = old.ljust(size, b"\0"), new.ljust(size, b"\0")
        first, last = _changed(old, new)
        mixed[name] = mix(old, new, (first + last + 1) // 2)
    return mixed


def _changed(old: bytes, new: bytes) -> tuple[int, int]:
    """First and last place where two texts of one length differ; they do."""
    first = next(place for place in range(len(old)) if old[place] != new[place])
    last = next(place for place in reversed(range(len(old))) if old[place] != new[place])
    return first, last
