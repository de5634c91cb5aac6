"""Problems of the files of a scenario as problems of the cells of the workbook from which they were read."""

import re
from collections.abc import Iterable, Mapping

from octoplan.errors import CellProblem, Problem
from octoplan.scenario.entities import SECTIONS
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS, PROGRAMME, RAID_FIT
from octoplan.scenario.toml_text import Keys, key_lines
from octoplan.scenario.workbook.cell_text import CellAddress
from octoplan.scenario.workbook.csv_sheets import CSV_SHEETS, CsvSheet
from octoplan.scenario.workbook.reading import WorkbookContent
from octoplan.scenario.workbook.sheets import FIT_SHEET

MAIN_SHEETS = {PROGRAMME: "programme", DECISIONS: "decisions"}
WORDS = {
    "assumptions.csv (assumptions) or decisions.toml (decisions)": "the sheets of assumptions or decisions",
    **{file: f"the sheet {name}" for file, (name, _) in CSV_SHEETS.items()},
    " of programme.toml": "", PROGRAMME: "the sheets of the programme", DECISIONS: "the sheets of the decisions",
}  # fmt: skip
"""Words of messages about files, and those used for a workbook."""
TABLE_OF_ENTITY = re.compile(rf"(?:the |a )?table \[({'|'.join(SECTIONS)})\.[^\]]*\]|\[({'|'.join(SECTIONS)})\]")
DOTTED_PATH = re.compile(r"[^ ]+: ")
"""Start of a message about a value at a path of keys."""
CONSEQUENCE = re.compile("there is no |is missing|supplies no parameter")
"""Messages that are not reliable if a sheet is missing."""
INDEX_IN_PATH = re.compile(r"^([^:]*?)\.[0-9]+: ")
DOCTRINE_TABLE = re.compile(r"the table \[doctrine\.([^\]]*)\]")


def cell_problems(problems: Iterable[Problem], content: WorkbookContent) -> list[CellProblem]:
    """Problems with the address of a cell, without those at a cell that has a problem already."""
    problems_of_files = list(problems)
    reported = {address for address, _ in content.messages.problems}
    located = [address.problem(message) for address, message in content.messages.problems]
    has_assumptions = not any(p.file == ASSUMPTIONS and p.message.startswith("the header") for p in problems_of_files)
    lacks_sheet = any(not address.row for address in reported)
    has_assumptions = has_assumptions and ASSUMPTIONS in content.tables
    for problem in problems_of_files:
        address = address_of(problem, content)
        is_consequence = not has_assumptions and problem.message.startswith("there is no row")
        is_consequence |= lacks_sheet and CONSEQUENCE.search(problem.message) is not None
        if address not in reported and not is_consequence:
            located.append(address.problem(cell_message(problem, content)))
    return located


def cell_warnings(warnings: Iterable[Problem], content: WorkbookContent) -> list[CellProblem]:
    """Warnings about cells, and the warnings about the files with the address of a cell."""
    return [
        *(address.problem(message) for address, message in content.messages.warnings),
        *(address_of(warning, content).problem(cell_message(warning, content)) for warning in warnings),
    ]


def address_of(problem: Problem, content: WorkbookContent) -> CellAddress:
    """Address of the cell to which a problem of a file belongs; of the sheet if the cell is not known."""
    if problem.file in content.tables:
        return table_address(problem, content.tables[problem.file])
    if problem.file in content.trees:
        return tree_address(problem, content)
    if problem.file == RAID_FIT:
        return CellAddress(FIT_SHEET, problem.line + 1 if problem.line else 0)
    return CellAddress(CSV_SHEETS.get(problem.file, (MAIN_SHEETS.get(problem.file, problem.file), ""))[0])


def table_address(problem: Problem, table: CsvSheet) -> CellAddress:
    """Address in the sheet of a CSV file: the row of the line, and the column that the message names or quotes."""
    if not 1 <= problem.line <= len(table.rows):
        return table.reader.address(0)
    row = table.rows[problem.line - 1]
    _, _, message = problem.message.partition(": ")
    message = message or problem.message
    scores = {}
    for column, header in enumerate(table.header, start=1):
        text = table.reader.text(row, column).strip()
        name_match = re.search(rf"(?<![\w-]){re.escape(header)}(?![\w-])", message)
        is_quoted = bool(text) and (f"'{text}'" in message or f"'{text[:40]}" in message)
        if header and (name_match or is_quoted):
            scores[column] = (
                bool(name_match) and is_quoted,
                is_quoted,
                -(name_match.start() if name_match else len(message)),
            )
    best = max(scores, key=lambda column: scores[column], default=1)
    return table.reader.address(row, best)


def tree_address(problem: Problem, content: WorkbookContent) -> CellAddress:
    """Address of a key of a TOML file: of the path at the start of the message, or else of its line."""
    addresses = content.trees[problem.file].addresses
    missing = re.search(r"(\w+) is missing", problem.message)
    keys = longest_path(problem.message, addresses)
    if not keys and missing and problem.message.startswith(missing[0]):
        return addresses.get((missing[1],)) or addresses.get((), CellAddress(MAIN_SHEETS[problem.file]))
    if not keys and problem.line > 1 and not DOTTED_PATH.match(problem.message):
        keys = keys_at(problem.line, content.files[problem.file].decode(), addresses)
    if missing and (*keys, missing[1]) in addresses:
        keys = (*keys, missing[1])
    return addresses.get(keys) or addresses.get((), CellAddress(MAIN_SHEETS[problem.file]))


def longest_path(message: str, addresses: Mapping[Keys, CellAddress]) -> Keys:
    """The longest known path of keys with which a message begins; empty if there is none."""
    paths = {".".join(keys): keys for keys in addresses if keys}
    known = [path for path in paths if message.startswith((f"{path}.", f"{path}: "))]
    return paths[max(known, key=len)] if known else ()


def keys_at(line: int, text: str, addresses: Mapping[Keys, CellAddress]) -> Keys:
    """The longest known path of keys that begins at a line, or at the nearest line before."""
    lines = {keys: number for keys, number in key_lines(text).items() if number <= line and keys in addresses}
    return max(lines, key=lambda keys: (lines[keys], len(keys)), default=())


def cell_message(problem: Problem, content: WorkbookContent) -> str:
    """The message of a problem in the words of a workbook: sheets and rows instead of files and lines."""
    message = DOCTRINE_TABLE.sub(r"the row of \1 in the sheet doctrine", problem.message)
    message = message.replace("add the table, with layers", "add it, with layers")
    message = TABLE_OF_ENTITY.sub(lambda m: f"a row of the sheet {m[1]}" if m[1] else f"the sheet {m[2]}", message)
    if problem.file in content.tables:
        rows = content.tables[problem.file].rows
        message = re.sub(r"in line (\d+)", lambda m: f"in row {rows[min(int(m[1]), len(rows)) - 1]}", message)
    else:
        message = INDEX_IN_PATH.sub(r"\1: ", message)
    for phrase, replacement in WORDS.items():
        message = message.replace(phrase, replacement)
    return message.replace("without quotes", "").replace(" in quotes", "")
