"""Why an act on a register is refused, in the words of the portal."""

from __future__ import annotations

from typing import Final

from reference.protocol.kz.results import Texts

TAX_OFFICE: Final = Texts(
    "Касса может быть перерегистрирована только в пределах одного налогового органа",
    "Касса тек бір салық органының аумағында қайта тіркеледі",
    "A register can move inside one tax office only",
)
SAME_OUTLET: Final = Texts(
    "Касса уже в этой торговой точке", "Касса осы сауда нүктесінде", "The register is in this outlet already"
)
SHIFT: Final = Texts(
    "Закройте смену и передайте данные по закрытию",
    "Ауысымды жауып, жабу деректерін жіберіңіз",
    "Close the shift and send its closing first",
)
TAKEN: Final = Texts(
    "ККМ с этим номером уже зарегистрирована",
    "Осы нөмірлі ББМ бұрын тіркелген",
    "A register of this number is registered already",
)
REASON: Final = Texts(
    "Выберите причину из списка", "Себебін тізімнен таңдаңыз", "Choose one of the seven reasons"
)
TARIFF: Final = Texts("Выберите тариф из списка", "Тарифті тізімнен таңдаңыз", "Choose one of the tariffs")
NOT_YOURS: Final = Texts(
    "ИИН/БИН сертификата не совпадает с ИИН/БИН учётной записи",
    "Сертификаттың ЖСН/БСН есептік жазбаның ЖСН/БСН-мен сәйкес емес",
    "IIN or BIN of the certificate is not the account's",
)
NO_RIGHT: Final = Texts(
    "Недостаточно полномочий для подписи",
    "Қол қоюға өкілеттік жеткіліксіз",
    "The holder's role does not allow to sign",
)
OUTLET: Final = Texts("Выберите торговую точку", "Сауда нүктесін таңдаңыз", "Choose one of your outlets")
