"""A command of the tool that runs until it is killed, as a user runs it."""

import subprocess
import sys


class ToolProcess:
    """words -- of the command, behind `lamplighter`"""

    def __init__(self, *words):
        self.command = [sys.executable, "-m", "lamplighter", *words]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def says(self, words):
        """Wait for a line with these words."""
        said = []
        while line := self.process.stderr.readline():
            said.append(line)
            if words in line:
                return
        raise AssertionError("".join(said))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def ended(self):
        return self.process is None or self.process.poll() is not None
