//! What a daemon cannot take over while it works.
//!
//! Owns: the list of such keys. Must not know: how a reload goes. Called by `cli`.

use super::Config;

impl Config {
    /// Keys whose value is another one in `other` and is looked at when a daemon starts, never after: where its database and
    /// plugins are, how its sockets are made, how its log is written.
    #[must_use]
    pub fn needs_restart(&self, other: &Self) -> Vec<&'static str> {
        let changed = [
            ("store.path", self.store.path != other.store.path),
            ("store.url", self.store.url != other.store.url),
            ("store.connections", self.store.connections != other.store.connections),
            ("plugins.dir", self.plugins.dir != other.plugins.dir),
            ("plugins.cache_dir", self.plugins.cache_dir != other.plugins.cache_dir),
            ("plugins.wasi", self.plugins.wasi != other.plugins.wasi),
            ("plugins.watch", self.plugins.watch != other.plugins.watch),
            ("net.host_concurrency", self.net.host_concurrency != other.net.host_concurrency),
            ("net.requests_per_minute", self.net.requests_per_minute != other.net.requests_per_minute),
            ("net.requests_per_hour", self.net.requests_per_hour != other.net.requests_per_hour),
            ("net.hosts", self.net.hosts != other.net.hosts),
            ("net.contact", self.net.contact != other.net.contact),
            ("log.format", self.log.format != other.log.format),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Every key is either taken over or named: a section that gets a key has to say which.
    #[test]
    fn what_cannot_be_taken_over_is_named() {
        let table = [
            ("[store]\npath = \"other.db\"", vec!["store.path"]),
            ("[store]\nurl = \"postgres://a@b/c\"", vec!["store.url"]),
            ("[store]\nconnections = 5", vec!["store.connections"]),
            (
                "[plugins]\ndir = \"p\"\ncache_dir = \"c\"\nwasi = \"refuse\"\nwatch = \"off\"",
                vec!["plugins.dir", "plugins.cache_dir", "plugins.wasi", "plugins.watch"],
            ),
            ("[net]\nhost_concurrency = 5\ncontact = \"a@b\"", vec!["net.host_concurrency", "net.contact"]),
            (
                "[net]\nrequests_per_minute = 5\nrequests_per_hour = 6\n[net.hosts.\"a.example\"]\nconcurrency = 1",
                vec!["net.requests_per_minute", "net.requests_per_hour", "net.hosts"],
            ),
            ("[platforms.rss]\nruns_per_minute = 5", vec![]),
            ("[log]\nformat = \"json\"\nlevel = \"debug\"", vec!["log.format"]),
            ("[budget]\nruns_per_day = 1\nusd_per_day = 1\nusd_per_month = 1", vec![]),
            ("[scheduler]\nruns_at_once = 1\nwatch = \"1s\"\nactive_within = \"2h\"\ncatch_up_window = \"1m\"", vec![]),
            ("[profiles]\ndir = \"others\"\nwatch = \"poll\"", vec![]),
            ("[http]\nlisten = \"127.0.0.1:1\"", vec![]),
            ("[alerts]\nremind = \"1h\"\n[alerts.webhook.ops]\nenv = \"A\"", vec![]),
            ("timezone = \"Europe/Berlin\"", vec![]),
            ("[tenants.acme]\ntimezone = \"Europe/Berlin\"\n[tenants.acme.budget]\nruns_per_day = 1", vec![]),
            ("[credentials.apify]\nenv = \"A\"", vec![]),
        ];
        let before = Config::default();
        let mut sections: Vec<String> = Vec::new();
        for (text, expected) in table {
            let after: Config = toml::from_str(text).unwrap();
            assert_ne!(after, before, "{text}");
            assert_eq!(before.needs_restart(&after), expected, "{text}");
            assert_eq!(after.needs_restart(&after), Vec::<&str>::new());
            let table: toml::Table = text.parse().unwrap();
            sections.extend(table.keys().cloned());
        }
        let whole = toml::Table::try_from(&before).unwrap();
        let unsaid: Vec<_> = whole.keys().filter(|section| !sections.contains(section)).collect();
        assert_eq!(unsaid, Vec::<&String>::new());
    }
}
