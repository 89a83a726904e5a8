"""What the report shows, as JSON: verdicts, the runs that break guarantees, and the models to explore."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence

from overbooked.checker.cells import Cell, CellVerdict, Explored
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.matrix.in_words import read_in_words, write_in_words
from overbooked.checker.pages.kinds import kind_name
from overbooked.checker.report.explorable import Explorable, Json
from overbooked.checker.report.numbers import numbers
from overbooked.checker.traces.as_svg import as_svg
from overbooked.checker.traces.from_booking import tested, trace_of
from overbooked.checker.traces.names import pages
from overbooked.checker.traces.trace import Moment, Trace
from overbooked.spec.faults import fault_named
from overbooked.spec.guarantees import GUARANTEES, Guarantee, strongest, weakest
from overbooked.spec.language import State, Step
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.telling import content, event, users_in_words


class Report:
    """What the report shows: ``data``, once :meth:`run` has come to its end."""

    def __init__(self, cells: Sequence[Cell], bounds: Bounds) -> None:
        self.data: dict[str, object] = {}
        self._judging = Evaluation(cells, bounds, runs=True, until_broken=True)
        self._explorable = Explorable()
        self._traces: dict[str, int] = {}
        self._told: list[Json] = []
        self._models: list[Json] = []
        self._known: dict[Hashable, int] = {}

    def run(self) -> Generator[Explored | str, None, None]:
        """Judge the cells, tell their runs and lay out their models; yield how far it is."""
        yield from self._judging.run()
        rows: list[Json] = []
        for at, verdict in enumerate(self._judging.verdicts, 1):
            rows.append(self._row(verdict))
            yield f"cell {at} of {len(self._judging.cells)}"
        cells = self._judging.cells
        writes, reads, names, faults = (list(dict.fromkeys(each)) for each in zip(*map(_axes, cells), strict=True))
        setting = cells[0].setting
        counted = yield from numbers(writes, reads, setting.replicas)
        self.data = {
            "replicas": setting.replicas,
            "faults": [{"name": name, "sentence": fault_named(name).sentence} for name in faults],
            "guarantees": [_guarantee(GUARANTEES[name]) for name in names],
            "writes": [{"name": name, "words": self._words(name, reads[0])} for name in writes],
            "reads": [{"name": name, "words": self._words(writes[0], name, of="read")} for name in reads],
            "cells": rows,
            "settings": self._settings(),
            "numbers": counted,
            "traces": self._told,
            "models": self._models,
            **dict(self._explorable.lists.items()),
        }

    def _words(self, write: str, read: str, of: str = "write") -> str:
        setting = self._judging.cells[0]._replace(write=write, read=read).setting
        return write_in_words(setting.write, setting.replicas) if of == "write" else read_in_words(setting.read)

    def _row(self, verdict: CellVerdict) -> Json:
        cell = verdict.cell
        return {
            "write": cell.write,
            "read": cell.read,
            "fault": cell.fault,
            "guarantee": cell.guarantee,
            "verdict": verdict.verdict,
            "length": verdict.length,
            "states": verdict.states,
            "page": kind_name(verdict, pages()),
            "trace": self._trace(verdict) if verdict.run else None,
            "model": self._model(cell),
        }

    def _trace(self, verdict: CellVerdict) -> int:
        """Return the number of a run as it is told; what is told alike in several settings is kept once."""
        trace = trace_of(verdict)
        svg = as_svg(trace._replace(name="", command=""))
        if svg not in self._traces:
            self._traces[svg] = len(self._told)
            self._told.append(_trace(trace, svg))
        return self._traces[svg]

    def _model(self, cell: Cell) -> int:
        """Return the number of the model in which a cell is explored; users that do the same have one."""
        setting, judged = cell.setting, cell.judged
        key = (setting, judged.memory)
        if key not in self._known:
            self._known[key] = len(self._models)
            alike = [it for it in tested(setting) if it.memory == judged.memory]
            of = model(setting, *(alike if judged.name in {it.name for it in alike} else [judged]))
            kind = (setting.replicas, setting.write.log, setting.write.primary, setting.users)
            its = self._explorable.model(of, _tell(setting), _contents(setting), kind)
            self._models.append(its | {"users": users_in_words(judged)})
        return self._known[key]

    def _settings(self) -> list[Json]:
        """Return the strongest guarantees that each setting gives, and the weakest that it breaks."""
        by_setting: dict[tuple[str, str, str], list[CellVerdict]] = {}
        for verdict in self._judging.verdicts:
            cell = verdict.cell
            by_setting.setdefault((cell.write, cell.read, cell.fault), []).append(verdict)
        return [
            {
                "write": write,
                "read": read,
                "fault": fault,
                "gives": list(strongest(it.cell.guarantee for it in its if it.verdict == "holds")),
                "breaks": list(weakest(it.cell.guarantee for it in its if it.verdict == "violated")),
            }
            for (write, read, fault), its in by_setting.items()
        ]


def _axes(cell: Cell) -> tuple[str, str, str, str]:
    return cell.write, cell.read, cell.guarantee, cell.fault


def _guarantee(guarantee: Guarantee) -> Json:
    named = {"name": guarantee.name, "sentence": guarantee.sentence, "anomaly": guarantee.anomaly}
    return {**named, "question": guarantee.question, "users": users_in_words(guarantee)}


def _trace(trace: Trace, svg: str) -> Json:
    return {
        "svg": svg,
        "why": trace.why,
        "right": trace.right,
        "users": trace.users,
        "first": dict(trace.first),
        "steps": [_moment(moment) for moment in trace.moments],
    }


def _moment(moment: Moment) -> Json:
    holds: dict[str, Json] = dict(moment.holds)
    keeps: dict[str, Json] = dict(moment.keeps)
    return {"who": moment.who, "what": moment.what, "label": moment.label, "holds": holds, "keeps": keeps}


def _tell(setting: Setting) -> Callable[[Step, State, State], str]:
    def tell(step: Step, before: State, after: State) -> str:
        it = event(setting, step, before, after)
        return f"{it.who} {it.what}"

    return tell


def _contents(setting: Setting) -> dict[str, Callable[[State], str]]:
    def held(replica: int) -> Callable[[State], str]:
        return lambda state: content(setting, state, replica)

    return {f"db{i}": held(i) for i in setting.numbers}
