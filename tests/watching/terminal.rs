//! A run before somebody who sits at a terminal: the program itself on a pseudo terminal, its screen read as a terminal
//! would show it.
#![cfg(target_os = "linux")]
use crate::cli::json;
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const LONG: &str = "
name: long
topics: {events: {partitions: 4}}
producers: {edge: {topic: events, arrivals: {constant: {rate: 1k/s}}}}
groups: {workers: {topics: [events], members: 2, work: {exponential: {mean: 300us}}}}
run: {duration: 10h, seed: 1}
";

/// A program on a terminal of its own.
struct Seat {
    process: Child,
    keys: File,
    /// The program's side, kept open so that its settings can be looked at.
    terminal: OwnedFd,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Drop for Seat {
    /// A test that fails leaves nobody behind, who would run for hours.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Seat {
    fn take(command: &mut Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&ours).expect("it is ours");
        unlockpt(&ours).expect("it opens");
        let name = ptsname(&ours, Vec::new()).expect("it has a name");
        let open = || {
            rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, rustix::fs::Mode::empty()).expect("its other side")
        };
        let terminal = open();
        tcsetwinsize(&terminal, Winsize { ws_row: 30, ws_col: 110, ws_xpixel: 0, ws_ypixel: 0 }).expect("a size");
        command.env("TERM", "xterm-256color").stdin(open()).stdout(open()).stderr(open());
        let process = command.spawn().expect("the command starts");
        let keys = File::from(ours);
        let mut reads = keys.try_clone().expect("another handle");
        let (send, bytes) = channel();
        // Ends when nobody has the other side open any more.
        std::thread::Builder::new()
            .spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(n @ 1..) = reads.read(&mut buffer) {
                    if send.send(buffer[..n].to_vec()).is_err() {
                        return;
                    }
                }
            })
            .expect("a thread");
        Self { process, keys, terminal, bytes, screen: vt100::Parser::new(30, 110, 0) }
    }

    /// Takes what came, for a moment.
    fn look(&mut self) {
        if let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(20)) {
            self.screen.process(&bytes);
        }
    }

    /// Waits until the screen says so.
    fn until(&mut self, what: &str, is: impl Fn(&vt100::Screen) -> bool) {
        while !is(self.screen.screen()) {
            self.look();
            let ended = self.process.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "it ended before {what}:\n{}", self.screen.screen().contents());
        }
    }

    /// Waits for its end.
    fn code(&mut self) -> Option<i32> {
        let code = loop {
            self.look();
            if let Some(status) = self.process.try_wait().expect("it can be asked") {
                break status.code();
            }
        };
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
        }
        code
    }

    /// Whether what is typed is seen and taken line by line, as a shell wants it.
    fn is_cooked(&self) -> bool {
        tcgetattr(&self.terminal).expect("settings").local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }
}

fn long(folder: &std::path::Path, more: &[&str]) -> Command {
    std::fs::write(folder.join("long.yaml"), LONG).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conga"));
    command.args(["run", "long.yaml", "--engine", "live", "--out", "out"]).args(more).current_dir(folder);
    command
}

#[test]
fn the_view_fills_a_terminal_and_gives_it_back() {
    for way in ["q", "\u{3}", "TERM"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seat = Seat::take(&mut long(folder.path(), &[]));
        // Its last line is the last that arrives.
        seat.until("records went through, and all of it is there", |screen| {
            let text = screen.contents();
            let of = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            screen.alternate_screen()
                && of("workers ").contains("/s")
                && of("workers ").contains(" ms")
                && of("edge → events").contains("/s")
                && !of("edge → events").contains(" 0 /s")
                && text.contains("of memory")
        });
        let text = seat.screen.screen().contents();
        for part in ["conga long", "live", "q ends", "10 h", "Lag by partition", "workers ← events-", "of memory"] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(seat.screen.screen().hide_cursor() && !seat.is_cooked());
        if way == "TERM" {
            let killed = Command::new("kill").args(["-TERM", &seat.process.id().to_string()]).status();
            assert!(killed.expect("kill").success());
        } else {
            seat.keys.write_all(way.as_bytes()).expect("a key");
        }
        assert_eq!(seat.code(), Some(1), "{way:?}: {}", seat.screen.screen().contents());
        let screen = seat.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && seat.is_cooked(), "{way:?}");
        assert!(screen.contents().contains("Report: out/report.html"), "{way:?}: {}", screen.contents());
        let result = json(&folder.path().join("out/result.json"));
        assert_eq!(
            (&result["partial"], &result["broken_laws"]),
            (&Value::Bool(true), &serde_json::json!([])),
            "{way:?}"
        );
        assert!(result["groups"]["workers"]["processed"].as_f64() > Some(0.0), "{way:?}");
    }
}

#[test]
fn whoever_is_quiet_or_wants_lines_keeps_the_terminal() {
    for (more, said) in [(&["--progress", "lines"][..], " lag "), (&["--quiet"], "")] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut seat = Seat::take(&mut long(folder.path(), more));
        let pid = seat.process.id();
        seat.until("it runs", |screen| crate::cli::catches_interrupts(pid) && screen.contents().contains(said));
        assert!(!seat.screen.screen().alternate_screen() && seat.is_cooked(), "{more:?}");
        let killed = Command::new("kill").args(["-INT", &pid.to_string()]).status();
        assert!(killed.expect("kill").success());
        assert_eq!(seat.code(), Some(1), "{more:?}");
        assert!(!seat.screen.screen().alternate_screen());
    }
}

/// Where work fails, the run ends by itself, and what went wrong stands on the screen one gets back.
#[test]
fn the_terminal_is_given_back_when_work_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let failing = r#"groups.workers.work={exec: [sh, "-c", "read line; exit 7"]}"#;
    let mut seat = Seat::take(&mut long(folder.path(), &["--set", failing]));
    assert_eq!(seat.code(), Some(1), "{}", seat.screen.screen().contents());
    let screen = seat.screen.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && seat.is_cooked());
    assert!(screen.contents().contains("the run could not go on"), "{}", screen.contents());
}
