"""A running guest: QEMU by plain emulation, asked over its second serial line.

    with Guest(build(USB), "127.0.0.1:3240") as guest:
        print(guest.run("usbip list -r 10.0.2.100").lines)

The guest's network ends in this process's own two doors: USB/IP out of it, one TCP port into it.
"""

from __future__ import annotations

import json
import queue
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from reference.runtime.clock import real_elapsed
from tools.guest.errors import GuestError, GuestSilent, GuestUnavailable
from tools.guest.images import Image
from tools.guest.init import ADDRESS, KERNEL_ARGUMENTS, server_address

QEMU: Final = "qemu-system-x86_64"
USBIP_PORT: Final = 3240
DOOR_PORT: Final = 4387
"""Inside the guest; what listens there is reached from outside at `Guest.door`."""
BOOT_SECONDS: Final = 180.0
ANSWER_SECONDS: Final = 120.0
"""Python starts in two seconds in the guest, and in forty where four guests share a processor."""
MEMORY_MEGABYTES: Final = 256
MACHINE: Final = (
    *("-accel", "tcg,thread=multi", "-machine", "pc", "-cpu", "qemu64"),
    *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
)
_LOG_LINES: Final = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command printed, line by line, and its exit status."""

    status: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All that was printed."""
        return "\n".join(self.lines)


class Guest:
    """One machine, running from `__enter__` to `__exit__`. For one thread, which it does not outlive.

    `usbip` are HOST:PORT of the servers it can reach, and all it can reach; inside they are the addresses
    `servers`. GuestUnavailable when this host has no QEMU, GuestSilent when it does not come up in
    `boot_seconds` real seconds.
    """

    def __init__(self, image: Image, *usbip: str, boot_seconds: float = BOOT_SECONDS) -> None:
        self.image = image
        self.usbip = usbip
        self.servers = tuple(server_address(index) for index in range(len(usbip)))
        self.boot_seconds = boot_seconds
        self.door = ""
        self._folder = Path()
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader: threading.Thread | None = None
        self._number = 0

    def __enter__(self) -> Guest:
        require_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="guest-"))
        try:
            self._start()
            self._until("@@ready", self.boot_seconds)
            self.door = self._forwarded()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._stop()

    def run(self, command: str, seconds: float = ANSWER_SECONDS) -> Answer:
        """Let the guest's shell run one line.

        GuestSilent if that takes more than `seconds` real seconds, or the guest has ended.
        """
        self._number += 1
        assert self._child is not None
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(f"{self._number} {command}\n".encode())
            self._child.stdin.flush()
        except OSError as error:
            raise GuestSilent(f"the guest ended ({error})\n{self._story()}") from error
        lines = self._until(f"@@{self._number}=", seconds)
        status = int(lines.pop().partition("=")[2])
        late = [at for at, line in enumerate(lines) if line.startswith("@@")]
        if late:  # the end of a command that nobody waited for any more
            del lines[: late[-1] + 1]
        if lines and not lines[-1]:
            lines.pop()
        return Answer(status, tuple(lines))

    def check(self, command: str, seconds: float = ANSWER_SECONDS) -> tuple[str, ...]:
        """The lines of a command that must succeed; GuestError when it does not."""
        answer = self.run(command, seconds)
        if answer.status:
            raise GuestError(f"`{command}` ended with {answer.status}: {answer.text}\n{self._story()}")
        return answer.lines

    def kernel_log(self) -> str:
        """What the guest's kernel has said so far."""
        return _text(self._folder / "kernel.log")

    def _start(self) -> None:
        with (self._folder / "qemu.log").open("wb") as said:
            self._child = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        self._reader = threading.Thread(target=self._read, name="guest", daemon=True)
        self._reader.start()

    def _command(self) -> list[str]:
        network = f"user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-{ADDRESS}:{DOOR_PORT}"
        for inside, outside in zip(self.servers, self.usbip, strict=True):
            network += f",guestfwd=tcp:{inside}:{USBIP_PORT}-cmd:socat STDIO TCP:{outside},,nodelay"
        # A guest must not outlive a killed test run.
        bound = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        return [
            *(*bound, QEMU, *MACHINE, "-m", str(MEMORY_MEGABYTES)),
            *("-netdev", network, "-device", "virtio-net-pci,netdev=net0,romfile="),
            *("-serial", f"file:{self._folder / 'kernel.log'}", "-serial", "stdio"),
            *("-qmp", f"unix:{self._folder / 'qmp'},server=on,wait=off"),
            *("-kernel", str(self.image.kernel), "-initrd", str(self.image.initramfs)),
            *("-append", KERNEL_ARGUMENTS),
        ]

    def _read(self) -> None:
        stream: IO[bytes] | None = self._child.stdout if self._child else None
        for line in stream or ():
            self._lines.put(line.decode("utf-8", "replace").rstrip("\r\n"))
        self._lines.put(None)

    def _until(self, sign: str, seconds: float) -> list[str]:
        """Lines up to the one that begins with `sign`."""
        lines: list[str] = []
        end = real_elapsed() + seconds
        while (left := end - real_elapsed()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                raise GuestSilent(f"the guest ended\n{self._story()}")
            lines.append(line)
            if line.startswith(sign):
                return lines
        said = "\n".join(lines[-_LOG_LINES:])
        raise GuestSilent(f"no {sign} from the guest in {seconds:g} s, but\n{said}\n{self._story()}")

    def _forwarded(self) -> str:
        """Where QEMU listens for the door; it chose a free port itself."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS)
            line.connect(str(self._folder / "qmp"))
            with line.makefile("rwb") as stream:
                stream.readline()
                for name, arguments in (
                    ("qmp_capabilities", {}),
                    ("human-monitor-command", {"command-line": "info usernet"}),
                ):
                    stream.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
                    stream.flush()
                    answer = json.loads(stream.readline())
        found = re.search(r"HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)", str(answer.get("return")))
        if found is None:
            raise GuestError(f"QEMU does not say where it forwards from: {answer}")
        return f"{found[1]}:{found[2]}"

    def _story(self) -> str:
        said = _text(self._folder / "qemu.log").splitlines()
        return "\n".join([*said, *self.kernel_log().splitlines()][-_LOG_LINES:])

    def _stop(self) -> None:
        child = self._child
        if child is not None:
            child.kill()
            child.wait()
            if self._reader is not None:
                self._reader.join()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with suppress(OSError):  # a last line that an ended guest did not take
                        stream.close()
        if self._folder != Path():  # one that was never started has none
            shutil.rmtree(self._folder, ignore_errors=True)


def require_programs() -> None:
    """GuestUnavailable when this machine lacks what runs a guest."""
    for program, package in ((QEMU, "qemu-system-x86"), ("socat", "socat")):
        if shutil.which(program) is None:
            raise GuestUnavailable(f"{program} is missing; the package {package} has it")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").replace("\r", "") if path.exists() else ""
