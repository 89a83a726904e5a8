"""A server of one's own uses asyncio as it likes: no false alarm, and what cannot be held is told in one line."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from overbooked.checker.cli.main import main
from overbooked.checker.conformance.event_loop import DeterministicLoop
from overbooked.checker.conformance.implementation import Server
from overbooked.checker.conformance.loader import parts_called
from overbooked.checker.conformance.lockstep import DiffersError
from overbooked.checker.conformance.threadless_loop import OwnThreadError
from overbooked.checker.stateful import SETTINGS, BookingMachine
from overbooked.reference.app_server import AppServer
from overbooked.reference.ports import Booking
from overbooked.spec.faults import Fault
from overbooked.spec.names import StrategyError
from test_own_code import line_of, printed
from test_stateful import alongside

HEAD = """
import asyncio, queue, threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from overbooked.reference.app_server import AppServer
from overbooked.reference.ports import Booking, UnreachableError
"""
GROUPED = """
class Grouped:
    def __init__(self, replicas, log, clock, write, read):
        self.replicas, self.clock, self.tasks = replicas, clock, set()

    async def start(self):
        pass

    async def book_room(self, user, room):
        booking = Booking(room, user, await self.clock.timestamp())
        enough = asyncio.get_running_loop().create_future()
        writes = asyncio.create_task(self.write(booking, enough))
        self.tasks.add(writes)
        writes.add_done_callback(self.tasks.discard)
        await self.in_time(enough)
        return booking

    async def write(self, booking, enough):
        async def one(replica):
            await self.until_it_works(replica.apply, booking)
            confirmed.append(replica)
            if len(confirmed) == 2 and not enough.done():
                enough.set_result(None)

        confirmed = []
        async with asyncio.TaskGroup() as group:
            for replica in self.replicas:
                group.create_task(one(replica))

    async def is_room_available(self, room):
        return await self.in_time(asyncio.ensure_future(self.check(room)))

    async def check(self, room):
        async def one(replica):
            answers.put_nowait(await self.until_it_works(replica.read, room))

        answers = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(one(replica)) for replica in self.replicas]
            first = [await answers.get() for _ in range(2)]
            for task in asked:
                task.cancel()
        return first == [None, None]

    async def in_time(self, work):
        late = asyncio.ensure_future(self.clock.until_too_late())
        try:
            await asyncio.wait([late, work], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise TimeoutError
            return work.result()
        finally:
            late.cancel()
            work.cancel()

    async def until_it_works(self, method, *arguments):
        attempt = 1
        while True:
            try:
                return await method(*arguments)
            except UnreachableError:
                await self.clock.until_retry(attempt)
                attempt += 1

class Streaming(Grouped):
    async def check(self, room):
        first = []
        async for answer in self.answers(room):
            first.append(answer)
            if len(first) == 2:
                break
        return first == [None, None]

    async def answers(self, room):
        tasks = [asyncio.ensure_future(self.until_it_works(replica.read, room)) for replica in self.replicas]
        answers = asyncio.Queue()
        for task in tasks:
            task.add_done_callback(lambda task: task.cancelled() or answers.put_nowait(task.result()))
        try:
            while True:
                yield await answers.get()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
"""
ONE_PAIR = ("conform", "--write", "parallel:2", "--read", "quorum")
READS, SMALL = (*ONE_PAIR, "--guarantee", "read-after-write"), (*ONE_PAIR, "--guarantee", "durability")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(folder_of_its_own: None) -> None:
    """Write nothing anywhere else."""


def own(code: str) -> None:
    """Write a user's module, whose last lines are these."""
    Path("own.py").write_text(HEAD + code, encoding="utf-8")


def booking_after(work: str) -> None:
    """Write a user's server, which does this first whenever it books a room."""
    own(
        "POOL = ThreadPoolExecutor(1)\n"
        "POOL.submit(int, '3').result()\n"
        "class MyServer(AppServer):\n"
        "    async def book_room(self, *about):\n"
        f"        {work}  # here\n"
        "        return await super().book_room(*about)\n"
    )


# What is left when a run is over.


@pytest.mark.filterwarnings("default")  # so that what is told on stderr is not raised
@pytest.mark.parametrize("server", ["Grouped", "Streaming"])
@pytest.mark.parametrize("fault", ["none", "app-restart", "replica-crash", "timeout"])
def test_a_server_of_task_groups_conforms_and_nothing_is_told_on_stderr(
    server: str, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever its tasks were in the middle of when a run was over, or would wait for before they end."""
    own(GROUPED)
    with patch("sys.unraisablehook", sys.__unraisablehook__):
        status = main([*READS, "--app", f"own:{server}", "--fault", fault])
    out, err = capfd.readouterr()
    assert (status, err) == (0, ""), out
    assert f"own:{server} does what the spec says" in out


def test_what_a_server_does_as_it_ends_is_no_part_of_a_run() -> None:
    """After a restart nothing goes on that was under way, not even what it would do at its end."""
    ended = []

    class Noting(AppServer):
        async def book_room(self, *about: Any, **more: Any) -> Booking:  # noqa: ANN401 - as the app server has them
            try:
                return await super().book_room(*about, **more)
            finally:
                ended.append(about)

    both = alongside("parallel:2", "quorum", Fault("", 0, 1, ""), Noting)
    both.call(1, "book", "r1")
    both.take("restart")
    gc.collect()
    assert ended == []
    both.close()
    assert ended == [("u1", "r1")]


def test_a_loop_that_ends_ends_what_waits_on_it() -> None:
    """Also a task that first waits for something else, or starts another one; and each ends once."""
    loop, ended = DeterministicLoop(), []
    later: list[asyncio.Task[None]] = []

    async def hesitates(name: str) -> None:
        try:
            await loop.create_future()
        finally:
            ended.append(name)
            later.append(loop.create_task(hesitates("later")))
            await loop.create_future()

    for name in ("first", "second"):
        loop.create_task(hesitates(name))
    loop.settle()
    loop.end()
    loop.end()
    assert (sorted(ended), len(later)) == (["first", "second"], 2)


# Threads.

IN_PLACE = {
    "an executor of its own": "await asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(1), int, '3')",
    "a process": "await asyncio.get_running_loop().run_in_executor(ProcessPoolExecutor(1), int, '3')",
    "a thread": "await asyncio.to_thread(int, '3')",
    "a loop in a thread": "await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(0)))",
    "a call of the loop": (
        "loop, done = asyncio.get_running_loop(), asyncio.Event();"
        " await asyncio.to_thread(loop.call_soon_threadsafe, done.set); await done.wait()"
    ),
    "a coroutine for its own loop": (
        "await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0), asyncio.get_running_loop()))"
    ),
}
REFUSED = {
    "a pool": "await asyncio.wrap_future(ThreadPoolExecutor(1).submit(int, '3'))",
    "a pool of processes": "await asyncio.wrap_future(ProcessPoolExecutor(1).submit(int, '3'))",
    "a pool that it waits for": "ThreadPoolExecutor(1).submit(int, '3').result()",
    "a pool that is at work already": "await asyncio.wrap_future(POOL.submit(int, '3'))",
    "a thread": "threading.Thread(target=int).start()",
    "a thread, and the error is caught": ("with suppress(Exception): threading.Thread(target=int).start()"),
}


@pytest.mark.parametrize("work", IN_PLACE)
def test_what_is_meant_for_a_thread_is_done_in_place(work: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A server with an executor of its own conforms, and leaves no thread."""
    booking_after(IN_PLACE[work])
    before = {*threading.enumerate()}
    status, out = printed(capsys, *SMALL, "--app", "own:MyServer")
    assert (status, "own:MyServer does what the spec says" in out) == (0, True), out
    sys.modules["own"].POOL.shutdown()
    assert before >= {*threading.enumerate()}


@pytest.mark.parametrize("work", REFUSED)
def test_a_thread_of_its_own_is_refused_in_one_line_with_its_place(
    work: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what would be right, also where the server catches all that is raised; no thread is left."""
    booking_after(REFUSED[work])
    before = {*threading.enumerate()}
    status, out = printed(capsys, *SMALL, "--app", "own:MyServer")
    assert status == 1
    assert (
        "own:MyServer goes on OwnThreadError: a server may use no thread or process of its own here; what "
        f"loop.run_in_executor() and asyncio.to_thread() are given is done in place ({line_of('# here')}) The same "
        "steps led there a second time."
    ) in out
    sys.modules["own"].POOL.shutdown()
    assert before >= {*threading.enumerate()}


def test_what_waits_in_a_thread_for_its_own_loop_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It would wait for ever, as the loop waits for it."""
    booking_after(
        "await asyncio.to_thread(lambda loop:"
        " asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(), asyncio.get_running_loop())"
    )
    status, out = printed(capsys, *SMALL, "--app", "own:MyServer")
    assert status == 1
    assert f"await it where the thread is awaited ({line_of('# here')})" in out


def test_a_thread_that_waits_for_ever_in_place_is_ended_by_time(capsys: pytest.CaptureFixture[str]) -> None:
    """As any other code is that does not end; and the place is told."""
    booking_after("await asyncio.to_thread(queue.Queue().get)")
    status, out = printed(capsys, *SMALL, "--app", "own:MyServer", "--seconds", "0.1")
    assert (status, "? unknown: stopped after 0.1 s, in the middle of own.py, line " in out) == (3, True), out


def test_a_thread_from_elsewhere_may_not_call_the_loop() -> None:
    """The loop's own thread is told so when it goes on next; elsewhere threads start as ever."""
    loop, called = DeterministicLoop(), list[int]()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.append, 1))
    thread.start()
    thread.join()
    with pytest.raises(OwnThreadError, match="a thread may not call the loop here"):
        loop.settle()
    assert called == []


# Patience that is not the clock's.

PATIENT = {
    "timeout": "async with asyncio.timeout(5): return await self.asked(*about)",
    "wait_for": "return await asyncio.wait_for(self.asked(*about), 5)",
    "call_later": "asyncio.get_running_loop().call_later(5, print); return await self.asked(*about)",
    "sleep": "await asyncio.sleep(1)",
}
HINT = (
    "timers of asyncio none asked for; none ends by itself here; ask the clock for patience (until_too_late) and for "
)
HINT += "pauses (until_retry)"


def patient(how: str) -> None:
    """Write a user's server whose patience, or pause, is by a timer of asyncio, and not the clock's."""
    own(
        "class Deaf:\n"
        "    def __init__(self, clock): self.timestamp, self.until_retry = clock.timestamp, clock.until_retry\n"
        "    async def until_too_late(self): await asyncio.Event().wait()\n"
        "class MyServer(AppServer):\n"
        "    def __init__(self, replicas, log, clock, *names): super().__init__(replicas, log, Deaf(clock), *names)\n"
        "    async def asked(self, method, *about): return await method(self, *about)\n"
        "    async def book_room(self, *about): return await self.in_time(AppServer.book_room, *about)\n"
        "    async def is_room_available(self, room): return await self.in_time(AppServer.is_room_available, room)\n"
        "    async def in_time(self, *about):\n"
        f"        {PATIENT[how]}\n"
    )


@pytest.mark.parametrize("how", PATIENT)
def test_who_waits_by_a_timer_is_told_to_ask_the_clock(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the difference that conform tells, and in the one that the machine does."""
    patient(how)
    status, out = printed(capsys, *SMALL, "--app", "own:MyServer", "--fault", "timeout")
    assert (status, HINT in out) == (1, True), out
    mine = parts_called("own:MyServer", "memory").server

    class Patient(BookingMachine):
        write_strategies, read_strategies, faults, most_cuts = "parallel:2", "quorum", "timeout", 0

        def new_server(self, *ports: Any) -> Server:  # noqa: ANN401 - as a user writes it
            return mine(*ports)

    until = settings(SETTINGS, max_examples=200, database=None, derandomize=True, phases=[Phase.generate])
    with pytest.raises(DiffersError) as error:
        run_state_machine_as_test(Patient, settings=until)
    assert HINT in " ".join(str(error.value).split())


def test_a_start_that_sleeps_is_told_to_ask_the_clock(capsys: pytest.CaptureFixture[str]) -> None:
    """What waits for ever, and asked for a timer, is told so with its error; what asked for none is not."""
    for waits, told in (("asyncio.sleep(1)", True), ("asyncio.Event().wait()", False)):
        own(f"class MyServer(AppServer):\n    async def start(self): await {waits}  # here\n")
        status, out = printed(capsys, *SMALL, "--app", "own:MyServer")
        sys.modules.pop("own")
        assert (status, "start waits for something that never comes" in out) == (1, True)
        assert ("; of the timers of asyncio none ends by itself here; ask the clock" in out) == told


# What a machine draws.


def drawn(machine: type[BookingMachine]) -> Counter[tuple[int, str, str]]:
    """Return over how many replicas, and by which ways, the runs of a machine are."""
    seen: Counter[tuple[int, str, str]] = Counter()

    class Noting(machine):  # type: ignore[misc,valid-type]
        def new_server(self, replicas: Any, log: Any, clock: Any, write: str, read: str, *more: Any) -> Server:  # noqa: ANN401 - as a user writes it
            seen[len(replicas), write, read] += 1
            return AppServer(replicas, log, clock, write, read, *more)

    few = settings(SETTINGS, max_examples=100, stateful_step_count=1, database=None, derandomize=True)
    run_state_machine_as_test(Noting, settings=few)
    return seen


def test_a_machine_draws_as_many_replicas_as_its_strategies_need() -> None:
    """Named, or returned by the machine's own method, as everyday words or with typed numbers."""

    class Named(BookingMachine):
        write_strategies, read_strategies = "parallel:2", "one"

    class Returned(BookingMachine):
        read_strategies = "one"

        def writes(self, replicas: int) -> tuple[str, ...]:  # noqa: ARG002 - as a user may write it
            return ("parallel:2",)

    class InWords(BookingMachine):
        def writes(self, replicas: int) -> str:  # noqa: ARG002 - as above
            return "W=2"

        def reads(self, replicas: int) -> tuple[str, ...]:  # noqa: ARG002 - as above
            return ("R=3", "one:db4")

    for machine in (Named, Returned):
        assert {(n, write) for n, write, _ in drawn(machine)} == {(n, "parallel:2") for n in (2, 3, 4, 5)}
    assert {(n, read) for n, _, read in drawn(InWords)} == {
        (3, "first:3"), (4, "first:3"), (5, "first:3"), (4, "one:db4"), (5, "one:db4"),
    }  # fmt: skip


def test_each_strategy_that_is_named_has_its_turn() -> None:
    """Also one that there is over five replicas alone, beside one that there is over any number."""

    class Some(BookingMachine):
        write_strategies, read_strategies = ("serial-sync", "parallel:5"), ("one", "one:db5")

    seen = drawn(Some)
    for write in Some.write_strategies:
        for read in Some.read_strategies:
            assert sum(times for (_, *pair), times in seen.items() if pair == [write, read]) >= 10, seen
    assert len({n for n, *_ in seen}) > 2


def test_a_strategy_that_there_never_is_is_told_where_a_method_returns_it() -> None:
    """A slip beside a right one is not just left out."""

    class Slip(BookingMachine):
        def writes(self, replicas: int) -> tuple[str, ...]:  # noqa: ARG002 - as a user may write it
            return ("parallel:2", "serial-sink")

    with pytest.raises(StrategyError, match="serial-sink: no such write strategy; did you mean serial-sync"):
        Slip().sizes()
