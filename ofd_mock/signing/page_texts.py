"""The words of the dialog in three languages; labels are those of the portal's window (kz-ofd §16.7)."""

from __future__ import annotations

from typing import Final

from ofd_mock.pki.oids import Role
from reference.protocol.kz.results import Texts

WORDS: Final = {
    "ru": {
        "title": "Формирование подписи",
        "banner": "TEST: испытательный стенд, подписи не имеют силы",
        "idle": "Страница ещё ничего не просила подписать. Оставьте это окно открытым.",
        "asks": "Просит страница",
        "file": "Выбор хранилища ключа",
        "shown": "Будет подписано",
        "storage": "Тип хранилища ключа*",
        "choose": "-- Выберите тип --",
        "computer": "Ваш компьютер",
        "path": "Путь хранилища ключа*",
        "password": "Пароль для хранилища*",
        "open": "Открыть",
        "key": "Ключ*",
        "sign": "Подписать",
        "take": "Выбрать",
        "cancel": "Отмена",
        "lost": "Служба не отвечает",
        "until": "действителен",
        "done": "Готово: ответ отправлен странице.",
    },
    "kk": {
        "title": "Қолтаңбаны қалыптастыру",
        "banner": "TEST: сынақ стенді, қолтаңбалардың күші жоқ",
        "idle": "Бет әлі ештеңеге қол қоюды сұраған жоқ. Бұл терезені ашық қалдырыңыз.",
        "asks": "Сұрайтын бет",
        "file": "Кілт қоймасын таңдау",
        "shown": "Қол қойылады",
        "storage": "Кілт қоймасының түрі*",
        "choose": "-- Түрін таңдаңыз --",
        "computer": "Сіздің компьютеріңіз",
        "path": "Кілт қоймасының жолы*",
        "password": "Қойманың құпиясөзі*",
        "open": "Ашу",
        "key": "Кілт*",
        "sign": "Қол қою",
        "take": "Таңдау",
        "cancel": "Бас тарту",
        "lost": "Қызмет жауап бермейді",
        "until": "жарамды",
        "done": "Дайын: жауап бетке жіберілді.",
    },
    "en": {
        "title": "Making a signature",
        "banner": "TEST: a test stand, its signatures have no force",
        "idle": "No page has asked for a signature yet. Leave this window open.",
        "asks": "Asked by the page",
        "file": "Choosing a key store",
        "shown": "To be signed",
        "storage": "Type of key store*",
        "choose": "-- Choose a type --",
        "computer": "Your computer",
        "path": "Path of key store*",
        "password": "Password of the store*",
        "open": "Open",
        "key": "Key*",
        "sign": "Sign",
        "take": "Choose",
        "cancel": "Cancel",
        "lost": "The service does not answer",
        "until": "valid",
        "done": "Done: the answer went to the page.",
    },
}

ROLES: Final = {
    Role.HEAD: Texts("первый руководитель", "бірінші басшы", "first head"),
    Role.SIGNER: Texts("с правом подписи", "қол қою құқығымен", "may sign"),
    Role.FINANCE: Texts(
        "с правом подписи финансовых документов",
        "қаржы құжаттарына қол қою құқығымен",
        "may sign financial documents",
    ),
    Role.STAFF: Texts("сотрудник отдела кадров", "кадр бөлімінің қызметкері", "staff department"),
    Role.EMPLOYEE: Texts("сотрудник организации", "ұйым қызметкері", "employee"),
}
