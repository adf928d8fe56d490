//! What the phone says of itself to people: typed, and put into words of both languages of the web
//! page in one exhaustive match each, so that what has no Chinese does not compile.

mod call;
mod line;
mod refusal;

pub use call::{CallNote, Change, Failing, IpVersion, Reason};
pub use line::{Failure, LineNote, Primary, Standing};
pub use refusal::{InState, Wanted};

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// English.
    pub en: String,
    /// Chinese; empty where the text is not ours, such as a server's reason phrase: it stays as it is.
    pub zh: String,
}

impl Said {
    /// A text in both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// A text that comes from outside and is nobody's to translate.
    pub fn outside(text: impl Into<String>) -> Self {
        Self { en: text.into(), zh: String::new() }
    }

    /// The Chinese one, or what came from outside in the quotation marks that tell it apart.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self.zh.is_empty() {
            true => quoted(&self.en),
            false => self.zh.clone(),
        }
    }
}

/// A text from outside within a Chinese sentence.
fn quoted(text: &str) -> String {
    format!("「{text}」")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_told_apart_within_a_chinese_sentence() {
        assert_eq!(Said::new("busy", "忙").chinese(), "忙");
        assert_eq!(Said::outside("Try later").chinese(), "「Try later」");
    }
}
