"""Cable and host in the hands of a person: what a module must keep that no program can take away from it."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.cases import family
from conformance.context import Context
from conformance.suites.uz.module.books import begin, still_sells

PULLED, NO_WAY = "done", "it cannot be done"


@dataclass(frozen=True, slots=True)
class Act:
    """What the person is asked to do with the module while its shift is open."""

    text: str


ACTS = {
    "pulled": Act("pull the module out of the computer, count to five, and plug it in at the same place"),
    "other-port": Act("pull the module out and plug it in at another port of the same computer"),
    "host-off": Act("switch the module's host off by its power switch and on again, and wait until it is up"),
}


@family(
    "uz.module.person.{key}",
    rows=ACTS,
    target="module",
    clauses=["FM-S-08", "EM-06"],
    requirements=["UZ-DEV-03", "UZ-USB-02"],
    needs=["person"],
    tags=["person"],
    description=lambda act: f"With a shift open and receipts in it, a person is asked to {act.text}.",
    expectation="Counters, sums, times and the shift are as before, and the next sale takes the next number.",
)
def act(ctx: Context, asked: Act) -> None:
    """Two receipts before and one after; the books of the judge span the act."""
    books = begin(ctx, "open")
    for _ in range(2):
        books.sell()
    books.compare()
    answer = ctx.ask_person(f"Please {asked.text}", (PULLED, NO_WAY))
    if answer == NO_WAY:
        ctx.not_applicable(f"the person says that it cannot be done: {asked.text}")
    ctx.module.power_cycle()
    books.compare()
    still_sells(ctx, "FM-R-01")
