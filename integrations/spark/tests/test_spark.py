"""Studies on Spark as stories: the same bytes as alone, whoever is killed meanwhile, and a remedy where it cannot work.

    CONGA=target/release/conga python -m unittest discover -s integrations/spark/tests
"""
import os
import pathlib
import signal
import subprocess
import sys
import unittest

import pyspark
from ground import CONGA, CONF, POINTS, PROGRAM, SHORT, VARY, Cluster, Ground, environment, executors, workers

LOCAL_CLUSTER = "local-cluster[2,1,1024]"


class Local(Ground):
    """One process of Spark, on this machine."""

    def test_the_same_bytes_and_the_same_table_as_alone(self):
        self.local(VARY)
        out, err = self.ended(self.begin(VARY, "local[2]"))
        self.same()
        self.assertEqual(out.replace("far/", "local/"), self.said)
        self.assertIn(f"conga: {POINTS} of {POINTS} runs", err)
        # There is nothing left to do, and so no Spark to start.
        again, err = self.ended(self.begin(VARY, "spark://127.0.0.1:1"))
        self.same()
        self.assertEqual((again, err), (out, f"conga: {POINTS} of {POINTS} runs are done already, in far\n"))

    def test_scenarios_with_files_of_their_own(self):
        (self.folder / "a.csv").write_text("1ms\n2ms\n")
        args = [*SHORT, "--set", "groups.workers.work={empirical: {file: a.csv}}"]
        self.local(args)
        self.ended(self.begin(args, "local[2]"))
        self.same()

    def test_a_worker_that_is_killed_is_started_again(self):
        self.local(VARY)
        process = self.begin(VARY, "local[2,4]")
        self.kill_amid(process, lambda: workers([process.pid]), times=2)
        self.ended(process)
        self.same()

    def test_without_second_tries_what_is_done_is_kept(self):
        self.local(VARY)
        process = self.begin(VARY, "local[2]")
        self.kill_amid(process, lambda: workers([process.pid]))
        _, err = self.ended(process, 1)
        self.assertIn("ended with -9 at a point", err)
        self.assertIn("what is done is kept in far, repeat the command to go on", err)
        self.go_on()

    def go_on(self):
        """The second start does only what is missing, and leaves the same."""
        _, err = self.ended(self.begin(VARY, "local[2]"))
        missing = int(err.split(" runs, ")[0].split(" of ")[-1])
        self.assertTrue(0 < missing < POINTS, err)
        self.same()

    def test_ctrl_c_keeps_what_is_done_for_any_conga(self):
        self.local(VARY)
        process = self.begin(VARY, "local[2]")
        self.until(lambda: self.answered() >= 4, process, "answers come")
        os.kill(process.pid, signal.SIGINT)
        _, err = self.ended(process, 1)
        self.assertIn("conga: interrupted; what is done is kept in far", err)
        self.assertGreaterEqual((self.folder / "far" / "journal.jsonl").read_bytes().count(b"\n"), 5)
        self.go_on()

    def test_a_driver_that_is_killed_goes_on_where_it_was(self):
        self.local(VARY)
        process = self.begin(VARY, "local[2]")
        self.until(lambda: self.answered() >= 4, process, "answers come")
        self.end(process)
        # It may have died amid a line.
        with open(self.folder / "far" / "spark.jsonl", "ab") as answers:
            answers.write(b'{"id":3,"stu')
        self.go_on()


class OnLocalCluster(Ground):
    """Two executors, each a process of its own."""

    def test_the_same_bytes(self):
        (self.folder / "a.csv").write_text("1ms\n2ms\n")
        args = [*SHORT, "--set", "groups.workers.work={empirical: {file: a.csv}}"]
        self.local(args)
        self.ended(self.begin(args, LOCAL_CLUSTER, {"spark.executor.memory": "1024m"}))
        self.same()

    def test_an_executor_and_a_worker_are_killed(self):
        self.local(VARY)
        process = self.begin(VARY, LOCAL_CLUSTER, {"spark.executor.memory": "1024m"})
        self.kill_amid(process, lambda: executors([process.pid]))
        self.kill_amid(process, lambda: workers([process.pid]))
        self.ended(process)
        self.same()


class OnStandalone(Ground):
    """A master and two workers, as on machines of their own."""

    def setUp(self):
        super().setUp()
        self.cluster = Cluster(self.folder)
        self.addCleanup(self.cluster.end)

    def killed(self, find):
        self.local(VARY)
        process = self.begin(VARY, self.cluster.master)
        self.kill_amid(process, find)
        self.ended(process)
        self.same()

    def test_by_spark_submit_the_same_bytes(self):
        self.local(SHORT)
        submit = pathlib.Path(pyspark.__file__).parent / "bin" / "spark-submit"
        confs = [word for key, value in CONF.items() for word in ("--conf", f"{key}={value}")]
        command = [submit, "--master", self.cluster.master, *confs, PROGRAM, "small.yaml", "--out", "far", "--conga", CONGA]
        ran = subprocess.run([*command, *SHORT], cwd=self.folder, env=environment(), capture_output=True, text=True,
                             timeout=240)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        log = "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))
        self.assertIn("conga study", log, "the cluster ran it")
        self.same()

    def test_a_worker_of_spark_is_killed(self):
        self.killed(lambda: self.cluster.pids()[1:])

    def test_an_executor_is_killed(self):
        self.killed(lambda: executors(self.cluster.pids()))

    def test_a_worker_of_conga_is_killed(self):
        self.killed(lambda: workers(self.cluster.pids()))


class Refusals(Ground):
    """What cannot work says where and what to do, and leaves nothing that stands in the way."""

    def refused(self, process, *said, code=2):
        _, err = self.ended(process, code)
        for text in said:
            self.assertIn(text, err)
        self.assertNotIn("Traceback", err)

    def script(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def test_a_conga_of_another_version_on_the_executors(self):
        other = self.script("other", "echo conga 9.9.9")
        process = self.begin([*SHORT, "--conga-there", other], "local[2]")
        self.refused(process, f"has 'conga 9.9.9' at {other}", "and the driver has 'conga ")
        self.local(SHORT)
        self.ended(self.begin([*SHORT, "--conga-there", CONGA], "local[2]"))
        self.same()

    def test_no_conga_on_the_executors(self):
        process = self.begin([*SHORT, "--conga-there", "/nowhere/conga"], "local[2]")
        self.refused(process, "cannot run /nowhere/conga: No such file or directory", "--conga-there PATH")

    def test_no_conga_here(self):
        for wrong, said in [("nowhere", "there is no program nowhere"), ("/bin/true", "/bin/true is no conga")]:
            process = self.begin([*SHORT, "--conga", wrong], "local[2]")
            self.refused(process, said, "--conga PATH")

    def test_no_java_and_an_old_one(self):
        self.refused(self.begin(SHORT, "local[2]", JAVA_HOME=str(self.folder)), "there is no Java in JAVA_HOME", "install Java 17")
        (self.folder / "bin").mkdir()
        self.script("bin/java", "echo 'openjdk version \"1.8.0_392\"' >&2")
        self.refused(self.begin(SHORT, "local[2]", JAVA_HOME=str(self.folder)), "is Java 8, too old for Spark 4")

    def test_no_pyspark(self):
        # Python without the folders of installed packages.
        command = [sys.executable, "-S", PROGRAM, "small.yaml", "--out", "far", "--conga", CONGA, *SHORT]
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=240)
        self.assertEqual(ran.returncode, 2, ran.stderr)
        self.assertIn("Python has no pyspark; `pip install -r requirements.txt`", ran.stderr)

    def test_what_conga_refuses(self):
        process = self.begin(["--vary", "groups.workers.member=1..3"], "local[2]")
        self.refused(process, "unknown key `member`")
        self.assertFalse((self.folder / "far" / "spark.jsonl").exists())

    def test_two_drivers_on_one_folder(self):
        first = self.begin(VARY, "local[2]")
        self.until(lambda: self.answered() >= 1, first, "answers come")
        self.refused(self.begin(VARY, "local[2]"), "another conga_spark is working on far; wait for it")
        self.ended(first)
        self.local(VARY)
        self.same()

    def test_deploy_mode_cluster(self):
        process = self.begin(SHORT, "spark://127.0.0.1:1", {"spark.submit.deployMode": "cluster"})
        self.refused(process, "use --deploy-mode client")


if __name__ == "__main__":
    unittest.main()
