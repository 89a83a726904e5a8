"""Models that others have counted, in the spec's language; nothing in them is about hotels."""

from __future__ import annotations

from itertools import combinations, pairwise, product

from overbooked.spec.domains import sequences
from overbooked.spec.language import Case, Change, Field, Model, Owed, Part, Property, Step, Value, case, part, step


def move(field: Field, was: Value, now: Value) -> Part:
    """Return the part in which a field goes from one value to another."""
    return part(_move, it=field, was=was, now=now)


def _move(it: Value, was: Value, now: Value) -> Change | None:
    return {"it": now} if it == was else None


def put(field: Field, now: Value) -> Part:
    """Return the part in which a field becomes ``now``, whatever it was."""
    return part(_put, it=field, now=now)


def _put(it: Value, now: Value) -> Change:  # noqa: ARG001 - a role that is only written
    return {"it": now}


def holds(field: Field, value: Value) -> Part:
    """Return the condition that a field has this value."""
    return part(_is, it=field, value=value)


def _is(it: Value, value: Value) -> bool:
    return it == value


def isnt(field: Field, value: Value) -> Part:
    """Return the condition that a field has another value."""
    return part(_is_not, it=field, value=value)


def _is_not(it: Value, value: Value) -> bool:
    return it != value


def flag(name: str) -> Field:
    """Return a field that is false at first."""
    return Field(name, (False, True), initial=False)


def never(name: str, *broken: Case) -> Property:
    """Return the property that these cases are never reached, with any state at all as its witness."""
    return Property(name, "never", broken, (case(),))


def in_the_end(name: str, *broken: Case) -> Property:
    """Return the property that no run ends, or goes on for ever, in these cases."""
    return Property(name, "in the end", broken, (case(),))


def two_phase_commit(managers: int) -> Model:
    """Return two-phase commit as in Gray and Lamport, Consensus on Transaction Commit (2006), figure 1 and appendix."""
    names = [f"rm{i}" for i in range(managers)]
    rm = {n: Field(n, ("working", "prepared", "committed", "aborted"), "working") for n in names}
    tm = Field("tm", ("init", "committed", "aborted"), "init")
    heard, sent = {n: flag(f"heard {n}") for n in names}, {n: flag(f"prepared {n}") for n in names}
    commit, abort = flag("commit"), flag("abort")
    steps = [
        step(
            "decide commit", move(tm, "init", "committed"), *(holds(heard[n], True) for n in names), put(commit, True)
        ),
        step("decide abort", move(tm, "init", "aborted"), put(abort, True)),
    ]
    for n in names:
        steps += [
            step("hear", holds(tm, "init"), holds(sent[n], True), put(heard[n], True), rm=n),
            step("prepare", move(rm[n], "working", "prepared"), put(sent[n], True), rm=n),
            step("choose abort", move(rm[n], "working", "aborted"), rm=n),
            step("receive commit", holds(commit, True), put(rm[n], "committed"), rm=n),
            step("receive abort", holds(abort, True), put(rm[n], "aborted"), rm=n),
        ]
    apart = [case(holds(rm[a], "committed"), holds(rm[b], "aborted")) for a in names for b in names if a != b]
    fields = (*rm.values(), tm, *heard.values(), *sent.values(), commit, abort)
    return Model("two-phase commit", fields, tuple(steps), (never("all agree", *apart),))


def philosophers(count: int, *, left_handed: int = 0) -> Model:
    """Return dining philosophers, who take the left fork first, or the right one if they are among the first few."""
    doing = [Field(f"p{i}", ("thinking", "hungry", "eating"), "thinking") for i in range(count)]
    fork = [flag(f"fork {i}") for i in range(count)]
    steps: list[Step] = []
    for i in range(count):
        first, second = fork[i], fork[(i + 1) % count]
        if i < left_handed:
            first, second = second, first
        steps += [
            step("take first", move(doing[i], "thinking", "hungry"), move(first, False, True), who=i),
            step("take second", move(doing[i], "hungry", "eating"), move(second, False, True), who=i),
            step("put back", move(doing[i], "eating", "thinking"), put(first, False), put(second, False), who=i),
        ]
    everyone_waits = case(*(holds(each, "hungry") for each in doing))
    fields = (*doing, *fork)
    return Model("philosophers", fields, tuple(steps), (in_the_end("somebody can eat", everyone_waits),))


def peterson(*, in_turn: bool = True) -> Model:
    """Return Peterson's mutual exclusion (1981); not ``in_turn``, a process waits for the other's flag alone."""
    at = [Field(f"at {i}", ("away", "flagged", "waiting", "inside"), "away") for i in (0, 1)]
    flags, turn = [flag(f"flag {i}") for i in (0, 1)], Field("turn", (0, 1), 0)
    steps: list[Step] = []
    for i in (0, 1):
        enter = move(at[i], "waiting", "inside")
        steps += [
            step("flag", move(at[i], "away", "flagged"), put(flags[i], True), owed=False, who=i),
            step("give way", move(at[i], "flagged", "waiting"), put(turn, 1 - i), who=i),
            step("enter", enter, part(_may_enter, other=flags[1 - i], turn=turn, me=i, in_turn=in_turn), who=i),
            step("leave", move(at[i], "inside", "away"), put(flags[i], False), who=i),
        ]
    both = case(holds(at[0], "inside"), holds(at[1], "inside"))
    starves = in_the_end("0 gets in", case(holds(at[0], "waiting")))
    return Model("Peterson", (*at, *flags, turn), tuple(steps), (never("one inside", both), starves))


def _may_enter(other: bool, turn: int, me: int, in_turn: bool) -> bool:
    return not other or (in_turn and turn == me)


def semaphore(*, owed: bool | Owed = True, leaves: bool = True) -> Model:
    """Return two processes and a semaphore, where one can be overtaken for ever: only strong fairness helps it.

    Without ``leaves`` whoever is inside may stay there, and work on.
    """
    at = [Field(f"at {i}", ("waiting", "inside"), "waiting") for i in (0, 1)]
    taken = flag("taken")
    steps = []
    for i in (0, 1):
        steps.append(step("enter", move(at[i], "waiting", "inside"), move(taken, False, True), owed=owed, who=i))
        steps.append(step("leave", move(at[i], "inside", "waiting"), put(taken, False), owed=leaves, who=i))
        steps.append(step("work", holds(at[i], "inside"), who=i))
    return Model("semaphore", (*at, taken), tuple(steps), (in_the_end("0 gets in", case(holds(at[0], "waiting"))),))


def light(*, owed: bool) -> Model:
    """Return a light that may blink for ever, while somebody may switch it off (``owed``: and sooner or later does)."""
    lit = Field("light", ("on", "off", "out"), "on")
    blink = [step("blink", move(lit, "on", "off")), step("blink back", move(lit, "off", "on"))]
    out = step("switch off", isnt(lit, "out"), put(lit, "out"), owed=owed)
    return Model("light", (lit,), (*blink, out), (in_the_end("dark", case(isnt(lit, "out"))),))


def torus(size: int) -> Model:
    """Return a walk that goes on in two directions, round and round; from each column it may go back to the first."""
    x, y = (Field(name, tuple(range(size)), 0) for name in "xy")
    on = [step("on", part(_count_up, it=field, size=size), who=field.name) for field in (x, y)]
    back = [step("back", move(x, at, 0), owed=Owed(strongly=True), at=at) for at in range(size)]
    return Model("torus", (x, y), (*on, *back), (Property("elsewhere", "at some point", (case(),), ()),))


def _count_up(it: int, size: int) -> Change:
    return {"it": (it + 1) % size}


def two_roads(*, owed: bool | Owed) -> Model:
    """Return a parcel that may take either of two roads, of which always one is open, and never for long."""
    parcel, open_road = Field("parcel", ("sent", "there"), "sent"), Field("open road", ("a", "b"), "a")
    ways = [step("drive", holds(open_road, road), move(parcel, "sent", "there"), owed=owed, by=road) for road in "ab"]
    turn = [step("turn", move(open_road, was, now), owed=False, to=now) for was, now in ("ab", "ba")]
    arrives = Property("it arrives", "at some point", (case(holds(parcel, "sent")),), ())
    return Model("two roads", (parcel, open_road), (*ways, *turn), (arrives,))


def alternating_bit(*, owed: bool | Owed) -> Model:
    """Return the alternating bit protocol over two lines that lose messages (Bartlett, Scantlebury, Wilkinson 1969).

    Messages are numbered, modulo four, so that a wrong one is seen; only the last bit of the number is looked at.
    ``owed`` is how receiving is.
    """
    sent, got = Field("sent", (0, 1, 2, 3), 0), Field("got", (0, 1, 2, 3), 0)
    line, back = Field("line", sequences(range(4), 2), ()), Field("back", sequences((0, 1), 2), ())
    steps = (
        step("send", part(_put_in, line=line, what=sent)),
        step("receive", part(_receive, line=line, back=back, got=got), owed=owed),
        step("receive back", part(_receive_back, back=back, sent=sent), owed=owed),
        step("lose", part(_lose, line=line), owed=False),
        step("lose back", part(_lose, line=back), owed=False),
    )
    wrong = case(part(_is_wrong, line=line, got=got))
    arrives = Property("each arrives", "leads to", (case(holds(got, 0)),), (case(holds(sent, 0), holds(got, 0)),))
    return Model("alternating bit", (sent, got, line, back), steps, (never("in order", wrong), arrives))


def _put_in(line: tuple[int, ...], what: int) -> Change | None:
    return {"line": (*line, what)} if len(line) < 2 else None


def _receive(line: tuple[int, ...], back: tuple[int, ...], got: int) -> Change | None:
    if not line or len(back) == 2:
        return None
    new = {"got": (got + 1) % 4} if line[0] % 2 == got % 2 else {}
    return {"line": line[1:], "back": (*back, line[0] % 2), **new}


def _receive_back(back: tuple[int, ...], sent: int) -> Change | None:
    if not back:
        return None
    return {"back": back[1:], "sent": (sent + 1) % 4 if back[0] == sent % 2 else sent}


def _lose(line: tuple[int, ...]) -> Change | None:
    return {"line": line[1:]} if line else None


def _is_wrong(line: tuple[int, ...], got: int) -> bool:
    return bool(line) and line[0] % 2 == got % 2 and line[0] != got


def stabilizing_ring(machines: int, values: int) -> Model:
    """Return Dijkstra's ring of machines, which may begin in any state (Self-stabilizing systems, CACM 17, 1974)."""
    its = [Field(f"m{at}", tuple(range(values)), 0) for at in range(machines)]
    steps = [step("copy", part(_copy, it=it, left=left), who=it.name) for left, it in pairwise(its)]
    steps.append(step("count on", part(_count_on, it=its[0], left=its[-1], values=values)))
    several = tuple(
        case(*(part(_may, it=its[at], left=its[at - 1], first=not at) for at in pair))
        for pair in combinations(range(machines), 2)
    )
    one = (case(part(_may, it=its[0], left=its[-1], first=True)),)
    names = [it.name for it in its]
    starts = tuple(dict(zip(names, each, strict=True)) for each in product(range(values), repeat=machines))
    judged = Property("one at a time", "in the end", several, one)
    return Model("ring", tuple(its), tuple(steps), (judged,), starts=starts)


def _copy(it: int, left: int) -> Change | None:
    return {"it": left} if it != left else None


def _count_on(it: int, left: int, values: int) -> Change | None:
    return {"it": (it + 1) % values} if it == left else None


def _may(it: int, left: int, first: bool) -> bool:
    return (it == left) == first


def ferry() -> Model:
    """Return the wolf, the goat and the cabbage, whose shortest crossing takes seven trips; reaching it "breaks" it."""
    banks = {name: Field(name, ("here", "there"), "here") for name in ("ferryman", "wolf", "goat", "cabbage")}
    steps = []
    for was, now in (("here", "there"), ("there", "here")):
        for cargo in (None, "wolf", "goat", "cabbage"):
            moved = [move(banks[name], was, now) for name in ("ferryman", cargo) if name]
            left = [name for name in ("wolf", "goat", "cabbage") if name != cargo]
            safe = [part(_safe, one=banks[a], other=banks[b], bank=was) for a, b in pairwise(left) if "goat" in (a, b)]
            steps.append(step("cross", *moved, *safe, to=now, cargo=cargo))
    across = case(*(holds(bank, "there") for bank in banks.values()))
    return Model("ferry", tuple(banks.values()), tuple(steps), (never("across", across),))


def _safe(one: str, other: str, bank: str) -> bool:
    return not (one == other == bank)


def sliding_puzzle() -> Model:
    """Return the eight-puzzle: 181,440 positions, none more than 31 moves away (Reinefeld 1993)."""
    cells = [Field(f"cell {i}", tuple(range(9)), i) for i in range(9)]
    steps = []
    for i in range(9):
        for j in [j for j in (i + 1 if i % 3 < 2 else -1, i + 3) if 0 <= j < 9]:
            for blank, tile in ((i, j), (j, i)):
                steps.append(step("slide", part(_slide, blank=cells[blank], tile=cells[tile]), tile=tile, to=blank))
    solved_backwards = case(*(holds(cells[i], (0, 8, 7, 6, 5, 4, 3, 2, 1)[i]) for i in range(9)))
    return Model("eight-puzzle", tuple(cells), tuple(steps), (never("reversed", solved_backwards),))


def _slide(blank: int, tile: int) -> Change | None:
    return {"blank": tile, "tile": 0} if blank == 0 else None


def hanoi(disks: int) -> Model:
    """Return the towers of Hanoi: 3**n positions, 2**n - 1 moves to the last peg."""
    pegs = [Field(f"disk {i}", ("a", "b", "c"), "a") for i in range(disks)]
    steps = []
    for i in range(disks):
        for was, now in (("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")):
            clear = [part(_clear, smaller=pegs[j], was=was, now=now) for j in range(i)]
            steps.append(step("move", move(pegs[i], was, now), *clear, disk=i, was=was, to=now))
    return Model("Hanoi", tuple(pegs), tuple(steps), (never("moved", case(*(holds(peg, "c") for peg in pegs))),))


def _clear(smaller: str, was: str, now: str) -> bool:
    return smaller not in {was, now}
