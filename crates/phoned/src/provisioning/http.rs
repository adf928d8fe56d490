//! Fetches a file by HTTP or HTTPS, with the login that a server asks for: digest where it offers
//! that (RFC 7616), else basic (RFC 7617).
//!
//! A login goes only to the server that was configured and asked for it: a redirection is followed
//! without it, and never from HTTPS to HTTP.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sip_core::digest::{Credentials, Session, answerable};
use sip_core::message::Challenge;
use ureq::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use ureq::http::{Response, StatusCode};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

use phone::input::FlowFault;

use super::{FetchError, Login, Place, Scheme};
use crate::net::tls;

/// How long setting up a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Redirections that are followed.
pub(super) const REDIRECTIONS: u32 = 3;
/// Octets of the header section of an answer.
const HEADERS: usize = 64 * 1024;

/// Fetches a file of at most `limit` octets until `deadline`.
///
/// # Errors
/// What the server or the network says, or that a bound was reached.
pub(super) fn fetch(
    place: &Place,
    login: &Login,
    trust: Option<TlsConfig>,
    limit: usize,
    deadline: Instant,
) -> Result<Vec<u8>, FetchError> {
    let agent = agent(place, trust, deadline);
    let mut response = agent.get(place.to_string()).call().map_err(|error| fault(error, place))?;
    if response.status() == StatusCode::UNAUTHORIZED && !login.user.is_empty() {
        let answer = answer(&response, place, login).ok_or(FetchError::NoLogin)?;
        response = agent
            .get(place.to_string())
            .header(AUTHORIZATION, answer)
            .call()
            .map_err(|error| fault(error, place))?;
    }
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let allowed = u64::try_from(limit).unwrap_or(u64::MAX);
    let read = response.body_mut().with_config().limit(allowed).read_to_vec();
    read.map_err(|error| {
        let too_long = matches!(error, ureq::Error::BodyExceedsLimit(_));
        if too_long { FetchError::TooLong(limit) } else { fault(error, place) }
    })
}

fn agent(place: &Place, trust: Option<TlsConfig>, deadline: Instant) -> Agent {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(place.scheme == Scheme::Https)
        .timeout_global(Some(left))
        .timeout_connect(Some(CONNECT))
        .max_redirects(REDIRECTIONS)
        .max_response_header_size(HEADERS)
        // What the environment names is for people's browsers.
        .proxy(None)
        .user_agent(concat!("phoned/", env!("CARGO_PKG_VERSION")));
    if let Some(trust) = trust {
        config = config.tls_config(trust);
    }
    config.build().new_agent()
}

/// The Authorization that a challenge wants; `None` where it cannot be given.
fn answer(response: &Response<Body>, place: &Place, login: &Login) -> Option<String> {
    let lines = response.headers().get_all(WWW_AUTHENTICATE).into_iter();
    let read = |line: &str| Challenge::read_line(line).unwrap_or_default();
    let challenges: Vec<Challenge> =
        lines.filter_map(|line| line.to_str().ok()).flat_map(read).collect();
    if let Some(challenge) = answerable(&challenges).into_iter().next() {
        let credentials =
            Credentials { user: login.user.clone(), password: login.password.clone() };
        let mut session = Session::new(challenge);
        return Some(session.answer(&credentials, "GET", &place.path, &client_nonce()?));
    }
    challenges.iter().any(|challenge| challenge.is_scheme("Basic")).then(|| {
        let pair = format!("{}:{}", login.user, login.password);
        format!("Basic {}", STANDARD.encode(pair))
    })
}

fn client_nonce() -> Option<String> {
    let mut octets = [0_u8; 16];
    getrandom::fill(&mut octets).ok()?;
    Some(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "ureq adds kinds of errors at will")]
fn fault(error: ureq::Error, place: &Place) -> FetchError {
    match error {
        ureq::Error::Timeout(_) => FetchError::TooSlow,
        ureq::Error::HostNotFound => FetchError::NoAddress(place.authority.clone()),
        ureq::Error::TooManyRedirects => FetchError::SentOn,
        ureq::Error::Io(error) => match tls::fault(&error) {
            Some(FlowFault::Tls(fault)) => FetchError::Tls(fault),
            // The library has no kind of its own for what getaddrinfo(3) says.
            _ if error.to_string().starts_with("failed to lookup address") => {
                FetchError::NoAddress(place.authority.clone())
            }
            Some(_) | None => FetchError::Network(error),
        },
        other => FetchError::Http(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::provisioning::Marks;

    /// A server that gives one answer after the other, each on a connection of its own, and then
    /// returns the head of every request that it has seen.
    fn server(answers: Vec<String>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let thread = thread::spawn(move || {
            let mut seen = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = String::new();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).unwrap() > 0 {}
                stream.write_all(answer.as_bytes()).unwrap();
                seen.push(head);
            }
            seen
        });
        (address, thread)
    }

    fn with_body(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    }

    fn get(address: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        let marks = Marks { mac: "0c".into(), model: "phoned" };
        let place = Place::of_url(&format!("http://{address}/$mac.cfg?a=b"), &marks).unwrap();
        let login = Login { user: "Mufasa".into(), password: "Circle".into() };
        fetch(&place, &login, None, limit, Instant::now() + Duration::from_secs(10))
    }

    #[test]
    fn a_file_is_fetched_and_its_length_is_bounded() {
        let (address, thread) = server(vec![with_body("200 OK", "", "content")]);
        assert_eq!(get(&address, 100).unwrap(), b"content");
        let [request] = thread.join().unwrap().try_into().unwrap();
        assert!(request.starts_with("GET /0c.cfg?a=b HTTP/1.1\r\n"), "{request}");
        assert!(!request.to_lowercase().contains("authorization"), "unasked: {request}");
        let (address, thread) = server(vec![with_body("200 OK", "", "content")]);
        assert!(matches!(get(&address, 6), Err(FetchError::TooLong(6))));
        thread.join().unwrap();
    }

    #[test]
    fn a_login_is_given_by_digest_where_that_is_offered() {
        let offers = "WWW-Authenticate: Basic realm=\"r\"\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n";
        let answers = vec![with_body("401 No", offers, ""), with_body("200 OK", "", "x")];
        let (address, thread) = server(answers);
        assert_eq!(get(&address, 100).unwrap(), b"x");
        let [_, second] = thread.join().unwrap().try_into().unwrap();
        let line = second.lines().find(|line| line.to_lowercase().starts_with("authorization"));
        let line = line.unwrap();
        assert!(line.contains("Digest username=\"Mufasa\""), "{line}");
        assert!(line.contains("uri=\"/0c.cfg?a=b\"") && line.contains("SHA-256"), "{line}");
        assert!(!second.contains("Circle"));
    }

    #[test]
    fn a_login_is_given_in_the_basic_way_where_nothing_else_is_offered() {
        let offer = "WWW-Authenticate: Basic realm=\"r\"\r\n";
        let answers = vec![with_body("401 No", offer, ""), with_body("401 No", offer, "")];
        let (address, thread) = server(answers);
        assert!(matches!(get(&address, 100), Err(FetchError::Status(401))), "once only");
        let [_, second] = thread.join().unwrap().try_into().unwrap();
        assert!(second.contains("Basic TXVmYXNhOkNpcmNsZQ=="), "{second}");
    }

    #[test]
    fn an_error_of_the_server_is_no_file() {
        let (address, thread) = server(vec![with_body("500 Oops", "", "<sysConf/>")]);
        assert!(matches!(get(&address, 100), Err(FetchError::Status(500))));
        thread.join().unwrap();
    }

    #[test]
    fn a_login_does_not_follow_a_redirection() {
        let (other, elsewhere) = server(vec![with_body("401 No", "", "")]);
        let moved = format!("Location: http://{other}/x\r\n");
        let offer = "WWW-Authenticate: Basic realm=\"r\"\r\n";
        let answers = vec![with_body("401 No", offer, ""), with_body("302 Found", &moved, "")];
        let (address, thread) = server(answers);
        assert!(matches!(get(&address, 100), Err(FetchError::Status(401))));
        let [request] = elsewhere.join().unwrap().try_into().unwrap();
        assert!(!request.to_lowercase().contains("authorization"), "{request}");
        thread.join().unwrap();
    }
}
