"""What the stateful machine does between the steps of the spec: nothing may come of it, and what does is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from overbooked.checker.conformance.event_loop import DeterministicLoop
from overbooked.checker.conformance.implementation import NewServer
from overbooked.checker.conformance.lockstep import DiffersError, Lockstep
from overbooked.checker.conformance.spelling import NAMES, PLAIN, Spelling
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.checker.stateful import SETTINGS, BookingMachine
from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica, MemoryStorage
from overbooked.reference.ports import Booking, Clock, Log, Replica, Storage
from overbooked.reference.trying import until_it_works
from overbooked.reference.unfinished import Unfinished
from overbooked.spec.faults import Fault
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.write_strategies import write_strategy

RESTARTS = Fault("restarts", 0, 3, "")
TIMEOUTS = Fault("timeouts", 0, 0, "", 3)


@contextmanager
def side_by_side(  # noqa: PLR0913 - each can be left out
    write: str,
    read: str = "one",
    *,
    fault: Fault = RESTARTS,
    server: NewServer = AppServer,
    spelling: Spelling = PLAIN,
    storage: Storage | None = None,
) -> Iterator[Lockstep]:
    """Yield spec and app server, for three users and three replicas."""
    setting = Setting(write_strategy(write, 3), read_strategy(read, 3), 3, fault, ((), (), ()))
    both = Lockstep(setting, storage or MemoryStorage(), server, spelling)
    try:
        yield both
    finally:
        both.close()


def told(error: pytest.ExceptionInfo[DiffersError]) -> str:
    """Return what differs at the end of a run."""
    return str(error.value).rpartition("they differ:")[2]


def test_while_the_clock_takes_its_time_others_call() -> None:
    """Bookings get timestamps in the order in which they come in, also where the clock is asked again, and again."""
    with side_by_side("parallel:2") as both:
        both.begin(1, "r1")
        both.begin(2, "r1")
        both.call(3, "check", "r1")
        assert both.begun == ["u1.book", "u2.book"]
        both.cut("stamp u1.book", 6)
        assert both.coming == ["stamp u1.book"]
        both.go_on("stamp u1.book")
        both.take("apply u1.book db1")
        both.cut("stamp u2.book")
        both.go_on("stamp u2.book")
        both.take("apply u2.book db1")
        assert both.begun == []


def test_before_it_is_in_the_log_a_booking_is_neither_acknowledged_nor_consumed() -> None:
    """An append that is lost is sent again; those that wait meanwhile are appended together, in their order."""
    with side_by_side("message:parallel:2") as both:
        for user in (1, 2, 3):
            both.begin(user, "r1")
            both.go_on(f"stamp u{user}.book")
        both.cut("log u1.book", 3)
        assert "consume u1.book" not in both.possible
        both.go_on("log u1.book")
        assert {"consume u1.book", "ack u1.book"} <= {*both.possible}
        assert both.coming == ["log u2.book u3.book"]
        both.go_on("log u2.book u3.book")
        assert both.begun == []
        both.take("ack u3.book")


def test_a_booking_that_takes_too_long_before_it_has_a_timestamp_is_never_made() -> None:
    """The clock is asked for it no more, and its user makes the call once more."""
    with side_by_side("parallel:2", fault=TIMEOUTS) as both:
        both.begin(1, "r1")
        both.begin(2, "r1")
        assert both.may_give_up == ["u1.book", "u2.book"]
        both.give_up("u1.book")
        assert (both.begun, both.coming) == (["u2.book"], ["stamp u2.book"])
        both.call(1, "book", "r1")
        assert [call.name for call in both.setting.bookings] == ["u1.book", "u2.book"]
        both.take("apply u2.book db1")
        both.take("apply u1.book db1")


def test_a_restart_forgets_bookings_that_have_begun() -> None:
    """Whatever they waited for: they were never made, and are made once more."""
    with side_by_side("message:serial-sync") as both:
        both.begin(1, "r1")
        both.go_on("stamp u1.book")
        both.begin(2, "r1")
        both.take("restart")
        assert (both.begun, both.coming) == ([], [])
        for user in (2, 1):
            both.call(user, "book", "r1")
            both.take(f"ack u{user}.book")
        both.take("consume u2.book")


class Closes(MemoryStorage):
    """A storage that notes which of its connections are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed: list[str] = []

    def log(self) -> MemoryLog:
        """Return a connection to the log."""
        closed, inner = self.closed, super().log()

        class Connection(MemoryLog):
            async def close(self) -> None:
                closed.append("log")
                await inner.close()

        return Connection()


def test_a_restart_closes_no_connection() -> None:
    """As after ``kill -9``; at the end of the run all are closed."""
    storage = Closes()
    with side_by_side("parallel:2", storage=storage) as both:
        both.take("restart")
        both.take("restart")
        assert storage.closed == []
    assert storage.closed == ["log"] * 3


def test_of_claims_that_arrive_at_the_same_time_one_is_taken() -> None:
    """The spec takes that one first; writes of which the last counts may come in any order."""
    new = threaded(lambda: nullcontext(MemoryStorage()))
    with new() as storage, side_by_side("claim:2", storage=storage) as both:
        both.call(1, "book", "r1")
        both.call(2, "book", "r1")
        both.arrive_at_once(["apply u2.book db1", "apply u1.book db1", "apply u1.book db2"])
        assert {"confirm u2.book db1", "decline u1.book db1", "confirm u1.book db2"} <= {*both.possible}
    with new() as storage, side_by_side("parallel:2", storage=storage) as both:
        both.call(1, "book", "r1")
        both.call(2, "book", "r1")
        both.arrive_at_once(["apply u2.book db1", "apply u1.book db1"])
        assert {"confirm u2.book db1", "confirm u1.book db1"} <= {*both.possible}


def test_another_app_server_goes_on_where_one_was_closed() -> None:
    """What had not arrived arrives, what had is confirmed, and nobody notices."""
    with side_by_side("parallel:1") as both:
        for user in (1, 2):
            both.call(user, "book", "r1")
            both.take(f"apply u{user}.book db2")
        both.take("confirm u1.book db2")
        both.take("ack u1.book")
        assert not both.is_idle
        both.take("confirm u2.book db2")
        both.take("ack u2.book")
        assert both.may_hand_over
        before = both.possible
        both.hand_over()
        assert both.possible == before
        both.take("apply u1.book db1")
        both.hand_over()
        both.take("confirm u1.book db1")


class Hangs(AppServer):
    """Closing it does not end."""

    async def close(self, within: float = 5.0) -> list[Any]:
        """Wait for ever."""
        await asyncio.sleep(within)
        return await self.close(within)


def test_an_app_server_that_cannot_be_closed_is_told() -> None:
    """However much time passes; the error has the line."""
    with side_by_side("parallel:1", server=Hangs) as both, pytest.raises(DiffersError, match="does not end"):
        both.hand_over()


class ByWorker(AppServer):
    """Asks the clock in a worker of its own, which does not know for which call it asks."""

    def __init__(self, replicas: Sequence[Replica], log: Log, clock: Clock, *others: Any) -> None:  # noqa: ANN401 - its own
        self._asked: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()
        queue = self._asked

        class Asking:
            async def timestamp(self) -> int:
                answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
                queue.put_nowait(answer)
                return await answer

            def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the clock has
                return getattr(clock, name)

        super().__init__(replicas, log, cast("Clock", Asking()), *others)
        self._real = clock

    async def start(self, unfinished: Iterable[Unfinished] = ()) -> None:
        """Start the worker, too."""
        await super().start(unfinished)
        self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while True:
            answer = await self._asked.get()
            timestamp = await until_it_works(self._real.timestamp, self._real)
            if not answer.done():
                answer.set_result(timestamp)


class WithWorker(BookingMachine):
    """The machine for that."""

    def new_server(self, *ports: Any) -> AppServer:  # noqa: ANN401 - as it has them
        """Return the app server with a worker."""
        return ByWorker(*ports)


def test_a_worker_that_does_not_know_whom_it_asks_for_is_no_fault() -> None:
    """What it asks for a booking that was given up is that booking's, and not that of the same call made again."""
    with side_by_side("parallel:2", fault=TIMEOUTS, server=ByWorker) as both:
        both.begin(1, "r1")
        both.give_up("u1.book")
        assert (both.begun, both.coming) == ([], ["stamp u1.book, which was not made,"])
        both.begin(1, "r1")
        both.go_on("stamp u1.book, which was not made,")
        both.cut("stamp u1.book")
        both.go_on("stamp u1.book")
        both.take("apply u1.book db1")
    until = settings(SETTINGS, max_examples=60, database=None, derandomize=True, phases=[Phase.generate])
    run_state_machine_as_test(WithWorker, settings=until)


class OneAtATime(MemoryClock):
    """A connection to a clock that nobody else may have meanwhile, as with a lock on its file."""

    held = False

    def __init__(self) -> None:
        super().__init__()
        if OneAtATime.held:
            raise OSError("the clock is in use")
        OneAtATime.held = True

    async def close(self) -> None:
        """Let go of it."""
        OneAtATime.held = False


class Dropped(OneAtATime):
    """One that lets go of what the system takes back from a process that is killed."""

    async def drop(self) -> None:
        """Let go of it, and write nothing."""
        OneAtATime.held = False


@pytest.mark.parametrize("connection", [OneAtATime, Dropped])
def test_a_connection_lets_go_of_a_lock_where_it_can_be_dropped(
    connection: type[OneAtATime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the restart is told to have failed, with the storage's own words."""
    monkeypatch.setattr(OneAtATime, "held", False)

    class Locked(MemoryStorage):
        def clock(self) -> MemoryClock:
            return connection()

    refused = pytest.raises(DiffersError, match="the clock is in use")
    with side_by_side("parallel:1", storage=Locked()) as both, nullcontext() if connection is Dropped else refused:
        both.take("restart")


def test_a_storage_that_hangs_is_told_and_closing_it_says_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not answer does not answer at the end either, and the run is told all the same."""
    monkeypatch.setattr("overbooked.checker.conformance.threaded_storage._PATIENCE", 0.1)

    class Hanging(MemoryReplica):
        async def apply(self, booking: Booking) -> None:  # noqa: ARG002 - of no interest
            await asyncio.Event().wait()

    class Silent(MemoryStorage):
        def replica(self, number: int) -> MemoryReplica:
            return self._replicas.setdefault(number, Hanging())

    new = threaded(lambda: nullcontext(Silent()))
    with new() as storage, side_by_side("parallel:1", storage=storage) as both:
        both.call(1, "book", "r1")
        with pytest.raises(DiffersError, match="does not answer"):
            both.take("apply u1.book db1")


def test_what_an_app_server_raises_is_told_as_a_difference() -> None:
    """Also where it does not start: whose it is, with its place."""

    class NoStart(AppServer):
        async def start(self, unfinished: Iterable[Unfinished] = ()) -> None:  # noqa: ARG002 - of no interest
            raise ValueError("no configuration")

    with pytest.raises(DiffersError) as error, side_by_side("parallel:1", server=NoStart):
        pass
    assert "app server  goes on  ValueError: no configuration (tests/test_between_steps.py" in told(error)


class Hasty(AppServer):
    """It answers what it does not know yet: before the log has it, or after a second."""

    seconds = 0.0

    async def book_room(self, user: str, room: str, *_: Any, **__: Any) -> Booking:  # noqa: ANN401 - of no interest
        """Book, and wait for so many seconds at most."""
        work = asyncio.ensure_future(super().book_room(user, room))
        if self.seconds:
            await asyncio.wait({work}, timeout=self.seconds)
        return work.result() if work.done() else Booking(room, user, 1)


class AfterASecond(Hasty):
    """After a second."""

    seconds = 1.0


def test_who_is_answered_before_the_log_has_their_booking_is_told() -> None:
    """By name, with what the log has not done, and with what the spec does not tell of the run."""
    with side_by_side("message:serial-sync", server=Hasty) as both, pytest.raises(DiffersError) as error:
        both.begin(1, "r1")
    assert "u1.book is answered, and its booking is not in the log" in told(error)
    assert "Beside these steps:\n\nafter 0 steps: u1.book begins\n" in str(error.value)


def test_nothing_comes_of_time_alone() -> None:
    """An app server that answers after a second, whatever has confirmed, is found once time passes."""
    with side_by_side("parallel:2", server=AfterASecond) as both:
        assert not both.waits_for_time
        both.call(1, "book", "r1")
        assert both.waits_for_time
        with pytest.raises(DiffersError) as error:
            both.pass_time()
    assert "ack u1.book" in told(error)


def test_timers_end_in_their_order_and_those_begun_meanwhile_wait() -> None:
    """One that was cancelled does not ring, and the loop's time is that of the last that did."""
    loop, rang = DeterministicLoop(), list[str]()

    def first() -> None:
        rang.append("first")
        loop.call_later(0.5, rang.append, "third")

    loop.call_later(2, rang.append, "second")
    loop.call_later(1, first)
    loop.call_later(3, rang.append, "never").cancel()
    loop.pass_time()
    assert (rang, loop.time()) == (["first", "second"], 2)
    loop.pass_time()
    assert (rang, loop.waits_for_time) == (["first", "second", "third"], False)


class Overtaking(AppServer):
    """Appends one booking after the other, and the second before the first."""

    def __init__(self, replicas: Sequence[Replica], log: Log, *others: Any) -> None:  # noqa: ANN401 - as it has them
        class Swapped:
            async def append(self, *bookings: Booking) -> None:
                await log.append(*sorted(bookings, reverse=True))

            def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the log has
                return getattr(log, name)

        super().__init__(replicas, Swapped(), *others)


def test_a_log_in_another_order_than_that_of_timestamps_is_told() -> None:
    """Whose booking stands after whose."""
    with side_by_side("message:serial-sync", server=Overtaking) as both:
        for user in (1, 2, 3):
            both.begin(user, "r1")
            both.go_on(f"stamp u{user}.book")
        both.go_on("log u1.book")
        with pytest.raises(DiffersError) as error:
            both.go_on("log u3.book u2.book")
    assert "u2.book is in the log after u3.book, which came in later" in told(error)


class Leaky(AppServer):
    """Each check begins something that does not end."""

    async def is_room_available(self, room: str, *_: Any) -> bool:  # noqa: ANN401 - of no interest
        """Begin something, and check."""
        self._background.start(self.something())
        return await super().is_room_available(room)

    async def something(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


def test_tasks_that_checks_leave_behind_are_told_once_there_are_more_than_replicas() -> None:
    """Whose they are, and where they wait; one for each replica may be there for good."""
    with side_by_side("parallel:1", server=Leaky) as both:
        for _ in range(3):
            both.call(1, "check", "r1")
            both.take(f"sample {both.setting.checks[-1].name} db1")
            both.take(f"finish {both.setting.checks[-1].name}")
        both.call(1, "check", "r1")
        both.take("sample u1.check4 db1")
        with pytest.raises(DiffersError) as error:
            both.take("finish u1.check4")
    assert "tasks that u1.check, u1.check2, u1.check3, u1.check4 left behind" in told(error)
    assert "4 of Leaky.something (" in told(error)
    assert "test_between_steps.py" in told(error)


class OnceMore(AppServer):
    """Asks for a second timestamp, and sends its second write with that."""

    async def book_room(self, user: str, room: str, *_: Any, **__: Any) -> Booking:  # noqa: ANN401 - of no interest
        """Book with one timestamp here, and with another one there."""
        first, second = [Booking(room, user, await self._clock.timestamp()) for _ in range(2)]
        for booking, replica in zip((first, second, second), self._replicas, strict=True):
            await replica.apply(booking)
        return first


def test_a_booking_with_two_timestamps_is_told() -> None:
    """The second one is no longer taken for the call's own."""
    with side_by_side("serial-sync", server=OnceMore) as both:
        both.call(1, "book", "r1")
        both.take("apply u1.book db1")
        with pytest.raises(DiffersError) as error:
            both.take("confirm u1.book db1")
    assert "apply u1.book with a second timestamp db2" in told(error)


@pytest.mark.parametrize("spelling", [each._replace(earlier=2**32 - 2) for each in NAMES])
def test_names_and_timestamps_may_look_like_anything(spelling: Spelling) -> None:
    """The app server is called with other names, and gets other timestamps; the run names those of the spec."""
    with side_by_side("parallel:1", "quorum:session", spelling=spelling) as both:
        for user, room in ((1, "r1"), (2, "r2"), (1, "r2")):
            both.call(user, "book", room)
            name = both.setting.users[user - 1][-1].name
            for step in (f"apply {name} db1", f"confirm {name} db1", f"ack {name}"):
                both.take(step)
        both.call(1, "check", "r1")
        both.take("sample u1.check db1")


def test_a_run_says_how_names_and_timestamps_look() -> None:
    """In a line, where long names are shortened; of those of the spec nothing is said."""
    spelling = NAMES[1]._replace(earlier=254)
    with side_by_side("parallel:1", server=AfterASecond, spelling=spelling) as both:
        both.call(1, "book", "r1")
        with pytest.raises(DiffersError) as error:
            both.pass_time()
    assert "(r1 is 'rrrrrrrrrrrr'...'rrrrrrrrrrr1' (192 letters) and the first timestamp is 255)" in str(error.value)
    assert PLAIN.told(("r1", "r2")) == ""


class Twice(MemoryClock):
    """A clock that gives each timestamp twice."""

    async def timestamp(self) -> int:
        """Return every number two times."""
        self._last += 1
        return (self._last + 1) // 2


def test_a_timestamp_that_is_given_twice_is_told() -> None:
    """It is taken for that of whoever got it last."""

    class TwiceGiven(MemoryStorage):
        def __init__(self) -> None:
            super().__init__()
            self._clock = Twice()

    with side_by_side("parallel:1", storage=TwiceGiven()) as both:
        both.call(1, "book", "r1")
        both.take("apply u1.book db1")
        with pytest.raises(DiffersError):
            both.call(2, "book", "r1")
