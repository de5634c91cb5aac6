"""The problems and warnings of a scenario folder, and functions that quote values and suggest names in messages."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from octoplan.errors import Problem, ScenarioError


@dataclass
class Report:
    """Problems and warnings of one scenario folder, collected to be listed together."""

    folder: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def path(self, file: str) -> str:
        """Path of a file of the folder, as shown in messages."""
        return str(Path(self.folder, file))

    def add(self, file: str, line: int, message: str) -> None:
        """Add a problem, which makes the folder invalid."""
        self.problems.append(Problem(self.path(file), line, message))

    def warn(self, file: str, line: int, message: str) -> None:
        """Add a warning: the folder is valid, but the line may be a mistake."""
        self.warnings.append(Problem(self.path(file), line, message))

    def raise_problems(self) -> None:
        """Raise ``ScenarioError`` with the problems collected, if any."""
        if self.problems:
            raise ScenarioError(self.problems)


def quoted(value: object, limit: int = 60) -> str:
    """A value in quotes for a message, on one line and shortened to the limit.

    >>> quoted("labour")
    "'labour'"
    """
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 4]}...{text[-1]}"


def did_you_mean(word: object, known_words: Iterable[str]) -> str:
    """The end of a message about an unknown word: the closest known word, or the list of known words.

    >>> did_you_mean("crew", ["crews", "kits"])
    "did you mean 'crews'?"
    """
    names = list(known_words)
    close_matches = difflib.get_close_matches(str(word)[:100], names, n=1)
    if close_matches:
        return f"did you mean '{close_matches[0]}'?"
    if not names:
        return "no name is declared"
    return f"expected one of {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
