"""A shop under the hands of a driver: module, drive, till and operator, each of which can go down and be
started again from its disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from reference.drive.defects import Build, build_with
from reference.drive.rest import Asked
from reference.drive.settings import DriveSettings
from reference.drive.stage import FAULT_ACTIONS, FAULT_POINTS
from reference.pos.drive_client import DriveClient
from reference.pos.order_book import FAULT_POINT, OrderBook
from reference.pos.till import Till
from reference.pos.way import Answer, WayError
from reference.protocol.uz.message import Request
from reference.runtime.clock import LabClock
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_points
from tools.crashpoints.cuts import Cut, Kind, Part, Tap, Victim, Watch
from tools.crashpoints.images import Image, image_of, put_back
from tools.crashpoints.parts import (
    ADDRESS,
    Module,
    OperatorHouse,
    QuietSender,
    WatchedDrive,
    Wire,
    client_of,
)
from tools.crashpoints.witness import Witness


@dataclass(frozen=True, slots=True)
class Flaws:
    """Deliberate mistakes of the parts, by name."""

    module: tuple[str, ...] = ()
    drive: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()


@dataclass(slots=True)
class Checkpoint:
    """A shop at rest: what stands on the disks, what time it is, and what the world has seen of it."""

    images: dict[Part, Image]
    time: datetime
    witness: Witness
    online: bool = True


@dataclass(slots=True)
class _Running:
    module: Module | None = None
    drive: WatchedDrive | None = None
    till: Till | None = None
    operator: OperatorHouse | None = None
    pulled: int = field(default=0)


class Shop:
    """The parts in `folder`, one folder each. Everything happens in the caller's thread."""

    def __init__(self, folder: Path, start: datetime, seed: int, flaws: Flaws = Flaws()) -> None:
        self.folder = folder
        self.clock = LabClock.private(start, rate=0.0)
        self.seed = seed
        self.flaws = flaws
        self.watch = Watch(lambda part: image_of(self.home(part)))
        self.witness = Witness()
        self.online = True
        self.cuts = 0
        self.pull = 0
        """How many power-ups in a row fail after the module alone went down: it lies on the table."""
        self._up = _Running()

    @classmethod
    def at(cls, checkpoint: Checkpoint, folder: Path, seed: int, flaws: Flaws) -> Shop:
        """The shop of a checkpoint, in a folder of its own."""
        shop = cls(folder, checkpoint.time, seed, flaws)
        for part, image in checkpoint.images.items():
            put_back(image, shop.home(part))
        shop.witness = checkpoint.witness.copy()
        shop.online = checkpoint.online
        return shop

    def home(self, part: Part) -> Path:
        """The folder of a part."""
        return self.folder / part.value

    def checkpoint(self) -> Checkpoint:
        """The shop as it stands, between two steps."""
        images = {part: image_of(self.home(part)) for part in Part}
        return Checkpoint(images, self.clock.now(), self.witness.copy(), self.online)

    # --- the parts -----------------------------------------------------------------------------------

    @property
    def module(self) -> Module:
        """The module, which is there."""
        assert self._up.module is not None
        return self._up.module

    @property
    def drive(self) -> WatchedDrive:
        """The drive, which runs."""
        assert self._up.drive is not None
        return self._up.drive

    @property
    def till(self) -> Till:
        """The till, which runs."""
        assert self._up.till is not None
        return self._up.till

    @property
    def operator(self) -> OperatorHouse:
        """The operator, which runs."""
        assert self._up.operator is not None
        return self._up.operator

    @property
    def factory_id(self) -> str:
        """FactoryID of the module."""
        return self.module.slot.module.state.identity.factory_id

    @property
    def whole(self) -> bool:
        """Whether every part runs."""
        up = self._up
        return None not in (up.module, up.drive, up.till, up.operator)

    def start(self) -> bool:
        """Start what does not run, from what is on its disk, and let it recover; whether the drive was one.

        The till is not asked for anything here: a drive that was started finishes by itself what the module
        has registered (uz-fiscal G2-S-20).
        """
        up = self._up
        anew = up.drive is None
        up.pulled = 0
        if up.operator is None:
            up.operator = OperatorHouse(
                self.home(Part.OPERATOR), self.clock.part("operator"), self.watch, self.flaws.operator
            )
        if up.module is None:
            up.module = Module(
                self.home(Part.MODULE), self.clock.part("module"), self.watch, self.seed, self.flaws.module
            )
        if up.drive is None:
            up.drive = self._drive()
            up.drive.start()
        if up.till is None:
            up.till = self._till()
        self.drive.core.fleet.look()
        self.drive.core.sender.work()
        return anew

    def pass_time(self, seconds: float) -> None:
        """Lab time goes on, and who meant to do something later does it."""
        self.clock.advance(seconds)
        if self._up.operator is not None:
            self._up.operator.core.catch_up()

    def fall(self, cut: Cut) -> None:
        """Take the power from who is cut: only what stood on the disk at that moment is left."""
        self.cuts += 1
        for part, image in cut.images.items():
            self._end(part)
            put_back(image, self.home(part))
        self.watch.up()

    def close(self) -> None:
        """End everything."""
        for part in (Part.TILL, Part.DRIVE, Part.MODULE, Part.OPERATOR):
            self._end(part)
        self.clock.close()

    def _end(self, part: Part) -> None:
        up = self._up
        if part is Part.MODULE and up.module is not None:
            up.module.close()
            up.module = None
        elif part is Part.DRIVE and up.drive is not None:
            up.drive.stop()
            up.drive = None
        elif part is Part.TILL and up.till is not None:
            up.till.book.close()
            up.till = None
        elif part is Part.OPERATOR and up.operator is not None:
            up.operator.close()
            up.operator = None

    # --- how they are built --------------------------------------------------------------------------

    def _drive(self) -> WatchedDrive:
        clock = self.clock.part("drive")
        settings = DriveSettings.of(
            {
                "modules": (ADDRESS,),
                "auto_send": False,
                "presence_interval": 0.0,
                "defects": self.flaws.drive,
            }
        )

        def build(names: Sequence[str]) -> Build:
            found = build_with(names)
            sender = type("Quiet", (QuietSender, found.kit.sender), {})
            kit = replace(found.kit, operator=client_of(found.kit.operator, self._ask), sender=sender)
            return replace(found, kit=kit)

        self.home(Part.DRIVE).mkdir(parents=True, exist_ok=True)
        drive = WatchedDrive(
            settings,
            self.home(Part.DRIVE),
            clock,
            FaultPoints(FAULT_POINTS, clock, "drive", FAULT_ACTIONS),
            lambda *_, **__: None,
            seed=self.seed,
            link_maker=lambda _: Wire(self._plugged, self.watch, self._module_fell, self.witness.heard),
            builder=build,
        )
        drive.watch = self.watch
        return drive

    def _till(self) -> Till:
        clock = self.clock.part("till")
        tap = Tap(journal_points(FAULT_POINT), clock, Part.TILL, self.watch)
        client = DriveClient("http://drive", way=_Counter(self))
        return Till(client, OrderBook(self.home(Part.TILL) / "orders.journal", tap), clock)

    # --- the wires -----------------------------------------------------------------------------------

    def _plugged(self, powering: bool) -> Module | None:
        if self._up.pulled:
            self._up.pulled -= powering
            return None
        return self._up.module

    def _module_fell(self, cut: Cut) -> None:
        """The module alone: its power is back at once, or after `pull` further tries."""
        self.fall(cut)
        clock = self.clock.part("module")
        self._up.module = Module(self.home(Part.MODULE), clock, self.watch, self.seed, self.flaws.module)
        self._up.pulled = self.pull

    def _ask(self, request: Request) -> bytes:
        if not self.online or self._up.operator is None:
            raise ConnectionRefusedError("connection refused")
        try:
            answer = self._up.operator.answer(request)
            self.watch.reach(Kind.ANSWER, Part.OPERATOR, "answer")
        except Cut as cut:
            if cut.victim is not Victim.OPERATOR:
                raise
            self.fall(cut)
            raise ConnectionResetError("connection reset") from cut
        return answer.encode()

    def request(self, asked: Asked) -> Answer:
        """One request of the till to the drive; WayError when it does not answer."""
        drive = self._up.drive
        if drive is None:
            raise WayError("connection refused", sent=False)
        self.watch.request()
        try:
            answer = drive.answer(asked)
            self.watch.reach(Kind.ANSWER, Part.DRIVE, "/".join(asked.path.split("/")[2:4]))
        except Cut as cut:
            if cut.victim is not Victim.DRIVE:
                raise
            self.fall(cut)
            raise WayError("connection reset", sent=True) from cut
        return Answer(answer.status, HTTPStatus(answer.status).phrase, answer.body)


class _Counter:
    """The counter between till and drive: a request goes over it and comes back without a socket."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def post(self, path: str, content: bytes, kind: str, _headers: Mapping[str, str] | None = None) -> Answer:
        """The drive's answer."""
        return self._shop.request(Asked("POST", path, content_type=kind if content else "", body=content))

    def close(self) -> None:
        """Nothing is held."""
