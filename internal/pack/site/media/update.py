#!/usr/bin/env python3
"""Writes types.txt: the media type of each file extension.

usage: update.py MIME_DB_FOLDER [MIME_TYPES] >types.txt

The sources, the first that knows an extension decides:
  1. MIME_TYPES, /etc/mime.types of Debian's media-types 10.0.0: the list of
     IANA and others (public domain), which the AWS CLI uses where it is there;
  2. the types that Python itself knows, which the AWS CLI uses everywhere;
  3. mime-db 1.54.0 from npm (`npm pack mime-db@1.54.0`, MIT): the lists of
     IANA, Apache and nginx.
"""
import json
import mimetypes
import os
import sys

SOURCES = ["nginx", "apache", None, "iana"]  # of mime-db; the last is the best


def builtin():
    return mimetypes.MimeTypes(filenames=()).types_map[True]


def debian(path):
    db = mimetypes.MimeTypes(filenames=())
    db.types_map[True].clear()
    db.read(path)
    return db.types_map[True]


def mimedb(folder):
    with open(os.path.join(folder, "db.json"), encoding="utf-8") as f:
        types = json.load(f)
    best = {}
    for name, about in types.items():
        rank = (SOURCES.index(about.get("source")), not name.split("/")[1].startswith(("x-", "vnd.", "prs.")))
        for ext in about.get("extensions", []):
            if ext not in best or rank > best[ext][0]:
                best[ext] = (rank, name)
    return {"." + ext: name for ext, (_, name) in best.items()}


def main():
    found = {}
    for source in debian(sys.argv[2] if len(sys.argv) > 2 else "/etc/mime.types"), builtin(), mimedb(sys.argv[1]):
        lower = {}
        for ext, name in source.items():  # the spelling in small letters counts before others
            if ext == ext.lower() or ext.lower() not in source:
                lower[ext.lower()] = name.lower()
        for ext, name in lower.items():
            if "." not in ext[1:]:  # of a name the last extension counts
                found.setdefault(ext, name)
    for ext in sorted(found):
        print(ext, found[ext])


main()
