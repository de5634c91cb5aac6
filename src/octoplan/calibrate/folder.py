"""The calibrated scenario folder, and the folder with the evidence of the calibration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from octoplan.calibrate.evidence import Evidence
from octoplan.calibrate.result_tables import comparison_table, learned_table, method, note, pair_table
from octoplan.calibrate.setup import without_derived_levels
from octoplan.scenario.calibrated import calibrated_files

EVIDENCE_FOLDER = "calibration"
"""Folder with the evidence, within the calibrated scenario folder."""
PAGE_FILE = "calibration.html"


@dataclass(frozen=True, eq=False)
class CalibratedFolder:
    """Content of a calibrated scenario folder: files of the scenario, and files of the evidence, by name."""

    scenario: Mapping[str, bytes]
    evidence: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """Write the files to an existing folder."""
        for name, content in self.scenario.items():
            (folder / name).write_bytes(content)
        (folder / EVIDENCE_FOLDER).mkdir()
        for name, text in self.evidence.items():
            (folder / EVIDENCE_FOLDER / name).write_text(text, encoding="utf-8")


def posterior_files(evidence: Evidence) -> dict[str, bytes]:
    """Files of the scenario with posterior rows and joint draws; those of the priors if nothing is informed."""
    scenario, names = evidence.setup.scenario, evidence.joint_names
    if not names:
        return dict(without_derived_levels(scenario).files)
    columns = [evidence.setup.assumptions.scenario.columns.index(name) for name in names]
    notes = {row.assumption.name: note(row) for row in evidence.learned if row.assumption.name in names}
    return {**scenario.files, **calibrated_files(scenario, names, evidence.posterior_draws[:, columns], notes)}


def calibrated_folder(evidence: Evidence, version: str, raids: str, page: str) -> CalibratedFolder:
    """Content of the folder of a calibration.

    Args:
        evidence: The calibration.
        version: Version of octoplan.
        raids: The raids used, in words.
        page: The page ``calibration.html``.

    """
    tables = (learned_table(evidence), comparison_table(evidence), pair_table(evidence))
    files = {f"{table.name}.csv": table.csv(significant=6) for table in tables}
    return CalibratedFolder(
        posterior_files(evidence), {**files, "method.json": method(evidence, version, raids), PAGE_FILE: page}
    )
