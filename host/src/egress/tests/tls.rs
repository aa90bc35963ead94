//! Connections with and without trust.

use std::path::Path;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

fn testdata(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/egress/testdata").join(file)
}

fn acceptor(protocol: &[u8]) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(testdata("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(testdata("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

fn trusting(roots: Roots) -> Egress {
    let here: &[&[&str]] = &[&["127.0.0.1"]];
    let resolver =
        Names::of(&[("tls.example", here), ("tls.example.", here), ("wrong.example", here), ("a_b..example", here)]);
    let (_, clock) = egress_with(EgressLimits::default(), Arc::clone(&resolver) as Arc<dyn Resolve>);
    Egress::new(EgressConfig { roots, resolver, ..EgressConfig::default() }, clock).unwrap()
}

#[tokio::test]
async fn a_trusted_server_and_others() {
    let server = Server::start_with(|_| answer(200, &[], "safe"), Some(acceptor(b"http/1.1"))).await;
    let port = server.address.port();
    let ours = trusting(Roots::File(testdata("ca.pem")));
    for host in ["tls.example", "tls.example.", "127.0.0.1"] {
        let response = ours.fetch(get(&format!("https://{host}:{port}/"))).await.unwrap();
        assert_eq!(bytes(&response), b"safe", "{host}");
    }
    let named_wrong = ours.fetch(get(&format!("https://wrong.example:{port}/"))).await.unwrap_err();
    let untrusted = trusting(Roots::Bundled).fetch(get(&format!("https://tls.example:{port}/"))).await.unwrap_err();
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    let talking = tokio::task::JoinSet::from_iter([async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 speak plainly\r\n\r\n").await.unwrap();
        // Kept open until the other side has read it: closing with unread bytes would reset the connection.
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await.ok();
    }]);
    let not_tls = ours.fetch(get(&format!("https://{address}/"))).await.unwrap_err();
    drop(talking);
    let no_name = ours.fetch(get(&format!("https://a_b..example:{port}/"))).await.unwrap_err();
    for error in [named_wrong, untrusted, not_tls, no_name] {
        assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_handshake_that_is_broken_off() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/?key={CANARY}", listener.local_addr().unwrap());
    let closing = tokio::task::JoinSet::from_iter([async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4_096]).await.ok();
        }
    }]);
    let error = trusting(Roots::Bundled).fetch(get(&url)).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    drop(closing);
}

#[tokio::test]
async fn no_way_back_to_http() {
    let plain = saying(|| answer(200, &[], "")).await;
    let there = plain.url("/?token=canary-7f3a9c");
    let server =
        Server::start_with(move |_| answer(301, &[("location", &there)], ""), Some(acceptor(b"http/1.1"))).await;
    let url = format!("https://tls.example:{}/", server.address.port());
    let error = trusting(Roots::File(testdata("ca.pem"))).fetch(get(&url)).await.unwrap_err();
    assert!(matches!(error, FetchError::Downgrade { .. }), "{error:?}");
    assert!(!error.to_string().contains(CANARY), "{error}");
    assert_eq!(plain.seen().len(), 0);
}

#[tokio::test]
async fn a_credential_goes_over_http2() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = acceptor(b"h2");
    let serving = tokio::task::JoinSet::from_iter([async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
        let service = service_fn(|request: http::Request<Incoming>| async move {
            let field = |name| request.headers().get(name).map_or("none", |v: &http::HeaderValue| v.to_str().unwrap());
            // What is said back of it would be hidden.
            let told = format!("{:?} {}", request.version(), field("authorization") == format!("Bearer {CANARY}"));
            Ok::<_, std::convert::Infallible>(http::Response::new(told))
        });
        http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await.ok();
    }]);
    let egress = trusting(Roots::File(testdata("ca.pem")));
    let url = format!("https://tls.example:{}/", address.port());
    for _ in 0..2 {
        let outbound = Outbound { credentials: vec![credential(&url)], ..get(&url) };
        let response = egress.fetch(outbound).await.unwrap();
        assert_eq!(bytes(&response), b"HTTP/2.0 true");
    }
    drop(serving);
}
