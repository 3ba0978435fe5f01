"""What may be done with a register in which state, and where it leads (kz-ofd §15.5, §15.6).

One row a transition, `PT-1` … `PT-18`, and the token of §15.7. Every other pair of state and act is refused
and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from reference.protocol.kz.device_states import STATES, DeviceState
from reference.protocol.kz.results import Texts


class Act(Enum):
    """Everything that moves a register: what its owner does, the tax body says, or happens by itself."""

    SAVE = "save"
    CHECK = "check"
    SIGN_REGISTRATION = "sign-registration"
    REGISTERED = "registered"
    REGISTRATION_REFUSED = "registration-refused"
    CHOOSE_TARIFF = "choose-tariff"
    DOCUMENT = "document"
    SUSPEND = "suspend"
    MONTH_BEGINS = "month-begins"
    DROP_TARIFF = "drop-tariff"
    REREGISTER = "reregister"
    SIGN_DEREGISTRATION = "sign-deregistration"
    DEREGISTERED = "deregistered"
    DEREGISTRATION_REFUSED = "deregistration-refused"
    BLOCK_FOR_MONEY = "block-for-money"
    BLOCK_BY_OPERATOR = "block-by-operator"
    MONEY_BACK = "money-back"
    OPERATOR_LIFTS = "operator-lifts"
    RESUME_REGISTRATION = "resume-registration"
    DELETE = "delete"
    REREGISTERED = "reregistered"
    REREGISTRATION_REFUSED = "reregistration-refused"
    TOKEN = "token"  # noqa: S105 - a word of the portal


class Where(Enum):
    """Targets that are no fixed state."""

    SAME = "same"
    BEFORE = "before"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Move:
    """One row: from these states by this act to that state, or to where `Where` says.

    `signed` acts need a signature over their application; `message` is what the owner reads afterwards.
    """

    clause: str
    act: Act
    sources: frozenset[DeviceState]
    target: DeviceState | Where
    signed: bool = False
    message: Texts | None = None


class MoveRefusedError(Exception):
    """A pair of state and act that the table does not know; `text` is for people (KZ-KKM-02)."""

    def __init__(self, state: DeviceState | None, act: Act) -> None:
        self.state = state
        self.act = act
        label = STATES[state].label if state is not None else Texts("нет", "жоқ", "none")
        self.text = Texts(
            f"В состоянии «{label.ru}» это действие недоступно",
            f"«{label.kk}» күйінде бұл әрекет мүмкін емес",
            f"This cannot be done in the state “{label.en}”",
        )
        super().__init__(f"{act.value} in {state.value if state else 'no state'}")


_S: Final = DeviceState
_NONE: Final[frozenset[DeviceState]] = frozenset()
_WORKING: Final = frozenset({_S.READY, _S.ACTIVE, _S.SUSPENDED})
_DAYS: Final = (
    "Обработка запроса может занять от 15 минут до 3-х дней. Следите за обновлением статуса кассы.",
    "Сұрауды өңдеу 15 минуттан 3 күнге дейін созылуы мүмкін. Касса мәртебесінің жаңаруын қадағалаңыз.",
    "This can take from 15 minutes to 3 days. Watch the state of the register.",
)
_MOVED: Final = Texts("Касса успешно перерегистрирована", "Касса қайта тіркелді", "The register has moved")


def _sent(ru: str, kk: str, en: str) -> Texts:
    return Texts(f"{ru} {_DAYS[0]}", f"{kk} {_DAYS[1]}", f"{en} {_DAYS[2]}")


MOVES: Final = (
    Move("PT-1", Act.SAVE, _NONE, _S.DRAFT),
    Move("PT-1", Act.SAVE, frozenset({_S.DRAFT}), _S.DRAFT),
    Move(
        "PT-2",
        Act.CHECK,
        frozenset({_S.DRAFT}),
        _S.DRAFT,
        message=Texts(
            "Все данные ККМ сохранены. В любой момент вы можете вернуться к регистрации, "
            "открыв сохраненную ККМ.",
            "ББМ-нің барлық деректері сақталды. Сақталған ББМ-ді ашып, тіркеуге кез келген уақытта "
            "орала аласыз.",
            "Everything about the register is saved. Open it whenever you want to go on.",
        ),
    ),
    Move(
        "PT-3",
        Act.SIGN_REGISTRATION,
        frozenset({_S.DRAFT}),
        _S.WAIT_REG,
        signed=True,
        message=_sent(
            "Запрос на регистрацию кассы отправлен.",
            "Кассаны тіркеу сұрауы жіберілді.",
            "The application for registration was sent.",
        ),
    ),
    Move("PT-4", Act.REGISTERED, frozenset({_S.WAIT_REG}), _S.REG_NO_TARIFF),
    Move("PT-5", Act.REGISTRATION_REFUSED, frozenset({_S.WAIT_REG}), _S.REG_REFUSED),
    Move(
        "PT-6",
        Act.CHOOSE_TARIFF,
        frozenset({_S.REG_NO_TARIFF}),
        _S.READY,
        signed=True,
        message=Texts("Тариф успешно выбран", "Тариф таңдалды", "The tariff is chosen"),
    ),
    Move("PT-7", Act.DOCUMENT, frozenset({_S.READY}), _S.ACTIVE),
    Move("PT-7", Act.DOCUMENT, frozenset({_S.ACTIVE, _S.WAIT_REREG}), Where.SAME),
    Move("PT-8", Act.SUSPEND, frozenset({_S.READY, _S.ACTIVE}), Where.SAME, signed=True),
    Move("PT-8", Act.MONTH_BEGINS, frozenset({_S.READY, _S.ACTIVE}), _S.SUSPENDED),
    Move("PT-9", Act.DOCUMENT, frozenset({_S.SUSPENDED}), _S.ACTIVE),
    Move("PT-10", Act.DROP_TARIFF, _WORKING, _S.REG_NO_TARIFF, signed=True),
    Move("PT-11", Act.REREGISTER, _WORKING, Where.SAME, signed=True, message=_MOVED),
    Move(
        "PT-12",
        Act.SIGN_DEREGISTRATION,
        frozenset({_S.REG_NO_TARIFF}),
        _S.WAIT_DEREG,
        signed=True,
        message=_sent(
            "Запрос на снятие кассы с учета отправлен.",
            "Кассаны есептен шығару сұрауы жіберілді.",
            "The application for deregistration was sent.",
        ),
    ),
    Move("PT-13", Act.DEREGISTERED, frozenset({_S.WAIT_DEREG}), _S.DEREGISTERED),
    Move("PT-13", Act.DEREGISTRATION_REFUSED, frozenset({_S.WAIT_DEREG}), _S.REG_NO_TARIFF),
    Move("PT-14", Act.BLOCK_FOR_MONEY, _WORKING, _S.BLOCKED_MONEY),
    Move("PT-14", Act.BLOCK_BY_OPERATOR, _WORKING, _S.BLOCKED_OFD),
    Move("PT-15", Act.MONEY_BACK, frozenset({_S.BLOCKED_MONEY}), Where.BEFORE),
    Move("PT-15", Act.OPERATOR_LIFTS, frozenset({_S.BLOCKED_OFD}), Where.BEFORE),
    Move("PT-16", Act.RESUME_REGISTRATION, frozenset({_S.REG_REFUSED}), _S.DRAFT),
    Move("PT-17", Act.DELETE, frozenset({_S.DRAFT}), Where.GONE),
    Move("PT-18", Act.REREGISTERED, frozenset({_S.WAIT_REREG}), Where.BEFORE, message=_MOVED),
    Move("PT-18", Act.REREGISTRATION_REFUSED, frozenset({_S.WAIT_REREG}), Where.BEFORE),
    Move("S-15.7", Act.TOKEN, _WORKING, Where.SAME),
)

_BY_PAIR: Final[Mapping[tuple[DeviceState | None, Act], Move]] = {
    (state, move.act): move for move in MOVES for state in (move.sources or (None,))
}


def move_of(state: DeviceState | None, act: Act) -> Move:
    """The row of this pair, None standing for a register that is not there yet; else MoveRefusedError."""
    move = _BY_PAIR.get((state, act))
    if move is None:
        raise MoveRefusedError(state, act)
    return move


def after(state: DeviceState | None, act: Act, before: DeviceState | None = None) -> DeviceState | None:
    """The state behind the act, None when the register is gone.

    `before` is the state that a block or a waiting re-registration stands in for; ValueError without it
    where the row leads back to it.
    """
    target = move_of(state, act).target
    if isinstance(target, DeviceState):
        return target
    if target is Where.GONE:
        return None
    if target is Where.SAME:
        return state
    if before is None:
        raise ValueError(f"{act.value} leads back to a state that nobody remembers")
    return before


def acts_offered(state: DeviceState) -> tuple[Act, ...]:
    """What the owner is offered in this state (kz-ofd §15.5), in the order of its menu."""
    return _OFFERED.get(state, ())


_WORK_MENU: Final = (Act.SUSPEND, Act.DROP_TARIFF, Act.TOKEN, Act.REREGISTER)
_OFFERED: Final[Mapping[DeviceState, tuple[Act, ...]]] = {
    _S.DRAFT: (Act.CHECK, Act.DELETE),
    _S.REG_REFUSED: (Act.RESUME_REGISTRATION,),
    _S.REG_NO_TARIFF: (Act.CHOOSE_TARIFF, Act.SIGN_DEREGISTRATION),
    _S.READY: _WORK_MENU,
    _S.ACTIVE: _WORK_MENU,
    _S.SUSPENDED: tuple(act for act in _WORK_MENU if act is not Act.SUSPEND),
}

DEREGISTRATION_REASONS: Final[Mapping[int, str]] = {
    1: "Прекращение осуществления деятельности, связанной с денежными расчетами, осуществляемыми при "
    "торговых операциях, выполнении работ, оказании услуг посредством наличных денег и (или) "
    "платежных карточек",
    2: "Изменение места использования контрольно-кассовой машины или места нахождения налогоплательщика, "
    "использующего контрольно-кассовую машину в торговом автомате",
    3: "Невозможность дальнейшего применения в связи с технической неисправностью контрольно-кассовой машины",
    4: "Исключение контрольно-кассовой машины из государственного реестра",
    5: "Замена технически исправной модели контрольно-кассовой машины на новую модель "
    "контрольно-кассовой машины",
    6: "Кража, утеря контрольно-кассовой машины",
    7: "Иные случаи, не противоречащие налоговому законодательству Республики Казахстан",
}
"""The reasons DR-1 … DR-7 (kz-ofd §15.9); how the first one ends is ours, the source is cut there."""
THEFT: Final = 6
"""The reason that needs no closed shift where `theft_skips_guards` is on."""
