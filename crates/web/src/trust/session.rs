//! Sessions of browsers. A session is known by a random cookie, of which only the digest is kept; it
//! survives a restart of the phone, so that an open page comes back by itself.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::secret::{Secret, digest};
use super::users::Role;
use crate::{file, limits};

/// Who speaks to the phone just now.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The user's name.
    pub(crate) user: String,
    /// What the user may do.
    pub(crate) role: Role,
    /// What every form of this session carries, so that no other site can send one.
    pub(crate) csrf: String,
    pub(super) cookie: Secret,
}

impl Session {
    /// The cookie's value.
    pub(crate) fn cookie(&self) -> &str {
        self.cookie.text()
    }
}

/// All sessions, by the digest of their cookie.
#[derive(Debug)]
pub(super) struct Sessions {
    path: PathBuf,
    kept: BTreeMap<String, Kept>,
    used: BTreeMap<String, Instant>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    user: String,
    /// Seconds since 1970.
    begun: u64,
}

impl Sessions {
    /// Those that the file has; a file that cannot be read has none.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let kept = file::take(path).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "web page: sessions forgotten");
            None
        });
        Ok(Self { path: path.to_owned(), kept: kept.unwrap_or_default(), used: BTreeMap::new() })
    }

    /// A new session: its cookie and what its forms carry.
    pub(super) fn begin(
        &mut self,
        user: &str,
        now: Instant,
        unix: Duration,
    ) -> io::Result<(Secret, String)> {
        self.kept.retain(|_, kept| !kept.is_over(unix));
        while self.kept.len() >= limits::SESSIONS {
            // Those not used since the start come first.
            let idle = |id: &&String| self.used.get(*id).copied();
            let Some(id) = self.kept.keys().min_by_key(idle).cloned() else { break };
            self.kept.remove(&id);
        }
        let cookie = Secret::random();
        let id = digest("session", cookie.text());
        self.used.insert(id.clone(), now);
        self.kept.insert(id, Kept { user: user.to_owned(), begun: unix.as_secs() });
        self.write()?;
        let csrf = digest("csrf", cookie.text());
        Ok((cookie, csrf))
    }

    /// The user of a session that is still good, and what its forms carry.
    pub(super) fn find(
        &mut self,
        cookie: &str,
        now: Instant,
        unix: Duration,
    ) -> Option<(String, String)> {
        let id = digest("session", cookie);
        if !self.goes_on(&id, now, unix) {
            self.kept.remove(&id);
            self.used.remove(&id);
            return None;
        }
        let user = self.kept.get(&id)?.user.clone();
        self.used.insert(id, now);
        Some((user, digest("csrf", cookie)))
    }

    /// Whether a session goes on; asking does not count as its use.
    pub(super) fn is_good(&self, cookie: &str, now: Instant, unix: Duration) -> bool {
        self.goes_on(&digest("session", cookie), now, unix)
    }

    fn goes_on(&self, id: &str, now: Instant, unix: Duration) -> bool {
        let used = self.used.get(id).copied();
        let idle = used.map_or(Duration::ZERO, |used| now.saturating_duration_since(used));
        let kept = self.kept.get(id);
        kept.is_some_and(|kept| !kept.is_over(unix)) && idle <= limits::SESSION.0
    }

    /// Ends one.
    pub(super) fn end(&mut self, cookie: &str) -> io::Result<()> {
        self.kept.remove(&digest("session", cookie));
        self.write()
    }

    /// Ends all of a user but `keep`.
    pub(super) fn end_all_of(&mut self, user: &str, keep: Option<&str>) -> io::Result<()> {
        let keep = keep.map(|cookie| digest("session", cookie));
        self.kept.retain(|id, kept| kept.user != user || keep.as_ref() == Some(id));
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.used.retain(|id, _| self.kept.contains_key(id));
        file::put(&self.path, &self.kept)
    }
}

impl Kept {
    /// A calendar that was set back makes no session older than it is.
    fn is_over(&self, unix: Duration) -> bool {
        unix.as_secs().saturating_sub(self.begun) > limits::SESSION.1.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn sessions(folder: &tempfile::TempDir) -> Sessions {
        Sessions::open(&folder.path().join("sessions.json")).unwrap()
    }

    #[test]
    fn a_session_survives_a_restart_and_the_file_does_not_hold_its_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let (now, unix) = (Instant::now(), 20_000 * DAY);
        let (cookie, csrf) = sessions(&folder).begin("admin", now, unix).unwrap();
        let found = sessions(&folder).find(cookie.text(), now, unix);
        assert_eq!(found, Some(("admin".to_owned(), csrf)));
        let written = std::fs::read_to_string(folder.path().join("sessions.json")).unwrap();
        assert!(!written.contains(cookie.text()));
        assert_eq!(sessions(&folder).find("0", now, unix), None);
    }

    #[test]
    fn a_session_ends_when_it_is_idle_or_old_or_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = sessions(&folder);
        let (now, unix) = (Instant::now(), 20_000 * DAY);
        let begin = |all: &mut Sessions| all.begin("admin", now, unix).unwrap().0;
        let idle = begin(&mut all);
        let late = now + limits::SESSION.0 + Duration::from_secs(1);
        assert_eq!(all.find(idle.text(), late, unix), None);
        let old = begin(&mut all);
        assert_eq!(all.find(old.text(), now, unix + 8 * DAY), None);
        let ended = begin(&mut all);
        all.end(ended.text()).unwrap();
        assert_eq!(all.find(ended.text(), now, unix), None);
        let (one, other) = (begin(&mut all), begin(&mut all));
        all.end_all_of("admin", Some(one.text())).unwrap();
        assert!(all.find(one.text(), now, unix).is_some());
        assert_eq!(all.find(other.text(), now, unix), None);
    }

    #[test]
    fn there_are_never_more_sessions_than_allowed_and_the_idlest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = sessions(&folder);
        let (now, unix) = (Instant::now(), 20_000 * DAY);
        let first = all.begin("admin", now, unix).unwrap().0;
        for n in 1..=limits::SESSIONS as u64 {
            all.begin("admin", now + Duration::from_secs(n), unix).unwrap();
        }
        assert_eq!(all.kept.len(), limits::SESSIONS);
        assert_eq!(all.find(first.text(), now, unix), None);
    }
}
