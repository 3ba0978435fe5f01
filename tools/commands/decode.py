"""`kassalab decode`: bytes from any wire, named field by field."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

import typer

from conformance.decode import Tree, decode_bytes, decode_command, decode_frame, decode_response
from reference.protocol.kz.errors import KzError
from reference.protocol.kz.signs import parse_qr_address
from reference.protocol.uz import gost
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.qr import parse_qr
from reference.protocol.uz.values import format_json_time
from tools.console import out
from tools.input import InputError, hex_or_file

app = typer.Typer(no_args_is_help=True, help="Decode APDUs, messages, receipt files and QR addresses.")

Data = Annotated[str | None, typer.Argument(help="The bytes in hex.")]
File = Annotated[Path | None, typer.Option("--file", help="Binary input; - for standard input.")]


@app.command()
def apdu(
    data: Data = None,
    file: File = None,
    answer: Annotated[str | None, typer.Option("--answer", help="The module's answer in hex, too.")] = None,
) -> None:
    """A command to the module, and its answer if given."""
    raw = hex_or_file(data, file)
    show(decode_command(raw))
    if answer is not None:
        show(decode_response(hex_or_file(answer, None), raw))


@app.command()
def response(data: Data = None, file: File = None) -> None:
    """An answer of the module: data and status word."""
    show(decode_response(hex_or_file(data, file)))


@app.command()
def message(data: Data = None, file: File = None) -> None:
    """A frame that travels to an operator or back: Uzbek messages of version 6, Kazakh frames."""
    show(decode_frame(hex_or_file(data, file)))


@app.command("receipt-file")
def receipt_file(
    data: Data = None,
    file: File = None,
    key: Annotated[
        str | None, typer.Option("--key", help="CipherKey, 32 bytes in hex: the file is enciphered.")
    ] = None,
) -> None:
    """A full receipt, a ReceiptFile or ZReportFile; with --key an enciphered full receipt."""
    raw = hex_or_file(data, file)
    if key is not None:
        try:
            raw = gost.decrypt(hex_or_file(key, None), raw)
        except UzError as error:
            raise InputError(str(error)) from None
    show(decode_bytes(raw))


@app.command()
def qr(url: Annotated[str, typer.Argument(help="The address from the code.")]) -> None:
    """The four values of a receipt's QR address, of either country."""
    try:
        fields = asdict(parse_qr_address(url)) if _is_kazakh(url) else parse_qr(url)._asdict()
    except (UzError, KzError) as error:
        raise InputError(str(error)) from None
    for name, value in fields.items():
        shown = format_json_time(value) if isinstance(value, datetime) else value
        out().print(f"{name}: {shown}", soft_wrap=True, markup=False)


def _is_kazakh(url: str) -> bool:
    """Whether the address has a register's number; Uzbek ones have a terminal (kz-ofd QR-03)."""
    return bool({"i", "f"} & parse_qs(url.partition("?")[2]).keys())


def show(tree: Tree) -> None:
    """Print a tree of named fields."""
    for line in tree.lines():
        out().print(line, soft_wrap=True, markup=False)
