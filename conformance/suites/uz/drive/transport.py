"""How the drive is reached: paths, methods, parameters (uz-fiscal §4.1)."""

from __future__ import annotations

from conformance.cases import case
from conformance.context import Context


@case(
    "uz.drive.transport.unknown-path",
    target="drive",
    clauses=["S-4.6", "G2-T-09"],
    requirements=["UZ-SVC-05"],
    description="A path that is none of the drive's is asked for.",
    expectation="404 and a JSON body with Reason and Type, no stack trace.",
)
def unknown_path(ctx: Context) -> None:
    """The body is what every client reads its error from."""
    reply = ctx.drive.post("/FiscalDrive/Nothing/Here")
    ctx.check(404, reply.status, "status", clause="S-4.6")
    ctx.check_that(bool(reply.reason), "a Reason", reply.text[:200], "error body", clause="G2-T-09")
    ctx.check_that("Traceback" not in reply.text, "no stack trace", reply.text[:200], "error body")
