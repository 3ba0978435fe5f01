"""Whether a message is taken at all: its form first, then who sends it (OF-10 … OF-18). No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ofd_mock.uz.registry import Standing
from ofd_mock.uz.settings import OperatorSettings
from reference.protocol.uz.message import File, FileType, Request, StatusCode, StatusInfo

QUERIES: Final = frozenset({FileType.VerifyFiscalSignQuery, FileType.SyncStateQuery})


def read_request(frame: bytes, settings: OperatorSettings) -> Request:
    """The request in a whole frame; MessageError with status 66, 64, 67, 65 or 68, in this order (OF-18)."""
    return Request.decode(frame, max_size=settings.max_message, max_files=settings.max_files)


def admit(standing: Standing, only_queries: bool, settings: OperatorSettings) -> StatusInfo:
    """NotFound, NotActive, or OK with or without a notice (OF-16, OF-17).

    Queries of a blocked module are served, because a block has to be liftable by sync;
    `blocked_serves_sync` off makes the block complete (UNK-18).
    """
    if standing.unknown or not settings.serves(standing.terminal):
        return StatusInfo(StatusCode.NotFound)
    if standing.block is not None and not (settings.blocked_serves_sync and only_queries):
        return StatusInfo(StatusCode.NotActive, standing.block.reason, standing.block.notice)
    if standing.notice:
        return StatusInfo(StatusCode.OKNotice, notice=standing.notice)
    return StatusInfo(StatusCode.OK)


def asks_only(files: Iterable[File]) -> bool:
    """Whether a message asks and brings nothing: c8 and c9 alone."""
    return all(file.type in QUERIES for file in files)


def pos_unlock_due(standing: Standing, used: int) -> bool:
    """Whether a POS-unlock order is in force that no sync of this module has carried yet (uz-fiscal
    §11.10).
    """
    return standing.pos_unlock > used
