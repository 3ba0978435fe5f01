"""Structured logs on stderr: JSON lines for machines, colours for a terminal, secrets masked in both."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

import structlog

from reference.runtime.clock import PartClock

MASK = "***"
_SECRET_NAME = re.compile(r"token|secret|password|passphrase|private|authorization|cookie", re.IGNORECASE)

_Event = MutableMapping[str, Any]
_Processor = Callable[[Any, str, _Event], Any]


def configure_logging(
    part: str, level: str, clock: PartClock | None = None, secrets: Iterable[str | None] = ()
) -> None:
    """Send the logs of structlog and the standard library to stderr, with the part's name and lab time.

    Values under secret-sounding names are masked, and so is every text of `secrets` wherever it turns up.
    """
    shared: list[_Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _stamp(part, clock),
        structlog.processors.format_exc_info,
        mask_secrets([secret for secret in secrets if secret]),
    ]
    renderer: _Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Not cached: a logger that was used before would go on writing by an older configuration.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("waitress").setLevel(logging.ERROR)
    # How a ledger is made, and every single request, is told to those who ask for every detail.
    for chatty in ("alembic", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


def mask_secrets(texts: list[str]) -> _Processor:
    """A processor that hides values under secret-sounding names, and `texts` inside any string."""

    def mask(_logger: Any, _method: str, event: _Event) -> _Event:
        for name, value in event.items():
            event[name] = MASK if _SECRET_NAME.search(name) and value is not None else _clean(value, texts)
        return event

    return mask


def _clean(value: Any, texts: list[str]) -> Any:
    if isinstance(value, str):
        for text in texts:
            value = value.replace(text, MASK)
        return value
    if isinstance(value, dict):
        return {k: MASK if _SECRET_NAME.search(str(k)) else _clean(v, texts) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner, texts) for inner in value]
    return value


def _stamp(part: str, clock: PartClock | None) -> _Processor:
    def stamp(_logger: Any, _method: str, event: _Event) -> _Event:
        event["part"] = part
        if clock is not None:
            try:
                event["lab_time"] = clock.now().isoformat(timespec="milliseconds")
            except ValueError:
                # The process ends and its clock is closed: a log line never breaks the work it tells of.
                event["lab_time"] = None
        return event

    return stamp
