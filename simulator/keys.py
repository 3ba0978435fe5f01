"""The keys a module signs with and the one it trusts, the operator's (uz-fiscal §17.1)."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

from reference.protocol.uz.standin import ModuleKeys, module_seed, ofd_seed, signing_key
from simulator.settings import ModuleSettings


class Keys:
    """The keys of one module, made from its seed, and the one the operator's files are signed with.

    Sign and cipher key depend on the receipt number alone. `look_ahead` makes those of the next receipt while
    nobody waits, so that the receipt need not.
    """

    __slots__ = ("_ahead", "_terminal", "module", "operator")

    def __init__(self, terminal: str, module: ModuleKeys, operator: ec.EllipticCurvePublicKey) -> None:
        self.module = module
        self.operator = operator
        self._terminal = terminal
        self._ahead: tuple[int, str, bytes] = (0, "", b"")

    def fiscal_sign(self, number: int) -> str:
        """The twelve digits that prove receipt `number` (uz-fiscal §17.3)."""
        if self._ahead[0] == number:
            return self._ahead[1]
        return self.module.fiscal_sign(self._terminal, number)

    def cipher_key(self, number: int) -> bytes:
        """The key of the full receipt `number`, 32 bytes (uz-fiscal §17.2)."""
        if self._ahead[0] == number:
            return self._ahead[2]
        return self.module.cipher_key(self._terminal, number)

    def look_ahead(self, number: int) -> None:
        """Have sign and key of receipt `number` at hand."""
        if self._ahead[0] != number:
            self._ahead = (
                number,
                self.module.fiscal_sign(self._terminal, number),
                self.module.cipher_key(self._terminal, number),
            )


@cache
def operator_key() -> ec.EllipticCurvePublicKey:
    """The public half of the operator's test key."""
    return signing_key(ofd_seed()).public_key()


def keys_for(settings: ModuleSettings) -> Keys:
    """The keys of the module that `settings` describe: of its own seed, else of the test seed."""
    seed = bytes.fromhex(settings.seed) if settings.seed else module_seed(settings.terminal)
    return Keys(settings.terminal, ModuleKeys(seed), operator_key())
