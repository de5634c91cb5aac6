"""Write the results of documented plans into docs/background/plan.md, between the marks of each.

``python docs/plans.py NAME`` runs the command of a plan of ``COMMANDS`` and rewrites its block; ``python docs/plans.py
NAME FOLDER`` takes the results from the plan folder of such a run. Without arguments, all commands are run, which takes
about a quarter of an hour on two cores.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parent / "background" / "plan.md"

COMMANDS = {
    "least-cost": "octoplan plan octopus",
    "insurance": "octoplan plan octopus --tail 0.5 --level 0.9",
    "target": "octoplan plan octopus --target 2000 --by 2026-07 --confidence 0.8 --frontier uk",
}
"""Command of each documented plan."""

DURATION = re.compile(r", [\d,]+ s$")
"""Duration of the search at the end of the first line of a summary; it differs between runs."""


def mark(name: str) -> re.Pattern[str]:
    """Pattern of the block of a plan: the mark before it, its text, and the mark after it."""
    return re.compile(
        rf"(<!-- plan {name}: written by docs/plans.py -->\n)(.*?)(<!-- end of plan {name} -->)", re.DOTALL
    )


def block(name: str) -> str:
    """The text of the block of a plan in the page."""
    match = mark(name).search(PAGE.read_text("utf-8"))
    if match is None:
        raise ValueError(f"{PAGE.name} has no block for the plan {name}")
    return match[2]


def markdown(command: str, summary: str) -> str:
    """The command, and the summary of its plan as a list, with tables in blocks of text; durations are omitted."""
    lines = summary.splitlines()
    lines[0] = DURATION.sub("", lines[0])
    return f"```text\n{command}\n```\n\n" + "\n".join(items(lines)) + "\n\n"


def items(lines: list[str]) -> Iterator[str]:
    """Yield a list item for each sentence, and the rows of a table, which begin with spaces, as a block of text."""
    for i, line in enumerate(lines):
        is_row, follows_row = line.startswith("  "), lines[i - 1].startswith("  ") if i else False
        if is_row and not follows_row:
            yield "  ```text"
        if follows_row and not is_row:
            yield "  ```"
        yield line if is_row else f"- {line}"
    if lines[-1].startswith("  "):
        yield "  ```"


def summary_of(command: str) -> str:
    """The summary of the plan that a command finds."""
    octoplan = Path(sys.executable).with_name("octoplan")
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan"
        subprocess.run([octoplan, *command.split()[1:], "--out", plan], capture_output=True, check=True)  # noqa: S603
        return (plan / "summary.txt").read_text("utf-8")


def write(name: str, summary: str) -> None:
    """Rewrite the block of a plan."""
    text = markdown(COMMANDS[name], summary)
    PAGE.write_text(mark(name).sub(lambda match: match[1] + text + match[3], PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        write(sys.argv[1], (Path(sys.argv[2]) / "summary.txt").read_text("utf-8"))
    else:
        for plan_name in sys.argv[1:] or COMMANDS:
            write(plan_name, summary_of(COMMANDS[plan_name]))
