"""Answers /healthz on TENANTRY_PORT, in place of the console."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        pass


HTTPServer(("127.0.0.1", int(os.environ["TENANTRY_PORT"])), Health).serve_forever()
