//! The listener and the driver.
//!
//! Owns: accepting, closing the port for a while, one task per connection, and the one task that lets runs end and
//! webhooks go out when their time has come. Called by `emulator`.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Shared;
use super::deliver::deliver;
use super::request::Connection;
use super::send::send;
use crate::api;
use crate::webhooks::Due;

/// Serves until told to stop. Dropping the tasks cuts the connections.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(listener, Arc::clone(&shared)));
    tasks.spawn(drive(shared));
    // An error means that the handle is gone: that, too, is the end.
    stopped.await.ok();
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut closed = shared.closed.subscribe();
    let mut next = Some(listener);
    loop {
        let listener = match next.take().map_or_else(|| bind(&shared), Ok).and_then(tokio::net::TcpListener::from_std) {
            Ok(listener) => listener,
            // Somebody else may have the port for a moment.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, Arc::clone(&shared)));
                    }
                    // Out of descriptors, say: others will be closed.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
                Some(_) = connections.join_next() => {}
                _ = closed.changed() => break,
            }
        }
        let pause = *closed.borrow_and_update();
        drop((listener, connections));
        tokio::time::sleep(pause).await;
    }
}

fn bind(shared: &Shared) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(shared.address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// One connection, to its end. Errors are the client's: it went away.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).ok();
    let mut connection = Connection::new(stream);
    while let Ok(Some(request)) = connection.read().await {
        let keep = request.keeps_alive();
        let reply = api::answer(&shared, request).await;
        match send(&mut connection.stream, reply, keep, &shared.clock).await {
            Ok(true) => {}
            _ => return,
        }
    }
}

/// Lets things happen when their time has come.
async fn drive(shared: Arc<Shared>) {
    let mut deliveries = JoinSet::new();
    let mut moved = shared.clock.watch();
    loop {
        let next = {
            let mut world = shared.world();
            let now = shared.clock.now();
            for due in world.outbox.due(now) {
                match due {
                    Due::Deliver(delivery) => {
                        let message = world.find(delivery.run.as_str()).map(|run| delivery.message(run, now));
                        if let Some(message) = message {
                            deliveries.spawn(deliver(*delivery, message, Arc::clone(&shared)));
                        }
                    }
                    Due::ComeBack(id) => api::come_back(&mut world, id.as_str(), now),
                }
            }
            world.next_due()
        };
        tokio::select! {
            () = shared.clock.nap(next, &mut moved) => {}
            () = shared.planned.notified() => {}
            Some(_) = deliveries.join_next() => {}
        }
    }
}
