//! Whom an HTTPS server must be vouched for by, and who we are to it: by the files of the TLS items,
//! as for SIP.

use std::sync::Arc;

use config_store::TlsFiles;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

use super::{Place, Scheme};
use crate::net::tls::{Tls, TlsError};

/// How HTTPS is spoken to a place; `None` for one that is asked in the clear.
///
/// # Errors
/// What is wrong with a file, naming its item.
pub(super) fn trust(place: &Place, files: &TlsFiles) -> Result<Option<TlsConfig>, TlsError> {
    if place.scheme != Scheme::Https {
        return Ok(None);
    }
    let tls = Tls::new(files.clone());
    let roots: Vec<_> =
        tls.authorities()?.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    if roots.is_empty() {
        return Err(TlsError::NobodyTrusted);
    }
    let client = tls.identity_pem()?.map(|(chain, key)| {
        let chain: Vec<_> = chain.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
        // What is no key was refused when it was read.
        PrivateKey::from_pem(&key).ok().map(|key| ClientCert::new_with_certs(&chain, key))
    });
    let config = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(client.flatten());
    Ok(Some(config.build()))
}
