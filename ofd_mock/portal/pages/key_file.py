"""A signature by an uploaded key file, for people who have no signing service."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Final

from ofd_mock.pki.key_files import KeyFileError, WrongPasswordError, is_test_key, read_key_file
from ofd_mock.pki.signing import What, sign
from ofd_mock.portal.errors import RefusedError
from reference.protocol.kz.results import Texts

MAX_FILE: Final = 64 << 10

_PASSWORD: Final = Texts("Неверный пароль хранилища", "Қойма құпиясөзі қате", "The store's password is wrong")
_NO_STORE: Final = Texts(
    "Файл не найден или не является хранилищем ключей",
    "Файл табылмады немесе кілттер қоймасы емес",
    "The file is missing or is no key store",
)
_NO_TEST: Final = Texts(
    "Стенд принимает только испытательные ключи",
    "Стенд тек сынақ кілттерін қабылдайды",
    "This stand takes test keys only",
)
_DATA: Final = Texts("Нечего подписывать", "Қол қоятын ештеңе жоқ", "There is nothing to sign")


def sign_with_file(file: bytes, password: str, data: str, now: datetime) -> str:
    """Base64 of the CMS over `data` (Base64) with the key of a PKCS#12 file, content inside.

    RefusedError: no key file, a wrong password (RX-01), or a key that no test authority issued (ID-05).
    Neither key nor password is kept anywhere.
    """
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise RefusedError("data", _DATA) from None
    if not content:
        raise RefusedError("data", _DATA)
    try:
        opened = read_key_file(file, password)
    except WrongPasswordError:
        raise RefusedError("password", _PASSWORD) from None
    except KeyFileError:
        raise RefusedError("store", _NO_STORE) from None
    if not is_test_key(opened):
        raise RefusedError("test-key", _NO_TEST)
    return base64.b64encode(sign(What(content), opened.pair, now)).decode()
