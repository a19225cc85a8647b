//! The view of a run that fills the terminal: four times a second, from looks at the run; it never touches the run itself.
//!
//! `q` and Ctrl-C end the run where it stands, as Ctrl-C does without a view; a second one ends the program. However it
//! ends, by an error or a panic on any thread, the terminal is put back first.
pub mod draw;

use super::FAILED;
use super::film::Film;
use super::looks::{Looks, PAUSE};
use super::progress::permille;
use crate::engine::Watch;
use draw::Scene;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::{cursor, execute, terminal};
use std::io::{self, BufWriter, Stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

/// Whether the terminal is ours at the moment.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether there is a terminal that can be drawn on, and we have it.
#[must_use]
pub fn may_be() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb" && !term.is_empty()) && in_front()
}

/// Who runs in the background (`conga … &`) would be stopped for touching the terminal.
#[cfg(target_os = "linux")]
fn in_front() -> bool {
    // Where nobody is in front, nobody minds.
    rustix::termios::tcgetpgrp(io::stderr()).map_or(true, |front| front == rustix::process::getpgrp())
}

#[cfg(not(target_os = "linux"))]
fn in_front() -> bool {
    true
}

/// Puts the terminal back as it was, if it is ours.
pub fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        // There is nobody left to tell of an error.
        let _ = terminal::disable_raw_mode();
        let _ = execute!(io::stderr(), terminal::LeaveAlternateScreen, cursor::Show);
    }
}

/// Has every panic, on whatever thread, put the terminal back before it is told: also where a panic ends the program.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            former(panic);
        }));
    });
}

/// A view of a run.
#[derive(Debug)]
pub struct View {
    terminal: Terminal<CrosstermBackend<BufWriter<Stderr>>>,
    film: Film,
    looks: Looks,
    watch: Arc<Watch>,
    drawn: Option<Instant>,
}

impl View {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where that is not possible; it is as before, then.
    pub fn enter(film: Film, looks: Looks, watch: &Arc<Watch>) -> io::Result<Self> {
        restore_on_panic();
        terminal::enable_raw_mode()?;
        OURS.store(true, Ordering::SeqCst);
        let taken = execute!(io::stderr(), terminal::EnterAlternateScreen, cursor::Hide)
            .and_then(|()| Terminal::new(CrosstermBackend::new(BufWriter::new(io::stderr()))));
        match taken {
            Ok(terminal) => Ok(Self { terminal, film, looks, watch: Arc::clone(watch), drawn: None }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Looks at keys, and draws what is new.
    #[expect(clippy::disallowed_methods, reason = "a view is drawn in real time")]
    pub fn look(&mut self) {
        if !OURS.load(Ordering::SeqCst) {
            return;
        }
        let touched = self.keys().unwrap_or_else(|_| {
            // Without keys nobody could end the run: the terminal is given back, and Ctrl-C is a signal again.
            restore();
            false
        });
        if let Some(look) = self.looks.latest() {
            self.film.add(look);
        }
        let now = Instant::now();
        if OURS.load(Ordering::SeqCst) && (touched || self.drawn.is_none_or(|drawn| now - drawn >= PAUSE)) {
            self.drawn = Some(now);
            let (film, watch) = (&self.film, &self.watch);
            let moment = film.now();
            let scene = Scene {
                scenario: film.names.scenario(),
                engine: film.names.engine(),
                moment: moment.as_ref(),
                permille: permille(watch),
                ending: watch.is_stopped(),
            };
            if self.terminal.draw(|frame| scene.draw(frame)).is_err() {
                restore();
            }
        }
    }

    /// Takes what was typed; true if something has to be drawn.
    fn keys(&mut self) -> io::Result<bool> {
        let mut touched = false;
        while event::poll(Duration::ZERO)? {
            match event::read()? {
                Event::Key(key) if key.kind == KeyEventKind::Press => {
                    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                    if interrupt || matches!(key.code, KeyCode::Char('q' | 'Q')) {
                        self.end();
                        touched = true;
                    }
                }
                Event::Resize(..) => touched = true,
                _ => {}
            }
        }
        Ok(touched)
    }

    /// The run is to end where it stands; asked twice, at once.
    #[expect(clippy::disallowed_methods, reason = "as a second Ctrl-C; results are whole or absent anyway")]
    fn end(&self) {
        if self.watch.is_stopped() {
            restore();
            std::process::exit(i32::from(FAILED));
        }
        self.watch.stop();
    }
}

impl Drop for View {
    fn drop(&mut self) {
        restore();
    }
}
