// jsdemo: a platform that publishes a JSON list of posts. Written from wit/ alone; nothing here comes from the host.
//
// The document: {"title": text, "next": URL or null, "posts": [{"id", "title", "body", "link", "posted", "likes"}]}.
// The test gives documents of this shape; no such platform exists.

import { line } from "tidegate:plugin/log@0.1.0";

const MAX_REASON = 1024; // bytes of `reject.reason` and `failure.message`, from wit/v0.1/types.wit

const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  additionalProperties: false,
  properties: {
    limit: {
      type: "integer",
      title: "Posts a page",
      description: "How many posts to ask for in one request.",
      default: 20,
      minimum: 1,
      maximum: 100,
    },
    drafts: {
      type: "boolean",
      title: "Drafts too",
      description: "Whether posts marked as drafts are items.",
      default: false,
    },
  },
};

/** Text without lone surrogates and of at most `bytes` bytes of UTF-8, as the contract asks. */
function bounded(text, bytes) {
  const whole = String(text).toWellFormed();
  let size = 0;
  let out = "";
  for (const char of whole) {
    const code = char.codePointAt(0);
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (size > bytes) break;
    out += char;
  }
  return out;
}

/** An absent field is `none`; so is one of another type than the platform documents. */
const text = (value) => (typeof value === "string" && value !== "" ? value.toWellFormed() : undefined);

const failure = (category, message, more = {}) => ({ category, message: bounded(message, MAX_REASON), ...more });

/**
 * The border: what is thrown with `category` is the function's own `failure`; anything else is a bug of this plugin, and
 * its text would be lost with the trap. So it is logged and becomes a failure that names it.
 */
function guarded(name, call) {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      if (error && typeof error.category === "string") throw error;
      const message = `${name}: ${error}`;
      line("error", message);
      throw failure("other", message);
    }
  };
}

/** `https://host/path`, host in lower case, no fragment, no trailing slash; `undefined` if it is nothing like a URL. */
function normalUrl(typed) {
  const match = /^(?:(https?):\/\/)?([^\s/?#@]+)([^\s#]*)(?:#\S*)?$/i.exec(typed.trim());
  if (!match) return undefined;
  const [, scheme = "https", authority, rest] = match;
  if (!/^[a-z0-9.-]+(:\d{1,5})?$/i.test(authority)) return undefined;
  return `${scheme.toLowerCase()}://${authority.toLowerCase()}${rest.replace(/\/+$/, "")}`;
}

function describe() {
  return {
    name: "jsdemo",
    version: "0.1.0",
    description: "Posts of a platform that publishes them as a JSON list.",
    kinds: [
      {
        name: "list",
        description: "A list of posts; the identifier is the URL of its JSON document.",
        overridesSchema: JSON.stringify(SCHEMA),
        examples: [
          { identifier: "https://posts.example/list.json", overrides: "{}", note: "A list with the settings as they come." },
          { identifier: "Posts.Example/list.json", overrides: '{"limit": 50}', note: "Longer pages, scheme left out." },
        ],
        hosts: ["*"],
        methods: ["GET"],
        actors: [],
        deltas: ["newest-id", "cursor"],
        deliveries: false,
      },
    ],
  };
}

function validate(_kind, identifier, _overrides) {
  const url = normalUrl(identifier);
  if (url === undefined) {
    throw [{ pointer: "", message: `not a URL: give the address of the list, such as https://posts.example/list.json` }];
  }
  return { identifier: url };
}

function request(url, etag) {
  const headers = [{ name: "accept", value: "application/json" }];
  if (etag !== undefined) headers.push({ name: "if-none-match", value: etag });
  return { tag: "http", val: { method: "GET", url, headers, want: "text", passStatuses: new Uint16Array() } };
}

/** The cursor keeps the validator of the list's first page: `{"etag": text}`. */
function etagOf(watermark) {
  if (watermark?.cursor === undefined) return undefined;
  try {
    return text(JSON.parse(watermark.cursor).etag);
  } catch {
    line("warn", "the cursor is not one of this plugin's: asking for everything");
    return undefined;
  }
}

function plan(job) {
  const { limit } = JSON.parse(job.overrides);
  const wanted = Math.min(limit ?? 20, job.maxItems);
  const mark = job.identifier.includes("?") ? "&" : "?";
  return { fetch: request(`${job.identifier}${mark}limit=${wanted}`, etagOf(job.watermark)) };
}

function item(post, element) {
  const id = typeof post?.id === "number" ? String(post.id) : text(post?.id);
  if (id === undefined) return { reject: { element, reason: "no id: a post needs \"id\", a text or a number" } };
  return {
    item: {
      element,
      externalId: bounded(id, 1024),
      partial: false,
      kind: "post",
      url: text(post.link),
      authors: text(post.author) === undefined ? [] : [{ handle: text(post.author) }],
      title: text(post.title),
      text: text(post.body),
      publishedAt: text(post.posted),
      media: [],
      metrics: typeof post.likes === "number" ? [{ name: "likes", value: post.likes }] : [],
      references: [],
      tags: Array.isArray(post.tags) ? post.tags.filter((tag) => text(tag) !== undefined).slice(0, 256) : [],
    },
  };
}

const outcome = (status, detail = "") => ({ status, detail });

const emptyBatch = (status) => ({
  items: [],
  removals: [],
  rejects: [],
  fillers: 0,
  outcome: outcome(status),
  warnings: [],
});

function readBody(response) {
  if (response.body.tag !== "text") throw failure("bad-answer", "asked for text, was given bytes");
  let document;
  try {
    document = JSON.parse(response.body.val);
  } catch (error) {
    throw failure("bad-answer", `expected a JSON document, but: ${error.message}`);
  }
  if (!Array.isArray(document?.posts)) throw failure("bad-answer", 'expected an object with the list "posts"');
  return document;
}

function statusAnswer(status) {
  if (status === 304) return emptyBatch("no-new");
  if (status === 410) return emptyBatch("not-found");
  if (status === 404) throw failure("not-found", "the list was not found (404)");
  if (status < 200 || status > 299) throw failure("other", `did not expect status ${status}`);
  return undefined;
}

/** Where the next run starts: the newest id and the validator of the first page, carried through the run by `state`. */
function watermark(job, page, response, items) {
  const etag = response.headers.find((header) => header.name === "etag")?.value;
  const state = page.number === 0 ? { newest: items[0]?.externalId ?? job.watermark?.newestId, etag } : JSON.parse(page.state);
  return {
    state,
    watermark: { newestId: state.newest, cursor: state.etag === undefined ? undefined : JSON.stringify({ etag: state.etag }) },
  };
}

function normalize(job, page) {
  if (page.content.tag !== "http") throw failure("other", `cannot read a page of "${page.content.tag}"`);
  const response = page.content.val;
  const early = statusAnswer(response.status);
  if (early !== undefined) return early;

  const document = readBody(response);
  const { drafts } = JSON.parse(job.overrides);
  const batch = emptyBatch("ok");
  document.posts.forEach((post, element) => {
    if (post?.draft === true && !drafts) {
      batch.fillers += 1;
      return;
    }
    const made = item(post, element);
    if (made.reject) batch.rejects.push(made.reject);
    else batch.items.push(made.item);
  });

  const known = job.watermark?.newestId;
  const reached = known !== undefined && batch.items.some((each) => each.externalId === known);
  const place = watermark(job, page, response, batch.items);
  batch.watermark = place.watermark;
  batch.facts = { displayName: text(document.title), url: job.identifier };
  const next = text(document.next);
  if (next !== undefined && !reached) batch.next = { fetch: request(next), state: JSON.stringify(place.state) };
  line("debug", `${batch.items.length} posts on page ${page.number}`);
  return batch;
}

export const source = {
  describe,
  validate,
  plan: guarded("plan", plan),
  normalize: guarded("normalize", normalize),
};
