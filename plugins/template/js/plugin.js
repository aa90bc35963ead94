// A list of articles from a JSON API.
//
// `GET {identifier}?limit=N` answers {"articles": [{"id", "title", "url", "body", "author", "published"}], "next": TOKEN or null},
// newest first; `&after=TOKEN` gives the next page. Replace the shapes below by those of your platform. The four functions are
// pure: no clock, no network, no memory between calls; what they must promise is written in wit/v0.1.

import { guarded } from "./guarded.js";

/** The overrides a source may set, as JSON Schema. Forms and error messages are made from it. */
const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  additionalProperties: false,
  properties: {
    page_size: {
      title: "Page size",
      description: "How many articles to ask for at once.",
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 20,
    },
  },
};

function describe() {
  return {
    name: "template",
    version: "0.1.0",
    description: "Articles of a JSON API.",
    kinds: [
      {
        name: "articles",
        description: "Articles of a JSON API. The identifier is the URL of the list.",
        overridesSchema: JSON.stringify(SCHEMA),
        examples: [
          { identifier: "https://api.example.com/articles", overrides: '{"page_size":50}', note: "fifty articles a page" },
        ],
        // Name your platform's hosts here; "*" is for identifiers that name the host themselves.
        hosts: ["*"],
        methods: ["GET"],
        actors: [],
        deltas: ["newest-id"],
        deliveries: false,
      },
    ],
  };
}

/** Two spellings of one list give one text: scheme and host in lower case, no slash at the end. No query and no fragment. */
function validate(_kind, identifier, _overrides) {
  const url = identifier.trim();
  const match = /^(https?):\/\/([^/?#@]+)(\/[^?#]*)?$/i.exec(url);
  if (match === null || !/^[!-~]+$/.test(url)) {
    throw [{ pointer: "", message: 'give the URL of the list, like "https://api.example.com/articles"' }];
  }
  const [, scheme, host, path = ""] = match;
  return { identifier: `${scheme.toLowerCase()}://${host.toLowerCase()}${path.replace(/\/+$/, "")}` };
}

/** The first page, or the one behind `after`. */
function request(job, after) {
  const { page_size = 20 } = JSON.parse(job.overrides || "{}");
  // Ask for no more than this run may store.
  const limit = Math.min(page_size, job.maxItems);
  const token = after === undefined ? "" : `&after=${percentEncoded(after)}`;
  return {
    tag: "http",
    val: {
      method: "GET",
      url: `${job.identifier}?limit=${limit}${token}`,
      headers: [{ name: "accept", value: "application/json" }],
      want: "text",
      passStatuses: new Uint16Array(),
    },
  };
}

/** As in a query: what RFC 3986 calls unreserved stays. */
const percentEncoded = (token) =>
  encodeURIComponent(token.toWellFormed()).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

function plan(job) {
  return { fetch: request(job) };
}

function normalize(job, page) {
  if (page.content.tag !== "http") throw { category: "other", message: "expected an answer over HTTP" };
  const response = page.content.val;
  // Gone for good: the source is over, where a 404 may pass.
  if (response.status === 410) return batch({ status: "not-found", detail: "the list is gone for good (status 410)" });
  if (response.status < 200 || response.status > 299) throw failureOf(response.status);

  const answer = read(response.body);
  const items = [];
  const rejects = [];
  answer.articles.forEach((article, element) => {
    const reason = whyNot(article);
    if (reason === undefined) items.push(item(article, element));
    else rejects.push({ element, reason });
  });

  // The newest article stands on the first page: its id goes along as `state`, and is where the next run may stop.
  const known = job.watermark?.newestId;
  const newest = page.state ?? items[0]?.externalId ?? known;
  const reached = items.some((item) => item.externalId === known);
  const more = typeof answer.next === "string" && answer.next !== "" && items.length > 0 && !reached;
  return {
    ...batch({ status: "ok", detail: "" }),
    items,
    rejects,
    watermark: newest === undefined ? undefined : { newestId: newest },
    next: more ? { fetch: request(job, answer.next), state: newest } : undefined,
  };
}

/** One that holds nothing yet. */
const batch = (outcome) => ({ items: [], removals: [], rejects: [], fillers: 0, outcome, warnings: [] });

/** The document, or a failure: nothing of the page is usable then. */
function read(body) {
  const wrong = { category: "bad-answer", message: 'expected JSON: an object with the list "articles"' };
  let answer;
  try {
    answer = JSON.parse(body.val);
  } catch {
    throw wrong;
  }
  if (!Array.isArray(answer?.articles)) throw wrong;
  return answer;
}

const TEXTS = ["id", "title", "url", "body", "author", "published"];

/** Why an element cannot be an item. One bad element never spoils its page. */
function whyNot(article) {
  if (typeof article !== "object" || article === null || Array.isArray(article)) return "an article is an object";
  if ((article.id ?? "") === "") return '"id" is missing';
  const odd = TEXTS.find((name) => typeof (article[name] ?? "") !== "string");
  return odd === undefined ? undefined : `"${odd}" is not a text`;
}

function item(article, element) {
  const text = (name) => article[name]?.toWellFormed();
  return {
    element,
    externalId: text("id"),
    partial: false,
    kind: "article",
    url: text("url"),
    authors: text("author") === undefined ? [] : [{ name: text("author") }],
    title: text("title"),
    text: text("body"),
    publishedAt: text("published"),
    media: [],
    metrics: [],
    references: [],
    tags: [],
  };
}

/** What a status without content means. */
function failureOf(status) {
  const [category, meaning] =
    status === 401 ? ["auth", "it wants credentials: name some for this host in the profile"]
    : status === 403 ? ["blocked", "the server refuses this client"]
    : status === 404 ? ["not-found", "there is nothing at this URL: check the URL of the source"]
    : status === 429 ? ["rate-limited", "the server asks to slow down"]
    : status >= 500 ? ["transient", "the server cannot answer now"]
    : ["bad-answer", "the server does not accept the request"];
  return { category, message: `asked for the list of articles, got status ${status}: ${meaning}` };
}

export const source = guarded({ describe, validate, plan, normalize });
