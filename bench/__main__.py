"""``python -m bench [NAME]...`` runs the named benchmarks, all by default, and compares them with their targets."""

import sys
from collections.abc import Callable

from bench.app import measure as app
from bench.draw import measure as draw
from bench.explore import measure as explore
from bench.lshaped import measure as lshaped
from bench.octopus import measure as octopus
from bench.plan import measure as plan
from bench.precision import measure as precision
from bench.raid import measure as raid
from bench.report import Measurement, limit_cores, machine_description, print_measurements
from bench.start import first_run, help_page


def limited_to_one_core(benchmark: Callable[[], list[Measurement]]) -> Callable[[], list[Measurement]]:
    """The same benchmark, limited to one core."""

    def limited() -> list[Measurement]:
        with limit_cores(1):
            return benchmark()

    return limited


BENCHMARKS: dict[str, Callable[[], list[Measurement]]] = {
    "raid": limited_to_one_core(raid),
    "draw": draw,
    "octopus": octopus,
    "precision": precision,
    "lshaped": limited_to_one_core(lshaped),
    "plan": plan,
    "app": app,
    "explore": explore,
    "first": first_run,
    "help": help_page,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks and return the exit code: 2 if a name is unknown, else 0."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmark: {', '.join(unknown)}; choose from {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(machine_description())
    missed_targets = 0
    for name in names or BENCHMARKS:
        rows = BENCHMARKS[name]()
        print_measurements(rows)
        missed_targets += sum(not row.is_met for row in rows)
    print("all targets met" if missed_targets == 0 else f"{missed_targets} targets missed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
