// Everything the page says, in Uzbek and Russian.
const WORDS = {
  uz: {
    door: "Kim ishlaydi?", enter: "Kirish", back: "Orqaga", leave: "Chiqish", sale: "Sotuv", orders: "Buyurtmalar", settings: "Sozlamalar",
    search: "Qidirish yoki shtrix-kod", place: "Joy yoki stol", counter: "Peshtaxta", pay: "To'lov", confirm: "Oshxonaga", discount: "Chegirma", new: "Yangi", cancel: "Bekor qilish",
    all: "Hammasi", goods: "Mahsulotlar", surcharge: "Xizmat", total: "JAMI", empty: "Buyurtma bo'sh: mahsulotni bosing", nothing: "Hech narsa yo'q",
    open: "Ochiq", confirmed: "Tasdiqlangan", completed: "Yakunlangan", cancelled: "Bekor qilingan", refund: "Qaytarish", refundOf: "Qaytarish:",
    cash: "Naqd", card: "Karta", click: "Click", payme: "Payme", uzum: "Uzum", given: "Berildi", change: "Qaytim", left: "Qoldi", mixed: "Aralash to'lov", take: "Qabul qilish", close: "Yopish",
    label: "Markirovka kodi", labelAsk: "Markirovka kodini skanerlang", add: "Qo'shish", reason: "Sabab", yes: "Ha", receipt: "Chek", waiting: "Chek navbatda", refused: "Chek qabul qilinmadi", print: "Chop etish",
    service: "Fiskal xizmat", gone: "Fiskal xizmat yoki modul yo'q", shift: "Smena", shiftOpen: "Smena ochiq:", shiftClosed: "Smena yopiq", unsent: "Yuborilmagan:", until: "blokgacha", untilUnknown: "blokgacha vaqt noma'lum", unsentUnknown: "Yuborilmaganlar soni noma'lum", spoken: "Fiskal xizmat bilan til", notSaid: "Bu tilda aytilmaydi:", waits: "Navbatda:", locked: "Modul bloklangan",
    yesterday: "Kechagi smena hali ochiq: uni yoping", closeShift: "Smenani yopish (Z-hisobot)", closed: "Smena yopildi", proof: "Sinov cheki", proofText: "Zanjirni tekshiradi: 1 so'mlik sotuv va qaytarish.", prove: "Sinov chekini urish",
    owner: "Egasi portali", ownerLinked: "Ulangan", ownerNone: "Ulanmagan", ownerWaits: "yuborilmagan o'zgarishlar:", ownerQr: "QR kod bilan ulash", ownerLogin: "POS login", ownerLoginName: "Login", ownerPassword: "Parol",
    save: "Saqlash", saved: "Saqlandi", name: "Korxona", stir: "STIR", address: "Manzil", phone: "Telefon", paper: "Qog'oz, mm", close_at: "Kun oxiri (SS:DD)", apps: "To'lov ilovalari (stend)", "apps-confirm": "darhol tasdiqlaydi", "apps-wait": "javob kutiladi", "apps-fail": "rad etadi",
    zReport: "Oxirgi Z-hisobot", asPicture: "Rasm", asPdf: "PDF", printAgain: "Yana chop etish", prints: "Chek printerga yuborildi", printsCopy: "Nusxa printerga yuborildi", printer: "Printer", printer_qr: "QR kodni chizadi", printer_pages: "Printer harflari", "printer_qr-raster": "kassa (rasm)", "printer_qr-native": "printerning o'zi", "printer_pages-all": "hamma kod sahifalari", "printer_pages-866": "faqat 866", "printer_pages-ascii": "faqat lotin", printerTrouble: "Printer", printerWaits: "Chop etiladi:", printerLost: "Chiqmagan cheklar:",
    cashier: "Kassir", waiter: "Ofitsiant", cook: "Oshpaz", manager: "Menejer", administrator: "Administrator", hours: "soat", minutes: "daq", offline: "Kassa serveri javob bermayapti", paid: "To'landi", refunded: "Qaytarildi", sum: "so'm",
    pendingPay: "To'lov ilovasi javobi kutilmoqda", confirmPay: "To'lov o'tdi", failPay: "To'lov o'tmadi", acknowledged: "OFD qabul qildi", notAcknowledged: "OFDga hali yetmagan",
  },
  ru: {
    door: "Кто работает?", enter: "Войти", back: "Назад", leave: "Выйти", sale: "Продажа", orders: "Заказы", settings: "Настройки",
    search: "Поиск или штрихкод", place: "Место или стол", counter: "Прилавок", pay: "Оплата", confirm: "На кухню", discount: "Скидка", new: "Новый", cancel: "Отменить",
    all: "Все", goods: "Товары", surcharge: "Обслуживание", total: "ИТОГО", empty: "Заказ пуст: нажмите на товар", nothing: "Пока ничего",
    open: "Открыт", confirmed: "Подтверждён", completed: "Завершён", cancelled: "Отменён", refund: "Возврат", refundOf: "Возврат:",
    cash: "Наличные", card: "Карта", click: "Click", payme: "Payme", uzum: "Uzum", given: "Получено", change: "Сдача", left: "Осталось", mixed: "Смешанная оплата", take: "Принять", close: "Закрыть",
    label: "Код маркировки", labelAsk: "Отсканируйте код маркировки", add: "Добавить", reason: "Причина", yes: "Да", receipt: "Чек", waiting: "Чек в очереди", refused: "Чек не принят", print: "Печать",
    service: "Фискальная служба", gone: "Нет фискальной службы или модуля", shift: "Смена", shiftOpen: "Смена открыта:", shiftClosed: "Смена закрыта", unsent: "Не отправлено:", until: "до блокировки", untilUnknown: "время до блокировки неизвестно", unsentUnknown: "Число неотправленных неизвестно", spoken: "Протокол фискальной службы", notSaid: "Этот протокол не сообщает:", waits: "В очереди:", locked: "Модуль заблокирован",
    yesterday: "Вчерашняя смена ещё открыта: закройте её", closeShift: "Закрыть смену (Z-отчёт)", closed: "Смена закрыта", proof: "Пробный чек", proofText: "Проверяет всю цепочку: продажа на 1 сум и возврат.", prove: "Пробить пробный чек",
    owner: "Портал владельца", ownerLinked: "Привязана", ownerNone: "Не привязана", ownerWaits: "не отправлено изменений:", ownerQr: "Привязать по QR-коду", ownerLogin: "Логин POS", ownerLoginName: "Логин", ownerPassword: "Пароль",
    save: "Сохранить", saved: "Сохранено", name: "Организация", stir: "СТИР", address: "Адрес", phone: "Телефон", paper: "Бумага, мм", close_at: "Конец дня (ЧЧ:ММ)", apps: "Приложения оплаты (стенд)", "apps-confirm": "подтверждают сразу", "apps-wait": "ждём ответа", "apps-fail": "отказывают",
    zReport: "Последний Z-отчёт", asPicture: "Картинка", asPdf: "PDF", printAgain: "Напечатать ещё раз", prints: "Чек отправлен на принтер", printsCopy: "Копия отправлена на принтер", printer: "Принтер", printer_qr: "QR-код рисует", printer_pages: "Буквы принтера", "printer_qr-raster": "касса (картинкой)", "printer_qr-native": "сам принтер", "printer_pages-all": "все кодовые страницы", "printer_pages-866": "только 866", "printer_pages-ascii": "только латиница", printerTrouble: "Принтер", printerWaits: "Печатается:", printerLost: "Не вышло чеков:",
    cashier: "Кассир", waiter: "Официант", cook: "Повар", manager: "Менеджер", administrator: "Администратор", hours: "ч", minutes: "мин", offline: "Сервер кассы не отвечает", paid: "Оплачено", refunded: "Возвращено", sum: "сум",
    pendingPay: "Ждём ответа приложения", confirmPay: "Оплата прошла", failPay: "Оплата не прошла", acknowledged: "Принят ОФД", notAcknowledged: "Ещё не у ОФД",
  },
};
const KEPT = "kassalab-pos-language";
let language = localStorage.getItem(KEPT) === "ru" ? "ru" : "uz";
export const say = (key, otherwise = key) => WORDS[language][key] ?? otherwise;
export const spoken = () => language;
export const other = () => (language === "uz" ? "Русский" : "O'zbekcha");
export function switchLanguage() { language = language === "uz" ? "ru" : "uz"; localStorage.setItem(KEPT, language); }
export function speak(root = document) {
  document.documentElement.lang = language;
  for (const each of root.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  for (const each of root.querySelectorAll("[data-hint]")) each.placeholder = say(each.dataset.hint);
}
export const money = (tiyin) => {
  const whole = Math.trunc(Math.abs(tiyin) / 100), rest = Math.abs(tiyin) % 100;
  const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, " ");
  return `${tiyin < 0 ? "−" : ""}${grouped}${rest ? "," + String(rest).padStart(2, "0") : ""}`;
};
export const quantity = (thousandths) => String(thousandths / 1000).replace(".", ",");
// Tiyin of what a person typed, null when it is no sum.
export function tiyin(text) {
  const found = /^(\d{1,12})(?:[.,](\d{1,2}))?$/.exec(text.replace(/[\s ]/g, ""));
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : null;
}
