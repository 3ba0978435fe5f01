"""What can be wrong with a signature, one row a finding, in the three languages of the portal.

The order of the rows is the order of verification (kz-ofd SG-05); texts RX-02…RX-09 are the portal's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reference.protocol.kz.results import Texts

_INVALID = Texts("Подпись недействительна", "Қолтаңба жарамсыз", "The signature does not fit the data")


class Rule(Enum):
    """A rule of verification and the text for who broke it."""

    SYNTAX = Texts("Подпись не является CMS", "Қолтаңба CMS емес", "The signature is no CMS")
    ALGORITHM = Texts(
        "Алгоритм подписи не поддерживается",
        "Қолтаңба алгоритміне қолдау көрсетілмейді",
        "The signature's algorithm is not supported",
    )
    SIGNERS = Texts(
        "Подпись должна иметь ровно одного подписавшего",
        "Қолтаңбада дәл бір қол қоюшы болуы керек",
        "A signature has exactly one signer",
    )
    CERTIFICATE = Texts(
        "В подписи нет сертификата подписавшего",
        "Қолтаңбада қол қоюшының сертификаты жоқ",
        "The signer's certificate is missing from the signature",
    )
    CHAIN = Texts(
        "Сертификат выдан неизвестным удостоверяющим центром",
        "Сертификатты белгісіз куәландырушы орталық берген",
        "The certificate was issued by an unknown authority",
    )
    VALIDITY = Texts(
        "Срок действия сертификата истек",
        "Сертификаттың қолданылу мерзімі өткен",
        "The certificate is not valid at this time",
    )
    REVOKED = Texts("Сертификат отозван", "Сертификат кері қайтарылған", "The certificate is revoked")
    REVOCATION_UNKNOWN = Texts(
        "Не удалось проверить, отозван ли сертификат",
        "Сертификаттың кері қайтарылғанын тексеру мүмкін болмады",
        "Nobody could say whether the certificate is revoked",
    )
    USAGE = Texts(
        "Сертификат не предназначен для подписи",
        "Сертификат қол қоюға арналмаған",
        "The certificate is not meant for signing",
    )
    POLICY = Texts(
        "Политика сертификата не соответствует его назначению",
        "Сертификат саясаты оның мақсатына сәйкес емес",
        "The certificate's policy does not fit its purpose",
    )
    ORGANISATION = Texts(
        "Требуется сертификат юридического лица",
        "Заңды тұлғаның сертификаты қажет",
        "The certificate of a legal entity is needed",
    )
    ROLE = Texts(
        "Недостаточно полномочий для подписи",
        "Қол қоюға өкілеттік жеткіліксіз",
        "The holder's role does not allow to sign",
    )
    NUMBER = Texts(
        "В сертификате нет ИИН/БИН",
        "Сертификатта ЖСН/БСН жоқ",
        "The certificate bears no IIN or BIN",
    )
    TAXPAYER = Texts(
        "ИИН/БИН сертификата не совпадает с ИИН/БИН учётной записи",
        "Сертификаттың ЖСН/БСН есептік жазбаның ЖСН/БСН-мен сәйкес емес",
        "IIN or BIN of the certificate is not the account's",
    )
    CONTENT = Texts(_INVALID.ru, _INVALID.kk, "The signed content is not what was handed out")
    ATTRIBUTES = Texts(
        "Подписанные атрибуты неполны или относятся к другому сертификату",
        "Қол қойылған атрибуттар толық емес немесе басқа сертификатқа қатысты",
        "The signed attributes are incomplete or belong to another certificate",
    )
    DIGEST = _INVALID
    SIGNATURE = Texts(_INVALID.ru, _INVALID.kk, "The signature was not made with the certificate's key")
    TIMESTAMP = Texts("Метка времени недействительна", "Уақыт белгісі жарамсыз", "The timestamp is not valid")

    @property
    def word(self) -> str:
        """The rule's name for programs."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `detail` says in English what was found, for whoever looks into it."""

    rule: Rule
    detail: str

    @property
    def text(self) -> Texts:
        """What the person is told."""
        return self.rule.value
