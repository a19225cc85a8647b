"""What the tests stand on: a small study, the program as a user starts it, a cluster on loopback, and kill -9.

Processes are found below those that a test has started, and ended by their ids."""
import atexit
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parent / "conga_spark.py"
CONGA = os.path.abspath(os.environ.get("CONGA", HERE.parents[2] / "target" / "release" / "conga"))
# Seconds after which a test gives up, on a busy machine.
BOUND_S = 240

# A run takes some tens of milliseconds.
SMALL = """
name: small
topics: {events: {partitions: 6}}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 2k/s}}, key: {uniform: {keys: 1k}}}
groups:
  workers: {topics: [events], members: 2, work: {exponential: {mean: 800us}}}
run: {duration: 60s, drain: 1s, seed: 5}
thresholds: [groups.workers.e2e_s.p99 < 100ms]
"""
POINTS = 60
VARY = ["--vary", "groups.workers.members=0..5", "--vary", "producers.edge.rate=1k/s..1.8k/s by 0.2k/s",
        "--set", "study.repetitions=2"]
# A member too few is refused: such a row travels like any other.
SHORT = ["--vary", "groups.workers.members=[0,2,3]", "--set", "run.duration=2s"]
LEFT = ["study.json", "runs.csv", "runs.parquet", "scenario.yaml"]
CONF = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.memory": "512m",
        "spark.executor.memory": "512m", "spark.ui.enabled": "false"}


def environment(**more):
    return {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", **more}


def below(parent):
    """Ids of all processes below one, with their command lines."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
            words = (stat.parent / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append((int(stat.parent.name), words))
    found, todo = [], [parent]
    while todo:
        for child, words in children.get(todo.pop(), []):
            found.append((child, words))
            todo.append(child)
    return found


def executors(parents):
    """Ids of Spark's executors below some processes: Java, not the script that starts it."""
    return [child for parent in parents for child, words in below(parent)
            if any("CoarseGrainedExecutorBackend" in word for word in words) and words[0].endswith("java")]


def workers(parents):
    """Ids of conga's workers below some processes."""
    return [child for parent in parents for child, words in below(parent) if words[1:2] == ["worker"]]


class Ground(unittest.TestCase):
    """A folder with the scenario in it, and what the local run leaves."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        (self.folder / "small.yaml").write_text(SMALL)

    def local(self, args):
        """Runs the study as conga does alone."""
        command = [CONGA, "study", "small.yaml", "--out", "local", *args]
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=BOUND_S)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.said = ran.stdout

    def begin(self, args, master=None, conf=None, out="far", **more):
        """Starts the study on Spark."""
        confs = {**CONF, **(conf or {})}
        command = [sys.executable, PROGRAM, "small.yaml", "--out", out, "--conga", CONGA, *args]
        command += ["--master", master] if master else []
        command += [word for key, value in confs.items() for word in ("--conf", f"{key}={value}")]
        process = subprocess.Popen(command, cwd=self.folder, env=environment(**more), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        atexit.register(self.end, process)  # Where somebody interrupts the tests.
        return process

    def end(self, process):
        """Whatever a test leaves behind, by its id."""
        left = [process.pid, *(child for child, _ in below(process.pid))] if process.poll() is None else []
        for child in left:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.communicate(timeout=BOUND_S)

    def ended(self, process, code=0):
        """Waits for it; hands back what it wrote to standard output and to standard error."""
        out, err = process.communicate(timeout=BOUND_S)
        self.assertEqual(process.returncode, code, f"{out}\n{err}")
        return out, err

    def answered(self, out="far"):
        """How many answers are kept."""
        try:
            return (self.folder / out / "spark.jsonl").read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def until(self, what, process, told):
        """Waits for a condition, as long as a process is there and a machine may be slow."""
        end = time.monotonic() + BOUND_S
        while not (found := what()):
            if process.poll() is not None or time.monotonic() > end:
                self.fail(f"{told}; exit {process.poll()}\n" + "\n".join(process.communicate()))
            time.sleep(0.01)
        return found

    def same(self, out="far"):
        """What is left is what the local run left, byte for byte."""
        for name in LEFT:
            local, far = ((self.folder / folder / name).read_bytes() for folder in ("local", out))
            self.assertTrue(local == far, f"{name}: {len(local)} bytes from the local run, {len(far)} from Spark")
        self.assertFalse((self.folder / out / "spark.jsonl").exists(), "answers are in the journal")

    def kill_amid(self, process, find, times=1):
        """Ends processes with kill -9 while the study runs, each when some more answers have come."""
        victims, wanted = [], 3
        for _ in range(times):
            self.until(lambda: self.answered() >= wanted, process, "answers come")
            self.assertLess(self.answered(), POINTS, "there is something to lose")
            victim = self.until(lambda: [one for one in find() if one not in victims], process, "somebody is at work")[0]
            os.kill(victim, signal.SIGKILL)
            victims.append(victim)
            wanted = self.answered() + 2
        return victims


class Cluster:
    """A standalone cluster on loopback: a master and two workers with a core each."""

    def __init__(self, folder):
        import pyspark

        self.script = pathlib.Path(pyspark.__file__).parent / "bin" / "spark-class"
        self.folder, self.processes = folder, []
        atexit.register(self.end)
        self.began("master", "Master", "--port", "0")
        log = self.told("master", r"Starting Spark master at (spark://\S+)")
        self.master = log[1]
        for name in ("one", "two"):
            self.began(name, "Worker", "-c", "1", "-m", "1g", "-d", str(folder / name), self.master)
            self.told(name, "Successfully registered with master")

    def began(self, name, role, *args):
        command = [self.script, f"org.apache.spark.deploy.{role.lower()}.{role}", "--host", "127.0.0.1", "--webui-port", "0"]
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen([*command, *args], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                       env=environment(SPARK_DAEMON_MEMORY="256m"))
        self.processes.append(process)

    def told(self, name, pattern):
        """What a log says, once it does."""
        end = time.monotonic() + BOUND_S
        while time.monotonic() < end and self.processes[-1].poll() is None:
            text = (self.folder / f"{name}.log").read_text(errors="replace")
            if found := re.search(pattern, text):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{name} does not say {pattern}:\n" + (self.folder / f"{name}.log").read_text(errors="replace"))

    def pids(self):
        return [process.pid for process in self.processes]

    def end(self):
        """Ends everybody, the executors first, by their ids."""
        everybody = [child for pid in self.pids() for child, _ in below(pid)] + self.pids()
        for child in everybody:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.wait(timeout=BOUND_S)
