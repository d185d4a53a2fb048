"""Changes ministack for the tests. Python loads it at the start, through PYTHONPATH.

A test can send the events of Amazon ECR: ministack sends none itself, and refuses
a source that begins with "aws." from everybody, as EventBridge does.
"""

import importlib.abc
import importlib.machinery
import sys


def events_of_ecr(module):
    put = module._put_events

    def handle(data, allow_aws_source=False):
        ecr = all(entry.get("Source") == "aws.ecr" for entry in data.get("Entries", []))
        return put(data, allow_aws_source or ecr)

    module._put_events = handle


CHANGES = {"ministack.services.eventbridge": events_of_ecr}


class Finder(importlib.abc.MetaPathFinder):
    """Finds a module as Python does, and changes it once it is loaded."""

    def find_spec(self, name, path, target=None):
        if name not in CHANGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                CHANGES[name](module)

            spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
