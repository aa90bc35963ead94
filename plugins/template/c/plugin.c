// A list of articles from a JSON API.
//
// `GET {identifier}?limit=N` answers {"articles": [{"id", "title", "url", "body", "author", "published"}], "next": TOKEN or null},
// newest first; `&after=TOKEN` gives the next page. Replace the shapes below by those of your platform. The four functions are
// pure: no clock, no network, no memory between calls; what they must promise is written in wit/v0.1.

#include <string.h>

#include "border.h"
#include "json.h"

typedef exports_tidegate_plugin_source_job_t job_t;
typedef exports_tidegate_plugin_source_page_t page_t;
typedef exports_tidegate_plugin_source_step_t step_t;
typedef exports_tidegate_plugin_source_batch_t batch_t;
typedef exports_tidegate_plugin_source_failure_t failure_t;
typedef tidegate_plugin_types_item_t item_t;
typedef tidegate_plugin_types_reject_t reject_t;

// The overrides a source may set, as JSON Schema. Forms and error messages are made from it.
static const char SCHEMA[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{\"page_size\":{\"title\":\"Page size\",\"description\":\"How many articles to ask for at once.\","
    "\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20}}}";

void exports_tidegate_plugin_source_describe(exports_tidegate_plugin_source_manifest_t *ret) {
  tidegate_plugin_types_kind_t *kind = must_alloc(sizeof *kind);
  kind->name = text("articles");
  kind->description = text("Articles of a JSON API. The identifier is the URL of the list.");
  kind->overrides_schema = text(SCHEMA);
  kind->examples.ptr = must_alloc(sizeof *kind->examples.ptr);
  kind->examples.len = 1;
  kind->examples.ptr[0].identifier = text("https://api.example.com/articles");
  kind->examples.ptr[0].overrides = text("{\"page_size\":50}");
  kind->examples.ptr[0].note = text("fifty articles a page");
  // Name your platform's hosts here; "*" is for identifiers that name the host themselves.
  kind->hosts = list_of_one("*");
  kind->methods = list_of_one("GET");
  kind->deltas = list_of_one("newest-id");

  memset(ret, 0, sizeof *ret);
  ret->name = text("template");
  ret->version = text("0.1.0");
  ret->description = text("Articles of a JSON API.");
  ret->kinds.ptr = kind;
  ret->kinds.len = 1;
}

// Scheme and host in lower case, no slash at the end, no query and no fragment; false if it is no such URL.
static bool normal_url(plugin_string_t typed, plugin_string_t *normal) {
  while (typed.len > 0 && *typed.ptr <= ' ') typed.ptr++, typed.len--;
  while (typed.len > 0 && typed.ptr[typed.len - 1] <= ' ') typed.len--;
  plugin_string_t url = copy(typed);
  for (size_t i = 0; i < url.len; i++) {
    if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || url.ptr[i] == '?' || url.ptr[i] == '#') return false;
  }
  size_t at = 0, host;
  for (; at < url.len && url.ptr[at] != ':'; at++) url.ptr[at] = lower(url.ptr[at]);
  plugin_string_t scheme = {url.ptr, at};
  if (!same(scheme, "http") && !same(scheme, "https")) return false;
  if (url.len < at + 3 || memcmp(url.ptr + at, "://", 3) != 0) return false;
  for (host = at += 3; at < url.len && url.ptr[at] != '/'; at++) {
    if (url.ptr[at] == '@') return false;
    url.ptr[at] = lower(url.ptr[at]);
  }
  if (at == host) return false;
  while (url.len > at && url.ptr[url.len - 1] == '/') url.len--;
  *normal = url;
  return true;
}

// Two spellings of one list give one text.
bool exports_tidegate_plugin_source_validate(plugin_string_t *kind, plugin_string_t *identifier, plugin_string_t *overrides,
                                             exports_tidegate_plugin_source_valid_t *ret,
                                             exports_tidegate_plugin_source_list_problem_t *err) {
  (void)kind, (void)overrides;
  memset(ret, 0, sizeof *ret);
  if (normal_url(*identifier, &ret->identifier)) return true;
  err->ptr = must_alloc(sizeof *err->ptr);
  err->len = 1;
  err->ptr[0].pointer = text("");
  err->ptr[0].message = text("give the URL of the list, like \"https://api.example.com/articles\"");
  return false;
}

// The first page, or the one behind `after`.
static step_t request(const job_t *job, plugin_string_t after) {
  const json *page_size = json_member(json_read(job->overrides), "page_size");
  uint32_t limit = page_size != NULL && page_size->kind == JSON_NUMBER ? (uint32_t)page_size->number : 20;
  // Ask for no more than this run may store.
  if (limit > job->max_items) limit = job->max_items;

  step_t step = {0};
  step.fetch.tag = TIDEGATE_PLUGIN_TYPES_FETCH_HTTP;
  tidegate_plugin_types_http_request_t *get = &step.fetch.val.http;
  get->method = text("GET");
  get->url = JOIN(job->identifier, text("?limit="), decimal(limit));
  if (after.ptr != NULL) get->url = JOIN(get->url, text("&after="), percent_encoded(after));
  get->headers.ptr = must_alloc(sizeof *get->headers.ptr);
  get->headers.len = 1;
  get->headers.ptr[0].name = text("accept");
  get->headers.ptr[0].value = text("application/json");
  get->want = TIDEGATE_PLUGIN_TYPES_BODY_FORM_TEXT;
  return step;
}

bool exports_tidegate_plugin_source_plan(job_t *job, step_t *ret, failure_t *err) {
  (void)err;
  *ret = request(job, (plugin_string_t){0});
  return true;
}

static bool fail(failure_t *err, tidegate_plugin_types_failure_category_t category, plugin_string_t message) {
  memset(err, 0, sizeof *err);
  err->category = category;
  err->message = message;
  return false;
}

// What a status without content means.
static bool fail_by(failure_t *err, uint16_t status) {
  static const struct {
    uint16_t from, to;
    tidegate_plugin_types_failure_category_t category;
    const char *meaning;
  } MEANINGS[] = {
      {401, 401, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_AUTH, "it wants credentials: name some for this host in the profile"},
      {403, 403, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_BLOCKED, "the server refuses this client"},
      {404, 404, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_NOT_FOUND, "there is nothing at this URL: check the URL of the source"},
      {429, 429, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_RATE_LIMITED, "the server asks to slow down"},
      {500, 599, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_TRANSIENT, "the server cannot answer now"},
      {0, 999, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_BAD_ANSWER, "the server does not accept the request"},
  };
  size_t at = 0;
  while (status < MEANINGS[at].from || status > MEANINGS[at].to) at++;
  plugin_string_t meaning = text(MEANINGS[at].meaning);
  return fail(err, MEANINGS[at].category,
              JOIN(text("asked for the list of articles, got status "), decimal(status), text(": "), meaning));
}

// Why an element cannot be an item; NULL if it can. One bad element never spoils its page.
static const char *why_not(const json *article) {
  static const struct { const char *name, *wrong; } TEXTS[] = {
      {"id", "\"id\" is not a text"},     {"title", "\"title\" is not a text"},   {"url", "\"url\" is not a text"},
      {"body", "\"body\" is not a text"}, {"author", "\"author\" is not a text"}, {"published", "\"published\" is not a text"},
  };
  if (article->kind != JSON_OBJECT) return "an article is an object";
  const json *id = json_member(article, "id");
  if (id == NULL || id->kind == JSON_NULL || (id->kind == JSON_TEXT && id->text.len == 0)) return "\"id\" is missing";
  for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
    const json *member = json_member(article, TEXTS[i].name);
    if (member != NULL && member->kind != JSON_TEXT && member->kind != JSON_NULL) return TEXTS[i].wrong;
  }
  return NULL;
}

// The text of a member; one without a pointer if there is none.
static plugin_string_t text_of(const json *article, const char *name) {
  const json *member = json_member(article, name);
  return member != NULL && member->kind == JSON_TEXT ? member->text : (plugin_string_t){0};
}

static item_t item(uint32_t element, const json *article) {
  item_t item = {0};
  item.element = element;
  item.external_id = copy(text_of(article, "id"));
  item.kind = text("article");
  item.url = some(text_of(article, "url"));
  item.title = some(text_of(article, "title"));
  item.text = some(text_of(article, "body"));
  item.published_at = some(text_of(article, "published"));
  plugin_string_t author = text_of(article, "author");
  if (author.ptr != NULL) {
    item.authors.ptr = must_alloc(sizeof *item.authors.ptr);
    item.authors.len = 1;
    item.authors.ptr[0].name = some(author);
  }
  return item;
}

// Items and rejects of a list, each in the order of the list.
static void sort_out(const json *articles, batch_t *batch) {
  uint32_t count = 0, element = 0;
  for (const json *one = articles->first; one != NULL; one = one->next) count++;
  batch->items.ptr = must_alloc(count * sizeof(item_t));
  batch->rejects.ptr = must_alloc(count * sizeof(reject_t));
  for (const json *one = articles->first; one != NULL; one = one->next, element++) {
    const char *reason = why_not(one);
    if (reason == NULL) {
      batch->items.ptr[batch->items.len++] = item(element, one);
    } else {
      reject_t *reject = &batch->rejects.ptr[batch->rejects.len++];
      reject->element = element;
      reject->reason = text(reason);
    }
  }
}

bool exports_tidegate_plugin_source_normalize(job_t *job, page_t *page, batch_t *ret, failure_t *err) {
  if (page->content.tag != TIDEGATE_PLUGIN_TYPES_PAGE_CONTENT_HTTP) {
    return fail(err, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_OTHER, text("expected an answer over HTTP"));
  }
  const tidegate_plugin_types_http_response_t *response = &page->content.val.http;
  memset(ret, 0, sizeof *ret);
  if (response->status == 410) {
    // Gone for good: the source is over, where a 404 may pass.
    ret->outcome.status = TIDEGATE_PLUGIN_TYPES_OUTCOME_STATUS_NOT_FOUND;
    ret->outcome.detail = text("the list is gone for good (status 410)");
    return true;
  }
  if (response->status < 200 || response->status > 299) return fail_by(err, response->status);
  // Asked for as text; bytes would be laid out the same.
  const json *answer = json_read(response->body.val.text);
  const json *articles = json_member(answer, "articles");
  if (articles == NULL || articles->kind != JSON_LIST) {
    return fail(err, TIDEGATE_PLUGIN_TYPES_FAILURE_CATEGORY_BAD_ANSWER,
                text("expected JSON: an object with the list \"articles\""));
  }
  ret->outcome.status = TIDEGATE_PLUGIN_TYPES_OUTCOME_STATUS_OK;
  ret->outcome.detail = text("");
  sort_out(articles, ret);

  // The newest article stands on the first page: its id goes along as `state`, and is where the next run may stop.
  plugin_string_t known = {0};
  if (job->watermark.is_some && job->watermark.val.newest_id.is_some) known = job->watermark.val.newest_id.val;
  plugin_string_t newest = page->state.is_some ? page->state.val : ret->items.len > 0 ? ret->items.ptr[0].external_id : known;
  if (newest.ptr != NULL) {
    ret->watermark.is_some = true;
    ret->watermark.val.newest_id = some(newest);
  }
  bool reached = false;
  for (size_t i = 0; i < ret->items.len; i++) reached |= known.ptr != NULL && equal(ret->items.ptr[i].external_id, known);
  plugin_string_t token = text_of(answer, "next");
  if (token.len > 0 && ret->items.len > 0 && !reached) {
    ret->next.is_some = true;
    ret->next.val = request(job, token);
    ret->next.val.state = some(newest);
  }
  return true;
}
