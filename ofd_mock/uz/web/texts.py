"""The check page's words in Uzbek, Russian and English, and how sums and quantities are written in each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from werkzeug.datastructures import LanguageAccept

LANGUAGES: Final = ("uz", "ru", "en")
LANGUAGE_NAMES: Final = {"uz": "O‘zbekcha", "ru": "Русский", "en": "English"}

TEXTS: Final[dict[str, tuple[str, str, str]]] = {
    "title": ("Chekni tekshirish", "Проверка чека", "Receipt check"),
    "test": ("TEST", "TEST", "TEST"),
    "test_note": (
        "Sinov muhiti. Bu yerdagi hech narsa haqiqiy fiskal chek emas.",
        "Испытательный стенд. Ничто здесь не является настоящим фискальным чеком.",
        "Laboratory. Nothing here is a legal receipt.",
    ),
    "genuine": ("Chek haqiqiy", "Чек подлинный", "The receipt is genuine"),
    "genuine_note": (
        "Operator bu chekni qabul qilgan va to‘rtta qiymatning barchasi mos keladi.",
        "Оператор принял этот чек, все четыре значения совпадают.",
        "The operator has taken this receipt and all four values agree.",
    ),
    "unknown": ("Chek topilmadi", "Чек не найден", "Receipt not found"),
    "unknown_note": (
        "Operatorda bunday modul, raqam, vaqt va fiskal belgiga ega chek yo‘q. "
        "Chek hali yuborilmagan bo‘lishi ham mumkin.",
        "У оператора нет чека с таким модулем, номером, временем и фискальным признаком. "
        "Возможно, он ещё не отправлен.",
        "The operator holds no receipt with this module, number, time and fiscal sign. "
        "It may not have been sent yet.",
    ),
    "ask_note": (
        "Chekdagi to‘rtta qiymatni kiriting yoki QR-kodni skanerlang.",
        "Введите четыре значения с чека или отсканируйте QR-код.",
        "Enter the four values from the receipt, or scan its QR code.",
    ),
    "check": ("Tekshirish", "Проверить", "Check"),
    "short": (
        "Mahsulotlar ro‘yxati hali kelmagan: operatorda faqat qisqa yozuv bor.",
        "Список товаров ещё не поступил: у оператора только краткая запись.",
        "The items have not arrived yet: the operator holds the short record only.",
    ),
    "seller": ("Sotuvchi", "Продавец", "Seller"),
    "tin": ("STIR", "ИНН", "Taxpayer number"),
    "address": ("Manzil", "Адрес", "Address"),
    "till": ("Kassa", "Касса", "Till"),
    "terminal": ("Fiskal modul", "Фискальный модуль", "Fiscal module"),
    "number": ("Chek raqami", "Номер чека", "Receipt number"),
    "time": ("Sana va vaqt", "Дата и время", "Date and time"),
    "time_hint": ("14 ta raqam", "14 цифр", "14 digits"),
    "sign": ("Fiskal belgi", "Фискальный признак", "Fiscal sign"),
    "kind": ("Turi", "Вид", "Kind"),
    "purchase": ("Xarid", "Покупка", "Purchase"),
    "advance": ("Avans", "Аванс", "Advance"),
    "credit": ("Kredit", "Кредит", "Credit"),
    "sale": ("sotuv", "продажа", "sale"),
    "refund": ("qaytarish", "возврат", "refund"),
    "refund_of": ("Qaytarilgan chek", "Возврат по чеку", "Refund of receipt"),
    "items": ("Mahsulotlar", "Товары", "Items"),
    "name": ("Nomi", "Наименование", "Name"),
    "spic": ("MXIK", "ИКПУ", "Product code (MXIK)"),
    "package": ("Paket kodi", "Код упаковки", "Package code"),
    "units": ("O‘lchov birligi", "Ед. изм.", "Unit"),
    "amount": ("Miqdori", "Кол-во", "Quantity"),
    "price": ("Narxi", "Стоимость", "Price"),
    "discount": ("Chegirma", "Скидка", "Discount"),
    "other": ("Boshqa to‘lov", "Прочая оплата", "Other payment"),
    "vat": ("QQS", "НДС", "VAT"),
    "barcode": ("Shtrix-kod", "Штрихкод", "Barcode"),
    "label": ("Markirovka kodi", "Код маркировки", "Marking code"),
    "commission": ("Komitent", "Комитент", "Principal"),
    "total": ("Jami", "Итого", "Total"),
    "payment": ("To‘lov", "Оплата", "Payment"),
    "cash": ("Naqd pul", "Наличные", "Cash"),
    "card": ("Bank kartasi", "Банковская карта", "Card"),
    "vat_total": ("Jami QQS", "Всего НДС", "Total VAT"),
    "sum": ("so‘m", "сум", "UZS"),
    "qr": ("Chekning QR-kodi", "QR-код чека", "QR code of the receipt"),
    "not_registered": ("ro‘yxatda yo‘q", "не зарегистрирован", "not registered"),
}
"""Text by key: Uzbek, Russian, English."""


def words(language: str) -> dict[str, str]:
    """All texts in one language."""
    at = LANGUAGES.index(language)
    return {key: texts[at] for key, texts in TEXTS.items()}


def choose_language(wish: str | None, accepted: LanguageAccept) -> str:
    """The language asked for by `?lang=`, else the browser's favourite that we have, else Uzbek."""
    if wish in LANGUAGES:
        return wish
    for tag, quality in accepted:
        primary = tag.lower().partition("-")[0]
        if quality > 0 and primary in LANGUAGES:
            return primary
    return LANGUAGES[0]


def write_sum(tiyin: int, language: str) -> str:
    """A sum in so'm with two places: `1 234 567,89`, in English `1,234,567.89`."""
    whole, part = divmod(abs(tiyin), 100)
    text = f"{whole:,}.{part:02}"
    if language != "en":
        text = text.replace(",", "\u00a0").replace(".", ",")
    return f"−{text}" if tiyin < 0 else text


def write_amount(thousandths: int, language: str) -> str:
    """A quantity with up to three places: `1`, `0,5`."""
    whole, part = divmod(thousandths, 1000)
    text = f"{whole}.{part:03}".rstrip("0").rstrip(".")
    return text if language == "en" else text.replace(".", ",")


def write_time(digits: str) -> str:
    """`dd.mm.yyyy HH:MM:SS` of 14 digits, the way receipts print it."""
    return datetime.strptime(digits, "%Y%m%d%H%M%S").strftime("%d.%m.%Y %H:%M:%S")
