"""The file ``explore.toml``: groups of assumptions, decisions to compare, trials, and requirements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from octoplan.errors import QuantityError, RunError, ScenarioError
from octoplan.explore.decisions import AS_DECIDED, NO_PROGRAMME, TITLES
from octoplan.explore.evaluate import measures_of_scenario
from octoplan.explore.factors import CALIBRATED, factors_of
from octoplan.explore.requirements import parse_requirement
from octoplan.explore.results import CHANCE, OTHERS
from octoplan.explore.trials import MONTHS, Trial, trial_problems
from octoplan.scenario import Scenario
from octoplan.scenario.amounts import parse_money
from octoplan.scenario.field_types import TomlTable
from octoplan.scenario.files import utf8_text
from octoplan.scenario.quantities import units_of
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml, read_toml

EXPECTED_BY_ERROR_TYPE = {
    "string_type": "text in quotes", "list_type": "a list", "dict_type": "a table", "model_type": "a table",
    "int_type": "a whole number", "float_type": "a number", "literal_error": '"sorties" or "months"',
}  # fmt: skip
ALWAYS_COMPARED = (AS_DECIDED, NO_PROGRAMME)
"""Names of the decisions that need not be stated."""
RESERVED = (CALIBRATED, CHANCE, OTHERS)
"""Names of rows of a ranking, which no group may have."""


class DecisionTable(TomlTable):
    """A table ``[decisions.NAME]``: other decisions than those of the scenario."""

    title: str = Field("", description="title of the decision; its name by default")
    changes: dict[str, Any] = Field(description="new values of decisions, by their keys in decisions.toml")


class TrialTable(TomlTable):
    """A table ``[trials.NAME]``: a trial whose value is estimated for some sizes."""

    title: str = Field("", description="title of the trial; its name by default")
    kind: Literal["sorties", "months"] = Field(description="sorties: test sorties; months: production at one plant")
    informs: str = Field("", description="sorties: the assumption that each test sortie confirms with its probability")
    plant: str = Field("", description="months: the plant whose output is observed")
    sizes: list[int] = Field(min_length=1, description="numbers of test sorties, or of months")
    price: float | str = Field(0.0, description='price of each sortie or month, such as "3 kGBP"')
    fixed: float | str = Field(0.0, description="price of the trial whatever its size")


class SettingsTable(TomlTable):
    """All tables of ``explore.toml``."""

    requirements: list[str] = Field(default_factory=list, description="requirements such as reach/2000 <= 2026-06")
    groups: dict[str, list[str]] = Field(default_factory=dict, description="names of assumptions, * for any text")
    decisions: dict[str, DecisionTable] = Field(default_factory=dict)
    trials: dict[str, TrialTable] = Field(default_factory=dict)


@dataclass(frozen=True)
class ChangedDecisions:
    """Decisions to compare: name, title, and changes of the scenario's decisions by their keys."""

    name: str
    title: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """What an exploration examines in addition to what it always does.

    Attributes:
        groups: Names of the uncertain assumptions of each group.
        decisions: Decisions to compare with those of the scenario.
        trials: Trials whose value is estimated.
        requirements: Requirements as text, such as ``reach/2000 <= 2026-06``.

    """

    groups: Mapping[str, tuple[str, ...]]
    decisions: tuple[ChangedDecisions, ...] = ()
    trials: tuple[Trial, ...] = ()
    requirements: tuple[str, ...] = ()


NO_SETTINGS = Settings({})
"""An exploration without ``explore.toml``."""


def read_settings(path: Path, scenario: Scenario) -> Settings:
    """Read ``explore.toml`` and check it against a scenario.

    Raises:
        ScenarioError: If the file cannot be read or is invalid; the exception lists all problems by file and line.

    """
    report = Report(str(path.parent))
    try:
        text = utf8_text(path.name, path.read_bytes(), report)
    except OSError as error:
        report.add(path.name, 0, f"cannot be read: {error.strerror or error}")
        text = None
    toml = None if text is None else read_toml(path.name, text, report)
    report.raise_problems()
    if toml is None:
        return NO_SETTINGS
    return Reader(scenario, toml, path.name, report).settings()


@dataclass(frozen=True)
class Reader:
    """Reads the tables of one file, and reports each problem with its line."""

    scenario: Scenario
    toml: Toml
    file: str
    report: Report

    def settings(self) -> Settings:
        """The settings. Raises ScenarioError with all problems."""
        table = self.table()
        self.check_names(table)
        groups = dict(self.groups(table.groups))
        self.check_independence(groups)
        settings = Settings(
            groups, tuple(self.decisions(table.decisions)), tuple(self.trials(table.trials)),
            tuple(self.requirements(table.requirements)),
        )  # fmt: skip
        self.report.raise_problems()
        return settings

    def check_names(self, table: SettingsTable) -> None:
        """Report names of groups, decisions and trials that are empty or have several lines."""
        for kind, names in (("groups", table.groups), ("decisions", table.decisions), ("trials", table.trials)):
            for name in names:
                if not name.strip() or not name.isprintable():
                    self.add("a name needs a character that is printed, and has one line", kind, name)

    def add(self, message: str, *path: object) -> None:
        """Report a problem of the value at a path of keys."""
        self.report.add(self.file, self.toml.line(*path), f"{'.'.join(map(str, path))}: {message}")

    def table(self) -> SettingsTable:
        """The tables of the file; empty ones if the form of one is invalid, which is reported."""
        tree: Any = self.toml.tree
        try:
            return SettingsTable.model_validate(tree)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                path = tuple(key for key in details["loc"] if key not in ("float", "str"))
                self.add(form_problem(details, path), *path)
            self.report.raise_problems()
            raise

    def requirements(self, texts: Sequence[str]) -> Iterator[str]:
        """Yield the requirements; those that are not requirements of a run of the scenario are reported."""
        measures = measures_of_scenario(self.scenario) if texts else ()
        for text in texts:
            try:
                parse_requirement(text, measures, self.scenario.names.months)
            except RunError as error:
                self.add(str(error), "requirements")
            yield text

    def groups(self, tables: Mapping[str, list[str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield name and uncertain assumptions of each group; no assumption may be in two groups."""
        uncertain = {row.name: row for row in self.scenario.assumptions if not row.is_fixed}
        group_of: dict[str, str] = {}
        for name, patterns in tables.items():
            chosen: dict[str, None] = {}
            if name in (*RESERVED, *self.scenario.columns):
                self.add(f"{quoted(name)} has another meaning in a ranking; choose another name", "groups", name)
            if not patterns:
                self.add("the group has no assumption; list at least one", "groups", name)
            for pattern in patterns:
                matching = [column for column in self.scenario.columns if fnmatchcase(column, pattern)]
                if not matching:
                    hint = did_you_mean(pattern, self.scenario.columns)
                    message = f"no assumption of {self.scenario.title} has the name {quoted(pattern)}; {hint}"
                    self.add(message, "groups", name)
                elif not any(column in uncertain for column in matching):
                    self.add(f"{quoted(pattern)} has no range, so that it cannot matter; give it one", "groups", name)
                chosen |= dict.fromkeys(column for column in matching if column in uncertain)
            shared = {column: group for column in chosen if (group := group_of.setdefault(column, name)) != name}
            for column, group in shared.items():
                message = f"{column} is also in the group {group}; an assumption has at most one group"
                self.add(message, "groups", name)
            yield name, () if shared else tuple(chosen)

    def check_independence(self, groups: Mapping[str, tuple[str, ...]]) -> None:
        """Report the groups that depend on an earlier one, by correlations or joint draws."""
        independent: dict[str, tuple[str, ...]] = {}
        for name, members in groups.items():
            if not members or name in (*RESERVED, *self.scenario.columns):
                continue
            try:
                factors_of(self.scenario, (), {**independent, name: members})
                independent[name] = members
            except RunError as error:
                self.add(str(error), "groups", name)

    def decisions(self, tables: Mapping[str, DecisionTable]) -> Iterator[ChangedDecisions]:
        """Yield the decisions to compare; changes that are not possible are reported, and two that are the same."""
        titles = {TITLES[name].casefold() for name in ALWAYS_COMPARED}
        decided = [("the decisions of the scenario", self.scenario.decisions)]
        for name, table in tables.items():
            title = table.title or name
            if name in ALWAYS_COMPARED:
                self.add(f"{TITLES[name].lower()} is always compared; choose another name", "decisions", name)
            elif title.casefold() in titles:
                self.add(f"another decision has the title {quoted(title)} too; choose another", "decisions", name)
            titles.add(title.casefold())
            for key in table.changes:
                if key in self.scenario.columns:
                    message = f"{key} is an assumption; only decisions can be compared, by their keys in decisions.toml"
                    self.add(message, "decisions", name, "changes", key)
            if not table.changes:
                self.add("there is no change; state at least one", "decisions", name, "changes")
            try:
                changed = self.scenario.change(table.changes).decisions
            except ScenarioError as error:
                for problem in error.problems:
                    self.add(problem.message, "decisions", name, "changes")
            else:
                same = next((other for other, decisions in decided if decisions == changed), "")
                if same and table.changes and not any(key in self.scenario.columns for key in table.changes):
                    self.add(f"it is the same as {same}; change something else", "decisions", name, "changes")
                decided.append((f"decisions.{name}", changed))
            yield ChangedDecisions(name, title, table.changes)

    def trials(self, tables: Mapping[str, TrialTable]) -> Iterator[Trial]:
        """Yield the trials; those that are not possible are reported."""
        for name, table in tables.items():
            price, fixed = (
                self.money(value, name, key) for key, value in (("price", table.price), ("fixed", table.fixed))
            )
            is_months = table.kind == MONTHS
            key, other = ("plant", "informs") if is_months else ("informs", "plant")
            informs = table.plant if is_months else table.informs
            if not informs:
                self.add(f"the trial needs {quoted(key)}; add it", "trials", name)
            if getattr(table, other):
                self.add(f"a trial of {table.kind} has no {quoted(other)}; remove it", "trials", name, other)
            trial = Trial(name, table.title or name, table.kind, informs, tuple(table.sizes), price, fixed)
            for problem in trial_problems(trial, self.scenario) if informs else ():
                self.add(problem, "trials", name)
            yield trial

    def money(self, value: float | str, trial: str, key: str) -> float:
        """A price in the reporting currency."""
        if isinstance(value, str):
            units = units_of(self.scenario.names.currencies)
            try:
                return parse_money(value, units, self.scenario.currency)
            except QuantityError as error:
                self.add(str(error), "trials", trial, key)
                return 0.0
        return value


def form_problem(details: Any, path: tuple[int | str, ...]) -> str:
    """What is wrong with the form of a value, from the details of a validation error."""
    if details["type"] == "extra_forbidden":
        models: dict[str, type[TomlTable]] = {"decisions": DecisionTable, "trials": TrialTable}
        model = SettingsTable if len(path) == 1 else models[str(path[0])]
        return f"unknown field; {did_you_mean(path[-1], model.model_fields)}"
    if details["type"] == "missing":
        return "the field is required; add it"
    expected = EXPECTED_BY_ERROR_TYPE.get(details["type"], details["msg"][:1].lower() + details["msg"][1:])
    return f"{quoted(details['input'])} is not valid; expected {expected}"
