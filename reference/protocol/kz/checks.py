"""The rows of kz-ofd §10.4: what is checked, since which version, how a breach is answered, in which words.

A row may have parts that are switched apart (`T04.name`); the id alone switches all of them. Rows 10.2 and
12.1 record what versions only tolerate, 8.1 and H72 are switches of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from reference.protocol.kz import document_checks as other
from reference.protocol.kz import ticket_checks as ticket
from reference.protocol.kz.examination import Problems
from reference.protocol.kz.results import ResultCode, Texts
from reference.protocol.kz.switches import Mode

_VERSIONS: Final = frozenset({124, 125, 200, 201, 202, 203, 204})


def _since(version: int) -> frozenset[int]:
    return frozenset(number for number in _VERSIONS if number >= version)


@dataclass(frozen=True, slots=True)
class Check:
    """One row or part of a row. `code` None: the switch `missing_field_code` decides.

    `duty` rows stand before content in the order of kz-ofd §5.1. `switch` names the setting that holds the
    row's mode, if it is not among `checks`.
    """

    id: str
    find: Callable[[Any], Problems]
    code: ResultCode | None
    texts: Texts
    default: Mode = Mode.ON
    versions: frozenset[int] = _VERSIONS
    part: str = ""
    duty: bool = False
    switch: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What the switch `checks` may call it, the narrowest first."""
        return (f"{self.id}.{self.part}", self.id) if self.part else (self.id,)

    @property
    def clause(self) -> str:
        """Where the rule stands."""
        return f"kz-ofd {'TI-' if self.id[0] in 'TMCR' else '§' if self.id[0].isdigit() else ''}{self.id}"


_WRONG: Final = ResultCode.INCORRECT_REQUEST_DATA
_SAME: Final = ResultCode.SAME_TAXPAYER_AND_CUSTOMER
_ABSENT: Final = Texts("нет обязательного поля", "міндетті өріс жоқ", "a mandatory field is missing")
_DATE: Final = Texts("неверная дата или время", "күні немесе уақыты дұрыс емес", "no valid date or time")
_MONEY: Final = Texts("сумма вне пределов", "сома шектен тыс", "a sum is out of range")
_SHIFT: Final = Texts("другой номер смены", "ауысым нөмірі басқа", "another shift number")
_OLD: Final = Texts("документ слишком старый", "құжат тым ескі", "the document is too old")
_NAMELESS: Final = Texts("не указан кассир", "кассир көрсетілмеген", "no cashier is named")


def _duty(
    id: str, find: Callable[[Any], Problems], default: Mode = Mode.ON, part: str = "", **more: Any
) -> Check:
    more = {"code": None, "texts": _ABSENT, **more}
    return Check(id, find, default=default, part=part, duty=True, **more)


def _content(
    id: str, find: Callable[[Any], Problems], texts: tuple[str, str, str] | Texts, default: Mode = Mode.ON
) -> Check:
    return Check(id, find, _WRONG, Texts(*texts), default)


_SHIFT_NUMBER: Final = Check(
    "8.1", other.shift_number, _WRONG, _SHIFT, Mode.WARN, switch="shift_number_check"
)
_AGE: Final = Check("H72-06", other.age, _WRONG, _OLD)
_CALENDAR: Final = Check("T08", other.calendar, _WRONG, _DATE)

TICKET_CHECKS: Final[tuple[Check, ...]] = (
    _duty("T01", ticket.t01),
    _duty(
        "T02",
        ticket.t02,
        texts=Texts(
            "нет позиций или их содержимого", "позициялар не мазмұны жоқ", "items or their parts are missing"
        ),
    ),
    _duty("T03", ticket.t03),
    _duty("T03", ticket.t03_unit, part="unit", versions=_since(201)),
    _duty("T04", ticket.t04_name, Mode.OFF, "name", versions=_since(201)),
    _duty("T04", ticket.t04_sum, part="sum"),
    _duty("T05", ticket.t05, Mode.OFF, versions=frozenset({124}) | _since(203)),
    _duty(
        "T06",
        ticket.t06,
        texts=Texts(
            "не указана полученная сумма наличных",
            "алынған қолма-қол ақша көрсетілмеген",
            "the cash taken is missing",
        ),
    ),
    _duty(
        "T07",
        ticket.t07,
        versions=_since(203),
        texts=Texts(
            "не указан исходный чек возврата",
            "қайтарудың бастапқы чегі көрсетілмеген",
            "the parent ticket of a return is missing",
        ),
    ),
    _duty("T23", ticket.t23, Mode.WARN, versions=_since(204)),
    _content("T08", ticket.t08, _DATE),
    _content(
        "T09",
        ticket.t09,
        (
            "время чека в будущем или раньше предыдущего документа",
            "чек уақыты болашақта немесе алдыңғы құжаттан бұрын",
            "the time is in the future or before the previous document",
        ),
        Mode.WARN,
    ),
    _content("T10", ticket.t10, _MONEY),
    _content("T11", ticket.t11, ("количество равно нулю", "саны нөлге тең", "the quantity is zero")),
    _content("T12", ticket.t12, ("итог чека равен нулю", "чек қорытындысы нөлге тең", "the total is zero")),
    _content(
        "T13",
        ticket.t13,
        (
            "итог не равен сумме позиций со скидками и наценками",
            "қорытынды жеңілдіктер мен үстемелер ескерілген позициялар сомасына тең емес",
            "the total is not the sum of the lines with their discounts and markups",
        ),
    ),
    _content(
        "T14",
        ticket.t14,
        (
            "сумма позиции не равна цене, умноженной на количество",
            "позиция сомасы баға мен санның көбейтіндісіне тең емес",
            "the line's sum is not price times quantity",
        ),
        Mode.WARN,
    ),
    _content(
        "T15",
        ticket.t15,
        ("скидка не меньше суммы", "жеңілдік сомадан кем емес", "the discount is not below the sum"),
    ),
    _content(
        "T16",
        ticket.t16,
        (
            "скидка и наценка одновременно",
            "жеңілдік пен үстеме бір уақытта",
            "discount and markup at the same time",
        ),
    ),
    _content(
        "T17",
        ticket.t17,
        ("вид оплаты повторяется", "төлем түрі қайталанады", "a payment type stands twice"),
    ),
    _content(
        "T18",
        ticket.t18,
        ("оплаты не равны итогу", "төлемдер қорытындыға тең емес", "the payments are not the total"),
    ),
    _content(
        "T19",
        ticket.t19,
        (
            "наличные не равны полученному за вычетом сдачи",
            "қолма-қол ақша қайтарым шегерілген алынған сомаға тең емес",
            "the cash is not what was taken less the change",
        ),
        Mode.WARN,
    ),
    _content(
        "T20",
        ticket.t20,
        (
            "налог указан дважды или и в позициях, и в чеке",
            "салық екі рет немесе позицияларда да, чекте де көрсетілген",
            "a tax stands twice, or on items and ticket alike",
        ),
    ),
    _content(
        "T21",
        ticket.t21,
        ("сумма налога неверна", "салық сомасы дұрыс емес", "the tax is computed wrongly"),
        Mode.WARN,
    ),
    Check(
        "T22",
        ticket.t22,
        _SAME,
        Texts(
            "ИИН/БИН покупателя и продавца совпадают",
            "сатып алушы мен сатушының ЖСН/БСН бірдей",
            "customer and seller have the same IIN/BIN",
        ),
        versions=_since(202),
    ),
    _content(
        "T24",
        ticket.t24,
        (
            "сторно без такой же позиции в чеке",
            "чекте дәл сондай позициясы жоқ сторно",
            "a storno without an equal commodity before it",
        ),
        Mode.WARN,
    ),
    Check(
        "10.2",
        ticket.payment_types,
        _WRONG,
        Texts("устаревший вид оплаты", "ескірген төлем түрі", "an outdated payment type"),
        Mode.WARN,
        _since(125),
    ),
    Check(
        "12.1",
        ticket.hybrids,
        _WRONG,
        Texts("поле другой версии", "басқа нұсқаның өрісі", "a field of another version"),
        Mode.WARN,
    ),
    _SHIFT_NUMBER,
    _AGE,
)

MONEY_CHECKS: Final[tuple[Check, ...]] = (
    _duty("M01", other.m01, code=_WRONG),
    _duty("M01", other.operator, Mode.OFF, "operator", code=_WRONG, texts=_NAMELESS, versions=_since(202)),
    _CALENDAR,
    _content("T10", other.bad_money, _MONEY),
    _content("M02", other.m02, ("сумма равна нулю", "сома нөлге тең", "the sum is zero")),
    _SHIFT_NUMBER,
    _AGE,
)

CLOSE_CHECKS: Final[tuple[Check, ...]] = (
    _duty("C01", other.c01_time, part="close_time", code=_WRONG),
    _duty(
        "C01",
        other.c01_report,
        Mode.WARN,
        "z_report",
        code=_WRONG,
        texts=Texts("нет Z-отчёта кассы", "кассаның Z-есебі жоқ", "the register's Z is missing"),
        versions=_since(125),
    ),
    _duty("C01", other.operator, Mode.WARN, "operator", code=_WRONG, texts=_NAMELESS, versions=_since(125)),
    _CALENDAR,
    _SHIFT_NUMBER,
    _AGE,
)

REPORT_CHECKS: Final[tuple[Check, ...]] = (
    _duty("R01", other.r01, code=_WRONG),
    _CALENDAR,
)

CHECK_NAMES: Final[frozenset[str]] = frozenset(
    name
    for check in (*TICKET_CHECKS, *MONEY_CHECKS, *CLOSE_CHECKS, *REPORT_CHECKS)
    for name in check.names
    if not check.switch
)
"""What the switch `checks` takes (kz-ofd §10.4)."""
