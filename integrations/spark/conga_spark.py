#!/usr/bin/env python3
"""Runs a study of conga on Apache Spark. What it leaves is, byte for byte, what `conga study` leaves on one machine.

    python conga_spark.py FILE --out DIR --vary groups.workers.members=1..8 [--master spark://HOST:7077]
    spark-submit --master yarn conga_spark.py FILE --out DIR --vary …

The driver asks conga which runs are missing, hands them out in tasks of some seconds, keeps every answer as soon as its
task is done, and has conga make the tables in the end. Whatever ends it, the same command goes on where it was. Spark does
again what is lost with a process or a machine; an answer that comes twice counts once. Absent on purpose: simulating
anything here, and deciding anything that shows in the result.
"""
import argparse
import concurrent.futures
import contextlib
import fcntl
import hashlib
import itertools
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

# A task costs Spark some 30 ms: one second of simulation makes that 3 %. Ten are few enough to lose.
LEAST_S, MOST_S = 1.0, 10.0
# Threads of the driver beyond the cores that it keeps busy, at most.
AHEAD = 64
# Without any answer for so long, something is to be said.
SILENT_S = 60.0
# Java that Spark 4 needs.
JAVA = 17
# Exit codes of conga.
FAILED, BAD = 1, 2


class Refused(Exception):
    """What cannot work, with its remedy."""


class Study:
    """A study in its folder: conga's own journal, and beside it the answers that came since it was last read."""

    def __init__(self, args):
        self.conga = shutil.which(args.conga) or ""
        if not self.conga:
            raise Refused(f"there is no program {args.conga}; name it by --conga PATH, built by `cargo build --release`")
        self.conga = os.path.abspath(self.conga)
        self.version = version_of(self.conga)
        self.out = pathlib.Path(args.out)
        self.answers = self.out / "spark.jsonl"
        self.kept = None
        options = [*(f"--vary={value}" for value in args.vary), *(f"--set={value}" for value in args.set)]
        options += [] if args.seed is None else [f"--seed={args.seed}"]
        self.options = [f"--out={args.out}", *options, *(["--quiet"] if args.quiet else []), "--", args.file]

    def conga_study(self, *more, **how):
        return subprocess.run([self.conga, "study", *more, *self.options], **how).returncode

    def missing(self, points):
        """Has the runs that are missing written to a file; hands back conga's exit code."""
        collect = []
        if self.answers.exists():
            self.lock()
            collect = [f"--collect={self.answers}"]
        code = self.conga_study(*collect, "--print-points", stdout=points)
        if code == 0 and self.kept is None:
            self.lock()
        return code

    def lock(self):
        """Opens the answers, cuts off a last line that was never finished, and keeps others out."""
        self.kept = open(self.answers, "a+b")  # noqa: SIM115, open as long as this process
        try:
            fcntl.flock(self.kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"another conga_spark is working on {self.out}; wait for it, or choose another --out") from None
        self.kept.seek(0)
        whole = sum(len(line) for line in self.kept if line.endswith(b"\n"))
        self.kept.truncate(whole)
        self.kept.seek(0, os.SEEK_END)

    def keep(self, rows):
        self.kept.write("".join(f"{row}\n" for row in rows).encode())
        self.kept.flush()

    def hand_over(self):
        """Takes what was answered into the journal, so that any conga can go on with it."""
        with open(os.devnull, "wb") as nowhere:
            self.conga_study(f"--collect={self.answers}", "--print-points", stdout=nowhere)

    def finish(self):
        """Has the tables made; the answers are in the journal then."""
        os.fsync(self.kept.fileno())
        code = self.conga_study(f"--collect={self.answers}")
        if (self.out / "study.json").exists():
            self.answers.unlink()
        return code


def version_of(conga):
    try:
        told = subprocess.run([conga, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise Refused(f"{conga} cannot be run: {why}; name another conga by --conga PATH") from None
    if told.returncode != 0 or not told.stdout.startswith("conga "):
        raise Refused(f"{conga} is no conga; name it by --conga PATH")
    return told.stdout.strip()


def java():
    """Sees that there is a Java that Spark can use; what it says without one helps nobody."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return  # spark-submit has started it.
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=os.path.join(home, "bin") if home else None)
    remedy = f"install Java {JAVA} (on Debian and Ubuntu `apt-get install openjdk-17-jre-headless`) or set JAVA_HOME to it"
    if not path:
        raise Refused(f"there is no Java{f' in JAVA_HOME, {home}' if home else ''}, and Spark needs it; {remedy}")
    told = subprocess.run([path, "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    if not found or int(found[1]) < JAVA:
        raise Refused(f"{path} is Java {found[1] if found else 'of an unknown version'}, too old for Spark 4; {remedy}")


def session(args):
    """Spark, as spark-submit, --master and --conf say."""
    java()
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError:
        remedy = "`pip install -r requirements.txt`, or start this by spark-submit"
        raise Refused(f"Python has no pyspark; {remedy}") from None
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        SparkContext._ensure_initialized()  # What spark-submit was told is known there only.
    conf = SparkConf().setAppName("conga study")
    for line in args.conf:
        key, equals, value = line.partition("=")
        if not equals:
            raise Refused(f"--conf {line}: write it as KEY=VALUE")
        conf.set(key, value)
    if args.master:
        conf.setMaster(args.master)
    conf.setIfMissing("spark.master", "local[*,4]")
    if conf.get("spark.default.parallelism"):
        raise Refused("spark.default.parallelism would be taken for the number of cores; leave it away for this program, as "
                      "by another --properties-file")
    if conf.get("spark.submit.deployMode", "client") == "cluster":
        raise Refused("in deploy mode `cluster` the study's folder would be on a machine of the cluster, and lost; use "
                      "--deploy-mode client")
    quiet = {"spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false"}
    if conf.get("spark.master").startswith("local"):
        # Nobody outside this machine is concerned, and the executors are to have this very Python.
        quiet |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for key, value in quiet.items():
        conf.setIfMissing(key, value)
    try:
        return SparkContext(conf=conf)
    except Exception as why:
        raise Refused(f"Spark does not start at {conf.get('spark.master')}: {gist(why)}; check --master and --conf") from why


def ship(context, study, args, first, place):
    """Sends along what tasks need, copied to a place of ours: executors that come late fetch it late."""
    there = {"conga": args.conga_there, "shipped": None, "version": study.version, "scenario": None}
    if not args.conga_there:
        # By its digest: executors keep files by their names.
        digest = hashlib.sha256(pathlib.Path(study.conga).read_bytes()).hexdigest()
        there["shipped"] = f"conga-{digest[:16]}"
        context.addFile(shutil.copy(study.conga, os.path.join(place, there["shipped"])))
    point = json.loads(first)
    if "file" in point:
        # Scenarios with files of their own travel by name, and here with their files.
        there["scenario"] = f"scenario-{point['sha256'][:16]}"
        packed = os.path.join(place, f"{there['scenario']}.tar.gz")
        with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
            for name in ("scenario.yaml", "inputs"):
                archive.add(study.out / name, arcname=name)
        context.addArchive(f"{packed}#{there['scenario']}")
    return there


def task(there):
    """What runs on an executor. It hands back its host, the seconds that simulating took, the answers, and what it cannot do.

    Points go to the worker one at a time, so whoever ends this process ends the work with it, and an answer belongs to a
    point. After some seconds it leaves the rest to another task. It raises where another try may help, which Spark makes."""

    def worker(path, host):
        hint = "name a conga that stands on every executor by --conga-there PATH"
        try:
            told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
        except OSError as why:
            return f"{host} cannot run {path}: {why.strerror}; {hint}"
        if told.returncode != 0:
            return f"{host} cannot run {path}: {(told.stderr.strip() or f'exit {told.returncode}')}; {hint}"
        if told.stdout.strip() != there["version"]:
            return (f"{host} has {told.stdout.strip()!r} at {path}, and the driver has {there['version']!r}: their results "
                    "may differ; install the same on both, or leave --conga-there away so that the driver's is sent along")
        return None

    def simulate(path, lines, host):
        rows, began = [], time.perf_counter()
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen([path, "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
            try:
                for line in lines:
                    with contextlib.suppress(BrokenPipeError):
                        process.stdin.write(line.encode() + b"\n")
                        process.stdin.flush()
                    row = process.stdout.readline().decode()
                    if not row.endswith("\n"):
                        said.seek(0)
                        why = said.read()[-2000:].decode(errors="replace").strip()
                        raise RuntimeError(f"the worker on {host} ended with {process.wait()} at a point: {why}")
                    rows.append(row[:-1])
                    if time.perf_counter() - began > MOST_S:
                        break
                seconds = time.perf_counter() - began
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
                if process.wait() != 0:
                    raise RuntimeError(f"the worker on {host} ended with {process.returncode}")
                return seconds, rows
            finally:
                process.kill()
                process.wait()

    def unpacked(line, files):
        point = json.loads(line)
        point["file"] = files.get(os.path.join(there["scenario"], "scenario.yaml"))
        return json.dumps(point)

    def run(lines):
        import socket

        from pyspark import SparkFiles

        host = socket.gethostname()
        path = SparkFiles.get(there["shipped"]) if there["shipped"] else there["conga"]
        complaint = worker(path, host)
        if complaint:
            return [(host, 0.0, [], complaint)]
        if there["scenario"]:
            lines = (unpacked(line, SparkFiles) for line in lines)
        seconds, rows = simulate(path, lines, host)
        # A row has its figures; an answer without them says why the point could not be read there.
        strange = next((row for row in rows if "figures" not in json.loads(row)), None)
        return [(host, seconds, rows, strange and f"the worker on {host} could not read a point: {strange}")]

    return run


class Pace:
    """How many points a task gets: one at first, then what is some seconds of work, and less towards the end."""

    def __init__(self, points):
        self.points, self.left, self.each_s = points, points, None

    def learn(self, points, seconds, rest):
        self.left += rest
        each = seconds / points
        self.each_s = each if self.each_s is None else 0.7 * self.each_s + 0.3 * each

    def take(self, cores):
        count = 1
        if self.each_s is not None:
            each = max(self.each_s, 1e-6)
            # At least two tasks a core, so that cores end together.
            least = min(math.ceil(LEAST_S / each), math.ceil(self.points / (2 * cores)))
            count = max(1, least, min(math.ceil(self.left / (2 * cores)), math.ceil(MOST_S / each)))
        count = min(count, self.left)
        self.left -= count
        return count


class Progress:
    """A line on standard error: over and over on a terminal, now and then elsewhere."""

    def __init__(self, missing, quiet):
        self.missing, self.quiet, self.terminal = missing, quiet, sys.stderr.isatty()
        self.began, self.next, self.silent = time.monotonic(), 0.0, True

    def tell(self, done, cores, last=False):
        now = time.monotonic()
        if self.silent and not done and now - self.began > SILENT_S:
            self.silent = False
            print("conga: no task has ended for a minute: see on the page of Spark's master or resource manager whether "
                  "executors have come, and ask for less memory or fewer cores if not", file=sys.stderr)
        if self.quiet or (now < self.next and not last):
            return
        self.next = now + (0.5 if self.terminal else 10.0)
        rate = done / max(now - self.began, 1e-9)
        left = f", {(self.missing - done) / rate:.0f} s left" if 0 < done < self.missing else ""
        line = f"conga: {done} of {self.missing} runs, {rate:.1f} a second on {cores} cores{left}"
        print(f"\r{line:<78}" if self.terminal else line, end="\n" if last or not self.terminal else "",
              file=sys.stderr, flush=True)


def hand_out(context, study, points, missing, there, progress):
    """Runs every point. A job has one task, so an answer is kept when its task is done, and memory is that of tasks."""
    work, pace, done, tasks, simulated = task(there), Pace(missing), 0, 0, 0.0
    hosts, first, began = set(), {}, time.monotonic()
    pool, pending = concurrent.futures.ThreadPoolExecutor(max_workers=4096), {}
    lines, back = (line.decode().rstrip("\n") for line in points), []
    try:
        while True:
            cores = context.defaultParallelism  # Grows as executors come.
            while len(pending) < cores + min(cores, AHEAD) and pace.left:
                count = pace.take(cores)
                batch, back = back[:count], back[count:]
                batch += itertools.islice(lines, count - len(batch))
                job = pool.submit(lambda batch: context.parallelize(batch, 1).mapPartitions(work).collect(), batch)
                pending[job] = batch
            if not pending:
                break
            ready, _ = concurrent.futures.wait(pending, 0.5, concurrent.futures.FIRST_COMPLETED)
            for job in ready:
                batch = pending.pop(job)
                ((host, seconds, rows, complaint),) = job.result()
                if complaint:
                    raise Refused(complaint)
                study.keep(rows)
                pace.learn(len(rows), seconds, len(batch) - len(rows))
                back += batch[len(rows):]
                done, tasks, simulated = done + len(rows), tasks + 1, simulated + seconds
                hosts.add(host)
                first = first or {"first_job_s": time.monotonic() - began, "first_points": done, "first_s": seconds}
            progress.tell(done, cores)
        progress.tell(done, cores, last=True)
    finally:
        settle(context, study, pool, pending)
    return {"runs": done, "tasks": tasks, "cores": cores, "hosts": len(hosts), **first,
            "wall_s": time.monotonic() - began, "simulated_s": simulated}


def settle(context, study, pool, pending):
    """Ends what is still under way, and keeps what is done."""
    pool.shutdown(wait=False, cancel_futures=True)
    while not all(job.done() for job in pending):
        with contextlib.suppress(Exception):
            context.cancelAllJobs()
        concurrent.futures.wait(pending, 0.5)
    for job in pending:
        if not job.cancelled() and job.exception() is None:
            for _, _, rows, complaint in job.result():
                study.keep([] if complaint else rows)


def gist(why):
    """The line of a failure that says what happened, out of Python's, Java's and Spark's traces."""
    lines = [line.strip() for line in str(why).splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"^(Caused by: )?[\w.]*(Error|Exception|Failure)\b.*:", line)]
    inner = [line for line in telling if not line.startswith(("org.apache.spark.SparkException: Job aborted", "py4j."))]
    return (inner or telling or lines or [type(why).__name__])[0][:1000]


def interrupted(*_):
    raise KeyboardInterrupt


def run(args):
    study = Study(args)
    began = time.monotonic()
    with tempfile.TemporaryFile() as points:
        code = study.missing(points)
        if code != 0:
            return code
        points.seek(0)
        first = points.readline()
        if first:
            points.seek(0)
            missing = sum(1 for _ in points)
            points.seek(0)
            code = go(args, study, points, missing, first, began)
            if code != 0:
                return code
    return study.finish()


def go(args, study, points, missing, first, began):
    """Runs what is missing; hands back an exit code."""
    context, what, good = None, None, False
    try:
        context = session(args)
        signal.signal(signal.SIGTERM, interrupted)
        times = {"session_s": time.monotonic() - began}
        with tempfile.TemporaryDirectory() as place:
            there = ship(context, study, args, first, place)
            times |= hand_out(context, study, points, missing, there, Progress(missing, args.quiet))
        if args.times:
            pathlib.Path(args.times).write_text(json.dumps(times) + "\n")
        good = True
        return 0
    except KeyboardInterrupt:
        what = "interrupted"
    except Refused:
        raise
    except Exception as why:
        what = f"Spark gave up: {gist(why)}"
    finally:
        if context is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if not good:
                study.hand_over()
            with contextlib.suppress(Exception):
                context.stop()
    print(f"\nconga: {what}; what is done is kept in {study.out}, repeat the command to go on", file=sys.stderr)
    return FAILED


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", help="the scenario")
    parser.add_argument("--out", metavar="DIR", required=True, help="where everything goes, on this machine")
    parser.add_argument("--vary", metavar="PATH=LIST|RANGE", action="append", default=[], help="as of `conga study`")
    parser.add_argument("--set", metavar="PATH=VALUE", action="append", default=[], help="as of `conga study`")
    parser.add_argument("--seed", metavar="N", help="as of `conga study`")
    parser.add_argument("--master", metavar="URL", help="Spark's; `local[*,4]` when neither this nor spark-submit says")
    parser.add_argument("--conf", metavar="KEY=VALUE", action="append", default=[], help="of Spark; may be repeated")
    parser.add_argument("--conga", metavar="PATH", default=os.environ.get("CONGA", "conga"),
                        help="the program, here; it is sent to the executors")
    parser.add_argument("--conga-there", metavar="PATH", help="a conga that stands on every executor, not to send one")
    parser.add_argument("--times", metavar="FILE", help="writes what took how long, as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    return parser.parse_args()


def main():
    try:
        return run(arguments())
    except Refused as why:
        print(f"conga: {why}", file=sys.stderr)
        return BAD
    except KeyboardInterrupt:
        print("\nconga: interrupted", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
