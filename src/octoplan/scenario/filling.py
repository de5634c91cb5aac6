"""Rows with the default values of a scenario, written to its folder or workbook."""

from octoplan.errors import FolderError, ScenarioError, StoreError
from octoplan.scenario.changes import default_rows_of, with_default_rows
from octoplan.scenario.files import ASSUMPTIONS
from octoplan.scenario.loading import workbook_scenario
from octoplan.scenario.workbook.added_rows import with_rows
from octoplan.scenario.workbook.csv_sheets import CSV_SHEETS

ASSUMPTIONS_SHEET = CSV_SHEETS[ASSUMPTIONS][0]
"""Name of the sheet of the assumptions."""


def filled_workbook(data: bytes, label: str) -> bytes:
    """The workbook of a scenario with a row for each assumption that has a default value.

    The rows are below the last row of the sheet of the assumptions; what else changes is stated in ``added_rows``. The
    workbook is read again, and has the files that the filled folder of the scenario would have.

    Args:
        data: Content of the workbook of a valid scenario.
        label: Name of the workbook in messages.

    Raises:
        ScenarioError: The workbook is invalid.
        StoreError: The rows cannot be added, such as to merged cells; the message states the reason.

    """
    scenario = workbook_scenario(data, label)
    expected = {**scenario.files, ASSUMPTIONS: with_default_rows(scenario)}
    reason = (
        "the filled workbook would give another scenario; save the workbook again as .xlsx in a spreadsheet program, "
        "and try again"
    )
    try:
        filled = with_rows(data, ASSUMPTIONS_SHEET, default_rows_of(scenario))
        if workbook_scenario(filled, "").files == expected:
            return filled
    except FolderError as error:
        reason = str(error)
    except ScenarioError as error:
        reason = str(error.problems[0])
    raise StoreError(f"{label}: rows with default values cannot be added, and nothing was written: {reason}")
