"""Machine-readable descriptions of an export: a Frictionless data package and an RO-Crate, as JSON files.

Frictionless Data Package (specs.frictionlessdata.io/data-package) and RO-Crate 1.1 (w3id.org/ro/crate/1.1).
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from octoplan.outcomes.run import Run
from octoplan.tables import Table

DATA_PACKAGE, RO_CRATE = "datapackage.json", "ro-crate-metadata.json"
MEDIA_TYPES = {
    "csv": "text/csv", "parquet": "application/vnd.apache.parquet", "toml": "application/toml", "md": "text/markdown",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
LICENCE_STATEMENT = "The files belong to the user of octoplan; the table 'sources' states the licence of each source."


def data_package(run: Run, tables: Sequence[tuple[Table, str]], files: Mapping[str, bytes]) -> dict[str, Any]:
    """Content of ``datapackage.json``: the file of each table, and the type and description of each column.

    tables
        Each table and the path of its file; in a workbook, each table is the sheet with the name of the table.
    files
        Content of each file by path.
    """
    return {
        "profile": "data-package",
        "name": f"octoplan-{run.scenario.hash[:12]}-{run.seed}",
        "title": f"{run.scenario.title}: {run.futures:,} futures",
        "version": run.version,
        "keywords": ["interceptor", "programme", "simulation"],
        "resources": [table_resource(table, path, files[path]) for table, path in tables],
    }


def table_resource(table: Table, path: str, content: bytes) -> dict[str, Any]:
    """Description of one table as a resource of the data package."""
    extension = path.rsplit(".", 1)[-1]
    fields = [{"name": c.name, "type": c.type, "description": c.description} for c in table.columns]
    properties: dict[str, Any] = {
        "name": table.name,
        "title": table.title,
        "path": path,
        "format": extension,
        "mediatype": MEDIA_TYPES[extension],
        "bytes": len(content),
        "hash": f"sha256:{sha256_of(content)}",
        "schema": {"fields": fields, "missingValues": [""]},
    }
    if extension == "csv":
        properties |= {"profile": "tabular-data-resource", "encoding": "utf-8"}
    if extension == "xlsx":
        properties["dialect"] = {"excel": {"sheet": table.name}}
    return properties


def ro_crate(run: Run, files: Mapping[str, bytes], scenario_paths: Sequence[str]) -> dict[str, Any]:
    """Content of ``ro-crate-metadata.json``: every file with its hash, and the run that produced the results.

    files
        Content of each file by path.
    scenario_paths
        Paths of the files that belong to the scenario.
    """
    governance = run.scenario.programme.governance
    people = [("author", governance.analyst), ("publisher", governance.commissioner)]
    references = {role: {"@id": f"#{role}"} for role, name in people if name}
    results = [path for path in files if path not in scenario_paths]
    title = f"{run.scenario.title}: {run.futures:,} futures, seed {run.seed}"
    graph: list[dict[str, Any]] = [
        {"@id": RO_CRATE, "@type": "CreativeWork", "about": {"@id": "./"},
         "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset", "name": title, "datePublished": datetime.now(UTC).date().isoformat(),
         "description": f"Results of {title}, with the scenario that was simulated.", "license": LICENCE_STATEMENT,
         "hasPart": [{"@id": path} for path in files], "mentions": {"@id": "#run"}, **references},
        {"@id": "#run", "@type": "CreateAction", "name": f"octoplan run, {title}",
         "description": f"scenario SHA-256 {run.scenario.hash}; {run.failed:,} futures failed and are excluded",
         "instrument": {"@id": "#octoplan"}, "object": [{"@id": path} for path in scenario_paths],
         "result": [{"@id": path} for path in results]},
        {"@id": "#octoplan", "@type": "SoftwareApplication", "name": "octoplan", "softwareVersion": run.version,
         "license": "Apache-2.0"},
        *({"@id": f"#{role}", "@type": "Organization" if role == "publisher" else "Person", "name": name}
          for role, name in people if name),
        *(crate_entity(path, content) for path, content in files.items()),
    ]  # fmt: skip
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def crate_entity(path: str, content: bytes) -> dict[str, Any]:
    """Description of one file as an entity of the RO-Crate."""
    media_type = MEDIA_TYPES.get(path.rsplit(".", 1)[-1], "application/octet-stream")
    return {
        "@id": path,
        "@type": "File",
        "name": path,
        "encodingFormat": media_type,
        "contentSize": str(len(content)),
        "sha256": sha256_of(content),
    }


def sha256_of(content: bytes) -> str:
    """SHA-256 hash of the content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
