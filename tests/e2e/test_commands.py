"""`sekisho reload` and `sekisho restart`: whom they tell, and what they say when there is nobody to tell."""
import subprocess
import unittest

import harness
from test_keeper import KeeperTest, gateway_process


class Commands(KeeperTest):
    def say(self, *words, status=0):
        """What the command printed."""
        done = subprocess.run([harness.SEKISHO, *words, "--config",
                               self.gateway.folder / "sekisho.toml"],
                              text=True, capture_output=True, timeout=harness.PATIENCE, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + done.stderr

    def break_configuration(self):
        self.gateway.write("sekisho.toml",
                           (self.gateway.folder / "sekisho.toml").read_text() + "\n[nonsense]\n")

    def test_reload_reads_the_configuration_again(self):
        self.start()
        self.do_and_wait(lambda: self.say("reload"), " reloaded ")
        self.greet()

    def test_restart_returns_when_another_process_serves(self):
        self.start()
        for _ in range(3):
            before = gateway_process(self.gateway)
            told = self.say("restart")
            after = gateway_process(self.gateway)
            self.assertNotEqual(after, before)
            self.assertIn(f"process {after} serves; {before} lets its sessions end", told)
            self.greet()

    def test_both_find_the_process_that_follows_one_that_was_killed(self):
        self.start()
        self.do_and_wait(self.kill, "did=respawned")
        self.do_and_wait(lambda: self.say("reload"), " reloaded ")
        self.assertIn("serves", self.say("restart"))

    def test_a_configuration_with_a_mistake_is_not_sent(self):
        self.start()
        before = gateway_process(self.gateway)
        self.break_configuration()
        for command in ("reload", "restart"):
            told = self.say(command, status=1)
            self.assertIn("nonsense", told)
            self.assertIn("nothing was done", told)
        self.assertEqual(gateway_process(self.gateway), before)
        self.assertEqual(self.count("reload"), 0)

    def test_without_a_keeper_reload_works_and_restart_says_why_not(self):
        self.upstream = self.enterContext(harness.RecordingUpstream())
        self.gateway = self.enterContext(harness.Gateway(upstream=self.upstream.port))
        self.do_and_wait(lambda: self.say("reload"), " reloaded ")
        self.assertIn("--no-keeper", self.say("restart", status=1))
        self.greet()

    def test_without_a_gateway_both_say_so(self):
        self.gateway = harness.Gateway()
        self.addCleanup(self.gateway.__exit__, None, None, None)
        for command in ("reload", "restart"):
            self.assertIn("no gateway runs with this configuration", self.say(command, status=1))
        self.gateway.start()
        self.gateway.kill()  # its file stays
        for command in ("reload", "restart"):
            told = self.say(command, status=1)
            self.assertIn("no gateway runs with this configuration", told)
            self.assertIn("is gone", told)

    def test_a_file_that_names_another_program_is_not_believed(self):
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        self.gateway = harness.Gateway()
        self.addCleanup(self.gateway.__exit__, None, None, None)
        (self.gateway.folder / "state").mkdir()
        self.gateway.write("state/processes", f"{other.pid} {other.pid}\n")
        self.assertIn("is gone", self.say("reload", status=1))
        self.assertIsNone(other.poll())


# Not those of the base class again.
del KeeperTest

if __name__ == "__main__":
    unittest.main()
