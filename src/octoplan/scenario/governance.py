"""The table ``[governance]`` of ``programme.toml``: the question, the people responsible, and the decision log.

The fields follow guidance for reviews of government models (The Aqua Book, 2015; NAO, Framework to review models,
2022). The table contains no parameter of the model.
"""

from datetime import date
from typing import Any

from pydantic import Field, ValidationError

from octoplan.scenario.field_types import TomlTable
from octoplan.scenario.files import PROGRAMME
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml

GOVERNANCE = "governance"
EXPECTED_BY_ERROR_TYPE = {"string_type": "text in quotes", "date_type": "a date, such as 2026-03-01 without quotes",
         "list_type": "a list", "model_type": "a table"}  # fmt: skip


class DecisionLogEntry(TomlTable):
    """One entry of the decision log."""

    date: date
    decision: str
    by: str = ""
    why: str = ""


class Governance(TomlTable):
    """The question, the people responsible, and the limits of use of an analysis, shown in the report."""

    question: str = Field("", description="the question that the analysis answers")
    scope: str = Field("", description="scope of the analysis: what it covers and what it excludes")
    not_for: list[str] = Field(default_factory=list, description="uses for which the analysis is not suitable")
    commissioner: str = Field("", description="who commissioned the analysis")
    analyst: str = Field("", description="who did the analysis")
    assurer: str = Field("", description="who assured the quality of the analysis, independently of the analyst")
    approver: str = Field("", description="who approved the analysis")
    unquantified: list[str] = Field(default_factory=list, description="uncertainties that are not quantified")
    sunset: date | None = Field(None, description="date after which the analysis must not be used without a review")
    log: list[DecisionLogEntry] = Field(default_factory=list, description="decisions taken: date, decision, by, why")


def read_governance(toml: Toml, report: Report) -> Governance:
    """Read the table and report problems; if there is no table, all fields are empty."""
    tree: Any = toml.tree.get(GOVERNANCE, {})
    try:
        return Governance.model_validate(tree)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path = (GOVERNANCE, *details["loc"])
            fields = DecisionLogEntry.model_fields if "log" in details["loc"] else Governance.model_fields
            if details["type"] == "extra_forbidden":
                message = f"unknown field; {did_you_mean(path[-1], fields)}"
            elif details["type"] == "missing":
                message = "the field is required; add it"
            else:
                expected = EXPECTED_BY_ERROR_TYPE.get(details["type"], details["msg"][:1].lower() + details["msg"][1:])
                message = f"{quoted(details['input'])} is not valid; expected {expected}"
            report.add(PROGRAMME, toml.line(*path), f"{'.'.join(map(str, path))}: {message}")
        return Governance()
