// Elements of the page, and numbers as people read them.

export const $ = id => document.getElementById(id);

export function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null));
  return element;
}

export const scroller = table => el("div", {className: "wide", tabIndex: 0, role: "region", ariaLabel: "Table"}, table);

export function tableOf(heads, rows) {
  const header = heads.map(text => typeof text === "string" ? el("th", {scope: "col", textContent: text}) : text);
  return scroller(el("table", {}, el("thead", {}, el("tr", {}, ...header)), el("tbody", {}, ...rows)));
}

function rounded(x, figures) {
  const size = Math.abs(x);
  if (size >= 10 ** figures) return String(Math.round(x));
  return size >= 10 ** (figures - 1) ? String(+x.toPrecision(figures)) : x.toPrecision(figures);
}

export function digits(x, figures = 3) {
  if (x === null || x === undefined) return "–";
  if (typeof x === "string") return x;
  const size = Math.abs(x);
  if (size >= 1e9) return rounded(x / 1e9, figures) + " bn";
  if (size >= 1e6) return rounded(x / 1e6, figures) + " M";
  if (size >= 1e4) return (Math.round(x / 100) / 10).toLocaleString("en-GB") + " k";
  if (size >= 100) return Math.round(x).toLocaleString("en-GB");
  return size === 0 ? "0" : String(+x.toPrecision(figures));
}

const sign = x => x > 0 ? "+" : x < 0 ? "−" : "";

// A mean with the half-width of its confidence interval, to the digits that the interval supports.
export function meanWithInterval({mean, half}) {
  if (!(half > 0) || half >= 100 || Math.abs(mean) >= 1e4) return `${sign(mean)}${digits(Math.abs(mean))} ± ${digits(half, 2)}`;
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(half)))), near = +mean.toFixed(decimals);
  return `${sign(near)}${Math.abs(near).toLocaleString("en-GB", {maximumFractionDigits: decimals})} ± ${digits(half, 2)}`;
}

// A change against the baseline: its mean, its interval, and the futures it rests on where these are not all.
export function changeText(change, futures) {
  if (!change) return "";
  if (change.mean === 0 && change.half === 0) return "no change";
  const part = change.futures < futures ? ` in the ${change.futures} of ${futures} futures that have both values` : "";
  const unclear = Math.abs(change.mean) > change.half ? "" : " (not distinguishable from zero)";
  return meanWithInterval(change) + part + unclear;
}

export const changesText = changes =>
  Object.entries(changes).map(([name, text]) => `${name.slice(2)} ${text}`).join("; ") || "the baseline";

export function save(name, content, type = "text/csv") {
  const link = el("a", {href: URL.createObjectURL(new Blob([content], {type})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
