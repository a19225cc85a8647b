#!/usr/bin/env python3
"""What Spark costs a point: a study of 1,000 points on `local[CORES]`, beside the same points in one `conga worker`.

    python integrations/spark/bench.py [--points N] [--cores N] [--master URL] [--conga PATH]

The lone worker has one core, and its processor seconds are what simulating takes. Spark's wall time counts from the end of
its first task, so that the session's start, the first job and Python's start are left out. What is between, in
milliseconds of a core for each point, is Spark's, the driver's and that of whatever else the machine did meanwhile.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SCENARIO = """
name: bench
topics: {events: {partitions: 6}}
producers:
  edge: {topic: events, arrivals: {poisson: {rate: 2k/s}}, key: {uniform: {keys: 1k}}}
groups:
  workers: {topics: [events], members: 2, work: {exponential: {mean: 800us}}}
run: {duration: 5s, drain: 1s, seed: 5}
"""


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--points", type=int, default=1000)
    args.add_argument("--cores", type=int, default=2)
    args.add_argument("--master", help="`local[CORES]` when silent")
    args.add_argument("--conga", default=os.environ.get("CONGA", HERE.parents[1] / "target" / "release" / "conga"))
    args = args.parse_args()
    conga = os.path.abspath(args.conga)
    vary = ["--vary=groups.workers.members=2..6", f"--set=study.repetitions={args.points // 5}"]
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        (place / "bench.yaml").write_text(SCENARIO)
        points = subprocess.run([conga, "study", "bench.yaml", *vary, "--out=alone", "--print-points"], cwd=place, check=True,
                                capture_output=True).stdout
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        pinned = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
        answers = subprocess.run([*pinned, conga, "worker"], input=points, capture_output=True, check=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        alone = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        (place / "answers.jsonl").write_bytes(answers)
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": place}
        subprocess.run([conga, "study", "bench.yaml", *vary, "--out=alone", "--collect=answers.jsonl"], **quiet)
        spark = [sys.executable, HERE / "conga_spark.py", "bench.yaml", *vary, "--out=far", f"--conga={conga}",
                 f"--master={args.master or f'local[{args.cores}]'}", "--times=times.json"]
        subprocess.run(spark, stderr=subprocess.DEVNULL, **quiet)
        same = (place / "alone" / "study.json").read_bytes() == (place / "far" / "study.json").read_bytes()
        times = json.loads((place / "times.json").read_text())
    runs, cores = times["runs"], times["cores"]
    each = alone / runs
    # Those of the first task had no part in what is measured.
    rest, wall = runs - times["first_points"], times["wall_s"] - times["first_job_s"]
    print(f"{runs} points, {1000 * each:.2f} ms of a processor each in a lone worker; the same bytes: {same}")
    print(f"Spark, {cores} cores, {times['tasks']} tasks: session {times['session_s']:.1f} s, first task after "
          f"{times['first_job_s']:.1f} s, the other {rest} points in {wall:.2f} s")
    print(f"beyond simulating: {1000 * (wall * cores / rest - each):.2f} ms of a core a point by the lone worker's time, "
          f"{1000 * (wall * cores - (times['simulated_s'] - times['first_s'])) / rest:.2f} by what tasks measured; "
          f"{1000 * (wall / rest - each / cores):.2f} ms of wall time a point; load {os.getloadavg()[0]:.1f}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
