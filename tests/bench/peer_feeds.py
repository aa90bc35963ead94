#!/usr/bin/env python3
"""The script one would write by hand: feedparser and sqlite3 with their defaults, one feed after the other.

    peer_feeds.py DB URLFILE

One pass over the URLs of URLFILE (one a line): fetch with ETag and Last-Modified, parse, keep what is new by id. Prints
{"wall_s", "items", "feeds", "new"}: items seen and feeds parsed in this pass (a 304 is neither), items that were new.
The measure that `bench_feeds` compares tidegate with; it is to be fair to Python, so keep it plain.
"""

import json
import sqlite3
import sys
import time
import urllib.error
import urllib.request

import feedparser

SCHEMA = """
CREATE TABLE IF NOT EXISTS feed (url TEXT PRIMARY KEY, etag TEXT, modified TEXT);
CREATE TABLE IF NOT EXISTS item (
    feed TEXT NOT NULL, id TEXT NOT NULL, title TEXT, link TEXT, published TEXT, content TEXT,
    PRIMARY KEY (feed, id)
);
"""


def fetch(url, etag, modified):
    """Body, ETag and Last-Modified; None where the server says that nothing is new."""
    request = urllib.request.Request(url, headers={"User-Agent": "peer_feeds.py"})
    if etag:
        request.add_header("If-None-Match", etag)
    if modified:
        request.add_header("If-Modified-Since", modified)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read(), response.headers.get("ETag"), response.headers.get("Last-Modified")
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return None
        raise


def content_of(entry):
    contents = entry.get("content")
    return contents[0].value if contents else entry.get("summary")


def one_feed(db, url):
    """Items seen and new; None for a 304."""
    known = db.execute("SELECT etag, modified FROM feed WHERE url = ?", (url,)).fetchone()
    answer = fetch(url, *(known or (None, None)))
    if answer is None:
        return None
    body, etag, modified = answer
    parsed = feedparser.parse(body)
    new = 0
    # One transaction a feed: its items and its validators are stored together or not at all.
    with db:
        for entry in parsed.entries:
            row = (url, entry.get("id") or entry.get("link"), entry.get("title"), entry.get("link"),
                   entry.get("published"), content_of(entry))
            new += db.execute("INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?, ?, ?)", row).rowcount
        db.execute("INSERT OR REPLACE INTO feed VALUES (?, ?, ?)", (url, etag, modified))
    return len(parsed.entries), new


def main():
    path, urlfile = sys.argv[1:3]
    with open(urlfile, encoding="utf-8") as file:
        urls = [line.strip() for line in file if line.strip()]
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    begun = time.perf_counter()
    feeds = items = new = 0
    for url in urls:
        result = one_feed(db, url)
        if result:
            feeds += 1
            items += result[0]
            new += result[1]
    wall = time.perf_counter() - begun
    db.close()
    print(json.dumps({"wall_s": round(wall, 4), "items": items, "feeds": feeds, "new": new}))


if __name__ == "__main__":
    main()
