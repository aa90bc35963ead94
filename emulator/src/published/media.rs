//! Addresses of media: shaped like those of the platforms' delivery networks, resolving to nothing.
//!
//! Owns: the shapes. Called by the generators.

use crate::clock::Millis;
use crate::dice::Dice;

/// A picture on Instagram's network. `oe` is when the address expires, in hexadecimal seconds: 1.4 to 4.5 days after
/// the run.
pub(crate) fn instagram_picture(dice: &mut Dice, run_at: Millis) -> String {
    format!(
        "https://scontent-tide{}-1.cdninstagram.com/v/t51.82787-15/{}_{}_n.jpg?stp=dst-jpg_e35&_nc_cat={}&_nc_ohc={}&oe={:X}",
        dice.below(9),
        dice.below(1_000_000_000),
        10_000_000_000_000_000 + dice.below(9_000_000_000_000_000),
        100 + dice.below(11),
        dice.letters(16),
        expiry(dice, run_at),
    )
}

/// A film on Instagram's network.
pub(crate) fn instagram_film(dice: &mut Dice, run_at: Millis) -> String {
    let (node, key, ohc) = (dice.below(9), dice.letters(40), dice.letters(16));
    let expiry = expiry(dice, run_at);
    format!(
        "https://scontent-tide{node}-2.cdninstagram.com/o1/v/t2/f2/m86/{key}.mp4?_nc_cat=111&_nc_ohc={ohc}&oe={expiry:X}"
    )
}

fn expiry(dice: &mut Dice, run_at: Millis) -> i64 {
    run_at.0.div_euclid(1_000) + dice.between(121_000, 388_000)
}

/// A picture on X's network.
pub(crate) fn x_picture(dice: &mut Dice) -> String {
    format!("https://pbs.twimg.com/media/{}.jpg", dice.letters(15))
}

/// A short link of X.
pub(crate) fn x_link(dice: &mut Dice) -> String {
    format!("https://t.co/{}", dice.letters(10))
}
