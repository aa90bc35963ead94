//! Walks with small maps.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

#[derive(Default)]
struct Two<'a>([Slot<'a>; 2]);

impl<'a> Sink<'a, usize> for Two<'a> {
    fn read(&mut self, field: usize, rank: u8, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let value = reader.scalar()?;
        self.0[field].offer(value, rank);
        Ok(())
    }
}

#[test]
fn values_are_found_by_their_paths() {
    let map = Map::new([(0, ["id_str", "id", "media.0.id"].as_slice()), (1, ["caption.text", "caption"].as_slice())]);
    for (element, first, second) in [
        ("{\"id\":\"a\"}", Some("a"), None),
        ("{\"id\":7,\"id_str\":\"8\"}", Some("8"), None),
        ("{\"id_str\":\"8\",\"id\":7}", Some("8"), None),
        ("{\"id\":\"a\",\"id\":\"b\"}", Some("b"), None),
        ("{\"id\":\"a\",\"id\":null}", Some("a"), None),
        ("{\"id\":\"\",\"media\":[{\"id\":\"m\"},{\"id\":\"n\"}]}", Some("m"), None),
        ("{\"caption\":\"text\"}", None, Some("text")),
        ("{\"caption\":{\"pk\":1,\"text\":\"inner\"}}", None, Some("inner")),
        ("{\"caption\":null,\"media\":7}", None, None),
        ("{\"id\":{\"a\":[1]},\"caption\":[1]}", None, None),
    ] {
        let mut two = Two::default();
        assert!(Reader::whole(element, |reader| map.walk(reader, &mut two)).unwrap(), "{element}");
        assert_eq!((two.0[0].get().text(), two.0[1].get().text()), (first, second), "{element}");
    }
    assert!(!Reader::whole("[1]", |reader| map.walk(reader, &mut Two::default())).unwrap());
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Id,
    Text,
}

impl Mapped for Field {
    const NAMED: &'static [(&'static str, Self)] = &[("id", Self::Id), ("text", Self::Text)];
}

#[derive(Default)]
struct Seen<'a> {
    id: Slot<'a>,
    text: Slot<'a>,
}

impl<'a> Sink<'a, Field> for Seen<'a> {
    fn read(&mut self, field: Field, rank: u8, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let slot = match field {
            Field::Id => &mut self.id,
            Field::Text => &mut self.text,
        };
        slot.offer(reader.scalar()?, rank);
        Ok(())
    }
}

#[test]
fn a_profiles_paths_replace_the_built_in_ones() {
    let built_in: &[(Field, Paths)] = &[(Field::Id, &["id"]), (Field::Text, &["text"])];
    let own = |text: &str| serde_json::from_str::<FieldMap>(text).unwrap();
    for (own, id, text) in [
        (own("{}"), Some("1"), Some("a")),
        (own("{\"text\":[\"more.words\"]}"), Some("1"), Some("b")),
        (own("{\"id\":[\"none\",\"more.id\"]}"), Some("2"), Some("a")),
        (own("{\"nothing\":[\"id\"]}"), Some("1"), Some("a")),
    ] {
        let map = Map::with_own(&[built_in], &own);
        let mut seen = Seen::default();
        let element = "{\"id\":1,\"text\":\"a\",\"more\":{\"id\":2,\"words\":\"b\"}}";
        Reader::whole(element, |reader| map.walk(reader, &mut seen)).unwrap();
        assert_eq!((seen.id.get().text(), seen.text.get().text()), (id, text), "{own:?}");
    }
    assert_eq!((Field::named("text"), Field::named("none")), (Some(Field::Text), None));
    assert_eq!(Field::names(), "id, text");
}
