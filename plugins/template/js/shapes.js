// The shapes of the answers: the records of wit/v0.1/types.wit that a plugin gives, and how a value departs from one.
//
// Nothing of them is left at run time, and the bindings trap without words on a value of another type, and drop a field that they do
// not know. Each is a map from field to type: "text", "bool", "u16", "u32", "f64" or the name of a shape; "?" behind it may be absent,
// "[]" behind it is a list. `Words` are those of an enum, `Variant` has the types behind
// the tags of one.

class Words {
  constructor(...words) {
    this.words = words;
  }
}
class Variant {
  constructor(tags) {
    this.tags = tags;
  }
}

const SHAPES = {
  manifest: { name: "text", version: "text", description: "text", kinds: "kind[]", extra: "text?" },
  kind: {
    name: "text",
    description: "text",
    overridesSchema: "text",
    examples: "example[]",
    hosts: "text[]",
    methods: "text[]",
    actors: "text[]",
    deltas: "text[]",
    deliveries: "bool",
    extra: "text?",
  },
  example: { identifier: "text", overrides: "text", note: "text" },
  valid: { identifier: "text", extra: "text?" },
  problem: { pointer: "text", message: "text" },
  watermark: { newestId: "text?", newestPublishedAt: "text?", cursor: "text?" },
  step: { fetch: "fetch", state: "text?", extra: "text?" },
  fetch: new Variant({ http: "httpRequest", actor: "actorRun", nothing: undefined, other: "text" }),
  httpRequest: {
    method: "text",
    url: "text",
    headers: "header[]",
    body: "body?",
    want: "bodyForm",
    passStatuses: "u16[]",
    extra: "text?",
  },
  body: new Variant({ text: "text", bytes: "u8[]" }),
  bodyForm: new Words("bytes", "text"),
  header: { name: "text", value: "text" },
  actorRun: { input: "text", maxElements: "u32", extra: "text?" },
  batch: {
    items: "item[]",
    removals: "removal[]",
    rejects: "reject[]",
    fillers: "u32",
    outcome: "outcome",
    facts: "facts?",
    watermark: "watermark?",
    trouble: "failure?",
    state: "text?",
    hints: "hints?",
    warnings: "text[]",
    next: "step?",
    extra: "text?",
  },
  item: {
    element: "u32",
    externalId: "text",
    partial: "bool",
    kind: "text",
    url: "text?",
    authors: "author[]",
    title: "text?",
    text: "text?",
    html: "text?",
    summary: "text?",
    publishedAt: "text?",
    updatedAt: "text?",
    language: "text?",
    media: "media[]",
    metrics: "metric[]",
    references: "reference[]",
    tags: "text[]",
    data: "text?",
    extra: "text?",
  },
  author: {
    handle: "text?",
    id: "text?",
    name: "text?",
    url: "text?",
    imageUrl: "text?",
    verified: "bool?",
    extra: "text?",
  },
  media: {
    kind: "text",
    role: "text",
    url: "text",
    thumbnailUrl: "text?",
    mime: "text?",
    size: "f64?",
    width: "f64?",
    height: "f64?",
    durationS: "f64?",
    alt: "text?",
    expiresAt: "text?",
    extra: "text?",
  },
  metric: { name: "text", value: "f64" },
  reference: { relation: "text", externalId: "text?", authorHandle: "text?", authorId: "text?", url: "text?" },
  removal: { element: "u32", externalId: "text", reason: "text", at: "text?", extra: "text?" },
  reject: { element: "u32", reason: "text", extra: "text?" },
  outcome: { status: "outcomeStatus", detail: "text", extra: "text?" },
  outcomeStatus: new Words(
    "ok", "no-new", "not-found", "private", "private-or-empty", "blocked", "plan-limited", "unknown-error", "other",
  ),
  facts: {
    platformId: "text?",
    displayName: "text?",
    description: "text?",
    url: "text?",
    imageUrl: "text?",
    language: "text?",
    followers: "f64?",
    following: "f64?",
    posts: "f64?",
    verified: "bool?",
    movedTo: "text?",
    extra: "text?",
  },
  hints: {
    minIntervalS: "f64?",
    freshForS: "f64?",
    notBefore: "text?",
    skipHours: "u32[]",
    skipDays: "text[]",
    hubs: "text[]",
    topic: "text?",
    complete: "bool",
    extra: "text?",
  },
  failure: { category: "failureCategory", message: "text", retryAfterS: "f64?", pointer: "text?", extra: "text?" },
  failureCategory: new Words(
    "transient", "rate-limited", "blocked", "auth", "not-found", "private", "bad-answer", "config", "other",
  ),
};

/** What is right without a shape, and how it is called. */
const whole = (most) => ({
  due: `a whole number from 0 to ${most}`,
  fits: (value) => Number.isInteger(value) && value >= 0 && value <= most,
});
const PLAIN = {
  text: { due: "a text", fits: (value) => typeof value === "string" },
  bool: { due: "true or false", fits: (value) => typeof value === "boolean" },
  f64: { due: "a number", fits: (value) => typeof value === "number" },
  u8: whole(0xff),
  u16: whole(0xffff),
  u32: whole(0xffffffff),
};
/** Lists of these may be arrays of their own kind, whose numbers are right by themselves. */
const TYPED = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array };

/** What tells how a value is wrong, as " is 5; a text is due", with the path within the value before it; else undefined. */
export function faultFinder(type) {
  if (type.endsWith("?")) {
    const find = faultFinder(type.slice(0, -1));
    return (value) => (value === undefined || value === null ? undefined : find(value));
  }
  if (type.endsWith("[]")) return listFaults(type.slice(0, -2));
  if (type === "text") return textFault;
  if (type in PLAIN) {
    const { due, fits } = PLAIN[type];
    return (value) => (fits(value) ? undefined : ` is ${shown(value)}; ${due} is due`);
  }
  const shape = SHAPES[type];
  if (shape instanceof Words) return wordFaults(shape.words);
  if (shape instanceof Variant) return variantFaults(shape.tags);
  return recordFaults(type, shape);
}

function textFault(value) {
  if (typeof value !== "string") return ` is ${shown(value)}; a text is due`;
  return value.isWellFormed() ? undefined : " holds half of a surrogate pair; toWellFormed() replaces it";
}

function listFaults(type) {
  const Typed = TYPED[type];
  const find = faultFinder(type);
  return (value) => {
    if (Typed !== undefined && value instanceof Typed) return undefined;
    if (!Array.isArray(value)) return ` is ${shown(value)}; ${Typed === undefined ? "a list" : `a ${Typed.name}`} is due`;
    for (let number = 0; number < value.length; number++) {
      const fault = find(value[number]);
      if (fault !== undefined) return `[${number}]${fault}`;
    }
  };
}

function wordFaults(words) {
  return (value) => (words.includes(value) ? undefined : ` is ${shown(value)}${nearest(value, words)}`);
}

function variantFaults(tags) {
  const find = Object.fromEntries(Object.entries(tags).map(([tag, type]) => [tag, type && faultFinder(type)]));
  const names = Object.keys(tags);
  return (value) => {
    if (!isRecord(value)) return ` is ${shown(value)}; { tag, val } is due`;
    if (!names.includes(value.tag)) return `.tag is ${shown(value.tag)}${nearest(value.tag, names)}`;
    const fault = find[value.tag]?.(value.val);
    return fault === undefined ? undefined : `.val${fault}`;
  };
}

function recordFaults(type, shape) {
  const names = Object.keys(shape);
  const find = names.map((name) => [name, faultFinder(shape[name])]);
  const required = names.filter((name) => !shape[name].endsWith("?"));
  const due = required.length === 0 ? "an object is due" : `an object with ${required.join(", ")} is due`;
  return (value) => {
    if (!isRecord(value)) return ` is ${shown(value)}; ${due}`;
    for (const name in value) {
      if (!Object.hasOwn(shape, name)) return `.${name} is no field of ${type}${nearest(name, names)}`;
    }
    for (let at = 0; at < find.length; at++) {
      const fault = find[at][1](value[find[at][0]]);
      if (fault !== undefined) return `.${find[at][0]}${fault}`;
    }
  };
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Promise);

/** A value in a complaint. */
function shown(value) {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === "function") return "a function";
  if (value === undefined) return "missing";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Promise) return "a Promise (a call cannot wait for one)";
  return Array.isArray(value) ? "a list" : value.constructor === Object ? "an object" : `of type ${value.constructor?.name}`;
}

/** The name that was meant, if one is close, or all of them. */
function nearest(typed, names) {
  const away = names.map((name) => [distance(String(typed), name), name]).sort(([one], [other]) => one - other);
  const [least, name] = away[0];
  return least <= Math.max(2, name.length / 3) ? `; did you mean ${JSON.stringify(name)}?` : `; there are ${names.join(", ")}`;
}

/** How many letters are to be put in, left out or replaced; case does not count. */
function distance(one, other) {
  const [from, to] = [one.slice(0, 40).toLowerCase().replaceAll(/[_-]/g, ""), other.toLowerCase().replaceAll("-", "")];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      next.push(Math.min(row[j] + (from[i] === to[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[to.length];
}
