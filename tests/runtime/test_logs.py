from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from reference.runtime.clock import LabClock
from reference.runtime.logs import configure_logging


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_lines_are_json_with_part_and_lab_time(capsys: pytest.CaptureFixture[str]) -> None:
    clock = LabClock.private(rate=0)
    configure_logging("till", "info", clock.part("till"))
    structlog.get_logger("sale").info("sold", amount=5)
    logging.getLogger("other").warning("from the %s library", "standard")
    structlog.get_logger("sale").debug("too fine")
    first, second = lines(capsys)
    assert first == {
        "event": "sold",
        "amount": 5,
        "level": "info",
        "logger": "sale",
        "part": "till",
        "lab_time": clock.now().isoformat(timespec="milliseconds"),
    }
    assert (second["event"], second["level"], second["part"]) == (
        "from the standard library",
        "warning",
        "till",
    )


def test_a_logger_follows_the_newest_configuration_and_outlives_the_clock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = structlog.get_logger("sale")
    clock = LabClock.private(rate=0)
    configure_logging("till", "info", clock.part("till"))
    logger.info("first")
    clock.close()
    logger.info("after the clock")
    later = LabClock.private(rate=0)
    configure_logging("drive", "info", later.part("drive"))
    logger.info("second")
    first, after, second = lines(capsys)
    assert (first["part"], after["lab_time"], second["part"]) == ("till", None, "drive")
    assert second["lab_time"] == later.now().isoformat(timespec="milliseconds")


def test_secrets_are_masked_by_name_and_by_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("till", "info", secrets=["open-sesame", None, ""])
    log = structlog.get_logger("door")
    log.info("said open-sesame", control_token="abc", nested={"password": "p", "note": ["open-sesame!"]})
    log.error("failed", exc_info=RuntimeError("bad open-sesame"))
    text = capsys.readouterr().err
    assert "open-sesame" not in text
    first, second = (json.loads(line) for line in text.splitlines())
    assert first["event"] == "said ***"
    assert first["control_token"] == "***"
    assert first["nested"] == {"password": "***", "note": ["***!"]}
    assert "RuntimeError: bad ***" in str(second["exception"])
