"""Runs a program of Vector's remap language over events."""

import json
import sys

from vrl_python import VRLRuntime

task = json.load(sys.stdin)
runtime = VRLRuntime("UTC")
results = [runtime.execute(task["program"], event).processed_event for event in task["events"]]
json.dump(results, sys.stdout)
