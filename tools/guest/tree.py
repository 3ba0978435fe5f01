"""The guest's root file system: a tree of entries, written as the cpio archive the kernel unpacks.

Device nodes and owners exist in the archive only, so nobody needs root to make one.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from tools.guest.elf import is_elf, loader, needed
from tools.guest.errors import GuestUnavailable

_MERGED: Final = ("bin", "sbin", "lib", "lib64")
"""Folders that are links into /usr, whatever a package thinks."""
_LIBRARIES: Final = ("usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder, link or device: `data` is a file's bytes or a link's target."""

    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


class Tree:
    """What goes into the archive, by path without the leading slash. `sources` are unpacked packages."""

    def __init__(self, sources: list[Path]) -> None:
        self.entries: dict[str, Entry] = {}
        self._known = {name: path for source in sources for name, path in _files(source)}
        for name in _MERGED:
            self.link(name, f"usr/{name}")

    def folder(self, name: str) -> None:
        """A folder, and those above it."""
        for each in reversed(PurePosixPath(name).parents[:-1]):
            self.entries.setdefault(str(each), Entry(stat.S_IFDIR | 0o755))
        self.entries.setdefault(name, Entry(stat.S_IFDIR | 0o755))

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """A file of our own making."""
        self._put(name, Entry(stat.S_IFREG | mode, data))

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        self._put(name, Entry(stat.S_IFLNK | 0o777, target.encode()))

    def character_device(self, name: str, major: int, minor: int) -> None:
        """A device node."""
        self._put(name, Entry(stat.S_IFCHR | 0o600, b"", (major, minor)))

    def known(self, beginning: str) -> list[str]:
        """Files of the packages whose path begins so."""
        return [name for name in self._known if name.startswith(beginning)]

    def read(self, name: str) -> bytes:
        """A file of the packages; GuestUnavailable when none has it."""
        return self._source(name).read_bytes()

    def take(self, name: str) -> None:
        """A file of the packages, with what its links lead to."""
        if name in self.entries:
            return
        path = self._source(name)
        if path.is_symlink():
            target = str(path.readlink())
            self.link(name, target)
            above = PurePosixPath(name).parent
            self.take(_plain(target[1:] if target.startswith("/") else str(above / target)))
            return
        self._put(name, Entry(stat.S_IFREG | stat.S_IMODE(path.stat().st_mode), path.read_bytes()))

    def take_below(self, folder: str, leave: tuple[str, ...] = ()) -> None:
        """Every file of the packages below `folder`, save those whose path below it begins as in `leave`."""
        found = self.known(f"{folder}/")
        if not found:
            raise GuestUnavailable(f"no package of the guest has anything in /{folder}")
        for name in found:
            if not name[len(folder) + 1 :].startswith(leave):
                self.take(name)

    def take_libraries(self) -> None:
        """The shared libraries that the programs taken so far need, and their loader."""
        done: set[str] = set()
        while rest := self.entries.keys() - done:
            for name in sorted(rest):
                data = self.entries[name].data
                if stat.S_ISREG(self.entries[name].mode) and is_elf(data):
                    if (path := loader(data)) is not None:
                        self.take(_plain(path[1:]))
                    for library in needed(data):
                        self.take(self._library(library, name))
            done |= rest

    def archive(self) -> Iterator[bytes]:
        """The tree as a cpio archive of the `newc` form (Linux, buffer-format.rst)."""
        for number, name in enumerate(sorted(self.entries), 1):
            yield _record(number, name, self.entries[name])
        yield _record(0, "TRAILER!!!", Entry(0))

    def _put(self, name: str, entry: Entry) -> None:
        parent = str(PurePosixPath(name).parent)
        if parent != ".":
            self.folder(parent)
        self.entries[name] = entry

    def _source(self, name: str) -> Path:
        if name not in self._known:
            raise GuestUnavailable(f"no package of the guest has /{name}")
        return self._known[name]

    def _library(self, library: str, user: str) -> str:
        for folder in _LIBRARIES:
            if f"{folder}/{library}" in self._known:
                return f"{folder}/{library}"
        raise GuestUnavailable(f"/{user} needs {library}, which no package of the guest has")


def _files(source: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(source.rglob("*")):
        if path.is_symlink() or path.is_file():
            yield _plain(path.relative_to(source).as_posix()), path


def _plain(name: str) -> str:
    """The path below /usr, without dots."""
    parts: list[str] = []
    for part in PurePosixPath(name).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(["usr", *parts] if parts[0] in _MERGED else parts)


def _record(number: int, name: str, entry: Entry) -> bytes:
    path = name.encode() + b"\0"
    fields = [
        *(number, entry.mode, 0, 0, 1, 0, len(entry.data)),
        *(0, 0, *entry.device, len(path), 0),
    ]
    head = b"070701" + b"".join(b"%08X" % each for each in fields) + path
    return head + bytes(-len(head) % 4) + entry.data + bytes(-len(entry.data) % 4)
