"""Reading of a scenario from a folder, a workbook, or the scenarios that are part of the package."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from octoplan.errors import CellProblem, FolderError, Problem, ScenarioError
from octoplan.scenario.archives import read_members
from octoplan.scenario.builtin import find_folder
from octoplan.scenario.files import read_folder
from octoplan.scenario.report import Report
from octoplan.scenario.scenario import Scenario, read_scenario
from octoplan.scenario.workbook.cell_problems import cell_problems, cell_warnings
from octoplan.scenario.workbook.reading import read_workbook

WORKBOOK_SUFFIX = ".xlsx"
"""End of the name of a workbook."""
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0"
"""First bytes of an .xls workbook, and of a workbook with a password."""
WORKBOOK_MEMBER = "xl/workbook.xml"
"""Member that identifies a workbook among zip archives."""


def load(name: str | Path) -> Scenario:
    """Read and check a scenario: a folder, or a workbook with the ending .xlsx.

    Args:
        name: The path of a folder or a workbook, or the name of a built-in scenario. If both exist, the folder is used.

    Raises:
        ScenarioError: If the scenario is invalid; the exception lists all problems with file and line, or with the
            sheet and the cell.

    Example:
        >>> import octoplan as op
        >>> op.load("pocket").names.plants
        ('bench',)

    """
    path = Path(name)
    if is_workbook(path) and not path.is_dir():
        return load_workbook(path)
    folder, label = find_folder(name)
    report = Report(label)
    try:
        files = read_folder(folder, report)
    except OSError as error:
        raise ScenarioError([Problem(label, 0, f"cannot be read: {error.strerror or error}")]) from None
    return read_scenario(files, report)


def scenario_of(scenario: Scenario | str | Path) -> Scenario:
    """The scenario, or the one that ``load`` reads if it is given by its name or its path."""
    return scenario if isinstance(scenario, Scenario) else load(scenario)


def is_workbook(path: Path) -> bool:
    """Whether a path ends with the suffix of a workbook, in any letter case."""
    return path.suffix.lower() == WORKBOOK_SUFFIX


def load_workbook(path: Path) -> Scenario:
    """Read and check the workbook of a scenario. Raises ``ScenarioError`` with all problems by sheet and cell."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScenarioError([Problem(str(path), 0, f"cannot be read: {error.strerror or error}")]) from None
    try:
        return workbook_scenario(data, str(path))
    except FolderError as error:
        raise ScenarioError(Problem(str(path), 0, problem) for problem in error.problems) from None


def workbook_scenario(data: bytes, label: str) -> Scenario:
    """The scenario of a workbook; its warnings name sheets and cells.

    Args:
        data: Content of the workbook.
        label: Name of the workbook in messages; empty for none.

    Raises:
        FolderError: The file is damaged, or not a workbook with the ending .xlsx.
        ScenarioError: The workbook is invalid; the error lists all problems by sheet and cell.

    """
    if data.startswith(OLE_SIGNATURE):
        raise FolderError("the file is an .xls workbook or has a password; save it as .xlsx without a password")
    members = read_members(data)
    if WORKBOOK_MEMBER not in members:
        raise FolderError("the file is not an Excel workbook; save it as .xlsx")
    content = read_workbook(members)
    report = Report("")
    if content.messages.problems:
        report.add(WORKBOOK_MEMBER, 0, "cells cannot be read")
    try:
        scenario = read_scenario(content.files, report)
    except ScenarioError as error:
        problems = [problem for problem in error.problems if problem.file != WORKBOOK_MEMBER]
        raise ScenarioError(labelled(cell_problems(problems, content), label)) from None
    warnings = labelled(cell_warnings(scenario.warnings, content), label)
    return replace(scenario, warnings=tuple(warnings))


def labelled(problems: Iterable[CellProblem], label: str) -> list[CellProblem]:
    """Problems of cells with the name of the workbook in front of the name of the sheet."""
    return [replace(problem, file=f"{label}: {problem.file}") if label else problem for problem in problems]
