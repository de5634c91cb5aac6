"""Observations (``observations.csv``): published or recorded figures that a calibration compares with the model.

An observation is a measure over a period, with its value and its error. ``OBSERVABLE`` lists the measures.
"""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from octoplan.errors import QuantityError
from octoplan.scenario.assumptions import Source, source_ids, unknown_sources
from octoplan.scenario.csv_text import Row
from octoplan.scenario.distributions import Z_P90
from octoplan.scenario.files import OBSERVATIONS
from octoplan.scenario.numerals import NUMERAL, ambiguous_readings
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import Units, parse_quantity, parse_range, quantity_text
from octoplan.scenario.report import Report, did_you_mean, quoted

OBSERVATION_COLUMNS = ("period", "measure", "value", "low", "high", "sd", "kind", "source", "note")

COUNT, SHARE, MONEY, DATE = KINDS = ("count", "share", "money", "date")
"""Kinds of measures."""

OWNER_AXIS = "owners"
OWNERS = ("programme", "others", "shared")
"""Groups of makers whose units a measure counts: the programme, other makers, or both if they make the same design."""

SMALLEST_SHARE_ERROR = 0.1
"""Percentage points below which the sd of a share may be meant as a share."""
CENTRE_TOLERANCE = 0.05
"""Largest distance of a value from the middle of low and high that gives no warning, as a share of their difference."""

_DAY, _MONTH = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{4}-[0-9]{2}"
_PERIOD_PATTERN = re.compile(rf"({_DAY}|{_MONTH})(?:\s+to\s+({_DAY}|{_MONTH}))?")


@dataclass(frozen=True)
class ObservableMeasure:
    """A measure that may be observed.

    Attributes:
        key: Its key, as in the key results.
        axes: Sections of ``programme.toml`` (or ``owners``) of which one name may follow the key after a slash.
        kind: ``count``, ``share``, ``money`` or ``date``.
        unit: Unit of the value, as in the key results; ``money`` stands for the reporting currency.
        meaning: Its meaning.
        has_total: True if the key is a measure without a name.

    """

    key: str
    axes: tuple[str, ...]
    kind: str
    unit: str
    meaning: str
    has_total: bool = True


_MAKERS_AND_REGIONS = (OWNER_AXIS, "designs", "regions")

OBSERVABLE = (
    ObservableMeasure("stopped", ("packages", "threats"), SHARE, "%", "share of the threats launched that are stopped",
                      has_total=False),
    ObservableMeasure("leakers", ("threats", "regions"), COUNT, "threats", "leakers: threats that reach their target"),
    ObservableMeasure("intercepted", ("packages",), SHARE, "%", "share of the threats stopped that interceptors kill",
                      has_total=False),
    ObservableMeasure("sorties", _MAKERS_AND_REGIONS, COUNT, "sorties", "interceptors launched"),
    ObservableMeasure("kills", _MAKERS_AND_REGIONS, COUNT, "threats", "threats killed by interceptors"),
    ObservableMeasure("kills/sortie", _MAKERS_AND_REGIONS, SHARE, "1", "threats killed per interceptor launched"),
    ObservableMeasure("made", ("countries", "plants"), COUNT, "units", "good units made by the programme"),
    ObservableMeasure("delivered", ("plants",), COUNT, "units", "units of the programme delivered to the regions"),
    ObservableMeasure("received", ("designs",), COUNT, "units", "units received by the regions, all makers"),
    ObservableMeasure("opened", ("plants",), DATE, "day", "day on which the last gate of the plant is passed",
                      has_total=False),
    ObservableMeasure("crews", (), COUNT, "crews", "trained crews at the end of the period"),
    ObservableMeasure("kits", (), COUNT, "kits", "kits at the end of the period"),
    ObservableMeasure("stock", ("designs",), COUNT, "units", "units in the regions at the end of the period",
                      has_total=False),
    ObservableMeasure("shots", ("layers",), COUNT, "shots", "shots of the layer; sorties for interceptors",
                      has_total=False),
    ObservableMeasure("spend", ("payers",), MONEY, "money", "spend, interceptors and other layers"),
    ObservableMeasure("damage", (), MONEY, "money", "damage by leakers"),
    ObservableMeasure("programme/cost", (), MONEY, "money", "cost of the programme"),
)  # fmt: skip
"""The measures that may be observed. Money is at the price base of the scenario."""

_BY_KEY = {measure.key: measure for measure in sorted(OBSERVABLE, key=lambda measure: -len(measure.key))}


@dataclass(frozen=True)
class MeasureKey:
    """A measure of a scenario, such as ``sorties/programme``: the measure, and section and name of its entity or ''."""

    measure: ObservableMeasure
    section: str = ""
    name: str = ""


@dataclass(frozen=True)
class Observation:
    """One row of ``observations.csv``.

    Attributes:
        first: First day of the period.
        last: Last day of the period.
        measure: Key of the measure, such as ``stopped/drones``; ``parse_measure`` reads it.
        kind: ``count``, ``share``, ``money`` or ``date``.
        value: The value in the unit of the measure: per cent for shares, the reporting currency at the price base of
            the scenario for money, days since the start of the scenario for dates.
        sd: Standard deviation of the error of ``value``, in the same unit; in days for dates.
        sources: Ids of the sources.
        note: Free text.
        file: Path of the file that contains the row.
        line: Line of the row in the file.

    """

    first: date
    last: date
    measure: str
    kind: str
    value: float
    sd: float
    sources: tuple[str, ...]
    note: str
    file: str
    line: int

    @property
    def low(self) -> float:
        """P10 of the true value, given this observation only."""
        return self.value - Z_P90 * self.sd

    @property
    def high(self) -> float:
        """P90 of the true value, given this observation only."""
        return self.value + Z_P90 * self.sd


def names_on(axis: str, programme: Programme) -> tuple[str, ...]:
    """The names on an axis: entities of a section (countries that have a plant), or groups of makers with a design."""
    if axis == "countries":
        with_plant = {programme.link("plants", plant, "country") for plant in programme.names("plants")}
        return tuple(country for country in programme.names("countries") if country in with_plant)
    if axis != OWNER_AXIS:
        return programme.names(axis)
    plants = {programme.link("plants", name, "design") for name in programme.names("plants")}
    makers = {programme.link("makers", name, "design") for name in programme.names("makers")}
    groups = zip(OWNERS, (plants - makers, makers - plants, plants & makers), strict=True)
    return tuple(owner for owner, designs in groups if designs)


def parse_measure(text: str, programme: Programme) -> MeasureKey | str:
    """Parse the key of a measure; return an error message if it is invalid.

    A name that occurs in two sections is written with its section, such as ``stopped/packages.drones``.
    """
    key = next((key for key in _BY_KEY if text == key or text.startswith(f"{key}/")), None)
    if text.partition("/")[0] == "launched":
        return "launched cannot be observed, because a calibration takes the raids as given; state them in raids.csv"
    if key is None:
        return f"measure {quoted(text)} is unknown; {did_you_mean(text, [measure.key for measure in OBSERVABLE])}"
    measure, rest = _BY_KEY[key], text[len(key) + 1 :]
    if text == key:
        return MeasureKey(measure) if measure.has_total else f"measure {key} needs a name; expected {_forms(measure)}"
    if not measure.axes:
        return f"measure {quoted(text)} is not valid, because {key} is not divided; write {key}"
    section, _, name = rest.rpartition(".")
    if section and section not in measure.axes:
        return f"measure {quoted(text)} is not valid; expected {_forms(measure)}"
    sections = [axis for axis in measure.axes if section in ("", axis) and name in names_on(axis, programme)]
    if not sections:
        valid_names = [n for axis in measure.axes if section in ("", axis) for n in names_on(axis, programme)]
        return f"measure {quoted(text)}: there is no {quoted(name)}; {did_you_mean(name, valid_names)}"
    if len(sections) > 1:
        forms = " or ".join(f"{key}/{axis}.{name}" for axis in sections)
        reason = f"because {' and '.join(sections)} have a {name}"
        return f"measure {quoted(text)} can be read in two ways, {reason}; write {forms}"
    return MeasureKey(measure, sections[0], name)


def measure_text(key: MeasureKey, programme: Programme) -> str:
    """The text of the key of a measure, with the section of its entity only where the name has two readings."""
    if not key.name:
        return key.measure.key
    text = f"{key.measure.key}/{key.name}"
    return text if parse_measure(text, programme) == key else f"{key.measure.key}/{key.section}.{key.name}"


def _forms(measure: ObservableMeasure) -> str:
    """The permitted forms of a measure as text, such as ``stopped/<name of packages>``."""
    forms = [measure.key] if measure.has_total else []
    return ", ".join([*forms, *(f"{measure.key}/<name of {axis}>" for axis in measure.axes)])


def parse_days(text: str, programme: Programme) -> tuple[date, date] | str:
    """First and last day of a period within a scenario; return an error message if it is invalid."""
    days = parse_period(text)
    if isinstance(days, str) or is_within(*days, programme):
        return days
    return f"period {quoted(text)} is not within the scenario, which has {days_of(programme)}"


def parse_period(text: str) -> tuple[date, date] | str:
    """First and last day of a period: a day, a month, or a span of either; return an error message if it is invalid."""
    match = _PERIOD_PATTERN.fullmatch(text)
    ends = [days for end in match.groups() if end and (days := _days(end))] if match else []
    example = "write a day such as 2026-02-14, a month such as 2026-02, or a span such as 2025-11 to 2026-01"
    if match is None or len(ends) < 1 + bool(match[2]):
        return f"period {quoted(text)} is not valid; {example}"
    first, last = ends[0][0], ends[-1][1]
    if last < first:
        return f"period {quoted(text)} ends before it begins; exchange its ends"
    return first, last


def is_within(first: date, last: date, programme: Programme) -> bool:
    """True if all days of a period are days of the scenario."""
    return programme.start <= first and (last - programme.start).days < programme.days()


def days_of(programme: Programme) -> str:
    """The days of a scenario as text, for messages."""
    return f"the days from {programme.start} to {programme.start + timedelta(days=programme.days() - 1)}"


def _days(text: str) -> tuple[date, date] | None:
    """First and last day of a day or a month; None if there is no such day or month."""
    try:
        first = date.fromisoformat(text if re.fullmatch(_DAY, text) else f"{text}-01")
    except ValueError:
        return None
    is_month = not re.fullmatch(_DAY, text)
    return first, first.replace(day=monthrange(first.year, first.month)[1]) if is_month else first


def read_observations(
    rows: Sequence[Row], programme: Programme, sources: Mapping[str, Source] | None, units: Units, report: Report
) -> tuple[Observation, ...]:
    """Read rows of ``observations.csv``, and report problems.

    Args:
        rows: The rows of the file.
        programme: The programme.
        sources: The sources by id; None if ``sources.csv`` could not be read.
        units: The units and currencies.
        report: Collects problems and warnings.

    """
    observations = []
    line_of: dict[tuple[date, date, str, frozenset[str]], int] = {}
    for row in rows:
        reader = _RowReader(row, programme, units, report)
        observation = reader.observation(sources)
        if observation is None:
            continue
        key = (observation.first, observation.last, observation.measure, frozenset(observation.sources))
        if key in line_of:
            reader.add(
                f"the same period, measure and source are in line {line_of[key]} already; keep one of the rows, or "
                "state the other source"
            )
        line_of.setdefault(key, row.line)
        observations.append(observation)
    return tuple(observations)


class _RowReader:
    """Reads one row of observations and reports each invalid cell."""

    def __init__(self, row: Row, programme: Programme, units: Units, report: Report) -> None:
        self.row, self.programme, self.units, self.report = row, programme, units, report
        self.valid = True

    def add(self, message: object) -> None:
        """Report a problem of the row."""
        self.valid = False
        self.report.add(OBSERVATIONS, self.row.line, str(message))

    def observation(self, sources: Mapping[str, Source] | None) -> Observation | None:
        """The observation of the row.

        None if a cell is invalid, after reporting all invalid cells, or with a warning if the row is not within the
        scenario.
        """
        row = self.row
        days, key = parse_period(row["period"]), parse_measure(row["measure"], self.programme)
        for message in (days, key):
            if isinstance(message, str):
                self.add(message)
        self.check_sources(sources)
        if isinstance(key, str):
            return None
        if row["kind"] != key.measure.kind:
            self.add(f"kind {quoted(row['kind'])} is not valid; {row['measure']} is a {key.measure.kind}")
        try:
            value, sd = self.value_and_sd(key.measure)
        except QuantityError as error:
            self.add(error)
            return None
        if isinstance(days, str) or not self.valid:
            return None
        is_date = key.measure.kind == DATE
        if not is_within(*days, self.programme) or (is_date and not 0 <= value < self.programme.days()):
            message = f"not within the scenario, which has {days_of(self.programme)}; the observation is not used"
            outside = row["value"] or row["low"] if is_within(*days, self.programme) else row["period"]
            self.report.warn(OBSERVATIONS, row.line, f"{row['measure']}: {outside} is {message}")
            return None
        return Observation(
            *days, measure_text(key, self.programme), key.measure.kind, value, sd, source_ids(row["source"]),
            row["note"], self.report.path(OBSERVATIONS), row.line,
        )  # fmt: skip

    def check_sources(self, sources: Mapping[str, Source] | None) -> None:
        """Report sources that are missing or unknown."""
        if not source_ids(self.row["source"]):
            self.add("has no source; name a source from sources.csv")
        for problem in unknown_sources(self.row["source"], sources):
            self.add(problem)

    def value_and_sd(self, measure: ObservableMeasure) -> tuple[float, float]:
        """Value and standard deviation in the unit of the measure.

        Raises:
            QuantityError: If a cell is invalid, or the row states the error twice or not at all.

        """
        texts = {column: self.row[column] for column in ("value", "low", "high", "sd")}
        if measure.kind != DATE and (ends := parse_range(texts["value"])):
            if texts["low"] or texts["high"]:
                raise QuantityError(f"value {quoted(texts['value'])} is a range, but low or high is not empty; "
                                    "state the range once")  # fmt: skip
            _check_numerals("value", texts["value"])
            texts |= {"value": ""} | {c: f"{q.number!r} {q.unit}" for c, q in zip(("low", "high"), ends, strict=True)}
        _check_stated(texts)
        numbers = {column: self.number(column, text, measure) for column, text in texts.items() if text}
        _check_second_readings(texts, numbers, measure)
        for column in ("value", "low", "high"):
            if column in numbers:
                self.check_range(column, texts[column], numbers[column], measure)
        if "sd" in numbers:
            if numbers["sd"] <= 0:
                raise QuantityError(f"sd {quoted(texts['sd'])} is not above 0; state how far the figure may be off")
            return numbers["value"], numbers["sd"]
        low, high = numbers["low"], numbers["high"]
        value = numbers.get("value", (low + high) / 2)
        if not low < high or not low <= value <= high:
            raise QuantityError(
                f"low {texts['low']}, value {texts['value'] or '(empty)'} and high {texts['high']} are not in "
                "ascending order; low and high are the P10 and the P90 of the true value"
            )
        if abs(value - (low + high) / 2) > CENTRE_TOLERANCE * (high - low):
            message = "is not the middle of low and high; an error of equal size on both sides of the value is used"
            self.report.warn(OBSERVATIONS, self.row.line, f"{self.row['measure']}: value {texts['value']} {message}")
        return value, (high - low) / (2 * Z_P90)

    def number(self, column: str, text: str, measure: ObservableMeasure) -> float:
        """The number of a cell in the unit of the measure. Raises QuantityError if it is invalid or ambiguous."""
        if measure.kind == DATE and column != "sd":
            return self.day(column, text)
        _check_numerals(column, text)
        try:
            quantity = parse_quantity(text)
            unit = "day" if measure.kind == DATE else "money" if measure.kind == MONEY else "1"
            default_unit = self.programme.currency if unit == "money" else unit
            number, currency = self.units.convert(quantity.number, quantity.unit or default_unit, unit)
        except QuantityError as error:
            raise QuantityError(f"{column} {error}") from None
        if currency and currency != self.programme.currency:
            raise QuantityError(
                f"{column} {quoted(text)} is not in {self.programme.currency}, the reporting currency; other "
                "currencies are not converted"
            )
        is_percentage = bool(re.search(r"%|percent", quantity.unit))
        if is_percentage and measure.kind == COUNT:
            raise QuantityError(f"{column} {quoted(text)} is a percentage; expected a number of {measure.unit}")
        return quantity.number if is_percentage and measure.unit == "%" else number

    def day(self, column: str, text: str) -> float:
        """The date of a cell, in days since the start of the scenario. Raises QuantityError if it is no date."""
        try:
            if re.fullmatch(_DAY, text):
                return float((date.fromisoformat(text) - self.programme.start).days)
        except ValueError:
            pass
        raise QuantityError(f"{column} {quoted(text)} is not a date; write one such as 2026-02-14")

    def check_range(self, column: str, text: str, number: float, measure: ObservableMeasure) -> None:
        """Raise QuantityError if a number is outside the range of the measure."""
        if measure.kind == DATE:
            return
        limit = {"%": 100.0, "1": 1.0}.get(measure.unit)
        if number < 0:
            raise QuantityError(f"{column} {quoted(text)} is negative; write 0 or more")
        if limit is not None and number > limit:
            hint = f"; for {number:g} % write {number / 100:g}" if measure.unit == "1" and number <= 100 else ""
            unit = measure.unit if measure.unit == "%" else "1"
            raise QuantityError(f"{column} {quoted(text)} is above {quantity_text(limit, unit)}{hint}")


def _check_stated(texts: Mapping[str, str]) -> None:
    """Raise QuantityError unless a row states a value with sd, or low and high."""
    value, low, high, sd = (texts[column] for column in ("value", "low", "high", "sd"))
    if sd and (low or high):
        raise QuantityError("states the error twice; keep either sd, or low and high")
    if bool(low) != bool(high):
        raise QuantityError(
            f"has no {'high' if low else 'low'}; low and high are the P10 and the P90 of the true value"
        )
    if not value and not low:
        raise QuantityError("has no value; write a number in the column value, or numbers in low and high")
    if not sd and not low:
        raise QuantityError("has no error; write a standard deviation in sd, or the P10 and the P90 in low and high")


def _check_numerals(column: str, text: str) -> None:
    """Raise QuantityError if a numeral can be read with a decimal or with a thousands separator."""
    for match in NUMERAL.finditer(text):
        if readings := ambiguous_readings(match[0]):
            plain, thousands = readings
            literal = f"{plain}0" if ambiguous_readings(plain) else plain
            raise QuantityError(
                f"{column} {quoted(text)} can be read as {plain} or as {thousands}; "
                f"write {literal} or {thousands.replace(',', '')}"
            )


def _check_second_readings(texts: Mapping[str, str], numbers: Mapping[str, float], measure: ObservableMeasure) -> None:
    """Raise QuantityError if percentages may have been stated as shares."""
    if measure.unit != "%":
        return
    bare = {column: number for column, number in numbers.items() if not re.search("%|percent", texts[column])}
    largest = max((bare[column] for column in ("value", "low", "high") if column in bare), default=0.0)
    if 0 < largest <= 1:
        column = next(column for column in ("value", "high", "low") if bare.get(column) == largest)
    elif 0 < bare.get("sd", 0.0) < SMALLEST_SHARE_ERROR:
        column = "sd"
    else:
        return
    number = bare[column]
    raise QuantityError(
        f"{column} {texts[column]} is in per cent; {100 * number:g} may be meant. "
        f"Write {100 * number:g}, or '{number:g} %' for {number:g} per cent"
    )
