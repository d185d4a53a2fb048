"""Makes ministack know a stack by its ID where it knows only the name.

AWS takes "the name or the unique stack ID" in every action on a stack; ministack
does not in DeleteStack and UpdateStack: it answers that it has deleted a stack
and keeps it. Loaded by Python at the start, through PYTHONPATH.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html
"""

import importlib.abc
import importlib.machinery
import sys

MODULE = "ministack.services.cloudformation"


def install(module):
    def by_name(handler):
        def handle(params):
            value = params.get("StackName")
            given = value[0] if isinstance(value, list) and value else value
            if isinstance(given, str) and given.startswith("arn:"):
                for name, stack in list(module._stacks.items()):
                    if stack.get("StackId") == given:
                        params = {**params, "StackName": [name]}
            return handler(params)

        return handle

    for action in ("DeleteStack", "UpdateStack"):
        module._ACTION_HANDLERS[action] = by_name(module._ACTION_HANDLERS[action])


class Finder(importlib.abc.MetaPathFinder):
    """Finds one module as Python does, and changes it once it is loaded."""

    def find_spec(self, name, path, target=None):
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                install(module)

            spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
