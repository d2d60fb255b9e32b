"""A supervisord that answers, hangs or goes away as a test wants it, call by call."""
import http.server
import threading
import time
import xmlrpc.client

RUNNING, STOPPED = 20, 0
NAMES = {RUNNING: "RUNNING", STOPPED: "STOPPED"}


class FakeSupervisord:
    """One program that runs since an hour. `lose` names the methods that are done, and whose answer
    is lost; `deaf` those that are not done, and not answered."""

    def __init__(self):
        self.calls, self.lose, self.deaf = [], set(), set()
        self.now = int(time.time())
        self.process = {"state": RUNNING, "start": self.now - 3600, "stop": 0, "pid": 999999999}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                params, method = xmlrpc.client.loads(body)
                method = method.removeprefix("supervisor.")
                outer.calls.append((method, *params))
                if method in outer.deaf:
                    return  # The connection ends without a word.
                answer = xmlrpc.client.dumps((getattr(outer, method)(*params),),
                                             methodresponse=True).encode()
                if method in outer.lose:
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def count(self, method):
        return [call[0] for call in self.calls].count(method)

    def getProcessInfo(self, name):
        return {**self.process, "name": name, "group": name, "now": int(time.time()),
                "statename": NAMES[self.process["state"]]}

    def stopProcess(self, _name, _wait):
        self.process.update(state=STOPPED, stop=int(time.time()), pid=0)
        return True

    def startProcess(self, _name, _wait):
        self.process.update(state=RUNNING, start=int(time.time()), pid=999999998)
        return True
