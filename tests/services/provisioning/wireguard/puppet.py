"""A server that says exactly what a test tells it to, over a real socket."""

import socketserver
import threading


class Puppet(socketserver.TCPServer):
    """Reads one request, sends `script` as it is (None: nothing at all, for ever) and cuts the connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), PuppetHandler)
        self.script: bytes | None = b""
        self.heard = b""
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def answers(self, status: int, body: bytes, header: str = "Content-Type: application/json") -> None:
        self.script = f"HTTP/1.0 {status} X\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class PuppetHandler(socketserver.StreamRequestHandler):
    server: Puppet

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
        self.server.heard = head + self.rfile.read(int(length.split(b":")[1]))
        if self.server.script is None:
            self.server.released.wait(30)
        else:
            self.wfile.write(self.server.script)
