"""Figures of the drive service: what one registration costs while its store grows to 200,000 receipts."""

from __future__ import annotations

import sqlite3
import statistics
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx

from reference.protocol.uz.generate import random_receipt
from reference.protocol.uz.receipt_json import receipt_to_json
from reference.protocol.uz.values import format_json_time
from reference.runtime.chance import generator
from reference.runtime.clock import real_elapsed
from tools.bench.children import BenchError, child
from tools.bench.figures import Figure, flat
from tools.bench.uz_module import OPENED, module_arguments

SIZES = (0, 50_000, 100_000, 200_000)
RECEIPTS = 400
WARM_UP = 100

_GROW_LOG = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < :count)
    insert into receipt_register_log
        (factory_id, terminal_id, version, type, operation, hash, total_block, time, stored_at, content,
         receipt_seq, fiscal_sign, answered_at)
    select factory_id, terminal_id, version, type, operation, randomblob(32), total_block, time, stored_at,
           content, 1000000 + :stored + i, fiscal_sign, answered_at
    from (select * from receipt_register_log where receipt_seq is not null limit 1), n
"""
_GROW_FILES = """
    insert into full_receipt_files
        (txid, factory_id, terminal_id, receipt_seq, time, version, type, operation, state, attempts,
         postponed, state_changed_at, message, header, body)
    select log.txid, log.factory_id, log.terminal_id, log.receipt_seq, log.time, log.version, log.type,
           log.operation, 2, 1, 0, log.time, null, file.header, file.body
    from receipt_register_log log, (select header, body from full_receipt_files limit 1) file
    where log.receipt_seq is not null
      and not exists (select 1 from full_receipt_files known where known.txid = log.txid)
"""


def registration_stays_flat(folder: Path) -> Figure:
    """GetTXID and RegisterTXID over HTTP at growing sizes of the store, medians of one receipt each.

    Between the sizes the service is stopped and its tables grow by acknowledged receipts like its own.
    """
    place = folder / "drive"
    medians = []
    sold = 0
    with child("simulator", module_arguments(folder / "flat"), folder / "flat.log") as module:
        for size in SIZES:
            _grow(place, size)
            arguments = [
                *("--port", "0", "--dir", str(place), "--module", f"tcp://{module['module']}"),
                *("--server-address", "127.0.0.1:9", "--no-auto-send", "--seed", "1"),
            ]
            with child("reference.drive", arguments, folder / "drive.log") as drive:
                taken = _sell(drive["drive"], sold, WARM_UP + RECEIPTS)
            sold += len(taken)
            medians.append(statistics.median(taken[WARM_UP:]) * 1e3)
    return flat("drive: one registration, 1st to 200,000th", medians, "ms", 0.2)


def _sell(url: str, sold: int, count: int) -> list[float]:
    """Real seconds of each of `count` registrations; `sold` were made before."""
    rng = generator(1, f"bench-{sold}")
    with httpx.Client(base_url=url, timeout=15) as client:
        factory = client.post("/FiscalDrive/List").json()[0]["FactoryID"]
        if sold == 0:
            opened = format_json_time(OPENED + timedelta(seconds=1))
            _done(client.post(f"/FiscalDrive/ZReport/Open/{factory}", params={"DateTime": opened}))
        taken = []
        for number in range(sold, sold + count):
            receipt = random_receipt(rng, OPENED + timedelta(seconds=2 + number), items=3)
            body = receipt_to_json(receipt)
            start = real_elapsed()
            txid = _done(client.post(f"/FiscalDrive/Receipt/GetTXID/{factory}", json=body)).json()
            _done(client.post(f"/FiscalDrive/Receipt/RegisterTXID/{factory}", params={"TXID": txid}))
            taken.append(real_elapsed() - start)
    return taken


def _done(answer: httpx.Response) -> httpx.Response:
    if answer.status_code != httpx.codes.OK:
        raise BenchError(f"{answer.request.url} was answered {answer.status_code}: {answer.text}")
    return answer


def _grow(place: Path, size: int) -> None:
    """Bring the store of the stopped service to `size` registered receipts."""
    if not size:
        return
    with closing(sqlite3.connect(place / "drive.sqlite3")) as store, store:
        (stored,) = store.execute("select count(*) from full_receipt_files").fetchone()
        if size > stored:
            store.execute(_GROW_LOG, {"count": size - stored, "stored": stored})
            store.execute(_GROW_FILES)
