"""Errors with the exit code the program ends with."""


class TestbedError(Exception):
    """Could not finish: a tool, a privilege or a process is missing."""

    exit_code = 5


class UsageError(TestbedError):
    """The command line is wrong."""

    exit_code = 2


class InputError(TestbedError):
    """An input file is wrong, or would be overwritten."""

    exit_code = 3


class Interrupted(TestbedError):
    """SIGINT or SIGTERM arrived."""

    exit_code = 130
