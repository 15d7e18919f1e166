"""What the processes count (Prometheus). All processes of a node write to one folder; /metrics adds them up.

The folder reaches the library through PROMETHEUS_MULTIPROC_DIR, which `up` sets for its children; without it (tests,
the command line) the counters live in the process alone.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

STORED_INSTANCES = Counter(
    "isocenter_stored_instances_total", "Instances acknowledged as stored, by door and outcome", ["door", "outcome"]
)
STORED_BYTES = Counter("isocenter_stored_bytes_total", "Bytes of data sets acknowledged as stored, by door", ["door"])
REFUSED_INSTANCES = Counter(
    "isocenter_refused_instances_total", "Instances refused, by door and reason", ["door", "reason"]
)
ASSOCIATIONS = Counter("isocenter_associations_total", "DICOM association requests, by outcome", ["outcome"])
ASSOCIATIONS_OPEN = Gauge("isocenter_associations_open", "DICOM associations open now", multiprocess_mode="livesum")
CERTIFICATE_ENDS = Gauge(
    "isocenter_certificate_not_after_seconds",
    "When a certificate of this node ends, seconds since 1970, by what it is for",
    ["kind"],
    multiprocess_mode="mostrecent",
)
HTTP_REQUESTS = Counter("isocenter_http_requests_total", "HTTP requests, by method and status", ["method", "status"])
HTTP_SECONDS = Histogram(
    "isocenter_http_request_seconds",
    "Time to the end of the answer",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
SCRUBBED_BYTES = Counter("isocenter_scrubbed_bytes_total", "Bytes of copies read again, by storage", ["storage"])
COPY_PROBLEMS = Counter(
    "isocenter_copy_problems_total",
    "Copies found missing or damaged, by storage, problem and outcome",
    ["storage", "problem", "outcome"],
)
