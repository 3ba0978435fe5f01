"""What the lines of the audit log say, by the word that stands for an act in the table."""

from __future__ import annotations

from typing import Final

from reference.protocol.kz.results import Texts

NOTES: Final = {
    "login": Texts("Вход по паролю", "Құпиясөзбен кіру", "Log-in by password"),
    "login-signed": Texts("Вход с ЭЦП", "ЭЦҚ арқылы кіру", "Log-in by e-signature"),
    "login-registered": Texts(
        "Вход после регистрации", "Тіркелгеннен кейін кіру", "Log-in after registration"
    ),
    "login-refused": Texts(
        "Неверный пароль при входе", "Кіру кезінде құпиясөз қате", "Wrong password at log-in"
    ),
    "registered": Texts("Регистрация принята", "Тіркеу қабылданды", "Registration accepted"),
    "details-changed": Texts(
        "Данные организации изменены", "Ұйым деректері өзгертілді", "Organisation's data changed"
    ),
    "password-changed": Texts("Пароль изменен", "Құпиясөз ауыстырылды", "Password changed"),
    "password-given": Texts(
        "Пользователю задан пароль", "Пайдаланушыға құпиясөз берілді", "Password given to a user"
    ),
    "user-added": Texts("Пользователь добавлен", "Пайдаланушы қосылды", "User added"),
    "user-changed": Texts("Пользователь изменен", "Пайдаланушы өзгертілді", "User changed"),
    "group-added": Texts("Группа добавлена", "Топ қосылды", "Group added"),
    "group-renamed": Texts("Группа переименована", "Топ атауы өзгертілді", "Group renamed"),
    "group-filled": Texts("Состав группы изменен", "Топ құрамы өзгертілді", "Group's content changed"),
    "group-removed": Texts("Группа удалена", "Топ жойылды", "Group removed"),
    "outlet-added": Texts("Торговая точка добавлена", "Сауда нүктесі қосылды", "Outlet added"),
    "outlet-removed": Texts("Торговая точка удалена", "Сауда нүктесі жойылды", "Outlet removed"),
    "top-up": Texts("Счет пополнен", "Шот толтырылды", "Account topped up"),
    "payment-ordered": Texts("Пополнение начато", "Толтыру басталды", "Top-up begun"),
    "payment-paid": Texts("Платеж принят", "Төлем қабылданды", "Payment accepted"),
    "payment-refused": Texts(
        "Платеж отклонен банком", "Банк төлемнен бас тартты", "Payment refused by the bank"
    ),
    "draft-saved": Texts("Касса сохранена", "Касса сақталды", "Register saved"),
    "delete": Texts("Черновик кассы удален", "Касса жобасы жойылды", "Register's draft deleted"),
    "sign-registration": Texts(
        "Подписано заявление о постановке на учет", "Есепке қою өтінішіне қол қойылды", "Registration signed"
    ),
    "registration-refused": Texts("В регистрации отказано", "Тіркеуден бас тартылды", "Registration refused"),
    "resume-registration": Texts("Регистрация продолжена", "Тіркеу жалғастырылды", "Registration resumed"),
    "choose-tariff": Texts("Тариф выбран", "Тариф таңдалды", "Tariff chosen"),
    "drop-tariff": Texts("Тариф отключен", "Тариф ажыратылды", "Tariff dropped"),
    "suspend": Texts("Услуга приостановлена", "Қызмет тоқтатыла тұрды", "Service suspended"),
    "token": Texts("Получен токен", "Токен алынды", "Token issued"),
    "reregister": Texts("Перерегистрация", "Қайта тіркеу", "Re-registration"),
    "reregistered": Texts("Касса перерегистрирована", "Касса қайта тіркелді", "Register re-registered"),
    "reregistration-refused": Texts(
        "В перерегистрации отказано", "Қайта тіркеуден бас тартылды", "Re-registration refused"
    ),
    "sign-deregistration": Texts(
        "Подписано заявление о снятии с учета",
        "Есептен шығару өтінішіне қол қойылды",
        "Deregistration signed",
    ),
    "deregistered": Texts("Касса снята с учета", "Касса есептен шығарылды", "Register deregistered"),
    "deregistration-refused": Texts(
        "В снятии с учета отказано", "Есептен шығарудан бас тартылды", "Deregistration refused"
    ),
}
"""A word that is not here is shown as it is."""


def note_text(act: str) -> Texts:
    """What a line says."""
    return NOTES.get(act) or Texts(act, act, act)
