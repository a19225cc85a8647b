//! `app: posts`, what a social network talks about: trending tags, who is how active, how far a tag reaches.
//!
//! Records are posts as JSON with `created_at`, whose time is the event time, `author.id`, `author.followers` and `tags`.
//! A sliding window is made of panes, and moves by one: a pane counts a tag once a post, and a window adds up its panes.
//! Reach is the sum of the followers of a tag's posters, each poster once. Authors and pairs of tag and author are
//! remembered up to a number; `untracked` counts the rest.
use super::Item;
use super::results::Results;
use super::state::Fold;
use super::tables::{Table, instant};
use super::windows::{Cell, Dated, Windows, read};
use foldhash::{HashMap, HashMapExt as _};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

/// What to look for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Length of a pane in seconds: by so much the window slides.
    pub pane_s: i64,
    /// Panes of a window.
    pub panes: i64,
    /// Tags told of a window.
    pub trending: usize,
    /// Panes kept by partition.
    pub kept: usize,
    /// Authors remembered, and pairs of tag and author.
    pub remembered: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { pane_s: 10, panes: 6, trending: 10, kept: 512, remembered: 1 << 20 }
    }
}

/// Users by the number of their posts: a segment's name, and the posts it begins with.
const SEGMENTS: [(&str, u64); 4] = [("once", 1), ("occasional", 2), ("regular", 5), ("power", 20)];

#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    author: Author,
    #[serde(borrow)]
    tags: Vec<Cow<'a, str>>,
}

impl Dated for Post<'_> {
    fn at(&self) -> &str {
        &self.created_at
    }
}

#[derive(Deserialize)]
struct Author {
    id: u64,
    followers: u64,
}

/// Posts by tag.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Pane(HashMap<Box<str>, u64>);

impl Cell for Pane {
    fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(tag, posts)| *self.0.entry(tag.clone()).or_default() += posts);
    }

    fn fold(&mut self, other: Self) {
        self.merge(&other);
    }
}

/// What is known of the posts of a partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    settings: Settings,
    panes: Windows<Pane>,
    /// Posts by author.
    users: HashMap<u64, u64>,
    /// Followers of the authors who used a tag.
    reach: HashMap<Box<str>, HashMap<u64, u64>>,
    pairs: usize,
    posts: u64,
    malformed: u64,
    untracked: u64,
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            panes: Windows::new(settings.kept),
            users: HashMap::new(),
            reach: HashMap::new(),
            pairs: 0,
            posts: 0,
            malformed: 0,
            untracked: 0,
        }
    }

    fn count(&mut self, author: &Author, tags: &[Cow<'_, str>], pane: i64) {
        self.posts += 1;
        self.user(author.id, 1);
        for tag in tags {
            let pane = &mut self.panes.at(pane).0;
            match pane.get_mut(tag.as_ref()) {
                Some(posts) => *posts += 1,
                None => drop(pane.insert(tag.as_ref().into(), 1)),
            }
            self.poster(tag, author.id, author.followers);
        }
    }

    fn user(&mut self, author: u64, posts: u64) {
        let room = self.users.len() < self.settings.remembered;
        match self.users.get_mut(&author) {
            Some(known) => *known += posts,
            None if room => drop(self.users.insert(author, posts)),
            None => self.untracked += posts,
        }
    }

    /// Notes who used a tag; of several numbers of followers the largest.
    fn poster(&mut self, tag: &str, author: u64, followers: u64) {
        let known = self.reach.get_mut(tag);
        let most = known.and_then(|posters| posters.get_mut(&author));
        if let Some(most) = most {
            *most = (*most).max(followers);
        } else if self.pairs < self.settings.remembered {
            self.pairs += 1;
            if !self.reach.contains_key(tag) {
                self.reach.insert(tag.into(), HashMap::new());
            }
            self.reach.get_mut(tag).expect("it is there now").insert(author, followers);
        } else {
            self.untracked += 1;
        }
    }

    /// The segment of an author with so many posts.
    fn segment(posts: u64) -> &'static str {
        SEGMENTS.iter().rfind(|(_, least)| posts >= *least).map_or(SEGMENTS[0].0, |(name, _)| name)
    }

    pub(super) fn tables(&self) -> Vec<Table> {
        vec![self.totals(), self.trending(), self.segments(), self.reached()]
    }

    fn totals(&self) -> Table {
        let earlier: u64 = self.panes.earlier().map_or(0, |pane| pane.0.values().sum());
        let row = [self.posts, self.users.len() as u64, self.malformed, self.untracked, earlier];
        Table {
            name: "posts",
            columns: vec!["posts", "users", "malformed", "untracked", "tags_before_the_first_window"],
            rows: vec![row.iter().map(ToString::to_string).collect()],
        }
    }

    fn trending(&self) -> Table {
        let panes: BTreeMap<i64, &Pane> = self.panes.iter().collect();
        let mut rows = Vec::new();
        // A window for each pane with posts, ending with it: what is new decides what trends.
        for &last in panes.keys() {
            let window = |end: i64| {
                let mut sum: BTreeMap<&str, u64> = BTreeMap::new();
                for (_, pane) in panes.range(end - self.settings.panes + 1..=end) {
                    pane.0.iter().for_each(|(tag, posts)| *sum.entry(tag).or_default() += posts);
                }
                sum
            };
            let (now, before) = (window(last), window(last - self.settings.panes));
            let mut ranked: Vec<(&str, u64)> = now.into_iter().collect();
            ranked.sort_by_key(|(tag, posts)| (Reverse(*posts), *tag));
            ranked.truncate(self.settings.trending);
            rows.extend((1..).zip(ranked).map(|(rank, (tag, posts)): (u32, _)| {
                let ends = instant((last + 1) * self.settings.pane_s);
                let before = before.get(tag).copied().unwrap_or(0);
                vec![ends, rank.to_string(), tag.to_owned(), posts.to_string(), before.to_string()]
            }));
        }
        Table { name: "trending", columns: vec!["window_ends", "rank", "tag", "posts", "posts_before"], rows }
    }

    fn segments(&self) -> Table {
        let mut segments = [(0_u64, 0_u64); SEGMENTS.len()];
        self.users.values().for_each(|&posts| {
            let i = SEGMENTS.iter().rposition(|(_, least)| posts >= *least).unwrap_or(0);
            segments[i].0 += 1;
            segments[i].1 += posts;
        });
        let rows = SEGMENTS.iter().zip(segments).map(|((name, least), (users, posts))| {
            vec![(*name).to_owned(), least.to_string(), users.to_string(), posts.to_string()]
        });
        Table { name: "segments", columns: vec!["segment", "posts_least", "users", "posts"], rows: rows.collect() }
    }

    fn reached(&self) -> Table {
        let mut all: Vec<(&str, usize, u64)> =
            self.reach.iter().map(|(tag, posters)| (&**tag, posters.len(), posters.values().sum())).collect();
        all.sort_by_key(|(tag, _, reach)| (Reverse(*reach), *tag));
        let rows =
            all.into_iter().map(|(tag, posters, reach)| vec![tag.into(), posters.to_string(), reach.to_string()]);
        Table { name: "reach", columns: vec!["tag", "posters", "reach"], rows: rows.collect() }
    }
}

impl Fold for State {
    fn take(&mut self, record: &Item<'_>, is_new: bool, out: &mut Results) {
        let Some((pane, mut post)) = read::<Post<'_>>(record.value, self.settings.pane_s) else {
            self.malformed += u64::from(is_new);
            return out.push_malformed();
        };
        lower(&mut post.tags);
        if is_new {
            self.count(&post.author, &post.tags, pane);
        }
        for tag in &post.tags {
            out.count("posts", pane * self.settings.pane_s, || tag.as_ref().into(), 1);
            out.count("impressions", pane * self.settings.pane_s, || tag.as_ref().into(), post.author.followers);
        }
        let segment = Self::segment(self.users.get(&post.author.id).copied().unwrap_or(1));
        out.push(|out| {
            write!(out, "{{\"author\":{},\"segment\":\"{segment}\",\"tags\":", post.author.id)
                .and_then(|()| Ok(serde_json::to_writer(&mut *out, &post.tags)?))
                .and_then(|()| write!(out, ",\"reach\":{}}}", post.author.followers))
                .expect("a list of bytes takes all that is written");
        });
    }

    fn merge(&mut self, other: &Self) {
        self.panes.merge(&other.panes);
        self.posts += other.posts;
        self.malformed += other.malformed;
        self.untracked += other.untracked;
        // A merged state is for reading: limits that held for the parts do not cut the whole.
        self.settings.remembered = usize::MAX;
        self.users.reserve(other.users.len());
        other.users.iter().for_each(|(author, posts)| self.user(*author, *posts));
        let posters = other.reach.iter().flat_map(|(tag, posters)| posters.iter().map(move |poster| (tag, poster)));
        posters.for_each(|(tag, (author, followers))| self.poster(tag, *author, *followers));
    }
}

/// Tags in lower case, each once.
fn lower(tags: &mut Vec<Cow<'_, str>>) {
    for tag in tags.iter_mut().filter(|tag| tag.chars().any(|c| !c.to_lowercase().eq([c]))) {
        *tag = tag.to_lowercase().into();
    }
    if tags.len() > 1 {
        let mut seen = BTreeSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
    }
}
