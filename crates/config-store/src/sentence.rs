//! What a user ought to know, in the languages of the web page.

use std::fmt;

/// One sentence in both languages. The log and the command line have the English one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Sentence {
    /// A sentence.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The same where it is not clear which line it is about.
    #[must_use]
    pub fn of_line(&self, line: u16) -> Self {
        Self::new(format!("line {line}: {}", self.en), format!("线路 {line}：{}", self.zh))
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}
