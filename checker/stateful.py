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
from typing import Final, Literal

try:
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
except ModuleNotFoundError as error:
    brings = "which pip install '.[test]' brings, in this project's folder"
    raise ModuleNotFoundError(f"BookingMachine needs {error.name}, {brings}", name=error.name) from None

from overbooked.checker.conformance.implementation import Server, in_memory
from overbooked.checker.conformance.limits import Limits, most_faults, named
from overbooked.checker.conformance.lockstep import Lockstep
from overbooked.checker.conformance.spelling import EARLIER, NAMES, PLAIN, Spelling
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.reference.app_server import AppServer
from overbooked.reference.ports import Clock, Log, Primary, Replica, Storage
from overbooked.spec.faults import Fault
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.users import ANSWERED, Call
from overbooked.spec.write_strategies import write_strategy

_USERS = 6
_FAILING = {"crash", "restart", "timeout", "node-crash", "lose", "forget"}
_ENDING = {"ack", "finish", "reject"}
_RARER = ("node crashes", "lost writes", "amnesias")
_BEGINS: Final = "book, and wait for the clock"
_CALLS: tuple[Literal["book", "check", "book, and wait for the clock"], ...] = ("book", "check", _BEGINS)
_MUCH = 10
_IN_A_ROW = 6
"""How many messages in a row are lost with a connection that does not work for a while."""
_MOST_CALLS = 10
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
        self._both = Lockstep(setting, storage, self.new_server, self._drawn_spelling(data))
        self._open.callback(self._both.close)

    def _drawn(self, data: st.DataObject) -> Setting:
        left = self.every()
        for part in self.in_turn():
            some = data.draw(st.sampled_from(list(dict.fromkeys(getattr(it, part) for it in left))), part)
            left = [it for it in left if getattr(it, part) == some]
        ((n, write, read),) = left
        its_write = write_strategy(write, n)
        fault = self._drawn_fault(data, n, to_primary=its_write.primary)
        return Setting(its_write, read_strategy(read, n), n, fault, ((),) * _USERS)

    def _drawn_fault(self, data: st.DataObject, replicas: int, *, to_primary: bool) -> Fault:
        """Return how much may fail; at most one replica, once, where another one then takes over.

        With a replica that forgets no connection is cut: what is sent again then would bring back what was forgotten.
        """
        most = self._most = most_faults(self.faults)
        failover = to_primary and most.failover and data.draw(st.booleans(), "failover")
        crashes = 1 if failover else data.draw(st.integers(0, min(replicas, most.crashes)), "crashes")
        restarts, timeouts = (data.draw(st.integers(0, getattr(most, what)), what) for what in ("restarts", "timeouts"))
        self._rooms = [f"r{i + 1}" for i in range(data.draw(st.integers(1, self.most_rooms), "rooms"))]
        rarer = (most.node_crashes * (not failover), most.lost_writes, most.amnesias * (not failover))
        nodes, lost, amnesias = (data.draw(st.integers(0, many), it) for many, it in zip(rarer, _RARER, strict=True))
        self._cuts = 0 if amnesias else data.draw(st.integers(0, self.most_cuts), "connections cut")
        fault = Fault("", crashes, restarts, "", timeouts, failover=failover)
        return named(fault._replace(node_crashes=nodes, lost_writes=lost, amnesias=amnesias))

    def _drawn_spelling(self, data: st.DataObject) -> Spelling:
        """Return how names and timestamps look."""
        earlier = data.draw(st.sampled_from(EARLIER), "timestamps given before")
        return data.draw(st.sampled_from(NAMES if self.odd_names else [PLAIN]), "names")._replace(earlier=earlier)

    @precondition(lambda self: self._may_call())
    @rule(data=st.data())
    def a_user_calls(self, data: st.DataObject) -> None:
        """Somebody who is free books a room, or asks whether it is available; the clock may take its time."""
        user, kind = data.draw(st.sampled_from(self._free()), "user"), data.draw(st.sampled_from(_CALLS), "call")
        room = data.draw(st.sampled_from(self._rooms), "room")
        if kind == _BEGINS:
            self._both.begin(user, room)
        else:
            self._both.call(user, kind, room)

    @precondition(lambda self: self._most.timeouts and self._both.may_give_up)
    @rule(data=st.data())
    def a_booking_is_given_up(self, data: st.DataObject) -> None:
        """A booking takes too long before it has a timestamp, so that nothing is booked."""
        self._both.give_up(data.draw(st.sampled_from(self._both.may_give_up), "booking"))

    @precondition(lambda self: self._goes_on())
    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """A message arrives, the clock or the consumer goes on, or a user is told an answer."""
        self._take(data.draw(st.sampled_from(self._goes_on()), "step"))

    @precondition(lambda self: self._goes_on())
    @rule(data=st.data())
    def much_happens(self, data: st.DataObject) -> None:
        """Several such steps, so that runs get far before something fails."""
        for _ in range(data.draw(st.integers(1, _MUCH), "steps")):
            if possible := self._goes_on():
                self._take(data.draw(st.sampled_from(possible), "step"))

    @precondition(lambda self: self._cuts and self._both.under_way)
    @rule(data=st.data())
    def a_connection_is_cut(self, data: st.DataObject) -> None:
        """A message is lost with its connection, so that whoever sent it knows, and sends it again; once or often."""
        self._cuts -= 1
        times = data.draw(st.sampled_from((1, _IN_A_ROW)), "times")
        self._both.cut(data.draw(st.sampled_from(self._both.under_way), "cut"), times)

    @precondition(lambda self: self._crowds())
    @rule(data=st.data())
    def writes_arrive_at_once(self, data: st.DataObject) -> None:
        """All writes that are on their way to a replica arrive there at the same time."""
        crowd = data.draw(st.sampled_from(self._crowds()), "replica")
        self._both.arrive_at_once(data.draw(st.permutations(crowd), "at the same time"))

    @precondition(lambda self: self._both.waits_for_time and not self._both.setting.fault.lost_writes)
    @rule()
    def time_passes(self) -> None:
        """Whatever an app server waits for by itself is over; for patience and pauses there is the clock."""
        self._both.pass_time()

    @precondition(lambda self: self.has_handover and self._both.may_hand_over)
    @rule(data=st.data())
    def another_one_goes_on(self, data: st.DataObject) -> None:
        """Once each call is answered the app server is closed in order, and another one finishes what it has left."""
        while not self._both.is_idle and (possible := self._can(owed=True)):
            ends = [label for label in possible if label.split(" ")[0] in _ENDING]
            self._both.take(data.draw(st.sampled_from(ends or possible), "step"))
        if self._both.is_idle:
            self._both.hand_over()

    @precondition(lambda self: self._can(owed=False))
    @rule(data=st.data())
    def something_fails(self, data: st.DataObject) -> None:
        """A replica crashes or forgets, the app server restarts, a call takes too long, or a write never arrives."""
        self._both.take(data.draw(st.sampled_from(self._can(owed=False)), "step"))

    @precondition(lambda self: not (self._goes_on() or self._can(owed=False)))
    @rule()
    def all_is_quiet(self) -> None:
        """Nothing more can happen, and nothing does."""
        self._both.look()

    def teardown(self) -> None:
        """The hotel closes."""
        self._open.close()

    def _crowds(self) -> list[list[str]]:
        """Return, for each replica that more than one write can arrive at, those writes."""
        ways: dict[str, list[str]] = {}
        for label in self._both.is_arriving:
            ways.setdefault(label.rpartition(" ")[2], []).append(label)
        return [labels for labels in ways.values() if len(labels) > 1]

    def _goes_on(self) -> list[str]:
        return [*self._can(owed=True), *self._both.coming]

    def _take(self, label: str) -> None:
        if label in self._both.coming:
            self._both.go_on(label)
        else:
            self._both.take(label)

    def _can(self, *, owed: bool) -> list[str]:
        kinds = ((label, label.split(" ")[0]) for label in self._both.possible)
        return [label for label, kind in kinds if kind != "invoke" and (kind not in _FAILING) == owed]

    def _free(self) -> list[int]:
        users = enumerate(self._both.setting.users, 1)
        return [user for user, program in users if not program or self._is_over(program[-1])]

    def _is_over(self, call: Call) -> bool:
        """Return whether a user may go on: the call was answered, or nothing was booked, and it is made once more."""
        stands = self._both.stands(call)
        return stands in ANSWERED or (stands == "idle" and call.name not in self._both.begun)

    def _may_call(self) -> bool:
        return len(self._both.setting.calls) < _MOST_CALLS and bool(self._free())


BookingMachine.TestCase.settings = SETTINGS
