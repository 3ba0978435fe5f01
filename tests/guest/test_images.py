"""What the guest is made of: ELF files, the cpio archive, the order of modules, apt's answers."""

from __future__ import annotations

import lzma
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guest.stand import stand
from tools.guest import __main__ as command_line
from tools.guest import images, kernel, machine, packages
from tools.guest.elf import is_elf, loader, needed
from tools.guest.errors import GuestUnavailable
from tools.guest.packages import Package
from tools.guest.tree import Tree


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A package with a file, a link to it and one that goes through a merged folder."""
    folder = tmp_path / "unpacked"
    (folder / "lib/deep").mkdir(parents=True)
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "lib/deep/real").write_bytes(b"12345")
    (folder / "usr/bin/near").symlink_to("far")
    (folder / "usr/bin/far").symlink_to("/lib/deep/real")
    (folder / "usr/bin/up").symlink_to("../../lib/deep/real")
    return folder


def module(*names: str) -> bytes:
    return b"\x7fELF...\0license=GPL\0depends=" + ",".join(names).encode() + b"\0name=x\0"


def test_a_program_names_its_loader_and_its_libraries() -> None:
    # Any dynamic program of the host will do; the loader's own list is the oracle.
    program = Path(shutil.which("sh") or "").resolve()
    data = program.read_bytes()
    if not is_elf(data) or loader(data) is None:
        pytest.skip(f"{program} of this machine is no dynamic 64-bit little-endian program")
    told = subprocess.run(
        [loader(data), "--list", program], capture_output=True, text=True, check=True
    ).stdout
    names = needed(data)
    assert names
    assert all(f"\t{name} =>" in told for name in names), (names, told)


def test_a_text_is_no_program() -> None:
    assert not is_elf(b"#!/bin/sh\n")


def test_links_are_followed_into_usr(unpacked: Path) -> None:
    tree = Tree([unpacked])
    tree.take("usr/bin/near")
    tree.take("usr/bin/up")
    kinds = {name: stat.S_IFMT(entry.mode) for name, entry in tree.entries.items()}
    assert kinds["usr/bin/near"] == kinds["usr/bin/far"] == kinds["usr/bin/up"] == stat.S_IFLNK
    assert tree.entries["usr/lib/deep/real"].data == b"12345"
    assert kinds["usr/lib/deep"] == stat.S_IFDIR
    assert tree.entries["lib"].data == b"usr/lib"


def test_what_no_package_has_is_named(unpacked: Path) -> None:
    tree = Tree([unpacked])
    with pytest.raises(GuestUnavailable, match="no package of the guest has /usr/sbin/pcscd"):
        tree.take("usr/sbin/pcscd")
    with pytest.raises(GuestUnavailable, match="anything in /usr/lib/pcsc"):
        tree.take_below("usr/lib/pcsc")


def test_the_archive_is_read_by_cpio(tmp_path: Path) -> None:
    if shutil.which("cpio") is None:
        pytest.skip("cpio is not installed: nobody else reads the archive")
    tree = Tree([])
    tree.file("deep/down/file", b"abcde", 0o640)
    tree.link("deep/link", "down/file")
    archive = b"".join(tree.archive())
    place = tmp_path / "out"
    place.mkdir()
    subprocess.run(
        ["cpio", "--extract", "--quiet", "--no-absolute-filenames"], input=archive, cwd=place, check=True
    )
    assert (place / "deep/link").read_bytes() == b"abcde"
    assert stat.S_IMODE((place / "deep/down/file").stat().st_mode) == 0o640
    assert str((place / "lib64").readlink()) == "usr/lib64"


def test_a_device_stands_in_the_archive_by_its_numbers() -> None:
    tree = Tree([])
    tree.character_device("dev/console", 5, 1)
    archive = b"".join(tree.archive())
    name = archive.index(b"dev/console\0")
    head = archive[name - 110 : name]
    assert head.startswith(b"070701")
    assert int(head[14:22], 16) == stat.S_IFCHR | 0o600
    assert (int(head[78:86], 16), int(head[86:94], 16)) == (5, 1)


def test_modules_come_after_those_they_depend_on(tmp_path: Path) -> None:
    folder = tmp_path / "lib/modules/6/kernel"
    folder.mkdir(parents=True)
    (folder / "vhci-hcd.ko").write_bytes(module("usbip-core", "usbcore"))
    (folder / "usbip-core.ko").write_bytes(module("usbcore"))
    (folder / "usbcore.ko").write_bytes(module("usb-common"))
    (folder / "usb-common.ko").write_bytes(module())
    ordered = [name for name, _ in kernel.modules(tmp_path, ["vhci-hcd"])]
    assert ordered == ["usb_common", "usbcore", "usbip_core", "vhci_hcd"]


def test_what_is_built_in_is_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "lib/modules/6"
    (folder / "kernel").mkdir(parents=True)
    (folder / "modules.builtin").write_text("kernel/drivers/usb/common/usb-common.ko\n")
    (folder / "kernel/usbcore.ko.xz").write_bytes(lzma.compress(module("usb-common")))
    assert kernel.modules(tmp_path, ["usbcore"]) == [("usbcore", module("usb-common"))]


def test_packages_of_another_architecture_are_none_of_the_guests() -> None:
    text = "Package: a\nVersion: 1\nArchitecture: {}\nDescription-en: x\n about: y\n\n"
    shown = "".join(text.format(name) for name in ("arm64", "amd64", "all"))
    assert [row.architecture for row in packages._stanzas(shown)] == ["amd64", "all"]


def test_a_kernel_without_usb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GuestUnavailable, match="has no module vhci-hcd: a kernel without USB"):
        kernel.modules(tmp_path, ["vhci-hcd"])


def test_apt_files_have_no_colon_in_their_names() -> None:
    assert Package("a", "1:2-3", "amd64", "").file_name == "a_1%3a2-3_amd64.deb"


def test_a_package_that_apt_does_not_know_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux" or shutil.which("apt-cache") is None:
        pytest.skip("no apt here")
    monkeypatch.setattr(packages, "KERNEL", "linux-image-of-nobody")
    with pytest.raises(GuestUnavailable, match="apt knows no package linux-image-of-nobody"):
        packages.resolve(["busybox-static"], tmp_path)


def test_without_lists_the_packages_of_last_time_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        "linux-image-amd64": "linux-image-6-amd64 (= 6)",
        "linux-image-6-amd64": "kmod",
        "a": "b (>= 1), c | d, adduser",
        "b": "",
        "c": "b",
    }
    asked: list[str] = []

    def lookup(names: list[str], apt: tuple[str, ...]) -> list[Package]:
        asked.extend(names)
        return [Package(name, "6", "amd64", answers[name]) for name in names if name in answers]

    monkeypatch.setattr(packages, "_lookup", lookup)
    first = packages.resolve(["a"], tmp_path)
    assert [row.name for row in first] == ["linux-image-6-amd64", "a", "b", "c"]
    asked.clear()
    assert packages.resolve(["a"], tmp_path) == first
    assert not asked
    monkeypatch.setattr(packages, "_LISTS", tmp_path / "nowhere")
    answers.clear()
    assert packages.resolve(["a"], tmp_path) == first
    assert asked == ["linux-image-amd64"]


def test_old_lists_are_replaced_by_lists_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_Packages").touch()
    monkeypatch.setattr(packages, "_LISTS", tmp_path)
    done: list[str] = []
    row = Package("a", "1", "amd64", "")

    def fetch(rows: list[Package], folder: Path, apt: tuple[str, ...] = ()) -> list[Path]:
        done.append(f"fetch {' '.join(apt)}")
        if not apt:
            raise GuestUnavailable("404 Not Found")
        return [folder / each.file_name for each in rows]

    def resolve(names: list[str], folder: Path, apt: tuple[str, ...] = ()) -> list[Package]:
        return [row]

    def own_lists(folder: Path) -> tuple[str, ...]:
        return ("-o", "ours")

    for stand_in in (resolve, fetch, own_lists):
        monkeypatch.setattr(packages, stand_in.__name__, stand_in)
    assert packages.obtain(["a"], tmp_path) == ([row], [tmp_path / "packages/a_1_amd64.deb"])
    assert done == ["fetch ", "fetch -o ours"]

    def no_lists(folder: Path) -> tuple[str, ...]:
        raise GuestUnavailable("no network")

    monkeypatch.setattr(packages, "own_lists", no_lists)
    with pytest.raises(GuestUnavailable, match="404 Not Found"):
        packages.obtain(["a"], tmp_path)


def test_our_reader_is_in_libccids_list() -> None:
    lists = "".join(
        f"<key>{key}</key>\n\t<array>\n\t\t<string>old</string>\n\t</array>\n"
        for key in ("ifdVendorID", "ifdProductID", "ifdFriendlyName")
    )
    text = images._with_our_reader(lists.encode()).decode()
    wanted = ("<string>0x1209<", "<string>0x4B01<", "<string>0x4B02<", "<string>Kassalab ")
    assert [text.count(each) for each in wanted] == [2, 1, 1, 2]
    assert text.count("<string>old<") == 3
    with pytest.raises(GuestUnavailable, match="no list ifdVendorID"):
        images._with_our_reader(b"<dict/>")


def test_a_machine_without_qemu_skips_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "QEMU", "qemu-of-nobody")
    reason = "no guest: qemu-of-nobody is missing; the package qemu-system-x86 has it"
    with pytest.raises(pytest.skip.Exception, match=reason), stand(images.USB, tmp_path):
        pass


def test_the_command_line_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(_recipe: images.Recipe) -> images.Image:
        raise GuestUnavailable("apt knows no package x")

    monkeypatch.setattr(command_line, "build", build)
    assert command_line.main(["build", "usb"]) == 3
    assert command_line.main(["run", "usb", "true"]) == 3
    assert capsys.readouterr().err == "apt knows no package x\n" * 2
    with pytest.raises(SystemExit):
        command_line.main(["build", "toaster"])
    assert "invalid choice: 'toaster'" in capsys.readouterr().err
