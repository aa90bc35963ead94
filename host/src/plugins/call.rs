//! One call: a fresh store and instance, deadlines, caps, and nothing left behind.
//!
//! Owns: [`Sandbox`], which makes an instance, calls one function in it and drops it on every exit. Must not know: which
//! functions there are. Called by the adapters.
//!
//! A guest that spins gives its thread back at every tick; its own CPU time is counted ([`super::meter`]), and ends the call
//! when it is used up. A guest that waits is ended by the wall deadline. Dropping the future of a call ends it at once.

use core::time::Duration;
use std::sync::Arc;

use tidegate_core::limits;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::timeout;
use wasmtime::component::{Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower};
use wasmtime::{Store, UpdateDeadline};

use super::answer::{Answer, Call, CallContext};
use super::fault::{CpuSpent, FaultKind, classify};
use super::log::LogLine;
use super::meter::Meter;
use super::room::Shared;
use super::state::CallState;

/// A component ready to be instantiated.
pub(super) struct Sandbox {
    shared: Arc<Shared>,
    pre: InstancePre<CallState>,
    /// Instances that this component may still have: one that spins or sleeps on many sources leaves places and cores to others.
    own: Semaphore,
}

/// A place among the component's own instances, and one among all.
type Permit<'a> = (SemaphorePermit<'a>, SemaphorePermit<'a>);

/// A call that gave no answer, before anybody has said whose it was.
pub(super) struct Failed {
    pub(super) call: Call,
    pub(super) kind: FaultKind,
    pub(super) log: Vec<LogLine>,
    pub(super) cpu: Duration,
}

/// An instance nothing has been called in. Its place is given back after its store, as fields are dropped in order.
pub(super) struct Idle<'a> {
    pub(super) store: Store<CallState>,
    pub(super) instance: Instance,
    _permit: Permit<'a>,
}

/// Why a call did not end in time.
fn late(meter: &Meter, cx: &CallContext) -> FaultKind {
    let limit = cx.wall;
    if meter.is_asleep() { FaultKind::Asleep { limit } } else { FaultKind::DeadlineWall { limit } }
}

impl Failed {
    fn early(kind: FaultKind) -> Box<Self> {
        Box::new(Self { call: Call::Instantiate, kind, log: Vec::new(), cpu: Duration::ZERO })
    }
}

impl Sandbox {
    pub(super) fn new(shared: Arc<Shared>, pre: InstancePre<CallState>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let own = Semaphore::new((2 * cores).clamp(limits::PLUGIN_INSTANCES, limits::INSTANCES));
        Self { shared, pre, own }
    }

    pub(super) fn component(&self) -> &Component {
        self.pre.component()
    }

    /// Calls one function in an instance of its own.
    pub(super) async fn call<P, R>(
        &self,
        call: Call,
        export: &ComponentExportIndex,
        params: P,
        cx: &CallContext,
    ) -> Result<Answer<R>, Box<Failed>>
    where
        P: ComponentNamedList + Lower + Send,
        R: ComponentNamedList + Lift + Send + 'static,
    {
        // Held until the store is gone: it was made after it, so it is dropped before it.
        let _permit = self.permit(cx).await?;
        let meter = Arc::new(Meter::default());
        let mut store = self.store(cx, &meter);
        let work = async {
            let instance = self.pre.instantiate_async(&mut store).await.map_err(|error| (Call::Instantiate, error))?;
            let function =
                instance.get_typed_func::<P, R>(&mut store, export).map_err(|error| (Call::Instantiate, error))?;
            function.call_async(&mut store, params).await.map_err(|error| (call, error))
        };
        let outcome = timeout(cx.wall, meter.measure(work)).await;
        let state = store.data_mut();
        state.collect_output();
        match outcome {
            Ok(Ok(value)) => {
                let (memory, log) = (state.memory(), state.take_log().finish());
                Ok(Answer { value, log, cpu: meter.total(), memory })
            }
            Ok(Err((stage, error))) => {
                let kind = classify(&error, stage, state, cx);
                Err(Box::new(Failed { call, kind, log: state.take_log().finish(), cpu: meter.total() }))
            }
            Err(_) => {
                let kind = late(&meter, cx);
                Err(Box::new(Failed { call, kind, log: state.take_log().finish(), cpu: meter.total() }))
            }
        }
    }

    /// An instance nothing has been called in, for looking at.
    pub(super) async fn instance(&self, cx: &CallContext) -> Result<Idle<'_>, Box<Failed>> {
        let permit = self.permit(cx).await?;
        let meter = Arc::new(Meter::default());
        let mut store = self.store(cx, &meter);
        let made = timeout(cx.wall, meter.measure(self.pre.instantiate_async(&mut store))).await;
        let kind = match made {
            Ok(Ok(instance)) => return Ok(Idle { store, instance, _permit: permit }),
            Ok(Err(error)) => {
                store.data_mut().collect_output();
                classify(&error, Call::Instantiate, store.data(), cx)
            }
            Err(_) => late(&meter, cx),
        };
        let log = store.data_mut().take_log().finish();
        Err(Box::new(Failed { call: Call::Instantiate, kind, log, cpu: meter.total() }))
    }

    /// Waits for one of the instances that may live at once.
    async fn permit(&self, cx: &CallContext) -> Result<Permit<'_>, Box<Failed>> {
        let slots = &self.shared.slots;
        if let (Ok(own), Ok(permit)) = (self.own.try_acquire(), slots.try_acquire()) {
            return Ok((own, permit));
        }
        let both = async { Ok::<_, AcquireError>((self.own.acquire().await?, slots.acquire().await?)) };
        match timeout(cx.wall, both).await {
            Ok(Ok(permits)) => Ok(permits),
            // Never closed; were it, nothing would become free either.
            Ok(Err(_)) | Err(_) => Err(Failed::early(FaultKind::Busy { waited: cx.wall })),
        }
    }

    fn store(&self, cx: &CallContext, meter: &Arc<Meter>) -> Store<CallState> {
        let mut store = Store::new(self.pre.engine(), CallState::new(cx, Arc::clone(meter)));
        store.limiter(|state| state);
        // The texts, and as much again for the records around them.
        store.set_hostcall_fuel(cx.answer.saturating_mul(2));
        let cpu = cx.cpu;
        store.epoch_deadline_callback(move |store| {
            if store.data().meter.so_far() >= cpu {
                return Err(CpuSpent.into());
            }
            store.data().meter.takes_turn();
            // Not wasmtime's own yield: it wakes itself at once, and tokio looks at sockets and timers only after every
            // 61 polls of such tasks, which are 61 ticks here. Tokio's yield comes back after such a look.
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        store.set_epoch_deadline(1);
        store
    }
}
