//! How elements end: by their end tag, by that of an outer one, or by what cannot stand in them.
//!
//! Owns: which open element an end tag means, and what is closed with it. Called by [`super`]. What the end of an element does is in
//! [`super::finish`].

use super::element::Element;
use super::{Open, Reader, Role, names};
use crate::limits;

impl Reader<'_> {
    pub(super) fn end(&mut self, name: &str, at: usize) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let most = if self.stray_ends < limits::STRAY_ENDS { limits::DEPTH } else { limits::INNERMOST };
        let outer = self.open.len().saturating_sub(most);
        let near = self.open.get(outer..).unwrap_or_default();
        let found = near.iter().rposition(|open| open.name == name);
        // Old feeds write `<ITEM>...</item>`.
        match found.or_else(|| near.iter().rposition(|open| open.name.eq_ignore_ascii_case(name))) {
            Some(found) => self.close_down_to(outer + found, at),
            None => {
                self.stray_ends += 1;
                self.tokens.note(at, "an end tag without its start");
            }
        }
    }

    fn close_down_to(&mut self, found: usize, at: usize) {
        if found + 1 < self.open.len() {
            self.tokens.note(at, "an element that was not ended");
        }
        while self.open.len() > found {
            self.close_top(false);
        }
    }

    /// Ends the innermost element.
    pub(super) fn close_top(&mut self, empty: bool) {
        let Some(top) = self.open.last_mut() else { return };
        let text = top.text.take();
        match top.role {
            Role::Handle(element) => self.finish(element, text),
            Role::Inline => {
                let name = names::parts(top.name).1;
                if let Some(content) = &mut self.content {
                    content.end_inline(name, empty);
                }
            }
            Role::Wrapper => {}
        }
        if let Some(top) = self.open.pop() {
            self.base = top.base;
            self.bindings.shrink(top.bindings);
        }
        self.root_ended = self.open.is_empty();
    }

    /// A new entry starts inside a text that was never closed: ends the text and the entry around it.
    pub(super) fn close_for_entry(&mut self) {
        let is_entry = |open: &Open<'_>| open.role == Role::Handle(Element::Item);
        let floor = self.open.iter().rposition(is_entry).or_else(|| {
            self.open
                .iter()
                .rposition(|open| matches!(open.role, Role::Handle(Element::Channel | Element::Feed | Element::Rdf)))
                .map(|at| at + 1)
        });
        if let Some(floor) = floor {
            while self.open.len() > floor {
                self.close_top(false);
            }
        }
    }
}
