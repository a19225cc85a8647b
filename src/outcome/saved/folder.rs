//! Puts one folder in the place of another, and refuses to replace what conga did not make.
//!
//! The new folder grows inside a hidden sibling, on the same file system, and is then renamed; the old one moves into
//! that sibling and goes with it. Links are never followed: neither the folder itself nor anything inside the old one.
use super::{SaveError, at};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder that may be made or replaced.
pub(super) struct Place {
    parent: PathBuf,
    path: PathBuf,
    exists: bool,
}

/// Checks that `dir` is absent, empty or left by conga.
pub(super) fn place(dir: &Path) -> Result<Place, SaveError> {
    let path = std::path::absolute(dir).map_err(at(dir))?;
    let (Some(parent), Some(_)) = (path.parent(), path.file_name()) else {
        return Err(SaveError::Unnamed(dir.to_owned()));
    };
    let parent = parent.to_owned();
    let exists = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(at(dir)(error)),
        Ok(found) if found.is_symlink() => return Err(SaveError::Link(dir.to_owned())),
        Ok(found) if !found.is_dir() => return Err(SaveError::NotAFolder(dir.to_owned())),
        Ok(_) if is_empty(&path)? || is_ours(&path) => true,
        Ok(_) => return Err(SaveError::NotOurs(dir.to_owned())),
    };
    Ok(Place { parent, path, exists })
}

fn is_empty(dir: &Path) -> Result<bool, SaveError> {
    Ok(fs::read_dir(dir).map_err(at(dir))?.next().is_none())
}

/// Whether a result of conga, of whatever version, lies in `dir`.
fn is_ours(dir: &Path) -> bool {
    let path = dir.join("result.json");
    let regular = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    let read = || serde_json::from_slice::<serde_json::Value>(&fs::read(&path).ok()?).ok();
    regular && read().is_some_and(|result| result["conga"].is_string())
}

/// Fills a new folder and puts it in the place of `dir`. On failure whatever was there stays.
pub(super) fn replace(dir: &Path, fill: impl FnOnce(&Path) -> Result<(), SaveError>) -> Result<(), SaveError> {
    let place = place(dir)?;
    fs::create_dir_all(&place.parent).map_err(at(&place.parent))?;
    let sibling = tempfile::Builder::new().prefix(".conga-").tempdir_in(&place.parent).map_err(at(&place.parent))?;
    let new = sibling.path().join("new");
    fs::create_dir(&new).map_err(at(&new))?;
    fill(&new)?;
    let old = sibling.path().join("old");
    if place.exists {
        fs::rename(&place.path, &old).map_err(at(dir))?;
    }
    fs::rename(&new, &place.path).map_err(|error| {
        if place.exists {
            // The error of the first rename is the one to tell.
            let _ = fs::rename(&old, &place.path);
        }
        at(dir)(error)
    })
}
