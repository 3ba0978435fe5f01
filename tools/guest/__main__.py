"""`python -m tools.guest build [IMAGE…]` makes the images; `python -m tools.guest run IMAGE --usbip HOST:PORT
COMMAND…` boots one and shows what each command prints in it.

Exit status: 0; 1 when a command in the guest failed; 3 when this machine cannot run a guest.
"""

from __future__ import annotations

import argparse
import sys

from tools.guest.errors import GuestError
from tools.guest.images import RECIPES, build
from tools.guest.init import server_address
from tools.guest.machine import Guest

FAILED = 1
UNAVAILABLE = 3


def main(words: list[str] | None = None) -> int:
    """Do what the command line says; gives the exit status."""
    arguments = _parser().parse_args(words)
    try:
        if arguments.task == "build":
            for name in arguments.image or RECIPES:
                print(build(RECIPES[name]).initramfs)
            return 0
        return _run(arguments.image, arguments.usbip, arguments.command)
    except GuestError as error:
        print(error, file=sys.stderr)
        return UNAVAILABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.guest", description="A small machine in QEMU.")
    tasks = parser.add_subparsers(dest="task", required=True)
    making = tasks.add_parser("build", help="fetch the packages and make the images")
    making.add_argument("image", nargs="*", choices=[*RECIPES, []], help=", ".join(RECIPES))
    running = tasks.add_parser("run", help="boot an image and run commands in it")
    running.add_argument("image", choices=list(RECIPES))
    running.add_argument(
        "--usbip", metavar="HOST:PORT", help=f"a USB/IP server: {server_address()} to the guest"
    )
    running.add_argument("command", nargs="+", help="a line for the guest's shell")
    return parser


def _run(image: str, usbip: str | None, commands: list[str]) -> int:
    status = 0
    with Guest(build(RECIPES[image]), *([usbip] if usbip else [])) as guest:
        for command in commands:
            answer = guest.run(command)
            print(f"# {command}\n{answer.text}")
            if answer.status:
                print(f"# exit status {answer.status}")
                status = FAILED
        print(f"# kernel\n{guest.kernel_log()}")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
