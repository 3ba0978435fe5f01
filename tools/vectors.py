"""Makes the vector files of conformance/vectors for people who test without a lab.

`python -m tools.vectors` writes made-uz.json and made-kz.json anew; `--into DIR` writes them elsewhere, which
is how a test sees that the files in the tree are what our codecs make. Published vectors (uz.json, kz.json)
come from elsewhere and are never written here.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from reference.protocol.kz import service
from reference.protocol.kz.dialects import SUPPORTED, Command, Dialect, Serving, dialect_for
from reference.protocol.kz.documents import CloseShift, Document, ReportAsk, to_message
from reference.protocol.kz.envelope import new_response, set_enum_number
from reference.protocol.kz.frames import Header
from reference.protocol.kz.generate import random_placement, random_ticket
from reference.protocol.kz.kinds import Operation, PlacementKind, ReportKind
from reference.protocol.kz.message_json import message_to_json
from reference.protocol.kz.results import ResultCode
from reference.protocol.uz import apdu, gost
from reference.protocol.uz.generate import random_receipt, refund_of
from reference.protocol.uz.message import File, FileType, Request, SenderInfo
from reference.protocol.uz.receipt import Receipt, RefundInfo, encode_full_receipt
from reference.protocol.uz.receipt_json import receipt_to_json
from reference.protocol.uz.total_block import total_block_for
from reference.runtime.chance import generator

FOLDER: Final = Path(__file__).resolve().parents[1] / "conformance" / "vectors"
SEED: Final = 20_260_701
TIME: Final = datetime(2026, 7, 1, 9, 0, 0)
TERMINAL: Final = "ZZ000000000000"
RECEIPTS, MESSAGES, TICKETS = 40, 12, 6
DEVICE, TOKEN = 4931, 123_456_789


def uz_vectors() -> dict[str, Any]:
    """Receipts, messages and commands of the Uzbek chain."""
    return {
        "format": "kassalab-vectors/1",
        "chain": "uz",
        "note": (
            "Made by Kassalab's codecs from a fixed seed. tlv_hex is FullReceipt with its padding, hash_hex "
            "its GOST R 34.11-94 digest (CryptoPro S-box), total_block_hex the data of RECEIPT REGISTER; "
            "frame_hex is a whole message to the operator; apdu_hex a whole command."
        ),
        "receipts": list(_receipts()),
        "messages": list(_messages()),
        "commands": list(_commands()),
    }


def kz_vectors() -> dict[str, Any]:
    """Requests and answers of the Kazakh chain in every dialect."""
    return {
        "format": "kassalab-vectors/1",
        "chain": "kz",
        "note": (
            "Made by Kassalab's codecs from a fixed seed. hex is a whole frame: 18 bytes of header, then the "
            "protobuf body. message has fields by name, enums by name, bytes as lower-case hex; a field that "
            "is not sent is not there."
        ),
        "frames": [frame for version in SUPPORTED for frame in _frames(version)],
    }


def write(into: Path) -> list[Path]:
    """Write both files into a folder; gives their paths."""
    written = []
    for name, vectors in (("made-uz.json", uz_vectors()), ("made-kz.json", kz_vectors())):
        path = into / name
        path.write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _receipts() -> Iterator[dict[str, Any]]:
    rng = generator(SEED, "receipts")
    sale: Receipt | None = None
    for number in range(RECEIPTS):
        time = TIME + timedelta(seconds=number)
        if sale is not None and number % 5 == 4:
            receipt = refund_of(sale, RefundInfo(TERMINAL, number, sale.time, f"{number:012}"), time)
        else:
            receipt = sale = random_receipt(rng, time)
        padded = gost.pad(encode_full_receipt(receipt))
        yield {
            "id": f"receipt-{number + 1:02}",
            "receipt": receipt_to_json(receipt),
            "tlv_hex": padded.hex(),
            "hash_hex": gost.digest(padded).hex(),
            "total_block_hex": total_block_for(receipt, padded).encode().hex(),
        }


def _messages() -> Iterator[dict[str, Any]]:
    rng = generator(SEED, "messages")
    kinds = list(FileType)
    for number in range(MESSAGES):
        files = tuple(
            File(rng.choice(kinds), 1, rng.randbytes(8), rng.randbytes(rng.choice((0, 40, 300))))
            for _ in range(number % 4 + 1)
        )
        sender = SenderInfo("kassalab", f"SN{number:03}", "1.0")
        request = Request(TERMINAL, TIME + timedelta(minutes=number), sender, files)
        yield {
            "id": f"message-{number + 1:02}",
            "terminal_id": TERMINAL,
            "local_time": request.time.isoformat(" "),
            "sender": {"name": sender.name, "serial": sender.serial, "version": sender.version},
            "files": [
                {
                    "type": int(each.type),
                    "version": each.version,
                    "header_hex": each.header.hex(),
                    "body_hex": each.body.hex(),
                }
                for each in files
            ],
            "frame_hex": request.encode().hex(),
        }


def _commands() -> Iterator[dict[str, str]]:
    commands = {
        "SELECT": apdu.select(),
        "GET VERSION": apdu.get_version(),
        "GET CPLC": apdu.get_cplc(),
        "GET INFO, all tags": apdu.get_info(),
        "GET UNACKNOWLEDGED ZREPORTS": apdu.get_unack_zreports(),
        "ZREPORT OPEN": apdu.zreport_open(TIME),
        "ZREPORT CLOSE": apdu.zreport_close(TIME + timedelta(hours=12)),
        "GET RECEIPT FILE, index 0": apdu.get_receipt_file(0),
        "RECEIPT RESCAN": apdu.receipt_rescan(),
    }
    for name, command in commands.items():
        yield {"id": name, "apdu_hex": command.encode().hex()}


def _frames(version: int) -> Iterator[dict[str, Any]]:
    dialect = dialect_for(version)
    if dialect is None:
        raise LookupError(f"no dialect {version}")
    for reqnum, (name, command, document) in enumerate(_requests(dialect), start=1):
        message = dialect.messages.Request() if document is None else to_message(dialect, document)
        set_enum_number(message, "command", command)
        if command is Command.SYSTEM:
            service.write_offline_period(message.service, TIME, TIME + timedelta(minutes=5))
        yield _frame(dialect, name, "to operator", reqnum, message)
    for reqnum, code in enumerate(ResultCode, start=100):
        answer = new_response(dialect, int(code), None)
        set_enum_number(answer, "command", Command.SYSTEM)
        yield _frame(dialect, f"answer {int(code)} {code.name}", "to register", reqnum, answer)


def _requests(dialect: Dialect) -> Iterator[tuple[str, Command, Document | None]]:
    rng: Random = generator(SEED, f"kz-{dialect.version}")
    yield "SYSTEM with offline period", Command.SYSTEM, None
    yield "INFO", Command.INFO, None
    for number, operation in enumerate((*Operation, *Operation)[:TICKETS], start=1):
        offline = TIME.hour * 1000 + number if number % 3 == 0 else None
        ticket = random_ticket(
            rng,
            dialect.version,
            TIME + timedelta(minutes=number),
            operation=operation,
            offline_number=offline,
        )
        name = f"TICKET {number} {operation.name}{', offline' if offline else ''}"
        yield name, Command.TICKET, ticket
    for kind in PlacementKind:
        placement = random_placement(rng, TIME + timedelta(hours=1), kind=kind)
        yield f"MONEY_PLACEMENT {kind.name}", Command.MONEY_PLACEMENT, placement
    for report in ReportKind:
        yield f"REPORT {report.name}", Command.REPORT, ReportAsk(report, TIME + timedelta(hours=2))
    close = CloseShift(TIME + timedelta(hours=12), withdraw_money=True, shift_number=1)
    yield "CLOSE_SHIFT with withdrawal", Command.CLOSE_SHIFT, close
    if dialect.serving(Command.QR_GET_STATUS) is Serving.SERVED:
        yield "QR_GET_STATUS without its part", Command.QR_GET_STATUS, None


def _frame(dialect: Dialect, name: str, direction: str, reqnum: int, message: Any) -> dict[str, Any]:
    body = message.SerializeToString(deterministic=True)
    header = Header(dialect.version, 18 + len(body), DEVICE, TOKEN, reqnum)
    return {
        "id": f"{dialect.version} {name}",
        "direction": direction,
        "dialect": dialect.version,
        "device": DEVICE,
        "token": TOKEN,
        "reqnum": reqnum,
        "message": message_to_json(message),
        "hex": (header.encode() + body).hex(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; gives the exit status."""
    parser = argparse.ArgumentParser(description="Make the vector files anew.")
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder to write to")
    for path in write(parser.parse_args(arguments).into):
        print(path.name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
