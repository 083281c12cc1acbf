"""Reads expositions, given as JSON, with the parsers of prometheus_client; prints what they hold as JSON."""

import json
import sys

from prometheus_client import openmetrics, parser
from prometheus_client.openmetrics import parser as strict


def exemplar(sample):
    found = sample.exemplar
    if found is None:
        return None
    return {"labels": sorted(found.labels.items()), "value": repr(found.value), "timestamp": str(found.timestamp)}


def read(case):
    parse = strict if case["format"] == "openmetrics" else parser
    try:
        families = list(parse.text_string_to_metric_families(case["text"]))
    except Exception as error:
        return {"error": repr(error), "families": []}
    return {
        "error": None,
        "families": [
            {
                "name": family.name,
                "kind": family.type,
                "help": family.documentation,
                "unit": family.unit,
                "samples": [
                    {
                        "name": sample.name,
                        "labels": sorted(sample.labels.items()),
                        "value": repr(float(sample.value)),
                        "exemplar": exemplar(sample),
                    }
                    for sample in family.samples
                ],
            }
            for family in families
        ],
    }


json.dump([read(case) for case in json.load(sys.stdin)], sys.stdout)
