"""A till's own receipt numbers: a repeat gives the same receipt and sells nothing (uz-fiscal QP-01)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reference.drive.dialects.rpc1.codes import CARD_CODES, Doing, Rpc1Error, drive_error, service_error
from reference.drive.dialects.rpc1.generation import Generation1
from reference.drive.dialects.rpc1.sale import Kind
from reference.drive.errors import DriveError
from reference.drive.gen1_store import LONGEST_NAME
from reference.drive.records import Registered

Key = tuple[str, str, str]
"""FactoryID, method, ReceiptNumber: the documented sale and refund share a number, so the method counts."""


class Tills:
    """Sells under names. Safe from several threads: one name is worked on by one at a time."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._busy: set[Key] = set()

    def sell(self, generation: Generation1, key: Key, body: object, kind: Kind) -> Registered:
        """The receipt of this name, sold now or before."""
        if len(key[2]) > LONGEST_NAME:
            raise service_error(65532, f"ReceiptNumber is longer than {LONGEST_NAME} characters")
        with self._alone(key):
            known = self.repeated(generation, key)
            return known if known is not None else self.sell_new(generation, key, body, kind)

    def repeated(self, generation: Generation1, key: Key) -> Registered | None:
        """The answer of a name heard before; None when there is none, or the module never took it.

        Where nobody knows whether it took it (a broken link, a lock) the error is raised again: only the
        module can say, and selling anew could sell twice.
        """
        named = generation.core.stage.named
        try:
            txid = named.txid(*key)
        except DriveError as error:
            raise drive_error(error, Doing.REGISTER) from error
        if txid is None:
            return None
        try:
            return generation.sales.register(key[0], txid)
        except Rpc1Error as error:
            if error.message not in CARD_CODES:
                raise
            return None

    def sell_new(self, generation: Generation1, key: Key, body: object, kind: Kind) -> Registered:
        """Sell, the name kept before the module is asked, so that a crash between is healed by a repeat."""
        sales, named = generation.sales, generation.core.stage.named
        txid = sales.store(key[0], sales.read(body, kind))
        try:
            named.give(*key, txid)
        except DriveError as error:
            raise drive_error(error, Doing.REGISTER) from error
        try:
            return sales.register(key[0], txid)
        except Rpc1Error as error:
            if error.message in CARD_CODES:  # refused for certain: the name is free for a corrected receipt
                named.take_back(*key)
            raise

    @contextmanager
    def _alone(self, key: Key) -> Iterator[None]:
        with self._free:
            self._free.wait_for(lambda: key not in self._busy)
            self._busy.add(key)
        try:
            yield
        finally:
            with self._free:
                self._busy.discard(key)
                self._free.notify_all()
