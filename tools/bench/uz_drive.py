"""Figures of the drive service: what one registration costs while its store grows to 200,000 receipts."""

from __future__ import annotations

import sqlite3
import statistics
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Self

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
FIRST = 20
"""Receipts each service sells before its store grows."""
RECEIPTS = 25
ROUNDS = 16

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

    Every size has a service and a module of its own, and they sell in turn, so that a busy moment meets all.
    Before that each store grows, while its service is stopped, by acknowledged receipts like its own.
    """
    with ExitStack() as running:
        modules = running.enter_context(
            child(
                "simulator", [*module_arguments(folder / "m"), "--modules", str(len(SIZES))], folder / "m.log"
            )
        )
        shops = []
        for number, size in enumerate(SIZES):
            place = folder / f"drive-{size}"
            arguments = [
                *("--port", "0", "--dir", str(place), "--module", f"tcp://{modules[f'module.{number}']}"),
                *("--server-address", "127.0.0.1:9", "--no-auto-send", "--seed", "1"),
            ]
            log = folder / f"drive-{size}.log"
            with child("reference.drive", arguments, log) as drive, _Shop(drive["drive"], 0) as shop:
                shop.open()
                shop.sell(FIRST)
            _grow(place, size)
            drive = running.enter_context(child("reference.drive", arguments, log))
            shops.append(running.enter_context(_Shop(drive["drive"], FIRST)))
        taken = [[shop.sell(RECEIPTS) for shop in shops] for _ in range(ROUNDS)]
    medians = [
        statistics.median(seconds for round_ in taken[1:] for seconds in round_[number]) * 1e3
        for number in range(len(SIZES))
    ]
    return flat("drive: one registration, 1st to 200,000th", medians, "ms", 0.2)


class _Shop:
    """A till on one service; `sold` receipts were registered before."""

    def __init__(self, url: str, sold: int) -> None:
        self._client = httpx.Client(base_url=url, timeout=15)
        self._factory = _done(self._client.post("/FiscalDrive/List")).json()[0]["FactoryID"]
        self._rng = generator(1, f"bench-{sold}")
        self._sold = sold

    def open(self) -> None:
        opened = format_json_time(OPENED + timedelta(seconds=1))
        _done(self._client.post(f"/FiscalDrive/ZReport/Open/{self._factory}", params={"DateTime": opened}))

    def sell(self, count: int) -> list[float]:
        """Real seconds of each of `count` registrations, a lab second apart."""
        taken = []
        for _ in range(count):
            receipt = random_receipt(self._rng, OPENED + timedelta(seconds=2 + self._sold), items=3)
            body = receipt_to_json(receipt)
            start = real_elapsed()
            txid = _done(self._client.post(f"/FiscalDrive/Receipt/GetTXID/{self._factory}", json=body)).json()
            _done(
                self._client.post(f"/FiscalDrive/Receipt/RegisterTXID/{self._factory}", params={"TXID": txid})
            )
            taken.append(real_elapsed() - start)
            self._sold += 1
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.close()


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
