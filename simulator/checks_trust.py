"""The checks of the commands by which operator and POS prove who they are (uz-fiscal §5.4)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from reference.protocol.uz.apdu import UNKNOWN_INDEX, pos_auth_digest
from reference.protocol.uz.errors import CodecError, StandinError
from reference.protocol.uz.standin import (
    ACK_REFUSALS,
    SYNC_REFUSALS,
    AckKind,
    read_ack_file,
    read_sync_file,
)
from reference.protocol.uz.status_words import StatusWord
from simulator.answers import pos_challenge, sync_challenge
from simulator.check import Check, length_check
from simulator.checks_reading import FIRST_INVALID_INDEX
from simulator.request import Request

SECRET_SIZE: Final = 32


# --- acknowledgements -------------------------------------------------------------------------------------


def _is_no_hint(request: Request) -> bool:
    return FIRST_INVALID_INDEX <= request.index < UNKNOWN_INDEX


def _reads_no_ack(request: Request) -> bool:
    return _ack_refusal(request) is StatusWord.INVALID_ACK_SIGNATURE


def _is_anothers_ack(request: Request) -> bool:
    return _ack_refusal(request) is StatusWord.WRONG_TERMINAL_ID


def _ack_refusal(request: Request) -> StatusWord | None:
    try:
        request.ack = read_ack_file(request.data, request.state.identity.terminal, request.keys.operator)
    except StandinError as error:
        return ACK_REFUSALS[error.reason]
    return None


def finds_nothing_to_acknowledge(request: Request) -> bool:
    """Whether the file names no record that waits; else the record is in the request (FM-A-01, FM-A-04)."""
    try:
        if request.ack.kind is AckKind.RECEIPT:
            return _finds_no_receipt(request)
        return _finds_no_z(request)
    except CodecError:
        return True


def _finds_no_receipt(request: Request) -> bool:
    number = request.ack.receipt_seq
    receipt = request.state.held_in_block(request.index)
    if receipt is None or receipt.number != number:
        receipt = request.state.receipts.get(number)
    if receipt is None:
        return True
    request.receipt = receipt
    return False


def _finds_no_z(request: Request) -> bool:
    close_time = request.ack.close_time
    state = request.state
    for index in (request.index, *state.unacknowledged_z):
        if index in state.unacknowledged_z and state.zreports[index].close_time == close_time:
            request.z_index = index
            return False
    return True


# --- state sync -------------------------------------------------------------------------------------------


def _reads_no_sync(request: Request) -> bool:
    return _sync_refusal(request) is StatusWord.INVALID_SYNC_SIGNATURE


def _is_anothers_sync(request: Request) -> bool:
    return _sync_refusal(request) is StatusWord.WRONG_TERMINAL_ID


def _sync_refusal(request: Request) -> StatusWord | None:
    terminal = request.state.identity.terminal
    try:
        request.sync = read_sync_file(request.data, terminal, key=request.keys.operator)
    except StandinError as error:
        return SYNC_REFUSALS[error.reason]
    return None


def _answers_another_challenge(request: Request) -> bool:
    return request.sync.challenge != sync_challenge(request.state)


# --- POS lock ---------------------------------------------------------------------------------------------


def _hashes_wrong(request: Request) -> bool:
    secret, digest = request.data[:SECRET_SIZE], request.data[SECRET_SIZE:]
    return hashlib.sha256(secret).digest() != digest


def _is_pos_locked(request: Request) -> bool:
    return request.state.pos_secret is not None


def _fails_authentication(request: Request) -> bool:
    secret = request.state.pos_secret
    if secret is None:
        return True
    return not hmac.compare_digest(request.data, pos_auth_digest(secret, pos_challenge(request.state)))


TRUST_CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "ACK": (
        length_check("ACK", "FM-S-09"),
        Check(1, "FM-A-04", StatusWord.INVALID_INDEX, _is_no_hint),
        Check(2, "FM-A-01", StatusWord.INVALID_ACK_SIGNATURE, _reads_no_ack),
        Check(3, "FM-A-01", StatusWord.WRONG_TERMINAL_ID, _is_anothers_ack),
        Check(4, "FM-A-01", StatusWord.NOT_FOUND, finds_nothing_to_acknowledge),
    ),
    "SYNC": (
        length_check("SYNC", "FM-S-09"),
        Check(2, "FM-Y-01", StatusWord.INVALID_SYNC_SIGNATURE, _reads_no_sync),
        Check(3, "FM-Y-01", StatusWord.WRONG_TERMINAL_ID, _is_anothers_sync),
        Check(4, "FM-Y-01", StatusWord.WRONG_SYNC_CHALLENGE, _answers_another_challenge),
    ),
    "POS_LOCK": (
        length_check("POS_LOCK", "FM-P-01"),
        Check(2, "FM-P-01", StatusWord.WRONG_DATA, _hashes_wrong),
        Check(3, "FM-P-01", StatusWord.ALREADY_POS_LOCKED, _is_pos_locked),
    ),
    "POS_CHALLENGE": (length_check("POS_CHALLENGE", "FM-S-09"),),
    "POS_AUTH": (
        length_check("POS_AUTH", "FM-S-09"),
        Check(2, "FM-P-03", StatusWord.POS_AUTH_FAIL, _fails_authentication),
    ),
    "SIGNED_CHALLENGE_AUTH": (length_check("SIGNED_CHALLENGE_AUTH", "FM-Q-01"),),
    "RECEIPT_RESCAN": (length_check("RECEIPT_RESCAN", "FM-S-09"),),
}
