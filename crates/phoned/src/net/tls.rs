//! TLS: whom we trust, who we are, and what a failed handshake means.
//!
//! A server is held against the names under which it was configured, or its address where that is
//! what was configured; what DNS made of a name counts for nothing (RFC 5922 §7). Files are read when
//! they are first needed and again when the settings change. No handshake is ever shortened by an
//! earlier one: every connection is verified.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use config_store::TlsFiles;
use phone::input::{FlowFault, TlsFault};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};

/// Why TLS settings cannot be used; each names the item and the file.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file cannot be read or is not PEM.
    #[error("item '{item}': {}: {why}", path.display())]
    File { item: &'static str, path: PathBuf, why: FileFault },
    /// One of certificate and key is set without the other.
    #[error("items 'TLS Certificate File' and 'TLS Key File' must be set together")]
    Half,
    /// Certificate and key do not fit, or are of no use.
    #[error("items 'TLS Certificate File' and 'TLS Key File': {0}")]
    Identity(String),
    /// There is nobody to trust.
    #[error("the system trusts no certificate authority; set item 'TLS CA File'")]
    NobodyTrusted,
}

/// What is wrong with a file of certificates or a key.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum FileFault {
    /// The system does not give it.
    #[error("{0}")]
    System(Arc<io::Error>),
    /// It is a device, which may have no end, or a pipe, which may never begin.
    #[error("not a plain file")]
    NotPlain,
    /// It is longer than such files are.
    #[error("larger than {} octets", crate::limits::FILE)]
    Long,
    /// It is not PEM.
    #[error("{0}")]
    NotPem(String),
    /// It is PEM, without a certificate.
    #[error("no certificate in it")]
    NoCertificate,
    /// There is no private key in it.
    #[error("no private key in it ({0})")]
    NoKey(String),
    /// So many certificates, and none of any use.
    #[error("none of its {0} certificates can be used")]
    Useless(usize),
}

impl FileFault {
    /// The same as its `Display` form, in Chinese.
    fn chinese(&self) -> String {
        match self {
            Self::System(error) => config_store::said_by_system(error),
            Self::NotPlain => "不是普通文件".to_owned(),
            Self::Long => format!("超过 {} 字节", crate::limits::FILE),
            Self::NotPem(why) => format!("不是 PEM 文件（「{why}」）"),
            Self::NoCertificate => "其中没有证书".to_owned(),
            Self::NoKey(why) => format!("其中没有私钥（「{why}」）"),
            Self::Useless(count) => format!("其中的 {count} 个证书均无法使用"),
        }
    }
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::System(Arc::new(error))
    }
}

impl TlsError {
    /// The same as its `Display` form, in Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::File { item, path, why } => {
                format!("参数 `{item}`：`{}`：{}", path.display(), why.chinese())
            }
            Self::Half => "参数 `TLS Certificate File` 和 `TLS Key File` 必须同时设置".to_owned(),
            Self::Identity(why) => {
                format!("参数 `TLS Certificate File` 和 `TLS Key File`：「{why}」")
            }
            Self::NobodyTrusted => {
                "系统没有信任任何证书颁发机构；请设置参数 `TLS CA File`".to_owned()
            }
        }
    }
}

/// Certificates, our own first.
type Chain = Vec<CertificateDer<'static>>;

/// Our own certificate chain and its key.
#[derive(Debug)]
struct Identity {
    chain: Chain,
    key: PrivateKeyDer<'static>,
}

/// The TLS settings in force.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Arc<WebPkiServerVerifier>, TlsError>>,
}

impl Tls {
    /// Reads nothing yet.
    pub(crate) fn new(files: TlsFiles) -> Arc<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Arc::new(Self { files, provider, verifier: OnceLock::new() })
    }

    /// Reads what is configured, so that whoever configures it hears of a fault at once. The system's
    /// own authorities are not read before they are needed.
    ///
    /// # Errors
    /// [`TlsError`], the first one found.
    pub(crate) fn check(&self) -> Result<(), TlsError> {
        if self.files.ca.is_some() {
            self.verifier()?;
        }
        self.server().map(drop)
    }

    /// How a connection to a server is set up whose certificate must be good for each of `names`, or
    /// for `ip` where there are none. The name goes to the server (SNI); an address does not.
    pub(crate) fn client(
        &self,
        names: &[String],
        ip: IpAddr,
    ) -> Result<(Arc<ClientConfig>, ServerName<'static>), TlsError> {
        let inner = self.verifier()?;
        let mut subjects: Vec<ServerName<'static>> = Vec::new();
        for name in names {
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            // The store takes no name that this would refuse, but for underscores.
            let subject = ServerName::try_from(name);
            subjects.push(subject.map_err(|error| TlsError::Identity(error.to_string()))?);
        }
        let first = subjects.first().cloned().unwrap_or_else(|| ServerName::from(ip));
        let verifier = Arc::new(Named { inner, subjects });
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(identity)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match self.identity()? {
            Some(Identity { chain, key }) => {
                builder.with_client_auth_cert(chain, key).map_err(identity)?
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = rustls::client::Resumption::disabled();
        Ok((Arc::new(config), first))
    }

    /// How a connection from others is set up; `None` where we have no certificate.
    pub(crate) fn server(&self) -> Result<Option<Arc<ServerConfig>>, TlsError> {
        let Some(Identity { chain, key }) = self.identity()? else { return Ok(None) };
        let config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(identity)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(identity)?;
        Ok(Some(Arc::new(config)))
    }

    fn verifier(&self) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        self.verifier.get_or_init(|| self.make_verifier()).clone()
    }

    fn make_verifier(&self) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        let (_, unfit) = roots.add_parsable_certificates(self.authorities()?);
        if roots.is_empty() {
            let Some(path) = self.files.ca.clone() else { return Err(TlsError::NobodyTrusted) };
            let why = FileFault::Useless(unfit);
            return Err(TlsError::File { item: "TLS CA File", path, why });
        }
        let provider = Arc::clone(&self.provider);
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| TlsError::Identity(error.to_string()))
    }

    /// The certificates of those who may vouch for a server: of the file, or the system's.
    ///
    /// # Errors
    /// [`TlsError`] where the file is of no use.
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        if let Some(path) = &self.files.ca {
            return certificates("TLS CA File", path);
        }
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!(%error, "certificate authorities of the system");
        }
        Ok(found.certs)
    }

    fn identity(&self) -> Result<Option<Identity>, TlsError> {
        let Some((chain, text)) = self.identity_pem()? else { return Ok(None) };
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(identity_file(&self.files))?;
        Ok(Some(Identity { chain, key }))
    }

    /// Who we are to those who ask: our certificate chain, and the file of its key, in which there is
    /// one; `None` where that is not configured.
    ///
    /// # Errors
    /// [`TlsError`] where a file is of no use.
    pub(crate) fn identity_pem(&self) -> Result<Option<(Chain, Vec<u8>)>, TlsError> {
        let (chain, key) = match (&self.files.certificate, &self.files.key) {
            (None, None) => return Ok(None),
            (Some(chain), Some(key)) => (chain, key),
            (Some(_), None) | (None, Some(_)) => return Err(TlsError::Half),
        };
        let text = read(KEY, key)?;
        PrivateKeyDer::from_pem_slice(&text).map_err(identity_file(&self.files))?;
        Ok(Some((certificates("TLS Certificate File", chain)?, text)))
    }
}

const KEY: &str = "TLS Key File";

fn identity_file(files: &TlsFiles) -> impl FnOnce(rustls::pki_types::pem::Error) -> TlsError {
    let path = files.key.clone().unwrap_or_default();
    move |error| TlsError::File { item: KEY, path, why: FileFault::NoKey(error.to_string()) }
}

fn identity(error: Error) -> TlsError {
    TlsError::Identity(error.to_string())
}

fn read(item: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let fault = |why: FileFault| TlsError::File { item, path: path.to_owned(), why };
    let about = fs::metadata(path).map_err(|error| fault(error.into()))?;
    // Of a directory the system says so itself.
    if !about.is_file() && !about.is_dir() {
        return Err(fault(FileFault::NotPlain));
    }
    if about.len() > crate::limits::FILE {
        return Err(fault(FileFault::Long));
    }
    fs::read(path).map_err(|error| fault(error.into()))
}

fn certificates(item: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(item, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let fault = |why: FileFault| TlsError::File { item, path: path.to_owned(), why };
    let found = found.map_err(|error| fault(FileFault::NotPem(error.to_string())))?;
    if found.is_empty() {
        return Err(fault(FileFault::NoCertificate));
    }
    Ok(found)
}

/// Verifies as rustls does, and for every configured name.
#[derive(Debug)]
struct Named {
    inner: Arc<WebPkiServerVerifier>,
    subjects: Vec<ServerName<'static>>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |name: &ServerName<'_>| {
            self.inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
        };
        for subject in self.subjects.iter().filter(|subject| *subject != server_name) {
            verify(subject)?;
        }
        verify(server_name)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// What an error of a TLS stream means; `None` where it is TCP's.
pub(crate) fn fault(error: &io::Error) -> Option<FlowFault> {
    let tls = error.get_ref()?.downcast_ref::<Error>()?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "rustls adds kinds of errors at will")]
    let fault = match tls {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsFault::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsFault::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFault::WrongName
            }
            CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
            CertificateError::BadSignature => TlsFault::BadSignature,
            CertificateError::Revoked => TlsFault::Revoked,
            _ => TlsFault::Certificate,
        },
        Error::AlertReceived(_) => TlsFault::Refused,
        _ => TlsFault::Failed,
    };
    Some(FlowFault::Tls(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bad input, by an item that a file from a server may set: a device would be read for ever, a pipe waited for.
    #[test]
    fn what_is_no_plain_file_is_refused_by_name_and_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (device, folder) = (Path::new("/dev/zero"), folder.path());
        for (path, why) in [
            (device, "not a plain file"),
            (&pipe, "not a plain file"),
            (folder, "Is a directory (os error 21)"),
        ] {
            let files = TlsFiles { ca: Some(path.to_owned()), ..TlsFiles::default() };
            let said = Tls::new(files).check().unwrap_err().to_string();
            assert_eq!(said, format!("item 'TLS CA File': {}: {why}", path.display()));
        }
    }
}
