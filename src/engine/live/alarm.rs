//! What wakes a thread at an instant: the kernel's timer, for that of tokio has a grain of a millisecond.
//!
//! Elsewhere than on Linux it is tokio's all the same, and pacing is as coarse as that.
#[cfg(target_os = "linux")]
pub use kernel::Alarm;
#[cfg(not(target_os = "linux"))]
pub use portable::Alarm;

#[cfg(target_os = "linux")]
mod kernel {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;
    use tokio::io::unix::AsyncFd;

    /// A timer of the kernel's.
    #[derive(Debug)]
    pub struct Alarm(AsyncFd<OwnedFd>);

    impl Alarm {
        /// One that is not set. To be called where tokio runs.
        ///
        /// # Errors
        /// When the system has no more of them.
        pub fn new() -> io::Result<Self> {
            let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            #[expect(deprecated, reason = "an owned descriptor stays what it is; the call that replaces it is unsafe")]
            let alarm = AsyncFd::new(fd)?;
            Ok(Self(alarm))
        }

        /// Rings once after so long, instead of when it would have.
        pub fn set(&self, after: Duration) {
            let none = Timespec { tv_sec: 0, tv_nsec: 0 };
            // Nothing at all would switch it off.
            let after = after.max(Duration::from_nanos(1));
            let at = Timespec { tv_sec: after.as_secs().cast_signed(), tv_nsec: i64::from(after.subsec_nanos()) };
            let times = Itimerspec { it_interval: none, it_value: at };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &times).expect("a timer can be set");
        }

        /// Waits until it rings.
        pub async fn ring(&self) {
            loop {
                let mut ready = self.0.readable().await.expect("a timer can be waited for");
                let mut rings = [0; 8];
                let read = ready.try_io(|fd| rustix::io::read(fd.get_ref(), &mut rings).map_err(io::Error::from));
                if let Ok(Ok(_)) = read {
                    return;
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use std::cell::Cell;
    use std::io;
    use std::time::Duration;
    use tokio::sync::Notify;
    use tokio::time::{Instant, sleep_until, timeout_at};

    /// A timer of tokio's.
    #[derive(Debug)]
    pub struct Alarm {
        at: Cell<Option<Instant>>,
        changed: Notify,
    }

    impl Alarm {
        /// One that is not set.
        ///
        /// # Errors
        /// Never; the kernel's may fail.
        pub fn new() -> io::Result<Self> {
            Ok(Self { at: Cell::new(None), changed: Notify::new() })
        }

        /// Rings once after so long, instead of when it would have.
        pub fn set(&self, after: Duration) {
            self.at.set(Some(Instant::now() + after));
            self.changed.notify_one();
        }

        /// Waits until it rings.
        pub async fn ring(&self) {
            loop {
                let Some(at) = self.at.get() else {
                    self.changed.notified().await;
                    continue;
                };
                if timeout_at(at, self.changed.notified()).await.is_err() {
                    self.at.set(None);
                    return sleep_until(at).await;
                }
            }
        }
    }
}
