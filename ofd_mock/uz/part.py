"""The operator as the control API sees it: state, snapshot, reset, and what a person can order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pydantic

from ofd_mock.uz import archive, inquiries
from ofd_mock.uz import part_models as models
from ofd_mock.uz.disturbance import share_glob
from ofd_mock.uz.inquiries import plain
from ofd_mock.uz.operator import Operator
from ofd_mock.uz.orders import Orders, enrolment_of_seed
from ofd_mock.uz.receipt_checks import enrolled_keys
from ofd_mock.uz.registry import Enrolment, Selector
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.settings import OperatorSettings
from reference.runtime.control import ControlError, Operation, Part

MODULES_SHOWN: Final = 100
SETTINGS_FILE: Final = "settings.json"

RulesOf = Callable[[OperatorSettings], Rules]
Result = Mapping[str, Any] | None


class OperatorPart(Part):
    """Part "operator". `rules_of` makes the rules of given settings, deliberate mistakes included."""

    name = "operator"

    def __init__(self, operator: Operator, orders: Orders, rules_of: RulesOf) -> None:
        self.operator = operator
        self.orders = orders
        self._rules_of = rules_of

    def state(self) -> dict[str, Any]:
        """Settings, counts, orders in force, and the first modules with their gaps and mismatches."""
        settings, ledger = self.operator.settings, self.orders.ledger
        with ledger.reading() as connection:
            counts = inquiries.counts(connection)
            modules = {
                row["terminal"]: plain(row)
                | {
                    "gaps": inquiries.gaps(connection, row["terminal"]),
                    "mismatches": self._mismatches(connection, row["terminal"]),
                }
                for row in inquiries.modules(connection, limit=MODULES_SHOWN)
            }
        hidden = {"check_key"}
        return {
            "settings": settings.model_dump(mode="json", exclude=hidden),
            "seed": self.operator.seed,
            "time": self.operator.time.isoformat(" "),
            "counts": counts,
            "orders": [
                {
                    "number": order.number,
                    "kind": order.kind.value,
                    "terminal": order.selector.pattern,
                    "share": order.selector.share,
                    "on": order.on,
                    "locked": order.locked,
                    "reason": order.reason,
                    "notice": order.notice,
                }
                for order in ledger.registry.directives
            ],
            "modules": modules,
        }

    def snapshot(self, folder: Path) -> None:
        """Ledger and settings."""
        settings = self.operator.settings
        (folder / SETTINGS_FILE).write_text(settings.model_dump_json(indent=1), encoding="utf-8")
        self.orders.writer.run(lambda: archive.write(self.orders.ledger, folder))

    def restore(self, folder: Path) -> None:
        """Ledger and settings as they were; ValueError leaves everything as it is."""
        settings = OperatorSettings.model_validate_json((folder / SETTINGS_FILE).read_bytes())
        rules = self._rules_of(settings)
        self._put_in_force(
            settings, rules, lambda: archive.read(self.orders.ledger, folder, unique=rules.unique)
        )

    def reset(self, settings: dict[str, Any]) -> None:
        """An empty ledger under new settings; those not given take their defaults."""
        try:
            chosen = OperatorSettings.model_validate(settings)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise ControlError(f"settings.{where}", first["type"], f"{where}: {first['msg']}") from None
        rules = self._rules_of(chosen)
        self._put_in_force(chosen, rules, lambda: self.orders.ledger.wipe(unique=rules.unique))
        give_first_orders(self.orders, chosen)

    def operations(self) -> dict[str, Operation]:
        """Orders about modules, questions to the ledger, and `disturb` for shares of modules."""
        return {
            **_standing_orders(self.orders),
            "register-taxpayer": Operation(
                "say whose module this is; the check page shows it", models.Taxpayer, self._register
            ),
            "enroll-key": Operation(
                "take the keys of a module with a seed of its own: its seed, or public and transport key",
                models.Enroll,
                self._enroll,
            ),
            "forget": Operation("lose all that a module has sent", models.OneModule, self._forget),
            "disturb": Operation(
                "lay a fault rule on one module, a share of the modules or all", models.Disturb, self._disturb
            ),
            "receipts": Operation("receipts of a module by number", models.ReceiptPage, self._receipts),
            "zreports": Operation("Z-reports of a module by close time", models.ZReportPage, self._zreports),
            "traces": Operation("files that were refused, newest first", models.TracePage, self._traces),
        }

    def _put_in_force(self, settings: OperatorSettings, rules: Rules, change: Callable[[], None]) -> None:
        def put() -> None:
            self.orders.writer.books += 1  # what is in work came to other ones
            change()
            self.orders.writer.rules = rules
            self.orders.writer.max_traces = settings.max_traces
            self.operator.rules, self.operator.settings = rules, settings

        self.orders.writer.run(put)

    def _mismatches(self, connection: Any, terminal: str) -> dict[str, Any]:
        count = self.operator.settings.count_advance_credit
        reports = inquiries.zreports(connection, terminal)
        found = {
            row["close_time"]: inquiries.mismatches(connection, row, count_advance_credit=count)
            for row in reports
        }
        return {close: mismatches for close, mismatches in found.items() if mismatches}

    def _register(self, body: models.Taxpayer) -> None:
        self.orders.register_taxpayer(body.terminal, body.tin, body.company, body.address, body.name)

    def _enroll(self, body: models.Enroll) -> Result:
        if body.seed is not None:
            enrolment = enrolment_of_seed(bytes.fromhex(body.seed))
        elif body.public_key is not None and body.transport_key is not None:
            enrolment = Enrolment(bytes.fromhex(body.public_key), bytes.fromhex(body.transport_key))
            enrolled_keys(enrolment)
        else:
            raise ControlError("seed", "required", "give seed, or public_key and transport_key")
        self.orders.enroll(body.terminal, enrolment)
        return {"public_key": enrolment.public_key.hex()}

    def _forget(self, body: models.OneModule) -> None:
        self.orders.writer.run(lambda: self.orders.ledger.forget(body.terminal))

    def _disturb(self, body: models.Disturb) -> Result:
        match = {"terminal": body.terminal}
        if body.share < 1:
            match["share"] = share_glob(body.share)
        if body.file:
            match["file"] = body.file
        rule = self.operator.faults.add(
            point=body.point,
            action=body.action,
            match=match,
            count=body.count,
            skip=body.skip,
            probability=body.probability,
            seed=body.seed,
            seconds=body.seconds,
            delay=body.delay,
            value=body.value,
        )
        return {"id": rule.id, "match": rule.match}

    def _receipts(self, body: models.ReceiptPage) -> Result:
        with self.orders.ledger.reading() as connection:
            rows = inquiries.receipts(connection, body.terminal, body.after, body.limit)
            gaps = inquiries.gaps(connection, body.terminal)
        return {"receipts": [plain(row) for row in rows], "gaps": gaps}

    def _zreports(self, body: models.ZReportPage) -> Result:
        count = self.operator.settings.count_advance_credit
        with self.orders.ledger.reading() as connection:
            rows = inquiries.zreports(connection, body.terminal, body.after, body.limit)
            found = [
                plain(row) | {"mismatches": inquiries.mismatches(connection, row, count_advance_credit=count)}
                for row in rows
            ]
        return {"zreports": found}

    def _traces(self, body: models.TracePage) -> Result:
        with self.orders.ledger.reading() as connection:
            rows = inquiries.traces(connection, body.terminal, body.limit)
        return {"traces": [plain(row) for row in rows]}


def give_first_orders(orders: Orders, settings: OperatorSettings) -> None:
    """What the settings say about modules from the start."""
    if settings.change_lock_state:
        orders.set_lock(Selector(), True, settings.lock_state == "Lock")
    for pattern in settings.generation_1:
        orders.mark_generation_1(Selector(pattern), True)


def _target(body: models.Target) -> Selector:
    return Selector(body.terminal, body.share, body.seed)


def _standing_orders(orders: Orders) -> dict[str, Operation]:
    """What is done to modules from now on: blocks, locks, marks, notices."""
    of = _target
    return {
        "block": _order(
            "take no files of these modules (NotActive)",
            models.Block,
            lambda body: orders.block(of(body), body.reason, body.notice),
        ),
        "unblock": _order("take their files again", models.Target, lambda body: orders.unblock(of(body))),
        "lock": _order(
            "lock at every state sync from now on",
            models.Target,
            lambda body: orders.set_lock(of(body), True, True),
        ),
        "unlock": _order(
            "unlock at every state sync from now on",
            models.Target,
            lambda body: orders.set_lock(of(body), True, False),
        ),
        "leave-lock": _order(
            "let state syncs leave the lock as it is",
            models.Target,
            lambda body: orders.set_lock(of(body), False, False),
        ),
        "pos-unlock": _pos_unlock(orders),
        "unlock-pos": _pos_unlock(orders),
        "mark-unknown": _order(
            "answer NotFound",
            models.MarkUnknown,
            lambda body: orders.mark_unknown(of(body), body.unknown),
        ),
        "mark-generation": _order(
            "generation 1: take unsigned advance and credit receipts",
            models.MarkGeneration,
            lambda body: orders.mark_generation_1(of(body), body.generation == 1),
        ),
        "notice": _order(
            "send a text with every answer (OKNotice); an empty one ends it",
            models.Notice,
            lambda body: orders.set_notice(of(body), body.notice),
        ),
    }


def _order(description: str, model: type[models.Target], give: Callable[[Any], Any]) -> Operation:
    def run(body: models.Target) -> Result:
        return {"number": give(body).number}

    return Operation(description, model, run)


def _pos_unlock(orders: Orders) -> Operation:
    return _order(
        "undo the POS lock at the next state sync, once",
        models.PosUnlock,
        lambda body: orders.set_pos_unlock(_target(body), body.wanted),
    )
