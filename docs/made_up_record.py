"""Write docs/how-to/made-up-record.csv, a fictitious record of raids for the guide docs/how-to/new-raids.md.

``python docs/made_up_record.py`` draws one future of the raids of ``octopus``, whose process is fitted to a public
record, with the seed ``SEED``, gives its days other dates, and draws how many of the weapons of each class are
destroyed. No day of the record happened.
"""

import tomllib
from datetime import date, timedelta
from pathlib import Path

import numpy as np

import octoplan as op

RECORD = Path(__file__).parent / "how-to" / "made-up-record.csv"
SEED = 2026
FIRST, LAST = date(2025, 1, 1), date(2026, 3, 31)
THREATS = {"drones": ("attack-drone", "decoy"), "cruise": ("cruise",), "ballistic": ("ballistic",)}
"""Classes of threat of the scenario by class of weapon of the record."""


def rows() -> list[tuple[object, ...]]:
    """The header, and a row for each day and class: date, class, weapons launched, destroyed and lost.

    Days without drones have a row for drones; other classes have rows on the days with such weapons.
    """
    scenario = op.load("octopus")
    shares = tomllib.loads(scenario.files["raids.toml"].decode())["stopped"]
    launched = op.draw_raids(scenario, futures=1, seed=SEED).launched.values[0].sum(axis=2)
    random = np.random.default_rng(SEED)
    table: list[tuple[object, ...]] = [("date", "class", "launched", "destroyed", "lost")]
    for day in range((LAST - FIRST).days + 1):
        for name, threats in THREATS.items():
            number = int(launched[day, [scenario.names.threats.index(threat) for threat in threats]].sum())
            if number or name == "drones":
                destroyed = random.binomial(number, shares[name]["share"])
                table.append((FIRST + timedelta(days=day), name, number, destroyed, 0))
    return table


def text() -> str:
    """The record as CSV."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows())


if __name__ == "__main__":
    RECORD.write_text(text(), "utf-8")
