// Types of the data that the scripts of the page exchange with the server and with plotly.

type Changes = Record<string, string>;
interface Variant { name: string; changes: Changes }
interface State {
  panels: Panels; changes: Changes; next: Changes[]; view: string; undo: Changes[]; variants: Variant[];
}

// GET /api/panels
interface Panels {
  title: string; name: string; hash: string; version: string; months: string[]; currency: string; countries: string[];
  plan: PlanForm; decisions: Decision[]; presets: Preset[]; glossary: Term[]; assumptions: Assumption[]; paragraphs: string[][]; max_upload: number; warnings: string[]; upload: Upload | null;
}
type NamedInputs = { decisions: Named[]; assumptions: Named[] };
interface Decision {
  name: string; title: string; unit: string; monthly: string; max_factor: number; file: string; line: number; group: string;
  search: string;
}
interface Term { forms: string[]; meaning: string }
interface Preset { name: string; title: string; note: string; changes: Changes }
interface Prior { p10: number; p50: number; p90: number; fixed: boolean; prices: string | number | null }
interface Assumption {
  name: string; title: string; group: string; search: string; unit: string; low: number; p10: number; p50: number; p90: number; high: number;
  fixed: boolean; distribution: string; quality: "green" | "amber" | "red"; owner: string; date: string; note: string;
  line: number; file: string; editable: boolean; listed_first: boolean; prior: Prior | null; sources: Source[];
  impact?: string; effect?: number; error?: number;
}
interface Source { title: string; publisher: string; date: string; url: string }

interface Upload { loaded: string; served: string; differences: { text: string; name: string }[] }

// POST /api/answer: lines
type Level = number | string | null;
interface Change { mean: number; half: number; futures?: number }
interface Quantiles { p10: Level; p50: Level; p90: Level; mean?: Level }
interface Result {
  key: string; group: string; title: string; unit: string; form: string; value: Quantiles | null;
  baseline: Quantiles | null; change: Change | null;
}
type Impacts = Record<string, { impact: string; effect: number; error: number }>;
interface Effect { key: string; title: string; unit: string; change: Change | null; sign: number }
interface AnswerLine {
  futures: number; levels: number; failed: number; settled: number; most: number; most_levels: number;
  effects: Effect[]; top_results: Result[];
  rests_on: Record<string, string[]>; charts: Chart[]; warnings: string[]; sentences?: Record<string, string>;
  results: Result[]; switching_values?: string[]; impacts?: Impacts;
  problems?: string[]; answer?: Record<string, string>; note?: string;
}

// Charts: plotly's figures as JSON; their parts are read, not created, so that few of them need a type.
type Json = any;
interface Figure { data: Trace[]; layout: Json }
interface Trace { type?: string; name?: string; showlegend?: boolean; [part: string]: Json }
interface Chart { name: string; title: string; subtitle: string; note: string; figure: Figure }
interface Plot extends HTMLElement { content?: Figure; drawn?: Promise<unknown>; _fullLayout?: Json }

// POST /api/days
interface Region { name: string; tile: [number, number]; row: number }
interface Days { days: string[]; regions: Region[]; largest_raid: number; leaked: number[][]; launched: number[] }

// GET /api/jobs and the results of jobs
type Kind = "plan" | "run";
interface JobStatus {
  id: string; kind: Kind; of: string; changes: Changes; seconds: number; state: string;
  step?: string; done?: number; total?: number; problems?: string[];
}
interface Named { name: string; title: string }
interface PlanGoals {
  objective: string; target: number | null; by: string | null; stopped: number | null; confidence: number | null;
  budget: Record<string, number>; share: Record<string, [number, number]>; most: Record<string, number>; fixed: string[];
}
interface PlanForm { payers: Named[]; countries: Named[]; plants: Named[]; kept: string[]; goals: PlanGoals }
interface CalendarRow { item: string; quantity: string; values: number[]; note?: string }
interface Calendar { months: string[]; rows: CalendarRow[] }
interface PlanResult {
  cautions: string[]; conclusion: string[]; remarks: string[]; limits: string[]; lines: string[]; unseen: number;
  paired: { title: string; unit: string; change: Change }[]; constraints: { name: string; text: string }[];
  alternatives: { name: string; cost: Change; stopped: Change; leaked: Change; regret: number; preferred: boolean }[];
  calendar: Calendar; decisions: string; changes: Changes; charts: Chart[]; frontier?: Frontier;
}
interface FrontierPoint {
  changes: Changes; share: number; cost: number; half: number; dominated: boolean; stopped: number; worst: number; reached: string;
  jobs: string;
}
interface Frontier { country: string; rate: string; cheapest: number; points: FrontierPoint[] }
interface RunResult { lines: string[]; charts: Chart[]; table: string }

// plotly, which the page and the report load as a script.
declare namespace Plotly {
  function react(plot: HTMLElement, data: Trace[], layout: Json, config?: Json): Promise<unknown>;
  function newPlot(plot: HTMLElement, data: Trace[], layout: Json, config?: Json): Promise<unknown>;
  function relayout(plot: HTMLElement, changes: Json): Promise<unknown>;
  function downloadImage(plot: HTMLElement, options: Json): Promise<string>;
  function purge(plot: HTMLElement): void;
}
interface Window { Plotly?: typeof Plotly }

// The report has chart_fit.js and page.js in one script.
declare const fittedToScreen: typeof import("../../src/octoplan/show/templates/chart_fit.js").fittedToScreen;
declare const NARROW_SCREEN: typeof import("../../src/octoplan/show/templates/chart_fit.js").NARROW_SCREEN;
