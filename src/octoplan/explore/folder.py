"""The folder of an exploration.

::

    explore.html           the page to read first
    exploration.json       everything that was found, exactly, with the identity of the run
    *.csv                  one table for each kind of result, numbers with their 95 % confidence intervals
    assumptions.csv        the assumptions with their impact
    scenario/              the scenario
    seconds.json           wall time of each part; the only file that differs when an exploration is repeated
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from octoplan.errors import StoreError
from octoplan.explore.findings import Exploration, Findings
from octoplan.explore.json_data import of_data, to_data
from octoplan.explore.log_copy import log_with_impacts
from octoplan.explore.result_tables import tables
from octoplan.outcomes.files import atomic_folder
from octoplan.scenario import load
from octoplan.scenario.files import ASSUMPTIONS

FINDINGS_FILE, SECONDS_FILE, PAGE_FILE = "exploration.json", "seconds.json", "explore.html"
SCENARIO_FOLDER = "scenario"
FORMAT_VERSION = 1
"""Version of the layout of the folder."""


def write_exploration(exploration: Exploration, path: Path, pages: Mapping[str, str]) -> None:
    """Write the folder atomically.

    Args:
        exploration: The exploration.
        path: The folder, which must be empty or not exist.
        pages: Text of the files for readers by name.

    Raises:
        StoreError: The path exists and is not an empty folder.

    """
    with atomic_folder(path) as folder:
        for name, text in {**exploration_files(exploration), **pages}.items():
            (folder / name).write_text(text, "utf-8")
        if impacts := exploration.findings.impacts:
            (folder / ASSUMPTIONS).write_bytes(log_with_impacts(exploration.scenario, impacts))
        (folder / SCENARIO_FOLDER).mkdir()
        for name, content in exploration.scenario.files.items():
            (folder / SCENARIO_FOLDER / name).write_bytes(content)


def exploration_files(exploration: Exploration) -> dict[str, str]:
    """Texts of the files of an exploration by name, without pages and scenario."""
    content = to_data(exploration.findings)
    findings = {"format": FORMAT_VERSION, "checksum": checksum(content), **content}
    seconds = {part: round(value, 3) for part, value in exploration.seconds.items()}
    files = {f"{table.name}.csv": table.csv(significant=8) for table in tables(exploration)}
    return {**files, FINDINGS_FILE: json_text(findings), SECONDS_FILE: json_text(seconds)}


def json_text(content: Any) -> str:
    """Data as JSON text."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def checksum(content: Any) -> str:
    """Hash of what was found, so that a change of the file is noticed."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def read_exploration(path: Path) -> Exploration:
    """Read the folder of an exploration.

    Raises:
        StoreError: The folder is not an exploration, or its files were changed.
        ScenarioError: Its scenario cannot be read.

    """
    file = path / FINDINGS_FILE
    if not file.is_file():
        raise StoreError(
            f"{path} is not an exploration: {FINDINGS_FILE} is missing; give a folder written by octoplan explore"
        )
    try:
        content = json.loads(file.read_text("utf-8"))
        version = content.pop("format")
        if version != FORMAT_VERSION:
            raise StoreError(
                f"{path} was written by octoplan {content.get('version', 'of unknown version')} in format {version}; "
                f"this version reads format {FORMAT_VERSION}. Explore the run again"
            )
        if content.pop("checksum") != checksum(content):
            raise StoreError(f"{file} was changed after the exploration; explore the run again")
        findings = of_data(Findings, content)
        seconds = json.loads((path / SECONDS_FILE).read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{file} cannot be read: {error}; explore the run again") from error
    scenario = load(path / SCENARIO_FOLDER)
    if scenario.hash != findings.scenario_hash:
        raise StoreError(f"{path / SCENARIO_FOLDER} was changed after the exploration; explore the run again")
    return Exploration(scenario, findings, seconds)
