"""Keys that make no fiscal document: INFO, goods, users, QR payments, and what a person sets right."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from reference.kkm.core import Answer, Turn
from reference.kkm.desk import Desk
from reference.kkm.keys import RefusalError, refusal_text
from reference.kkm.printing import answered_report
from reference.kkm.records import known_dialect
from reference.kkm.sender import Sender
from reference.kkm.texts import KEPT_TEXT, MODE_TEXTS
from reference.kkm.values import (
    AddressOrder,
    AuthOrder,
    Delivery,
    DocumentKind,
    Local,
    NomenclatureOrder,
    Order,
    Outcome,
    Pressed,
    PrintedDocument,
    QrOrder,
    TokenOrder,
)
from reference.links.address import AddressRefusedError, parse_endpoint, require_named, require_near
from reference.protocol.kz.client import Mode
from reference.protocol.kz.dialects import Command
from reference.protocol.kz.frames import DEFAULT_PORT
from reference.protocol.kz.money import set_money
from reference.protocol.kz.results import result_text

PULSE_SECONDS: Final = 5.0
"""Real seconds that a pulse waits at most for the sender to rest."""
_OK: Final = 0


class ServiceKeys:
    """The service keys of one register."""

    def __init__(self, desk: Desk, sender: Sender, rng: random.Random) -> None:
        self._desk = desk
        self._sender = sender
        self._rng = rng
        self._dialect = known_dialect(desk.settings.version)
        self._keys: Mapping[str, Callable[[Any], Pressed]] = {
            "token": self._token,
            "info": self._info,
            "nomenclature": self._nomenclature,
            "auth": self._auth,
            "qr": self._qr,
            "address": self._address,
            "remove-head": self._remove_head,
            "service-reset": self._service_reset,
            "pulse": self._pulse,
        }

    def press(self, key: str, order: Order) -> Pressed:
        """Do what the key says and return when its outcome is known."""
        try:
            return self._keys[key](order)
        except RefusalError as refusal:
            mode = self._desk.memory.mode
            return Pressed(Outcome.REFUSED, mode, local=refusal.local, text=refusal.text)

    # --- a person -----------------------------------------------------------------------------------------

    def _token(self, order: TokenOrder) -> Pressed:
        """A token typed in is kept and tried with INFO at once (kz-ofd MD-11); no line need be there."""
        desk = self._desk
        with contextlib.ExitStack() as held:
            with desk.waiting.hurry():
                held.enter_context(desk.wire)
            with desk.lock:
                turn = desk.keep(desk.core.typed(desk.memory, order.token), "token")
            if turn.memory.mode is not Mode.START:
                return self._done()
            turn, answer = desk.serve(Command.INFO, patient=False)
        self._sender.follow(turn)
        if answer is None:
            mode = turn.memory.mode
            text = " ".join(filter(None, (KEPT_TEXT, MODE_TEXTS.get(mode, ""))))
            return Pressed(Outcome.DONE, mode, text=text)
        return self._served(answer)

    def _address(self, order: AddressOrder) -> Pressed:
        try:
            endpoint = parse_endpoint(order.server, DEFAULT_PORT)
            require_named(endpoint.host)
            if not self._desk.settings.allow_any_host:
                require_near(endpoint.host, endpoint.host)
        except AddressRefusedError as error:
            raise RefusalError(Local.VALIDATION, str(error)) from error
        desk = self._desk
        with desk.lock:
            desk.keep(Turn(replace(desk.memory, server=str(endpoint))), "address")
        return self._done()

    def _remove_head(self, _order: Order) -> Pressed:
        """The refused message is removed, the queue goes on (kz-ofd MD-10)."""
        desk = self._desk
        with desk.lock:
            turn = desk.core.removed(desk.memory)
            if turn.row is None:
                raise RefusalError(Local.MODE)
            desk.keep(turn, "removed")
        self._sender.follow(turn)
        document = turn.documents[0] if turn.documents else None
        return Pressed(Outcome.DONE, turn.memory.mode, document=document)

    def _service_reset(self, _order: Order) -> Pressed:
        """A halted register begins anew (kz-ofd MD-12)."""
        desk = self._desk
        with desk.lock:
            turn = desk.core.reset(desk.memory)
            if turn.row is None:
                raise RefusalError(Local.MODE)
            desk.keep(turn, "reset")
        self._sender.at_once()
        return self._done()

    def _pulse(self, _order: Order) -> Pressed:
        """Wait until the background has nothing to do at this lab time."""
        self._desk.look_at_limit()
        if not self._desk.waiting.until_rest(PULSE_SECONDS):
            return Pressed(Outcome.REFUSED, self._desk.memory.mode, text="Обмен с ОФД продолжается.")
        return self._done()

    # --- service commands ---------------------------------------------------------------------------------

    def _info(self, _order: Order) -> Pressed:
        """INFO, asked for by a person; its counters are taken over (kz-ofd §3.3)."""
        turn, answer = self._serve(Command.INFO, None, (Mode.START, Mode.ONLINE))
        if answer is None or answer.code != _OK:
            return self._served(answer)
        report = answered_report(answer.version, answer.response)
        return self._slip(turn, replace(self._blank(DocumentKind.INFO), report=report))

    def _nomenclature(self, order: NomenclatureOrder) -> Pressed:
        """The operator's goods (kz-ofd §3.7)."""

        def fill(request: Any) -> None:
            request.nomenclature.current_version = self._desk.memory.nomenclature
            if order.barcode:
                request.nomenclature.barcode = order.barcode

        if order.barcode and not self._dialect.has("NomenclatureRequest.barcode"):
            raise RefusalError(Local.VERSION)
        turn, answer = self._serve(Command.NOMENCLATURE, fill)
        if answer is None or answer.code != _OK:
            return self._served(answer)
        goods = answer.response.nomenclature
        if not order.barcode and goods.elements:
            with self._desk.lock:
                memory = replace(self._desk.memory, nomenclature=goods.version)
                turn = self._desk.keep(Turn(memory), "nomenclature")
        text = f"Версия {goods.version}, результат {goods.result}, позиций {len(goods.elements)}"
        details = {
            "version": goods.version,
            "result": goods.result,
            "elements": [{"id": one.id, "title": one.title} for one in goods.elements],
        }
        slip = replace(self._blank(DocumentKind.NOMENCLATURE), text=text)
        return replace(self._slip(turn, slip), details=details)

    def _auth(self, order: AuthOrder) -> Pressed:
        """Name and password of a cashier (kz-ofd §3.6)."""

        def fill(request: Any) -> None:
            request.auth.login, request.auth.password = order.login, order.password

        _turn, answer = self._serve(Command.AUTH, fill)
        if answer is None or answer.code != _OK:
            return self._served(answer)
        auth = answer.response.auth
        details = {
            "result": auth.result,
            "operator_code": auth.operator_code,
            "operator_name": auth.operator_name,
            "roles": list(auth.roles),
        }
        outcome = Outcome.DONE if auth.result == _OK else Outcome.REFUSED
        text = "" if auth.result == _OK else result_text(12)
        return Pressed(outcome, self._desk.memory.mode, code=_OK, text=text, details=details)

    def _qr(self, order: QrOrder) -> Pressed:
        """A QR payment of 2.0.4: made with a sum, asked for without (kz-ofd §3.9)."""
        if self._dialect.tables < 204:
            raise RefusalError(Local.VERSION)
        if order.sum is None and order.invoice is None:
            raise RefusalError(Local.VALIDATION, "Нужна сумма или номер счёта.")
        invoice = self._rng.randint(1, 2**31 - 1) if order.invoice is None else order.invoice

        def fill(request: Any) -> None:
            request.qr.invoice_id = invoice
            if order.sum is not None:
                set_money(request.qr.amount, order.sum)

        command = Command.QR_GET_STATUS if order.sum is None else Command.QR_GENERATE
        _turn, answer = self._serve(command, fill)
        if answer is None or answer.code != _OK:
            return self._served(answer)
        details = {
            "invoice": invoice,
            "qr_code": answer.response.qr.qr_code,
            "status": answer.response.qr.status,
        }
        return Pressed(Outcome.DONE, self._desk.memory.mode, code=_OK, details=details)

    def _serve(
        self,
        command: Command,
        fill: Callable[[Any], None] | None,
        modes: tuple[Mode, ...] = (Mode.ONLINE,),
    ) -> tuple[Turn, Answer | None]:
        """Ask a service command where it may be asked. Raises RefusalError elsewhere (kz-ofd TP-1)."""
        desk = self._desk
        if desk.memory.token == 0:
            raise RefusalError(Local.TOKEN)
        if desk.memory.mode not in modes:
            raise RefusalError(Local.MODE, refusal_text(desk.memory))
        with desk.wire:
            if desk.memory.mode not in modes:
                raise RefusalError(Local.MODE, refusal_text(desk.memory))
            turn, answer = desk.serve(command, fill)
        self._sender.follow(turn)
        return turn, answer

    # --- the outcome --------------------------------------------------------------------------------------

    def _blank(self, kind: DocumentKind) -> PrintedDocument:
        memory = self._desk.memory
        return PrintedDocument(
            number=memory.printed + 1,
            kind=kind,
            time=self._desk.local,
            shift=memory.counters.shift_number,
            delivery=Delivery.NOT_SENT,
        )

    def _slip(self, turn: Turn, document: PrintedDocument) -> Pressed:
        desk = self._desk
        with desk.lock:
            numbered = replace(document, number=desk.memory.printed + 1)
            memory = replace(desk.memory, printed=numbered.number)
            desk.keep(Turn(memory, (numbered,)), "slip")
        return Pressed(Outcome.DONE, turn.memory.mode, code=_OK, document=numbered)

    def _served(self, answer: Answer | None) -> Pressed:
        mode = self._desk.memory.mode
        if answer is None:
            return Pressed(Outcome.REFUSED, mode, text="ОФД не отвечает.")
        if answer.code == _OK:
            return Pressed(Outcome.DONE, mode, code=_OK)
        text = answer.text or result_text(answer.code, answer.version)
        return Pressed(Outcome.REFUSED, mode, code=answer.code, text=text)

    def _done(self) -> Pressed:
        return Pressed(Outcome.DONE, self._desk.memory.mode)
