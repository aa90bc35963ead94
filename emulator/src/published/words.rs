//! Sentences of a harbour town, from dice.
//!
//! Owns: the words. Called by the generators of posts, comments and accounts.

use crate::dice::Dice;

const OPENINGS: [&str; 12] = [
    "Low water at the north pier",
    "New in the boathouse",
    "The ferry is back",
    "Fog over the estuary",
    "Market day",
    "We painted the lighthouse",
    "Three boats & one net",
    "A quiet morning",
    "The bakery opens at six",
    "Storm warning lifted",
    "Seen from the breakwater",
    "Our crew is looking for you",
];
const MIDDLES: [&str; 10] = [
    "and everybody came to see it",
    "before the tide turns",
    "with coffee and cinnamon rolls",
    "between noon and three",
    "as every year in autumn",
    "for the first time since spring",
    "although it rained <all> day",
    "right next to the old crane",
    "until the last boat leaves",
    "and the gulls were not amused",
];
const ENDS: [&str; 8] = [
    "Come by!",
    "More photos tomorrow.",
    "Thank you all 💙",
    "See you at the quay ⚓",
    "Who was there?",
    "Details on our site.",
    "No registration needed.",
    "Bring a warm jacket 🧣",
];
const TAGS: [&str; 10] =
    ["harbour", "tide", "lighthouse", "boats", "northpier", "sailing", "fishmarket", "coast", "estuary", "autumn2026"];
const FIRST: [&str; 10] = ["Ada", "Bram", "Cleo", "Dov", "Edda", "Finn", "Greta", "Hanno", "Ines", "Jonte"];
const LAST: [&str; 10] =
    ["Brandt", "Cordes", "Dijkstra", "Ebbing", "Fock", "Gerlach", "Harms", "Ipsen", "Jansen", "Klüver"];

/// A sentence or more, about so many characters.
pub(crate) fn text(dice: &mut Dice, characters: usize) -> String {
    let mut text = String::new();
    loop {
        text.push_str(dice.pick(&OPENINGS));
        text.push(' ');
        text.push_str(dice.pick(&MIDDLES));
        text.push_str(". ");
        text.push_str(dice.pick(&ENDS));
        if text.chars().count() >= characters {
            return text;
        }
        text.push_str(if dice.percent(30) { "\n\n" } else { " " });
    }
}

/// Up to three hashtags, without `#`.
pub(crate) fn tags(dice: &mut Dice) -> Vec<&'static str> {
    let mut tags: Vec<&str> = (0..dice.below(4)).map(|_| dice.pick(&TAGS)).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// A person's name.
pub(crate) fn name(dice: &mut Dice) -> String {
    format!("{} {}", dice.pick(&FIRST), dice.pick(&LAST))
}

/// A handle that fits both platforms.
pub(crate) fn handle(dice: &mut Dice) -> String {
    format!("{}_{}", dice.pick(&TAGS).get(..4).unwrap_or("tide"), dice.below(100_000))
}
