import json
import logging
import sys

from dotenv import dotenv_values

warnings = []


class Collect(logging.Handler):
    def emit(self, record):
        warnings.append(record.getMessage())


logging.getLogger().addHandler(Collect())
outcomes = []
for case in json.load(sys.stdin):
    warnings.clear()
    values = {}
    try:
        values = dotenv_values(case["path"], interpolate=case["interpolated"])
    except Exception:
        warnings.append("not read")
    values = {name: value for name, value in values.items() if value is not None}
    outcomes.append({"vars": values, "wrong": ["wrong"] if warnings else []})
json.dump(outcomes, sys.stdout)
