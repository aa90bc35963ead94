//! The grammar and its mercies, as a table; and that nothing makes it panic or stand still.

use super::*;
use proptest::prelude::*;

/// Tokens in one line: `<name a=v>`, `</name>`, text as it is, CDATA in brackets.
fn shown(text: &str) -> String {
    let mut tokenizer = Tokenizer::new(text);
    let mut out = String::new();
    while let Some(token) = tokenizer.next_token() {
        match token {
            Token::Start { name, empty } => {
                out.push_str(&format!("<{name}"));
                for attribute in tokenizer.attributes() {
                    out.push_str(&format!(" {}={}", attribute.name, attribute.value));
                }
                out.push_str(if empty { "/>" } else { ">" });
            }
            Token::End { name } => out.push_str(&format!("</{name}>")),
            Token::Text(text) => {
                decode_into(text, &tokenizer.entities, &mut out);
            }
            Token::Literal(text) => out.push_str(&format!("[{text}]")),
        }
    }
    out
}

#[test]
fn well_formed() {
    for (text, expected) in [
        ("<?xml version='1.0'?><a b='1' c=\"2\"/>", "<a b=1 c=2/>"),
        ("<a><!-- <b> --><![CDATA[<&>]]>x&amp;&#233;&#xe9;</a >", "<a>[<&>]x&éé</a>"),
        ("<a\n b = '>' ></a\n>", "<a b=>></a>"),
        ("<!DOCTYPE r [<!ENTITY e \"x>y\"><!ENTITY f '&#233;'>]><r>&e;&f;</r>", "<r>x>yé</r>"),
        ("<x:a-b.c1/>", "<x:a-b.c1/>"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
        let mut tokenizer = Tokenizer::new(text);
        while tokenizer.next_token().is_some() {}
        assert_eq!(tokenizer.damage(), None, "{text}");
    }
}

#[test]
fn mercies() {
    for (text, expected) in [
        ("<a b=1 c=2/>", "<a b=1 c=2/>"),
        ("<a href=http://e.example/>", "<a href=http://e.example/>"),
        ("1 < 2 & 3 <4", "1 < 2 & 3 <4"),
        ("<a b>x</a>", "<a b=>x</a>"),
        ("<a b='1>x", "<a b=1>x"),
        ("<a b='1'c='2'>", "<a b=1 c=2>"),
        ("<a <b>", "<a><b>"),
        ("</a<b>", "</a><b>"),
        ("</>x", "x"),
        ("<![CDATA[x", "[x]"),
        ("<!-- x><a/>", "<a/>"),
        ("<?x><a/>", "<a/>"),
        ("&nope;&nbsp;&", "&nope;\u{a0}&"),
        ("<a", "<a>"),
        ("<", "<"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn entities_do_not_nest() {
    let bomb = "<!DOCTYPE r [<!ENTITY a 'xx'><!ENTITY b '&a;&a;'><!ENTITY c SYSTEM 'file:///x'>]><r>&a;&b;&c;</r>";
    assert_eq!(shown(bomb), "<r>xx&b;&c;</r>");
}

proptest! {
    #[test]
    fn every_token_moves_on(text in "[<>/!?\\[\\]\\-a-c=\"' &;#xй\n]{0,120}") {
        let mut tokenizer = Tokenizer::new(&text);
        let mut before = 0;
        while tokenizer.next_token().is_some() {
            prop_assert!(tokenizer.position() > before);
            before = tokenizer.position();
        }
        prop_assert_eq!(before.max(tokenizer.position()), text.len());
    }
}
