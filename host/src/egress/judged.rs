//! From a name to the addresses that may be dialled.
//!
//! Owns: look-up, its time limit, and the verdict on what it gave. Must not know: requests, ports, sockets. Called by the
//! HTTP client when it has no open connection to a host that is a name.
//!
//! The client dials what this resolver gives it and never asks anyone else, so an address that was not judged cannot be
//! dialled. A literal address does not come by here: it is judged before each hop, and dialled as it stands.
//!
//! A resolver is not told the port. So each belongs to a client that serves only the ports where its exceptions hold, and
//! these exceptions name none (`NetGrant::at_port`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve as ClientResolve, Resolving};
use tidegate_core::fetch::{Denial, NetGrant};
use tidegate_core::limits;
use tokio::time::timeout;

use super::resolver::Resolve;

/// Stands for every port, as the exceptions judged by name none; to the client it means the port of the URL.
const THE_URLS: u16 = 0;

/// Looks names up for one set of exceptions.
#[derive(Clone)]
pub(super) struct Judged {
    shared: Arc<Shared>,
}

struct Shared {
    grant: NetGrant,
    resolver: Arc<dyn Resolve>,
    within: Duration,
}

/// Why a name gave no address to dial.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum LookupError {
    #[error("looking up {host:?} gave an address that is denied: {reason}")]
    Denied { host: String, address: Option<IpAddr>, reason: Denial },
    #[error("looking up {host:?}: {why}")]
    Failed { host: String, why: String },
    #[error("looking up a name took longer than {0:?}")]
    Timeout(Duration),
}

impl Judged {
    /// `grant`: with exceptions that name no port.
    pub(super) fn new(grant: NetGrant, resolver: Arc<dyn Resolve>, within: Duration) -> Self {
        Self { shared: Arc::new(Shared { grant, resolver, within }) }
    }
}

impl ClientResolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let judged = shared.addresses(name.as_str()).await?;
            let sockets = judged.into_iter().map(|address| SocketAddr::new(address, THE_URLS));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}

impl Shared {
    /// The addresses that will be dialled: all judged, and no others.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        let failed = |why: String| LookupError::Failed { host: host.to_owned(), why };
        let lookup = timeout(self.within, self.resolver.resolve(host)).await;
        let mut found = lookup.map_err(|_| LookupError::Timeout(self.within))?.map_err(|e| failed(e.to_string()))?;
        // The whole answer is judged, also what is cut off below: a mixed answer is how rebinding works.
        self.grant.permits_addresses(host, THE_URLS, &found).map_err(|reason| match reason {
            Denial::NoAddress { .. } => failed("it has no address".to_owned()),
            reason => {
                let address = if let Denial::Address(denied) = &reason { Some(denied.address) } else { None };
                LookupError::Denied { host: host.to_owned(), address, reason }
            }
        })?;
        found.truncate(limits::DNS_ADDRESSES);
        Ok(found)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::resolver::Lookup;
    use super::*;

    /// Gives the same answer for every name.
    struct Says(Vec<IpAddr>);

    impl Resolve for Says {
        fn resolve<'a>(&'a self, _: &'a str) -> Lookup<'a> {
            Box::pin(std::future::ready(Ok(self.0.clone())))
        }
    }

    async fn judged(rules: &[&str], answer: Vec<IpAddr>) -> Result<Vec<SocketAddr>, LookupError> {
        let grant =
            NetGrant { allow_private: rules.iter().map(|r| r.parse().unwrap()).collect(), ..NetGrant::default() };
        let judged = Judged::new(grant, Arc::new(Says(answer)), limits::DNS_TIMEOUT);
        match judged.resolve("wiki.example".parse().unwrap()).await {
            Ok(sockets) => Ok(sockets.collect()),
            Err(error) => Err(error.downcast_ref::<LookupError>().unwrap().clone()),
        }
    }

    #[tokio::test]
    async fn what_is_given_back_is_what_was_judged() {
        let open: IpAddr = "93.184.216.34".parse().unwrap();
        let private: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(judged(&[], vec![open]).await.unwrap(), [SocketAddr::new(open, 0)]);
        assert_eq!(judged(&["wiki.example"], vec![open, private]).await.unwrap().len(), 2);
        for rules in [&[][..], &["other.example"], &["wiki.example:443"]] {
            let error = judged(rules, vec![open, private]).await.unwrap_err();
            assert!(
                matches!(error, LookupError::Denied { address: Some(a), .. } if a == private),
                "{rules:?}: {error}"
            );
        }
        assert!(matches!(judged(&[], Vec::new()).await, Err(LookupError::Failed { .. })));
    }

    #[tokio::test]
    async fn many_addresses_are_judged_and_some_dialled() {
        let mut answer: Vec<IpAddr> = (1..=40_u8).map(|n| IpAddr::from([93, 184, 216, n])).collect();
        assert_eq!(judged(&[], answer.clone()).await.unwrap().len(), limits::DNS_ADDRESSES);
        answer.push("169.254.169.254".parse().unwrap());
        assert!(matches!(judged(&[], answer).await, Err(LookupError::Denied { .. })));
    }
}
