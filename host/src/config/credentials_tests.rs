//! Where values are found, what is refused, and that none is ever shown.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use super::*;
use crate::config::{Environment, FILE_NAME};

const CANARY: &str = "apify_api_C4n4ry";

struct Around(BTreeMap<&'static str, String>);

impl Surroundings for Around {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

fn around(variables: &[(&'static str, &str)]) -> Around {
    Around(variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

fn config(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE_NAME), text).unwrap();
    Config::load(dir.path(), None, &Environment::new())
}

fn apify() -> CredentialName {
    "apify".parse().unwrap()
}

fn write(path: &Path, text: &[u8], mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_value_is_found_where_the_configuration_says() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("token"), b"apify_api_C4n4ry\n", 0o600);
    let around = around(&[
        ("APIFY_TOKEN", CANARY),
        ("OTHER", CANARY),
        ("TIDEGATE_CREDENTIAL_SECOND_ONE", CANARY),
        ("CREDENTIALS_DIRECTORY", dir.path().to_str().unwrap()),
    ]);
    for (text, name, from) in [
        ("", "apify", "the environment variable APIFY_TOKEN"),
        ("[credentials.apify]\nenv = \"OTHER\"\n", "apify", "the environment variable OTHER"),
        ("[credentials.apify]\nfile = \"token\"\n", "apify", "the file token"),
        ("[credentials.apify]\nsystemd = \"token\"\n", "apify", "the systemd credential token"),
        ("[credentials.apify]\nruns_at_once = 5\n", "apify", "the environment variable APIFY_TOKEN"),
        ("", "second-one", "the environment variable TIDEGATE_CREDENTIAL_SECOND_ONE"),
    ] {
        let name: CredentialName = name.parse().unwrap();
        let held = Credentials::load(&config(text).unwrap(), dir.path(), [name.clone()], &around);
        let usable = held.usable();
        assert!(usable[0].value == Secret::new(CANARY), "{text}");
        assert_eq!((&usable[0].name, usable[0].origin.to_string().as_str()), (&name, DEFAULT_ORIGIN));
        let state = held.states().remove(0);
        assert_eq!((state.from.as_str(), state.there, &state.warning), (from, true, &None), "{text}");
        for printed in [format!("{held:?}"), format!("{usable:?}"), serde_json::to_string(&state).unwrap()] {
            assert!(!printed.contains("C4n4ry"), "{printed}");
        }
    }
}

#[test]
fn what_is_absent_or_no_token_is_told_without_its_content() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("long"), &[b'a'; 5_000], 0o600);
    write(&dir.path().join("empty"), b"\n", 0o600);
    write(&dir.path().join("two"), b"C4n4ry one\nC4n4ry two\n", 0o600);
    write(&dir.path().join("binary"), b"C4n4ry\xff\xfe", 0o600);
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    let file = |name: &str| format!("[credentials.apify]\nfile = \"{name}\"\n");
    let table = [
        (String::new(), "APIFY_TOKEN is not set", "[credentials.apify]"),
        (file("none"), "cannot be read", "let the daemon's user read it"),
        (file("folder"), "it is not a file", "let the daemon's user read it"),
        (file("long"), "more than 4096 bytes", "on one line"),
        (file("empty"), "is empty", "on one line"),
        (file("two"), "line breaks", "on one line"),
        (file("binary"), "characters no token has", "on one line"),
        ("[credentials.apify]\nsystemd = \"x\"\n".to_owned(), "CREDENTIALS_DIRECTORY is not set", "LoadCredential="),
    ];
    for (text, problem, hint) in table {
        let held = Credentials::load(&config(&text).unwrap(), dir.path(), [apify()], &around(&[]));
        let state = held.states().remove(0);
        assert!(!state.there && held.usable().is_empty(), "{text}");
        assert!(state.problem.clone().unwrap().contains(problem), "{text}: {state:?}");
        assert!(state.hint.clone().unwrap().contains(hint), "{text}: {state:?}");
        assert!(!format!("{state:?}").contains("C4n4ry"), "{state:?}");
    }
}

#[test]
fn a_file_that_everybody_may_read_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("token"), CANARY.as_bytes(), 0o644);
    let held =
        Credentials::load(&config("[credentials.apify]\nfile = \"token\"\n").unwrap(), dir.path(), [], &around(&[]));
    let state = held.states().remove(0);
    assert!(state.there && state.warning.unwrap().contains("chmod o-r"));
}

#[test]
fn a_reload_picks_up_what_was_rotated_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    write(&path, b"first-token\n", 0o600);
    let text = "[credentials.apify]\nfile = \"token\"\n[credentials.other]\nenv = \"OTHER\"\n";
    let around = around(&[("OTHER", "other-token")]);
    let held = Credentials::load(&config(text).unwrap(), dir.path(), [], &around);
    assert!(held.reload(&around).is_empty());
    write(&path, b"second-token\n", 0o600);
    assert_eq!(held.reload(&around), [apify()].into());
    assert!(held.usable()[0].value == Secret::new("second-token"));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(held.reload(&around), [apify()].into());
    assert_eq!(held.usable().len(), 1);
}

#[test]
fn an_entry_that_is_wrong_is_told_and_a_token_in_it_is_not_repeated() {
    let table = [
        ("[credentials.apify]\ntoken = \"apify_api_C4n4ry\"\n", "unknown field `token`"),
        ("[credentials]\napify = \"apify_api_C4n4ry\"\n", "a value of another kind"),
        ("credentials = \"apify_api_C4n4ry\"\n", "a value of another kind"),
        ("[credentials.apify]\nenv = \"apify_api_C4n4ry\"\n", "the name of an environment variable"),
        ("[credentials.apify]\nenv = [\"apify_api_C4n4ry\"]\n", "a value of another kind"),
        ("[credentials.apify]\nfile = \"apify_api_C4n4ry\"\n", "the path of a file"),
        ("[credentials.apify]\nsystemd = \"apify_api_C4n4ry\"\n", "LoadCredential="),
        ("[credentials.apify]\nsystemd = \"../x\"\n", "LoadCredential="),
        ("[credentials.apify]\nenv = \"A\"\nfile = \"b\"\n", "in one place"),
        ("[credentials.apify]\nruns_at_once = 0\n", "from 1 to 100000"),
        ("[credentials.apify]\norigin = \"http://api.apify.com\"\n", "shows the token to all"),
        ("[credentials.apify]\norigin = \"https://a.example/v2\"\n", "without path"),
        ("[credentials.apify]\nenv = \"apify_api_C4n4ry\n", "line 2"),
    ];
    for (text, message) in table {
        let error = config(text).unwrap_err();
        assert!(error.message.contains(message), "{text}: {error}");
        assert!(
            error.hint.clone().unwrap_or_default().contains("never stands in a settings file"),
            "{text}: {error:?}"
        );
        assert!(!format!("{error:?}").contains("C4n4ry"), "{text}: {error:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("TIDEGATE_CREDENTIALS_APIFY_TOKEN", CANARY),
        ("TIDEGATE_CREDENTIALS_APIFY_ENV", CANARY),
        ("TIDEGATE_CREDENTIALS_APIFY_RUNS_AT_ONCE", CANARY),
    ] {
        let environment = Environment::from([(name.to_owned(), value.to_owned())]);
        let error = Config::load(dir.path(), None, &environment).unwrap_err();
        assert!(!format!("{error:?}").contains(CANARY), "{name}: {error:?}");
    }
    let value = Environment::from([("TIDEGATE_CREDENTIAL_APIFY".to_owned(), CANARY.to_owned())]);
    assert!(Config::load(dir.path(), None, &value).is_ok(), "the value itself is no setting");
}

#[test]
fn only_an_origin_that_was_written_may_be_private() {
    let loopback = config("[credentials.apify]\norigin = \"http://127.0.0.1:4010\"\n").unwrap();
    let grant = loopback.credentials[&apify()].grant();
    let here = "127.0.0.1".parse().unwrap();
    assert!(grant.permits_addresses("127.0.0.1", 4_010, &[here]).is_ok());
    assert!(grant.permits_addresses("127.0.0.1", 4_011, &[here]).is_err());
    assert_eq!(CredentialConfig::default().grant(), NetGrant::default());
}

#[test]
fn a_credential_nobody_knows_is_refused() {
    let known = config("[credentials.mine]\nenv = \"A\"\n").unwrap();
    for (name, right) in [("apify", true), ("mine", true), ("set", true), ("mni", false)] {
        let around = around(&[("TIDEGATE_CREDENTIAL_SET", "x")]);
        assert_eq!(
            check_known("actor.credential", &name.parse().unwrap(), &known, &around, "a.toml").is_ok(),
            right,
            "{name}"
        );
    }
}
