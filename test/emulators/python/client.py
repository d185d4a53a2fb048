# Asks the loaded AWS CLI, whose fork has this program's files. A request that
# does not fit into a packet runs in a process of its own.

import json
import os
import socket
import sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
status, there = os.pipe()
request = {"args": sys.argv[1:], "env": dict(os.environ), "dir": os.getcwd()}
try:
    server.connect("\0" + ADDRESS)
    socket.send_fds(server, [json.dumps(request).encode()], [1, 2, there, 0])
except OSError:
    os.execv(PROGRAM, [PROGRAM] + sys.argv[1:])
os.close(there)
lines = open(status).read().split()
sys.exit(int(lines[1]) if len(lines) == 2 else 255)
