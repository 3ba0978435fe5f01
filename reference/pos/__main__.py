"""`python -m reference.pos`: sell, refund, a whole day, close, last. Orders are kept in --dir; receipts are
TEST."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reference.pos import process
from reference.pos.company import Company, read_company
from reference.pos.errors import OrderError, TillError
from reference.pos.fiscal.address import HELP, open_service
from reference.pos.order import Order, read_day, read_order
from reference.pos.order_book import OrderBook, Sale
from reference.pos.paper import print_sale
from reference.pos.prints.document import Document
from reference.pos.prints.escpos import as_escpos
from reference.pos.prints.formats import FORMATS
from reference.pos.prints.printer import NONE, RULE, PrinterError, Whereabouts, send
from reference.pos.prints.receipts import Slip, receipt_document, shift_document
from reference.pos.replay import commands as day_commands
from reference.pos.till import Till
from reference.protocol.uz.errors import CodecError
from reference.protocol.uz.values import format_json_time, parse_json_time
from reference.runtime.clock import open_clock
from reference.runtime.journal import JournalError

HERE = Path(__file__).parent
DRIVE = "http://127.0.0.1:3449"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference.pos", description=__doc__)
    parser.add_argument("--drive", default=DRIVE, metavar="ADDRESS", help=HELP)
    parser.add_argument("--factory-id", default="", help="module to use (default: the first of the list)")
    parser.add_argument(
        "--dir", type=Path, default=Path(".kassalab/pos"), help="orders and receipts (%(default)s)"
    )
    parser.add_argument("--clock", type=Path, help="lab clock file to share (or KASSALAB_CLOCK)")
    parser.add_argument("--settings", type=Path, help="company data, JSON")
    parser.add_argument("--paper", type=int, choices=(58, 80), help="paper width in mm")
    commands = parser.add_subparsers(dest="command", required=True)
    sell = commands.add_parser("sell", help="make an order a fiscal receipt")
    source = sell.add_mutually_exclusive_group(required=True)
    source.add_argument("file", nargs="?", type=Path, help="order, JSON")
    source.add_argument(
        "--sample", action="store_true", help="the sample order: proves the chain (UZ-POS-02)"
    )
    refund = commands.add_parser("refund", help="give back a sale, wholly or in part")
    refund.add_argument("order", help="id of the sale")
    refund.add_argument(
        "--lines", help="what to give back: line:thousandths, comma list; default: all that is left"
    )
    day = commands.add_parser("day", help="sell a planned day")
    day.add_argument(
        "file", nargs="?", type=Path, default=HERE / "cafe-day.json", help="day, JSON (%(default)s)"
    )
    day.add_argument("--close", action="store_true", help="close the shift afterwards")
    paper = _paper_options()
    commands.add_parser("close", help="close the shift and print the Z-report", parents=[paper])
    commands.add_parser("last", help="print the last receipt again, marked as a copy", parents=[paper])
    commands.add_parser("serve", help="run the point of sale with its page and API: serve --help")
    settle = commands.add_parser("settle", help="say what became of an order whose answer was lost")
    settle.add_argument("order", help="id of the order")
    known = settle.add_mutually_exclusive_group(required=True)
    known.add_argument("--again", action="store_true", help="the module has not made it: send it again")
    known.add_argument(
        "--made", nargs=4, metavar=("NUMBER", "SIGN", "TIME", "TERMINAL"), help="the module has made it"
    )
    commands.add_parser("record", help="write a day of the shop into a file: record --help")
    commands.add_parser("replay", help="sell a recorded day again: replay --help")
    commands.add_parser("pending", help="carry on orders that are not fiscal receipts yet")
    return parser


def _paper_options() -> argparse.ArgumentParser:
    """How `close` and `last` put their paper out."""
    paper = argparse.ArgumentParser(add_help=False)
    paper.add_argument("--format", choices=tuple(FORMATS), default="txt", help="default: %(default)s")
    paper.add_argument("--output", type=Path, help="file to write (default: standard output)")
    paper.add_argument("--printer", default=NONE, help=f"print it, too: {RULE}")
    return paper


class Counter:
    """What the commands do, with one till and one company."""

    def __init__(self, till: Till, company: Company, folder: Path, options: argparse.Namespace) -> None:
        self.till = till
        self.company = company
        self.folder = folder
        self.options = options

    def sell(self) -> None:
        path = HERE / "sample-order.json" if self.options.sample else self.options.file
        values = _json(path)
        if self.options.sample:
            values["id"] = self._fresh("sample")
        self._printed(self.till.sell(read_order(values)))

    def refund(self) -> None:
        wanted = None if self.options.lines is None else _lines(self.options.lines)
        self._printed(
            self.till.refund(self.options.order, self._fresh(f"{self.options.order}-refund"), wanted)
        )

    def day(self) -> None:
        day = read_day(_json(self.options.file))
        for order in day.orders:
            if not self.till.book.known(order.id):
                self._write(self._sell_or_refund(order))
        _say({"day": day.name, "orders": len(day.orders), "pending": len(self.till.book.pending())})
        if self.options.close:
            self.close()

    def _sell_or_refund(self, order: Order) -> Sale:
        return self.till.refund(order.refund_order, order.id) if order.refund_order else self.till.sell(order)

    def close(self) -> None:
        self._put_out(shift_document(self.till.close_day(), self.company))

    def last(self) -> None:
        sale = self.till.book.last()
        if sale is None or sale.answer is None:
            raise OrderError("order", "there is no receipt yet")
        self._put_out(receipt_document(Slip(sale, self.company, copy=True)))

    def pending(self) -> None:
        done = self.till.finish_pending()
        for sale in done:
            self._write(sale)
        _say({"done": [sale.order.id for sale in done], "pending": len(self.till.book.pending())})

    def settle(self) -> None:
        made = None if self.options.made is None else _answer(*self.options.made)
        sale = self.till.settle(self.options.order, made)
        _say({"order": sale.order.id, "pending": sale.pending})

    def _fresh(self, name: str) -> str:
        number = 1
        while self.till.book.known(f"{name}-{number}"):
            number += 1
        return f"{name}-{number}"

    def _put_out(self, document: Document) -> None:
        """A paper as the options say: into a file or onto standard output, and to a printer."""
        options = self.options
        format_ = getattr(options, "format", "txt")
        data = FORMATS[format_].draw(document, self.company.paper)
        if (output := getattr(options, "output", None)) is not None:
            _write_file(output, data)
        elif format_ == "txt":
            sys.stdout.write(data.decode())
        else:
            sys.stdout.buffer.write(data)
        printer = getattr(options, "printer", NONE)
        if printer == NONE:
            return
        try:
            send(printer, as_escpos(document, self.company.paper), Whereabouts(Path(), anywhere=True))
        except PrinterError as error:
            raise OrderError("printer", str(error)) from error

    def _printed(self, sale: Sale) -> None:
        sys.stdout.write(self._write(sale))

    def _write(self, sale: Sale) -> str:
        text = print_sale(sale, self.company)
        paper = self.folder / "receipts" / f"{sale.order.id}.txt"
        paper.parent.mkdir(parents=True, exist_ok=True)
        paper.write_text(text, encoding="utf-8")
        return text


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OrderError("file", f"{path}: {error}") from error


def _write_file(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise OrderError("output", f"{path}: {error.strerror}") from error


def _lines(text: str) -> dict[int, int]:
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return {int(line) - 1: int(amount) for line, amount in pairs}
    except ValueError:
        raise OrderError("lines", f"{text!r} is not line:thousandths, comma list") from None


def _answer(number: str, sign: str, time: str, terminal: str) -> dict[str, Any]:
    """What a person read on the module's receipt; OrderError names what cannot be right."""
    forms = {
        "number": (number, "[1-9][0-9]*"),
        "sign": (sign, "[0-9]{12}"),
        "terminal": (terminal, "[A-Z]{2}[0-9]{12}"),
    }
    for name, (text, form) in forms.items():
        if not re.fullmatch(form, text):
            raise OrderError(name, f"{text!r} must be {form}")
    try:
        made = format_json_time(parse_json_time(time, "time"))
    except CodecError as error:
        raise OrderError("time", str(error)) from error
    return {
        "TerminalID": terminal,
        "ReceiptSeq": int(number),
        "DateTime": made,
        "FiscalSign": sign,
        "QRCodeURL": "",
    }


def _say(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    elsewhere = {"serve": process.main, "record": day_commands.record, "replay": day_commands.replay}
    if given[:1] and given[0] in elsewhere:
        return elsewhere[given[0]](given[1:])
    options = build_parser().parse_args(given)
    lab = open_clock(options.clock)
    drive = book = None
    try:
        company = read_company(options.settings)
        if options.paper:
            company = company.model_copy(update={"paper": options.paper})
        drive = open_service(options.drive, options.factory_id, seller=lambda: company)
        book = OrderBook(options.dir / "orders.journal")
        till = Till(drive, book, lab.part("drive"))
        counter = Counter(till, company, options.dir, options)
        commands: dict[str, Callable[[], None]] = {
            name: getattr(counter, name)
            for name in ("sell", "refund", "day", "close", "last", "pending", "settle")
        }
        commands[options.command]()
        for notice in till.notices.texts:
            sys.stderr.write(f"! {notice}\n")
    except (TillError, JournalError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        if drive is not None:
            drive.close()
        if book is not None:
            book.close()
        lab.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
