"""What a person sees of an installation: a table while it starts, then only what matters."""

import sys
from collections import deque
from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from hubbub_cli.log_lines import LEVELS, LogLine, parse_line
from hubbub_cli.process import Died, Ended, Line, Notice, Started

_STYLES = {50: "bold red", 40: "red", 30: "yellow", 20: "default", 10: "dim"}
_KEPT = 30


class Reporter:
    """Takes notices of the children and writes to the terminal; where there is none, plain lines."""

    def __init__(self, *, verbose: bool, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stdout, highlight=False)
        self._threshold = 0 if verbose else LEVELS["warning"]
        self._states: dict[str, str] = {}
        self._last_words: dict[str, deque[str]] = {}
        self._live: Live | None = None

    def begin(self, names: Iterable[str]) -> None:
        """Shows the table of what is to be started."""
        self._states = dict.fromkeys(names, "[dim]waiting[/]")
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, transient=True, refresh_per_second=10)
            self._live.start()

    def end_of_start(self) -> None:
        """Takes the table away again."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, markup: str) -> None:
        """One line of rich's markup."""
        self._console.print(markup, soft_wrap=True)

    def hear(self, notice: Notice) -> None:
        """Of a child."""
        match notice:
            case Started(name, pid):
                # What an earlier life said explains nothing any more.
                self._last_words.pop(name, None)
                self._set(name, f"[green]runs[/] [dim]({pid})[/]")
            case Died(name, how, delay):
                self._set(name, f"[red]{how}[/]")
                self.say(f"[red]{name} {how}[/]; starting it again in {delay:g} s")
            case Ended(name, killed):
                self._set(name, "ended")
                if killed:
                    self.say(f"[yellow]{name} did not end in time and was killed[/]")
            case Line(name, text):
                self._last_words.setdefault(name, deque(maxlen=_KEPT)).append(text)
                self._show(name, parse_line(text))

    def last_words(self, name: str) -> list[str]:
        """The newest lines of a child, loud or not."""
        return list(self._last_words.get(name, ()))

    def _show(self, name: str, line: LogLine) -> None:
        if line.level >= self._threshold and line.text:
            self.say(f"[cyan]{name:<12}[/] [{_STYLES[line.level]}]{escape(line.text)}[/]")

    def _set(self, name: str, state: str) -> None:
        self._states[name] = state
        if self._live is not None:
            self._live.update(self._table())

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, state in self._states.items():
            table.add_row(f"[cyan]{name}[/]", state)
        return table
