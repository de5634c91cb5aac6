"""Mutated scenario folders are read as the same data or are reported with the file; no other exception is raised."""

import csv
import io
import os
import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octoplan.errors import ScenarioError
from octoplan.scenario.scenario import Scenario, read_files
from tests.scenario.folder import CORRELATIONS, FILES

EXAMPLES = int(os.environ.get("OCTOPLAN_MUTATIONS", "40"))
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

STATE = (
    "name,value,unit,source,note\ndate,2026-01-01,,,\ncrews.trained,30,crews,,\ngates.licence.passed,2025-12-01,,,\n"
)
WHAT_IF = "name,what,times,from,to,note\nmore,drones,1.3,2025-12-01,2026-01-31,\n"
OBSERVATIONS = (
    "period,measure,value,low,high,sd,kind,source,note\n2026-01,stopped/drones,87,,,1.5,share,study,\n"
    "2025-11-03 to 2026-01,spend/home,,4 MGBP,5 MGBP,,money,study; news,\n2026-02-14,crews,180,150,210,,count,news,\n"
    "2025-12,opened/works,2026-01-05,,,1 week,date,study,\n"
)
POSTERIOR = "crews.on_duty,crews.washout\n" + "".join(f"{0.4 + i / 1000},{0.3 - i / 500}\n" for i in range(101))
PRIOR = (
    "name,value,low,high,distribution,unit,price_base,source,quality,owner,date,note\n"
    "crews.on_duty,,0.3,0.7,beta,1,,study,amber,tests,2026-02-03,\n"
    "crews.washout,,0.1,0.3,beta,1,,,red,tests,2026-02-03,\n"
)
PRIOR_CORRELATIONS = "a,b,rank_correlation,source,note\ncrews.on_duty,crews.washout,0.4,study,\n"
RAID_COUNTS = "date,drones,missiles\n2025-11-01,1,2\n2025-11-02,3,4\n"
RAID_FIT = '[record]\nlast = 2025-10-31\n[assumptions."raids.level"]\nvalue = 1.0\nunit = "1"\nquality = "red"\n'
RAID_FIT += "date = 2026-01-01\n"
RAID_FIT += '[correlations."suppliers.*.price"]\n"plants.*.hours_first" = 0.1\n'
FOLDER = {
    **FILES,
    "programme.toml": FILES["programme.toml"].replace("months = 4", 'months = 4\nraids = ["raids.csv", "raids.toml"]'),
    "correlations.csv": CORRELATIONS + "crews.on_duty,crews.washout,-0.999,,from the joint draws\n",
    "assumptions.csv": FILES["assumptions.csv"]
    .replace("crews.on_duty,0.5,,,fixed,1,", "crews.on_duty,0.45,0.41,0.49,posterior,1,")
    .replace("crews.washout,0.2,,,fixed,1,", "crews.washout,0.2,0.12,0.28,posterior,1,"),
    "posterior.csv": POSTERIOR,
    "prior.csv": PRIOR,
    "prior-correlations.csv": PRIOR_CORRELATIONS,
    "state.csv": STATE,
    "what-if.csv": WHAT_IF,
    "observations.csv": OBSERVATIONS,
    "raids.csv": RAID_COUNTS,
    "raids.toml": RAID_FIT,
}

UNUSUAL_TEXTS = (
    *(
        "",
        " ",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "1e400",
        "1e400 GBP",
        "-1e400",
        "1e-400",
        "1e308",
        "-0",
        "+5",
        ".5",
        "5.",
    ),
    *(
        "day**day",
        "day^2",
        "GBP**1e9",
        "1/0",
        "day/day",
        "GBP/GBP",
        "e",
        "pi",
        "__import__('os')",
        "kday",
        "mm",
        "k",
        "M",
        "kg",
    ),
    *(
        "dimensionless",
        "delta_degC",
        "degC",
        "count",
        "radian",
        "1 1",
        "1/",
        "/1",
        "*",
        "per",
        "per day",
        "% %",
        "%/%",
        "1e5",
    ),
    *("١٢", "²", "½", "２０", "−5", "1_000", "0x10", "1,5", "1.5e", "1 000", "30.000", "1.500,00", "NULL", "#REF!"),
    *(
        "a\nb",
        "a\rb",
        "a\x00b",
        "\u2028",
        "\ufeff",
        "\u202e",
        "é" * 3,
        "😀",
        "'",
        '"',
        '""',
        ";",
        ":",
        "1:1;",
        "5 to 9",
        "9 to 5",
    ),
    *(
        "9" * 400,
        "1" + "0" * 308,
        "-" + "9" * 5000,
        "a" * 9000,
        "*.*.*",
        "plants..slope",
        ".",
        "..",
        "plants.*",
        "=1+1",
        "[",
        "]",
    ),
    *(
        "2026-02-30",
        "0000-00-00",
        "9999-12-31",
        "2025-11-01T00:00:00Z",
        "true",
        "[1, 2]",
        "{ a = 1 }",
        "1979-05-27T07:32:00",
    ),
)
unusual_texts = st.one_of(
    st.sampled_from(UNUSUAL_TEXTS), st.text(max_size=12), st.floats().map(str), st.integers().map(str)
)


MESSAGE_WITH_FILE = re.compile(r"folder/[a-z-]+\.(csv|toml)(:\d+)?: .")


def scenario_or_error(files: Mapping[str, bytes]) -> Scenario | ScenarioError:
    """Read files: return the scenario, after compiling and drawing from it, or the error.

    Every problem and every warning must name a file.
    """
    try:
        scenario = read_files(files, "folder")
    except ScenarioError as error:
        report = error
    else:
        assert all(MESSAGE_WITH_FILE.match(str(warning)) for warning in scenario.warnings)
        scenario.compile()
        uniforms = np.random.default_rng(1).random((3, len(scenario.assumptions)))
        assert np.isfinite(scenario.quantiles(uniforms)).all()
        return scenario
    assert report.problems
    assert all(MESSAGE_WITH_FILE.match(str(problem)) for problem in report.problems)
    return report


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode(errors="surrogatepass") for name, text in files.items()}


def test_the_folder_to_mutate_is_valid() -> None:
    """The folder without mutations is valid."""
    assert isinstance(scenario_or_error(encoded(FOLDER)), Scenario)


@SETTINGS
@given(name=st.sampled_from([name for name in FOLDER if name.endswith(".csv")]), data=st.data(), text=unusual_texts)
def test_a_cell_can_be_replaced_by_any_text(name: str, data: st.DataObject, text: str) -> None:
    """A CSV file with one cell replaced, in the header or below, is read or reported."""
    rows = list(csv.reader(io.StringIO(FOLDER[name])))
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[row]) - 1))
    rows[row][column] = text
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(rows)
    scenario_or_error(encoded({**FOLDER, name: output.getvalue()}))


UNITS = (
    "NaN",
    "nan",
    "inf",
    "Infinity",
    "day**day",
    "day^2",
    "1e400 GBP",
    "GBP/NaN",
    "k",
    "kkday",
    "²",
    "1/0",
    "day*" * 9000,
)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit[:12])
def test_an_invalid_unit_is_reported_with_its_row(unit: str) -> None:
    """Units that the units library reads as numbers, powers or prefixes are reported with the line of their row."""
    text = FOLDER["assumptions.csv"].replace("plants.*.heads,20,,,fixed,1,", f"plants.*.heads,20,,,fixed,{unit},")
    report = scenario_or_error(encoded({**FOLDER, "assumptions.csv": text}))
    assert str(report).startswith("folder/assumptions.csv:13: plants.*.heads: ")


TOKEN = re.compile(r'"[^"\n]*"|[\w.-]+')


@SETTINGS
@given(name=st.sampled_from([name for name in FOLDER if name.endswith(".toml")]), data=st.data(), text=unusual_texts)
def test_a_toml_token_can_be_replaced_by_any_text(name: str, data: st.DataObject, text: str) -> None:
    """A TOML file with a key, string or number replaced, with or without quotes, is read or reported."""
    token = data.draw(st.sampled_from(list(TOKEN.finditer(FOLDER[name]))))
    quote = data.draw(st.sampled_from(["", '"', "'"]))
    mutated = FOLDER[name][: token.start()] + quote + text + quote + FOLDER[name][token.end() :]
    scenario_or_error(encoded({**FOLDER, name: mutated}))


@SETTINGS
@given(name=st.sampled_from(list(FOLDER)), seed=st.integers(0, 2**32), count=st.integers(1, 4))
def test_bytes_can_be_damaged(name: str, seed: int, count: int) -> None:
    """A file with bytes changed, removed, repeated or cut off is read or reported."""
    generator = random.Random(seed)
    data = bytearray(FOLDER[name].encode())
    for _ in range(count):
        at = generator.randrange(len(data))
        kind = generator.randrange(5)
        if kind == 0:
            data[at] = generator.randrange(256)
        elif kind == 1:
            del data[at : at + generator.randrange(1, 40)]
        elif kind == 2:
            data[at:at] = data[at : at + 40]
        elif kind == 3:
            data[at:at] = generator.choice(
                [b"\x00", b"\r", b"\r\n", b"\xef\xbb\xbf", b'"', b",", b"\xff", b"\n\n", b"'"]
            )
        else:
            del data[max(1, at) :]
    scenario_or_error({**encoded(FOLDER), name: bytes(data)})


def permuted(text: str, generator: random.Random) -> str:
    """A table with its columns in another order."""
    rows = list(csv.reader(io.StringIO(text)))
    order = list(range(len(rows[0])))
    generator.shuffle(order)
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows([row[i] for i in order] for row in rows)
    return output.getvalue()


def requoted(text: str, _: random.Random) -> str:
    output = io.StringIO()
    csv.writer(output, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(text)))
    return output.getvalue()


def with_empty_columns(text: str, generator: random.Random) -> str:
    return text.replace("\n", "," * generator.randrange(1, 4) + "\n")


def with_blank_rows(text: str, generator: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(generator.randrange(len(lines) + 1), "\n")
    return "".join(lines)


def with_other_line_endings(text: str, generator: random.Random) -> str:
    return text.replace("\n", generator.choice(["\r\n", "\r"]))


def with_byte_order_mark(text: str, _: random.Random) -> str:
    return "\ufeff" + text


LAYOUT_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    permuted, requoted, with_empty_columns, with_blank_rows, with_other_line_endings, with_byte_order_mark,
)  # fmt: skip


@SETTINGS
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4))
def test_the_layout_of_a_file_does_not_affect_its_data(seed: int, count: int) -> None:
    """Column order, quotes, empty columns, blank rows, line endings and byte order marks do not affect the data."""
    generator = random.Random(seed)
    files = dict(FOLDER)
    for mutation in sorted(generator.sample(LAYOUT_CHANGES, count), key=LAYOUT_CHANGES.index):
        name = generator.choice(list(FOLDER))
        if name.endswith(".csv") or mutation in (with_blank_rows, with_other_line_endings, with_byte_order_mark):
            files[name] = mutation(files[name], generator)
    mutated, plain = scenario_or_error(encoded(files)), scenario_or_error(encoded(FOLDER))
    assert isinstance(mutated, Scenario)
    assert isinstance(plain, Scenario)
    assert data_of(mutated) == data_of(plain)
    uniforms = np.random.default_rng(2).random((5, len(plain.assumptions)))
    assert np.array_equal(mutated.quantiles(uniforms), plain.quantiles(uniforms))


def data_of(scenario: Scenario) -> list[object]:
    """The data of a scenario, without the lines from which they were read."""
    rows = [
        (a.name, a.marginal, a.value, a.unit, a.price_base, a.sources, a.owner, a.note) for a in scenario.assumptions
    ]
    pairs = [(c.a, c.b, c.rank_correlation, c.sources, c.note) for c in scenario.correlations]
    arrays = [scenario.raid_counts.tolist(), *(array.tolist() for array in scenario.known)]
    factors = [scenario.factors.salvos.tolist(), scenario.factors.threats.tolist()]
    observed = [replace(observation, line=0) for observation in scenario.observations]
    return [
        rows,
        observed,
        pairs,
        {name: (prior.marginal, prior.unit, prior.sources) for name, prior in scenario.priors.items()},
        scenario.decisions,
        dict(scenario.sources),
        scenario.titles,
        scenario.budgets,
        arrays,
        factors,
    ]


@SETTINGS
@given(
    number=st.floats(1e-3, 1e5).map(lambda x: f"{x:.6g}"),
    unit=st.sampled_from(["day", "weeks", "hour", "month", "d", "year", "min"]),
    cell=st.booleans(),
)
def test_a_duration_is_converted_to_days(number: str, unit: str, cell: bool) -> None:
    """A duration is converted to days whether its unit is in the cell of the value or in the column ``unit``."""
    days = {"day": 1, "d": 1, "weeks": 7, "hour": 1 / 24, "min": 1 / 1440, "month": 365.25 / 12, "year": 365.25}
    old = "gates.tooling.duration,6 weeks,4 weeks,12 weeks,pert,,,"
    assert old in FOLDER["assumptions.csv"]
    new = (
        f"gates.tooling.duration,{number} {unit},,,fixed,,,"
        if cell
        else f"gates.tooling.duration,{number},,,fixed,{unit},,"
    )
    scenario = scenario_or_error(encoded({**FOLDER, "assumptions.csv": FOLDER["assumptions.csv"].replace(old, new)}))
    if isinstance(scenario, Scenario):
        value = scenario.row_of("gates", "duration", "tooling").median
        assert abs(value - float(number) * days[unit]) <= 1e-9 * value


def test_the_folder_has_every_file() -> None:
    """The folder to mutate has every file that a scenario can have, and its TOML files are valid."""
    from octoplan.scenario.files import OPTIONAL_FILES, REQUIRED_FILES

    assert set(FOLDER) == {*REQUIRED_FILES, *OPTIONAL_FILES}
    assert all(tomllib.loads(text) for name, text in FOLDER.items() if name.endswith(".toml"))
