"""Binding a module to one POS: lock, challenge, proof, and what spends it (uz-fiscal FM-P-01 … 04)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from conformance.cases import case, family
from conformance.context import Context
from conformance.suites.uz.module.books import OK, Bookkeeper, begin, refused
from conformance.vectors import uz_vectors
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import Command, StatusWord

FAIL = StatusWord.POS_AUTH_FAIL
VECTOR = uz_vectors()["pos_lock"]
SECRET = bytes.fromhex(VECTOR["secret_hex"])


def _locked(ctx: Context) -> Bookkeeper:
    """A module bound by the published secret; the next case's `ready` unbinds it by a sync."""
    books = begin(ctx, "fresh")
    ctx.step("bind the module to a POS")
    ctx.check(
        OK, ctx.module.transmit(_lock(SECRET + sha256(SECRET).digest())).sw, "POS_LOCK", clause="FM-P-01"
    )
    return books


def _lock(data: bytes) -> Command:
    return Command(0, 0x0C, 0, 0, data)


def _challenge(ctx: Context) -> bytes:
    return ctx.module.demand(apdu.pos_challenge()).data


def _proof(challenge: bytes, secret: bytes = SECRET) -> Command:
    return Command(0, 0x0C, 2, 0, sha256(secret + challenge).digest())


def _authenticate(ctx: Context) -> None:
    ctx.check(OK, ctx.module.transmit(_proof(_challenge(ctx))).sw, "POS_AUTH", clause="FM-P-03")


def _receipt(ctx: Context, books: Bookkeeper) -> Command:
    return apdu.receipt_register(ctx.module.block(time=books.now).encode())


@case(
    "uz.module.pos-lock.vector",
    target="module",
    clauses=["G2-P-06", "FM-P-01", "FM-P-03"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="The published POS lock data are sent as they stand, and the published proof is checked.",
    expectation=(
        "The 64 bytes are secret and hash and lock the module; the proof is the hash of secret and challenge."
    ),
)
def vector(ctx: Context) -> None:
    """The vector's challenge cannot be chosen: its proof is checked by arithmetic, the module by its own."""
    data = bytes.fromhex(VECTOR["pos_lock_data_hex"])
    ctx.check(SECRET + sha256(SECRET).digest(), data, "the published data", clause="G2-P-06")
    proof = sha256(SECRET + bytes.fromhex(VECTOR["challenge_hex"])).hexdigest()
    ctx.check(VECTOR["auth_hex"], proof, "the published proof", clause="G2-P-06")
    books = begin(ctx, "fresh")
    ctx.check(False, ctx.module.info().pos_locked, "bound before", clause="S-5.5")
    ctx.check(OK, ctx.module.transmit(_lock(data)).sw, "POS_LOCK", clause="FM-P-01")
    ctx.check(True, ctx.module.info().pos_locked, "bound after", clause="S-5.5")
    _authenticate(ctx)
    books.sell()


@family(
    "uz.module.pos-lock.refused.{key}",
    rows={
        "no-data": (b"", StatusWord.WRONG_LENGTH),
        "secret-only": (SECRET, StatusWord.WRONG_LENGTH),
        "63-bytes": ((SECRET * 2)[:63], StatusWord.WRONG_LENGTH),
        "65-bytes": (SECRET + sha256(SECRET).digest() + b"\x00", StatusWord.WRONG_LENGTH),
        "wrong-hash": (SECRET + SECRET, StatusWord.WRONG_DATA),
        "one-bit-of-hash": (
            SECRET + sha256(SECRET).digest()[:31] + bytes((sha256(SECRET).digest()[31] ^ 1,)),
            StatusWord.WRONG_DATA,
        ),
    },
    target="module",
    clauses=["POS-01"],
    requirements=["UZ-DEV-07", "UZ-SVC-05"],
    needs=["test-keys"],
    description=lambda row: f"POS_LOCK comes with {len(row[0])} bytes that are not secret and hash.",
    expectation=lambda row: f"{row[1]:04X}; the module is not bound and sells freely.",
)
def lock_refused(ctx: Context, row: tuple[bytes, StatusWord]) -> None:
    """A mistyped secret must not bind the module for good."""
    books = begin(ctx)
    refused(ctx, _lock(row[0]), row[1])
    books.sell()


@case(
    "uz.module.pos-lock.twice",
    target="module",
    clauses=["FM-P-01"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="A bound module is bound again, by the same secret and by another.",
    expectation="9092 both times, and the first secret stays the one.",
)
def twice(ctx: Context) -> None:
    """Only the operator undoes a binding."""
    books = _locked(ctx)
    for secret in (SECRET, bytes(32)):
        refused(ctx, _lock(secret + sha256(secret).digest()), StatusWord.ALREADY_POS_LOCKED)
    _authenticate(ctx)
    books.sell()


@case(
    "uz.module.pos-lock.without-proof",
    target="module",
    clauses=["FM-C-03"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="On a bound module a receipt, a close and an opening come without POS_AUTH.",
    expectation="9093 each time, nothing has changed, no number spent; with the proof each works.",
)
def without_proof(ctx: Context) -> None:
    """One proof for one operation."""
    books = _locked(ctx)
    refused(ctx, _receipt(ctx, books), FAIL, what="a receipt")
    _authenticate(ctx)
    books.sell()
    refused(ctx, apdu.zreport_close(books.now), FAIL, what="a close")
    _authenticate(ctx)
    books.must(books.close(), "close")
    refused(ctx, apdu.zreport_open(books.now), FAIL, what="an opening")
    _authenticate(ctx)
    books.must(books.open(), "open")
    books.compare()


@case(
    "uz.module.pos-lock.one-proof-one-operation",
    target="module",
    clauses=["FM-P-04", "FM-C-03"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description=(
        "After one proof two receipts are registered, and the second one is tried with the old proof again."
    ),
    expectation=(
        "The first passes, the second is 9093, and the old proof is 9093: the challenge is a new one."
    ),
)
def one_proof_one_operation(ctx: Context) -> None:
    """Whoever listened in gains nothing."""
    books = _locked(ctx)
    challenge = _challenge(ctx)
    proof = _proof(challenge)
    ctx.check(OK, ctx.module.transmit(proof).sw, "POS_AUTH", clause="FM-P-03")
    ctx.check(True, ctx.module.info().pos_auth, "authenticated", clause="S-5.5")
    books.sell()
    ctx.check(False, ctx.module.info().pos_auth, "authenticated after the receipt", clause="FM-P-04")
    refused(ctx, _receipt(ctx, books), FAIL, clause="FM-P-04")
    ctx.check(True, _challenge(ctx) != challenge, "the challenge is a new one", clause="FM-P-04")
    refused(ctx, proof, FAIL, clause="FM-P-04", what="the old proof")


@family(
    "uz.module.pos-lock.spent-by-failure.{key}",
    rows={
        "past-time": StatusWord.DATETIME_IS_IN_THE_PAST,
        "bad-type": StatusWord.INVALID_TYPE,
        "open-shift": StatusWord.ZREPORT_IS_NOT_CLOSED,
    },
    target="module",
    clauses=["FM-P-04"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="After a proof an operation fails for another reason ({key}).",
    expectation="Its own word; the proof is spent all the same and the challenge is a new one.",
)
def spent_by_failure(ctx: Context, word: StatusWord) -> None:
    """Whatever its outcome."""
    books = _locked(ctx)
    last = books.ledger.last_operation
    commands = {
        StatusWord.DATETIME_IS_IN_THE_PAST: apdu.receipt_register(ctx.module.block(time=last).encode()),
        StatusWord.INVALID_TYPE: apdu.receipt_register(ctx.module.block(type=3).encode()),
        StatusWord.ZREPORT_IS_NOT_CLOSED: apdu.zreport_open(books.now),
    }
    challenge = _challenge(ctx)
    ctx.check(OK, ctx.module.transmit(_proof(challenge)).sw, "POS_AUTH", clause="FM-P-03")
    refused(ctx, commands[word], word, clause="FM-P-04")
    ctx.check(True, _challenge(ctx) != challenge, "the challenge is a new one", clause="FM-P-04")
    refused(ctx, _receipt(ctx, books), FAIL, clause="FM-P-04")


@case(
    "uz.module.pos-lock.not-spent-before",
    target="module",
    clauses=["FM-P-04"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="After a proof come reading, an acknowledgement, and operations of a wrong length.",
    expectation="The proof and its challenge are untouched, and the receipt after them passes.",
)
def not_spent_before(ctx: Context) -> None:
    """Only what gets past the check of the proof spends it."""
    books = begin(ctx, "fresh")
    sold = books.sell()
    books.must(ctx.module.transmit(_lock(SECRET + sha256(SECRET).digest())), "POS_LOCK")
    challenge = _challenge(ctx)
    ctx.check(OK, ctx.module.transmit(_proof(challenge)).sw, "POS_AUTH", clause="FM-P-03")
    ctx.module.shift()
    ctx.module.receipt_file(0)
    books.acknowledge(sold.seq)
    refused(ctx, Command(0, 0x17, 0, 0, bytes(67)), StatusWord.WRONG_LENGTH, clause="FM-P-04")
    refused(ctx, Command(0, 0x03, 1, 0, bytes(7)), StatusWord.WRONG_LENGTH, clause="FM-P-04")
    ctx.check(challenge, _challenge(ctx), "challenge", clause="FM-P-04")
    books.sell()
    books.compare()


@case(
    "uz.module.pos-lock.challenge-waits",
    target="module",
    clauses=["FM-P-02"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description=(
        "The challenge is read, then again after reading, deselection and a power cycle, and answered then."
    ),
    expectation="32 bytes, the same all the time, and its proof is taken in the later session.",
)
def challenge_waits(ctx: Context) -> None:
    """A POS fetches it through one call of the drive and uses it in the next."""
    books = _locked(ctx)
    challenge = _challenge(ctx)
    ctx.check(32, len(challenge), "size of the challenge")
    for interrupt in (ctx.module.memory, ctx.module.deselect, ctx.module.power_cycle):
        interrupt()
        ctx.check(challenge, _challenge(ctx), "challenge later")
    ctx.check(
        OK, ctx.module.transmit(_proof(challenge)).sw, "POS_AUTH in the later session", clause="FM-P-03"
    )
    books.sell()


@family(
    "uz.module.pos-lock.session-ends.{key}",
    rows={"select": "select", "deselect": "deselect", "power-cycle": "power_cycle"},
    target="module",
    clauses=["FM-P-04"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="After a proof the session ends by {key}.",
    expectation="The proof is gone: 9093, and Info says not authenticated.",
)
def session_ends(ctx: Context, how: str) -> None:
    """Authentication lives in the session."""
    books = _locked(ctx)
    _authenticate(ctx)
    getattr(ctx.module, how)()
    ctx.check(False, ctx.module.info().pos_auth, "authenticated in the new session")
    refused(ctx, _receipt(ctx, books), FAIL)


@family(
    "uz.module.pos-lock.wrong-proof.{key}",
    rows={
        "other-secret": lambda challenge: sha256(bytes(32) + challenge).digest(),
        "secret-alone": lambda _: sha256(SECRET).digest(),
        "other-way-round": lambda challenge: sha256(challenge + SECRET).digest(),
        "one-bit": lambda challenge: (
            bytes((sha256(SECRET + challenge).digest()[0] ^ 1,)) + sha256(SECRET + challenge).digest()[1:]
        ),
        "zeros": lambda _: bytes(32),
    },
    target="module",
    clauses=["FM-P-03"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="A bound module gets a wrong proof: {key}.",
    expectation="9093, the session is not authenticated and nothing has changed.",
)
def wrong_proof(ctx: Context, make: Callable[[bytes], bytes]) -> None:
    """32 bytes, but not the right ones."""
    books = _locked(ctx)
    proof = make(_challenge(ctx))
    refused(ctx, Command(0, 0x0C, 2, 0, proof), FAIL)
    ctx.check(False, ctx.module.info().pos_auth, "authenticated")
    refused(ctx, _receipt(ctx, books), FAIL, clause="FM-C-03")


@family(
    "uz.module.pos-lock.proof-size.{key}",
    rows={"none": 0, "31": 31, "33": 33, "64": 64},
    target="module",
    clauses=["FM-S-09", "FM-P-03"],
    requirements=["UZ-DEV-07"],
    needs=["test-keys"],
    description="A proof of {key} bytes is sent to a bound module.",
    expectation="6700, and the session is not authenticated.",
)
def proof_size(ctx: Context, size: int) -> None:
    """The right one, cut or longer."""
    _locked(ctx)
    proof = (sha256(SECRET + _challenge(ctx)).digest() * 2)[:size]
    refused(ctx, Command(0, 0x0C, 2, 0, proof), StatusWord.WRONG_LENGTH, clause="FM-S-09")


@case(
    "uz.module.pos-lock.proof-without-lock",
    target="module",
    clauses=["FM-P-03"],
    requirements=["UZ-SVC-05"],
    needs=["test-keys"],
    description="A module that is not bound gets a proof.",
    expectation="9093, and it sells without any.",
)
def proof_without_lock(ctx: Context) -> None:
    """There is nothing to prove."""
    books = begin(ctx)
    refused(ctx, _proof(_challenge(ctx)), FAIL)
    books.sell()


@case(
    "uz.module.pos-lock.undone-by-operator",
    target="module",
    clauses=["FM-Y-02", "FM-P-01", "G2-P-05"],
    requirements=["UZ-OFF-05", "UZ-SVC-05"],
    needs=["test-keys"],
    description=(
        "A bound module gets a sync that leaves the binding, then one that undoes it; it is bound anew."
    ),
    expectation=(
        "Bound after the first and over a power cycle, free after the second, bound by another secret then."
    ),
)
def undone_by_operator(ctx: Context) -> None:
    """The way out when a POS has died with its secret."""
    books = _locked(ctx)
    books.must(books.sync(books.ledger.last_operation), "sync without the flag")
    ctx.module.power_cycle()
    ctx.check(True, ctx.module.info().pos_locked, "bound after the first sync", clause="FM-Y-02")
    refused(ctx, _receipt(ctx, books), FAIL, clause="FM-C-03")
    answer = ctx.module.sync(undo_pos_lock=True)
    books.must(answer, "sync with the flag")
    ctx.check(False, ctx.module.info().pos_locked, "bound after the second sync", clause="FM-Y-02")
    books.sell()
    other = bytes(range(32))
    ctx.check(
        OK, ctx.module.transmit(_lock(other + sha256(other).digest())).sw, "POS_LOCK anew", clause="FM-P-01"
    )
    refused(ctx, _proof(_challenge(ctx)), FAIL, clause="FM-P-03", what="a proof by the first secret")
    ctx.check(
        OK, ctx.module.transmit(_proof(_challenge(ctx), other)).sw, "a proof by the second", clause="FM-P-03"
    )
    books.sell()
    books.compare()
