//! What three readers must say alike about a message.

/// What a reader says: facts, or why it refuses.
pub(crate) type Reading = Result<Facts, String>;

/// The facts of a message that a user agent acts on. Octets are text in Latin-1, so that nothing is
/// lost and everything can be printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Method and Request-URI, or status code and reason phrase.
    pub(crate) start: Start,
    pub(crate) vias: Vec<Hop>,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) call_id: String,
    pub(crate) cseq: (u32, String),
    pub(crate) max_forwards: Option<u8>,
    pub(crate) contacts: Vec<Address>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Request(String, Target),
    Response(u16),
}

/// A Via: transport in upper case, sent-by, branch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) transport: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) branch: Option<String>,
}

/// A URI's parts; of one that is not SIP, its scheme only.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Target {
    pub(crate) scheme: String,
    pub(crate) user: Option<String>,
    /// In lower case; an address in its usual form.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// Names in lower case.
    pub(crate) params: Vec<(String, Option<String>)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) target: Target,
    pub(crate) tag: Option<String>,
}

/// Octets as text, one character for each.
pub(crate) fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// UTF-8 text in the same form.
pub(crate) fn of_text(text: &str) -> String {
    latin1(text.as_bytes())
}
