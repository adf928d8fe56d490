//! Settings of a line that contradict each other.

use super::{LineSettings, Server};

impl LineSettings {
    /// What the user ought to know of settings that contradict each other, a sentence each.
    /// `line` is this line's number.
    #[must_use]
    pub fn warnings(&self, line: u16) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |text: String| warnings.push(text);
        if self.proxy.is_some() && self.server2.is_some() {
            warn(format!("line {line}: with `SIP{line} Proxy Addr` set, SIP Server 2 is not used"));
        }
        if self.proxy.is_none() && self.backup_proxy.is_some() {
            warn(format!(
                "line {line}: `SIP{line} BakProxy Addr` is not used without `SIP{line} Proxy Addr`"
            ));
        }
        let twice = match &self.proxy {
            Some(_) => self.proxy == self.backup_proxy,
            None => {
                let place = |server: &Server| (server.endpoint.clone(), server.transport);
                self.server1.is_some()
                    && self.server1.as_ref().map(place) == self.server2.as_ref().map(place)
            }
        };
        if twice {
            warn(format!("line {line}: both servers are one address, so there is no backup"));
        }
        warnings
    }
}
