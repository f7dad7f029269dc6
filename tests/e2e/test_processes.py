"""What the processes of a running node may still do."""
import os
import pwd
import signal
import subprocess
import unittest

from lib import Case, Node, run, until


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class Processes(Case):
    def test_node_warden_and_keeper_are_confined_and_without_rights(self):
        a = self.node("A")
        for pid in (a.process.pid, a.warden(), a.keeper()):
            status = status_of(pid)
            self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"), status["Name"])
            for kind in ("CapPrm", "CapEff", "CapInh", "CapAmb", "CapBnd"):
                if os.geteuid() == 0 or kind != "CapBnd":
                    self.assertEqual(int(status[kind], 16), 0, (status["Name"], kind))
        for thread in os.listdir(f"/proc/{a.process.pid}/task"):
            self.assertEqual(status_of(f"{a.process.pid}/task/{thread}")["Seccomp"], "2", "every thread")

    def test_memory_of_the_keeper_is_locked(self):
        a = self.node("A")
        with open(f"/proc/{a.process.pid}/maps") as file:
            text = file.read()
            if "libasan" in text or "libtsan" in text:
                self.skipTest("sanitizers lock no memory")
        self.assertGreater(int(status_of(a.keeper())["VmLck"].split()[0]), 0)

    def test_settings_that_an_editor_replaced_are_read_again(self):
        a = self.node("A")
        path = os.path.join(a.dir, "maillon.ini")
        with open(path) as file:
            text = file.read()
        with open(path + ".new", "w") as file:
            file.write(text.replace("languages = fr, en", "languages = en, br"))
        os.rename(path + ".new", path)
        a.process.send_signal(signal.SIGHUP)
        until("the new languages", lambda: a.call("GET", "/v1/node")[2].find(b"en, br") >= 0)

    def test_a_node_that_stopped_leaves_nothing_that_says_it_runs(self):
        a = self.node("A")
        a.stop()
        self.assertFalse(a.status()["running"])
        self.assertEqual(a.command("pairing", ok=None).returncode, 1, "its port is not known any more")
        a.start()
        self.assertTrue(a.status()["running"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_started_by_root_it_becomes_the_owner_of_its_folder(self):
        a = self.node("A", start=False)
        nobody = pwd.getpwnam("nobody")
        subprocess.run(["chown", "-R", f"nobody:{nobody.pw_gid}", a.dir], check=True)
        a.start()
        for pid in (a.process.pid, a.warden(), a.keeper()):
            self.assertEqual(set(status_of(pid)["Uid"].split()), {str(nobody.pw_uid)})
        a.publish([{"n": "one"}])
        a.await_log(a.origin, 1)
        a.stop()
        a.publish([{"n": "two"}])  # a command of root, while no node runs
        for folder, _, names in os.walk(a.dir):
            for name in names:
                if name != "out.log":
                    self.assertEqual(os.lstat(os.path.join(folder, name)).st_uid, nobody.pw_uid, name)
        a.start()
        a.await_log(a.origin, 2)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_user_than_the_owner_of_the_folder_is_refused_with_the_remedy(self):
        a = Node(self, settings=[("user", "nobody")])
        done = run("run", "--dir", a.dir, ok=None)
        self.assertEqual(done.returncode, 1)
        self.assertIn("chown", done.stderr)
