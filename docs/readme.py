"""Write the output of ``make demo`` into the README, between the marks: the answer at the top, and all of it below.

``python docs/readme.py`` runs the command and rewrites both blocks; it takes about a minute on two cores.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
MARK = re.compile(
    r"(<!-- demo output: written by docs/readme.py -->\n```\n).*?(```\n<!-- end of demo output -->)", re.DOTALL
)
ANSWER = re.compile(r"(<!-- answer: written by docs/readme.py -->\n```\n).*?(```\n<!-- end of answer -->)", re.DOTALL)
REACHED, NOTE = "futures: precision reached\n", "\n\nFigures are means"
"""Ends of the line before the answer, and beginning of the note after it."""
COMMAND = ("run", "octopus", "--seed", "1", "--out", "runs/demo")


def demo_output() -> str:
    """What the command prints where there is no terminal, without spaces at the ends of lines."""
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    octoplan = Path(sys.executable).with_name("octoplan")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.run(  # noqa: S603 (our own command)
            [octoplan, *COMMAND], cwd=folder, env={**environment, "PYTHONIOENCODING": "utf-8"}, capture_output=True,
            check=True,
        )  # fmt: skip
    return "".join(f"{line.rstrip()}\n" for line in process.stdout.decode("utf-8").splitlines())


def block(mark: re.Pattern[str] = MARK) -> str:
    """The block of the README at a mark; by default, that of the output of ``make demo``."""
    match = mark.search(README.read_text("utf-8"))
    if match is None:
        raise ValueError(f"{README.name} has no block at {mark.pattern}")
    return match[0].removeprefix(match[1]).removesuffix(match[2])


def answer_of(output: str) -> str:
    """The lines of the answer in the output of the command. Raises ValueError if it has none."""
    return output[output.index(REACHED) + len(REACHED) : output.index(NOTE)] + "\n"


def answer_block() -> str:
    """The answer at the top of the README."""
    return block(ANSWER)


def write(output: str) -> None:
    """Rewrite both blocks of the README."""
    text = MARK.sub(lambda match: match[1] + output + match[2], README.read_text("utf-8"))
    README.write_text(ANSWER.sub(lambda match: match[1] + answer_of(output) + match[2], text), "utf-8")


if __name__ == "__main__":
    write(demo_output())
