"""`python -m reference.drive`: FiscalDriveService as a process, options as the vendor spells them (uz-fiscal
§4.8)."""

from __future__ import annotations

import argparse
import ssl
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from reference.drive.app import MAX_BODY, create_app
from reference.drive.defects import DEFECTS
from reference.drive.dialects.ports import FaceServers, add_port_arguments, wanted_ports
from reference.drive.drive import Drive
from reference.drive.part import DrivePart
from reference.drive.secure_server import SecureServer, server_context
from reference.drive.settings import DriveSettings, RefundCheck, SettingsError, ShortSyncScope, read_config
from reference.drive.stage import FAULT_ACTIONS, FAULT_POINTS
from reference.runtime.clock import open_clock
from reference.runtime.control import control_blueprint
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.logs import configure_logging
from reference.runtime.process import PartSettings, add_part_arguments, announce, run_until_signalled
from reference.runtime.serving import HttpServer

PORT = 3449
THREADS = 16


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference.drive",
        description=__doc__,
        epilog=_settings_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_part_arguments(parser, "drive", control_port=None)
    parser.add_argument(
        "config", nargs="?", type=Path, help="config.ini: [server] address.N, [qrcode] base, [drive]"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help="REST and control port, 0: a free one (%(default)s)"
    )
    parser.add_argument(
        "--module",
        action="append",
        metavar="URL",
        help="module address, repeatable (tcp://H:P, usb:VID:PID[:SERIAL], pcsc:READER, serial:PORT)",
    )
    parser.add_argument(
        "--use-fiscal-drive-emulator-address", metavar="H:P", help="the same, as the vendor spells it"
    )
    parser.add_argument(
        "--server-address",
        action="append",
        metavar="H:P",
        help="operator, repeatable; replaces those in the file",
    )
    parser.add_argument("--qr-base", help="base of the QR address")
    parser.add_argument("--auto-send", action=argparse.BooleanOptionalAction, help="send in the background")
    parser.add_argument("--send-delay", type=float, help="lab seconds to wait for more receipts")
    parser.add_argument("--refund-check", choices=list(RefundCheck), help="check refunds at the operator")
    parser.add_argument("--short-sync-scope", choices=list(ShortSyncScope), help="what Sync/Receipts sends")
    parser.add_argument(
        "--pin-modules",
        action=argparse.BooleanOptionalAction,
        help="refuse another module in a known one's place",
    )
    parser.add_argument(
        "--presence-interval", type=float, help="real seconds between looks at the plugs, 0: never"
    )
    parser.add_argument(
        "--setting", action="append", default=[], metavar="NAME=VALUE", help="any other setting, repeatable"
    )
    parser.add_argument(
        "--defect", action="append", choices=sorted(DEFECTS), help="make this mistake, repeatable"
    )
    parser.add_argument("--db-dir", type=Path, help="where the database is (default: --dir)")
    add_port_arguments(parser)
    _add_tls_arguments(parser)
    return parser


def _settings_text() -> str:
    """Every setting with its default, for `--help`: what --setting, [drive] in the file and a reset take."""
    lines = ["settings (--setting NAME=VALUE, [drive] in the file, reset by the control API):"]
    for name, field in DriveSettings.model_fields.items():
        default = field.default
        shown = " ".join(default) if isinstance(default, tuple) else str(default)
        lines.append(f"  {name} = {shown or '(none)'}\n      {field.description}")
    return "\n".join(lines)


def _add_tls_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use-tls", action="store_true", help="mutual TLS; needs the three files")
    for name, text in (
        ("--tls-certificate", "server certificate, PEM"),
        ("--tls-key", "its key, PEM"),
        ("--tls-client-ca", "authority of the client certificates, PEM"),
    ):
        parser.add_argument(name, type=Path, help=text)


def settings_of(options: argparse.Namespace) -> DriveSettings:
    """Settings from the config file, with the options over them; SettingsError."""
    values: dict[str, Any] = read_config(options.config) if options.config else {}
    modules = list(options.module or [])
    if options.use_fiscal_drive_emulator_address:
        modules.append(f"tcp://{options.use_fiscal_drive_emulator_address}")
    given = {
        "modules": tuple(modules) or None,
        "server_addresses": tuple(options.server_address or ()) or None,
        "defects": tuple(options.defect or ()) or None,
    }
    for name in (
        "qr_base",
        "auto_send",
        "send_delay",
        "refund_check",
        "short_sync_scope",
        "pin_modules",
        "presence_interval",
    ):
        given[name] = getattr(options, name)
    for text in options.setting:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"--setting {text}: must be NAME=VALUE")
        given[name] = value
    values |= {name: value for name, value in given.items() if value is not None}
    values["allow_any_host"] = options.allow_any_host
    return DriveSettings.of(values)


def tls_context(options: argparse.Namespace) -> ssl.SSLContext | None:
    if not options.use_tls:
        return None
    files = (options.tls_certificate, options.tls_key, options.tls_client_ca)
    if None in files:
        raise SettingsError("--use-tls needs --tls-certificate, --tls-key and --tls-client-ca")
    try:
        return server_context(*files)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"--use-tls: {error}") from error


def main(arguments: list[str] | None = None) -> int:
    """Run the drive until it is told to end; status 1 when it cannot listen."""
    parser = build_parser()
    part, options = PartSettings.parse(parser, arguments)
    try:
        settings, context = settings_of(options), tls_context(options)
    except ValueError as error:
        parser.error(str(error))
    lab = open_clock(part.clock)
    clock = lab.part("drive")
    configure_logging("drive", part.log_level, clock, [part.control_token])
    faults = FaultPoints(FAULT_POINTS, clock, "drive", FAULT_ACTIONS)
    events = EventLog(part.folder / "events", clock, "drive")
    folder = options.db_dir or part.folder
    drive = Drive(settings, folder, clock, faults, events.record, seed=part.seed)
    control = control_blueprint(
        DrivePart(drive), lab, clock, faults, events, part.folder, part.control_token, part.host
    )
    app = create_app(drive, control)
    try:
        return _serve(drive, app, part, options, context)
    finally:
        events.close()
        lab.close()


def _serve(
    drive: Drive,
    app: Flask,
    part: PartSettings,
    options: argparse.Namespace,
    context: ssl.SSLContext | None,
) -> int:
    server: HttpServer | SecureServer
    try:
        faces = FaceServers(drive, part.host, wanted_ports(options), MAX_BODY)
        try:
            if context is None:
                server = HttpServer(app, part.host, options.port, threads=THREADS, max_body=MAX_BODY)
            else:
                server = SecureServer(app, part.host, options.port, context)
        except OSError:
            faces.stop()
            raise
    except OSError as error:
        drive.stop()
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    drive.start()
    server.start()
    faces.start()
    announce("drive", {"drive": server.url, **faces.addresses}, seed=part.seed)
    run_until_signalled()
    faces.stop()
    server.stop()
    drive.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
