// The border of the plugin: a mistake that nobody caught would reach the host as a trap without words.
//
// What a function throws on purpose (a failure, a list of problems) goes through. Anything else is a mistake of this plugin, and so
// is an answer that is not as the contract has it: it is logged with level `error` and its place, and becomes a failure whose
// message the host shows. `describe` and `validate` cannot answer with a failure; there the host shows the logged line as the cause.

import { line } from "tidegate:plugin/log@0.1.0";

import { faultFinder } from "./shapes.js";

const MOST = 1000; // bytes of a failure's message are 1,024; a letter may need three of them

// There is no clock: asked for the time, the engine would trap.
function noClock() {
  throw new Error("there is no clock in a call: job.now is the time of the run");
}
globalThis.Date = new Proxy(Date, {
  apply: noClock,
  construct: (date, given, target) => (given.length === 0 ? noClock() : Reflect.construct(date, given, target)),
});
Date.prototype.constructor = Date;
Date.now = noClock;
globalThis.performance = { now: noClock };

/** What each function gives, and what it may throw on purpose. */
const ANSWERS = {
  describe: { gives: faultFinder("manifest") },
  validate: { gives: faultFinder("valid"), throws: faultFinder("problem[]"), isRefusal: Array.isArray },
  plan: { gives: faultFinder("step"), throws: faultFinder("failure"), isRefusal: isFailure },
  normalize: { gives: faultFinder("batch"), throws: faultFinder("failure"), isRefusal: isFailure },
};

function isFailure(thrown) {
  return typeof thrown === "object" && thrown !== null && "category" in thrown;
}

/** The four functions, each with its mistakes caught. This runs when the component is built, and one that is missing ends the build. */
export function guarded(functions) {
  for (const name of Object.keys(ANSWERS)) {
    if (typeof functions[name] !== "function") throw new TypeError(`the function "${name}" is missing: the contract asks for it`);
  }
  for (const name of Object.keys(functions)) {
    if (!(name in ANSWERS)) throw new TypeError(`the contract has no function "${name}", but ${Object.keys(ANSWERS).join(", ")}`);
  }
  return Object.fromEntries(Object.keys(ANSWERS).map((name) => [name, (...given) => attempt(name, functions[name], given)]));
}

function attempt(name, call, given) {
  const { gives, throws, isRefusal } = ANSWERS[name];
  let answer;
  try {
    answer = call(...given);
  } catch (thrown) {
    if (!isRefusal?.(thrown)) end(name, `${thrown}${placeOf(thrown)}`);
    const fault = throws(thrown);
    if (fault !== undefined) end(name, `the refusal${fault}`);
    throw thrown;
  }
  const fault = gives(answer);
  if (fault !== undefined) end(name, fault.startsWith(".") ? fault.slice(1) : `the answer${fault}`);
  return answer;
}

function placeOf(thrown) {
  const places = String(thrown?.stack ?? "").split("\n").map((place) => place.trim());
  const own = places.find((place) => place !== "" && !place.includes("/guarded.js:"));
  return own === undefined ? "" : ` (${own})`;
}

/** Ends the call with these words. */
function end(name, words) {
  const message = `${name}: ${words}`.toWellFormed().slice(0, MOST / 3);
  line("error", message);
  if (name === "plan" || name === "normalize") throw { category: "other", message };
  throw new Error(message);
}
