"""The parts of a shop in one thread: the module behind a link, the operator behind the drive's client.

They are the parts as they are, with the wires between them replaced by calls; threads that act by
themselves (the drive's sender, the operator's database writer) are replaced by calls of the driver, so that a
day runs the same each time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from typing_extensions import override

from ofd_mock.defects import rules_with_defects
from ofd_mock.uz.checking import Bundle, Checking, verify_bundles
from ofd_mock.uz.disturbance import ACTIONS, POINTS
from ofd_mock.uz.ledger import Ledger
from ofd_mock.uz.operator import Operator as OperatorCore
from ofd_mock.uz.registry import DirectiveKind, Selector
from ofd_mock.uz.rules import Rules
from ofd_mock.uz.settings import OperatorSettings
from ofd_mock.uz.values import Intent, Settlement, Submission
from ofd_mock.uz.writer import LedgerWriter
from reference.drive.background import BackgroundSender
from reference.drive.drive import DATABASE, Drive
from reference.drive.operator import Operator as OperatorClient
from reference.drive.transactions import Database
from reference.links.address import Endpoint
from reference.links.errors import LinkLost, NoModule
from reference.protocol.uz.apdu import ATR_VENDOR, Command
from reference.protocol.uz.message import Request, Response
from reference.protocol.uz.values import format_compact_time, to_tashkent
from reference.runtime.chance import generator
from reference.runtime.clock import PartClock
from reference.runtime.database import open_engine
from reference.runtime.events import EventLog
from reference.runtime.faults import FaultPoints
from reference.runtime.journal import journal_points
from simulator.flash import WRITE_POINT, Flash
from simulator.rack import Rack
from simulator.settings import DEFAULT_TERMINAL, ModuleSettings
from tools.crashpoints.cuts import Cut, Kind, Part, Tap, Watch

ADDRESS: Final = "tcp://127.0.0.1:4387"
"""What the drive calls the module; nothing listens there."""
FLASH_RESERVE: Final = 16 * 1024

_Result = TypeVar("_Result")


class Module:
    """One module with its flash in `folder`."""

    def __init__(
        self, folder: Path, clock: PartClock, watch: Watch, seed: int, defects: Sequence[str] = ()
    ) -> None:
        points = journal_points(WRITE_POINT)
        self.flash = Flash(folder, Tap(points, clock, Part.MODULE, watch), FLASH_RESERVE)
        self.rack = Rack(self.flash, clock, generator(seed, "module"))
        self.rack.fill([ModuleSettings(start_locked=True, blocks=64, defects=tuple(defects))])
        self.slot = self.rack.slots[0]

    def close(self) -> None:
        """Let go of the flash; nothing is written."""
        self.flash.close()


class Wire:
    """The link to the module. `module` gives the one plugged in, None when it is pulled, and is told whether
    it is being powered up; `fallen` is told of
    a cut that the module alone suffers; `heard` sees every answer that arrives."""

    def __init__(
        self,
        module: Callable[[bool], Module | None],
        watch: Watch,
        fallen: Callable[[Cut], None],
        heard: Callable[[bytes, bytes], None],
    ) -> None:
        self._module = module
        self._watch = watch
        self._fallen = fallen
        self._heard = heard

    @property
    def name(self) -> str:
        """As the drive's settings name it."""
        return ADDRESS.removeprefix("tcp://")

    def open(self) -> bytes:
        """Power up."""
        self._plugged(True).slot.module.power_up()
        return ATR_VENDOR

    def transmit(self, command: bytes) -> bytes:
        """One exchange with a moment on either side of it."""
        name = Command(*command[:4]).title
        try:
            module = self._plugged(False)
            self._watch.reach(Kind.COMMAND, Part.MODULE, name)
            answer = module.rack.exchange(module.slot, command)
            self._watch.reach(Kind.REPLY, Part.MODULE, name)
        except Cut as cut:
            if Part.MODULE not in cut.images or len(cut.images) > 1:
                raise
            self._fallen(cut)
            raise LinkLost(f"{self.name}: the module is gone") from cut
        self._heard(command, answer)
        return answer

    def close(self) -> None:
        """Power down."""
        module = self._module(False)
        if module is not None:
            module.slot.module.power_up()

    def _plugged(self, powering: bool) -> Module:
        module = self._module(powering)
        if module is None:
            raise NoModule(f"{self.name}: nothing plugged in")
        return module


def hook_commits(engine: sa.Engine, part: Part, watch: Watch) -> None:
    """Make every commit of a database a moment: before it, and when it is done."""
    commit = engine.dialect.do_commit

    def watched(connection: Any) -> None:
        watch.writing(part, "commit")
        commit(connection)
        watch.written(part)

    setattr(engine.dialect, "do_commit", watched)  # noqa: B010 - the one place through which commits go


class WatchedDrive(Drive):
    """A drive whose commits are moments of `watch`, which is set before it is started."""

    watch: Watch

    @override
    def _open_database(self) -> Database:
        if not (self.folder / DATABASE).exists():
            super()._open_database().engine.dispose()
        engine = open_engine(self.folder / DATABASE, {})
        hook_commits(engine, Part.DRIVE, self.watch)
        return Database(engine)


class QuietSender(BackgroundSender):
    """A sender that acts when the driver of the day says so."""

    @override
    def start(self) -> None:
        """No thread."""


class Ready(Awaitable[_Result]):
    """Something to wait for that is there already."""

    def __init__(self, value: _Result) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, _Result]:
        yield from ()
        return self._value


class DirectWriter(LedgerWriter):
    """Settles each request in the caller's thread, in a transaction of its own."""

    def __init__(self, ledger: Ledger, rules: Rules, now: Callable[[], str], max_traces: int) -> None:
        # Not the constructor of the class above, which starts a thread.
        self.ledger = ledger
        self.rules = rules
        self.max_traces = max_traces
        self._now = now

    @override
    def submit(self, submission: Submission) -> Any:
        return Ready(self._settle_now([submission])[0])


class DirectChecking(Checking):
    """Verifies in the caller's thread."""

    def __init__(self) -> None:
        super().__init__(slots=1)

    @override
    async def verify(self, rules: Rules, settings: OperatorSettings, bundle: Bundle) -> Sequence[Intent]:
        return verify_bundles([(rules.verifier, bundle)])[0]

    @override
    async def start(self) -> None:
        """Nothing to start."""

    @override
    def close(self) -> None:
        """Nothing to end."""

    @override
    async def _run(self, tasks: Any) -> list[list[Intent]]:
        raise NotImplementedError  # never asked: `verify` does the work


class PunctualOperator(OperatorCore):
    """What it means to store later waits in memory until the driver lets time pass."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.later: list[Submission] = []

    @override
    def settle_later(self, submission: Submission, seconds: float) -> None:
        self.later.append(submission)

    @override
    async def settle(self, submission: Submission) -> Settlement:
        return await self.writer.submit(submission)

    def catch_up(self) -> None:
        """Store what was put off."""
        late, self.later = self.later, []
        for submission in late:
            run(self.settle(submission))


def run(work: Any) -> Any:
    """The result of a coroutine that never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("the operator waits for something, though everything it needs is there")


class OperatorHouse:
    """The operator with its ledger in `folder`."""

    def __init__(self, folder: Path, clock: PartClock, watch: Watch, defects: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        settings = OperatorSettings.model_validate({"defects": tuple(defects)})
        rules = rules_with_defects(settings)
        engine = open_engine(folder / "ledger.sqlite", {})
        self.ledger = Ledger(engine)
        if not rules.unique and not self.ledger.registry.directives:
            self.ledger.wipe(unique=False)
        if not self.ledger.registry.directives:
            self._unlock_all()
        hook_commits(engine, Part.OPERATOR, watch)

        def now() -> str:
            return format_compact_time(to_tashkent(clock.now()))

        writer = DirectWriter(self.ledger, rules, now, settings.max_traces)
        faults = FaultPoints(POINTS, clock, "operator", ACTIONS)
        events = EventLog(None, clock, "operator")
        self.core = PunctualOperator(settings, rules, writer, DirectChecking(), clock, faults, events, 0)

    def answer(self, request: Request) -> Response:
        """What comes back over the wire."""
        return Response.decode(run(self.core.handle(request.encode())).data)

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.engine.dispose()

    def _unlock_all(self) -> None:
        self.ledger.issue(DirectiveKind.LOCK, Selector(DEFAULT_TERMINAL), on=True, locked=False)


def client_of(base: type[OperatorClient], ask: Callable[[Request], bytes]) -> type[OperatorClient]:
    """The drive's own client with its socket replaced by `ask`, which raises OSError as a socket does."""

    class Called(base):  # type: ignore[misc, valid-type]
        def _ask(
            self,
            _endpoint: Endpoint,
            make_request: Callable[[], Request],
            handing_over: Callable[[], None],
        ) -> Response:
            request = make_request()
            handing_over()
            response: Response = self.read(ask(request), len(request.files))
            return response

    return Called
