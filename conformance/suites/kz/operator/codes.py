"""Every result code: ordered before and after counting, with its text, and the register's way on
(kz-ofd §5.2)."""

from __future__ import annotations

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.kz_device import Device
from conformance.suites.kz.operator.repeat import once
from conformance.suites.kz.operator.steps import CONTROL, KIND, VERSIONS
from conformance.verdicts import AnswerMissing

PRT = ("KZ-PRT-04",)
CODES = (*range(1, 18), 254, 255)
TEXTS = {
    1: "Аппарат не зарегистрирован в системе",
    2: "Отправка данных невозможна, необходимо произвести сброс токена",
    3: "Ошибка протокола, обратитесь в сервисную службу",
    4: "Ошибка протокола, обратитесь в сервисную службу",
    5: "Данная команда не поддерживается сервером, обратитесь в сервисную службу",
    6: "Неверные настройки устройства",
    7: "Использование защищенного соединения запрещено",
    8: "Порядковый номер запроса REQNUM тот же, что и в предыдущем запросе, но токен другой",
    9: "REQNUM и TOKEN имеют те же значения, что и в предыдущем запросе, но код команды отличается",
    10: "Можно отменить только последний чек",
    11: "Истек период, в течение которого смена может быть открыта",
    12: "Неправильный логин или пароль",
    13: "Данные корректны с точки зрения протокола, но неверны в конкретном контексте",
    14: "Недостаточно наличных в кассе",
    15: "Касса заблокирована",
    16: "Смена уже открыта",
    17: "Совпадает значение ИИН/БИН покупателя и продавца",
    254: "Сервис временно недоступен",
    255: "Неизвестная ошибка",
}
"""result_text as one vendor's code writes it (kz-ofd §5.2)."""


@family(
    "kz.operator.code.before.{key}",
    rows={str(code): code for code in CODES},
    target=KIND,
    clauses=lambda code: [f"KZ-RC-{code}", "KZ-S-5.1", "KZ-S-5.2"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="Code {key} is ordered for one ticket.",
    expectation="The ticket gets it with its text and the received token; sent again it is accepted.",
)
def before_counting(ctx: Context, code: int) -> None:
    """Place 8 of the order of checks: nothing is counted, the pair is free."""
    device = ctx.ofd.device()
    ctx.ofd.order(code, device)
    ticket = device.ticket()
    number = device.next_reqnum()
    with device.unchanged():
        answer = device.refuse(code, ticket, reqnum=number)
        ctx.check(TEXTS[code], answer.text, "result_text", clause=f"KZ-RC-{code}")
    device.accept(ticket, reqnum=number)
    device.compare()


@family(
    "kz.operator.code.after.{key}",
    rows={str(code): code for code in (2, 13, 15, 254, 255)},
    target=KIND,
    clauses=lambda code: [f"KZ-RC-{code}", "KZ-S-5.1", "KZ-TK-D1"],
    level="stand-in",
    requirements=("KZ-PRT-03", "KZ-PRT-04"),
    needs=CONTROL,
    description="A ticket is counted and answered with code {key} by order.",
    expectation="Its repeat gets code 0 and the new token, and it is counted once.",
)
def after_counting(ctx: Context, code: int) -> None:
    """The answer was lost on the operator's own side."""
    device = ctx.ofd.device()
    ctx.ofd.order(code, device, when="after")
    answer = device.ask(device.ticket())
    ctx.check(code, answer.code, "ordered code", clause=f"KZ-RC-{code}")
    ctx.check(0, device.repeat().code, "result code of the repeat", clause="KZ-TK-D1")
    once(ctx, device)


@family(
    "kz.operator.code.silence.{key}",
    rows={"before": "before", "after": "after"},
    target=KIND,
    clauses=["KZ-S-5.1", "KZ-TK-2"],
    level="stand-in",
    requirements=("KZ-PRT-03", "KZ-PRT-04"),
    needs=CONTROL,
    description="Silence is ordered for a ticket, {key} counting.",
    expectation="No answer comes; the repeat gets code 0, and the ticket is counted once.",
)
def silence(ctx: Context, when: str) -> None:
    """What a register sees is the same both times."""
    device = ctx.ofd.device()
    ctx.ofd.order(None, device, when=when)
    _silent(ctx, device)
    ctx.check(0, device.repeat().code, "result code of the repeat", clause="KZ-TK-2")
    once(ctx, device)


def _silent(ctx: Context, device: Device) -> None:
    ticket = device.ticket()
    request = device.request(ticket)
    device.prepare(request, ticket)
    assert device.last is not None
    with ctx.ofd.connect() as wire:
        wire.send(device.last.frame)
        try:
            came = wire.receive(1, seconds=0.1)
        except AnswerMissing:
            return
    ctx.check(b"", came, "answer where silence was ordered", clause="KZ-S-5.1")


@family(
    "kz.operator.code.versions.{key}",
    rows={
        f"{state}-{version}": (state, version)
        for state in ("deregister", "disconnect")
        for version in VERSIONS
    },
    target=KIND,
    clauses=lambda row: [
        ("KZ-RC-18" if row[0] == "deregister" else "KZ-RC-19") if row[1] == 204 else "KZ-RC-15",
        "KZ-S-15.5",
        "KZ-TP-5",
    ],
    requirements=PRT,
    needs=CONTROL,
    description="A register off the books asks and sells: {key}.",
    expectation="15, and from 2.0.4 on 18 where it is deregistered and 19 where it is disconnected.",
)
def by_version(ctx: Context, row: tuple[str, int]) -> None:
    """Codes 18 and 19 mean something else, or nothing, before 2.0.4."""
    state, version = row
    device = ctx.ofd.device(version)
    device.sell()
    ctx.ofd.do(state, device)
    later = 18 if state == "deregister" else 19
    code = later if version == 204 else 15
    for what in (0, device.ticket(), device.deposit(100), device.closing()):
        device.refuse(code, what)


@case(
    "kz.operator.code.no-text-on-zero",
    target=KIND,
    clauses=["KZ-RC-0"],
    level="stand-in",
    requirements=PRT,
    needs=CONTROL,
    description="SYSTEM, INFO and a ticket are answered 0, then again with the switch for a text.",
    expectation="No result_text, as a real answer has none; with the switch there is one.",
)
def text_of_zero(ctx: Context) -> None:
    """The switch `result_text_on_ok`."""
    device = ctx.ofd.device()
    for what in (0, 5, device.ticket()):
        answer = device.accept(what)
        ctx.check(False, answer.message.result.HasField("result_text"), "a result_text", clause="KZ-RC-0")
    ctx.ofd.switch(result_text_on_ok="present")
    ctx.check_that(device.accept(0).text != "", "a text", "none", "result_text with the switch")
