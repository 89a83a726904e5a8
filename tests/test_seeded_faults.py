"""One-line faults, seeded into copies of the spec and of the checker, are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from linked import ROOT, link
from probing import run_on_copy

EXPECTED = str(ROOT / "spec" / "expected.csv")


def run_of(file: str, chosen: str = "", tier: str = "--long") -> tuple[str, ...]:
    """Return the probe that runs the tests of a file, or some of them; of all tiers up to this one."""
    quiet = ("-q", "-x", tier, "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    return (
        "pytest",
        *quiet,
        "--hypothesis-profile",
        "seeded",
        str(ROOT / "tests" / file),
        *(("-k", chosen) if chosen else ()),
    )


VERDICTS = (
    *("overbooked", "check", "--expect", EXPECTED, "--fault", "every"),
    *("--write", "serial-sync", "--write", "serial-async", "--write", "parallel:2", "--write", "message:serial-async"),
    *("--read", "one", "--read", "one:db2", "--read", "quorum"),
    *("--guarantee", "read-after-write", "--guarantee", "read-your-writes", "--guarantee", "monotonic-reads"),
    *("--guarantee", "convergence", "--guarantee", "durability"),
    *("--guarantee", "booking-availability", "--guarantee", "checking-availability", "--guarantee", "last-write-wins"),
)
"""Compares the verdicts and numbers of many small cells with the expected ones."""
PRIMARY = (
    *("overbooked", "check", "--expect", EXPECTED),
    *("--fault", "none", "--fault", "app-restart", "--fault", "clock-skew", "--fault", "failover"),
    *("--write", "primary:1", "--write", "primary:2", "--write", "primary:2:received", "--write", "primary:2:unique"),
    *("--read", "one:primary", "--read", "one:db3"),
    *("--guarantee", "read-after-write", "--guarantee", "convergence", "--guarantee", "durability"),
    *("--guarantee", "booking-availability", "--guarantee", "last-write-wins"),
)
"""Likewise, where the database replicates by itself."""
REPAIRS = (
    *("overbooked", "check", "--expect", EXPECTED),
    *("--fault", "none", "--fault", "replica-crash", "--fault", "app-restart"),
    *("--write", "claim:2", "--write", "parallel:1", "--read", "quorum:repair", "--read", "one:session"),
    *("--read", "all:repair"),
    *("--guarantee", "read-after-write", "--guarantee", "read-your-writes", "--guarantee", "monotonic-reads"),
    *("--guarantee", "convergence", "--guarantee", "booking-availability", "--guarantee", "checking-availability"),
)
"""Likewise, with claims, repairs and sessions."""
RARER = (
    *("overbooked", "check", "--expect", EXPECTED),
    *("--fault", "node-crash", "--fault", "lost-write", "--fault", "amnesia"),
    *("--write", "serial-async", "--write", "message:serial-sync", "--write", "claim:2"),
    *("--write", "primary:1", "--write", "primary:2:unique", "--read", "one", "--read", "one:primary"),
    *("--guarantee", "read-your-writes", "--guarantee", "convergence", "--guarantee", "durability"),
    *("--guarantee", "booking-availability"),
)
"""Likewise, under the faults of which there are more kinds."""
JOINED = run_of("test_booking_system.py", "joined_and_counted", "--exhaustive")
"""Compares verdicts under several faults with those of the system typed again."""
BIG_VERDICTS = (
    *("overbooked", "check", "--expect", EXPECTED, "--fault", "none", "--write", "serial-async", "--read", "quorum"),
    *("--guarantee", "linearizability", "--guarantee", "no-double-booking"),
)
"""Likewise, for the two guarantees whose programs are the largest."""
FITS = run_of("test_command.py", "makes_no_sense or what_goes_together")
"""Runs the tests that what does not go together is refused, or left out where all is asked for."""
WORDS = run_of("test_words.py")
"""Runs the tests of words that users type."""
TABLES = run_of("test_verdict_table.py")
"""Runs the tests of what a table says."""
STREAMS = run_of("test_streams.py")
"""Runs the tests of where the command writes."""
MODELS = run_of("test_known_models.py")
"""Runs the tests on models that others have counted."""
GONE_WRONG = run_of("test_models_gone_wrong.py")
"""Runs the tests of models that contradict themselves, or nearly do."""
RANDOM = run_of("test_random_models.py", "not round and not narrow_levels and not wide_rules and not occurs")
"""Runs the tests against a plain search on random models."""
ROUNDS = run_of("test_random_models.py", "round")
"""Runs those of runs that go round for ever."""
NARROW = run_of("test_random_models.py", "narrow_levels or wide_rules or occurs")
"""Runs those of levels that are looked at state by state, and of rules that are run for what occurs."""
FEWEST = run_of("test_fewest_changes.py")
"""Runs the tests that of all shortest runs the one is told that changes hands least."""
MEMORY = run_of("test_out_of_memory.py")
"""Runs those of searches that end in the middle."""
COUNTS = run_of("test_booking_system.py", "counts")
"""Counts the states of models that are large."""
REDUCED = run_of("test_reductions.py")
"""Runs the tests that a model reduced has the verdicts, and the runs, that it has when all is explored."""
TOGETHER = run_of("test_together.py")
"""Runs the tests that fields kept together make no difference."""
RUNS = run_of("test_booking_system.py", "_run_of")
"""Runs the tests that follow the booking system's counterexamples step by step."""
PROOFS = ("overbooked", "prove", "sets", "systems", "protocol", "latency")
"""Proves all theorems but those about the spec's own steps; one that is then neither proved nor refuted ends with 3."""
PROVE = "overbooked", "prove"
PROVED_FRESH, PROVED_KEPT = (*PROVE, "standbys-are-fresh"), (*PROVE, "acknowledged-survives-failover")
PROVED_UNIQUE = (*PROVE, "unique-survives-failover")
"""Prove one theorem about a primary and its standbys."""
PROVED_REPAIRED, PROVED_CLAIMED = (*PROVE, "linearizable-if-repaired"), (*PROVE, "claims-exclude-each-other")
PROVED_OWN, PROVED_MONOTONIC = (*PROVE, "sessions-see-own-bookings"), (*PROVE, "sessions-are-monotonic")
"""Prove one theorem about repairs, claims and sessions."""
PROVING = run_of("test_proving.py")
"""Runs the tests of how one proves."""
FAMILIES = run_of("test_families.py")
"""Runs the tests of what is proved for any number of members."""
ENGINES = run_of("test_two_engines.py")
"""Runs the tests that the spec's own steps in z3 say what the search says."""
THEOREMS = run_of(
    "test_theorems.py",
    "sets_that or not_decide or quorum_systems or disagreement or grids or acks_come or nothing_follows",
)
"""Runs the tests that count out what theorems say of sets, and that hold what is proved against what is explored."""
STALE_RUN = run_of("test_theorems.py", "stale_run")
"""Runs the tests of the stale run in terms of N, W and R."""
CONFORMANCE = run_of(
    "test_conformance.py",
    "small_programs or difference or deterministic or why",
)
"""Runs the quick tests that hold the reference against the spec, and that say what differs."""
COVERING = run_of("test_covering_runs.py")
"""Runs the tests of the runs that cover a graph."""
FAULTS_CONFORM = run_of("test_conformance.py", "faults_conform or standbys_conform")
"""Runs those with one fault after the other."""
STANDBYS_CONFORM = run_of("test_conformance.py", "standbys_conform", "--exhaustive")
"""Runs those of a primary and its standbys, with every fault."""
STATEFUL = run_of("test_stateful.py", "test_a_ or test_users or TestReference")
"""Runs the quick tests of the stateful machine."""
BETWEEN = run_of("test_between_steps.py", "test_")
"""Runs the tests of what the stateful machine does between the steps of the spec."""
STORAGES = run_of("test_faulty_storages.py", "wrap or writes or cut")
"""Has the stateful machine find faulty storages."""
TRACES = run_of(
    "test_traces.py",
    "other_runs or shape or changed or left_out or true_until or gives or itf or svg or mermaid or waited or no_fault "
    "or each_fault",
)
"""Runs the tests of what is told of a run, and of other runs."""
REPORT = run_of("test_report.py", "data or tree or true_and_one")
"""Runs the tests of what a report's data says."""
LATENCY = run_of("test_latency.py")
"""Runs the tests of how long strategies take and of what they cost."""
SIMULATING = run_of("test_simulating.py", "not picture and not ctrl_c and not terminal and not text_fits")
"""Runs the tests of what is simulated."""

IN_THE_SPEC = [
    ("everyday_words.py", '{**_NUMBERS, "quorum": majority,', '{**_NUMBERS, "quorum": 1,', WORDS),
    ("everyday_words.py", "is primary:{one_more} here", "is primary:{k}:shown here", WORDS),
    ("everyday_words.py", "not 1 <= count <= replicas", "False", WORDS),
    ("read_strategies.py", "distinct.setdefault(strategy._replace(name=\"\"), strategy)", "distinct.setdefault(strategy, strategy)", WORDS),
    ("faulty_runs.py", "return left < times", "return left <= times", TRACES),
    ("faulty_runs.py", "return not leads", "return leads", TRACES),
    ("names.py", "if len(numbered) > 1:", "if False:", WORDS),
    ("language.py", "            wrong = wrong or raised\n", "            raise\n", GONE_WRONG),
    ("language.py", "fields[role].own(to)", "to", GONE_WRONG),
    ("language.py", "        return type(value), kinds(value)", "        return type(value)", GONE_WRONG),
    ("write_strategies.py", "(*self.path(before, replicas), replica)", "(replica,)", LATENCY),
    ("booking.py", "max(stored, timestamp)", "timestamp", VERDICTS),
    ("booking.py", "confirmations >= needed", "confirmations > needed", VERDICTS),
    ("booking.py", '"timestamp": clock + 1', '"timestamp": 1', VERDICTS),
    ("booking.py", 'return before == answer if answer else before in ANSWERED', "return True", VERDICTS),
    ("booking.py", "return [] if setting.write.log else sends", "return sends", VERDICTS),
    ("booking.py", "*onward, *while_up(setting, i)", "*onward", VERDICTS),
    ("booking.py", "yield step(\"apply\", takes, *while_up(setting, i)", "yield step(\"apply\", takes", VERDICTS),
    ("booking.py", "return [] if setting.write.log else [enough", "return [enough", VERDICTS),
    ("booking.py", 'answer="available" if call.if_available else None', "answer=None", BIG_VERDICTS),
    ("write_strategies.py", 'WriteStrategy("serial-sync", serial=True, needed=replicas)', 'WriteStrategy("serial-sync", serial=True, needed=replicas - 1)', VERDICTS),
    ("write_strategies.py", "min(replica + 2, replicas + 1)", "min(replica + 2, replicas)", VERDICTS),
    ("write_strategies.py", "else range(1, replicas + 1)", "else range(1, replicas)", VERDICTS),
    ("read_strategies.py", "replicas // 2 + 1", "replicas // 2", VERDICTS),
    ("read_strategies.py", 'ReadStrategy(f"one:db{i}", 1, (i,))', 'ReadStrategy(f"one:db{i}", 1, everyone)', VERDICTS),
    ("checking.py", '"latest": max(latest, stored)', '"latest": stored', VERDICTS),
    ("checking.py", "answers < needed else None", "answers <= needed else None", VERDICTS),
    ("checking.py", '"booked" if latest else "available"', '"booked" if latest > 1 else "available"', VERDICTS),
    ("checking.py", "*hears, *is_asked, *while_up(setting, i)", "*hears, *is_asked", VERDICTS),
    ("checking.py", "1 if stored > latest else agreeing + (stored == latest)", "agreeing + 1", REPAIRS),
    ("checking.py", '"running" and agreeing < needed <= answers', '"running" and agreeing < needed', REPAIRS),
    ("checking.py", '"stored": max(stored, latest), "agreeing"', '"stored": stored, "agreeing"', REPAIRS),
    ("checking.py", '"agreeing": agreeing + 1}', '"agreeing": agreeing + 2}', REPAIRS),
    ("checking.py", "return stored >= told", "return True", REPAIRS),
    ("checking.py", '"told": max(told, latest)', '"told": told', REPAIRS),
    ("checking.py", "back, *while_up(setting, i)]", "back]", REPAIRS),
    ("booking.py", '"told": max(told, timestamp)', '"told": told', REPAIRS),
    ("setting.py", "self.agreeing(check) if self.read.repair", "self.answers(check) if self.read.repair", REPAIRS),
    ("guarantees.py", "if read.session and self.in_session", "if False", REPAIRS),
    ("claiming.py", 'write == "sent" and not stored', 'write == "sent"', REPAIRS),
    ("claiming.py", 'write == "sent" and stored', 'write == "sent"', REPAIRS),
    ("claiming.py", '"refusals": refusals + 1', '"refusals": refusals', REPAIRS),
    ("faults.py", 'counts.get("replica-crash", 0) + ("failover" in counts)', 'bool(counts.get("replica-crash"))', JOINED),
    ("faults.py", 'restarts, timeouts = counts.get("app-restart", 0)', 'restarts, timeouts = int("app-restart" in counts)', JOINED),
    ("faults.py", 'skew, failover = "clock-skew" in counts', 'skew, failover = False', JOINED),
    ("claiming.py", "refusals > spare", "refusals >= spare", REPAIRS),
    ("claiming.py", "does, *while_up(setting, i)", "does", REPAIRS),
    ("failing.py", '{"refusals": 0}', "{}", REPAIRS),
    ("combinations.py", "read.repair and write.primary", "False", FITS),
    ("combinations.py", "read.repair and write.claims", "False", FITS),
    ("message_log.py", "part(commit, **at), enough(setting, b)", "part(commit, **at)", VERDICTS),
    ("message_log.py", "if place == committed + 1 and not consuming", "if place > committed and not consuming", VERDICTS),
    ("failing.py", '{"call": "unanswered"} if call == "running" else {}', "{}", VERDICTS),
    ("failing.py", 'return {"write": "unsent"}\n', "return {}\n", VERDICTS),
    ("failing.py", '{"write": "unsent"} if write == "sent"', '{"write": "unsent"} if write == "applied"', RARER),
    ("failing.py", '{"stored": 0}', "{}", RARER),
    ("failing.py", '{"stored": 0}', "{}", (*PROVE, "stale-read-as-replicas-forget")),
    ("failing.py", '"forget", one_fewer, ', '"forget", ', (*PROVE, "no-stale-read-if-few-forget")),
    ("failing.py", "lost, one_fewer, owed", "lost, owed", (*PROVE, "bookings-are-acknowledged")),
    ("failing.py", '{"held": "nothing"}', "{}", RARER),
    ("failing.py", '{"received": 0}', "{}", RARER),
    ("failing.py", '{"logged": False}', "{}", RARER),
    ("failing.py", "*stops, *_app_forgets(setting), owed", "*stops, owed", RARER),
    ("failing.py", "lost, one_fewer, owed", "lost, owed", RARER),
    ("failing.py", "*_replica_forgets(setting, i), *while_up(setting, i)", "*_replica_forgets(setting, i)", JOINED),
    ("faults.py", 'counts.get(kind, 0) for kind in ("node', 'int(kind in counts) for kind in ("node', JOINED),
    ("setting.py", "if self.fault.shortens_logs else True", "if self.fault.failover else True", RARER),
    ("failing.py", '{"consuming": False}', "{}", VERDICTS),
    ("failing.py", '{"confirmations": 0}', "{}", VERDICTS),
    ("failing.py", '*stops, owed=False, replica', "*stops, replica", VERDICTS),
    ("built_in_replication.py", 'mine != "nothing" or other == "nothing" or not up', "True", PRIMARY),
    ("built_in_replication.py", 'mine != "nothing" or other == "nothing" or not up', "mine != other", PROVED_KEPT),
    ("built_in_replication.py", "not leads or confirmations >= needed", "confirmations is not None", PROVED_FRESH),
    ("built_in_replication.py", "part(is_vacant, **of_room), ", "*[], ", PROVED_UNIQUE),
    ("built_in_replication.py", "not leads or confirmations >= needed", "True", PRIMARY),
    ("built_in_replication.py", "standbys = setting.write.needed - 1", "standbys = setting.write.needed", PRIMARY),
    ("built_in_replication.py", "not (logged and 0 < earlier < place", "not (logged and 0 < place < earlier", PRIMARY),
    ("built_in_replication.py", '(on_receipt and held == "received")', 'held == "received"', PRIMARY),
    ("built_in_replication.py", 'has_it = held == "shown" or', "has_it =", PRIMARY),
    ("built_in_replication.py", "part(is_vacant, **of_room), ", "", PRIMARY),
    ("built_in_replication.py", 'return held != "received"', "return True", PRIMARY),
    ("built_in_replication.py", 'return leads or not (0 < earlier < place and held == "received")', "return True", PRIMARY),
    ("built_in_replication.py", "return None if leads or primary_up else", "return", PRIMARY),
    ("built_in_replication.py", '{"call": "unknown"} if call == "running" else {}', "{}", PRIMARY),
    ("built_in_replication.py", '{"stored": received}', "{}", PRIMARY),
    ("built_in_replication.py", '{"logged": False} if held == "nothing" else', "", PRIMARY),
    ("built_in_replication.py", "        yield from forgets_writes(setting, b)\n", "", PRIMARY),
    ("built_in_replication.py", "parts += _while_primary_up(setting)", "pass", PRIMARY),
    ("built_in_replication.py", '{"call": "taken"}', '{"call": "acked"}', PRIMARY),
    ("failing.py", '{"primary_up": False} if leads else {}', "{}", PRIMARY),
    ("booking.py", 'return write == "confirmed"', "return True", PRIMARY),
    ("checking.py", "while_primary(setting, i) if setting.read.primary else []", "[]", PRIMARY),
    ("combinations.py", "if needing and not write.primary", "if needing", FITS),
    ("combinations.py", "if needing and not write.primary", "if False", FITS),
    ("guarantees.py", '{"bound": known}', '{"bound": False}', VERDICTS),
    ("guarantees.py", "known or latest > 0", "known", BIG_VERDICTS),
    ("guarantees.py", "return stored < timestamp\n\n\ndef keeps", "return stored <= timestamp\n\n\ndef keeps", VERDICTS),
    ("guarantees.py", "not up or stored < timestamp", "stored < timestamp", VERDICTS),
    ("booking.py", "confirmations >= needed", "confirmations >= needed - 1", PROOFS),
    ("booking.py", '"confirmations": confirmations + 1', '"confirmations": confirmations + 2', PROOFS),
    ("checking.py", "if answer is None else None", "", PROOFS),
    ("checking.py", 'call != "running" or answers < needed', 'call != "running"', PROOFS),
    ("checking.py", "1 if stored > latest else agreeing + (stored == latest)", "agreeing + 1", PROVED_REPAIRED),
    ("checking.py", '"stored": max(stored, latest), "agreeing"', '"stored": stored, "agreeing"', PROVED_REPAIRED),
    ("checking.py", "answer is None or answer >= latest", "answer is None", PROVED_REPAIRED),
    ("setting.py", "self.agreeing(check) if self.read.repair else self.answers(check)", "self.answers(check)", PROVED_REPAIRED),
    ("checking.py", "return stored >= told", "return True", PROVED_OWN),
    ("booking.py", '"told": max(told, timestamp)', '"told": told', PROVED_OWN),
    ("checking.py", '"told": max(told, latest)', '"told": told', PROVED_MONOTONIC),
    ("claiming.py", 'write == "sent" and not stored', 'write == "sent"', PROVED_CLAIMED),
    ("claiming.py", '{"write": "refused"} if', '{"write": "applied"} if', PROVED_CLAIMED),
    ("claiming.py", "refusals > spare", "refusals > spare + 1", (*PROVE, "claims-are-answered")),
    ("failing.py", '{"left": left - 1} if left else None', '{"left": left}', PROOFS),
    ("write_strategies.py", "return range(1, 2) if self.serial or self.primary else", "return", PROOFS),
    ("message_log.py", "part(commit, **at), enough(setting, b)", "part(commit, **at)", PROOFS),
    ("failing.py", '{"call": "unknown"} if call == "running" else None', '{"call": "unknown"} if call == "idle" else None', VERDICTS),
    ("failing.py", "part(end_unknown, call=setting.call(call)), one_fewer, owed=False", "part(end_unknown, call=setting.call(call)), owed=False", VERDICTS),
    ("failing.py", '{"call": "unknown"}', '{"call": "acked"}', VERDICTS),
    ("booking.py", "return timestamp != mine", "return timestamp <= mine", VERDICTS),
    ("booking.py", '{"appended": appended + 1, "place": appended + 1}', '{"appended": appended, "place": appended + 1}', VERDICTS),
    ("because.py", "stuck, sender = run.under_way(booking)", "stuck, sender = booking", TRACES),
    ("guarantees.py", '{"earlier": call == "acked"}', '{"earlier": call != "idle"}', VERDICTS),
    ("guarantees.py", "return stored == timestamp", "return stored >= timestamp", VERDICTS),
]  # fmt: skip

IN_THE_CHECKER = [
    ("latency/waits.py", "return Wait(write.needed, tuple(paths))", "return Wait(1, tuple(paths))", LATENCY),
    ("latency/waits.py", "in_order(sums)[self.kth - 1]", "in_order(sums)[0]", LATENCY),
    ("latency/message_costs.py", '_UNDER_WAY = {"sent", "applied"}', '_UNDER_WAY = {"sent", "applied", "confirmed"}', LATENCY),
    ("latency/message_costs.py", 'not done for done in _confirmed(setting, state)', 'done for done in _confirmed(setting, state)', LATENCY),
    ("latency/message_costs.py", "not users & {message.sender, message.receiver}", "not users & {message.sender}", LATENCY),
    ("simulation/trials.py", "(delays.log + delays.consumer if", "(delays.log if", LATENCY),
    ("simulation/trials.py", "booked.acked - checked.asked", "booked.acked + checked.asked", SIMULATING),
    ("simulation/trials.py", "np.where(checked.used, late, np.inf)", "late", SIMULATING),
    ("simulation/trials.py", "> read.answers", "> 99", SIMULATING),
    ("simulation/trials.py", "size = min(_BATCH, count - begun)", "size = 1", SIMULATING),
    ("simulation/delays.py", "random.standard_exponential(count) / rate", "random.standard_exponential(count) * rate", SIMULATING),
    ("simulation/delays.py", "np.cumsum(shares)[:-1]", "np.cumsum(shares)[1:]", SIMULATING),
    ("simulation/delays.py", "if value < least or", "if", SIMULATING),
    ("simulation/networks.py", "pareto:3,3.5+", "pareto:3,2.5+", SIMULATING),
    ("simulation/networks.py", "random.integers(self.replicas, size=trials)", "np.zeros(trials, int)", SIMULATING),
    ("simulation/estimates.py", "float(ordered[above])", "float(ordered[below])", SIMULATING),
    ("simulation/estimates.py", "beta.ppf(1 - _MISS / 2, happened + 1", "beta.ppf(_MISS / 2, happened + 1", SIMULATING),
    ("simulation/k_staleness.py", " ** k", "", SIMULATING),
    ("simulation/simulated.py", '.verdict == "proved"', '.verdict != "unknown"', SIMULATING),
    ("simulation/trade_off.py", "one.ms <= other.ms and one.stale", "one.ms <= other.ms or one.stale", SIMULATING),
    ("engine/other_runs.py", "[other for other in asleep if not _depend(step, other)]", "[*asleep]", TRACES),
    ("engine/other_runs.py", "asleep = [*asleep, step]", "pass", TRACES),
    ("engine/other_runs.py", "return bool(changed & its_touched or touched & its_changed)", "return bool(changed & its_changed)", TRACES),
    ("engine/other_runs.py", "if shape in known:", "if False:", TRACES),
    ("traces/from_booking.py", "for step in steps if step.owed", "for step in steps", TRACES),
    ("traces/faults_in_time.py", "for at in range(len(steps) - 1, -1, -1))", "for at in range(len(steps)))", TRACES),
    ("matrix/verdict_table.py", "write != before or not console.is_terminal", "write != before", TABLES),
    ("matrix/verdict_table.py", "name.rjust(place + 1)", "name.rjust(place)", TABLES),
    ("matrix/only_holding.py", 'if found == {"holds"}]', 'if "holds" in found]', TABLES),
    ("theorems/proved_anyway.py", '"none", None, None)', 'cell.fault, None, None)', TABLES),
    ("cli/progress.py", "                shown.take_away()\n                show()", "                pass", STREAMS),
    ("cli/main.py", 'sys.stdout.reconfigure(encoding="utf-8")', "None", STREAMS),
    ("traces/from_booking.py", "not setting.fault.skew and all(", "all(", TRACES),
    ("traces/from_booking.py", "strongest(name for name, verdict", "list(name for name, verdict", TRACES),
    ("traces/as_itf.py", "isinstance(value, int) and not isinstance(value, bool)", "isinstance(value, float)", TRACES),
    ("traces/as_mermaid.py", 'number = ""', "pass", TRACES),
    ("report/trees.py", "if len(kinds) == 1 else", "if kinds else", REPORT),
    ("report/trees.py", "if name in change:", "if False:", REPORT),
    ("report/explorable.py", "field.codes[model.initial[field.name]]", "0", REPORT),
    ("report/explorable.py", "if change is not None and all", "if change and all", REPORT),
    ("engine/rule_tables.py", "shared = [(k, at) for k, at in enumerate(places) if at in known]", "shared = []", RANDOM),
    ("engine/rule_tables.py", "changed = (before != after)[~raised]", "changed = (before != after)[(after != OUTSIDE).all(axis=1)]", GONE_WRONG),
    ("engine/rule_tables.py", "return part.rule, roles, constants, kinds([value for _, value in constants]) if constants else ()", "return part.rule, roles, constants", GONE_WRONG),
    ("engine/asked_tables.py", "        note_writes(self._writes, self.part, fresh)", "        pass", GONE_WRONG),
    ("engine/asked_tables.py", "        return entries[back]", "        return entries", NARROW),
    ("engine/asked_tables.py", "domain[code] for code in before[:, at]", "domain[code] for code in before[:, place]", NARROW),
    ("engine/compiled.py", "for table in self.asked:", "for table in ():", GONE_WRONG),
    ("engine/fair_cycles.py", "there = (to, here[1] | met)", "there = (to, met)", ROUNDS),
    ("engine/fair_cycles.py", "self._by(step) | self._met(to)", "self._by(step)", ROUNDS),
    ("engine/fair_cycles.py", "if self._lengths[each] + 1 >= length:", "if self._lengths[each] >= self._lengths[entry]:", ROUNDS),
    ("engine/fair_cycles.py", "== self._weak and not (met >> self._count_of) & ~met", "== self._weak", ROUNDS),
    ("engine/fair_cycles.py", "if ends and len(ends.run.steps) <= region", "if ends and len(ends.run.steps) >= region", ROUNDS),
    ("engine/broken_region.py", "= whole.depths == 0", "= whole.depths >= 0", ROUNDS),
    ("engine/broken_region.py", "whole.depths[first] + 1.0", "np.ones(len(first))", ROUNDS),
    ("engine/fair_components.py", "unmet = where > 0 if strongly else where == sizes", "unmet = where == sizes", ROUNDS),
    ("engine/fair_components.py", "left_out |= possible & unmet[of]", "left_out |= unmet[of]", MODELS),
    ("engine/fair_components.py", "numbers.setdefault(at if group is None else group, len(numbers))", "numbers.setdefault(at, len(numbers))", ROUNDS),
    ("engine/few_states.py", "reduce(or_, (table.mask for table in left))", "left[0].mask", NARROW),
    ("engine/few_states.py", "            owed |= self._lookups[place].owed\n", "            owed = self._lookups[place].owed\n", NARROW),
    ("engine/few_states.py", "                done.append((place, flip | more))", "                done.append((place, more))", NARROW),
    ("engine/few_states.py", "table.mask & ~self.mask], state)", "True], state)", NARROW),
    ("engine/search.py", '"in the end": over}', '"in the end": level}', NARROW),
    ("engine/shortest_runs.py", "key=lambda it: places[it[0]]", "key=lambda it: it[1]", FEWEST),
    ("engine/verdicts.py", '"holds" if witness or not asked else "vacuous"', '"holds" if witness or asked else "vacuous"', RANDOM),
    ("engine/verdicts.py", "wider[name].kind == field.kind", "wider[name].domain == field.domain", GONE_WRONG),
    ("engine/layout.py", "            shift += width\n            whole", "            shift += 1\n            whole", MODELS),
    ("engine/layout.py", "        offset += width\n    return found", "        offset += 1\n    return found", MODELS),
    ("engine/compiled.py", "np.logical_and.reduce(possible)", "np.logical_or.reduce(possible)", RANDOM),
    ("engine/compiled.py", "changed[at] | flips if at in changed else flips", "flips", VERDICTS),
    ("engine/compiled.py", "for block, factor in enumerate(variants, 1)}", "for block, factor in enumerate(variants, 2)}", RANDOM),
    ("engine/state_sets.py", "found[1:] |= (word[1:] ^", "found[1:] = (word[1:] ^", RANDOM),
    ("engine/state_sets.py", "    if np.any(new(layout, by_key)[1:] & (keys[1:] == keys[:-1])):", "    if False:", RANDOM),
    ("engine/pending_states.py", "fresh[0] = not start", "fresh[0] = True", COUNTS),
    ("engine/pending_states.py", "max(start - 1, 0)", "start", COUNTS),
    ("engine/enabled.py", "            masks[rows[wrong]] ^= bit", "            pass", RANDOM),
    ("engine/enabled.py", "left = self._possible.any(axis=others)", "left = self._possible.all(axis=others)", RANDOM),
    ("engine/enabled.py", "            if lookup.owed:\n", "            if True:\n", VERDICTS),
    ("engine/enabled.py", "(mask & owed) == 0", "mask == 0", RANDOM),
    ("engine/sleep_sets.py", "found[u, t] = not all(", "found[u, t] = False and all(", RANDOM),
    ("engine/sleep_sets.py", "one[1] | other[1]))", "one[1] & other[1]))", RANDOM),
    ("engine/sleep_sets.py", "both &= a.after.codes[:, i : i + 1] == b.before.codes[:, j]", "both &= a.before.codes[:, i : i + 1] == b.before.codes[:, j]", RANDOM),
    ("engine/search.py", "slice(start, start + CHUNK)", "slice(start, start + CHUNK - 1)", RANDOM),
    ("engine/successors.py", "found &= over(of, words) if are_over is None else are_over", "pass", RANDOM),
    ("engine/search.py", "setdefault(judge.name, len(found.levels))", "setdefault(judge.name, len(found.levels) + 1)", RANDOM),
    ("engine/search.py", "found.depths[tag] = len(found.levels)", "found.depths[tag] = len(found.levels) + 1", RANDOM),
    ("engine/reductions/symmetry.py", "if any(fields.get(renamed(name), field)._replace(name=name) != field for name, field in fields.items()):", "if False:", REDUCED),
    ("engine/reductions/symmetry.py", "return Counter(_all(_done, thing, str) for thing in gone) == ", "return True or ", REDUCED),
    ("engine/reductions/sorted_names.py", "changed[b.word] ^ (differ << b.shift)", "changed[b.word]", REDUCED),
    ("engine/reductions/sorted_names.py", "more |= same & (one > other)", "more |= one > other", REDUCED),
    ("engine/reductions/forgetting.py", "            found.add((by, None))", "            pass", REDUCED),
    ("engine/reductions/forgetting.py", "if what is None or what not in left}", "if what is None}", REDUCED),
    ("engine/reductions/forgetting.py", "first.setdefault(row.tobytes(), code)", "first.setdefault(row.shape, code)", REDUCED),
    ("engine/reductions/forgetting.py", "~leaves.any(axis=1)", "leaves.any(axis=1)", REDUCED),
    ("engine/reductions/reduced_model.py", "                codes[other][here] = 0", "                pass", REDUCED),
    ("engine/reductions/sorted_names.py", "else _smaller(best, tried)", "else tried", REDUCED),
    ("engine/reductions/partial_order.py", "*acts.steps[at + 1 :], *acts.judged]", "*acts.steps[at + 1 :]]", REDUCED),
    ("engine/reductions/partial_order.py", "if step.owed and all(conflicts)", "if all(conflicts)", REDUCED),
    ("engine/reductions/partial_order.py", "        reach |= reach[:, by : by + 1] & reach[by]", "        pass", REDUCED),
    ("engine/reductions/partial_order.py", "bad |= _apart(a_last[:, i], b_last[:, j], classes[i])", "pass", REDUCED),
    ("engine/merged_fields.py", "np.where(after[:, i] == before[:, i], other.after[others, j], after[:, i])", "after[:, i]", TOGETHER),
    ("engine/merged_fields.py", "options.append(changes)", "options.append(list(changes)[:1])", TOGETHER),
    ("engine/merged_fields.py", "clusters[writers[0]] += clusters.pop(at)", "clusters.pop(at)", TOGETHER),
    ("engine/certificates.py", "        if len(stay) == len(left):\n            return False", "        if len(stay) == len(left):\n            return True", RANDOM),
    ("engine/fewest_changes.py", "left[hand] = min(left.get(hand, len(levels)), _changes(move, hands, hand, after))", "left[hand] = _changes(move, hands, hand, after)", FEWEST),
    ("engine/shortest_runs.py", "    return [sorted(way) for way in ways]", "    return [sorted(way)[::-1] for way in ways]", FEWEST),
    ("engine/shortest_runs.py", "stands = found.reduced.smallest(found.reduced.without_order(after)) if found.reduced else after", "stands = after", REDUCED),
    ("engine/broken_region.py", "+ 3 * len(of.models[tag].steps)", "", MEMORY),
    ("engine/search.py", "self._record(take(frontier, slice(0, judged)))", "self._record(frontier)", MEMORY),
    ("engine/fair_components.py", "fair &= ~unmet", "pass", MODELS),
    ("engine/fair_components.py", "unmet[home[met == number]] = False", "pass", ROUNDS),
    ("engine/certificates.py", "for model in models for change in _differences(model)}", "for model in () for change in _differences(model)}", RANDOM),
    ("engine/shortest_runs.py", ".initial_states[int(np.argmax(known))]", ".initial_states[0]", RANDOM),
    ("engine/merged_fields.py", "for start in starts))", "for start in starts[:1]))", TOGETHER),
    ("engine/verdicts.py", 'holds if is_whole else "unknown"', '"unknown"', RANDOM),
    ("proving/symbolic_rules.py", "taken = at >= len(self.told) or self.told[at]", "taken = True", PROVING),
    ("proving/symbolic_rules.py", "condition if taken else z3.Not(condition)", "condition", PROVING),
    ("proving/counted_moves.py", "counts[was] - 1, counts[now] + 1", "counts[was] - 1, counts[now]", FAMILIES),
    ("proving/counted_moves.py", "nobody.append(others == 0)", "pass", FAMILIES),
    ("proving/counted_moves.py", "counts[each] >= many", "counts[each] >= 0", FAMILIES),
    ("proving/counted_moves.py", "others = many - taking[was] if taking[was] else many", "others = many", FAMILIES),
    ("proving/counted_moves.py", "changed[name] = z3.If(move.condition, value,", "changed[name] = (value,", FAMILIES),
    ("proving/reachable_situations.py", "self._add(onward.after, situation)", "pass", FAMILIES),
    ("proving/reachable_situations.py", "for place in range(shape.members):", "for place in range(min(1, shape.members)):", FAMILIES),
    ("proving/reachable_situations.py", "self._add(onward.after, onward.shape.every.own_after(acting, way)[-1])", "pass", FAMILIES),
    ("proving/parameterized.py", "if _Sized(models[size], size, owner, grown).family() != found:", "if False:", FAMILIES),
    ("proving/parameterized.py", "if not _Sized(models[size], size, owner, grown).is_of(found):", "if False:", FAMILIES),
    ("proving/parameterized.py", "them == set(permutations(everyone, shape.members))", "them", FAMILIES),
    ("proving/parameterized.py", "and len(own) + sum(map(len, does)) == len(parts)", "", FAMILIES),
    ("proving/parameterized.py", "of.every if of.members < self.size else ()", "of.every", FAMILIES),
    ("proving/induction.py", "_at(now, after, so_far) > so_far", "z3.BoolVal(val=True)", PROVING),
    ("proving/induction.py", "then >= 0, ", "", PROVING),
    ("proving/accelerated_run.py", "if self.over:", "if False:", PROVING),
    ("theorems/primary_guarantees.py", "SHOWN = R + K > N", "SHOWN = R + K >= N", PROVED_FRESH),
    ("theorems/primary_runs.py", "STALE, STALE_IF_RECEIVED = 3 * K + R + 4", "STALE, STALE_IF_RECEIVED = 3 * K + R + 5", (*PROVE, "stale-standbys")),
    ("proving/solver.py", "            _refuse_empty(claim, seconds)\n", "            pass\n", PROVING),
    ("proving/transition_relation.py", "inside = z3.Not(z3.Or([leaves(step, now) for step in steps]))", "inside = z3.BoolVal(val=True)", PROVING),
    ("theorems/where_sets_meet.py", "z3.BoolVal(val=True) if slack else None", "z3.BoolVal(val=True)", THEOREMS),
    ("proving/induction.py", "z3.And(kept))", "z3.BoolVal(val=True))", PROVING),
    ("proving/induction.py", "begins, self._all(start))", "begins, start.possible)", PROVING),
    ("proving/induction.py", "for shape in self.family.steps if shape.owed] if self.ends", "for shape in self.family.steps] if False", PROOFS),
    ("proving/accelerated_run.py", "done < stretch.times)", "done < stretch.times - 1)", PROOFS),
    ("proving/accelerated_run.py", "z3.And(move.condition, _same(move.after, onward))", "_same(move.after, onward)", PROOFS),
    ("proving/transition_relation.py", "    rest = [after", "    rest = [] and [after", ENGINES),
    ("proving/transition_relation.py", "for step in model.steps if step.owed)])", "for step in model.steps)])", ENGINES),
    ("proving/solver.py", 'return Answer("unknown")', 'return Answer("proved")', PROVING),
    ("proving/theorem.py", '        if verdict != "proved":', '        if verdict == "refuted":', PROVING),
    ("proving/venn.py", "of.issuperset(names)", "not of.isdisjoint(names)", PROVING),
    ("theorems/quorum_systems.py", "z3.Sum(members) == write.needed", "z3.Sum(members) >= write.needed", THEOREMS),
    ("theorems/quorum_systems.py", "z3.Sum(members) == read.answers", "z3.Sum(members) == 1", THEOREMS),
    ("theorems/quorum_systems.py", "zip(members, of, strict=True)]) >= needed", "zip(members, of, strict=True)]) > needed", THEOREMS),
    ("theorems/ack_latency.py", "return _most(fewer, _least(this, MORE))", "return _least(this, MORE)", PROOFS),
    ("latency/waits.py", "(paths[write.needed - 1],)", "(paths[0],)", THEOREMS),
    ("theorems/cross_check.py", "return self.explored == self.proved and", "return True or", THEOREMS),
    ("theorems/cross_check.py", "and is_proved(theorem)", "", THEOREMS),
    ("theorems/stale_run.py", "if enough or i in written]", "]", STALE_RUN),
    ("simulation/trials.py", "(delays.receive if write.on_receipt else shown)", "shown", SIMULATING),
    ("simulation/k_staleness.py", "0 if write.on_receipt else write.needed - 1", "write.needed - 1", SIMULATING),
    ("theorems/stale_reads.py", "2 * W + R + 4, R + 4", "2 * W + R + 5, R + 4", PROOFS),
    ("theorems/repaired_reads.py", "ENOUGH = z3.And(R + W > N, 2 * R > N)", "ENOUGH = z3.And(R + W > N, 2 * R >= N)", PROVED_REPAIRED),
    ("theorems/repaired_reads.py", "STEPS = 3 * R + 5", "STEPS = 3 * R + 6", (*PROVE, "repaired-reads-may-miss-each-other")),
    ("theorems/claimed_rooms.py", "EXCLUDE, MAY_NOT = 2 * W > N", "EXCLUDE, MAY_NOT = 2 * W >= N", PROVED_CLAIMED),
    ("theorems/any_size.py", "N - W if z3.is_expr(value) and z3.eq(value, replicas - W) else value", "value", PROVED_CLAIMED),
    ("theorems/stale_run.py", "if not any(case.on(states[-1]) for case in asked.properties[0].broken):", "if False:", STALE_RUN),
    ("conformance/replay.py", "if (seen := driven.view()) != view:", "if False:", CONFORMANCE),
    ("conformance/replay.py", "if (seen := driven.view()) != first:", "if False:", CONFORMANCE),
    ("conformance/minimize.py", "return self.first_difference(run) == found", "return True", CONFORMANCE),
    ("conformance/minimize.py", "if found and found.steps < len(run):", "if False:", CONFORMANCE),
    ("conformance/coverage.py", "if not found.complete[0]:", "if False:", CONFORMANCE),
    ("conformance/coverage.py", "self._covered.add(state * self._steps + step)", "self._covered.add(state)", CONFORMANCE),
    ("conformance/observations.py", 'whose[timestamp] if timestamp else "-"', '"-"', CONFORMANCE),
    ("conformance/calls.py", 'return before == "available" if call.if_available else before in ANSWERED', "return True", CONFORMANCE),
    ("conformance/calls.py", 'self.stands.update(dict.fromkeys(self.served.keys() - self.begun, "unanswered"))', "pass", STATEFUL),
    ("conformance/system_under_test.py", "self._stage.forget()", "pass", STATEFUL),
    ("conformance/system_under_test.py", "self._stage.up[number] = False", "pass", STATEFUL),
    ("conformance/controlled_ports.py", "if sent in self._stage.arrived:", "if False:", STATEFUL),
    ("conformance/controlled_ports.py", "        await self._replica.apply(booking)\n        await self._stage.step(f\"confirm", "        await self._stage.step(f\"confirm", STATEFUL),
    ("conformance/environment.py", 'self.waiting.pop(f"apply {write}", None)', "pass", FAULTS_CONFORM),
    ("conformance/system_under_test.py", 'if kind in {"restart", "node-crash"}:', 'if kind == "restart":', FAULTS_CONFORM),
    ("conformance/system_under_test.py", "            self._database.database.look_again()", "            pass", STANDBYS_CONFORM),
    ("conformance/lockstep.py", "if expected != seen:", "if False:", STATEFUL),
    ("conformance/lockstep.py", 'self._advance(f"invoke {name}")', "pass", BETWEEN),
    ("conformance/lockstep.py", "if left := self._driven.left_behind(at_rest=self._is_at_rest):", "if left := []:", BETWEEN),
    ("conformance/lockstep.py", 'if program and self.stands(program[-1]) == "idle":', "if False:", BETWEEN),
    ("conformance/left_behind.py", "left}) > most]", "left}) > most + 1]", BETWEEN),
    ("conformance/calls.py", '(kind == "log") == self._setting.write.log', 'kind == "stamp"', BETWEEN),
    ("conformance/calls.py", "        self._stage.take_back(name)\n        self.begun.pop(name)", "        self.begun.pop(name)", BETWEEN),
    ("conformance/environment.py", "if latest > timestamp and not self.chosen:", "if False:", BETWEEN),
    ("conformance/environment.py", "self._used.setdefault(whose, timestamp) == timestamp", "True", BETWEEN),
    ("conformance/event_loop.py", "            if not timer.cancelled():", "            if True:", BETWEEN),
    ("conformance/opened.py", "_each(self._connections, \"drop\")", "_each(self._connections, \"close\")", BETWEEN),
    ("conformance/opened.py", "self.server = self._started(unfinished)", "self.server = self._started()", BETWEEN),
    ("conformance/threaded_storage.py", "if self._loop.asked is None else", "if True else", STORAGES),
    ("conformance/spelling.py", "EARLIER = (0, ", "EARLIER = (0,) or (", STORAGES),
    ("conformance/spelling.py", "    Spelling(before=\"r\" * _LONG),\n", "", STORAGES),
    ("engine/transition_cover.py", "times[before][at] += more", "pass", COVERING),
    ("engine/transition_cover.py", "if left[state][at]:", "if False:", COVERING),
    ("engine/state_graph.py", "[level_of(found, 0, depth) for depth in range(len(found.levels))]", "found.levels", RANDOM),
    ("engine/state_graph.py", "range(min(depth + 1, len(self._levels) - 1), -1, -1)", "range(min(depth + 1, len(self._levels) - 1), depth, -1)", COVERING),
    ("engine/shortest_runs.py", "leads[rows[find(found.compiled.layout, put, goal)[0]]] = True", "leads[:] = True", RUNS),
    ("engine/shortest_runs.py", "steps += [way, *at_once]", "steps += [way]", REDUCED),
]  # fmt: skip


FAULTS = [("spec", *fault) for fault in IN_THE_SPEC] + [("checker", *fault) for fault in IN_THE_CHECKER]
FIRST_OF_ITS_PROBE = {probe: number for number, (*_, probe) in reversed([*enumerate(FAULTS)])}
CORE = {FIRST_OF_ITS_PROBE[probe] for probe in (VERDICTS, BIG_VERDICTS, MODELS, PROVING, LATENCY)}
"""Faults that every change is tried on: one for each of the probes that take a second or two."""


def test_every_fault_can_be_seeded() -> None:
    """The text that each fault changes stands just once in its file."""
    texts = {fault: (ROOT / fault[0] / fault[1]).read_text(encoding="utf-8") for fault in FAULTS}
    assert [fault[1:4] for fault, text in texts.items() if text.count(fault[2]) != 1] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("probe", FIRST_OF_ITS_PROBE, ids=lambda probe: " ".join(probe).replace(str(ROOT), ""))
def test_without_a_fault_the_probes_are_content(probe: tuple[str, ...], tmp_path: Path) -> None:
    """Each probe passes on an unchanged copy, so that what fails below fails for the fault alone."""
    link(tmp_path, "spec", "checker")
    done = run_on_copy(tmp_path, *probe)
    assert done.status == 0, done.printed


@pytest.mark.parametrize(
    ("folder", "file", "was", "now", "probe"),
    [
        pytest.param(
            *fault,
            id=f"{fault[1]}: {fault[3].strip()[:50]}",
            marks=pytest.mark.long if number in CORE else pytest.mark.exhaustive,
        )
        for number, fault in enumerate(FAULTS)
    ],
)
def test_a_seeded_fault_is_noticed(  # noqa: PLR0913, PLR0917 - a fault is just these
    folder: str, file: str, was: str, now: str, probe: tuple[str, ...], tmp_path: Path
) -> None:
    """With the fault, the probe that should notice it fails."""
    path = link(tmp_path, folder) / folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(was) == 1
    path.write_text(text.replace(was, now), encoding="utf-8")
    done = run_on_copy(tmp_path, *probe)
    assert done.status in ({1, 3} if probe[:2] == PROVE else {1}), done.printed
