"""The dialects' own ports: which there are, and the servers that listen there (uz-fiscal §1.2)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reference.drive.dialects.web import dialect_app
from reference.drive.drive import Drive
from reference.drive.rest import Answer, Asked
from reference.runtime.serving import HttpServer

THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class FacePort:
    """A dialect's place: its name, option and real port."""

    name: str
    option: str
    default: int
    text: str


FACE_PORTS: Final = (
    FacePort("rpc", "rpc", 3448, "FiscalDriveAPI, JSON-RPC at /rpc/api"),
    FacePort("qpos", "qpos", 2040, "QPOS, /api"),
    FacePort("communicator", "communicator", 8347, "E-POS Communicator, /uzpos"),
)


def add_port_arguments(parser: argparse.ArgumentParser) -> None:
    """`--rpc-port` and its like, and `--no-rpc` to leave a dialect out."""
    group = parser.add_argument_group("dialects")
    for face in FACE_PORTS:
        group.add_argument(
            f"--{face.option}-port",
            type=int,
            metavar="PORT",
            help=f"{face.text}; 0: a free one ({face.default}, or a free one with --port 0)",
        )
        group.add_argument(
            f"--no-{face.option}", action="store_true", help=f"without {face.text.split(',')[0]}"
        )


def wanted_ports(options: argparse.Namespace) -> dict[str, int]:
    """The port of each dialect that is switched on; free ones where REST has one too."""
    ports = {}
    for face in FACE_PORTS:
        if not getattr(options, f"no_{face.option}"):
            given: int | None = getattr(options, f"{face.option}_port")
            ports[face.name] = given if given is not None else (face.default if options.port else 0)
    return ports


class FaceServers:
    """The servers of the dialects. OSError, with none left listening, when a port is in use."""

    def __init__(self, drive: Drive, host: str, ports: Mapping[str, int], max_body: int) -> None:
        self._servers: dict[str, HttpServer] = {}
        try:
            for name, port in ports.items():
                app = dialect_app(name, drive.face(name).path, _Answering(drive, name), host, max_body)
                self._servers[name] = HttpServer(app, host, port, threads=THREADS, max_body=max_body)
        except OSError:
            self.stop()
            raise

    @property
    def addresses(self) -> dict[str, str]:
        """Where each listens, for the ready line."""
        return {name: server.url for name, server in self._servers.items()}

    def start(self) -> None:
        """Begin to answer."""
        for server in self._servers.values():
            server.start()

    def stop(self) -> None:
        """End after the requests in work."""
        for server in reversed([*self._servers.values()]):
            server.stop()


class _Answering:
    """The dialect at work now: a reset may put another in its place."""

    def __init__(self, drive: Drive, name: str) -> None:
        self._drive = drive
        self._name = name

    def __call__(self, asked: Asked) -> Answer:
        return self._drive.face(self._name).answer(asked)
