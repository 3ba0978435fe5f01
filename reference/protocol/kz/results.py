"""Result codes: names, versions, texts and what a register does on each (kz-ofd §5.2, RC-{code})."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, NamedTuple


class Texts(NamedTuple):
    """One sentence in the three languages of the lab: Russian (the wire's), Kazakh, English."""

    ru: str
    kk: str
    en: str


class ResultCode(IntEnum):
    """RESULT_TYPE_… without the prefix. 18 has two names: its meaning depends on the version."""

    OK = 0
    UNKNOWN_ID = 1
    INVALID_TOKEN = 2
    PROTOCOL_ERROR = 3
    UNKNOWN_COMMAND = 4
    UNSUPPORTED_COMMAND = 5
    INVALID_CONFIGURATION = 6
    SSL_IS_NOT_ALLOWED = 7
    INVALID_REQUEST_NUMBER = 8
    INVALID_RETRY_REQUEST = 9
    CANT_CANCEL_TICKET = 10
    OPEN_SHIFT_TIMEOUT_EXPIRED = 11
    INVALID_LOGIN_PASSWORD = 12
    INCORRECT_REQUEST_DATA = 13
    NOT_ENOUGH_CASH = 14
    BLOCKED = 15
    SHIFT_ALREADY_OPENED = 16
    SAME_TAXPAYER_AND_CUSTOMER = 17
    ELEMENT_NOT_FOUND_BY_BARCODE = 18
    DEREGISTERED = 18
    DISCONNECTED = 19
    SERVICE_TEMPORARILY_UNAVAILABLE = 254
    UNKNOWN_ERROR = 255


class Reaction(Enum):
    """What the register does (kz-ofd §5.2, last columns); the modes of §6.2 are in `client`."""

    DONE = "done, or the next in the queue"
    HALT = "HALTED"
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105  a mode's name
    BLOCK_QUEUE = "QUEUE_BLOCKED"
    GO_OFFLINE = "OFFLINE without repeating"
    NEXT_NUMBER = "refuse, next REQNUM, try once more; again: HALTED"
    SHOW = "show the message"
    CLOSE_SHIFT = "close the shift, then send as a new document"
    DROP = "show the message, drop the document"
    SERVER_BLOCK = "SERVER_BLOCKED"
    REPEAT = "drop the connection and repeat the same pair"
    NONE = "cannot happen"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of kz-ofd §5.2: valid from version `first` to `last`, with the reactions to a document just
    asked for and to one out of the queue. `texts.ru` travels as result_text.
    """

    code: ResultCode
    name: str
    new: Reaction
    queued: Reaction
    texts: Texts
    first: int = 124
    last: int = 204

    @property
    def clause(self) -> str:
        """The row's id in kz-ofd §5.2."""
        return f"RC-{self.code.value}"

    @property
    def wire_name(self) -> str:
        """The enum value's name, as in `RESULT_TYPE_OK`."""
        return f"RESULT_TYPE_{self.name}"


_SERVICE_TEXTS: Final = Texts(
    "Ошибка протокола, обратитесь в сервисную службу",
    "Хаттама қатесі, қызмет көрсету орталығына хабарласыңыз",
    "Protocol error, call the service",
)
_R = Reaction


def _row(
    code: ResultCode,
    new: Reaction,
    queued: Reaction,
    texts: tuple[str, str, str] | Texts,
    *,
    name: str = "",
    first: int = 124,
    last: int = 204,
) -> ResultRow:
    return ResultRow(code, name or code.name, new, queued, Texts(*texts), first, last)


RESULTS: Final[tuple[ResultRow, ...]] = (
    _row(ResultCode.OK, _R.DONE, _R.DONE, ("Выполнено", "Орындалды", "Done")),
    _row(
        ResultCode.UNKNOWN_ID,
        _R.HALT,
        _R.HALT,
        (
            "Аппарат не зарегистрирован в системе",
            "Аппарат жүйеде тіркелмеген",
            "The register is not registered",
        ),
    ),
    _row(
        ResultCode.INVALID_TOKEN,
        _R.TOKEN_INVALID,
        _R.TOKEN_INVALID,
        (
            "Отправка данных невозможна, необходимо произвести сброс токена",
            "Деректерді жіберу мүмкін емес, токенді қайта орнату қажет",
            "Data cannot be sent: a new token is needed",
        ),
    ),
    _row(ResultCode.PROTOCOL_ERROR, _R.HALT, _R.BLOCK_QUEUE, _SERVICE_TEXTS),
    _row(ResultCode.UNKNOWN_COMMAND, _R.HALT, _R.BLOCK_QUEUE, _SERVICE_TEXTS),
    _row(
        ResultCode.UNSUPPORTED_COMMAND,
        _R.HALT,
        _R.BLOCK_QUEUE,
        (
            "Данная команда не поддерживается сервером, обратитесь в сервисную службу",
            "Бұл пәрменге сервер қолдау көрсетпейді, қызмет көрсету орталығына хабарласыңыз",
            "The server does not support this command, call the service",
        ),
    ),
    _row(
        ResultCode.INVALID_CONFIGURATION,
        _R.HALT,
        _R.BLOCK_QUEUE,
        ("Неверные настройки устройства", "Құрылғының баптаулары дұрыс емес", "The device is set up wrongly"),
    ),
    _row(
        ResultCode.SSL_IS_NOT_ALLOWED,
        _R.GO_OFFLINE,
        _R.GO_OFFLINE,
        (
            "Использование защищенного соединения запрещено",
            "Қорғалған қосылымды пайдалануға тыйым салынған",
            "A protected connection is not allowed",
        ),
    ),
    _row(
        ResultCode.INVALID_REQUEST_NUMBER,
        _R.NEXT_NUMBER,
        _R.BLOCK_QUEUE,
        (
            "Порядковый номер запроса REQNUM тот же, что и в предыдущем запросе, но токен другой",
            "REQNUM сұраныс нөмірі алдыңғы сұраныстағымен бірдей, бірақ токен басқа",
            "REQNUM is that of the previous request, but the token differs",
        ),
    ),
    _row(
        ResultCode.INVALID_RETRY_REQUEST,
        _R.NEXT_NUMBER,
        _R.BLOCK_QUEUE,
        (
            "REQNUM и TOKEN имеют те же значения, что и в предыдущем запросе, но код команды отличается",
            "REQNUM мен TOKEN мәндері алдыңғы сұраныстағымен бірдей, бірақ пәрмен коды өзгеше",
            "REQNUM and TOKEN are those of the previous request, but the command differs",
        ),
    ),
    _row(
        ResultCode.CANT_CANCEL_TICKET,
        _R.SHOW,
        _R.NONE,
        (
            "Можно отменить только последний чек",
            "Тек соңғы чекті ғана жоюға болады",
            "Only the last ticket can be cancelled",
        ),
        last=203,
    ),
    _row(
        ResultCode.OPEN_SHIFT_TIMEOUT_EXPIRED,
        _R.CLOSE_SHIFT,
        _R.NONE,
        (
            "Истек период, в течение которого смена может быть открыта",
            "Ауысым ашық тұра алатын мерзім өтіп кетті",
            "The shift has been open for longer than allowed",
        ),
    ),
    _row(
        ResultCode.INVALID_LOGIN_PASSWORD,
        _R.SHOW,
        _R.NONE,
        ("Неправильный логин или пароль", "Логин немесе құпиясөз дұрыс емес", "Wrong login or password"),
    ),
    _row(
        ResultCode.INCORRECT_REQUEST_DATA,
        _R.DROP,
        _R.BLOCK_QUEUE,
        (
            "Данные корректны с точки зрения протокола, но неверны в конкретном контексте",
            "Деректер хаттама тұрғысынан дұрыс, бірақ нақты мәнмәтінде қате",
            "The data are well-formed but wrong in this context",
        ),
    ),
    _row(
        ResultCode.NOT_ENOUGH_CASH,
        _R.DROP,
        _R.BLOCK_QUEUE,
        (
            "Недостаточно наличных в кассе",
            "Кассада қолма-қол ақша жеткіліксіз",
            "Not enough cash in the drawer",
        ),
    ),
    _row(
        ResultCode.BLOCKED,
        _R.SERVER_BLOCK,
        _R.SERVER_BLOCK,
        ("Касса заблокирована", "Касса бұғатталған", "The register is blocked"),
    ),
    _row(
        ResultCode.SHIFT_ALREADY_OPENED,
        _R.SHOW,
        _R.BLOCK_QUEUE,
        ("Смена уже открыта", "Ауысым бұрыннан ашық", "The shift is open already"),
        first=125,
        last=203,
    ),
    _row(
        ResultCode.SAME_TAXPAYER_AND_CUSTOMER,
        _R.DROP,
        _R.BLOCK_QUEUE,
        (
            "Совпадает значение ИИН/БИН покупателя и продавца",
            "Сатып алушы мен сатушының ЖСН/БСН мәндері бірдей",
            "Customer and seller have the same IIN/BIN",
        ),
        first=202,
    ),
    _row(
        ResultCode.ELEMENT_NOT_FOUND_BY_BARCODE,
        _R.SHOW,
        _R.NONE,
        ("Товар в НКТ отсутствует", "Тауар ҰТК-де жоқ", "The goods are not in the national catalogue"),
        first=203,
        last=203,
    ),
    _row(
        ResultCode.DEREGISTERED,
        _R.SERVER_BLOCK,
        _R.SERVER_BLOCK,
        ("Касса снята с учета", "Касса есептен шығарылған", "The register is deregistered"),
        name="DEREGISTERED",
        first=204,
    ),
    _row(
        ResultCode.DISCONNECTED,
        _R.SERVER_BLOCK,
        _R.SERVER_BLOCK,
        ("Касса отключена", "Касса ажыратылған", "The register is disconnected"),
        first=204,
    ),
    _row(
        ResultCode.SERVICE_TEMPORARILY_UNAVAILABLE,
        _R.REPEAT,
        _R.REPEAT,
        (
            "Сервис временно недоступен",
            "Қызмет уақытша қолжетімсіз",
            "The service is temporarily unavailable",
        ),
    ),
    _row(
        ResultCode.UNKNOWN_ERROR,
        _R.REPEAT,
        _R.REPEAT,
        ("Неизвестная ошибка", "Белгісіз қате", "Unknown error"),
    ),
)
"""kz-ofd §5.2, in its order; 18 stands twice."""

_BY_VERSION: Final = {
    version: {row.code.value: row for row in RESULTS if row.first <= version <= row.last}
    for version in (124, 125, 200, 201, 202, 203, 204)
}
_ANY_VERSION: Final = {row.code.value: row for row in reversed(RESULTS)}


def result_row(code: int, version: int = 203) -> ResultRow:
    """Return the row of a code as this version means it; what the version lacks is read as its nearest.

    A code nobody knows is UNKNOWN_ERROR: a register must react to anything.
    """
    row = _BY_VERSION.get(version, _BY_VERSION[203]).get(code)
    return row or _ANY_VERSION.get(code) or _ANY_VERSION[ResultCode.UNKNOWN_ERROR.value]


def result_text(code: int, version: int = 203) -> str:
    """The Russian text that goes with a code as result_text (kz-ofd §5.2)."""
    return result_row(code, version).texts.ru
