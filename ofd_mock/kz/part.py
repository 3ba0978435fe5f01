"""The Kazakh operator as the control API sees it: state, snapshot, reset, and what a person can order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import pydantic
import sqlalchemy as sa

from ofd_mock.kz import archive, tables
from ofd_mock.kz import part_models as models
from ofd_mock.kz.numbers import registrations, require_free
from ofd_mock.kz.operator import KzOperator
from ofd_mock.kz.registry import DEFAULT_ADS, FIRST_ID
from ofd_mock.kz.rules import Rules
from ofd_mock.kz.settings import KzSettings
from ofd_mock.kz.values import Cashier, Device, Profile, Taxation
from ofd_mock.password_hashes import hashed
from reference.protocol.kz.device_states import DeviceState
from reference.protocol.kz.dialects import dialect_for
from reference.protocol.kz.errors import RangeError
from reference.protocol.kz.exchange import DeviceExchange, fresh_token, issue_token
from reference.protocol.kz.message_json import fill_from_json
from reference.protocol.kz.service import BoundTax, Registration, TicketAd
from reference.protocol.kz.tally import counters_to_json
from reference.runtime.control import ControlError, Operation, Part
from reference.runtime.control_models import Body

NAME: Final = "operator-kz"
DEVICES_SHOWN: Final = 100
SETTINGS_FILE: Final = "settings.json"

RulesOf = Callable[[KzSettings], Rules]
Result = Mapping[str, Any] | None
_BLOCKS: Final = {"ofd": DeviceState.BLOCKED_OFD, "money": DeviceState.BLOCKED_MONEY}


class KzPart(Part):
    """Part "operator-kz". `rules_of` makes the rules of given settings, deliberate mistakes included."""

    name = NAME

    def __init__(self, operator: KzOperator, rules_of: RulesOf) -> None:
        self.operator = operator
        self.ledger = operator.ledger
        self._rules_of = rules_of

    def state(self) -> dict[str, Any]:
        """Settings, counts, orders in force, and the first registers with their counters."""
        return {
            "settings": self.operator.settings.model_dump(mode="json"),
            "time": self.operator.time.isoformat(" "),
            "counts": self.ledger.counts(),
            "orders": [
                asdict(order) | {"when": order.when.value} for order in self.operator.desk.orders.orders
            ],
            "devices": {str(device.id): _shown(device) for device in self.ledger.devices(DEVICES_SHOWN)},
        }

    def snapshot(self, folder: Path) -> None:
        """Ledger and settings; orders of tests are not kept."""
        settings = self.operator.settings
        (folder / SETTINGS_FILE).write_text(settings.model_dump_json(indent=1), encoding="utf-8")
        self.operator.writer.run(lambda: archive.write(self.ledger, folder))

    def restore(self, folder: Path) -> None:
        """Ledger and settings as they were; ValueError leaves everything as it is."""
        settings = KzSettings.model_validate_json((folder / SETTINGS_FILE).read_bytes())
        self._put_in_force(self._rules_of(settings), lambda: archive.read(self.ledger, folder))

    def reset(self, settings: dict[str, Any]) -> None:
        """An empty ledger under new settings; those not given take their defaults."""
        self._put_in_force(self._rules_of(_valid(settings)), self.ledger.wipe)

    def operations(self) -> dict[str, Operation]:
        """What the portal does to registers, answers by order, and questions to the ledger."""
        return {
            "provision": Operation(
                "make registers, registered and with a token", models.Provision, self._provision
            ),
            "issue-token": Operation("make a new token (§4.5)", models.IssueToken, self._issue_token),
            "block": Operation(
                "block a register: code 15",
                models.Block,
                lambda body: self._state(body.id, _BLOCKS[body.reason]),
            ),
            "unblock": self._to_state("serve a blocked register again", None),
            "deregister": self._to_state(
                "take it off the register: 15, in 2.0.4 18", DeviceState.DEREGISTERED
            ),
            "disconnect": self._to_state("take its tariff away: 15, in 2.0.4 19", DeviceState.REG_NO_TARIFF),
            "suspend": self._to_state(
                "switch it off for a while; the first document switches it on", DeviceState.SUSPENDED
            ),
            "set-state": Operation(
                "put it into any state of §15.5",
                models.SetState,
                lambda body: self._state(body.id, body.state),
            ),
            "set-ads": Operation("publish ads", models.SetAds, self._set_ads),
            "set-taxation": Operation("bind a taxation", models.SetTaxation, self._set_taxation),
            "set-nomenclature": Operation("publish goods", models.SetNomenclature, self._set_nomenclature),
            "set-cashiers": Operation("say who may log in", models.SetCashiers, self._set_cashiers),
            "order": Operation("order an answer", models.GiveOrder, self._order),
            "clear-orders": Operation("take all orders back", Body, self._clear_orders),
            "settings": Operation(
                "change settings and keep the ledger", models.ChangeSettings, self._change_settings
            ),
            "move-invoice": Operation("move a QR payment on", models.MoveInvoice, self._move_invoice),
            "documents": Operation(
                "documents of a register by number",
                models.Page,
                lambda body: {
                    "documents": self.ledger.rows(tables.documents, body.id, body.after, body.limit)
                },
            ),
            "findings": Operation(
                "findings against a register",
                models.Page,
                lambda body: {"findings": self.ledger.rows(tables.findings, body.id, body.after, body.limit)},
            ),
        }

    def _put_in_force(self, rules: Rules, change: Callable[[], None]) -> None:
        def put() -> None:
            change()
            self.operator.rules = rules
            self.operator.desk.orders.clear()

        self.operator.writer.run(put)

    def _change_settings(self, body: models.ChangeSettings) -> Result:
        given = self.operator.settings.model_dump() | body.settings
        rules = self._rules_of(_valid(given))

        def put() -> None:
            self.operator.rules = rules

        self.operator.writer.run(put)
        return rules.settings.model_dump(mode="json")

    def _provision(self, body: models.Provision) -> Result:
        if body.count > 1 and (body.rnm or body.serial):
            raise ControlError("count", "alone", "rnm and serial are for one register only")

        def make() -> list[Device]:
            first = body.id or self.ledger.next_id(FIRST_ID)
            if first + body.count - 1 > models.LAST_ID:
                raise ControlError("count", "range", f"the last ID there can be is {models.LAST_ID}")
            names = ("rnm", "serial", "org_title", "org_inn", "org_address", "pos_title", "pos_address")
            given = {name: value for name in names if (value := getattr(body, name)) is not None}
            chosen = registrations(self.ledger, first, body.count, given)
            devices = [self._new(body, first + place, one) for place, one in enumerate(chosen)]
            self.ledger.add(devices)
            return devices

        made = [
            {
                "id": device.id,
                "token": device.exchange.issued,
                "rnm": device.profile.registration.rnm,
                "serial": device.profile.registration.serial,
                "org_inn": device.profile.registration.org_inn,
            }
            for device in self.operator.writer.run(make)
        ]
        return made[0] | {"devices": made}

    def _new(self, body: models.Provision, device_id: int, registration: Registration) -> Device:
        token = body.token
        if token is None:
            token = fresh_token(DeviceExchange(), self.operator.desk.chance.tokens)
        return Device(
            device_id, body.state, DeviceExchange(token), profile=Profile(registration, DEFAULT_ADS)
        )

    def _issue_token(self, body: models.IssueToken) -> Result:
        clears = self.operator.settings.token_issue_clears_last

        def issue(device: Device) -> Device:
            token = body.token or fresh_token(device.exchange, self.operator.desk.chance.tokens)
            return replace(device, exchange=issue_token(device.exchange, token, clears_last=clears))

        return {"token": self._change(body.id, issue).exchange.issued}

    def _to_state(self, description: str, state: DeviceState | None) -> Operation:
        return Operation(description, models.OneDevice, lambda body: self._state(body.id, state))

    def _state(self, device_id: int, state: DeviceState | None) -> Result:
        if state is not DeviceState.DEREGISTERED:
            require_free(self.ledger, device_id)

        def put(device: Device) -> Device:
            back = DeviceState.ACTIVE if device.documents else DeviceState.READY
            return replace(device, state=state or back)

        return {"state": self._change(device_id, put).state.value}

    def _set_ads(self, body: models.SetAds) -> Result:
        if len({ad.type for ad in body.ads}) < len(body.ads):
            raise ControlError("ads", "once", "one ad of each type")
        ads = tuple(TicketAd(ad.type, ad.version, ad.text) for ad in body.ads)
        self._profile(body.id, lambda profile: replace(profile, ads=ads))
        return None

    def _set_taxation(self, body: models.SetTaxation) -> Result:
        taxation = None
        if body.kind is not None:
            taxation = Taxation(body.kind, tuple(BoundTax(tax.percent, tax.tax_type) for tax in body.taxes))
        self._profile(body.id, lambda profile: replace(profile, taxation=taxation))
        return None

    def _set_nomenclature(self, body: models.SetNomenclature) -> Result:
        goods = None
        if body.version is not None:
            dialect = dialect_for(203)
            assert dialect is not None
            for place, element in enumerate(body.elements):
                try:
                    fill_from_json(dialect.messages.NomenclatureResponse.Element(), element)
                except RangeError as error:
                    raise ControlError(f"elements.{place}.{error.field}", "message", str(error)) from None
            created = self.operator.time.isoformat()
            goods = {"version": body.version, "created": created, "elements": body.elements}
        self._profile(body.id, lambda profile: replace(profile, nomenclature=goods))
        return None

    def _set_cashiers(self, body: models.SetCashiers) -> Result:
        cashiers = tuple(
            Cashier(one.login, hashed(one.password), one.code, one.name, tuple(one.roles))
            for one in body.cashiers
        )
        self._profile(body.id, lambda profile: replace(profile, cashiers=cashiers))
        return None

    def _order(self, body: models.GiveOrder) -> Result:
        order = self.operator.desk.orders.give(body.code, body.when, body.times, body.device, body.command)
        return {"number": order.number}

    def _clear_orders(self, _body: Body) -> None:
        self.operator.desk.orders.clear()

    def _move_invoice(self, body: models.MoveInvoice) -> Result:
        table = tables.invoices

        def move() -> int:
            self.ledger.catch_up()
            with self.ledger.engine.begin() as connection:
                chosen = sa.and_(table.c.device == body.id, table.c.invoice_id == body.invoice_id)
                return connection.execute(sa.update(table).where(chosen).values(status=body.status)).rowcount

        if not self.operator.writer.run(move):
            raise ControlError("invoice_id", "known", f"there is no payment {body.invoice_id}")
        return None

    def _profile(self, device_id: int, change: Callable[[Profile], Profile]) -> None:
        self._change(device_id, lambda device: replace(device, profile=change(device.profile)))

    def _change(self, device_id: int, change: Callable[[Device], Device]) -> Device:
        return self.operator.writer.run(lambda: self.ledger.change(device_id, change))


def _valid(settings: dict[str, Any]) -> KzSettings:
    try:
        return KzSettings.model_validate(settings)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ControlError(f"settings.{where}", first["type"], f"{where}: {first['msg']}") from None


def _shown(device: Device) -> dict[str, Any]:
    """A register as the state page shows it; its token is the lab's own, so it may be seen."""
    exchange = device.exchange
    return {
        "state": device.state.value,
        "issued": exchange.issued,
        "last_token": exchange.last_token,
        "last_req": exchange.last_req,
        "last_cmd": exchange.last_cmd,
        "documents": device.documents,
        "cancellable": device.cancellable,
        "counters": counters_to_json(device.counters),
        "registration": asdict(device.profile.registration),
    }
