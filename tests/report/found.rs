//! What real work left is shown, however hostile it is: its cells come from records, and so from anybody.
use super::{files, folder, outcome, save};
use conga::outcome::saved;
use conga::outcome::saved::work::left;
use conga::report;
use std::fs;
use std::path::Path;

/// Leaves these tables beside a result, and draws its report again.
fn with_tables(name: &str, tables: &[(&str, &[u8])]) -> std::path::PathBuf {
    let dir = folder(name);
    save(&outcome(&[("workers", false)]), &dir).expect("it is saved");
    for (path, contents) in tables {
        let path = dir.join("work").join(path);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder");
        fs::write(path, contents).expect("a file");
    }
    report::write(&saved::load(&dir).expect("it is read"), &dir).expect("it is drawn");
    dir
}

fn read(dir: &Path, file: &str) -> String {
    fs::read_to_string(dir.join(file)).expect("it is there")
}

#[test]
fn the_report_shows_the_begin_of_what_work_found() {
    let long: Vec<String> = (0..1_234).map(|i| format!("host-{i},{},", 10_000 - i)).collect();
    let long = format!("host,bytes,note\n{}\n", long.join("\n"));
    let dir = with_tables(
        "found",
        &[
            ("workers/talkers.csv", long.as_bytes()),
            ("workers/totals.csv", b"what,amount\nall,7\n"),
            ("workers/notes.txt", b"no table"),
        ],
    );
    let (html, md) = (read(&dir, "report.html"), read(&dir, "report.md"));
    for (page, is_md) in [(&html, false), (&md, true)] {
        for part in [
            "What the work found",
            "work/workers/talkers.csv",
            "the first 10 of 1,234 rows",
            "host",
            "9991",
            "work/workers/totals.csv",
        ] {
            let part = if is_md { report::markdown::escaped(part) } else { part.replace('/', "&#x2f;") };
            assert!(page.contains(&part), "{part}");
        }
        assert!(!page.contains("9990") && !page.contains("no table"), "ten rows, and only tables");
    }
    assert!(html.contains("<td class=\"words\">host-9</td><td>9991</td>"), "words to the left, numbers to the right");
    let before = files(&dir);
    report::write(&saved::load(&dir).expect("it is read"), &dir).expect("it is drawn");
    assert_eq!(before, files(&dir), "drawn again it is the same");
    let plain = with_tables("found-nothing", &[]);
    assert!(
        !read(&plain, "report.html").contains("What the work found")
            && !read(&plain, "report.md").contains("work found")
    );
}

#[test]
fn hostile_tables_stay_text() {
    let wide = format!("{}\n{}\n", ["c"; 40].join(","), ["1"; 40].join(","));
    let script = "<script>alert(1)</script>";
    let cells = format!(
        "name,\"{script}\"\n\"{script}\",\"line\nbreak\"\n\u{202e}turned,\u{7}bell\n{},[x](javascript:1)\n\"=1+1\",|\n",
        "long".repeat(5_000)
    );
    let dir = with_tables(
        "found-hostile",
        &[
            ("workers/wide.csv", wide.as_bytes()),
            ("<b>group/<i>table.csv", cells.as_bytes()),
            ("workers/bytes.csv", b"a,b\n\xff\xfe,2\n1\n1,2,3,4\n"),
            ("workers/empty.csv", b""),
            ("workers/open-quote.csv", b"a,b\n\"never closed,1\n2,3\n"),
        ],
    );
    let (html, md) = (read(&dir, "report.html"), read(&dir, "report.md"));
    for bad in ["<script>alert", "<b>group", "<i>table", "\u{202e}", "\u{7}"] {
        assert!(!html.contains(bad) && !md.contains(bad), "{bad:?}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "it stays readable");
    assert!(!md.contains("[x](javascript") && !md.contains("| | |\n|"), "nothing becomes a link or another column");
    assert!(html.contains("28 more columns") && html.contains(&format!("{}…", "long".repeat(15))));
    assert!(html.len() < 1_000_000 && md.len() < 200_000);
    let found = left(&dir).expect("it is read");
    assert_eq!(found.tables.len(), 5);
    let ragged = &found.tables.iter().find(|table| table.file.ends_with("bytes.csv")).expect("it is there").rows;
    assert_eq!(*ragged, [["\u{fffd}\u{fffd}", "2"], ["1", ""], ["1", "2"]]);
}

#[cfg(unix)]
#[test]
fn links_and_very_many_tables_are_left() {
    let many: Vec<(String, &[u8])> = (0..60).map(|i| (format!("workers/t{i:02}.csv"), b"a\n1\n".as_slice())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let dir = with_tables("found-many", &many);
    assert!(read(&dir, "report.html").contains("20 more tables lie in `work`"));
    let linked = folder("found-linked");
    save(&outcome(&[("workers", false)]), &linked).expect("it is saved");
    fs::create_dir_all(linked.join("work/workers")).expect("a folder");
    std::os::unix::fs::symlink("/dev/zero", linked.join("work/workers/endless.csv")).expect("a link");
    std::os::unix::fs::symlink(dir.join("work/workers"), linked.join("work/elsewhere")).expect("a link");
    assert!(left(&linked).expect("it is read").tables.is_empty());
}

#[test]
fn what_went_to_a_database_is_told() {
    let dir = with_tables("found-stored", &[("workers/totals.csv", b"what,amount\nall,7\n")]);
    let sqlite = |records: u32, longest: f64| serde_json::json!({"sqlite": {"records": records, "transactions": 4, "busy_s": 0.5, "longest_s": longest}});
    let told = serde_json::json!({"live": [{"work": [sqlite(1_500, 0.25), sqlite(500, 0.125), null]}]});
    fs::write(dir.join("provenance.json"), told.to_string()).expect("a file");
    report::write(&saved::load(&dir).expect("it is read"), &dir).expect("it is drawn");
    let said = "The database took 2,000 results in 8 transactions, 2,000 a second of writing; the longest took 250 ms.";
    assert!(read(&dir, "report.html").contains(said) && read(&dir, "report.md").contains(said));
    fs::write(dir.join("provenance.json"), "{\"live\": [{\"work\": 3}, 7]}").expect("a file");
    assert_eq!(left(&dir).expect("it is read").stored, None);
}
