"""States of a register at the operator and what its wire answers in each (kz-ofd §15.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from reference.protocol.kz.results import ResultCode, Texts


class DeviceState(Enum):
    """State keys of kz-ofd §15.5."""

    DRAFT = "DRAFT"
    WAIT_REG = "WAIT_REG"
    REG_REFUSED = "REG_REFUSED"
    REG_NO_TARIFF = "REG_NO_TARIFF"
    READY = "READY"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    BLOCKED_MONEY = "BLOCKED_MONEY"
    BLOCKED_OFD = "BLOCKED_OFD"
    WAIT_REREG = "WAIT_REREG"
    WAIT_DEREG = "WAIT_DEREG"
    DEREGISTERED = "DEREGISTERED"


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row of kz-ofd §15.5: the label people see, and the refusal on the wire (None = served).

    `refusal_204` is the code a device gets that speaks 2.0.4. `activates` marks the states that the first
    accepted document turns into ACTIVE.
    """

    state: DeviceState
    label: Texts
    refusal: ResultCode | None = None
    refusal_204: ResultCode | None = None
    activates: bool = False

    def answer(self, version: int) -> ResultCode | None:
        """The code a device of this version is refused with, None if it is served."""
        return self.refusal_204 if version >= 204 else self.refusal


_UNKNOWN: Final = (ResultCode.UNKNOWN_ID, ResultCode.UNKNOWN_ID)
_NO_TARIFF: Final = (ResultCode.BLOCKED, ResultCode.DISCONNECTED)
_BLOCKED: Final = (ResultCode.BLOCKED, ResultCode.BLOCKED)

STATES: Final = {
    row.state: row
    for row in (
        StateRow(
            DeviceState.DRAFT,
            Texts("Продолжить регистрацию", "Тіркеуді жалғастыру", "Continue registration"),
            *_UNKNOWN,
        ),
        StateRow(
            DeviceState.WAIT_REG,
            Texts("Ожидает регистрацию", "Тіркеуді күтуде", "Awaits registration"),
            *_UNKNOWN,
        ),
        StateRow(
            DeviceState.REG_REFUSED,
            Texts("В регистрации отказано", "Тіркеуден бас тартылды", "Registration refused"),
            *_UNKNOWN,
        ),
        StateRow(
            DeviceState.REG_NO_TARIFF,
            Texts("Зарегистрирована в КГД", "МКК-де тіркелген", "Registered with the tax body"),
            *_NO_TARIFF,
        ),
        StateRow(DeviceState.READY, Texts("Зарегистрирована", "Тіркелген", "Registered"), activates=True),
        StateRow(DeviceState.ACTIVE, Texts("Активная", "Белсенді", "Active")),
        StateRow(
            DeviceState.SUSPENDED,
            Texts("Временно выключена", "Уақытша өшірілген", "Temporarily off"),
            activates=True,
        ),
        StateRow(
            DeviceState.BLOCKED_MONEY,
            Texts("Заблокирована", "Бұғатталған", "Blocked for lack of money"),
            *_BLOCKED,
        ),
        StateRow(
            DeviceState.BLOCKED_OFD,
            Texts("Заблокирована", "Бұғатталған", "Blocked by the operator"),
            *_BLOCKED,
        ),
        StateRow(
            DeviceState.WAIT_REREG,
            Texts("Ожидает перерегистрацию", "Қайта тіркеуді күтуде", "Awaits re-registration"),
        ),
        StateRow(
            DeviceState.WAIT_DEREG,
            Texts("Ожидает снятия с учёта", "Есептен шығаруды күтуде", "Awaits deregistration"),
            *_NO_TARIFF,
        ),
        StateRow(
            DeviceState.DEREGISTERED,
            Texts("Снята с учёта", "Есептен шығарылған", "Deregistered"),
            ResultCode.BLOCKED,
            ResultCode.DEREGISTERED,
        ),
    )
}
"""kz-ofd §15.5 by state; `no_tariff_code` of §19.2 is the pair in REG_NO_TARIFF."""
