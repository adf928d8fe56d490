//! The page's certificate and key: those in the folder, or a self-signed pair made at the first
//! start and kept, so that a browser which was told to trust it meets the same one again.
//!
//! To use one's own, put `cert.pem` (the chain, the phone's first) and `key.pem` in its place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use rcgen::{CertificateParams, DnType, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::file;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A file is not PEM of the right kind.
    #[error("{}", .0.display())]
    Pem(PathBuf, #[source] pem::Error),
    /// None could be made.
    #[error("cannot make a certificate")]
    Made(#[from] rcgen::Error),
    /// They do not fit together, or the key is of a kind that is not known.
    #[error("certificate and key in {}", .0.display())]
    Refused(PathBuf, #[source] rustls::Error),
}

/// What accepts TLS connections with the certificate of this folder.
///
/// # Errors
/// [`CertificateError`], naming the file.
pub(crate) fn acceptor(folder: &Path) -> Result<TlsAcceptor, CertificateError> {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    if !cert.exists() && !key.exists() {
        make(&cert, &key)?;
    }
    let read = |path: &Path| {
        fs::read(path).map_err(|error| CertificateError::File(path.to_owned(), error))
    };
    let chain = CertificateDer::pem_slice_iter(&read(&cert)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| CertificateError::Pem(cert.clone(), error))?;
    let private = PrivateKeyDer::from_pem_slice(&read(&key)?)
        .map_err(|error| CertificateError::Pem(key.clone(), error))?;
    let refused = |error| CertificateError::Refused(folder.to_owned(), error);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(refused)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A self-signed pair. It is valid for ever, as far as its form allows: a board without a clock
/// starts in 1970, and nobody would renew it.
fn make(cert: &Path, key: &Path) -> Result<(), CertificateError> {
    let host = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !host.is_empty() && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    {
        names.push(host.clone());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, format!("phoned {host}"));
    let pair = KeyPair::generate()?;
    let made = params.self_signed(&pair)?;
    let write = |path: &Path, text: String| {
        file::replace(path, text.as_bytes())
            .map_err(|error| CertificateError::File(path.to_owned(), error))
    };
    write(key, pair.serialize_pem())?;
    write(cert, made.pem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_is_made_once_and_then_kept() {
        let folder = tempfile::tempdir().unwrap();
        acceptor(folder.path()).unwrap();
        let first = fs::read(folder.path().join("cert.pem")).unwrap();
        acceptor(folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join("cert.pem")).unwrap(), first);
    }

    #[test]
    fn a_certificate_without_its_key_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        acceptor(folder.path()).unwrap();
        fs::remove_file(folder.path().join("key.pem")).unwrap();
        let Err(error) = acceptor(folder.path()) else { panic!("accepted") };
        assert!(error.to_string().ends_with("key.pem"), "{error}");
    }
}
