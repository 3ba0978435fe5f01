"""Debian packages as files: found by apt, fetched once into a cache folder, unpacked without installing.

Needs no root. What is fetched stays: a second guest of the same versions needs no network.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tools.guest.errors import GuestUnavailable

CACHE_VARIABLE: Final = "KASSALAB_GUEST_CACHE"
ARCHITECTURE: Final = "amd64"
KERNEL: Final = "linux-image-amd64"
"""Depends on the kernel's real package. The cloud kernel has no USB."""

LEFT_OUT: Final = frozenset(
    ("adduser", "debconf", "dpkg", "init-system-helpers", "media-types", "perl", "readline-common", "tzdata")
)
"""What packages want for being installed, and the guest does without."""

_LISTS: Final = Path("/var/lib/apt/lists")
_AS_WE_ARE: Final = "APT::Sandbox::User="
"""apt's own user may not write where we do."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_CAREFULLY: Final[dict[str, Any]] = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}
"""The first releases of Python 3.11 know no filters."""
_APT_SECONDS: Final = 300.0
_REFRESH: Final = "`apt-get update` as root, or tools/setup_env.sh system, fetches the lists of packages"


@dataclass(frozen=True, slots=True)
class Package:
    """One version of a package, as apt's lists name it."""

    name: str
    version: str
    architecture: str
    depends: str

    @property
    def file_name(self) -> str:
        """The name that `apt-get download` gives its file."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


def cache_folder() -> Path:
    """Where packages and images are kept: $KASSALAB_GUEST_CACHE, else kassalab/guest in the user's cache."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kassalab" / "guest"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keeps other processes from filling the same folder at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def obtain(names: Sequence[str], folder: Path) -> tuple[list[Package], list[Path]]:
    """`resolve` and `fetch`; where the system has no lists of packages, or old ones, with lists of our own.

    GuestUnavailable with the first reason when that does not help either.
    """
    rows: list[Package] = []
    try:
        rows = resolve(names, folder)
        return rows, fetch(rows, folder / "packages")
    except GuestUnavailable as reason:
        if not rows and any(_LISTS.glob("*_Packages*")):
            raise
        try:
            apt = own_lists(folder)
        except GuestUnavailable:
            raise reason from None
    rows = resolve(names, folder, apt)
    return rows, fetch(rows, folder / "packages", apt)


def own_lists(folder: Path) -> tuple[str, ...]:
    """Fetch apt's lists into `folder`, which needs no root; gives the options that make apt read them."""
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    chosen = (f"Dir::State::lists={lists}", f"Dir::Cache={folder / 'apt'}", "Debug::NoLocking=1", _AS_WE_ARE)
    options = tuple(word for option in chosen for word in ("-o", option))
    (folder / "apt" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    _run(["apt-get", "update", "-q", *options])
    return options


def resolve(names: Sequence[str], folder: Path, apt: Sequence[str] = ()) -> list[Package]:
    """The kernel's own package, then `names` and all they depend on, in the newest versions apt knows.

    Remembered in `folder` for as long as apt's lists stay as they are, and when they are gone, so that a
    machine without network goes on with what it has. GuestUnavailable when apt knows one of them not.
    """
    memory = folder / f"resolved-{zlib.crc32(' '.join(names).encode()):08x}.json"
    state = _LISTS.stat().st_mtime_ns if _LISTS.exists() else 0
    kept: dict[str, Any] = json.loads(memory.read_text()) if memory.exists() else {"packages": []}
    remembered = [Package(**row) for row in kept["packages"]]
    if remembered and kept["state"] == state and not apt:
        return remembered
    try:
        rows = [_kernel(apt), *_closure(names, apt)]
    except GuestUnavailable:
        if not remembered:
            raise
        return remembered
    folder.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps({"state": state, "packages": [asdict(row) for row in rows]}))
    return rows


def _kernel(apt: Sequence[str]) -> Package:
    (row,) = _known([KERNEL], apt)
    found = re.search(r"linux-image-[\w.+-]+", row.depends)
    if found is None:
        raise GuestUnavailable(f"{KERNEL} {row.version} depends on no kernel image")
    return _known([found.group()], apt)[0]


def _closure(names: Sequence[str], apt: Sequence[str]) -> list[Package]:
    rows = {row.name: row for row in _known(names, apt)}
    new = list(rows.values())
    while new:
        wanted: dict[str, None] = {}
        for clause in ", ".join(row.depends for row in new if row.depends).split(", "):
            options = [_NAME.match(each.strip()) for each in clause.split("|")]
            choice = [each.group() for each in options if each is not None]
            if choice and not any(each in rows or each in wanted or each in LEFT_OUT for each in choice):
                wanted[choice[0]] = None
        # One that apt does not know is a name several packages provide; the guest names its own choice.
        new = _lookup(list(wanted), apt) if wanted else []
        rows |= {row.name: row for row in new}
    return list(rows.values())


def _known(names: Sequence[str], apt: Sequence[str]) -> list[Package]:
    found = {row.name: row for row in _lookup(names, apt)}
    missing = [name for name in names if name not in found]
    if missing:
        raise GuestUnavailable(f"apt knows no package {', '.join(missing)} for {ARCHITECTURE}; {_REFRESH}")
    return [found[name] for name in names]


def _lookup(names: Sequence[str], apt: Sequence[str]) -> list[Package]:
    for program in ("apt-cache", "apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise GuestUnavailable(f"{program} is missing: the guest is made of Debian's packages")
    wanted = [f"{name}:{ARCHITECTURE}" for name in names]
    shown = _run(["apt-cache", "show", "--no-all-versions", *apt, *wanted], check=False)
    # Packages that fit every architecture are found by their bare names only.
    bare = [name for name in names if f"Package: {name}\n" not in shown]
    if bare:
        shown += "\n\n" + _run(["apt-cache", "show", "--no-all-versions", *apt, *bare], check=False)
    return list(_stanzas(shown))


def fetch(packages: Sequence[Package], folder: Path, apt: Sequence[str] = ()) -> list[Path]:
    """The package files in `folder`, downloaded where they are missing; GuestUnavailable when apt cannot."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [each for each in packages if not (folder / each.file_name).exists()]
    if missing:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            wanted = [f"{each.name}={each.version}" for each in missing]
            _run(["apt-get", "download", "-q", "-o", _AS_WE_ARE, *apt, *wanted], cwd=place)
            for each in missing:
                if not (Path(place) / each.file_name).exists():
                    raise GuestUnavailable(f"apt-get download brought no {each.file_name}; {_REFRESH}")
                (Path(place) / each.file_name).rename(folder / each.file_name)
    return [folder / each.file_name for each in packages]


def unpack(package: Path, folder: Path, wanted: re.Pattern[str]) -> Path:
    """The package's files whose path `wanted` matches from its beginning, below `folder`; done once."""
    target = folder / f"{package.stem}-{zlib.crc32(wanted.pattern.encode()):08x}"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        inside = Path(place) / "files"
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
            assert reader.stdout is not None
            with tarfile.open(fileobj=reader.stdout, mode="r|") as archive:
                for member in archive:
                    if wanted.match(member.name.removeprefix("./")) and not member.isdev():
                        archive.extract(member, inside, **_CAREFULLY)
        if reader.returncode:
            raise GuestUnavailable(f"{package.name} cannot be read; remove it and it is fetched again")
        inside.rename(target)
    return target


def _stanzas(text: str) -> Iterator[Package]:
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", stanza, re.MULTILINE))
        if fields.get("Architecture") in (ARCHITECTURE, "all") and {"Package", "Version"} <= fields.keys():
            depends = [fields[name] for name in ("Pre-Depends", "Depends") if name in fields]
            yield Package(fields["Package"], fields["Version"], fields["Architecture"], ", ".join(depends))


def _run(command: Sequence[str], cwd: str | None = None, check: bool = True) -> str:
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=_APT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise GuestUnavailable(f"{command[0]} {command[1]} did not end in {_APT_SECONDS:g} s") from None
    if check and done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise GuestUnavailable(
            f"{command[0]} {command[1]} failed: {words[-1] if words else 'without a word'}; {_REFRESH}"
        )
    return done.stdout
