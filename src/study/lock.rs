//! A file that only one process has at a time.
//!
//! Its lock is given back by name: a process that is just being started holds a copy of every open file until it runs its
//! own program, and closing ours would leave the lock with it.
use std::fs::{File, TryLockError};
use std::ops::{Deref, DerefMut};

/// An open file, locked for as long as this lives.
#[derive(Debug)]
pub struct Locked(File);

impl Locked {
    /// Locks a file.
    ///
    /// # Errors
    /// When another process has it, or the file system refuses.
    pub fn new(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Where it cannot be given back, closing the file still does.
        let _ = self.0.unlock();
    }
}
