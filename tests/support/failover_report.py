"""Tables and verdicts of the death of a media node, and the cost of a standby. Times are printed in milliseconds."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .failover_cost import Cost
from .failover_sound import Sound
from .failover_timeline import Steps


@dataclass(frozen=True)
class Goal:
    """Of the worse interruption of both people, in milliseconds."""

    median: int
    worst: int
    from_detection: bool = False

    def show(self, seen: Sequence[Round], rounds: int) -> None:
        """Prints whether it is met: a round that could not be measured misses it."""
        worse = [each.worse for each in seen]
        times = [(each.interruption - (each.detect if self.from_detection else 0)) * 1000 for each in worse]
        is_met = len(seen) == rounds and statistics.median(times) <= self.median and max(times) <= self.worst
        of_what = " from the detection" if self.from_detection else ""
        write(f"goal of {self.median} / {self.worst}{of_what}: {'met' if is_met else 'missed'} with {_both(times)}")


GOALS = {
    ("standby", "killed"): Goal(400, 800),
    ("standby", "frozen"): Goal(400, 800, from_detection=True),
    # What it was before there were standbys.
    ("plain", "killed"): Goal(850, 1_033),
}


@dataclass(frozen=True)
class Round:
    """One failure: for who watches and hears the person on the node, and for the person on it."""

    by_other: Steps
    by_moved: Steps
    heard_by_other: Sound
    heard_by_moved: Sound

    @property
    def worse(self) -> Steps:
        """That of the longer interruption."""
        return max(self.by_other, self.by_moved, key=lambda part: part.interruption)

    def line(self) -> str:
        """Its figures, of the sender's node and then of the receiver's node."""
        parts = [f"{part.interruption * 1000:.0f}" for part in (self.by_other, self.by_moved)]
        sounds = self.heard_by_other, self.heard_by_moved
        concealed = [f"{each.concealed:.0f}" for each in sounds]
        silent = [f"{each.silent:.0f}" for each in sounds if each.silent is not None]
        shown = {"video": parts, "concealed": concealed, "silent": silent}
        return "; ".join(f"{name} {', '.join(values)}" for name, values in shown.items() if values)


COSTS = {
    "node_cpu": "a node: CPU, % of a core",
    "node_memory": "a node: memory, MiB",
    "client_cpu": "a client: CPU, % of a core",
    "client_memory": "a client: memory, MiB",
    "datagrams": "a client's standby: datagrams a second",
    "bytes": "a client's standby: bytes a second",
}
VIEWS: dict[str, Callable[[Round], Steps]] = {
    "the sender's node": lambda each: each.by_other,
    "the receiver's node": lambda each: each.by_moved,
    "the worse of both": lambda each: each.worse,
}


def write(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show(mode: str, kind: str, seen: Sequence[Round], rounds: int) -> None:
    """Prints the median and the worst of all steps, and whether the goals are met."""
    if not seen:
        write(f"{mode}, {kind}: nothing was measured")
        return
    load = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    write(f"\n{mode}, {kind}: {len(seen)} of {rounds} rounds, {load}")
    write(f"{'ms: median / worst':<24}" + "".join(f"{name.replace('_', ' '):>16}" for name in Steps.names()))
    for view, part in VIEWS.items():
        rows = [part(each) for each in seen]
        cells = [[getattr(row, name) * 1000 for row in rows] for name in Steps.names()]
        write(f"{view:<24}" + "".join(f"{_both(cell):>16}" for cell in cells))
    after = [(each.worse.interruption - each.worse.detect) * 1000 for each in seen]
    write(f"from the detection: {_both(after)}")
    if (mode, kind) in GOALS:
        GOALS[mode, kind].show(seen, rounds)
    _show_sound("the sender's node", [each.heard_by_other for each in seen])
    _show_sound("the receiver's node", [each.heard_by_moved for each in seen])


def show_cost(costs: Mapping[str, Sequence[Cost]]) -> None:
    """Prints the mean of each mode, and what a standby adds to a call without one."""
    columns = {mode: Cost.mean(measured) for mode, measured in costs.items()}
    if columns.keys() == {"standby", "plain"}:
        columns["difference"] = columns["standby"] - columns["plain"]
    turns = len(next(iter(costs.values())))
    write(f"\n{f'undisturbed: mean of {turns}':<38}" + "".join(f"{mode:>12}" for mode in columns))
    for name, title in COSTS.items():
        write(f"{title:<38}" + "".join(f"{getattr(each, name):>12.2f}" for each in columns.values()))


def _show_sound(view: str, heard: Sequence[Sound]) -> None:
    silences = [each.silent for each in heard if each.silent is not None]
    silent = f", longest silence {_both(silences)}" if silences else ""
    write(f"sound, {view}: concealed {_both([each.concealed for each in heard])}{silent}")


def _both(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.0f} / {max(times):.0f}"
