# SPDX-License-Identifier: GPL-2.0-only
"""A program on a terminal: what it wrote, and what the screen shows after it."""
import fcntl, os, pty, select, signal, struct, termios, time

import pyte

PATIENCE = 15


class Terminal:
    def __init__(self, columns, lines, argv, environment):
        self.written = b""
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.master, self.slave = os.openpty()
        self.set_size(columns, lines)
        self.settings = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.execvpe(argv[0], argv, dict(os.environ, TERM="xterm", **environment))

    def set_size(self, columns, lines):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        """Rubbish stands where the terminal's reflow would leave it."""
        self.screen.resize(lines, columns)
        self.screen.reset()
        self.stream.feed(b"\033[H" + b"\r\n".join([b"#" * columns] * lines))
        self.set_size(columns, lines)

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return
        data = os.read(self.master, 65536)
        self.written += data
        self.stream.feed(data)

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def wait(self, what, holds):
        """Until `holds(lines)`, whatever comes first of it and the end of patience."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if holds(self.lines):
                return
            self.read(0.2)
        raise SystemExit(f"no {what}:\n" + "\n".join(self.lines))

    def type(self, text):
        os.write(self.master, text.encode())

    def kill(self, number):
        os.kill(self.pid, number)

    def wait_stopped(self):
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
        self.read(1)

    def wait_end(self):
        """Returns the exit status."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while select.select([self.master], [], [], 0)[0]:
                    self.read(0)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise SystemExit("it does not end")

    def in_order(self):
        """The cursor, the first screen and the settings are as they were before."""
        show, leave = self.written.rfind(b"\033[?25h"), self.written.rfind(b"\033[?1049l")
        assert show > self.written.rfind(b"\033[?25l"), "the cursor is hidden"
        assert leave > self.written.rfind(b"\033[?1049h"), "the second screen stays"
        assert termios.tcgetattr(self.slave) == self.settings, "the settings have changed"
        return self.written[leave:]
