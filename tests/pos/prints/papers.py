"""Papers to draw, and other people's programs that read them back: zbar, poppler."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reference.pos.company import Company
from reference.pos.order import Line, Order, Payment
from reference.pos.order_book import Sale
from reference.pos.prints.document import Document
from reference.pos.prints.receipts import Slip, Tender, receipt_document

URL = "http://127.0.0.1:13448/check?t=ZZ000000000000&r=17&c=20260701090000&s=030548219873"
ANSWER = {
    "TerminalID": "ZZ000000000000",
    "ReceiptSeq": 17,
    "DateTime": "2026-07-01 09:00:00",
    "FiscalSign": "030548219873",
    "QRCodeURL": URL,
}
SUMS = {"Sale": 123_456_78, "Refund": 5_000_00}
REPORT: dict[str, Any] = {
    "TerminalID": "ZZ000000000000",
    "OpenTime": "2026-07-01 09:00:00",
    "CloseTime": "2026-07-01 23:30:00",
    "TotalSaleCount": 12,
    "TotalRefundCount": 3,
    "TotalCash": SUMS,
    "TotalCard": {"Sale": 7_00, "Refund": 8_00},
    "TotalVAT": {"Sale": 9_00, "Refund": 10_00},
    "FirstReceiptSeq": 1,
    "LastReceiptSeq": 15,
}
NAN = Line(
    name="Non «Oltin g‘alla» катта, қатырма нон",
    mxik="01905001001000000",
    package_code="1500001",
    unit="dona",
    amount=1500,
    price=5_000_00,
    discount=100_00,
    barcode="4780000000018",
    label="0104780000000001\x1d93abcd",
)
TEA = Line(name="Ko'k choy", mxik="00902001001000000", price=5_000_00, vat_percent=0)


def order(**changes: Any) -> Order:
    lines = changes.pop("lines", (NAN, TEA))
    total = sum(line.net for line in lines)
    return Order(**({"id": "20260701-00017", "lines": lines, "payment": Payment(cash=total)} | changes))


def paper(made: Order | None = None, answer: dict[str, Any] | None = None, **slip: Any) -> Document:
    sale = Sale(made or order(), answer=ANSWER if answer is None else answer)
    return receipt_document(Slip(**({"sale": sale, "company": Company(phone="+998712000000")} | slip)))


MIXED = (Tender("naqd", 2_000_00, 5_000_00), Tender("karta", 3_000_00), Tender("Payme", 7_400_00))


def needs(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed here: apt-get install {package}")
    return found


def scanned(picture: Image.Image, folder: Path) -> list[str]:
    """The QR codes that zbar sees."""
    path = folder / "scanned.png"
    picture.convert("L").save(path)
    found = subprocess.run(
        [
            needs("zbarimg", "zbar-tools"),
            "--quiet",
            "--raw",
            "--set",
            "*.enable=0",
            "--set",
            "qrcode.enable=1",
            path,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode in (0, 4), found.stderr
    return found.stdout.splitlines()


def pdf_pages(data: bytes, folder: Path, dpi: int) -> list[Image.Image]:
    """The pages as poppler draws them."""
    (folder / "paper.pdf").write_bytes(data)
    program = needs("pdftoppm", "poppler-utils")
    subprocess.run(
        [program, "-r", str(dpi), "-png", "paper.pdf", "page"], cwd=folder, timeout=120, check=True
    )
    return [opened(path.read_bytes()) for path in sorted(folder.glob("page-*.png"))]


def pdf_text(data: bytes) -> str:
    """The text as poppler reads it, in its columns."""
    program = needs("pdftotext", "poppler-utils")
    found = subprocess.run(
        [program, "-layout", "-", "-"], input=data, capture_output=True, timeout=120, check=True
    )
    return found.stdout.decode()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def dark_box(picture: Image.Image) -> tuple[int, int, int, int]:
    """What is dark: left, top, right, bottom."""
    box = picture.convert("L").point(lambda shade: 255 if shade < 128 else 0).getbbox()
    assert box is not None
    return box
