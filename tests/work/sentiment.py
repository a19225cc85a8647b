"""What `app: sentiment` should find, computed in another way. Standard library only.

Words by a regular expression that agrees with Unicode's Annex 29 on plain ASCII, which is all there is in the input.

    python3 sentiment.py posts.jsonl.gz vader.tsv > sentiment.expected
"""
import csv
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from datetime import datetime, timezone
from math import sqrt

WINDOW, TOLD = 60, 50
# Letters hold together over . : ' and digits over . , ' ; an underscore holds anything together.
WORD = re.compile(r"(?:[A-Za-z0-9_]|(?<=[A-Za-z])[.:'](?=[A-Za-z])|(?<=[0-9])[.,'](?=[0-9]))+")
NEGATIONS = set(
    "not no never none nobody nothing neither nor nowhere cannot without hardly rarely seldom".split()
)

posts = [json.loads(line) for line in gzip.open(sys.argv[1], "rt", encoding="utf-8")]
assert all(post["text"].isascii() for post in posts)
lexicon = {}
for line in open(sys.argv[2], encoding="utf-8"):
    word, valence = line.rstrip("\n").split("\t")
    lexicon[word] = float(valence)


def table(name, head, rows):
    print("#", name)
    csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])


def window(post):
    at = datetime.fromisoformat(post["created_at"].replace("Z", "+00:00")).timestamp()
    return datetime.fromtimestamp(at // WINDOW * WINDOW, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


cells, used = defaultdict(Counter), Counter()
for post in posts:
    words = [word.lower() for word in WORD.findall(post["text"]) if re.search("[A-Za-z0-9]", word)]
    total = 0.0
    for i, word in enumerate(words):
        if word in lexicon:
            used[word] += 1
            negated = any(before in NEGATIONS or before.endswith("n't") for before in words[max(0, i - 3) : i])
            total += lexicon[word] * (-0.74 if negated else 1)
    score = total / sqrt(total * total + 15)
    whole = int(abs(score) * 10_000 + 0.5) * (1 if score >= 0 else -1)
    mood = "positive" if whole >= 500 else "negative" if whole <= -500 else "neutral"
    for cell in (cells[window(post)], cells["all"]):
        cell.update({"texts": 1, "words": len(words), mood: 1, "score_e4": whole})

columns = ["texts", "words", "positive", "neutral", "negative", "score_e4"]
rows = [[when, *(cells[when][column] for column in columns), 0 if when == "all" else ""] for when in sorted(cells)]
table("sentiment", ["window", *columns, "malformed"], rows)
top = sorted(used.items(), key=lambda one: (-one[1], one[0]))[:TOLD]
table("words", ["word", "times", "valence"], [[word, times, f"{lexicon[word]:.1f}"] for word, times in top])
