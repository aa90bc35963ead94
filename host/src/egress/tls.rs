//! TLS as a client.
//!
//! Owns: which authorities are trusted and what is negotiated. Must not know: sockets. Called once, when egress is set
//! up. The cryptography (ring) is handed to the configuration itself, so nothing depends on a process-wide default.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::config::{Roots, SetupError};

/// Where systems keep their bundle; the first that is there counts.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// The configuration for all connections: HTTP/2 or 1.1, TLS 1.2 or 1.3.
///
/// # Errors
/// [`SetupError`] where a named file holds no usable certificate.
pub(super) fn client_config(roots: &Roots) -> Result<ClientConfig, SetupError> {
    let store = match roots {
        Roots::File(path) => from_file(path)?,
        Roots::Bundled => bundled(),
        Roots::System => {
            let system = BUNDLES.iter().find_map(|path| from_file(Path::new(path)).ok());
            system.unwrap_or_else(bundled)
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn bundled() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn from_file(path: &Path) -> Result<RootCertStore, SetupError> {
    let refuse = |why: String| SetupError::Roots { path: path.to_owned(), why };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| refuse(e.to_string()))?;
    let mut store = RootCertStore::empty();
    // One certificate of an old bundle that cannot be parsed does not spoil the rest.
    store.add_parsable_certificates(certificates.filter_map(Result::ok));
    if store.is_empty() { Err(refuse("it holds no certificate".to_owned())) } else { Ok(store) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        assert!(client_config(&Roots::System).is_ok());
        assert!(client_config(&Roots::Bundled).is_ok());
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "nothing").unwrap();
        for path in [empty, dir.path().join("missing.pem")] {
            let error = client_config(&Roots::File(path.clone())).unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}
