"""Parses pipelines of Logstash; what is no pipeline is null."""

import json
import sys

from logstash_pipeline_parser import Pipeline
from logstash_pipeline_parser.tree import ParseError


def parsed(text):
    try:
        return Pipeline(text).parse()
    except ParseError:
        return None


json.dump([parsed(text) for text in json.load(sys.stdin)], sys.stdout, default=str)
