//! Who may do what (F10): users with a role, sessions of browsers, tokens of programs, what it costs
//! to guess, and the record of who changed what.
//!
//! There is no default password. The first visit sets one, with a code that stands in the phone's
//! log, so whoever sets it has been at the phone. Nothing here reads a request's text: the pages and
//! the API bring names and passwords, and get a [`Session`] or a refusal.

mod audit;
mod deed;
mod guard;
mod password;
mod secret;
mod session;
mod users;

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use audit::Audit;
pub(crate) use audit::Entry;
pub(crate) use deed::Deed;
use guard::Guard;
use password::Checker;
pub(crate) use secret::Secret;
pub(crate) use session::Session;
use session::Sessions;
use users::Users;
pub(crate) use users::{Role, TokenInfo, UserInfo};

/// Who did what came over the control socket. No user is called so: a name has no blank.
pub(crate) const COMMAND_LINE: &str = "command line";

/// Why somebody is not let in, or a change of users is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Name and password, or the code, do not fit.
    #[error("wrong")]
    Wrong,
    /// Too many wrong ones; this many seconds have to pass.
    #[error("too many failures: wait {0} s")]
    Locked(u64),
    /// More are being checked than there is room for.
    #[error("busy")]
    Busy,
    /// The password is too short or too long.
    #[error("the password is too short or too long")]
    Length,
    /// The name is empty, too long, taken, or has characters that names do not have.
    #[error("the name is not accepted")]
    Name,
    /// As many as there may be are there.
    #[error("there is no room for another one")]
    Full,
    /// Nobody would be left who may change anything.
    #[error("the last administrator stays")]
    LastAdmin,
    /// There is none of this name.
    #[error("there is none of this name")]
    Unknown,
    /// It could not be written down; the log says why.
    #[error("it could not be kept")]
    NotKept,
}

/// Everything about trust, with its files in one folder.
pub(crate) struct Trust {
    users: Mutex<Users>,
    sessions: Mutex<Sessions>,
    guard: Mutex<Guard>,
    audit: Mutex<Audit>,
    checker: Checker,
    code: Mutex<Option<Secret>>,
}

impl Trust {
    /// What the folder holds; a folder without users waits for the first visit.
    ///
    /// # Errors
    /// Which file cannot be used.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let users = Users::open(&folder.join("users.json"))?;
        let code = users.is_empty().then(Secret::code);
        Ok(Self {
            users: Mutex::new(users),
            sessions: Mutex::new(Sessions::open(&folder.join("sessions.json"))?),
            guard: Mutex::new(Guard::default()),
            audit: Mutex::new(Audit::open(&folder.join("audit.log"))?),
            checker: Checker::default(),
            code: Mutex::new(code),
        })
    }

    /// The code that the first visit needs; `None` once a password is set.
    pub(crate) fn code(&self) -> Option<String> {
        lock(&self.code).as_ref().map(|code| code.text().to_owned())
    }

    /// Whether nobody has set a password yet.
    pub(crate) fn is_new(&self) -> bool {
        lock(&self.code).is_some()
    }

    /// The first visit: makes the administrator.
    ///
    /// # Errors
    /// [`Refusal`]; wrong codes count as failed log-ins.
    pub(crate) async fn set_up(
        &self,
        code: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<Session, Refusal> {
        let now = Instant::now();
        self.may_try(address, now)?;
        let right = lock(&self.code).as_ref().is_some_and(|known| known.is(code.trim()));
        if !right {
            self.failed(address, now, "first visit");
            return Err(Refusal::Wrong);
        }
        let kept = self.checker.hash(password).await?;
        {
            // Two first visits at once: the first to come here wins.
            let mut open = lock(&self.code);
            if open.is_none() {
                return Err(Refusal::Wrong);
            }
            lock(&self.users).add("admin", Role::Admin, kept)?;
            *open = None;
        }
        lock(&self.guard).succeeded(address, now);
        self.note("admin", address, &Deed::FirstPassword);
        self.begin("admin", Role::Admin, now)
    }

    /// Checks name and password and begins a session.
    ///
    /// # Errors
    /// [`Refusal`]; a name that is not known takes as long as a wrong password.
    pub(crate) async fn log_in(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<Session, Refusal> {
        let now = Instant::now();
        self.may_try(address, now)?;
        let known = lock(&self.users).hash_of(name);
        let right = self.checker.check(password, known.as_deref()).await?;
        let role = lock(&self.users).role_of(name).filter(|_| right);
        let Some(role) = role else {
            self.failed(address, now, "log-in");
            return Err(Refusal::Wrong);
        };
        lock(&self.guard).succeeded(address, now);
        self.note(name, address, &Deed::LoggedIn);
        self.begin(name, role, now)
    }

    /// The session of a browser that shows this cookie.
    pub(crate) fn session(&self, cookie: &str) -> Option<Session> {
        let (user, csrf) = lock(&self.sessions).find(cookie, Instant::now(), unix())?;
        let role = lock(&self.users).role_of(&user)?;
        Some(Session { user, role, csrf, cookie: Secret::of(cookie.to_owned()) })
    }

    /// Whether this cookie's session goes on; that somebody looks does not prolong it.
    pub(crate) fn is_good(&self, cookie: &str) -> bool {
        lock(&self.sessions).is_good(cookie, Instant::now(), unix())
    }

    /// Ends a session.
    pub(crate) fn log_out(&self, session: &Session, address: IpAddr) {
        if let Err(error) = lock(&self.sessions).end(session.cookie.text()) {
            tracing::warn!(%error, "web page: the end of a session is not written down");
        }
        self.note(&session.user, address, &Deed::LoggedOut);
    }

    /// Whose token this is; wrong ones count as failed log-ins.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn token(&self, token: &str, address: IpAddr) -> Result<(String, Role), Refusal> {
        let now = Instant::now();
        self.may_try(address, now)?;
        let found = lock(&self.users).token(token);
        found.ok_or_else(|| {
            self.failed(address, now, "access token");
            Refusal::Wrong
        })
    }

    /// Adds a user.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) async fn add_user(
        &self,
        name: &str,
        password: &str,
        role: Role,
    ) -> Result<(), Refusal> {
        lock(&self.users).may_add(name)?;
        let kept = self.checker.hash(password).await?;
        lock(&self.users).add(name, role, kept)
    }

    /// Gives a user another password; every session of that user but `keep` ends.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) async fn set_password(
        &self,
        name: &str,
        password: &str,
        keep: &Session,
    ) -> Result<(), Refusal> {
        let kept = self.checker.hash(password).await?;
        lock(&self.users).set_hash(name, kept)?;
        self.end_sessions(name, Some(keep))
    }

    /// Removes a user, whose sessions end.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn remove_user(&self, name: &str) -> Result<(), Refusal> {
        lock(&self.users).remove(name)?;
        self.end_sessions(name, None)
    }

    fn end_sessions(&self, name: &str, keep: Option<&Session>) -> Result<(), Refusal> {
        let keep = keep.map(|session| session.cookie.text());
        lock(&self.sessions).end_all_of(name, keep).map_err(|error| not_kept(&error))
    }

    /// Whether this is the user's password.
    ///
    /// # Errors
    /// [`Refusal`]; wrong ones count as failed log-ins.
    pub(crate) async fn confirm(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        let now = Instant::now();
        self.may_try(address, now)?;
        let known = lock(&self.users).hash_of(name);
        if self.checker.check(password, known.as_deref()).await? {
            return Ok(());
        }
        self.failed(address, now, "password");
        Err(Refusal::Wrong)
    }

    /// Makes a token; its text is never told again.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn add_token(&self, name: &str, role: Role) -> Result<Secret, Refusal> {
        lock(&self.users).add_token(name, role)
    }

    /// Removes a token.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn remove_token(&self, name: &str) -> Result<(), Refusal> {
        lock(&self.users).remove_token(name)
    }

    /// Every user.
    pub(crate) fn users(&self) -> Vec<UserInfo> {
        lock(&self.users).users()
    }

    /// Every token.
    pub(crate) fn tokens(&self) -> Vec<TokenInfo> {
        lock(&self.users).tokens()
    }

    /// Writes down who did what.
    pub(crate) fn note(&self, who: &str, address: IpAddr, deed: &Deed) {
        self.write(who, address.to_string(), deed);
    }

    /// Writes down what somebody at the device itself did, who has no name and no address.
    pub(crate) fn note_local(&self, deed: &Deed) {
        self.write(COMMAND_LINE, "-".to_owned(), deed);
    }

    fn write(&self, who: &str, address: String, deed: &Deed) {
        let (what, what_zh) = deed.words();
        tracing::info!(who, address, what, "audit");
        lock(&self.audit).write(&Entry {
            t: control::Timestamp::from_unix_ms(i64::try_from(unix().as_millis()).unwrap_or(0)),
            who: who.to_owned(),
            address,
            what,
            what_zh,
        });
    }

    /// The latest entries of the audit log, newest first.
    pub(crate) fn audit(&self) -> Vec<Entry> {
        lock(&self.audit).latest()
    }

    fn begin(&self, name: &str, role: Role, now: Instant) -> Result<Session, Refusal> {
        let begun = lock(&self.sessions).begin(name, now, unix());
        let (cookie, csrf) = begun.map_err(|error| not_kept(&error))?;
        Ok(Session { user: name.to_owned(), role, csrf, cookie })
    }

    fn may_try(&self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        match lock(&self.guard).wait(address, now) {
            Some(wait) => Err(Refusal::Locked(wait.as_secs().max(1))),
            None => Ok(()),
        }
    }

    fn failed(&self, address: IpAddr, now: Instant, what: &str) {
        let locked = lock(&self.guard).failed(address, now);
        tracing::warn!(%address, what, "web page: refused");
        if let Some(wait) = locked {
            let wait_s = wait.as_secs();
            self.note("-", address, &Deed::LockedOut(wait_s));
        }
    }
}

fn not_kept(error: &io::Error) -> Refusal {
    tracing::error!(%error, "web page: a change of users or sessions is not written down");
    Refusal::NotKept
}

/// Calendar time since 1970.
fn unix() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What a panic left behind is whole: every change is made in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
