"""The ledger for people: counts, gaps, flags, pages, refused files."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from reference.protocol.uz.message import File
from tests.ofd_mock.conftest import Bench, web
from tests.ofd_mock.till import START, TERMINAL, Till, bread


def shown(bench: Bench, path: str) -> str:
    answer = web.get(bench.base + path)
    assert answer.status_code == 200, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def test_an_empty_ledger(bench: Bench) -> None:
    assert "No module has spoken yet." in shown(bench, "/ledger")
    assert "None." in shown(bench, "/ledger/traces")
    assert web.get(bench.base + "/ledger/ZZ000000000000").status_code == 404
    assert web.get(bench.base + "/ledger/traces/none").status_code == 404
    assert web.get(bench.base + "/nowhere").status_code == 404


def test_counts_and_flags_of_a_module(bench: Bench, till: Till) -> None:
    bench.order("register-taxpayer", terminal=TERMINAL, company="Choyxona", tin="123456789")
    files = [till.bread().full(), till.bread(operation=1).short(), till.bread(type=1, number=5).full()]
    bench.send(till, *files, till.close(sales=9)[0])
    page = shown(bench, "/ledger")
    assert re.search(rf"{TERMINAL} Choyxona 123456789 3 1 5 1 gaps 1 Z differ", page)
    assert re.search(r"Modules 1 Receipts 3 Z-reports 1 Without number 0 Refused files 0", page)


def test_the_page_of_a_module(bench: Bench, till: Till) -> None:
    sold = till.bread()
    bench.send(till, sold.full(), till.bread(number=4, operation=1).short(), till.bread(number=9).full())
    bench.send(till, sold.full(), till.close(refunds=0)[0])
    page = shown(bench, f"/ledger/{TERMINAL}")
    assert "Taxpayer not registered" in page
    assert "2 – 3 5 – 8" in page
    assert "refunds 0 ≠ 1" in page
    assert "short record, 1 to come" in page
    assert "purchase, refund" in page
    assert f"5,000.00 0.00 535.71 {sold.sign} 1 1" in page
    link = re.search(r'href="(/check\?[^"]+)"', web.get(f"{bench.base}/ledger/{TERMINAL}").text)
    assert link
    assert "genuine" in web.get(bench.base + html.unescape(link[1]), params=None).text


def test_receipts_and_z_reports_are_paged(bench: Bench, till: Till) -> None:
    for _ in range(2):
        bench.send(till, *[till.bread().short() for _ in range(32)])
    for _ in range(2):
        bench.send(till, *[till.close()[0] for _ in range(26)])
    page = web.get(f"{bench.base}/ledger/{TERMINAL}").text
    assert 'href="?after=50"' in page
    later = re.search(r'href="\?z=(\d{14})"', page)
    assert later
    second = shown(bench, f"/ledger/{TERMINAL}?after=50")
    assert "01.07.2026 09:01:04" in second
    assert "01.07.2026 09:00:50" not in second
    assert web.get(f"{bench.base}/ledger/{TERMINAL}?after=x&z=x").status_code == 200
    assert 'href="?"' in web.get(f"{bench.base}/ledger/{TERMINAL}?z={later[1]}").text


def test_modules_are_paged(bench: Bench) -> None:
    for at in range(51):
        till = Till(f"ZZ{at:012d}")
        bench.send(till, till.sync())
    assert 'href="/ledger?after=ZZ000000000049"' in web.get(bench.base + "/ledger").text
    second = web.get(bench.base + "/ledger?after=ZZ000000000049").text
    assert "ZZ000000000050" in second
    assert "First page" in second


def test_receipts_without_number(bench: Bench, till: Till) -> None:
    bench.reset(generation_1=[TERMINAL])
    bench.send(till, till.unsigned(bread(START, type=1)), till.unsigned(bread(START, type=2)))
    page = shown(bench, f"/ledger/{TERMINAL}")
    assert "advance, sale" in page
    assert "credit, sale" in page


def test_refused_files(bench: Bench, till: Till) -> None:
    bad = replace(till.bread().full(), body=bytes(8))
    name = bench.send(till, bad, File(0x77, 1, b"")).acks[0].header.decode()
    page = shown(bench, "/ledger/traces")
    assert name in page
    assert "uz-fiscal OF-23" in page
    trace = shown(bench, f"/ledger/traces/{name}")
    assert "the hash of the body is not the ITEMS_HASH of the record" in trace
    assert bad.header.hex() in trace
    assert bytes(8).hex() in trace


def test_the_root_leads_to_the_state_page(bench: Bench) -> None:
    answer = web.get(bench.base + "/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/state")
