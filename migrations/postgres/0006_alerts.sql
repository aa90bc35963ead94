-- Alerts: what people were told and is not over.

CREATE TABLE alert (
    key       text COLLATE "C" NOT NULL PRIMARY KEY, -- KIND/WHAT: source-paused/SOURCE, gate-closed/credential/NAME, ...
    severity  text    NOT NULL,             -- info, warning, critical
    title     text    NOT NULL,
    text      text    NOT NULL,
    remedy    text,
    about     text    NOT NULL,             -- JSON object: source, identifier, tenant, platform, profile, class
    opened_at bigint NOT NULL,
    told_at   bigint NOT NULL,             -- last
    seen_at   bigint NOT NULL,             -- last sight of its cause
    count     bigint NOT NULL              -- sights of its cause
);
CREATE INDEX alert_opened ON alert (opened_at, key);

-- What makes an alert together: the last ones of each.
CREATE TABLE alert_hit (
    key  text COLLATE "C" NOT NULL,
    what text COLLATE "C" NOT NULL,                  -- tells them apart
    at   bigint NOT NULL,
    PRIMARY KEY (key, what)
);
