"""Validation of the JSON bodies of requests, with a message for every invalid field."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect, Request

from octoplan.app.plan_form import plan_options
from octoplan.errors import PlanError, RequestError
from octoplan.plan.goals import goals_of
from octoplan.scenario import Scenario
from octoplan.scenario.report import did_you_mean, quoted

MAX_BODY_BYTES = 1_000_000
"""Maximum size of a JSON body in bytes; a body that changes every assumption needs a tenth of it."""
MAX_PROBLEMS = 20
"""Maximum number of invalid fields reported at once."""

MAX_NEXT_CHANGES = 8
"""Maximum number of changes that a request may name as likely to be asked for next."""

View = Literal["results", "raids", "supply", "defence", "money", "plan", "sensitivity", "log", "compare", "runs"]
MonthlyUnits = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class RequestModel(BaseModel):
    """Base model of request bodies; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScenarioRequest(RequestModel):
    """Request about a scenario: hash of the baseline (``of``), version of octoplan (``with``), and changes."""

    of: str | None = None
    version: str | None = Field(None, alias="with")
    changes: dict[str, str] = Field(default_factory=dict)


class ViewRequest(ScenarioRequest):
    """Request for a view.

    Attributes:
        view: Name of the view.
        most: Maximum number of futures to simulate.
        held: Number of futures of the results that the page shows; of fewer, only the effects of the changes are sent.
        answer: If True, small changes are simulated for the complete answer after the largest number of futures.
        next: Changes that are likely to be asked for next, whose first futures are simulated after a settled answer.

    """

    view: View = "results"
    most: int | None = Field(None, ge=1, le=512)
    held: int = Field(0, ge=0, le=512)
    answer: bool = False
    next: list[dict[str, str]] = Field(default_factory=list, max_length=MAX_NEXT_CHANGES)


class PlanGoals(RequestModel):
    """All goals that the form of the page has; other settings of the scenario's ``[plan]`` apply as they are.

    Attributes:
        objective: What the plan minimises or maximises.
        target, by: Good units per month, and the month by which they are required.
        stopped, confidence: Share of threats to be stopped; share of futures in which the goals must be reached.
        budget: Largest expected spend over the horizon by payer, in millions of the reporting currency.
        share: Smallest and largest share of the units requested, by country.
        most: Largest output by plant, in good units per month.
        fixed: Decisions that the plan leaves unchanged.

    """

    objective: Literal["least-cost", "most-stopped"] = "least-cost"
    target: MonthlyUnits | None = None
    by: str | None = None
    stopped: Probability | None = None
    confidence: Probability | None = None
    budget: dict[str, Amount] = Field(default_factory=dict)
    share: dict[str, Annotated[list[Share], Field(min_length=2, max_length=2)]] = Field(default_factory=dict)
    most: dict[str, Amount] = Field(default_factory=dict)
    fixed: list[str] = Field(default_factory=list, max_length=1_000)


class DayRequest(ScenarioRequest):
    """Request for one day of the horizon, counted from 0."""

    day: int = Field(0, ge=0, le=36_525)


class PlanRequest(RequestModel):
    """Options of a job that searches for a plan. Goals that are not given are those of the scenario's ``[plan]``.

    Attributes:
        futures, unseen: Numbers of futures in the search and in the out-of-sample evaluation.
        goals: Goals of the form of the page; given goals replace those of the scenario, see ``PlanGoals``.
        frontier: Country for whose share of output the frontier is computed.

    """

    futures: int = Field(40, ge=2, le=400)
    unseen: int = Field(60, ge=2, le=1_000)
    goals: PlanGoals | None = None
    frontier: str | None = None


class RunOptions(RequestModel):
    """Options of a job that simulates a large run."""

    futures: int = Field(10_000, ge=1, le=100_000)


class JobRequest(ScenarioRequest):
    """Request to start a job."""

    kind: Literal["plan", "run"]
    options: dict[str, Any] = Field(default_factory=dict)


JOB_OPTIONS: Mapping[str, type[RequestModel]] = {"plan": PlanRequest, "run": RunOptions}

Model = TypeVar("Model", bound=RequestModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """Read and validate the body of a request. Raises RequestError if it is not JSON or does not fit the model."""
    return validate(model, parse_json_object(await body_bytes(request, MAX_BODY_BYTES)))


async def body_bytes(request: Request, limit: int) -> bytes:
    """Receive the bytes of a body. Raises RequestError if it exceeds the limit or is incomplete."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise RequestError(413, f"the request is larger than the {limit:,} bytes that are accepted")
    except ClientDisconnect:
        raise RequestError(400, "the request is incomplete: the connection was closed") from None
    return bytes(data)


def parse_json_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises RequestError for duplicate keys, NaN or invalid Unicode."""
    try:
        content = json.loads(data.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeError:
        raise RequestError(400, "the request is not UTF-8 text") from None
    except RecursionError:
        raise RequestError(400, "the request is nested too deeply") from None
    except ValueError as error:
        raise RequestError(400, f"the request is not JSON: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise RequestError(400, "the request is not a JSON object")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} occurs twice")
    return content


def validate(model: type[Model], content: Mapping[str, Any]) -> Model:
    """Validate content with a model. Raises RequestError with every invalid field."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)[:MAX_PROBLEMS]
        raise RequestError(422, *(error_message(detail, model) for detail in details)) from None


EXPECTED_VALUES = {
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "string_type": "expected text",
    "dict_type": "expected an object",
    "finite_number": "expected a finite number",
}
"""Phrase of a message by type of validation error."""
LIMIT_PHRASES = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}
"""Key of the limit in the context of a validation error, and phrase of a message, by type of error."""


def error_message(detail: ErrorDetails, model: type[RequestModel]) -> str:
    """Message for one validation error: the field, its value and the value expected."""
    kind, context = detail["type"], detail.get("ctx", {})
    name = ".".join(str(part)[:80] for part in detail["loc"])
    if kind == "missing":
        return f"{name} is missing"
    if kind == "extra_forbidden":
        fields = [field.alias or key for key, field in model.model_fields.items()]
        return f"{name} is not a field of this request; {did_you_mean(name, fields)}"
    if kind in LIMIT_PHRASES:
        key, limit = LIMIT_PHRASES[kind]
        expected = f"expected {limit} {context[key]:,.12g}"
    elif kind == "literal_error":
        expected = f"expected {context['expected']}"
    else:
        expected = EXPECTED_VALUES.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])
    return f"{name}: {quoted(detail['input'])} is not accepted; {expected}"


def job_options(body: JobRequest, scenario: Scenario) -> dict[str, Any]:
    """Validated options of a job. Raises RequestError with every invalid option."""
    options = validate(JOB_OPTIONS[body.kind], body.options).model_dump(exclude_none=True)
    problems = []
    country, countries = options.get("frontier"), scenario.names.countries
    if country is not None and country not in countries:
        problems.append(f"frontier: {quoted(country)} is not in the scenario; {did_you_mean(country, countries)}")
    if body.kind == "plan":
        try:
            goals_of(scenario, plan_options(scenario, options.get("goals")))
        except PlanError as error:
            problems += str(error).split("\n")
    if problems:
        raise RequestError(422, *problems)
    return options
