"""JSON Schemas of the files of a scenario."""

import json
import re
from pathlib import Path

from octoplan.scenario import Scenario
from octoplan.scenario.entities import KINDS, SECTIONS
from octoplan.scenario.report import Report
from octoplan.scenario.schema import assumptions_schema, decisions_schema, programme_schema, write_schemas
from octoplan.scenario.toml_text import read_toml
from tests.scenario.folder import DECISIONS, PROGRAMME


def test_the_schemas_are_written_as_strict_json(tmp_path: Path) -> None:
    """The four schemas are written as JSON without infinite numbers."""
    paths = write_schemas(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "programme.schema.json",
        "decisions.schema.json",
        "assumptions.schema.json",
        "observations.schema.json",
    ]
    for path in paths:
        assert "Infinity" not in path.read_text()
        assert json.loads(path.read_text())["$schema"].startswith("https://json-schema.org/")


def test_the_programme_schema_has_every_section_and_link() -> None:
    """Every key of a valid programme is in the schema, and every required key in the programme."""
    toml = read_toml("programme.toml", PROGRAMME, Report("f"))
    assert toml is not None
    schema = programme_schema()
    assert set(toml.tree) <= set(schema["properties"])
    assert set(schema["required"]) <= set(toml.tree)
    for section in SECTIONS:
        table = schema["properties"][section]["additionalProperties"]
        for name, fields in toml.tree.get(section, {}).items():
            assert re.search(schema["properties"][section]["propertyNames"]["pattern"], name)
            assert set(table["required"]) <= set(fields) <= set(table["properties"])


def test_the_decisions_schema_has_every_table() -> None:
    """Every key of valid decisions is in the schema."""
    toml = read_toml("decisions.toml", DECISIONS, Report("f"))
    assert toml is not None
    schema = decisions_schema()
    assert set(schema["required"]) <= set(toml.tree) <= set(schema["properties"])
    assert set(toml.tree["doctrine"]["drone"]) <= set(schema["$defs"]["Doctrine"]["properties"])


def test_the_row_schema_has_every_parameter_once(scenario: Scenario) -> None:
    """Each name in a valid assumption log matches exactly one parameter of the schema, with its unit."""
    names = assumptions_schema()["properties"]["name"]["anyOf"]
    assert len(names) == sum(len(kind.parameters) for kind in KINDS)
    for assumption in scenario.assumptions:
        fits = [name for name in names if re.search(name["pattern"], assumption.name)]
        assert len(fits) == 1
        assert fits[0]["x-unit"].replace("money", assumption.currency) == assumption.unit
