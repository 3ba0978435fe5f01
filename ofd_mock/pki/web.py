"""The authority over HTTP, where its certificates point to: lists, OCSP and timestamps (CA-10, CA-13)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Final

from asn1crypto import cms, tsp
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Blueprint, Response, request

from ofd_mock.pki.authority import Authority
from ofd_mock.pki.signing import SHA256_BYTES

MAX_REQUEST: Final = 64 * 1024
"""Bytes of an OCSP or timestamp request."""
_TYPES: Final = {
    "cer": "application/pkix-cert",
    "crl": "application/pkix-crl",
    "ocsp": "application/ocsp-response",
    "tsp": "application/timestamp-reply",
    "pem": "application/x-pem-file",
}
_STATEMENT: Final = (
    "TEST. Certificates of this authority are made up by Kassalab for tests.\n"
    "They prove nothing about anybody, and no real service may accept them.\n"
)


def authority_blueprint(authority: Authority, now: Callable[[], datetime]) -> Blueprint:
    """Serves `authority` at the root of an app; `now` is the lab time of whoever serves it."""
    blueprint = Blueprint("authority", __name__)

    def der(path: str, make: Callable[[], bytes]) -> None:
        kind = _TYPES[path.rpartition(".")[2]]
        blueprint.add_url_rule(path, path.replace(".", "-"), lambda: Response(make(), mimetype=kind))

    root, issuing = authority.root.certificate, authority.issuing.certificate
    der("/root.cer", lambda: root.public_bytes(Encoding.DER))
    der("/issuing.cer", lambda: issuing.public_bytes(Encoding.DER))
    der("/trust.pem", authority.trust_file.read_bytes)
    der("/crl/root.crl", lambda: authority.root_crl(now()))
    der("/crl/issuing.crl", lambda: authority.crl(now()))
    der("/crl/issuing-delta.crl", lambda: authority.crl(now(), delta=True))

    @blueprint.post("/ocsp")
    def ocsp() -> Response:
        return Response(authority.ocsp(request.get_data()[:MAX_REQUEST], now()), mimetype=_TYPES["ocsp"])

    @blueprint.get("/ocsp/<path:encoded>")
    def ocsp_by_address(encoded: str) -> Response:
        try:
            asked = base64.b64decode(encoded)
        except (binascii.Error, ValueError):
            asked = b""
        return Response(authority.ocsp(asked, now()), mimetype=_TYPES["ocsp"])

    @blueprint.post("/tsp")
    def timestamp() -> Response:
        answer = answer_timestamp(authority, request.get_data()[:MAX_REQUEST], now())
        return Response(answer, mimetype=_TYPES["tsp"])

    @blueprint.get("/cps")
    def statement() -> Response:
        return Response(_STATEMENT, mimetype="text/plain")

    return blueprint


def answer_timestamp(authority: Authority, asked: bytes, now: datetime) -> bytes:
    """DER of the TimeStampResp (RFC 3161) to a request; what it cannot serve is rejected, never raised."""
    try:
        wanted = tsp.TimeStampReq.load(asked, strict=True)
        imprint = wanted["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        digest, nonce = imprint["hashed_message"].native, wanted["nonce"].native
    except (ValueError, TypeError, KeyError):
        return _rejected("bad_data_format")
    if algorithm != "sha256" or len(digest) != SHA256_BYTES:
        return _rejected("bad_alg")
    token = authority.timestamp(digest, now, nonce)
    granted = {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
    return bytes(tsp.TimeStampResp(granted).dump())


def _rejected(failure: str) -> bytes:
    # A response without its token: asn1crypto knows no such thing, so the outer sequence is put around here.
    status = tsp.PKIStatusInfo({"status": "rejection", "fail_info": {failure}}).dump()
    return bytes([0x30, len(status)]) + bytes(status)
