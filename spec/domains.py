"""Domains of fields that are more than a word or a number: every set, or every short sequence, of some values."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations, product

from overbooked.spec.language import Value


def sets(values: Iterable[Value], most: int | None = None) -> tuple[frozenset[Value], ...]:
    """Return every set of some of these values (of at most so many), smaller ones first: 2**n of n values.

    >>> from overbooked.spec.language import Field
    >>> Field("heard", sets(["db1", "db2"]), frozenset()).codes[frozenset({"db2"})]
    2
    """
    each = tuple(dict.fromkeys(values))
    sizes = range(len(each) + 1) if most is None else range(min(_checked(most), len(each)) + 1)
    return tuple(map(frozenset, chain.from_iterable(combinations(each, size) for size in sizes)))


def sequences(values: Iterable[Value], most: int) -> tuple[tuple[Value, ...], ...]:
    """Return every sequence of at most so many of these values, shorter ones first: what a queue may hold.

    >>> sequences("ab", 2)
    ((), ('a',), ('b',), ('a', 'a'), ('a', 'b'), ('b', 'a'), ('b', 'b'))
    """
    each = tuple(dict.fromkeys(values))
    return tuple(chain.from_iterable(product(each, repeat=length) for length in range(_checked(most) + 1)))


def _checked(most: object) -> int:
    if not isinstance(most, int) or most < 0:
        raise ValueError(f"at most {most!r} values: write a whole number from 0 on")
    return most
