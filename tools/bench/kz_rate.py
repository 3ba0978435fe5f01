"""Figures of the Kazakh operator under load: durable tickets a second beside a server that only answers."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Final

from reference.protocol.kz.frames import encode_frame
from tools.bench.children import child
from tools.bench.figures import Figure, at_least_or_share, at_least_share
from tools.bench.kz_fleet import Fleet, operator
from tools.bench.kz_load import ACCEPTED, VERSION

REGISTERS: Final = 64
ANSWER_BYTES: Final = 125
"""An accepted ticket's answer: header, result, fiscal sign, QR address."""
TICKETS_A_ROUND: Final = 60
"""Of every register."""
ROUNDS: Final = 15
SHARE: Final = 0.5
GOAL_KEPT: Final = 8_000


def tickets_a_second(
    folder: Path, *, kept: bool, rounds: int = ROUNDS, tickets: int = TICKETS_A_ROUND
) -> Figure:
    """Durable tickets of 64 registers; the floor is a canned answer to the same clients.

    Both servers are measured in turn, round by round, so that a busy moment meets both; the first round of
    each is not counted. `kept`: on one connection for each register, otherwise on one for each ticket.
    """
    body = ACCEPTED + bytes(ANSWER_BYTES - 18 - len(ACCEPTED))
    canned = encode_frame(VERSION, 1, 1, 1, body).hex()
    name = "kept" if kept else "single"
    with (
        child("tools.bench.kz_canned", ["--answer", canned], folder / f"canned-{name}.log") as bare,
        operator(folder / f"rate-{name}") as server,
        Fleet(server.provision(REGISTERS)) as fleet,
        Fleet([(number, 1) for number in range(1, REGISTERS + 1)]) as bare_fleet,
    ):
        floors, values = [], []
        for _ in range(rounds):
            floors.append(bare_fleet.run(bare["canned"], kept=kept, rounds=tickets).rate)
            values.append(fleet.run(server.address, kept=kept, rounds=tickets).rate)
    value, floor = (statistics.median(rates[1:]) for rates in (values, floors))
    if kept:
        return at_least_or_share(
            "kz: durable tickets, connections kept",
            value,
            "tickets/s",
            goal=GOAL_KEPT,
            floor=floor,
            share=SHARE,
        )
    return at_least_share(
        "kz: durable tickets, a connection each", value, "tickets/s", floor=floor, share=SHARE
    )
