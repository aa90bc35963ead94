// The border of the plugin: an exception that nobody caught would reach the host as a trap without words.
//
// What a function throws on purpose (a failure, a list of problems) goes through. Anything else is a mistake of this plugin:
// it is logged with level `error` and its place, and becomes a failure whose message the host shows. `describe` and
// `validate` cannot answer with a failure; there the host shows the logged line as the cause.

import { line } from "tidegate:plugin/log@0.1.0";

const MOST = 1000; // bytes of a failure's message are 1,024; a letter may need three of them

/** The four functions, each with its exceptions caught. */
export function guarded(functions) {
  const caught = Object.entries(functions).map(([name, call]) => [name, (...given) => attempt(name, call, given)]);
  return Object.fromEntries(caught);
}

function attempt(name, call, given) {
  try {
    return call(...given);
  } catch (thrown) {
    if (Array.isArray(thrown) || typeof thrown?.category === "string") throw thrown;
    const place = String(thrown?.stack ?? "").trim().split("\n")[0].trim();
    const words = `${name}: ${thrown}${place === "" ? "" : ` (${place})`}`;
    const message = words.toWellFormed().slice(0, MOST / 3);
    line("error", message);
    if (name === "plan" || name === "normalize") throw { category: "other", message };
    throw thrown;
  }
}
