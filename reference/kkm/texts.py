"""What the register says to people, in Russian; results of the operator bring their own texts."""

from __future__ import annotations

from typing import Final

from reference.kkm.values import DocumentKind, Local
from reference.protocol.kz.client import Mode

MODE_TEXTS: Final = {
    Mode.START: "Касса ещё не получила ответ ОФД после включения.",
    Mode.QUEUE_BLOCKED: "ОФД отказал документу из очереди, его нужно снять.",
    Mode.SERVER_BLOCKED: "Касса заблокирована.",
    Mode.TOKEN_INVALID: "Токен неверен, введите новый.",
    Mode.HALTED: "Касса остановлена, нужна сервисная служба.",
    Mode.OFFLINE: "Нет связи с ОФД.",
    Mode.OFFLINE_EXPIRED: "Касса более 72 часов без связи с ОФД.",
}
KEPT_TEXT: Final = "Токен сохранён, ОФД ещё не ответил."
LOCAL_TEXTS: Final = {
    Local.NONE: "",
    Local.MODE: "В этом состоянии касса этого не делает.",
    Local.OFFLINE_LIMIT: MODE_TEXTS[Mode.OFFLINE_EXPIRED],
    Local.SHIFT_LIMIT: "Смена открыта более 24 часов, закройте смену.",
    Local.VALIDATION: "Документ составлен неверно.",
    Local.CASH: "Недостаточно наличных в кассе.",
    Local.CLOCK: "Часы кассы отстают от последнего документа.",
    Local.VERSION: "В этой версии протокола такой команды нет.",
    Local.TOKEN: "Токен не введён.",
    Local.NOTHING: "Нечего делать.",
    Local.STOPPED: "Касса выключается.",
}


def queued_text(kind: DocumentKind) -> str:
    """What a person reads who is handed a paper without the operator's answer."""
    name = "Чек" if kind is DocumentKind.TICKET else "Документ"
    return f"{name} автономный, будет передан при восстановлении связи."
