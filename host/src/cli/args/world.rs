//! What may be typed of a simulated world.
//!
//! Owns: the options of `simulate` and their help. Must not know: what they do.

/// Options of `simulate`. The same options give the same figures, to the byte.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// How many people there are.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub users: u32,
    /// How many sources there are.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub sources: u32,
    /// How many hours are watched, after a warm-up of two.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub hours: u32,
    /// Whence all chance comes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Sources each person follows, on average.
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = positive)]
    pub follows: f64,
    /// Exponent of Zipf's law: the source of rank r is followed with a weight of 1 / r^N. The higher, the more is followed by
    /// the same few.
    #[arg(long, value_name = "N", default_value_t = 2.2, value_parser = positive)]
    pub zipf: f64,
    /// The part of people that comes back at all, 0 to 1.
    #[arg(long, value_name = "PART", default_value_t = 0.5, value_parser = part)]
    pub active: f64,
    /// Visits a day of each of these, on average, by the hours of the day; each reads all that is followed.
    #[arg(long, value_name = "N", default_value_t = 4.0, value_parser = positive)]
    pub visits: f64,
    /// Posts of a source in a day, on average, by the hours of the day.
    #[arg(long, value_name = "N", default_value_t = 12.0, value_parser = positive)]
    pub posts: f64,
    /// The part of sources that is fetched by paid actors, 0 to 1.
    #[arg(long, value_name = "PART", default_value_t = 0.25, value_parser = part)]
    pub paid: f64,
    /// What an actor run costs to start, in US dollars.
    #[arg(long, value_name = "USD", default_value = "0.001")]
    pub price_start: String,
    /// What one element of an actor run costs, in US dollars.
    #[arg(long, value_name = "USD", default_value = "0.0023")]
    pub price_element: String,
    /// Budget of runs for each day, in all; without it there is none.
    #[arg(long, value_name = "N")]
    pub runs_per_day: Option<u64>,
    /// Budget of money for each day, in all; without it there is none.
    #[arg(long, value_name = "USD")]
    pub usd_per_day: Option<String>,
    /// The part of fetches that fails, by class: "transient=0.01". Classes that are not named fail as by default; "none"
    /// first begins with nothing.
    #[arg(long, value_name = "CLASS=PART", value_delimiter = ',')]
    pub failures: Vec<String>,
    /// A time in which every fetch fails, counted from the beginning of the warm-up: "8h+30m" is half an hour from 8 h on.
    #[arg(long, value_name = "FROM+FOR")]
    pub outage: Vec<String>,
    /// A time in which the machine sleeps, counted from the end of the warm-up: "6h+8h".
    #[arg(long, value_name = "FROM+FOR")]
    pub sleep: Vec<String>,
    /// The usual time of a fetch, in milliseconds; some take several times as long.
    #[arg(long, value_name = "MS", default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub latency: u64,
    /// Runs under way at once.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub runs_at_once: u32,
}

/// A number above 0, at most 10,000.
fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().map_err(|error| error.to_string())?;
    if number > 0.0 && number <= 10_000.0 { Ok(number) } else { Err("a number above 0, at most 10000".to_owned()) }
}

/// A part of all.
fn part(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err("a part of all, from 0 to 1".to_owned()) }
}
