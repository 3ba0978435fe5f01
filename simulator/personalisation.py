"""How a module comes into being: ids, secret and first state (uz-fiscal §2.3, ID-01, UZ-DEV-04)."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from random import Random
from typing import Final

from reference.protocol.uz.values import decode_time, encode_time, format_compact_time
from simulator.changes import Born
from simulator.settings import ModuleSettings
from simulator.state import Identity, State

SECRET_SIZE: Final = 32
FACTORY_ID_DIGITS: Final = 36
_IN_A_SECOND: Final = 100


def new_factory_id(created: datetime, taken: Container[str] = ()) -> str:
    """36 characters that no module of the rack has: `00`, date, time, two digits of a counter, zeros.

    The counter ends at 99; what is made beyond that in the same second bears the next second.
    """
    count = 0
    while True:
        second = created + timedelta(seconds=count // _IN_A_SECOND)
        text = f"00{format_compact_time(second)}{count % _IN_A_SECOND:02}".ljust(FACTORY_ID_DIGITS, "0")
        if text not in taken:
            return text
        count += 1


def personalise(
    settings: ModuleSettings, created: datetime, chance: Random, taken: Container[str] = ()
) -> Born:
    """The birth record of a new module at `created`, Tashkent local time.

    The secret behind its challenges is rolled here, once; `taken` are factory ids already given.
    """
    factory_id = settings.factory_id or new_factory_id(created, taken)
    return Born(
        created=encode_time(created),
        secret=chance.randbytes(SECRET_SIZE),
        factory_id=bytes.fromhex(factory_id),
        settings=settings.model_dump_json(exclude_defaults=True).encode("utf-8"),
    )


def first_state(born: Born) -> State:
    """The state of the module just born, the same one each time it is asked for."""
    settings = ModuleSettings.model_validate_json(born.settings)
    identity = Identity(settings.terminal, born.factory_id.hex(), born.secret)
    return State(identity, settings, decode_time(born.created))
