//! Users and access tokens, in one file. Of a password the argon2id hash is kept, of a token the
//! digest: it is random enough that a slow hash would protect nothing.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::secret::{Secret, digest};
use super::{Refusal, not_kept};
use crate::{file, limits};

/// What a user or a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything.
    Admin,
    /// See the state, telephone; change nothing.
    User,
}

impl Role {
    /// Its word in forms and files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }

    /// The role of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Admin, Self::User].into_iter().find(|role| role.word() == word)
    }
}

/// A user as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserInfo {
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// A token as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenInfo {
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// All users and tokens.
#[derive(Debug)]
pub(super) struct Users {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    users: Vec<User>,
    #[serde(default)]
    tokens: Vec<Token>,
}

#[derive(Clone, Serialize, Deserialize)]
struct User {
    name: String,
    role: Role,
    hash: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Token {
    name: String,
    role: Role,
    digest: String,
}

impl Users {
    /// Those of the file. A file that cannot be read is an error: to start as new would let in the
    /// next who comes.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let kept = file::take(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), kept: kept.unwrap_or_default() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.users.is_empty()
    }

    pub(super) fn users(&self) -> Vec<UserInfo> {
        let info = |user: &User| UserInfo { name: user.name.clone(), role: user.role };
        self.kept.users.iter().map(info).collect()
    }

    pub(super) fn tokens(&self) -> Vec<TokenInfo> {
        let info = |token: &Token| TokenInfo { name: token.name.clone(), role: token.role };
        self.kept.tokens.iter().map(info).collect()
    }

    pub(super) fn hash_of(&self, name: &str) -> Option<String> {
        self.user(name).map(|user| user.hash.clone())
    }

    pub(super) fn role_of(&self, name: &str) -> Option<Role> {
        self.user(name).map(|user| user.role)
    }

    fn user(&self, name: &str) -> Option<&User> {
        self.kept.users.iter().find(|user| user.name == name)
    }

    /// Whether a user of this name may be added.
    pub(super) fn may_add(&self, name: &str) -> Result<(), Refusal> {
        if !is_name(name) || self.user(name).is_some() {
            return Err(Refusal::Name);
        }
        if self.kept.users.len() >= limits::USERS {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    pub(super) fn add(&mut self, name: &str, role: Role, hash: String) -> Result<(), Refusal> {
        self.may_add(name)?;
        let user = User { name: name.to_owned(), role, hash };
        self.change(|kept| kept.users.push(user))
    }

    pub(super) fn set_hash(&mut self, name: &str, hash: String) -> Result<(), Refusal> {
        self.user(name).ok_or(Refusal::Unknown)?;
        self.change(|kept| {
            for user in kept.users.iter_mut().filter(|user| user.name == name) {
                user.hash.clone_from(&hash);
            }
        })
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<(), Refusal> {
        self.user(name).ok_or(Refusal::Unknown)?;
        let admin_stays =
            self.kept.users.iter().any(|user| user.role == Role::Admin && user.name != name);
        if !admin_stays {
            return Err(Refusal::LastAdmin);
        }
        self.change(|kept| kept.users.retain(|user| user.name != name))
    }

    /// Whose token it is.
    pub(super) fn token(&self, token: &str) -> Option<(String, Role)> {
        let wanted = digest("token", token);
        let found = self.kept.tokens.iter().find(|token| token.digest == wanted)?;
        Some((found.name.clone(), found.role))
    }

    pub(super) fn add_token(&mut self, name: &str, role: Role) -> Result<Secret, Refusal> {
        if !is_name(name) || self.kept.tokens.iter().any(|token| token.name == name) {
            return Err(Refusal::Name);
        }
        if self.kept.tokens.len() >= limits::TOKENS {
            return Err(Refusal::Full);
        }
        let secret = Secret::random();
        let token = Token { name: name.to_owned(), role, digest: digest("token", secret.text()) };
        self.change(|kept| kept.tokens.push(token))?;
        Ok(secret)
    }

    pub(super) fn remove_token(&mut self, name: &str) -> Result<(), Refusal> {
        if !self.kept.tokens.iter().any(|token| token.name == name) {
            return Err(Refusal::Unknown);
        }
        self.change(|kept| kept.tokens.retain(|token| token.name != name))
    }

    /// Changes in the file first, so that what was told is true after a loss of power.
    fn change(&mut self, change: impl FnOnce(&mut Kept)) -> Result<(), Refusal> {
        let mut kept = self.kept.clone();
        change(&mut kept);
        file::put(&self.path, &kept).map_err(|error| not_kept(&error))?;
        self.kept = kept;
        Ok(())
    }
}

/// Letters, digits and `._-`: what can stand in a log and in a form without a thought.
fn is_name(name: &str) -> bool {
    (1..=limits::NAME).contains(&name.len())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._-".contains(&octet))
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({}, {})", self.name, self.role.word())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}, {})", self.name, self.role.word())
    }
}
