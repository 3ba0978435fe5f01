"""The keys a module signs with and the one it trusts, the operator's (uz-fiscal §17.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

from reference.protocol.uz.standin import ModuleKeys, module_seed, ofd_seed, signing_key
from simulator.settings import ModuleSettings


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one module, made from its seed, and the one the operator's files are signed with."""

    module: ModuleKeys
    operator: ec.EllipticCurvePublicKey


@cache
def operator_key() -> ec.EllipticCurvePublicKey:
    """The public half of the operator's test key."""
    return signing_key(ofd_seed()).public_key()


def keys_for(settings: ModuleSettings) -> Keys:
    """The keys of the module that `settings` describe: of its own seed, else of the test seed."""
    seed = bytes.fromhex(settings.seed) if settings.seed else module_seed(settings.terminal)
    return Keys(ModuleKeys(seed), operator_key())
