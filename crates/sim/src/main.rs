//! Plays worlds of phones and proxies from seeds and reports every rule that is broken.
//!
//! `sim --seeds N` plays N worlds on all cores and sums up; `--replay SEED` plays one with its whole
//! trace; `--shrink SEED` looks for the least plan that still fails. `--fleet N` plays N phones of one
//! site and shows the load that they are to its proxies.

mod fleet_options;
mod progress;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use sim::oracle::{Longest, Worst};
use sim::plan::Plan;
use sim::run::{Played, play, shrink};

/// Simulates phones and proxies in virtual time.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Options {
    /// Play this many worlds, one from each seed.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Play this seed only; with --fleet, the seed of the fleet.
    #[arg(long, conflicts_with_all = ["replay", "shrink"])]
    seed: Option<u64>,
    /// Play this seed and print its plan and its whole trace.
    #[arg(long, conflicts_with = "shrink")]
    replay: Option<u64>,
    /// Leave out of this seed's plan what its failure does not need; print the rest and its trace.
    #[arg(long)]
    shrink: Option<u64>,
    /// Play a fleet of this many phones instead: power-on, the primary's silent death, a reboot of
    /// the whole site, failback.
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "replay", "shrink"],
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    fleet: Option<u64>,
    #[command(flatten)]
    fleet_options: fleet_options::FleetOptions,
    /// Each world lasts so many days, mostly quiet, instead of some crowded minutes; with --replay and
    /// --shrink too.
    #[arg(long, value_name = "N", conflicts_with = "fleet",
          value_parser = clap::value_parser!(u32).range(1..=30))]
    days: Option<u32>,
    /// Threads; each world is played by one.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop after this many failures.
    #[arg(long, default_value_t = 20)]
    failures: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    // A panic in a world is reported with its seed; where it was is worth a line of its own.
    std::panic::set_hook(Box::new(|panic| {
        let _unheard = writeln!(std::io::stderr(), "{panic}");
    }));
    if let Some(seed) = options.replay {
        let plan = options.plan(seed);
        return show(&plan, &play(&plan, true));
    }
    if let Some(seed) = options.shrink {
        return show_least(&options.plan(seed));
    }
    if let Some(phones) = options.fleet {
        let well =
            options.fleet_options.run(phones, options.seed.unwrap_or(1), threads(&options))?;
        return Ok(code(well));
    }
    play_all(&options)
}

impl Options {
    fn plan(&self, seed: u64) -> Plan {
        self.days.map_or_else(|| Plan::draw(seed), |days| Plan::draw_days(seed, days))
    }
}

fn threads(options: &Options) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    options.threads.unwrap_or(cores).max(1)
}

fn show(plan: &Plan, played: &Played) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{plan:#?}")?;
    for line in &played.lines {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "fingerprint {:016x}", played.fingerprint)?;
    match &played.failure {
        Some(failure) => writeln!(out, "BROKEN {}", words(failure))?,
        None => writeln!(out, "no rule broken")?,
    }
    Ok(code(played.failure.is_none()))
}

fn show_least(plan: &Plan) -> anyhow::Result<ExitCode> {
    let failure = play(plan, false).failure;
    let rule = failure.with_context(|| format!("seed {} breaks no rule", plan.seed))?.rule;
    let least = shrink(plan, rule);
    show(&least, &play(&least, true))
}

/// What all worlds come to.
#[derive(Debug, Default)]
struct Sum {
    worlds: u64,
    failures: Vec<(u64, String)>,
    worst: Worst,
    played: Duration,
    calls_up: usize,
    datagrams: u64,
    state_size: usize,
}

fn play_all(options: &Options) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let (first, count) = match options.seed {
        Some(seed) => (seed, 1),
        None => (options.from, options.seeds),
    };
    let threads = threads(options);
    let (next, sum) = (AtomicU64::new(first), Mutex::new(Sum::default()));
    let played = AtomicU64::new(0);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count || !add(&sum, &options.plan(seed), options.failures) {
                return;
            }
            played.fetch_add(1, Ordering::Relaxed);
        }
    };
    let (playing, over) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| progress::show("worlds", count, &played, over));
        for _ in 0..threads {
            let (work, playing) = (&work, playing.clone());
            scope.spawn(move || {
                work();
                drop(playing);
            });
        }
        drop(playing);
    });
    let mut sum = sum.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    sum.failures.sort();
    report(&sum, options.days, began.elapsed())
}

/// Plays one seed into the sum; false when there are failures enough.
fn add(sum: &Mutex<Sum>, plan: &Plan, enough: usize) -> bool {
    let played = play(plan, false);
    let mut sum = sum.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    sum.worlds += 1;
    if let Some(outcome) = &played.outcome {
        sum.worst = sum.worst.max(outcome.worst);
        sum.played += outcome.played;
        sum.calls_up += outcome.calls_up;
        sum.datagrams += outcome.datagrams;
        sum.state_size = sum.state_size.max(outcome.state_size);
    }
    if let Some(failure) = &played.failure {
        sum.failures.push((plan.seed, words(failure)));
    }
    sum.failures.len() < enough
}

fn report(sum: &Sum, days: Option<u32>, took: Duration) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for (seed, failure) in &sum.failures {
        writeln!(out, "seed {seed}: {failure}")?;
    }
    writeln!(
        out,
        "{} worlds, {:.1} h played in {:.1} s, {} calls up, {} datagrams, {} failures",
        sum.worlds,
        sum.played.as_secs_f64() / 3600.0,
        took.as_secs_f64(),
        sum.calls_up,
        sum.datagrams,
        sum.failures.len()
    )?;
    let Worst { off_dead, registered, failback, rings, bye, stops } = sum.worst;
    let promises = [
        ("off dead", off_dead),
        ("registered", registered),
        ("failback", failback),
        ("rings", rings),
        ("bye", bye),
        ("stops", stops),
    ];
    for (name, Longest { took, percent }) in promises {
        let took = took.as_secs_f64();
        writeln!(out, "{name:<10} longest {took:>6.1} s, nearest to its bound {percent:>3} %")?;
    }
    writeln!(out, "state      of a quiet phone at most {} characters", sum.state_size)?;
    if !sum.failures.is_empty() {
        let days = days.map(|days| format!("--days {days} ")).unwrap_or_default();
        writeln!(out, "see one with: scripts/simulate {days}--replay SEED, or --shrink SEED")?;
    }
    Ok(code(sum.failures.is_empty()))
}

fn words(failure: &sim::oracle::Failure) -> String {
    format!("{} at {:.3} s: {}", failure.rule, failure.at.as_secs_f64(), failure.what)
}

fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
