"""`kassalab receipt`: receipts as data, for people who test without a lab."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from reference.protocol.uz import gost
from reference.protocol.uz.errors import UzError
from reference.protocol.uz.generate import random_receipt
from reference.protocol.uz.receipt import Receipt, encode_full_receipt
from reference.protocol.uz.receipt_json import receipt_from_json, receipt_to_json
from reference.protocol.uz.receipt_rules import check_receipt
from reference.protocol.uz.total_block import total_block_for
from reference.protocol.uz.values import to_tashkent
from reference.runtime.chance import fresh_seed, generator
from reference.runtime.clock import open_clock
from tools.console import out, print_json
from tools.input import InputError, check_output, read_input

app = typer.Typer(no_args_is_help=True, help="Make and encode receipts of codec version 20.")

TlvOut = Annotated[
    Path | None, typer.Option("--tlv-out", help="Write the encoded receipt and its zero padding here.")
]
BlockOut = Annotated[Path | None, typer.Option("--total-block-out", help="Write the TotalBlock here.")]


@app.command()
def generate(
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same receipt.")] = None,
    time: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d %H:%M:%S"], help="Time of the receipt, Tashkent; now without."),
    ] = None,
    tlv_out: TlvOut = None,
    total_block_out: BlockOut = None,
) -> None:
    """Print a random receipt that keeps every rule, as the JSON that GetTXID takes."""
    when = time or to_tashkent(open_clock(None).now()).replace(microsecond=0)
    chosen = fresh_seed() if seed is None else seed
    receipt = random_receipt(generator(chosen, "receipt"), when)
    _write(receipt, tlv_out, total_block_out)
    print_json(receipt_to_json(receipt))


@app.command()
def encode(
    file: Annotated[Path, typer.Argument(help="JSON receipt; - for standard input.")],
    tlv_out: TlvOut = None,
    total_block_out: BlockOut = None,
) -> None:
    """Check a JSON receipt, encode it, and print TLV with padding, hash and TotalBlock in hex."""
    try:
        receipt = receipt_from_json(json.loads(read_input(file)))
        check_receipt(receipt)
    except (UzError, json.JSONDecodeError) as error:
        raise InputError(f"{file}: {error}") from None
    padded, block = _write(receipt, tlv_out, total_block_out)
    out().print(f"tlv          {padded.hex()}", soft_wrap=True)
    out().print(f"hash         {gost.digest(padded).hex()}", soft_wrap=True)
    out().print(f"total block  {block.hex()}", soft_wrap=True)


def _write(receipt: Receipt, tlv_out: Path | None, block_out: Path | None) -> tuple[bytes, bytes]:
    check_output(tlv_out, block_out)
    padded = gost.pad(encode_full_receipt(receipt))
    block = total_block_for(receipt, padded).encode()
    if tlv_out is not None:
        tlv_out.write_bytes(padded)
    if block_out is not None:
        block_out.write_bytes(block)
    return padded, block
