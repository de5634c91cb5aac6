"""What a machine needs to read an export: a Frictionless data package and an RO-Crate, as JSON beside the files.

Frictionless Data Package (specs.frictionlessdata.io/data-package) and RO-Crate 1.1 (w3id.org/ro/crate/1.1).
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from octoplan.outcomes.run import Run
from octoplan.tables import Table

PACKAGE, CRATE = "datapackage.json", "ro-crate-metadata.json"
MEDIA = {
    "csv": "text/csv", "parquet": "application/vnd.apache.parquet", "toml": "application/toml", "md": "text/markdown",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
LICENCE = "The files are the user's own; the sources' licences are in sources."


def package(run: Run, tables: Sequence[tuple[Table, str]], files: Mapping[str, bytes]) -> dict[str, Any]:
    """The data package: each table with its file, its columns, their types and meanings.

    tables
        With the path of the file each stands in; in a workbook on the sheet of its name.
    """
    return {
        "profile": "data-package",
        "name": f"octoplan-{run.scenario.hash[:12]}-{run.seed}",
        "title": f"{run.scenario.title}: {run.futures:,} futures",
        "version": run.version,
        "keywords": ["interceptor", "programme", "simulation"],
        "resources": [resource(table, path, files[path]) for table, path in tables],
    }


def resource(table: Table, path: str, content: bytes) -> dict[str, Any]:
    """One table of the package."""
    kind = path.rsplit(".", 1)[-1]
    found: dict[str, Any] = {
        "name": table.name, "title": table.title, "path": path, "format": kind, "mediatype": MEDIA[kind],
        "bytes": len(content), "hash": f"sha256:{sha(content)}",
        "schema": {"fields": [fielded(c.name, c.type, c.description) for c in table.columns], "missingValues": [""]},
    }  # fmt: skip
    if kind == "csv":
        found |= {"profile": "tabular-data-resource", "encoding": "utf-8"}
    if kind == "xlsx":
        found["dialect"] = {"excel": {"sheet": table.name}}
    return found


def fielded(name: str, kind: str, meaning: str) -> dict[str, str]:
    return {"name": name, "type": kind, "description": meaning}


def crate(run: Run, files: Mapping[str, bytes], scenario: Sequence[str]) -> dict[str, Any]:
    """The RO-Crate: every file with its hash, and the run that made them of the scenario's files.

    scenario
        The paths among the files that the run was made of.
    """
    told = run.scenario.programme.governance
    people = [("author", told.analyst), ("publisher", told.commissioner)]
    named = {role: {"@id": f"#{role}"} for role, name in people if name}
    made = [path for path in files if path not in scenario]
    title = f"{run.scenario.title}: {run.futures:,} futures, seed {run.seed}"
    graph: list[dict[str, Any]] = [
        {"@id": CRATE, "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset", "name": title, "datePublished": datetime.now(UTC).date().isoformat(),
         "description": f"Outcomes of {title}, with the scenario they were made of.", "license": LICENCE,
         "hasPart": [{"@id": path} for path in files], "mentions": {"@id": "#run"}, **named},
        {"@id": "#run", "@type": "CreateAction", "name": f"octoplan run, {title}",
         "description": f"scenario SHA-256 {run.scenario.hash}; {run.failed:,} futures failed and are in no measure",
         "instrument": {"@id": "#octoplan"}, "object": [{"@id": path} for path in scenario],
         "result": [{"@id": path} for path in made]},
        {"@id": "#octoplan", "@type": "SoftwareApplication", "name": "octoplan", "softwareVersion": run.version,
         "license": "Apache-2.0"},
        *({"@id": f"#{role}", "@type": "Organization" if role == "publisher" else "Person", "name": name}
          for role, name in people if name),
        *(filed(path, content) for path, content in files.items()),
    ]  # fmt: skip
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def filed(path: str, content: bytes) -> dict[str, Any]:
    """One file of the crate."""
    kind = MEDIA.get(path.rsplit(".", 1)[-1], "application/octet-stream")
    return {"@id": path, "@type": "File", "name": path, "encodingFormat": kind, "contentSize": str(len(content)),
            "sha256": sha(content)}  # fmt: skip


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
