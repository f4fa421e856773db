"""Terminal output of `hubbub up`: a table during the start, then warnings and errors only."""

import sys
from collections import deque
from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from .log_line import LEVELS, LogLine, parse_line
from .supervised_process import Exited, OutputLine, ProcessEvent, Started, Stopped

_STYLES = {50: "bold red", 40: "red", 30: "yellow", 20: "default", 10: "dim"}
_KEPT_LINES = 30


class Reporter:
    """Prints events of the child processes. Without a terminal it prints plain lines."""

    def __init__(self, *, verbose: bool, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False)
        self._threshold = 0 if verbose else LEVELS["warning"]
        self._states: dict[str, str] = {}
        self._recent: dict[str, deque[str]] = {}
        self._live: Live | None = None

    def begin_start(self, names: Iterable[str]) -> None:
        """Shows the table of the processes that will start."""
        self._states = dict.fromkeys(names, "[dim]waiting[/]")
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, transient=True, refresh_per_second=10)
            self._live.start()

    def end_start(self) -> None:
        """Removes the table."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def print(self, markup: str) -> None:
        """Prints one line of rich markup."""
        self._console.print(markup, soft_wrap=True)

    def on_event(self, event: ProcessEvent) -> None:
        """Shows an event of a child process."""
        match event:
            case Started(name, pid):
                # Output of the previous run would be misleading now.
                self._recent.pop(name, None)
                self._set(name, f"[green]running[/] [dim]({pid})[/]")
            case Exited(name, how, delay):
                self._set(name, f"[red]{how}[/]")
                self.print(f"[red]{name} {how}[/]; restarting it in {delay:g} s")
            case Stopped(name, killed):
                self._set(name, "stopped")
                if killed:
                    self.print(f"[yellow]{name} did not stop in time and was killed[/]")
            case OutputLine(name, text):
                self._recent.setdefault(name, deque(maxlen=_KEPT_LINES)).append(text)
                self._show(name, parse_line(text))

    def recent_output(self, name: str) -> list[str]:
        """The latest lines of a child process, of any level."""
        return list(self._recent.get(name, ()))

    def _show(self, name: str, line: LogLine) -> None:
        if line.level >= self._threshold and line.text:
            self.print(f"[cyan]{name:<12}[/] [{_STYLES[line.level]}]{escape(line.text)}[/]")

    def _set(self, name: str, state: str) -> None:
        self._states[name] = state
        if self._live is not None:
            self._live.update(self._table())

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, state in self._states.items():
            table.add_row(f"[cyan]{name}[/]", state)
        return table
