"""Formulas about whole numbers as text, so that what is printed of a theorem is what is proved."""

from __future__ import annotations

import z3

_COMPARED = {z3.Z3_OP_LE: "<=", z3.Z3_OP_LT: "<", z3.Z3_OP_GE: ">=", z3.Z3_OP_GT: ">", z3.Z3_OP_EQ: "="}
_AND = " and "


def text_of(formula: z3.ExprRef) -> str:
    """Return a formula as one types it: comparisons of sums, joined by *and*; a number before a name multiplies it.

    Raises :class:`ValueError` for what is none of these.

    >>> n, r, w = z3.Ints("N R W")
    >>> text_of(z3.And(r + w > n, 2 * w >= n - 1))
    'R + W > N and 2W >= N - 1'
    """
    kind, parts = formula.decl().kind(), [text_of(each) for each in formula.children()]
    if not parts:
        return str(formula)
    if kind == z3.Z3_OP_AND:
        return _AND.join(parts)
    if kind in _COMPARED:
        return f" {_COMPARED[kind]} ".join(parts)
    return _sum(formula, kind, parts)


def _sum(formula: z3.ExprRef, kind: int, parts: list[str]) -> str:
    simple = [not each.children() for each in formula.children()]
    if kind == z3.Z3_OP_ADD:
        return " + ".join(parts)
    if kind == z3.Z3_OP_SUB and all(simple[1:]):
        return " - ".join(parts)
    if kind == z3.Z3_OP_MUL and all(simple):
        return "".join(parts)
    raise ValueError(f"{formula} is no comparison of sums, so it has no text")


def in_symbols(text: str) -> str:
    """Return the text of a formula in the signs of a book: ``R + W ≥ N, W = N``."""
    return text.replace("<=", "≤").replace(">=", "≥").replace(_AND, ", ")
