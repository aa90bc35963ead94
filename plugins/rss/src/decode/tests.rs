//! Encodings: who wins, and what becomes of bytes without meaning.

use super::*;
use proptest::prelude::*;

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

fn utf32(text: &str, order: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().flat_map(|c| order(u32::from(c))).collect()
}

#[test]
fn who_wins() {
    let declared: &[u8] = b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>";
    for (content_type, bytes, encoding, contains) in [
        (Some("application/xml"), declared, "iso-8859-1", "é"),
        (Some("application/rss+xml; charset=\"windows-1251\""), declared, "windows-1251", "й"),
        (Some("text/xml"), declared, "iso-8859-1", "é"),
        (Some("text/xml"), b"<?xml version='1.0' encoding='iso-8859-1'?><a/>", "us-ascii", "<a/>"),
        (Some("text/xml; charset = 'KOI8-R'"), b"<a>\xca</a>", "koi8-r", "й"),
        (None, "<a>й</a>".as_bytes(), "utf-8", "й"),
        (None, b"<a>\xe9</a>", "windows-1252", "é"),
        (Some("application/xml; charset=nonsense"), "<a>й</a>".as_bytes(), "utf-8", "й"),
        (None, b"<?xml version='1.0' encoding='gb2312'?><a>\xc4\xe3</a>", "gb18030", "你"),
        (None, b"<!-- x --><?xml version='1.0' encoding='koi8-r'?><a>\xca</a>", "koi8-r", "й"),
        (Some("application/xml; charset=iso-8859-1"), "\u{feff}<a>й</a>".as_bytes(), "utf-8", "й"),
        (None, b"<?xml version='1.0' encoding='latin-1'?><a>\x93</a>", "latin-1", "“"),
    ] {
        let decoded = decode(bytes, content_type);
        assert_eq!(decoded.encoding, encoding, "{content_type:?}");
        assert!(decoded.text.contains(contains), "{content_type:?}: {}", decoded.text);
        assert!(!decoded.text.starts_with('\u{feff}'));
    }
}

#[test]
fn wide_encodings_with_and_without_mark() {
    for text in ["<?xml version='1.0'?><a>й</a>", "<rss>й</rss>"] {
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            for (bytes, encoding) in [
                (utf16(&marked, u16::to_le_bytes), "utf-16le"),
                (utf16(&marked, u16::to_be_bytes), "utf-16be"),
                (utf32(&marked, u32::to_le_bytes), "utf-32le"),
                (utf32(&marked, u32::to_be_bytes), "utf-32be"),
            ] {
                let decoded = decode(&bytes, Some("application/xml"));
                assert_eq!((decoded.text.as_ref(), decoded.encoding.as_str()), (text, encoding));
            }
        }
    }
}

#[test]
fn ebcdic() {
    let bytes: Vec<u8> = [0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x6f, 0x6e].to_vec();
    assert_eq!(decode(&bytes, None).text, "<?xml?>");
}

#[test]
fn a_document_in_two_encodings_keeps_both() {
    let bytes: Vec<u8> = "<a>й</a>".bytes().chain([0x93]).collect();
    let decoded = decode(&bytes, None);
    assert_eq!((decoded.text.as_ref(), decoded.repaired), ("<a>й</a>“", true));
}

proptest! {
    #[test]
    fn any_bytes_become_text(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in "[a-z/;=\"-]{0,30}") {
        decode(&bytes, Some(&kind));
    }

    #[test]
    fn valid_utf_8_is_not_copied(text in "[a-zй<>]{0,50}") {
        let decoded = decode(text.as_bytes(), Some("application/xml"));
        prop_assert!(matches!(decoded.text, Cow::Borrowed(_)));
        prop_assert_eq!(decoded.text.as_ref(), text.as_str());
    }
}
