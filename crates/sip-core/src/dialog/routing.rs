//! Loose and strict routing: RFC 3261 §12.2.1.1.

use crate::message::{NameAddr, Uri};

/// The Request-URI and Route of a request to `target` by `route`. If the first proxy is a strict
/// router (no `lr`), it is the Request-URI, and the target comes last in the Route.
pub(super) fn apply(target: &Uri, route: &[NameAddr]) -> (Uri, Vec<NameAddr>) {
    match route.split_first() {
        Some((first, rest)) if !first.uri.is_loose() => {
            let mut entries = rest.to_vec();
            entries.push(NameAddr::new(target.clone()));
            (request_uri(&first.uri), entries)
        }
        Some(_) | None => (request_uri(target), route.to_vec()),
    }
}

/// RFC 3261 §19.1.1, table 1: headers and `method` have no place in a Request-URI.
fn request_uri(uri: &Uri) -> Uri {
    let mut uri = uri.clone();
    uri.headers = None;
    uri.params.remove("method");
    uri
}
