"""What is simulated: held against exact values, the spec's own runs, the checker, and the figures of others."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from exact_freshness import ExactFreshness
from interrupted import interrupted
from overbooked.checker.cells import Cell
from overbooked.checker.cli.main import main
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.simulation.as_text import show
from overbooked.checker.simulation.delays import DelayError, delay
from overbooked.checker.simulation.estimates import probability, quantile
from overbooked.checker.simulation.k_staleness import k_stale
from overbooked.checker.simulation.networks import SETS, Network, network
from overbooked.checker.simulation.simulated import Simulated, Simulation, is_never_stale, percentiles, simulated
from overbooked.checker.simulation.trade_off import points
from overbooked.checker.simulation.trials import Delays, book, check, fresh_from
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import State, Step
from overbooked.spec.read_strategies import plain_reads, read_strategies, read_strategy
from overbooked.spec.system import model
from overbooked.spec.write_strategies import WriteStrategy, by_app_server, write_strategies, write_strategy
from timed_runs import timed_run

LEGS = ("write", "ack", "read", "response")
ANYTHING = {leg: ["exp:0.3"] for leg in (*LEGS, "log", "consumer", "apply")}
"""Delays that may be any time."""


def by_name(
    writes: Sequence[str], reads: Sequence[str], over: Network, trials: int = 200_000, seed: int = 1
) -> dict[tuple[str, str], Simulated]:
    """Return what is simulated, by the names of the strategies."""
    n = over.replicas
    simulation = Simulation(
        [write_strategy(w, n) for w in writes], [read_strategy(r, n) for r in reads], over, trials, seed
    )
    return {(each.write, each.read): each for each in simulated(simulation)}


@pytest.mark.parametrize(
    ("spelled", "distribution"),
    [
        ("exp:0.1", stats.expon(scale=10)),
        ("pareto:3,3.5", stats.pareto(3.5, scale=3)),
        ("lognormal:1,0.5", stats.lognorm(0.5, scale=math.e)),
    ],
)
def test_delays_are_distributed_as_they_are_spelled(spelled: str, distribution: stats.rv_frozen) -> None:
    """By SciPy's own distributions, with the test of Kolmogorov and Smirnov."""
    drawn = delay(spelled).draw(np.random.default_rng(1), 100_000)
    assert stats.kstest(drawn, distribution.cdf).pvalue > 0.001


def test_mixtures_and_files_are_drawn_by_their_shares(tmp_path: Path) -> None:
    """A mixture takes each part with its share, and a file each of its lines alike; empty lines count for nothing."""
    path = tmp_path / "times+1.txt"
    path.write_text("1\n\n2.5\n2.5\n4e0\n", encoding="utf-8")
    found = delay(f"mix:0.25*file:{path}+0.75*const:1e+1").draw(np.random.default_rng(1), 100_000)
    shares = {time: float(np.mean(found == time)) for time in (1, 2.5, 4, 10)}
    assert shares == pytest.approx({1: 0.0625, 2.5: 0.125, 4: 0.0625, 10: 0.75}, abs=0.005)


@pytest.mark.parametrize(
    ("spelled", "said"),
    [
        ("exp:-1", "exp:-1: -1 should be above 0"),
        ("exp:0", "exp:0: 0 should be above 0"),
        ("const:-3", "const:-3: -3 should be 0 or more"),
        ("pareto:3", "pareto:3: should be pareto:XM,ALPHA"),
        ("pareto:3,0.01", "the exponent should be 0.1 or more"),
        ("lognormal:1,0", "with SIGMA above 0"),
        ("exp:fast", "exp:fast: fast is not a number"),
        ("const:inf", "inf is not a number"),
        ("gauss:1,2", "gauss:1,2: no such distribution; there are const:MS"),
        ("mix:0.5*exp:1+0.4*exp:2", "the shares add up to 0.9, and should to 1"),
        ("mix:1.5*exp:1+-0.5*exp:2", "-0.5 should be 0 or more"),
        ("mix:exp:1", "should be mix:P*...+Q*..."),
        ("mix:0.5*exp:1+0.5*exp:-2", "exp:-2: -2 should be above 0"),
        ("file:nowhere", "nowhere: cannot be read as text"),
        ("", "'': no such distribution"),
    ],
)
def test_delays_that_make_no_sense_are_said_in_one_line(spelled: str, said: str) -> None:
    """The line says where, and what would be right."""
    with pytest.raises(DelayError, match=re.escape(said)) as raised:
        delay(spelled)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("junk", ["fast", "-1", "nan", "1,5", "inf"])
def test_junk_in_a_file_of_samples_is_named_with_its_line(junk: str, tmp_path: Path) -> None:
    """Line 7 is line 7, empty lines counted; an empty file is said to be empty."""
    path = tmp_path / "samples.txt"
    path.write_text(f"1\n2\n\n3\n4\n5\n{junk}\n", encoding="utf-8")
    with pytest.raises(DelayError, match=rf"samples\.txt, line 7: {junk} is not a delay in ms"):
        delay(f"file:{path}")
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(DelayError, match="has no samples"):
        delay(f"file:{path}")


RATES = {"apply": 0.2, "confirm": 1.0, "sample check": 0.5, "consume": 0.3}
"""By step of the spec; as delays they are the legs to a replica and back, the way of a question, and the consumer's."""


def test_freshness_has_its_exact_value_where_delays_are_exponential() -> None:
    """The Markov chain that is the spec's own graph gives the probabilities that trials estimate."""
    legs = {"write": ["exp:0.2"], "ack": ["exp:1"], "read": ["exp:0.5"], "response": ["const:0"]}
    over = network("lnkd-ssd", 3, legs | {"log": ["const:0"], "consumer": ["exp:0.3"]})
    writes = ("serial-sync", "serial-async", "parallel:1", "parallel:2", "message:serial-async", "message:parallel:2")
    for (write, read), found in by_name(writes, ("one", "quorum", "all", "one:db2"), over, 500_000).items():
        exact = ExactFreshness(write, read, 3, RATES)
        for t in (0, 0.7, 5):
            p = exact.at(t)
            assert found.fresh.at(t).value == pytest.approx(p, abs=5 * math.sqrt(p * max(1 - p, 0) / 500_000) + 1e-9)


def test_the_time_until_visibility_has_its_exact_value_where_delays_are_exponential() -> None:
    """Its interval has the time at which the Markov chain gives 99.9 %, or as good as that."""
    legs = {"write": ["exp:0.2"], "ack": ["exp:1"], "read": ["exp:0.5"], "response": ["const:0"]}
    found = by_name(["parallel:1"], ["one", "quorum"], network("lnkd-ssd", 3, legs), 1_000_000)
    for (write, read), each in found.items():
        _, low, high = each.fresh.visible()
        exact = ExactFreshness(write, read, 3, RATES)
        assert exact.at(0.98 * low) < 0.999 < exact.at(1.02 * high)
        assert high / low < 1.1


def test_each_trial_is_a_run_of_the_spec_whose_steps_take_that_time() -> None:
    """The spec's own steps, taken when their time has come, end when and as the trial does."""
    chance = random.Random(7)  # noqa: S311 - nothing here is secret
    guarantee = GUARANTEES["read-after-write"]
    for write, read in product(write_strategies(3), ("one", "quorum", "all", "one:db2", "one:primary")):
        cell = Cell(write, read, 3, "none", guarantee.name)
        if cell.misfit:
            continue
        setting = cell.setting
        for _ in range(5):
            legs = ("write", "ack", "read", "receive", "apply", "confirm")
            drawn = {leg: [chance.expovariate(1) for _ in range(3)] for leg in legs}
            log, consumer, later = (chance.expovariate(1) for _ in range(3))
            takes = {"apply": drawn["write"], "confirm": drawn["ack"], "sample": drawn["read"]}
            if setting.write.primary:
                (ack, *_), (_, *confirm), (_, *apply) = (drawn[leg] for leg in ("ack", "confirm", "apply"))
                takes |= {"append": drawn["write"], "receive": drawn["receive"]}
                takes |= {"apply": [0.0, *apply], "confirm": [ack, *confirm]}

            def time_of(step: Step, state: State, takes: dict[str, list[float]] = takes) -> float | None:
                about = dict(step.about)
                if step.name in takes:
                    return takes[step.name][int(str(about["replica"]).removeprefix("db")) - 1]
                if step.name == "consume":
                    return log + consumer  # noqa: B023 - it is called in this round alone
                if step.name == "ack":
                    return log if setting.write.log else 0.0  # noqa: B023 - likewise
                if step.label == "invoke u2.check":
                    return later if state["u1.book"] == "acked" else None  # noqa: B023 - likewise
                return 0.0

            run = list(timed_run(model(setting, guarantee), time_of))
            at = {each.step.label: each.at for each in run}
            out, back, asks, *standbys = (np.array(drawn[leg])[:, None] for leg in legs)
            alone = np.array([log]), np.array([consumer]), np.random.default_rng(1)
            delays = Delays(out, back, asks, np.zeros((3, 1)), *alone, *standbys)
            booked, checked = book(setting.write, delays), check(setting.read, delays)
            assert at["ack u1.book"] == pytest.approx(booked.acked[0])
            assert at["finish u2.check"] - at["invoke u2.check"] == pytest.approx(checked.took[0])
            assert (run[-1].state["u2.check"] == "booked") == bool(fresh_from(booked, checked)[0] <= later)


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_what_is_seen_is_allowed_and_what_is_allowed_is_seen(replicas: int) -> None:
    """Where delays may be anything, stale checks are seen just where the checker finds one, and else never."""
    writes = [name for name in write_strategies(replicas) if not name.startswith("claim:")]
    reads = [*plain_reads(replicas), "one:primary"]
    cells = [Cell(w, r, replicas, "none", "read-after-write") for w in writes for r in reads]
    judging = Evaluation([cell for cell in cells if not cell.misfit], Bounds(), runs=False)
    list(judging.run())
    over = network("lnkd-ssd", replicas, ANYTHING)
    assert over.is_anything
    found = by_name(writes, reads, over, 20_000)
    for verdict in judging.verdicts:
        pair = verdict.cell.write, verdict.cell.read
        is_seen = bool(found[pair].fresh.fresh_from[-1] > 0)
        assert is_seen == (verdict.verdict == "violated"), pair
        assert found[pair].fresh.proved == (verdict.verdict == "holds")


@pytest.mark.long
@pytest.mark.parametrize("name", SETS)
def test_no_check_is_stale_that_is_proved_to_be_fresh(name: str) -> None:
    """With every set of delays, and with ones that are often the same: what is proved is certain, and nothing else."""
    often_the_same = {leg: ["mix:0.5*const:1+0.5*const:2"] for leg in LEGS}
    for given in ({}, often_the_same):
        found = by_name(list(write_strategies(3)), list(read_strategies(3)), network(name, 3, given), 50_000)
        for each in found.values():
            if each.fresh.proved:
                assert each.fresh.fresh_from[-1] <= 0
                assert (each.fresh.at(0), each.fresh.visible()) == ((1, 1, 1), (0, 0, 0))
            else:
                assert each.fresh.at(0).low < 1


def test_answers_that_arrive_at_once_are_used_by_chance() -> None:
    """Where all takes the same time, a check by one finds the only replica that has the booking one time in three."""
    over = network("lnkd-ssd", 3, {leg: ["const:1"] for leg in LEGS})
    found = by_name(["serial-async"], ["one", "quorum"], over, 90_000)
    assert found["serial-async", "one"].fresh.at(-0.5).value == pytest.approx(1 / 3, abs=0.01)
    assert found["serial-async", "quorum"].fresh.at(-0.5).value == pytest.approx(2 / 3, abs=0.01)


def test_replicas_may_be_unlike() -> None:
    """A delay for one replica is that replica's; the first of three is then one of the others."""
    over = network("lnkd-ssd", 3, {leg: ["const:1", "db2=const:50"] for leg in LEGS})
    found = by_name(["serial-sync", "parallel:2", "parallel:3"], ["one", "one:db2"], over, 10)
    assert {each.write: float(each.booking[0]) for each in found.values()} == {
        "serial-sync": 104,
        "parallel:2": 2,
        "parallel:3": 100,
    }
    assert {each.read: float(each.checking[0]) for each in found.values()} == {"one": 2, "one:db2": 100}


PAPER = [
    ("lnkd-ssd", "parallel:1", "first:1", 0.66, 0.66, 1.85),
    ("lnkd-ssd", "parallel:2", "first:1", 0.66, 1.63, 1.79),
    ("lnkd-disk", "parallel:1", "first:1", 0.66, 10.99, 45.5),
    ("lnkd-disk", "parallel:2", "first:1", 0.65, 20.97, 43.3),
    ("lnkd-disk", "parallel:1", "first:2", 1.63, 10.9, 13.6),
    ("ymmr", "parallel:1", "first:1", 5.58, 10.83, 1364.0),
    ("ymmr", "parallel:1", "first:2", 32.6, 10.73, 202.0),
    ("wan", "parallel:1", "first:1", 3.4, 55.12, 113.0),
]
"""Bailis et al., VLDB 2012, table 4: 99.9th percentiles of checking and booking, and the time until 99.9 % see it."""


@pytest.mark.long
def test_latencies_are_those_that_the_paper_found() -> None:
    """To a few percent; its times until visibility are biased low, ours are longer, but not by more than a fourth."""
    for name, write, read, checking, booking, visible in PAPER:
        found = by_name([write], [read], network(name, 3, {}), 1_000_000)[write, read]
        assert percentiles(found.checking)["p99.9"].value == pytest.approx(checking, rel=0.05)
        assert percentiles(found.booking)["p99.9"].value == pytest.approx(booking, rel=0.05)
        assert visible * 0.97 < found.fresh.visible().value < visible * 1.25


@pytest.mark.parametrize(("name", "fresh"), [("lnkd-ssd", 0.974), ("lnkd-disk", 0.439), ("ymmr", 0.893), ("wan", 0.33)])
def test_freshness_is_what_the_paper_found(name: str, fresh: float) -> None:
    """With R = W = 1, checks made right after the acknowledgement see the booking as often (section 5.6)."""
    found = by_name(["parallel:1"], ["one"], network(name, 3, {}), 500_000)["parallel:1", "one"]
    assert found.fresh.at(0).value == pytest.approx(fresh, abs=0.005)


def test_intervals_have_the_true_value_as_often_as_they_say() -> None:
    """Nineteen times in twenty; where trials are too few, a quantile has no upper bound."""
    chance = np.random.default_rng(3)
    drawn = np.sort(chance.exponential(size=(1000, 4000)), axis=1)
    true = -math.log(0.01)
    within = sum(low <= true <= high for _, low, high in (quantile(each, 0.99) for each in drawn))
    assert 925 <= within <= 980
    happened = chance.binomial(5000, 0.02, size=1000)
    assert 935 <= sum(low <= 0.02 <= high for _, low, high in (probability(int(k), 5000) for k in happened)) <= 985
    assert quantile(np.arange(100.0), 0.999).high == math.inf


@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
def test_k_staleness_is_what_one_counts(replicas: int) -> None:
    """The closed form is the share of all ways to choose replicas in which none of k bookings is met."""
    for write, read in product(write_strategies(replicas).values(), read_strategies(replicas).values()):
        written = list(written_by(write, replicas))
        used = list(combinations((1,) if read.primary else read.asks, read.answers))
        for k in (1, 2):
            missed = [
                all(not set(each) & set(asked) for each in bookings)
                for asked in used
                for bookings in product(written, repeat=k)
            ]
            # A booking that always goes to the same replicas is met by all k or by none.
            assert k_stale(write, read, replicas, k) == pytest.approx(float(np.mean(missed)))


def written_by(write: WriteStrategy, replicas: int) -> Iterator[tuple[int, ...]]:
    """Yield the sets of replicas that show a booking when it is acknowledged, and no others do."""
    numbers = range(1, replicas + 1)
    if write.log:
        yield ()
    elif write.primary:
        yield from ((1, *some) for some in combinations(numbers[1:], 0 if write.on_receipt else write.needed - 1))
    elif write.serial:
        yield tuple(numbers)[: write.needed]
    else:
        yield from combinations(numbers, write.needed)


def test_pareto_points_are_beaten_by_none() -> None:
    """On the front are those pairs, and all those, than which none is both as fast and as fresh, and better in one."""
    found = list(by_name(list(by_app_server(3)), ["one", "quorum", "all"], network("wan", 3, {}), 20_000).values())
    every = points(found)
    assert any(not each.on_front for each in every)
    for each in every:
        beaten = [
            other for other in every if other.ms <= each.ms and other.stale <= each.stale and other[1:3] != each[1:3]
        ]
        assert each.on_front == (not beaten)


def test_the_command_gives_json_and_csv_that_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Every pair with its percentiles, its freshness when asked for, and its guarantees; by seed the same again."""
    asked = ["simulate", "--delays", "ymmr", "--at", "0,5,10", "--trials", "20000", "--seed", "9", "--read", "quorum"]
    assert main([*asked, "--format", "json"]) == 0
    out = capsys.readouterr().out
    told = json.loads(out)
    assert told["schema"] == 1
    pair = told["pairs"][2]
    assert (pair["write"], pair["read"], pair["replicas"], pair["trials"]) == ("parallel:1", "quorum", 3, 20000)
    assert set(pair["booking_ms"]) == set(pair["checking_ms"]) == {"p50", "p99", "p99.9"}
    assert [each["t_ms"] for each in pair["fresh"]] == [0, 5, 10]
    assert all(each["low"] <= each["p"] <= each["high"] for each in pair["fresh"])
    low, high = pair["t_visibility_interval_ms"]["99.9"]
    assert low <= pair["t_visibility_ms"]["99.9"] <= high
    assert told["pairs"][0]["keeps"] == ["read-after-write"]
    assert main([*asked, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert float(rows[2]["fresh_at_5_ms_low"]) == pair["fresh"][1]["low"]
    assert float(rows[2]["t_visibility_ms_99.9"]) == pair["t_visibility_ms"]["99.9"]
    assert float(rows[2]["checking_ms_p99"]) == pair["checking_ms"]["p99"]
    assert main([*asked, "--format", "json"]) == 0
    assert capsys.readouterr().out == out


@pytest.mark.parametrize("width", [80, 100])
def test_the_text_fits_and_tells_what_is_certain(width: int) -> None:
    """At 80 and at 100 columns; what is proved is said to be so, and what is estimated has its interval."""
    over = network("lnkd-disk", 3, {})
    writes, reads = ["parallel:1", "parallel:2"], ["one", "quorum"]
    found = list(by_name(writes, reads, over, 20_000).values())
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    simulation = Simulation(
        [write_strategy(w, 3) for w in writes], [read_strategy(r, 3) for r in reads], over, 20_000, 1
    )
    show(console, found, simulation, (0, 10, 100))
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, out.splitlines())) <= width
    assert re.search(r"quorum +always +always +always +at once", out)
    assert re.search(r"one +4[34]\.\d ± 0\.\d %", out)


def test_an_old_terminal_gets_plain_characters() -> None:
    """Where the output cannot have a plus-minus sign, it has none, and nothing fails."""
    command = [sys.executable, "-m", "overbooked", "simulate", "--trials", "100"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\d \+- \d", done.stdout)


@pytest.mark.long
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_has_a_point_for_each_pair(ending: str, tmp_path: Path) -> None:
    """With the names of the pairs, their guarantees, the front and the curves; in SVG all of it as text."""
    path = tmp_path / f"trade-off.{ending}"
    assert main(["simulate", "--trials", "2000", "--plot", str(path)]) == 0
    content = path.read_bytes()
    if ending == "png":
        assert content.startswith(b"\x89PNG")
        return
    root = ET.fromstring(content)  # noqa: S314 - this project wrote it
    texts = " ".join("".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text"))
    for write, read in product(("serial-sync", "parallel:1", "message:serial-sync"), ("one", "quorum", "all")):
        assert f"{write} by {read}" in texts
    for said in ("linearizability", "read-after-write", "may be stale", "Pareto front", "Staleness over time"):
        assert said in texts


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("--plot picture.pdf", "picture.pdf: should end with .svg or .png"),
        ("--plot nowhere/picture.svg", "nowhere/picture.svg: cannot be written (No such file or directory)"),
        ("--delays lnkd-dist", "lnkd-dist: no such set of delays; did you mean lnkd-disk?"),
        ("--write-delay db4=exp:1", "--write-delay db4=exp:1: there are 3 replicas, db1..db3"),
        ("--response-delay const:-3", "--response-delay const:-3: -3 should be 0 or more"),
        ("--log-delay db1=exp:1", "--log-delay db1=exp:1: no such distribution"),
        ("--trials 100000000", "for so many pairs there may be up to 10,526,315"),
        ("--trials 0", "0 is not a whole number from 1 on"),
        ("--at now", "now is not a time, a number from 0 on"),
        ("--seed -1", "-1 is not a whole number from 0 on"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(asked: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and one line that says what would be right."""
    try:
        status = main(["simulate", *asked.split()])
    except SystemExit as ended:
        status = int(str(ended.code))
    err = capsys.readouterr().err
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_without_matplotlib_a_picture_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The line says what to install; all else works without."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "overbooked.checker.simulation.plot", raising=False)
    assert main(["simulate", "--plot", str(tmp_path / "p.svg")]) == 2
    brings = "which pip install '.[plot]' brings, in this project's folder"
    assert capsys.readouterr().err == f"overbooked: --plot needs matplotlib, {brings}\n"
    assert main(["simulate", "--trials", "100", "--format", "csv"]) == 0


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    """Exit status 130, no traceback, and no picture."""
    picture = tmp_path / "picture.svg"
    ended = interrupted("simulate", "--trials", "10000000", "--plot", str(picture))
    assert (ended.status, ended.out) == (130, "")
    assert "Traceback" not in ended.shown
    assert not picture.exists()


def test_more_trials_are_proved_for_more_replicas() -> None:
    """What is proved is so for any number of replicas, as far as it may be asked."""
    many = write_strategy("parallel:33", 64), write_strategy("parallel:32", 64)
    assert [is_never_stale(write, read_strategy("first:32", 64), 64) for write in many] == [True, False]
