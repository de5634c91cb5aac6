// The calendar of a plan: decisions and output by month, a row for each thing that is decided.
import {formatNumber, el, tableOf} from "./format.js";

/** @param {Calendar} calendar */
export function calendarTable({months, rows}) {
  const table = tableOf(["", ...months], rows.map(({item, quantity, values, note}) => {
    const largest = Math.max(...values);
    return el("tr", {}, el("th", {scope: "row", title: note ?? ""}, `${item}, ${quantity}`, note ? el("div", {className: "small", textContent: note}) : null),
      ...values.map(value => {
        const entry = el("td", {textContent: value ? formatNumber(value) : ""});
        entry.style.setProperty("--share", `${shade(value, largest)}%`);
        return entry;
      }));
  }));
  table.classList.add("calendar");
  return table;
}

/**
 * The strength of the shade of a cell in per cent: the square root of its share of the largest value, so that small ones show.
 * @type {(value: number, largest: number) => number}
 */
export const shade = (value, largest) => largest > 0 ? Math.round(45 * Math.sqrt(Math.max(0, value) / largest)) : 0;
