"""Binding a module to one POS: lock, challenge, header, and who undoes it (uz-fiscal G2-P-01…06)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from conformance.cases import case, family
from conformance.context import Context
from conformance.drivers.drive import DriveDriver
from conformance.drivers.drive_client import Reply
from conformance.suites.uz.drive.trade import accepted, ready, refused, still, unbound, unchanged
from conformance.vectors import uz_vectors
from reference.protocol.uz.values import format_json_time

FAILED = "9093 - POS_AUTH_FAIL"
NEEDS = ("card", "operator-control")


@dataclass(slots=True)
class Pos:
    """The POS that holds the secret."""

    drive: DriveDriver
    secret: bytes

    @property
    def key(self) -> str:
        """SecretKey of POS/Lock: the secret and its hash."""
        return (self.secret + hashlib.sha256(self.secret).digest()).hex()

    def lock(self) -> Reply:
        """POS/Lock."""
        return self.drive.post(f"/POS/Lock/{self.drive.factory}", form={"SecretKey": self.key})

    def challenge(self) -> str:
        """POS/Challenge, which must answer 64 hex digits."""
        text = self.drive.post(f"/POS/Challenge/{self.drive.factory}").demand().text.strip('"')
        return bytes.fromhex(text).hex()

    def header(self, challenge: str | None = None) -> str:
        """X-POS-Auth for a challenge, by default the one that holds now."""
        text = self.challenge() if challenge is None else challenge
        return hashlib.sha256(self.secret + bytes.fromhex(text)).hexdigest()

    def attempt(self, header: str) -> Reply:
        """POS/Auth, the trial."""
        return self.drive.post(f"/POS/Auth/{self.drive.factory}", headers={"X-POS-Auth": header})


@contextmanager
def bound(ctx: Context, shift: str = "open") -> Iterator[Pos]:
    """A POS whose module is locked to it; the operator undoes the lock afterwards."""
    drive = still(ctx, shift)  # type: ignore[arg-type]
    pos = Pos(drive, bytes(ctx.rng.randrange(256) for _ in range(32)))
    accepted(ctx, pos.lock(), "POS/Lock", clause="S-4.2")
    ctx.check(True, drive.info()["POSLocked"], "POSLocked", clause="S-4.3")
    try:
        yield pos
    finally:
        undo(ctx, drive)


def undo(ctx: Context, drive: DriveDriver) -> None:
    """The operator undoes the POS lock at a state sync."""
    terminal = drive.info()["TerminalID"]
    drive.state_page(pos_unlock="POS Unlock", terminal=terminal)
    accepted(ctx, drive.sync_state(), "state sync that undoes the POS lock", clause="G2-P-05")


@family(
    "uz.drive.pos-lock.refused.{key}",
    rows={
        "secret-alone": (32, 0, "6700 - WRONG_LENGTH"),
        "63-bytes": (63, 0, "6700 - WRONG_LENGTH"),
        "65-bytes": (65, 0, "6700 - WRONG_LENGTH"),
        "wrong-hash": (64, 1, "6A80 - WRONG_DATA"),
    },
    target="drive",
    clauses=["G2-P-01", "FM-P-01"],
    requirements=["UZ-SVC-05"],
    needs=["card"],
    description="A POS lock is tried with data that is none: {key}.",
    expectation=lambda row: f"400 `{row[2]}`, and the module is not POS-locked.",
)
def lock_refused(ctx: Context, row: tuple[int, int, str]) -> None:
    """A POS that binds itself by a typing error would be shut out for good."""
    size, flip, reason = row
    drive = ready(ctx, None)
    data = bytearray(bytes.fromhex(Pos(drive, bytes(range(32))).key) + b"\0")[:size]
    data[-1] ^= flip
    with unbound(ctx, "G2-P-01"):
        reply = drive.post(f"/POS/Lock/{drive.factory}", form={"SecretKey": data.hex()})
        refused(ctx, reply, 400, reason)


@case(
    "uz.drive.pos-lock.twice",
    target="drive",
    clauses=["G2-P-02"],
    requirements=["UZ-SVC-05"],
    needs=NEEDS,
    description="A POS-locked module is locked again, with the same and with another secret.",
    expectation="500 `9092 - ALREADY_POS_LOCKED` both times, and the first secret still counts.",
)
def twice(ctx: Context) -> None:
    """No second POS can take the module over."""
    with bound(ctx) as pos:
        other = Pos(pos.drive, bytes(32))
        for each in (pos, other):
            refused(ctx, each.lock(), 500, "9092 - ALREADY_POS_LOCKED")
        accepted(ctx, pos.attempt(pos.header()), "POS/Auth by the first secret", clause="G2-P-03")
        refused(ctx, other.attempt(other.header()), 500, FAILED, clause="FM-P-03")


Locked = Callable[[DriveDriver, str], Reply]


def _open(drive: DriveDriver, auth: str) -> Reply:
    return drive.open(auth=auth)


def _close(drive: DriveDriver, auth: str) -> Reply:
    return drive.close_shift(auth=auth)


def _register(drive: DriveDriver, auth: str) -> Reply:
    return drive.register_txid(drive.txid_of(drive.get_txid(drive.receipt()).demand()), auth=auth)


OPERATIONS: dict[str, tuple[str, Locked]] = {
    "open": ("closed", _open),
    "close": ("open", _close),
    "register": ("open", _register),
}


@family(
    "uz.drive.pos-lock.header.{key}",
    rows=OPERATIONS,
    target="drive",
    clauses=["G2-P-03", "G2-P-04"],
    requirements=["UZ-SVC-05"],
    needs=NEEDS,
    description="At a POS-locked module {key} is tried without the header, with wrong ones, and with the "
    "right one.",
    expectation="500 `9093 - POS_AUTH_FAIL` and nothing changed each time; then it works; then the old "
    "header fails.",
)
def header(ctx: Context, row: tuple[str, Locked]) -> None:
    """The header is SHA-256 of secret and challenge, and good for one operation."""
    shift, operation = row
    drive = still(ctx, shift)  # type: ignore[arg-type]
    if operation is _close:
        drive.sell()
    pos = Pos(drive, bytes(ctx.rng.randrange(256) for _ in range(32)))
    accepted(ctx, pos.lock(), "POS/Lock", clause="S-4.2")
    try:
        stranger = Pos(drive, bytes(31) + b"\1")
        with unchanged(ctx, "G2-P-03"):
            for wrong in ("", stranger.header(), pos.header("00" * 32), "zz", "00" * 31):
                refused(ctx, operation(drive, wrong), 500, FAILED)
        before = pos.challenge()
        used = pos.header(before)
        accepted(ctx, operation(drive, used), "with the right header")
        ctx.check_that(pos.challenge() != before, "another challenge", before, "challenge", clause="G2-P-04")
        last = _register if operation is not _close else _open
        refused(ctx, last(drive, used), 500, FAILED, clause="G2-P-04")
    finally:
        undo(ctx, drive)


@case(
    "uz.drive.pos-lock.challenge",
    target="drive",
    clauses=["FM-P-02", "FM-P-03", "G2-P-04"],
    requirements=["UZ-SVC-05"],
    needs=NEEDS,
    description="The challenge is read three times, tried by POS/Auth twice, and used for a registration.",
    expectation="It stays the same until the registration, trials do not use it up, and then it is another "
    "one.",
)
def challenge(ctx: Context) -> None:
    """A host reads it in one session and uses it in the next."""
    with bound(ctx) as pos:
        seen = [pos.challenge() for _ in range(3)]
        ctx.check([seen[0]] * 3, seen, "challenges")
        ctx.check(64, len(seen[0]), "length of the challenge", clause="S-4.2")
        for _ in range(2):
            reply = accepted(ctx, pos.attempt(pos.header(seen[0])), "POS/Auth", clause="FM-P-03")
            ctx.check("OK", reply.text, "answer", clause="G2-T-08")
        accepted(ctx, _register(pos.drive, pos.header(seen[0])), "registration", clause="G2-P-03")
        ctx.check_that(
            pos.challenge() != seen[0], "another challenge", seen[0], "challenge", clause="G2-P-04"
        )


@case(
    "uz.drive.pos-lock.challenge-after-failure",
    target="drive",
    clauses=["G2-P-04", "FM-P-04"],
    requirements=["UZ-SVC-05"],
    needs=NEEDS,
    description="With a good header a second opening is refused as 9022; the same header is used again.",
    expectation="The header is spent although the operation failed: 9093; a new one works.",
)
def challenge_after_failure(ctx: Context) -> None:
    """Past the check of the lock, whatever the outcome."""
    with bound(ctx) as pos:
        used = pos.header()
        refused(ctx, pos.drive.open(auth=used), 500, "9022 - ZREPORT_IS_NOT_CLOSED", clause="FM-Z-01")
        refused(ctx, _register(pos.drive, used), 500, FAILED)
        accepted(ctx, _register(pos.drive, pos.header()), "with a new header", clause="G2-P-03")


@case(
    "uz.drive.pos-lock.unlock-by-sync",
    target="drive",
    clauses=["G2-P-05", "S-11.10"],
    requirements=["UZ-SVC-05"],
    needs=NEEDS,
    description="A state sync without and one with the operator's POS Unlock; afterwards a header that "
    "means nothing.",
    expectation="Only the second undoes the lock; then the header is ignored and needed no more.",
)
def unlock_by_sync(ctx: Context) -> None:
    """No secret helps: only the operator undoes the lock."""
    drive = still(ctx)
    pos = Pos(drive, bytes(ctx.rng.randrange(256) for _ in range(32)))
    accepted(ctx, pos.lock(), "POS/Lock", clause="S-4.2")
    accepted(ctx, drive.sync_state(), "a plain state sync", clause="S-11.8")
    ctx.check(True, drive.info()["POSLocked"], "POSLocked after a plain state sync")
    undo(ctx, drive)
    ctx.check(False, drive.info()["POSLocked"], "POSLocked after POS Unlock")
    for auth in ("", "zz", "00" * 32):
        accepted(ctx, _register(drive, auth), f"registration with header {auth!r}")
    refused(ctx, pos.attempt(pos.header("00" * 32)), 500, FAILED, clause="FM-P-03")


@case(
    "uz.drive.pos-lock.stored-answer",
    target="drive",
    clauses=["G2-S-08", "G2-P-03"],
    requirements=["UZ-SVC-06"],
    needs=NEEDS,
    description="A receipt is registered at a POS-locked module, and RegisterTXID repeated without a header.",
    expectation="The first answer again: what is stored needs no module and no proof.",
)
def stored_answer(ctx: Context) -> None:
    """The challenge is not used up either."""
    with bound(ctx) as pos:
        drive = pos.drive
        receipt = drive.receipt(Time=format_json_time(drive.next_time()))
        txid = drive.txid_of(accepted(ctx, drive.get_txid(receipt), "GetTXID"))
        first = accepted(ctx, drive.register_txid(txid, auth=pos.header()), "registration").json
        before = pos.challenge()
        ctx.check(first, accepted(ctx, drive.register_txid(txid), "the repeat").json, "answer")
        ctx.check(before, pos.challenge(), "challenge", clause="FM-P-04")


@case(
    "uz.drive.pos-lock.vector",
    target="drive",
    clauses=["G2-P-06", "G2-P-01"],
    requirements=["UZ-SVC-05"],
    needs=NEEDS,
    description="The published secret locks the module, and the published header is what this judge "
    "computes.",
    expectation="OK; the published answer to the published challenge; a header made the same way opens the "
    "way.",
)
def vector(ctx: Context) -> None:
    """Both are tried on the real challenge, of which no vector can speak."""
    published = uz_vectors()["pos_lock"]
    drive = still(ctx)
    pos = Pos(drive, bytes.fromhex(published["secret_hex"]))
    ctx.check(published["pos_lock_data_hex"], pos.key, "SecretKey")
    ctx.check(published["auth_hex"], pos.header(published["challenge_hex"]), "X-POS-Auth")
    accepted(ctx, pos.lock(), "POS/Lock")
    try:
        accepted(
            ctx,
            _register(drive, pos.header().upper()),
            "registration, the header in capitals",
            clause="G2-P-03",
        )
    finally:
        undo(ctx, drive)
