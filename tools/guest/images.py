"""What the guests are made of: two recipes, built once for each set of package versions.

`usb`   busybox, the kernel's USB over IP, lsusb: enough to see the device enumerated and read.
`card`  besides, pcscd and libccid as Debian builds them, and Python with pyscard and pyusb.
"""

from __future__ import annotations

import hashlib
import os
import py_compile
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from tools.guest import init, kernel
from tools.guest.errors import GuestUnavailable
from tools.guest.packages import cache_folder, obtain, only_one, unpack
from tools.guest.tree import Tree

_EVERYTHING: Final = re.compile("(?!usr/share/(doc|man|locale)/)")


VENDOR_ID: Final = 0x1209
ONE_SLOT: Final = 0x4B01
SEVERAL_SLOTS: Final = 0x4B02
"""The test identity of our readers."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The packages a guest is made of besides the kernel's, and what of them goes into its file system."""

    name: str
    packages: tuple[str, ...]
    fill: Callable[[Tree], None]


@dataclass(frozen=True, slots=True)
class Image:
    """A kernel and an initramfs, ready to boot, and the versions of the packages they are made of."""

    name: str
    kernel: Path
    initramfs: Path
    versions: dict[str, str]


def _fill_usb(tree: Tree) -> None:
    for name in ("usr/bin/busybox", "usr/sbin/usbip", "usr/bin/lsusb"):
        tree.take(name)
    # usbip looks names up here, and complains of an absent file at every call.
    tree.file("usr/share/misc/usb.ids", b"")


def _fill_card(tree: Tree) -> None:
    _fill_usb(tree)
    for name in ("usr/sbin/pcscd", "usr/bin/udevadm", "usr/lib/x86_64-linux-gnu/libpcsclite.so.1"):
        tree.take(name)
    tree.link("usr/lib/systemd/systemd-udevd", "/usr/bin/udevadm")
    # Threads are cancelled through this library, which no program names.
    tree.take("usr/lib/x86_64-linux-gnu/libgcc_s.so.1")
    tree.take_below("usr/lib/pcsc/drivers/ifd-ccid.bundle")
    tree.file("etc/libccid_Info.plist", _with_our_reader(tree.read("etc/libccid_Info.plist")))
    _fill_python(tree)
    tree.file("door.py", Path(__file__).with_name("door.py").read_bytes())
    tree.file("setup", _CARD_SETUP.encode(), 0o755)


def _fill_python(tree: Tree) -> None:
    tree.take("usr/bin/python3")
    (folder,) = {name.split("/")[2] for name in tree.known("usr/lib/python3.") if name.endswith("/os.py")}
    tree.take_below(f"usr/lib/{folder}", leave=_NO_PYTHON)
    for name in tree.known(f"usr/lib/{folder}/lib-dynload/_ctypes."):
        tree.take(name)
    for name in _ENCODINGS:
        tree.take(f"usr/lib/{folder}/encodings/{name}.py")
    tree.take_below("usr/lib/python3/dist-packages/usb")
    if folder == f"python{sys.version_info[0]}.{sys.version_info[1]}":
        _compile(tree)


def _compile(tree: Tree) -> None:
    """Under emulation compiling is slower than all the rest of a start, and packages bring no bytecode."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.py", Path(folder) / "source.pyc"
        for name in [name for name in tree.entries if name.endswith(".py")]:
            source.write_bytes(tree.entries[name].data)
            py_compile.compile(
                str(source),
                str(target),
                f"/{name}",
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
            place = PurePosixPath(name)
            compiled = f"{place.parent}/__pycache__/{place.stem}.{sys.implementation.cache_tag}.pyc"
            tree.file(compiled, target.read_bytes())


_NO_PYTHON: Final = (
    *("lib-dynload/", "encodings/", "test/", "unittest/", "pydoc_data/", "idlelib/", "lib2to3/"),
    *("ensurepip/", "distutils/", "config-", "tkinter/", "turtle", "sqlite3/", "asyncio/"),
    *("multiprocessing/", "xml/", "email/", "http/", "sitecustomize"),
)
"""Of the standard library, what nobody needs in the guest."""
_ENCODINGS: Final = ("__init__", "aliases", "ascii", "latin_1", "utf_8", "utf_16_le")

_CARD_SETUP: Final = """\
mkdir -p /run/udev /run/pcscd
/usr/lib/systemd/systemd-udevd --daemon
"""

_OURS: Final = {
    "ifdVendorID": (f"0x{VENDOR_ID:04X}",) * 2,
    "ifdProductID": (f"0x{ONE_SLOT:04X}", f"0x{SEVERAL_SLOTS:04X}"),
    "ifdFriendlyName": ("Kassalab Fiscal Module TEST",) * 2,
}


def _with_our_reader(plist: bytes) -> bytes:
    """libccid's list of readers with ours added: the driver takes no device that is not in it."""
    text = plist.decode()
    for key, values in _OURS.items():
        ours = "".join(f"\n\t\t<string>{value}</string>" for value in values)
        text, count = re.subn(rf"(<key>{key}</key>\s*<array>)", rf"\1{ours}", text, count=1)
        if not count:
            raise GuestUnavailable(f"libccid's Info.plist has no list {key}")
    return text.encode()


USB: Final = Recipe("usb", ("busybox-static", "usbip", "usbutils"), _fill_usb)
CARD: Final = Recipe(
    "card", (*USB.packages, "pcscd", "libccid", "udev", "libgcc-s1", "python3", "python3-usb"), _fill_card
)
RECIPES: Final = {each.name: each for each in (USB, CARD)}


def build(recipe: Recipe, folder: Path | None = None) -> Image:
    """The image of a recipe, from the cache when the same packages made one before.

    GuestUnavailable says what is missing: apt's lists, the network, a package or a file in one.
    """
    folder = folder or cache_folder()
    with only_one(folder):
        rows, files = obtain(recipe.packages, folder)
        kernel_tree = unpack(files[0], folder / "unpacked", kernel.WANTED)
        sources = [unpack(each, folder / "unpacked", _EVERYTHING) for each in files[1:]]
        digest = _digest(files)
        target = folder / "images" / f"{recipe.name}-{digest}.cpio"
        if not target.exists():
            _write(_tree(recipe, kernel_tree, sources), target)
    return Image(
        recipe.name, kernel.kernel_file(kernel_tree), target, {row.name: row.version for row in rows}
    )


def _tree(recipe: Recipe, kernel_tree: Path, sources: list[Path]) -> Tree:
    tree = Tree(sources)
    for name in ("proc", "sys", "dev", "run", "tmp", "var"):
        tree.folder(name)
    tree.character_device("dev/console", 5, 1)
    tree.file("init", init.SCRIPT.encode(), 0o755)
    tree.file(init.CABLE[1:], init.CABLE_SCRIPT.encode(), 0o755)
    tree.file(init.PCSCD[1:], init.PCSCD_SCRIPT.encode(), 0o755)
    loaded = kernel.modules(kernel_tree)
    for name, data in loaded:
        tree.file(f"modules/{name}.ko", data)
    tree.file("modules/order", "".join(f"{name}\n" for name, _ in loaded).encode())
    recipe.fill(tree)
    tree.take_libraries()
    return tree


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\n")
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _write(tree: Tree, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}")
    with part.open("wb") as file:
        for piece in tree.archive():
            file.write(piece)
    part.rename(target)
    for older in target.parent.glob(f"{target.stem.split('-')[0]}-*.cpio"):
        if older != target:
            older.unlink()
