"""Code of a user's own, held against the spec: what goes wrong is told with its place, and whose it is."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from interrupted import interrupted
from overbooked.checker.cells import Cell
from overbooked.checker.cli.main import main
from overbooked.checker.conformance.coverage import conform, programs_of
from overbooked.checker.conformance.implementation import Server
from overbooked.checker.conformance.limits import Limits
from overbooked.checker.conformance.loader import parts_called
from overbooked.checker.conformance.threaded_storage import OtherLoop, SilentError
from overbooked.checker.engine.search import Bounds
from overbooked.checker.retrace import retrace
from overbooked.checker.stateful import SETTINGS
from overbooked.reference.ports import ReplicatedStorage, Storage

HEAD = """
import asyncio, random, sys, time
from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryStorage

class MyReplica:
    def __init__(self, inner):
        self.inner = inner
    async def apply(self, booking):
        await self.inner.apply(booking)
    async def read(self, room):
        return await self.inner.read(room)
    async def close(self):
        pass

class MyStorage(MemoryStorage):
    kind = MyReplica
    def replica(self, number):
        return self.kind(super().replica(number))

class MyServer(AppServer):
    pass
"""
SMALL = ("--write", "serial-sync", "--read", "one", "--guarantee", "durability")
APP, OVER = ("--app", "own:MyServer"), ("--over", "own:MyStorage")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(folder_of_its_own: None) -> None:
    """Write nothing anywhere else."""


def own(code: str) -> None:
    """Write a user's module, whose last lines are these."""
    Path("own.py").write_text(HEAD + code, encoding="utf-8")


def line_of(text: str) -> str:
    """Return where in the user's module the only line stands that has this text."""
    lines = Path("own.py").read_text(encoding="utf-8").splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if text in line)
    return f"own.py, line {number}"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit status, and what it printed, in one line."""
    status = main(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, " ".join((out + err).split())


# What is raised.

WRONG_SERVERS = {
    "async def start(self): return None.room  # here": "AttributeError: 'NoneType' object has no attribute 'room'",
    "def __init__(self, replicas): pass  # here": "__init__() takes 2 positional arguments but 6 were given",
    "async def book_room(self, user): pass  # here": "book_room() takes 2 positional arguments but 3 were given",
    "def book_room(self, user, room): return 7  # here": "MyServer.book_room() should be async: it returned 7",
    "def start(self): pass  # here": "MyServer.start() should be async: it returned None",
    "async def start(self): raise type('Odd', (BaseException,), {'__str__': None})  # here": "Odd",
    "async def start(self): raise ValueError(object())  # here": "ValueError: <object object>",
}


@pytest.mark.parametrize("line", WRONG_SERVERS)
def test_an_error_in_an_app_server_is_told_with_its_place_and_its_servers_name(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether a method raises, is called in vain, or is not async; and it is the same a second time."""
    own(f"    {line}\n")
    status, out = printed(capsys, "conform", *SMALL, *APP)
    assert status == 1
    assert "own:MyServer goes on " in out
    assert f"{WRONG_SERVERS[line]} ({line_of('# here')})" in out
    assert "led there a second time" in out
    assert "the reference" not in out


def test_a_method_that_is_missing_is_told_with_where_its_class_begins(capsys: pytest.CaptureFixture[str]) -> None:
    """Of an app server, and of a port."""
    own("class Bare:\n    def __init__(self, *given): pass\nclass Half(MyStorage):\n    kind = Bare\n")
    _, out = printed(capsys, "conform", *SMALL, "--app", "own:Bare")
    assert f"'Bare' object has no attribute 'start' ({line_of('class Bare')})" in out
    _, out = printed(capsys, "conform", *SMALL, "--over", "own:Half")
    assert f"own:Half goes on AttributeError: 'Bare' object has no attribute 'read' ({line_of('class Bare')})" in out
    _, out = printed(capsys, "conform", *SMALL, "--over", "own:Bare")
    assert f"own:Bare goes on AttributeError: 'Bare' object has no attribute 'replica' ({line_of('class Bare')})" in out


def test_an_error_in_a_storage_names_the_storage(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the storage's where its constructor raises, and where a port does that the app server did not ask."""
    own("class Raises(MyStorage):\n    def __init__(self): raise KeyError(1)  # here\n")
    status, out = printed(capsys, "conform", *SMALL, "--over", "own:Raises")
    assert (status, f"own:Raises goes on KeyError: 1 ({line_of('# here')})" in out) == (1, True)
    own("async def read(self, room): raise KeyError(2)  # here\nMyReplica.read = read\n")
    sys.modules.pop("own")
    status, out = printed(capsys, "conform", *SMALL, *APP, *OVER)
    assert (status, f"own:MyStorage goes on KeyError: 2 ({line_of('# here')})" in out) == (1, True)


def test_what_only_some_strategies_need_is_missed_by_the_storages_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A storage without nodes, or whose replicas cannot forget, is named, and not how it is held."""
    own("class Plain:\n    def replica(self, number): return MyReplica(number)\n    log = clock = None\n")
    asked = ("--read", "one", "--guarantee", "durability", "--over", "own:Plain")
    _, out = printed(capsys, "conform", "--write", "primary:1", *asked)
    assert f"own:Plain goes on TypeError: this storage has no node(number), which primary:1 needs: {PORTS}" in out
    _, out = printed(capsys, "conform", "--write", "serial-sync", *asked, "--fault", "amnesia")
    assert f"own:Plain goes on TypeError: this storage's replicas have no forget(), which amnesia needs: {PORTS}" in out


PORTS = "reference/ports.py says what it does (own.py, line "


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("x = = 1  # here", "SyntaxError: invalid syntax"),
        ("1 / 0  # here", "ZeroDivisionError: division by zero"),
        ("raise SystemExit  # here", "SystemExit"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_in_one_line_with_its_place(
    code: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A syntax error has the place that it is at, and not where it was imported; the status is 2."""
    own(code)
    status, out = printed(capsys, "conform", *SMALL, *APP)
    assert (status, out) == (
        2,
        f"overbooked: own:MyServer: cannot be imported: {complaint} ({line_of('# here')})",
    )


# Whom it may be.

MOODY = """
class Moody(MyReplica):
    async def read(self, room):
        return None if random.SystemRandom().random() < 0.5 else await super().read(room)
class Changing(MyStorage):
    kind = Moody
"""


def test_what_is_not_deterministic_is_whatever_is_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    """The reference over a storage that is not deterministic is not called so itself; a server of one's own may be."""
    own(MOODY)
    asked = ("conform", *SMALL, "--over", "own:Changing")
    for app, suspects in (((), "own:Changing"), (APP, "own:MyServer or own:Changing")):
        told = {printed(capsys, *asked, *app)[1] for _ in range(12)}
        apart = [out for out in told if "elsewhere a second time" in out]
        assert apart
        assert all(f"second time: {suspects} is not deterministic between steps." in out for out in apart)


def test_a_storage_of_ones_own_is_named_where_all_conforms_and_where_it_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is held against the spec is the reference over it, or an app server over it."""
    own(
        "class Lossy(MyReplica):\n    async def apply(self, booking): pass\nclass Loses(MyStorage):\n    kind = Lossy\n"
    )
    status, out = printed(capsys, "conform", *SMALL, *APP, *OVER)
    assert (status, "own:MyServer over own:MyStorage does what the spec says" in out) == (0, True)
    status, out = printed(capsys, "conform", *SMALL, "--over", "own:Loses")
    assert (status, "spec reference over own:Loses" in out) == (1, True)
    status, out = printed(capsys, "replay", "parallel:1", "one", "read-after-write", "--over", "own:Loses")
    assert (status, "The reference over own:Loses cannot follow the run" in out) == (1, True)
    with pytest.raises(AssertionError, match=r"spec +reference over own:Loses"):
        retrace("serial-sync/one/durability@replica-crash", ["invoke u1.book", "apply u1.book db1"], over="own:Loses")


# What does not end.

LOOPS = {
    "a constructor": "    def __init__(self, *given):\n        while True: pass  # here\n",
    "a call": "    async def book_room(self, user, room):\n        while True: pass  # here\n",
    "a callback": (
        "    async def start(self):\n"
        "        asyncio.get_running_loop().call_soon(lambda: time.sleep(60))  # here\n"
    ),
    "a call that catches it": (
        "    async def book_room(self, user, room):\n"
        "        while True:\n"
        "            try:\n"
        "                time.sleep(60)  # here\n"
        "            except BaseException:\n"
        "                pass\n"
    ),
    "a call after garbage was collected": (
        "    async def book_room(self, user, room):\n"
        "        import gc, signal\n"
        "        gc.callbacks.append(lambda *_: signal.raise_signal(signal.SIGALRM))\n"
        "        try:\n"
        "            gc.collect()\n"
        "        finally:\n"
        "            gc.callbacks.pop()\n"
        "        while True: pass  # here\n"
    ),
    "a call that makes another error of it": (
        "    async def book_room(self, user, room):\n"
        "        try:\n"
        "            while True: pass  # here\n"
        "        except BaseException as error:\n"
        "            raise KeyError from error\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", LOOPS)
def test_time_that_is_up_ends_an_app_server_that_goes_round_for_ever(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it does, and whatever it catches: it is unknown, and told where that was."""
    own(LOOPS[where])
    status, out = printed(capsys, "conform", *SMALL, "--guarantee", "convergence", *APP, "--seconds", "0.1")
    assert status == 3
    assert f"? unknown: stopped after 0.1 s, in the middle of {line_of('# here')} 0 of 2 programs finished, " in out


@pytest.mark.parametrize("line", ["time.sleep(3)", "await asyncio.get_running_loop().create_future()"])
def test_time_that_is_up_ends_a_storage_that_does_not_answer(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One that blocks its thread, and one that waits for ever, long before the storage's own time is up."""
    own(f"async def apply(self, booking):\n    {line}  # here\nMyReplica.apply = apply\n")
    status, out = printed(capsys, "conform", *SMALL, *OVER, "--seconds", "0.1")
    assert (status, f"in the middle of {line_of('# here')} 0 of 1 program finished" in out) == (3, True)


def test_time_that_is_up_ends_an_import(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was covered then; the status is that of what is unknown."""
    own("while True: pass  # here\n")
    status, out = printed(capsys, "conform", *SMALL, *APP, "--seconds", "0.1")
    said = f"overbooked: stopped in the middle of {line_of('# here')}, before anything could be covered"
    assert (status, out) == (3, said)


def test_a_storage_that_does_not_answer_in_its_own_time_is_told_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit on time it differs; once it did not answer, nobody waits for it again, nor for its end."""
    monkeypatch.setattr("overbooked.checker.conformance.threaded_storage._PATIENCE", 0.2)
    own("async def apply(self, booking):\n    time.sleep(1)  # here\nMyReplica.apply = apply\n")
    (program,) = programs_of([Cell("serial-sync", "one", 3, "none", "durability")])
    *_, found = conform(program, parts_called(None, "own:MyStorage"), Bounds(1000))
    assert found.difference
    assert f"the storage does not answer within 0 s ({line_of('# here')})" in str(found.difference.rows)


async def nothing() -> None:
    """Do nothing."""


def test_a_loop_that_is_stuck_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked of it later fails at once, and closing it takes no time; its thread ends when it can."""
    monkeypatch.setattr("overbooked.checker.conformance.threaded_storage._PATIENCE", 0.1)
    own("async def rounds():\n    while True: pass\n")
    with patch.object(sys, "path", [".", *sys.path]):
        import own as mine  # type: ignore[import-not-found] # noqa: PLC0415 - it was just written
    with closing(OtherLoop()) as loop:
        with pytest.raises(SilentError, match="does not answer within"):
            loop.done(mine.rounds())
        with pytest.raises(SilentError, match="does not answer within"):
            loop.done(nothing())
        loop._thread.join(60)  # noqa: SLF001 - what is to end
        assert not loop._thread.is_alive()  # noqa: SLF001 - as above


def test_a_difference_is_told_though_what_comes_after_it_does_not_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the same steps were not taken a second time, or no shorter run was looked for, neither is claimed."""
    for made, said in ((2, "It was stopped before the same steps were taken a second time."), (3, "a second time. 0")):
        own(
            "    made = 0\n"
            "    def __init__(self, *given):\n"
            "        MyServer.made += 1\n"
            f"        time.sleep(60 * (MyServer.made >= {made}))\n"
            "        super().__init__(*given)\n"
            "    async def book_room(self, user, room): raise KeyError\n"
        )
        status, out = printed(capsys, "conform", *SMALL, *APP, "--seconds", "0.1")
        sys.modules.pop("own")
        assert (status, said in out, "own:MyServer is not deterministic" in out) == (1, True, False), out
        assert "none differed" not in out


SAYS_SO = "print('round', file=sys.stderr, flush=True)"


def test_one_ctrl_c_ends_an_app_server_that_goes_round_for_ever() -> None:
    """It is unknown, with the place; the summary claims nothing of graphs that nobody has explored."""
    own(f"    async def book_room(self, user, room):\n        {SAYS_SO}\n        while True: pass  # here\n")
    ended = interrupted("conform", *SMALL, "--write", "parallel:2", *APP, after="round")
    assert ended.status == 130, ended
    assert f"? unknown: stopped, in the middle of {line_of('# here')}" in ended.out
    assert re.fullmatch(
        r"Stopped, so this is unfinished\. 0 of 2 programs finished, "
        r"0 of the 8 transitions explored so far covered in 0 runs, \d+\.\d s\.",
        ended.out.splitlines()[-1],
    )
    assert "Traceback" not in ended.shown


def test_without_a_timer_one_ctrl_c_ends_it_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the system has none, what is the user's is ended as soon as Ctrl-C comes."""
    own(f"    async def book_room(self, user, room):\n        {PRESSED}  # here\n        time.sleep(60)\n")
    with patch("overbooked.checker.conformance.cut_short._CAN_WAIT", new=False):
        status, out = printed(capsys, "conform", *SMALL, *APP, "--seconds", "50")
    assert (status, f"? unknown: stopped, in the middle of {line_of('# here')}" in out) == (130, True)


def test_what_ends_by_itself_after_ctrl_c_is_not_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    """The run that is under way is finished, and counts."""
    own(f"    async def is_room_available(self, room):\n        {PRESSED}\n        return not {ASKED}\n")
    asked = ("--write", "serial-sync", "--read", "one:db1", "--guarantee", "read-after-write")
    status, out = printed(capsys, "conform", *asked, *APP)
    assert (
        status,
        "? unknown: stopped Stopped, so this is unfinished. 0 of 1 program finished" in out,
        "middle" in out,
    ) == (130, True, False), out
    assert "covered in 1 run, " in out


PRESSED = "__import__('signal').raise_signal(2)"
ASKED = "await self._replicas[0].read(room)"


def test_one_ctrl_c_ends_a_replay() -> None:
    """Of a storage in a thread of its own, too; the place is told."""
    own(f"async def apply(self, booking):\n    {SAYS_SO}\n    while True: pass  # here\nMyReplica.apply = apply\n")
    ended = interrupted("replay", "parallel:1", "one", "read-after-write", *OVER, after="round")
    assert (ended.status, ended.out) == (130, "")
    assert f"overbooked: stopped in the middle of {line_of('# here')}" in ended.shown
    assert "Traceback" not in ended.shown


def test_who_waits_for_a_timer_is_told_that_it_never_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that sleeps differs, and it is said why; one that does not has no such line."""
    own("MyServer.book_room = lambda self, user, room: asyncio.sleep(1)")
    assert main(["conform", *SMALL, *APP, "--guarantee", "read-after-write"]) == 1
    assert "timers of asyncio" in capsys.readouterr().out
    own("MyServer.start = None")
    sys.modules.pop("own", None)
    assert main(["conform", *SMALL, *APP]) == 1
    assert "timers of asyncio" not in capsys.readouterr().out


def test_a_modules_name_has_no_py(capsys: pytest.CaptureFixture[str]) -> None:
    """Who names the file is told the module's name."""
    assert main(["conform", *SMALL, "--app", "mine/own.py:MyServer"]) == 2
    assert "without .py: mine.own:MyServer" in capsys.readouterr().err


def test_what_is_left_is_counted_in_words_that_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """One run is a run, and one step a step."""
    own("    async def book_room(self, user, room): raise KeyError  # here\n")
    _, out = printed(capsys, "conform", *SMALL, "--write", "parallel:2", *APP)
    assert "1 step overbooked conform --write serial-sync" in out
    assert "0 of 76 transitions covered in 2 runs, " in out
    _, out = printed(capsys, "conform", *SMALL, *APP)
    assert "0 of 8 transitions covered in 1 run, " in out


# The page that says what to write.


PAGE = (Path(__file__).parent.parent / "checker/conformance/README.md").read_text(encoding="utf-8")


@pytest.fixture
def _with_the_pages_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write what the page has, each into the file that it names."""
    names = []
    for name, code in re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE, re.DOTALL):
        Path(f"{name}.py").write_text(code, encoding="utf-8")
        names.append(name)
    assert names == ["my_hotel", "test_my_server"]
    monkeypatch.syspath_prepend(".")
    yield
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("_with_the_pages_files")
@pytest.mark.parametrize("more", [(), ("--fault", "replica-crash"), ("--fault", "app-restart")])
def test_the_pages_hotel_conforms(more: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Its command, as it stands there, ends with status 0; so it does with faults, for what that adds."""
    (command,) = re.findall(r"```console\n\$ overbooked ([^\n]*)\n```", PAGE)
    only = ("--guarantee", "read-after-write") if more else ()
    status, out = printed(capsys, *command.split(), *more, *only)
    assert (status, "my_hotel:MyServer over my_hotel:MyStorage does what the spec says" in out) == (0, True)


@pytest.mark.usefixtures("_with_the_pages_files")
def test_the_pages_machine_passes() -> None:
    """The stateful test of the page's server finds nothing."""
    test = import_module("test_my_server").MyMachine
    run_state_machine_as_test(test, settings=settings(SETTINGS, max_examples=20))


def test_the_page_has_each_attribute_of_the_machine_and_each_method() -> None:
    """With what it is where nobody says otherwise; and of server and storage, all that is called."""
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", PAGE, re.MULTILINE)
    said = {name: value for name, value in vars(Limits).items() if not name.startswith("_") and not callable(value)}
    assert {name: ast.literal_eval(value) for name, value in rows} == said
    methods = set(re.findall(r"^\| `(?:async )?(\w+)\(", PAGE, re.MULTILINE))
    assert methods == {name for part in (Server, ReplicatedStorage, Storage) for name in vars(part) if name[0] != "_"}
