-- Alerts: what people were told and is not over. Times are milliseconds since 1970 in UTC.

CREATE TABLE alert (
    key       TEXT    NOT NULL PRIMARY KEY, -- KIND/WHAT: source-paused/SOURCE, gate-closed/credential/NAME, ...
    severity  TEXT    NOT NULL,             -- info, warning, critical
    title     TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    remedy    TEXT,
    about     TEXT    NOT NULL,             -- JSON object: source, identifier, tenant, platform, profile, class
    opened_at INTEGER NOT NULL,
    told_at   INTEGER NOT NULL,             -- last
    seen_at   INTEGER NOT NULL,             -- last sight of its cause
    count     INTEGER NOT NULL              -- sights of its cause
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_opened ON alert (opened_at, key);

-- What makes an alert together: the last ones of each.
CREATE TABLE alert_hit (
    key  TEXT    NOT NULL,
    what TEXT    NOT NULL,                  -- tells them apart
    at   INTEGER NOT NULL,
    PRIMARY KEY (key, what)
) STRICT, WITHOUT ROWID;
