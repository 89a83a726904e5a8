"""The ways in which strategies break: runs that do the same, whoever does it, are of one kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES, Cell, CellVerdict
from overbooked.checker.engine.runs import Run
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import plain_reads
from overbooked.spec.write_strategies import by_app_server

REPLICAS = 3
BUILT_IN = ("primary:1", "primary:2", "primary:2:received", "primary:1:unique")
"""The ways to write that have pages of those in which the database replicates: what others do is much the same."""
REPAIRED = ("quorum:repair", "one:session", "quorum:session")
"""The ways to read that have pages of those that repair or keep a session."""
_FAULTS_OF_REPAIRS = ("none", "replica-crash")
"""The faults with which these, and claims, have pages."""
_RARER_FAULTS = ("node-crash", "lost-write", "amnesia")
"""The faults with which the source's ways to write and to read have pages, and reads of a primary, and no others."""
Verdicts: TypeAlias = dict[Cell, CellVerdict]
StepKinds: TypeAlias = tuple[str, ...]
"""The kinds of the steps of a run, each with the roles of whom it is about."""


class Kind(NamedTuple):
    """A way to break guarantees: its name, and the verdicts whose runs are of it; the first one stands for all."""

    name: str
    verdicts: tuple[CellVerdict, ...]


def every_cell() -> list[Cell]:
    """Return the cells whose runs have pages: ways to write and to read, every guarantee, and every fault.

    Of the ways to write these are all in which the app server writes to every replica, and some of the others; of the
    ways to read all that only ask, and some of the others. What repairs it has pages with some faults alone, and some
    faults have pages with the source's ways alone, and with reads of a primary.
    Strategies that have two names have one here. Those of the source stand first, as do runs without a fault.
    """
    writes = dict.fromkeys((*SOURCE_WRITES, *by_app_server(REPLICAS), *BUILT_IN))
    plain = [name for name in plain_reads(REPLICAS) if not _is_alias(name)]
    reads = dict.fromkeys((*DEFAULT_READS, *plain, "one:primary", *REPAIRED))
    every = (Cell(w, r, REPLICAS, f, g) for g in GUARANTEES for f in FAULTS for w in writes for r in reads)
    return [cell for cell in every if not cell.misfit and _is_usual(cell)]


def _is_usual(cell: Cell) -> bool:
    """Return whether the fault is one with which these ways to write and to read have pages."""
    if cell.read in REPAIRED or cell.setting.write.claims:
        return cell.fault in _FAULTS_OF_REPAIRS
    if cell.fault in _RARER_FAULTS:
        reads = ("one:primary",) if cell.write in BUILT_IN[:2] else DEFAULT_READS if cell.write in SOURCE_WRITES else ()
        return cell.read in reads
    return True


def kinds(verdicts: Iterable[CellVerdict]) -> list[Kind]:
    """Return the kinds of the runs that these verdicts have, in the order of the first verdict of each."""
    groups: dict[StepKinds, list[CellVerdict]] = {}
    for verdict in verdicts:
        if verdict.run:
            groups.setdefault(step_kinds(verdict.run), []).append(verdict)
    return [Kind(_name(found[0].cell.guarantee, does), tuple(found)) for does, found in groups.items()]


def pairs(cells: Iterable[Cell]) -> list[tuple[list[str], list[str]]]:
    """Return the ways to write and to read of these cells: those ways to write together that have the same to read.

    >>> every = [Cell(write, "one", 3, "none", "durability") for write in ("serial-sync", "parallel:3")]
    >>> pairs([*every, Cell("parallel:2", "all", 3, "none", "durability")])
    [(['serial-sync', 'parallel:3'], ['one']), (['parallel:2'], ['all'])]
    """
    reads: dict[str, list[str]] = {}
    for cell in cells:
        reads.setdefault(cell.write, []).append(cell.read)
    writes: dict[tuple[str, ...], list[str]] = {}
    for write, its in reads.items():
        writes.setdefault(tuple(its), []).append(write)
    return [(names, list(its)) for its, names in writes.items()]


def kind_name(verdict: CellVerdict, known: Iterable[str]) -> str | None:
    """Return which of the known kinds the run of a verdict is of, if it is of one."""
    if verdict.run is None:
        return None
    mark = _mark(step_kinds(verdict.run))
    return next((name for name in known if name.endswith(f"-{mark}")), None)


def step_kinds(run: Run) -> StepKinds:
    """Return what is done in a run, by whom in their roles: users and replicas count in the order in which they appear.

    >>> from overbooked.checker.engine.verdicts import check
    >>> from overbooked.spec.system import model
    >>> cell = Cell("parallel:1", "one:db3", 3, "none", "checking-availability")._replace(fault="replica-crash")
    >>> step_kinds(check(model(cell.setting, cell.judged)).judgements["checking-availability"].run)
    ('invoke user1.check', 'crash replica1')
    """
    roles: dict[str, str] = {}
    return tuple(" ".join([step.name, *_roles(dict(step.about), roles)]) for step in run.steps)


def _roles(about: dict[str, object], roles: dict[str, str]) -> Iterator[str]:
    if "call" in about:
        user, _, call = str(about["call"]).partition(".")
        yield f"{_role(user, 'user', roles)}.{call}"
    if "replica" in about:
        yield _role(str(about["replica"]), "replica", roles)


def _role(name: str, kind: str, roles: dict[str, str]) -> str:
    count = sum(role.startswith(kind) for role in roles.values())
    return roles.setdefault(name, f"{kind}{count + 1}")


def _name(guarantee: str, does: StepKinds) -> str:
    return f"{GUARANTEES[guarantee].anomaly.replace(' ', '-').replace('/', '-')}-{_mark(does)}"


def _mark(does: StepKinds) -> str:
    return sha256("\n".join(does).encode()).hexdigest()[:4]


def _is_alias(read: str) -> bool:
    """Return whether a way to read has another name over three replicas."""
    return read.startswith("first:")
