"""Passwords of COMMAND_AUTH: compared with argon2 hashes, which takes longer than a hundred tickets do.

A request that looks like a login is looked at in a thread of its own first (`Logins.prepare`): what that
finds is remembered, and the settling that follows only has to look it up. Neither the event loop nor
the ledger's thread waits meanwhile. A login that was not prepared is compared when it is settled.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import sqlalchemy as sa
import structlog

from ofd_mock.kz import tables
from ofd_mock.kz.disturbance import command_of
from ofd_mock.kz.ledger import KzLedger
from ofd_mock.kz.proofs import cashier_of
from ofd_mock.kz.registry import profile_from_text
from reference.protocol.kz.dialects import Command, dialect_for
from reference.protocol.kz.envelope import read_request
from reference.protocol.kz.errors import BodyError
from reference.protocol.kz.frames import Frame

THREADS: Final = 2
_log = structlog.get_logger("operator-kz.logins")


class Logins:
    """Compares passwords beside the ledger's thread."""

    def __init__(self, ledger: KzLedger) -> None:
        self._ledger = ledger
        self._pool = ThreadPoolExecutor(THREADS, "logins")

    @staticmethod
    def is_one(frame: Frame) -> bool:
        """Whether a frame looks like a login."""
        return command_of(frame.body) == Command.AUTH

    def prepare(self, frame: Frame) -> Future[None]:
        """Have a login compared, so that settling it takes no time. Never fails."""
        try:
            return self._pool.submit(self._prepare, frame)
        except RuntimeError:  # stopped
            done: Future[None] = Future()
            done.set_result(None)
            return done

    def stop(self) -> None:
        """Begin nothing more, and wait for what is in work."""
        self._pool.shutdown()

    def _prepare(self, frame: Frame) -> None:
        dialect = dialect_for(frame.header.version)
        if dialect is None:
            return
        columns = tables.devices.c
        try:
            asked = read_request(dialect, frame.body).message.auth
            with self._ledger.reading() as connection:
                query = sa.select(columns.profile).where(columns.id == frame.header.id)
                text = connection.execute(query).scalar()
            if text is not None:
                cashier_of(profile_from_text(text), str(asked.login), str(asked.password))
        except BodyError:
            return  # settling it finds the same, and answers it
        except Exception as error:  # noqa: BLE001 - settling it comes to it again, and answers 255
            _log.warning("a login could not be compared beforehand", device=frame.header.id, exc_info=error)
