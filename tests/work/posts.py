"""What `app: posts` should find, computed in another way: every window from the posts themselves. Standard library only.

    python3 posts.py posts.jsonl.gz > posts.expected
"""
import csv
import gzip
import json
import sys
from collections import Counter
from datetime import datetime, timezone

SLIDE, LENGTH, TOP = 10, 60, 10
SEGMENTS = [("once", 1), ("occasional", 2), ("regular", 5), ("power", 20)]

posts = [json.loads(line) for line in gzip.open(sys.argv[1], "rt", encoding="utf-8")]
for post in posts:
    post["at"] = datetime.fromisoformat(post["created_at"].replace("Z", "+00:00")).timestamp()
    post["tags"] = {tag.lower() for tag in post["tags"]}


def table(name, head, rows):
    print("#", name)
    csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])


activity = Counter(post["author"]["id"] for post in posts)
table(
    "posts",
    ["posts", "users", "malformed", "untracked", "tags_before_the_first_window"],
    [[len(posts), len(activity), 0, 0, 0]],
)


def tags_between(begin, end):
    return Counter(tag for post in posts if begin <= post["at"] < end for tag in post["tags"])


rows = []
for end in sorted({(post["at"] // SLIDE + 1) * SLIDE for post in posts if post["tags"]}):
    now, before = tags_between(end - LENGTH, end), tags_between(end - 2 * LENGTH, end - LENGTH)
    ends = datetime.fromtimestamp(end, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for i, (tag, times) in enumerate(sorted(now.items(), key=lambda one: (-one[1], one[0]))[:TOP]):
        rows.append([ends, i + 1, tag, times, before[tag]])
table("trending", ["window_ends", "rank", "tag", "posts", "posts_before"], rows)

rows = []
for (name, least), (_, beyond) in zip(SEGMENTS, [*SEGMENTS[1:], ("", float("inf"))]):
    inside = [times for times in activity.values() if least <= times < beyond]
    rows.append([name, least, len(inside), sum(inside)])
table("segments", ["segment", "posts_least", "users", "posts"], rows)

rows = []
for tag in {tag for post in posts for tag in post["tags"]}:
    authors = {post["author"]["id"] for post in posts if tag in post["tags"]}
    followers = {post["author"]["id"]: post["author"]["followers"] for post in posts if tag in post["tags"]}
    rows.append([tag, len(authors), sum(followers.values())])
table("reach", ["tag", "posters", "reach"], sorted(rows, key=lambda row: (-row[2], row[0])))
