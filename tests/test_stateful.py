"""The stateful machine: whatever users, messages and faults do, the reference does what the spec allows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from overbooked.checker.conformance.implementation import NewServer, in_sqlite
from overbooked.checker.conformance.limits import most_faults, named
from overbooked.checker.conformance.lockstep import DiffersError, Lockstep
from overbooked.checker.stateful import SETTINGS, BookingMachine
from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryStorage
from overbooked.reference.ports import Booking, Clock, Replica, Storage
from overbooked.reference.session import Session
from overbooked.spec.faults import Fault
from overbooked.spec.names import StrategyError
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.write_strategies import write_strategy
from test_conformance import writing

README = Path(__file__).parent.parent / "README.md"


class OverSQLite(BookingMachine):
    """The machine over SQLite files."""

    has_handover = True

    def new_storage(self) -> AbstractContextManager[Storage]:
        """Return a folder of files."""
        return in_sqlite()


class WithPrimary(BookingMachine):
    """The machine whose database may replicate by itself, too, and whose app server can be closed."""

    has_primary = has_handover = True


class PrimaryAlone(OverSQLite):
    """The machine over SQLite files whose database always replicates by itself."""

    has_primary = True

    def writes(self, replicas: int) -> Sequence[str]:
        """Return the ways to write to a primary."""
        return [name for name in super().writes(replicas) if name.startswith("primary:")]


class Repairing(WithPrimary):
    """The machine with claims, repairs and sessions."""

    has_repairs = has_claims = has_sessions = True

    def reads(self, replicas: int) -> Sequence[str]:
        """Return the ways to read that repair or keep a session."""
        return [name for name in super().reads(replicas) if name.endswith((":repair", ":session"))]


class RepairingOverSQLite(Repairing, OverSQLite):
    """The same over SQLite files."""


class Forgetting(WithPrimary):
    """The machine with all that there is, and replicas that forget."""

    has_repairs = has_claims = has_sessions = True
    faults = (*BookingMachine.faults, "amnesia:2")


class ForgettingOverSQLite(Forgetting, OverSQLite):
    """The same over SQLite files."""


TestReference = WithPrimary.TestCase
TestReference.settings = settings(SETTINGS, max_examples=40)
TestPrimaryOverSQLite = PrimaryAlone.TestCase
TestPrimaryOverSQLite.settings = settings(SETTINGS, max_examples=10)
TestReferenceOverSQLite = OverSQLite.TestCase
TestReferenceOverSQLite.settings = settings(SETTINGS, max_examples=10)
TestRepairs = Repairing.TestCase
TestRepairs.settings = settings(SETTINGS, max_examples=40)
TestRepairsOverSQLite = RepairingOverSQLite.TestCase
TestRepairsOverSQLite.settings = settings(SETTINGS, max_examples=10)
TestAmnesia = Forgetting.TestCase
TestAmnesia.settings = settings(SETTINGS, max_examples=40)
TestAmnesiaOverSQLite = ForgettingOverSQLite.TestCase
TestAmnesiaOverSQLite.settings = settings(SETTINGS, max_examples=10)


@pytest.mark.exhaustive
@pytest.mark.parametrize("machine", [WithPrimary, Repairing, Forgetting])
def test_many_runs_of_the_reference(machine: type[BookingMachine]) -> None:
    """The machine for longer."""
    run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=1500))


def alongside(write: str, read: str, fault: Fault, server: NewServer = AppServer) -> Lockstep:
    """Return spec and app server side by side, for two users and three replicas."""
    setting = Setting(write_strategy(write, 3), read_strategy(read, 3), 3, fault, ((), ()))
    return Lockstep(setting, MemoryStorage(), server)


class Impatient(AppServer):
    """Asks once, and does not try again; where it ``drops``, it writes the third booking nowhere."""

    drops = False

    async def book_room(self, user: str, room: str, *_: Any, **__: Any) -> Booking:  # noqa: ANN401 - of no interest
        """Book the room at all replicas, one after the other."""
        booking = Booking(room, user, await self._clock.timestamp())
        self._made += 1
        for replica in self._plain if self._made < 3 or not self.drops else []:
            await replica.apply(booking)
        return booking

    async def is_room_available(self, room: str, session: Session | None = None) -> bool:  # noqa: ARG002 - none
        """Ask the first replica."""
        return await self._plain[0].read(room) is None

    def __init__(self, replicas: Sequence[Replica], *others: Any) -> None:  # noqa: ANN401 - as the app server has them
        super().__init__(replicas, *others)
        self._plain, self._made = replicas, 0


class Dropping(Impatient):
    """What it is tested for: it drops the third booking."""

    drops = True


class AgainstAll(BookingMachine):
    """The machine, for an app server that only knows one way to write, and one to read."""

    write_strategies, read_strategies = "serial-sync", "one:db1"
    faults = "app-restart"

    def new_server(self, *ports: Any) -> AppServer:  # noqa: ANN401 - as above
        """Return the app server."""
        return Impatient(*ports)


class AgainstLess(AgainstAll):
    """The same, where no connection is cut."""

    most_cuts = 0
    least_replicas = most_replicas = 2

    def new_server(self, *ports: Any) -> AppServer:  # noqa: ANN401 - as above
        """Return the app server that drops bookings."""
        return Dropping(*ports)


def difference_of(machine: type[BookingMachine]) -> str:
    """Return what the machine finds, which finds something."""
    until = settings(SETTINGS, max_examples=400, database=None, derandomize=True, phases=[Phase.generate])
    with pytest.raises(DiffersError) as error:
        run_state_machine_as_test(machine, settings=until)
    return str(error.value)


def test_what_an_app_server_is_not_made_for_can_be_left_out() -> None:
    """One that does not try again fails for that at once; with no cut and no crash, its other fault is reached."""
    assert "raises UnreachableError" in difference_of(AgainstAll)
    told = difference_of(AgainstLess)
    assert re.search(r"ack u\d\.book\d? +- +possible", told), told
    assert "serial-sync by one:db1 over 2 replicas" in told
    assert "UnreachableError" not in told


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"faults": ("timeouts",)}, "Mine: timeouts: no such fault; did you mean timeout?"),
        ({"faults": "clock-skew"}, "Mine: faults has clock-skew, and this machine has one clock; it draws none, "),
        ({"write_strategies": ("parallel:7",)}, "Mine: parallel:7: there are 5 replicas, so K is one of 1..5"),
        ({"read_strategies": "quorums"}, "Mine: quorums: no such read strategy; did you mean quorum?"),
        ({"least_replicas": 6}, "Mine: least_replicas is 6, and should be no more than most_replicas, which is 5"),
        ({"most_rooms": 0}, "Mine: most_rooms is 0, and should be 1 or more"),
        ({"most_cuts": -1}, "Mine: most_cuts is -1, and should be 0 or more"),
        (
            {"write_strategies": "claim:1", "read_strategies": "all:repair"},
            "Mine: none of its ways to write goes with one to read, over 1 to 5 replicas",
        ),
    ],
)
def test_limits_that_contradict_each_other_are_told_when_the_class_is_made(
    said: dict[str, object], complaint: str
) -> None:
    """One line says whose they are, and what would be right."""
    with pytest.raises(StrategyError) as error:
        type("Mine", (BookingMachine,), said)
    assert str(error.value).startswith(complaint)
    assert "\n" not in str(error.value)


def test_limits_are_what_is_drawn() -> None:
    """Names are taken where there are replicas enough for them, faults as often as is said, and no others."""

    class Some(BookingMachine):
        write_strategies = ("parallel:3", "serial-sync")
        read_strategies = ("one:db2", "quorum:repair")
        faults = ("both", "timeout:7", "failover")
        most_replicas = 3

    some = Some()
    assert some.sizes() == [2, 3]
    assert (some.writes(2), some.writes(3)) == (("serial-sync",), ("parallel:3", "serial-sync"))
    most = most_faults(Some.faults)
    assert (most.crashes, most.restarts, most.timeouts, most.failover, most.lost_writes) == (1, 1, 7, True, 0)
    assert most_faults("failover").crashes == 0
    assert named(most).name == "up to 1 crash, 1 restart, 7 timeouts, failover"
    assert named(most_faults(())).name == "none"


def test_without_hypothesis_it_says_what_to_install() -> None:
    """In one line: the extra, as it is installed from this project's folder."""
    code = "import sys; sys.modules['hypothesis'] = None; import overbooked.checker.stateful"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: BookingMachine needs hypothesis, "
        "which pip install '.[test]' brings, in this project's folder"
    )


ANYTHING = Fault("anything", 3, 3, "", 3)


def test_a_message_that_is_lost_is_sent_again_and_changes_nothing() -> None:
    """Before it arrives or after, as often as it likes: the write is as far as it was, and goes on."""
    both = alongside("parallel:1", "one", ANYTHING)
    both.call(1, "book", "r1")
    both.cut("apply u1.book db1")
    both.take("apply u1.book db1")
    both.cut("confirm u1.book db1")
    both.cut("confirm u1.book db1")
    both.take("confirm u1.book db1")
    both.call(2, "check", "r1")
    both.cut("sample u2.check db2")
    both.take("sample u2.check db1")
    both.take("finish u2.check")
    assert both.stands(both.setting.checks[0]) == "booked"
    both.close()


def test_what_repairs_is_sent_again_too() -> None:
    """A repair, a claim and a refusal that are lost are sent again."""
    both = alongside("claim:2", "quorum:session", ANYTHING)
    both.call(1, "book", "r1")
    both.cut("apply u1.book db1")
    both.take("apply u1.book db1")
    both.call(2, "book", "r1")
    both.cut("apply u2.book db1")
    both.take("refuse u2.book db1")
    both.cut("decline u2.book db1")
    both.take("decline u2.book db1")
    both.take("apply u2.book db2")
    both.take("refuse u1.book db2")
    both.close()
    both = alongside("parallel:1", "quorum:repair", ANYTHING)
    both.call(1, "book", "r1")
    both.take("apply u1.book db1")
    both.call(2, "check", "r1")
    for step in ("sample u2.check db1", "sample u2.check db2"):
        both.take(step)
    both.cut("repair u2.check db2")
    both.take("repair u2.check db2")
    both.take("finish u2.check")
    both.close()


def test_users_may_go_on_calling_as_long_as_they_are_answered() -> None:
    """Calls on several rooms, one after the other, each with a name of its own."""
    both = alongside("message:parallel:3", "all", ANYTHING)
    for room in ("r1", "r2", "r1"):
        both.call(1, "book", room)
        booking = both.setting.users[0][-1]
        both.take(f"ack {booking.name}")
    assert [call.name for call in both.setting.users[0]] == ["u1.book", "u1.book2", "u1.book3"]
    both.take("consume u1.book")
    both.take("restart")
    both.take("consume u1.book")
    both.close()


def test_a_step_that_is_not_possible_is_refused_with_those_that_are() -> None:
    """Who drives the two by hand is told what could have been taken."""
    both = alongside("serial-sync", "one", Fault("none", 0, 0, ""))
    both.call(1, "book", "r1")
    with pytest.raises(ValueError, match=r"confirm u1\.book db1 is not possible now; there are apply u1\.book db1"):
        both.take("confirm u1.book db1")
    both.close()


async def only_the_first(booking: Booking, _: Clock) -> Booking | None:
    """Write the second booking nowhere."""
    return booking if booking.timestamp == 1 else None


def test_a_difference_is_told_as_a_run_with_both_sides() -> None:
    """The message has the setting, the steps as any trace has them, and what differs at the end."""
    both = alongside("parallel:3", "one", ANYTHING, writing(only_the_first))
    both.call(1, "book", "r1")
    both.take("apply u1.book db2")
    with pytest.raises(DiffersError) as error:
        both.call(2, "book", "r2")
    told = str(error.value)
    assert "parallel:3 by one over 3 replicas" in told
    assert re.search(r"2 +db2 +applies b1 +r1:- r2:- +r1:b1 r2:- +r1:- r2:-", told)
    assert re.search(r"ack u2.book +- +possible", told)
    assert max(map(len, told.splitlines())) <= 100
    both.close()


def own_test(folder: Path, was: str = "", now: str = "") -> subprocess.CompletedProcess[str]:
    """Do what the README says: put its test into a file, and run pytest on it."""
    (code,) = re.findall(r"```python\n(# test_my_hotel.py\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert was in code
    (folder / "test_my_hotel.py").write_text(code.replace(was, now), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_hotel.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3000, check=False)


@pytest.mark.long
def test_the_readmes_own_replica_passes(tmp_path: Path) -> None:
    """The README's example of a replica of one's own is tested by the installed machine, and is right."""
    done = own_test(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_the_readmes_own_replica_is_caught_when_it_is_wrong(tmp_path: Path) -> None:
    """Without its comparison of timestamps it fails, with the shortest run as pytest's message."""
    done = own_test(tmp_path, "if kept is None or kept.timestamp < booking.timestamp:", "if True:")
    assert done.returncode == 1, done.stdout
    assert "they differ:" in done.stdout
    assert "r1 at db1" in done.stdout
