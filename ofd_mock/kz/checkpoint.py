"""Moving what is committed from a SQLite ledger's log into its file while the ledger goes on.

SQLite does it in the commit that finds the log long, and that commit then waits for thousands of pages all
over a large file. Here a thread copies them; the writer only has to finish the few that came meanwhile, so
that the log can begin anew. What is durable is not touched by any of it.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

_AFTER: Final = 20_000
"""Pages after which the log is long enough: most of a large ledger's are in it several times, and are copied
once. Two thirds of the length at which a commit would do it (reference.runtime.database)."""
_OF_A_REQUEST: Final = 1
_OF_A_COMMIT: Final = 8
"""About how many pages go into the log, measured: a request's own, and those that all of a commit share."""
_FEW_PAGES: Final = 300
_PASSES: Final = 5
_MOVE: Final = "PRAGMA wal_checkpoint(PASSIVE)"
_NOT_MOVED: Final = "the log could not be moved into the ledger's file"
_log = structlog.get_logger("operator-kz.checkpoint")


class Checkpoints:
    """The checkpoints of one ledger file; `settled` is called by its writer after each commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pages = 0
        self._copied = False
        self._ending = False
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def settled(self, requests: int, driver: Any) -> None:
        """So many requests more are committed, by this connection of the driver."""
        self._pages += requests * _OF_A_REQUEST + _OF_A_COMMIT
        if self._copied:
            self._copied = False
            self._pages = 0
            _move(driver)
        elif self._pages >= _AFTER and not self._wanted.is_set():
            self._wanted.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ending = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _ends(self) -> bool:
        return self._ending

    def _run(self) -> None:
        # Asked again after each clearing: the wish to end may have come just before it.
        while not self._ends():
            self._wanted.wait()
            if self._ends():
                return
            try:
                self._copy()
            except SQLAlchemyError as error:
                # So many pages later it is tried again; until then SQLite does it in a commit, if it must.
                _log.warning(_NOT_MOVED, exc_info=error)
                self._pages = 0
            else:
                self._copied = True
            self._wanted.clear()

    def _copy(self) -> None:
        """Copy what is in the log, and then the few pages that came meanwhile; raises SQLAlchemyError."""
        with closing(self._engine.raw_connection()) as connection:
            moved = 0
            for _ in range(_PASSES):
                before, moved = moved, _move(connection.driver_connection)
                if moved - before < _FEW_PAGES or self._ends():
                    break


def log_of(engine: Engine) -> str | None:
    """The path of a SQLite file's log, None if it has none, or none that another process can open."""
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    file = Path(engine.url.database or "")
    return f"{file.resolve()}-wal" if mode == "wal" and file.is_file() else None


def _move(driver: Any) -> int:
    """Move what can be moved; gives how many pages of the log have been moved since it began."""
    try:
        return int(driver.execute(_MOVE).fetchone()[2])
    except sqlite3.Error as error:
        _log.warning(_NOT_MOVED, exc_info=error)
        return 0
