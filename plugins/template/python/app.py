"""A list of articles from a JSON API.

`GET {identifier}?limit=N` answers {"articles": [{"id", "title", "url", "body", "author", "published"}], "next": TOKEN or null},
newest first; `&after=TOKEN` gives the next page. Replace the shapes below by those of your platform. The four functions are pure:
no clock, no network, no memory between calls; what they must promise is written in wit/v0.1.
"""

import json
import re
from urllib.parse import quote

from wit_world import exports
from wit_world.imports import types as wit

from contract import failure, guarded, record, refused, whole

# The overrides a source may set, as JSON Schema. Forms and error messages are made from it.
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "page_size": {
            "title": "Page size",
            "description": "How many articles to ask for at once.",
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 20,
        }
    },
}

EXAMPLE = wit.Example(
    identifier="https://api.example.com/articles", overrides='{"page_size":50}', note="fifty articles a page"
)


class Source(exports.Source):
    """The plugin. The name of this class is the interface's, and has to stay."""

    @guarded
    def describe(self) -> wit.Manifest:
        articles = record(
            wit.Kind,
            name="articles",
            description="Articles of a JSON API. The identifier is the URL of the list.",
            overrides_schema=json.dumps(SCHEMA),
            examples=[EXAMPLE],
            # Name your platform's hosts here; "*" is for identifiers that name the host themselves.
            hosts=["*"],
            methods=["GET"],
            deltas=["newest-id"],
            deliveries=False,
        )
        return record(
            wit.Manifest, name="template", version="0.1.0", description="Articles of a JSON API.", kinds=[articles]
        )

    @guarded
    def validate(self, kind: str, identifier: str, overrides: str) -> wit.Valid:
        """Two spellings of one list give one text: scheme and host in lower case, no slash at the end, no query."""
        url = re.fullmatch(r"(https?)://([^/?#@]+)(/[^?#]*)?", identifier.strip(), re.IGNORECASE)
        if url is None or re.search(r"[^!-~]", url[0]):
            raise refused("", 'give the URL of the list, like "https://api.example.com/articles"')
        normal = f"{url[1].lower()}://{url[2].lower()}{(url[3] or '').rstrip('/')}"
        return record(wit.Valid, identifier=normal)

    @guarded
    def plan(self, job: wit.Job) -> wit.Step:
        return request(job)

    @guarded
    def normalize(self, job: wit.Job, page: wit.Page) -> wit.Batch:
        if not isinstance(page.content, wit.PageContent_Http):
            raise failure("other", "expected an answer over HTTP")
        response = page.content.value
        if response.status == 410:
            # Gone for good: the source is over, where a 404 may pass.
            return batch(wit.OutcomeStatus.NOT_FOUND, "the list is gone for good (status 410)")
        if not 200 <= response.status <= 299:
            raise meaning_of(response.status)
        articles, token = read(response.body)
        items, rejects = [], []
        for element, article in enumerate(articles):
            reason = why_not(article)
            if reason is None:
                items.append(item(element, article))
            else:
                rejects.append(record(wit.Reject, element=element, reason=reason))

        # The newest article stands on the first page: its id goes along as `state`, and is where the next run may stop.
        known = job.watermark.newest_id if job.watermark else None
        first = items[0].external_id if items else known
        newest = page.state if page.state is not None else first
        reached = any(item.external_id == known for item in items)
        more = isinstance(token, str) and token != "" and items and not reached
        return batch(
            wit.OutcomeStatus.OK,
            items=items,
            rejects=rejects,
            watermark=record(wit.Watermark, newest_id=newest) if newest is not None else None,
            next=request(job, token, newest) if more else None,
        )


def batch(status: wit.OutcomeStatus, detail: str = "", **known) -> wit.Batch:
    return record(wit.Batch, fillers=0, outcome=record(wit.Outcome, status=status, detail=detail), **known)


def request(job: wit.Job, after: str | None = None, state: str | None = None) -> wit.Step:
    """The first page, or the one behind `after`."""
    page_size = json.loads(job.overrides or "{}").get("page_size", 20)
    # Ask for no more than this run may store.
    url = f"{job.identifier}?limit={min(page_size, job.max_items)}"
    if after is not None:
        url += f"&after={quote(whole(after), safe='')}"
    headers = [wit.Header("accept", "application/json")]
    get = record(wit.HttpRequest, method="GET", url=url, headers=headers, want=wit.BodyForm.TEXT)
    return record(wit.Step, fetch=wit.Fetch_Http(get), state=state)


def read(body: wit.Body) -> tuple[list, object]:
    """The list and the token of the next page, or a failure: nothing of the page is usable then."""
    try:
        answer = json.loads(body.value)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("articles"), list):
        raise failure("bad-answer", 'expected JSON: an object with the list "articles"')
    return answer["articles"], answer.get("next")


TEXTS = ("id", "title", "url", "body", "author", "published")


def why_not(article: object) -> str | None:
    """Why an element cannot be an item. One bad element never spoils its page."""
    if not isinstance(article, dict):
        return "an article is an object"
    if article.get("id") in (None, ""):
        return '"id" is missing'
    odd = [name for name in TEXTS if not isinstance(article.get(name), str | None)]
    return f'"{odd[0]}" is not a text' if odd else None


def item(element: int, article: dict) -> wit.Item:
    text = {name: whole(value) for name, value in article.items() if isinstance(value, str)}
    author = text.get("author")
    return record(
        wit.Item,
        element=element,
        external_id=text["id"],
        partial=False,
        kind="article",
        url=text.get("url"),
        authors=[record(wit.Author, name=author)] if author is not None else [],
        title=text.get("title"),
        text=text.get("body"),
        published_at=text.get("published"),
    )


MEANINGS = {
    401: ("auth", "it wants credentials: name some for this host in the profile"),
    403: ("blocked", "the server refuses this client"),
    404: ("not-found", "there is nothing at this URL: check the URL of the source"),
    429: ("rate-limited", "the server asks to slow down"),
}
BUSY = ("transient", "the server cannot answer now")


def meaning_of(status: int) -> Exception:
    """What a status without content means."""
    refused = ("bad-answer", "the server does not accept the request")
    category, meaning = MEANINGS.get(status, BUSY if status >= 500 else refused)
    return failure(category, f"asked for the list of articles, got status {status}: {meaning}")
