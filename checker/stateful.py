"""A stateful hypothesis test of an app server, with the spec as the oracle.

Users book and check as they like, messages arrive late or are lost, replicas crash or forget, calls time out and the
app server restarts, in whatever order hypothesis draws; after each step the spec and the app server must look the same.
How many replicas and rooms there are and which strategies are used is drawn too, within what the machine's attributes
say (:class:`overbooked.checker.conformance.limits.Limits`, and the page ``checker/conformance/README.md``). To test
your own replicas, log, clock or app server, inherit from :class:`BookingMachine`:

>>> from contextlib import nullcontext
>>> from overbooked.reference.memory import MemoryStorage
>>> class MyMachine(BookingMachine):
...     def new_storage(self):
...         return nullcontext(MemoryStorage())  # your own storage
>>> TestMyHotel = MyMachine.TestCase  # what pytest and unittest collect

It needs hypothesis, which the extra ``[test]`` brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

try:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
except ModuleNotFoundError as error:
    brings = "which pip install '.[test]' brings, in this project's folder"
    raise ModuleNotFoundError(f"BookingMachine needs {error.name}, {brings}", name=error.name) from None

from overbooked.checker.conformance.implementation import Server, in_memory
from overbooked.checker.conformance.limits import Limits, fitting, most_faults, named
from overbooked.checker.conformance.lockstep import Lockstep
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.reference.app_server import AppServer
from overbooked.reference.ports import Clock, Log, Primary, Replica, Storage
from overbooked.spec.faults import Fault
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.users import ANSWERED, Kind
from overbooked.spec.write_strategies import write_strategy

_USERS = 6
_FAILING = {"crash", "restart", "timeout", "node-crash", "lose", "forget"}
_RARER = ("node crashes", "lost writes", "amnesias")
_KINDS: tuple[Kind, ...] = ("book", "check")
_MUCH = 10
_CALLS = 10
"""How many calls there are in a run at most: each makes the spec's states larger."""


SETTINGS = settings(
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
"""What the tests run with: hypothesis's last phase would take minutes to say which lines of the machine were run."""


class BookingMachine(Limits, RuleBasedStateMachine):
    """Runs the app server and the spec side by side; a difference is a :class:`DiffersError` that tells the run."""

    def __init_subclass__(cls) -> None:
        """Refuse limits that contradict each other, and give the test its settings."""
        super().__init_subclass__()
        cls.TestCase.settings = SETTINGS

    def new_storage(self) -> AbstractContextManager[Storage]:
        """Return an empty storage, which is entered for one run; its ports run in an event loop of their own."""
        return in_memory()

    def new_server(  # noqa: PLR0913, PLR0917 - these are the app server's own
        self, replicas: Sequence[Replica], log: Log, clock: Clock, write: str, read: str, primary: Primary | None = None
    ) -> Server:
        """Return an app server over these ports, which has not been started; only some ways to write need a primary."""
        return AppServer(replicas, log, clock, write, read, primary)

    @initialize(data=st.data())
    def opens(self, data: st.DataObject) -> None:
        """The hotel opens."""
        self._open = ExitStack()
        setting = self._drawn(data)
        storage = self._open.enter_context(threaded(self.new_storage)())
        self._both = Lockstep(setting, storage, self.new_server)
        self._open.callback(self._both.close)

    def _drawn(self, data: st.DataObject) -> Setting:
        n = data.draw(st.sampled_from(self.sizes()), "replicas")
        pairs = list(fitting(self.writes(n), self.reads(n), n))
        write = data.draw(st.sampled_from(list(dict(pairs))), "write")
        read = data.draw(st.sampled_from([read for its, read in pairs if its == write]), "read")
        its_write = write_strategy(write, n)
        fault = self._drawn_fault(data, n, to_primary=its_write.primary)
        return Setting(its_write, read_strategy(read, n), n, fault, ((),) * _USERS)

    def _drawn_fault(self, data: st.DataObject, replicas: int, *, to_primary: bool) -> Fault:
        """Return how much may fail; at most one replica, once, where another one then takes over.

        With a replica that forgets no connection is cut: what is sent again then would bring back what was forgotten.
        """
        most = most_faults(self.faults)
        failover = to_primary and most.failover and data.draw(st.booleans(), "failover")
        crashes = 1 if failover else data.draw(st.integers(0, min(replicas, most.crashes)), "crashes")
        restarts, timeouts = (data.draw(st.integers(0, getattr(most, what)), what) for what in ("restarts", "timeouts"))
        self._rooms = [f"r{i + 1}" for i in range(data.draw(st.integers(1, self.most_rooms), "rooms"))]
        rarer = (most.node_crashes * (not failover), most.lost_writes, most.amnesias * (not failover))
        nodes, lost, amnesias = (data.draw(st.integers(0, many), it) for many, it in zip(rarer, _RARER, strict=True))
        self._cuts = 0 if amnesias else data.draw(st.integers(0, self.most_cuts), "connections cut")
        fault = Fault("", crashes, restarts, "", timeouts, failover=failover)
        return named(fault._replace(node_crashes=nodes, lost_writes=lost, amnesias=amnesias))

    @precondition(lambda self: self._may_call())
    @rule(data=st.data())
    def a_user_calls(self, data: st.DataObject) -> None:
        """Somebody who is free books a room, or asks whether it is available."""
        user, kind = data.draw(st.sampled_from(self._free()), "user"), data.draw(st.sampled_from(_KINDS), "call")
        self._both.call(user, kind, data.draw(st.sampled_from(self._rooms), "room"))

    @precondition(lambda self: self._can(owed=True))
    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """A message arrives, the consumer goes on, or a user is told an answer."""
        self._both.take(data.draw(st.sampled_from(self._can(owed=True)), "step"))

    @precondition(lambda self: self._can(owed=True))
    @rule(data=st.data())
    def much_happens(self, data: st.DataObject) -> None:
        """Several such steps, so that runs get far before something fails."""
        for _ in range(data.draw(st.integers(1, _MUCH), "steps")):
            if possible := self._can(owed=True):
                self._both.take(data.draw(st.sampled_from(possible), "step"))

    @precondition(lambda self: self._cuts and self._both.under_way)
    @rule(data=st.data())
    def a_connection_is_cut(self, data: st.DataObject) -> None:
        """A message is lost with its connection, so that whoever sent it knows, and sends it again."""
        self._cuts -= 1
        self._both.cut(data.draw(st.sampled_from(self._both.under_way), "cut"))

    @precondition(lambda self: self._can(owed=False))
    @rule(data=st.data())
    def something_fails(self, data: st.DataObject) -> None:
        """A replica crashes or forgets, the app server restarts, a call takes too long, or a write never arrives."""
        self._both.take(data.draw(st.sampled_from(self._can(owed=False)), "step"))

    @precondition(lambda self: not self._both.possible)
    @rule()
    def all_is_quiet(self) -> None:
        """Nothing more can happen, and nothing does."""
        self._both.look()

    def teardown(self) -> None:
        """The hotel closes."""
        self._open.close()

    def _can(self, *, owed: bool) -> list[str]:
        return [label for label in self._both.possible if (label.split(" ")[0] not in _FAILING) == owed]

    def _free(self) -> list[int]:
        users = enumerate(self._both.setting.users, 1)
        return [user for user, program in users if not program or self._both.stands(program[-1]) in ANSWERED]

    def _may_call(self) -> bool:
        return len(self._both.setting.calls) < _CALLS and bool(self._free())


BookingMachine.TestCase.settings = SETTINGS
