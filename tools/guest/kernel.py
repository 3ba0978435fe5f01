"""The kernel's modules in the order in which they must be loaded, as their own `depends` fields say."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tools.guest.errors import GuestUnavailable

WANTED: Final = re.compile(
    r"boot/vmlinuz-|(usr/)?lib/modules/[^/]+/(modules\.builtin$|kernel/(drivers/(usb/(common|core|usbip|mon)|virtio)/"
    r"|drivers/net/(virtio_net|net_failover)\.|net/core/failover\.))"
)
"""What of the kernel's package is unpacked."""

MODULES: Final = ("virtio_pci", "virtio_net", "usbcore", "vhci-hcd")
"""A network card to reach the USB/IP server by, and the host controller whose cable that server is."""


def kernel_file(unpacked: Path) -> Path:
    """The kernel itself in its unpacked package."""
    found = sorted(unpacked.glob("boot/vmlinuz-*"))
    if not found:
        raise GuestUnavailable(f"{unpacked.name} holds no kernel")
    return found[-1]


def modules(unpacked: Path, wanted: Iterable[str] = MODULES) -> list[tuple[str, bytes]]:
    """Name and bytes of every module needed for `wanted`, each after those it depends on; those built into
    the kernel are left out. GuestUnavailable for one that there is not.
    """
    files = {_name(path.name): path for path in unpacked.rglob("*.ko*")}
    built_in = {
        _name(Path(line).name)
        for path in unpacked.rglob("modules.builtin")
        for line in path.read_text().split()
    }
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        key = name.replace("-", "_")
        if key in ordered or key in built_in:
            return
        if key not in files:
            raise GuestUnavailable(f"{unpacked.name} has no module {name}: a kernel without USB?")
        data = _read(files[key])
        for each in depends(data):
            add(each)
        ordered[key] = data

    for name in wanted:
        add(name)
    return list(ordered.items())


def depends(module: bytes) -> list[str]:
    """What a module says it depends on."""
    found = re.search(rb"(?<!\w)depends=([^\0]*)\0", module)
    return [each.decode() for each in found.group(1).split(b",") if each] if found else []


def _name(file: str) -> str:
    return file.split(".")[0].replace("-", "_")


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data
