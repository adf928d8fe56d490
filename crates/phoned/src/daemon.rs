//! The daemon on one page: every part, built in order from what it needs, and who ends when.
//!
//! Store → what was remembered → sockets → control socket → sound → phone → lines → web page. The driver's end
//! is the daemon's end; any other part that ends first has died, and the daemon with it: the service
//! manager starts a fresh one, which is registered again within a second.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Once;
use std::thread::JoinHandle;

use anyhow::{Context, anyhow};
use config_store::{Origin, Store};
use phone::Phone;
use sip_core::transport::resolve::Resolver;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::archive::{Archive, Places};
use crate::audio::Audio;
use crate::call_log::{self, CallLog};
use crate::clock::Clock;
use crate::control_server::{ControlServer, Desk};
use crate::driver::{Driver, Message};
use crate::ending::{self, Ending};
use crate::lines::Lines;
use crate::memory::{Memory, Remembered};
use crate::net::Sockets;
use crate::net::tls::Tls;
use crate::options::{Run, Source};
use crate::phone_book::{self, PhoneBook};
use crate::provisioning::{Past, Provisioner, Sources};
use crate::recent::RecentLog;
use crate::report::{Events, Reporter};
use crate::settings::Fixed;
use crate::store_thread::{self, StoreHandle};
use crate::trace::{Tap, Trace};
use crate::web_page::WebPage;
use crate::{archive, handset, limits, memory, provisioning, supervise};

/// Why the daemon ends other than by a signal.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It never became ready.
    Start(anyhow::Error),
    /// A part died.
    Died(anyhow::Error),
}

/// Runs until a signal has been obeyed, or somebody has asked for another run.
///
/// # Errors
/// [`Failure`], whose chain of causes names what and where.
pub(crate) fn run(options: &Run, log: RecentLog) -> Result<Ending, Failure> {
    log_panics();
    let mut foundation = Foundation::lay(options).map_err(Failure::Start)?;
    let runtime = runtime().map_err(Failure::Start)?;
    let ended = runtime.block_on(async {
        let parts = Parts::build(options, &mut foundation, log).map_err(Failure::Start)?;
        parts.run(options).await.map_err(Failure::Died)
    });
    // Clients go, and with them the last ways to the store; what was handed to it is written.
    drop(runtime);
    let Foundation { store, thread, calls, book, .. } = foundation;
    drop((store, calls, book));
    if thread.join().is_err() {
        return ended.and(Err(Failure::Died(anyhow!("the configuration store panicked"))));
    }
    if let Ok(Ending::Reset) = ended {
        let erased = ending::erase(&options.state).context("cannot forget everything");
        erased.map_err(Failure::Died)?;
        tracing::warn!("everything is forgotten, as it was asked for");
    }
    ended
}

/// One thread for everything that waits.
fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

/// What is there before anything runs: the configuration, and what was remembered.
struct Foundation {
    store: StoreHandle,
    thread: JoinHandle<()>,
    store_ended: Option<oneshot::Receiver<()>>,
    settings: Option<config_store::Settings>,
    remembered: Remembered,
    journal: Places,
    past: Past,
    calls: CallLog,
    book: PhoneBook,
}

impl Foundation {
    fn lay(options: &Run) -> anyhow::Result<Self> {
        let mut store = open_store(&options.state)?;
        let past = provisioning::past::recall(&mut store).map_err(|error| anyhow!("{error}"))?;
        if let Some(Source::File(path)) = &options.provision {
            provisioning::local::apply(path, &mut store)?;
        }
        let remembered = memory::recall(&mut store).map_err(|error| anyhow!("{error}"))?;
        let settings = store.settings();
        let journal = archive::recall(&mut store, settings.lines.len());
        let journal = journal.map_err(|error| anyhow!("{error}"))?;
        let calls = call_log::recall(&mut store).map_err(|error| anyhow!("{error}"))?;
        let book = phone_book::recall(&mut store).map_err(|error| anyhow!("{error}"))?;
        let (store, ended, thread) = store_thread::start(store).context("cannot start a thread")?;
        let calls = CallLog::new(store.clone(), calls);
        let book = PhoneBook::new(store.clone(), book);
        Ok(Self {
            store,
            thread,
            store_ended: Some(ended),
            settings: Some(settings),
            remembered,
            journal,
            past,
            calls,
            book,
        })
    }
}

fn open_store(folder: &Path) -> anyhow::Result<Store> {
    // The store's own words name the file.
    let store = Store::open(folder)
        .map_err(|error| anyhow!("cannot use the state directory (option --state): {error}"))?;
    if let Some(recovery) = store.recovery() {
        let set_aside = recovery.set_aside.as_ref().map(|path| path.display().to_string());
        tracing::warn!(reason = recovery.reason, set_aside, "configuration restored from its copy");
    }
    Ok(store)
}

/// Everything that runs.
struct Parts {
    driver: Driver,
    others: JoinSet<&'static str>,
    store_ended: oneshot::Receiver<()>,
    signals: Signals,
    inbox: mpsc::Sender<Message>,
    /// Where those come who end this run.
    endings: mpsc::Receiver<Ending>,
    end: mpsc::Sender<Ending>,
    port: u16,
    lines: usize,
}

impl Parts {
    fn build(options: &Run, foundation: &mut Foundation, log: RecentLog) -> anyhow::Result<Self> {
        let Foundation {
            store, settings, remembered, journal, past, calls, book, store_ended, ..
        } = foundation;
        let settings = settings.take().context("the settings were taken already")?;
        let store_ended = store_ended.take().context("the store was taken already")?;
        let clock = Clock::new();
        let (inbox, messages) = mpsc::channel(limits::INBOX);
        let signals = Signals::listen()?;
        let sockets = open_sockets(&settings, &inbox)?;
        let control = ControlServer::open(&options.control)?;
        let events = Events::new(clock);
        let audio = open_audio(options, &settings, &events)?;
        let port = sockets.port();
        let fixed = Fixed::new(remembered.instance.clone(), options.auto_answer);
        let resolver = Resolver::new(seed()?);
        let (names, dialog_names) = watch::channel(BTreeSet::new());
        let (count, provisioning) = (settings.lines.len(), settings.provisioning.clone());
        let (lines, handle) = Lines::new(
            settings,
            (port, fixed),
            std::mem::take(remembered),
            (resolver, dialog_names),
            (store.clone(), events.clone()),
            inbox.clone(),
        );
        let (archive, earlier) = Archive::new(store.clone(), std::mem::take(journal));
        let (fetches, wishes) = provisioning::channel();
        let trace = Trace::new(options.trace * 1024);
        let (end, endings) = mpsc::channel(limits::ENDINGS);
        let page = WebPage::open(options, &events, &trace)?;
        let desk = Desk {
            phone: inbox.clone(),
            end: end.clone(),
            store: store.clone(),
            lines: handle,
            provisioner: fetches.clone(),
            events: events.clone(),
            trace: trace.clone(),
            log,
            calls: calls.clone(),
            book: book.clone(),
            device: options.audio.as_str().into(),
            web: page.as_ref().map(WebPage::address),
            earlier,
            clock,
            origin: Origin::CommandLine,
        };
        let mut others = JoinSet::new();
        let trail = page.map(|page| page.start(&desk, &mut others));
        let (sources, past) = (sources(options), std::mem::take(past));
        let provisioner = Provisioner::new(wishes, desk.clone(), provisioning, sources, past);
        others.spawn(named("handset", handset::run(desk.clone(), lines.handset())));
        others.spawn(named("control socket", control.run(desk, trail)));
        others.spawn(named("provisioning", provisioner.run()));
        others.spawn(named("lines", lines.run()));
        others.spawn(named("watchdog", supervise::feed_watchdog(inbox.clone())));
        let driver = Driver {
            phone: Phone::new(seed()?, clock.read().now()),
            inbox: messages,
            sockets,
            audio,
            memory: Memory::new(store.clone()),
            names,
            provisioner: fetches,
            reporter: Reporter::new(events, archive, calls.clone(), book.clone()),
            tap: Tap::new(trace),
            clock,
        };
        Ok(Self { driver, others, store_ended, signals, inbox, endings, end, port, lines: count })
    }

    async fn run(self, options: &Run) -> anyhow::Result<Ending> {
        let Self { driver, mut others, mut store_ended, signals, inbox, mut endings, end, .. } =
            self;
        others.spawn(named("signals", signals.obey(end)));
        let mut driver = tokio::spawn(driver.run());
        greet(options, self.port, self.lines);
        supervise::ready();
        let mut ending: Option<Ending> = None;
        loop {
            tokio::select! {
                ended = &mut driver => return match ended {
                    Ok(ended) => ended.map(|()| ending.unwrap_or(Ending::Stop)).map_err(Into::into),
                    Err(panic) => Err(panic).context("the driver died"),
                },
                Some(wanted) = endings.recv() => {
                    ending = Some(ending.map_or(wanted, |ending| ending.or(wanted)));
                    // The driver is gone only when the daemon is ending.
                    let _ = inbox.send(Message::Stop).await;
                }
                Some(ended) = others.join_next() => return match ended {
                    Ok(name) => Err(anyhow!("{name} ended before its time")),
                    Err(panic) => Err(panic).context("a part died"),
                },
                _ = &mut store_ended => return Err(anyhow!("the configuration store died")),
            }
        }
    }
}

fn open_sockets(
    settings: &config_store::Settings,
    inbox: &mpsc::Sender<Message>,
) -> anyhow::Result<Sockets> {
    let tls = Tls::new(settings.tls.clone());
    if let Err(error) = tls.check() {
        tracing::warn!("{error}");
    }
    Ok(Sockets::open(settings.sip_port, settings.dscp.sip, tls, inbox)?)
}

/// Where a configuration comes from that no item names.
fn sources(options: &Run) -> Sources {
    let url = options.provision.as_ref().and_then(Source::url);
    Sources { url, dhcp: options.dhcp.clone() }
}

fn open_audio(
    options: &Run,
    settings: &config_store::Settings,
    events: &Events,
) -> anyhow::Result<Audio> {
    let mut audio = Audio::new(&options.audio, settings.rtp_ports.clone(), events.clone())
        .context("option --audio")?;
    audio.set_sound(settings.sound.clone());
    audio.set_devices(settings.sound_devices.clone());
    audio.set_dscp(settings.dscp.rtp);
    Ok(audio)
}

/// A part with its name, for the message should it end.
pub(crate) async fn named(name: &'static str, part: impl Future<Output = ()>) -> &'static str {
    part.await;
    name
}

fn greet(options: &Run, port: u16, lines: usize) {
    let version = env!("CARGO_PKG_VERSION");
    let control = options.control.display();
    tracing::info!(version, port, lines, %control, audio = options.audio, "ready");
    if lines == 0 {
        tracing::info!(
            "no line is configured; configure one with: phonectl --control {control} config set \
             'SIP1 Phone Number=1001' 'SIP1 Register Addr=sip.example.test' \
             'SIP1 Register User=1001' 'SIP1 Register Pswd=secret'"
        );
    }
}

/// A seed of what must not be guessed: tags, branches, Call-IDs; and of draws among SRV weights.
fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system has no random numbers")?;
    Ok(seed)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Has the run ended, once; never ends itself.
    async fn obey(mut self, end: mpsc::Sender<Ending>) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        supervise::stopping();
        let _ = end.send(Ending::Stop).await;
        std::future::pending().await
    }
}

/// A panic is a bug: it goes to the log, with its place, like every other error.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    });
}
