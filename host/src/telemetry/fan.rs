//! Several who want to know.

use std::sync::Arc;

use crate::ports::{Event, Observer};

/// Tells each in turn.
pub struct Fan(pub Vec<Arc<dyn Observer>>);

impl Observer for Fan {
    fn see(&self, event: &Event) {
        for observer in &self.0 {
            observer.see(event);
        }
    }
}
