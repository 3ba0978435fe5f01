"""`python -m reference.pos record` and `replay`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from reference.pos.errors import OrderError, TillError
from reference.pos.process import PORT, SHOP_FILE
from reference.pos.replay.counter_api import CounterApi
from reference.pos.replay.model import read_recorded
from reference.pos.replay.player import Player
from reference.pos.replay.recording import as_text, record_day
from reference.pos.shop.premises import Premises
from reference.runtime.clock import open_clock
from reference.runtime.database import open_engine

FOLDER = Path(".kassalab/pos")
MOST_SPEED = 1e5


def record(arguments: list[str]) -> int:
    """Write a shop's day into a file; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m reference.pos record", description="Write a day of the shop into a file (TEST)."
    )
    parser.add_argument("file", type=Path, help="file to write, JSON lines")
    parser.add_argument("--dir", type=Path, default=FOLDER, help="folder of the point of sale (%(default)s)")
    parser.add_argument("--database", help=f"SQLAlchemy URL or file of the shop ({SHOP_FILE} in --dir)")
    parser.add_argument("--day", default="", help="YYYY-MM-DD (default: the last with an order)")
    options = parser.parse_args(arguments)
    database = options.database or options.dir / SHOP_FILE
    if isinstance(database, Path) and not database.exists():
        sys.stderr.write(f"error: dir: {database} is no shop\n")
        return 1
    lab = open_clock(None)
    engine = open_engine(database)
    try:
        premises = Premises(engine, lab.part("pos"))
        premises.open()
        with premises.reading() as session:
            day = record_day(session, options.day)
        day.write(options.file)
    except (TillError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        engine.dispose()
        lab.close()
    _say({"day": day.head.day, "events": len(day.events), **as_text(day.sums)})
    return 0


def replay(arguments: list[str]) -> int:
    """Replay a file; gives the exit status: 0 when everything came to the same."""
    parser = argparse.ArgumentParser(
        prog="python -m reference.pos replay",
        description="Sell a recorded day again at a point of sale, in lab time (TEST).",
    )
    parser.add_argument("file", type=Path, help="recorded day, JSON lines")
    parser.add_argument("--pos", default=f"http://127.0.0.1:{PORT}", help="the point of sale (%(default)s)")
    parser.add_argument("--speed", default="max", help="lab seconds per second, or max (%(default)s)")
    parser.add_argument("--employee", default="Aziza Sinova", help="administrator who does it (%(default)s)")
    parser.add_argument("--pin", default="0000", help="his PIN (%(default)s)")
    parser.add_argument("--pins", type=Path, help="PINs of others by name, JSON: they open their own orders")
    parser.add_argument("--token-file", type=Path, help="token of the control API")
    options = parser.parse_args(arguments)
    api = None
    try:
        speed = _speed(options.speed)
        day = read_recorded(options.file)
        pins = {options.employee: options.pin, **_pins(options.pins)}
        token = "" if options.token_file is None else options.token_file.read_text(encoding="utf-8").strip()
        api = CounterApi(options.pos, pins, options.employee, token)
        played = Player(api, day, speed, _tell).play()
    except (TillError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        if api is not None:
            api.close()
    equal = played.equal(day.sums)
    _say({"day": day.head.day, "equal": equal, **as_text(played.sums)})
    if not equal:
        sys.stderr.write(f"error: sums: {json.dumps(as_text(day.sums))} were recorded\n")
    return 0 if equal else 1


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= MOST_SPEED:
        raise OrderError("speed", f"{text!r} is neither max nor a number above 0 and up to {MOST_SPEED:g}")
    return speed


def _pins(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OrderError("pins", f"{path}: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(pin, str) for pin in found.values()):
        raise OrderError("pins", f"{path} must be an object of PINs by name")
    return found


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _say(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
