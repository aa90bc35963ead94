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
