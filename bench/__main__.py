"""``python -m bench [PART]...`` measures the named parts against their targets; all parts by default."""

import sys
from collections.abc import Callable

from bench.app import measure as app
from bench.draw import measure as draw
from bench.lshaped import measure as lshaped
from bench.octopus import measure as octopus
from bench.plan import measure as plan
from bench.raid import measure as raid
from bench.report import Row, limit_cores, machine, print_rows
from bench.start import first_run, help_page


def on_one_core(part: Callable[[], list[Row]]) -> Callable[[], list[Row]]:
    """The same measurement, kept to one core."""

    def limited() -> list[Row]:
        with limit_cores(1):
            return part()

    return limited


PARTS: dict[str, Callable[[], list[Row]]] = {
    "raid": on_one_core(raid),
    "draw": draw,
    "octopus": octopus,
    "lshaped": on_one_core(lshaped),
    "plan": plan,
    "app": app,
    "first": first_run,
    "help": help_page,
}


def main(names: list[str]) -> int:
    """Measure the named parts; returns 2 for a name that is no part, else 0."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; known parts are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(machine())
    missed = 0
    for name in names or PARTS:
        rows = PARTS[name]()
        print_rows(rows)
        missed += sum(not row.ok for row in rows)
    print("all targets met" if missed == 0 else f"{missed} targets missed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
