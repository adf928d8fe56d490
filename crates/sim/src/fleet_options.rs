//! `--fleet`: its settings and its report.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use sim::fleet::{Fleet, Story, Verdict, judge, play, svg};

use crate::progress;

/// How a fleet is set up, where not as the defaults say.
#[derive(Debug, Args)]
pub(crate) struct FleetOptions {
    /// Write the picture of a fleet's load, an SVG document, to this file.
    #[arg(long, value_name = "FILE", requires = "fleet")]
    plot: Option<PathBuf>,
    /// `SIPN Start Spread` of a fleet, seconds.
    #[arg(long, value_name = "S", requires = "fleet",
          value_parser = clap::value_parser!(u64).range(0..=3600))]
    start_spread: Option<u64>,
    /// Keep-alive interval of a fleet, seconds.
    #[arg(long, value_name = "S", requires = "fleet",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    keep_alive: Option<u64>,
    /// By how much a keep-alive of a fleet may come early, per cent; 0 also leaves out the random
    /// first interval.
    #[arg(long, value_name = "PERCENT", requires = "fleet",
          value_parser = clap::value_parser!(u8).range(0..=50))]
    keep_alive_spread: Option<u8>,
    /// `SIPN Failback Interval` of a fleet, seconds.
    #[arg(long, value_name = "S", requires = "fleet",
          value_parser = clap::value_parser!(u64).range(600..=3000))]
    failback_interval: Option<u64>,
    /// By how much the failback interval of a fleet varies, per cent.
    #[arg(long, value_name = "PERCENT", requires = "fleet",
          value_parser = clap::value_parser!(u8).range(0..=50))]
    failback_jitter: Option<u8>,
}

impl FleetOptions {
    /// Plays a fleet and reports; whether every promise was kept.
    pub(crate) fn run(&self, phones: u64, seed: u64, threads: usize) -> anyhow::Result<bool> {
        let fleet = self.fleet(phones, seed);
        let story = Story::of(&fleet);
        let began = Instant::now();
        let played = AtomicU64::new(0);
        let (playing, over) = channel::<()>();
        let sums = std::thread::scope(|scope| {
            scope.spawn(|| progress::show("phones", phones, &played, over));
            let sums = play(&fleet, &story, threads, &played);
            drop(playing);
            sums
        });
        let verdict = judge(&fleet, &story, &sums);
        if let Some(file) = &self.plot {
            let picture = svg(&fleet, &sums, &verdict);
            std::fs::write(file, picture).with_context(|| format!("{}", file.display()))?;
        }
        report(&fleet, &story, sums.options, &verdict, began.elapsed())?;
        Ok(verdict.broken().is_empty())
    }

    fn fleet(&self, phones: u64, seed: u64) -> Fleet {
        let mut fleet = Fleet::of(phones, seed);
        let policy = &mut fleet.policy;
        let seconds = |wanted: Option<u64>, default| wanted.map_or(default, Duration::from_secs);
        policy.boot_spread = seconds(self.start_spread, policy.boot_spread);
        policy.failback_interval = seconds(self.failback_interval, policy.failback_interval);
        policy.keep_alive = self.keep_alive.map(Duration::from_secs).or(policy.keep_alive);
        policy.keep_alive_spread = self.keep_alive_spread.unwrap_or(policy.keep_alive_spread);
        policy.failback_jitter = self.failback_jitter.unwrap_or(policy.failback_jitter);
        fleet
    }
}

fn report(
    fleet: &Fleet,
    story: &Story,
    options: u64,
    verdict: &Verdict,
    took: Duration,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} phones, seed {}, {} s each, {} OPTIONS: played in {:.1} s",
        fleet.phones,
        fleet.seed,
        story.ends.as_secs(),
        options,
        took.as_secs_f64()
    )?;
    writeln!(
        out,
        "the primary dies at {} s, the site reboots at {} s, the primary is back at {} s",
        story.dies.as_secs(),
        story.reboot.as_secs(),
        story.back.as_secs()
    )?;
    for episode in &verdict.episodes {
        let (mean, window) = (episode.mean(), episode.window.as_secs());
        writeln!(
            out,
            "{:<36} {:>8} REGISTERs, busiest second {:>7}, {mean:>9.1}/s if even over {window} s",
            episode.name, episode.total, episode.peak
        )?;
    }
    for (what, seen, bound) in &verdict.promises {
        let bound =
            bound.map_or("no bound".to_owned(), |bound| format!("{:.3}", bound.as_secs_f64()));
        writeln!(out, "{what:<36} longest {:>9.3} s, bound {bound} s", seen.as_secs_f64())?;
    }
    for broken in verdict.broken() {
        writeln!(out, "BROKEN {broken}")?;
    }
    Ok(())
}
