"""What each command does once its checks have passed: its answer, and the durable changes it asks for.

An action changes nothing durable itself; whoever called it applies the changes when the flash has them.
Only the session, which no power cut spares, is touched here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from reference.protocol.uz.objects import Account
from reference.protocol.uz.standin import (
    AckKind,
    ZReportRecord,
    make_signed_challenge,
    make_zreport_file,
    record_of_block,
)
from reference.protocol.uz.values import encode_sign, encode_time
from simulator import answers, changes
from simulator.request import PURCHASE, Request
from simulator.sealing import Decision, Unsealed

if TYPE_CHECKING:
    from simulator.rulebook import RuleBook

Outcome: TypeAlias = tuple[bytes, tuple[Decision, ...]]
Action: TypeAlias = Callable[[Request, "RuleBook"], Outcome]

UNACKNOWLEDGED_LISTED: Final = 16
"""Z-reports one answer of GET_UNACK_ZREPORTS_INDEXES can hold (uz-fiscal §5.2)."""


# --- reading ----------------------------------------------------------------------------------------------


def get_version(request: Request, _book: RuleBook) -> Outcome:
    """The applet's version as a short."""
    return bytes.fromhex(request.state.settings.applet_version), ()


def get_info(request: Request, book: RuleBook) -> Outcome:
    """a0."""
    return book.encode(answers.info(request.state, request.session), request.data), ()


def get_memory_info(request: Request, book: RuleBook) -> Outcome:
    """a1."""
    return book.encode(answers.memory_info(request.state), request.data), ()


def get_unacknowledged(request: Request, _book: RuleBook) -> Outcome:
    """Reverse indexes of the oldest closed and unacknowledged Z-reports, ascending (FM-I-05)."""
    state = request.state
    newest = len(state.zreports) - 1
    oldest = [newest - index for index in islice(state.unacknowledged_z, UNACKNOWLEDGED_LISTED)]
    return b"".join(number.to_bytes(2, "big") for number in (len(oldest), *reversed(oldest))), ()


def get_z_info(request: Request, book: RuleBook) -> Outcome:
    """a2."""
    return book.encode(answers.z_info(request.state, request.z), request.data), ()


def get_z_file(request: Request, book: RuleBook) -> Outcome:
    """a4, the same bytes each time."""
    return book.encode(answers.z_file(request.state, request.z_index), b""), ()


def get_receipt_info(request: Request, book: RuleBook) -> Outcome:
    """a3; the cipher key only if asked for by its tag."""
    return book.encode(answers.receipt_info(request.state, request.receipt), request.data), ()


def get_receipt_file(request: Request, book: RuleBook) -> Outcome:
    """a5, the same bytes each time."""
    return book.encode(answers.receipt_file(request.state, request.receipt), b""), ()


# --- Z-report and receipt ---------------------------------------------------------------------------------


def open_z(request: Request, _book: RuleBook) -> Outcome:
    """A new Z-report."""
    return b"", (changes.Opened(request.data),)


def close_z(request: Request, _book: RuleBook) -> Outcome:
    """The Z-report's file, made and signed once."""
    state, z = request.state, request.state.zreports[-1]
    record = ZReportRecord(
        ordinal=len(state.zreports),
        open_time=z.open_time,
        close_time=request.time,
        sales=z.sales,
        refunds=z.refunds,
        first_receipt=z.first_number,
        last_receipt=z.last_number,
        cash=Account(z.cash.sale, z.cash.refund),
        card=Account(z.card.sale, z.card.refund),
        vat=Account(z.vat.sale, z.vat.refund),
    )
    file = make_zreport_file(request.keys.module, state.identity.terminal, record, len(state.zreports) - 1)
    assert file.data is not None
    assert file.signature is not None
    return b"", (changes.Closed(request.data, file.data, file.signature),)


def fiscal_sign(request: Request, number: int) -> str | None:
    """The sign of receipt `number`; advance and credit have none (FM-R-11)."""
    if request.block.type != PURCHASE:
        return None
    return request.keys.fiscal_sign(number)


def register(request: Request, book: RuleBook) -> Outcome:
    """The next number, its sign and cipher key, and the record of which the receipt's file is made."""
    state = request.state
    number = state.sequence + 1
    place = book.receipt_block(state.pool)
    assert place is not None
    sign = book.sign_for(request, number)
    cipher_key = request.keys.cipher_key(number)
    request.session.registered += 1
    sign_bytes = encode_sign(sign) if sign else b""
    unsealed = Unsealed(
        keys=request.keys.module,
        terminal=state.identity.terminal,
        number=number,
        type=request.block.type,
        record=record_of_block(request.data, sign_bytes, cipher_key),
        place=place,
        total_block=request.data,
        sign=sign_bytes,
        cipher_key=cipher_key,
    )
    answer = answers.registered(state.identity.encoded, number, request.time, sign_bytes, cipher_key)
    return answer, (unsealed,)


def repeat(request: Request) -> bytes:
    """The answer a held receipt got before (FM-R-01)."""
    held = request.receipt
    return answers.registered(
        request.state.identity.encoded, held.number, held.time, held.sign, held.cipher_key
    )


def rescan(request: Request, _book: RuleBook) -> Outcome:
    """The first unacknowledged time, computed anew."""
    first = request.state.earliest_held()
    if first == request.state.first_unacknowledged:
        return b"", ()
    return b"", (changes.Rescanned(encode_time(first) if first else b""),)


# --- operator and POS -------------------------------------------------------------------------------------


def acknowledge(request: Request, _book: RuleBook) -> Outcome:
    """The record the file names is acknowledged."""
    if request.ack.kind is AckKind.RECEIPT:
        return b"", (changes.ReceiptAcknowledged(request.receipt.number),)
    return b"", (changes.ZAcknowledged(request.z_index, encode_time(request.ack.time)),)


def sync(request: Request, _book: RuleBook) -> Outcome:
    """Time, lock and POS lock as the operator's file says; time does not go back unless allowed (§15)."""
    state, wanted = request.state, request.sync
    time = wanted.time if state.settings.sync_may_go_back else max(state.last_operation, wanted.time)
    locked = state.locked if wanted.lock is None else wanted.lock
    if wanted.undo_pos_lock:
        request.session.pos_authenticated = False
    return b"", (changes.Synced(locked, wanted.undo_pos_lock, encode_time(time)),)


def lock_to_pos(request: Request, _book: RuleBook) -> Outcome:
    """The module is bound to whoever knows the secret."""
    return b"", (changes.PosLocked(request.data[:32]),)


def challenge_pos(request: Request, _book: RuleBook) -> Outcome:
    """What the next POS_AUTH must answer."""
    return answers.pos_challenge(request.state), ()


def authenticate_pos(request: Request, _book: RuleBook) -> Outcome:
    """The next open, close or register of this session may pass."""
    request.session.pos_authenticated = True
    return b"", ()


def sign_challenge(request: Request, _book: RuleBook) -> Outcome:
    """The module proves that it is this terminal."""
    return make_signed_challenge(request.keys.module, request.state.identity.terminal, request.data), ()


ACTIONS: Final[dict[str, Action]] = {
    "GET_VERSION": get_version,
    "GET_INFO": get_info,
    "GET_FISCAL_MEMORY_INFO": get_memory_info,
    "GET_UNACK_ZREPORTS_INDEXES": get_unacknowledged,
    "GET_ZREPORT_INFO": get_z_info,
    "GET_ZREPORT_FILE": get_z_file,
    "ZREPORT_OPEN": open_z,
    "ZREPORT_CLOSE": close_z,
    "GET_RECEIPT_INFO": get_receipt_info,
    "GET_RECEIPT_FILE": get_receipt_file,
    "ACK": acknowledge,
    "SIGNED_CHALLENGE_AUTH": sign_challenge,
    "POS_LOCK": lock_to_pos,
    "POS_CHALLENGE": challenge_pos,
    "POS_AUTH": authenticate_pos,
    "SYNC": sync,
    "RECEIPT_REGISTER": register,
    "RECEIPT_RESCAN": rescan,
}
