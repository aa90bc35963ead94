//! JSON Pointers (RFC 6901), with `*` for every element of an array and every value of an object.
//!
//! Owns: reading them, and following them through a record. Must not know: what is pointed at. Called by settings, and by what
//! reads records. The walk through a whole page stands in [`crate::envelope`].

use crate::json::Value;
use crate::limits;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A member's name, or the index of an element.
    Name(String),
    /// `*`: all of them.
    All,
}

/// Where something stands. Without steps: the whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(pub Vec<Step>);

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    ///
    /// What is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!(
                "\"{text}\" is no JSON Pointer: it begins with a slash, like \"/{text}\" (RFC 6901); \"\" is the whole"
            ));
        };
        let steps: Vec<&str> = rest.split('/').collect();
        if steps.len() > limits::POINTER_STEPS || text.len() > limits::TEMPLATE_BYTES {
            return Err(format!("a pointer has at most {} steps, this one has {}", limits::POINTER_STEPS, steps.len()));
        }
        let step = |step: &str| {
            match step {
            "*" => Ok(Step::All),
            name => unescaped(name).map(Step::Name).ok_or_else(|| {
                format!("in the pointer \"{text}\" the step \"{name}\" has a \"~\" that is neither \"~0\" (\"~\") nor \"~1\" (\"/\")")
            }),
        }
        };
        steps.into_iter().map(step).collect::<Result<_, _>>().map(Self)
    }

    /// Every value it leads to, in order.
    pub fn all<'v, 'a>(&self, value: &'v Value<'a>) -> Vec<&'v Value<'a>> {
        let mut found = vec![value];
        for step in &self.0 {
            found = match step {
                Step::Name(name) => found.into_iter().filter_map(|value| value.member(name)).collect(),
                Step::All => found.into_iter().flat_map(Value::each).collect(),
            };
        }
        found
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.0 {
            match step {
                Step::All => f.write_str("/*")?,
                Step::Name(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?,
            }
        }
        Ok(())
    }
}

/// RFC 6901 section 4: first `~1`, then `~0`.
fn unescaped(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (letter, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        name.push(letter);
        name.push_str(rest);
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6901 section 5, and what this plugin adds.
    #[test]
    fn rfc_6901_section_5() {
        let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let document = Value::parse(text).unwrap_or(Value::Null);
        for (pointer, found) in [
            ("/foo/0", "\"bar\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
            ("/foo/*", "\"bar\"\"baz\""),
            ("/foo/2", ""),
            ("/nothing/*", ""),
        ] {
            let parsed = Pointer::parse(pointer).unwrap_or_default();
            let mut out = String::new();
            parsed.all(&document).iter().for_each(|value| value.write(&mut out));
            assert_eq!(out, found, "{pointer}");
            assert_eq!(parsed.to_string(), pointer);
        }
        assert_eq!(Pointer::parse("").map(|pointer| pointer.all(&document).len()), Ok(1));
    }

    #[test]
    fn refusals_say_what_is_right() {
        for (pointer, word) in [("items", "\"/items\""), ("/a~b", "~0"), ("/a~", "~0"), (&"/x".repeat(33), "32 steps")]
        {
            let problem = Pointer::parse(pointer).err().unwrap_or_default();
            assert!(problem.contains(word), "{pointer}: {problem}");
        }
    }
}
