"""Runs commands of the AWS CLI in forks of one process that has it loaded.

Each request is one packet on file 3: a JSON document with args, env and dir,
and the files for standard output, standard error and status. The fork writes
its process ID and its exit code to status, each as a line.
"""

import json
import os
import signal
import socket
import sys
import traceback

import awscli.clidriver


def run(request, out, err, status):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.write(status, b"%d\n" % os.getpid())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    data = os.environ["AWS_DATA_PATH"]  # awscli sets it when it is loaded
    os.environ.clear()
    os.environ.update(request["env"], AWS_DATA_PATH=data)
    os.chdir(request["dir"] or "/")
    sys.argv = ["aws"] + request["args"]
    try:
        code = awscli.clidriver.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 255
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(status, b"%d\n" % (code or 0))


def main():
    awscli.clidriver.create_clidriver()  # loads what every command needs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    requests = socket.socket(fileno=3)
    while True:
        raw, files, _, _ = socket.recv_fds(requests, 1 << 18, 3)
        if not raw:
            return  # the tests have ended
        if os.fork() == 0:
            requests.close()
            try:
                run(json.loads(raw), *files)
            finally:
                os._exit(0)
        for f in files:
            os.close(f)


main()
