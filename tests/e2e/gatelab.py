# SPDX-License-Identifier: GPL-2.0-only
"""What the gate's end-to-end tests share: a lab of their own, a backend, a client.

enter() runs the test again in network, mount and process namespaces of its own: every process it starts and
everything on the loopback ends with it. Clients have the addresses 127.0.0.1 and up.
"""
import atexit
import base64
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
PATIENCE = 10


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def enter():
    if os.geteuid() != 0:
        skip("needs root for namespaces")
    if "MXFENCE_E2E" not in os.environ:
        os.environ["MXFENCE_E2E"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                              "--propagation", "private", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


SCRATCH = []


def scratch():
    """A directory that goes with the test, however that ends."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="mxfence-gate-"))
    directory.chmod(0o755)
    SCRATCH.append(directory)
    return directory


@atexit.register
def clean_up():
    for directory in SCRATCH:
        shutil.rmtree(directory, ignore_errors=True)


def check(what, wanted, got):
    if wanted != got:
        fail(f"{what}: wanted {wanted!r}, got {got!r}")


def fail(why):
    print("failed:", why)
    for gate in Gate.running:
        print("--- the agent's log:", gate.log()[-3000:], sep="\n")
        gate.process.kill()
    sys.stdout.flush()
    clean_up()
    # From whichever thread; what the test started ends with its process namespace.
    os._exit(1)


def wait_until(what, condition, patience=PATIENCE):
    """Looks again and again, for what nobody tells us."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            fail(f"{what} did not come about")
        time.sleep(0.01)


def certificate(directory, name, *more):
    """A certificate and key of its own; returns their file names."""
    names = ",".join(f"DNS:{each}" for each in (name, *more))
    files = [directory / f"{name}.{kind}" for kind in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-out", files[0],
                    "-keyout", files[1]], check=True, stderr=subprocess.DEVNULL)
    return files


class Gate:
    """An agent with a gate. `command`: what to start it by, instead of the program alone."""

    running = []
    ports = itertools.count(4000)

    def __init__(self, config, files=(), start=True, extra=(), command=(BUILD / "mxfenced",)):
        self.directory = scratch()
        atexit.register(self.stop)
        self.config = self.directory / "mxfence.yaml"
        self.extra, self.command = list(extra), list(command)
        (self.directory / "run").mkdir()
        for name, text in dict(files).items():
            (self.directory / name).write_text(text, encoding="utf-8")
        self.configure(config)
        self.process = None
        if start:
            self.start()

    def configure(self, config):
        self.config.write_text(config, encoding="utf-8")

    def start(self):
        self.process = subprocess.Popen(
            [*self.command, "-c", self.config, "--run-dir", self.directory / "run", "--pin-dir",
             self.directory / "pins", "--foreground", *self.extra],
            # Workers cannot be looked into, which is what a leak sanitizer would do.
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, stdout=subprocess.DEVNULL,
            stderr=open(self.directory / "log", "a", encoding="utf-8"))
        Gate.running.append(self)
        wait_until("the agent", lambda: "is ready" in self.log() or self.process.poll() is not None)
        if self.process.poll() is not None:
            fail("the agent did not start")

    def log(self):
        try:
            return (self.directory / "log").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def cli(self, *arguments):
        """The exit status and the JSON body of a verb."""
        done = subprocess.run([BUILD / "mxfence", "--run-dir", self.directory / "run", "--pin-dir",
                               self.directory / "pins", "--json", *map(str, arguments)], stdout=subprocess.PIPE,
                              check=False)
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            return done.returncode, {}

    def reload(self, config=None):
        if config:
            self.configure(config)
        status, body = self.cli("reload")
        if status:
            fail(f"reload: {body}")

    def workers(self):
        """Process ids of the workers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mxfenced:worker"]

    def stop(self):
        if self in Gate.running:
            Gate.running.remove(self)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.kill()
            if "Sanitizer" in self.log() or "runtime error" in self.log():
                fail("a sanitizer has something to say: " + self.log()[-3000:])
        shutil.rmtree(self.directory, ignore_errors=True)


def decode(text):
    return text.encode("latin-1") if isinstance(text, str) else text


class Wire:
    """A socket with lines."""

    def __init__(self, connection):
        self.socket = connection
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(decode(data))

    def read(self):
        """What comes next, b"" at the end."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        self.buffer += data
        return data

    def line(self):
        """The next line without its end; None at the end of the connection."""
        while b"\n" not in self.buffer:
            if not self.read():
                return None
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")


class Client(Wire):
    """An SMTP client that says what it is told."""

    def __init__(self, port, source="127.0.0.1", to="127.0.0.1", greet=True, tls=None, timeout=PATIENCE):
        connection = socket.socket()
        connection.settimeout(timeout)
        connection.bind((source, 0))
        connection.connect((to, port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(connection)
        if tls:
            self.tls(tls)
        if greet:
            check("greeting", 220, self.reply()[0])

    def reply(self):
        """(code, text of all lines, joined by a line end); (0, "") when the connection ended."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                return 0, ""
            lines.append(line[4:].decode("latin-1"))
            if line[3:4] != b"-":
                return int(line[:3]), "\n".join(lines)

    def say(self, command):
        self.send(decode(command) + b"\r\n")
        return self.reply()

    def must(self, command, code):
        got = self.say(command)
        if got[0] != code:
            fail(f"{command!r}: wanted {code}, got {got}")
        return got[1]

    def ehlo(self, name="client.example"):
        return self.must(f"EHLO {name}", 250)

    def starttls(self, context=None, name=None):
        self.must("STARTTLS", 220)
        self.tls(context, name)
        return self.ehlo()

    def tls(self, context=None, name=None):
        self.socket = (context if isinstance(context, ssl.SSLContext) else insecure()).wrap_socket(
            self.socket, server_hostname=name)

    def login(self, user, password):
        return self.say("AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def deliver(self, sender, recipients, data=b"Subject: x\r\n\r\nhello\r\n"):
        """The reply to the message's end. `data` is as it goes over the wire, without the final dot."""
        self.must(f"MAIL FROM:<{sender}>", 250)
        for recipient in recipients if isinstance(recipients, list) else [recipients]:
            self.must(f"RCPT TO:<{recipient}>", 250)
        self.must("DATA", 354)
        self.send(data + b".\r\n")
        return self.reply()

    def ended(self):
        """True when the server has closed; whatever it still says is thrown away."""
        try:
            while self.read():
                pass
        except OSError:
            return False
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def insecure(minimum=None, maximum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context


class Message:
    def __init__(self):
        self.sender, self.recipients, self.data, self.facts = None, [], b"", {}


class Backend:
    """A mail server that keeps what it gets. `users`: passwords; `script`: replies of its own.

    A script is {verb: reply}; a reply is text to send as it is (with its line ends), None to close, or a callable
    with the connection, that does what it wants and returns such a text. After "CONNECT", "EHLO" and so on, "TEXT" is
    asked after the first bytes of a message, and "DOT" at its end.
    """

    def __init__(self, extensions=("PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "DSN"), users=None, tls=None,
                 script=None, address="127.0.0.1", port=None, auth="PLAIN LOGIN", proxy=False, xclient=False):
        self.extensions, self.users, self.script = list(extensions), users or {}, dict(script or {})
        self.tls, self.auth, self.proxy, self.xclient = tls, auth, proxy, xclient
        self.messages, self.connections, self.commands = [], 0, []
        self.open, self.lock = set(), threading.Lock()
        self.port = port or next(Gate.ports)
        self.listener = socket.create_server((address, self.port), backlog=1024)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            Talk(self, connection).run()
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def stop(self):
        """Nobody listens any more, and those who are connected are cut off."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.tls)
        return context


class Ended(OSError):
    pass


class Talk(Wire):
    """One connection of a backend."""

    def __init__(self, backend, connection):
        super().__init__(connection)
        self.backend = backend
        self.secure = False
        self.facts = {}
        self.message = Message()

    def answer(self, verb, usual):
        scripted = self.backend.script.get(verb, usual)
        if callable(scripted):
            scripted = scripted(self)
        if scripted is None:
            raise Ended
        if scripted:
            self.send(scripted)
        return scripted

    def run(self):
        if self.backend.proxy:
            self.facts["proxy"] = self.line().decode()
        self.answer("CONNECT", "220 backend ESMTP\r\n")
        while True:
            line = self.line()
            if line is None:
                return
            text = line.decode("utf-8", "replace")
            with self.backend.lock:
                self.backend.commands.append(text)
            verb = text.split(" ")[0].upper()
            getattr(self, "do_" + verb.lower(), self.do_other)(text)
            if verb == "QUIT":
                return

    def offers(self):
        offers = list(self.backend.extensions)
        if self.backend.tls and not self.secure:
            offers.append("STARTTLS")
        if self.backend.users and (self.secure or not self.backend.tls):
            offers.append("AUTH " + self.backend.auth)
        if self.backend.xclient:
            offers.append("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT")
        return offers

    def do_ehlo(self, text):
        self.facts["helo"] = text[5:]
        lines = ["backend", *self.offers()]
        self.answer("EHLO", "".join(f"250{' ' if i == len(lines) - 1 else '-'}{line}\r\n"
                                    for i, line in enumerate(lines)))

    def do_starttls(self, _):
        self.answer("STARTTLS", "220 go\r\n")
        self.socket = self.backend.context().wrap_socket(self.socket, server_side=True)
        self.secure = True
        self.facts["tls"] = self.socket.version()

    def do_xclient(self, text):
        self.facts["xclient"] = dict(part.split("=", 1) for part in text.split(" ")[1:])
        self.answer("XCLIENT", "220 again\r\n")

    def do_auth(self, text):
        words = text.split(" ")
        if words[1] == "PLAIN":
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            self.send("334 VXNlcm5hbWU6\r\n")
            user = base64.b64decode(self.line()).decode()
            self.send("334 UGFzc3dvcmQ6\r\n")
            password = base64.b64decode(self.line()).decode()
        good = self.backend.users.get(user) == password
        self.facts["login"] = user
        self.answer("AUTH", "235 2.7.0 in\r\n" if good else "535 5.7.8 no\r\n")

    def do_mail(self, text):
        self.message = Message()
        self.message.sender, self.message.facts = text[10:], dict(self.facts)
        self.answer("MAIL", "250 2.1.0 ok\r\n")

    def do_rcpt(self, text):
        self.message.recipients.append(text[8:])
        self.answer("RCPT", "250 2.1.5 ok\r\n")

    def do_data(self, _):
        if not self.answer("DATA", "354 go\r\n").startswith("354"):
            return
        # The message with its stuffed dots, up to and without the final one; nothing of it yet is a "CRLF" before.
        data = b"\r\n" + self.buffer
        if not self.buffer:
            data += self.more()
        self.answer("TEXT", "")
        end = data.find(b"\r\n.\r\n")
        while end < 0:
            start = max(0, len(data) - 4)
            data += self.more()
            end = data.find(b"\r\n.\r\n", start)
        self.buffer = data[end + 5:]
        self.message.data = data[2:end + 2]
        message = self.message

        def keep():
            with self.backend.lock:
                self.backend.messages.append(message)

        if self.backend.script.get("KEEP", True):
            keep()
        self.answer("DOT", "250 2.0.0 taken\r\n")

    def more(self):
        self.buffer = b""
        data = self.read()
        if not data:
            raise Ended
        self.buffer = b""
        return data

    def do_rset(self, _):
        self.message = Message()
        self.answer("RSET", "250 2.0.0 ok\r\n")

    def do_quit(self, _):
        self.answer("QUIT", "221 2.0.0 bye\r\n")

    def do_other(self, text):
        self.answer(text.split(" ")[0].upper(), "500 5.5.1 what?\r\n")
