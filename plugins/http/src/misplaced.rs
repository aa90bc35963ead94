//! Words for whoever writes the pointer to the records and finds something else there.
//!
//! Owns: when what stands there is no list of records, and what to say of it. Must not know: statuses, pages before and after. Called
//! by [`crate::answer`].

use tidegate_plugin_kit::Failure;
use tidegate_plugin_kit::text::cut;

use crate::envelope::Found;
use crate::json::Value;
use crate::limits;
use crate::settings::Settings;

/// The failure of a page with something else where the records should be. Also of a later page: an error page that is taken for an
/// empty one would be taken for the end. `why`: why a record was none, if it was.
pub fn records(settings: &Settings, text: &str, found: Found, why: Option<&str>) -> Option<Failure> {
    let pointer = &settings.records;
    let message = match (found, why) {
        (Found::Nothing, _) if !settings.records_optional => format!(
            "there is nothing at \"{pointer}\", where \"records\" says that the records are; {}. If an API leaves the member out where \
             there are no records, set \"records_optional\"",
            members(text)
        ),
        (Found::Scalar(what), _) => {
            format!("there is {what} at \"{pointer}\", where \"records\" says that the records are; expected a list")
        }
        // A single object is a record, if it can be one.
        (Found::One, Some(why)) => format!(
            "there is an object at \"{pointer}\", where \"records\" says that the records are, and it is no record ({why}). If the \
             list is one of its members, \"records\" is to lead there; if its values are the records, it is \"{pointer}/*\""
        ),
        _ => return None,
    };
    Some(Failure::bad_answer(cut(message, limits::MESSAGE_BYTES)))
}

/// What the answer has instead.
fn members(text: &str) -> String {
    match Value::parse(text) {
        Ok(Value::Object(members)) if members.is_empty() => "the answer is an empty object".to_owned(),
        Ok(Value::Object(members)) => {
            let names: Vec<String> = members.iter().take(20).map(|(name, _)| format!("\"{name}\"")).collect();
            format!("the answer has {}", names.join(", "))
        }
        Ok(Value::Array(_)) => "the answer is an array".to_owned(),
        Ok(_) => "the answer is no object".to_owned(),
        Err(_) => "the answer has very much".to_owned(),
    }
}

/// The beginning of a text, on one line.
pub fn beginning(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(30).collect();
    cut(words.join(" "), limits::QUOTE_BYTES)
}
