"""The file ``answer.json`` of a run folder: the answer in words, and the simulations from which it was computed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from math import isnan, nan
from pathlib import Path
from typing import Any

from octoplan.answer.answer import Answer
from octoplan.answer.chance import Spread
from octoplan.answer.marginal import EFFECTS, RATIOS, Marginal, MarginalAnalysis
from octoplan.answer.totals import Effect
from octoplan.answer.turning import Turn
from octoplan.errors import StoreError
from octoplan.outcomes.run_results import RunResults

ANSWER_FILE = "answer.json"


def answer_text(answer: Answer, sentences: Iterable[tuple[str, str]]) -> str:
    """The content of the file; ``sentences`` are pairs of topic and text."""
    content = {
        "answer": [{"topic": topic, "text": text} for topic, text in sentences],
        "marginal": asdict(answer.marginal),
        "spreads": {name: asdict(spread) for name, spread in answer.spreads.items()},
        "turns": [asdict(turn) for turn in answer.turns],
    }
    return json.dumps(finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """The same JSON content with None in place of undefined numbers."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and isnan(value) else value


def stored_answer(folder: Path, results: RunResults) -> Answer | None:
    """The answer of a run folder; None if the folder does not have it or every future failed.

    Raises StoreError if the file cannot be read.
    """
    path = folder / ANSWER_FILE
    if not path.exists() or not results.has_finished_futures:
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        spreads = {name: Spread(**numbers(item)) for name, item in content["spreads"].items()}
        return Answer(results, analysis_of(content["marginal"]), spreads, tuple(map(turn_of, content["turns"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} cannot be read: {error}; simulate the scenario again") from error


def analysis_of(content: Mapping[str, Any]) -> MarginalAnalysis:
    """A marginal analysis from its JSON content."""
    effects, doubled = (tuple(map(marginal_of, content[name])) for name in ("effects", "doubled"))
    more, futures, smallest = float(content["more"]), int(content["futures"]), float(content.get("smallest", 0.0))
    return MarginalAnalysis(more, futures, effects, doubled, smallest)


def marginal_of(content: Mapping[str, Any]) -> Marginal:
    """The effects of one change from their JSON content."""
    effects = {name: Effect(**numbers(content[name])) for name in (*EFFECTS, *RATIOS)}
    return Marginal(str(content["key"]), str(content["noun"]), str(content["title"]), **effects)


def turn_of(content: Mapping[str, Any]) -> Turn:
    """The net benefit at both ends of an assumption from its JSON content."""
    low, high = content["ends"]
    effects = (Effect(**numbers(content[name])) for name in ("low", "high", "difference"))
    return Turn(str(content["name"]), (float(low), float(high)), *effects)


def numbers(content: Mapping[str, Any]) -> dict[str, float]:
    """Numbers by name; ``nan`` for None."""
    return {name: nan if value is None else float(value) for name, value in content.items()}
