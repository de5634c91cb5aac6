"""Invalid folders are always reported with file, line and exit code 2, never with a traceback."""

import io
import re
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octoplan.cli.main import main
from octoplan.errors import ScenarioError
from octoplan.scenario import load
from tests.scenario.folder import ASSUMPTIONS, FILES, line_of

Edit = Callable[[str], str]


def swap(old: str, new: str) -> Edit:
    """Return an edit that replaces the first occurrence of a text."""

    def edit(text: str) -> str:
        assert text.count(old) >= 1, old
        return text.replace(old, new, 1)

    return edit


def append(set_cells: str) -> Edit:
    return lambda text: f"{text}{set_cells}\n"


def set_cells(row_name: str, /, **cells: str) -> Edit:
    """Return an edit that changes cells of a row of the assumption log."""

    def edit(text: str) -> str:
        header, *rows = text.splitlines()
        number = next(i for i, line in enumerate(rows) if line.startswith(f"{row_name},"))
        changed = dict(zip(header.split(","), rows[number].split(","), strict=True)) | cells
        rows[number] = ",".join(changed.values())
        return "\n".join([header, *rows]) + "\n"

    return edit


LAST_LINE = len(ASSUMPTIONS.splitlines()) + 1
TAIL_CELLS = "study,amber,tests,2026-02-03,"

INVALID_ROWS = [
    (
        "plants.*.labour_rate",
        {"unit": "GBP"},
        "'20 GBP' is money; expected money per unit of time, such as '38 GBP/hour'",
    ),
    ("plants.*.labour_rate", {"unit": "USD/hour"}, "'USD' is not a known unit"),
    ("plants.*.labour_rate", {"unit": ""}, "'1 1' is a dimensionless number; expected money per unit of time"),
    ("plants.*.labour_rate", {"price_base": ""}, "price_base '' is not valid; expected the year of the prices"),
    ("plants.*.labour_rate", {"price_base": "3025"}, "price_base '3025' is not valid"),
    ("plants.*.heads", {"price_base": "2025"}, "price_base '2025' is set for a parameter that is not money"),
    ("plants.*.heads", {"value": "-1"}, "-1 is outside the permitted range (at least 0)"),
    ("plants.*.heads", {"value": "nan"}, "'nan' is not a finite number"),
    ("plants.*.heads", {"value": "inf"}, "'inf' is not a finite number"),
    ("plants.*.heads", {"value": "1e308"}, "1e+308 is too large"),
    ("plants.*.heads", {"value": "1e999"}, "too large"),
    ("crews.initial", {"value": "3e9"}, "outside the permitted range (0 to 1,000,000)"),
    ("kits.initial", {"value": "3e9"}, "outside the permitted range (0 to 1,000,000)"),
    ("makers.*.rate_start", {"value": "1e8"}, "outside the permitted range (0 to 1,000,000)"),
    ("packages.*.routine_mean", {"value": "50000"}, "outside the permitted range (0 to 20,000)"),
    ("plants.*.heads", {"value": "twenty"}, "value 'twenty' is not a number"),
    ("plants.*.heads", {"value": ""}, "has no value"),
    ("plants.*.heads", {"unit": ""}, "has no unit; for a dimensionless number write unit 1"),
    ("plants.*.heads", {"value": "20 units", "unit": "parts"}, "has the units 'parts' and 'units'; keep one"),
    ("plants.*.heads", {"low": "10", "high": "30", "distribution": ""}, "has a range but no distribution"),
    (
        "plants.*.heads",
        {"value": "5 to 9", "distribution": "fixed"},
        "value '5 to 9' is a range, and the distribution fixed has none; leave distribution empty, which means gamma",
    ),
    ("plants.*.heads", {"low": "10"}, "distribution fixed needs a value"),
    ("plants.*.heads", {"distribution": "gaussian"}, "distribution 'gaussian' is unknown; expected one of"),
    ("plants.*.heads", {"distribution": "normal"}, "a normal distribution needs low and high (P10 and P90)"),
    (
        "plants.*.heads",
        {"distribution": "normal", "low": "9", "high": "3", "value": ""},
        "low 9 is not less than high 3",
    ),
    ("plants.*.heads", {"distribution": "normal", "low": "0", "high": "9", "value": ""}, "lies outside the permitted"),
    ("plants.*.heads", {"distribution": "uniform", "low": "3", "high": "3"}, "low 3 is not less than high 3"),
    (
        "plants.*.heads",
        {"distribution": "triangular", "low": "21", "high": "30"},
        "value 20 is outside the range from low",
    ),
    ("plants.*.heads", {"distribution": "pert", "low": "1", "high": "30", "value": ""}, "needs a value, the mode"),
    ("plants.*.heads", {"value": "5 to 9", "low": "4"}, "is a range, but low or high is not empty"),
    ("plants.*.heads", {"distribution": "discrete", "value": "1; 2"}, "is not a discrete distribution"),
    ("plants.*.heads", {"distribution": "discrete", "value": "1:0; 2:1"}, "weight '0' is not valid"),
    ("plants.*.heads", {"distribution": "discrete", "value": "1:nan"}, "'nan' is not a finite number"),
    ("plants.*.heads", {"distribution": "empirical", "value": "1; -2"}, "-2 is outside the permitted range"),
    ("plants.*.heads", {"distribution": "empirical", "value": "1;;2"}, "'' is not a number"),
    ("plants.*.yield_first", {"value": "1.2"}, "1.2 is outside the permitted range (0 to 1) of share of good units"),
    ("plants.*.yield_units", {"value": "0"}, "0 units is outside the permitted range (above 0)"),
    ("plants.*.retained", {"value": "0.8:1; 1.9:3"}, "1.9 is outside the permitted range (0 to 1)"),
    ("plants.works.slope", {"low": "0.4"}, "0.4 is outside the permitted range (0.5 to 1)"),
    (
        "plants.*.slope",
        {"low": "0.51", "high": "0.8"},
        "of the distribution lies outside the permitted range (0.5 to 1)",
    ),
    ("plants.*.slope", {"low": "0.95", "high": "0.8"}, "low 0.95 is not less than high 0.8"),
    ("plants.*.hours_first", {"low": "20", "high": "8"}, "low 20 is not less than high 8"),
    (
        "gates.licence.duration",
        {"distribution": "beta"},
        "a beta distribution are between 0 and 1; for unit day",
    ),
    ("plants.*.heads", {"quality": "good"}, "quality 'good' is not valid; expected green, amber or red"),
    ("plants.*.heads", {"source": ""}, "has no source but is rated amber"),
    ("plants.*.heads", {"source": "studi"}, "there is no source 'studi' in sources.csv; did you mean 'study'?"),
    ("plants.*.heads", {"date": "last Tuesday"}, "date 'last Tuesday' is not a date; write one such as 2026-11-22"),
    ("plants.*.heads", {"date": "2026-02-30"}, "date '2026-02-30' is not a date"),
    ("plants.*.heads", {"date": ""}, "date '' is not a date"),
]


@pytest.mark.parametrize(("name", "cells", "message"), INVALID_ROWS)
def test_invalid_rows_are_reported_with_their_line(small: Path, name: str, cells: dict[str, str], message: str) -> None:
    """Each invalid row of the assumption log gives exactly one problem, with its line and name."""
    change(small, "assumptions.csv", set_cells(name, **cells))
    line = line_of("assumptions.csv", name)
    problems = problems_of(small)
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"small/assumptions.csv:{line}: {name}: ")
    assert message in problems[0]


FOLDERS: list[tuple[str, Edit, int | str, str]] = [
    ("assumptions.csv", append(f"crews.initial,1,,,fixed,1,,{TAIL_CELLS}"), LAST_LINE, "crews.initial: is in line"),
    (
        "assumptions.csv",
        append(f"crew.initial,1,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "unknown kind 'crew'; did you mean 'crews'?",
    ),
    (
        "assumptions.csv",
        append(f"crews.inital,1,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "crews have no parameter 'inital'; did you mean 'initial'?",
    ),
    (
        "assumptions.csv",
        append(f"plants.work.heads,1,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "no 'work' in [plants] of programme.toml; did",
    ),
    (
        "assumptions.csv",
        append(f"plants.heads,1,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "expected plants.<plants>.<parameter>",
    ),
    ("assumptions.csv", append(f",1,,,fixed,1,,{TAIL_CELLS}"), LAST_LINE, "the row has no name"),
    (
        "assumptions.csv",
        append(f"plants.works.exposure,0,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "supplies no parameter: the plant 'works' has no",
    ),
    (
        "assumptions.csv",
        append(f"currencies.GBP.rate,1,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "GBP is the reporting currency",
    ),
    (
        "assumptions.csv",
        append(f"threats.drone.p_discriminate,0,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "the threat 'drone' is not a decoy",
    ),
    (
        "assumptions.csv",
        append(f"threats.ballistic.engagement,1,,,fixed,minute,,{TAIL_CELLS}"),
        LAST_LINE,
        "is not interceptable",
    ),
    (
        "assumptions.csv",
        append(f"layers.gun.stock,1,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "the layer 'gun' is not stocked",
    ),
    (
        "assumptions.csv",
        append(f"effects.gun.ballistic.p,0,,,fixed,1,,{TAIL_CELLS}"),
        LAST_LINE,
        "does not list the layer 'gun'",
    ),
    (
        "assumptions.csv",
        append(f"layers.interceptor.cost,1 GBP,,,fixed,,2025,{TAIL_CELLS}"),
        LAST_LINE,
        "parameters of interceptors are in designs",
    ),
    (
        "assumptions.csv",
        append(
            f"engagement.*.west.window,1,,,fixed,minute,,{TAIL_CELLS}\nengagement.drone.*.window,1,,,fixed,minute,,{TAIL_CELLS}"
        ),
        LAST_LINE + 1,
        "engagement.drone.west.window is matched by 'engagement.*.west.window'",
    ),
    (
        "assumptions.csv",
        swap("crews.initial,200,,,fixed,crews,", "crews.initial,200,,,fixed,crews"),
        "crews.initial",
        "has 11 cells, expected 12",
    ),
    ("assumptions.csv", swap("name,value", "nam,value"), 1, "has no column 'name'"),
    ("assumptions.csv", lambda text: text.replace(",", ";"), 1, "cells are not separated by commas"),
    ("assumptions.csv", lambda _: "", 1, "is empty"),
    ("assumptions.csv", swap("crews.initial", '"crews.initial'), "crews.initial", "is not valid CSV"),
    (
        "assumptions.csv",
        lambda text: text.splitlines()[0] + "\n",
        0,
        "plants.*.line_rate is missing for 2 (works, yard)",
    ),
    (
        "assumptions.csv",
        swap(f"crews.initial,200,,,fixed,crews,,{TAIL_CELLS}\n", ""),
        0,
        "crews.initial is missing; add a row with unit 1 (trained crews at the start)",
    ),
    (
        "assumptions.csv",
        set_cells("plants.*.labour_rate", name="plants.yard.labour_rate_"),
        "plants.*.labour_rate",
        "plants have no parameter 'labour_rate_'",
    ),
    ("sources.csv", append("study,Again,,,,"), 4, "the id 'study' is in line 2 already"),
    ("sources.csv", append(",No id,,,,"), 4, "has no id"),
    ("sources.csv", append("empty,,,,,"), 4, "empty: has no title"),
    ("correlations.csv", append("suppliers.*.price,plants.*.nothing,0.5,,"), 4, "there is no row 'plants.*.nothing'"),
    (
        "correlations.csv",
        append("suppliers.*.price,crews.initial,0.5,,"),
        4,
        "'crews.initial' has the same value in all futures",
    ),
    ("correlations.csv", append("suppliers.*.price,plants.*.slope,1,,"), 4, "rank correlation 1 is not valid"),
    ("correlations.csv", append("suppliers.*.price,plants.*.slope,high,,"), 4, "'high' is not a number"),
    ("correlations.csv", append("plants.*.slope,plants.*.slope,0.5,,"), 4, "cannot be correlated with itself"),
    ("correlations.csv", append("suppliers.cameras.price,suppliers.*.price,0.5,,"), 4, "are in line 2 already"),
    ("correlations.csv", append("suppliers.cameras.price,plants.*.hours_first,0.9,,"), 4, "contradict one another"),
    ("programme.toml", swap('title = "Small"\n', ""), 1, "title is missing; add title = text"),
    ("programme.toml", swap("start = 2025-11-01", 'start = "November"'), 2, "'November' is not a date"),
    ("programme.toml", swap("start = 2025-11-01", "start = 2025-11-05"), 2, "expected the first day of a month"),
    ("programme.toml", swap("start = 2025-11-01", "start = 0001-01-01"), 2, "expected the first day of a month"),
    ("programme.toml", swap("months = 4", "months = 0"), 3, "months: 0 is outside the range 1 to 240"),
    ("programme.toml", swap("months = 4", "months = 4.5"), 3, "4.5 is not valid; expected a whole number"),
    ("programme.toml", swap("months = 4", "months = true"), 3, "True is not valid; expected a whole number"),
    ("programme.toml", swap('currency = "GBP"', 'currency = "GPB"'), 5, "'GPB' is not declared; did you mean 'GBP'?"),
    ("programme.toml", swap('missile_layer = "missile"', 'missile_layer = "misile"'), 6, "did you mean 'missile'?"),
    (
        "programme.toml",
        swap("[payers.away]", "[payer.away]"),
        "[payers.away]",
        "unknown section 'payer'; did you mean 'payers'?",
    ),
    ("programme.toml", swap("[payers.away]", "[payers.Away]"), "[payers.away]", "'Away' is not a name; use lower-case"),
    ("programme.toml", swap("[currencies.UAH]", "[currencies.uah]"), "[currencies.UAH]", "three-letter code"),
    (
        "programme.toml",
        swap('payer = "home"', 'payer = "hom"'),
        'payer = "home"',
        "no 'hom' in [payers]; did you mean 'home'?",
    ),
    ("programme.toml", swap('payer = "home"', "payer = 3"), 'payer = "home"', "numbers belong in assumptions.csv"),
    (
        "programme.toml",
        swap('country = "here"', 'country = "here"\nheads = 40'),
        "[plants.works]+2",
        "plants.works.heads: 40 is not allowed here; numbers",
    ),
    (
        "programme.toml",
        swap('country = "here"', 'country = "here"\nrate = 40'),
        "[plants.works]+2",
        "plants.works.rate: 40 is not allowed here; numbers",
    ),
    (
        "programme.toml",
        swap('country = "here"', 'country = "here"\ncolour = "red"'),
        "[plants.works]+2",
        "plants.works.colour: unknown field",
    ),
    (
        "programme.toml",
        swap('country = "here"\n', ""),
        "[plants.works]",
        "plants.works: country is missing; add country =",
    ),
    (
        "programme.toml",
        swap('learning = "crawford"', 'learning = "craw"'),
        'learning = "crawford"',
        'expected learning = "crawford" or "wright"',
    ),
    (
        "programme.toml",
        swap('gates = ["licence", "tooling"]', 'gates = "licence"'),
        "gates = ",
        "expected gates = [names from [gates]]",
    ),
    (
        "programme.toml",
        swap('lanes = ["road", "air"]', 'lanes = ["road", "road"]'),
        "lanes = ",
        "'road' is listed twice",
    ),
    ("programme.toml", swap('lanes = ["road", "air"]', "lanes = []"), "lanes = ", "has no lane"),
    ("programme.toml", swap('after = ["licence"]', 'after = ["tooling"]'), "after", "form a cycle: tooling -> tooling"),
    (
        "programme.toml",
        swap("[gates.licence]", '[gates.licence]\nafter = ["tooling"]'),
        "[gates.licence]+1",
        "gates form a cycle",
    ),
    (
        "programme.toml",
        swap('origin = "border"', 'origin = "west"'),
        "[corridors.east-west]",
        "corridors form a cycle",
    ),
    ("programme.toml", swap('into = "west"', 'into = "border"'), 'into = "west"', "no 'border' in [regions]"),
    (
        "programme.toml",
        swap('origin = "east"\ninto = "west"', 'origin = "border"\ninto = "east"'),
        "[corridors.east-west]",
        "as does 'border-east'; keep one of them",
    ),
    (
        "programme.toml",
        swap("motor = 4", "motor = 4.5"),
        "motor = 4",
        "4.5 is not valid; expected a whole number from 1 to 1000",
    ),
    ("programme.toml", swap("motor = 4", "motr = 4"), "motor = 4", "no 'motr' in [parts]; did you mean 'motor'?"),
    ("programme.toml", swap("tile = [0, 1]", "tile = [0.5, 1]"), "tile = [0, 1]", "expected column and row"),
    ("programme.toml", swap("tile = [1, 1]", "tile = [0, 1]"), "tile = [1, 1]", "is already the tile of 'west'"),
    ("programme.toml", swap("decoy = true", 'decoy = "yes"'), "decoy", "expected true or false"),
    (
        "programme.toml",
        swap("[layers.gun]", '[layers.interceptor]\npayer = "home"\n[layers.gun]'),
        "[layers.gun]",
        "interceptors are part of every scenario and must not",
    ),
    (
        "programme.toml",
        swap("[regions.west]", "[regions.border]\n[regions.west]"),
        "[regions.west]",
        "is reserved; choose another name",
    ),
    (
        "programme.toml",
        swap('[crews]\npayer = "away"\n', ""),
        1,
        "the table [crews] is missing; add it with payer",
    ),
    (
        "programme.toml",
        swap("[packages.drones]", "[packages.empty]\n[packages.drones]"),
        "[packages.drones]",
        "no class of threat belongs to this package",
    ),
    ("programme.toml", swap("[parts.motor]", "[parts.motor]\n[parts.motor]"), "[parts.motor]+1", "Cannot declare"),
    ("programme.toml", swap("months = 4", "months = 4\nmonths = 5"), 4, "Cannot overwrite"),
    ("programme.toml", swap("months = 4", "months ="), 3, "is not valid TOML"),
    ("programme.toml", lambda _: "\n", 1, "is empty"),
    (
        "decisions.toml",
        swap("works = [0, 0, 250]", "work = [0, 0, 250]"),
        2,
        "output.work: there is no 'work' in [plants]; did",
    ),
    (
        "decisions.toml",
        swap("works = [0, 0, 250]", "works = [0, -1, 250]"),
        2,
        "output.works.1: -1 is not valid; expected at least 0",
    ),
    ("decisions.toml", swap("works = [0, 0, 250]", "works = [0, nan]"), 2, "nan is not valid"),
    (
        "decisions.toml",
        swap("works = [0, 0, 250]", "works = [1e308]"),
        2,
        "1e+308 is not valid; expected at most 10,000,000",
    ),
    ("decisions.toml", swap("works = [0, 0, 250]", "works = []"), 2, "[] is not valid; expected at least one number"),
    ("decisions.toml", swap("works = [0, 0, 250]", 'works = "many"'), 2, "'many' is not valid; expected a list"),
    ("decisions.toml", swap("  2,\n", "  -2,\n"), "[lines]+1", "lines.works.1: -2 is not valid"),
    ("decisions.toml", swap("[output]", "[outputs]"), 1, "outputs: unknown field; did you mean 'output'?"),
    ("decisions.toml", swap('cover = "30 days"', 'cover = "30 GBP"'), "cover", "'30 GBP' is money; expected a time"),
    ("decisions.toml", swap('cover = "30 days"', "cover = 30"), "cover", "30 is not valid; expected text in quotes"),
    ("decisions.toml", swap('cover = "30 days"\n', ""), "[orders]", "orders.cover: is missing; add it"),
    ("decisions.toml", swap("motor = [4000, 2000]", "moter = [4000]"), "motor", "'moter' is not a part of 'squid'"),
    (
        "decisions.toml",
        swap("motors-a = 0.7", "motors-a = 0\nmotors-b = 0"),
        "motors-a",
        "every supplier of 'motor' has weight 0",
    ),
    (
        "decisions.toml",
        swap("intake = [40, 60]", "intake = 40.5"),
        "intake",
        "40.5 is not valid; expected a whole number",
    ),
    ("decisions.toml", swap('"*" = 1\n', ""), "[crew_share]", "crew_share: has no weight for east"),
    ("decisions.toml", swap('west = 3\n"*" = 1', 'west = 0\n"*" = 0'), "[crew_share]", "every weight is 0"),
    ("decisions.toml", swap('rule = "cover"', 'rule = "fair"'), "rule", "expected 'cover' or 'share'"),
    ("decisions.toml", swap('rule = "cover"', 'rule = "share"'), "rule", "requires shares"),
    (
        "decisions.toml",
        swap('prefer = ["squid", "whelk"]', 'prefer = ["squid"]'),
        "prefer",
        "does not list whelk",
    ),
    (
        "decisions.toml",
        swap('["interceptor", "gun"]', '["interceptor", "guns"]'),
        "layers",
        "no 'guns' in [layers]; did you mean 'gun'?",
    ),
    ("decisions.toml", swap("max_shots = 3\n", ""), "[doctrine.drone]", "doctrine.drone.max_shots: is missing"),
    ("decisions.toml", swap("max_shots = 3", "max_shots = 0"), "max_shots", "0 is not valid; expected at least 1"),
    ("decisions.toml", swap("max_shots = 3", "max_shot = 3"), "max_shots", "unknown field; did you mean 'max_shots'?"),
    (
        "decisions.toml",
        swap('["missile"]', '["missile", "interceptor"]'),
        'layers = ["missile"]',
        "'ballistic' is not interceptable",
    ),
    (
        "decisions.toml",
        swap('[doctrine.ballistic]\nlayers = ["missile"]\nvalue = 20\n', ""),
        "[doctrine]",
        "the table [doctrine.ballistic] is missing",
    ),
    ("decisions.toml", swap('home = "200 MGBP"', 'home = "200 MUAH"'), "home", "is not in GBP, the reporting currency"),
    ("decisions.toml", swap('home = "200 MGBP"', 'home = "-1 GBP"'), "home", "is negative"),
    (
        "decisions.toml",
        swap('home = "200 MGBP"', 'house = "1 GBP"'),
        "home",
        "no 'house' in [payers]; did you mean 'home'?",
    ),
]


@pytest.mark.parametrize(("file", "edit", "where", "message"), FOLDERS)
def test_invalid_folders_are_reported_with_their_line(
    small: Path, file: str, edit: Edit, where: int | str, message: str
) -> None:
    """The problem of each invalid folder is reported with file and line."""
    change(small, file, edit)
    if isinstance(where, str):
        beginning, _, later = where.partition("+")
        where = line_of(file, beginning) + int(later or 0)
    prefix = f"small/{file}:{where}: " if where else f"small/{file}: "
    problems = problems_of(small)
    assert any(problem.startswith(prefix) and message in problem for problem in problems), problems


def test_weights_that_are_all_zero_are_reported(small: Path) -> None:
    """Mixes, splits and corridors whose weights are all 0 are refused, because they define no distribution."""
    for name in ("threats.*.mix", "splits.*.*.share", "splits.drones.west.share", "corridors.*.share"):
        change(small, "assumptions.csv", set_cells(name, value="0"))
    problems = problems_of(small)
    for weights, group in (
        ("threats.*.mix", "packages.drones"),
        ("threats.*.mix", "packages.missiles"),
        ("corridors.*.share", "regions.east"),
        ("corridors.*.share", "regions.west"),
        ("splits.*.*.share", "packages.drones"),
        ("splits.*.*.share", "packages.missiles"),
    ):
        assert any(f"every weight {weights} of {group} is 0" in problem for problem in problems)


def test_entities_with_invalid_names_are_reported_once(small: Path) -> None:
    """An entity with an invalid name is reported once; links to it cause no further problem."""
    change(
        small, "programme.toml", lambda text: text.replace("regions.west", "regions.West").replace('"west"', '"West"')
    )
    line = line_of("programme.toml", "[regions.west]")
    assert (
        f"small/programme.toml:{line}: regions.West: 'West' is not a name; use lower-case letters, digits and hyphens"
        in (problems_of(small))
    )


def test_a_programme_has_a_size_limit(small: Path) -> None:
    """Too many regions are refused before their pairs are checked."""
    change(small, "programme.toml", lambda text: text + "".join(f"[regions.r{i}]\n" for i in range(300)))
    line = line_of("programme.toml", "[regions.west]")
    message = f"small/programme.toml:{line}: regions: has 302 tables; the limit is 300"
    assert message in problems_of(small)


def test_all_errors_of_a_folder_are_listed_at_once(small: Path) -> None:
    """Problems of all files are reported together, sorted, one line each."""
    change(small, "programme.toml", swap('payer = "home"', 'payer = "hom"'))
    change(small, "decisions.toml", swap('cover = "30 days"', 'cover = "soon"'))
    change(small, "sources.csv", append("study,Again,,,,"))
    change(small, "correlations.csv", append("a,b,2,,"))
    change(small, "assumptions.csv", set_cells("plants.*.heads", value="many"))
    change(small, "assumptions.csv", set_cells("crews.initial", value="1.5e13"))
    problems = problems_of(small)
    files = [problem.split(":")[0].removeprefix("small/") for problem in problems]
    assert files == ["assumptions.csv"] * 2 + ["correlations.csv"] * 3 + [
        "decisions.toml",
        "programme.toml",
        "sources.csv",
    ]


@pytest.mark.parametrize("name", ["programme.toml", "assumptions.csv", "decisions.toml", "sources.csv"])
def test_a_missing_file_is_reported(small: Path, name: str) -> None:
    """A folder without a required file is reported with the file's name."""
    (small / name).unlink()
    assert any(problem.startswith(f"small/{name}: is missing") for problem in problems_of(small))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_is_not_utf8_is_reported_with_its_line(small: Path, name: str) -> None:
    """A byte of another encoding is reported with its line."""
    data = (small / name).read_bytes().split(b"\n")
    data[1] += b"\xe9"
    (small / name).write_bytes(b"\n".join(data))
    assert any(p.startswith(f"small/{name}:2: byte 0xe9 is not UTF-8") for p in problems_of(small))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_of_100_mb_is_refused_unread(small: Path, name: str) -> None:
    """A file of 100 MB is refused because of its size, without being read."""
    with (small / name).open("wb") as file:
        file.truncate(100 * 2**20)
    assert any(p.startswith(f"small/{name}: has 104,857,600 bytes") for p in problems_of(small))


def test_a_missing_folder_and_a_file_instead_are_reported(small: Path) -> None:
    """A path that does not exist or is a file is refused with a message."""
    assert problems_of(Path("nowhere")) == [
        "nowhere: there is no such folder or workbook; the built-in scenarios are octopus, pocket"
    ]
    assert problems_of(small / "sources.csv")[0].startswith("small/sources.csv: is a file; expected the folder")


@pytest.mark.parametrize("change_bytes", [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")])
def test_a_byte_order_mark_and_crlf_change_nothing(small: Path, change_bytes: Callable[[bytes], bytes]) -> None:
    """A folder saved by a Windows editor is the same scenario, with the same lines."""
    before = load(small)
    for name in FILES:
        path = small / name
        path.write_bytes(change_bytes(path.read_bytes()))
    after = load(small)
    assert before.assumptions == after.assumptions
    assert before.decisions == after.decisions
    uniforms = np.full((1, len(before.columns)), 0.3)
    assert (before.quantiles(uniforms) == after.quantiles(uniforms)).all()


def change(folder: Path, name: str, edit: Edit) -> None:
    path = folder / name
    path.write_bytes(edit(path.read_bytes().decode()).encode())


def problems_of(folder: Path) -> list[str]:
    """The report of an invalid folder, which the command line prints on stderr before it exits with 2."""
    errors = io.StringIO()
    with redirect_stderr(errors), pytest.raises(SystemExit) as stop:
        main(["check", str(folder)])
    assert stop.value.code == 2
    *lines, count = errors.getvalue().splitlines()
    assert count in {f"{len(lines)} problem", f"{len(lines)} problems"}
    with pytest.raises(ScenarioError) as error:
        load(folder)
    assert lines == str(error.value).splitlines()
    return lines


UNUSUAL = [
    "",
    "nan",
    "-1",
    "1e308",
    "1e-320",
    "5 to 9",
    "9 to 5",
    "*",
    ",",
    '"',
    "\n",
    "\x00",
    "é",
    "[",
    "]",
    "=",
    "a.b",
]
UNUSUAL += [
    "1;2",
    "0.5:1",
    "GBP",
    "%",
    "99999999999999999999",
    "true",
    "2025-01-01",
    "\ufeff",
    "\u2028",
    "{}",
    "'''",
    "#",
]


@given(data=st.data())
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_folder_loads_or_is_reported(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Random changes of bytes, cells and rows raise only ScenarioError, and a scenario that loads can be compiled."""
    name = data.draw(st.sampled_from(sorted(FILES)))
    text = FILES[name]
    raw = text.encode()
    how = data.draw(st.sampled_from(["bytes", "cell", "row", "cut", "word"]))
    if how == "bytes":
        at = data.draw(st.integers(0, len(raw) - 1))
        raw = raw[:at] + data.draw(st.binary(max_size=4)) + raw[at + data.draw(st.integers(0, 4)) :]
    elif how == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    elif how == "word":
        message = sorted(set(re.findall(r"[\w-]+", text)))
        old, new = (data.draw(st.sampled_from(message)) for _ in range(2))
        most = data.draw(st.sampled_from([1, -1]))
        raw = text.replace(old, data.draw(st.sampled_from([new, new.title(), ""])), most).encode()
    else:
        lines = text.split("\n")
        at = data.draw(st.integers(0, len(lines) - 1))
        if how == "row":
            lines[at] = data.draw(st.sampled_from(["", lines[0], lines[-2], *UNUSUAL]))
        else:
            sign = "," if name.endswith(".csv") else " "
            cells = lines[at].split(sign)
            cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(st.sampled_from(UNUSUAL))
            lines[at] = sign.join(cells)
        raw = "\n".join(lines).encode()
    folder = tmp_path_factory.mktemp("fuzz")
    try:
        for file, content in FILES.items():
            (folder / file).write_bytes(raw if file == name else content.encode())
        compiles_or_reports(folder)
    finally:
        shutil.rmtree(folder)


def compiles_or_reports(folder: Path) -> None:
    """Check that a folder compiles to finite numbers, or that each problem names a file of the folder."""
    try:
        scenario = load(folder)
    except ScenarioError as error:
        problems = error.problems
    else:
        compiled = scenario.compile()
        assert np.isfinite(scenario.quantiles(np.full((1, len(scenario.columns)), 0.999999))).all()
        assert all((columns < len(scenario.columns)).all() for columns in compiled.draw_columns.values())
        return
    assert problems
    assert all(problem.file.startswith(str(folder)) and problem.message for problem in problems)
