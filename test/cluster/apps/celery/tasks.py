"""A worker whose tasks end before anybody could scrape them: it pushes its metrics to a Pushgateway instead."""

import os
import socket
import time

from celery import Celery
from celery.signals import task_postrun, task_prerun
from prometheus_client import CollectorRegistry, Counter, Histogram, push_to_gateway


def redis_url():
    host = os.environ.get("REDIS_SERVICE_HOST", "127.0.0.1")
    port = os.environ.get("REDIS_SERVICE_PORT", "6379")
    password = os.environ.get("REDIS_PASSWORD", "")
    return f"redis://{f':{password}@' if password else ''}{host}:{port}/0"


BROKER = os.environ.get("CELERY_BROKER_URL") or redis_url()
PUSHGATEWAY = os.environ.get("PUSHGATEWAY_URL") or os.environ.get("PUSHGATEWAY_ADDRESS")

app = Celery("packit", broker=BROKER, backend=BROKER)
app.conf.broker_connection_retry_on_startup = True

registry = CollectorRegistry()
tasks_total = Counter("packit_tasks", "Tasks that have ended.", ["task", "state"], registry=registry)
duration = Histogram("packit_task_duration_seconds", "How long tasks took.", ["task"], registry=registry)

started = {}


@app.task(name="tasks.build")
def build(package):
    if package == "broken":
        raise ValueError("this package cannot be built")
    return f"{package} is built"


@task_prerun.connect
def begin(task_id, **_):
    started[task_id] = time.monotonic()


@task_postrun.connect
def push(task_id, task, state, **_):
    """Counts a task and replaces what the Pushgateway has of this worker, which must be one process (--pool=solo)."""
    tasks_total.labels(task.name, state).inc()
    duration.labels(task.name).observe(time.monotonic() - started.pop(task_id))
    if PUSHGATEWAY:
        # An error is logged by Celery and fails no task.
        who = {"instance": socket.gethostname()}
        push_to_gateway(PUSHGATEWAY, job="packit-worker", registry=registry, grouping_key=who, timeout=5)
