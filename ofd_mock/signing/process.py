"""The signing service put together: WebSocket, dialog page, control, and the authority beside it."""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
from pathlib import Path
from typing import Final

import pydantic
import structlog

from ofd_mock.pki.authority import DEFAULT_BASE, Authority
from ofd_mock.pki.web import authority_blueprint
from ofd_mock.signing.desk import Desk
from ofd_mock.signing.key_stores import KeyStores
from ofd_mock.signing.page import make_site
from ofd_mock.signing.part import NAME, SigningPart
from ofd_mock.signing.server import ACTIONS, POINTS, SigningServer
from ofd_mock.signing.settings import SigningSettings
from ofd_mock.signing.signatory import Signatory
from reference.runtime.clock import LabClock, PartClock, open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, until_signalled
from reference.runtime.serving import HttpServer

PORT: Final = 13579
HTTP_PORT: Final = 13580
AUTHORITY_FOLDER: Final = Path(".kassalab") / "pki"
_OWN: Final = ("origins",)


def make_parser() -> argparse.ArgumentParser:
    """All options; every setting is one."""
    parser = argparse.ArgumentParser(prog="python -m ofd_mock.signing", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=PORT, help="WebSocket port, 0 is a free one (%(default)s)"
    )
    parser.add_argument(
        "--http-port",
        type=int,
        default=HTTP_PORT,
        help="dialog page, control, lists and OCSP (%(default)s)",
    )
    parser.add_argument("--plain", action="store_true", help="ws:// in place of wss://")
    parser.add_argument(
        "--authority", type=Path, default=AUTHORITY_FOLDER, help="folder of the test authority (%(default)s)"
    )
    parser.add_argument(
        "--keys", type=Path, action="append", default=[], metavar="FOLDER", help="more key files"
    )
    parser.add_argument(
        "--origin",
        dest="origins",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let this page ask, too",
    )
    group = parser.add_argument_group("settings")
    for name, field in SigningSettings.model_fields.items():
        if name not in _OWN:
            text = (field.description or "").replace("%", "%%")
            group.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar="VALUE", help=text)
    add_part_arguments(parser, part=NAME, control_port=None)
    return parser


def settings_from(options: argparse.Namespace) -> SigningSettings:
    """The settings a command line gives. Raises pydantic.ValidationError."""
    given = {
        name: value
        for name in SigningSettings.model_fields
        if name not in _OWN and (value := getattr(options, name, None)) is not None
    }
    return SigningSettings.model_validate(given | {"origins": tuple(options.origins)})


class SigningProcess:
    """Everything that `python -m ofd_mock.signing` runs; tests run it inside their own process.

    The authority is opened in `authority`, and made there, with this process's own address in its
    certificates, when there is none.
    """

    def __init__(
        self,
        part: PartSettings,
        settings: SigningSettings,
        lab: LabClock,
        clock: PartClock,
        authority: Path,
        folders: tuple[Path, ...] = (),
    ) -> None:
        self._part = part
        self._lab = lab
        self._settings = settings
        self._folder = authority
        self._folders = folders
        self.clock = clock
        self.events = EventLog(part.folder / "events", clock, NAME)
        self.faults = FaultPoints(POINTS, clock, NAME, ACTIONS)
        self.authority: Authority
        self.server: SigningServer
        self.http: HttpServer
        self.control: SigningPart

    async def start(self, port: int, http_port: int, *, plain: bool = False) -> dict[str, str]:
        """Listen on both ports (0: free ones); gives the addresses for the ready line. OSError: in use."""
        self.authority = Authority.ensure(self._folder, self._base(http_port))
        stores = KeyStores(self.authority, self._folders)
        signatory = Signatory(stores, Desk(stores, self.clock.now), self.clock.now, self._settings)
        self.server = SigningServer(signatory, self.clock, self.faults, self.events)
        self.control = SigningPart(self.server)
        part = self._part
        control = control_blueprint(
            self.control,
            self._lab,
            self.clock,
            self.faults,
            self.events,
            part.folder,
            part.control_token,
            part.host,
        )
        authority = authority_blueprint(self.authority, self.clock.now)
        site = make_site(signatory.desk, self.clock.now, part.host, part.control_token, control, authority)
        self.http = HttpServer(site, part.host, http_port)
        self.http.start()
        bound = await self.server.start(part.host, port, None if plain else self._tls())
        host = f"[{part.host}]" if ":" in part.host else part.host
        scheme = "ws" if plain else "wss"
        return {
            "wss": f"{scheme}://{host}:{bound}/",
            "control": self.http.url,
            "page": f"{self.http.url}/",
        }

    async def stop(self) -> None:
        """Close what is open and let everything go."""
        if hasattr(self, "server"):
            self.server.signatory.desk.clear()
            await self.server.stop()
        if hasattr(self, "http"):
            self.http.stop()
        self.events.close()

    def _base(self, http_port: int) -> str:
        """Where a new authority's certificates point to: the usual port where this one is a free one."""
        return f"http://127.0.0.1:{http_port}" if http_port else DEFAULT_BASE

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Nobody resumes sessions, and clients that read and write in two threads stumble over tickets.
        context.num_tickets = 0
        context.load_cert_chain(*self.authority.tls_files)
        return context


def main(arguments: list[str] | None = None) -> int:
    """Run until told to end; gives the exit status."""
    parser = make_parser()
    part, options = PartSettings.parse(parser, arguments)
    try:
        settings = settings_from(options)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = "-".join(str(step) for step in first["loc"]).replace("_", "-")
        parser.error(f"--{name}: {first['msg']}")
    try:
        asyncio.run(_serve(part, options, settings))
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    return 0


async def _serve(part: PartSettings, options: argparse.Namespace, settings: SigningSettings) -> None:
    lab = open_clock(part.clock)
    clock = lab.part(NAME)
    configure_logging(NAME, part.log_level, clock, [part.control_token])
    process = SigningProcess(part, settings, lab, clock, options.authority, tuple(options.keys))
    try:
        addresses = await process.start(options.port, options.http_port, plain=options.plain)
        announce(NAME, addresses, seed=part.seed)
        reason = await until_signalled()
        structlog.get_logger(NAME).info("ending", reason=reason)
    finally:
        await process.stop()
