"""Aligned columns of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = 2
"""Spaces between two columns."""
MIN_WIDTH = 6
"""Columns of text are not cut to less."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    title: str
    right: bool = False
    """Aligned to the right, as numbers are."""
    shrinks: bool = False
    """Its cells are cut when the terminal is too narrow."""


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Returns a line of titles, and a line for each row.

    No line is wider than `width` cells of a terminal; None: as wide as they need. Columns that may shrink are cut
    first, the widest one before the others; then the ends of the lines are.
    """
    cells = [[column.title for column in columns], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[place]) for row in cells) for place in range(len(columns))]
    if width is not None:
        _shrink(columns, widths, width)
    lines = [(" " * GAP).join(map(_pad, row, widths, columns)).rstrip() for row in cells]
    return lines if width is None else [cut(line, width) for line in lines]


def cut(text: str, width: int) -> str:
    """Returns the text with at most so many cells."""
    if cell_len(text) <= width:
        return text
    return (set_cell_size(text, width - 1).rstrip() + _CUT) if width > 0 else ""


def printable(text: str) -> str:
    """Returns the text without control characters: a name must not move the cursor, nor reverse the line."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _shrink(columns: Sequence[Column], widths: list[int], width: int) -> None:
    """Takes what is too wide from the columns that may shrink."""
    shrinking = [place for place, column in enumerate(columns) if column.shrinks]
    excess = sum(widths) + GAP * (len(widths) - 1) - width
    while excess > 0 and shrinking:
        widest = max(shrinking, key=widths.__getitem__)
        if widths[widest] <= MIN_WIDTH:
            return
        widths[widest] -= 1
        excess -= 1


def _pad(text: str, width: int, column: Column) -> str:
    shown = cut(text, width)
    spaces = " " * (width - cell_len(shown))
    return spaces + shown if column.right else shown + spaces
