"""Runs commands of one program in forks of this process, which has it loaded.

The arguments are the program, and a name for an abstract socket. Requests come on
file 3 and to that socket. Each is one packet: a JSON document with args, env and
dir, and the files for standard output, standard error and status, and perhaps for
standard input. The fork writes its process ID and its exit code to status, each
as a line. The process ends when file 3 is closed.
"""

import json
import os
import select
import socket
import sys
import traceback

MAX_PACKET = 1 << 18


def load(program):
    """Loads what every command of a program needs."""
    if program == "aws":
        import awscli.clidriver
        import awscli.customizations.assumerole

        def aws():
            # awscli reads HOME for this folder once, when it is loaded.
            awscli.customizations.assumerole.CACHE_DIR = os.path.expanduser("~/.aws/cli/cache")
            return awscli.clidriver.main()

        awscli.clidriver.create_clidriver()
        return aws
    import cfnlint.runner

    return cfnlint.runner.main


def run(program, main, request, out, err, status, given=None):
    os.write(status, b"%d\n" % os.getpid())
    os.dup2(os.open(os.devnull, os.O_RDONLY) if given is None else given, 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    kept = {name: os.environ[name] for name in ["AWS_DATA_PATH"] if name in os.environ}  # awscli sets it when it is loaded
    os.environ.clear()
    os.environ.update(request["env"], **kept)
    os.chdir(request["dir"] or "/")
    sys.argv = [program] + request["args"]
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 255
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(status, b"%d\n" % (code or 0))


def reap():
    """Takes the exit codes of the forks that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:  # there is none
        pass


def serve(program, main, packet, files, sockets):
    reap()
    if os.fork() == 0:
        for s in sockets:
            s.close()
        try:
            run(program, main, json.loads(packet), *files)
        finally:
            os._exit(0)
    for f in files:
        os.close(f)


def main():
    program, address = sys.argv[1:]
    requests = socket.socket(fileno=3)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("\0" + address)
    listener.listen(128)
    entry = load(program)
    while True:
        ready, _, _ = select.select([requests, listener], [], [])
        if listener in ready:
            one, _ = listener.accept()
            packet, files, _, _ = socket.recv_fds(one, MAX_PACKET, 4)
            if packet:
                serve(program, entry, packet, files, [requests, listener, one])
            one.close()
        if requests in ready:
            packet, files, _, _ = socket.recv_fds(requests, MAX_PACKET, 4)
            if not packet:
                return  # the tests have ended
            serve(program, entry, packet, files, [requests, listener])


main()
