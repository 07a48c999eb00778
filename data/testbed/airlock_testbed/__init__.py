"""Orchestration of the network testbed (Python standard library only)."""

VERSION = "1.0.0"
