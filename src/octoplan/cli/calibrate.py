"""The command ``octoplan calibrate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from octoplan.cli.console import (
    ListOption,
    check_simulation,
    compilation_notice,
    print_line,
    print_warning,
    progress_bar,
    record_written_path,
    render,
    resumable_folder,
    track,
)
from octoplan.errors import CalibrationError
from octoplan.executors import executor

if TYPE_CHECKING:
    from rich.table import Table

    from octoplan.calibrate.evidence import Evidence


ASSUMPTIONS_PRINTED = 12
"""Number of informed assumptions that are printed, the most informed first."""
PAIRS_PRINTED = 5


def calibrate(
    scenario: str,
    *,
    out: Path,
    record: Path | None = None,
    first: Annotated[str | None, Parameter(name="--from")] = None,
    last: Annotated[str | None, Parameter(name="--to")] = None,
    hold_out: ListOption = (),
    seed: int = 1,
    threads: int | None = None,
    cluster: str | None = None,
) -> None:
    """Fit the assumptions of a scenario to its observations, and write the scenario with posterior ranges.

    Parameters
    ----------
    scenario
        A scenario folder or workbook with observations, or the name of a built-in scenario. If it is calibrated, its
        priors are fitted to all observations again.
    out
        The scenario folder to write; it must be empty or not exist. Its subfolder calibration has the results, and
        calibration.html is the page to read first. If the command is interrupted, a hidden folder next to it keeps the
        waves simulated so far, and the same command continues from them.
    record
        A record of raids, beginning no later than the scenario's start: its raids are taken as given, and its stopped
        shares by month and class, and by size of raid, are further observations. Without it, the published monthly
        totals of raids are used, or if they do not cover the period, raids are simulated.
    first
        First month, or day, whose observations are used, such as 2025-11; the scenario's start by default.
    last
        Last month or day; by default that of the last observation.
    hold_out
        Months, days or spans such as '2026-02 to 2026-03' whose observations are compared with the result but not used.
    seed
        Seed of the random draws; the same seed gives the same posterior.
    threads
        Number of threads; one for each core by default. It does not change the results.
    cluster
        Address of a dask.distributed scheduler; its workers simulate instead of threads.

    """
    from importlib.metadata import version

    from octoplan.calibrate.evidence import Evidence
    from octoplan.calibrate.folder import EVIDENCE_FOLDER, PAGE_FILE
    from octoplan.calibrate.options import count_futures, days_of, period_of, published_raids
    from octoplan.calibrate.setup import prepare
    from octoplan.calibrate.wave_files import SUFFIX, WaveFiles, fingerprint
    from octoplan.calibrate.waves import infer
    from octoplan.calibration import Calibration
    from octoplan.outcomes.files import check_output_folder
    from octoplan.raids.read.readers import read
    from octoplan.scenario import load

    check_simulation(1, seed, threads, cluster)
    check_output_folder(out)
    loaded = load(scenario)
    daily = None if record is None else read(record)
    raids = published_raids(loaded) if daily is None else daily
    held_out = tuple(days_of(loaded, "--hold-out", text) for text in hold_out)
    begin = days_of(loaded, "--from", first)[0] if first else None
    end = days_of(loaded, "--to", last)[1] if last else None
    setup = prepare(loaded, period_of(loaded, daily, begin, end, held_out), raids, daily=daily is not None, seed=seed)
    folder = out.absolute()
    files = WaveFiles(folder.parent / f".{folder.name}.waves", fingerprint(setup, version("octoplan")))
    with resumable_folder(files.folder, "waves", f"*{SUFFIX}", final=(CalibrationError,)):
        with executor(threads, cluster) as pool, compilation_notice(), progress_bar() as progress:
            count = count_futures(track(progress, "simulating"))
            evidence = Evidence(setup, infer(setup.problem(pool, count), seed, store=files))
        Calibration(evidence, raids.source if raids is not None else "simulated").save(out)
    record_written_path(out)
    print_calibration(evidence)
    print_line(f"scenario    {out}\npage        {out / EVIDENCE_FOLDER / PAGE_FILE}")


def print_calibration(evidence: "Evidence") -> None:
    """Print informed assumptions, observations inside the band, pairs not distinguished, and warnings."""
    inference = evidence.inference
    used = [comparison for comparison in evidence.comparisons if comparison.target.used]
    held_out = [comparison for comparison in evidence.comparisons if not comparison.target.used]
    informed, uncertain = len(evidence.informed), len(evidence.setup.assumptions.columns)
    if informed:
        render(learned_text(evidence))
    print_line(
        f"{len(used)} {'observation informs' if len(used) == 1 else 'observations inform'} {informed or 'none'} of "
        f"{uncertain} uncertain assumptions" + ("; the others keep their priors" if informed < uncertain else "")
    )
    print_line(f"observations inside the 80 % band: {sum(c.is_inside for c in used)} of {len(used)}")
    if held_out:
        print_line(f"held out, inside the 80 % band: {sum(c.is_inside for c in held_out)} of {len(held_out)}")
    for pair in evidence.not_separated[:PAIRS_PRINTED]:
        print_line(separation_text(pair.first.name, pair.second.name, pair.correlation))
    futures = sum(len(wave.scores) for wave in inference.waves)
    print_line(
        f"{futures:,} futures in {len(inference.waves)} waves, {evidence.failed:,} failed; Pareto k "
        f"{inference.pareto_k[-1]:.2f} (at most 0.7)"
    )
    for title, comparisons in (("used", used), ("held out", held_out)):
        if outside := [comparison.target.label for comparison in comparisons if not comparison.is_inside]:
            print_line(f"outside the band, {title}: {', '.join(outside)}")
    for label in evidence.setup.unused:
        print_line(f"not used, outside the period: {label}")
    for comparison in evidence.contradictions:
        target = comparison.target
        print_warning(
            f"{target.label}: {target.value:.4g} contradicts the prior and the other observations "
            f"(probability {comparison.probability:.1g}); check it and the decisions of its period, or widen its error "
            "or the priors that limit it"
        )
    if evidence.contradictions:
        print_warning("do not rely on this calibration before the contradictions are explained")


def separation_text(first: str, second: str, correlation: float) -> str:
    """A sentence that states that two assumptions are not distinguished."""
    other = "higher" if correlation > 0 else "lower"
    return (
        f"not distinguished: a higher {first} with a {other} {second} fits equally well (correlation {correlation:.2f})"
    )


def learned_text(evidence: "Evidence") -> "Table":
    """Table of the most informed assumptions."""
    from rich import box
    from rich.table import Table

    from octoplan.outcomes.format import digits

    table = Table("assumption", "prior P10 P50 P90", "posterior P10 P50 P90", "informed by", box=box.SIMPLE)
    for row in evidence.informed[:ASSUMPTIONS_PRINTED]:
        prior, posterior = ("  ".join(digits(value) for value in values) for values in (row.prior, row.posterior))
        table.add_row(row.assumption.name, prior, posterior, row.moved_by[0] if row.moved_by else "many observations")
    return table
