"""How a request for a key can end other than with a key."""

from __future__ import annotations

from typing import Final

from reference.protocol.kz.results import Texts

WRONG_PASSWORD: Final = Texts(
    "Неверный пароль хранилища", "Қойма құпиясөзі қате", "The store's password is wrong"
)
NO_STORE: Final = Texts(
    "Хранилище не найдено", "Қойма табылмады", "There is no such key store at this machine"
)
NO_FILE: Final = Texts(
    "Файл не найден или не является хранилищем ключей",
    "Файл табылмады немесе кілттер қоймасы емес",
    "The file is missing or is no key store",
)
NOT_TEST: Final = Texts(
    "Ключ не испытательный: стенд подписывает только ключами MOCK",
    "Кілт сынақтық емес: стенд тек MOCK кілттерімен қол қояды",
    "This is no test key: the stand signs with MOCK keys only",
)
NO_KEY: Final = Texts(
    "В хранилище нет подходящего ключа", "Қоймада лайықты кілт жоқ", "The store holds no suitable key"
)
EXPIRED: Final = Texts(
    "Срок действия сертификата истек",
    "Сертификаттың қолданылу мерзімі өткен",
    "The certificate is not valid at this time",
)
REVOKED: Final = Texts("Сертификат отозван", "Сертификат кері қайтарылған", "The certificate is revoked")
WRONG_USE: Final = Texts(
    "Ключ другого назначения", "Кілттің мақсаты басқа", "The key is meant for another purpose"
)
OTHER_HOLDER: Final = Texts(
    "Ключ другого владельца", "Кілт басқа иесінікі", "The key belongs to another holder"
)
OTHER_AUTHORITY: Final = Texts(
    "Ключ другого удостоверяющего центра",
    "Кілт басқа куәландырушы орталықтікі",
    "The key comes from another authority",
)


class CancelledError(Exception):
    """The person closed the dialog without choosing."""


class RefusedError(Exception):
    """A key that cannot be had; `texts` says why to the person, `word` to programs."""

    def __init__(self, texts: Texts, word: str) -> None:
        super().__init__(texts.en)
        self.texts = texts
        self.word = word
