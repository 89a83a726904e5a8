"""The same models in Promela: once as one process over global variables, once as processes that talk over channels.

The first is what one writes who wants SPIN to be fast: a state is a few bytes of bit fields, each step is a ``d_step``,
and every booking and replica has lines of its own, as Promela has no arrays of bits. The second is what one writes
who wants SPIN's partial-order reduction to find something: a process for each call and each replica.
"""

from __future__ import annotations

from collections.abc import Iterator

from sizes import Size


def over_globals(size: Size) -> str:
    """Return the model as one process; its states are those of the spec, one for one."""
    options = "\n".join(f"  :: d_step {{ {guard} -> {does} }}" for guard, does in _steps(size))
    return f"{_variables(size)}\nactive proctype system() {{\n  do\n{options}\n  od\n}}\n"


def _variables(size: Size) -> str:
    bookings, checks, replicas = range(size.bookings), range(size.checks), range(size.replicas)
    timestamp, count = size.bookings.bit_length(), size.replicas.bit_length()
    widths = {"clock": timestamp, "known": 1}
    for b in bookings:
        widths |= {f"call{b}": 2, f"time{b}": timestamp, f"confirmed{b}": count}
        widths |= {f"write{b}_{i}": 2 for i in replicas}
    widths |= {f"stored{i}": timestamp for i in replicas}
    for q in checks:
        widths |= {f"check{q}": 2 + size.restarts, f"answers{q}": count, f"latest{q}": timestamp, f"bound{q}": 1}
        widths |= {f"answer{q}_{i}": (size.bookings + 1).bit_length() for i in replicas}
    widths |= {"committed": timestamp, "consuming": 1} if size.log else {}
    widths |= {"restarted": 1} if size.restarts else {}
    return "\n".join(f"unsigned {name} : {width};" for name, width in widths.items())


def _steps(size: Size) -> Iterator[tuple[str, str]]:
    """Yield what makes each step possible, and what it does."""
    for b in range(size.bookings):
        yield from _booking(size, b)
    for q in range(size.checks):
        yield from _check(size, q)
    if size.restarts:
        yield "!restarted", "; ".join(["restarted = 1", *_forgets(size)])


def _forgets(size: Size) -> Iterator[str]:
    """Yield what an app server that restarts loses: the calls that run, what it had sent, and who has confirmed."""
    for b in range(size.bookings):
        yield f"call{b} = (call{b} == 1 -> 3 : call{b}); confirmed{b} = 0"
        yield from (f"write{b}_{i} = 0" for i in range(size.replicas))
    yield from (f"check{q} = (check{q} == 1 -> 4 : check{q})" for q in range(size.checks))
    yield from ["consuming = 0"] if size.log else []


def _booking(size: Size, b: int) -> Iterator[tuple[str, str]]:
    sends = "; ".join(f"write{b}_{i} = 1" for i in (range(1) if size.serial else range(size.replicas)))
    begins = f"call{b} = 1; clock = clock + 1; time{b} = clock"
    yield f"call{b} == 0", begins if size.log else f"{begins}; {sends}"
    for i in range(size.replicas):
        newer = f"stored{i} = (time{b} > stored{i} -> time{b} : stored{i})"
        yield f"write{b}_{i} == 1", f"write{b}_{i} = 2; {newer}"
        onward = f"; write{b}_{i + 1} = 1" if size.serial and i + 1 < size.replicas else ""
        yield f"write{b}_{i} == 2", f"write{b}_{i} = 3; confirmed{b} = confirmed{b} + 1{onward}"
    if size.log:
        yield f"time{b} == committed + 1 && !consuming", f"consuming = 1; {sends}"
        done = f"time{b} == committed + 1 && consuming && confirmed{b} >= {size.needed}"
        yield done, "committed = committed + 1; consuming = 0"
    waits = "" if size.log else f" && confirmed{b} >= {size.needed}"
    yield f"call{b} == 1{waits}", f"call{b} = 2; known = 1"


def _check(size: Size, q: int) -> Iterator[tuple[str, str]]:
    yield f"check{q} == 0", f"check{q} = 1; bound{q} = known"
    for i in range(size.replicas):
        asks = f"check{q} == 1 && answers{q} < {size.answers} && answer{q}_{i} == 0"
        newer = f"latest{q} = (stored{i} > latest{q} -> stored{i} : latest{q})"
        yield asks, f"answers{q} = answers{q} + 1; answer{q}_{i} = stored{i} + 1; {newer}"
    told = f"check{q} = (latest{q} > 0 -> 3 : 2); assert(!(check{q} == 2 && bound{q}))"
    yield f"check{q} == 1 && answers{q} >= {size.answers}", told


def over_channels(size: Size) -> str:
    """Return the model as processes; who hears from whom is in channels, and not in what all can see."""
    return _PROCESSES.format(
        n=size.replicas,
        b=size.bookings,
        c=size.checks,
        needed=size.needed,
        answers=size.answers,
        first=1 if size.serial else size.replicas,
        serial=int(size.serial),
        log=int(size.log),
    )


_PROCESSES = """\
#define N {n}
#define B {b}
#define C {c}
#define NEEDED {needed}
#define ANSWERS {answers}
byte clock, committed;
bool known;
byte stored[N];
byte done[B];
chan sent[B * N] = [1] of {{ byte }};
chan confirmed[B] = [N] of {{ byte }};
chan asked[C * N] = [1] of {{ bit }};
chan answered[C] = [N] of {{ byte }};

proctype writer(byte b; byte t; chan heard) {{ /* sends a booking to the replicas, and counts who has confirmed */
  byte i;
  atomic {{
    do :: i < {first} -> sent[b * N + i] ! t; i++ :: else -> break od;
    i = 0
  }};
  do
  :: atomic {{ heard ? i -> done[b]++;
       if :: {serial} && i + 1 < N -> sent[b * N + i + 1] ! t :: else fi;
       i = 0 }}
  :: done[b] == N -> break
  od
}}

proctype consumer(byte b; byte t) {{ /* writes one entry of the log, once it is next */
  atomic {{ committed + 1 == t -> run writer(b, t, confirmed[b]) }};
  atomic {{ done[b] >= NEEDED -> committed++ }}
}}

proctype booker(byte b) {{
  byte t;
  atomic {{ clock++; t = clock;
    if :: {log} -> run consumer(b, t) :: else -> run writer(b, t, confirmed[b]) fi }};
  atomic {{ ({log} || done[b] >= NEEDED) -> known = 1 }}
}}

proctype delivery(byte b; byte i; chan in; chan back) {{ /* a booking's way to a replica, and the confirmation's back */
  byte t;
  atomic {{ in ? t -> if :: t > stored[i] -> stored[i] = t :: else fi; t = 0 }};
  back ! i
}}

proctype asking(byte i; chan in; chan back) {{ /* a question's way to a replica, and the answer's back */
  atomic {{ in ? _ -> back ! stored[i] }}
}}

proctype checker(byte q; chan heard) {{
  byte i, many, latest;
  bool bound;
  atomic {{ bound = known;
    do :: i < N -> asked[q * N + i] ! 1; i++ :: else -> break od;
    i = 0 }};
  do
  :: atomic {{ many < ANSWERS && nempty(heard) -> heard ? i; many++;
       if :: i > latest -> latest = i :: else fi; i = 0 }}
  :: many >= ANSWERS -> break
  od;
  assert(!(bound && latest == 0))
}}

init {{
  byte k, i;
  atomic {{
    do :: k < B -> run booker(k); i = 0;
         do :: i < N -> run delivery(k, i, sent[k * N + i], confirmed[k]); i++ :: else -> break od; k++
       :: else -> break od;
    k = 0;
    do :: k < C -> run checker(k, answered[k]); i = 0;
         do :: i < N -> run asking(i, asked[k * N + i], answered[k]); i++ :: else -> break od; k++
       :: else -> break od;
    k = 0; i = 0
  }}
}}
"""
