"""Whether a cashier's password is right, remembered: comparing it with its argon2 hash takes longer than a
hundred tickets do.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from ofd_mock import password_hashes
from ofd_mock.kz.values import Cashier, Profile
from reference.runtime.chance import secret

MOST_REMEMBERED: Final = 1_024


class Proofs:
    """Remembers of the newest comparisons whether the password was right; no password is kept."""

    def __init__(self, compare: Callable[[str | None, str], bool] = password_hashes.fits) -> None:
        self._compare = compare
        self._key = secret().encode()[:64]
        self._known: OrderedDict[bytes, bool] = OrderedDict()
        self._lock = threading.Lock()

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the password of that hash; without one it takes as long and is False."""
        said = f"{kept or ''}\n{password}".encode(errors="surrogatepass")
        name = hashlib.blake2b(said, key=self._key).digest()
        with self._lock:
            known = self._known.get(name)
        if known is None:
            known = self._compare(kept, password)
            with self._lock:
                self._known[name] = known
                if len(self._known) > MOST_REMEMBERED:
                    self._known.popitem(last=False)
        return known


PROOFS: Final = Proofs()
"""Those of this process."""


def cashier_of(profile: Profile, login: str, password: str, proofs: Proofs = PROOFS) -> Cashier | None:
    """Who logs in with these; a login that nobody has takes as long as a wrong password does."""
    if not profile.cashiers:
        return None
    known = next((one for one in profile.cashiers if one.login == login), None)
    right = proofs.fits(None if known is None else known.password, password)
    return known if right else None
